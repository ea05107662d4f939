import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keep } from '../../src/dns/keep.ts';
import { readMessage } from '../../src/dns/message.ts';
import { EDE, fit, plainAnswer, type Rcode, type Reply } from '../../src/dns/reply.ts';
import { golden, hexOf, queryIn } from './golden.ts';
import {
  ANSWER,
  a,
  FLAG,
  join,
  type Opt,
  packet,
  pointer,
  question,
  rr,
  soa,
  type TestPacket,
  type TestRecord,
  txt,
  u16,
} from './packets.ts';
import { dataOf, recordTypes } from './recordtypes.ts';

const NAME = 'www.example.org';
const NO_AGE = { ageSec: 0 };
const replyOf = (more: TestPacket, rcode = 0): Reply => {
  const message = readMessage(packet({ question: [NAME, 'A'], ...more }));
  return keep(message ?? assert.fail('not read'), { cutAt: undefined, rcode, maxTtlSec: 604_800 });
};
const ask = (more: Omit<TestPacket, 'question'> = {}, name = NAME) =>
  queryIn(question(name, 'A', { id: 0xbeef, ...more }));
const withEdns = (opt: Opt = {}) => ask({ opt });
const read = (bytes: Uint8Array) => readMessage(bytes) ?? assert.fail('not read');
const ttls = (bytes: Uint8Array) => read(bytes).records.map((r) => Buffer.from(bytes).readUInt32BE(r.ttlAt));
const addresses = (...ttlsSec: number[]) => ttlsSec.map((ttl) => rr(NAME, 'A', ttl, a('192.0.2.1')));
const one = replyOf({ answers: addresses(300) });

const Q = '03777777076578616d706c65036f72670000010001';
const A = 'c00c000100010000012c0004c0000201';
const whole = [
  {
    rule: 'for who asks plainly',
    query: ask(),
    want: `beef81800001000100000000${Q}${A}`,
  },
  {
    rule: 'with our OPT for who has EDNS',
    query: withEdns({ bytes: 4096, options: [[10, new Uint8Array(8)]] }),
    want: `beef81800001000100000001${Q}${A}00002904d0000000000000`,
  },
  {
    rule: 'with DO where it came (RFC 3225 §3)',
    query: withEdns({ isDnssec: true }),
    want: `beef81800001000100000001${Q}${A}00002904d0000080000000`,
  },
  {
    rule: 'in the letters of the question, which names in records point to',
    query: ask({}, 'wWW.exAmple.ORG'),
    want: `beef8180000100010000000003775757076578416d706c65034f52470000010001${A}`,
  },
];
for (const { rule, query, want } of whole)
  test(`fit: the whole packet ${rule}`, () => assert.equal(hexOf(fit(one, query, NO_AGE, false)), want));

const flags = [
  { rule: 'RD as it came', came: ANSWER, asked: 0, want: 0x8080 },
  { rule: 'CD as it came (RFC 4035 §3.2.2)', came: ANSWER, asked: FLAG.RD + FLAG.CD, want: 0x8190 },
  {
    rule: 'no AD for who does not understand it (RFC 6840 §5.8)',
    came: ANSWER + FLAG.AD,
    asked: FLAG.RD,
    want: 0x8180,
  },
  { rule: 'AD for who sent AD (RFC 6840 §5.7)', came: ANSWER + FLAG.AD, asked: FLAG.RD + FLAG.AD, want: 0x81a0 },
  { rule: 'no AD that did not come', came: ANSWER, asked: FLAG.RD + FLAG.AD, want: 0x8180 },
];
for (const { rule, came, asked, want } of flags)
  test(`fit: ${rule}`, () => {
    const bytes = fit(replyOf({ flags: came }), ask({ flags: asked }), NO_AGE, false);
    assert.equal(hexOf(bytes.subarray(2, 4)), want.toString(16));
  });

test('fit: AD for who sent DO (RFC 6840 §5.7)', () => {
  const bytes = fit(replyOf({ flags: ANSWER + FLAG.AD }), withEdns({ isDnssec: true }), NO_AGE, false);
  assert.equal(read(bytes).bytes[3], 0xa0);
});

