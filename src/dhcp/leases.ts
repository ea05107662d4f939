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
  /** The binding of that client, current or former. */
  find(key: ClientKey): Lease | undefined;
  /** An address of `range` that nobody holds; nothing when all are taken. */
  pick(range: Ipv4Range, mac: Mac, nowMs: number, isExcluded: (address: Ipv4) => boolean): Ipv4 | undefined;
}

export function isHeld(lease: Lease | undefined, nowMs: number): boolean {
  return lease !== undefined && lease.state !== 'released' && lease.expiresAtMs > nowMs;
}

/** At most one lease an address: so the table is bounded by the ranges that it is asked for. */
export class LeaseTable implements LeaseView {
  readonly #byAddress = new Map<Ipv4, Lease>();
  readonly #byMac = new Map<Mac, Set<Ipv4>>();
  readonly #byClientId = new Map<string, Ipv4>();

  get size(): number {
    return this.#byAddress.size;
  }

  all(): IterableIterator<Lease> {
    return this.#byAddress.values();
  }

  at(address: Ipv4): Lease | undefined {
    return this.#byAddress.get(address);
  }

  /**
   * In this order: the client identifier's own binding; what a boot stage of the same MAC got (firmware, loader, initramfs and
   * system send different identifiers or none, and must keep one address); without an identifier, or for a boot stage that
   * follows an installed system, the MAC's.
   */
  find(key: ClientKey): Lease | undefined {
    const ofMac = this.#ofMac(key.mac);
    const booted = ofMac.find((lease) => lease.isBoot);
    if (key.isBoot) return booted ?? ofMac[0];
    if (booted) return booted;
    const known = key.clientId === undefined ? undefined : this.#byClientId.get(key.clientId);
    if (known !== undefined) return this.#byAddress.get(known);
    return ofMac.find((lease) => lease.clientId === key.clientId);
  }

  /** Begins at a place that the MAC decides, so a client finds its address again even when the table was lost. */
  pick(range: Ipv4Range, mac: Mac, nowMs: number, isExcluded: (address: Ipv4) => boolean): Ipv4 | undefined {
    const first = ipv4ToNumber(range.first);
    const size = rangeSize(range);
    const start = hashOf(mac) % size;
    let former: Ipv4 | undefined;
    for (let i = 0; i < size; i++) {
      const address = ipv4FromNumber(first + ((start + i) % size));
      if (isExcluded(address)) continue;
      const lease = this.#byAddress.get(address);
      if (!lease) return address;
      // A former holder may come back: its address is taken only when no untouched one is left.
      if (former === undefined && !isHeld(lease, nowMs)) former = address;
    }
    return former;
  }

  put(lease: Lease): void {
    this.remove(lease.address);
    this.#byAddress.set(lease.address, lease);
    const ofMac = this.#byMac.get(lease.mac) ?? new Set();
    this.#byMac.set(lease.mac, ofMac.add(lease.address));
    if (lease.clientId !== undefined) this.#byClientId.set(lease.clientId, lease.address);
  }

  remove(address: Ipv4): void {
    const lease = this.#byAddress.get(address);
    if (!lease) return;
    this.#byAddress.delete(address);
    const ofMac = this.#byMac.get(lease.mac);
    ofMac?.delete(address);
    if (ofMac?.size === 0) this.#byMac.delete(lease.mac);
    if (lease.clientId !== undefined && this.#byClientId.get(lease.clientId) === address)
      this.#byClientId.delete(lease.clientId);
  }

  /** Declined addresses say nothing about their former client. */
  #ofMac(mac: Mac): Lease[] {
    return [...(this.#byMac.get(mac) ?? [])]
      .flatMap((address) => this.#byAddress.get(address) ?? [])
      .filter((l) => l.state !== 'declined');
  }
}

function hashOf(mac: Mac): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < mac.length; i++) h = Math.imul(h ^ mac.charCodeAt(i), 0x01000193);
  return (h ^ (h >>> 15)) >>> 0;
}
