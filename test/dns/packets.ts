/** DNS packets as tests need them, lies included: names compressed, any record in any section, OPT anywhere, counts that are wrong. */
import { ByteWriter, fromLatin1, latin1 } from '../../src/core/bytes.ts';

/** RFC 1035 §3.2.2 and those after it. */
export const TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  NULL: 10,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  DNAME: 39,
  OPT: 41,
  DS: 43,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  NSEC3: 50,
  TLSA: 52,
  SVCB: 64,
  HTTPS: 65,
  ANY: 255,
} as const;
export type Type = number | keyof typeof TYPE;

/** Bits of the header's second word. RFC 1035 §4.1.1, RFC 4035 §3.2, §3.1.6. */
export const FLAG = { QR: 0x8000, AA: 0x0400, TC: 0x0200, RD: 0x0100, RA: 0x0080, AD: 0x0020, CD: 0x0010 } as const;
/** Of an answer as resolvers send it. */
export const ANSWER = FLAG.QR + FLAG.RD + FLAG.RA;
export const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;

/** `www.example`, dot at the end or not, `\.` and `\255` for odd octets; or octets to be written as they are: pointers of your own. */
export type NameText = string | Uint8Array;

/** Octets, or parts of which names are compressed where RFC 1035 lets them be. */
export type Data = Uint8Array | readonly (Uint8Array | CompressedName)[];
interface CompressedName {
  readonly compressed: string;
}

export interface TestRecord {
  readonly name: NameText;
  readonly type: Type;
  readonly class?: number;
  /** Seconds; 300 without it. */
  readonly ttl?: number;
  readonly data?: Data;
  /** A lie about the length of `data`. */
  readonly length?: number;
}

/** One option of EDNS. RFC 6891 §6.1.2. */
export type Option = readonly [code: number, data: Uint8Array];

export interface TestPacket {
  readonly id?: number;
  /** Without it: of an answer, NOERROR. `ANSWER + RCODE.NXDOMAIN`. */
  readonly flags?: number;
  readonly question?: readonly [name: NameText, type: Type, ofClass?: number];
  readonly answers?: readonly TestRecord[];
  readonly authority?: readonly TestRecord[];
  readonly additional?: readonly TestRecord[];
  /** At the end of additional; elsewhere: `optRecord` among the others. */
  readonly opt?: Opt;
  /** Lies about the counts: questions, answers, authority, additional. */
  readonly counts?: readonly (number | undefined)[];
  /** Names in full. */
  readonly isUncompressed?: boolean;
}

export interface Opt {
  readonly bytes?: number;
  readonly isDnssec?: boolean;
  readonly version?: number;
  /** The upper eight bits. */
  readonly rcodeHigh?: number;
  readonly options?: readonly Option[];
}

export function packet(p: TestPacket): Uint8Array {
  const out = new ByteWriter();
  const known = p.isUncompressed ? undefined : new Map<string, number>();
  const additional = [...(p.additional ?? []), ...(p.opt ? [optRecord(p.opt)] : [])];
  const sections = [p.answers ?? [], p.authority ?? [], additional];
  const counts = [p.question ? 1 : 0, ...sections.map((s) => s.length)];
  out.u16(p.id ?? 0x1234).u16(p.flags ?? ANSWER);
  for (const [i, count] of counts.entries()) out.u16(p.counts?.[i] ?? count);
  if (p.question) {
    putName(out, p.question[0], known);
    out.u16(typeOf(p.question[1])).u16(p.question[2] ?? 1);
  }
  for (const record of sections.flat()) putRecord(out, record, known);
  return out.bytes();
}

/** A question as clients send it. */
export function question(name: NameText, type: Type, more: Omit<TestPacket, 'question'> = {}): Uint8Array {
  return packet({ flags: FLAG.RD, ...more, question: [name, type] });
}

export function rr(name: NameText, type: Type, ttl: number, data: Data): TestRecord {
  return { name, type, ttl, data };
}

export function optRecord(opt: Opt): TestRecord {
  const ttl = (opt.rcodeHigh ?? 0) * 2 ** 24 + (opt.version ?? 0) * 2 ** 16 + (opt.isDnssec ? 0x8000 : 0);
  const data = join((opt.options ?? []).flatMap(([code, octets]) => [u16(code), u16(octets.length), octets]));
  return { name: '', type: TYPE.OPT, class: opt.bytes ?? 1232, ttl, data };
}

export const a = (address: string): Uint8Array => Uint8Array.from(address.split('.'), Number);

