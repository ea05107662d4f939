/** A client's question, read without trust: what it asks, and what the answer must look like. RFC 1035 §4.1, RFC 6891 §6. */
import { latin1Part, octetAt, pairAt, setOctet, setPair } from '../core/bytes.ts';
import { findOpt, hasDo } from './edns.ts';
import { emptyAnswer } from './empty.ts';
import {
  AT,
  CLASS_IN,
  EDNS_UDP_BYTES,
  endOfName,
  FLAG,
  HEADER_OCTETS,
  lowerInto,
  NO_OPT,
  OPT,
  QUESTION_TAIL_OCTETS,
  RCODE,
  TYPE,
} from './wire.ts';

/** One question that may be answered. The packet is kept: the answer repeats its letters. */
export interface Query {
  readonly bytes: Uint8Array;
  readonly id: number;
  /** Where the question ends, in octets: header, name, type, class. */
  readonly questionEnd: number;
  /** The name, see `Name`. */
  readonly name: Name;
  readonly type: number;
  /** What answers go by: name, type, class, DO and CD. Latin-1 text. */
  readonly key: string;
  /** RD. */
  readonly isRecursive: boolean;
  /** CD: the client checks signatures itself. */
  readonly isUnchecked: boolean;
  /** DO: it wants signatures. */
  readonly isDnssec: boolean;
  /** It understands AD in the answer: it sent AD or DO (RFC 6840 §5.7). */
  readonly wantsAd: boolean;
  readonly hasEdns: boolean;
  /** What fits into an answer by UDP: 512 without EDNS, else what the client says, 512 to 1232. */
  readonly maxBytes: number;
}

/**
 * A name in wire format as Latin-1 text, ASCII letters in lower case: each label behind its length, ended by `\0`. Exact for every
 * name there is, dots and octets over 127 within labels included; its parents are its tails.
 */
export type Name = string;

/** What is not answered at all, in one word for the counters. */
export type Dropped = 'short' | 'response';
/** What is answered with nothing but a code. RFC 1035 §4.1.1, RFC 6895 §2.3. */
export type Refused = 'malformed' | 'opcode' | 'class' | 'meta-type' | 'transfer' | 'edns-version' | 'any';

export type Read =
  | { readonly kind: 'query'; readonly query: Query }
  | { readonly kind: 'drop'; readonly reason: Dropped }
  /** `bytes` is the whole answer. ANY gets RFC 8482's HINFO. */
  | { readonly kind: 'refuse'; readonly reason: Refused; readonly bytes: Uint8Array };

/** Never throws. Costs microseconds whatever `bytes` are. */
export function readQuery(bytes: Uint8Array): Read {
  if (bytes.length < HEADER_OCTETS) return SHORT;
  if ((pairAt(bytes, AT.flags) & FLAG.qr) !== 0) return RESPONSE;
  const questionEnd = endOfQuestion(bytes);
  const optAt = optOf(bytes, questionEnd);
  const reason = whyRefused(bytes, questionEnd, optAt);
  if (reason !== undefined) return refuse(bytes, questionEnd, optAt, reason);
  return { kind: 'query', query: queryOf(bytes, questionEnd, optAt ?? NO_OPT) };
}

const SHORT: Read = { kind: 'drop', reason: 'short' };
const RESPONSE: Read = { kind: 'drop', reason: 'response' };

/** Where the only question ends; the header's end where there is none, or another number, or it cannot be read. */
function endOfQuestion(bytes: Uint8Array): number {
  if (pairAt(bytes, AT.questions) !== 1) return HEADER_OCTETS;
  const nameEnd = endOfName(bytes, AT.question);
  if (nameEnd === undefined || nameEnd + QUESTION_TAIL_OCTETS > bytes.length) return HEADER_OCTETS;
  return nameEnd + QUESTION_TAIL_OCTETS;
}

/** Where OPT is, as `findOpt`; nothing where the packet is not of the form that questions have. */
function optOf(bytes: Uint8Array, questionEnd: number): number | undefined {
  if (questionEnd === HEADER_OCTETS || pairAt(bytes, AT.answers) !== 0) return undefined;
  const authorities = pairAt(bytes, AT.authorities);
  // IXFR brings the SOA that the client has: RFC 1995 §3. It is refused, but not for that.
  const mayHave = pairAt(bytes, questionEnd - QUESTION_TAIL_OCTETS) === TYPE.ixfr ? 1 : 0;
  if (authorities > mayHave) return undefined;
  return findOpt(bytes, questionEnd, authorities + pairAt(bytes, AT.additionals));
}