const NXDOMAIN = 3;
test('fit: NXDOMAIN with its SOA', () => {
  const reply = replyOf({ authority: [rr('example.org', 'SOA', 900, soa())] }, NXDOMAIN);
  const message = read(fit(reply, ask(), { ageSec: 100 }, false));
  assert.equal(message.rcode, NXDOMAIN);
  assert.deepEqual(ttls(message.bytes), [800]);
});

const told = [
  { rule: 'as kept at once', told: { ageSec: 0 }, want: [0, 60, 300, 604_800] },
  { rule: 'less the age, never below 0', told: { ageSec: 61 }, want: [0, 0, 239, 604_739] },
  { rule: 'of 0 beyond their end', told: { ageSec: 9e6 }, want: [0, 0, 0, 0] },
  { rule: 'all the same where the answer is stale (RFC 8767 §4)', told: { ttlSec: 30 }, want: [30, 30, 30, 30] },
];
for (const { rule, told: ages, want } of told)
  test(`fit: TTLs ${rule}`, () => {
    const reply = replyOf({ answers: addresses(0, 60, 300, 0x7fff_ffff) });
    const before = hexOf(reply.bytes);
    for (const query of [ask(), withEdns()]) assert.deepEqual(ttls(fit(reply, query, ages, false)), want);
    assert.equal(hexOf(reply.bytes), before, 'what is kept is not changed');
  });

test('fit: the data of 40 types come through octet by octet, in all three sections', () => {
  for (const [name, type, data] of recordTypes) {
    const record: TestRecord = rr('Www.example.org', type, 60, data);
    const came = packet({
      question: [NAME, type],
      answers: [record],
      authority: [record],
      additional: [record],
      opt: {},
    });
    const reply = keep(read(came), { cutAt: undefined, rcode: 0, maxTtlSec: 604_800 });
    const query = queryIn(question('WWW.EXAMPLE.org', type, { opt: { isDnssec: true } }));
    const out = fit(reply, query, { ageSec: 7 }, true);
    const data40 = (bytes: Uint8Array) => read(bytes).records.map((r) => `${r.section} ${r.type} ${dataOf(bytes, r)}`);
    assert.deepEqual(data40(out), data40(came), name);
    assert.deepEqual(ttls(out), [53, 53, 53], name);
  }
});

/** A reply that is as long as `octets` with OPT: the question has 33, a TXT record 12 and its texts, OPT 11. */
const sized = (octets: number) => {
  const room = octets - 33 - 12 - 11;
  const texts = Array.from({ length: Math.ceil(room / 256) }, (_, i) => 'x'.repeat(Math.min(255, room - i * 256 - 1)));
  const reply = replyOf({ answers: [rr(NAME, 'TXT', 60, txt(...texts))] });
  assert.equal(reply.bytes.length, octets);
  return reply;
};
const sizes = [
  { rule: '512 octets without EDNS (RFC 1035 §4.2.1)', octets: 512 + 11, query: ask(), isTcp: false, isWhole: true },
  { rule: '513 octets without EDNS', octets: 513 + 11, query: ask(), isTcp: false, isWhole: false },
  {
    rule: '512 octets with EDNS that says less',
    octets: 512,
    query: withEdns({ bytes: 100 }),
    isTcp: false,
    isWhole: true,
  },
  {
    rule: '1000 octets with EDNS of 1000',
    octets: 1000,
    query: withEdns({ bytes: 1000 }),
    isTcp: false,
    isWhole: true,
  },
  {
    rule: '1001 octets with EDNS of 1000',
    octets: 1001,
    query: withEdns({ bytes: 1000 }),
    isTcp: false,
    isWhole: false,
  },
  {
    rule: '1232 octets with EDNS of 4096',
    octets: 1232,
    query: withEdns({ bytes: 4096 }),
    isTcp: false,
    isWhole: true,
  },
  {
    rule: '1233 octets with EDNS of 4096',
    octets: 1233,
    query: withEdns({ bytes: 4096 }),
    isTcp: false,
    isWhole: false,
  },
  { rule: '1280 octets by TCP', octets: 1280, query: withEdns(), isTcp: true, isWhole: true },
  { rule: '1281 octets by TCP, without EDNS', octets: 1281, query: ask(), isTcp: true, isWhole: true },
  { rule: '65,535 octets by TCP', octets: 65_535, query: withEdns(), isTcp: true, isWhole: true },
  { rule: '65,536 octets by TCP', octets: 65_536, query: withEdns(), isTcp: true, isWhole: false },
];
for (const { rule, octets, query, isTcp, isWhole } of sizes)
  test(`fit: ${rule}: ${isWhole ? 'whole' : 'TC and no records (RFC 2181 §9)'}`, () => {
    const message = read(fit(sized(octets), query, NO_AGE, isTcp));
    const length = isWhole ? octets - (query.hasEdns ? 0 : 11) : 33 + (query.hasEdns ? 11 : 0);
    assert.equal(message.bytes.length, length);
    assert.equal(message.isTruncated, !isWhole);
    assert.equal(message.records.length, isWhole ? 1 : 0);
    assert.equal(message.hasEdns, query.hasEdns);
    assert.equal(message.id, query.id);
  });