/** `2001:db8::1`, `::ffff:10.0.0.1`. */
export function aaaa(address: string): Uint8Array {
  const quad = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const plain = quad
    ? address.slice(0, quad.index) +
      [1, 3].map((i) => (Number(quad[i]) * 256 + Number(quad[i + 1])).toString(16)).join(':')
    : address;
  const [front = '', back] = plain.split('::');
  const words = (text: string) => (text === '' ? [] : text.split(':').map((w) => Number.parseInt(w, 16)));
  const head = words(front);
  const tail = words(back ?? '');
  const gap = new Array(8 - head.length - tail.length).fill(0);
  return join([...head, ...gap, ...tail].map(u16));
}

/** Of CNAME, NS, PTR. */
export const target = (name: string): Data => [{ compressed: name }];
export const cname = target;
/** Not compressed: RFC 6672 §2.5. */
export const dname = (name: string): Data => wire(name);
export const mx = (preference: number, name: string): Data => [u16(preference), { compressed: name }];
export const txt = (...texts: string[]): Uint8Array => join(texts.map((t) => label(fromLatin1(t))));

export interface Soa {
  readonly mname?: string;
  readonly rname?: string;
  readonly serial?: number;
  /** RFC 2308 §4: for how long no such name is remembered. */
  readonly minimum?: number;
}

export function soa({ mname = 'ns.example', rname = 'admin.example', serial = 1, minimum = 900 }: Soa = {}): Data {
  return [{ compressed: mname }, { compressed: rname }, join([serial, 7200, 900, 604800, minimum].map(u32))];
}

/** A signature that nobody will check. RFC 4034 §3.1. */
export function rrsig(covered: Type, signer: string, octets = 64): Uint8Array {
  const times = [u32(300), u32(2_000_000_000), u32(1_700_000_000), u16(12345)];
  return join([u16(typeOf(covered)), Uint8Array.of(13, 2), ...times, wire(signer), new Uint8Array(octets).fill(0x5a)]);
}

/** RFC 4034 §4.1; the bitmap says A, RRSIG, NSEC. */
export const nsec = (next: string): Uint8Array => join([wire(next), Uint8Array.of(0, 6, 0x40, 0, 0, 0, 0, 3)]);

/** HTTPS and SVCB. RFC 9460 §2.2: keys in order. */
export function svcb(priority: number, name: string, params: readonly Option[] = []): Uint8Array {
  return join([u16(priority), wire(name), ...params.flatMap(([key, value]) => [u16(key), u16(value.length), value])]);
}

/** A name in full, as octets. */
export function wire(name: string): Uint8Array {
  return join([...labelsOf(name).map(label), Uint8Array.of(0)]);
}

/** As `Name` of `src/dns/query.ts`: Latin-1, small letters. */
export function nameOf(name: string): string {
  return latin1(wire(name)).replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** A pointer to `at`, for names of your own. */
export const pointer = (at: number): Uint8Array => u16(0xc000 + at);

export const u16 = (value: number): Uint8Array => new ByteWriter(2).u16(value).bytes();
export const u32 = (value: number): Uint8Array => new ByteWriter(4).u32(value).bytes();

export function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function typeOf(type: Type): number {
  return typeof type === 'number' ? type : TYPE[type];
}

function label(octets: Uint8Array): Uint8Array {
  return join([Uint8Array.of(octets.length), octets]);
}

function labelsOf(name: string): Uint8Array[] {
  const labels = name.match(/(?:\\\d{3}|\\.|[^\\.])+/gs) ?? [];
  return labels.map((text) =>
    fromLatin1(
      text.replace(/\\(\d{3}|.)/gs, (_, code: string) =>
        code.length === 3 ? String.fromCharCode(Number(code)) : code,
      ),
    ),
  );
}

function putRecord(out: ByteWriter, record: TestRecord, known: Map<string, number> | undefined): void {
  putName(out, record.name, known);
  out
    .u16(typeOf(record.type))
    .u16(record.class ?? 1)
    .u32(record.ttl ?? 300);
  // Its length is known when it is written: names in it may be compressed with what stands before.
  const startsAt = out.length + 2;
  const data = new ByteWriter();
  const parts = record.data instanceof Uint8Array ? [record.data] : (record.data ?? []);
  for (const part of parts) {
    if (part instanceof Uint8Array) data.put(part);
    else putName(data, part.compressed, known, startsAt);
  }
  out.u16(record.length ?? data.length).put(data.bytes());
}

/** With a pointer to the longest end of it that stands before, at 14 bits of offset. RFC 1035 §4.1.4. */
function putName(out: ByteWriter, name: NameText, known: Map<string, number> | undefined, base = 0): void {
  if (name instanceof Uint8Array) {
    out.put(name);
    return;
  }
  const labels = labelsOf(name);
  for (const [i, octets] of labels.entries()) {
    const rest = labels.slice(i).map(latin1).join('\0');
    const at = known?.get(rest);
    if (at !== undefined) {
      out.put(pointer(at));
      return;
    }
    if (base + out.length < 0x4000) known?.set(rest, base + out.length);
    out.put(label(octets));
  }
  out.u8(0);
}
