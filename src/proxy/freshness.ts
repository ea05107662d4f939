/** What HTTP's caching rules say of a request and of an answer. RFC 9111, RFC 5861; by http-cache-semantics where it is right. */

import type { Fields } from './fields.ts';
import type { Asked, Entry, Exchanged, Head, Rule } from './types.ts';

/** What may be done with something kept, for this request, now. */
export type Fitness =
  /** It answers the request. */
  | { readonly kind: 'fresh'; readonly ageSec: number }
  /**
   * It must be asked about first. `mayServe`: not before it is answered (stale-while-revalidate, max-stale). `maySurvive`: it answers if
   * the origin does not (stale-if-error, or nothing forbids it: must-revalidate, no-cache, s-maxage do).
   */
  | { readonly kind: 'stale'; readonly ageSec: number; readonly mayServe: boolean; readonly maySurvive: boolean }
  /** It is of no use for this request. */
  | { readonly kind: 'unfit' };

export function fitnessOf(_asked: Asked, _entry: Entry, _rule: Rule, _nowMs: number): Fitness {
  throw new Error('unwritten');
}

/** Whether an answer may be kept for others, whole, and the request's fields that it depends on. Vary: * is never kept. */
export function keepable(
  _asked: Asked,
  _head: Head,
  _rule: Rule,
  _exchanged: Exchanged,
): { readonly varies: Fields } | undefined {
  throw new Error('unwritten');
}

/** Of all that is kept under a key the one that the request selects, the latest first. RFC 9111 §4.1. */
export function selected(_asked: Asked, _entries: readonly Entry[]): Entry | undefined {
  throw new Error('unwritten');
}

/** If-None-Match, If-Modified-Since to ask the origin whether `entry` still holds; the client's own conditions are left out. */
export function validationFields(_entry: Entry): Fields {
  throw new Error('unwritten');
}

/** What is kept, made new by a 304 or by a HEAD's answer; nothing where that is about something else. RFC 9111 §3.2, §4.3.4, §4.3.5. */
export function refreshed(
  _entry: Entry,
  _head: Head,
  _exchanged: Exchanged,
): Pick<Entry, 'head' | keyof Exchanged> | undefined {
  throw new Error('unwritten');
}

/** A strong validator of an answer, for If-Range and for going on where it broke off: a strong ETag, or a Last-Modified that is a minute older than Date (RFC 9110 §8.8.2.2). */
export function strongValidator(_head: Head): string | undefined {
  throw new Error('unwritten');
}

/** Other URLs whose entries an answer to an unsafe request outdates, its own among them: Location and Content-Location of the same origin. RFC 9111 §4.4. */
export function outdated(_asked: Asked, _head: Head): readonly string[] {
  throw new Error('unwritten');
}
