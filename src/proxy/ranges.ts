/** Parts of large objects that nobody has fetched: when the whole is worth it. */

/** A part that begins so far behind what is here is not waited for. */
const FAR_BYTES = 16 << 20;
/** So long parts of that object are asked for by themselves at once: an image that is read here and there is asked for thousands. Taste. */
const MEMORY_MS = 600_000;
const MAX_KEYS = 1024;

export class Ranges {
  readonly #untilMs = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether a part of an object of that length is better asked for by itself: it is far, and less than half of all. */
  isFar(startBytes: number, endBytes: number, receivedBytes: number, totalBytes: number): boolean {
    return startBytes > receivedBytes + FAR_BYTES && endBytes - startBytes < totalBytes / 2;
  }

  /** Whether a part of it was found to be far a while ago. */
  isPassed(key: string): boolean {
    return this.#now() < (this.#untilMs.get(key) ?? Number.NEGATIVE_INFINITY);
  }

  /** A part of it is asked for by itself. */
  note(key: string): void {
    this.#untilMs.delete(key);
    this.#untilMs.set(key, this.#now() + MEMORY_MS);
    const oldest = this.#untilMs.size > MAX_KEYS ? this.#untilMs.keys().next().value : undefined;
    if (oldest !== undefined) this.#untilMs.delete(oldest);
  }
}
