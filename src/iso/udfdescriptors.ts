/** What describes a UDF volume as a whole: anchor, volume descriptors, partition maps, file set. */
import { ByteReader, latin1, Malformed } from '../core/bytes.ts';
import { dstring } from './udftext.ts';

/** Octets and sector of the medium. ECMA-167 3/7.1. */
export interface SectorExtent {
  readonly lengthBytes: number;
  readonly sector: number;
}

/** A block of a partition, by the partition's number in the table of maps. ECMA-167 4/7.1. */
export interface BlockAddress {
  readonly block: number;
  readonly partition: number;
}

/** ECMA-167 3/10.2. */
export function decodeAnchor(block: Uint8Array): { readonly main: SectorExtent; readonly reserve: SectorExtent } {
  const r = new ByteReader(block).skip(16, 'tag');
  return { main: sectorExtent(r), reserve: sectorExtent(r) };
}

/** Where the sequence of descriptors goes on. ECMA-167 3/10.3. */
export function decodeVolumePointer(block: Uint8Array): SectorExtent {
  return sectorExtent(new ByteReader(block).skip(20, 'tag, volumeDescriptorSequenceNumber'));
}

/** ECMA-167 3/10.1. */
export function decodePrimaryVolume(block: Uint8Array): { readonly sequence: number; readonly label: string } {
  const r = new ByteReader(block).skip(16, 'tag');
  const sequence = r.u32le('volumeDescriptorSequenceNumber');
  r.skip(4, 'primaryVolumeDescriptorNumber');
  return { sequence, label: dstring(r.take(32, 'volumeIdentifier')) };
}

export interface PartitionDescriptor {
  readonly sequence: number;
  readonly number: number;
  /** 1 read only, 2 write once, 3 rewritable, 4 overwritable. */
  readonly accessType: number;
  readonly startSector: number;
  readonly sectors: number;
}

/** ECMA-167 3/10.5. */
export function decodePartition(block: Uint8Array): PartitionDescriptor {
  const r = new ByteReader(block).skip(16, 'tag');
  const sequence = r.u32le('volumeDescriptorSequenceNumber');
  r.skip(2, 'partitionFlags');
  const number = r.u16le('partitionNumber');
  r.skip(32 + 128, 'partitionContents, partitionContentsUse');
  return {
    sequence,
    number,
    accessType: r.u32le('accessType'),
    startSector: r.u32le('partitionStartingLocation'),
    sectors: r.u32le('partitionLength'),
  };
}

/** How addresses in a partition lead to sectors; `number` is that of the partition descriptor. */
export type PartitionMap =
  | { readonly kind: 'plain'; readonly number: number }
  | { readonly kind: 'virtual'; readonly number: number }
  | {
      readonly kind: 'sparable';
      readonly number: number;
      readonly packetBlocks: number;
      readonly tableBytes: number;
      readonly tableSectors: readonly number[];
    }
  /** `fileBlocks`: the metadata file and its mirror. */
  | { readonly kind: 'metadata'; readonly number: number; readonly fileBlocks: readonly number[] }
  | { readonly kind: 'unknown'; readonly number: number };

export interface LogicalVolume {
  readonly sequence: number;
  readonly label: string;
  readonly blockBytes: number;
  readonly fileSet: BlockAddress;
  readonly maps: readonly PartitionMap[];
}

/** More than two are never needed: the physical one, and the virtual or metadata one above it. */
const MAX_MAPS = 8;

/** ECMA-167 3/10.6. */
export function decodeLogicalVolume(block: Uint8Array): LogicalVolume {
  const r = new ByteReader(block).skip(16, 'tag');
  const sequence = r.u32le('volumeDescriptorSequenceNumber');
  r.skip(64, 'descriptorCharacterSet');
  const label = dstring(r.take(128, 'logicalVolumeIdentifier'));
  const blockBytes = r.u32le('logicalBlockSize');
  r.skip(32, 'domainIdentifier');
  const { block: at, partition } = decodeLongAllocation(r);
  const tableBytes = r.u32le('mapTableLength');
  const count = r.u32le('numberofPartitionMaps');
  if (count > MAX_MAPS) throw new Malformed(`UDF: ${count} partition maps`, r.offset);
  r.skip(32 + 128 + 8, 'implementationIdentifier, implementationUse, integritySequenceExtent');
  const table = new ByteReader(r.take(tableBytes, 'partitionMaps'));
  const maps = Array.from({ length: count }, () => decodeMap(table));
  return { sequence, label, blockBytes, fileSet: { block: at, partition }, maps };
}

/** ECMA-167 3/10.7; the kinds of type 2 are in UDF 2.60 §2.2.8 to 2.2.10. */
function decodeMap(table: ByteReader): PartitionMap {
  const type = table.u8('partitionMapType');
  const lengthBytes = table.u8('partitionMapLength');
  const r = new ByteReader(table.take(Math.max(0, lengthBytes - 2), 'partitionMap'));
  if (type === 1) return { kind: 'plain', number: r.skip(2, 'volumeSequenceNumber').u16le('partitionNumber') };
  if (type !== 2) return { kind: 'unknown', number: 0 };
  r.skip(2 + 1, 'reserved, flags');
  const identifier = latin1(r.take(23, 'partitionTypeIdentifier')).replace(/\0.*$/s, '');
  r.skip(8 + 2, 'suffix, volumeSequenceNumber');
  const number = r.u16le('partitionNumber');
  if (identifier === '*UDF Virtual Partition') return { kind: 'virtual', number };
  if (identifier === '*UDF Sparable Partition') return decodeSparableMap(r, number);
  if (identifier !== '*UDF Metadata Partition') return { kind: 'unknown', number };
  const fileBlocks = [r.u32le('metadataFileLocation'), r.u32le('metadataMirrorFileLocation')];
  return { kind: 'metadata', number, fileBlocks };
}

function decodeSparableMap(r: ByteReader, number: number): PartitionMap {
  const packetBlocks = r.u16le('packetLength');
  const tables = r.u8('numberOfSparingTables');
  r.skip(1, 'reserved');
  const tableBytes = r.u32le('sizeOfEachSparingTable');
  const tableSectors = Array.from({ length: Math.min(tables, 4) }, () => r.u32le('locationOfSparingTable'));
  return { kind: 'sparable', number, packetBlocks, tableBytes, tableSectors };
}

/** ECMA-167 4/14.1: where the root's entry is. */
export function decodeFileSet(block: Uint8Array): { readonly root: BlockAddress } {
  const { block: at, partition } = decodeLongAllocation(new ByteReader(block).skip(400, 'tag to bibliographicFile'));
  return { root: { block: at, partition } };
}

/** `length` with the kind of the extent in its upper two bits. ECMA-167 4/14.14.2. */
export function decodeLongAllocation(r: ByteReader): BlockAddress & { readonly length: number } {
  const length = r.u32le('extentLength');
  const block = r.u32le('logicalBlockNumber');
  const partition = r.u16le('partitionReferenceNumber');
  r.skip(6, 'implementationUse');
  return { length, block, partition };
}

function sectorExtent(r: ByteReader): SectorExtent {
  return { lengthBytes: r.u32le('extentLength'), sector: r.u32le('extentLocation') };
}