/** In the order of unbound. TC says that something is missing: of a question that is as good as malformed. */
function whyRefused(bytes: Uint8Array, questionEnd: number, optAt: number | undefined): Refused | undefined {
  const flags = pairAt(bytes, AT.flags);
  if ((flags & FLAG.opcode) !== 0) return 'opcode';
  if ((flags & FLAG.tc) !== 0 || optAt === undefined) return 'malformed';
  if (optAt !== NO_OPT && octetAt(bytes, optAt + OPT.version) !== 0) return 'edns-version';
  if (pairAt(bytes, questionEnd - 2) !== CLASS_IN) return 'class';
  return whyTypeRefused(pairAt(bytes, questionEnd - QUESTION_TAIL_OCTETS));
}

/** 0 is reserved, 128 to 255 are no types of data (RFC 6895 §3.1), and OPT is one of packets alone: FORMERR, as unbound says. */
function whyTypeRefused(type: number): Refused | undefined {
  if (type > TYPE.any) return undefined;
  if (type === TYPE.any) return 'any';
  if (type === TYPE.axfr || type === TYPE.ixfr) return 'transfer';
  return type >= FIRST_META_TYPE || type === TYPE.opt || type === 0 ? 'meta-type' : undefined;
}

const FIRST_META_TYPE = 128;

const RCODE_OF: Readonly<Record<Refused, number>> = {
  malformed: RCODE.FORMERR,
  'meta-type': RCODE.FORMERR,
  opcode: RCODE.NOTIMP,
  class: RCODE.REFUSED,
  transfer: RCODE.REFUSED,
  'edns-version': RCODE.BADVERS,
  any: RCODE.NOERROR,
};

function refuse(bytes: Uint8Array, questionEnd: number, optAt: number | undefined, reason: Refused): Read {
  const hasEdns = optAt !== undefined && optAt !== NO_OPT;
  const to = { bytes, questionEnd, hasEdns, isDnssec: hasEdns && hasDo(bytes, optAt) };
  const more = reason === 'any' ? { answer: RFC8482 } : {};
  return { kind: 'refuse', reason, bytes: emptyAnswer(to, RCODE_OF[reason], 0, more) };
}

/** For ANY, of the question's name: HINFO IN, one hour, `"RFC8482" ""`. RFC 8482 §4.2. */
const RFC8482 = new Uint8Array([
  ...[0xc0, AT.question, 0, TYPE.hinfo, 0, CLASS_IN],
  ...[0, 0, 0x0e, 0x10, 0, 9, 7, 0x52, 0x46, 0x43, 0x38, 0x34, 0x38, 0x32, 0],
]);

function queryOf(bytes: Uint8Array, questionEnd: number, optAt: number): Query {
  const flags = pairAt(bytes, AT.flags);
  const hasEdns = optAt !== NO_OPT;
  const isDnssec = hasDo(bytes, optAt);
  const isUnchecked = (flags & FLAG.cd) !== 0;
  const key = keyOf(bytes, questionEnd, (isDnssec ? 1 : 0) + (isUnchecked ? 2 : 0));
  return {
    bytes,
    id: pairAt(bytes, AT.id),
    questionEnd,
    name: key.slice(0, -KEY_TAIL_OCTETS),
    type: pairAt(bytes, questionEnd - QUESTION_TAIL_OCTETS),
    key,
    isRecursive: (flags & FLAG.rd) !== 0,
    isUnchecked,
    isDnssec,
    wantsAd: isDnssec || (flags & FLAG.ad) !== 0,
    hasEdns,
    maxBytes: hasEdns ? maxBytesOf(pairAt(bytes, optAt + OPT.udpBytes)) : PLAIN_UDP_BYTES,
  };
}

/** RFC 1035 §4.2.1. */
const PLAIN_UDP_BYTES = 512;

/** RFC 6891 §6.2.3: less than 512 counts as 512. */
function maxBytesOf(told: number): number {
  return Math.min(Math.max(told, PLAIN_UDP_BYTES), EDNS_UDP_BYTES);
}

/** Type, class, and an octet for DO and CD: answers differ by them. */
const KEY_TAIL_OCTETS = QUESTION_TAIL_OCTETS + 1;
/** Where each key is put together: a name of 255 octets at most, and what follows it. */
const scratch = Buffer.alloc(260);

function keyOf(bytes: Uint8Array, questionEnd: number, bits: number): string {
  const nameEnd = questionEnd - QUESTION_TAIL_OCTETS;
  const tailAt = nameEnd - AT.question;
  lowerInto(scratch, bytes, AT.question, nameEnd);
  setPair(scratch, tailAt, pairAt(bytes, nameEnd));
  setPair(scratch, tailAt + 2, CLASS_IN);
  setOctet(scratch, tailAt + QUESTION_TAIL_OCTETS, bits);
  return latin1Part(scratch, tailAt + KEY_TAIL_OCTETS);
}
