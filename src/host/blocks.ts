/** The node's memory of hot blocks: what many clients read is read from the disk once and lent to all of them. */
import os from 'node:os';
import type { Soon } from '../core/content.ts';
import type { MemorySize } from '../core/units.ts';
import type { Clock } from '../host.ts';
import { quietly } from './openfiles.ts';

/** Measured: half of it costs a tenth more processor time a GiB, twice of it saves nothing. */
export const BLOCK_BYTES = 1 << 20;

/** What a block is read from. */
export interface BlockSource {
  /** Whatever is written to the bytes changes it. */
  readonly identity: string;
  readonly sizeBytes: number;
  /** Fills `into` from `position` on; the count is short only at the end. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Whether the bytes are still those of `identity`. Where there is none, they never change. */
  isSame?(): Promise<boolean>;
}

/** This machine's memory, in octets. */
export interface Memory {
  readonly totalBytes: number;
  /** What the kernel could hand out now, its page cache counted in. */
  availableBytes(): number;
}

interface Block {
  readonly loading: Promise<Uint8Array>;
  /** Once it is read. */
  bytes: Uint8Array | undefined;
  readonly costBytes: number;
  /** How often it was asked for since it came in, at most `MAX_HITS`, and one less for each time that it was spared. */
  hits: number;
  usedAtMs: number;
}

/** Rounds of making room that the most popular blocks survive without being asked for. */
const MAX_HITS = 3;
/** Of keeping one block, however small: its key, its promise. */
const OVERHEAD_BYTES = 1024;
/** Blocks that were asked for once: of 16 GiB, in some megabytes. */
const MAX_SEEN = 16_384;
const ROUND_MS = 60_000;
/** Long enough for a break between two groups of machines. */
const IDLE_MS = 900_000;
/** Of the machine's memory: the cache doesn't grow into it, and gives back what it has of it. */
const SPARE_SHARE = 0.1;
/** Of the machine's memory, whatever the configuration says. */
const MAX_SHARE = 0.8;
/** Looking how much is left takes longer than finding a block. */
const LOOK_EVERY_BYTES = 64 << 20;

/**
 * At most `limitBytes` of blocks. One enters when it is asked for the second time, so a lone reader of a large file
 * passes by. One leaves in the order of entering, unless it was asked for since: then it goes to the end of the queue,
 * up to three times, so two readers of a large file don't drive out what a hall reads (S3-FIFO: Yang et al., SOSP 2023,
 * without its first queue). Nobody writes into a block that was lent: one that has left is the garbage collector's.
 */
export class Blocks {
  readonly #kept = new Map<string, Block>();
  /** Keys that were asked for once; the oldest first. */
  readonly #seen = new Set<string>();
  readonly #memory: Memory;
  readonly #clock: Pick<Clock, 'now' | 'after'>;
  readonly #limitBytes: number;
  #bytes = 0;
  #unlookedBytes = LOOK_EVERY_BYTES;
  #cancel: (() => void) | undefined;

  constructor(limitBytes: number, memory: Memory, clock: Pick<Clock, 'now' | 'after'>) {
    this.#limitBytes = limitBytes;
    this.#memory = memory;
    this.#clock = clock;
  }

  /** Octets that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * `maxBytes` from `position` on, or to the end of their block; none at the end of the source. Nothing when the block
   * isn't worth keeping so far: whoever wants the octets reads them, and asks again for the next block. At once when the
   * block is there. Rejects when it cannot be read.
   */
  borrow(source: BlockSource, position: number, maxBytes: number): Soon<Uint8Array | undefined> {
    const index = Math.floor(position / BLOCK_BYTES);
    const key = `${source.identity} ${index}`;
    const known = this.#kept.get(key);
    if (known) {
      known.hits = Math.min(MAX_HITS, known.hits + 1);
      known.usedAtMs = this.#clock.now();
    }
    const block = known ?? this.#admit(key, source, index * BLOCK_BYTES);
    if (!block) return undefined;
    const from = position - index * BLOCK_BYTES;
    const cut = (bytes: Uint8Array): Uint8Array => bytes.subarray(from, from + maxBytes);
    return block.bytes ? cut(block.bytes) : block.loading.then(cut);
  }

