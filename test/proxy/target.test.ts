import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Fields } from '../../src/proxy/fields.ts';
import { type Door, type RequestHead, type Target, targetOf } from '../../src/proxy/target.ts';
import { parseUrl, textOf } from '../../src/proxy/url.ts';

const terms = {
  isOwn: (host: string, port: number) => ['172.16.0.1:3128', 'mirror.flisol.lan:80'].includes(`${host}:${port}`),
  pseudonym: 'flink-7c',
};

interface Asking {
  readonly method?: string;
  readonly target?: string;
  readonly version?: string;
  /** Beside or instead of `Host: example.org`. */
  readonly host?: string | undefined;
  readonly more?: Fields;
  readonly door?: Door;
}

function head({
  method = 'GET',
  target = 'http://example.org/a',
  version = '1.1',
  more = [],
  ...rest
}: Asking): RequestHead {
  const host = 'host' in rest ? rest.host : 'example.org';
  return { method, target, version, fields: [...(host === undefined ? [] : ['Host', host]), ...more] };
}

function show(target: Target): string {
  switch (target.kind) {
    case 'object':
      return textOf(target.url);
    case 'tunnel':
      return `tunnel ${target.host} ${target.port}`;
    case 'own':
      return `own ${target.path}`;
    default:
      return `${target.status} ${target.reason}`;
  }
}

const local = (asking: Asking): Asking => ({ target: '/a?b', ...asking });
const tunnel = (asking: Asking): Asking => ({
  method: 'CONNECT',
  target: 'example.org:443',
  host: 'example.org:443',
  ...asking,
});
const intercepted = (asking: Asking): Asking => ({ door: 'intercept', ...asking });