test('fit: an empty answer with TC has the question’s letters, the code, RD, CD and DO, and no AD', () => {
  const long = [rr(NAME, 'TXT', 60, txt('x'.repeat(255), 'x'.repeat(255), 'x'.repeat(255)))];
  const reply = replyOf({ flags: ANSWER + FLAG.AD, answers: long }, NXDOMAIN);
  const query = ask({ flags: FLAG.RD + FLAG.CD, opt: { bytes: 512, isDnssec: true } }, 'WWW.example.org');
  const letters = Q.replace('03777777', '03575757');
  const want = `beef83930001000000000001${letters}00002904d0000080000000`;
  assert.equal(hexOf(fit(reply, query, NO_AGE, false)), want);
});

const explained = [
  { rule: 'with EDNS: option 15 (RFC 8914 §2)', query: withEdns(), want: '00002904d0000000000006000f00020003' },
  { rule: 'with DO', query: withEdns({ isDnssec: true }), want: '00002904d0000080000006000f00020003' },
  { rule: 'without EDNS: nothing', query: ask(), want: '' },
];
for (const { rule, query, want } of explained)
  test(`fit: the reason of a stale answer ${rule}`, () => {
    const bytes = fit(one, query, { ttlSec: 30 }, false, EDE.stale);
    assert.equal(hexOf(bytes.subarray(one.optAt)), want);
    assert.equal(read(bytes).records.length, 1);
  });

test('fit: the reason comes behind the options that a reply has', () => {
  const padded = join([one.bytes.subarray(0, one.bytes.length - 2), u16(6), u16(3), u16(2), u16(0xabcd)]);
  const bytes = fit({ ...one, bytes: padded }, withEdns(), NO_AGE, false, EDE.blocked);
  assert.equal(hexOf(bytes.subarray(one.optAt)), '00002904d000000000000c00030002abcd000f0002000f');
});

test('fit: an answer is not cut for its reason (RFC 8914 §3)', () => {
  for (const octets of [1226, 1227, 1232]) {
    const bytes = fit(sized(octets), withEdns(), NO_AGE, false, EDE.stale);
    assert.equal(bytes.length, octets === 1226 ? 1232 : octets);
    assert.equal(read(bytes).isTruncated, false);
  }
});

test('fit: 511 more answers leave one as it is, and big ones are their own', () => {
  const first = fit(one, ask({ id: 1 }), NO_AGE, false);
  const big = fit(sized(2000), ask({ id: 2 }), NO_AGE, true);
  const before = [first, big].map(hexOf);
  for (let i = 0; i < 511; i++) fit(one, ask({ id: 7777 }, 'WWW.EXAMPLE.ORG'), { ttlSec: 1 }, false);
  assert.deepEqual([first, big].map(hexOf), before);
});

