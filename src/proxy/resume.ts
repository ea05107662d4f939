/** What an answer left that broke off, made ready to be gone on with. */
import { createHash, type Hash } from 'node:crypto';
import fs from 'node:fs';
import { promisify } from 'node:util';
import type { CheckedReader } from './checked.ts';
import type { Beginning } from './draft.ts';
import type { ObjectFiles } from './objects.ts';
import type { PartialEntry } from './partials.ts';
import type { Reserved } from './room.ts';
import { BLOCK_BYTES } from './sums.ts';

const statFd = promisify(fs.fstat);
const truncateFd = promisify(fs.ftruncate);
const closeFd = promisify(fs.close);

/** What may not have reached the disk when the power went: half a minute of an uplink. What lies before is looked at when it is read. */
const TAIL_BLOCKS = 64;

/** Its right beginning, whole blocks; what comes after is cut off. Nothing where none is left. */
export async function beginningOf(
  partial: PartialEntry,
  reserved: Reserved,
  { files, reader }: { readonly files: ObjectFiles; readonly reader: CheckedReader },
): Promise<Beginning | undefined> {
  const { id, entry } = partial;
  const fd = await files.goOn(id).catch(() => undefined);
  if (fd === undefined) return undefined;
  try {
    const { size } = await statFd(fd);
    const there = Math.floor(Math.min(size, partial.sizeBytes) / BLOCK_BYTES);
    const hash = entry.isSummed ? createHash('sha256') : undefined;
    const from = hash ? 0 : Math.max(0, there - TAIL_BLOCKS);
    const blocks = await rightBlocks(partial, { from, to: Math.min(there, partial.sums.count) }, reader, hash);
    if (blocks > 0) {
      const writtenBytes = blocks * BLOCK_BYTES;
      await truncateFd(fd, writtenBytes);
      partial.sums.cutTo(blocks);
      reserved.writtenBytes = writtenBytes;
      return { id, fd, writtenBytes, sums: partial.sums, hash, reserved };
    }
  } catch {
    // It is of no use, and goes.
  }
  await closeFd(fd).catch(() => {});
  return undefined;
}

/** How many blocks, from the first on, are as they were written. */
async function rightBlocks(
  partial: PartialEntry,
  { from, to }: { readonly from: number; readonly to: number },
  reader: CheckedReader,
  hash: Hash | undefined,
): Promise<number> {
  const block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  for (let index = from; index < to; index++) {
    try {
      await reader.read(partial, block, index * BLOCK_BYTES);
    } catch {
      return index;
    }
    hash?.update(block);
  }
  return to;
}
