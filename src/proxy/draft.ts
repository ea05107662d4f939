/** An answer's content on its way to the disk. */
import { createHash, type Hash } from 'node:crypto';
import fs from 'node:fs';
import { promisify } from 'node:util';
import { Fault } from '../core/errors.ts';
import { type CheckedReader, Damaged, type StoredContent } from './checked.ts';
import { roomOf } from './eviction.ts';
import type { ObjectFiles } from './objects.ts';
import type { Partials } from './partials.ts';
import type { Reserved, Room } from './room.ts';
import type { Draft, NewEntry } from './store.ts';
import type { Gone, StoreIndex } from './storeindex.ts';
import { BLOCK_BYTES, Sums } from './sums.ts';
import type { Trouble } from './trouble.ts';
import type { Entry } from './types.ts';

const closeFd = promisify(fs.close);

/** Of a content whose size nobody knows. */
const RESERVE_BYTES = 16 << 20;
/** How much may be lost of a content when the process is killed. */
const SAVE_EVERY_BYTES = 4 << 20;
/** What is no larger is kept in memory, too. */
export const SMALL_BYTES = 64 << 10;

export interface DraftMeans {
  readonly index: StoreIndex;
  readonly partials: Partials;
  readonly files: ObjectFiles;
  readonly reader: CheckedReader;
  readonly room: Room;
  readonly trouble: Trouble;
  readonly now: () => number;
  readonly maxObjectBytes: () => number;
  /** Whether the origin could go on with it, by what its head says. */
  readonly mayGoOn: (entry: NewEntry) => boolean;
  readonly onDamaged: (damage: Damaged) => void;
  /** It is found from now on; `small`: all of it, where that is little. */
  readonly onWhole: (entry: Entry, small: Uint8Array | undefined) => void;
  readonly onOver: (draft: ContentDraft) => void;
}

/** What there is of it already. */
export interface Beginning {
  readonly id: number;
  readonly fd: number | undefined;
  readonly writtenBytes: number;
  readonly sums: Sums;
  readonly hash: Hash | undefined;
  readonly reserved: Reserved;
}

export function nothingOf(id: number, entry: NewEntry, reserved: Reserved): Beginning {
  const hash = entry.isSummed ? createHash('sha256') : undefined;
  return { id, fd: undefined, writtenBytes: 0, sums: new Sums(), hash, reserved };
}

export class ContentDraft implements Draft, StoredContent {
  readonly id: number;
  readonly sums: Sums;
  readonly #entry: NewEntry;
  readonly #means: DraftMeans;
  readonly #reserved: Reserved;
  readonly #hash: Hash | undefined;
  #fd: number | undefined;
  #writtenBytes: number;
  #savedBytes: number;
  #small: Uint8Array | undefined;
  #isOver = false;
  /** Nothing more is written to it. */
  #failure: unknown;
  #last: Promise<void> = Promise.resolve();

  constructor(entry: NewEntry, beginning: Beginning, means: DraftMeans) {
    this.id = beginning.id;
    this.sums = beginning.sums;
    this.#entry = entry;
    this.#means = means;
    this.#reserved = beginning.reserved;
    this.#hash = beginning.hash;
    this.#fd = beginning.fd;
    this.#writtenBytes = beginning.writtenBytes;
    this.#savedBytes = beginning.writtenBytes;
  }

  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** Of what can be read. */
  get sizeBytes(): number {
    return this.#writtenBytes;
  }

  write(...blocks: readonly Uint8Array[]): Promise<void> {
    const written = this.#last.then(() => this.#append(blocks));
    this.#last = written.catch(() => {});
    return written;
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    try {
      return await this.#means.reader.read(this, into, position);
    } catch (error) {
      if (error instanceof Damaged) {
        // It must not become whole.
        this.#failure ??= error;
        this.#means.onDamaged(error);
      }
      throw error;
    }
  }

