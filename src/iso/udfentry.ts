/** What describes one file or folder of UDF: its entry, where its content lies, and what a folder calls it. */
import { ByteReader, Malformed } from '../core/bytes.ts';
import { type BlockAddress, decodeLongAllocation } from './udfdescriptors.ts';
import { TAG, tagOf, tagWithoutCrc } from './udftag.ts';
import { nameOf, timestampMs } from './udftext.ts';

/** ECMA-167 4/14.6.6; 248 to 252 are UDF's own, 2.60 §2.3.5.2. */
export const FILE_TYPE = { unspecified: 0, folder: 4, file: 5, link: 12, allocationTable: 248, realTime: 249 } as const;

export interface Entry {
  readonly strategy: number;
  readonly fileType: number;
  readonly uid: number;
  readonly gid: number;
  /** 0o755; undefined when nobody may anything, which means that nobody said. */
  readonly mode: number | undefined;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** How `descriptors` are to be read. 0 short, 1 long, 2 extended, 3 they are the content itself. */
  readonly allocation: number;
  /** Octet of `descriptors` in the block. */
  readonly descriptorsAt: number;
  /** Shares memory with the block. */
  readonly descriptors: Uint8Array;
}

/** A file entry or an extended one. Throws `Malformed` for anything else. ECMA-167 4/14.9, 4/14.17. */
export function decodeEntry(block: Uint8Array): Entry {
  const identifier = tagOf(block)?.identifier;
  const isExtended = identifier === TAG.extendedFileEntry;
  if (!isExtended && identifier !== TAG.fileEntry) throw new Malformed('UDF: no file entry', 0);
  const r = new ByteReader(block).skip(16 + 4, 'tag, priorRecordedNumberOfDirectEntries');
  const strategy = r.u16le('strategyType');
  r.skip(5, 'strategyParameter, maximumNumberOfEntries, reserved');
  const fileType = r.u8('fileType');
  r.skip(6, 'parentICBLocation');
  const flags = r.u16le('flags');
  const uid = ownerOf(r.u32le('uid'));
  const gid = ownerOf(r.u32le('gid'));
  const mode = modeOf(r.u32le('permissions'));
  r.skip(8, 'fileLinkCount, recordFormat, recordDisplayAttributes, recordLength');
  const sizeBytes = r.u64le('informationLength');
  r.skip(isExtended ? 16 + 12 : 8 + 12, 'objectSize, logicalBlocksRecorded, accessTime');
  const modifiedMs = timestampMs(r.take(12, 'modificationTime'));
  r.skip(isExtended ? 24 + 8 + 32 : 12 + 4 + 16, 'times, checkpoint, extendedAttributeICB, streamDirectoryICB');
  r.skip(32 + 8, 'implementationIdentifier, uniqueId');
  const attributesBytes = r.u32le('lengthOfExtendedAttributes');
  const descriptorsBytes = r.u32le('lengthOfAllocationDescriptors');
  r.skip(attributesBytes, 'extendedAttributes');
  const descriptorsAt = r.offset;
  const descriptors = r.take(descriptorsBytes, 'allocationDescriptors');
  const content = { allocation: flags % 8, descriptorsAt, descriptors };
  return { strategy, fileType, uid, gid, mode, sizeBytes, modifiedMs, ...content };
}

/** 2^32-1 says that it has no owner. UDF 2.60 §2.3.6.1. */
function ownerOf(id: number): number {
  return id === 0xffffffff ? 0 : id;
}

/** Five bits each for others, group and owner: execute, write, read, change attributes, delete. ECMA-167 4/14.9.5. */
function modeOf(permissions: number): number | undefined {
  const of = (who: number): number => Math.floor(permissions / 2 ** (who * 5)) % 8;
  const mode = of(2) * 0o100 + of(1) * 0o10 + of(0);
  return mode === 0 ? undefined : mode;
}

/** ECMA-167 4/14.14.1.1: `unrecorded` holds zeros, `next` is where the descriptors go on. */
export interface Allocation extends BlockAddress {
  readonly kind: 'recorded' | 'unrecorded' | 'next';
  readonly lengthBytes: number;
}

const KINDS = ['recorded', 'unrecorded', 'unrecorded', 'next'] as const;
const DESCRIPTOR_BYTES = [8, 16, 20];

/**
 * Descriptors up to the first of no length, which is the last. Short ones lie in the entry's own partition. Throws
 * `Malformed` for extended ones of content that is stored compressed. ECMA-167 4/12 and 4/14.14.
 */
export function decodeAllocations(entry: Pick<Entry, 'allocation' | 'descriptors'>, own: number): Allocation[] {
  const each = DESCRIPTOR_BYTES[entry.allocation];
  if (each === undefined) throw new Malformed(`UDF: allocation descriptors of type ${entry.allocation}`, 0);
  const r = new ByteReader(entry.descriptors);
  const all: Allocation[] = [];
  while (r.left >= each) {
    const { length, block, partition } = decodeAllocation(r, entry.allocation, own);
    const lengthBytes = length % 0x4000_0000;
    if (lengthBytes === 0) break;
    const kind = KINDS[Math.floor(length / 0x4000_0000)] ?? 'next';
    all.push({ kind, lengthBytes, block, partition });
  }
  return all;
}

