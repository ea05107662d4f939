/** Contents as they are read: checked on their way from the disk, and out of memory where many want them. */
import fs from 'node:fs';
import { promisify } from 'node:util';
import type { Content, Soon } from '../core/content.ts';
import { type BlockSource, Blocks, type Memory } from '../host/blocks.ts';
import type { Clock } from '../host.ts';
import { type CheckedReader, Damaged, lossOf, type StoredContent } from './checked.ts';
import { SMALL_BYTES } from './draft.ts';
import type { ObjectFiles } from './objects.ts';
import { Smalls } from './remembered.ts';
import type { StoreIndex } from './storeindex.ts';
import { BLOCK_BYTES } from './sums.ts';
import type { Entry } from './types.ts';

const statFd = promisify(fs.fstat);

/** Of the memory; the rest is for blocks of larger ones. */
const SMALLS_SHARE = 1 / 4;
const EMPTY = new Uint8Array(0);

export interface ContentsMeans {
  readonly index: StoreIndex;
  readonly files: ObjectFiles;
  readonly reader: CheckedReader;
  readonly memoryBytes: number;
  readonly memory: Memory;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly onDamaged: (damage: Damaged) => void;
}

export class Contents {
  readonly #means: ContentsMeans;
  readonly #smalls: Smalls;
  readonly #blocks: Blocks;
  /** Small ones that are being read, for all who want them. */
  readonly #loading = new Map<number, Promise<Uint8Array | undefined>>();
  /** Of what the blocks have set. */
  #cancel: (() => void) | undefined;

  constructor(means: ContentsMeans) {
    this.#means = means;
    const smallBytes = Math.floor(means.memoryBytes * SMALLS_SHARE);
    this.#smalls = new Smalls(smallBytes);
    const after: Clock['after'] = (ms, then) => {
      this.#cancel = means.clock.after(ms, then);
      return this.#cancel;
    };
    const clock = { now: () => means.clock.now(), after };
    this.#blocks = new Blocks(means.memoryBytes - smallBytes, means.memory, clock);
  }

  /** A small one that is in memory, whole. */
  peek(id: number): Uint8Array | undefined {
    return this.#smalls.get(id);
  }

  remember(id: number, bytes: Uint8Array): void {
    this.#smalls.add(id, bytes);
  }

  forget(id: number): void {
    this.#smalls.delete(id);
  }

  clear(): void {
    this.#smalls.clear();
  }

  async open(entry: Entry): Promise<Content | undefined> {
    if (entry.sizeBytes > SMALL_BYTES) return this.#openLarge(entry);
    const bytes = this.#smalls.get(entry.id) ?? (await this.#small(entry));
    return bytes && smallContent(entry, bytes);
  }

  close(): void {
    this.#cancel?.();
    this.#smalls.clear();
  }

  #small({ id, sizeBytes }: Entry): Promise<Uint8Array | undefined> {
    let loading = this.#loading.get(id);
    if (loading === undefined) {
      loading = this.#load(id, sizeBytes).finally(() => this.#loading.delete(id));
      this.#loading.set(id, loading);
    }
    return loading;
  }

  async #load(id: number, sizeBytes: number): Promise<Uint8Array | undefined> {
    const stored = this.#means.index.content(id);
    if (stored === undefined) return undefined;
    const release = this.#means.files.hold(id);
    try {
      if (stored.sizeBytes !== sizeBytes) throw new Damaged(id, 'it has another size');
      const bytes = Buffer.allocUnsafeSlow(sizeBytes);
      await this.#means.reader.read({ id, ...stored }, bytes, 0);
      if (this.#means.index.has(id)) this.#smalls.add(id, bytes);
      return bytes;
    } catch (error) {
      if (error instanceof Damaged) this.#means.onDamaged(error);
      return undefined;
    } finally {
      release();
    }
  }

  async #openLarge(entry: Entry): Promise<Content | undefined> {
    const { index, files, onDamaged } = this.#means;
    const { id, sizeBytes } = entry;
    const stored = index.content(id);
    if (stored === undefined) return undefined;
    const release = files.hold(id);
    try {
      if (!files.isOpen(id)) {
        const { size } = await files.use(id, (fd) => statFd(fd));
        if (size !== sizeBytes || stored.sizeBytes !== sizeBytes) throw new Damaged(id, 'it has another size');
      }
      return this.#contentOf(entry, { id, ...stored }, release);
    } catch (error) {
      release();
      const damage = lossOf(id, error);
      if (damage instanceof Damaged) onDamaged(damage);
      return undefined;
    }
  }

  #contentOf(entry: Entry, stored: StoredContent, release: () => void): Content {
    const { reader, onDamaged } = this.#means;
    const { sizeBytes } = entry;
    const identity = `cache:${entry.id}`;
    const noted = (error: unknown): never => {
      if (error instanceof Damaged) onDamaged(error);
      throw error;
    };
    const read = (into: Uint8Array, position: number): Promise<number> =>
      reader.read(stored, into, position).catch(noted);
    const source: BlockSource = { identity, sizeBytes, read };
    return {
      ...{ sizeBytes, identity, read, modifiedMs: entry.answeredAtMs, etag: etagOf(entry) },
      borrow: (position, maxBytes) => {
        if (position >= sizeBytes) return EMPTY;
        const lent = this.#blocks.borrow(source, position, maxBytes);
        if (lent !== undefined) return lent;
        // All of the block has to be read anyway, to see whether it is right.
        const index = Math.floor(position / BLOCK_BYTES);
        const from = position - index * BLOCK_BYTES;
        return reader.block(stored, index).then((block) => block.subarray(from, from + maxBytes), noted);
      },
      isUnchanged: async () => true,
      close: async () => release(),
    };
  }
}

/** The operator's clients get the origin's own; this one is for what goes by tags within. */
function etagOf({ id, sha256 }: Entry): string {
  return `"${sha256 ?? `c${id}`}"`;
}

function smallContent(entry: Entry, bytes: Uint8Array): Content {
  return {
    ...{ sizeBytes: bytes.length, modifiedMs: entry.answeredAtMs, etag: etagOf(entry), identity: `cache:${entry.id}` },
    read: async (into, position) => {
      const part = bytes.subarray(position, position + into.length);
      into.set(part);
      return part.length;
    },
    borrow: (position, maxBytes): Soon<Uint8Array> => bytes.subarray(position, position + maxBytes),
    isUnchanged: async () => true,
    close: async () => {},
  };
}
