/** The kinds of partition: where a block of each lies on the medium. UDF 2.60 §2.2.8 to 2.2.13. */
import { ByteReader, latin1, Malformed } from '../core/bytes.ts';
import { type Partition, type Space, volumeFile } from './udfcontent.ts';
import type { LogicalVolume, PartitionDescriptor, PartitionMap } from './udfdescriptors.ts';
import { decodeEntry, FILE_TYPE } from './udfentry.ts';
import { ignoreMalformed, type Medium, readExtents, readOctets } from './udfread.ts';
import { TAG, tagOf } from './udftag.ts';
import type { Extent } from './volume.ts';

/** Throws `Malformed` for a volume whose partitions are of a kind that nobody writes, or damaged. */
export async function openPartitions(
  medium: Medium,
  volume: LogicalVolume,
  descriptors: readonly PartitionDescriptor[],
): Promise<readonly Partition[]> {
  const partitions: Partition[] = [];
  for (const map of volume.maps) {
    const descriptor = descriptors.find(({ number }) => number === map.number);
    if (!descriptor) throw new Malformed(`UDF: no partition ${map.number}`, 0);
    const plain = plainPartition(descriptor.startSector, medium.blockBytes);
    partitions.push(await openPartition(map, plain, medium));
  }
  return partitions;
}

async function openPartition(map: PartitionMap, plain: Partition, medium: Medium): Promise<Partition> {
  if (map.kind === 'plain') return plain;
  if (map.kind === 'sparable') return await sparablePartition(map, plain, medium);
  // What these two are read by lies in the physical partition; short descriptors there say no number.
  const below: Space = { ...medium, partitions: [plain] };
  if (map.kind === 'metadata') return await metadataPartition(map.fileBlocks, below);
  if (map.kind === 'virtual') return await virtualPartition(below);
  throw new Malformed('UDF: a kind of partition that is not known', 0);
}

function plainPartition(startSector: number, blockBytes: number): Partition {
  return {
    locate: (block, lengthBytes) => [{ position: (startSector + block) * blockBytes, lengthBytes }],
  };
}

/** What writers make is 1024 long at most. */
const MAX_SPARED_PACKETS = 4096;

/** Defective packets lie elsewhere, by a table: rewritable CDs and DVDs. UDF 2.60 §2.2.9 and 2.2.12. */
async function sparablePartition(
  map: PartitionMap & { kind: 'sparable' },
  plain: Partition,
  medium: Medium,
): Promise<Partition> {
  const { blockBytes } = medium;
  const { packetBlocks } = map;
  if (packetBlocks === 0) throw new Malformed('UDF: packets of no length', 0);
  const spared = await readSparingTable(map, medium);
  if (spared.size === 0) return plain;
  const packetBytes = packetBlocks * blockBytes;
  const inOrder = [...spared].map(([packet, sector]) => ({ startAt: packet * blockBytes, sector }));
  return {
    locate: (block, lengthBytes) => {
      const runs: Extent[] = [];
      const end = block * blockBytes + lengthBytes;
      let at = block * blockBytes;
      const through = (to: number, run: (lengthBytes: number) => readonly Extent[]): void => {
        if (to > at) runs.push(...run(to - at));
        at = Math.max(at, to);
      };
      const first = firstWhere(inOrder, ({ startAt }) => startAt + packetBytes > at);
      for (let i = first; i < inOrder.length; i++) {
        const { startAt: start = end, sector = 0 } = inOrder[i] ?? {};
        if (start >= end) break;
        through(start, (length) => plain.locate(at / blockBytes, length));
        const position = sector * blockBytes + at - start;
        through(Math.min(end, start + packetBytes), (length) => [{ position, lengthBytes: length }]);
      }
      through(end, (length) => plain.locate(at / blockBytes, length));
      return runs;
    },
  };
}

