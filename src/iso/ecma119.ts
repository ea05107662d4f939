/** Volume descriptors and directory records of ISO 9660, by the sections of ECMA-119, 4th edition. Names come elsewhere. */
import { ByteReader, latin1, Malformed } from '../core/bytes.ts';
import type { ReadAt } from './volume.ts';

/** §6.1.2: of every medium that installers come on. */
export const SECTOR_BYTES = 2048;
/** §6.2.1: the sectors before are the system area: a hybrid image's partition tables, which are nothing to us. */
const FIRST_DESCRIPTOR = 16;
/** Linux looks no further than sector 100. */
const MAX_DESCRIPTORS = 84;
const STANDARD_ID = 'CD001';
const BOOT_RECORD = 0;
const PRIMARY = 1;
const SUPPLEMENTARY = 2;
const TERMINATOR = 255;
const ROOT_RECORD_AT = 156;

/** §8.4 and §8.5. Text is padded with spaces. */
export interface VolumeDescriptor {
  /** Octet of the descriptor in the image. */
  readonly place: number;
  readonly systemId: Uint8Array;
  readonly volumeId: Uint8Array;
  /** In blocks of `blockBytes`. */
  readonly spaceSize: number;
  /** Which character set a supplementary one's names are in, §8.5.6. */
  readonly escapes: string;
  readonly blockBytes: number;
  readonly pathTableBytes: number;
  /** Of the one with little-endian numbers. */
  readonly pathTableLba: number;
  readonly root: DirectoryRecord;
}

export interface DescriptorSet {
  readonly primary: VolumeDescriptor;
  readonly supplementary: readonly VolumeDescriptor[];
  /** Boot records as they are, §8.2: what is in them is said by others. */
  readonly bootRecords: readonly Uint8Array[];
}

/** §9.1. Shares memory with the folder. */
export interface DirectoryRecord {
  /** Octet of the record in the image. */
  readonly place: number;
  readonly lengthBytes: number;
  readonly extendedAttributeBlocks: number;
  readonly extentLba: number;
  readonly dataBytes: number;
  readonly modifiedMs: number;
  readonly flags: number;
  /** Of its file units and the gaps between them; 0 where the data lie in one piece. */
  readonly interleave: number;
  readonly identifier: Uint8Array;
  /** §9.1.13: where Rock Ridge lives. */
  readonly systemUse: Uint8Array;
}

/** §9.1.6. Bit 0, hidden, is not minded: Linux and installers show such files. */
export const FLAG_DIRECTORY = 0x02;
export const FLAG_ASSOCIATED = 0x04;
/** More records of the same file follow. */
export const FLAG_MULTI_EXTENT = 0x80;

/** The descriptors, the first primary one wins; undefined where there are none. Throws `Malformed`. §6.7.1 */
export async function readDescriptors(read: ReadAt): Promise<DescriptorSet | undefined> {
  const primary: VolumeDescriptor[] = [];
  const supplementary: VolumeDescriptor[] = [];
  const bootRecords: Uint8Array[] = [];
  for (let i = 0; i < MAX_DESCRIPTORS; i++) {
    const place = (FIRST_DESCRIPTOR + i) * SECTOR_BYTES;
    const bytes = new Uint8Array(SECTOR_BYTES);
    if ((await read(bytes, place)) < SECTOR_BYTES) break;
    const r = new ByteReader(bytes);
    const type = r.u8('descriptor type');
    if (latin1(r.take(5, 'standard identifier')) !== STANDARD_ID || type === TERMINATOR) break;
    if (type === BOOT_RECORD) bootRecords.push(bytes);
    if (type === PRIMARY) primary.push(decodeDescriptor(bytes, place));
    if (type === SUPPLEMENTARY) supplementary.push(decodeDescriptor(bytes, place));
  }
  const [first] = primary;
  return first && { primary: first, supplementary, bootRecords };
}

/**
 * Of each number that is there in both byte orders, the little-endian one counts, as it does in Linux: makers of real
 * images have left the other one zero or wrong.
 */
function decodeDescriptor(bytes: Uint8Array, place: number): VolumeDescriptor {
  const r = new ByteReader(bytes).skip(8, 'descriptor header');
  const systemId = r.take(32, 'system identifier');
  const volumeId = r.take(32, 'volume identifier');
  const spaceSize = r.skip(8, 'unused').u32le('volume space size');
  const escapes = latin1(r.skip(4, 'volume space size, big-endian').take(32, 'escape sequences'));
  const blockBytes = r.skip(8, 'volume set').u16le('logical block size');
  if (![512, 1024, SECTOR_BYTES].includes(blockBytes))
    throw new Malformed(`damaged: a volume of blocks of ${blockBytes} octets`, place + 128);
  const pathTableBytes = r.skip(2, 'logical block size, big-endian').u32le('path table size');
  const pathTableLba = r.skip(4, 'path table size, big-endian').u32le('location of type L path table');
  const root = decodeRecord(r, ROOT_RECORD_AT, place);
  return { place, systemId, volumeId, spaceSize, escapes, blockBytes, pathTableBytes, pathTableLba, root };
}

