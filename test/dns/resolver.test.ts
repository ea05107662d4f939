import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import type { Asker } from '../../src/dns/doors.ts';
import type { Outcome, Wanted } from '../../src/dns/exchange.ts';
import { readMessage } from '../../src/dns/message.ts';
import { textOf, wireName } from '../../src/dns/names.ts';
import { Resolver, type Source } from '../../src/dns/resolver.ts';
import { type Route, routeOf } from '../../src/dns/route.ts';
import type { Upstream, UpstreamTable } from '../../src/dns/upstream.ts';
import { FakeClock } from '../support/fakes.ts';
import { ANSWER, a, cname, FLAG, packet, question, RCODE, rr, soa, type TestRecord } from './packets.ts';

const PUBLIC: Upstream = { transport: 'udp', address: '9.9.9.9', port: 53 };
const NEAR: Upstream = { transport: 'udp', address: '10.0.0.1', port: 53 };

interface Told {
  readonly rcode: number;
  readonly answers: number;
  readonly bytes: Buffer;
  /** RFC 8914, where there is one. */
  readonly ede: number | undefined;
  readonly ttl: number | undefined;
}

/** A resolver whose upstream answers when the test says so. */
function hall(options: { readonly table?: UpstreamTable; readonly staleMs?: number; readonly blocked?: string } = {}) {
  const clock = new FakeClock();
  const asked: { readonly name: string; readonly upstreams: readonly Upstream[]; done(outcome: Outcome): void }[] = [];
  const sources: Source[] = [];
  let isDown = false;
  const table = options.table ?? { usual: [PUBLIC], byDomain: new Map() };
  const isBlocked = (name: string) => options.blocked !== undefined && textOf(name).endsWith(options.blocked);
  const names = {
    domain: 'flisol.lan',
    self: '172.16.0.1' as Ipv4,
    networks: [{ network: '172.16.0.0' as Ipv4, prefixBits: 16 }],
    records: [],
    nodes: () => [],
    nodeOf: () => undefined,
    addressOf: () => undefined,
    hostnameOf: () => undefined,
  };
  const beliefs = { mayBePrivate: () => false, isBlocked };
  const terms = {
    names,
    beliefs,
    route: (query: { name: string; type: number }): Route => routeOf(query, table, isBlocked),
  };
  const limits = { maxEntries: 100, maxBytes: 1 << 20, staleMs: options.staleMs ?? 86_400_000 };
  const resolver = new Resolver(() => terms, limits, {
    clock,
    exchange: {
      ask: (wanted: Wanted, upstreams: readonly Upstream[], done: (outcome: Outcome) => void) =>
        void asked.push({ name: textOf(wanted.name), upstreams, done }),
      areDown: () => isDown,
    },
    onAnswer: (_query, _asker, source) => void sources.push(source),
  });
  const ask = (bytes: Uint8Array, client = '172.16.0.101', isTcp = false): Told[] => {
    const told: Told[] = [];
    const answer = (reply: Uint8Array) => void told.push(read(Buffer.from(reply)));
    const asker: Asker = { client: client as Ipv4, isTcp, answer, drop: () => {} };
    resolver.handle(bytes, asker);
    return told;
  };
  const unplug = (): void => {
    isDown = true;
  };
  return { clock, asked, sources, resolver, ask, unplug };
}

function read(bytes: Buffer): Told {
  const message = readMessage(bytes);
  assert.ok(message, bytes.toString('hex'));
  const answers = message.records.filter(({ section }) => section === 'answer');
  const first = answers[0];
  const marker = bytes.lastIndexOf(Buffer.from([0, 15, 0]));
  return {
    ...{ bytes, rcode: message.rcode, answers: answers.length },
    ttl: first && bytes.readUInt32BE(first.ttlAt),
    ede: message.hasEdns && marker > 12 ? bytes.readUInt16BE(marker + 4) : undefined,
  };
}

const www = (more: { id?: number; type?: 'A' | 'AAAA'; rd?: boolean; name?: string } = {}) =>
  question(more.name ?? 'www.example', more.type ?? 'A', {
    ...{ id: more.id ?? 7, flags: more.rd === false ? 0 : FLAG.RD, opt: {} },
  });

