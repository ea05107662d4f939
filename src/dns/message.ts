/** An upstream's packet, read without trust: bounded in records, names, pointers, and so in time. RFC 1035 §4, RFC 9267. */
import type { Name } from './query.ts';
import type { Reply } from './reply.ts';

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
  /** With EDNS's upper bits. */
  readonly rcode: number;
  /** 0 or 1; with more it would not have been read. */
  readonly questions: number;
  readonly questionEnd: number;
  /** Without OPT. */
  readonly records: readonly RecordPlace[];
  readonly hasEdns: boolean;
}

/** Nothing where a length lies, there are more than 4,096 records, two questions or two OPTs. Never throws. */
export function readMessage(_bytes: Uint8Array): Message | undefined {
  throw new Error('unwritten');
}

/** The name at `at`, pointers followed: each must go backwards, 255 octets and 127 labels at most. Nothing where it breaks that. */
export function nameAt(_bytes: Uint8Array, _at: number): Name | undefined {
  throw new Error('unwritten');
}

/** As `keep` wants it. */
export interface Kept {
  /** Records from this index on are left out, and what follows them: a packet may be cut, since pointers go backwards only. */
  readonly cutAt: number | undefined;
  /** The rcode that clients get. */
  readonly rcode: number;
  /** No TTL is above it, in seconds. */
  readonly maxTtlSec: number;
}

/** The reply that clients get of it: a copy, with AD as it came, AA and the upstream's OPT gone. */
export function keep(_message: Message, _kept: Kept): Reply {
  throw new Error('unwritten');
}
