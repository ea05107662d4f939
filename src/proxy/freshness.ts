/** How long what is kept is fresh, and what may be done with it then. RFC 9111 §4.2, §5.2, RFC 5861, RFC 8246. */
// @ts-expect-error: it comes without types. What is used of it is below, and goes no further than this file.
import CachePolicy from 'http-cache-semantics';
import { showHttpDate } from '../http/httpdate.ts';
import { ageSecOf, dateMsOf } from './age.ts';
import { type Directives, directivesOf, isUnqualified, secondsOf } from './cachecontrol.ts';
import { elementsOf, type Fields, fieldOf, hasField } from './fields.ts';
import type { Asked, Entry, Head, Rule } from './types.ts';

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

/** Statuses whose meaning for caches is known here: must-understand asks for that. The library's own list. */
const UNDERSTOOD: ReadonlySet<number> = new Set([200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 405, 410, 414, 501]);
/** What the library takes an unknown status for: as for 302, only what the answer says makes it fresh. RFC 9111 §3. */
const UNKNOWN_AS = 302;
const USUAL: Rule = { kind: 'usual' };
/** Longer is nothing fresh for that its origin did not say so of: RFC 9111 §4.2.2 leaves it to us. Taste. */
const MAX_GUESSED_SEC = 86_400;
/** What is staler is no better than nothing, unless a rule or the origin says so: a hall's uplink is gone for hours. Taste. */
const MAX_SURVIVAL_SEC = 30 * 86_400;

interface Policy {
  /** RFC 9111 §3. */
  storable(): boolean;
  /** RFC 9111 §4.2.1, §4.2.2, in seconds. */
  maxAge(): number;
}

export function fitnessOf(asked: Asked, entry: Entry, rule: Rule, nowMs: number): Fitness {
  const { head } = entry;
  const says = directivesOf(head.fields);
  if (isWithheld(says, head.status)) return { kind: 'unfit' };
  const wants = directivesOf(asked.fields);
  const { kind } = applying(rule, head);
  const ageSec = ageSecOf(entry, nowMs);
  const staleSec = stalenessSec(entry, says, rule, nowMs);
  // What cannot change is not asked about by who merely wants it young (apt's max-age=0, a browser's reload): RFC 8246 §2.
  const isNewEnough =
    kind === 'lasting' || (says.has('immutable') && staleSec < 0) || !isTooOld(wants, ageSec, staleSec);
  const mayTell = isNewEnough && !wantsCheck(asked, wants);
  if (staleSec < 0 && mayTell) return { kind: 'fresh', ageSec };
  const isPrecious = kind === 'lasting' || kind === 'checked' || staleSec < 0;
  return {
    ...{ kind: 'stale', ageSec },
    mayServe: mayTell && kind !== 'checked' && staleSec < servingSec(says, wants),
    maySurvive: isPrecious || (head.status < 500 && staleSec < survivalSec(says, wants)),
  };
}

/** What a rule comes to for an answer: it is about contents, not about redirects and errors in their place. */
export function applying(rule: Rule, { status }: Head): Rule {
  return status === 200 ? rule : USUAL;
}

/** Whether no shared cache may keep it: private, and no-store unless all is understood that must be. RFC 9111 §5.2.2.3. */
export function isWithheld(says: Directives, status: number): boolean {
  if (isUnqualified(says, 'private')) return true;
  return says.has('must-understand') ? !UNDERSTOOD.has(status) : says.has('no-store');
}

/** Whether HTTP lets it be kept, beside `isWithheld`. RFC 9111 §3, §3.5. */
export function isStorable(head: Head, says: Directives, isAuthorized: boolean): boolean {
  return policyOf(head, says, { answeredAtMs: 0, isAuthorized }).storable();
}

/** For how many seconds of its age an answer is fresh. RFC 9111 §4.2.1, §4.2.2. */
export function lifetimeSec(head: Head, says: Directives, answeredAtMs: number): number {
  const sec = policyOf(head, says, { answeredAtMs, isAuthorized: false }).maxAge();
  return isLifetimeGiven(head, says) ? sec : Math.min(sec, MAX_GUESSED_SEC);
}

/** Whether the origin says how long, or whether that is a guess from Last-Modified. */
export function isLifetimeGiven({ fields }: Head, says: Directives): boolean {
  return says.has('s-maxage') || says.has('max-age') || hasField(fields, 'expires');
}

/** Below 0 while it is fresh. */
function stalenessSec(entry: Entry, says: Directives, rule: Rule, nowMs: number): number {
  const { head, answeredAtMs } = entry;
  const hereSec = Math.max(0, nowMs - answeredAtMs) / 1000;
  const applied = applying(rule, head);
  if (applied.kind === 'lasting') return Number.NEGATIVE_INFINITY;
  if (applied.kind === 'checked') return hereSec;
  if (applied.kind === 'fresh') return hereSec - applied.freshSec;
  return ageSecOf(entry, nowMs) - lifetimeSec(head, says, answeredAtMs);
}

