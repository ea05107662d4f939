/** A file system on an image, whichever it is: what `ecma119.ts` and `udf.ts` give and everything else works with. */
import { Malformed } from '../core/bytes.ts';
import type { BootImage } from '../core/image.ts';

/** The means to read an image, which belong to whoever asks: pure files get them handed in. */
export interface ReadAt {
  /** Fills `into` from `position` on; the count is short only at the end of the image. */
  (into: Uint8Array, position: number): Promise<number>;
  /**
   * Lets all that waits in the process go on before the promise is fulfilled: reads may be answered out of memory, and
   * then nothing else has a turn. Long work calls it about every millisecond. Rejects with `OutOfTurns` for whoever has
   * had as many as one question may cost.
   */
  readonly turn?: () => Promise<void>;
}

/** Not the folder's fault alone: another question may have turns left for it. */
export class OutOfTurns extends Malformed {}

/** A run of octets in the image; without a position it was never written, and reads as zeros. */
export interface Extent {
  readonly position: number | undefined;
  readonly lengthBytes: number;
}

export interface Node {
  /** As stored, without `;1`. No slash, no NUL, never `.` or `..`. */
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** Permission bits, `0o755`; where the image has none, 0o555 for folders and 0o444 for files. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /**
   * Of files and folders, in order; their lengths add up to `sizeBytes`, and all lie inside the image. None where it is
   * unreadable.
   */
  readonly extents: readonly Extent[];
  /** Of a link: as stored, `../live/vmlinuz`. */
  readonly target?: string;
  /**
   * Why its content cannot be had, though its name is there: `zisofs` (compressed for Linux alone), `encrypted`,
   * `outside-the-image`, `interleaved`, `sparse`, `last-part-missing` (of a file over 4 GiB), `bad-link`.
   * UDF's: `damaged`, `strategy-4096` (of write-once media), and of folders `loop`, `too-deep`.
   */
  readonly unreadable?: string;
  /**
   * Octet of its record in the image: equal as long as the image is, and no other node's. UDF's record is the file's, so
   * several names of one file have one place.
   */
  readonly place: number;
}

/** Holds no descriptor: whoever asks brings the means to read. */
export interface Volume {
  readonly format: 'iso9660' | 'udf';
  /** Which names are shown. */
  readonly names: 'rock-ridge' | 'joliet' | 'plain' | 'udf';
  readonly label: string;
  readonly systemId: string;
  /** How long the image has to be by its own account: a shorter file is cut off, or still being copied. */
  readonly declaredBytes: number;
  readonly bootImages: readonly BootImage[];
  readonly root: Node;
  /** Folders come by name, in the order of `<`, and not as they are stored. */
  readonly isSorted?: boolean;
  /** What `folder` holds, in the order stored, each name once. Throws `Malformed` for one that is damaged. */
  readFolder(folder: Node, read: ReadAt): Promise<readonly Node[]>;
  /**
   * The node whose record is at octet `place` of the image, as its folder has it: whoever comes back with a place needs
   * no path. UDF's record is the file's and says no name, so there it is empty, and an entry that is damaged is no
   * node. `place` may be any number at all: one in the midst of other octets gives nothing, throws `Malformed`, or is
   * taken for a node, which lies inside the image like all others.
   */
  nodeAt(place: number, read: ReadAt): Promise<Node | undefined>;
  /**
   * The folder that holds `folder`, by what it says itself; the root's is the root. Undefined where it says nothing, or
   * is no readable folder; throws `Malformed` for one that is damaged. UDF's has no name, as in `nodeAt`.
   */
  parentOf(folder: Node, read: ReadAt): Promise<Node | undefined>;
}
