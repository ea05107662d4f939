/**
 * What is known to be tried against resolvers, tried on the whole: the resolver with its cache, and what asks upstreams, on a fake network.
 * Each part's own tests go further into its own; these hold that nothing gets through between the parts.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import { pairAt, setPair } from '../../src/core/bytes.ts';
import { Resolver } from '../../src/dns/resolver.ts';
import { routeOf } from '../../src/dns/route.ts';
import { readPacket } from '../support/dnsread.ts';
import {
  ANSWER,
  a,
  cname,
  FLAG,
  type Option,
  packet,
  pointer,
  question,
  RCODE,
  rr,
  rrsig,
  soa,
  type TestPacket,
  type TestRecord,
  type Type,
  target,
} from './packets.ts';
import { answerTo, type Behaviour, type FakeUpstream, settle, world } from './upstreams.ts';

const NAME = 'www.example';
const TRUTH = '5db8d822';
const SERVFAIL = 2;
const DAY_MS = 86_400_000;

interface Told {
  readonly packet: ReturnType<typeof readPacket>;
  readonly afterMs: number;
}

/** A hall whose upstreams are at these addresses, all true until a test says otherwise. */
async function hall(...addresses: readonly string[]) {
  const w = world();
  const ups: FakeUpstream[] = [];
  for (const address of addresses.length > 0 ? addresses : ['9.9.9.9']) ups.push(await w.add(address));
  for (const up of ups) up.behave = honest;
  const table = { usual: ups.map(({ upstream }) => upstream), byDomain: new Map() };
  const none = () => undefined;
  const names = {
    ...{ domain: 'hall.test', self: '172.16.0.1' as Ipv4, networks: [], records: [], nodes: () => [] },
    ...{ nodeOf: none, addressOf: none, hostnameOf: none },
  };
  const terms = {
    names,
    beliefs: { mayBePrivate: () => false, isBlocked: () => false },
    route: (query: { name: string; type: number }) => routeOf(query, table, () => false),
  };
  const { clock } = w.host;
  const limits = { maxEntries: 1000, maxBytes: 1 << 20, staleMs: DAY_MS };
  const resolver = new Resolver(() => terms, limits, { clock, exchange: w.exchange });
  const send = (bytes: Uint8Array, client = '172.16.0.101', isTcp = false): Told[] => {
    const told: Told[] = [];
    const startMs = clock.now();
    const answer = (reply: Uint8Array): void =>
      void told.push({ packet: readPacket(Uint8Array.from(reply)), afterMs: clock.now() - startMs });
    resolver.handle(bytes, { client: client as Ipv4, isTcp, answer, drop: () => {} });
    return told;
  };
  /** By TCP, so that size is no matter; waits for what can happen at once. */
  const ask = async (name = NAME, type: Type = 'A', more: Omit<TestPacket, 'question'> = {}): Promise<Told[]> => {
    const told = send(question(name, type, { flags: FLAG.RD, opt: {}, ...more }), '172.16.0.101', true);
    await settle();
    return told;
  };
  const [up] = ups;
  assert.ok(up);
  return { w, up, ups, resolver, send, ask };
}

/** The question as it came, and records that a test makes. */
function saying(more: (name: Uint8Array, asked: Uint8Array) => Partial<TestPacket>): Behaviour {
  return (asked) => {
    const { question: q } = readPacket(asked);
    const name = Buffer.from(q?.name ?? '', 'latin1');
    const opt = pairAt(asked, 10) === 1 ? { opt: {} } : {};
    return packet({ id: pairAt(asked, 0), question: [name, q?.type ?? 1], ...opt, ...more(name, asked) });
  };
}
const own = (name: Uint8Array, ttl = 300): TestRecord => rr(name, 'A', ttl, a('93.184.216.34'));
const honest = saying((name) => ({ answers: [own(name)] }));
const silent: Behaviour = () => undefined;

const rcodes = (told: readonly Told[]): readonly number[] => told.map(({ packet: { rcode } }) => rcode);
const data = ([told]: readonly Told[]): readonly string[] => told?.packet.answer.map((record) => record.data) ?? [];

test('DNSpooq (CVE-2020-25684, -25686): 200 clients, one name, a slow upstream: one packet out, an answer for each', async () => {
  const { w, up, send } = await hall();
  up.delayMs = 150;
  const all = Array.from({ length: 200 }, (_, i) => send(question(NAME, 'A', { id: i }), `172.16.1.${i}`));
  await w.advance(400);
  assert.deepEqual([up.asked.length, up.askedByTcp.length], [1, 0]);
  assert.deepEqual(
    all.map((told) => told.map(({ packet: { id, rcode } }) => [id, rcode])),
    all.map((_, i) => [[i, 0]]),
  );
});

