import assert from 'node:assert/strict';
import { test } from 'node:test';
import { directivesOf, isUnqualified, reservedNames, secondsOf } from '../../src/proxy/cachecontrol.ts';

const seconds: readonly { readonly name: string; readonly says: string; readonly want: number | undefined }[] = [
  { name: 'a number', says: 'max-age=3600', want: 3600 },
  { name: 'names in any case, RFC 9111 §5.2', says: 'MaX-aGe=3600', want: 3600 },
  { name: 'quoted: both forms are to be understood, §5.2', says: 'max-age="3600"', want: 3600 },
  { name: 'leading zeros', says: 'max-age=003600', want: 3600 },
  { name: 'beside an extension that nobody knows, §5.2.3', says: 'foobar, max-age=3600', want: 3600 },
  { name: 'more than 31 bits counts as 2^31, §1.2.2', says: 'max-age=99999999999', want: 2 ** 31 },
  { name: 'the first of two, §4.2.1', says: 'max-age=1800, max-age=1', want: 1800 },
  { name: 'within a quoted string it is nothing', says: 'x="max-age=3600", max-age=1', want: 1 },
  { name: 'behind a quoted string with a comma', says: 'x="a, \\" b", max-age=1', want: 1 },
  { name: 'another directive', says: 's-maxage=5', want: undefined },
  { name: 'white space before the equals sign makes another name', says: 'max-age =3600', want: undefined },
  { name: 'white space behind it is no number', says: 'max-age= 3600', want: 0 },
  { name: 'no argument', says: 'max-age', want: 0 },
  { name: 'single quotes are none', says: "max-age='3600'", want: 0 },
  { name: 'a quote that has no end', says: 'max-age="3600', want: 0 },
  { name: 'a quote that has no beginning', says: 'max-age=3600"', want: 0 },
  { name: 'below zero', says: 'max-age=-3600', want: 0 },
  { name: 'a fraction', says: 'max-age=3600.0', want: 0 },
  { name: 'letters behind', says: 'max-age=3600a', want: 0 },
  { name: 'letters before', says: 'max-age=a3600', want: 0 },
  { name: 'hexadecimal', says: 'max-age=0x10', want: 0 },
];
for (const { name, says, want } of seconds) {
  test(`seconds: ${name}`, () => assert.equal(secondsOf(directivesOf(['Cache-Control', says]), 'max-age'), want));
}

test('several lines are one list, RFC 9110 §5.3', () => {
  const says = directivesOf(['cache-control', 'no-cache', 'X', 'y', 'CACHE-CONTROL', 'max-age=2']);
  assert.deepEqual(
    [...says],
    [
      ['no-cache', ''],
      ['max-age', '2'],
    ],
  );
});

test('no-cache and private with names are about those fields, RFC 9111 §5.2.2.4, §5.2.2.7', () => {
  const says = directivesOf(['Cache-Control', 'no-cache="Set-Cookie, A", private=b']);
  assert.equal(isUnqualified(says, 'no-cache') || isUnqualified(says, 'private'), false);
  assert.deepEqual([...reservedNames(says)], ['set-cookie', 'a', 'b']);
  assert.equal(isUnqualified(directivesOf(['Cache-Control', 'No-Cache']), 'no-cache'), true);
  assert.equal(isUnqualified(directivesOf(['Cache-Control', 'no-cache=""']), 'no-cache'), true);
});

test('a header full of directives is read up to a bound', () => {
  const many = Array.from({ length: 5000 }, (_, i) => `x${i}`).join(',');
  assert.equal(directivesOf(['Cache-Control', many]).size, 64);
});
