/** The places of one range and the leases on them, by number: a search makes no text until it has found something. */
import { type Ipv4, type Ipv4Range, ipv4FromNumber, ipv4ToNumber } from '../core/addr.ts';
import type { Lease } from './leases.ts';

/** Places that one search looks at: some 20 µs where all are held. */
const MAX_PROBED = 2048;
/** Places of one row: a range of any size takes memory only where leases are. */
const ROW = 1024;

/** What a search must know of the places that it comes by. */
export interface Search {
  isHeld(lease: Lease): boolean;
  isExcluded(address: Ipv4): boolean;
}

export class Pool {
  readonly #first: number;
  readonly #size: number;
  /** By place, 0 for the first address, in rows. */
  readonly #rows: (Lease | undefined)[][] = [];
  /** Where the search of a crowded pool goes on. */
  #cursor = 0;

  constructor(range: Ipv4Range) {
    this.#first = ipv4ToNumber(range.first);
    this.#size = ipv4ToNumber(range.last) - this.#first + 1;
  }

  isOf(range: Ipv4Range): boolean {
    return this.#first === ipv4ToNumber(range.first) && this.#first + this.#size - 1 === ipv4ToNumber(range.last);
  }

  /** `address` as a number, which may be outside. */
  set(address: number, lease: Lease | undefined): void {
    const place = address - this.#first;
    if (place < 0 || place >= this.#size) return;
    const row = Math.floor(place / ROW);
    while (this.#rows.length <= row) this.#rows.push([]);
    const leases = this.#rows[row];
    // From its start, so that the runtime keeps it as a plain array.
    while (leases && leases.length <= place % ROW) leases.push(undefined);
    if (leases) leases[place % ROW] = lease;
  }

  #at(place: number): Lease | undefined {
    return this.#rows[Math.floor(place / ROW)]?.[place % ROW];
  }

  /** The nearest open address from the place that `hash` decides; in a crowded pool, on from where the last search ended. */
  pick(hash: number, search: Search): Ipv4 | undefined {
    const near = this.#from(hash % this.#size, search);
    if (near !== undefined || this.#size <= MAX_PROBED) return near;
    const start = this.#cursor;
    this.#cursor = (start + MAX_PROBED) % this.#size;
    return this.#from(start, search);
  }

  #from(start: number, search: Search): Ipv4 | undefined {
    let former: Ipv4 | undefined;
    for (let i = 0; i < Math.min(this.#size, MAX_PROBED); i++) {
      const place = (start + i) % this.#size;
      const lease = this.#at(place);
      if (lease && (former !== undefined || search.isHeld(lease))) continue;
      const address = ipv4FromNumber(this.#first + place);
      if (search.isExcluded(address)) continue;
      if (!lease) return address;
      // A former holder may come back: its address is taken only when no untouched one is near.
      former = address;
    }
    return former;
  }
}
