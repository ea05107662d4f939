/** XDR: what RPC's values look like on the wire, in multiples of four octets, big-endian. RFC 4506. */
import { ByteWriter, Malformed, part, quadAt } from '../core/bytes.ts';

const WORD_BYTES = 4;
const HIGH_WORD = 0x1_0000_0000;
/** A mark of the order of octets in front of a name is part of it: nobody else leaves it out. */
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Reads fields in order; throws `Malformed`, which names the field. Slices share memory with the record. */
export class XdrReader {
  readonly #bytes: Uint8Array;
  #at: number;

  /** `at`: where in `bytes` the first field is; no view has to be made for what stands behind a header. */
  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u32(field: string): number {
    const at = this.#advance(WORD_BYTES, field);
    return quadAt(this.#bytes, at);
  }

  /** One that is no exact number comes as the largest that is: no file, no place in a folder is there. */
  u64(field: string): number {
    const at = this.#advance(2 * WORD_BYTES, field);
    const value = quadAt(this.#bytes, at) * HIGH_WORD + quadAt(this.#bytes, at + WORD_BYTES);
    return Math.min(value, Number.MAX_SAFE_INTEGER);
  }

  /** 0 or 1; everything else breaks the format. RFC 4506 §4.4 */
  bool(field: string): boolean {
    const value = this.u32(field);
    if (value > 1) throw new Malformed(`${field}: neither true nor false`, this.#at - WORD_BYTES);
    return value === 1;
  }

  /** `opaque<max>`, its filling skipped. Longer ones throw. */
  opaque(max: number, field: string): Uint8Array {
    const count = this.u32(field);
    if (count > max) throw new Malformed(`${field}: ${count} octets, ${max} at most`, this.#at - WORD_BYTES);
    return this.fixed(count, field);
  }

  /** `opaque[count]`. Its filling must be there; that it is zeros, nobody minds. RFC 4506 §4.9 */
  fixed(count: number, field: string): Uint8Array {
    const at = this.#advance(count + fillOf(count), field);
    return part(this.#bytes, at, count);
  }

  /** `string<max>` as UTF-8; octets that are none come as U+FFFD, which is in no name here. */
  text(max: number, field: string): string {
    return UTF8.decode(this.opaque(max, field));
  }

  #advance(count: number, field: string): number {
    const at = this.#at;
    if (count > this.#bytes.length - at) throw new Malformed(`${field}: ${count} octets wanted, ${this.left} left`, at);
    this.#at = at + count;
    return at;
  }
}

/** Collects fields. */
export class XdrWriter {
  readonly #to: ByteWriter;

  /** Cheapest where `sizeHint` is right. */
  constructor(sizeHint = 128) {
    this.#to = new ByteWriter(sizeHint);
  }

  get length(): number {
    return this.#to.length;
  }

  /** `value`: 0 to 2^32 - 1. */
  u32(value: number): this {
    this.#to.u32(value);
    return this;
  }

  /** `value`: a safe integer from 0 on. */
  u64(value: number): this {
    const high = Math.floor(value / HIGH_WORD);
    // A remainder of such numbers costs ten times as much.
    return this.u32(high).u32(value - high * HIGH_WORD);
  }

  bool(value: boolean): this {
    return this.u32(value ? 1 : 0);
  }

  /** `opaque<>`: its length, the octets, and zeros to a multiple of four. RFC 4506 §4.10 */
  opaque(bytes: Uint8Array): this {
    return this.u32(bytes.length).fixed(bytes);
  }

  /** `opaque[n]`; also fields that are encoded already. */
  fixed(bytes: Uint8Array): this {
    this.#to.put(bytes);
    const fill = fillOf(bytes.length);
    if (fill > 0) this.#to.zeros(fill);
    return this;
  }

  /** `string<>`, in UTF-8. */
  text(value: string): this {
    return this.opaque(Buffer.from(value));
  }

  /** What was written so far; shares memory with the writer, which is done with. */
  bytes(): Uint8Array {
    return this.#to.bytes();
  }
}

/** Octets that fill `count` up to a multiple of four. RFC 4506 §3 */
export function fillOf(count: number): number {
  return (WORD_BYTES - (count % WORD_BYTES)) % WORD_BYTES;
}
