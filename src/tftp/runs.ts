/**
 * Files as ready-made DATA packets. A run is what one read brings: consecutive blocks, each behind the gap for its
 * header. A packet is the same for each client that asks for that block size, so a hall that boots together shares runs.
 */
import type { Content } from '../core/content.ts';
import type { BufferPool } from './memory.ts';
import { DATA_HEADER_BYTES, putDataHeader } from './packet.ts';

/** Where the bytes come from; the size is unknown where they are converted on the way. */
export type Source = Pick<Content, 'read' | 'readScattered' | 'isUnchanged' | 'close'> & {
  readonly sizeBytes: number | undefined;
};

/** Packets from `firstBlock` on. Its memory is used again as soon as nobody holds it. */
export class Run {
  readonly firstBlock: number;
  readonly packets: readonly Uint8Array[];
  readonly heldBytes: number;
  /** The transfer ends with it: its last block is shorter than the others, perhaps empty, RFC 1350 §6. */
  readonly isLast: boolean;
  #onFree: (() => void) | undefined;
  #holders = 0;

  constructor(firstBlock: number, packets: readonly Uint8Array[], isLast: boolean, memory: Memory) {
    this.firstBlock = firstBlock;
    this.packets = packets;
    this.isLast = isLast;
    this.heldBytes = memory.bytes;
    this.#onFree = memory.free;
  }

  get lastBlock(): number {
    return this.firstBlock + this.packets.length - 1;
  }

  has(block: number): boolean {
    return block >= this.firstBlock && block <= this.lastBlock;
  }

  /** False when it is too late: the memory has gone to somebody else. */
  hold(): boolean {
    if (!this.#onFree) return false;
    this.#holders += 1;
    return true;
  }

  /** Once for each `hold`. */
  release(): void {
    this.#holders -= 1;
    if (this.#holders > 0) return;
    this.#onFree?.();
    this.#onFree = undefined;
  }
}

interface Memory {
  readonly bytes: number;
  readonly free: () => void;
}

export type RunOutcome =
  | { readonly kind: 'run'; readonly run: Run }
  | { readonly kind: 'failed'; readonly reason: 'content-changed' | 'damaged' };

/** Vectors of one read: IOV_MAX of Linux. */
const MAX_BLOCKS = 1024;
/** Fewer, and the cost of a read shows; more, and 1,000 clients need too much. Measured. */
const MIN_RUN_BYTES = 16 << 10;
const MAX_RUN_BYTES = 256 << 10;

/** A whole number of blocks is followed by an empty one, RFC 1350 §6; an empty file is one empty block. */
export function lastBlockOf(sizeBytes: number, blockBytes: number): number {
  return Math.floor(sizeBytes / blockBytes) + 1;
}

/** How many blocks a run has when a cache of `cacheBytes` serves `readers` at a time, with one run ahead for each. */
export function blocksPerRun(blockBytes: number, cacheBytes: number, readers: number): number {
  const share = cacheBytes / (4 * Math.max(1, readers));
  const runBytes = 2 ** Math.floor(Math.log2(Math.min(MAX_RUN_BYTES, Math.max(MIN_RUN_BYTES, share))));
  return Math.min(MAX_BLOCKS, Math.max(1, Math.floor(runBytes / (DATA_HEADER_BYTES + blockBytes))));
}

/** Where a run lies in its file. */
export interface RunPlace {
  readonly firstBlock: number;
  readonly blockBytes: number;
  readonly maxBlocks: number;
  readonly sizeBytes: number | undefined;
}

/** Reads one run. Never rejects: a source that ends too early has changed, one that cannot be read is damaged. */
export async function readRun(source: Source, place: RunPlace, pool: BufferPool): Promise<RunOutcome> {
  const { firstBlock, blockBytes, maxBlocks, sizeBytes } = place;
  const position = (firstBlock - 1) * blockBytes;
  const wantedBytes = Math.min(maxBlocks * blockBytes, (sizeBytes ?? Number.MAX_SAFE_INTEGER) - position);
  const count = Math.min(maxBlocks, lastBlockOf(wantedBytes, blockBytes));
  const buffer = pool.take(count * DATA_HEADER_BYTES + wantedBytes);
  const free = (): void => pool.give(buffer);
  try {
    const got = await fill(source, layOut(buffer, wantedBytes, { count, blockBytes }), position);
    if (got === wantedBytes || sizeBytes === undefined) {
      const blocks = Math.min(maxBlocks, lastBlockOf(got, blockBytes));
      const packets = layOut(buffer, got, { count: blocks, blockBytes });
      for (const [i, packet] of packets.entries()) putDataHeader(packet, firstBlock + i);
      const isLast = got < maxBlocks * blockBytes;
      return { kind: 'run', run: new Run(firstBlock, packets, isLast, { bytes: buffer.length, free }) };
    }
    free();
    return { kind: 'failed', reason: 'content-changed' };
  } catch {
    free();
    return { kind: 'failed', reason: 'damaged' };
  }
}

/** The packets of `bytes` octets, one behind the other in `buffer`; the last may be short or empty. */
function layOut(
  buffer: Buffer,
  bytes: number,
  { count, blockBytes }: { readonly count: number; readonly blockBytes: number },
): readonly Uint8Array[] {
  const stride = DATA_HEADER_BYTES + blockBytes;
  const end = count * DATA_HEADER_BYTES + bytes;
  return Array.from({ length: count }, (_, i) => buffer.subarray(i * stride, Math.min((i + 1) * stride, end)));
}

async function fill(source: Source, packets: readonly Uint8Array[], position: number): Promise<number> {
  const payloads = packets.map((packet) => packet.subarray(DATA_HEADER_BYTES)).filter((p) => p.length > 0);
  if (payloads.length === 0) return 0;
  if (source.readScattered) return await source.readScattered(payloads, position);
  const joined = Buffer.allocUnsafe(payloads.reduce((sum, payload) => sum + payload.length, 0));
  const got = await source.read(joined, position);
  let from = 0;
  for (const payload of payloads) {
    payload.set(joined.subarray(from, from + payload.length));
    from += payload.length;
  }
  return got;
}
