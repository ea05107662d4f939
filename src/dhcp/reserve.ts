/** Which addresses of a range are worth a look ahead of need. */
import { type Ipv4, type Ipv4Range, ipv4FromNumber, ipv4ToNumber, rangeSize } from '../core/addr.ts';
import type { Presence } from './presence.ts';

/** Whose an address is: nobody's yet, somebody's who may come back for it, or not to be given. */
export type Standing = 'untouched' | 'former' | 'closed';

export interface Stock {
  readonly range: Ipv4Range;
  /** Spares wanted. */
  readonly goal: number;
  /** Places of the range that may be considered in one round. */
  readonly maxPlaces: number;
  standing(address: Ipv4): Standing;
}

/** Goes round a range, one stretch at a time, so that a full pool of any size costs little. */
export class Reserve {
  #cursor = 0;
  /** A whole turn was not enough: then those that had a holder, too. */
  #isShort = false;

  /** What to look at now, at most `max`: old spares again first, then new ones; asks and changes `presence` about its spares only. */
  round(stock: Stock, presence: Presence, nowMs: number, max: number): readonly Ipv4[] {
    const spares = presence.sparesOf(stock.range);
    for (const address of spares) if (stock.standing(address) === 'closed') spares.delete(address);
    const due = [...spares].filter((address) => presence.isDue(address, nowMs)).slice(0, max);
    const missing = Math.min(max - due.length, stock.goal - spares.size);
    return missing > 0 ? [...due, ...this.#onward(stock, presence, nowMs, missing)] : due;
  }

  #onward(stock: Stock, presence: Presence, nowMs: number, missing: number): readonly Ipv4[] {
    const found: Ipv4[] = [];
    const first = ipv4ToNumber(stock.range.first);
    const size = rangeSize(stock.range);
    for (let i = Math.min(size, stock.maxPlaces); i > 0 && found.length < missing; i--) {
      const address = ipv4FromNumber(first + (this.#cursor % size));
      this.#cursor = (this.#cursor + 1) % size;
      if (this.#cursor === 0) this.#isShort = presence.sparesOf(stock.range).size < stock.goal;
      if (this.#suits(stock.standing(address)) && presence.isDue(address, nowMs)) found.push(address);
    }
    return found;
  }

  #suits(standing: Standing): boolean {
    return standing === 'untouched' || (standing === 'former' && this.#isShort);
  }
}
