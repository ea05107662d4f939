/** What every descriptor of UDF begins with: a tag that says what it is, and two sums that say it is one. ECMA-167 3/7.2. */
import { ByteReader } from '../core/bytes.ts';

export const TAG_BYTES = 16;

/** ECMA-167 3/7.2.1 and 4/7.2.1; `sparingTable` is UDF's own, 2.60 §2.2.12. */
export const TAG = {
  sparingTable: 0,
  primaryVolume: 1,
  anchor: 2,
  volumePointer: 3,
  partition: 5,
  logicalVolume: 6,
  terminating: 8,
  fileSet: 256,
  fileIdentifier: 257,
  allocationExtent: 258,
  fileEntry: 261,
  extendedFileEntry: 266,
} as const;

export interface Tag {
  readonly identifier: number;
  /** The block it says it is in. */
  readonly location: number;
}

/**
 * The tag at the start of `block`; undefined when a sum is wrong: then something else stands there. As in Linux, a CRC
 * that goes beyond the block is let be. The location is for the caller: Linux refuses a wrong one everywhere, 7z never
 * looks, and media with wrong ones are about, so only anchors are held to it.
 */
export function tagOf(block: Uint8Array): Tag | undefined {
  const tag = tagWithoutCrc(block);
  if (!tag) return undefined;
  const { descriptorCrc, crcLength } = tag;
  if (TAG_BYTES + crcLength > block.length) return tag;
  return crc16(block.subarray(TAG_BYTES, TAG_BYTES + crcLength)) === descriptorCrc ? tag : undefined;
}

/** The same by its checksum alone: Linux asks no more of a file identifier, whose CRC some writers leave wrong. */
export function tagWithoutCrc(
  block: Uint8Array,
): (Tag & { readonly descriptorCrc: number; readonly crcLength: number }) | undefined {
  if (block.length < TAG_BYTES) return undefined;
  const r = new ByteReader(block);
  const identifier = r.u16le('tagIdentifier');
  const version = r.u16le('descriptorVersion');
  const checksum = r.u8('tagChecksum');
  r.skip(3, 'reserved, tagSerialNumber');
  const descriptorCrc = r.u16le('descriptorCRC');
  const crcLength = r.u16le('descriptorCRCLength');
  const location = r.u32le('tagLocation');
  const sum = block.subarray(0, TAG_BYTES).reduce((total, octet) => total + octet, -checksum);
  // 2: NSR02, 3: NSR03; a partition of the one on a volume of the other has been seen, so either will do.
  const isTag = sum % 0x100 === checksum && (version === 2 || version === 3);
  return isTag ? { identifier, location, descriptorCrc, crcLength } : undefined;
}

/** CRC of ITU-T V.41: polynomial 0x1021, first octet first, starting with 0. ECMA-167 3/7.2.6. */
const CRC_STEPS = Uint16Array.from({ length: 0x100 }, (_, octet) => {
  let crc = octet * 0x100;
  for (let bit = 0; bit < 8; bit++) crc = crc >= 0x8000 ? ((crc * 2) ^ 0x1021) & 0xffff : crc * 2;
  return crc;
});

export function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const octet of bytes) crc = ((crc << 8) & 0xff00) ^ (CRC_STEPS[(crc >> 8) ^ octet] ?? 0);
  return crc;
}