function outcome(answers: readonly TestRecord[], name = 'www.example', flags: number = ANSWER): Outcome {
  const authority = answers.length === 0 ? [rr('example', 'SOA', 600, soa({ minimum: 60 }))] : [];
  const message = readMessage(packet({ question: [name, 'A'], flags, answers, authority, opt: {} }));
  assert.ok(message);
  return { kind: 'message', message };
}
const found = (ttl = 300) => outcome([rr('www.example', 'A', ttl, a('192.0.2.1'))]);
const SILENT: Outcome = { kind: 'silent' };

test('a question is asked upstream once, then told from the cache with its own id until the TTL ends', () => {
  const { ask, asked, clock, sources } = hall();
  const first = ask(www({ id: 1 }));
  asked[0]?.done(found(300));
  assert.deepEqual([first[0]?.rcode, first[0]?.answers, first[0]?.ttl], [0, 1, 300]);
  clock.advance(100_000);
  const [second] = ask(www({ id: 2 }));
  assert.deepEqual([second?.bytes.readUInt16BE(0), second?.ttl, asked.length], [2, 200, 1]);
  clock.advance(200_000);
  ask(www());
  assert.equal(asked.length, 2);
  assert.deepEqual(sources, ['upstream', 'cache']);
});

test('RFC 5452 §5: 200 clients that ask one name make one question, and all get the answer with their own id', () => {
  const { ask, asked } = hall();
  const all = Array.from({ length: 200 }, (_, i) => ask(www({ id: i }), `172.16.1.${i}`));
  assert.equal(asked.length, 1);
  asked[0]?.done(found());
  assert.deepEqual(
    all.map((told) => told.map(({ bytes }) => bytes.readUInt16BE(0))),
    all.map((_, i) => [i]),
  );
});

test('RFC 8767 §5: a stale answer is told after 1.8 s, then at once while nobody answers, and the TTL says so', () => {
  const { ask, asked, clock } = hall();
  ask(www());
  asked[0]?.done(found(300));
  clock.advance(400_000);
  const patient = ask(www());
  assert.deepEqual([patient.length, asked.length], [0, 2]);
  clock.advance(1800);
  assert.deepEqual([patient[0]?.ttl, patient[0]?.ede], [30, 3]);
  // The upstream is still being asked: nobody waits for it any more.
  assert.equal(ask(www())[0]?.ttl, 30);
  asked[1]?.done(SILENT);
  assert.deepEqual([ask(www())[0]?.ttl, asked.length], [30, 2]);
  clock.advance(2000);
  ask(www());
  assert.equal(asked.length, 3);
  asked[2]?.done(found(50));
  assert.equal(ask(www())[0]?.ttl, 50);
});

test('with every upstream known to be down nobody waits for what is stale, and it is asked for all the same', () => {
  const { ask, asked, clock, unplug } = hall();
  ask(www());
  asked[0]?.done(found(300));
  clock.advance(301_000);
  unplug();
  const told = ask(www());
  clock.advance(1);
  assert.deepEqual([told[0]?.ttl, told[0]?.ede, asked.length], [30, 3, 2]);
  asked[1]?.done(found(60));
  assert.equal(ask(www())[0]?.ttl, 60);
});

test('a stale answer is told at once where upstreams fail, and not told where that is off', () => {
  for (const { staleMs, want } of [
    { staleMs: 86_400_000, want: RCODE.NOERROR },
    { staleMs: 0, want: RCODE.SERVFAIL },
  ]) {
    const { ask, asked, clock } = hall({ staleMs });
    ask(www());
    asked[0]?.done(found(300));
    clock.advance(301_000);
    const told = ask(www());
    asked[1]?.done({ kind: 'failed', rcode: RCODE.SERVFAIL });
    assert.equal(told[0]?.rcode, want);
  }
});

test('RFC 9520 §3.2: what failed is not asked again at once, and is asked again soon', () => {
  const { ask, asked, clock } = hall();
  const told = ask(www());
  asked[0]?.done(SILENT);
  assert.deepEqual([told[0]?.rcode, told[0]?.ede], [RCODE.SERVFAIL, 22]);
  assert.deepEqual([ask(www())[0]?.rcode, asked.length], [RCODE.SERVFAIL, 1]);
  clock.advance(2000);
  ask(www());
  assert.equal(asked.length, 2);
});

