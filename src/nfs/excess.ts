/**
 * How much longer than their questions answers over UDP may be, in all: whoever forges the sender of a question has the answer sent to
 * somebody else, and gains by it what the answer is longer.
 */

/** A hundred lists of programs, or some dozens of exports, at once; then so much a second. Everything else is as short as its question. */
const MAX_BYTES = 64 << 10;
const BYTES_PER_MS = 64;

export class Excess {
  #leftBytes = MAX_BYTES;
  #atMs: number;

  constructor(nowMs: number) {
    this.#atMs = nowMs;
  }

  /** Whether an answer goes that is longer by `bytes`, which may be less than none. */
  allows(bytes: number, nowMs: number): boolean {
    if (bytes <= 0) return true;
    this.#leftBytes = Math.min(MAX_BYTES, this.#leftBytes + (nowMs - this.#atMs) * BYTES_PER_MS);
    this.#atMs = nowMs;
    if (bytes > this.#leftBytes) return false;
    this.#leftBytes -= bytes;
    return true;
  }
}
