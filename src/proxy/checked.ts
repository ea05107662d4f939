/** Reads of contents in which no octet is handed out before its block was found to be what was written. */
import { errnoOf } from '../core/errors.ts';
import { readAt } from '../host/readat.ts';
import type { ObjectFiles } from './objects.ts';
import type { Stored } from './storeindex.ts';
import { BLOCK_BYTES } from './sums.ts';

/** A content on the disk; it may still grow. */
export interface StoredContent extends Stored {
  readonly id: number;
}

/** It is not what was written. */
export class Damaged extends Error {
  readonly id: number;
  constructor(id: number, how: string, cause?: unknown) {
    super(`content ${id} is not what was written: ${how}`, cause === undefined ? undefined : { cause });
    this.id = id;
  }
}

/** Blocks that were read for less than all of their octets, for whoever wants the rest. */
const MAX_RECENT = 16;

export class CheckedReader {
  readonly #files: ObjectFiles;
  readonly #recent = new Map<string, Promise<Uint8Array>>();

  constructor(files: ObjectFiles) {
    this.#files = files;
  }

  /** Fills `into` from `position` on; the count is short only at the end. Rejects with `Damaged`, or as the system says. */
  async read(content: StoredContent, into: Uint8Array, position: number): Promise<number> {
    const wanted = Math.max(0, Math.min(into.length, content.sizeBytes - position));
    let count = 0;
    while (count < wanted) {
      const at = position + count;
      const index = Math.floor(at / BLOCK_BYTES);
      const from = at - index * BLOCK_BYTES;
      const lengthBytes = lengthOf(content, index);
      const part = into.subarray(count, Math.min(wanted, count + lengthBytes - from));
      // Whoever wants all of a block gets it where it is wanted.
      if (from === 0 && part.length === lengthBytes) await this.#readBlock(content, index, part);
      else part.set((await this.block(content, index)).subarray(from, from + part.length));
      count += part.length;
    }
    return count;
  }

  /** One whole block, which nobody writes to. */
  block(content: StoredContent, index: number): Promise<Uint8Array> {
    const length = lengthOf(content, index);
    const key = `${content.id} ${index} ${length}`;
    const known = this.#recent.get(key);
    if (known) return known;
    const bytes = Buffer.allocUnsafeSlow(length);
    const block = this.#readBlock(content, index, bytes).then(
      () => bytes,
      (error) => {
        this.#recent.delete(key);
        throw error;
      },
    );
    this.#recent.set(key, block);
    const oldest = this.#recent.keys().next();
    if (this.#recent.size > MAX_RECENT && !oldest.done) this.#recent.delete(oldest.value);
    return block;
  }

  clear(): void {
    this.#recent.clear();
  }

  async #readBlock(content: StoredContent, index: number, into: Uint8Array): Promise<void> {
    const { id, sums } = content;
    let count: number;
    try {
      count = await this.#files.use(id, (fd) => readAt(fd, into, index * BLOCK_BYTES));
    } catch (error) {
      throw lossOf(id, error);
    }
    if (count < into.length) throw new Damaged(id, 'it is shorter');
    if (!sums.isRight(index, into)) throw new Damaged(id, `block ${index} is another`);
  }
}

/** Of the whole block, or of the last. */
function lengthOf({ sizeBytes }: Stored, index: number): number {
  return Math.max(0, Math.min(BLOCK_BYTES, sizeBytes - index * BLOCK_BYTES));
}

const LOSSES: ReadonlySet<string> = new Set(['ENOENT', 'EIO', 'EISDIR', 'ENOTDIR', 'ELOOP', 'ESTALE', 'EUCLEAN']);

/** What a failed read says of the content: for want of descriptors, memory or rights it may be as it was. */
export function lossOf(id: number, error: unknown): unknown {
  const isLoss = LOSSES.has(errnoOf(error) ?? '');
  return isLoss ? new Damaged(id, 'it cannot be read', error) : error;
}
