/** Reading a medium of which nothing is certain: all there is, or `Malformed`. */
import { Malformed } from '../core/bytes.ts';
import type { Extent, ReadAt } from './volume.ts';

/** A UDF medium: how to read it, how long it is, and the size of its blocks. */
export interface Medium {
  readonly read: ReadAt;
  readonly sizeBytes: number;
  readonly blockBytes: number;
}

export function isInside(extent: Extent, sizeBytes: number): boolean {
  return extent.position === undefined || extent.position + extent.lengthBytes <= sizeBytes;
}

export async function readOctets(
  { read, sizeBytes }: Pick<Medium, 'read' | 'sizeBytes'>,
  position: number,
  lengthBytes: number,
): Promise<Uint8Array> {
  if (!isInside({ position, lengthBytes }, sizeBytes))
    throw new Malformed('UDF: beyond the end of the image', position);
  const bytes = new Uint8Array(lengthBytes);
  if ((await read(bytes, position)) < lengthBytes) throw new Malformed('UDF: the image is cut off', position);
  return bytes;
}

/** Of reads that may be answered out of memory. */
const READS_EACH_TURN = 256;

/** One run after the other; what was never written is zeros. The caller has bounded what they come to. */
export async function readExtents(
  medium: Pick<Medium, 'read' | 'sizeBytes'>,
  extents: readonly Extent[],
): Promise<Uint8Array> {
  const bytes = new Uint8Array(extents.reduce((sum, extent) => sum + extent.lengthBytes, 0));
  let at = 0;
  for (const [i, { position, lengthBytes }] of extents.entries()) {
    if (i % READS_EACH_TURN === READS_EACH_TURN - 1) await medium.read.turn?.();
    if (position !== undefined) bytes.set(await readOctets(medium, position, lengthBytes), at);
    at += lengthBytes;
  }
  return bytes;
}

/** Adds a run to `extents`, as part of the last one where it goes on there. */
export function pushExtent(extents: Extent[], { position, lengthBytes }: Extent): void {
  const last = extents.at(-1);
  const expected = last?.position === undefined ? undefined : last.position + last.lengthBytes;
  if (last && position === expected) extents.splice(-1, 1, { ...last, lengthBytes: last.lengthBytes + lengthBytes });
  else extents.push({ position, lengthBytes });
}

/** Neighbours among `positions` that one read can fetch, in ascending order, each position once. */
export function groupsOf(positions: Iterable<number>, eachBytes: number, mostBytes: number): number[][] {
  const groups: number[][] = [];
  for (const position of [...new Set(positions)].sort((a, b) => a - b)) {
    const group = groups.at(-1);
    const [first = 0] = group ?? [];
    const isNear = position - (group?.at(-1) ?? 0) <= MOST_GAP_BYTES && position + eachBytes - first <= mostBytes;
    if (group && isNear) group.push(position);
    else groups.push([position]);
  }
  return groups;
}

/** Reading over a gap as long as this costs less than asking again: taste, half of what disks read ahead. */
const MOST_GAP_BYTES = 64 * 1024;

/** For what has a second chance: `promise.catch(ignoreMalformed)` is undefined where it was damaged. */
export function ignoreMalformed(e: unknown): undefined {
  if (!(e instanceof Malformed)) throw e;
}
