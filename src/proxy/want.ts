/** What a request came to want, what may come of it, and for whom that is. */
import type { Answer } from './client.ts';
import { fieldOf, hasField, without } from './fields.ts';
import type { Flight } from './flight.ts';
import { collapses } from './plan.ts';
import type { Asked, Entry, Head, Refusal, Rule } from './types.ts';
import { variesOf } from './vary.ts';

export interface Want {
  readonly asked: Asked;
  readonly key: string;
  readonly rule: Rule;
  readonly isSummed: boolean;
  /** Kept, and to be asked about. */
  readonly stored: Entry | undefined;
  /** Told where the origin does not answer. */
  readonly fallback: Entry | undefined;
  readonly onInterim?: ((head: Head) => void) | undefined;
}

export type Fetched =
  /** It is on its way. `isFirst`: for this request. */
  | { readonly kind: 'flight'; readonly flight: Flight; readonly isFirst: boolean }
  | { readonly kind: 'entry'; readonly entry: Entry; readonly source: 'revalidated' | 'stale' | 'miss' }
  /** For this client alone. */
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** Nobody reads any longer: what is still to come is fetched all the same if it is no more than this, or than what is here. */
const WORTH_BYTES = 16 << 20;
const CONDITIONS: ReadonlySet<string> = new Set([
  ...['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'],
]);
/** Fields of a request that are for one client's copy of it. */
export const OWN_CONDITIONS: ReadonlySet<string> = new Set([...CONDITIONS, 'if-range', 'range']);

/** What tells that the origin is in trouble, and what is kept may be better. RFC 5861 §4. */
export const IS_TROUBLE: ReadonlySet<number> = new Set([500, 502, 503, 504]);

export const unconditional = (asked: Asked): Asked => ({ ...asked, fields: without(asked.fields, OWN_CONDITIONS) });

/**
 * Whether others may wait for what comes of it. A part is asked for as a whole, out of which it is cut; with other conditions of the
 * client's own, and nothing kept that they would be held against, the origin's answer may be for that client alone.
 */
export function mayShare({ asked, stored }: Want): boolean {
  if (asked.method !== 'GET' || !collapses(asked)) return false;
  return stored !== undefined || !asked.fields.some((name, i) => i % 2 === 0 && CONDITIONS.has(name.toLowerCase()));
}

/** What came for another, as far as it is for this one too. */
export function sharedWith({ asked, fallback }: Want, outcome: Fetched): Fetched | undefined {
  const older: Fetched | undefined = fallback && { kind: 'entry', entry: fallback, source: 'stale' };
  switch (outcome.kind) {
    case 'flight':
      return isFor(outcome.flight.facts, asked) && outcome.flight.isJoinable
        ? { ...outcome, isFirst: false }
        : undefined;
    case 'entry':
      // What is told in need is each one's own: not every client takes it.
      if (outcome.source === 'stale') return older;
      return isFor(outcome.entry, asked) ? outcome : undefined;
    case 'refused':
      return outcome.refusal.status >= 502 && older ? older : outcome;
    default:
      return undefined;
  }
}

/** Whether what is still to come is worth fetching though nobody reads it: of unknown length, while it is little. */
export function paysOff({ receivedBytes, isJoinable, facts: { totalBytes } }: Flight): boolean {
  if (!isJoinable) return false;
  if (totalBytes === undefined) return receivedBytes <= WORTH_BYTES;
  return receivedBytes <= totalBytes && totalBytes - receivedBytes <= Math.max(WORTH_BYTES, receivedBytes);
}

export function isFor({ head, varies }: Pick<Entry, 'head' | 'varies'>, asked: Asked): boolean {
  return varies.length === 0 || variesOf(asked, head)?.join('\n') === varies.join('\n');
}

/** Of the content, where the answer says it. */
export function sizeOf(head: Head): number | undefined {
  const length = fieldOf(head.fields, 'content-length');
  return length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined;
}

/** The length of the whole, where `head` is of the rest of `first`'s content from `from` on, to its end. RFC 9110 §14.4, §15.3.7. */
export function restOf(head: Head, from: number, first: Head): number | undefined {
  if (head.status !== 206) return undefined;
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(fieldOf(head.fields, 'content-range') ?? '');
  const [start, last, total] = [match?.[1], match?.[2], match?.[3]].map(Number);
  if (start !== from || total === undefined || last !== total - 1) return undefined;
  const isSame = (name: string): boolean =>
    !hasField(head.fields, name) || fieldOf(head.fields, name) === fieldOf(first.fields, name);
  return isSame('etag') && isSame('last-modified') && isSame('content-encoding') ? total : undefined;
}
