import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { elementsOf, type Fields, fieldOf, valuesOf } from '../../src/proxy/fields.ts';
import { endToEnd, endToEndTrailers, lessNamed, type Provenance, toClient, toOrigin } from '../../src/proxy/forward.ts';
import type { Asked } from '../../src/proxy/types.ts';

const asked = (fields: Fields, over: Partial<Asked> = {}): Asked => ({
  ...{ method: 'GET', fields, hasContent: false, version: '1.1', client: '172.16.0.50' },
  url: { scheme: 'http', host: 'example.org', port: 80, path: '/a' },
  ...over,
});

/** What goes on of `fields`, without what is always added. */
function sent(fields: Fields, over: Partial<Asked> = {}): Fields {
  const all = toOrigin(asked(fields, over), 'flink-7c');
  assert.deepEqual(all.slice(0, 2), ['Host', 'example.org']);
  assert.deepEqual(all.slice(-4), ['Via', `${over.version ?? '1.1'} flink-7c`, 'CDN-Loop', 'flink-7c']);
  return all.slice(2, -4);
}

const PLAIN = ['ACCEPT', '*/*', 'accept-Encoding', 'gzip', 'Range', 'bytes=0-', 'Cookie', 'a', 'cookie', 'b', 'X', ''];
const requests: readonly (readonly [rule: string, fields: Fields, over: Partial<Asked>, want: Fields])[] = [
  ['in order, letters as they came', PLAIN, {}, PLAIN],
  ['Host is from the URL, RFC 9112 §3.2.2', ['Host', 'evil.example', 'A', 'b'], {}, ['A', 'b']],
  ['Via and CDN-Loop of others stay', ['Via', '1.0 a', 'CDN-Loop', 'b'], {}, ['Via', '1.0 a', 'CDN-Loop', 'b']],
  ['Via has the version that came, RFC 9110 §7.6.3', ['A', 'b'], { version: '1.0' }, ['A', 'b']],
  ['what is of one connection, §7.6.1', ['Connection', 'close', 'Keep-Alive', 'a', 'proxy-CONNECTION', 'b'], {}, []],
  [
    'also where Connection does not say so',
    ['TE', 'trailers', 'Trailer', 'A', 'Upgrade', 'h2c', 'HTTP2-Settings', 'a'],
    {},
    [],
  ],
  [
    'framing is ours',
    ['Transfer-Encoding', 'chunked', 'Expect', '100-continue'],
    { method: 'POST', hasContent: true },
    [],
  ],
  [
    'where there is content',
    ['Content-Length', '5', 'Content-Type', 'a'],
    { method: 'POST', hasContent: true },
    ['Content-Type', 'a'],
  ],
  ['that there is none is said on', ['Content-Length', '0'], { method: 'POST' }, ['Content-Length', '0']],
  [
    'what was for this proxy',
    ['Proxy-Authorization', 'a', 'Proxy-Whatever', 'b', 'Proxy', 'c', 'Proxyish', 'd'],
    {},
    ['Proxyish', 'd'],
  ],
  [
    'what Connection names',
    ['Connection', 'X-a, close', 'x-A', 'b', 'connection', 'c', 'C', 'd', 'E', 'f'],
    {},
    ['E', 'f'],
  ],
  ['a comma in quotes names nothing', ['Connection', '"a, b"', 'b', 'c'], {}, ['b', 'c']],
  [
    'but never what all must see',
    ['Connection', 'Cache-Control, Via', 'Cache-Control', 'a', 'Via', '1.1 b'],
    {},
    ['Cache-Control', 'a', 'Via', '1.1 b'],
  ],
  [
    'nor who asked has been where',
    ['X-Forwarded-For', 'a', 'x-forwarded', 'b', 'Forwarded', 'c', 'X-Real-IP', 'd', 'X-Host', 'e'],
    { method: 'POST' },
    [],
  ],
  [
    'nothing that makes another request of a GET',
    ['X-Original-URL', '/a', 'X-Rewrite-URL', '/b', 'X-HTTP-Method-Override', 'PUT'],
    {},
    [],
  ],
  ['nor of a HEAD', ['X-HTTP-Method', 'PUT', 'X-Method-Override', 'PUT'], { method: 'HEAD' }, []],
  ['of a POST it may', ['X-HTTP-Method-Override', 'PUT'], { method: 'POST' }, ['X-HTTP-Method-Override', 'PUT']],
  ['Max-Forwards of OPTIONS counts down, §7.6.2', ['Max-Forwards', '3'], { method: 'OPTIONS' }, ['Max-Forwards', '2']],
  ['from no more than there can be', ['max-forwards', '999999999'], { method: 'OPTIONS' }, ['max-forwards', '254']],
  ['that of others does not', ['Max-Forwards', '3'], {}, ['Max-Forwards', '3']],
];
for (const [rule, fields, over, want] of requests) {
  test(`toOrigin: ${rule}`, () => assert.deepEqual(sent(fields, over), want));
}

