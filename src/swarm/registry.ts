/** Which nodes there are, by name: who has said something, who is silent, and who may get machines. */
import type { Ipv4 } from '../core/addr.ts';
import { type Announcement, GONE_MS, type NodeImage, type NodeLoad, type Peer } from '../core/swarm.ts';
import type { BootNode } from './choose.ts';
import { HeldCatalog } from './held.ts';
import { busyness, smoothed } from './load.ts';
import { nodeName, uniqueName } from './names.ts';
import type { NodeRow, SwarmPolicy } from './policy.ts';

/** Taste: ten times what the largest hall has. */
export const MAX_NODES = 256;
export const MAX_PEERS = 8;
/** Sessions of a node that are over, each kept so that what was said in it is not believed once more. */
const MAX_PAST_SESSIONS = 8;
/** Where the table has no nodes, one is expected on flink's own machine, until any is heard. */
const IMPLICIT_NAME = 'fnode';
const IMPLICIT_WEIGHT = 1;
/** Of a node that has not said its own. */
const HTTP_PORT = 80;

/** `unheard`: a row of the table, or the node that is expected on flink's own machine, that has said nothing since flink started. */
export type NodeState = 'live' | 'gone' | 'unheard';

export type Heard =
  | { readonly kind: 'heard'; readonly name: string }
  /** Older than what is known: nothing changes. */
  | { readonly kind: 'stale'; readonly name: string; readonly reason: 'old-sequence' | 'old-session' }
  | { readonly kind: 'refused'; readonly reason: 'too-many-nodes' };

/** What is known of a node, for people and for those who watch it. */
export interface NodeReport {
  readonly name: string;
  readonly address: Ipv4;
  readonly httpPort: number;
  readonly state: NodeState;
  readonly weight: number;
  /** Machines that were sent there within the last half hour. */
  readonly machines: number;
  readonly load?: NodeLoad;
  readonly images: readonly NodeImage[];
  readonly freeBytes?: number;
  readonly heardMsAgo?: number;
  /** Since the first that was heard of its session. */
  readonly sessionMs?: number;
}

interface KnownNode {
  readonly name: string;
  readonly address: Ipv4;
  /** What it calls itself, cleaned. */
  readonly claimed: string;
  readonly pastSessions: readonly string[];
  readonly sessionAtMs: number;
  readonly heardAtMs: number;
  /** It said that it leaves, or did not answer when it was asked. */
  readonly isGone: boolean;
  readonly last: Announcement;
  readonly catalog: HeldCatalog | undefined;
  readonly busy: number;
}

export class NodeRegistry {
  readonly #policy: () => SwarmPolicy;
  readonly #startedAtMs: number;
  readonly #nodes = new Map<string, KnownNode>();

  constructor(policy: () => SwarmPolicy, startedAtMs: number) {
    this.#policy = policy;
    this.#startedAtMs = startedAtMs;
  }