const rcodes: readonly (readonly [Rcode, number])[] = [
  ['NOERROR', 0],
  ['FORMERR', 1],
  ['SERVFAIL', 2],
  ['NXDOMAIN', 3],
  ['NOTIMP', 4],
  ['REFUSED', 5],
];
for (const [rcode, code] of rcodes)
  test(`plainAnswer: ${rcode}, with and without EDNS and its reason`, () => {
    const letters = Q.replace('6578616d706c65', '4578416d506c45');
    const plain = ask({}, 'www.ExAmPlE.org');
    assert.equal(hexOf(plainAnswer(plain, rcode, EDE.noReachable)), `beef818${code}0001000000000000${letters}`);
    const edns = ask({ flags: FLAG.RD + FLAG.CD, opt: { isDnssec: true } });
    assert.equal(hexOf(plainAnswer(edns, rcode)), `beef819${code}0001000000000001${Q}00002904d0000080000000`);
    const reason = '00002904d0000080000006000f00020016';
    assert.equal(hexOf(plainAnswer(edns, rcode, EDE.noReachable)), `beef819${code}0001000000000001${Q}${reason}`);
  });

test('fit: answers of Knot and unbound to questions of real programs can be read again, with the same data', () => {
  const replies = ['reply-knot-mx', 'reply-knot-srv', 'reply-knot-nxdomain', 'reply-unbound'];
  for (const name of replies) {
    const came = golden(name);
    const { questionEnd, records, rcode } = read(came);
    const kept = keep(read(came), { cutAt: undefined, rcode, maxTtlSec: 604_800 });
    const asked = join([u16(0x7777), u16(FLAG.RD), u16(1), u16(0), u16(0), u16(0), came.subarray(12, questionEnd)]);
    const out = fit(kept, queryIn(asked), { ageSec: 1 }, false);
    assert.equal(out.length, came.length - 11, name);
    assert.deepEqual(
      read(out).records.map((r) => dataOf(out, r)),
      records.map((r) => dataOf(came, r)),
      name,
    );
    assert.equal(read(out).rcode, rcode);
  }
});

test('fit: whatever is asked, the answer has its id, its question in its letters, OPT if it had one, and fits', () => {
  const letters = fc.array(fc.boolean(), { minLength: NAME.length, maxLength: NAME.length });
  const record = fc
    .tuple(fc.nat(0x7fff_ffff), fc.nat(300))
    .map(([ttl, size]) => rr(pointer(12), 65_400, ttl, new Uint8Array(size)));
  const asked = fc.record({
    id: fc.nat(65_535),
    letters,
    bits: fc.subarray([FLAG.RD, FLAG.AD, FLAG.CD]),
    opt: fc.option(fc.record({ bytes: fc.nat(5000), isDnssec: fc.boolean() }), { nil: undefined }),
  });
  fc.assert(
    fc.property(
      fc.array(record, { maxLength: 9 }),
      asked,
      fc.nat(1e6),
      fc.boolean(),
      fc.option(fc.nat(49)),
      (answers, by, ageSec, isTcp, ede) => {
        const name = [...NAME].map((letter, i) => (by.letters[i] ? letter.toUpperCase() : letter)).join('');
        const flags = by.bits.reduce((sum: number, bit) => sum + bit, 0);
        const query = queryIn(question(name, 'A', { id: by.id, flags, ...(by.opt ? { opt: by.opt } : {}) }));
        const message = read(
          fit(replyOf({ flags: ANSWER + FLAG.AD, answers }), query, { ageSec }, isTcp, ede ?? undefined),
        );
        assert.equal(message.id, by.id);
        assert.equal(hexOf(message.bytes.subarray(12, 33)), hexOf(query.bytes.subarray(12, 33)));
        assert.equal(message.hasEdns, query.hasEdns);
        assert.ok(isTcp || message.bytes.length <= query.maxBytes);
        assert.equal(message.records.length, message.isTruncated ? 0 : answers.length);
        assert.deepEqual(
          ttls(message.bytes),
          message.isTruncated ? [] : answers.map((r) => Math.max(0, Math.min(r.ttl ?? 0, 604_800) - ageSec)),
        );
      },
    ),
    { seed: 53, numRuns: 2000 },
  );
});
