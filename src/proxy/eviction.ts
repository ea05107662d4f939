/** What a content is worth, and which one goes when another wants its room. */

/** Octets that an answer costs beside its own: a tenth of a second of waiting, on an uplink of 10 Mbit/s. */
const REQUEST_BYTES = 128 * 1024;
/** Uses beyond it make nothing dearer: what was asked for a thousand times last year goes, too. */
export const MAX_USES = 64;
/** What a file takes of a disk at least, and in steps of. */
const DISK_BLOCK_BYTES = 4096;
/** A tenth of the packages of a distribution are larger than 1 MiB, hardly any than this; images and driver packs are. */
const LARGE_BYTES = 64 * 2 ** 20;
/** Of the cache: so that a small one has large contents, too. */
const LARGE_SHARE = 1 / 64;
/** Of the cache: as long as all large contents together have less, they push out small ones. */
const LARGE_ROOM_SHARE = 1 / 2;

/** What fetching it again would cost for each octet that it takes here, for each time it would be asked for. */
export function worthOf(sizeBytes: number, uses: number): number {
  const bytes = Math.max(sizeBytes, DISK_BLOCK_BYTES);
  return (Math.min(uses, MAX_USES) * (REQUEST_BYTES + bytes)) / bytes;
}

/** Of the disk. */
export function roomOf(sizeBytes: number): number {
  return Math.ceil(sizeBytes / DISK_BLOCK_BYTES) * DISK_BLOCK_BYTES;
}

export function isLarge(sizeBytes: number, maxBytes: number): boolean {
  return sizeBytes >= Math.min(LARGE_BYTES, maxBytes * LARGE_SHARE);
}

/** Octets of the disk: what is kept, small and large, and all that drafts have reserved. */
export interface Held {
  readonly smallBytes: number;
  readonly largeBytes: number;
  readonly reservedBytes: number;
  /** Of these what is for large ones. */
  readonly reservedLargeBytes: number;
}

/** Who wants room, which is reserved already. */
export interface Wanting {
  readonly bytes: number;
  readonly isLarge: boolean;
}

/** The least worth of its kind. */
export interface Least {
  readonly id: number;
  readonly priority: number;
}

/** Whether a large one that comes in may push out small ones: a single image is no reason to lose ten thousand packages. */
export function mayTakeSmall(held: Held, wanting: Wanting, maxBytes: number): boolean {
  return !wanting.isLarge || held.largeBytes + held.reservedLargeBytes <= maxBytes * LARGE_ROOM_SHARE;
}

/** Whether pushing out all that it may, large ones first, would be enough. Else nothing is. */
export function canFit(held: Held, wanting: Wanting, maxBytes: number): boolean {
  const maySmall = mayTakeSmall({ ...held, largeBytes: 0 }, wanting, maxBytes);
  return held.reservedBytes + (maySmall ? 0 : held.smallBytes) <= maxBytes;
}

/**
 * Who goes. By GreedyDual-Size-Frequency (Cherkasova 1998): a content's priority is its worth on top of the priority of the last one that
 * went when it came or was used last, so what nobody uses is overtaken by what comes.
 */
export function victimOf(small: Least | undefined, large: Least | undefined, maySmall: boolean): Least | undefined {
  if (!maySmall || small === undefined) return large;
  return large !== undefined && large.priority <= small.priority ? large : small;
}
