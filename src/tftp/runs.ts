/**
 * Files as ready-made DATA packets. A run is what one read brings: consecutive blocks, each behind the gap for its
 * header. A packet is the same for each client that asks for that block size, so a hall that boots together shares runs.
 */
import type { Content } from '../core/content.ts';
import { DATA_HEADER_BYTES, putDataHeader } from './packet.ts';

/** Where the bytes come from; the size is unknown where they are converted on the way. */
export type Source = Pick<Content, 'read' | 'readScattered' | 'isUnchanged' | 'close'> & {
  readonly sizeBytes: number | undefined;
};

export interface Run {
  readonly firstBlock: number;
  readonly packets: readonly Uint8Array[];
  /** Memory that it holds. */
  readonly heldBytes: number;
  /** The transfer ends with it: its last block is shorter than the others, perhaps empty, RFC 1350 §6. */
  readonly isLast: boolean;
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

/** How many blocks a run has when a cache of `cacheBytes` serves `files` at a time, with one run ahead for each. */
export function blocksPerRun(blockBytes: number, cacheBytes: number, files: number): number {
  const share = cacheBytes / (4 * Math.max(1, files));
  const runBytes = Math.min(MAX_RUN_BYTES, Math.max(MIN_RUN_BYTES, share));
  return Math.min(MAX_BLOCKS, Math.max(1, Math.floor(runBytes / blockBytes)));
}

/** Where a run lies in its file. */
export interface RunPlace {
  readonly firstBlock: number;
  readonly blockBytes: number;
  readonly maxBlocks: number;
  readonly sizeBytes: number | undefined;
}

/** Reads one run. Never rejects: a source that ends too early has changed, one that cannot be read is damaged. */
export async function readRun(source: Source, place: RunPlace): Promise<RunOutcome> {
  const { firstBlock, blockBytes, maxBlocks, sizeBytes } = place;
  const position = (firstBlock - 1) * blockBytes;
  const wantedBytes = Math.min(maxBlocks * blockBytes, (sizeBytes ?? Number.MAX_SAFE_INTEGER) - position);
  const packets = layOut(wantedBytes, blockBytes, maxBlocks);
  try {
    const got = await fill(source, packets, position);
    if (got !== wantedBytes && sizeBytes !== undefined) return { kind: 'failed', reason: 'content-changed' };
    const cut = got === wantedBytes ? packets : cutAt(packets, got, blockBytes);
    for (const [i, packet] of cut.entries()) putDataHeader(packet, firstBlock + i);
    const isLast = (cut.at(-1)?.length ?? 0) < DATA_HEADER_BYTES + blockBytes;
    return { kind: 'run', run: { firstBlock, packets: cut, heldBytes: packets[0]?.buffer.byteLength ?? 0, isLast } };
  } catch {
    return { kind: 'failed', reason: 'damaged' };
  }
}

/** Packets for `bytes` octets in one buffer. It is never used twice: a send that the kernel put off may still read it. */
function layOut(bytes: number, blockBytes: number, maxBlocks: number): readonly Uint8Array[] {
  const stride = DATA_HEADER_BYTES + blockBytes;
  const full = Math.floor(bytes / blockBytes);
  const count = Math.min(maxBlocks, full + 1);
  const buffer = Buffer.allocUnsafeSlow(count * DATA_HEADER_BYTES + bytes);
  return Array.from({ length: count }, (_, i) =>
    buffer.subarray(i * stride, Math.min((i + 1) * stride, buffer.length)),
  );
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

/** The packets of a source that ended after `bytes` octets. */
function cutAt(packets: readonly Uint8Array[], bytes: number, blockBytes: number): readonly Uint8Array[] {
  const full = Math.floor(bytes / blockBytes);
  const tail = packets[full]?.subarray(0, DATA_HEADER_BYTES + (bytes % blockBytes));
  return tail ? [...packets.slice(0, full), tail] : packets.slice(0, full);
}
