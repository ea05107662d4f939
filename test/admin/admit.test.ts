import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Asked, type Refusal, type Rules, refusalOf } from '../../src/admin/admit.ts';
import { Attempts } from '../../src/admin/attempts.ts';
import { methodsAt } from '../../src/admin/openapi.ts';

const asked: Asked = {
  ...{ method: 'GET', path: '/api/v1/leases', from: '127.0.0.1', fields: 3, hasContent: false },
  ...{ host: '127.0.0.1:8067', origin: undefined, fetchSite: undefined, authorization: undefined },
  isRelayed: false,
};

function rules(over: Partial<Rules> = {}): Rules {
  return {
    ...{ door: 'admin', methodsAt, password: undefined, attempts: new Attempts(), nowMs: 0 },
    isOwnAddress: (address) => address === '172.16.0.1',
    isOwnName: (name) => name === 'flink' || name === 'flink.flisol.lan',
    ...over,
  };
}

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
const announce = { method: 'POST', path: '/api/v1/announcements', hasContent: true } as const;
const purge = { method: 'DELETE', path: '/api/v1/cache' } as const;
const swarm = { door: 'swarm' } as const;
const secret = { password: 'pass:word ñ' } as const;

const cases: readonly {
  readonly name: string;
  readonly asked?: Partial<Asked>;
  readonly rules?: Partial<Rules>;
  /** 0: it is answered. */
  readonly want: number;
}[] = [
  { name: 'an address of this machine', want: 0 },
  { name: 'any address of loopback', asked: { host: '127.9.9.9' }, want: 0 },
  { name: 'the address on the LAN', asked: { host: '172.16.0.1:8067' }, want: 0 },
  { name: 'localhost, in any case, with the root’s dot', asked: { host: 'LocalHost.:8067' }, want: 0 },
  { name: 'flink by its name', asked: { host: 'FLINK.flisol.lan' }, want: 0 },
  { name: 'HEAD', asked: { method: 'HEAD' }, want: 0 },
  { name: 'rebound name', asked: { host: 'evil.example:8067' }, want: 403 },
  { name: 'a name that only begins like ours', asked: { host: 'flink.evil.example' }, want: 403 },
  { name: 'somebody else’s address', asked: { host: '172.16.0.9' }, want: 403 },
  { name: 'an address in another spelling', asked: { host: '0x7f.1' }, want: 403 },
  { name: 'an address in front of a name', asked: { host: '127.0.0.1.evil.example' }, want: 403 },
  { name: 'a name behind an address with @', asked: { host: '127.0.0.1@evil.example' }, want: 403 },
  { name: 'no Host', asked: { host: undefined }, want: 403 },
  { name: 'an empty Host', asked: { host: '' }, want: 403 },
  { name: 'no port behind the colon', asked: { host: '127.0.0.1:x' }, want: 403 },
  { name: 'our own page', asked: { origin: 'http://127.0.0.1:8067', fetchSite: 'same-origin' }, want: 0 },
  { name: 'typed into the browser', asked: { fetchSite: 'none' }, want: 0 },
  { name: 'another site', asked: { origin: 'http://evil.example' }, want: 403 },
  { name: 'another port of this machine', asked: { origin: 'http://127.0.0.1:3000' }, want: 403 },
  { name: 'https is another origin', asked: { origin: 'https://127.0.0.1:8067' }, want: 403 },
  { name: 'a sandboxed frame', asked: { origin: 'null' }, want: 403 },
  { name: 'an image in another site’s page', asked: { fetchSite: 'cross-site' }, want: 403 },
  { name: 'a sister site', asked: { fetchSite: 'same-site' }, want: 403 },
  { name: 'a page of a rebound name', asked: { host: 'evil.lan', origin: 'http://evil.lan' }, want: 403 },
  { name: 'nothing is there', asked: { path: '/' }, want: 404 },
  { name: 'what every object has', asked: { path: '__proto__' }, want: 404 },
  { name: 'what every object has, as a path', asked: { path: '/constructor' }, want: 404 },
  { name: 'another spelling of a path', asked: { path: '/api//v1/leases' }, want: 404 },
  { name: 'an escaped path', asked: { path: '/api/v1/%6ceases' }, want: 404 },
  { name: 'a proxy’s target', asked: { path: 'http://evil.example/' }, want: 404 },
  { name: 'POST', asked: { method: 'POST' }, want: 405 },
  { name: 'OPTIONS, so no preflight succeeds', asked: { method: 'OPTIONS' }, want: 405 },
  { name: 'DELETE', asked: { method: 'DELETE' }, want: 405 },
  { name: 'content where none is taken', asked: { hasContent: true }, want: 413 },
  { name: 'too many fields', asked: { fields: 201 }, want: 431 },
  { name: 'a purge from this machine', asked: purge, want: 0 },
  { name: 'a purge from this machine’s own address', asked: { ...purge, from: '172.16.0.1' }, want: 0 },
  { name: 'a purge from the hall, without a password', asked: { ...purge, from: '172.16.0.9' }, want: 403 },
  { name: 'a look at the cache from the hall', asked: { path: purge.path, from: '172.16.0.9' }, want: 0 },
  { name: 'a purge that somebody passed on', asked: { ...purge, isRelayed: true }, want: 403 },
  { name: 'a purge from who knows where', asked: { ...purge, from: '' }, want: 403 },
  { name: 'a purge by IPv6', asked: { ...purge, from: 'fe80::1' }, want: 403 },
  {
    name: 'a purge from the hall, with the password',
    asked: { ...purge, from: '172.16.0.9', isRelayed: true, authorization: basic('x:pass:word ñ') },
    rules: secret,
    want: 0,
  },
  { name: 'a purge from this machine, without the password', asked: purge, rules: secret, want: 401 },
  { name: 'a page that purges', asked: { ...purge, origin: 'http://evil.example' }, want: 403 },
  { name: 'a purge from a sandboxed frame', asked: { ...purge, origin: 'null' }, want: 403 },
  { name: 'a purge from a page on another port here', asked: { ...purge, origin: 'http://127.0.0.1:80' }, want: 403 },
  { name: 'a purge that a sister site makes', asked: { ...purge, fetchSite: 'same-site' }, want: 403 },
  {
    name: 'a page of a rebound name that purges',
    asked: { ...purge, host: 'evil.lan:8067', origin: 'http://evil.lan:8067', fetchSite: 'same-origin' },
    want: 403,
  },
  { name: 'a purge without Host', asked: { ...purge, host: undefined }, want: 403 },
  { name: 'a purge with content', asked: { ...purge, hasContent: true }, want: 413 },
  { name: 'a purge at the narrow door', asked: purge, rules: swarm, want: 404 },
  { name: 'POST at the cache', asked: { ...purge, method: 'POST' }, want: 405 },
  { name: 'another word for purging', asked: { ...purge, method: 'PURGE' }, want: 405 },
  { name: 'an announcement', asked: announce, want: 0 },
  { name: 'an announcement at the narrow door', asked: announce, rules: swarm, want: 0 },
  { name: 'an announcement by a name that the node was told', asked: { ...announce, host: 'boot.school' }, want: 0 },
  { name: 'an announcement without password', asked: announce, rules: secret, want: 0 },
  { name: 'GET of announcements', asked: { ...announce, method: 'GET' }, want: 405 },
  { name: 'a page that announces', asked: { ...announce, origin: 'http://evil.example' }, want: 403 },
  {
    name: 'a page of a rebound name that announces',
    asked: { ...announce, host: 'evil.lan', origin: 'http://evil.lan' },
    want: 403,
  },
  { name: 'health at the narrow door', asked: { path: '/healthz' }, rules: swarm, want: 0 },
  { name: 'health by any name, without password', asked: { path: '/healthz', host: 'x.lan' }, rules: secret, want: 0 },
  { name: 'leases at the narrow door', rules: swarm, want: 404 },
  { name: 'metrics at the narrow door', asked: { path: '/metrics' }, rules: swarm, want: 404 },
  {
    name: 'the right password, whoever says it',
    asked: { authorization: basic('x:pass:word ñ') },
    rules: secret,
    want: 0,
  },
  {
    name: 'the right password without a user',
    asked: { authorization: basic(':pass:word ñ') },
    rules: secret,
    want: 0,
  },
  { name: 'no password', rules: secret, want: 401 },
  { name: 'a wrong password', asked: { authorization: basic('flink:pass') }, rules: secret, want: 401 },
  { name: 'more than the password', asked: { authorization: basic('flink:pass:word ñ ') }, rules: secret, want: 401 },
  { name: 'an empty password', asked: { authorization: basic('flink:') }, rules: secret, want: 401 },
  { name: 'no colon', asked: { authorization: basic('pass') }, rules: secret, want: 401 },
  { name: 'another scheme', asked: { authorization: 'Bearer pass:word' }, rules: secret, want: 401 },
  { name: 'no base64', asked: { authorization: 'Basic ***' }, rules: secret, want: 401 },
];
for (const { name, asked: over, rules: others, want } of cases) {
  test(`admitted or refused: ${name}`, () => {
    assert.equal(refusalOf({ ...asked, ...over }, rules(others))?.status ?? 0, want);
  });
}

