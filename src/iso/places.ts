/** Nodes of ISO 9660 without the way to them: by the octet of their record, and upwards by what folders say themselves. */
import { Malformed } from '../core/bytes.ts';
import {
  type DirectoryRecord,
  FLAG_DIRECTORY,
  FLAG_MULTI_EXTENT,
  isParent,
  isSelfOrParent,
  pathTableRecordsIn,
  recordsIn,
  SECTOR_BYTES,
} from './ecma119.ts';
import { filesIn, folderWork, MAX_FOLDER_BYTES, nodeOf, readFolder, visitAttributes } from './folder.ts';
import { plainNode, positionOf, type Tree } from './node.ts';
import { isPlaceIn, readWhole } from './octets.ts';
import { noAttributes } from './rockridge.ts';
import { areasOf } from './susp.ts';
import type { Node, ReadAt } from './volume.ts';

/** A tree and its root, for the length of one question. */
export interface Search {
  readonly tree: Tree;
  readonly root: Node;
  readonly read: ReadAt;
}

/** What is at `place` in the image, which may be any number. Costs a few reads. Throws `Malformed`. */
export async function nodeAt({ tree, root, read }: Search, place: number): Promise<Node | undefined> {
  if (place === root.place) return root;
  if (!isPlaceIn(tree.sizeBytes, place)) return undefined;
  const parts = await partsAt(tree, place, read);
  return parts && (await nodeOf(tree, parts, areasOf(read, tree.sizeBytes, folderWork(read))));
}

/** In sectors: a record and what most often follows, and as many of the longest as a file may have. */
const WINDOWS = [2, 260];

/** The records of the file whose first one is at `place`: those of one over 4 GiB may go on in the next sectors. */
async function partsAt(tree: Tree, place: number, read: ReadAt): Promise<readonly DirectoryRecord[] | undefined> {
  const from = place - (place % SECTOR_BYTES);
  let parts: readonly DirectoryRecord[] | undefined;
  for (const sectors of WINDOWS) {
    const lengthBytes = Math.min(sectors * SECTOR_BYTES, tree.sizeBytes - from);
    const bytes = await readWhole(read, from, lengthBytes, 'a folder');
    [parts] = filesIn(recordsIn(bytes, from, place - from));
    // What comes first may be of no file: the folder itself, its parent, or what belongs to another file.
    if (parts?.[0]?.place !== place) return undefined;
    if (((parts.at(-1)?.flags ?? 0) & FLAG_MULTI_EXTENT) === 0) return parts;
  }
  return parts;
}

/** The folder that `folder` is in; the root's is the root. Undefined for one that cannot be read. Throws `Malformed`. */
export async function parentOf(search: Search, folder: Node): Promise<Node | undefined> {
  const { root } = search;
  if (folder.place === root.place) return root;
  const [first] = folder.extents;
  if (folder.kind !== 'folder' || first?.position === undefined) return undefined;
  const position = await above(search, first.position);
  return position === undefined ? undefined : await folderAt(search, position);
}

/** The folder among whose records `place` is: it begins where the next sector before says that a folder does. */
export async function holderOf(search: Search, place: number): Promise<Node | undefined> {
  const { tree, root, read } = search;
  if (place === root.place) return root;
  if (!isPlaceIn(tree.sizeBytes, place)) return undefined;
  const work = folderWork(read);
  for await (const { position, block } of blocksBefore(tree, place, read)) {
    const self = selfIn(tree, block, position);
    if (self) return place < position + self.dataBytes ? await folderAt(search, position) : undefined;
    work.look(tree.blockBytes);
    await work.turn();
  }
  return undefined;
}

/** Blocks that are read at once. */
const BLOCKS_EACH_READ = 32;

