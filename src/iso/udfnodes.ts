/** Files and folders of UDF as nodes: the entries that a folder's names lead to, read many at a time. */
import { Malformed } from '../core/bytes.ts';
import { Budget, contentOf, type PlacedEntry, placeOf, type Space } from './udfcontent.ts';
import type { BlockAddress } from './udfdescriptors.ts';
import { decodeEntry, decodeFolder, decodeLink, type Entry, FILE_TYPE, type FolderName } from './udfentry.ts';
import { groupsOf, isInside, readExtents, readOctets } from './udfread.ts';
import type { Extent, Node } from './volume.ts';
import { Work } from './work.ts';

const MAX_FOLDER_BYTES = 8 * 1024 * 1024;
const MAX_NAMES = 65_536;
const MAX_LINK_BYTES = 16 * 1024;
const MOST_READ_BYTES = 256 * 1024;
/** As many blocks of the largest kind as there may be names. */
const MAX_WORK_OCTETS = MAX_NAMES * 4096;

/** What cannot be read of a node; its name is there all the same. */
type Unreadable = 'damaged' | 'outside-the-image' | 'strategy-4096';

/** Throws `Malformed` when there is no readable root: then there is nothing on the volume. */
export async function rootNode(at: BlockAddress, space: Space): Promise<Node> {
  const node = await namelessNode(placeOf(space, at), at.partition, space);
  if (node.kind !== 'folder') throw new Malformed('UDF: the root is no folder', node.place);
  if (node.unreadable) throw new Malformed(`UDF: the root is ${node.unreadable}`, node.place);
  return node;
}

/** That whose entry is at octet `position`, in `partition`. Throws `Malformed` when none is. */
export async function namelessNode(position: number, partition: number, space: Space): Promise<Node> {
  const entry = decodeEntry(await readOctets(space, position, space.blockBytes));
  return await nodeOf('', { entry, position, partition }, space, new Budget());
}

/**
 * What a folder holds, in the order stored, or what of it is called `only`; names of one file share all but the name.
 * Throws `Malformed` when the folder itself can't be read.
 */
export async function childrenOf(folder: Node, space: Space, only?: string): Promise<Node[]> {
  if (folder.kind !== 'folder') throw new Malformed(`UDF: ${folder.name} is no folder`, folder.place);
  if (folder.unreadable) throw new Malformed(`UDF: ${folder.name} is ${folder.unreadable}`, folder.place);
  if (folder.sizeBytes > MAX_FOLDER_BYTES) throw new Malformed(`UDF: ${folder.name} is too large`, folder.place);
  const all = decodeFolder(await readExtents(space, folder.extents), MAX_NAMES);
  const places = new Map(all.map((name) => [name, placeOf(space, name.entry)]));
  const names = only === undefined ? all : all.filter(({ name }) => name === only);
  const byPlace = Map.groupBy(names, (name) => places.get(name) ?? 0);
  const nodes = new Map<FolderName, Node>();
  const budget = new Budget();
  const work = new Work(space.read, MAX_WORK_OCTETS);
  for (const group of groupsOf(byPlace.keys(), space.blockBytes, MOST_READ_BYTES)) {
    for (const { position, entry } of await readEntries(group, space)) {
      const known = new Map<number, Node>();
      for (const name of byPlace.get(position) ?? []) {
        const { partition } = name.entry;
        const same = known.get(partition);
        const made = same && { ...same, name: name.name };
        const node = made ?? (await namedNode(name, { entry, position, partition }, space, budget));
        if (typeof entry !== 'string') known.set(partition, node);
        nodes.set(name, node);
      }
      work.look(space.blockBytes);
      await work.turn();
    }
  }
  return names.flatMap((name) => nodes.get(name) ?? []);
}

