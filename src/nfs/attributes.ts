/** A file's attributes, `fattr3`. RFC 1813 §2.6. */
import type { XdrWriter } from './xdr.ts';

export type FileKind = 'file' | 'folder' | 'link' | 'other';

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

/** `fattr3`; 84 octets. */
export function writeAttributes(_w: XdrWriter, _attributes: Attributes): void {
  throw new Error('unwritten');
}

/** `post_op_attr` */
export function writePostAttributes(_w: XdrWriter, _attributes: Attributes | undefined): void {
  throw new Error('unwritten');
}
