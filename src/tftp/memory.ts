/** Buffers that are used again: what is left to the garbage collector piles up faster than it collects. */

/** Below this a buffer is made for the purpose and left to the collector. */
const MIN_POOLED_BYTES = 16 << 10;

export class BufferPool {
  readonly #maxFreeBytes: number;
  /** By size, which is a power of two. */
  readonly #free = new Map<number, Buffer[]>();
  #freeBytes = 0;

  constructor(maxFreeBytes: number) {
    this.#maxFreeBytes = maxFreeBytes;
  }

  /** At least `bytes` long; what is in it is arbitrary. */
  take(bytes: number): Buffer {
    if (bytes < MIN_POOLED_BYTES) return Buffer.allocUnsafeSlow(bytes);
    const size = 2 ** Math.ceil(Math.log2(bytes));
    const buffer = this.#free.get(size)?.pop();
    if (!buffer) return Buffer.allocUnsafeSlow(size);
    this.#freeBytes -= size;
    return buffer;
  }

  /** `buffer` was taken here and nobody reads or writes it any more. */
  give(buffer: Buffer): void {
    const size = buffer.length;
    if (size < MIN_POOLED_BYTES || this.#freeBytes + size > this.#maxFreeBytes) return;
    const shelf = this.#free.get(size);
    if (shelf) shelf.push(buffer);
    else this.#free.set(size, [buffer]);
    this.#freeBytes += size;
  }
}