const cases: readonly (readonly [rule: string, asking: Asking, want: string])[] = [
  ['absolute form names the object, RFC 9112 §3.2.2', {}, 'http://example.org/a'],
  ['by TLS, too', { target: 'https://example.org/a' }, 'https://example.org/a'],
  ['a port that is the usual one may be said in one of both', { host: 'example.org:80' }, 'http://example.org/a'],
  ['hosts are the same in any letters', { host: 'EXAMPLE.org.' }, 'http://example.org/a'],
  ['HTTP/1.0 has no Host', { version: '1.0', host: undefined }, 'http://example.org/a'],
  ['origin form names it with Host', local({}), 'http://example.org/a?b'],
  ['on both doors', intercepted(local({ host: 'example.org:8080' })), 'http://example.org:8080/a?b'],
  ['a server takes absolute form, too', intercepted({}), 'http://example.org/a'],
  ['two slashes begin a path, no authority', local({ target: '//evil.example/' }), 'http://example.org//evil.example/'],
  ['any method', { method: 'PROPFIND' }, 'http://example.org/a'],
  ['Host is needed, RFC 9112 §3.2', { host: undefined }, '400 garbled'],
  ['in origin form in HTTP/1.0, too', local({ version: '1.0', host: undefined }), '400 host'],
  ['an empty one names nothing', local({ host: '' }), '400 host'],
  ['nor the same as the URL', { host: '' }, '400 host'],
  ['two Hosts are two readings', { more: ['Host', 'example.org'] }, '400 garbled'],
  ['in any letters', { more: ['hOST', 'evil.example'] }, '400 garbled'],
  ['two hosts in one are none', { host: 'example.org, evil.example' }, '400 host'],
  ['Host is the host of the URL', { host: 'evil.example' }, '400 garbled'],
  ['and its port', { host: 'example.org:8080' }, '400 garbled'],
  ['that of the scheme', { target: 'https://example.org/', host: 'example.org:80' }, '400 garbled'],
  ['Host has no user name', local({ host: 'user@example.org' }), '400 garbled'],
  ['nor a path', local({ host: 'example.org/a' }), '400 host'],
  ['nor escapes', local({ host: 'ex%61mple.org' }), '400 host'],
  ['nor a port that is none', local({ host: 'example.org:99999' }), '400 port'],
  ['nor an address that readers disagree on', local({ host: '0x7f.1' }), '400 host'],
  ['nor letters beyond ASCII', local({ host: 'm\xfcnchen.example' }), '400 host'],
  ['a URL has no user name', { target: 'http://user:secret@example.org/' }, '400 garbled'],
  ['no fragment', { target: 'http://example.org/#a' }, '400 garbled'],
  ['no fragment in origin form either', local({ target: '/a#b' }), '400 garbled'],
  ['no space', local({ target: '/a b' }), '400 garbled'],
  ['no line end', local({ target: '/a\r\nX: y' }), '400 garbled'],
  ['no backslash in its path', local({ target: '/a\\..\\b' }), '400 garbled'],
  ['what is no URL is refused', { target: 'example.org' }, '400 garbled'],
  ['the asterisk is for OPTIONS', { target: '*' }, '400 garbled'],
  ['an empty target is none', { target: '' }, '400 garbled'],
  ...[
    'ftp://example.org/',
    'gopher://example.org/',
    'wais://a/',
    'urn:isbn:0',
    'cache_object://a/info',
    'file:///etc/passwd',
  ].map((target) => [`only http and https are fetched: ${target}`, { target }, '501 scheme'] as const),
  ['16 kB are a URL', local({ target: `/${'a'.repeat(16_383)}` }), `http://example.org/${'a'.repeat(16_383)}`],
  ['more are too many, RFC 9110 §15.5.15', local({ target: `/${'a'.repeat(16_384)}` }), '414 too-large'],

  [
    "flink's own name is its own, in absolute form",
    { target: 'http://mirror.flisol.lan/debian/?a', host: 'mirror.flisol.lan' },
    'own /debian/?a',
  ],
  ['in origin form', local({ host: '172.16.0.1:3128' }), 'own /a?b'],
  ['on the other door', intercepted(local({ host: 'mirror.flisol.lan' })), 'own /a?b'],
  ['another port of it is not', local({ host: '172.16.0.1:8067' }), 'http://172.16.0.1:8067/a?b'],
  [
    'nor by TLS',
    { target: 'https://mirror.flisol.lan:80/', host: 'mirror.flisol.lan:80' },
    'https://mirror.flisol.lan:80/',
  ],

  ['a tunnel, RFC 9112 §3.2.3', tunnel({}), 'tunnel example.org 443'],
  ['to IPv6', tunnel({ target: '[2001:DB8::1]:443', host: '[2001:db8:0::1]:443' }), 'tunnel 2001:db8::1 443'],
  ['whose Host may leave the port out', tunnel({ host: 'example.org' }), 'tunnel example.org 443'],
  ['or is not there in HTTP/1.0', tunnel({ version: '1.0', host: undefined }), 'tunnel example.org 443'],
  ['a tunnel has a port, RFC 9110 §9.3.6', tunnel({ target: 'example.org' }), '400 port'],
  ['that is not empty', tunnel({ target: 'example.org:' }), '400 port'],
  ['Host says the same', tunnel({ host: 'evil.example:443' }), '400 garbled'],
  ['a tunnel has no URL', tunnel({ target: 'https://example.org/', host: 'example.org' }), '400 port'],
  ['nor a path', tunnel({ target: 'example.org:443/' }), '400 port'],
  ['nor a user name', tunnel({ target: 'a@example.org:443' }), '400 garbled'],
  ['nor content', tunnel({ more: ['Content-Length', '3'] }), '400 garbled'],
  ['nor chunks', tunnel({ more: ['Transfer-Encoding', 'chunked'] }), '400 garbled'],
  ['no content is none', tunnel({ more: ['Content-Length', '0'] }), 'tunnel example.org 443'],
  ['a tunnel through a door that is no proxy', intercepted(tunnel({})), '405 method'],

  ['TRACE tells what others must not hear, RFC 9110 §9.3.8', { method: 'TRACE' }, '405 method'],
  ['wherever it ends', { method: 'TRACE', more: ['Max-Forwards', '0'] }, '405 method'],
  ['OPTIONS of an object', { method: 'OPTIONS' }, 'http://example.org/a'],
  ['of a whole server, RFC 9112 §3.2.4', { method: 'OPTIONS', target: '*' }, 'http://example.org*'],
  [
    'which absolute form says without a path',
    { method: 'OPTIONS', target: 'http://example.org' },
    'http://example.org*',
  ],
  ['with a slash it is the root', { method: 'OPTIONS', target: 'http://example.org/' }, 'http://example.org/'],
  ['with a query, too', { method: 'OPTIONS', target: 'http://example.org?a' }, 'http://example.org/?a'],
  ['OPTIONS of flink', { method: 'OPTIONS', target: '*', host: '172.16.0.1:3128' }, 'own *'],
  ['OPTIONS that may go no further, RFC 9110 §7.6.2', { method: 'OPTIONS', more: ['Max-Forwards', '0'] }, 'own *'],
  ['that may go one further', { method: 'OPTIONS', more: ['Max-Forwards', '1'] }, 'http://example.org/a'],
  ['that may go two ways', { method: 'OPTIONS', more: ['Max-Forwards', '1', 'Max-Forwards', '0'] }, '400 garbled'],
  ['that may go nobody knows how far', { method: 'OPTIONS', more: ['Max-Forwards', '-1'] }, '400 garbled'],
  ['other methods go on whatever it says', { more: ['Max-Forwards', 'x'] }, 'http://example.org/a'],

  ...['2.0', '0.9', '1.2', '1', '', '1.10'].map(
    (version) => [`HTTP/${version} is not spoken`, { version }, '505 garbled'] as const,
  ),
  ...['', 'G ET', 'GET\r\n', 'G:T', 'G\xcbT'].map(
    (method) => [`${JSON.stringify(method)} is no method`, { method }, '400 garbled'] as const,
  ),
  ['a name has no space before its colon, RFC 9112 §5.1', { more: ['Cookie ', 'a'] }, '400 garbled'],
  ['nor is it empty', { more: ['', 'a'] }, '400 garbled'],
  ['nor does it fold', { more: [' Cookie', 'a'] }, '400 garbled'],
  ...['a\r\n b', 'a\nX: y', 'a\r', 'a\0b', 'a\x7f', 'a\u010a'].map(
    (value) =>
      [`${JSON.stringify(value)} is no value, RFC 9110 §5.5`, { more: ['Cookie', value] }, '400 garbled'] as const,
  ),
  ['octets above ASCII are', { more: ['Cookie', 'a\xff\tb'] }, 'http://example.org/a'],
  ['a name has a value', { more: ['Cookie'] }, '400 garbled'],
  ['200 fields', { more: Array(199).fill(['a', 'b']).flat() }, 'http://example.org/a'],
  ['201 fields, RFC 6585 §5', { more: Array(200).fill(['a', 'b']).flat() }, '431 too-large'],
  [
    '64 kB of fields',
    { more: ['a', 'b'.repeat(65_536 - 'a: \r\n'.length - 'Host: example.org\r\n'.length)] },
    'http://example.org/a',
  ],
  [
    'one octet more',
    { more: ['a', 'b'.repeat(65_537 - 'a: \r\n'.length - 'Host: example.org\r\n'.length)] },
    '431 too-large',
  ],
];
for (const [rule, asking, want] of cases) {
  test(`targetOf: ${rule} (${asking.method ?? 'GET'}, ${want.slice(0, 30)})`, () =>
    assert.equal(show(targetOf(head(asking), asking.door ?? 'forward', terms)), want));
}

