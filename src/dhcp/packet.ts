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
const SNAME_BYTES = 64;
const FILE_BYTES = 128;
/** The BOOTP message that old relays and ROMs insist on. RFC 1542 §2.1. */
const MINIMUM_BYTES = 300;

/** Throws `Malformed`, nothing else. The values share memory with `bytes`. */
export function decode(bytes: Uint8Array): DhcpPacket {
  const r = new ByteReader(bytes);
  const fixed = {
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
  };
  const sname = r.take(SNAME_BYTES, 'sname');
  const file = r.take(FILE_BYTES, 'file');
  if (fixed.hlen > 16) throw new Malformed(`hlen ${fixed.hlen}`, 2);
  const cookie = r.u32('cookie');
  // BOOTP before RFC 1048: the field is the vendor's own, and empty as a rule.
  if (cookie === 0) return { ...fixed, sname: textField(sname), file: textField(file), options: new Map() };
  if (cookie !== MAGIC_COOKIE) throw new Malformed('magic cookie', FIXED_BYTES - 4);
  return { ...fixed, ...withOverload(readOptions(r, new Map()), sname, file) };
}

/** RFC 3396 §5: the aggregate is options, then file, then sname, as far as option 52 names them. */
function withOverload(options: Map<number, Uint8Array>, sname: Uint8Array, file: Uint8Array) {
  const overload = options.get(OVERLOAD)?.[0] ?? 0;
  options.delete(OVERLOAD);
  const isFileTaken = overload === 1 || overload === 3;
  const isSnameTaken = overload === 2 || overload === 3;
  if (isFileTaken) readOptions(new ByteReader(file), options);
  if (isSnameTaken) readOptions(new ByteReader(sname), options);
  // A second 52 inside an overloaded field has no meaning: the first one decided.
  options.delete(OVERLOAD);
  return { sname: isSnameTaken ? NONE : textField(sname), file: isFileTaken ? NONE : textField(file), options };
}

const NONE = new Uint8Array(0);

/** Up to the first NUL: what stands behind it in `sname` and `file` has no meaning. */
function textField(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

function readOptions(r: ByteReader, into: Map<number, Uint8Array>): Map<number, Uint8Array> {
  while (r.left > 0) {
    const code = r.u8('option code');
    if (code === PAD) continue;
    if (code === END) break;
    const value = r.take(r.u8(`length of option ${code}`), `option ${code}`);
    const before = into.get(code);
    into.set(code, before ? Buffer.concat([before, value]) : value);
  }
  return into;
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
  const overload = limits.mayOverload && packet.file.length === 0 && packet.sname.length === 0;
  const layout = layOut(packet.options, limits.maxBytes - FIXED_BYTES, overload);
  const w = new ByteWriter(Math.max(limits.maxBytes, MINIMUM_BYTES));
  w.u8(packet.op).u8(packet.htype).u8(packet.hlen).u8(packet.hops);
  w.u32(packet.xid).u16(packet.secs).u16(packet.flags);
  w.ipv4(packet.ciaddr).ipv4(packet.yiaddr).ipv4(packet.siaddr).ipv4(packet.giaddr);
  w.put(packet.chaddr);
  w.putPadded(layout.overload & 2 ? layout.sname : packet.sname, SNAME_BYTES);
  w.putPadded(layout.overload & 1 ? layout.file : packet.file, FILE_BYTES);
  w.u32(MAGIC_COOKIE).put(layout.main);
  if (w.length < MINIMUM_BYTES) w.zeros(MINIMUM_BYTES - w.length);
  return w.bytes();
}

interface Layout {
  readonly main: Uint8Array;
  readonly file: Uint8Array;
  readonly sname: Uint8Array;
  /** Option 52's value; 0: not overloaded. */
  readonly overload: number;
}

/** Puts whole options into the first field that has room: options, then file, then sname. */
function layOut(options: Options, mainBytes: number, mayOverload: boolean): Layout {
  const relay = options.get(RELAY_AGENT);
  const relayBytes = relay ? encodedLength(relay) : 0;
  // RFC 3046 §2.2: what cannot be copied in full is left out.
  if (relayBytes > mainBytes - 1) return layOut(without(options, RELAY_AGENT), mainBytes, mayOverload);
  // Room for END and, where the other fields may be needed, for option 52 itself.
  const main = new Field(mainBytes - relayBytes - 1 - (mayOverload ? 3 : 0));
  const file = new Field(mayOverload ? FILE_BYTES - 1 : 0);
  const sname = new Field(mayOverload ? SNAME_BYTES - 1 : 0);
  for (const [code, value] of options) {
    if (code === RELAY_AGENT || code === OVERLOAD) continue;
    if (!main.add(code, value) && !file.add(code, value)) sname.add(code, value);
  }
  const overload = (file.isUsed ? 1 : 0) + (sname.isUsed ? 2 : 0);
  if (overload > 0) main.force(OVERLOAD, Uint8Array.of(overload));
  if (relay) main.force(RELAY_AGENT, relay);
  return { main: main.end(), file: file.end(), sname: sname.end(), overload };
}

function without(options: Options, code: number): Options {
  return new Map([...options].filter(([other]) => other !== code));
}

/** One of the three places for options, with what is left of its room. */
class Field {
  readonly #writer = new ByteWriter(128);
  #roomBytes: number;

  constructor(roomBytes: number) {
    this.#roomBytes = roomBytes;
  }

  get isUsed(): boolean {
    return this.#writer.length > 0;
  }

  /** False when it has no room. */
  add(code: number, value: Uint8Array): boolean {
    if (encodedLength(value) > this.#roomBytes) return false;
    this.#roomBytes -= encodedLength(value);
    this.force(code, value);
    return true;
  }

  /** For what room was kept for. Values over 255 octets go on in further instances, RFC 3396 §6. */
  force(code: number, value: Uint8Array): void {
    let at = 0;
    do {
      const piece = value.subarray(at, at + 255);
      this.#writer.u8(code).u8(piece.length).put(piece);
      at += 255;
    } while (at < value.length);
  }

  end(): Uint8Array {
    return this.#writer.u8(END).bytes();
  }
}

function encodedLength(value: Uint8Array): number {
  return value.length + 2 * Math.max(1, Math.ceil(value.length / 255));
}
