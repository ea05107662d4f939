/** A client's question, read without trust: what it asks, and what the answer must look like. RFC 1035 §4.1, RFC 6891 §6. */

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
export function readQuery(_bytes: Uint8Array): Read {
  throw new Error('unwritten');
}