test('refusals name what would do', () => {
  const of = (over: Partial<Asked>, others: Partial<Rules> = {}): Refusal | undefined =>
    refusalOf({ ...asked, ...over }, rules(others));
  assert.deepEqual(of({ method: 'PUT' })?.headers, { Allow: 'GET, HEAD' });
  assert.deepEqual(of({ ...purge, method: 'PUT' }), {
    ...{ status: 405, error: 'this is asked for by GET or DELETE', headers: { Allow: 'GET, HEAD, DELETE' } },
  });
  assert.deepEqual(of({ ...announce, method: 'GET' })?.headers, { Allow: 'POST' });
  assert.match(of({}, secret)?.headers?.['WWW-Authenticate'] ?? '', /^Basic realm=/);
});

test('after ten wrong passwords in a minute an address waits, even with the right one; others do not', () => {
  const attempts = new Attempts();
  const status = (authorization: string | undefined, nowMs: number, from = '10.0.0.1') =>
    refusalOf({ ...asked, from, authorization }, rules({ ...secret, attempts, nowMs }))?.status ?? 0;
  for (let n = 0; n < 50; n++) assert.equal(status(undefined, 0), 401, 'a first request without one is no guess');
  for (let n = 0; n < 10; n++) assert.equal(status(basic('x:guess'), n * 1000), 401);
  assert.equal(status(basic('x:guess'), 10_000), 429);
  assert.equal(status(basic('x:pass:word ñ'), 10_000), 429);
  assert.equal(status(basic('x:pass:word ñ'), 10_000, '10.0.0.2'), 0);
  assert.equal(status(basic('x:pass:word ñ'), 59_999), 429);
  assert.equal(status(basic('x:pass:word ñ'), 60_000), 0);
  assert.equal(status(basic('x:guess'), 60_000), 401, 'the right one has cleared the slate');
});

test('who guesses from a thousand addresses fills nothing', () => {
  const attempts = new Attempts();
  for (let n = 0; n < 5000; n++) for (let i = 0; i < 10; i++) attempts.failed(`10.0.${n}`, n);
  assert.equal(attempts.waitMs('10.0.0', 5000), 0, 'forgotten');
  assert.ok(attempts.waitMs('10.0.4999', 5000) > 0);
});
