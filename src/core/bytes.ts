/** Cursors over binary packets: every read is checked and names its field. The only file that indexes a buffer. */
import { type Ipv4, ipv4FromNumber, ipv4ToNumber } from './addr.ts';

/** Bytes that break a wire format. Thrown by codecs only; a service catches it once, counts it, drops the packet. */
export class Malformed extends Error {
  readonly what: string;
  /** Octets from the start of the packet. */
  readonly offset: number;
  constructor(what: string, offset: number) {
    super(`${what} at octet ${offset}`);
    this.name = 'Malformed';
    this.what = what;
    this.offset = offset;
  }
}

/** Reads fields in order, big-endian unless the name says otherwise. Slices share memory with the packet: copy what is kept longer than the packet. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get offset(): number {
    return this.#at;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(field: string): number {
    return this.#octet(this.#advance(1, field));
  }

  u16(field: string): number {
    return this.#pair(this.#advance(2, field));
  }

  u32(field: string): number {
    const at = this.#advance(4, field);
    return this.#pair(at) * 0x1_0000 + this.#pair(at + 2);
  }

  u16le(field: string): number {
    return this.#pairLe(this.#advance(2, field));
  }

  u32le(field: string): number {
    const at = this.#advance(4, field);
    return this.#pairLe(at) + this.#pairLe(at + 2) * 0x1_0000;
  }

  /** Exact up to 2^53, which no file is as long as; what is larger breaks the format. */
  u64le(field: string): number {
    const low = this.u32le(field);
    const value = this.u32le(field) * 0x1_0000_0000 + low;
    if (!Number.isSafeInteger(value)) throw new Malformed(`${field}: absurdly large`, this.#at - 8);
    return value;
  }

  skip(count: number, field: string): this {
    this.#advance(count, field);
    return this;
  }

  /** Goes to an octet of the packet, for structures whose parts say where they lie. */
  seek(offset: number, field: string): this {
    if (offset < 0 || offset > this.#bytes.length) throw new Malformed(`${field}: outside`, offset);
    this.#at = offset;
    return this;
  }

  ipv4(field: string): Ipv4 {
    return ipv4FromNumber(this.u32(field));
  }

  take(count: number, field: string): Uint8Array {
    const start = this.#advance(count, field);
    return this.#bytes.subarray(start, start + count);
  }

  rest(): Uint8Array {
    return this.take(this.left, 'rest');
  }

  /** The octets up to the next NUL, which is consumed but not returned; latin1, since no byte may be lost. */
  cString(field: string): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end < 0) throw new Malformed(`${field}: no terminating NUL`, this.#at);
    const text = latin1(this.#bytes.subarray(this.#at, end));
    this.#at = end + 1;
    return text;
  }

  #advance(count: number, field: string): number {
    if (count > this.left) throw new Malformed(`${field}: ${count} octets wanted, ${this.left} left`, this.#at);
    const start = this.#at;
    this.#at += count;
    return start;
  }

  #octet(at: number): number {
    return this.#bytes[at] ?? 0;
  }

  #pair(at: number): number {
    return this.#octet(at) * 0x100 + this.#octet(at + 1);
  }

  #pairLe(at: number): number {
    return this.#octet(at) + this.#octet(at + 1) * 0x100;
  }
}

/** Collects big-endian fields into one packet that grows as needed. */
export class ByteWriter {
  #bytes: Uint8Array;
  #at = 0;

  /** Cheapest where `sizeHint` is right. */
  constructor(sizeHint = 576) {
    this.#bytes = unwritten(sizeHint);
  }

  get length(): number {
    return this.#at;
  }

  u8(value: number): this {
    this.#room(1)[this.#at++] = value;
    return this;
  }

  /** Of a larger value the last two octets. */
  u16(value: number): this {
    const bytes = this.#room(2);
    bytes[this.#at++] = Math.floor(value / 0x100);
    bytes[this.#at++] = value;
    return this;
  }

  u32(value: number): this {
    return this.u16(Math.floor(value / 0x10000)).u16(value);
  }

  ipv4(value: Ipv4): this {
    return this.u32(ipv4ToNumber(value));
  }

  put(bytes: Uint8Array): this {
    this.#room(bytes.length).set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  /** `bytes` in a field of exactly `width` octets, padded with NUL. The caller has made sure that they fit. */
  putPadded(bytes: Uint8Array, width: number): this {
    if (bytes.length > width) throw new RangeError(`${bytes.length} octets do not fit a field of ${width}`);
    return this.put(bytes).zeros(width - bytes.length);
  }

  zeros(count: number): this {
    this.#room(count).fill(0, this.#at, this.#at + count);
    this.#at += count;
    return this;
  }

  /** What was written so far; shares memory with the writer, which is done with. */
  bytes(): Uint8Array {
    return this.#at === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, this.#at);
  }

  #room(count: number): Uint8Array {
    const needed = this.#at + count;
    if (needed > this.#bytes.length) {
      const grown = unwritten(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#at));
      this.#bytes = grown;
    }
    return this.#bytes;
  }
}

/** The runtime keeps as many octets inside of an object, which costs a tenth of memory of its own. */
const SMALL_BYTES = 64;

/** Octets of any value in memory of their own, for what is kept: one of many in a common piece would hold all of it. */
export function own(count: number): Uint8Array {
  return Buffer.allocUnsafeSlow(count);
}

/** A view of `count` octets from `at` on, at half the cost of `subarray`, which asks what kind of array there is. */
export function part(bytes: Uint8Array, at: number, count: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + at, count);
}

/** Octets of any value: whoever hands them on has written them all. */
function unwritten(count: number): Uint8Array {
  if (count <= SMALL_BYTES) return new Uint8Array(count);
  const pooled = Buffer.allocUnsafe(count);
  return new Uint8Array(pooled.buffer, pooled.byteOffset, count);
}

/**
 * For codecs that every packet passes and that have compared lengths before: big-endian, inlined by the runtime, nothing made. Beyond
 * the end they read 0 and write nothing.
 */
export function octetAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

export function pairAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) * 0x100 + (bytes[at + 1] ?? 0);
}

export function quadAt(bytes: Uint8Array, at: number): number {
  return pairAt(bytes, at) * 0x1_0000 + pairAt(bytes, at + 2);
}

export function setOctet(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
}

/** The first `count` octets of `from`, some hundreds, to the start of `into`: quicker than `set`, which wants a view of them. */
export function copyFirst(into: Uint8Array, from: Uint8Array, count: number): void {
  for (let at = 0; at < count; at++) into[at] = from[at] ?? 0;
}

/** `value`: 0 to 65,535. */
export function setPair(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

/** `value`: 0 to 2^32 - 1. */
export function setQuad(bytes: Uint8Array, at: number, value: number): void {
  setPair(bytes, at, value >>> 16);
  setPair(bytes, at + 2, value & 0xffff);
}

/** One character per octet, nothing lost and nothing interpreted. */
export function latin1(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('latin1');
}

/** As `latin1`, of the first `count` octets, without a view of them. */
export function latin1Part(bytes: Buffer, count: number): string {
  return bytes.toString('latin1', 0, count);
}

export function fromLatin1(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

export function hex(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('hex');
}

/** The same octets; most are a `Buffer` already, as datagrams come in one. */
function asBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, i) => octet === b[i]);
}
