/** The boot catalogue of El Torito: which images on the medium firmware may start. El Torito 1.0 §2. */
import { ByteReader, latin1 } from '../core/bytes.ts';
import type { BootImage } from '../core/image.ts';
import { SECTOR_BYTES } from './ecma119.ts';
import type { ReadAt } from './volume.ts';

const SPECIFICATION = 'EL TORITO SPECIFICATION';
/** Figure 2: the boot record names the specification at octet 7 and the catalogue's sector at octet 0x47. */
const SPECIFICATION_AT = 7;
const CATALOG_AT = 0x47;
const RECORD_BYTES = 32;

const VALIDATION = 0x01;
const HEADER = 0x90;
const LAST_HEADER = 0x91;
const BOOTABLE = 0x88;
/** §2.1; UEFI 2.10 §13.3.2.1 adds its own. */
const PLATFORMS: Readonly<Record<number, BootImage['platform']>> = { 0: 'bios', 239: 'uefi' };
/** §2.2, the low four bits of the media type: the length of a floppy follows from its kind. */
const FLOPPY_BYTES: Readonly<Record<number, number>> = { 1: 1_228_800, 2: 1_474_560, 3: 2_949_120 };
const HARD_DISK = 4;
/** Lengths count these, whatever the medium's sectors are. */
const VIRTUAL_SECTOR_BYTES = 512;

/** In the catalogue's order, those inside the image alone; empty where there is none or its checksum is wrong. */
export async function readBootImages(
  read: ReadAt,
  sizeBytes: number,
  bootRecords: readonly Uint8Array[],
): Promise<readonly BootImage[]> {
  for (const bytes of bootRecords) {
    const r = new ByteReader(bytes).seek(SPECIFICATION_AT, 'boot system identifier');
    if (latin1(r.take(SPECIFICATION.length, 'boot system identifier')) !== SPECIFICATION) continue;
    const lba = r.seek(CATALOG_AT, 'boot catalogue').u32le('boot catalogue');
    // One sector, 64 records, is all that makers write.
    const catalog = new Uint8Array(SECTOR_BYTES);
    if ((await read(catalog, lba * SECTOR_BYTES)) < SECTOR_BYTES) continue;
    return decodeCatalog(catalog).filter((image) => image.position < sizeBytes);
  }
  return [];
}

/** Validation entry, initial entry, then headers with the entries of a platform each. */
function decodeCatalog(catalog: Uint8Array): BootImage[] {
  const r = new ByteReader(catalog);
  const validation = r.take(RECORD_BYTES, 'validation entry');
  if (!isValid(validation)) return [];
  let platform = new ByteReader(validation).skip(1, 'header').u8('platform');
  const images = bootImageOf(r.take(RECORD_BYTES, 'initial entry'), platform);
  let isLast = false;
  while (r.left >= RECORD_BYTES) {
    const bytes = r.take(RECORD_BYTES, 'entry');
    const kind = new ByteReader(bytes).u8('indicator');
    if (kind === HEADER || kind === LAST_HEADER) {
      if (isLast) break;
      platform = new ByteReader(bytes).skip(1, 'header').u8('platform');
      isLast = kind === LAST_HEADER;
    } else images.push(...bootImageOf(bytes, platform));
  }
  return images;
}

/** §2.1: the words add up to nothing. */
function isValid(bytes: Uint8Array): boolean {
  const r = new ByteReader(bytes);
  if (r.u8('header') !== VALIDATION) return false;
  r.seek(0, 'validation entry');
  let sum = 0;
  while (r.left > 0) sum += r.u16le('word');
  const key = r.seek(30, 'key').u16('key');
  return sum % 0x10000 === 0 && key === 0x55aa;
}

/** §2.2 and §2.4; nothing for what is not bootable: extensions, and the zeros behind the last one. */
function bootImageOf(bytes: Uint8Array, platform: number): BootImage[] {
  const r = new ByteReader(bytes);
  if (r.u8('boot indicator') !== BOOTABLE) return [];
  const media = r.u8('media type') % 16;
  const sectors = r.skip(4, 'load segment, system type').u16le('sector count');
  const position = r.u32le('load RBA') * SECTOR_BYTES;
  const floppyBytes = FLOPPY_BYTES[media];
  return [
    {
      platform: PLATFORMS[platform] ?? 'other',
      emulation: floppyBytes ? 'floppy' : media === HARD_DISK ? 'hard-disk' : 'none',
      position,
      lengthBytes: floppyBytes ?? sectors * VIRTUAL_SECTOR_BYTES,
    },
  ];
}
