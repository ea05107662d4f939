/** Numbers of the DNS header and its records, and the steps over them that both readers share. RFC 1035 §4.1, RFC 6891 §6.1. */
import { octetAt, pairAt, setOctet, setPair } from '../core/bytes.ts';

/** Where the header's fields stand. */
export const AT = { id: 0, flags: 2, questions: 4, answers: 6, authorities: 8, additionals: 10, question: 12 } as const;
export const HEADER_OCTETS = 12;

/** Masks of the header's second field. `z` must be zero, `ad` and `cd` are RFC 4035's. */
export const FLAG = {
  qr: 0x8000,
  opcode: 0x7800,
  aa: 0x0400,
  tc: 0x0200,
  rd: 0x0100,
  ra: 0x0080,
  z: 0x0040,
  ad: 0x0020,
  cd: 0x0010,
  rcode: 0x000f,
} as const;

export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  BADVERS: 16,
} as const;

/** Types that packets themselves are made with. */
export const TYPE = { hinfo: 13, sig: 24, opt: 41, tsig: 250, ixfr: 251, axfr: 252, any: 255 } as const;
export const CLASS_IN = 1;

/** Type, class, TTL and length: what each record has between its name and its data. */
export const FIXED_OCTETS = 10;
/** Type and class. */
export const QUESTION_TAIL_OCTETS = 4;

export const NAME_MAX_OCTETS = 255;
export const LABEL_MAX_OCTETS = 63;
export const POINTER = 0xc0;
export const POINTER_TARGET = 0x3fff;

/**
 * Behind the name at `at`; nothing where it breaks RFC 1035 §3.1 or the packet ends. Pointers are not followed: one ends the name, and
 * must point to before it, so that the name of a question can have none.
 */
export function endOfName(bytes: Uint8Array, at: number): number | undefined {
  let here = at;
  while (here < bytes.length && here - at < NAME_MAX_OCTETS) {
    const length = octetAt(bytes, here);
    if (length === 0) return here + 1;
    if (length >= POINTER) return isBackwards(bytes, here, at) ? here + 2 : undefined;
    if (length > LABEL_MAX_OCTETS) return undefined;
    here += 1 + length;
  }
  return undefined;
}

/** Whether at `here` a whole pointer stands that leads to before `limit`, and not into the header. */
export function isBackwards(bytes: Uint8Array, here: number, limit: number): boolean {
  const target = pairAt(bytes, here) & POINTER_TARGET;
  return here + 2 <= bytes.length && target >= HEADER_OCTETS && target < limit;
}

/** Behind the record whose name ends at `nameEnd`; nothing where its data would pass the packet's end. */
export function endOfRecord(bytes: Uint8Array, nameEnd: number): number | undefined {
  if (nameEnd + FIXED_OCTETS > bytes.length) return undefined;
  const end = nameEnd + FIXED_OCTETS + pairAt(bytes, nameEnd + 8);
  return end <= bytes.length ? end : undefined;
}

/** What we say that we take by UDP. RFC 9715, and the DNS flag day of 2020: what passes without fragments. */
export const EDNS_UDP_BYTES = 1232;
export const OPT_OCTETS = 11;
/** Instead of the place of an OPT, where there is none. */
export const NO_OPT = 0;
/** Where its fields stand, counted from its name. */
export const OPT = { udpBytes: 3, rcodeHigh: 5, version: 6, flags: 7, length: 9, options: 11 } as const;
/** DO in the first octet of OPT's flags. */
export const DO_OCTET = 0x80;

/** Our OPT at `at`, without options: 11 octets. RFC 6891 §6.1.2. */
export function setOpt(bytes: Uint8Array, at: number): void {
  bytes.fill(0, at, at + OPT_OCTETS);
  setPair(bytes, at + 1, TYPE.opt);
  setPair(bytes, at + OPT.udpBytes, EDNS_UDP_BYTES);
}

const UPPER_A = 0x41;
const UPPER_Z = 0x5a;

/**
 * Copies from `from` to `end` to the start of `into`, ASCII letters to lower case (RFC 4343 §3). Lengths of labels are at most 63, below
 * every letter, and stay.
 */
export function lowerInto(into: Uint8Array, bytes: Uint8Array, from: number, end: number): void {
  for (let at = from; at < end; at++) {
    const octet = octetAt(bytes, at);
    setOctet(into, at - from, octet >= UPPER_A && octet <= UPPER_Z ? octet + 0x20 : octet);
  }
}
