/** The room that contents have on the disk: reserved before they are written, and made by pushing out what is worth least. */
import { statfs } from 'node:fs/promises';
import { canFit, type Held, isLarge, mayTakeSmall, roomOf, victimOf, worthOf } from './eviction.ts';
import type { ObjectFiles } from './objects.ts';
import type { StoreIndex, Weight } from './storeindex.ts';

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
  #disk: { readonly maxBytes: number; readonly atMs: number } | undefined;

  constructor(means: RoomMeans) {
    this.#means = means;
    this.#floor = Math.min(priorityOf(means.index.least(false)), priorityOf(means.index.least(true)));
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
  async grow(reserved: Reserved, bytes: number): Promise<boolean> {
    this.#reserved.add(reserved);
    reserved.bytes += bytes;
    try {
      if (await this.#makeRoom(reserved)) return true;
    } catch (error) {
      reserved.bytes -= bytes;
      throw error;
    }
    reserved.bytes -= bytes;
    return false;
  }

  /** It is a row of the index now, or nothing. */
  release(reserved: Reserved): void {
    this.#reserved.delete(reserved);
    reserved.bytes = 0;
  }

  /** Files of rows that are gone. */
  async remove(ids: readonly number[], sizeBytes = 0): Promise<void> {
    for (const id of ids) this.#means.onGone(id);
    await Promise.all(ids.map((id) => this.#means.files.remove(id, sizeBytes)));
  }

  async #makeRoom(wanting: Reserved): Promise<boolean> {
    for (;;) {
      const maxBytes = await this.#maxBytes();
      const held = this.#held();
      const large = { bytes: wanting.bytes, isLarge: isLarge(wanting.bytes, this.#means.maxBytes()) };
      const missing = held.smallBytes + held.largeBytes + held.reservedBytes - maxBytes;
      if (missing <= 0) return true;
      const gone = canFit(held, large, maxBytes) ? this.#evict(missing, large) : [];
      if (gone.length === 0) {
        if (maxBytes < this.#means.maxBytes()) this.#means.onNearlyFull();
        return false;
      }
      await this.remove(gone);
    }
  }

  /** What is worth least, until `missing` octets are free, as far as one turn goes. */
  #evict(missing: number, wanting: { readonly bytes: number; readonly isLarge: boolean }): readonly number[] {
    const { index, maxBytes } = this.#means;
    const gone: number[] = [];
    let free = 0;
    let floor = this.#floor;
    index.file.write(() => {
      while (gone.length < BATCH && free < missing) {
        const maySmall = mayTakeSmall(this.#held(), wanting, maxBytes());
        const victim = victimOf(index.least(false), index.least(true), maySmall);
        if (victim === undefined) break;
        free += roomOf(index.content(victim.id)?.sizeBytes ?? 0);
        floor = Math.max(floor, victim.priority);
        index.removeContents([victim.id]);
        gone.push(victim.id);
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

const priorityOf = (least: { readonly priority: number } | undefined): number =>
  least?.priority ?? Number.POSITIVE_INFINITY;

/** Of the file system that `folder` is on. */
export async function diskRoomOf(folder: string): Promise<DiskRoom | undefined> {
  const found = await statfs(folder).catch(() => undefined);
  return found && { freeBytes: found.bavail * found.bsize, allBytes: found.blocks * found.bsize };
}
