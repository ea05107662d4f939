/** The question as it leaves: built anew, so that nothing of the client's packet goes along but what it asks. RFC 1035 §4.1, RFC 6891 §6.1. */
import { octetAt, pairAt, setOctet, setPair } from '../core/bytes.ts';
import type { Chance } from './chance.ts';
import type { Message } from './message.ts';
import type { Query } from './query.ts';
import { AT, DO_OCTET, endOfName, FLAG, HEADER_OCTETS, OPT, OPT_OCTETS, QUESTION_TAIL_OCTETS, setOpt } from './wire.ts';

/** What the wire's question is made of: nothing else of the client's packet leaves (no options, no ECS). */
export type Wanted = Pick<Query, 'bytes' | 'questionEnd' | 'name' | 'type' | 'isDnssec' | 'isUnchecked'>;

export interface Question {
  /** Name, type and class in the client's letters; a copy. */
  readonly octets: Uint8Array;
  readonly isDnssec: boolean;
  readonly isUnchecked: boolean;
}

export function questionOf(wanted: Wanted): Question {
  const { isDnssec, isUnchecked } = wanted;
  return { octets: wanted.bytes.slice(HEADER_OCTETS, wanted.questionEnd), isDnssec, isUnchecked };
}

/** The packet, its id still 0. With `letters` those of the name are upper or lower case by chance. draft-vixie-dnsext-dns0x20. */
export function writeQuestion(question: Question, hasEdns: boolean, letters: Chance | undefined): Uint8Array {
  const { octets } = question;
  const questionEnd = HEADER_OCTETS + octets.length;
  // Of the runtime's pool, as the kernel wants it: a small array of its own would be copied out of the heap on its way.
  const packet = Buffer.allocUnsafe(questionEnd + (hasEdns ? OPT_OCTETS : 0));
  packet.fill(0, 0, HEADER_OCTETS);
  // AD asks to be told of AD, RFC 6840 §5.7; CD goes as it came, RFC 4035 §3.2.2.
  setPair(packet, AT.flags, FLAG.rd + FLAG.ad + (question.isUnchecked ? FLAG.cd : 0));
  setPair(packet, AT.questions, 1);
  packet.set(octets, HEADER_OCTETS);
  if (letters) turnLetters(packet, HEADER_OCTETS, questionEnd - 4, letters);
  if (!hasEdns) return packet;
  setPair(packet, AT.additionals, 1);
  setOpt(packet, questionEnd);
  if (question.isDnssec) setOctet(packet, questionEnd + OPT.flags, DO_OCTET);
  return packet;
}

/** Writes the client's letters over those that were sent: names in the answer mostly point there. */
export function restoreLetters(answer: Uint8Array, { octets }: Question): void {
  answer.set(octets, HEADER_OCTETS);
}

/** The same where an owner is written out, as servers that compress nothing do it: the question's name, or a domain above it. */
export function restoreOwners({ bytes, records }: Message, { octets }: Question): void {
  const nameEnd = octets.length - QUESTION_TAIL_OCTETS;
  for (const { at } of records) {
    const length = (endOfName(bytes, at) ?? at) - at;
    const from = nameEnd - length;
    if (from >= 0 && isAlike(bytes, at, octets.subarray(from, nameEnd))) bytes.set(octets.subarray(from, nameEnd), at);
  }
}

/** Lengths of labels differ in more than that where they differ, and a pointer is longer than any. */
function isAlike(bytes: Uint8Array, at: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) {
    const octet = octetAt(bytes, at + i);
    const own = octetAt(name, i);
    if (octet !== own && !(isLetter(own) && (octet ^ own) === CASE)) return false;
  }
  return true;
}

/** Where letters differ from the other case. */
const CASE = 0x20;

/** Lengths of labels are below 64 and so no letters. */
function turnLetters(packet: Uint8Array, from: number, end: number, chance: Chance): void {
  let bits = 0;
  let left = 0;
  for (let at = from; at < end; at++) {
    const octet = octetAt(packet, at);
    if (!isLetter(octet)) continue;
    if (left === 0) {
      bits = chance.u16();
      left = 16;
    }
    if (bits & 1) setOctet(packet, at, octet ^ CASE);
    bits >>>= 1;
    left -= 1;
  }
}

/** Of ASCII: RFC 4343 §3 knows no others. */
export function isLetter(octet: number): boolean {
  const lower = octet | CASE;
  return lower >= 0x61 && lower <= 0x7a;
}

/** The header's four bits, without EDNS's. */
export function headerRcode(packet: Uint8Array): number {
  return pairAt(packet, AT.flags) & FLAG.rcode;
}

/** TC: the rest is to be had by TCP. */
export function isCut(packet: Uint8Array): boolean {
  return (pairAt(packet, AT.flags) & FLAG.tc) !== 0;
}

export function idOf(packet: Uint8Array): number {
  return pairAt(packet, AT.id);
}
