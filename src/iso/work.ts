/** What reading one folder may cost: counted by what is looked at, since a hostile image hides how little it yields. */
import { Malformed } from '../core/bytes.ts';
import type { ReadAt } from './volume.ts';

/** Looking at the smallest structure costs as much as this many octets of a large one: measured, 0.15 µs. */
const LEAST_OCTETS = 32;
/** Measured: one to two milliseconds. */
const OCTETS_EACH_TURN = 256 * 1024;

/** For the length of one folder's reading. Octets are those of structures, as often as they are looked at. */
export class Work {
  readonly #read: ReadAt;
  readonly #maxOctets: number;
  #octets = 0;
  #turnAt = OCTETS_EACH_TURN;

  constructor(read: ReadAt, maxOctets: number) {
    this.#read = read;
    this.#maxOctets = maxOctets;
  }

  /** To be called for each structure, before or after. Throws `Malformed` where it is more than any folder needs. */
  look(octets: number): void {
    this.#octets += Math.max(octets, LEAST_OCTETS);
    if (this.#octets > this.#maxOctets)
      throw new Malformed('damaged: more to look at than any folder has', this.#octets);
  }

  /** To be asked after each step of work: a promise where it is time to let others go on, mostly nothing. */
  turn(): Promise<void> | undefined {
    if (this.#octets < this.#turnAt) return undefined;
    this.#turnAt = this.#octets + OCTETS_EACH_TURN;
    return this.#read.turn?.();
  }
}
