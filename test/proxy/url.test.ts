import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAuthority, parseHost, readAuthority } from '../../src/proxy/authority.ts';
import { MAX_URL_BYTES, parseUrl, readUrl, textOf } from '../../src/proxy/url.ts';

const hosts: readonly (readonly [rule: string, text: string, want: string | undefined])[] = [
  ['a name in lower case', 'WWW.Example.ORG', 'www.example.org'],
  ['a dot at the end names the same host', 'example.org.', 'example.org'],
  ['one label', 'intranet', 'intranet'],
  ['underscores are in use', '_dmarc.a_b.example', '_dmarc.a_b.example'],
  ['hyphens anywhere', '-a-.example', '-a-.example'],
  ['digits in front', '3com.example', '3com.example'],
  ['four numbers', '192.0.2.1', '192.0.2.1'],
  ['four numbers and a dot', '192.0.2.1.', '192.0.2.1'],
  ['IPv6 in brackets', '[2001:DB8::0:1]', '2001:db8::1'],
  ['a name may begin like a number', '0x7f.example', '0x7f.example'],
  ['63 letters', `${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
  ...['', '.', '..', 'a..b', '.a', 'a..', 'a b', 'a\tb', ' a', 'a/b', 'a\\b', 'a?b', 'a#b', 'a:b', 'a@b', 'a%41', 'a,b']
    .concat(['münchen.example', 'xn--a\u212a.example', '\u212aelvin.example', 'ex\u00adample', '１２７.0.0.1', 'a\0b'])
    .concat([`${'a'.repeat(64)}.example`, `${'a.'.repeat(127)}b`, '*', '*.example', "a'b", 'a"b', '(a)'])
    .concat(['[', ']', '[]', '[::1', '::1', '[::1]]', '[[::1]]', '[fe80::1%25eth0]', '[v1.x]', '[127.0.0.1]'])
    .map((text) => ['no host', text, undefined] as const),
  // URL standard, "ends in a number": inet_aton, browsers and resolvers each have their own idea.
  ...[
    '127.1',
    '127.0.1',
    '2130706433',
    '0x7f.1',
    '0x7f000001',
    '0X7F.0.0.1',
    '017700000001',
    '0177.0.0.1',
    '127.0.0.01',
  ]
    .concat(['256.0.0.1', '1.2.3.4.5', '0', '0x', '00.0.0.0', 'example.0x1', 'example.1'])
    .map((text) => ['an address that readers disagree on', text, undefined] as const),
];
for (const [rule, text, want] of hosts) {
  test(`parseHost: ${rule}: ${JSON.stringify(text.slice(0, 30))}`, () => assert.equal(parseHost(text), want));
}

const authorities: readonly (readonly [text: string, usual: number | undefined, want: unknown])[] = [
  ['example.org', 80, { host: 'example.org', port: 80 }],
  ['example.org:', 80, { host: 'example.org', port: 80 }],
  ['example.org:8080', 80, { host: 'example.org', port: 8080 }],
  ['example.org:0080', 443, { host: 'example.org', port: 80 }],
  ['[::1]', 80, { host: '::1', port: 80 }],
  ['[::1]:', 80, { host: '::1', port: 80 }],
  ['[::1]:443', undefined, { host: '::1', port: 443 }],
  ['example.org:65535', 80, { host: 'example.org', port: 65_535 }],
  ['example.org', undefined, 'port'],
  ['example.org:', undefined, 'port'],
  ['example.org:0', 80, 'port'],
  ['example.org:65536', 80, 'port'],
  ['example.org:000080', 80, 'port'],
  ['example.org:+80', 80, 'port'],
  ['example.org:80 ', 80, 'port'],
  ['example.org:8e1', 80, 'port'],
  ['example.org:80:80', 80, 'port'],
  ['[::1]80', 80, 'port'],
  ['user@example.org', 80, 'garbled'],
  ['user:secret@example.org:80', 80, 'garbled'],
  ['example.org:80@evil.example', 80, 'garbled'],
  [':80', 80, 'host'],
  ['', 80, 'host'],
];
for (const [text, usual, want] of authorities) {
  test(`readAuthority: ${JSON.stringify(text)}, else ${usual}`, () => {
    assert.deepEqual(readAuthority(text, usual), want);
    assert.deepEqual(parseAuthority(text, usual), typeof want === 'string' ? undefined : want);
  });
}

const urls: readonly (readonly [rule: string, text: string, want: string])[] = [
  ['as it is', 'http://example.org/a?b=c', 'http://example.org/a?b=c'],
  ['scheme and host in lower case, RFC 3986 §6.2.2.1', 'HTTP://Example.ORG/A', 'http://example.org/A'],
  ['the usual port is not said, RFC 9110 §4.2.3', 'http://example.org:80/', 'http://example.org/'],
  ['that of https is another', 'HttpS://example.org:443/', 'https://example.org/'],
  ['another port is', 'http://example.org:443/', 'http://example.org:443/'],
  ['an empty path is the root, RFC 9110 §4.2.3', 'http://example.org', 'http://example.org/'],
  ['behind which a query may stand', 'http://example.org?a/b', 'http://example.org/?a/b'],
  ['IPv6', 'http://[2001:DB8:0::1]:8080/', 'http://[2001:db8::1]:8080/'],
  ['paths stay octet by octet', 'http://example.org//a/../%7E/./%zz;x', 'http://example.org//a/../%7E/./%zz;x'],
  ['what browsers do not escape', 'http://example.org/|a"b?c{d}|\\^`"<>', 'http://example.org/|a"b?c{d}|\\^`"<>'],
  ['an at sign behind the host is none of a user', 'http://example.org/@a?b@c', 'http://example.org/@a?b@c'],
];
for (const [rule, text, want] of urls) {
  test(`parseUrl: ${rule}`, () => {
    const url = parseUrl(text);
    assert.ok(url);
    assert.equal(textOf(url), want);
    assert.deepEqual(parseUrl(want), url);
  });
}

const faults: Readonly<Record<string, readonly string[]>> = {
  scheme: ['ftp://example.org/', 'gopher://a/', 'wais://a/b', 'urn:isbn:1', 'cache_object://a/', 'file:///etc/passwd']
    .concat(['javascript:alert(1)', 'data:,', 'ws://a/', 'about:blank', 'view-source:http://a/', 'whois://a/b'])
    .concat(['example.org:443']),
  garbled: [
    '',
    '/',
    'example.org',
    '//example.org/',
    'http:',
    'http:/a/',
    'http:a',
    'https:/a',
    'HTTPS:a',
    '1http://a/',
  ]
    .concat([
      'http://user@a/',
      'http://a:b@c/',
      'http://a/#',
      'http://a/b#c',
      'http://a#c',
      'http://a/b\\c',
      'http://a/b c',
    ])
    .concat([
      'http://a/\r\n',
      'http://a/\0',
      'http://a/\x7f',
      'http://a/\xe9',
      'http://a/ł',
      'http://a/?b c',
      'http://a?\t',
    ])
    .concat([`http://a/${'b'.repeat(MAX_URL_BYTES)}`, ' http://a/', 'http ://a/', '://a/']),
  host: [
    'http://',
    'http:///a',
    'http://?a',
    'http://a\\b/',
    'http://a b/',
    'http://%61/',
    'http://127.1/',
    'http://::1/',
  ],
  port: ['http://a:0/', 'http://a:65536/', 'http://a:b/', 'http://a:-1/', 'http://a:1:2/', 'http://[::1]1/'],
};
for (const [fault, texts] of Object.entries(faults)) {
  for (const text of texts) {
    test(`readUrl: ${fault}: ${JSON.stringify(text.slice(0, 40))}`, () => {
      assert.equal(readUrl(text), fault);
      assert.equal(parseUrl(text), undefined);
    });
  }
}

test('parseUrl: what it takes, a browser takes for the same host, port and scheme', () => {
  const word = fc.constantFrom(
    ...[
      'http://',
      'https://',
      'HTTP://',
      'a',
      'Example',
      '.',
      '..',
      '-',
      '_',
      ':',
      '80',
      '443',
      '0x7f',
      '127',
      '0',
      '1',
    ],
    ...[
      '/',
      '//',
      '?',
      '#',
      '@',
      '\\',
      '%2e',
      '%',
      '[',
      ']',
      '::1',
      '::',
      'xn--',
      ' ',
      '\t',
      '\n',
      '\xa0',
      'ü',
      '\u212a',
    ],
  );
  const text = fc.tuple(fc.constantFrom('http://', 'https://', ''), fc.array(word, { maxLength: 8 }));
  let taken = 0;
  fc.assert(
    fc.property(text, ([start, words]) => {
      const spelt = start + words.join('');
      const ours = parseUrl(spelt);
      // Punycode that is none: a browser refuses it, to the resolver it is a name like any other.
      if (!ours || (!URL.canParse(spelt) && spelt.toLowerCase().includes('xn--'))) return;
      taken += 1;
      const theirs = new URL(spelt);
      assert.equal(theirs.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, ''), ours.host);
      assert.equal(theirs.protocol, `${ours.scheme}:`);
      assert.equal(Number(theirs.port || (ours.scheme === 'http' ? 80 : 443)), ours.port);
      assert.deepEqual(parseUrl(textOf(ours)), ours);
    }),
    { numRuns: 20_000 },
  );
  assert.ok(taken > 500, `${taken}`);
});

test('parseUrl: never throws', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseUrl(`http://${text}`)));
});