const post = (...more: string[]): Asking => ({ method: 'POST', more });
const framings: readonly (readonly [rule: string, asking: Asking, want: string])[] = [
  ['one length', post('Content-Length', '5'), 'http://example.org/a'],
  ['chunks', post('Transfer-Encoding', 'Chunked'), 'http://example.org/a'],
  ['both, RFC 9112 §6.1', post('Content-Length', '5', 'Transfer-Encoding', 'chunked'), '400 garbled'],
  ['both, the other way', post('transfer-encoding', 'chunked', 'content-length', '5'), '400 garbled'],
  ['chunks in HTTP/1.0, §6.1', { ...post('Transfer-Encoding', 'chunked'), version: '1.0' }, '400 garbled'],
  ['lengths that differ, §6.3', post('Content-Length', '5', 'Content-Length', '6'), '400 garbled'],
  ['twice the same', post('Content-Length', '5', 'Content-Length', '5'), '400 garbled'],
  ...['5, 6', '5, 5', '+5', '-5', ' 5', '5 ', '0x5', '5.0', '5e0', '', '1_0', '\xa05', '٥', '9'.repeat(16)].map(
    (value) => [`a length is digits: ${JSON.stringify(value)}`, post('Content-Length', value), '400 garbled'] as const,
  ),
  ...[
    'identity',
    'xchunked',
    'chunked, identity',
    'chunked, chunked',
    'gzip',
    '',
    'chunked;a=b',
    '"chunked"',
    'chunked,',
  ].map(
    (value) =>
      [`does not end in chunks: ${JSON.stringify(value)}`, post('Transfer-Encoding', value), '400 garbled'] as const,
  ),
  ...['\xa0chunked', 'chun ked', 'chunked\t,', 'g zip, chunked'].map(
    (value) => [`no coding: ${JSON.stringify(value)}`, post('Transfer-Encoding', value), '400 garbled'] as const,
  ),
  ['twice', post('Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked'), '400 garbled'],
  ['once, and then another', post('Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'cow'), '400 garbled'],
  ['a coding that is not known, §6.1', post('Transfer-Encoding', 'gzip, chunked'), '501 garbled'],
  ['in a line of its own', post('Transfer-Encoding', 'gzip', 'Transfer-Encoding', 'chunked'), '501 garbled'],
];
for (const [rule, asking, want] of framings) {
  test(`targetOf, where content ends: ${rule}`, () =>
    assert.equal(show(targetOf(head(asking), 'forward', terms)), want));
}

const vias: readonly (readonly [rule: string, fields: Fields, want: string])[] = [
  ['ours', ['Via', '1.1 flink-7c'], '508 loop'],
  ['in any letters', ['VIA', '1.1 FLINK-7C'], '508 loop'],
  ['with the protocol', ['Via', 'HTTP/1.1 flink-7c'], '508 loop'],
  ['with a comment', ['Via', '1.1 flink-7c (flisolator)'], '508 loop'],
  ['among others', ['Via', '1.0 a, 1.1 \t flink-7c,1.1 b'], '508 loop'],
  ['in another line', ['Via', '1.1 a', 'Via', '1.1 flink-7c'], '508 loop'],
  ['behind a comment with a comma', ['Via', '1.1 a (b, c), 1.1 flink-7c'], '508 loop'],
  ['behind nested and quoted parentheses', ['Via', '1.1 a (b (c\\)) d), 1.1 flink-7c'], '508 loop'],
  ['only in a comment', ['Via', '1.1 a (b, 1.1 flink-7c, c)'], 'http://example.org/a'],
  ['only as a protocol', ['Via', 'flink-7c a'], 'http://example.org/a'],
  ['only the beginning', ['Via', '1.1 flink-7c.example, 1.1 flink-7'], 'http://example.org/a'],
  ['hidden behind a comment without an end', ['Via', '1.1 a (', 'Via', '1.1 b'], '400 garbled'],
  ['behind an end without a beginning', ['Via', '1.1 a) , 1.1 b'], '400 garbled'],
  ['with a last backslash', ['Via', '1.1 a (\\'], '400 garbled'],
  ['CDN-Loop, RFC 8586 §2', ['CDN-Loop', 'a; b="c, d", flink-7c; e'], '508 loop'],
  ['CDN-Loop of others', ['CDN-Loop', 'a; flink-7c, b="flink-7c"'], 'http://example.org/a'],
];
for (const [rule, more, want] of vias) {
  test(`targetOf, who has been here: ${rule}`, () => {
    assert.equal(show(targetOf(head({ more }), 'forward', terms)), want);
    // Two that point at each other meet in origin form, too, and so do those who ask for tunnels.
    const other = want.startsWith('http') ? 'http://example.org/a?b' : want;
    assert.equal(show(targetOf(head(local({ more })), 'intercept', terms)), other);
    const through = want.startsWith('http') ? 'tunnel example.org 443' : want;
    assert.equal(show(targetOf(head(tunnel({ more })), 'forward', terms)), through);
  });
}

const piece = fc.oneof(
  fc.constantFrom(
    'GET',
    'CONNECT',
    'OPTIONS',
    'TRACE',
    'http://',
    'https://',
    'example.org',
    ':',
    '/',
    '*',
    '?',
    '#',
    '@',
  ),
  fc.constantFrom(
    '[',
    ']',
    '::1',
    '127.0.0.1',
    '0x7f',
    '.',
    ',',
    '(',
    ')',
    '\\',
    '"',
    ' ',
    '\t',
    '\r\n',
    '\0',
    '1.1',
    '80',
  ),
  fc.constantFrom(
    'Host',
    'Via',
    'Content-Length',
    'Transfer-Encoding',
    'chunked',
    'Max-Forwards',
    'CDN-Loop',
    'flink-7c',
  ),
  fc.string({ unit: 'binary', maxLength: 4 }),
);
const words = fc.array(piece, { maxLength: 6 }).map((some) => some.join(''));

test('targetOf: never throws, and what it names, anybody reads as the same', () => {
  const mostly = (...usual: string[]) => fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...usual) }, words);
  const line = fc.tuple(mostly('Cookie', 'Accept', 'Via', 'Content-Length'), mostly('a', '1', '1.1 a'));
  const request = fc.record({
    method: mostly('GET', 'POST', 'OPTIONS', 'CONNECT'),
    target: fc.tuple(mostly('http://example.org', 'http://example.org/', '/', ''), words).map((some) => some.join('')),
    version: mostly('1.1', '1.0'),
    fields: fc
      .tuple(mostly('Host'), mostly('example.org'), fc.array(line, { maxLength: 3 }))
      .map((some) => some.flat(2)),
  });
  let taken = 0;
  fc.assert(
    fc.property(request, fc.constantFrom<Door>('forward', 'intercept'), (asked, door) => {
      const target = targetOf(asked, door, terms);
      if (target.kind === 'refused') {
        assert.ok(target.status >= 400 && target.status <= 599);
        assert.match(target.says, /^[A-Z].+[.]$/);
      }
      if (target.kind !== 'object') return;
      taken += 1;
      assert.ok(asked.fields.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length <= 1);
      if (target.url.path !== '*') assert.deepEqual(parseUrl(textOf(target.url)), target.url);
    }),
    { numRuns: 5000 },
  );
  assert.ok(taken > 100, `${taken}`);
});

test('targetOf: heads of the greatest size take no time', () => {
  // Each of them would take minutes if anything here were quadratic.
  const long = (unit: string): string => unit.repeat(Math.floor(65_000 / unit.length));
  for (const value of [long('('), long('"\\"'), long(' '), long(' ,'), long('\t;'), long('1.1 a,')]) {
    for (const name of ['Via', 'CDN-Loop', 'Transfer-Encoding', 'Content-Length', 'Host', 'Connection']) {
      const fields = name === 'Host' ? [name, value] : ['Host', 'example.org', name, value];
      assert.notEqual(targetOf({ ...head({}), fields }, 'forward', terms).kind, 'tunnel');
    }
  }
});
