/** RFC 9111 §3, and what a shared cache had better not keep. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Fields, fieldOf } from '../../src/proxy/fields.ts';
import { keepable } from '../../src/proxy/keepable.ts';
import type { Asked, Head, Rule } from '../../src/proxy/types.ts';
import { at, ok, request, T0, USUAL } from './onecache.ts';

const LASTING: Rule = { kind: 'lasting' };
const TIMES = { askedAtMs: T0, answeredAtMs: T0 };
const cc = (...says: readonly string[]): Fields => says.flatMap((value) => ['Cache-Control', value]);
const answered = (status: number, ...fields: readonly string[]): Head => ({ status, fields });

interface Row {
  readonly name: string;
  readonly head: Head;
  readonly asked?: Asked;
  readonly rule?: Rule;
  readonly want: boolean;
}

const AUTHORIZED = request(['Authorization', 'Basic x']);
const BY_TLS = request([], { url: { scheme: 'https', host: 'origin.test', port: 443, path: '/a' } });
const cases: readonly Row[] = [
  { name: 'what is fresh', head: ok(...cc('max-age=1')), want: true },
  { name: 'what can be asked about: ETag', head: ok('ETag', '"a"'), want: true },
  { name: 'what can be asked about: Last-Modified', head: ok('Last-Modified', at(0)), want: true },
  {
    name: 'what can be asked about each time: no-cache, §5.2.2.4',
    head: ok(...cc('no-cache'), 'ETag', '"a"'),
    want: true,
  },
  { name: 'what is to be told when stale', head: ok(...cc('max-age=0, stale-if-error=9')), want: true },
  { name: 'what could never be told again', head: ok(), want: false },
  { name: 'no-cache that cannot be asked about', head: ok(...cc('no-cache, max-age=9')), want: false },
  { name: 'no-store, §5.2.2.5', head: ok(...cc('max-age=9, no-store')), want: false },
  { name: 'no-store in any case', head: ok(...cc('max-age=9', 'No-StOrE')), want: false },
  { name: 'no-store, whatever the rule', head: ok(...cc('no-store')), rule: LASTING, want: false },
  {
    name: 'no-store with must-understand, understood, §5.2.2.3',
    head: ok(...cc('max-age=9, no-store, must-understand')),
    want: true,
  },
  {
    name: 'no-store with must-understand, not understood',
    head: answered(599, ...cc('max-age=9, no-store, must-understand')),
    want: false,
  },
  { name: 'must-understand, not understood', head: answered(599, ...cc('max-age=9, must-understand')), want: false },
  { name: 'private, §5.2.2.7', head: ok(...cc('private, max-age=9')), want: false },
  { name: 'private, whatever the rule', head: ok(...cc('private')), rule: LASTING, want: false },
  { name: 'private in part', head: ok(...cc('private="a", max-age=9')), want: true },
  {
    name: 'the request says no-store, §5.2.1.5',
    head: ok(...cc('max-age=9')),
    asked: request(cc('no-store')),
    want: false,
  },
  { name: 'a HEAD has no content', head: ok(...cc('max-age=9')), asked: request([], { method: 'HEAD' }), want: false },
  { name: 'a POST', head: ok(...cc('max-age=9')), asked: request([], { method: 'POST' }), want: false },
  { name: 'a GET with content', head: ok(...cc('max-age=9')), asked: request([], { hasContent: true }), want: false },
  {
    name: 'by TLS, where its length is told',
    head: ok(...cc('max-age=9'), 'Content-Length', '2'),
    asked: BY_TLS,
    want: true,
  },
  {
    name: 'by TLS, in chunks',
    head: ok(...cc('max-age=9'), 'Transfer-Encoding', 'chunked'),
    asked: BY_TLS,
    want: true,
  },
  { name: 'by TLS, without content', head: answered(204, ...cc('max-age=9')), asked: BY_TLS, want: true },
  {
    name: 'by TLS, its end is the connection’s, RFC 9112 §9.8',
    head: ok(...cc('max-age=9')),
    asked: BY_TLS,
    want: false,
  },
  { name: 'the same, whatever the rule', head: ok(), asked: BY_TLS, rule: LASTING, want: false },
  { name: 'Authorization, §3.5', head: ok(...cc('max-age=9')), asked: AUTHORIZED, want: false },
  { name: 'Authorization, whatever the rule', head: ok(), asked: AUTHORIZED, rule: LASTING, want: false },
  { name: 'Authorization and public', head: ok(...cc('max-age=9, public')), asked: AUTHORIZED, want: true },
  {
    name: 'Authorization and must-revalidate',
    head: ok(...cc('max-age=9, must-revalidate')),
    asked: AUTHORIZED,
    want: true,
  },
  { name: 'Authorization and s-maxage', head: ok(...cc('s-maxage=9')), asked: AUTHORIZED, want: true },
  { name: 'Vary: *, §4.1', head: ok(...cc('max-age=9'), 'Vary', 'Accept, *'), want: false },
  { name: 'Vary: *, whatever the rule', head: ok('Vary', '*'), rule: LASTING, want: false },
  { name: 'a cookie and a lifetime, §7.3', head: ok(...cc('max-age=9'), 'Set-Cookie', 'a=b'), want: true },
  { name: 'a cookie and a guess', head: ok('Last-Modified', at(-9000), 'Set-Cookie', 'a=b'), want: false },
  { name: 'a cookie and no lifetime', head: ok(...cc('max-age=0'), 'ETag', '"a"', 'Set-Cookie', 'a=b'), want: false },
  { name: 'any status that says how long, §3', head: answered(299, ...cc('max-age=9')), want: true },
  { name: 'an unknown one that does not', head: answered(299, 'Last-Modified', at(-9000)), want: false },
  { name: 'a redirect that says how long', head: answered(302, 'Expires', at(9)), want: true },
  { name: 'a redirect that does not', head: answered(302, 'Last-Modified', at(-9000)), want: false },
  { name: 'not found, RFC 9110 §15.1', head: answered(404, 'Last-Modified', at(-9000)), want: true },
  { name: 'a rule is about contents: an error of a lasting URL', head: answered(404), rule: LASTING, want: false },
  { name: 'a rule: nothing said', head: ok(), rule: LASTING, want: true },
  { name: 'a rule: no-cache', head: ok(...cc('no-cache')), rule: { kind: 'checked' }, want: true },
  { name: 'a rule: max-age=0', head: ok(...cc('max-age=0')), rule: { kind: 'fresh', freshSec: 9 }, want: true },
  ...[206, 304, 407, 412, 416, 428, 429, 431, 511].map(
    (status): Row => ({
      name: `${status} is not about what is there`,
      head: answered(status, ...cc('max-age=9')),
      want: false,
    }),
  ),
];
for (const { name, head, asked = request(), rule = USUAL, want } of cases) {
  test(`keepable: ${name}`, () => assert.equal(keepable(asked, head, rule, TIMES) !== undefined, want));
}

const lines: readonly {
  readonly name: string;
  readonly fields: Fields;
  readonly rule?: Rule;
  readonly want: Fields;
}[] = [
  {
    name: 'in order, letters as they came',
    fields: ['B', '1', 'a', '2', 'b', '3'],
    want: ['B', '1', 'a', '2', 'b', '3'],
  },
  { name: 'nothing that Connection names, §3.1', fields: ['Connection', 'a, c', 'a', '1', 'b', '2'], want: ['b', '2'] },
  {
    name: 'nothing of the way',
    fields: ['Transfer-Encoding', 'chunked', 'Keep-Alive', 'x', 'Proxy-Authenticate', 'x', 'b', '2'],
    want: ['b', '2'],
  },
  {
    name: 'nothing that no-cache names, §5.2.2.4',
    fields: ['Cache-Control', 'no-cache="A, b"', 'a', '1', 'B', '2', 'c', '3'],
    want: ['Cache-Control', 'no-cache="A, b"', 'c', '3'],
  },
  {
    name: 'nothing that private names, §5.2.2.7',
    fields: ['Cache-Control', 'private=Set-Cookie', 'set-cookie', 'a=b'],
    want: ['Cache-Control', 'private=Set-Cookie'],
  },
  {
    name: 'cookies where they are not forbidden, §7.3',
    fields: ['Set-Cookie', 'a=b', 'Set-Cookie', 'c=d'],
    want: ['Set-Cookie', 'a=b', 'Set-Cookie', 'c=d'],
  },
  {
    name: 'no cookies of packages',
    fields: ['Set-Cookie', 'a=b', 'Set-Cookie2', 'c', 'd', '1'],
    rule: LASTING,
    want: ['d', '1'],
  },
  { name: 'Content-Range, as strange as it is', fields: ['Content-Range', 'x'], want: ['Content-Range', 'x'] },
];
for (const { name, fields, rule = USUAL, want } of lines) {
  test(`kept fields: ${name}`, () => {
    const head = ok('Date', at(0), 'Expires', at(9), ...fields);
    assert.deepEqual(keepable(request(), head, rule, TIMES)?.head.fields, ['Date', at(0), 'Expires', at(9), ...want]);
  });
}

test('without Date the time of arrival is put in its place, RFC 9110 §6.6.1', () => {
  const found = keepable(request(), ok(...cc('max-age=9')), USUAL, TIMES);
  assert.equal(found && fieldOf(found.head.fields, 'date'), at(0));
});

test('Age is behind it already in the times that are kept', () => {
  const found = keepable(request(), ok(...cc('max-age=99'), 'Age', '30'), USUAL, TIMES);
  assert.deepEqual([found?.askedAtMs, found?.answeredAtMs], [T0 - 30_000, T0]);
  assert.equal(found && fieldOf(found.head.fields, 'age'), undefined);
});
