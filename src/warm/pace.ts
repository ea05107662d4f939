/** How long to wait so that what comes from outside stays within a rate. */

/** May be ahead by half a second's worth, and pays back what it was ahead by more. */
const AHEAD_MS = 500;

export class Pace {
  readonly #bitsPerSec: number | undefined;
  /** When all that came would have come at the rate. */
  #dueAtMs = 0;

  constructor(bitsPerSec: number | undefined) {
    this.#bitsPerSec = bitsPerSec;
  }

  /** `bytes` have come; the milliseconds to wait before more. */
  came(bytes: number, nowMs: number): number {
    if (this.#bitsPerSec === undefined) return 0;
    this.#dueAtMs = Math.max(this.#dueAtMs, nowMs - AHEAD_MS) + (bytes * 8000) / this.#bitsPerSec;
    return Math.max(0, this.#dueAtMs - nowMs);
  }
}
