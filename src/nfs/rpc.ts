/** ONC RPC, version 2: calls as they come in, replies as they go out. RFC 5531. */
import type { Ipv4 } from '../core/addr.ts';
import { Malformed, quadAt } from '../core/bytes.ts';
import type { Soon } from '../core/content.ts';
import { MARK_BYTES, markOf } from './record.ts';
import { fillOf, XdrReader, XdrWriter } from './xdr.ts';

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
  | { readonly kind: 'system-error' }
  /** Nothing is sent: of calls that only those answer who did what was asked. RFC 1833 §3.2, PMAPPROC_CALLIT. */
  | { readonly kind: 'silence' };

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

/** Places of a call's words. Behind the credential comes the verifier, of the same form. RFC 5531 §9 */
const AT = {
  xid: 0,
  messageType: 4,
  rpcVersion: 8,
  program: 12,
  version: 16,
  procedure: 20,
  credential: 24,
  credentialBody: 32,
} as const;
/** With nothing in credential and verifier. */
const CALL_HEAD_BYTES = 40;
const CALL = 0;
const REPLY = 1;
const RPC_VERSION = 2;
/** `auth_flavor`, RFC 5531 §8.2; two words with the length stand in front of a body of 400 octets at most. */
const FLAVOUR = { none: 0, sys: 1 } as const;
const AUTH_HEAD_BYTES = 8;
const MAX_AUTH_BYTES = 400;
/** `reply_stat`, `reject_stat` and `auth_stat` of what is refused. AUTH_REJECTEDCRED: the caller must begin anew; AUTH_BADVERF. */
const REFUSED = { denied: 1, rpcMismatch: 0, authError: 1, rejectedCredential: 2, badVerifier: 3 } as const;
/** `accept_stat` */
const ACCEPTED = {
  done: 0,
  'program-unavailable': 1,
  'version-mismatch': 2,
  'procedure-unavailable': 3,
  'garbage-arguments': 4,
  'system-error': 5,
} as const;
/** The number, REPLY, accepted, a verifier of AUTH_NONE, `accept_stat`; a range of versions may follow. */
const REPLY_HEAD_BYTES = 24;
const RANGE_BYTES = 8;
const GARBAGE: Answer = { kind: 'garbage-arguments' };

/**
 * Never throws. RFC 5531 §9; credentials AUTH_NONE and AUTH_SYS are taken, nothing of them is believed. What stands in AUTH_SYS is not
 * even read: everybody may read here, and a user's number that a machine claims proves nothing.
 */
export function hear(record: Uint8Array): Heard {
  if (record.length < AT.program) return { kind: 'dropped', reason: 'too-short' };
  if (quadAt(record, AT.messageType) !== CALL) return { kind: 'dropped', reason: 'not-a-call' };
  const xid = quadAt(record, AT.xid);
  if (quadAt(record, AT.rpcVersion) !== RPC_VERSION)
    return refused(xid, 'rpc-version', [REFUSED.rpcMismatch, RPC_VERSION, RPC_VERSION]);
  if (record.length < CALL_HEAD_BYTES) return { kind: 'dropped', reason: 'too-short' };
  const credentialBytes = quadAt(record, AT.credentialBody - 4);
  if (credentialBytes > MAX_AUTH_BYTES) return { kind: 'dropped', reason: 'bad-credential' };
  const verifierAt = AT.credentialBody + credentialBytes + fillOf(credentialBytes);
  // Beyond the end there are zeros, and the length of all is looked at last.
  const verifierBytes = quadAt(record, verifierAt + 4);
  if (verifierBytes > MAX_AUTH_BYTES) return { kind: 'dropped', reason: 'bad-credential' };
  const argsAt = verifierAt + AUTH_HEAD_BYTES + verifierBytes + fillOf(verifierBytes);
  if (argsAt > record.length) return { kind: 'dropped', reason: 'too-short' };
  // RPCSEC_GSS, AUTH_SHORT, whatever comes next. libtirpc's servers say the same of what they don't know.
  if (quadAt(record, AT.credential) > FLAVOUR.sys)
    return refused(xid, 'credential', [REFUSED.authError, REFUSED.rejectedCredential]);
  // AUTH_NONE beside either, RFC 5531 §10, §14.
  if (quadAt(record, verifierAt) !== FLAVOUR.none)
    return refused(xid, 'credential', [REFUSED.authError, REFUSED.badVerifier]);
  const program = quadAt(record, AT.program);
  const version = quadAt(record, AT.version);
  const procedure = quadAt(record, AT.procedure);
  return { kind: 'call', call: { xid, program, version, procedure, args: new XdrReader(record, argsAt) } };
}

function refused(xid: number, reason: 'rpc-version' | 'credential', why: readonly number[]): Heard {
  const w = new XdrWriter().u32(xid).u32(REPLY).u32(REFUSED.denied);
  for (const word of why) w.u32(word);
  return { kind: 'refused', reason, reply: w.bytes() };
}

/** The call's answer by the program that is meant. A `Malformed` thrown by it is `garbage-arguments`; anything else is a bug, and comes through. */
export function dispatch(call: Call, caller: Caller, programs: readonly Program[]): Soon<Answer> {
  for (const program of programs) {
    if (program.number !== call.program) continue;
    const { low, high } = program.versions;
    if (call.version < low || call.version > high) return { kind: 'version-mismatch', low, high };
    try {
      const answer = program.answer(call, caller);
      return answer instanceof Promise ? answer.catch(garbageOrBug) : answer;
    } catch (e) {
      return garbageOrBug(e);
    }
  }
  return { kind: 'program-unavailable' };
}

function garbageOrBug(e: unknown): Answer {
  if (e instanceof Malformed) return GARBAGE;
  throw e;
}

/** An answer that is sent. */
export type Reply = Exclude<Answer, { readonly kind: 'silence' }>;

/** The reply up to its tail, without the record mark. */
export function replyHead(xid: number, reply: Reply): Uint8Array {
  return putReply(new XdrWriter(headBytes(reply)), xid, reply);
}

/** The same behind the mark of a record of one fragment, which counts the tail and its filling, too: one piece less to be written. */
export function replyRecord(xid: number, reply: Reply): Uint8Array {
  const bytes = headBytes(reply);
  const tailBytes = reply.kind === 'done' && reply.tail ? reply.tail.bytes + fillOf(reply.tail.bytes) : 0;
  return putReply(new XdrWriter(MARK_BYTES + bytes).u32(markOf(bytes + tailBytes)), xid, reply);
}

function headBytes(reply: Reply): number {
  if (reply.kind === 'done') return REPLY_HEAD_BYTES + reply.results.length;
  return REPLY_HEAD_BYTES + (reply.kind === 'version-mismatch' ? RANGE_BYTES : 0);
}

function putReply(w: XdrWriter, xid: number, reply: Reply): Uint8Array {
  w.u32(xid).u32(REPLY).u32(0).u32(FLAVOUR.none).u32(0).u32(ACCEPTED[reply.kind]);
  if (reply.kind === 'done') w.fixed(reply.results);
  if (reply.kind === 'version-mismatch') w.u32(reply.low).u32(reply.high);
  return w.bytes();
}
