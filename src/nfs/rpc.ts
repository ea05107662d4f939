/** ONC RPC, version 2: calls as they come in, replies as they go out. RFC 5531. */
import type { Ipv4 } from '../core/addr.ts';
import type { Soon } from '../core/content.ts';
import type { XdrReader } from './xdr.ts';

/** A call whose header is in order. */
export interface Call {
  /** The caller's own number, which the reply carries. */
  readonly xid: number;
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  /** What comes behind the header; shares memory with the record. */
  readonly args: XdrReader;
}

/** What a record is to a server. A `refused` one is answered, a `dropped` one is not: it is no call, or too short to have a number. */
export type Heard =
  | { readonly kind: 'call'; readonly call: Call }
  | { readonly kind: 'refused'; readonly reason: 'rpc-version' | 'credential'; readonly reply: Uint8Array }
  | { readonly kind: 'dropped'; readonly reason: 'too-short' | 'not-a-call' | 'bad-credential' };

/** Octets behind the results, lent by whoever has them: an `opaque<>` whose length stands at the end of the results. */
export interface Tail {
  readonly views: readonly Uint8Array[];
  /** All of `views`; filled with zeros to a multiple of four on the wire. RFC 4506 §4.10. */
  readonly bytes: number;
  /** To be called once: they have left, or never will. */
  readonly release: () => void;
}

/** What a program makes of a call. RFC 5531 §9, `accept_stat`. */
export type Answer =
  | { readonly kind: 'done'; readonly results: Uint8Array; readonly tail?: Tail }
  | { readonly kind: 'program-unavailable' }
  | { readonly kind: 'version-mismatch'; readonly low: number; readonly high: number }
  | { readonly kind: 'procedure-unavailable' }
  | { readonly kind: 'garbage-arguments' }
  | { readonly kind: 'system-error' };

/** Who calls, and as what this node was reached. */
export interface Caller {
  readonly address: Ipv4;
  readonly localAddress: Ipv4;
  readonly transport: 'tcp' | 'udp';
  /**
   * Waits until `bytes` of memory may be filled for this caller's answer. False when the caller has gone meanwhile: the answer is nobody's.
   * Each true is followed by one `give` of the same count, when the octets have left or never will.
   */
  take(bytes: number): Soon<boolean>;
  give(bytes: number): void;
}

export interface Program {
  readonly number: number;
  /** Versions that it speaks; all in between, too. */
  readonly versions: { readonly low: number; readonly high: number };
  /** Of a call of one of its versions. Rejects or throws for nothing but bugs; `Malformed` arguments are `garbage-arguments`. */
  answer(call: Call, caller: Caller): Soon<Answer>;
}

/** Never throws. RFC 5531 §9; credentials AUTH_NONE and AUTH_SYS are taken, nothing of them is believed. */
export function hear(_record: Uint8Array): Heard {
  throw new Error('unwritten');
}

/** The call's answer by the program that is meant. A `Malformed` thrown by it is `garbage-arguments`. */
export function dispatch(_call: Call, _caller: Caller, _programs: readonly Program[]): Soon<Answer> {
  throw new Error('unwritten');
}

/** The reply up to its tail, without the record mark. */
export function replyHead(_xid: number, _answer: Answer): Uint8Array {
  throw new Error('unwritten');
}
