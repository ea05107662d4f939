/** RFC 9111 §4.2, §5.2, RFC 5861, RFC 8246, sentence by sentence. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { arrival } from '../../src/proxy/age.ts';
import { directivesOf } from '../../src/proxy/cachecontrol.ts';
import type { Fields } from '../../src/proxy/fields.ts';
import { fitnessOf, isWithheld } from '../../src/proxy/freshness.ts';
import { keepable } from '../../src/proxy/keepable.ts';
import { outdated } from '../../src/proxy/outdated.ts';
import { plan } from '../../src/proxy/plan.ts';
import type { Entry, Rule } from '../../src/proxy/types.ts';
import { conditionOf, refreshed, strongValidator, validationFields } from '../../src/proxy/validation.ts';
import { at, kept, ok, request, T0, USUAL } from './onecache.ts';

/** fresh; served: stale, told at once; survives: told if the origin does not answer; stale: not even that. */
type Word = 'fresh' | 'served' | 'survives' | 'stale' | 'unfit';

function fitness(says: Fields, over: { status?: number; wants?: Fields; atSec?: number; rule?: Rule }): Word {
  const head = { status: over.status ?? 200, fields: ['Date', at(0), ...says] };
  const entry: Entry = kept(head, arrival(head, { askedAtMs: T0, answeredAtMs: T0 }));
  const found = fitnessOf(request(over.wants ?? []), entry, over.rule ?? USUAL, T0 + (over.atSec ?? 3) * 1000);
  if (found.kind !== 'stale') return found.kind;
  return found.mayServe ? 'served' : found.maySurvive ? 'survives' : 'stale';
}
const cc = (...says: readonly string[]): Fields => says.flatMap((value) => ['Cache-Control', value]);

interface Row {
  readonly name: string;
  readonly says: Fields;
  readonly status?: number;
  readonly wants?: Fields;
  /** Since it was answered. */
  readonly atSec?: number;
  readonly rule?: Rule;
  readonly want: Word;
}

const lifetimes: readonly Row[] = [
  { name: 'max-age, §4.2.1', says: cc('max-age=10'), want: 'fresh' },
  { name: 'max-age past', says: cc('max-age=2'), want: 'survives' },
  { name: 'max-age reached is past: lifetime > age', says: cc('max-age=3'), want: 'survives' },
  { name: 'max-age=0', says: cc('max-age=0'), atSec: 0, want: 'survives' },
  { name: 'max-age over a past Expires, §5.3', says: [...cc('max-age=10'), 'Expires', at(-100)], want: 'fresh' },
  { name: 'max-age over an Expires that is none', says: [...cc('max-age=10'), 'Expires', '0'], want: 'fresh' },
  { name: 'max-age=0 over a future Expires', says: [...cc('max-age=0'), 'Expires', at(100)], want: 'survives' },
  {
    name: 'an invalid max-age over a future Expires',
    says: [...cc('max-age=a1'), 'Expires', at(100)],
    want: 'survives',
  },
  { name: 'short s-maxage over long max-age, §5.2.2.10', says: cc('max-age=3600, s-maxage=1'), want: 'stale' },
  { name: 'the same on two lines', says: cc('s-maxage=1', 'max-age=3600'), want: 'stale' },
  { name: 'long s-maxage over short max-age', says: cc('max-age=1, s-maxage=3600'), want: 'fresh' },
  { name: 's-maxage is no guess', says: cc('s-maxage=999999'), atSec: 999_998, want: 'fresh' },
  { name: 'Expires minus Date', says: ['Expires', at(10)], want: 'fresh' },
  { name: 'Expires past', says: ['Expires', at(2)], want: 'survives' },
  { name: 'Expires that is none, §5.3', says: ['Expires', '0'], want: 'survives' },
  { name: 'Expires that is empty', says: ['Expires', ''], want: 'survives' },
  { name: 'Expires twice', says: ['Expires', at(10), 'Expires', at(10)], want: 'survives' },
  { name: 'nothing said: not fresh', says: [], want: 'survives' },
  { name: 'Age counts, §4.2.3', says: [...cc('max-age=3600'), 'Age', '7200'], want: 'survives' },
  { name: 'Age beyond what can be', says: [...cc('max-age=3600'), 'Age', '2147483648'], want: 'stale' },
  { name: 'no-cache over max-age, §5.2.2.4', says: cc('max-age=10, no-cache'), want: 'stale' },
  { name: 'no-cache in any case', says: cc('max-age=10, No-CaChE'), want: 'stale' },
  { name: 'no-cache with names: the answer is fresh', says: cc('no-cache="a"', 'max-age=10'), want: 'fresh' },
  {
    name: 'must-revalidate is nothing to what is fresh, §5.2.2.2',
    says: cc('max-age=10, must-revalidate'),
    want: 'fresh',
  },
  { name: 'nor proxy-revalidate, §5.2.2.8', says: cc('max-age=10, proxy-revalidate'), want: 'fresh' },
  { name: 'Pragma in an answer means nothing, §5.4', says: [...cc('max-age=10'), 'Pragma', 'no-cache'], want: 'fresh' },
  { name: 'immutable gives no time by itself, RFC 8246 §2', says: cc('immutable'), want: 'survives' },
  { name: 'a cookie is nothing to it, §7.3', says: [...cc('max-age=10'), 'Set-Cookie', 'a=b'], want: 'fresh' },
];

