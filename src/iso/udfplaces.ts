/** Nodes of UDF without the way to them: by the octet of their entry, and upwards by the name that leads there. */
import { Malformed } from '../core/bytes.ts';
import { isPlaceIn } from './octets.ts';
import { placeOf, type Space } from './udfcontent.ts';
import { decodeParent } from './udfentry.ts';
import { namelessNode } from './udfnodes.ts';
import { isInside, readExtents, readOctets } from './udfread.ts';
import { TAG, tagOf } from './udftag.ts';
import type { Extent, Node } from './volume.ts';

/** The node whose entry is at `place`, which may be any number; without a name, since names are in folders. */
export async function nodeAt(root: Node, place: number, space: Space): Promise<Node | undefined> {
  if (place === root.place) return root;
  const { sizeBytes, blockBytes } = space;
  if (!isPlaceIn(sizeBytes, place) || !isInside({ position: place, lengthBytes: blockBytes }, sizeBytes))
    return undefined;
  const tag = tagOf(await readOctets(space, place, blockBytes));
  if (tag?.identifier !== TAG.fileEntry && tag?.identifier !== TAG.extendedFileEntry) return undefined;
  return await namelessNode(place, partitionOf(place, tag.location, space), space);
}

/**
 * Which partition an entry lies in, since its tag says which block of it: ECMA-167 4/7.2.8. Where two would do, and
 * where none would (media with wrong tags are about), the last one: entries lie in the one above all others.
 */
function partitionOf(place: number, block: number, space: Space): number {
  const partition = space.partitions.findLastIndex((_, i) => isAt(place, { partition: i, block }, space));
  return partition < 0 ? space.partitions.length - 1 : partition;
}

function isAt(place: number, at: { partition: number; block: number }, space: Space): boolean {
  try {
    return placeOf(space, at) === place;
  } catch (error) {
    if (error instanceof Malformed) return false;
    throw error;
  }
}

/** The way up is the first name in a folder. */
const START_BYTES = 4096;

/** The folder that `folder` is in; the root's is the root. Undefined for one that cannot be read. Throws `Malformed`. */
export async function parentOf(root: Node, folder: Node, space: Space): Promise<Node | undefined> {
  if (folder.place === root.place) return root;
  if (folder.kind !== 'folder' || folder.unreadable) return undefined;
  const at = decodeParent(await readExtents(space, startOf(folder.extents, START_BYTES)));
  if (!at) return undefined;
  const position = placeOf(space, at);
  if (position === root.place) return root;
  const parent = await namelessNode(position, at.partition, space);
  return parent.kind === 'folder' ? parent : undefined;
}

/** The first `mostBytes` octets of `extents`. */
function startOf(extents: readonly Extent[], mostBytes: number): readonly Extent[] {
  let left = mostBytes;
  return extents.flatMap(({ position, lengthBytes: whole }) => {
    const lengthBytes = Math.min(whole, left);
    left -= lengthBytes;
    return lengthBytes > 0 ? [{ position, lengthBytes }] : [];
  });
}
