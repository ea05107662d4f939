/** A picture of one pixel: GRUB paints the selected line with it. PNG, third edition; RFC 1950, RFC 1951 */
import { ByteWriter, fromLatin1 } from '../core/bytes.ts';
import { type Rgb, rgbOf } from './colours.ts';

const SIGNATURE = fromLatin1('\x89PNG\r\n\x1a\n');
const RGB = 2;

/** A PNG of the colour `#rrggbb`. */
export function pixelPng(colour: string): Uint8Array {
  const head = new ByteWriter().u32(1).u32(1).u8(8).u8(RGB).zeros(3).bytes();
  const [red, green, blue]: Rgb = rgbOf(colour);
  // A filter octet, none, goes before each row.
  const row = new ByteWriter().u8(0).u8(red).u8(green).u8(blue).bytes();
  return new ByteWriter()
    .put(SIGNATURE)
    .put(chunk('IHDR', head))
    .put(chunk('IDAT', stored(row)))
    .put(chunk('IEND', new Uint8Array()))
    .bytes();
}

/** §5.3: length, type, data, and the sum of the last two. */
function chunk(type: string, data: Uint8Array): Uint8Array {
  const summed = new ByteWriter().put(fromLatin1(type)).put(data).bytes();
  return new ByteWriter().u32(data.length).put(summed).u32(crc32(summed)).bytes();
}

/** zlib around one block that is not compressed: its length and that length inverted, little end first. RFC 1951 §3.2.4 */
function stored(data: Uint8Array): Uint8Array {
  const inverted = 0xff_ff - data.length;
  return new ByteWriter()
    .u16(0x78_01)
    .u8(1)
    .u8(data.length % 0x100)
    .u8(Math.floor(data.length / 0x100))
    .u8(inverted % 0x100)
    .u8(Math.floor(inverted / 0x100))
    .put(data)
    .u32(adler32(data))
    .bytes();
}

/** RFC 1950 §8.2 */
function adler32(data: Uint8Array): number {
  let low = 1;
  let high = 0;
  for (const octet of data) {
    low = (low + octet) % 65_521;
    high = (high + low) % 65_521;
  }
  return high * 0x1_0000 + low;
}

/** PNG, annex D. Exactly 32 bits, so that bit operations hold it. */
function crc32(data: Uint8Array): number {
  let sum = 0xff_ff_ff_ff;
  for (const octet of data) {
    sum ^= octet;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xed_b8_83_20 : sum >>> 1;
  }
  return (sum ^ 0xff_ff_ff_ff) >>> 0;
}
