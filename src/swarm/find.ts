/** Looks for flink once, in every way that there is: by name, at the gateways, by asking everybody, on this machine. */
import { type Ipv4, LIMITED_BROADCAST, LOOPBACK } from '../core/addr.ts';
import { SWARM_PORT } from '../core/swarm.ts';
import type { Host } from '../host.ts';
import { doorAt, parseWhereAnswer, whereQuestion } from './where.ts';

/** In the order in which they are preferred, where several lead to one. */
const WAYS = ['name', 'gateway', 'broadcast', 'this-machine', 'loopback'] as const;
export type Way = (typeof WAYS)[number];

export interface Found {
  /** `http://172.16.0.1:8067`. */
  readonly url: string;
  readonly way: Way;
}

export interface FindDeps {
  readonly host: Pick<Host, 'clock' | 'udp' | 'interfaces'>;
  /** Whether a flink answers there; soon. */
  readonly isFlink: (url: string) => Promise<boolean>;
  /** By the system's resolver; none where the name is unknown. */
  readonly lookup: (name: string) => Promise<readonly Ipv4[]>;
  readonly gateways: () => Promise<readonly Ipv4[]>;
}

const LOOK_MS = 1500;
/** A better way may take so much longer than a worse one. */
const PREFERENCE_MS = 250;
/** Of one way. */
const MAX_DOORS = 16;

type Try = (url: string, way: Way) => Promise<void>;

export interface FindTerms {
  /** A URL that is not found. */
  readonly avoid?: string | undefined;
  /** Ends the look at once. */
  readonly signal?: AbortSignal | undefined;
}

/** Resolves in a second and a half at the latest; leaves no socket open. Never rejects. */
export function findFlink(deps: FindDeps, { avoid, signal }: FindTerms = {}): Promise<Found | undefined> {
  const { clock } = deps.host;
  return new Promise((resolve) => {
    let best: Found | undefined;
    let isOver = false;
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      signal?.removeEventListener('abort', end);
      cancelLate();
      cancelBetter();
      void closing.then((close) => close());
      resolve(best);
    };
    const cancelLate = clock.after(LOOK_MS, end);
    let cancelBetter = (): void => {};
    const take = (found: Found): void => {
      if (isOver) return;
      if (!best) cancelBetter = clock.after(PREFERENCE_MS, end);
      if (!best || WAYS.indexOf(found.way) < WAYS.indexOf(best.way)) best = found;
      if (best.way === WAYS[0]) end();
    };
    const attempt: Try = async (url, way) => {
      if (url !== avoid && (await deps.isFlink(url))) take({ url, way });
    };
    const closing = askEverybody(deps, attempt).catch(() => () => {});
    const others = [tryName(deps, attempt), tryGateways(deps, attempt), tryThisMachine(deps, attempt)];
    for (const way of others) way.catch(() => {});
    signal?.addEventListener('abort', end);
    if (signal?.aborted) end();
  });
}

async function tryName({ lookup }: FindDeps, attempt: Try): Promise<void> {
  await tryAll(await lookup('flink'), 'name', attempt);
}

async function tryGateways({ gateways }: FindDeps, attempt: Try): Promise<void> {
  await tryAll(await gateways(), 'gateway', attempt);
}

/** By loopback last: flink would take the node for a neighbour that nobody else can reach. */
async function tryThisMachine({ host }: FindDeps, attempt: Try): Promise<void> {
  const own = ownAddresses(host);
  await Promise.all([tryAll(own, 'this-machine', attempt), tryAll([LOOPBACK], 'loopback', attempt)]);
}

async function tryAll(addresses: readonly Ipv4[], way: Way, attempt: Try): Promise<void> {
  const doors = [...new Set(addresses)].slice(0, MAX_DOORS).map(doorAt);
  await Promise.all(doors.map((url) => attempt(url, way)));
}

/** On each network of ours; the result closes the sockets. An answer is tried like any other door. */
async function askEverybody({ host }: FindDeps, attempt: Try): Promise<() => void> {
  const tried = new Set<string>();
  const onDatagram = (bytes: Uint8Array, { address }: { readonly address: Ipv4 }): void => {
    const url = parseWhereAnswer(bytes, address, host.interfaces());
    if (url === undefined || tried.has(url) || tried.size >= MAX_DOORS) return;
    tried.add(url);
    attempt(url, 'broadcast').catch(() => {});
  };
  const sockets = await Promise.all(
    ownAddresses(host).map((address) =>
      host.udp.bind({ address, port: 0 }, onDatagram, { broadcast: true }).catch(() => undefined),
    ),
  );
  for (const socket of sockets) socket?.send(whereQuestion(), { address: LIMITED_BROADCAST, port: SWARM_PORT });
  return () => {
    for (const socket of sockets) void socket?.close();
  };
}

function ownAddresses({ interfaces }: Pick<Host, 'interfaces'>): readonly Ipv4[] {
  const addresses = interfaces().map(({ address }) => address);
  return [...new Set(addresses)].filter((address) => !address.startsWith('127.')).slice(0, MAX_DOORS);
}