const DAY_SEC = 86_400;
const guesses: readonly Row[] = [
  {
    name: 'a tenth of the time since Last-Modified, §4.2.2',
    says: ['Last-Modified', at(-100)],
    atSec: 9,
    want: 'fresh',
  },
  { name: 'and no more', says: ['Last-Modified', at(-100)], atSec: 11, want: 'survives' },
  { name: 'a day at most', says: ['Last-Modified', at(-5000 * DAY_SEC)], atSec: DAY_SEC - 1, want: 'fresh' },
  { name: 'not more than a day', says: ['Last-Modified', at(-5000 * DAY_SEC)], atSec: DAY_SEC + 1, want: 'survives' },
  { name: 'Last-Modified ahead', says: ['Last-Modified', at(100)], want: 'survives' },
  {
    name: 'Pragma: no-cache alone forbids to guess',
    says: ['Last-Modified', at(-1000), 'Pragma', 'no-cache'],
    want: 'survives',
  },
  {
    name: 'no guess for a status that is not by default, §3',
    says: ['Last-Modified', at(-1000)],
    status: 403,
    want: 'survives',
  },
  ...[203, 204, 300, 301, 308, 404, 405, 410, 414].map(
    (status): Row => ({ name: `${status}, RFC 9110 §15.1`, says: ['Last-Modified', at(-1000)], status, want: 'fresh' }),
  ),
  { name: '501', says: ['Last-Modified', at(-1000)], status: 501, want: 'fresh' },
  ...[201, 202, 302, 303, 307, 400, 403].map(
    (status): Row => ({
      name: `${status}: not by default`,
      says: ['Last-Modified', at(-1000)],
      status,
      want: 'survives',
    }),
  ),
  ...[500, 502, 503, 504, 599].map(
    (status): Row => ({
      name: `${status}: nor kept for trouble`,
      says: ['Last-Modified', at(-1000)],
      status,
      want: 'stale',
    }),
  ),
  {
    name: 'any status that is public, §5.2.2.9',
    says: ['Last-Modified', at(-1000), ...cc('public')],
    status: 599,
    want: 'fresh',
  },
];

const statuses: readonly Row[] = [200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 499, 500, 503, 599].map(
  (status): Row => ({
    name: `${status} is fresh for as long as it says, §3`,
    says: cc('max-age=10'),
    status,
    want: 'fresh',
  }),
);

