/** Fields of UDF, written. */

/** A block of a partition, by the partition's number in the table of maps. */
export interface Address {
  readonly block: number;
  readonly partition: number;
}

const TAG_VERSION = 3;

/** UDF 2.60 §2.1.1. */
export function osta(text: string): Buffer {
  if (/^[\x00-\xff]*$/.test(text)) return Buffer.concat([Buffer.from([8]), Buffer.from(text, 'latin1')]);
  return Buffer.concat([Buffer.from([16]), Buffer.from(text, 'utf16le').swap16()]);
}

export function dstring(into: Buffer, at: number, width: number, text: string): void {
  const encoded = osta(text);
  encoded.copy(into, at);
  into.writeUInt8(encoded.length, at + width - 1);
}

export function regid(into: Buffer, at: number, identifier: string): void {
  into.write(identifier, at + 1, 'latin1');
  into.writeUInt16LE(0x0260, at + 24);
}

/** All text is in OSTA compressed unicode. UDF 2.60 §2.1.2. */
export function charspec(into: Buffer, at: number): void {
  into.write('OSTA Compressed Unicode', at + 1, 'latin1');
}

export function longAllocation(lengthBytes: number, { block, partition }: Address): Buffer {
  const long = Buffer.alloc(16);
  long.writeUInt32LE(lengthBytes, 0);
  long.writeUInt32LE(block, 4);
  long.writeUInt16LE(partition, 8);
  return long;
}

/** `length` with the kind of extent in its upper two bits; `kind` 0 short, 1 long, 2 extended. */
export function allocation(kind: number, length: number, at: Address): Buffer {
  if (kind === 1) return longAllocation(length, at);
  const short = Buffer.alloc(8);
  short.writeUInt32LE(length, 0);
  short.writeUInt32LE(at.block, 4);
  if (kind === 0) return short;
  const extended = Buffer.alloc(20);
  extended.writeUInt32LE(length, 0);
  extended.writeUInt32LE(length % 2 ** 30, 4);
  extended.writeUInt32LE(length % 2 ** 30, 8);
  extended.writeUInt32LE(at.block, 12);
  extended.writeUInt16LE(at.partition, 16);
  return extended;
}

export function timestamp(atMs: number): Buffer {
  const date = new Date(atMs);
  const stamp = Buffer.alloc(12);
  stamp.writeUInt16LE(0x1000, 0);
  stamp.writeInt16LE(date.getUTCFullYear(), 2);
  [date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].forEach(
    (part, i) => {
      stamp.writeUInt8(part, 4 + i);
    },
  );
  return stamp;
}

/** `block` with a tag before its 17th octet, CRC and checksum right. ECMA-167 3/7.2. */
export function tagged(block: Buffer, identifier: number, location: number): Buffer {
  block.writeUInt16LE(identifier, 0);
  block.writeUInt16LE(TAG_VERSION, 2);
  block.writeUInt32LE(location, 12);
  block.writeUInt16LE(Math.min(block.length - 16, 0xffff), 10);
  return sign(block);
}

/** Makes CRC and checksum right again, whatever is in the block: so that what lies behind them is read. */
export function sign(block: Buffer): Buffer {
  const crcBytes = Math.min(block.readUInt16LE(10), block.length - 16);
  let crc = 0;
  for (const octet of block.subarray(16, 16 + crcBytes)) {
    crc ^= octet << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  block.writeUInt16LE(crc, 8);
  block.writeUInt8(0, 4);
  block.writeUInt8(block.subarray(0, 16).reduce((sum, octet) => sum + octet, 0) % 0x100, 4);
  return block;
}
