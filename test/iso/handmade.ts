/** Images of ISO 9660 put together by hand, for what no maker would write. */
import { ByteWriter } from '../../src/core/bytes.ts';

export const SECTOR = 2048;
/** Where the root folder of a handmade image lies. */
export const ROOT_LBA = 20;

export interface RecordParts {
  readonly name: string | Uint8Array;
  readonly lba?: number;
  readonly sizeBytes?: number;
  /** 0 for a file, 2 for a folder. */
  readonly flags?: number;
  readonly attributeBlocks?: number;
  readonly unit?: number;
  readonly gap?: number;
  /** Seven octets. */
  readonly time?: readonly number[];
  readonly systemUse?: Uint8Array;
  /** What the record says of its own length, where that is a lie. */
  readonly lengthBytes?: number;
}

function both32(w: ByteWriter, value: number): ByteWriter {
  return w.put(little(value, 4)).u32(value);
}

export function little(value: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) % 256);
}

/** ECMA-119 §9.1 */
export function record(parts: RecordParts): Uint8Array {
  const name = typeof parts.name === 'string' ? Buffer.from(parts.name, 'latin1') : parts.name;
  const systemUse = parts.systemUse ?? new Uint8Array(0);
  const lengthBytes = 33 + name.length + (name.length % 2 === 0 ? 1 : 0) + systemUse.length;
  const w = new ByteWriter();
  w.u8(parts.lengthBytes ?? lengthBytes + (lengthBytes % 2)).u8(parts.attributeBlocks ?? 0);
  both32(both32(w, parts.lba ?? 30), parts.sizeBytes ?? 0);
  w.put(Uint8Array.from(parts.time ?? [124, 2, 29, 12, 34, 56, 0]));
  w.u8(parts.flags ?? 0)
    .u8(parts.unit ?? 0)
    .u8(parts.gap ?? 0)
    .put(Uint8Array.of(1, 0, 0, 1));
  w.u8(name.length).put(name);
  if (name.length % 2 === 0) w.u8(0);
  return w
    .put(systemUse)
    .zeros(lengthBytes % 2)
    .bytes();
}

/** The octets of a folder: itself, its parent, then `records`, none of them over the end of a sector. */
export function folder(records: readonly Uint8Array[], self: RecordParts = { name: '\0', lba: ROOT_LBA }): Uint8Array {
  const all = [
    record({ flags: 2, sizeBytes: SECTOR, ...self }),
    record({ name: '\x01', flags: 2, lba: ROOT_LBA, sizeBytes: SECTOR }),
    ...records,
  ];
  const w = new ByteWriter();
  for (const bytes of all) {
    if ((w.length % SECTOR) + bytes.length > SECTOR) w.zeros(SECTOR - (w.length % SECTOR));
    w.put(bytes);
  }
  return w.zeros((SECTOR - (w.length % SECTOR)) % SECTOR).bytes();
}

export interface ImageParts {
  /** By the sector where it lies; the root folder at `ROOT_LBA`. */
  readonly sectors: Readonly<Record<number, Uint8Array>>;
  readonly blocks?: number;
  readonly rootBytes?: number;
  readonly rootLba?: number;
  readonly blockBytes?: number;
}

/** A primary descriptor, a terminator, and what `sectors` has. */
export function image({ sectors, blocks = 64, ...of }: ImageParts): Uint8Array {
  const bytes = new Uint8Array(blocks * SECTOR);
  bytes.set(
    primary(blocks, of.rootLba ?? ROOT_LBA, of.rootBytes ?? sectors[ROOT_LBA]?.length ?? SECTOR, of.blockBytes),
    16 * SECTOR,
  );
  bytes.set(Buffer.from('\xffCD001\x01', 'latin1'), 17 * SECTOR);
  for (const [lba, part] of Object.entries(sectors)) bytes.set(part, Number(lba) * SECTOR);
  return bytes;
}

/** ECMA-119 §8.4 */
function primary(blocks: number, rootLba: number, rootBytes: number, blockBytes = SECTOR): Uint8Array {
  const w = new ByteWriter(SECTOR);
  w.put(Buffer.from('\x01CD001\x01\0'))
    .put(Buffer.from('LINUX'.padEnd(32)))
    .put(Buffer.from('HANDMADE'.padEnd(32)));
  both32(w.zeros(8), blocks)
    .zeros(32)
    .put(Uint8Array.of(1, 0, 0, 1, 1, 0, 0, 1));
  w.put(little(blockBytes, 2)).u16(blockBytes).zeros(24);
  return w.put(record({ name: '\0', flags: 2, lba: rootLba, sizeBytes: rootBytes })).bytes();
}

/** An entry of SUSP: two letters, length, version 1, data. */
export function entry(letters: string, data: Uint8Array | readonly number[] = [], lengthBytes?: number): Uint8Array {
  return Buffer.concat([Buffer.from(letters), Uint8Array.of(lengthBytes ?? data.length + 4, 1), Uint8Array.from(data)]);
}

/** A number in both byte orders. */
export function both(value: number): Uint8Array {
  return both32(new ByteWriter(8), value).bytes();
}

/** SUSP §5.1 */
export function continuation(lba: number, offset: number, lengthBytes: number): Uint8Array {
  return entry('CE', Buffer.concat([both(lba), both(offset), both(lengthBytes)]));
}

/** The root's own record with what makes a volume one of Rock Ridge. */
export const ROCK_RIDGE_ROOT: RecordParts = {
  name: '\0',
  lba: ROOT_LBA,
  systemUse: Buffer.concat([entry('SP', [0xbe, 0xef, 0]), entry('RR', [0x81])]),
};

/** A volume of Rock Ridge with these records in its root. */
export function rockRidgeImage(
  records: readonly Uint8Array[],
  sectors: Readonly<Record<number, Uint8Array>> = {},
): Uint8Array {
  return image({ sectors: { [ROOT_LBA]: folder(records, ROCK_RIDGE_ROOT), ...sectors } });
}

export function name(text: string | Uint8Array, flags = 0): Uint8Array {
  return entry('NM', Buffer.concat([Uint8Array.of(flags), typeof text === 'string' ? Buffer.from(text) : text]));
}
