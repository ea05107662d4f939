import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ageSecOf, arrival, dateMsOf } from '../../src/proxy/age.ts';
import type { Fields } from '../../src/proxy/fields.ts';
import { at, ok, T0 } from './onecache.ts';

const YEAR_2050 = Date.UTC(2050, 7, 18, 2, 1, 18);
const dates: readonly { readonly name: string; readonly text: string; readonly want: number | undefined }[] = [
  { name: 'IMF-fixdate', text: 'Thu, 18 Aug 2050 02:01:18 GMT', want: YEAR_2050 },
  { name: 'rfc850-date', text: 'Thursday, 18-Aug-50 02:01:18 GMT', want: YEAR_2050 },
  { name: 'asctime-date', text: 'Thu Aug 18 02:01:18 2050', want: YEAR_2050 },
  { name: 'weekday in another case, RFC 9111 §4.2', text: 'THU, 18 Aug 2050 02:01:18 GMT', want: YEAR_2050 },
  { name: 'month in another case', text: 'Thu, 18 AUG 2050 02:01:18 GMT', want: YEAR_2050 },
  { name: 'zone in another case', text: 'Thu, 18 Aug 2050 02:01:18 gMT', want: YEAR_2050 },
  { name: 'beyond 32 bits', text: 'Sun, 21 Nov 2286 04:46:39 GMT', want: Date.UTC(2286, 10, 21, 4, 46, 39) },
  { name: 'another zone is no date, §4.2', text: 'Thu, 18 Aug 2050 02:01:18 UTC', want: undefined },
  { name: 'a zone by its name', text: 'Thu, 18 Aug 2050 02:01:18 AEST', want: undefined },
  { name: 'two digits where four belong', text: 'Thu, 18 Aug 50 02:01:18 GMT', want: undefined },
  { name: 'no comma', text: 'Thu 18 Aug 2050 02:01:18 GMT', want: undefined },
  { name: 'too much white space', text: 'Thu, 18  Aug  2050 02:01:18 GMT', want: undefined },
  { name: 'dashes', text: 'Thu, 18-Aug-2050 02:01:18 GMT', want: undefined },
  { name: 'full stops', text: 'Thu, 18 Aug 2050 02.01.18 GMT', want: undefined },
  { name: 'one digit of hours', text: 'Thu, 18 Aug 2050 2:01:18 GMT', want: undefined },
  { name: '0, as people send it', text: '0', want: undefined },
  { name: 'what JavaScript takes for a date', text: '2050-08-18T02:01:18Z', want: undefined },
  { name: 'nothing', text: '', want: undefined },
];
for (const { name, text, want } of dates) {
  test(`date: ${name}`, () => assert.equal(dateMsOf(['Expires', text], 'expires'), want));
}

test('date: on two lines it is none', () => {
  const text = 'Thu, 18 Aug 2050 02:01:18 GMT';
  assert.equal(dateMsOf(['Expires', text, 'Expires', text], 'expires'), undefined);
  assert.equal(dateMsOf([], 'expires'), undefined);
});

const ages: readonly {
  readonly name: string;
  readonly fields: Fields;
  readonly delaySec?: number;
  readonly want: number;
}[] = [
  { name: 'none said, RFC 9111 §4.2.3', fields: [], want: 0 },
  { name: 'Age', fields: ['Age', '30'], want: 30 },
  { name: 'Age and the time that the answer took', fields: ['Age', '30'], delaySec: 5, want: 35 },
  { name: 'the time that the answer took alone', fields: [], delaySec: 5, want: 5 },
  { name: 'by Date where that is more: apparent_age', fields: ['Date', at(-7200)], want: 7200 },
  { name: 'by Age where that is more', fields: ['Date', at(-20), 'Age', '7200'], want: 7200 },
  { name: 'Date ahead makes nothing younger', fields: ['Date', at(60), 'Age', '5'], want: 5 },
  { name: 'Date that is none', fields: ['Date', 'foo'], want: 0 },
  { name: 'Age that is no number is ignored, §5.1', fields: ['Age', 'abc'], want: 0 },
  { name: 'Age below zero is ignored', fields: ['Age', '-7200'], want: 0 },
  { name: 'Age with a fraction is ignored', fields: ['Age', '7200.0'], want: 0 },
  { name: 'Age with a parameter is ignored', fields: ['Age', '7200;a=b'], want: 0 },
  { name: 'the first Age of a line counts, §5.1', fields: ['Age', '7200, 0'], want: 7200 },
  { name: 'the first Age of a line counts, though it is less', fields: ['Age', '0, 7200'], want: 0 },
  { name: 'the first line of Age counts', fields: ['Age', '7200', 'Age', '0'], want: 7200 },
  { name: 'Age beyond 31 bits is for ever, §1.2.2', fields: ['Age', '99999999999'], want: 2 ** 31 },
];
for (const { name, fields, delaySec = 0, want } of ages) {
  test(`initial age: ${name}`, () => {
    const answeredAtMs = T0;
    const came = arrival(ok(...fields), { askedAtMs: T0 - delaySec * 1000, answeredAtMs });
    assert.equal(ageSecOf(came, T0), want);
    assert.equal(ageSecOf(came, T0 + 10_000), want + 10, 'and the time that it is here');
    assert.equal(came.answeredAtMs, answeredAtMs);
  });
}

test('a second without its fraction in Date is no age', () => {
  const came = arrival(ok('Date', at(0)), { askedAtMs: T0 + 700, answeredAtMs: T0 + 900 });
  assert.equal(ageSecOf(came, T0 + 900), 0.2);
});

test('a clock that is set back makes nothing younger than it came', () => {
  const came = arrival(ok('Age', '30'), { askedAtMs: T0, answeredAtMs: T0 });
  assert.equal(ageSecOf(came, T0 - 1e9), 30);
});
