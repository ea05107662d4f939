/** Who came first, goes first: entries of the cache, each of which can leave from where it stands in constant time. */
import type { Entry } from './cache.ts';

/** An entry and its place. */
export interface Slot extends Entry {
  readonly key: string;
  /** Of memory. */
  readonly bytes: number;
  uses: number;
  /** Whether it was told since its turn came last. */
  isTold: boolean;
  queue: Queue;
  newer: Slot | undefined;
  older: Slot | undefined;
}

/** A slot is in one queue at most. */
export class Queue {
  #oldest: Slot | undefined;
  #newest: Slot | undefined;
  #size = 0;
  #bytes = 0;

  get oldest(): Slot | undefined {
    return this.#oldest;
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(slot: Slot): void {
    slot.older = this.#newest;
    slot.newer = undefined;
    if (this.#newest) this.#newest.newer = slot;
    else this.#oldest = slot;
    this.#newest = slot;
    this.#size += 1;
    this.#bytes += slot.bytes;
  }

  /** `slot` is in this queue. */
  remove(slot: Slot): void {
    const { older, newer } = slot;
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
    slot.older = undefined;
    slot.newer = undefined;
    this.#size -= 1;
    this.#bytes -= slot.bytes;
  }

  clear(): void {
    this.#oldest = undefined;
    this.#newest = undefined;
    this.#size = 0;
    this.#bytes = 0;
  }
}
