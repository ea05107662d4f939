/** UDF, revisions 1.02 to 2.60, as media for installation use it. ECMA-167, OSTA UDF 2.60. */
import { latin1, Malformed } from '../core/bytes.ts';
import { readBlock, type Space } from './udfcontent.ts';
import {
  decodeAnchor,
  decodeFileSet,
  decodeLogicalVolume,
  decodePartition,
  decodePrimaryVolume,
  decodeVolumePointer,
  type LogicalVolume,
  type PartitionDescriptor,
  type SectorExtent,
} from './udfdescriptors.ts';
import { childrenOf, rootNode } from './udfnodes.ts';
import { openPartitions } from './udfpartitions.ts';
import { nodeAt, parentOf } from './udfplaces.ts';
import { ignoreMalformed, type Medium, readOctets } from './udfread.ts';
import { TAG, tagOf } from './udftag.ts';
import { FolderTree } from './udftree.ts';
import type { Node, ReadAt, Volume } from './volume.ts';

export interface Udf extends Volume {
  /** As `readFolder` of `folder` has it, for which no more than its own entry is read. */
  childOf(folder: Node, name: string, read: ReadAt): Promise<Node | undefined>;
}

/**
 * The UDF on an image; undefined when there is none. Throws `Malformed` when there is one and it cannot be read. Boot
 * images are not its business: the ISO 9660 beside it knows them.
 */
export async function openUdf(read: ReadAt, sizeBytes: number): Promise<Udf | undefined> {
  if (!(await isRecognised(read, sizeBytes))) return undefined;
  const anchor = await findAnchor(read, sizeBytes);
  const medium = { read, sizeBytes, blockBytes: anchor.blockBytes };
  const described = await describe(medium, [anchor.main, anchor.reserve]);
  const { volume, partitions: descriptors } = described;
  const space: Space = { ...medium, partitions: await openPartitions(medium, volume, descriptors) };
  const fileSet = await readBlock(space, volume.fileSet);
  if (tagOf(fileSet)?.identifier !== TAG.fileSet) throw new Malformed('UDF: no file set', 0);
  const root = await rootNode(decodeFileSet(fileSet).root, space);
  const tree = new FolderTree();
  return {
    format: 'udf',
    names: 'udf',
    label: described.label,
    systemId: '',
    declaredBytes: declaredBytes(descriptors, medium.blockBytes),
    bootImages: [],
    root,
    // Whoever asks brings the means to read: the image may have been closed since.
    readFolder: async (folder, readNow) => tree.below(folder, await childrenOf(folder, { ...space, read: readNow })),
    childOf: async (folder, name, readNow) =>
      tree.below(folder, await childrenOf(folder, { ...space, read: readNow }, name))[0],
    nodeAt: (place, readNow) => nodeAt(root, place, { ...space, read: readNow }),
    parentOf: (folder, readNow) => parentOf(root, folder, { ...space, read: readNow }),
  };
}

const RECOGNITION_POSITION = 32_768;
const RECOGNITION_BYTES = 2048;
const RECOGNITION_SECTORS = 64;

/** Says one of the first descriptors that there is UDF? Before it may be those of ISO 9660. ECMA-167 2/9.1, 3/9.1. */
async function isRecognised(read: ReadAt, sizeBytes: number): Promise<boolean> {
  const lengthBytes = Math.min(RECOGNITION_SECTORS * RECOGNITION_BYTES, sizeBytes - RECOGNITION_POSITION);
  if (lengthBytes < RECOGNITION_BYTES) return false;
  const area = await readOctets({ read, sizeBytes }, RECOGNITION_POSITION, lengthBytes);
  for (let at = 0; at < area.length; at += RECOGNITION_BYTES) {
    const identifier = latin1(area.subarray(at + 1, at + 6));
    if (identifier === 'NSR02' || identifier === 'NSR03') return true;
  }
  return false;
}

interface Anchor {
  readonly blockBytes: number;
  readonly main: SectorExtent;
  readonly reserve: SectorExtent;
}

/** A sector of 2048 octets it nearly always is; disk images have 512, some disks 4096. */
const BLOCK_SIZES = [2048, 512, 4096, 1024];

