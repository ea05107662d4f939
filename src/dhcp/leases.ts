/** Who has which address: the table of leases and the rules by which a client is known again. RFC 2131 §4.2. */
import { type Ipv4, type Ipv4Range, ipv4FromNumber, ipv4ToNumber, type Mac, rangeSize } from '../core/addr.ts';

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
  /** What other machines were found on, oldest first. */
  declined(): readonly Lease[];
  /** An address of `range` that nobody holds; nothing when none was found in a bounded search. */
  pick(range: Ipv4Range, mac: Mac, nowMs: number, isExcluded: (address: Ipv4) => boolean): Ipv4 | undefined;
}

/**
 * Whether `lease` is the client's own: by its identifier, RFC 2131 §4.2; else by its MAC, if a boot stage has it or asks for it
 * (firmware, loader, initramfs and system send different identifiers or none, and must keep one address), or if both sent the
 * same identifier or none. What was declined is nobody's.
 */
export function isOf(lease: Lease, key: ClientKey): boolean {
  if (lease.state === 'declined') return false;
  if (key.clientId !== undefined && lease.clientId === key.clientId) return true;
  return lease.mac === key.mac && (lease.isBoot || key.isBoot || lease.clientId === key.clientId);
}

export function isHeld(lease: Lease | undefined, nowMs: number): boolean {
  return lease !== undefined && lease.state !== 'released' && lease.expiresAtMs > nowMs;
}

/** At most one lease an address: so the table is bounded by the ranges that it is asked for. */
export class LeaseTable implements LeaseView {
  readonly #byAddress = new Map<Ipv4, Lease>();
  readonly #byMac = new Map<Mac, Set<Ipv4>>();
  readonly #byClientId = new Map<string, Ipv4>();
  /** In the order in which they were declined. */
  readonly #declined = new Set<Ipv4>();
  /** Where the search of a crowded pool goes on. */
  #cursor = 0;

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
    const byId = key.clientId === undefined ? undefined : this.#byClientId.get(key.clientId);
    const addresses = new Set(this.#byMac.get(key.mac));
    if (byId !== undefined) addresses.add(byId);
    return [...addresses].flatMap((address) => this.#byAddress.get(address) ?? []).filter((lease) => isOf(lease, key));
  }

  declined(): readonly Lease[] {
    return [...this.#declined].flatMap((address) => this.#byAddress.get(address) ?? []);
  }

  /**
   * Begins at a place that the MAC decides, so that most machines find their address again even when the table was lost. The search
   * is bounded: in a crowded pool it goes on at the next request where it stopped at this one.
   */
  pick(range: Ipv4Range, mac: Mac, nowMs: number, isExcluded: (address: Ipv4) => boolean): Ipv4 | undefined {
    const size = rangeSize(range);
    const near = this.#search(range, hashOf(mac) % size, nowMs, isExcluded);
    if (near !== undefined) return near;
    const start = this.#cursor % size;
    this.#cursor = start + MAX_PROBED;
    return this.#search(range, start, nowMs, isExcluded);
  }

  #search(range: Ipv4Range, start: number, nowMs: number, isExcluded: (address: Ipv4) => boolean): Ipv4 | undefined {
    const first = ipv4ToNumber(range.first);
    const size = rangeSize(range);
    let former: Ipv4 | undefined;
    for (let i = 0; i < Math.min(size, MAX_PROBED); i++) {
      const address = ipv4FromNumber(first + ((start + i) % size));
      if (isExcluded(address)) continue;
      const lease = this.#byAddress.get(address);
      if (!lease) return address;
      // A former holder may come back: its address is taken only when no untouched one is near.
      if (former === undefined && !isHeld(lease, nowMs)) former = address;
    }
    return former;
  }

  put(lease: Lease): void {
    this.remove(lease.address);
    this.#byAddress.set(lease.address, lease);
    const ofMac = this.#byMac.get(lease.mac) ?? new Set();
    this.#byMac.set(lease.mac, ofMac.add(lease.address));
    if (lease.state === 'declined') this.#declined.add(lease.address);
    else if (lease.clientId !== undefined) this.#byClientId.set(lease.clientId, lease.address);
  }

  remove(address: Ipv4): void {
    const lease = this.#byAddress.get(address);
    if (!lease) return;
    this.#byAddress.delete(address);
    this.#declined.delete(address);
    const ofMac = this.#byMac.get(lease.mac);
    ofMac?.delete(address);
    if (ofMac?.size === 0) this.#byMac.delete(lease.mac);
    if (lease.clientId !== undefined && this.#byClientId.get(lease.clientId) === address)
      this.#byClientId.delete(lease.clientId);
  }
}

/** About half a millisecond. */
const MAX_PROBED = 2048;

function hashOf(mac: Mac): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < mac.length; i++) h = Math.imul(h ^ mac.charCodeAt(i), 0x01000193);
  return (h ^ (h >>> 15)) >>> 0;
}
