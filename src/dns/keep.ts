/** What is kept of an upstream's packet: its octets, without what is between the upstream and us. RFC 6891 §6.1.1, RFC 8945 §5.5. */
import { octetAt, own, pairAt, quadAt, setPair, setQuad } from '../core/bytes.ts';
import type { Message, RecordPlace } from './message.ts';
import type { Reply } from './reply.ts';
import { AT, FLAG, OPT_OCTETS, POINTER, POINTER_TARGET, RCODE, setOpt, TYPE } from './wire.ts';

export interface Kept {
  /** Records from this index on are left out, and what follows them: a packet may be cut, since pointers go backwards only. */
  readonly cutAt: number | undefined;
  /** The rcode that clients get. Those above 15 speak of one hop (BADVERS, BADCOOKIE): clients get SERVFAIL for them. */
  readonly rcode: number;
  /** No TTL is above it, in seconds. */
  readonly maxTtlSec: number;
}

/** The reply that clients get of it: a copy, with AD as it came, AA and the upstream's OPT gone, ours at the end. */
export function keep(message: Message, kept: Kept): Reply {
  const part = partOf(message, kept.cutAt);
  const optAt = part.headEnd + part.end - part.tailAt;
  const bytes = own(optAt + OPT_OCTETS);
  bytes.set(message.bytes.subarray(0, part.headEnd));
  const records = part.count === message.records.length ? message.records : message.records.slice(0, part.count);
  if (part.end > part.tailAt) {
    bytes.set(message.bytes.subarray(part.tailAt, part.end), part.headEnd);
    moveOwners(bytes, records, part);
  }
  setHeader(bytes, message, records, kept.rcode);
  setOpt(bytes, optAt);
  const ttlsAt = records.map((record) => placeIn(part, record.ttlAt));
  const ttlsSec = records.map((record) => Math.min(ttlOf(message.bytes, record.ttlAt), kept.maxTtlSec));
  for (const [i, at] of ttlsAt.entries()) setQuad(bytes, at, ttlsSec[i] ?? 0);
  return { bytes, optAt, questionEnd: message.questionEnd, ttlsAt, ttlsSec };
}

/** RFC 2181 §8: with the uppermost bit it counts as 0. */
function ttlOf(bytes: Uint8Array, at: number): number {
  const ttl = quadAt(bytes, at);
  return ttl < 0x8000_0000 ? ttl : 0;
}

function setHeader(bytes: Uint8Array, message: Message, records: readonly RecordPlace[], rcode: number): void {
  const ad = pairAt(message.bytes, AT.flags) & FLAG.ad;
  setPair(bytes, AT.flags, FLAG.qr | FLAG.ra | ad | (rcode > FLAG.rcode ? RCODE.SERVFAIL : rcode));
  const counts = { answer: 0, authority: 0, additional: 1 };
  for (const { section } of records) counts[section] += 1;
  setPair(bytes, AT.answers, counts.answer);
  setPair(bytes, AT.authorities, counts.authority);
  setPair(bytes, AT.additionals, counts.additional);
}

/** The octets up to `headEnd`, and those from `tailAt` to `end`: in between the upstream's OPT stood, if there is a tail. */
interface Part {
  /** Of records. */
  readonly count: number;
  readonly headEnd: number;
  readonly tailAt: number;
  readonly end: number;
}

/**
 * What follows OPT moves up. Where a name in it cannot be moved with it, all that follows OPT is left out: additional records are a
 * courtesy (RFC 2181 §9). So is what follows a signature of the message (TSIG, SIG(0)), and the signature, which was for us.
 */
function partOf({ bytes, records, questionEnd }: Message, cutAt: number | undefined): Part {
  let count = 0;
  let end = questionEnd;
  // Hardly any has more than this.
  for (const record of records) {
    if (count === cutAt || record.at !== end || isMessageSignature(bytes, record)) break;
    count += 1;
    end = record.end;
  }
  if (count === (cutAt ?? records.length)) return whole(count, end);
  const rest = records.slice(count, cutAt);
  const signedAt = rest.findIndex((record) => isMessageSignature(bytes, record));
  const tail = signedAt < 0 ? rest : rest.slice(0, signedAt);
  const [first, last] = [tail[0], tail.at(-1)];
  if (!first || !last) return whole(count, end);
  const gap = { headEnd: end, tailAt: first.at };
  const canMove = tail.every((record) => mayMove(bytes, record, gap));
  return canMove ? { ...gap, count: count + tail.length, end: last.end } : whole(count, end);
}

function whole(count: number, end: number): Part {
  return { count, headEnd: end, tailAt: end, end };
}

function placeIn(part: Part, at: number): number {
  return at < part.tailAt ? at : at - part.tailAt + part.headEnd;
}

function isMessageSignature(bytes: Uint8Array, { type, dataAt }: RecordPlace): boolean {
  return type === TYPE.tsig || (type === TYPE.sig && pairAt(bytes, dataAt) === 0);
}

/**
 * Types whose data may have pointers: those of RFC 1035, NS to MX, and those that RFC 3597 §4 knows to be sent so against the rules. All
 * others have none, unknown ones by that section too.
 */
const COMPRESSED = new Set([2, 3, 4, 5, 6, 7, 8, 9, 12, 14, 15, 17, 18, 21, 24, 26, 30, 33, 35, 36, 39]);

function mayMove(bytes: Uint8Array, record: RecordPlace, gap: Pick<Part, 'headEnd' | 'tailAt'>): boolean {
  const pointerAt = ownerPointerAt(bytes, record.at);
  const target = pointerAt === undefined ? 0 : pairAt(bytes, pointerAt) & POINTER_TARGET;
  return !COMPRESSED.has(record.type) && (target < gap.headEnd || target >= gap.tailAt);
}

/** Owners that point into the tail; all others point to where they did. */
function moveOwners(bytes: Uint8Array, records: readonly RecordPlace[], part: Part): void {
  for (const record of records) {
    const pointerAt = ownerPointerAt(bytes, placeIn(part, record.at));
    if (pointerAt === undefined) continue;
    const target = pairAt(bytes, pointerAt) & POINTER_TARGET;
    setPair(bytes, pointerAt, POINTER * 0x100 + placeIn(part, target));
  }
}

/** Where the pointer stands that ends the name at `at`, which was read before. */
function ownerPointerAt(bytes: Uint8Array, at: number): number | undefined {
  let here = at;
  while (octetAt(bytes, here) > 0 && octetAt(bytes, here) < POINTER) here += 1 + octetAt(bytes, here);
  return octetAt(bytes, here) >= POINTER ? here : undefined;
}
