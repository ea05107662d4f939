/** What flink's own resolver says of a name to flink itself. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import type { Asker } from '../../src/dns/doors.ts';
import type { Outcome } from '../../src/dns/exchange.ts';
import { lookupOf } from '../../src/dns/lookup.ts';
import { readMessage } from '../../src/dns/message.ts';
import { textOf } from '../../src/dns/names.ts';
import { readQuery } from '../../src/dns/query.ts';
import { Resolver } from '../../src/dns/resolver.ts';
import { routeOf } from '../../src/dns/route.ts';
import { dnsService } from '../../src/dns/server.ts';
import type { Upstream } from '../../src/dns/upstream.ts';
import { freePort } from '../cli/support.ts';
import { hallOf, ip } from '../support/dnshall.ts';
import { FakeClock, fakeHost } from '../support/fakes.ts';
import { ANSWER, a, aaaa, cname, FLAG, packet, RCODE, rr, soa, type TestPacket, type TestRecord } from './packets.ts';

const UPSTREAM: Upstream = { transport: 'udp', address: '9.9.9.9', port: 53 };
const NO_DATA: TestPacket = { authority: [rr('example', 'SOA', 600, soa())] };
const NXDOMAIN: TestPacket = { ...NO_DATA, flags: ANSWER + RCODE.NXDOMAIN };

type Told = readonly TestRecord[] | TestPacket | 'silent';

function outcomeOf(name: string, type: 'A' | 'AAAA', told: Told): Outcome {
  if (told === 'silent') return { kind: 'silent' };
  const more: TestPacket = Array.isArray(told) ? { answers: told } : (told as TestPacket);
  const message = readMessage(packet({ question: [name, type], ...more }));
  assert.ok(message);
  return { kind: 'message', message };
}

/** A resolver whose upstream answers when the test says so. */
function hall() {
  const clock = new FakeClock();
  const asked: { readonly question: string; tell(told: Told): void }[] = [];
  const isBlocked = (name: string): boolean => textOf(name).endsWith('blocked.example');
  const table = { usual: [UPSTREAM], byDomain: new Map() };
  const terms = {
    names: hallOf({ records: { 'mirror.flisol.lan': '172.16.0.9' } }),
    beliefs: { mayBePrivate: () => false, isBlocked },
    route: (query: { name: string; type: number }) => routeOf(query, table, isBlocked),
  };
  const resolver = new Resolver(
    () => terms,
    { maxEntries: 100, maxBytes: 1 << 20, staleMs: 86_400_000 },
    {
      clock,
      exchange: {
        ask: ({ name, type }, _upstreams, done) => {
          const kind = type === 28 ? 'AAAA' : 'A';
          const tell = (told: Told): void => done(outcomeOf(textOf(name), kind, told));
          asked.push({ question: `${kind} ${textOf(name)}`, tell });
        },
        areDown: () => false,
      },
    },
  );
  const lookup = lookupOf((bytes, asker) => resolver.handle(bytes, asker), clock);
  return { clock, asked, lookup, resolver };
}

/** The lookup of `name` where the upstream says that of A and AAAA at once. */
async function found(name: string, ipv4: Told, ipv6: Told): Promise<readonly string[]> {
  const { lookup, asked, clock } = hall();
  const pending = lookup(name);
  asked[0]?.tell(ipv4);
  asked[1]?.tell(ipv6);
  assert.equal(clock.pendingTimers, 0);
  return pending;
}

const four = (address: string, name = 'www.example'): TestRecord => rr(name, 'A', 300, a(address));
const six = (address: string, name = 'www.example'): TestRecord => rr(name, 'AAAA', 300, aaaa(address));
const V4 = four('192.0.2.1');
const V6 = six('2001:db8::1');