/** §9.4: a folder, by its number; the root is the first one, and its parent. */
export interface PathTableRecord {
  readonly extentLba: number;
  readonly extendedAttributeBlocks: number;
  readonly parentNumber: number;
}

/** Throws `Malformed`. */
export function* pathTableRecordsIn(bytes: Uint8Array): Generator<PathTableRecord> {
  const r = new ByteReader(bytes);
  while (r.left > 0) {
    const nameBytes = r.u8('length of directory identifier');
    const extendedAttributeBlocks = r.u8('extended attribute record length');
    const extentLba = r.u32le('location of extent');
    const parentNumber = r.u16le('parent directory number');
    r.skip(nameBytes + (nameBytes % 2), 'directory identifier');
    yield { extentLba, extendedAttributeBlocks, parentNumber };
  }
}

/** Each record in a folder's octets, which begin at `place` in the image, the first one at `from`. Throws `Malformed`. §6.8.1.1 */
export function* recordsIn(bytes: Uint8Array, place: number, from = 0): Generator<DirectoryRecord> {
  const r = new ByteReader(bytes);
  for (let at = from; at < bytes.length; ) {
    const length = r.seek(at, 'directory record').u8('record length');
    if (length > 0) yield decodeRecord(r, at, place);
    // No record goes over a sector's end: zeros fill the rest of it.
    at = length > 0 ? at + length : (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES;
  }
}

const RECORD_BYTES = 33;

/** §9.1; `at` counts from where `r` begins, which is octet `place` of the image. */
function decodeRecord(r: ByteReader, at: number, place: number): DirectoryRecord {
  const lengthBytes = r.seek(at, 'directory record').u8('record length');
  if (lengthBytes <= RECORD_BYTES || lengthBytes > r.left + 1)
    throw new Malformed(`damaged: a directory record of ${lengthBytes} octets`, place + at);
  const fixed = {
    extendedAttributeBlocks: r.u8('extended attribute record length'),
    extentLba: r.u32le('location of extent'),
    dataBytes: r.skip(4, 'location of extent, big-endian').u32le('data length'),
    modifiedMs: recordingMs(r.skip(4, 'data length, big-endian')),
    flags: r.u8('file flags'),
    interleave: r.u8('file unit size') + r.u8('interleave gap size'),
  };
  const nameBytes = r.skip(4, 'volume sequence number').u8('length of file identifier');
  if (RECORD_BYTES + nameBytes > lengthBytes)
    throw new Malformed('damaged: a name longer than its directory record', place + at);
  const identifier = r.take(nameBytes, 'file identifier');
  // A pad octet makes the place of what follows an even one, §9.1.12.
  const padBytes = nameBytes % 2 === 0 ? 1 : 0;
  const systemUseBytes = lengthBytes - RECORD_BYTES - nameBytes - padBytes;
  const systemUse = systemUseBytes > 0 ? r.skip(padBytes, 'padding').take(systemUseBytes, 'system use') : NOTHING;
  return { place: place + at, lengthBytes, ...fixed, identifier, systemUse };
}

const NOTHING = new Uint8Array(0);

/** Out of quarters of an hour, -48 to 52. Others are none, as for Linux: genisoimage writes -96 for times behind January 2038. §9.1.5 */
export function eastOfGreenwichMs(octet: number): number {
  const quarters = octet < 128 ? octet : octet - 256;
  return quarters < -48 || quarters > 52 ? 0 : quarters * 900_000;
}

/** Seven octets, the last one quarters of an hour east of Greenwich; 0 for what is no time. §9.1.5 */
export function recordingMs(r: ByteReader): number {
  const year = 1900 + r.u8('year');
  const month = r.u8('month');
  const day = r.u8('day');
  const sinceMidnightMs = ((r.u8('hour') * 60 + r.u8('minute')) * 60 + r.u8('second')) * 1000;
  const zone = r.u8('offset from GMT');
  if (month < 1 || month > 12 || day < 1 || day > 31) return 0;
  return Date.UTC(year, month - 1, day) + sinceMidnightMs - eastOfGreenwichMs(zone);
}

/** The entries of one octet, 0 and 1, that each folder begins with: itself and its parent. §6.8.2.2 */
export function isSelfOrParent({ identifier }: DirectoryRecord): boolean {
  if (identifier.length !== 1) return identifier.length === 0;
  const name = latin1(identifier);
  return name === '\0' || name === '\x01';
}

export function isParent({ identifier }: DirectoryRecord): boolean {
  return latin1(identifier) === '\x01';
}

/**
 * A name without extensions as Linux shows it: in small letters, without version and the dot that nothing follows;
 * other semicolons, and slashes (of Acorn's tools), become dots. §7.5.1, fs/isofs/dir.c
 */
export function plainName(text: string): string {
  return text
    .replace(/\.?(;\d*)?$/, '')
    .replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())
    .replaceAll(/[;/]/g, '.');
}
