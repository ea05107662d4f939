/** The room that contents have on the disk: reserved before they are written, and made by pushing out what is worth least. */
import { statfs } from 'node:fs/promises';
import { canFit, type Held, isLarge, mayTakeSmall, roomOf, victimOf, type Wanting, worthOf } from './eviction.ts';
import type { ObjectFiles } from './objects.ts';
import type { Gone, StoreIndex, Weight } from './storeindex.ts';

/** Pushed out at once; then others get a turn. */
const BATCH = 64;
/** What others do to the disk is seen that late. */
const LOOK_EVERY_MS = 1000;
/** Of the file system, whichever is smaller: never the cache's, since logs and leases need it, and file systems slow down there. */
const SPARE_BYTES = 1e9;
const SPARE_SHARE = 0.05;

/** What somebody has reserved, and has written of it. */
export interface Reserved {
  bytes: number;
  writtenBytes: number;
}

/** Of the file system. */
export interface DiskRoom {
  readonly freeBytes: number;
  readonly allBytes: number;
}

export interface RoomMeans {
  readonly index: StoreIndex;
  readonly files: ObjectFiles;
  /** Nothing where the system does not say. */
  readonly look: () => Promise<DiskRoom | undefined>;
  readonly maxBytes: () => number;
  readonly now: () => number;
  /** The file system is nearly full. */
  readonly onNearlyFull: () => void;
  /** Forgotten, for want of room. */
  readonly onGone: (id: number) => void;
}

export class Room {
  readonly #means: RoomMeans;
  readonly #reserved = new Set<Reserved>();
  /** Priority of the last that went: what comes now begins there. */
  #floor: number;
  #evicted = 0;
  #last: Promise<unknown> = Promise.resolve();
  #disk: { readonly maxBytes: number; readonly atMs: number } | undefined;

  constructor(means: RoomMeans) {
    this.#means = means;
    this.#floor = Math.min(
      ...[false, true].map((large) => means.index.least(large, () => false)?.priority ?? Infinity),
    );
    if (!Number.isFinite(this.#floor)) this.#floor = 0;
  }

  get evicted(): number {
    return this.#evicted;
  }

  get floor(): number {
    return this.#floor;
  }

  weigh(sizeBytes: number): Weight {
    return { priority: this.#floor + worthOf(sizeBytes, 1), isLarge: isLarge(sizeBytes, this.#means.maxBytes()) };
  }

  /** All that the cache has of the disk. */
  get bytes(): number {
    const { smallBytes, largeBytes, reservedBytes } = this.#held();
    return smallBytes + largeBytes + reservedBytes;
  }

  /** Makes `reserved` larger by `bytes`; false where that would not be fair, or there is no room. Rejects where nothing can be pushed out. */
  grow(reserved: Reserved, bytes: number): Promise<boolean> {
    // One after the other: whoever comes first gets it.
    const grown = this.#last.then(() => this.#growNow(reserved, bytes));
    this.#last = grown.catch(() => {});
    return grown;
  }

  async #growNow(reserved: Reserved, bytes: number): Promise<boolean> {
    this.#reserved.add(reserved);
    reserved.bytes += bytes;
    let hasRoom = false;
    try {
      hasRoom = await this.#makeRoom(reserved);
    } finally {
      if (!hasRoom) reserved.bytes -= bytes;
    }
    return hasRoom;
  }

  /** It is a row of the index now, or nothing. */
  release(reserved: Reserved): void {
    this.#reserved.delete(reserved);
    reserved.bytes = 0;
  }

  /** The files of rows that are gone. Resolves once their room is free. */
  async remove(gone: readonly Gone[]): Promise<void> {
    const { files, onGone } = this.#means;
    for (const { id } of gone) onGone(id);
    await Promise.all(gone.map(({ id, sizeBytes }) => files.remove(id, sizeBytes)));
  }

  async #makeRoom(wanting: Reserved): Promise<boolean> {
    for (;;) {
      const maxBytes = await this.#maxBytes();
      const held = this.#held();
      const want = { bytes: wanting.bytes, isLarge: isLarge(wanting.bytes, this.#means.maxBytes()) };
      const missing = held.smallBytes + held.largeBytes + held.reservedBytes - maxBytes;
      if (missing <= 0) return true;
      const gone = canFit(held, want, maxBytes) ? this.#evict(missing, want) : [];
      if (gone.length === 0) {
        if (maxBytes < this.#means.maxBytes()) this.#means.onNearlyFull();
        return false;
      }
      await this.remove(gone);
    }
  }

  /** What is worth least, until `missing` octets are free, as far as one turn goes. Whoever is read stays: it would free nothing. */
  #evict(missing: number, wanting: Wanting): readonly Gone[] {
    const { index, files, maxBytes } = this.#means;
    const gone: Gone[] = [];
    let free = 0;
    let floor = this.#floor;
    const isHeld = (id: number): boolean => files.isHeld(id);
    index.file.write(() => {
      while (gone.length < BATCH && free < missing) {
        const maySmall = mayTakeSmall(this.#held(), wanting, maxBytes());
        const victim = victimOf(index.least(false, isHeld), index.least(true, isHeld), maySmall);
        if (victim === undefined) break;
        floor = Math.max(floor, victim.priority);
        for (const one of index.removeContents([victim.id])) {
          free += roomOf(one.sizeBytes);
          gone.push(one);
        }
      }
    });
    this.#floor = floor;
    this.#evicted += gone.length;
    return gone;
  }

  #held(): Held {
    const { smallBytes, largeBytes } = this.#means.index.totals();
    let [reservedBytes, reservedLargeBytes] = [this.#means.files.doomedBytes, 0];
    for (const { bytes } of this.#reserved) {
      reservedBytes += bytes;
      if (isLarge(bytes, this.#means.maxBytes())) reservedLargeBytes += bytes;
    }
    return { smallBytes, largeBytes, reservedBytes, reservedLargeBytes };
  }

  /** What is configured, or what the disk has for us where that is less. */
  async #maxBytes(): Promise<number> {
    const { look, now, maxBytes } = this.#means;
    if (this.#disk === undefined || now() - this.#disk.atMs >= LOOK_EVERY_MS) {
      const found = await look();
      let oursBytes = this.bytes;
      for (const { bytes, writtenBytes } of this.#reserved) oursBytes -= bytes - Math.min(bytes, writtenBytes);
      const spareBytes = Math.min(SPARE_BYTES, (found?.allBytes ?? 0) * SPARE_SHARE);
      const atMost = found ? oursBytes + found.freeBytes - spareBytes : Number.POSITIVE_INFINITY;
      this.#disk = { maxBytes: atMost, atMs: now() };
    }
    return Math.min(maxBytes(), this.#disk.maxBytes);
  }
}

/** Of the file system that `folder` is on. */
export async function diskRoomOf(folder: string): Promise<DiskRoom | undefined> {
  const found = await statfs(folder).catch(() => undefined);
  return found && { freeBytes: found.bavail * found.bsize, allBytes: found.blocks * found.bsize };
}