test('RFC 2308 §5: no such name is remembered for as long as its SOA says', () => {
  const { ask, asked, clock } = hall();
  ask(www());
  asked[0]?.done(outcome([], 'www.example', ANSWER + RCODE.NXDOMAIN));
  assert.deepEqual([ask(www())[0]?.rcode, asked.length], [RCODE.NXDOMAIN, 1]);
  clock.advance(60_000);
  ask(www());
  assert.equal(asked.length, 2);
});

test('what is popular and about to end is asked for ahead of its end, once', () => {
  const { ask, asked, clock, resolver } = hall();
  ask(www());
  asked[0]?.done(found(1000));
  for (let i = 0; i < 20; i++) ask(www());
  clock.advance(995_000);
  assert.equal(ask(www())[0]?.ttl, 5);
  ask(www());
  assert.deepEqual([asked.length, resolver.counts.prefetches], [2, 1]);
  asked[1]?.done(found(1000));
  clock.advance(10_000);
  assert.deepEqual([ask(www())[0]?.ttl, asked.length], [990, 2]);
});

test('who asks without recursion is not told what others asked', () => {
  const { ask, asked } = hall();
  ask(www());
  asked[0]?.done(found());
  assert.deepEqual([ask(www({ rd: false }))[0]?.rcode, asked.length], [RCODE.REFUSED, 1]);
});

test('a name that is blocked is no name, said with RFC 8914’s code 15; nor is an alias of one', () => {
  const { ask, asked, sources } = hall({ blocked: 'ads.example' });
  const [told] = ask(www({ name: 'x.ads.example' }));
  assert.deepEqual([told?.rcode, told?.ede, asked.length], [RCODE.NXDOMAIN, 15, 0]);
  const alias = ask(www());
  asked[0]?.done(
    outcome([rr('www.example', 'CNAME', 300, cname('ads.example')), rr('ads.example', 'A', 300, a('192.0.2.9'))]),
  );
  assert.deepEqual([alias[0]?.rcode, alias[0]?.answers, alias[0]?.ede], [RCODE.NXDOMAIN, 0, 15]);
  assert.deepEqual(sources, ['blocked', 'withheld']);
});

test('an answer from outside that points into the hall has no records, now and from the cache', () => {
  const { ask, asked } = hall();
  const told = ask(www());
  asked[0]?.done(outcome([rr('www.example', 'A', 300, a('172.16.0.1'))]));
  for (const { rcode, answers, ede } of [...told, ...ask(www())]) {
    assert.deepEqual([rcode, answers, ede], [RCODE.NOERROR, 0, 17]);
  }
  assert.equal(asked.length, 1);
});

const routes = [
  { name: 'the world: the usual upstreams', asked: 'www.example', want: ['9.9.9.9'] },
  { name: 'a domain with its own: those', asked: 'a.corp.example', want: ['10.9.9.9'] },
  { name: 'RFC 6761 §6.2: test. is for a resolver in the own network', asked: 'a.test', want: ['10.0.0.1'] },
  { name: 'RFC 6762: .local never', asked: 'printer.local', want: [] },
  { name: 'but for upstreams named for it', asked: 'a.corp.local', want: ['10.9.9.8'] },
  {
    name: 'the hall’s own domain never, whatever upstreams a domain above it has',
    asked: 'nobody.flisol.lan',
    want: [],
  },
];
for (const { name, asked: wanted, want } of routes) {
  test(`whom to ask: ${name}`, () => {
    const at = (address: string): Upstream[] => [{ transport: 'udp', address, port: 53 }];
    const byDomain = new Map([
      [wireName('corp.example'), at('10.9.9.9')],
      [wireName('corp.local'), at('10.9.9.8')],
      [wireName('lan'), at('10.9.9.7')],
    ]);
    const { ask, asked } = hall({ table: { usual: wanted.endsWith('.test') ? [PUBLIC, NEAR] : [PUBLIC], byDomain } });
    ask(www({ name: wanted }));
    assert.deepEqual(
      asked.flatMap(({ upstreams }) => upstreams.map(({ address }) => address)),
      want,
    );
  });
}

