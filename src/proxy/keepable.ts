/** Which answers are kept for others, and what of them. RFC 9111 §3, §7.3. */
import { showHttpDate } from '../http/httpdate.ts';
import { arrival } from './age.ts';
import { type Directives, directivesOf, reservedNames, secondsOf } from './cachecontrol.ts';
import { hasField, without } from './fields.ts';
import { endToEnd } from './forward.ts';
import { applying, isLifetimeGiven, isStorable, isWithheld, lifetimeSec } from './freshness.ts';
import type { Asked, Entry, Exchanged, Head, Rule } from './types.ts';
import { variesOf } from './vary.ts';

/** All of an entry that an answer's head says. */
export type Kept = Pick<Entry, 'head' | 'varies' | keyof Exchanged>;

/**
 * Answers about a request and not about what is there: parts, conditions, limits, the way to it. RFC 9110 §15.3.7,
 * §15.4.5, §15.5.8, §15.5.13, §15.5.17, RFC 6585 («MUST NOT be stored»).
 */
const NEVER: ReadonlySet<number> = new Set([206, 304, 407, 412, 416, 428, 429, 431, 511]);
export const COOKIES: ReadonlySet<string> = new Set(['set-cookie', 'set-cookie2']);

/**
 * Whether an answer, its head as it came, may be kept whole for others; and the request's fields that it depends on.
 * Nothing that a shared cache must not keep, whatever the rule; nothing that could never be told again.
 */
export function keepable(asked: Asked, head: Head, rule: Rule, exchanged: Exchanged): Kept | undefined {
  if (asked.method !== 'GET' || asked.hasContent || head.status < 200 || NEVER.has(head.status)) return undefined;
  if (isEndUnsure(asked, head)) return undefined;
  const says = directivesOf(head.fields);
  if (isWithheld(says, head.status) || directivesOf(asked.fields).has('no-store')) return undefined;
  if (!isStorable(head, says, hasField(asked.fields, 'authorization'))) return undefined;
  const varies = variesOf(asked, head);
  if (!varies) return undefined;
  const isRuled = applying(rule, head).kind !== 'usual';
  if (!isRuled && !isOfUse(head, says, exchanged)) return undefined;
  const reserved = reservedNames(says);
  const plain = dated(endToEnd(head), exchanged.answeredAtMs);
  const fields = without(plain.fields, isRuled ? new Set([...reserved, ...COOKIES]) : reserved);
  return { head: { status: head.status, fields }, varies, ...arrival(head, exchanged) };
}

/**
 * By TLS, content that ends with its connection: the runtime does not tell an end that the origin signed (close_notify)
 * from one that anybody on the way made. RFC 9112 §9.8.
 */
function isEndUnsure({ url }: Asked, { status, fields }: Head): boolean {
  if (url.scheme !== 'https' || status === 204) return false;
  return !hasField(fields, 'content-length') && !hasField(fields, 'transfer-encoding');
}

/** With the time that it came at as its Date, where the origin gave none: RFC 9110 §6.6.1. */
export function dated(head: Head, answeredAtMs: number): Head {
  if (hasField(head.fields, 'date')) return head;
  return { status: head.status, fields: [...head.fields, 'Date', showHttpDate(answeredAtMs)] };
}

/**
 * Whether anybody will ever be told it: it is fresh, can be asked about, or its origin wants it told when stale. With
 * a cookie the first must be by the origin's own word (RFC 9111 §7.3): servers that mean one client forget to say so.
 */
function isOfUse(head: Head, says: Directives, { answeredAtMs }: Exchanged): boolean {
  const isFresh = lifetimeSec(head, says, answeredAtMs) > 0;
  if (hasField(head.fields, 'set-cookie')) return isFresh && isLifetimeGiven(head, says);
  if (isFresh || hasField(head.fields, 'etag') || hasField(head.fields, 'last-modified')) return true;
  return (secondsOf(says, 'stale-while-revalidate') ?? secondsOf(says, 'stale-if-error') ?? 0) > 0;
}
