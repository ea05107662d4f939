/** The DHCP message, RFC 2131 §2 figure 1, with options as RFC 2132 and RFC 3396 encode them. */
import type { Ipv4 } from '../core/addr.ts';
import { ByteReader, ByteWriter, Malformed } from '../core/bytes.ts';

export interface DhcpPacket {
  readonly op: number;
  readonly htype: number;
  readonly hlen: number;
  readonly hops: number;
  readonly xid: number;
  readonly secs: number;
  readonly flags: number;
  readonly ciaddr: Ipv4;
  readonly yiaddr: Ipv4;
  readonly siaddr: Ipv4;
  readonly giaddr: Ipv4;
  /** 16 octets, of which `hlen` count. */
  readonly chaddr: Uint8Array;
  /** At most 64 octets; empty where it carried options (RFC 2132 §9.3). */
  readonly sname: Uint8Array;
  /** At most 128 octets; empty where it carried options. */
  readonly file: Uint8Array;
  /** In wire order; a repeated option is joined to one value (RFC 3396 §7). Neither PAD, END nor 52. */
  readonly options: Options;
}

export type Options = ReadonlyMap<number, Uint8Array>;

export const BOOTREQUEST = 1;
export const BOOTREPLY = 2;
/** Flag B: the client cannot take unicast before it has an address. RFC 2131 §2. */
export const BROADCAST_FLAG = 0x8000;

const MAGIC_COOKIE = 0x63825363;
const PAD = 0;
const OVERLOAD = 52;
const RELAY_AGENT = 82;
const END = 255;
const FIXED_BYTES = 240;
const SNAME_AT = 44;
const SNAME_BYTES = 64;
const FILE_AT = 108;
const FILE_BYTES = 128;
/** The BOOTP message that old relays and ROMs insist on. RFC 1542 §2.1. */
const MINIMUM_BYTES = 300;

/** Throws `Malformed`, nothing else. The values share memory with `bytes`. */
export function decode(bytes: Uint8Array): DhcpPacket {
  const r = new ByteReader(bytes);
  const packet = {
    op: r.u8('op'),
    htype: r.u8('htype'),
    hlen: r.u8('hlen'),
    hops: r.u8('hops'),
    xid: r.u32('xid'),
    secs: r.u16('secs'),
    flags: r.u16('flags'),
    ciaddr: r.ipv4('ciaddr'),
    yiaddr: r.ipv4('yiaddr'),
    siaddr: r.ipv4('siaddr'),
    giaddr: r.ipv4('giaddr'),
    chaddr: r.take(16, 'chaddr'),
    sname: textField(r.take(SNAME_BYTES, 'sname')),
    file: textField(r.take(FILE_BYTES, 'file')),
    options: new Map<number, Uint8Array>(),
  };
  if (packet.hlen > 16) throw new Malformed(`hlen ${packet.hlen}`, 2);
  const cookie = r.u32('cookie');
  // BOOTP before RFC 1048: the field is the vendor's own, and empty as a rule.
  if (cookie === 0) return packet;
  if (cookie !== MAGIC_COOKIE) throw new Malformed('magic cookie', FIXED_BYTES - 4);
  readOptions(r, packet.options);
  return packet.options.has(OVERLOAD) ? withOverload(packet, bytes) : packet;
}

/** RFC 3396 §5: the aggregate is options, then file, then sname, as far as option 52 names them. */
function withOverload(packet: DhcpPacket & { readonly options: Map<number, Uint8Array> }, bytes: Uint8Array) {
  const { options } = packet;
  const overload = options.get(OVERLOAD)?.[0] ?? 0;
  const isFileTaken = overload === 1 || overload === 3;
  const isSnameTaken = overload === 2 || overload === 3;
  options.delete(OVERLOAD);
  if (isFileTaken) readOptions(fieldAt(bytes, FILE_AT, FILE_BYTES), options);
  if (isSnameTaken) readOptions(fieldAt(bytes, SNAME_AT, SNAME_BYTES), options);
  // A second 52 inside an overloaded field has no meaning: the first one decided.
  options.delete(OVERLOAD);
  return { ...packet, sname: isSnameTaken ? NONE : packet.sname, file: isFileTaken ? NONE : packet.file };
}

const NONE = new Uint8Array(0);

function fieldAt(bytes: Uint8Array, offset: number, width: number): ByteReader {
  return new ByteReader(bytes.subarray(offset, offset + width));
}

