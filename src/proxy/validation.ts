/** Whether what is kept still holds: asked of the origin, and answered to clients. RFC 9111 §4.3, RFC 9110 §8.8, §13. */
import { type ConditionDecision, decideConditions } from '../http/conditional.ts';
import { arrival, dateMsOf } from './age.ts';
import { directivesOf, reservedNames } from './cachecontrol.ts';
import { type Fields, fieldOf, hasField, without } from './fields.ts';
import { endToEnd } from './forward.ts';
import { COOKIES, dated } from './keepable.ts';
import type { Asked, Entry, Exchanged, Head } from './types.ts';

/** An entity-tag that is strong: RFC 9110 §8.8.3. */
const STRONG = /^"[\x21\x23-\x7e\x80-\xff]*"$/;
/** Older than Date by this, it is the same content though clocks differ: what RFC 7232 §2.2.2 asked for. */
const SURELY_UNMODIFIED_MS = 60_000;
/** Seldom there: a request without any of them has no conditions. */
const CONDITIONS = ['if-match', 'if-unmodified-since', 'if-none-match', 'if-modified-since'] as const;

/** If-None-Match, If-Modified-Since to ask the origin whether `entry` still holds, in its own letters; none where it has neither tag nor date. */
export function validationFields({ head }: Entry): Fields {
  const etag = fieldOf(head.fields, 'etag');
  const modified = fieldOf(head.fields, 'last-modified');
  return [
    ...(etag === undefined ? [] : ['If-None-Match', etag]),
    ...(modified === undefined ? [] : ['If-Modified-Since', modified]),
  ];
}

/**
 * What is kept, made new by a 304 or by a HEAD's answer, its head as it came; nothing where that is about something
 * else. RFC 9111 §3.2, §4.3.4, §4.3.5.
 */
export function refreshed(
  entry: Entry,
  head: Head,
  exchanged: Exchanged,
): Pick<Entry, 'head' | keyof Exchanged> | undefined {
  const isSame = head.status === 304 ? isConfirmed(entry.head, head) : isLike(entry, head);
  if (!isSame) return undefined;
  // A cookie comes for one client: it takes the place of one that its origin has let everybody have, and no other.
  const cookies = [...COOKIES].filter((name) => !hasField(entry.head.fields, name));
  const left = new Set([...reservedNames(directivesOf(head.fields)), ...cookies]);
  const fields = without(dated(endToEnd(head), exchanged.answeredAtMs).fields, left);
  const replaced = new Set(fields.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase()));
  const kept = { status: entry.head.status, fields: [...without(entry.head.fields, replaced), ...fields] };
  return { head: kept, ...arrival(head, exchanged) };
}

/**
 * A strong validator of an answer, for If-Range and for going on where it broke off: a strong ETag; without any ETag a
 * Last-Modified that is a minute older than Date (RFC 9110 §8.8.2.2).
 */
export function strongValidator({ fields }: Head): string | undefined {
  const etag = fieldOf(fields, 'etag');
  if (etag !== undefined) return STRONG.test(etag) ? etag : undefined;
  const [modifiedMs, dateMs] = [dateMsOf(fields, 'last-modified'), dateMsOf(fields, 'date')];
  if (modifiedMs === undefined || dateMs === undefined || dateMs - modifiedMs < SURELY_UNMODIFIED_MS) return undefined;
  return fieldOf(fields, 'last-modified');
}

/**
 * What a GET or HEAD with conditions deserves of an answer that it would get without them: RFC 9110 §13.2. Where no
 * Last-Modified is there, Date stands for it in If-Modified-Since (RFC 9111 §4.3.2) and If-Unmodified-Since is ignored.
 */
export function conditionOf(asked: Asked, head: Head): ConditionDecision {
  if (head.status !== 200 || !CONDITIONS.some((name) => hasField(asked.fields, name))) return 'proceed';
  const [ifMatch, ifUnmodifiedSince, ifNoneMatch, ifModifiedSince] = CONDITIONS.map((name) =>
    fieldOf(asked.fields, name),
  );
  const etag = fieldOf(head.fields, 'etag') ?? '';
  const lastModifiedMs = dateMsOf(head.fields, 'last-modified');
  const modifiedMs = lastModifiedMs ?? dateMsOf(head.fields, 'date') ?? Number.POSITIVE_INFINITY;
  const since = lastModifiedMs === undefined ? undefined : ifUnmodifiedSince;
  const isStrong = !etag.startsWith('W/');
  const before = decideConditions({ ifMatch, ifUnmodifiedSince: since }, { etag: isStrong ? etag : '', modifiedMs });
  if (before !== 'proceed') return before;
  // Tags that are none, without quotes or with `w/`, are the same all the same when they are so by the letter.
  if (etag !== '' && ifNoneMatch === etag) return 'not-modified';
  return decideConditions({ ifNoneMatch, ifModifiedSince }, { etag: opaque(etag), modifiedMs });
}

/** The origin was asked about this very entry: nothing in its 304 may say that it means another. */
function isConfirmed(stored: Head, confirming: Head): boolean {
  const [tag, newTag] = [stored, confirming].map(({ fields }) => fieldOf(fields, 'etag'));
  // Weakly: nginx and Apache weaken the tag of what they compress, and forget to in the 304.
  if (tag !== undefined && newTag !== undefined) return opaque(tag) === opaque(newTag);
  const [date, newDate] = [stored, confirming].map(({ fields }) => dateMsOf(fields, 'last-modified'));
  return date === undefined || newDate === undefined || date === newDate;
}

/** Every validator that a HEAD's answer has, and its length: RFC 9111 §4.3.5. */
function isLike({ head, sizeBytes }: Entry, { status, fields }: Head): boolean {
  if (status !== 200 || head.status !== 200) return false;
  const isSame = (name: string): boolean =>
    !hasField(fields, name) || fieldOf(fields, name) === fieldOf(head.fields, name);
  const length = fieldOf(fields, 'content-length');
  return isSame('etag') && isSame('last-modified') && (length === undefined || Number(length) === sizeBytes);
}

function opaque(etag: string): string {
  return etag.startsWith('W/') ? etag.slice(2) : etag;
}
