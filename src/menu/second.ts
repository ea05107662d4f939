/** The node that an entry is tried from when this one doesn't give it. */
import { createHash } from 'node:crypto';
import { parseIpv4 } from '../core/addr.ts';
import type { Peer } from '../core/swarm.ts';
import { areArguments, type Entry, type How, isSourceSafe, sourcesOf } from './entries.ts';
import { renamed } from './inside.ts';

/** A node as scripts name it: nothing in it comes from the wire unseen. */
export interface NodePlace {
  readonly address: string;
  /** `172.16.0.11:8080`, without the port where it is 80. */
  readonly authority: string;
}

export interface Second extends NodePlace {
  /** What its URLs call the entry's image, where that is another name. */
  readonly alias?: string;
}

/** So many of the most suitable are considered: every client gets another order of them. Taste. */
const MAX_PEERS = 16;

/** `authority` of a node. */
export function authorityOf(address: string, httpPort: number): string {
  return httpPort === 80 ? address : `${address}:${httpPort}`;
}

/**
 * By entry's id, for those that another node has, too. Which one that is hangs on the client, by rendezvous hashing: those
 * of a node that has died spread over all others, and whoever asks twice hears the same.
 */
export function secondsOf(
  entries: readonly Entry[],
  peers: readonly Peer[],
  own: NodePlace,
  client: string,
): ReadonlyMap<string, Second> {
  const others = peers
    .slice(0, MAX_PEERS)
    .flatMap((peer) => otherNode(peer, own) ?? [])
    .map((node) => ({ node, rank: rankOf(node, client) }))
    .toSorted((a, b) => (a.rank < b.rank ? -1 : 1))
    .map(({ node }) => node);
  return new Map(
    entries.filter(isTied).flatMap((entry) => {
      for (const node of others) {
        const second = secondAt(entry, node);
        if (second) return [[entry.id, second] as const];
      }
      return [];
    }),
  );
}

interface OtherNode extends NodePlace {
  readonly entry: (id: string) => Peer['entries'][number] | undefined;
}

function otherNode({ address, httpPort, entries }: Peer, own: NodePlace): OtherNode | undefined {
  const isPort = Number.isInteger(httpPort) && httpPort > 0 && httpPort < 65_536;
  if (!isPort || parseIpv4(address) === undefined) return undefined;
  const authority = authorityOf(address, httpPort);
  if (authority === own.authority) return undefined;
  // Most menus ask one of them only, so the others' lists are not looked through.
  let byId: ReadonlyMap<string, Peer['entries'][number]> | undefined;
  return {
    address,
    authority,
    entry: (id) => {
      byId ??= new Map(entries.map((entry) => [entry.id, entry]));
      return byId.get(id);
    },
  };
}

function rankOf({ authority }: NodePlace, client: string): string {
  return createHash('sha256').update(`${client} ${authority}`).digest('hex');
}

/** Whether it would be any different from another node. */
function isTied({ how }: Entry): boolean {
  const words = how.kind === 'linux' ? how.arguments : [];
  return sourcesOf(how).some((source) => source.startsWith('/')) || words.some((word) => /\{(http|node)\}/.test(word));
}

/** `node` as the second one of `entry`, if it has the same: of an image with the same bytes. */
function secondAt({ id, how, image }: Entry, node: OtherNode): Second | undefined {
  const there = node.entry(id);
  if (there === undefined || there.etag !== image?.etag) return undefined;
  const { address, authority } = node;
  const second = { address, authority };
  const { etag, alias } = there;
  if (image === undefined) return alias === undefined ? second : undefined;
  // Without an ETag nobody knows whether it is the same image.
  if (etag === undefined || alias === undefined || !isAlias(alias)) return undefined;
  if (alias === image.alias) return second;
  return isFit(renamed(how, image, alias)) ? { ...second, alias } : undefined;
}

/** As `core/alias.ts` makes them. */
function isAlias(text: string): boolean {
  return /^[A-Za-z0-9_+][A-Za-z0-9._+-]{0,99}$/.test(text);
}

/** Whether loaders would take it from an image of that name. */
function isFit(how: How): boolean {
  return sourcesOf(how).every(isSourceSafe) && (how.kind !== 'linux' || areArguments(how.arguments));
}

/** Stands in names for what either node calls the image. */
export const EITHER_ALIAS = '{alias}';

/** How an entry with a second node starts on either; where their names for the image differ, with `EITHER_ALIAS`. */
export function howOnEither({ how, image }: Entry, { alias }: Second): How {
  return image === undefined || alias === undefined ? how : renamed(how, image, EITHER_ALIAS);
}

/** Each node that is the second one of some entry, once. */
export function secondNodes(seconds: ReadonlyMap<string, Second>): readonly NodePlace[] {
  return [...new Map([...seconds.values()].map((second) => [second.authority, second])).values()];
}
