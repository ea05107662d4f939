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
import { HallWatch } from './watch.ts';

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
}

export interface Swarm extends Service {
  readonly door: AnnounceDoor;
  /** Changes nothing: may be asked for a question, too. */
  place(machine: MachineKey, wants: Wants): NodeChoice;
  /** That machine has been told to boot from that node. To be called at once, so that the next one is placed knowing it. */
  keep(machine: MachineKey, node: string): void;
  /** The nodes that may get machines now. */
  candidates(): readonly BootNode[];
  report(): readonly NodeReport[];
}

/** How often it looks for silence. */
const LOOK_MS = 200;
/** An announcement is late: the node is asked, so that one that lost its power gets nobody after 3 s, not 10. */
const LATE_MS = ANNOUNCE_MS + LOOK_MS;

export function swarmService(policy: () => SwarmPolicy, deps: SwarmDeps): Swarm {
  const { clock, log } = deps.host;
  const startedAtMs = clock.now();
  const registry = new NodeRegistry(policy, startedAtMs);
  const machines = new Assignments();
  const watch = new HallWatch();
  /** When each node was asked last; those that are gone are not kept. */
  const askedAtMs = new Map<string, number>();
  const asking = new Set<string>();
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

  const ask = async ({ name, address, heardAtMs, last }: LiveNode): Promise<void> => {
    if (asking.has(name)) return;
    asking.add(name);
    askedAtMs.set(name, clock.now());
    const isUp = await deps.isAnswering(`http://${address}:${last.httpPort}/healthz`).catch(() => false);
    asking.delete(name);
    if (isUp) return;
    registry.lose(name, heardAtMs);
    look();
  };

  const askTheLate = (): void => {
    const nowMs = clock.now();
    const live = registry.live(nowMs);
    for (const name of askedAtMs.keys()) if (!live.some((node) => node.name === name)) askedAtMs.delete(name);
    for (const node of live) {
      const sinceMs = nowMs - Math.max(node.heardAtMs, askedAtMs.get(node.name) ?? node.heardAtMs);
      if (sinceMs >= LATE_MS) void ask(node);
    }
  };

  const tick = (): void => {
    askTheLate();
    look();
    cancel = clock.after(LOOK_MS, tick);
  };

  const isOwn = (address: Ipv4) => deps.host.interfaces().some((local) => local.address === address);
  const door = announceDoor({
    ...{ clock, log, policy, registry, isOwn, key: randomBytes(32) },
    onHeard: look,
    onFetched: deps.onFetched,
    onClosed: (address) => {
      for (const node of registry.live(clock.now())) if (node.address === address) void ask(node);
    },
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
    health: () => (registry.candidates(clock.now()).length > 0 ? { ok: true } : { ok: false, reason: 'no-node' }),
    place: (machine, { fnode, boot }) => {
      const nowMs = clock.now();
      const machinesOn = (node: string) => machines.machinesOn(node, nowMs);
      const standing = { boot, before: machines.nodeOf(machine), machinesOn };
      return chooseNode(machine.mac, fnode, registry.candidates(nowMs), standing);
    },
    keep: (machine, node) => machines.keep(machine, node, clock.now()),
    candidates: () => registry.candidates(clock.now()),
    report: () => {
      const nowMs = clock.now();
      return registry.report(nowMs, (node) => machines.machinesOn(node, nowMs));
    },
  };
}

type LiveNode = ReturnType<NodeRegistry['live']>[number];