  async finish(): Promise<Entry> {
    await this.#last;
    this.#mayGoOn();
    const { index, room, partials, trouble, now, onWhole } = this.#means;
    const sizeBytes = this.#writtenBytes;
    const known = this.#entry.sizeBytes;
    if (known !== undefined && known !== sizeBytes) throw new Error(`${sizeBytes} octets of ${known} are not whole`);
    const { key, varies, head, askedAtMs, answeredAtMs } = this.#entry;
    const sha256 = this.#hash?.digest('hex');
    const entry: Entry = { id: this.id, key, varies, head, askedAtMs, answeredAtMs, sizeBytes, sha256 };
    let gone: readonly Gone[];
    try {
      gone = index.add(entry, this.sums, room.weigh(sizeBytes));
    } catch (error) {
      await this.discard();
      throw trouble.met(error, now());
    }
    trouble.over();
    partials.over(this.id);
    onWhole(entry, this.#small);
    await this.#end();
    await room.remove(gone);
    return entry;
  }

  async leave(): Promise<void> {
    await this.#last;
    if (this.#isOver) return;
    const { partials, room, trouble, now } = this.#means;
    const isDamaged = this.#failure instanceof Damaged;
    if (isDamaged || this.#writtenBytes < BLOCK_BYTES || !this.#means.mayGoOn(this.#entry)) return this.discard();
    let surplus: readonly Gone[];
    try {
      this.#save();
      partials.leave(this.id, this.#writtenBytes, room.weigh(this.#writtenBytes));
      surplus = this.#means.index.removeContents(partials.surplus());
    } catch (error) {
      trouble.met(error, now());
      return this.discard();
    }
    await this.#end();
    await room.remove(surplus);
  }

  async discard(): Promise<void> {
    await this.#last;
    if (this.#isOver) return;
    const { index, partials, room, trouble, now } = this.#means;
    try {
      if (this.#savedBytes > 0) index.removeContents([this.id]);
    } catch (error) {
      trouble.met(error, now());
    }
    partials.over(this.id);
    await this.#end();
    await room.remove([{ id: this.id, sizeBytes: this.#writtenBytes }]);
  }

  hold(): () => void {
    return this.#means.files.hold(this.id);
  }

  async #append(blocks: readonly Uint8Array[]): Promise<void> {
    this.#mayGoOn();
    const bytes = this.#lengthOf(blocks);
    if (bytes === 0) return;
    try {
      await this.#reserveFor(this.#writtenBytes + bytes);
      this.#fd ??= await this.#means.files.create(this.id);
      await writeAt(this.#fd, blocks, this.#writtenBytes);
      for (const block of blocks) this.#wrote(block);
    } catch (error) {
      this.#failure = error instanceof Fault ? error : this.#means.trouble.met(error, this.#means.now());
      throw this.#failure;
    }
  }

  /** Only the very last of a content may be short. */
  #lengthOf(blocks: readonly Uint8Array[]): number {
    let end = this.#writtenBytes;
    for (const { length } of blocks) {
      if (length > BLOCK_BYTES || (length > 0 && end % BLOCK_BYTES !== 0)) {
        throw new Error(`a block of ${length} octets at ${end}`);
      }
      end += length;
    }
    return end - this.#writtenBytes;
  }

  #wrote(block: Uint8Array): void {
    this.sums.add(block);
    this.#hash?.update(block);
    this.#small = this.#writtenBytes === 0 && block.length <= SMALL_BYTES ? new Uint8Array(block) : undefined;
    this.#writtenBytes += block.length;
    this.#reserved.writtenBytes = this.#writtenBytes;
    const isDue = this.#writtenBytes - this.#savedBytes >= SAVE_EVERY_BYTES;
    if (isDue && this.#means.mayGoOn(this.#entry)) this.#save();
  }

  #save(): void {
    this.#means.partials.save(this.id, this.#entry, this);
    this.#savedBytes = this.#writtenBytes;
  }

  async #reserveFor(sizeBytes: number): Promise<void> {
    const { room, maxObjectBytes } = this.#means;
    if (sizeBytes > (this.#entry.sizeBytes ?? maxObjectBytes())) {
      throw new Fault('store-failed', `${this.#entry.key} is larger than may be kept: raise proxy.maxObject`);
    }
    if (sizeBytes <= this.#reserved.bytes) return;
    if (!(await room.grow(this.#reserved, RESERVE_BYTES))) {
      throw new Fault('store-failed', `the cache has no room for more of ${this.#entry.key}: raise proxy.cacheSize`);
    }
  }

  #mayGoOn(): void {
    if (this.#isOver) throw new Error('this draft is over');
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #end(): Promise<void> {
    this.#isOver = true;
    this.#means.room.release(this.#reserved);
    this.#means.onOver(this);
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined) await closeFd(fd).catch(() => {});
  }
}

/** For a draft at first; step by step where nobody knows the size. */
export function firstRoomOf({ sizeBytes }: Pick<NewEntry, 'sizeBytes'>): number {
  return sizeBytes === undefined ? RESERVE_BYTES : roomOf(sizeBytes);
}

/** All of them, though the system may take less at once. */
async function writeAt(fd: number, blocks: readonly Uint8Array[], position: number): Promise<void> {
  let left = blocks.filter(({ length }) => length > 0);
  for (let at = position; left.length > 0; ) {
    const count = await writeOnce(fd, left, at);
    at += count;
    left = behind(left, count);
  }
}

function behind(blocks: readonly Uint8Array[], count: number): Uint8Array[] {
  let skipped = count;
  return blocks.flatMap((block) => {
    const rest = block.subarray(Math.min(skipped, block.length));
    skipped = Math.max(0, skipped - block.length);
    return rest.length > 0 ? [rest] : [];
  });
}

function writeOnce(fd: number, blocks: readonly Uint8Array[], position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.writev(fd, [...blocks], position, (error, count) => (error ? reject(error) : resolve(count)));
  });
}
