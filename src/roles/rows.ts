/** What the admin API shows of the running services: their values in its words. */
import type { NewDecision } from '../admin/events.ts';
import type { FnodeRow, LeaseRow, MachineRow, Pool } from '../admin/shape.ts';
import { type Ipv4, rangeSize, subnetHas } from '../core/addr.ts';
import type { Decision, Facts } from '../dhcp/decision.ts';
import { isHeld, type Lease } from '../dhcp/leases.ts';
import { latestSlot, type Machine } from '../dhcp/machines.ts';
import type { Told } from '../dhcp/observe.ts';
import { occupancyOf } from '../dhcp/occupancy.ts';
import type { DhcpNetwork } from '../dhcp/policy.ts';
import type { LeaseStore } from '../dhcp/store.ts';
import type { Clock } from '../host.ts';
import type { NodeReport } from '../swarm/registry.ts';

export function fnodeRow({ images, load, ...node }: NodeReport): FnodeRow {
  const shown = images.map(({ alias, name, sizeBytes, etag }) => ({ alias, name, sizeBytes, etag }));
  return { ...node, images: shown, ...(load ? { load: { ...load } } : {}) };
}

/** `nodeOf`: where that machine was sent. */
export function* machineRows(
  machines: Iterable<Machine>,
  nodeOf: (machine: Machine) => string | undefined,
): Generator<MachineRow> {
  for (const machine of machines) {
    const { key, address, attempts, worked } = machine;
    const slot = latestSlot(machine);
    const attempt = slot === undefined ? undefined : attempts[slot];
    yield {
      ...{ mac: key.mac, uuid: key.uuid, address, worked: { ...worked } },
      ...{ rung: attempt?.rung, node: nodeOf(machine), stage: attempt?.reached },
    };
  }
}

export function* leaseRows(
  leases: Iterable<Lease>,
  networks: readonly DhcpNetwork[],
  clock: Clock,
): Generator<LeaseRow> {
  const [nowMs, dateMs] = [clock.now(), clock.date()];
  for (const lease of leases) {
    const { address, mac, hostname, clientId, state, expiresAtMs } = lease;
    const isOver = state !== 'released' && !isHeld(lease, nowMs);
    yield {
      ...{ address, mac, hostname, clientId, state: isOver ? 'expired' : state },
      endsAt: new Date(dateMs + expiresAtMs - nowMs).toISOString(),
      network: nameOf(networks.find(({ subnet }) => subnetHas(subnet, address))),
    };
  }
}

const nameOf = (network: DhcpNetwork | undefined): string =>
  network ? `${network.subnet.network}/${network.subnet.prefixBits}` : 'none';

/** Counts every lease once for each network: for somebody who looks, not for every packet. */
export function poolsOf(
  { policy, presence, nowMs }: Pick<Facts, 'policy' | 'presence' | 'nowMs'>,
  leases: readonly Lease[],
): Pool[] {
  return policy.networks.map((network) => {
    const { held, declined, strangers, fixed } = occupancyOf(network, { policy, presence, nowMs }, leases);
    const size = rangeSize(network.range);
    const free = Math.max(0, size - held - declined - strangers - fixed);
    return { network: nameOf(network), size, held: held + declined, free, declined };
  });
}

export function leaseCounts(leases: Iterable<Lease>, nowMs: number): Record<string, number> {
  const counts: Record<string, number> = { offered: 0, bound: 0, declined: 0, released: 0, expired: 0 };
  for (const lease of leases) {
    const state = lease.state === 'released' || isHeld(lease, nowMs) ? lease.state : 'expired';
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}

/** As the log tells it, for whoever looks on. */
export function decisionEvent(decision: Decision, told: Told, at: string): NewDecision {
  const { mac, reason, ip, stage, arch, fnode, file, tookMs } = told;
  return {
    at,
    kind: decision.kind,
    reason,
    mac,
    ip,
    stage,
    arch,
    fnode,
    file,
    tookMs,
    rung: 'boot' in decision ? decision.boot?.rung : undefined,
    hostname: 'lease' in decision ? decision.lease.hostname : undefined,
  };
}

/** The same store, and how often it kept something. */
export function countedStore(store: LeaseStore): {
  readonly store: LeaseStore;
  readonly counts: { commits: number; failures: number };
} {
  const counts = { commits: 0, failures: 0 };
  const commit = async (changes: readonly Lease[]): Promise<void> => {
    try {
      await store.commit(changes);
      counts.commits += 1;
    } catch (error) {
      counts.failures += 1;
      throw error;
    }
  };
  const at = (address: Ipv4): Lease | undefined => store.at(address);
  return { store: { ...store, at, commit }, counts };
}