/** That with `place`, the one before, and so on, as far as a folder may be long. */
async function* blocksBefore(
  { blockBytes, sizeBytes }: Tree,
  place: number,
  read: ReadAt,
): AsyncGenerator<{ readonly position: number; readonly block: Uint8Array }> {
  const last = Math.floor(place / blockBytes);
  const first = Math.max(0, last + 1 - MAX_FOLDER_BYTES / blockBytes);
  for (let end = last + 1; end > first; end -= BLOCKS_EACH_READ) {
    const from = Math.max(first, end - BLOCKS_EACH_READ) * blockBytes;
    const bytes = await readWhole(read, from, Math.min(end * blockBytes, sizeBytes) - from, 'a folder');
    for (let at = bytes.length - 1 - ((bytes.length - 1) % blockBytes); at >= 0; at -= blockBytes)
      yield { position: from + at, block: bytes.subarray(at, at + blockBytes) };
  }
}

/** The record of a folder that begins at `position`: it is the first one, and says that it does. ECMA-119 §6.8.2.2 */
function selfIn(tree: Tree, block: Uint8Array, position: number): DirectoryRecord | undefined {
  const self = firstIn(block, position);
  const isFolder = self && isSelfOrParent(self) && !isParent(self) && (self.flags & FLAG_DIRECTORY) !== 0;
  return isFolder && positionOf(tree, self) === position ? self : undefined;
}

/** Undefined where none is: other octets stand there. */
function firstIn(block: Uint8Array, position: number): DirectoryRecord | undefined {
  try {
    return recordsIn(block, position).next().value ?? undefined;
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

/** The folder that begins at `position`, as the folder above has it. */
async function folderAt(search: Search, position: number): Promise<Node | undefined> {
  const { tree, root, read } = search;
  if (position === root.extents[0]?.position) return root;
  const abovePosition = await above(search, position);
  if (abovePosition === undefined) return undefined;
  const [self] = recordsIn(await readInside(tree, abovePosition, SECTOR_BYTES, read), abovePosition);
  const holder = self && isSelfOrParent(self) ? plainNode(tree, [self], 'self') : undefined;
  if (holder?.kind !== 'folder') return undefined;
  const nodes = await readFolder(tree, holder, read);
  return nodes.find(({ kind, extents }) => kind === 'folder' && extents[0]?.position === position);
}

/**
 * Where the folder begins that holds the one at `position`, by the second of its records; where that one was moved for
 * being too deep, by where it came from. ECMA-119 §6.8.2.2, RRIP §4.1.5.2
 */
async function above({ tree, read }: Search, position: number): Promise<number | undefined> {
  const [, parent] = recordsIn(await readInside(tree, position, SECTOR_BYTES, read), position);
  if (!parent || !isParent(parent)) return undefined;
  const attributes = noAttributes();
  const areas = areasOf(read, tree.sizeBytes, folderWork(read));
  if (tree.names === 'rock-ridge') await visitAttributes(tree, parent, attributes, areas);
  const { parentLba } = attributes;
  const found = parentLba === undefined ? positionOf(tree, parent) : parentLba * tree.blockBytes;
  // Quirk(libisofs-joliet-parents): xorriso 1.5.4 has each folder of Joliet be its own parent.
  return found === position ? await aboveByTable(tree, position, read) : found;
}

/** The same by the path table, which knows nothing of folders that were moved. ECMA-119 §6.9 */
async function aboveByTable(tree: Tree, position: number, read: ReadAt): Promise<number | undefined> {
  const { position: from, lengthBytes } = tree.pathTable;
  if (lengthBytes > MAX_FOLDER_BYTES) throw new Malformed(`damaged: a path table of ${lengthBytes} octets`, from);
  const work = folderWork(read);
  const positions: number[] = [];
  for (const folder of pathTableRecordsIn(await readInside(tree, from, lengthBytes, read))) {
    const at = positionOf(tree, folder);
    positions.push(at);
    // Parents come first, §6.9.1.
    if (at === position) return positions[folder.parentNumber - 1];
    work.look(PATH_TABLE_OCTETS);
    await work.turn();
  }
  return undefined;
}

/** Looking at a record of the path table takes as long as looking at so many octets. */
const PATH_TABLE_OCTETS = 256;

/** Throws `Malformed` where the image ends before, without asking for memory. */
async function readInside(tree: Tree, position: number, lengthBytes: number, read: ReadAt): Promise<Uint8Array> {
  if (position + lengthBytes > tree.sizeBytes) throw new Malformed('damaged: a folder outside the image', position);
  return await readWhole(read, position, lengthBytes, 'a folder');
}
