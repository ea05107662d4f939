/** Who has which address: the table of leases and the rules by which a client is known again. RFC 2131 §4.2. */
import { type Ipv4, type Ipv4Range, ipv4ToNumber, type Mac } from '../core/addr.ts';
import { Pool } from './pool.ts';

/** Offered: promised for a moment. Declined: somebody else answered there. Released: given back, kept for its former holder. */
export type LeaseState = 'offered' | 'bound' | 'declined' | 'released';

export interface Lease {
  readonly address: Ipv4;
  readonly mac: Mac;
  /** Option 61 in hex; absent when the client sent none. */
  readonly clientId: string | undefined;
  /** Some stage of a network boot holds it: then whatever asks next from this MAC inherits it. */
  readonly isBoot: boolean;
  readonly hostname: string | undefined;
  readonly state: LeaseState;
  /** By `Clock.now`. */
  readonly expiresAtMs: number;
}

/** What a request says about who sent it. */
export interface ClientKey {
  readonly mac: Mac;
  readonly clientId: string | undefined;
  /** The request itself comes from a boot stage: firmware, HTTP Boot, iPXE. */
  readonly isBoot: boolean;
}

/** What decisions may know of the table. */
export interface LeaseView {
  at(address: Ipv4): Lease | undefined;
  /** Every record of that client, current or former, in no order. */
  of(key: ClientKey): readonly Lease[];
  /** Who has that host name, if its lease still runs. */
  named(hostname: string): Lease | undefined;
  /** What other machines were found on, oldest first. */
  declined(): readonly Lease[];
  /** An address of `range` that nobody holds; nothing when none was found in a bounded search. */
  pick(range: Ipv4Range, mac: Mac, nowMs: number, isExcluded: (address: Ipv4) => boolean): Ipv4 | undefined;
}

/**
 * Whether `lease` is the client's own: by its identifier, RFC 2131 §4.2; else by its MAC, if a boot stage has it or asks for it
 * (firmware, loader, initramfs and system send different identifiers or none, and must keep one address), or if both sent the
 * same identifier or none. What was declined is nobody's.
 *
 * Quirk(one-identifier-for-all): what a boot stage has goes by its MAC alone. Machines whose maker wrote one UUID into all of them
 * send that as identifier, and so do two that boot one live image with the machine-id that it was built with.
 */
export function isOf(lease: Lease, key: ClientKey): boolean {
  if (lease.state === 'declined') return false;
  const isNamedAlike = lease.clientId === key.clientId;
  if (lease.mac === key.mac) return lease.isBoot || key.isBoot || isNamedAlike;
  return isNamedAlike && key.clientId !== undefined && !lease.isBoot;
}

export function isHeld(lease: Lease | undefined, nowMs: number): boolean {
  return lease !== undefined && lease.state !== 'released' && lease.expiresAtMs > nowMs;
}

/** Ranges whose places are kept at hand: the LAN's and the relays'. A reload may bring others, then the oldest goes. */
const MAX_POOLS = 256;

/** At most one lease an address: so the table is bounded by the ranges that it is asked for. */
export class LeaseTable implements LeaseView {
  readonly #byAddress = new Map<Ipv4, Lease>();
  readonly #byMac = new Map<Mac, readonly Lease[]>();
  readonly #byClientId = new Map<string, Lease>();
  readonly #byName = new Map<string, Lease>();
  /** In the order in which they were declined. */
  readonly #declined = new Map<Ipv4, Lease>();
  readonly #pools: Pool[] = [];

  get size(): number {
    return this.#byAddress.size;
  }

  all(): IterableIterator<Lease> {
    return this.#byAddress.values();
  }

  at(address: Ipv4): Lease | undefined {
    return this.#byAddress.get(address);
  }

  of(key: ClientKey): readonly Lease[] {
    const own = (this.#byMac.get(key.mac) ?? NONE).filter((lease) => isOf(lease, key));
    const byId = key.clientId === undefined ? undefined : this.#byClientId.get(key.clientId);
    return byId && byId.mac !== key.mac && !own.some(({ isBoot }) => isBoot) ? [...own, byId] : own;
  }

  named(hostname: string): Lease | undefined {
    return this.#byName.get(hostname);
  }

  declined(): readonly Lease[] {
    return [...this.#declined.values()];
  }

  /** Begins at a place that the MAC decides, so that most machines find their address again even when the table was lost. */
  pick(range: Ipv4Range, mac: Mac, nowMs: number, isExcluded: (address: Ipv4) => boolean): Ipv4 | undefined {
    return this.#poolOf(range).pick(hashOf(mac), { isHeld: (lease) => isHeld(lease, nowMs), isExcluded });
  }

  #poolOf(range: Ipv4Range): Pool {
    const known = this.#pools.find((pool) => pool.isOf(range));
    if (known) return known;
    const pool = new Pool(range);
    for (const lease of this.all()) pool.set(ipv4ToNumber(lease.address), lease);
    if (this.#pools.push(pool) > MAX_POOLS) this.#pools.shift();
    return pool;
  }

  put(lease: Lease): void {
    const before = this.#byAddress.get(lease.address);
    if (before) this.#unlist(before, lease.mac);
    this.#byAddress.set(lease.address, lease);
    const others = this.#byMac.get(lease.mac)?.filter((other) => other !== before) ?? NONE;
    this.#byMac.set(lease.mac, [...others, lease]);
    if (lease.state === 'declined') this.#declined.set(lease.address, lease);
    else if (lease.clientId !== undefined && !lease.isBoot) this.#byClientId.set(lease.clientId, lease);
    this.#name(lease);
    this.#place(lease.address, lease);
  }

  remove(address: Ipv4): void {
    const lease = this.#byAddress.get(address);
    if (!lease) return;
    this.#byAddress.delete(address);
    this.#unlist(lease, undefined);
    this.#place(address, undefined);
  }

  /** Out of every list but that by address and, as its next lease goes there, that of `nextMac`. */
  #unlist(lease: Lease, nextMac: Mac | undefined): void {
    this.#declined.delete(lease.address);
    if (lease.mac !== nextMac) {
      const others = this.#byMac.get(lease.mac)?.filter((other) => other !== lease) ?? NONE;
      if (others.length > 0) this.#byMac.set(lease.mac, others);
      else this.#byMac.delete(lease.mac);
    }
    if (lease.clientId !== undefined && this.#byClientId.get(lease.clientId) === lease)
      this.#byClientId.delete(lease.clientId);
    if (lease.hostname !== undefined && this.#byName.get(lease.hostname) === lease) this.#byName.delete(lease.hostname);
  }

  /** Of those with one name the one that lasts longest has it: a former holder is read from disk after or before it. */
  #name(lease: Lease): void {
    if (lease.hostname === undefined || lease.state === 'declined') return;
    const other = this.#byName.get(lease.hostname);
    const isOthers = other !== undefined && other.state !== 'released' && other.expiresAtMs > lease.expiresAtMs;
    if (!isOthers) this.#byName.set(lease.hostname, lease);
  }

  #place(address: Ipv4, lease: Lease | undefined): void {
    if (this.#pools.length === 0) return;
    const number = ipv4ToNumber(address);
    for (const pool of this.#pools) pool.set(number, lease);
  }
}

const NONE: readonly Lease[] = [];

/** FNV-1a with its high bits folded in. */
function hashOf(mac: Mac): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < mac.length; i++) h = Math.imul(h ^ mac.charCodeAt(i), 0x01000193);
  return (h ^ (h >>> 15)) >>> 0;
}
