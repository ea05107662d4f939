/** A file's attributes, `fattr3`. RFC 1813 §2.6. */
import type { FileKind } from '../core/held.ts';
import type { XdrWriter } from './xdr.ts';

export interface Attributes {
  readonly kind: FileKind;
  /** Permission bits, `0o755`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  /** Of the image that it lies in. */
  readonly fsid: number;
  readonly fileid: number;
  /** Wall clock, milliseconds since 1970: nothing here is ever written, so it is the time of all three. */
  readonly modifiedMs: number;
}

/** Of `fattr3`. */
export const ATTRIBUTES_BYTES = 84;
/** Of a `post_op_attr` with attributes, and of one without. */
export const POST_ATTRIBUTES_BYTES = 4 + ATTRIBUTES_BYTES;
export const NO_ATTRIBUTES_BYTES = 4;

/**
 * `ftype3`. What is no file, folder or link is shown as a socket: to open one fails at once, while a FIFO waits for ever, a device is the
 * client's own, and a character device 0:0 means to overlayfs that the name is deleted.
 */
const TYPES: Readonly<Record<FileKind, number>> = { file: 1, folder: 2, link: 5, other: 6 };

/**
 * Folders, too: fewer than 2 tells GNU find and fts that links don't count the folders inside (findutils manual, "Leaf Optimisation");
 * btrfs and overlayfs do the same. To count them takes a walk through the folder for each GETATTR, and a wrong count hides folders. 0
 * would be a file that is deleted.
 */
const LINKS = 1;

/** A sector of all the images' file systems. Less than the size means to tar and cp that there are holes. */
const BLOCK_BYTES = 2048;

/** `fattr3`; 84 octets. */
export function writeAttributes(w: XdrWriter, attributes: Attributes): void {
  const { kind, mode, uid, gid, sizeBytes, fsid, fileid, modifiedMs } = attributes;
  w.u32(TYPES[kind])
    .u32(mode % 0o10000)
    .u32(LINKS)
    .u32(uid)
    .u32(gid)
    .u64(sizeBytes)
    .u64(usedBytes(sizeBytes))
    .u32(0) // rdev: of devices only
    .u32(0)
    .u64(fsid)
    .u64(fileid);
  for (const _time of ['atime', 'mtime', 'ctime']) writeTime(w, modifiedMs);
}

/** `post_op_attr` */
export function writePostAttributes(w: XdrWriter, attributes: Attributes | undefined): void {
  w.bool(attributes !== undefined);
  if (attributes) writeAttributes(w, attributes);
}

/** Sizes out of damaged images come up to the largest exact number. */
function usedBytes(sizeBytes: number): number {
  return Math.min(Math.ceil(sizeBytes / BLOCK_BYTES) * BLOCK_BYTES, Number.MAX_SAFE_INTEGER);
}

const MAX_TIME_MS = 0xffff_ffff * 1000;

/** `nfstime3`: from 1970 to 2106. What lies outside comes as the nearest, what is no time as 1970. */
function writeTime(w: XdrWriter, timeMs: number): void {
  const inRange = Math.min(Math.max(timeMs || 0, 0), MAX_TIME_MS);
  w.u32(Math.floor(inRange / 1000)).u32(Math.floor((inRange % 1000) * 1_000_000));
}