const demands: readonly Row[] = [
  { name: 'max-age, §5.2.1.1', says: cc('max-age=10'), wants: cc('max-age=5'), want: 'fresh' },
  { name: 'max-age less than its age', says: cc('max-age=10'), wants: cc('max-age=1'), want: 'survives' },
  { name: 'max-age=0', says: cc('max-age=10'), wants: cc('max-age=0'), want: 'survives' },
  {
    name: 'max-age less than Age',
    says: [...cc('max-age=3600'), 'Age', '1800'],
    wants: cc('max-age=600'),
    want: 'survives',
  },
  { name: 'max-age that is no number', says: cc('max-age=10'), wants: cc('max-age=x'), want: 'survives' },
  { name: 'min-fresh, §5.2.1.3', says: cc('max-age=10'), wants: cc('min-fresh=6'), want: 'fresh' },
  { name: 'min-fresh more than is left', says: cc('max-age=10'), wants: cc('min-fresh=8'), want: 'survives' },
  {
    name: 'min-fresh more than Age leaves',
    says: [...cc('max-age=1500'), 'Age', '1000'],
    wants: cc('min-fresh=1000'),
    want: 'survives',
  },
  { name: 'max-stale, §5.2.1.2', says: cc('max-age=1'), wants: cc('max-stale=1000'), want: 'served' },
  { name: 'max-stale, less', says: cc('max-age=1'), wants: cc('max-stale=1'), want: 'survives' },
  { name: 'max-stale, whatever', says: cc('max-age=1'), wants: cc('max-stale'), want: 'served' },
  {
    name: 'max-stale with Age',
    says: [...cc('max-age=1500'), 'Age', '2000'],
    wants: cc('max-stale=1000'),
    want: 'served',
  },
  {
    name: 'max-stale does not outrank must-revalidate',
    says: cc('max-age=1, must-revalidate'),
    wants: cc('max-stale'),
    want: 'stale',
  },
  { name: 'nor proxy-revalidate', says: cc('max-age=1, proxy-revalidate'), wants: cc('max-stale'), want: 'stale' },
  { name: 'nor s-maxage', says: cc('s-maxage=1'), wants: cc('max-stale'), want: 'stale' },
  { name: 'no-cache, §5.2.1.4', says: cc('max-age=10'), wants: cc('no-cache'), want: 'survives' },
  { name: 'Pragma: no-cache alone, §5.4', says: cc('max-age=10'), wants: ['Pragma', 'x, No-Cache'], want: 'survives' },
  {
    name: 'Pragma beside Cache-Control',
    says: cc('max-age=10'),
    wants: ['Pragma', 'no-cache', ...cc('x')],
    want: 'fresh',
  },
  { name: 'Pragma with something else', says: cc('max-age=10'), wants: ['Pragma', 'foo'], want: 'fresh' },
  { name: 'what nobody knows', says: cc('max-age=10'), wants: cc('foo, bar=1'), want: 'fresh' },
  {
    name: 'immutable: not checked for a reload, RFC 8246 §2',
    says: cc('max-age=10, immutable'),
    wants: cc('max-age=0'),
    want: 'fresh',
  },
  {
    name: 'immutable: checked where that is demanded',
    says: cc('max-age=10, immutable'),
    wants: cc('no-cache'),
    want: 'survives',
  },
  { name: 'immutable and stale', says: cc('max-age=2, immutable'), wants: cc('max-age=0'), want: 'survives' },
];

