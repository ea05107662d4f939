/** The running swarm: hears nodes, looks after those that fall silent, and says which machine boots from which. */
import { randomBytes } from 'node:crypto';
import type { Ipv4 } from '../core/addr.ts';
import { ANNOUNCE_MS, type AnnounceDoor, type Fetched, GONE_MS, type MachineKey } from '../core/swarm.ts';
import type { Host } from '../host.ts';
import type { Service } from '../service.ts';
import { Assignments } from './assignments.ts';
import { type BootNode, chooseNode, type NodeChoice } from './choose.ts';
import type { SwarmPolicy } from './policy.ts';
import { NodeRegistry, type NodeReport } from './registry.ts';
import { announceDoor } from './routes.ts';
import { HallWatch, isForAnybody } from './watch.ts';

/** What a machine's row in the MAC table says. */
export interface Wants {
  readonly fnode: string | undefined;
  readonly boot: string | undefined;
}

export interface SwarmDeps {
  readonly host: Pick<Host, 'clock' | 'log' | 'interfaces'>;
  /** Whether anything answers at that URL; `isAnswering` of `probe.ts`. */
  readonly isAnswering: (url: string) => Promise<boolean>;
  /** How far machines have come, as the node that serves them tells. */
  readonly onFetched: (node: string, fetched: readonly Fetched[]) => void;
  /** Where `mirror.<domain>` is served now; nowhere where nothing is said. */
  readonly mirrorUrl?: () => string | undefined;
}

export interface Swarm extends Service {
  readonly door: AnnounceDoor;
  /** Changes nothing: may be asked for a question, too. */
  place(machine: MachineKey, wants: Wants): NodeChoice;
  /** That machine has been told to boot from that node. To be called at once, so that the next one is placed knowing it. */
  keep(machine: MachineKey, node: string): void;
  /** It was sent there before flink's start. */
  restore(machine: MachineKey, node: string): void;
  /** Where it was sent last. */
  nodeOf(machine: MachineKey): string | undefined;
  /** The nodes that may get machines now. */
  candidates(): readonly BootNode[];
  report(): readonly NodeReport[];
}

/** How often it looks for silence. */
const LOOK_MS = 100;
/** An announcement is late: the node is asked, so that one that lost its power gets nobody after 2 to 3 s, not 10. */
const LATE_MS = ANNOUNCE_MS + LOOK_MS;

export function swarmService(policy: () => SwarmPolicy, deps: SwarmDeps): Swarm {
  const { clock, log } = deps.host;
  const startedAtMs = clock.now();
  const registry = new NodeRegistry(policy, startedAtMs);
  const machines = new Assignments();
  const watch = new HallWatch();
  let cancel: (() => void) | undefined;

  const look = (): void => {
    const nowMs = clock.now();
    const changes = watch.see({
      nodes: registry.report(nowMs, () => 0),
      candidates: registry.candidates(nowMs),
      boots: policy().boots,
      isYoung: nowMs - startedAtMs < GONE_MS,
    });
    for (const { level, event, fields } of changes) log[level]('swarm', event, fields);
  };

  const doubts = new Doubts(registry, deps, look);
  const tick = (): void => {
    doubts.askTheLate();
    look();
    cancel = clock.after(LOOK_MS, tick);
  };

  const isOwn = (address: Ipv4) => deps.host.interfaces().some((local) => local.address === address);
  const door = announceDoor({
    ...{ clock, log, policy, registry, isOwn, key: randomBytes(32) },
    onHeard: look,
    onFetched: deps.onFetched,
    ...(deps.mirrorUrl ? { mirrorUrl: deps.mirrorUrl } : {}),
    onClosed: (address) => doubts.askAt(address),
  });

  return {
    ...{ name: 'swarm', door },
    start: async () => {
      cancel ??= clock.after(LOOK_MS, tick);
    },
    stop: async () => {
      cancel?.();
      cancel = undefined;
    },
    health: () =>
      registry.candidates(clock.now()).some(isForAnybody) ? { ok: true } : { ok: false, reason: 'no-node' },
    place: (machine, { fnode, boot }) => {
      const nowMs = clock.now();
      const machinesOn = (node: string) => machines.machinesOn(node, nowMs);
      const standing = { boot, before: machines.nodeOf(machine), machinesOn };
      return chooseNode(machine.mac, fnode, registry.candidates(nowMs), standing);
    },
    keep: (machine, node) => machines.keep(machine, node, clock.now()),
    restore: (machine, node) => machines.restore(machine, node),
    nodeOf: (machine) => machines.nodeOf(machine),
    candidates: () => registry.candidates(clock.now()),
    report: () => {
      const nowMs = clock.now();
      return registry.report(nowMs, (node) => machines.machinesOn(node, nowMs));
    },
  };
}

type LiveNode = ReturnType<NodeRegistry['live']>[number];

/** Asks nodes that may have died whether they live, each once at a time; who does not answer gets nobody. */
class Doubts {
  readonly #registry: NodeRegistry;
  readonly #deps: SwarmDeps;
  readonly #onLost: () => void;
  readonly #asking = new Set<string>();
  /** When each was asked last; who is gone is not kept. */
  readonly #askedAtMs = new Map<string, number>();

  constructor(registry: NodeRegistry, deps: SwarmDeps, onLost: () => void) {
    this.#registry = registry;
    this.#deps = deps;
    this.#onLost = onLost;
  }

  askAt(address: Ipv4): void {
    for (const node of this.#live()) if (node.address === address) void this.#ask(node);
  }

  askTheLate(): void {
    const live = this.#live();
    for (const name of this.#askedAtMs.keys()) if (!live.some((n) => n.name === name)) this.#askedAtMs.delete(name);
    for (const node of live) {
      const sinceMs = this.#nowMs() - Math.max(node.heardAtMs, this.#askedAtMs.get(node.name) ?? 0);
      if (sinceMs >= LATE_MS) void this.#ask(node);
    }
  }

  async #ask({ name, address, heardAtMs, last }: LiveNode): Promise<void> {
    if (this.#asking.has(name)) return;
    this.#asking.add(name);
    this.#askedAtMs.set(name, this.#nowMs());
    const isUp = await this.#deps.isAnswering(`http://${address}:${last.httpPort}/healthz`).catch(() => false);
    this.#asking.delete(name);
    if (isUp) return;
    this.#registry.lose(name, heardAtMs);
    this.#onLost();
  }

  #live(): readonly LiveNode[] {
    return this.#registry.live(this.#nowMs());
  }

  #nowMs(): number {
    return this.#deps.host.clock.now();
  }
}
