/** An upstream's packet, read without trust: bounded in records, names, pointers, and so in time. RFC 1035 §4, RFC 9267. */
import { latin1Part, octetAt, pairAt, setOctet } from '../core/bytes.ts';
import type { Name } from './query.ts';
import {
  AT,
  endOfName,
  endOfRecord,
  FIXED_OCTETS,
  FLAG,
  HEADER_OCTETS,
  isBackwards,
  LABEL_MAX_OCTETS,
  lowerInto,
  NAME_MAX_OCTETS,
  NO_OPT,
  OPT,
  POINTER,
  POINTER_TARGET,
  QUESTION_TAIL_OCTETS,
  TYPE,
} from './wire.ts';

export interface RecordPlace {
  readonly section: 'answer' | 'authority' | 'additional';
  /** Where it begins, in octets. */
  readonly at: number;
  readonly type: number;
  readonly class: number;
  readonly ttlAt: number;
  readonly dataAt: number;
  readonly end: number;
}

/** A packet whose every length holds. */
export interface Message {
  readonly bytes: Uint8Array;
  readonly id: number;
  readonly isResponse: boolean;
  readonly opcode: number;
  readonly isTruncated: boolean;
  /** With EDNS's upper bits. RFC 6891 §6.1.3. */
  readonly rcode: number;
  /** 0 or 1; with more it would not have been read. */
  readonly questions: number;
  readonly questionEnd: number;
  /** Without OPT. */
  readonly records: readonly RecordPlace[];
  readonly hasEdns: boolean;
}

/** More than a packet of 64 KiB has of any use. */
const MAX_RECORDS = 4096;

/**
 * Nothing where a length lies, there are more than 4,096 records, two questions or two OPTs, or OPT is where it must not be. What
 * follows the last record is not looked at. Never throws.
 */
export function readMessage(bytes: Uint8Array): Message | undefined {
  if (bytes.length < HEADER_OCTETS) return undefined;
  const questions = pairAt(bytes, AT.questions);
  const questionEnd = endOfQuestions(bytes, questions);
  if (questionEnd === undefined) return undefined;
  const flags = pairAt(bytes, AT.flags);
  const walk: Walk = { records: [], at: questionEnd, optAt: NO_OPT };
  if (!walkAll(bytes, walk)) return undefined;
  const hasEdns = walk.optAt !== NO_OPT;
  const rcodeHigh = hasEdns ? octetAt(bytes, walk.optAt + OPT.rcodeHigh) : 0;
  return {
    bytes,
    id: pairAt(bytes, AT.id),
    isResponse: (flags & FLAG.qr) !== 0,
    opcode: (flags & FLAG.opcode) >>> 11,
    isTruncated: (flags & FLAG.tc) !== 0,
    rcode: rcodeHigh * 16 + (flags & FLAG.rcode),
    questions,
    questionEnd,
    records: walk.records,
    hasEdns,
  };
}

/** Behind the questions, of which there may be one: none is what some send with FORMERR. */
function endOfQuestions(bytes: Uint8Array, questions: number): number | undefined {
  if (questions === 0) return HEADER_OCTETS;
  const nameEnd = questions === 1 ? endOfName(bytes, AT.question) : undefined;
  if (nameEnd === undefined || nameEnd + QUESTION_TAIL_OCTETS > bytes.length) return undefined;
  return nameEnd + QUESTION_TAIL_OCTETS;
}

/** What was found up to `at`. */
interface Walk {
  readonly records: RecordPlace[];
  at: number;
  optAt: number;
}

/** Whether all the records that the header speaks of are there. No pointer is followed, so this ends where the octets do. */
function walkAll(bytes: Uint8Array, walk: Walk): boolean {
  const answers = pairAt(bytes, AT.answers);
  const authorities = pairAt(bytes, AT.authorities);
  const additionals = pairAt(bytes, AT.additionals);
  const count = answers + authorities + additionals;
  if (count > MAX_RECORDS) return false;
  for (let i = 0; i < count; i++) {
    const section = i < answers ? 'answer' : i < answers + authorities ? 'authority' : 'additional';
    if (!step(bytes, walk, section)) return false;
  }
  return true;
}

/** Over one record. OPT may stand anywhere among the additional ones: Knot has it first, BIND last. RFC 6891 §6.1.1. */
function step(bytes: Uint8Array, walk: Walk, section: RecordPlace['section']): boolean {
  const at = walk.at;
  const nameEnd = endOfName(bytes, at);
  const end = nameEnd === undefined ? undefined : endOfRecord(bytes, nameEnd);
  if (nameEnd === undefined || end === undefined) return false;
  const type = pairAt(bytes, nameEnd);
  walk.at = end;
  if (type === TYPE.opt) {
    const isFirst = walk.optAt === NO_OPT;
    walk.optAt = at;
    return section === 'additional' && isFirst && nameEnd === at + 1;
  }
  const dataAt = nameEnd + FIXED_OCTETS;
  walk.records.push({ section, at, type, class: pairAt(bytes, nameEnd + 2), ttlAt: nameEnd + 4, dataAt, end });
  return true;
}

/** Names are at most 127 labels; a pointer that leads to no label of its own is nobody's but an attacker's. BIND took 16 for years. */
const MAX_POINTERS = 32;
/** Where each name is put together. */
const scratch = Buffer.alloc(NAME_MAX_OCTETS);

/**
 * The name at `at`, pointers followed: each must lead to before the piece of the name that it ends, and the next piece must end before
 * that one begins, as it does where names are compressed with names; 32 pointers at most, 255 octets. Nothing where it breaks that. So
 * a name is made of octets up to its own end alone, and stays what it is when a packet is cut behind it. RFC 9267 §2.
 */
export function nameAt(bytes: Uint8Array, at: number): Name | undefined {
  let here = at;
  let pieceAt = at;
  let limit = bytes.length;
  let length = 0;
  let pointers = 0;
  while (here < limit) {
    const octet = octetAt(bytes, here);
    if (octet >= POINTER) {
      if (++pointers > MAX_POINTERS || here + 2 > limit || !isBackwards(bytes, here, pieceAt)) return undefined;
      limit = pieceAt;
      pieceAt = pairAt(bytes, here) & POINTER_TARGET;
      here = pieceAt;
    } else {
      const end = here + 1 + octet;
      if (octet > LABEL_MAX_OCTETS || end > limit || length + end - here > NAME_MAX_OCTETS) return undefined;
      for (; here < end; here++) setOctet(scratch, length++, octetAt(bytes, here));
      if (octet === 0) return lowered(length);
    }
  }
  return undefined;
}

function lowered(length: number): Name {
  lowerInto(scratch, scratch, 0, length);
  return latin1Part(scratch, length);
}
