/** Which address a client gets, and by which rule: the order of RFC 2131 §4.3.1, for one client in one network. */
import { type Ipv4, type Mac, rangeHas, rangeSize, subnetHas } from '../core/addr.ts';
import { type ClientKey, isHeld, isOf, type Lease, type LeaseView } from './leases.ts';
import type { DhcpNetwork, DhcpPolicy } from './policy.ts';
import type { PresenceView } from './presence.ts';

export type AddressRule = 'reservation' | 'current-binding' | 'former-binding' | 'requested' | 'pool';

/** What the choice depends on. */
export interface Claim {
  readonly mac: Mac;
  readonly key: ClientKey;
  readonly network: DhcpNetwork;
  readonly leases: LeaseView;
  readonly policy: DhcpPolicy;
  readonly presence: PresenceView;
  readonly nowMs: number;
}

/** `look`: it would be that address, but nobody has looked lately whether somebody is there. */
export type Choice =
  | { readonly kind: 'address' | 'look'; readonly address: Ipv4; readonly rule: AddressRule }
  | { readonly kind: 'none'; readonly reason: 'pool-empty' | 'too-many-leases' };

/** One card with so many identifiers is no person's machine; without a bound it could take the whole pool. */
const MAX_LEASES_PER_MAC = 8;
/** The share of a pool that may rest because somebody said it is in use: beyond it the oldest comes back. */
const MAX_DECLINED_SHARE = 1 / 8;

/**
 * The reservation, else what the client has or had, else `wanted` (option 50), else one of the pool. What it does not hold already
 * must be free of others (RFC 2131 §2.2, §4.3.1): where somebody sits, the next rule goes.
 */
export function chooseAddress(claim: Claim, wanted: Ipv4 | undefined): Choice {
  const { leases, key, nowMs } = claim;
  const reserved = reservedAddress(claim);
  if (reserved !== undefined && !isAnothers(reserved, claim))
    return { kind: 'address', address: reserved, rule: 'reservation' };
  const known = bestOf(
    leases
      .of(key)
      .filter((lease) => isOpen(lease.address, claim) && (isHeld(lease, nowMs) || !isSeen(lease.address, claim))),
    nowMs,
  );
  if (known && isHeld(known, nowMs)) return { kind: 'address', address: known.address, rule: 'current-binding' };
  if (known) return ifFree(known.address, 'former-binding', claim);
  if (hasTooMany(claim)) return { kind: 'none', reason: 'too-many-leases' };
  if (wanted !== undefined && isOpen(wanted, claim) && !isSeen(wanted, claim))
    return ifFree(wanted, 'requested', claim);
  return fromPool(claim);
}

/**
 * The address at the place that the MAC decides, where a machine finds it again; where strangers sit around it, one that was free
 * when it was looked at ahead of need. Both are looked at once more: what is seen at the moment of need is worth most. Only when
 * too many ask at once the spare is given as it is.
 */
function fromPool(claim: Claim): Choice {
  const { leases, policy, presence, network, mac, nowMs } = claim;
  // Looked at for this client: whatever has changed around it since, it is the one.
  const wish = presence.wish(mac, nowMs);
  if (wish !== undefined && isOpen(wish, claim) && presence.at(wish, mac, nowMs) === 'free')
    return { kind: 'address', address: wish, rule: 'pool' };
  let strangers = 0;
  const place = leases.pick(network.range, mac, nowMs, (address) => {
    if (policy.fixedAddresses.has(address)) return true;
    const isTaken = isSeen(address, claim);
    if (isTaken) strangers += 1;
    return isTaken;
  });
  const isRush = presence.isRushed(network.range.first, nowMs);
  if (place !== undefined && strangers === 0 && !isRush) return ifFree(place, 'pool', claim);
  const spare = presence.spare(network.range, nowMs, (address) => isOpen(address, claim) && !isSeen(address, claim));
  if (spare !== undefined && isRush) return { kind: 'address', address: spare, rule: 'pool' };
  const address = spare ?? place;
  return address === undefined ? { kind: 'none', reason: 'pool-empty' } : ifFree(address, 'pool', claim);
}

/** Somebody else was seen there, or waits to get it. */
function isSeen(address: Ipv4, { presence, mac, nowMs }: Claim): boolean {
  return presence.at(address, mac, nowMs) === 'taken';
}

/** For an address where nobody was seen: it is free, or somebody has to look first. */
function ifFree(address: Ipv4, rule: AddressRule, { presence, mac, nowMs }: Claim): Choice {
  return { kind: presence.at(address, mac, nowMs) === 'free' ? 'address' : 'look', address, rule };
}

/** The address of the client's row in the MAC table, if it belongs to this network. */
export function reservedAddress({ policy, network, mac }: Claim): Ipv4 | undefined {
  const address = policy.reservationFor(mac)?.address;
  return address !== undefined && subnetHas(network.subnet, address) ? address : undefined;
}

/** Of this network's pool, nobody's by the configuration, and held by no other client. */
export function isOpen(address: Ipv4, claim: Claim): boolean {
  const { network, policy, leases, key, nowMs } = claim;
  if (!rangeHas(network.range, address) || policy.fixedAddresses.has(address)) return false;
  const lease = leases.at(address);
  return lease === undefined || !isHeld(lease, nowMs) || isOf(lease, key);
}

/** Held by another machine, or found to be in use: a reservation waits for the one to be refused, the other to rest. */
function isAnothers(address: Ipv4, { leases, mac, nowMs }: Claim): boolean {
  const lease = leases.at(address);
  return isHeld(lease, nowMs) && (lease?.mac !== mac || lease.state === 'declined');
}

/** One that runs before one that ran out, then the latest. */
function bestOf(leases: readonly Lease[], nowMs: number): Lease | undefined {
  const order = (lease: Lease): number => lease.expiresAtMs + (isHeld(lease, nowMs) ? Number.MAX_SAFE_INTEGER / 2 : 0);
  let best: Lease | undefined;
  for (const lease of leases) if (!best || order(lease) > order(best)) best = lease;
  return best;
}

/** Whether that card holds as many addresses as one may. */
export function hasTooMany({ leases, mac, nowMs }: Claim): boolean {
  const held = leases
    .of({ mac, clientId: undefined, isBoot: true })
    .filter((lease) => lease.mac === mac && isHeld(lease, nowMs));
  return held.length >= MAX_LEASES_PER_MAC;
}

/** What the client has besides `address` in this network: with an ACK for that, it has left these. */
export function leftBehind(address: Ipv4, { leases, key, network, nowMs }: Claim): readonly Lease[] {
  const others = leases.of(key).filter((lease) => lease.address !== address && isHeld(lease, nowMs));
  return others
    .filter((lease) => subnetHas(network.subnet, lease.address))
    .map((lease) => ({ ...lease, state: 'released' }));
}

/** Declined addresses that have to come back, so that one more can rest: nobody can put a whole pool to rest. */
export function backFromRest({ leases, network, nowMs }: Claim): readonly Lease[] {
  const resting = leases.declined().filter((lease) => isHeld(lease, nowMs) && rangeHas(network.range, lease.address));
  const room = Math.max(1, Math.floor(rangeSize(network.range) * MAX_DECLINED_SHARE));
  return resting.slice(0, Math.max(0, resting.length - room + 1)).map((lease) => ({ ...lease, state: 'released' }));
}
