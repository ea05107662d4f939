/** How full a pool is and of whom: what an operator needs to know when there is nothing left. */
import { type Ipv4Range, rangeHas, rangeSize } from '../core/addr.ts';
import { isHeld, type Lease } from './leases.ts';
import type { DhcpNetwork, DhcpPolicy } from './policy.ts';
import type { PresenceView } from './presence.ts';

/** Counts of addresses; what is in none of them could be given. */
export interface Occupancy {
  readonly range: Ipv4Range;
  readonly addresses: number;
  /** Given or promised to clients. */
  readonly held: number;
  /** At rest, because a client found somebody there. */
  readonly declined: number;
  /** Where somebody answered whom flink gave no address. */
  readonly strangers: number;
  /** Nobody else's by the MAC table: reservations, fnodes, flink itself. */
  readonly fixed: number;
}

/** Counts every lease: for once a minute, not for every packet. */
export function occupancyOf(
  { range }: DhcpNetwork,
  { policy, presence, nowMs }: { readonly policy: DhcpPolicy; readonly presence: PresenceView; readonly nowMs: number },
  leases: Iterable<Lease>,
): Occupancy {
  let held = 0;
  let declined = 0;
  for (const lease of leases) {
    if (!isHeld(lease, nowMs) || !rangeHas(range, lease.address) || policy.fixedAddresses.has(lease.address)) continue;
    if (lease.state === 'declined') declined += 1;
    else held += 1;
  }
  const fixed = [...policy.fixedAddresses].filter((address) => rangeHas(range, address)).length;
  return { range, addresses: rangeSize(range), held, declined, strangers: presence.strangers(range, nowMs), fixed };
}

/** What to do about it, by what fills the pool most. */
export function cureOf({ held, declined, strangers }: Occupancy): string {
  return declined + strangers > held
    ? 'machines that flink gave no address fill the pool: give dhcp.range a part of the network that nobody else uses, or find the other DHCP server'
    : 'every address is taken: widen dhcp.range or shorten dhcp.leaseTime';
}