  /** The second who asks brings it in; the first is remembered. */
  #admit(key: string, source: BlockSource, position: number): Block | undefined {
    const length = Math.min(BLOCK_BYTES, source.sizeBytes - position);
    const costBytes = length + OVERHEAD_BYTES;
    if (length <= 0 || costBytes > this.#limitBytes) return undefined;
    if (!this.#seen.delete(key)) {
      this.#see(key);
      return undefined;
    }
    this.#lookAround(costBytes);
    this.#makeRoom(this.#limitBytes - costBytes);
    const block = this.#load(key, source, { position, length, costBytes });
    this.#kept.set(key, block);
    this.#bytes += costBytes;
    this.#cancel ??= this.#clock.after(ROUND_MS, () => this.#round());
    return block;
  }

  #load(
    key: string,
    source: BlockSource,
    { position, length, costBytes }: { position: number; length: number; costBytes: number },
  ): Block {
    const bytes = Buffer.allocUnsafeSlow(length);
    const read = async (): Promise<Uint8Array> => {
      const count = await source.read(bytes, position);
      // What was written to meanwhile is kept for nobody; whoever waits for it looks for himself.
      if (count === length && (await source.isSame?.()) !== false) block.bytes = bytes;
      else this.#drop(key, block);
      return bytes.subarray(0, count);
    };
    const loading = read().catch((error) => {
      this.#drop(key, block);
      throw error;
    });
    const block: Block = { loading, bytes: undefined, costBytes, hits: 0, usedAtMs: this.#clock.now() };
    return block;
  }

  #see(key: string): void {
    this.#seen.add(key);
    if (this.#seen.size <= MAX_SEEN) return;
    const oldest = this.#seen.keys().next();
    if (!oldest.done) this.#seen.delete(oldest.value);
  }

  /** What is put back at the end comes round again in the same loop, with one hit less. */
  #makeRoom(maxBytes: number): void {
    for (const [key, block] of this.#kept) {
      if (this.#bytes <= maxBytes) return;
      if (block.hits > 0) {
        block.hits -= 1;
        this.#kept.delete(key);
        this.#kept.set(key, block);
      } else {
        this.#drop(key, block);
        // It was worth keeping once: the next who asks brings it back.
        this.#see(key);
      }
    }
  }

  #drop(key: string, block: Block): void {
    if (this.#kept.get(key) !== block) return;
    this.#kept.delete(key);
    this.#bytes -= block.costBytes;
  }

  /** Before growing, once in a while: where the machine has little left, as much goes as comes. */
  #lookAround(growthBytes: number): void {
    this.#unlookedBytes += growthBytes;
    if (this.#unlookedBytes < Math.min(LOOK_EVERY_BYTES, this.#memory.totalBytes / 64)) return;
    this.#unlookedBytes = 0;
    this.#giveBack();
  }

  #giveBack(): void {
    const missing = this.#memory.totalBytes * SPARE_SHARE - this.#memory.availableBytes();
    if (missing > 0) this.#makeRoom(Math.max(0, this.#bytes - missing - LOOK_EVERY_BYTES));
  }

  #round(): void {
    const latest = this.#clock.now() - IDLE_MS;
    for (const [key, block] of this.#kept) if (block.usedAtMs < latest) this.#drop(key, block);
    this.#giveBack();
    this.#cancel = this.#kept.size > 0 ? this.#clock.after(ROUND_MS, () => this.#round()) : undefined;
  }
}

export function cacheBytes(size: MemorySize, { totalBytes }: Memory): number {
  const wanted = 'bytes' in size ? size.bytes : Math.floor((totalBytes * size.percent) / 100);
  return Math.min(wanted, Math.floor(totalBytes * MAX_SHARE));
}

/** Of the machine, or of the control group that this process may not grow beyond. */
export function systemMemory(): Memory {
  const constrained = process.constrainedMemory();
  const totalBytes = constrained > 0 ? Math.min(os.totalmem(), constrained) : os.totalmem();
  // What the machine has free is not the control group's.
  return { totalBytes, availableBytes: () => Math.min(os.freemem(), totalBytes - process.memoryUsage.rss()) };
}

export function systemBlocks(size: MemorySize): Blocks {
  const memory = systemMemory();
  return new Blocks(cacheBytes(size, memory), memory, { now: () => performance.now(), after: quietly });
}
