/** What stands in a folder of an ISO 9660 volume: records, and what Rock Ridge or Joliet make of them. */
import { Malformed } from '../core/bytes.ts';
import {
  type DirectoryRecord,
  FLAG_ASSOCIATED,
  FLAG_MULTI_EXTENT,
  isSelfOrParent,
  plainName,
  recordsIn,
  SECTOR_BYTES,
} from './ecma119.ts';
import { jolietName } from './joliet.ts';
import { plainNode, type Tree, withAttributes } from './node.ts';
import { isFitName, readWhole, textOf } from './octets.ts';
import { type Attributes, nameOf, noAttributes, takeEntry } from './rockridge.ts';
import { areaReader, type ReadArea, visitEntries } from './susp.ts';
import type { Node, ReadAt } from './volume.ts';

/** The largest folder seen on an installer has 20,000 entries; nodes and octets together stay below 64 MB. */
const MAX_FOLDER_BYTES = 32 * 1024 * 1024;
const MAX_FOLDER_ENTRIES = 100_000;

/** In the order stored, each name once; the first one has it. Throws `Malformed`. */
export async function readFolder(tree: Tree, folder: Node, read: ReadAt): Promise<readonly Node[]> {
  const nodes = new Map<string, Node>();
  const readArea = areaReader(read, tree.sizeBytes);
  for (const extent of extentsToRead(folder)) {
    const bytes = await readWhole(read, extent.position, extent.lengthBytes, 'a folder');
    for (const records of filesIn(recordsIn(bytes, extent.position))) {
      const made = nodeOf(tree, records, readArea);
      const node = made instanceof Promise ? await made : made;
      if (node && !nodes.has(node.name)) nodes.set(node.name, node);
      if (nodes.size > MAX_FOLDER_ENTRIES)
        throw new Malformed(`damaged: more than ${MAX_FOLDER_ENTRIES} entries in a folder`, folder.place);
    }
  }
  return [...nodes.values()];
}

function extentsToRead(folder: Node): { readonly position: number; readonly lengthBytes: number }[] {
  if (folder.kind !== 'folder') throw new TypeError(`${folder.name} is no folder`);
  if (folder.unreadable) throw new Malformed(`cut off: a folder lies outside the file`, folder.place);
  if (folder.sizeBytes > MAX_FOLDER_BYTES)
    throw new Malformed(`damaged: a folder of ${folder.sizeBytes} octets`, folder.place);
  return folder.extents.flatMap(({ position, lengthBytes }) =>
    position === undefined ? [] : [{ position, lengthBytes }],
  );
}

/** The records of each file together: those of one over 4 GiB follow each other. ECMA-119 §6.5.1, §9.1.6 */
function* filesIn(records: Iterable<DirectoryRecord>): Generator<readonly DirectoryRecord[]> {
  let parts: DirectoryRecord[] = [];
  for (const record of records) {
    if (isSelfOrParent(record) || (record.flags & FLAG_ASSOCIATED) !== 0) continue;
    if (parts[0] && Buffer.compare(parts[0].identifier, record.identifier) !== 0) {
      yield parts;
      parts = [];
    }
    parts.push(record);
    if ((record.flags & FLAG_MULTI_EXTENT) === 0) {
      yield parts;
      parts = [];
    }
  }
  if (parts.length > 0) yield parts;
}

/** A promise only where something else has to be read: most folders need none but their own octets. */
function nodeOf(
  tree: Tree,
  records: readonly DirectoryRecord[],
  readArea: ReadArea,
): Node | undefined | Promise<Node | undefined> {
  const [first] = records;
  if (!first) return undefined;
  if (tree.names === 'joliet') return plainNode(tree, records, jolietName(first.identifier));
  if (tree.names === 'plain') return plainNode(tree, records, plainName(textOf(first.identifier)));
  const attributes = noAttributes();
  const rest = visitAttributes(tree, first, attributes, readArea);
  const finish = () => rockRidgeNode(tree, records, attributes, readArea);
  return rest ? rest.then(finish) : finish();
}

function visitAttributes(tree: Tree, record: DirectoryRecord, to: Attributes, readArea: ReadArea) {
  const area = record.systemUse.subarray(tree.skippedBytes);
  return visitEntries(area, (kind, data) => takeEntry(kind, data, to), tree.blockBytes, readArea);
}

function rockRidgeNode(
  tree: Tree,
  records: readonly DirectoryRecord[],
  attributes: Attributes,
  readArea: ReadArea,
): Node | undefined | Promise<Node | undefined> {
  const [first] = records;
  if (!first || attributes.isRelocated) return undefined;
  const name = nameOf(attributes) ?? plainName(textOf(first.identifier));
  if (!isFitName(name)) return undefined;
  if (attributes.childLba !== undefined) return relocatedNode(tree, attributes.childLba, name, first.place, readArea);
  return withAttributes(plainNode(tree, records, name), attributes);
}

/** A folder whose record stands for one that lies elsewhere, which says of itself what it is. RRIP §4.1.5.1 */
async function relocatedNode(
  tree: Tree,
  lba: number,
  name: string,
  place: number,
  readArea: ReadArea,
): Promise<Node | undefined> {
  const position = lba * tree.blockBytes;
  const folder = { name, place, kind: 'folder', mode: 0o555, uid: 0, gid: 0, modifiedMs: 0 } as const;
  if (position + SECTOR_BYTES > tree.sizeBytes)
    return { ...folder, sizeBytes: 0, extents: [], unreadable: 'outside-the-image' };
  const node = await selfNode(tree, position, readArea);
  return node && { ...node, name, place };
}

/** A folder by its own record, the first one in it. */
export async function selfNode(tree: Tree, position: number, readArea: ReadArea): Promise<Node | undefined> {
  const [self] = recordsIn(await readArea(position, SECTOR_BYTES), position);
  if (!self || !isSelfOrParent(self)) return undefined;
  const attributes = noAttributes();
  await visitAttributes(tree, self, attributes, readArea);
  const node = plainNode(tree, [self], 'self');
  return node?.kind === 'folder' ? withAttributes(node, attributes) : undefined;
}