const MONTH_SEC = 30 * DAY_SEC;
const stales: readonly Row[] = [
  { name: 'stale-while-revalidate, RFC 5861 §3', says: cc('max-age=1, stale-while-revalidate=60'), want: 'served' },
  { name: 'stale-while-revalidate past', says: cc('max-age=1, stale-while-revalidate=2'), atSec: 4, want: 'survives' },
  {
    name: 'stale-while-revalidate for who wants it young',
    says: cc('max-age=1, stale-while-revalidate=60'),
    wants: cc('max-age=0'),
    want: 'survives',
  },
  {
    name: 'stale-while-revalidate does not outrank must-revalidate',
    says: cc('max-age=1, must-revalidate, stale-while-revalidate=60'),
    want: 'stale',
  },
  {
    name: 'stale-while-revalidate beside s-maxage: both are its word',
    says: cc('s-maxage=1, stale-while-revalidate=60'),
    want: 'served',
  },
  { name: 'unreachable, and nothing forbids it, RFC 9111 §4.2.4', says: cc('max-age=1'), want: 'survives' },
  { name: 'a month at most', says: cc('max-age=1'), atSec: MONTH_SEC + 2, want: 'stale' },
  {
    name: 'longer if stale-if-error says so, RFC 5861 §4',
    says: cc('max-age=1, stale-if-error=9999999'),
    atSec: MONTH_SEC + 2,
    want: 'survives',
  },
  {
    name: 'longer if the request says so',
    says: cc('max-age=1'),
    wants: cc('stale-if-error=9999999'),
    atSec: MONTH_SEC + 2,
    want: 'survives',
  },
  { name: 'must-revalidate', says: cc('max-age=2, must-revalidate'), want: 'stale' },
  {
    name: 'must-revalidate and the request',
    says: cc('max-age=2, must-revalidate'),
    wants: cc('stale-if-error=60'),
    want: 'stale',
  },
  {
    name: 'must-revalidate and stale-if-error',
    says: cc('max-age=2, must-revalidate, stale-if-error=60'),
    want: 'stale',
  },
  { name: 'proxy-revalidate', says: cc('max-age=2, proxy-revalidate'), want: 'stale' },
  { name: 'no-cache', says: cc('max-age=2, no-cache'), want: 'stale' },
  { name: 's-maxage, RFC 9111 §5.2.2.10', says: cc('max-age=2, s-maxage=2'), want: 'stale' },
  { name: 's-maxage with stale-if-error', says: cc('s-maxage=2, stale-if-error=60'), want: 'survives' },
  { name: 's-maxage with stale-if-error past', says: cc('s-maxage=2, stale-if-error=60'), atSec: 63, want: 'stale' },
  {
    name: 'must-revalidate, fresh, but checked on demand',
    says: cc('max-age=10, must-revalidate'),
    wants: cc('no-cache'),
    want: 'survives',
  },
];

const LASTING: Rule = { kind: 'lasting' };
const CHECKED: Rule = { kind: 'checked' };
const FOR_A_DAY: Rule = { kind: 'fresh', freshSec: DAY_SEC };
const YEARS_SEC = 5 * 365 * DAY_SEC;
const rules: readonly Row[] = [
  {
    name: 'lasting: whatever its header says',
    says: cc('max-age=0, no-cache'),
    rule: LASTING,
    atSec: YEARS_SEC,
    want: 'fresh',
  },
  { name: "lasting: apt's max-age=0 changes nothing", says: [], wants: cc('max-age=0'), rule: LASTING, want: 'fresh' },
  {
    name: 'lasting: checked on demand',
    says: [],
    wants: cc('no-cache'),
    rule: LASTING,
    atSec: YEARS_SEC,
    want: 'survives',
  },
  { name: 'lasting: an error is not', says: [], status: 404, rule: LASTING, want: 'survives' },
  {
    name: 'lasting: an error is as fresh as it says',
    says: cc('max-age=10'),
    status: 404,
    rule: LASTING,
    want: 'fresh',
  },
  { name: 'checked: fresh by its header', says: cc('max-age=10'), rule: CHECKED, want: 'survives' },
  { name: 'checked: just answered', says: cc('max-age=10'), rule: CHECKED, atSec: 0, want: 'survives' },
  {
    name: 'checked: never told unasked',
    says: cc('max-age=1, stale-while-revalidate=99'),
    wants: cc('max-stale'),
    rule: CHECKED,
    want: 'survives',
  },
  {
    name: 'checked: told without the origin, whatever it says',
    says: cc('no-cache, must-revalidate'),
    rule: CHECKED,
    atSec: YEARS_SEC,
    want: 'survives',
  },
  { name: 'fresh: whatever its header says', says: cc('no-cache, max-age=0'), rule: FOR_A_DAY, want: 'fresh' },
  { name: 'fresh: from when it was answered', says: ['Age', '99999'], rule: FOR_A_DAY, want: 'fresh' },
  { name: 'fresh: for so long', says: [], rule: FOR_A_DAY, atSec: DAY_SEC, want: 'survives' },
  {
    name: 'fresh: not longer though its header says so',
    says: cc('max-age=9999999'),
    rule: FOR_A_DAY,
    atSec: DAY_SEC,
    want: 'survives',
  },
  {
    name: 'fresh: then as its header says',
    says: cc('must-revalidate'),
    rule: FOR_A_DAY,
    atSec: DAY_SEC,
    want: 'stale',
  },
  { name: 'fresh: the client wants it young', says: [], wants: cc('max-age=0'), rule: FOR_A_DAY, want: 'survives' },
  ...[LASTING, CHECKED, FOR_A_DAY].flatMap((rule): readonly Row[] => [
    { name: `${rule.kind}: no longer to be kept, a 304 said`, says: cc('no-store'), rule, want: 'unfit' },
    { name: `${rule.kind}: private by now`, says: cc('private'), rule, want: 'unfit' },
  ]),
  { name: 'private in part', says: cc('private="a", max-age=10'), want: 'fresh' },
];