function namedNode(
  name: FolderName,
  { entry, position, partition }: Omit<PlacedEntry, 'entry'> & { readonly entry: Entry | Unreadable },
  space: Space,
  budget: Budget,
): Node | Promise<Node> {
  if (typeof entry === 'string') return stub(name, position, entry);
  return nodeOf(name.name, { entry, position, partition }, space, budget);
}

/** The entries at `positions`, which are neighbours, by one read; or why one is none. */
async function readEntries(
  positions: readonly number[],
  space: Space,
): Promise<{ readonly position: number; readonly entry: Entry | Unreadable }[]> {
  const { blockBytes, sizeBytes } = space;
  const inside = positions.filter((position) => isInside({ position, lengthBytes: blockBytes }, sizeBytes));
  const first = inside[0] ?? 0;
  const last = inside.at(-1);
  const octets = last === undefined ? new Uint8Array(0) : await readOctets(space, first, last + blockBytes - first);
  return positions.map((position) => {
    const block = octets.subarray(position - first, position - first + blockBytes);
    return { position, entry: inside.includes(position) ? entryIn(block) : 'outside-the-image' };
  });
}

function entryIn(block: Uint8Array): Entry | Unreadable {
  try {
    return decodeEntry(block);
  } catch (e) {
    if (e instanceof Malformed) return 'damaged';
    throw e;
  }
}

/** A name whose entry says nothing. */
function stub({ name, isFolder }: FolderName, place: number, unreadable: Unreadable): Node {
  const nothing = { sizeBytes: 0, modifiedMs: 0, uid: 0, gid: 0, extents: [] };
  return { name, kind: isFolder ? 'folder' : 'file', mode: isFolder ? 0o555 : 0o444, ...nothing, unreadable, place };
}

/** Two names of one file are nodes of one place. */
async function nodeOf(name: string, placed: PlacedEntry, space: Space, budget: Budget): Promise<Node> {
  const { entry, position: place } = placed;
  const { modifiedMs, uid, gid } = entry;
  const kind = kindOf(entry.fileType);
  const mode = entry.mode ?? (kind === 'folder' ? 0o555 : 0o444);
  const bare = { name, kind, sizeBytes: 0, modifiedMs, mode, uid, gid, extents: [], place };
  if (kind === 'other') return bare;
  const found = await readable(placed, space, budget);
  if (typeof found === 'string')
    return { ...bare, sizeBytes: kind === 'link' ? 0 : entry.sizeBytes, unreadable: found };
  if (kind !== 'link') return { ...bare, sizeBytes: entry.sizeBytes, extents: found };
  const target = await linkTarget(found, entry, space, budget);
  return target === undefined ? { ...bare, unreadable: 'bad-link' } : { ...bare, target };
}

function kindOf(fileType: number): Node['kind'] {
  if (fileType === FILE_TYPE.folder) return 'folder';
  if (fileType === FILE_TYPE.link) return 'link';
  const { file, unspecified, realTime } = FILE_TYPE;
  return fileType === file || fileType === unspecified || fileType === realTime ? 'file' : 'other';
}

/** The runs of an entry's content, or why they can't be had. Strategy 4096 is of write-once media, ECMA-167 4/A.5. */
async function readable(placed: PlacedEntry, space: Space, budget: Budget): Promise<Extent[] | Unreadable> {
  if (placed.entry.strategy !== 4) return 'strategy-4096';
  try {
    const extents = await contentOf(placed, space, budget);
    return extents.every((extent) => isInside(extent, space.sizeBytes)) ? extents : 'outside-the-image';
  } catch (e) {
    if (e instanceof Malformed) return 'damaged';
    throw e;
  }
}

async function linkTarget(
  extents: readonly Extent[],
  { sizeBytes }: Entry,
  space: Space,
  budget: Budget,
): Promise<string | undefined> {
  if (sizeBytes > MAX_LINK_BYTES) return undefined;
  try {
    budget.takeLink(sizeBytes);
    return decodeLink(await readExtents(space, extents));
  } catch (e) {
    if (e instanceof Malformed) return undefined;
    throw e;
  }
}
