/** Runs that were read, least recently used first out. */
import type { Run } from './runs.ts';

/** Holds at most `maxBytes()`; what a session still sends from, it holds itself. */
export class RunCache {
  readonly #maxBytes: () => number;
  /** Least recently used first: a Map keeps the order of insertion. */
  readonly #runs = new Map<string, Run>();
  #heldBytes = 0;

  constructor(maxBytes: () => number) {
    this.#maxBytes = maxBytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  get(key: string): Run | undefined {
    const run = this.#runs.get(key);
    if (run) {
      this.#runs.delete(key);
      this.#runs.set(key, run);
    }
    return run;
  }

  put(key: string, run: Run): void {
    this.#drop(key);
    if (!run.hold()) return;
    this.#runs.set(key, run);
    this.#heldBytes += run.heldBytes;
    for (const oldest of this.#runs.keys()) {
      if (this.#heldBytes <= this.#maxBytes() || oldest === key) return;
      this.#drop(oldest);
    }
  }

  /** Lets go of every run whose key begins so. */
  dropAll(prefix: string): void {
    for (const key of this.#runs.keys()) if (key.startsWith(prefix)) this.#drop(key);
  }

  #drop(key: string): void {
    const run = this.#runs.get(key);
    if (!run) return;
    this.#runs.delete(key);
    this.#heldBytes -= run.heldBytes;
    run.release();
  }
}
