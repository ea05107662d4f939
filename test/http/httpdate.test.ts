import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHttpDateSec, showHttpDate } from '../../src/http/httpdate.ts';

const SEC = 784_111_777;
const cases = [
  { name: 'IMF-fixdate', text: 'Sun, 06 Nov 1994 08:49:37 GMT', want: SEC },
  { name: 'rfc850-date', text: 'Sunday, 06-Nov-94 08:49:37 GMT', want: SEC },
  { name: 'asctime-date', text: 'Sun Nov  6 08:49:37 1994', want: SEC },
  { name: 'two digits below 70 are of this century', text: 'Tuesday, 01-Jan-26 00:00:00 GMT', want: 1_767_225_600 },
  { name: 'another zone is none of the three', text: 'Sun, 06 Nov 1994 08:49:37 +0100', want: undefined },
  { name: 'ISO 8601 is none', text: '1994-11-06T08:49:37Z', want: undefined },
  { name: 'a month that is none', text: 'Sun, 06 Foo 1994 08:49:37 GMT', want: undefined },
  { name: 'a number', text: '784111777', want: undefined },
  { name: 'nothing', text: '', want: undefined },
];
for (const { name, text, want } of cases) {
  test(`HTTP date, RFC 9110 §5.6.7: ${name}`, () => assert.equal(parseHttpDateSec(text), want));
}

test('HTTP date: written as IMF-fixdate, fractions dropped', () => {
  assert.equal(showHttpDate(SEC * 1000 + 999), 'Sun, 06 Nov 1994 08:49:37 GMT');
});
