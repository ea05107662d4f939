/** Parts of large objects that nobody has fetched: when the whole is worth it. */

/** A part that begins so far behind what is here is not waited for. */
const FAR_BYTES = 16 << 20;
/** Parts of one object are remembered for so long. Taste. */
const MEMORY_MS = 600_000;
const MAX_KEYS = 1024;

interface Asked {
  readonly totalBytes: number;
  readonly untilMs: number;
  passedBytes: number;
}

export class Ranges {
  readonly #asked = new Map<string, Asked>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether a part of an object of that length is better asked for by itself: it is far, and less than half of all. */
  isFar(startBytes: number, endBytes: number, receivedBytes: number, totalBytes: number): boolean {
    return startBytes > receivedBytes + FAR_BYTES && endBytes - startBytes < totalBytes / 2;
  }

  /** Parts of it were asked for by themselves, and are not yet as much as half of it together. */
  isPassed(key: string): boolean {
    const asked = this.#asked.get(key);
    if (!asked) return false;
    if (this.#now() < asked.untilMs && asked.passedBytes * 2 < asked.totalBytes) return true;
    this.#asked.delete(key);
    return false;
  }

  note(key: string, totalBytes: number, passedBytes: number): void {
    const known = this.#asked.get(key);
    this.#asked.delete(key);
    const untilMs = this.#now() + MEMORY_MS;
    this.#asked.set(key, { totalBytes, untilMs, passedBytes: (known?.passedBytes ?? 0) + passedBytes });
    const oldest = this.#asked.size > MAX_KEYS ? this.#asked.keys().next().value : undefined;
    if (oldest !== undefined) this.#asked.delete(oldest);
  }
}