/** By halves: where the first of `items` is for which `isAt` holds, as it does for all that follow. */
function firstWhere<Item>(items: readonly Item[], isAt: (item: Item) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const item = items[middle];
    if (item !== undefined && !isAt(item)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Packet to sector, in ascending order. Of two tables either will do. */
async function readSparingTable(
  map: PartitionMap & { kind: 'sparable' },
  medium: Medium,
): Promise<ReadonlyMap<number, number>> {
  for (const sector of map.tableSectors) {
    const lengthBytes = Math.min(map.tableBytes, 56 + MAX_SPARED_PACKETS * 8);
    const table = await readOctets(medium, sector * medium.blockBytes, lengthBytes).catch(ignoreMalformed);
    if (table && tagOf(table)?.identifier === TAG.sparingTable) return decodeSparingTable(table);
  }
  throw new Malformed('UDF: no sparing table', 0);
}

function decodeSparingTable(table: Uint8Array): ReadonlyMap<number, number> {
  const r = new ByteReader(table).skip(16 + 32, 'tag, sparingIdentifier');
  const count = Math.min(r.u16le('reallocationTableLength'), MAX_SPARED_PACKETS);
  r.skip(6, 'reserved, sequenceNumber');
  const entries = Array.from({ length: Math.min(count, Math.floor(r.left / 8)) }, () => {
    return [r.u32le('originalLocation'), r.u32le('mappedLocation')] as const;
  });
  // 0xFFFFFFF0 and above: free, or defective itself.
  return new Map(entries.filter(([packet]) => packet < 0xfffffff0).sort(([a], [b]) => a - b));
}

const MAX_METADATA_BYTES = 4 * 2 ** 30;
const MAX_METADATA_RUNS = 1024;

/** All entries and folders lie in one file, of which there may be a mirror: 2.50 and later. UDF 2.60 §2.2.10 and 2.2.13. */
async function metadataPartition(fileBlocks: readonly number[], below: Space): Promise<Partition> {
  for (const block of fileBlocks) {
    const runs = await readMetadataFile(block, below).catch(ignoreMalformed);
    if (!runs || runs.length > MAX_METADATA_RUNS) continue;
    const pieces = piecesOf(runs);
    return { locate: (at, lengthBytes) => within(pieces, at * below.blockBytes, lengthBytes) };
  }
  throw new Malformed('UDF: no metadata file', 0);
}

async function readMetadataFile(block: number, below: Space): Promise<readonly Extent[]> {
  const [run] = below.partitions[0]?.locate(block, below.blockBytes) ?? [];
  const position = run?.position ?? 0;
  const entry = decodeEntry(await readOctets(below, position, below.blockBytes));
  return await volumeFile({ entry, position, partition: 0 }, below, MAX_METADATA_BYTES);
}

/** A run with its place in the file. */
interface Piece {
  readonly startAt: number;
  readonly endAt: number;
  readonly position: number | undefined;
}

function piecesOf(runs: readonly Extent[]): readonly Piece[] {
  let endAt = 0;
  return runs.map(({ position, lengthBytes }) => {
    const startAt = endAt;
    endAt += lengthBytes;
    return { startAt, endAt, position };
  });
}

/** The part of the file that `lengthBytes` from `from` on make. */
function within(pieces: readonly Piece[], from: number, lengthBytes: number): readonly Extent[] {
  const found: Extent[] = [];
  const end = from + lengthBytes;
  let at = from;
  for (let i = firstWhere(pieces, ({ endAt }) => endAt > from); at < end; i++) {
    const piece = pieces[i];
    if (!piece) throw new Malformed('UDF: beyond the metadata file', 0);
    const { startAt, endAt, position } = piece;
    const stop = Math.min(end, endAt);
    found.push({ position: position === undefined ? undefined : position + at - startAt, lengthBytes: stop - at });
    at = stop;
  }
  return found;
}

const MAX_TABLE_BYTES = 4 * 1024 * 1024;
const MAX_VIRTUAL_BLOCKS = 64;

/**
 * Each block is looked up in a table, the last thing written on write-once media. Only entries lie in such a partition,
 * files in the physical one: what is longer than they ever are is refused. UDF 1.50 §2.2.10, 2.60 §2.2.11.
 */
async function virtualPartition(below: Space): Promise<Partition> {
  const table = await readAllocationTable(below);
  const { blockBytes } = below;
  const locateOne = (block: number): readonly Extent[] => {
    const entry = table.subarray(block * 4, block * 4 + 4);
    const physical = entry.length === 4 ? new ByteReader(entry).u32le('entry') : 0xffffffff;
    if (physical === 0xffffffff) throw new Malformed(`UDF: virtual block ${block} is nowhere`, 0);
    return below.partitions[0]?.locate(physical, blockBytes) ?? [];
  };
  return {
    locate: (block, lengthBytes) => {
      const blocks = Math.ceil(lengthBytes / blockBytes);
      if (blocks > MAX_VIRTUAL_BLOCKS) throw new Malformed('UDF: a file in the virtual partition', 0);
      const all = Array.from({ length: blocks }, (_, i) => locateOne(block + i)).flat();
      return all.map((run, i) => (i < blocks - 1 ? run : { ...run, lengthBytes: lengthBytes - i * blockBytes }));
    },
  };
}

/** Behind the table's entry a recorder leaves some run-out, and image makers padding. */
const TAIL_BLOCKS = 160;
const OLD_IDENTIFIER = '*UDF Virtual Alloc Tbl';

async function readAllocationTable(below: Space): Promise<Uint8Array> {
  const { blockBytes, sizeBytes } = below;
  const blocks = Math.floor(sizeBytes / blockBytes);
  const first = Math.max(0, blocks - TAIL_BLOCKS);
  const tail = await readOctets(below, first * blockBytes, (blocks - first) * blockBytes);
  for (let at = tail.length - blockBytes; at >= 0; at -= blockBytes) {
    const block = tail.subarray(at, at + blockBytes);
    const identifier = tagOf(block)?.identifier;
    if (identifier !== TAG.fileEntry && identifier !== TAG.extendedFileEntry) continue;
    const entry = decodeEntry(block);
    if (entry.fileType !== FILE_TYPE.allocationTable && entry.fileType !== FILE_TYPE.unspecified) continue;
    const placed = { entry, position: first * blockBytes + at, partition: 0 };
    const table = await readExtents(below, await volumeFile(placed, below, MAX_TABLE_BYTES));
    if (entry.fileType === FILE_TYPE.allocationTable)
      return table.subarray(new ByteReader(table).u16le('lengthOfHeader'));
    // 1.50: the entries come first, then 36 octets that say what they are.
    if (latin1(table.subarray(-35, -35 + OLD_IDENTIFIER.length)) === OLD_IDENTIFIER) return table.subarray(0, -36);
  }
  throw new Malformed('UDF: no virtual allocation table', 0);
}