test('DNSpooq (CVE-2020-25685): nothing of 400 forged packets is told or kept, not even for later', async () => {
  const { up, ask } = await hall();
  up.behave = (bytes, by) => (by === 'tcp' ? honest(bytes, by) : undefined);
  const told = await ask();
  const real = up.asked[0]?.bytes ?? new Uint8Array();
  const lie = saying((name) => ({ answers: [rr(name, 'A', 300, a('6.6.6.6'))] }))(real, 'udp') ?? real;
  for (let n = 1; n <= 400; n++) {
    const forged = Uint8Array.from(lie);
    setPair(forged, 0, (pairAt(real, 0) + n) % 65_536);
    up.forge(forged);
  }
  await settle();
  assert.deepEqual([data(told), up.askedByTcp.length], [[TRUTH], 1]);
  up.forge(lie);
  assert.deepEqual(data(await ask()), [TRUTH]);
});

/** RFC 9267; CVE-2017-14491 to -14496, CVE-2020-25681 to -25687. Sent by the very upstream, with the right id and question. */
const broken: Readonly<Record<string, Behaviour>> = {
  'a pointer to itself': saying(() => ({ answers: [{ ...rr('', 'A', 300, a('6.6.6.6')), name: pointer(29) }] })),
  'a pointer forward': saying(() => ({ answers: [{ ...rr('', 'A', 300, a('6.6.6.6')), name: pointer(40) }] })),
  'a pointer into the header': saying(() => ({ answers: [{ ...rr('', 'A', 300, a('6.6.6.6')), name: pointer(2) }] })),
  'a label of 64': saying(() => ({
    answers: [rr(Uint8Array.of(64, ...Array<number>(64).fill(97), 0), 'A', 300, a('6.6.6.6'))],
  })),
  'data beyond the end': (asked, by) => honest(asked, by)?.subarray(0, -13),
  '65,535 answers in the header alone': saying((name) => ({ answers: [own(name)], counts: [1, 65_535] })),
  'an address of three octets': saying((name) => ({ answers: [rr(name, 'A', 300, Uint8Array.of(6, 6, 6))] })),
  'a chain of 2,000 aliases': saying((name) => ({
    answers: Array.from({ length: 2000 }, (_, i) =>
      rr(i === 0 ? name : `a${i}.example`, 'CNAME', 300, cname(`a${i + 1}.example`)),
    ),
  })),
  'aliases in a circle': saying((name) => ({
    answers: [rr(name, 'CNAME', 300, cname('b.example')), rr('b.example', 'CNAME', 300, cname(NAME))],
  })),
  'two OPTs': saying(() => ({ additional: [rr('', 41, 0, new Uint8Array(0))] })),
};
for (const [what, behave] of Object.entries(broken)) {
  test(`an upstream sends ${what}: SERVFAIL, nothing kept, and the next question is asked anew`, async () => {
    const { w, up, ask, resolver } = await hall();
    up.behave = behave;
    const told = await ask();
    await w.advance(7000);
    assert.deepEqual([rcodes(told), resolver.counts.cache.entries], [[SERVFAIL], 0]);
    up.behave = honest;
    assert.deepEqual(data(await ask()), [TRUTH]);
  });
}

test('who asks with DO, with CD or with neither gets an answer of its own; AD is for who knows it (RFC 6840 §5.7, §5.9)', async () => {
  const { up, ask } = await hall();
  const signed = saying((name, asked) => {
    const isDnssec = readPacket(asked).opt?.isDnssec === true;
    const answers = isDnssec ? [own(name), rr(name, 'RRSIG', 300, rrsig('A', 'example'))] : [own(name)];
    return { flags: ANSWER + FLAG.AD, answers, opt: { isDnssec } };
  });
  up.behave = signed;
  const wants: readonly (readonly [flags: number, isDnssec: boolean, records: number, ad: boolean])[] = [
    [FLAG.RD, false, 1, false],
    [FLAG.RD + FLAG.AD, false, 1, true],
    [FLAG.RD, true, 2, true],
    [FLAG.RD + FLAG.CD, true, 2, true],
    [FLAG.RD + FLAG.CD, false, 1, false],
  ];
  for (const round of ['asked', 'cached']) {
    for (const [flags, isDnssec, records, ad] of wants) {
      const [told] = await ask(NAME, 'A', { flags, opt: { isDnssec } });
      assert.ok(told);
      const { answer, cd, opt } = told.packet;
      assert.deepEqual(
        [answer.length, told.packet.ad, cd, opt?.isDnssec],
        [records, ad, (flags & FLAG.CD) !== 0, isDnssec],
        `${round} ${flags} ${isDnssec}`,
      );
    }
  }
  assert.equal(up.asked.length, 4);
  assert.deepEqual(
    up.asked.map(({ bytes }) => [readPacket(bytes).cd, readPacket(bytes).opt?.isDnssec]),
    [
      [false, false],
      [false, true],
      [true, true],
      [true, false],
    ],
  );
});