for (const { name, ipv4, ipv6, want } of [
  { name: 'IPv4 stands before IPv6', ipv4: [V4], ipv6: [V6], want: ['192.0.2.1', '2001:db8::1'] },
  { name: 'IPv6 alone is enough', ipv4: NO_DATA, ipv6: [V6], want: ['2001:db8::1'] },
  { name: 'of a server that knows no AAAA the IPv4 counts', ipv4: [V4], ipv6: 'silent', want: ['192.0.2.1'] },
  { name: 'of one that knows no A, the IPv6', ipv4: 'silent', ipv6: [V6], want: ['2001:db8::1'] },
  { name: 'a name without addresses has none', ipv4: NO_DATA, ipv6: NO_DATA, want: [] },
  { name: 'RFC 8020 §2: NXDOMAIN is about every type', ipv4: NXDOMAIN, ipv6: 'silent', want: [] },
  {
    name: 'aliases are followed within the answer, in any order',
    ipv4: [four('192.0.2.7', 'edge.example'), rr('www.example', 'CNAME', 300, cname('edge.example'))],
    ipv6: NO_DATA,
    want: ['192.0.2.7'],
  },
  {
    name: 'an alias that leads to nothing has none',
    ipv4: [rr('www.example', 'CNAME', 300, cname('x.example'))],
    ipv6: NO_DATA,
    want: [],
  },
  {
    name: 'an address of another name is nobody’s',
    ipv4: [V4, four('192.0.2.66', 'other.example')],
    ipv6: NO_DATA,
    want: ['192.0.2.1'],
  },
  { name: 'private addresses from outside are withheld', ipv4: [four('127.0.0.1')], ipv6: [six('::1')], want: [] },
  {
    name: 'an alias of a blocked name is, too',
    ipv4: [rr('www.example', 'CNAME', 300, cname('blocked.example')), four('192.0.2.1', 'blocked.example')],
    ipv6: NO_DATA,
    want: [],
  },
  {
    name: 'RFC 5952: IPv6 as systems write it',
    ipv4: NO_DATA,
    ipv6: [six('2001:0db8:0:0:1:0:0:00a1')],
    want: ['2001:db8::1:0:0:a1'],
  },
  {
    name: 'a dozen are enough',
    ipv4: Array.from({ length: 10 }, (_, i) => four(`192.0.2.${i}`)),
    ipv6: Array.from({ length: 10 }, (_, i) => six(`2001:db8::a${i}`)),
    want: [...Array.from({ length: 10 }, (_, i) => `192.0.2.${i}`), '2001:db8::a0', '2001:db8::a1'],
  },
] satisfies { name: string; ipv4: Told; ipv6: Told; want: string[] }[]) {
  test(`lookup: ${name}`, async () => assert.deepEqual(await found('www.example', ipv4, ipv6), want));
}

for (const { name, ipv4, ipv6 } of [
  { name: 'nobody answers', ipv4: 'silent', ipv6: 'silent' },
  { name: 'the upstream fails', ipv4: { flags: ANSWER + RCODE.SERVFAIL }, ipv6: { flags: ANSWER + RCODE.SERVFAIL } },
  { name: 'there is no A, and of AAAA nobody could say', ipv4: NO_DATA, ipv6: 'silent' },
  { name: 'there is no AAAA, and of A nobody could say', ipv4: 'silent', ipv6: NO_DATA },
] satisfies { name: string; ipv4: Told; ipv6: Told }[]) {
  test(`lookup: rejects where ${name}`, async () => {
    await assert.rejects(found('www.example', ipv4, ipv6), { message: /^no address for www\.example: / });
  });
}

test('lookup: IPv6 is waited for 300 ms, and no longer, once there is IPv4', async () => {
  const { lookup, asked, clock } = hall();
  let addresses: readonly string[] | undefined;
  const pending = lookup('www.example').then((told) => {
    addresses = told;
  });
  asked[0]?.tell([V4]);
  clock.advance(299);
  await Promise.resolve();
  assert.equal(addresses, undefined);
  clock.advance(1);
  await pending;
  assert.deepEqual(addresses, ['192.0.2.1']);
  asked[1]?.tell([V6]);
  assert.deepEqual(await lookup('www.example'), ['192.0.2.1', '2001:db8::1'], 'what came late is kept for the next');
  assert.equal(clock.pendingTimers, 0);
});

test('lookup: without IPv4 it is waited for', async () => {
  const { lookup, asked, clock } = hall();
  const pending = lookup('www.example');
  asked[0]?.tell(NO_DATA);
  clock.advance(1000);
  asked[1]?.tell([V6]);
  assert.deepEqual(await pending, ['2001:db8::1']);
});