test('toOrigin: Host has the port where it is not the usual one, brackets around IPv6', () => {
  const url = { scheme: 'https', host: '2001:db8::1', port: 8443, path: '/' } as const;
  assert.deepEqual(toOrigin(asked([], { url }), 'a').slice(0, 2), ['Host', '[2001:db8::1]:8443']);
});

test('lessNamed: what Connection names is gone for whoever decides by it, else nothing is made', () => {
  const usual = ['Connection', 'keep-alive', 'TE', 'trailers', 'connection', 'TE, Upgrade', 'Upgrade', 'a'];
  assert.equal(lessNamed(usual), usual);
  const odd = ['Accept-Language', 'es', 'Connection', 'Accept-Language'];
  assert.deepEqual(lessNamed(odd), ['Connection', 'Accept-Language']);
});

const answers: readonly (readonly [rule: string, fields: Fields, want: Fields])[] = [
  [
    'in order, letters as they came',
    ['ETAG', '"a"', 'Set-Cookie', 'a', 'set-cookie', 'b'],
    ['ETAG', '"a"', 'Set-Cookie', 'a', 'set-cookie', 'b'],
  ],
  ['what is of this transfer alone', ['Content-Length', '5', 'AGE', '1', 'via', '1.1 a', 'Date', 'b'], ['Date', 'b']],
  [
    'what is of one connection',
    ['Transfer-Encoding', 'chunked', 'Connection', 'x', 'Keep-Alive', 'a', 'Trailer', 'b', 'X', 'c', 'Upgrade', 'd'],
    [],
  ],
  [
    'what was asked of a proxy',
    ['Proxy-Authenticate', 'Basic', 'Proxy-Authentication-Info', 'a', 'Proxy-Status', 'b'],
    ['Proxy-Status', 'b'],
  ],
  [
    'private is private whatever Connection names',
    ['Connection', 'Cache-Control, Vary', 'Cache-Control', 'private', 'Vary', 'Cookie'],
    ['Cache-Control', 'private', 'Vary', 'Cookie'],
  ],
];
for (const [rule, fields, want] of answers) {
  test(`endToEnd: ${rule}`, () => assert.deepEqual(endToEnd({ status: 203, fields }), { status: 203, fields: want }));
}

test('endToEndTrailers: a checksum may come late, what frames, routes or keeps the content may not', () => {
  const late = ['Digest', 'a', 'Server-Timing', 'b'];
  const never = [
    'Content-Length',
    '5',
    'transfer-encoding',
    'chunked',
    'Cache-Control',
    'public',
    'Set-Cookie',
    'a',
    'Host',
    'b',
  ];
  assert.deepEqual(endToEndTrailers([...never, ...late]), late);
});

const NOW = Date.parse('2026-11-06T08:49:37Z');
const told = (fields: Fields, provenance: Provenance): Fields =>
  toClient({ status: 200, fields }, provenance, 'flink-7c', NOW);

