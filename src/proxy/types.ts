/** What all of the proxy speaks of: requests, answers, and what is kept of them, as values. */
import type { Fields } from './fields.ts';
import type { Url } from './url.ts';

/** A request for an object, read and found to be in order. */
export interface Asked {
  readonly method: string;
  readonly url: Url;
  /** As they came. */
  readonly fields: Fields;
  /** Whether content follows: Content-Length above 0, or Transfer-Encoding. */
  readonly hasContent: boolean;
  readonly version: '1.0' | '1.1';
  /** Its address. */
  readonly client: string;
}

export interface Head {
  readonly status: number;
  readonly fields: Fields;
}

/** When a request left and when its answer's head was there: wall clock, since it goes to disk. RFC 9111 §4.2.3. */
export interface Exchanged {
  readonly askedAtMs: number;
  readonly answeredAtMs: number;
}

/** An answer that is kept, without its content. */
export interface Entry extends Exchanged {
  /** Of the content; never used twice. */
  readonly id: number;
  /** What it is found by: `textOf(url)`, or what stands for all mirrors of it. */
  readonly key: string;
  /** The fields of the request that Vary names, with what they were; names in lower case, sorted. Absent ones have no line. */
  readonly varies: Fields;
  /** Status and end-to-end fields; no Content-Length, Age, Via or Connection. */
  readonly head: Head;
  /** Of the content, whole. */
  readonly sizeBytes: number;
  /** Of the content, in hex; where it was worth the work. */
  readonly sha256: string | undefined;
}

/** What an operator's pattern, or knowledge of package repositories, says of a URL beyond what its answers say. */
export type Rule =
  /** Never changes: kept for good, asked for once. Versioned packages, what is named by its checksum. */
  | { readonly kind: 'lasting' }
  /** Asked about each time; what is known is better than nothing while nobody answers. Indexes of repositories. */
  | { readonly kind: 'checked' }
  /** Fresh for so long from when it was answered, whatever its headers say. `refresh:` */
  | { readonly kind: 'fresh'; readonly freshSec: number }
  /** What HTTP says. */
  | { readonly kind: 'usual' };

/** Why a request is not done: the word in code, counters, log and test; `sentence` is for people. */
export type RefusalReason =
  | 'garbled'
  | 'too-large'
  | 'scheme'
  | 'method'
  | 'host'
  | 'port'
  | 'blocked'
  | 'forbidden'
  | 'loop'
  | 'unknown-name'
  | 'unreachable'
  | 'timed-out'
  | 'broken'
  | 'not-cached'
  | 'inconsistent'
  | 'busy'
  | 'no-mirror';

export interface Refusal {
  readonly status: number;
  readonly reason: RefusalReason;
  /** One sentence, with the cure where there is one. */
  readonly says: string;
}
