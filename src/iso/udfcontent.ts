/** Where the content of a file or folder lies on the medium: its allocation descriptors, followed to their end. */
import { Malformed } from '../core/bytes.ts';
import { type Allocation, decodeAllocations, decodeMoreAllocations, type Entry } from './udfentry.ts';
import { isInside, type Medium, pushExtent, readOctets } from './udfread.ts';
import type { Extent } from './volume.ts';

/** How a partition's blocks lie on the medium. */
export interface Partition {
  /** The runs that `lengthBytes` from `block` on lie in, not held against the size of the image. `Malformed` when it can't be told. */
  locate(block: number, lengthBytes: number): readonly Extent[];
}

/** A medium with its partitions, in the order of the partition maps. */
export interface Space extends Medium {
  readonly partitions: readonly Partition[];
}

/** Throws `Malformed` for a partition that there isn't. */
export function locate(
  space: Pick<Space, 'partitions'>,
  at: { partition: number; block: number },
  lengthBytes: number,
): readonly Extent[] {
  const partition = space.partitions[at.partition];
  if (!partition) throw new Malformed(`UDF: no partition ${at.partition}`, 0);
  return partition.locate(at.block, lengthBytes);
}

/**
 * What may still be held and followed while a folder is read. A file of 8 GiB has nine runs where it lies in one
 * piece; these bounds let a disk be fragmented, and a hostile one not eat the memory.
 */
export class Budget {
  #runs = 100_000;
  #blocks = 4096;
  #linkBytes = 4 * 1024 * 1024;

  /** Once one is spent, nothing more is followed. */
  takeEntry(): void {
    if (Math.min(this.#runs, this.#blocks) < 0) throw new Malformed('UDF: too much to follow', 0);
  }

  /** What links lead to is kept with their nodes; it is no longer than what it is made of. */
  takeLink(lengthBytes: number): void {
    this.#linkBytes -= lengthBytes;
    if (this.#linkBytes < 0) throw new Malformed('UDF: too many long links', 0);
  }

  takeRun(): void {
    if (--this.#runs < 0) throw new Malformed('UDF: too fragmented', 0);
  }

  takeBlock(): void {
    if (--this.#blocks < 0) throw new Malformed('UDF: too many blocks of allocation descriptors', 0);
  }
}

/** An entry and where it is: octet, and partition for its short descriptors. */
export interface PlacedEntry {
  readonly entry: Entry;
  readonly position: number;
  readonly partition: number;
}

/**
 * The runs that an entry's content lies in; their lengths add up to its size. Throws `Malformed` when they don't, or
 * cannot be followed; they may lie outside the image.
 */
export async function contentOf(
  { entry, position, partition }: PlacedEntry,
  space: Space,
  budget: Budget,
): Promise<Extent[]> {
  budget.takeEntry();
  const extents: Extent[] = [];
  let left = entry.sizeBytes;
  const push = (run: Extent): void => {
    const lengthBytes = Math.min(run.lengthBytes, left);
    if (lengthBytes === 0) return;
    budget.takeRun();
    pushExtent(extents, { position: run.position, lengthBytes });
    left -= lengthBytes;
  };
  if (entry.allocation === IN_THE_ENTRY) {
    push({ position: position + entry.descriptorsAt, lengthBytes: entry.descriptors.length });
  } else if (left > 0) {
    for await (const { kind, lengthBytes, ...at } of allocationsOf(entry, partition, space, budget)) {
      if (kind === 'unrecorded') push({ position: undefined, lengthBytes });
      else for (const run of locate(space, at, lengthBytes)) push(run);
      if (left === 0) break;
    }
  }
  // Linux would read zeros there; nobody wants to boot those.
  if (left > 0) throw new Malformed('UDF: a file shorter than it says', 0);
  return extents;
}

const IN_THE_ENTRY = 3;

/** Across the blocks in which the descriptors go on; a block that leads to itself ends with the budget. ECMA-167 4/12. */
async function* allocationsOf(
  entry: Entry,
  partition: number,
  space: Space,
  budget: Budget,
): AsyncGenerator<Allocation> {
  let list = decodeAllocations(entry, partition);
  while (list.length > 0) {
    const next = list.find((allocation) => allocation.kind === 'next');
    yield* next ? list.slice(0, list.indexOf(next)) : list;
    if (!next) return;
    budget.takeBlock();
    const descriptors = decodeMoreAllocations(await readBlock(space, next));
    list = decodeAllocations({ allocation: entry.allocation, descriptors }, next.partition);
  }
}

/** Throws `Malformed` when the block is not in the image. */
export async function readBlock(space: Space, at: { partition: number; block: number }): Promise<Uint8Array> {
  return await readOctets(space, placeOf(space, at), space.blockBytes);
}

/** The octet a block starts at. Throws `Malformed` for one that was never written. */
export function placeOf(space: Space, at: { partition: number; block: number }): number {
  const [run] = locate(space, at, space.blockBytes);
  if (run?.position === undefined) throw new Malformed(`UDF: block ${at.block} was never written`, 0);
  return run.position;
}

/** Of a small file that the volume itself is made of. Throws `Malformed` when it lies outside or is larger. */
export async function volumeFile(placed: PlacedEntry, space: Space, mostBytes: number): Promise<Extent[]> {
  if (placed.entry.sizeBytes > mostBytes) throw new Malformed('UDF: a table too large to be one', placed.position);
  const extents = await contentOf(placed, space, new Budget());
  const isWhole = extents.every((extent) => isInside(extent, space.sizeBytes));
  if (!isWhole) throw new Malformed('UDF: a table beyond the end of the image', placed.position);
  return extents;
}
