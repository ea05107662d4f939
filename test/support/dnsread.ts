/**
 * A packet as a peer reads it, to be compared with another one: names in full and in small letters, data octet by octet. Not flink's own
 * reader, and no library's: what those lose would never be missed. RFC 1035 §4, RFC 3597 §4, RFC 4034 §6.2.
 */
import { ByteReader, fromLatin1, hex, latin1 } from '../../src/core/bytes.ts';

/** `owner TYPE class data`: equal texts are equal records. TTLs stand aside: caches count them down. */
export interface ReadRecord {
  /** On the wire, as Latin-1 text, letters small. */
  readonly owner: string;
  readonly type: number;
  readonly class: number;
  readonly ttlSec: number;
  /** Hexadecimal. */
  readonly data: string;
}

export interface ReadOpt {
  readonly bytes: number;
  readonly version: number;
  readonly isDnssec: boolean;
  readonly options: readonly { readonly code: number; readonly data: string }[];
}

export interface ReadPacket {
  readonly length: number;
  readonly id: number;
  readonly isResponse: boolean;
  readonly opcode: number;
  readonly aa: boolean;
  readonly tc: boolean;
  readonly rd: boolean;
  readonly ra: boolean;
  readonly ad: boolean;
  readonly cd: boolean;
  /** With EDNS's upper bits. */
  readonly rcode: number;
  /** The name with its letters as they came, Latin-1 of the wire. */
  readonly question: { readonly name: string; readonly type: number; readonly class: number } | undefined;
  readonly answer: readonly ReadRecord[];
  readonly authority: readonly ReadRecord[];
  readonly additional: readonly ReadRecord[];
  readonly opt: ReadOpt | undefined;
}

type Part = number | 'text' | 'name';

/** Where names stand in the data of types that senders may compress, RFC 3597 §4: octets before, `text` a length and as many, `name`. */
const NAMES_IN: ReadonlyMap<number, readonly Part[]> = new Map([
  ...[2, 3, 4, 5, 7, 8, 9, 12, 30, 39].map((type) => [type, ['name']] as const),
  ...[6, 14, 17].map((type) => [type, ['name', 'name']] as const),
  ...[15, 18, 21, 36].map((type) => [type, [2, 'name']] as const),
  ...([
    [24, [18, 'name']],
    [26, [2, 'name', 'name']],
    [33, [6, 'name']],
    [35, [4, 'text', 'text', 'text', 'name']],
  ] as const),
] as readonly (readonly [number, readonly Part[]])[]);

const OPT = 41;

/** Throws where a length lies. */
export function readPacket(bytes: Uint8Array): ReadPacket {
  const r = new ByteReader(bytes);
  const [id, flags] = [r.u16('id'), r.u16('flags')];
  const counts = [r.u16('qdcount'), r.u16('ancount'), r.u16('nscount'), r.u16('arcount')] as const;
  const bit = (value: number): boolean => Math.floor(flags / value) % 2 === 1;
  if (counts[0] > 1) throw new Error(`${counts[0]} questions`);
  const question =
    counts[0] === 0 ? undefined : { name: readName(r, bytes), type: r.u16('qtype'), class: r.u16('qclass') };
  const answer = readSection(r, bytes, counts[1]);
  const authority = readSection(r, bytes, counts[2]);
  const rest = readSection(r, bytes, counts[3]);
  if (r.left > 0) throw new Error(`${r.left} octets behind the end`);
  const opts = rest.filter(({ type }) => type === OPT);
  if (opts.length > 1) throw new Error('two OPTs');
  const opt = opts[0];
  const high = opt ? Math.floor(opt.ttlSec / 2 ** 24) : 0;
  return {
    ...{ length: bytes.length, id, isResponse: bit(0x8000), opcode: Math.floor(flags / 0x800) % 16 },
    ...{ aa: bit(0x400), tc: bit(0x200), rd: bit(0x100), ra: bit(0x80), ad: bit(0x20), cd: bit(0x10) },
    ...{ rcode: high * 16 + (flags % 16), question, answer, authority },
    additional: rest.filter((record) => record !== opt),
    opt: opt && readOpt(opt),
  };
}

export function textOf({ owner, type, class: ofClass, data }: ReadRecord): string {
  return `${nameText(owner)} ${type} ${ofClass} ${data}`;
}

/** A wire name for people. */
export function nameText(wire: string): string {
  const octets = fromLatin1(wire);
  const r = new ByteReader(octets);
  let text = '';
  for (let length = r.u8('label'); length > 0; length = r.u8('label')) {
    const label = latin1(r.take(length, 'label'));
    text += `${label.replace(/[^!-~]|[.\\]/g, (c) => `\\${String(c.charCodeAt(0)).padStart(3, '0')}`)}.`;
  }
  return text || '.';
}

export const lower = (name: string): string => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

function readSection(r: ByteReader, bytes: Uint8Array, count: number): ReadRecord[] {
  return Array.from({ length: count }, () => {
    const owner = lower(readName(r, bytes));
    const [type, ofClass, ttlSec, length] = [r.u16('type'), r.u16('class'), r.u32('ttl'), r.u16('rdlength')];
    const end = r.offset + length;
    const parts = (NAMES_IN.get(type) ?? []).map((part) => {
      if (part === 'name') return hex(fromLatin1(lower(readName(r, bytes))));
      if (part === 'text') {
        const size = r.u8('text');
        return hex(Uint8Array.of(size)) + hex(r.take(size, 'text'));
      }
      return hex(r.take(part, 'rdata'));
    });
    if (r.offset > end) throw new Error(`the data of a record of type ${type} goes on behind its end`);
    const data = parts.join('') + hex(r.take(end - r.offset, 'rdata'));
    return { owner, type, class: ofClass, ttlSec, data };
  });
}

/** Pointers followed: 128 at most. */
function readName(r: ByteReader, bytes: Uint8Array): string {
  let name = '';
  let at = r;
  for (let jumps = 0; jumps < 128; ) {
    const length = at.u8('label');
    if (length === 0) return `${name}\0`;
    if (length < 64) name += String.fromCharCode(length) + latin1(at.take(length, 'label'));
    else if (length >= 192) {
      const target = (length - 192) * 256 + at.u8('pointer');
      at = new ByteReader(bytes).seek(target, 'pointer');
      jumps += 1;
    } else throw new Error(`a label's length of ${length}`);
  }
  throw new Error('pointers without end');
}

function readOpt({ class: bytes, ttlSec, data }: ReadRecord): ReadOpt {
  const r = new ByteReader(Buffer.from(data, 'hex'));
  const options: { code: number; data: string }[] = [];
  while (r.left > 0) {
    const code = r.u16('option');
    options.push({ code, data: hex(r.take(r.u16('length'), 'option')) });
  }
  const isDnssec = Math.floor(ttlSec / 0x8000) % 2 === 1;
  return { bytes, version: Math.floor(ttlSec / 2 ** 16) % 256, isDnssec, options };
}
