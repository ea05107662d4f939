/** Memory for what is on its way: one bound for all that is being fetched. */

/** Of a content, as the store takes it. */
export const BLOCK_BYTES = 1 << 20;
/** Enough for what comes and goes in a turn of the loop. */
const MAX_FREE = 48;

/** A part of a content: what of it is there is there for good. */
export interface Block {
  readonly bytes: Uint8Array;
  /** From the beginning, how much of `bytes` is there. */
  filledBytes: number;
  /** Called when the memory is wanted for others, if the block can be had from disk again. */
  drop(): void;
}

/**
 * Blocks that are on disk, too, leave it when others need the room, those first that nobody has asked for for longest. Those that
 * are not on disk yet stay; while too many of them are full, whoever brings more is to wait. One that is being filled makes nobody
 * wait, or many that have each begun one would wait for each other for ever; there are no more of them than connections to origins.
 */
export class BlockRoom {
  /** Whole blocks that nobody reads any longer: the collector would take as long for each as the kernel for its octets. */
  readonly #free: Uint8Array[] = [];
  readonly #spare = new Set<Block>();
  readonly #maxBytes: number;
  readonly #waiting = new Set<() => void>();
  #spareBytes = 0;
  #fillingBytes = 0;
  #neededBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Half of it at most is for what waits for the disk. */
  get isFull(): boolean {
    return this.#neededBytes * 2 >= this.#maxBytes;
  }

  get bytes(): number {
    return this.#spareBytes + this.#fillingBytes + this.#neededBytes;
  }

  /** Memory for a block; what stands in it means nothing. */
  take(bytes: number): Uint8Array {
    return (bytes === BLOCK_BYTES ? this.#free.pop() : undefined) ?? Buffer.allocUnsafeSlow(bytes);
  }

  /** Nobody reads it any longer, nor ever will. */
  giveBack(bytes: Uint8Array): void {
    if (bytes.length === BLOCK_BYTES && this.#free.length < MAX_FREE) this.#free.push(bytes);
  }

  /** A block that octets come into. */
  fill(bytes: number): void {
    this.#fillingBytes += bytes;
    this.#makeRoom();
  }

  /** That block went away, or has all that comes. */
  unfill(bytes: number): void {
    this.#fillingBytes -= bytes;
  }

  /** A block that has all its octets, and is not on disk. */
  need(bytes: number): void {
    this.#neededBytes += bytes;
    this.#makeRoom();
  }

  /** That block went away, or is on disk now. */
  unneed(bytes: number): void {
    this.#neededBytes -= bytes;
    if (this.isFull) return;
    const all = [...this.#waiting];
    this.#waiting.clear();
    for (const goOn of all) goOn();
  }

  /** `goOn` is called, once, when there is room again. */
  wait(goOn: () => void): void {
    this.#waiting.add(goOn);
  }

  /** It can be had from disk. */
  spare(block: Block): void {
    this.#spare.add(block);
    this.#spareBytes += block.bytes.length;
    this.#makeRoom();
  }

  /** Somebody has read it. */
  touch(block: Block): void {
    if (this.#spare.delete(block)) this.#spare.add(block);
  }

  forget(block: Block): void {
    if (this.#spare.delete(block)) this.#spareBytes -= block.bytes.length;
  }

  #makeRoom(): void {
    for (const block of this.#spare) {
      if (this.bytes <= this.#maxBytes) return;
      this.forget(block);
      block.drop();
    }
  }
}
