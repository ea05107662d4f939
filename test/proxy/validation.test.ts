/** RFC 9111 §3.2, §4.3, RFC 9110 §8.8, §13. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ageSecOf } from '../../src/proxy/age.ts';
import { type Fields, valuesOf } from '../../src/proxy/fields.ts';
import { conditionOf, refreshed, strongValidator, validationFields } from '../../src/proxy/validation.ts';
import { at, BODY_BYTES, kept, ok, request, T0 } from './onecache.ts';

const LATER = { askedAtMs: T0 + 10_000, answeredAtMs: T0 + 10_000 };

const questions: readonly { readonly name: string; readonly fields: Fields; readonly want: Fields }[] = [
  { name: 'a tag', fields: ['ETag', '"a"'], want: ['If-None-Match', '"a"'] },
  { name: 'a weak tag', fields: ['ETag', 'W/"a"'], want: ['If-None-Match', 'W/"a"'] },
  { name: 'a tag that is none, by its letters', fields: ['ETag', 'a'], want: ['If-None-Match', 'a'] },
  { name: 'a date', fields: ['Last-Modified', at(-9)], want: ['If-Modified-Since', at(-9)] },
  {
    name: 'both, §4.3.1',
    fields: ['Last-Modified', at(-9), 'ETag', '"a"'],
    want: ['If-None-Match', '"a"', 'If-Modified-Since', at(-9)],
  },
  { name: 'neither', fields: ['Date', at(0)], want: [] },
];
for (const { name, fields, want } of questions) {
  test(`asked with: ${name}`, () => assert.deepEqual(validationFields(kept(ok(...fields))), want));
}

const strong: readonly { readonly name: string; readonly fields: Fields; readonly want: string | undefined }[] = [
  { name: 'a strong tag', fields: ['ETag', '"a"', 'Last-Modified', at(-99), 'Date', at(0)], want: '"a"' },
  { name: 'an empty tag', fields: ['ETag', '""'], want: '""' },
  {
    name: 'a weak tag, whatever the date',
    fields: ['ETag', 'W/"a"', 'Last-Modified', at(-99), 'Date', at(0)],
    want: undefined,
  },
  { name: 'a tag that is none', fields: ['ETag', 'a'], want: undefined },
  { name: 'two tags', fields: ['ETag', '"a"', 'ETag', '"b"'], want: undefined },
  { name: 'a date a minute old', fields: ['Last-Modified', at(-60), 'Date', at(0)], want: at(-60) },
  {
    name: 'a date less old: it could change within',
    fields: ['Last-Modified', at(-59), 'Date', at(0)],
    want: undefined,
  },
  { name: 'a date, and no time to hold it against', fields: ['Last-Modified', at(-99)], want: undefined },
  { name: 'a date that is none', fields: ['Last-Modified', 'x', 'Date', at(0)], want: undefined },
  { name: 'nothing', fields: [], want: undefined },
];
for (const { name, fields, want } of strong) {
  test(`strong validator: ${name}`, () => assert.equal(strongValidator(ok(...fields)), want));
}

interface Renewal {
  readonly name: string;
  readonly stored: Fields;
  readonly status?: number;
  readonly news: Fields;
  readonly want: boolean;
}
const renewals: readonly Renewal[] = [
  { name: 'the same strong tag, §4.3.4', stored: ['ETag', '"a"'], news: ['ETag', '"a"'], want: true },
  { name: 'another strong tag: MUST NOT', stored: ['ETag', '"a"'], news: ['ETag', '"b"'], want: false },
  { name: 'the same weak tag', stored: ['ETag', 'W/"a"'], news: ['ETag', 'W/"a"'], want: true },
  { name: 'a tag that compression weakened', stored: ['ETag', 'W/"a"'], news: ['ETag', '"a"'], want: true },
  { name: 'another weak tag', stored: ['ETag', 'W/"a"'], news: ['ETag', 'W/"b"'], want: false },
  { name: 'the same date', stored: ['Last-Modified', at(-9)], news: ['Last-Modified', at(-9)], want: true },
  { name: 'another date', stored: ['Last-Modified', at(-9)], news: ['Last-Modified', at(-8)], want: false },
  {
    name: 'the same tag with another date',
    stored: ['ETag', '"a"', 'Last-Modified', at(-9)],
    news: ['ETag', '"a"', 'Last-Modified', at(-8)],
    want: true,
  },
  { name: 'a date where there was none', stored: ['ETag', '"a"'], news: ['Last-Modified', at(-9)], want: true },
  { name: 'no date where there was one', stored: ['Last-Modified', at(-9)], news: [], want: true },
  { name: 'nothing said: it was asked about this', stored: ['ETag', '"a"'], news: [], want: true },
  {
    name: 'a 200 to a HEAD, §4.3.5',
    stored: ['ETag', '"a"'],
    status: 200,
    news: ['ETag', '"a"', 'Content-Length', `${BODY_BYTES}`],
    want: true,
  },
  { name: 'a HEAD without validators', stored: [], status: 200, news: [], want: true },
  { name: 'a HEAD of another length', stored: [], status: 200, news: ['Content-Length', '1'], want: false },
  { name: 'a HEAD with another tag', stored: ['ETag', '"a"'], status: 200, news: ['ETag', '"b"'], want: false },
  { name: 'a HEAD with a tag where there was none', stored: [], status: 200, news: ['ETag', '"b"'], want: false },
  {
    name: 'a HEAD with another date',
    stored: ['Last-Modified', at(-9)],
    status: 200,
    news: ['Last-Modified', at(-8)],
    want: false,
  },
  { name: 'another status', stored: ['ETag', '"a"'], status: 410, news: ['ETag', '"a"'], want: false },
];
for (const { name, stored, status = 304, news, want } of renewals) {
  test(`refreshed by: ${name}`, () => {
    assert.equal(refreshed(kept(ok(...stored)), { status, fields: news }, LATER) !== undefined, want);
  });
}

const OLD = ['Date', at(0), 'ETag', '"a"'];
const changes: readonly {
  readonly name: string;
  readonly stored: Fields;
  readonly news: Fields;
  readonly want: Fields;
}[] = [
  { name: 'what it omits stays, §3.2', stored: ['A', '1'], news: [], want: ['A', '1'] },
  { name: 'what it has is replaced', stored: ['A', '1', 'B', '2'], news: ['a', '3'], want: ['B', '2', 'a', '3'] },
  { name: 'all lines of it', stored: ['A', '1', 'A', '2'], news: ['A', '3', 'A', '4'], want: ['A', '3', 'A', '4'] },
  { name: 'what is new is added', stored: [], news: ['A', '1'], want: ['A', '1'] },
  { name: 'the length is not updated', stored: [], news: ['Content-Length', '0'], want: [] },
  {
    name: 'nothing of the way',
    stored: [],
    news: ['Connection', 'a, close', 'a', '1', 'Via', '1.1 x', 'Age', '0'],
    want: [],
  },
  {
    name: 'nothing that no-cache names',
    stored: ['Cache-Control', 'x'],
    news: ['Cache-Control', 'no-cache=a', 'a', '1'],
    want: ['Cache-Control', 'no-cache=a'],
  },
  {
    name: 'what is about the content, too',
    stored: ['Content-Type', 'a/b'],
    news: ['Content-Type', 'c/d'],
    want: ['Content-Type', 'c/d'],
  },
  {
    name: 'a cookie in the place of one that is for all',
    stored: ['Set-Cookie', 'a=b'],
    news: ['Set-Cookie', 'a=c'],
    want: ['Set-Cookie', 'a=c'],
  },
  { name: 'no other cookie: it is for one', stored: [], news: ['Set-Cookie', 'a=c', 'Set-Cookie2', 'd'], want: [] },
];
for (const { name, stored, news, want } of changes) {
  test(`fields after a 304: ${name}`, () => {
    const by = refreshed(kept(ok(...OLD, ...stored)), { status: 304, fields: ['Date', at(10), ...news] }, LATER);
    assert.equal(by?.head.status, 200);
    const own = (fields: Fields) => fields.filter((_, i) => !/^(date|etag)$/i.test(fields[i - (i % 2)] ?? ''));
    assert.deepEqual(by && own(by.head.fields), want);
    assert.deepEqual(by && [valuesOf(by.head.fields, 'date'), valuesOf(by.head.fields, 'etag')], [[at(10)], ['"a"']]);
  });
}

test('a HEAD that finds what was not there is about something else', () => {
  assert.equal(refreshed(kept({ status: 404, fields: [] }), ok(), LATER), undefined);
});

test('after a 304 it is as young as that is, RFC 9111 §4.2.3', () => {
  const entry = kept(ok('Date', at(-500), 'ETag', '"a"'));
  const dateless = refreshed(entry, { status: 304, fields: [] }, LATER);
  assert.equal(dateless && ageSecOf(dateless, LATER.answeredAtMs), 0);
  assert.deepEqual(dateless && valuesOf(dateless.head.fields, 'date'), [at(10)]);
  const aged = refreshed(entry, { status: 304, fields: ['Age', '40'] }, LATER);
  assert.equal(aged && ageSecOf(aged, LATER.answeredAtMs), 40);
});

type Verdict = ReturnType<typeof conditionOf>;
const conditions: readonly {
  readonly name: string;
  readonly has: Fields;
  readonly wants: Fields;
  readonly status?: number;
  readonly want: Verdict;
}[] = [
  { name: 'none', has: ['ETag', '"a"'], wants: ['Accept', '*'], want: 'proceed' },
  {
    name: 'If-None-Match, RFC 9110 §13.1.2',
    has: ['ETag', '"a"'],
    wants: ['If-None-Match', '"a"'],
    want: 'not-modified',
  },
  {
    name: 'If-None-Match in a list',
    has: ['ETag', '"a"'],
    wants: ['If-None-Match', '"1", "a" , "2"'],
    want: 'not-modified',
  },
  {
    name: 'If-None-Match on lines',
    has: ['ETag', '"a"'],
    wants: ['If-None-Match', '"1"', 'If-None-Match', '"a"'],
    want: 'not-modified',
  },
  {
    name: 'If-None-Match compares weakly',
    has: ['ETag', 'W/"a"'],
    wants: ['If-None-Match', '"a"'],
    want: 'not-modified',
  },
  { name: 'both weak', has: ['ETag', 'W/"a"'], wants: ['If-None-Match', 'W/"a"'], want: 'not-modified' },
  { name: 'another tag', has: ['ETag', '"a"'], wants: ['If-None-Match', '"b"'], want: 'proceed' },
  { name: 'no tag here', has: ['Last-Modified', at(-9)], wants: ['If-None-Match', '"b"'], want: 'proceed' },
  { name: 'an empty tag is not no tag', has: [], wants: ['If-None-Match', '""'], want: 'proceed' },
  { name: 'If-None-Match: *', has: [], wants: ['If-None-Match', '*'], want: 'not-modified' },
  { name: 'tags that are none, the same', has: ['ETag', 'a'], wants: ['If-None-Match', 'a'], want: 'not-modified' },
  {
    name: 'tags that are none, with w/',
    has: ['ETag', 'w/"a"'],
    wants: ['If-None-Match', 'w/"a"'],
    want: 'not-modified',
  },
  { name: 'tags beyond ASCII', has: ['ETag', '"\u00fc"'], wants: ['If-None-Match', '"\u00fc"'], want: 'not-modified' },
  {
    name: 'If-None-Match over If-Modified-Since, §13.2.2',
    has: ['ETag', '"a"', 'Last-Modified', at(-9)],
    wants: ['If-None-Match', '"b"', 'If-Modified-Since', at(0)],
    want: 'proceed',
  },
  {
    name: 'If-Modified-Since the same, §13.1.3',
    has: ['Last-Modified', at(-9)],
    wants: ['If-Modified-Since', at(-9)],
    want: 'not-modified',
  },
  {
    name: 'If-Modified-Since after it',
    has: ['Last-Modified', at(-9)],
    wants: ['If-Modified-Since', at(-8)],
    want: 'not-modified',
  },
  {
    name: 'If-Modified-Since before it',
    has: ['Last-Modified', at(-9)],
    wants: ['If-Modified-Since', at(-10)],
    want: 'proceed',
  },
  {
    name: 'If-Modified-Since as RFC 850 writes it',
    has: ['Last-Modified', 'Sun, 06 Nov 1994 08:49:37 GMT'],
    wants: ['If-Modified-Since', 'Sunday, 06-Nov-94 08:49:37 GMT'],
    want: 'not-modified',
  },
  {
    name: 'without Last-Modified Date stands for it, RFC 9111 §4.3.2',
    has: ['Date', at(0)],
    wants: ['If-Modified-Since', at(0)],
    want: 'not-modified',
  },
  { name: 'Date after it', has: ['Date', at(0)], wants: ['If-Modified-Since', at(-1)], want: 'proceed' },
  { name: 'no date at all', has: [], wants: ['If-Modified-Since', at(0)], want: 'proceed' },
  { name: 'If-Match, RFC 9110 §13.1.1', has: ['ETag', '"a"'], wants: ['If-Match', '"b", "a"'], want: 'proceed' },
  { name: 'If-Match: *', has: [], wants: ['If-Match', '*'], want: 'proceed' },
  { name: 'If-Match another', has: ['ETag', '"a"'], wants: ['If-Match', '"b"'], want: 'precondition-failed' },
  {
    name: 'If-Match compares strongly',
    has: ['ETag', 'W/"a"'],
    wants: ['If-Match', '"a"'],
    want: 'precondition-failed',
  },
  { name: 'If-Match where no tag is', has: [], wants: ['If-Match', '""'], want: 'precondition-failed' },
  {
    name: 'If-Match, then If-None-Match',
    has: ['ETag', '"a"'],
    wants: ['If-Match', '"a"', 'If-None-Match', '"a"'],
    want: 'not-modified',
  },
  {
    name: 'If-Unmodified-Since, §13.1.4',
    has: ['Last-Modified', at(-9)],
    wants: ['If-Unmodified-Since', at(-9)],
    want: 'proceed',
  },
  {
    name: 'If-Unmodified-Since before it',
    has: ['Last-Modified', at(-9)],
    wants: ['If-Unmodified-Since', at(-10)],
    want: 'precondition-failed',
  },
  {
    name: 'If-Unmodified-Since without a date here is ignored',
    has: ['Date', at(0)],
    wants: ['If-Unmodified-Since', at(-10)],
    want: 'proceed',
  },
  {
    name: 'what is no 200 is told as it is, §13.2.1',
    has: ['ETag', '"a"'],
    wants: ['If-None-Match', '"a"'],
    status: 404,
    want: 'proceed',
  },
];
for (const { name, has, wants, status = 200, want } of conditions) {
  test(`condition: ${name}`, () => assert.equal(conditionOf(request(wants), { status, fields: has }), want));
}