/**
 * The anchor, which also tells the size of sectors, since it says what sector it is in: 256, the last one, or 256
 * before it; 512 on media never closed. ECMA-167 3/8.4.2.1, UDF 2.60 §2.2.3.
 */
async function findAnchor(read: ReadAt, sizeBytes: number): Promise<Anchor> {
  for (const blockBytes of BLOCK_SIZES) {
    const count = Math.floor(sizeBytes / blockBytes);
    for (const sector of [256, count - 1, count - 257, count - 256, 512]) {
      if (sector < 16 || sector >= count) continue;
      const block = await readOctets({ read, sizeBytes }, sector * blockBytes, blockBytes);
      const tag = tagOf(block);
      if (tag?.identifier === TAG.anchor && tag.location === sector) return { blockBytes, ...decodeAnchor(block) };
    }
  }
  throw new Malformed('UDF: no anchor', 256 * 2048);
}

interface Described {
  readonly label: string;
  readonly volume: LogicalVolume;
  readonly partitions: readonly PartitionDescriptor[];
}

/** By the first of the sequences of descriptors that describes a volume. */
async function describe(medium: Medium, sequences: readonly SectorExtent[]): Promise<Described> {
  for (const sequence of sequences) {
    const described = await readSequence(medium, sequence).catch(ignoreMalformed);
    if (described) return described;
  }
  throw new Malformed('UDF: no description of a volume', 0);
}

/** Sixteen sectors are usual. */
const MAX_DESCRIPTORS = 256;

/**
 * What a sequence of volume descriptors says: of each kind, and of each partition, the one of the highest number
 * counts. Undefined when the necessary ones are not in it. Damaged ones are passed over. ECMA-167 3/8.4.2.
 */
async function readSequence(medium: Medium, sequence: SectorExtent): Promise<Described | undefined> {
  const partitions = new Map<number, PartitionDescriptor>();
  let volume: LogicalVolume | undefined;
  let primary: { readonly sequence: number; readonly label: string } | undefined;
  for await (const { identifier, block } of descriptorsOf(medium, sequence)) {
    if (identifier === TAG.primaryVolume) primary = later(primary, decodePrimaryVolume(block));
    if (identifier === TAG.logicalVolume) volume = later(volume, decodeLogicalVolume(block));
    if (identifier !== TAG.partition) continue;
    const partition = decodePartition(block);
    partitions.set(partition.number, later(partitions.get(partition.number), partition));
  }
  // What a volume of blocks unlike its sectors would mean is not defined. UDF 2.60 §2.2.4.2.
  if (volume?.blockBytes !== medium.blockBytes || partitions.size === 0) return undefined;
  return { label: volume.label || primary?.label || '', volume, partitions: [...partitions.values()] };
}

function later<T extends { readonly sequence: number }>(known: T | undefined, found: T): T {
  return known && known.sequence > found.sequence ? known : found;
}

async function* descriptorsOf(
  medium: Medium,
  sequence: SectorExtent,
): AsyncGenerator<{ readonly identifier: number; readonly block: Uint8Array }> {
  let { sector } = sequence;
  let left = Math.floor(sequence.lengthBytes / medium.blockBytes);
  for (let seen = 0; left > 0 && seen < MAX_DESCRIPTORS; seen++, sector++, left--) {
    const position = sector * medium.blockBytes;
    if (position + medium.blockBytes > medium.sizeBytes) return;
    const block = await readOctets(medium, position, medium.blockBytes);
    const identifier = tagOf(block)?.identifier;
    if (identifier === TAG.terminating) return;
    if (identifier !== undefined) yield { identifier, block };
    if (identifier !== TAG.volumePointer) continue;
    const next = decodeVolumePointer(block);
    sector = next.sector - 1;
    left = Math.floor(next.lengthBytes / medium.blockBytes) + 1;
  }
}

/** To the end of the last partition; of media written once it is the room there was, which says nothing. */
function declaredBytes(partitions: readonly PartitionDescriptor[], blockBytes: number): number {
  const ends = partitions.map((p) => (p.accessType === 2 ? 0 : (p.startSector + p.sectors) * blockBytes));
  return Math.max(...ends);
}