test('one client’s 1,000 names that nobody answers leave room for others, for the cache and for the hall’s names', () => {
  const { ask, asked } = hall();
  ask(www());
  asked[0]?.done(found());
  let isRefused = false;
  for (let i = 0; i < 1000; i++) {
    const [told] = ask(www({ name: `r${i}.example` }), '172.16.0.66');
    isRefused ||= told?.rcode === RCODE.SERVFAIL;
  }
  assert.ok(isRefused && asked.length < 600, `${asked.length}`);
  assert.equal(ask(www())[0]?.answers, 1);
  assert.equal(ask(www({ name: 'flink.flisol.lan' }))[0]?.answers, 1);
  const before = asked.length;
  ask(www({ name: 'other.example' }), '172.16.0.67');
  assert.equal(asked.length, before + 1);
  // What they waited for ends: they may ask again.
  for (const { done } of asked.slice(1)) done(SILENT);
  assert.equal(ask(www({ name: 'again.example' }), '172.16.0.66').length, 0);
});

test('a flood of names is bounded in all, and what is not asked is refused at once', () => {
  const { ask, resolver } = hall();
  for (let i = 0; i < 20_000; i++) ask(www({ name: `f${i}.example` }), `172.16.${i % 200}.7`);
  const { outstanding, answers } = resolver.counts;
  assert.ok(outstanding <= 8192, `${outstanding}`);
  assert.equal(outstanding + answers.crowded, 20_000);
});

test('TTL 0 is told to those who wait, and not kept', () => {
  const { ask, asked } = hall();
  const told = [ask(www()), ask(www())];
  asked[0]?.done(found(0));
  assert.deepEqual(
    told.map(([one]) => one?.ttl),
    [0, 0],
  );
  ask(www());
  assert.equal(asked.length, 2);
});

test('flush: what was known is asked for again', () => {
  const { ask, asked, resolver } = hall();
  ask(www());
  asked[0]?.done(found());
  resolver.flush();
  ask(www());
  assert.equal(asked.length, 2);
});

test('flush: what is being asked by then is told to those who wait, and not kept; who comes later asks anew', () => {
  const { ask, asked, resolver } = hall();
  const before = ask(www({ id: 1 }));
  resolver.flush();
  const after = ask(www({ id: 2 }));
  assert.equal(asked.length, 2);
  asked[0]?.done(found());
  assert.deepEqual([before.length, after.length], [1, 0]);
  assert.deepEqual([ask(www()).length, asked.length], [0, 2]);
  asked[1]?.done(found());
  assert.deepEqual([after.length, ask(www()).length, resolver.counts.outstanding], [1, 1, 0]);
});

test('flush: that upstreams of old failed says nothing about those that are asked now', () => {
  const { ask, asked, resolver } = hall();
  ask(www());
  resolver.flush();
  asked[0]?.done(SILENT);
  ask(www());
  assert.equal(asked.length, 2);
});

test('RFC 8767 §5: who joins a question that was asked ahead of its end gets the stale answer, too', () => {
  for (const isLate of [true, false]) {
    const { ask, asked, clock } = hall();
    ask(www());
    asked[0]?.done(found(1000));
    for (let i = 0; i < 5; i++) ask(www());
    clock.advance(999_000);
    ask(www());
    clock.advance(1500);
    const told = ask(www());
    assert.deepEqual([told.length, asked.length], [0, 2]);
    if (isLate) clock.advance(1800);
    else asked[1]?.done(SILENT);
    assert.deepEqual([told[0]?.ttl, told[0]?.ede], [30, 3]);
    if (isLate) asked[1]?.done(found(7));
    assert.equal(told.length, 1);
  }
});

test('RFC 8914 §4.20: a stale denial says that it is one; RFC 8767 §4: a new one takes the place of a stale answer', () => {
  const { ask, asked, clock } = hall();
  ask(www());
  asked[0]?.done(found(300));
  clock.advance(301_000);
  const told = ask(www());
  asked[1]?.done(outcome([], 'www.example', ANSWER + RCODE.NXDOMAIN));
  assert.equal(told[0]?.rcode, RCODE.NXDOMAIN);
  clock.advance(61_000);
  const stale = ask(www());
  asked[2]?.done(SILENT);
  assert.deepEqual([stale[0]?.rcode, stale[0]?.ede], [RCODE.NXDOMAIN, 19]);
});

test('packets that are no question: garbage is dropped, errors answered, nobody asked', () => {
  const { ask, asked } = hall();
  assert.equal(ask(new Uint8Array(5)).length, 0);
  assert.equal(ask(packet({ question: ['www.example', 'A'] })).length, 0);
  assert.equal(ask(question('www.example', 'A', { flags: FLAG.RD, counts: [2] }))[0]?.rcode, RCODE.FORMERR);
  assert.equal(asked.length, 0);
});