const statuses: readonly (readonly [provenance: Provenance, want: string])[] = [
  [{ source: 'hit', ageSec: 5 }, 'flisolator; hit'],
  [{ source: 'hit', ageSec: 5, ttlSec: 30.9 }, 'flisolator; hit; ttl=30'],
  [{ source: 'stale', ageSec: 5 }, 'flisolator; hit; detail=stale'],
  [{ source: 'stale', ageSec: 5, ttlSec: -3 }, 'flisolator; hit; detail=stale; ttl=-3'],
  [{ source: 'revalidated', ageSec: 0 }, 'flisolator; fwd=stale; fwd-status=304'],
  [{ source: 'shared' }, 'flisolator; fwd=miss; collapsed'],
  [{ source: 'miss' }, 'flisolator; fwd=miss'],
  [{ source: 'miss', isStored: true }, 'flisolator; fwd=miss; stored'],
  [{ source: 'miss', isStored: false }, 'flisolator; fwd=miss'],
  [{ source: 'pass' }, 'flisolator; fwd=bypass'],
];
for (const [provenance, want] of statuses) {
  test(`toClient: ${JSON.stringify(provenance)}: ${want}, RFC 9211 §2`, () => {
    const fields = told(['Date', 'a', 'Cache-Status', 'cdn; hit'], provenance);
    // Whoever is nearest to the client stands last.
    assert.deepEqual(valuesOf(fields, 'cache-status'), ['cdn; hit', want]);
    assert.equal(fieldOf(fields, 'age'), provenance.ageSec === undefined ? undefined : `${provenance.ageSec}`);
  });
}

test('toClient: what was kept comes first and stays as it is, RFC 9111 §4; Via says who sent it on, RFC 9110 §7.6.3', () => {
  const fields = Object.freeze(['ETag', '"a"', 'dAtE', 'b']);
  assert.deepEqual(told(fields, { source: 'hit', ageSec: 7.9 }), [
    ...fields,
    ...['Age', '7', 'Via', '1.1 flink-7c', 'Cache-Status', 'flisolator; hit'],
  ]);
});

test('toClient: an answer without Date gets the time when it was answered, RFC 9110 §6.6.1', () => {
  assert.equal(fieldOf(told([], { source: 'miss' }), 'date'), 'Fri, 06 Nov 2026 08:49:37 GMT');
  assert.equal(fieldOf(told([], { source: 'hit', ageSec: 37 }), 'date'), 'Fri, 06 Nov 2026 08:49:00 GMT');
});

test('toClient: an age is no fraction and not below zero, RFC 9111 §5.1', () => {
  assert.equal(fieldOf(told([], { source: 'hit', ageSec: -3 }), 'age'), '0');
});

const names = fc.constantFrom(
  'Connection',
  'TE',
  'Host',
  'Proxy-Foo',
  'Upgrade',
  'X-Forwarded-Host',
  'A',
  'B',
  'Cookie',
  'Via',
);
const values = fc.constantFrom('a', 'A, b', 'close', 'keep-alive, Cookie', 'TE, "a', '', ',');
const lines = fc.array(fc.tuple(names, values), { maxLength: 12 }).map((some) => some.flat());

const namesIn = (fields: Fields): readonly string[] =>
  fields.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());

test('forward: whatever comes, nothing of one connection goes on, either way', () => {
  fc.assert(
    fc.property(lines, (fields) => {
      const named = valuesOf(fields, 'connection').flatMap((value) => elementsOf(value.toLowerCase()));
      const request = namesIn(sent(fields));
      const answer = namesIn(endToEnd({ status: 200, fields }).fields);
      for (const name of [...request, ...answer]) {
        assert.doesNotMatch(name, /^(?:connection|te|upgrade)$/);
        assert.ok(!['a', 'b', 'cookie'].includes(name) || !named.includes(name), name);
      }
      for (const name of request) assert.doesNotMatch(name, /^(?:host|proxy-.*|x-forwarded.*)$/);
    }),
  );
});