test('options are of one hop: a client’s subnet, cookie and padding do not leave, an upstream’s do not come back', async () => {
  const { up, ask } = await hall();
  const options: readonly Option[] = [
    [8, Uint8Array.of(0, 1, 24, 0, 172, 16, 0)],
    [10, new Uint8Array(8)],
    [12, new Uint8Array(20)],
    [3, new Uint8Array(0)],
  ];
  up.behave = saying((name) => ({ answers: [own(name)], opt: { bytes: 4096, options } }));
  for (let n = 0; n < 2; n++) {
    const [told] = await ask(NAME, 'A', { opt: { bytes: 4096, options } });
    assert.deepEqual(told?.packet.opt, { bytes: 1232, version: 0, isDnssec: false, options: [] });
  }
  assert.deepEqual(
    up.asked.map(({ bytes }) => readPacket(bytes).opt?.options),
    [[]],
  );
});

const victim = rr('victim.example', 'A', 300, a('6.6.6.6'));
/** RFC 2181 §5.4.1. */
const unasked: Readonly<Record<string, (name: Uint8Array) => Partial<TestPacket>>> = {
  answer: (name) => ({ answers: [own(name), victim] }),
  authority: (name) => ({
    answers: [own(name)],
    authority: [rr('example', 'NS', 300, target('victim.example')), victim],
  }),
  additional: (name) => ({ answers: [own(name)], additional: [victim] }),
  'target of an alias': (name) => ({ answers: [rr(name, 'CNAME', 300, cname('victim.example')), victim] }),
};
for (const [where, lie] of Object.entries(unasked)) {
  test(`bailiwick: what comes unasked (${where}) answers no other question`, async () => {
    const { up, ask } = await hall();
    up.behave = saying(lie);
    await ask();
    up.behave = honest;
    const before = up.asked.length;
    assert.deepEqual(data(await ask('victim.example')), [TRUTH]);
    assert.equal(up.asked.length, before + 1);
  });
}

test('rebinding: first a public address with TTL 1, then one of the hall: the second is never told', async () => {
  const { w, up, ask } = await hall();
  up.behave = saying((name) => ({ answers: [own(name, 1)] }));
  assert.deepEqual(data(await ask()), [TRUTH]);
  await w.advance(1500);
  up.behave = saying((name) => ({ answers: [rr(name, 'A', 1, a('172.16.0.1'))] }));
  assert.deepEqual(data(await ask()), []);
  assert.deepEqual(data(await ask()), []);
});

test('300 names that hang: what is known is told at once, each gets SERVFAIL within 12 s, and nothing is left behind', async () => {
  const { w, up, send, ask, resolver } = await hall();
  await ask();
  up.behave = (bytes, by) =>
    readPacket(bytes).question?.name.toLowerCase().startsWith('\x04hang') ? undefined : honest(bytes, by);
  const hanging = Array.from({ length: 300 }, (_, i) => send(question(`hang.${i}.example`, 'A'), `172.16.2.${i % 20}`));
  await w.advance(1000);
  assert.deepEqual(data(await ask()), [TRUTH]);
  assert.deepEqual(rcodes(await ask('flink.hall.test')), [RCODE.NOERROR]);
  const fresh = await ask('other.example');
  assert.deepEqual([data(fresh), fresh[0]?.afterMs], [[TRUTH], 0]);
  await w.advance(11_000);
  assert.deepEqual(new Set(hanging.map((told) => rcodes(told).join())), new Set([`${SERVFAIL}`]));
  assert.equal(resolver.counts.outstanding, 0);
  await w.advance(120_000);
  assert.deepEqual([w.host.udp.openSockets, w.host.clock.pendingTimers], [1, 0]);
});

