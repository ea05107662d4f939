/** What a request comes to, one by one and one after another. RFC 9111, RFC 5861. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Fields, fieldOf } from '../../src/proxy/fields.ts';
import { collapses, plan } from '../../src/proxy/plan.ts';
import type { Asked, Entry, Head, Rule } from '../../src/proxy/types.ts';
import { at, kept, OneCache, type Outcome, ok, outcomes, request, type Step, T0, USUAL } from './onecache.ts';

const cc = (says: string): Fields => ['Cache-Control', says];
const FRESH = kept(ok(...cc('max-age=60'), 'ETag', '"a"'));
const STALE = kept(ok(...cc('max-age=1'), 'ETag', '"a"'));
const LOST = kept(ok(...cc('max-age=1, must-revalidate'), 'ETag', '"a"'));
const USABLE = kept(ok(...cc('max-age=1, stale-while-revalidate=60')));

function word(asked: Asked, entries: readonly Entry[]): string {
  const decision = plan(asked, entries, USUAL, T0 + 5000);
  if (decision.kind === 'tell') return decision.isStale ? 'tell stale' : 'tell';
  if (decision.kind === 'ask') return `ask${decision.stored ? ' whether' : ''}${decision.fallback ? ' or tell' : ''}`;
  return `${decision.kind} ${decision.reason}`;
}

const cases: readonly {
  readonly name: string;
  readonly asked: Asked;
  readonly entry?: Entry;
  readonly want: string;
}[] = [
  { name: 'nothing kept', asked: request(), want: 'ask' },
  { name: 'fresh', asked: request(), entry: FRESH, want: 'tell' },
  {
    name: 'a HEAD is told from what a GET kept, RFC 9111 §4',
    asked: request([], { method: 'HEAD' }),
    entry: FRESH,
    want: 'tell',
  },
  { name: 'stale', asked: request(), entry: STALE, want: 'ask whether or tell' },
  { name: 'stale, and it says must-revalidate', asked: request(), entry: LOST, want: 'ask whether' },
  { name: 'stale-while-revalidate', asked: request(), entry: USABLE, want: 'tell stale' },
  {
    name: 'another variant',
    asked: request(['Foo', '2']),
    entry: kept(ok('Vary', 'Foo', ...cc('max-age=60')), { varies: ['foo', '1'] }),
    want: 'ask',
  },
  { name: 'private by now', asked: request(), entry: kept(ok(...cc('private, max-age=60'))), want: 'ask' },
  { name: 'a method that is not cached', asked: request([], { method: 'POST' }), entry: FRESH, want: 'pass method' },
  {
    name: 'methods are case-sensitive, RFC 9110 §9.1',
    asked: request([], { method: 'get' }),
    entry: FRESH,
    want: 'pass method',
  },
  { name: 'a GET with content', asked: request([], { hasContent: true }), entry: FRESH, want: 'pass content' },
  { name: 'no-store, §5.2.1.5', asked: request(cc('no-store')), entry: FRESH, want: 'pass no-store' },
  {
    name: 'another protocol',
    asked: request(['Upgrade', 'websocket', 'Connection', 'upgrade']),
    entry: FRESH,
    want: 'pass upgrade',
  },
  {
    name: 'an offer of HTTP/2, not taken',
    asked: request(['Upgrade', 'H2c', 'Connection', 'upgrade']),
    entry: FRESH,
    want: 'tell',
  },
  { name: 'If-Match, nothing kept', asked: request(['If-Match', '"a"']), want: 'pass condition' },
  { name: 'If-Unmodified-Since, nothing kept', asked: request(['If-Unmodified-Since', at(0)]), want: 'pass condition' },
  { name: 'If-Match, kept', asked: request(['If-Match', '"a"']), entry: FRESH, want: 'tell' },
  {
    name: 'If-None-Match does not keep from asking for all of it',
    asked: request(['If-None-Match', '"a"']),
    want: 'ask',
  },
  { name: 'Range neither', asked: request(['Range', 'bytes=0-1']), want: 'ask' },
  {
    name: 'Authorization may be told what is for all',
    asked: request(['Authorization', 'x']),
    entry: FRESH,
    want: 'tell',
  },
  { name: 'a cookie is not special', asked: request(['Cookie', 'a=b']), entry: FRESH, want: 'tell' },
  { name: 'only-if-cached, fresh, §5.2.1.7', asked: request(cc('only-if-cached')), entry: FRESH, want: 'tell' },
  { name: 'only-if-cached, nothing kept', asked: request(cc('only-if-cached')), want: 'refused not-cached' },
  { name: 'only-if-cached, stale', asked: request(cc('only-if-cached')), entry: STALE, want: 'refused not-cached' },
  {
    name: 'only-if-cached, stale, and max-stale',
    asked: request(cc('only-if-cached, max-stale')),
    entry: STALE,
    want: 'tell stale',
  },
  { name: 'only-if-cached and no-store', asked: request(cc('only-if-cached, no-store')), want: 'refused not-cached' },
  {
    name: 'only-if-cached of what is not cached',
    asked: request(cc('only-if-cached'), { method: 'POST' }),
    want: 'pass method',
  },
];
for (const { name, asked, entry, want } of cases) {
  test(`plan: ${name}`, () => assert.equal(word(asked, entry ? [entry] : []), want));
}

test('plan: only-if-cached is refused with 504, RFC 9111 §5.2.1.7', () => {
  const decision = plan(request(cc('only-if-cached')), [], USUAL, T0);
  assert.equal(decision.kind === 'refused' && decision.status, 504);
});

const shared: readonly { readonly name: string; readonly asked: Asked; readonly want: boolean }[] = [
  { name: 'a GET', asked: request(), want: true },
  { name: 'a GET with a cookie', asked: request(['Cookie', 'a=b']), want: true },
  { name: 'Authorization says who asks', asked: request(['authorization', 'x']), want: false },
  { name: 'no-store', asked: request(cc('no-store')), want: false },
  { name: 'a POST', asked: request([], { method: 'POST' }), want: false },
  { name: 'content', asked: request([], { hasContent: true }), want: false },
  { name: 'a WebSocket', asked: request(['Upgrade', 'websocket']), want: false },
];
for (const { name, asked, want } of shared) test(`collapses: ${name}`, () => assert.equal(collapses(asked), want));

const PAGE = (sec: number, ...more: Fields): Head => ok('Date', at(sec), ...cc('max-age=2'), ...more);
const NOT_MODIFIED = (sec: number, ...more: Fields): Head => ({ status: 304, fields: ['Date', at(sec), ...more] });
const ERROR: Head = { status: 503, fields: [] };
const stories: readonly {
  readonly name: string;
  readonly rule?: Rule;
  readonly steps: readonly Step[];
  readonly want: readonly Outcome[];
}[] = [
  {
    name: 'asked once while it is fresh',
    steps: [{ answer: PAGE(0) }, { atSec: 1 }, { atSec: 2, answer: PAGE(2) }, { atSec: 3 }],
    want: ['asked', 'cached', 'asked', 'cached'],
  },
  {
    name: 'a 304 makes it fresh again, RFC 9111 §4.3.4',
    steps: [
      { answer: PAGE(0, 'ETag', '"a"') },
      { atSec: 5, confirms: NOT_MODIFIED(5) },
      { atSec: 6 },
      { atSec: 8, confirms: NOT_MODIFIED(8) },
    ],
    want: ['asked', 'validated', 'cached', 'validated'],
  },
  {
    name: 'stale-while-revalidate: told once, then by what was heard, RFC 5861 §3',
    steps: [
      { answer: ok(...cc('max-age=1, stale-while-revalidate=4'), 'ETag', '"a"') },
      { atSec: 3, answer: ok(...cc('no-cache'), 'ETag', '"b"') },
      { atSec: 6, confirms: NOT_MODIFIED(6) },
    ],
    want: ['asked', 'stale', 'validated'],
  },
  {
    name: 'the origin is gone, §4.2.4',
    steps: [{ answer: PAGE(0) }, { atSec: 9 }, { atSec: 10 }],
    want: ['asked', 'fallback', 'fallback'],
  },
  {
    name: 'the origin is in trouble, RFC 5861 §4',
    steps: [{ answer: PAGE(0) }, { atSec: 9, answer: ERROR }],
    want: ['asked', 'fallback'],
  },
  {
    name: 'the origin is gone: must-revalidate',
    steps: [{ answer: PAGE(0, ...cc('must-revalidate')) }, { atSec: 9 }],
    want: ['asked', 'none'],
  },
  {
    name: 'the origin is gone: s-maxage',
    steps: [{ answer: PAGE(0, ...cc('s-maxage=2')) }, { atSec: 9 }],
    want: ['asked', 'none'],
  },
  { name: 'the origin is gone, nothing kept', steps: [{}], want: ['none'] },
  {
    name: 'the uplink is unplugged: indexes',
    rule: { kind: 'checked' },
    steps: [{ answer: ok(...cc('no-cache, must-revalidate')) }, { atSec: 1e7 }],
    want: ['asked', 'fallback'],
  },
  {
    name: 'the uplink is unplugged: packages',
    rule: { kind: 'lasting' },
    steps: [{ answer: ok(...cc('max-age=0')) }, { atSec: 1e8 }],
    want: ['asked', 'cached'],
  },
  {
    name: 'two variants beside each other, §4.1',
    steps: [
      { asked: request(['Foo', '1']), answer: PAGE(0, 'Vary', 'Foo') },
      { asked: request(['Foo', '2']), answer: PAGE(0, 'Vary', 'Foo') },
      { asked: request(['Foo', '1']) },
      { asked: request(['Foo', '2']) },
      { answer: PAGE(0, 'Vary', 'Foo') },
    ],
    want: ['asked', 'asked', 'cached', 'cached', 'asked'],
  },
  {
    name: 'an unsafe request that succeeds, §4.4',
    steps: [{ answer: PAGE(0) }, { asked: request([], { method: 'M-SEARCH' }), answer: ok() }, { answer: PAGE(0) }],
    want: ['asked', 'passed', 'asked'],
  },
  {
    name: 'an unsafe request that fails',
    steps: [{ answer: PAGE(0) }, { asked: request([], { method: 'POST' }), answer: ERROR }, {}],
    want: ['asked', 'passed', 'cached'],
  },
  {
    name: 'private answers are each its own',
    steps: [{ answer: PAGE(0, ...cc('private')) }, { answer: PAGE(0, ...cc('private')) }],
    want: ['asked', 'asked'],
  },
  {
    name: 'Authorization: the next without it is asked anew, §3.5',
    steps: [
      { asked: request(['Authorization', 'x']), answer: PAGE(0) },
      { answer: PAGE(0) },
      { asked: request(['Authorization', 'x']) },
    ],
    want: ['asked', 'asked', 'cached'],
  },
  {
    name: 'a reload is asked about, and kept: §5.2.1.4',
    steps: [
      { answer: PAGE(0, 'ETag', '"a"') },
      { atSec: 1, asked: request(cc('no-cache')), confirms: NOT_MODIFIED(1) },
      { atSec: 2 },
    ],
    want: ['asked', 'validated', 'cached'],
  },
  {
    name: 'an error is fresh for as long as it says',
    steps: [{ answer: { ...PAGE(0), status: 599 } }, { atSec: 1 }, { atSec: 3 }],
    want: ['asked', 'cached', 'none'],
  },
  {
    name: 'a 304 that takes leave back',
    steps: [
      { answer: PAGE(0, 'ETag', '"a"') },
      { atSec: 5, confirms: NOT_MODIFIED(5, ...cc('private')) },
      { atSec: 5, answer: PAGE(5) },
    ],
    want: ['asked', 'validated', 'asked'],
  },
];
for (const { name, rule = USUAL, steps, want } of stories) {
  test(`one after another: ${name}`, () => assert.deepEqual(outcomes(rule, steps), want));
}

test('what a 304 updated is what is told', () => {
  const cache = new OneCache(USUAL);
  cache.step({ answer: PAGE(0, 'ETag', '"a"', 'A', '1', 'B', '1') });
  cache.step({ atSec: 5, confirms: NOT_MODIFIED(5, 'A', '2') });
  assert.equal(cache.step({ atSec: 6 }), 'cached');
  assert.deepEqual(
    ['a', 'b', 'date'].map((name) => fieldOf(cache.last?.fields ?? [], name)),
    ['2', '1', at(5)],
  );
});
