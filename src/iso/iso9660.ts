/** The ISO 9660 side of an image: of its trees, the one with the best names. */
import { Malformed } from '../core/bytes.ts';
import { readDescriptors, recordsIn, SECTOR_BYTES, type VolumeDescriptor } from './ecma119.ts';
import { readBootImages } from './eltorito.ts';
import { folderWork, readFolder, selfNode } from './folder.ts';
import { isJoliet } from './joliet.ts';
import { plainNode, type Tree } from './node.ts';
import { readWhole, textOf, tidied } from './octets.ts';
import { holderOf, nodeAt, parentOf } from './places.ts';
import { isRockRidge } from './rockridge.ts';
import { areasOf, sharingOf, visitEntries } from './susp.ts';
import type { Node, ReadAt, Volume } from './volume.ts';

export interface Iso9660 extends Volume {
  /** The folder among whose records `place` is, which may be any number; the root's own is the root. Throws `Malformed`. */
  holderOf(place: number, read: ReadAt): Promise<Node | undefined>;
}

/** Undefined where there are no descriptors of ISO 9660; throws `Malformed` for a damaged one. */
export async function openIso9660(read: ReadAt, sizeBytes: number): Promise<Iso9660 | undefined> {
  const descriptors = await readDescriptors(read);
  if (!descriptors) return undefined;
  const { primary, supplementary, bootRecords } = descriptors;
  const joliet = supplementary.find(isJoliet);
  const { tree, descriptor } =
    (await rockRidgeTree(primary, sizeBytes, read)) ??
    (joliet ? choice(joliet, 'joliet', sizeBytes) : choice(primary, 'plain', sizeBytes));
  const root = await rootNode(tree, descriptor, read);
  return {
    format: 'iso9660',
    names: tree.names,
    label: tidied(textOf(primary.volumeId)),
    systemId: tidied(textOf(primary.systemId)),
    declaredBytes: primary.spaceSize * primary.blockBytes,
    bootImages: await readBootImages(read, sizeBytes, bootRecords),
    root,
    readFolder: async (folder, readNow) => {
      const nodes = await readFolder(tree, folder, readNow);
      const mayHoldMoved = tree.names === 'rock-ridge' && folder.place === root.place;
      return mayHoldMoved ? await withoutMoved(tree, nodes, readNow) : nodes;
    },
    nodeAt: (place, readNow) => nodeAt({ tree, root, read: readNow }, place),
    parentOf: (folder, readNow) => parentOf({ tree, root, read: readNow }, folder),
    holderOf: (place, readNow) => holderOf({ tree, root, read: readNow }, place),
  };
}

/** A tree, and the descriptor that says where it begins. */
interface Choice {
  readonly tree: Tree;
  readonly descriptor: VolumeDescriptor;
}

function choice(descriptor: VolumeDescriptor, names: Tree['names'], sizeBytes: number, skippedBytes = 0): Choice {
  const { blockBytes, pathTableLba, pathTableBytes } = descriptor;
  const pathTable = { position: pathTableLba * blockBytes, lengthBytes: pathTableBytes };
  return { descriptor, tree: { names, sizeBytes, blockBytes, skippedBytes, pathTable } };
}

/** Undefined for a volume whose root folder does not begin with entries of Rock Ridge. */
async function rockRidgeTree(
  descriptor: VolumeDescriptor,
  sizeBytes: number,
  read: ReadAt,
): Promise<Choice | undefined> {
  const { blockBytes } = descriptor;
  const position = rootPosition(descriptor, sizeBytes);
  const [self] = recordsIn(await readWhole(read, position, SECTOR_BYTES, 'the root folder'), position);
  const sharing = self && sharingOf(self.systemUse);
  if (!sharing) return undefined;
  let isThere = false;
  const visit = (kind: number, data: Uint8Array): void => {
    isThere ||= isRockRidge(kind, data);
  };
  await visitEntries(
    self.systemUse.subarray(sharing.from),
    visit,
    blockBytes,
    areasOf(read, sizeBytes, folderWork(read)),
  );
  return isThere ? choice(descriptor, 'rock-ridge', sizeBytes, sharing.skipped) : undefined;
}

function rootPosition({ root, blockBytes, place }: VolumeDescriptor, sizeBytes: number): number {
  const position = (root.extentLba + root.extendedAttributeBlocks) * blockBytes;
  if (position + SECTOR_BYTES > sizeBytes) throw new Malformed('cut off: the file ends before the root folder', place);
  return position;
}

/** Its place is that of the record in the descriptor: no folder's record lies there. */
async function rootNode(tree: Tree, descriptor: VolumeDescriptor, read: ReadAt): Promise<Node> {
  const position = rootPosition(descriptor, tree.sizeBytes);
  const self =
    tree.names === 'rock-ridge'
      ? await selfNode(tree, position, areasOf(read, tree.sizeBytes, folderWork(read)))
      : undefined;
  const node = self ?? plainNode(tree, [descriptor.root], 'root');
  if (node?.kind !== 'folder') throw new Malformed('damaged: the root folder is no folder', descriptor.place);
  return { ...node, name: '', place: descriptor.root.place };
}

/** Where makers put folders that are too deep for ISO 9660; it shows only where there is anything else in it. */
const MOVED = /^\.?rr_moved$/i;

async function withoutMoved(tree: Tree, nodes: readonly Node[], read: ReadAt): Promise<readonly Node[]> {
  const moved = nodes.find(({ name, kind, unreadable }) => kind === 'folder' && !unreadable && MOVED.test(name));
  if (!moved || (await readFolder(tree, moved, read)).length > 0) return nodes;
  return nodes.filter((node) => node !== moved);
}