  /** Takes in what the node at `address` says, from whom it is believed. */
  hear(announcement: Announcement, address: Ipv4, nowMs: number): Heard {
    const row = this.#rowAt(address);
    const claimed = nodeName(announcement.name);
    const known = [...this.#nodes.values()].find(
      (node) =>
        node.last.session === announcement.session ||
        (node.address === address && (row !== undefined || node.claimed === claimed)),
    );
    const stale = known && staleness(known, announcement);
    if (stale) return { kind: 'stale', name: known.name, reason: stale };
    if (known) this.#nodes.delete(known.name);
    else if (!this.#hasRoom(nowMs)) return { kind: 'refused', reason: 'too-many-nodes' };
    const name = row?.name ?? this.#nameFor(claimed, known, nowMs);
    this.#nodes.set(name, { ...next(known, announcement, nowMs), name, address, claimed });
    return { kind: 'heard', name };
  }

  /** It was asked and did not answer; what it said after `heardAtMs` shows that it lives all the same. */
  lose(name: string, heardAtMs: number): void {
    const node = this.#nodes.get(name);
    if (node?.heardAtMs === heardAtMs) this.#nodes.set(name, { ...node, isGone: true });
  }

  /** Those that are alive, with the moment at which they were heard last. */
  live(nowMs: number): readonly Readonly<Pick<KnownNode, 'name' | 'address' | 'heardAtMs' | 'last'>>[] {
    return this.#live(nowMs);
  }

  /**
   * Who may get machines: the live ones. Those of the table that have said nothing yet stand beside them while flink
   * is young; later only where nobody ever said anything, in a hall whose nodes don't announce themselves. One that is
   * gone: never.
   */
  candidates(nowMs: number): readonly BootNode[] {
    const live = this.#live(nowMs).map((node) => this.#bootNode(node));
    const isYoung = nowMs - this.#startedAtMs < GONE_MS;
    return isYoung || this.#nodes.size === 0 ? [...live, ...this.#unheard().map(unheardNode)] : live;
  }

  /** Whether flink needs what `announcement` left away. */
  wantsCatalog(name: string, announcement: Announcement): boolean {
    return this.#nodes.get(name)?.catalog?.tag !== announcement.catalogTag;
  }

  /** Those that follow it in the ring of names: so each node is the first to fall back to of one other. */
  peersOf(name: string, nowMs: number): readonly Peer[] {
    const own = this.#nodes.get(name)?.catalog;
    if (!own) return [];
    const others = this.#live(nowMs).filter((node) => node.name !== name && this.#weightOf(node.address) > 0);
    const ring = others.sort((a, b) => rank(a.name, name) - rank(b.name, name) || compare(a.name, b.name));
    return ring
      .flatMap(({ name, address, last, catalog }) => {
        const entries = catalog ? own.sharedWith(catalog) : [];
        return entries.length === 0 ? [] : [{ name, address, httpPort: last.httpPort, entries }];
      })
      .slice(0, MAX_PEERS);
  }

  /** Every node, those that say nothing too, by name. */
  report(nowMs: number, machinesOn: (name: string) => number): readonly NodeReport[] {
    const heard = [...this.#nodes.values()].map((node): NodeReport => {
      const { name, address, last, heardAtMs, sessionAtMs, catalog } = node;
      return {
        ...{ name, address, httpPort: last.httpPort, state: isLive(node, nowMs) ? 'live' : 'gone' },
        ...{ weight: this.#weightOf(address), machines: machinesOn(name), load: last.load },
        ...{ images: catalog?.images ?? [], freeBytes: last.freeBytes },
        ...{ heardMsAgo: Math.round(nowMs - heardAtMs), sessionMs: Math.round(nowMs - sessionAtMs) },
      };
    });
    const unheard = this.#unheard().map((row): NodeReport => {
      const { name, address, weight } = row;
      return { name, address, httpPort: HTTP_PORT, state: 'unheard', weight, machines: machinesOn(name), images: [] };
    });
    return [...heard, ...unheard].sort((a, b) => compare(a.name, b.name));
  }

  #live(nowMs: number): KnownNode[] {
    return [...this.#nodes.values()].filter((node) => isLive(node, nowMs));
  }

  #unheard(): readonly NodeRow[] {
    const { rows, self } = this.#policy();
    if (rows.length > 0) return rows.filter(({ name }) => !this.#nodes.has(name));
    return this.#nodes.size > 0 ? [] : [{ name: IMPLICIT_NAME, address: self, weight: IMPLICIT_WEIGHT }];
  }

  #bootNode({ name, address, last, catalog, busy }: KnownNode): BootNode {
    const weight = this.#weightOf(address);
    const { entries, loaders } = catalog ?? {};
    return { name, address, httpPort: last.httpPort, weight, entries, loaders, busy };
  }

  #rowAt(address: Ipv4): NodeRow | undefined {
    return this.#policy().rows.find((row) => row.address === address);
  }

  #weightOf(address: Ipv4): number {
    return this.#rowAt(address)?.weight ?? IMPLICIT_WEIGHT;
  }

  /** What it was called before, as long as that is no row's; else what it calls itself, unless somebody who lives is called so. */
  #nameFor(claimed: string, known: KnownNode | undefined, nowMs: number): string {
    const isRow = (name: string) => this.#policy().rows.some((row) => row.name === name);
    if (known?.claimed === claimed && !isRow(known.name)) return known.name;
    return uniqueName(claimed, (name) => {
      const other = this.#nodes.get(name);
      return isRow(name) || (other !== undefined && isLive(other, nowMs));
    });
  }

  /** Makes room by forgetting who is gone for longest. */
  #hasRoom(nowMs: number): boolean {
    if (this.#nodes.size < MAX_NODES) return true;
    const gone = [...this.#nodes.values()].filter((node) => !isLive(node, nowMs));
    const oldest = gone.sort((a, b) => a.heardAtMs - b.heardAtMs)[0];
    return oldest !== undefined && this.#nodes.delete(oldest.name);
  }
}

function isLive({ isGone, heardAtMs }: KnownNode, nowMs: number): boolean {
  return !isGone && nowMs - heardAtMs < GONE_MS;
}

function staleness(known: KnownNode, { session, sequence }: Announcement): 'old-sequence' | 'old-session' | undefined {
  if (known.pastSessions.includes(session)) return 'old-session';
  return session === known.last.session && sequence <= known.last.sequence ? 'old-sequence' : undefined;
}

/** What is known of a node once it has said `announcement`; its catalogue of before holds until the next has come. */
function next(known: KnownNode | undefined, { catalog, ...last }: Announcement, nowMs: number) {
  const isSame = known?.last.session === last.session;
  const past = known && !isSame ? [known.last.session, ...known.pastSessions] : (known?.pastSessions ?? []);
  const busy = busyness(last.load);
  return {
    pastSessions: past.slice(0, MAX_PAST_SESSIONS),
    sessionAtMs: isSame ? known.sessionAtMs : nowMs,
    heardAtMs: nowMs,
    isGone: last.isLeaving,
    last: { ...last, fetched: [] },
    catalog: catalog ? new HeldCatalog(last.catalogTag, catalog) : known?.catalog,
    busy: smoothed(isSame ? known.busy : undefined, busy),
  };
}

function unheardNode({ name, address, weight }: NodeRow): BootNode {
  return { name, address, httpPort: HTTP_PORT, weight };
}

/** Names behind `own` come first, the others when the ring begins anew. */
const rank = (name: string, own: string): number => (name > own ? 0 : 1);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
