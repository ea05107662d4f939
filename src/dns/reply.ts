/**
 * An answer as it is kept: the upstream's packet as it came, octet by octet, its own OPT taken out and ours put at the end; and how it is
 * made to fit each client: id, letters of the question, RD, CD, AD, TTLs, size. RFC 1035 §4.1, RFC 2181 §9, RFC 6840 §5, RFC 6891.
 */
import type { Query } from './query.ts';

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
  noReachable: 22,
  networkError: 23,
} as const;

/** How the TTLs of a reply are told: so many seconds less than when it was kept; or the same for all. */
export type Told = { readonly ageSec: number } | { readonly ttlSec: number };

/**
 * The packet for that client. By UDP what is too long becomes an empty answer with TC. Valid until 512 more were made.
 * `ede`: why the answer is as it is, for clients that speak EDNS.
 */
export function fit(_reply: Reply, _query: Query, _told: Told, _isTcp: boolean, _ede?: number): Uint8Array {
  throw new Error('unwritten');
}

export type Rcode = 'NOERROR' | 'FORMERR' | 'SERVFAIL' | 'NXDOMAIN' | 'NOTIMP' | 'REFUSED';

/** An answer without records: SERVFAIL, REFUSED ... `ede` with the reason. */
export function plainAnswer(_query: Query, _rcode: Rcode, _ede?: number): Uint8Array {
  throw new Error('unwritten');
}