/** RFC 9111 §5.2.1.1, §5.2.1.3. */
function isTooOld(wants: Directives, ageSec: number, staleSec: number): boolean {
  if (wants.size === 0) return false;
  return ageSec > (secondsOf(wants, 'max-age') ?? ageSec) || -staleSec < (secondsOf(wants, 'min-fresh') ?? -staleSec);
}

/** RFC 9111 §5.2.1.4; Pragma where there is no Cache-Control, as clients of old mean it: §5.4. */
function wantsCheck({ fields }: Asked, wants: Directives): boolean {
  return wants.size > 0 ? wants.has('no-cache') : isPragmatic(fields);
}

function isPragmatic(fields: Fields): boolean {
  return elementsOf(fieldOf(fields, 'pragma')).some((element) => element.toLowerCase() === 'no-cache');
}

/** For how long it is told though it is stale, and asked about behind the client's back. RFC 5861 §3, RFC 9111 §5.2.1.2. */
function servingSec(says: Directives, wants: Directives): number {
  if (isStrict(says)) return 0;
  const given = secondsOf(says, 'stale-while-revalidate') ?? 0;
  if (says.has('s-maxage') || !wants.has('max-stale')) return given;
  return wants.get('max-stale') === '' ? Number.POSITIVE_INFINITY : Math.max(given, secondsOf(wants, 'max-stale') ?? 0);
}

/**
 * For how long it is better than no answer. RFC 9111 §4.2.4, RFC 5861 §4. s-maxage forbids it (§5.2.2.10), unless the
 * same origin allows it in so many words.
 */
function survivalSec(says: Directives, wants: Directives): number {
  if (isStrict(says)) return 0;
  const given = secondsOf(says, 'stale-if-error') ?? 0;
  return says.has('s-maxage') ? given : Math.max(MAX_SURVIVAL_SEC, given, secondsOf(wants, 'stale-if-error') ?? 0);
}

/** RFC 9111 §5.2.2.2, §5.2.2.8, §5.2.2.4. */
function isStrict(says: Directives): boolean {
  return says.has('must-revalidate') || says.has('proxy-revalidate') || isUnqualified(says, 'no-cache');
}

/**
 * The library's rules, on what the header says in the form that it reads rightly. By itself it knows no upper case in
 * directives, takes the last of two, parts at commas in quotes, takes `3600a` and any text that JavaScript makes a date
 * of, gives up on statuses that it does not know, and takes proxy-revalidate, Set-Cookie and `no-cache="a"` for «never
 * fresh», which RFC 9111 does not say. Age, Vary, 304s and the request's directives are not asked of it.
 */
function policyOf(
  head: Head,
  says: Directives,
  { answeredAtMs, isAuthorized }: { readonly answeredAtMs: number; readonly isAuthorized: boolean },
): Policy {
  const has = (name: string): true | undefined => says.has(name) || undefined;
  return CachePolicy.fromObject({
    ...{ v: 1, t: answeredAtMs, sh: true, ch: 0.1, imm: 0, st: UNDERSTOOD.has(head.status) ? head.status : UNKNOWN_AS },
    ...{ m: 'GET', a: !isAuthorized, reqh: null, reqcc: {}, resh: datesOf(head, says) },
    rescc: {
      'max-age': secondsOf(says, 'max-age')?.toString(),
      's-maxage': secondsOf(says, 's-maxage')?.toString(),
      ...{
        public: has('public'),
        'must-revalidate': has('must-revalidate'),
        'no-cache': isUnqualified(says, 'no-cache'),
      },
    },
  });
}

/** The fields that a lifetime comes from, where they count and as dates that everybody reads the same. */
function datesOf(head: Head, says: Directives): Readonly<Record<string, string | undefined>> {
  if (says.has('max-age') || says.has('s-maxage')) return NO_DATES;
  const { fields } = head;
  // RFC 9111 says nothing of Pragma in answers; who sends it means that nobody shall guess.
  const mayGuess = says.size > 0 || !isPragmatic(fields);
  return {
    date: shown(dateMsOf(fields, 'date')),
    // A date that is none is in the past: RFC 9111 §5.3.
    expires: hasField(fields, 'expires') ? (shown(dateMsOf(fields, 'expires')) ?? 'past') : undefined,
    'last-modified': mayGuess ? shown(dateMsOf(fields, 'last-modified')) : undefined,
  };
}

const NO_DATES = {};

function shown(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : showHttpDate(ms);
}