const faults: Readonly<Record<string, Behaviour>> = {
  'is silent': silent,
  refuses: (bytes) => answerTo(bytes, RCODE.REFUSED),
  'sends garbage': (bytes) => Uint8Array.from([...bytes.subarray(0, 2), ...Array<number>(60).fill(0xff)]),
};
for (const [what, behave] of Object.entries(faults)) {
  test(`the first of two upstreams ${what}: a second later at most, once; then as if nothing were; and back within 10 s`, async () => {
    const { w, ups, ask } = await hall('9.9.9.9', '8.8.8.8');
    const [first, second] = ups;
    assert.ok(first && second);
    second.delayMs = 20;
    for (let n = 0; n < 20; n++) {
      await ask(`warm${n}.example`);
      await w.advance(100);
    }
    first.behave = behave;
    const late: number[] = [];
    for (let n = 0; n < 40; n++) {
      const told = await ask(`f${n}.example`);
      await w.advance(200);
      assert.deepEqual(data(told), [TRUTH]);
      late.push(told[0]?.afterMs ?? Number.POSITIVE_INFINITY);
    }
    assert.ok(Math.max(...late) <= 1000, `${late}`);
    assert.ok(Math.max(...late.slice(10)) <= 50, `${late}`);
    first.behave = honest;
    const before = first.asked.length;
    for (let n = 0; n < 50; n++) {
      await ask(`back${n}.example`);
      await w.advance(200);
    }
    assert.ok(first.asked.length - before > 10, `${first.asked.length - before}`);
  });
}

test('all upstreams dead: what was known is told for a day, and no longer (RFC 8767 §5)', async () => {
  const { w, up, ask } = await hall();
  await ask();
  up.behave = silent;
  up.tcp = 'refused';
  for (const { ms, want } of [
    { ms: 301_000, want: [TRUTH] },
    { ms: DAY_MS - 60_000, want: [TRUTH] },
    { ms: 120_000, want: [] },
  ]) {
    w.host.clock.advance(ms);
    const told = await ask();
    await w.advance(8000);
    assert.deepEqual([told.length, data(told)], [1, want]);
    assert.ok((told[0]?.afterMs ?? 0) <= (want.length > 0 ? 1800 : 6100), `${told[0]?.afterMs}`);
  }
});

test('IPv6 in a black hole: nobody waits for 300 ms', async () => {
  const { w, ups, ask } = await hall('2620:fe::fe', '9.9.9.9');
  const [hole] = ups;
  assert.ok(hole);
  hole.behave = silent;
  hole.tcp = 'silent';
  for (let n = 0; n < 30; n++) {
    const told = await ask(`v${n}.example`);
    await w.advance(1000);
    assert.ok(told[0] !== undefined && told[0].afterMs < 300, `${told[0]?.afterMs}`);
  }
});

const ttls: readonly {
  readonly name: string;
  readonly more: (name: Uint8Array) => Partial<TestPacket>;
  readonly want: number;
}[] = [
  { name: 'a month: a week', more: (name) => ({ answers: [own(name, 30 * 86_400)] }), want: 7 * 86_400 },
  { name: 'above 2^31: none (RFC 2181 §8)', more: (name) => ({ answers: [own(name, 0x8000_0000)] }), want: 0 },
  { name: 'none', more: (name) => ({ answers: [own(name, 0)] }), want: 0 },
  {
    name: 'no such name for a day: three hours (RFC 2308 §5)',
    more: () => ({
      flags: ANSWER + RCODE.NXDOMAIN,
      authority: [rr('example', 'SOA', 86_400, soa({ minimum: 86_400 }))],
    }),
    want: 3 * 3600,
  },
  {
    name: 'no such name, and nobody says for how long: not at all',
    more: () => ({ flags: ANSWER + RCODE.NXDOMAIN }),
    want: 0,
  },
];
for (const { name, more, want } of ttls) {
  test(`TTL: ${name}; told so, counted down, and kept to the second`, async () => {
    const { w, up, ask } = await hall();
    up.behave = saying(more);
    const ttlOf = ([told]: readonly Told[]) =>
      [...(told?.packet.answer ?? []), ...(told?.packet.authority ?? [])][0]?.ttlSec ?? 0;
    assert.equal(ttlOf(await ask()), want);
    if (want > 0) {
      w.host.clock.advance((want - 1) * 1000);
      assert.deepEqual([ttlOf(await ask()), up.asked.length], [1, 1]);
      w.host.clock.advance(1000);
    }
    await ask();
    assert.ok(up.asked.length >= 2);
  });
}