/** Up to the first NUL: what stands behind it in `sname` and `file` has no meaning. */
function textField(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

function readOptions(r: ByteReader, into: Map<number, Uint8Array>): void {
  while (r.left > 0) {
    const code = r.u8('option code');
    if (code === PAD) continue;
    if (code === END) break;
    const length = r.u8('option length');
    // Said here, so that a whole option costs no text.
    if (length > r.left) throw new Malformed(`option ${code}: ${length} octets wanted, ${r.left} left`, r.offset);
    const value = r.take(length, 'option');
    const before = into.get(code);
    into.set(code, before ? Buffer.concat([before, value]) : value);
  }
}

export interface EncodeLimits {
  /** The DHCP message without IP and UDP headers. */
  readonly maxBytes: number;
  /** Whether options may go on in `file` and `sname`, RFC 2132 §9.3. Boot ROMs read these fields as text: never for them. */
  readonly mayOverload: boolean;
}

/** RFC 2131 §2: what every client must take, 576 octets less 28 of IP and UDP headers. */
export const DEFAULT_LIMITS: EncodeLimits = { maxBytes: 548, mayOverload: false };

/**
 * The message on the wire, at least 300 octets. Options keep their order but for 82, which is last (RFC 3046 §2.1). One that
 * does not fit is left out whole, never cut; so what matters most comes first.
 */
export function encode(packet: DhcpPacket, limits: EncodeLimits = DEFAULT_LIMITS): Uint8Array {
  const mayOverload = limits.mayOverload && packet.file.length === 0 && packet.sname.length === 0;
  const { main, file, sname } = layOut(packet.options, limits.maxBytes - FIXED_BYTES, mayOverload);
  const w = new ByteWriter(Math.max(FIXED_BYTES + lengthOf(main), MINIMUM_BYTES));
  w.u8(packet.op).u8(packet.htype).u8(packet.hlen).u8(packet.hops);
  w.u32(packet.xid).u16(packet.secs).u16(packet.flags);
  w.ipv4(packet.ciaddr).ipv4(packet.yiaddr).ipv4(packet.siaddr).ipv4(packet.giaddr);
  w.put(packet.chaddr);
  if (sname.size > 0) w.putPadded(putOptions(new ByteWriter(SNAME_BYTES), sname).bytes(), SNAME_BYTES);
  else w.putPadded(packet.sname, SNAME_BYTES);
  if (file.size > 0) w.putPadded(putOptions(new ByteWriter(FILE_BYTES), file).bytes(), FILE_BYTES);
  else w.putPadded(packet.file, FILE_BYTES);
  putOptions(w.u32(MAGIC_COOKIE), main);
  if (w.length < MINIMUM_BYTES) w.zeros(MINIMUM_BYTES - w.length);
  return w.bytes();
}

/** What stands in which field. */
interface Layout {
  readonly main: Options;
  readonly file: Options;
  readonly sname: Options;
}

const NO_OPTIONS: Options = new Map();

/** Puts whole options into the first field that has room: options, then file, then sname. As a rule the first has room for all. */
function layOut(options: Options, mainBytes: number, mayOverload: boolean): Layout {
  if (lengthOf(options) <= mainBytes && !options.has(OVERLOAD))
    return { main: options, file: NO_OPTIONS, sname: NO_OPTIONS };
  const relay = options.get(RELAY_AGENT);
  const relayBytes = relay ? encodedLength(relay) : 0;
  // RFC 3046 §2.2: what cannot be copied in full is left out.
  if (relayBytes > mainBytes - END_BYTES) return layOut(without(options, RELAY_AGENT), mainBytes, mayOverload);
  const main = new Field(mainBytes - relayBytes - END_BYTES - (mayOverload ? OVERLOAD_BYTES : 0));
  const file = new Field(mayOverload ? FILE_BYTES - END_BYTES : 0);
  const sname = new Field(mayOverload ? SNAME_BYTES - END_BYTES : 0);
  for (const [code, value] of options) {
    if (code === RELAY_AGENT || code === OVERLOAD) continue;
    if (!main.add(code, value) && !file.add(code, value)) sname.add(code, value);
  }
  const overload = (file.options.size > 0 ? 1 : 0) + (sname.options.size > 0 ? 2 : 0);
  if (overload > 0) main.options.set(OVERLOAD, Uint8Array.of(overload));
  if (relay) main.options.set(RELAY_AGENT, relay);
  return { main: main.options, file: file.options, sname: sname.options };
}

const END_BYTES = 1;
/** Option 52 itself. */
const OVERLOAD_BYTES = 3;

function without(options: Options, code: number): Options {
  return new Map([...options].filter(([other]) => other !== code));
}

/** One of the three places for options, with what is left of its room. */
class Field {
  readonly options = new Map<number, Uint8Array>();
  #roomBytes: number;

  constructor(roomBytes: number) {
    this.#roomBytes = roomBytes;
  }

  /** False when it has no room. */
  add(code: number, value: Uint8Array): boolean {
    if (encodedLength(value) > this.#roomBytes) return false;
    this.#roomBytes -= encodedLength(value);
    this.options.set(code, value);
    return true;
  }
}

/** In their order, but 82 is last. */
function putOptions(w: ByteWriter, options: Options): ByteWriter {
  for (const [code, value] of options) if (code !== RELAY_AGENT) putOption(w, code, value);
  const relay = options.get(RELAY_AGENT);
  if (relay) putOption(w, RELAY_AGENT, relay);
  return w.u8(END);
}

/** Values over 255 octets go on in further instances, RFC 3396 §6. */
function putOption(w: ByteWriter, code: number, value: Uint8Array): void {
  if (value.length <= 255) w.u8(code).u8(value.length).put(value);
  else for (let at = 0; at < value.length; at += 255) putOption(w, code, value.subarray(at, at + 255));
}

/** With END. */
function lengthOf(options: Options): number {
  let bytes = END_BYTES;
  for (const value of options.values()) bytes += encodedLength(value);
  return bytes;
}

function encodedLength(value: Uint8Array): number {
  return value.length + (value.length <= 255 ? 2 : 2 * Math.ceil(value.length / 255));
}
