/**
 * An answer as it is kept: the upstream's packet as it came, octet by octet, its own OPT taken out and ours put at the end; and how it is
 * made to fit each client: id, letters of the question, RD, CD, AD, TTLs, size. RFC 1035 §4.1, RFC 2181 §9, RFC 6840 §5, RFC 6891.
 */
import { copyFirst, octetAt, own, pairAt, setOctet, setPair, setQuad } from '../core/bytes.ts';
import { EDE_OCTETS, EDE_OPTION, emptyAnswer } from './empty.ts';
import type { Query } from './query.ts';
import { SLOT_OCTETS, takeSlot } from './slots.ts';
import { AT, DO_OCTET, FLAG, OPT, RCODE } from './wire.ts';

/** To be made by `message.ts` and `zone.ts`; nobody changes it but `fit`. */
export interface Reply {
  /** Header, sections, and at the end an OPT of ours (11 octets and its options). */
  readonly bytes: Uint8Array;
  /** Where our OPT begins. */
  readonly optAt: number;
  readonly questionEnd: number;
  /** Where each record's TTL stands; OPT's not. */
  readonly ttlsAt: readonly number[];
  /** The TTL of each when it was kept, in seconds, capped. */
  readonly ttlsSec: readonly number[];
}

/** RFC 8914. */
export const EDE = {
  stale: 3,
  forged: 4,
  notReady: 14,
  blocked: 15,
  filtered: 17,
  staleNxdomain: 19,
  noReachable: 22,
  networkError: 23,
} as const;

/** How the TTLs of a reply are told: so many seconds less than when it was kept; or the same for all. */
export type Told = { readonly ageSec: number } | { readonly ttlSec: number };

/**
 * The packet for that client. By UDP what is too long becomes an empty answer with TC. Valid until 512 more were made.
 * `ede`: why the answer is as it is, for clients that speak EDNS.
 */
export function fit(reply: Reply, query: Query, told: Told, isTcp: boolean, ede?: number): Uint8Array {
  const maxBytes = isTcp ? TCP_MAX_BYTES : query.maxBytes;
  const plainBytes = query.hasEdns ? reply.bytes.length : reply.optAt;
  if (plainBytes > maxBytes) return emptyAnswer(query, rcodeOf(reply), FLAG.tc);
  // RFC 8914 §3: an answer is not cut for what explains it.
  const isExplained = ede !== undefined && query.hasEdns && plainBytes + EDE_OCTETS <= maxBytes;
  const length = isExplained ? plainBytes + EDE_OCTETS : plainBytes;
  const out = length <= SLOT_OCTETS ? takeSlot(length) : own(length);
  if (query.hasEdns) out.set(reply.bytes);
  else copyFirst(out, reply.bytes, plainBytes);
  setHead(out, query, reply);
  setTtls(out, reply, told);
  if (query.hasEdns) setClientOpt(out, reply, query.isDnssec, isExplained ? ede : undefined);
  return out;
}

const TCP_MAX_BYTES = 65_535;

/** The header's four bits: replies have no others. */
export function rcodeOf(reply: Reply): number {
  return pairAt(reply.bytes, AT.flags) & FLAG.rcode;
}

/** Id, flags and the question's letters. AD is for who understands it: RFC 6840 §5.8. Names in records point to the question's. */
function setHead(out: Uint8Array, query: Query, reply: Reply): void {
  const kept = pairAt(reply.bytes, AT.flags) & (query.wantsAd ? KEPT_WITH_AD : KEPT);
  setPair(out, AT.id, query.id);
  setPair(out, AT.flags, kept + (query.isRecursive ? FLAG.rd : 0) + (query.isUnchecked ? FLAG.cd : 0));
  if (!query.hasEdns) setPair(out, AT.additionals, pairAt(reply.bytes, AT.additionals) - 1);
  if (reply.questionEnd !== query.questionEnd) return;
  for (let at = AT.question; at < query.questionEnd; at++) setOctet(out, at, octetAt(query.bytes, at));
}

const KEPT_WITH_AD = 0xffff - FLAG.rd - FLAG.cd;
const KEPT = KEPT_WITH_AD - FLAG.ad;

function setTtls(out: Uint8Array, reply: Reply, told: Told): void {
  const { ttlsAt, ttlsSec } = reply;
  if ('ttlSec' in told) {
    for (const at of ttlsAt) setQuad(out, at, told.ttlSec);
  } else if (told.ageSec > 0) {
    for (let i = 0; i < ttlsAt.length; i++) setQuad(out, ttlsAt[i] ?? 0, Math.max(0, (ttlsSec[i] ?? 0) - told.ageSec));
  }
}

/** DO as it came (RFC 3225 §3), and the reason behind whatever options are there. */
function setClientOpt(out: Uint8Array, reply: Reply, isDnssec: boolean, ede: number | undefined): void {
  setOctet(out, reply.optAt + OPT.flags, isDnssec ? DO_OCTET : 0);
  if (ede === undefined) return;
  const lengthAt = reply.optAt + OPT.length;
  const edeAt = reply.bytes.length;
  setPair(out, lengthAt, pairAt(out, lengthAt) + EDE_OCTETS);
  setPair(out, edeAt, EDE_OPTION);
  setPair(out, edeAt + 2, EDE_OCTETS - 4);
  setPair(out, edeAt + 4, ede);
}

export type Rcode = 'NOERROR' | 'FORMERR' | 'SERVFAIL' | 'NXDOMAIN' | 'NOTIMP' | 'REFUSED';

/** An answer without records: SERVFAIL, REFUSED ... `ede` with the reason, for clients that speak EDNS. */
export function plainAnswer(query: Query, rcode: Rcode, ede?: number): Uint8Array {
  return emptyAnswer(query, RCODE[rcode], 0, { ede });
}
