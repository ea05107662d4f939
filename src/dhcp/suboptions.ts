/** Options inside an option: 43 by PXE 2.1 table 2-1, 175 by iPXE. */
import { ByteReader, ByteWriter } from '../core/bytes.ts';

const PAD = 0;
const END = 255;
/** One option holds 255 octets; dnsmasq leaves two more, as some firmware counts the header in. */
const MAX_BYTES = 253;
const USUAL_BYTES = 16;

/** What can be read of it: a value that is cut off ends it. */
export function readSubOptions(value: Uint8Array | undefined): ReadonlyMap<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  const r = new ByteReader(value ?? new Uint8Array(0));
  while (r.left > 0) {
    const code = r.u8('code');
    if (code === PAD) continue;
    if (code === END || r.left === 0) break;
    const length = r.u8('length');
    if (length > r.left) break;
    found.set(code, r.take(length, 'value'));
  }
  return found;
}

/** In that order and ended by 255; what would make it longer than 253 octets is left out whole. */
export function writeSubOptions(items: readonly (readonly [number, Uint8Array])[]): Uint8Array {
  const w = new ByteWriter(USUAL_BYTES);
  for (const [code, value] of items) {
    if (w.length + value.length + 3 <= MAX_BYTES) w.u8(code).u8(value.length).put(value);
  }
  return w.u8(END).bytes();
}