test('lookup: many at once make one question of each type, and the cache answers those to come', async () => {
  const { lookup, asked } = hall();
  const all = Array.from({ length: 600 }, () => lookup('WWW.example.'));
  assert.deepEqual(
    asked.map(({ question }) => question),
    ['A www.example', 'AAAA www.example'],
  );
  asked[0]?.tell([V4]);
  asked[1]?.tell(NO_DATA);
  for (const addresses of await Promise.all(all)) assert.deepEqual(addresses, ['192.0.2.1']);
  assert.deepEqual(await lookup('www.example'), ['192.0.2.1']);
  assert.equal(asked.length, 2);
});

test('lookup: RFC 8767: with the uplink gone, what was true counts on', async () => {
  const { lookup, asked, clock } = hall();
  const first = lookup('www.example');
  asked[0]?.tell([V4]);
  asked[1]?.tell(NO_DATA);
  await first;
  clock.advance(4_000_000);
  const second = lookup('www.example');
  for (const { tell } of asked.slice(2)) tell('silent');
  assert.deepEqual(await second, ['192.0.2.1']);
});

test('lookup: the hall’s own names and the blocklist hold, and nobody outside hears of them', async () => {
  const { lookup, asked } = hall();
  assert.deepEqual(await lookup('flink.flisol.lan'), ['172.16.0.1']);
  assert.deepEqual(await lookup('mirror.flisol.lan'), ['172.16.0.9']);
  assert.deepEqual(await lookup('ads.blocked.example'), []);
  assert.equal(asked.length, 0);
});

for (const name of [
  '',
  '.',
  'a..b',
  '.a',
  'a..',
  `${'x'.repeat(64)}.example`,
  `${'a.'.repeat(127)}aa`,
  'ñandú.example',
  'a b',
  'a\r\nb',
  '\0',
]) {
  test(`lookup: no name, so no address: ${JSON.stringify(name.slice(0, 20))}`, async () => {
    const { lookup, asked } = hall();
    assert.deepEqual(await lookup(name), []);
    assert.equal(asked.length, 0);
  });
}

test('lookup: the longest name there is, is asked for', () => {
  const { lookup, asked } = hall();
  void lookup(`${'a.'.repeat(126)}a`);
  assert.equal(asked.length, 2);
});

for (const { name, answer } of [
  { name: 'garbage', answer: (asker: Asker) => asker.answer(new Uint8Array(5)) },
  { name: 'TC', answer: (asker: Asker, bytes: Uint8Array) => asker.answer(cut(bytes)) },
  { name: 'none', answer: (asker: Asker) => asker.drop() },
]) {
  test(`lookup: rejects where the answer is ${name}`, async () => {
    const lookup = lookupOf((bytes, asker) => answer(asker, bytes), new FakeClock());
    await assert.rejects(lookup('www.example'), /no answer that can be read/);
  });
}

function cut(bytes: Uint8Array): Uint8Array {
  const read = readQuery(bytes);
  assert.ok(read.kind === 'query' && read.query.isRecursive);
  return packet({ question: ['www.example', read.query.type], flags: ANSWER + FLAG.TC });
}

test('dns: where its port is somebody else’s, flink itself gets answers all the same, until it stops', async () => {
  const port = await freePort();
  const squatter = net.createServer();
  await once(squatter.listen(port, '127.16.0.1'), 'listening');
  const host = fakeHost();
  const policy = {
    limits: { networks: [], perSecond: 0 },
    upstreams: { usual: [UPSTREAM], byDomain: new Map() },
    resolving: {
      names: hallOf({}),
      route: () => ({ kind: 'ask' as const, upstreams: [UPSTREAM], isOwn: false }),
      beliefs: { isBlocked: () => false, mayBePrivate: () => false, isOurs: () => false, isInside: () => false },
    },
    isLogged: false,
  };
  const options = { ...{ address: ip('127.16.0.1'), port, isOnLoopback: false }, maxConnections: 10 };
  const service = dnsService({ ...options, cache: { maxEntries: 9, maxBytes: 9999, staleMs: 0 } }, () => policy, host);
  await assert.rejects(service.start(), /is in use/);
  squatter.close();
  assert.deepEqual(
    service.report().upstreams.map(({ upstream }) => upstream),
    [UPSTREAM],
  );
  assert.deepEqual(await service.lookup('flink.flisol.lan'), ['172.16.0.1']);
  const pending = service.lookup('www.example');
  await service.stop();
  await assert.rejects(pending, /no resolver could say/);
  await assert.rejects(service.lookup('www.example'));
  assert.equal(host.udp.openSockets, 0);
});