for (const [what, rows] of Object.entries({ lifetimes, guesses, statuses, demands, stales, rules })) {
  for (const row of rows) test(`${what}: ${row.name}`, () => assert.equal(fitness(row.says, row), row.want));
}

test('the age that is told is the whole of it, RFC 9111 §5.1', () => {
  const head = ok('Date', at(0), 'Age', '30', 'Cache-Control', 'max-age=600');
  const entry = kept(head, arrival(head, { askedAtMs: T0 - 2000, answeredAtMs: T0 }));
  assert.deepEqual(fitnessOf(request(), entry, USUAL, T0 + 3000), { kind: 'fresh', ageSec: 35 });
});

const NAMES = [
  ...['Cache-Control', 'Expires', 'Date', 'Age', 'Vary', 'ETag', 'Last-Modified', 'Pragma', 'Connection', 'Location'],
  ...['Content-Location', 'If-None-Match', 'If-Match', 'If-Modified-Since', 'Accept-Language', 'Content-Language'],
];
const WORDS = [
  ...[
    'max-age=',
    's-maxage',
    'no-cache="',
    'private',
    'public',
    'must-understand',
    'stale-if-error=1',
    '"',
    '\\',
    ',',
    ';q=',
  ],
  ...[
    '*',
    'W/',
    '0',
    '99999999999999999999',
    '-1',
    ' ',
    'Thu, 18 Aug 2050 02:01:18 GMT',
    'en',
    'http://[',
    '//',
    '\u00ff',
  ],
];
const junk = fc.array(fc.oneof(fc.constantFrom(...WORDS), fc.string({ maxLength: 6 })), { maxLength: 8 });
const fields = fc
  .array(fc.tuple(fc.constantFrom(...NAMES), junk), { maxLength: 8 })
  .map((lines) => lines.flatMap(([name, words]) => [name, words.join('')]));
const rule = fc.constantFrom(USUAL, LASTING, CHECKED, FOR_A_DAY);
const status = fc.constantFrom(200, 204, 206, 299, 304, 404, 500, 999);

test('whatever the headers, nothing is thrown, and what is withheld is not told', () => {
  const any = fc.record({ asked: fields, answered: fields, confirmed: fields, rule, status });
  const check = fc.property(any, (given) => {
    const asked = request(given.asked);
    const head = { status: given.status, fields: given.answered };
    const times = { askedAtMs: T0, answeredAtMs: T0 + 50 };
    const found = keepable(asked, head, given.rule, times);
    const entry = kept(head, { ...times, ...found });
    const decision = plan(asked, [entry], given.rule, T0 + 5000);
    if (decision.kind === 'tell') {
      assert.ok(Number.isFinite(decision.ageSec) && decision.ageSec >= 0);
      assert.equal(isWithheld(directivesOf(head.fields), head.status), false);
    }
    const by = refreshed(entry, { status: 304, fields: given.confirmed }, times);
    if (by) fitnessOf(asked, { ...entry, ...by }, given.rule, T0);
    outdated({ ...asked, method: 'POST' }, head);
    conditionOf(asked, head);
    strongValidator(head);
    validationFields(entry);
  });
  fc.assert(check, { seed: 9111, numRuns: 2000 });
});