function decodeAllocation(r: ByteReader, type: number, own: number): BlockAddress & { readonly length: number } {
  if (type === 0) return { length: r.u32le('extentLength'), block: r.u32le('extentPosition'), partition: own };
  if (type === 1) return decodeLongAllocation(r);
  const length = r.u32le('extentLength');
  const recorded = r.u32le('recordedLength') % 0x4000_0000;
  if (recorded !== r.u32le('informationLength')) throw new Malformed('UDF: compressed extent', r.offset);
  const address = { block: r.u32le('logicalBlockNumber'), partition: r.u16le('partitionReferenceNumber') };
  r.skip(2, 'implementationUse');
  return { length, ...address };
}

/** The descriptors that a block of them holds. ECMA-167 4/14.5. */
export function decodeMoreAllocations(block: Uint8Array): Uint8Array {
  if (tagOf(block)?.identifier !== TAG.allocationExtent) throw new Malformed('UDF: no allocation descriptors', 0);
  const r = new ByteReader(block).skip(16 + 4, 'tag, previousAllocationExtentLocation');
  return r.take(r.u32le('lengthOfAllocationDescriptors'), 'allocationDescriptors');
}

export interface FolderName {
  readonly name: string;
  readonly isFolder: boolean;
  readonly entry: BlockAddress;
}

const DELETED = 4;
const PARENT = 8;

/**
 * The names a folder holds, in order, each once: the first of it counts. Deleted ones, the way up and what cannot be a
 * name are left out; hidden ones are shown, as 7z does: loaders ask for them. Throws `Malformed` for octets that are no
 * list of names, and for more than `most` of them, left out or not. ECMA-167 4/14.4.
 */
export function decodeFolder(content: Uint8Array, most: number): FolderName[] {
  const names = new Map<string, FolderName>();
  const r = new ByteReader(content);
  for (let count = 0; r.left > 0; count++) {
    const tag = tagWithoutCrc(content.subarray(r.offset));
    if (tag?.identifier !== TAG.fileIdentifier) throw new Malformed('UDF: no file identifier', r.offset);
    const { name, isFolder, entry } = decodeName(r);
    if (name !== undefined && !names.has(name)) names.set(name, { name, isFolder, entry });
    if (count >= most) throw new Malformed(`UDF: a folder of more than ${most} names`, r.offset);
  }
  return [...names.values()];
}

/** Where the entry is of the folder that this one is in: one of its names leads up, the first as a rule. ECMA-167 4/14.4.3 */
export function decodeParent(content: Uint8Array): BlockAddress | undefined {
  const r = new ByteReader(content);
  while (r.left > 0) {
    const tag = tagWithoutCrc(content.subarray(r.offset));
    if (tag?.identifier !== TAG.fileIdentifier) throw new Malformed('UDF: no file identifier', r.offset);
    const { isParent, entry } = decodeName(r);
    if (isParent) return entry;
  }
  return undefined;
}

interface AnyName extends Omit<FolderName, 'name'> {
  /** None of what is left out. */
  readonly name: string | undefined;
  readonly isParent: boolean;
}

function decodeName(r: ByteReader): AnyName {
  const start = r.offset;
  r.skip(16 + 2, 'tag, fileVersionNumber');
  const characteristics = r.u8('fileCharacteristics');
  const nameBytes = r.u8('lengthOfFileIdentifier');
  const { block, partition } = decodeLongAllocation(r);
  r.skip(r.u16le('lengthOfImplementationUse'), 'implementationUse');
  const identifier = r.take(nameBytes, 'fileIdentifier');
  // The padding of the very last one is missing on some media: Linux minds, 7z doesn't.
  r.skip(Math.min(r.left, (4 - ((r.offset - start) % 4)) % 4), 'padding');
  const isParent = (characteristics & PARENT) !== 0;
  const isLeftOut = isParent || (characteristics & DELETED) !== 0;
  const entry = { block, partition };
  return { name: isLeftOut ? undefined : nameOf(identifier), isFolder: (characteristics & 2) !== 0, isParent, entry };
}

/** What a component of a path stands for; 5 is a name. A root of the writer's own choosing (1) is taken for the root. */
const COMPONENTS: Readonly<Record<number, string>> = { 1: '/', 2: '/', 3: '..', 4: '.' };

/** The path a link leads to: `../live/vmlinuz`. Throws `Malformed` for what is no path. ECMA-167 4/14.16. */
export function decodeLink(content: Uint8Array): string {
  const r = new ByteReader(content);
  const parts: string[] = [];
  while (r.left > 0) {
    const type = r.u8('componentType');
    const lengthBytes = r.u8('lengthOfComponentIdentifier');
    r.skip(2, 'componentFileVersionNumber');
    const identifier = r.take(lengthBytes, 'componentIdentifier');
    const part = type === 5 ? nameOf(identifier) : COMPONENTS[type];
    if (part === undefined) throw new Malformed('UDF: a link that leads nowhere', r.offset);
    if (part === '/') parts.splice(0, parts.length, '');
    else parts.push(part);
  }
  return parts.length === 1 && parts[0] === '' ? '/' : parts.join('/');
}
