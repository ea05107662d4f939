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
import { type Areas, areasOf, visitEntries } from './susp.ts';
import type { Node, ReadAt } from './volume.ts';
import { Work } from './work.ts';

/**
 * The largest folder seen on an installer has 20,000 entries. Of one at all these bounds the octets take 16 MiB, the
 * nodes 46 MB and their names and targets 8 MiB; each is checked before the next record is looked at.
 */
export const MAX_FOLDER_BYTES = 16 * 1024 * 1024;
/** Whether or not they come to a node. */
const MAX_RECORDS = 100_000;
const MAX_TEXT_CHARS = 4 * 1024 * 1024;
/** 8 TiB: ext4 and NTFS hold larger files, no image does. */
const MAX_PARTS = 2048;
/** Making a node of a record takes as long as looking at so many octets: measured, 2 µs. */
const RECORD_OCTETS = 512;
/** Twice what 100,000 records with all that makers write come to; a second of work at most. */
const MAX_WORK_OCTETS = 128 * 1024 * 1024;

/** For the length of one folder's reading. */
export function folderWork(read: ReadAt): Work {
  return new Work(read, MAX_WORK_OCTETS);
}

/** In the order stored, each name once; the first one has it. Throws `Malformed`. */
export async function readFolder(tree: Tree, folder: Node, read: ReadAt): Promise<readonly Node[]> {
  const nodes = new Map<string, Node>();
  const work = folderWork(read);
  const areas = areasOf(read, tree.sizeBytes, work);
  const bounds = new Bounds(folder);
  for (const extent of extentsToRead(folder)) {
    const bytes = await readWhole(read, extent.position, extent.lengthBytes, 'a folder');
    for (const records of filesIn(bounds.counted(recordsIn(bytes, extent.position), work))) {
      const made = nodeOf(tree, records, areas);
      const node = made instanceof Promise ? await made : made;
      if (node && !nodes.has(node.name)) nodes.set(node.name, bounds.kept(node));
      const turn = work.turn();
      if (turn) await turn;
    }
  }
  return [...nodes.values()];
}

/** How many records there may be, and how much text they may come to. */
class Bounds {
  readonly #place: number;
  #records = 0;
  #chars = 0;

  constructor(folder: Node) {
    this.#place = folder.place;
  }

  *counted(records: Iterable<DirectoryRecord>, work: Work): Generator<DirectoryRecord> {
    for (const record of records) {
      work.look(record.lengthBytes + RECORD_OCTETS);
      if (++this.#records > MAX_RECORDS) throw this.#beyond(`${MAX_RECORDS} entries`);
      yield record;
    }
  }

  kept(node: Node): Node {
    this.#chars += node.name.length + (node.target?.length ?? 0);
    if (this.#chars > MAX_TEXT_CHARS) throw this.#beyond(`${MAX_TEXT_CHARS} characters of names and links`);
    return node;
  }

  #beyond(what: string): Malformed {
    return new Malformed(`damaged: more than ${what} in a folder`, this.#place);
  }
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
export function* filesIn(records: Iterable<DirectoryRecord>): Generator<readonly DirectoryRecord[]> {
  let parts: DirectoryRecord[] = [];
  for (const record of records) {
    if (isSelfOrParent(record) || (record.flags & FLAG_ASSOCIATED) !== 0) continue;
    if (parts[0] && Buffer.compare(parts[0].identifier, record.identifier) !== 0) {
      yield parts;
      parts = [];
    }
    if (parts.push(record) > MAX_PARTS)
      throw new Malformed(`damaged: a file in more than ${MAX_PARTS} parts`, record.place);
    if ((record.flags & FLAG_MULTI_EXTENT) === 0) {
      yield parts;
      parts = [];
    }
  }
  if (parts.length > 0) yield parts;
}

/** Of one file's records. A promise only where something else has to be read: most folders need none but their own octets. */
export function nodeOf(
  tree: Tree,
  records: readonly DirectoryRecord[],
  areas: Areas,
): Node | undefined | Promise<Node | undefined> {
  const [first] = records;
  if (!first) return undefined;
  if (tree.names === 'joliet') return plainNode(tree, records, jolietName(first.identifier));
  if (tree.names === 'plain') return plainNode(tree, records, plainName(textOf(first.identifier)));
  const attributes = noAttributes();
  const rest = visitAttributes(tree, first, attributes, areas);
  const finish = () => rockRidgeNode(tree, records, attributes, areas);
  return rest ? rest.then(finish) : finish();
}

/** Takes what Rock Ridge says in a record into `to`. A promise where it goes on elsewhere. */
export function visitAttributes(tree: Tree, record: DirectoryRecord, to: Attributes, areas: Areas) {
  const area = record.systemUse.subarray(tree.skippedBytes);
  return visitEntries(area, (kind, data) => takeEntry(kind, data, to), tree.blockBytes, areas);
}

function rockRidgeNode(
  tree: Tree,
  records: readonly DirectoryRecord[],
  attributes: Attributes,
  areas: Areas,
): Node | undefined | Promise<Node | undefined> {
  const [first] = records;
  if (!first || attributes.isRelocated) return undefined;
  const name = nameOf(attributes) ?? plainName(textOf(first.identifier));
  if (!isFitName(name)) return undefined;
  if (attributes.childLba !== undefined) return relocatedNode(tree, attributes.childLba, name, first.place, areas);
  return withAttributes(plainNode(tree, records, name), attributes);
}

/** A folder whose record stands for one that lies elsewhere, which says of itself what it is. RRIP §4.1.5.1 */
async function relocatedNode(
  tree: Tree,
  lba: number,
  name: string,
  place: number,
  areas: Areas,
): Promise<Node | undefined> {
  const position = lba * tree.blockBytes;
  const folder = { name, place, kind: 'folder', mode: 0o555, uid: 0, gid: 0, modifiedMs: 0 } as const;
  if (position + SECTOR_BYTES > tree.sizeBytes)
    return { ...folder, sizeBytes: 0, extents: [], unreadable: 'outside-the-image' };
  const node = await selfNode(tree, position, areas);
  return node && { ...node, name, place };
}

/** A folder by its own record, the first one in it. */
export async function selfNode(tree: Tree, position: number, areas: Areas): Promise<Node | undefined> {
  const [self] = recordsIn(await areas.read(position, SECTOR_BYTES), position);
  if (!self || !isSelfOrParent(self)) return undefined;
  const attributes = noAttributes();
  await visitAttributes(tree, self, attributes, areas);
  const node = plainNode(tree, [self], 'self');
  return node?.kind === 'folder' ? withAttributes(node, attributes) : undefined;
}
