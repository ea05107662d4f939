import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keep } from '../../src/dns/keep.ts';
import { type Message, nameAt, readMessage } from '../../src/dns/message.ts';
import { textOf } from '../../src/dns/names.ts';
import { golden, hexOf } from './golden.ts';
import {
  ANSWER,
  a,
  aaaa,
  cname,
  FLAG,
  join,
  mx,
  optRecord,
  packet,
  pointer,
  rr,
  soa,
  type TestPacket,
  type TestRecord,
  target,
  u16,
  u32,
  wire,
} from './packets.ts';
import { dataOf, recordTypes } from './recordtypes.ts';

const asked = ['www.example.org', 'A'] as const;
const reply = (more: TestPacket = {}) => packet({ question: asked, ...more });
const read = (bytes: Uint8Array): Message => readMessage(bytes) ?? assert.fail('not read');
const address = rr('www.example.org', 'A', 300, a('192.0.2.1'));
const glue = (name: string, ttl = 300) => rr(name, 'A', ttl, a('192.0.2.9'));
const octets = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const header = (flags: number, ...counts: number[]) => join([u16(0x1234), u16(flags), ...counts.map(u16)]);
const run = (octet: number) => join([Uint8Array.of(octet), new Uint8Array(octet).fill(97)]);
const FOREVER = 0x7fff_ffff;
const plainly = { cutAt: undefined, rcode: 0, maxTtlSec: FOREVER };

/** Sections with name, type, TTL and data, names made plain: what a client makes of a packet. */
const meaning = (bytes: Uint8Array) => {
  const { records } = read(bytes);
  return records.map((r) => {
    const name = nameAt(bytes, r.at);
    return `${r.section} ${name === undefined ? '?' : textOf(name)} ${r.type} ${dataOf(bytes, r)}`;
  });
};

test('readMessage: every field of Knot’s answer', () => {
  const bytes = golden('reply-knot-srv');
  const { records, bytes: same, ...rest } = read(bytes);
  assert.equal(same, bytes);
  assert.deepEqual(rest, {
    id: 0x4242,
    isResponse: true,
    opcode: 0,
    isTruncated: false,
    rcode: 0,
    questions: 1,
    questionEnd: 35,
    hasEdns: true,
  });
  assert.deepEqual(records[0], { section: 'answer', at: 35, type: 33, class: 1, ttlAt: 41, dataAt: 47, end: 71 });
  assert.deepEqual(meaning(bytes).slice(1), [
    'additional sip.deep.example 1 c000023c',
    'additional sip.deep.example 1 c000023d',
  ]);
});

test('readMessage: RCODE with the upper bits of EDNS (RFC 6891 §6.1.3)', () => {
  assert.equal(read(reply({ flags: ANSWER + 7, opt: { rcodeHigh: 1 } })).rcode, 23);
  assert.equal(read(reply({ flags: ANSWER + 3 })).rcode, 3);
});

test('readMessage: records stand in the sections that the counts say; OPT is none of them', () => {
  const bytes = reply({
    answers: [address],
    authority: [glue('ns'), glue('ns2')],
    additional: [optRecord({}), glue('x')],
  });
  const message = read(bytes);
  assert.deepEqual(
    message.records.map((r) => r.section),
    ['answer', 'authority', 'authority', 'additional'],
  );
  assert.equal(message.hasEdns, true);
});

const RECORD = octets('c00c 0001 0001 0000012c 0004 c0000201');
const QUESTION = join([wire('www.example.org'), u16(1), u16(1)]);
const broken = [
  { rule: 'less than a header', bytes: reply().subarray(0, 11) },
  { rule: 'two questions (RFC 9619)', bytes: reply({ counts: [2] }) },
  { rule: 'a question cut off', bytes: reply().subarray(0, 30) },
  { rule: '65,535 answers in a few octets', bytes: reply({ answers: [address], counts: [1, 65_535] }) },
  { rule: '65,535 records in each section', bytes: reply({ answers: [address], counts: [1, 65_535, 65_535, 65_535] }) },
  { rule: 'one record more than there is', bytes: reply({ answers: [address], counts: [1, 2] }) },
  { rule: 'data longer than the packet', bytes: reply({ answers: [{ ...address, length: 5 }] }) },
  { rule: 'data of 65,535 octets', bytes: reply({ answers: [{ ...address, length: 65_535 }] }) },
  { rule: 'a record cut off in its fixed part', bytes: reply({ answers: [address] }).subarray(0, 33 + 11) },
  {
    rule: 'an owner that points forward',
    bytes: join([header(ANSWER, 1, 1, 0, 0), QUESTION, pointer(40), RECORD.subarray(2)]),
  },
  {
    rule: 'an owner that points to itself',
    bytes: join([header(ANSWER, 1, 1, 0, 0), QUESTION, pointer(33), RECORD.subarray(2)]),
  },
  {
    rule: 'an owner that points into the header',
    bytes: join([header(ANSWER, 1, 1, 0, 0), QUESTION, pointer(4), RECORD.subarray(2)]),
  },
  {
    rule: 'an owner with a label of 64 octets',
    bytes: reply({ answers: [{ ...address, name: join([Uint8Array.of(64), new Uint8Array(64), Uint8Array.of(0)]) }] }),
  },
  {
    rule: 'an owner of 256 octets',
    bytes: reply({ answers: [{ ...address, name: join([run(63), run(63), run(63), run(62), Uint8Array.of(0)]) }] }),
  },
  { rule: 'two OPTs (RFC 6891 §6.1.1)', bytes: reply({ additional: [optRecord({})], opt: {} }) },
  { rule: 'an OPT that is not the root’s', bytes: reply({ additional: [{ ...optRecord({}), name: 'a' }] }) },
  { rule: 'an OPT in the answer section', bytes: reply({ answers: [optRecord({})] }) },
  { rule: 'an OPT in the authority section', bytes: reply({ authority: [optRecord({})] }) },
  { rule: '4,097 records', bytes: join([header(ANSWER, 1, 4097, 0, 0), QUESTION, ...Array(4097).fill(RECORD)]) },
  // Found by a fuzzer in a codec of others: 196,605 records that are not there, and 130 ms.
  {
    rule: 'the SSHFP packet of 41 octets that says 65,535 in each section',
    bytes: octets('0000 8180 0001 ffff ffff ffff 01 61 00 002c 0001 c00c 002c 0001 00000000 000a 01010000000000000000'),
  },
];
for (const { rule, bytes } of broken)
  test(`readMessage: nothing of ${rule}`, () => assert.equal(readMessage(bytes), undefined));

test('the SSHFP packet has 41 octets', () => assert.equal(broken.at(-1)?.bytes.length, 41));

const taken = [
  { rule: 'no question, as some answer FORMERR', bytes: header(ANSWER + 1, 0, 0, 0, 0), records: 0 },
  {
    rule: '4,096 records',
    bytes: join([header(ANSWER, 1, 4096, 0, 0), QUESTION, ...Array(4096).fill(RECORD)]),
    records: 4096,
  },
  {
    rule: '255 records of the root with one octet of data',
    bytes: join([header(ANSWER, 1, 255, 0, 0), QUESTION, ...Array(255).fill(octets('00 0010 0001 00000000 0001 00'))]),
    records: 255,
  },
  {
    rule: 'what says that it was cut, as long as what is left is whole',
    bytes: reply({ flags: ANSWER + FLAG.TC, answers: [address] }),
    records: 1,
  },
  {
    rule: 'octets behind the last record, which nobody means',
    bytes: join([reply({ answers: [address] }), new Uint8Array(9)]),
    records: 1,
  },
];
for (const { rule, bytes, records } of taken)
  test(`readMessage takes ${rule}`, () => assert.equal(read(bytes).records.length, records));

const names = [
  {
    rule: 'a name in full, its letters small',
    bytes: wire('WWW.Example.ORG'),
    at: 0,
    want: '\x03www\x07example\x03org\0',
  },
  { rule: 'a pointer', bytes: reply({ answers: [address] }), at: 33, want: '\x03www\x07example\x03org\0' },
  {
    rule: 'labels and a pointer',
    bytes: reply({ answers: [rr('a.b.example.org', 'A', 1, a('0.0.0.0'))] }),
    at: 33,
    want: '\x01a\x01b\x07example\x03org\0',
  },
  { rule: 'the root', bytes: new Uint8Array(13), at: 12, want: '\0' },
  { rule: 'nothing at the packet’s end', bytes: wire('a'), at: 3, want: undefined },
  { rule: 'nothing of a label that passes the end', bytes: octets('03 61 62'), at: 0, want: undefined },
  { rule: 'nothing of a name without end', bytes: octets('01 61'), at: 0, want: undefined },
  { rule: 'nothing of half a pointer', bytes: join([new Uint8Array(12), octets('00 c0')]), at: 13, want: undefined },
  {
    rule: 'nothing of a pointer to itself',
    bytes: join([new Uint8Array(12), octets('c00c')]),
    at: 12,
    want: undefined,
  },
  {
    rule: 'nothing of a pointer forward',
    bytes: join([new Uint8Array(12), octets('c00e 00')]),
    at: 12,
    want: undefined,
  },
  {
    rule: 'nothing of a pointer into the header',
    bytes: join([new Uint8Array(12), octets('c000')]),
    at: 12,
    want: undefined,
  },
  {
    rule: 'nothing of two pointers to each other',
    bytes: join([new Uint8Array(12), octets('c00e c00c')]),
    at: 14,
    want: undefined,
  },
  {
    rule: 'nothing of a label that ends in a pointer to itself',
    bytes: join([new Uint8Array(12), octets('01 61 c00c')]),
    at: 12,
    want: undefined,
  },
  {
    rule: 'nothing of a piece that runs into the one that led to it',
    bytes: join([new Uint8Array(12), octets('03 61 62 c0 0c'), new Uint8Array(12).fill(97), Uint8Array.of(0)]),
    at: 15,
    want: undefined,
  },
  {
    rule: 'nothing of a pointer whose second octet is the length of the label that led to it',
    bytes: join([new Uint8Array(20), Uint8Array.of(0xc0), run(14), pointer(20)]),
    at: 21,
    want: undefined,
  },
  { rule: 'nothing of a label type that is neither (RFC 6891 §5)', bytes: octets('41 61 00'), at: 0, want: undefined },
];
for (const { rule, bytes, at, want } of names) test(`nameAt: ${rule}`, () => assert.equal(nameAt(bytes, at), want));

/** At 12 the root, and then so many pointers, each to the one before. */
const chain = (hops: number) =>
  join([new Uint8Array(13), ...Array.from({ length: hops }, (_, i) => pointer(i === 0 ? 12 : 11 + 2 * i))]);

test('nameAt: 32 pointers in a row, and not one more', () => {
  assert.equal(nameAt(chain(32), 11 + 2 * 32), '\0');
  assert.equal(nameAt(chain(33), 11 + 2 * 33), undefined);
});

test('nameAt: 255 octets through pointers, and not one more (RFC 1035 §2.3.4)', () => {
  const built = (first: number) =>
    join([new Uint8Array(12), run(63), run(63), run(63), Uint8Array.of(0), run(first), pointer(12)]);
  assert.equal(nameAt(built(61), 12 + 193)?.length, 255);
  assert.equal(nameAt(built(62), 12 + 193), undefined);
});

test('a packet of 64 KiB with a chain of 8,000 pointers and 200 names at its end: read, and no name of it believed', () => {
  const hops = Array.from({ length: 8000 }, (_, i) => pointer(i === 0 ? 12 : 33 + 10 + 2 * (i - 1)));
  const lake = join([Uint8Array.of(0), u16(10), u16(1), u32(0), u16(2 * 8000 - 1), ...hops]).subarray(
    0,
    33 - 22 + 2 * 8000 - 1,
  );
  const owners = Array.from({ length: 200 }, () =>
    join([pointer(33 + 10 + 2 * 7000), octets('0010 0001 00000000 00e9'), new Uint8Array(233)]),
  );
  const bytes = join([header(ANSWER, 1, 201, 0, 0), QUESTION, lake, ...owners]);
  assert.ok(bytes.length > 65_000 && bytes.length < 65_536, String(bytes.length));
  const { records } = read(bytes);
  assert.equal(records.length, 201);
  for (const record of records.slice(1)) assert.equal(nameAt(bytes, record.at), undefined);
});

test('nameAt: names that were compressed come back as they were put in', () => {
  const label = fc.string({ unit: fc.constantFrom(...'abcxyz019-_'), minLength: 1, maxLength: 9 });
  const name = fc.array(label, { minLength: 1, maxLength: 8 }).map((labels) => labels.join('.'));
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 30 }), (all) => {
      const bytes = reply({ answers: all.map((owner) => rr(owner, 'CNAME', 1, target(`t.${owner}`))) });
      const { records } = read(bytes);
      const found = records.flatMap((r) => [nameAt(bytes, r.at), nameAt(bytes, r.dataAt)]);
      assert.deepEqual(
        found.map((n) => textOf(n ?? '')),
        all.flatMap((owner) => [owner, `t.${owner}`]),
      );
    }),
    { seed: 53, numRuns: 300 },
  );
});

test('keep: the octets of 40 types stay as they are, in every section, with OPT last and OPT first', () => {
  assert.ok(recordTypes.length >= 40);
  for (const [name, type, data] of recordTypes) {
    const record = rr('Www.Example.org', type, 60, data);
    const sections: TestPacket[] = [{ answers: [record] }, { authority: [record] }, { additional: [record] }];
    for (const more of sections) {
      const bytes = reply({ ...more, opt: {} });
      const kept = keep(read(bytes), plainly);
      assert.deepEqual(meaning(kept.bytes), meaning(bytes), name);
      assert.equal(hexOf(kept.bytes.subarray(12)), hexOf(bytes.subarray(12)), name);
    }
  }
});

const OURS = '00002904d0000000000000';
test('keep: our OPT of 1232 octets and version 0 is the last record, and counted', () => {
  const bytes = reply({ answers: [address], opt: { bytes: 4096, isDnssec: true, options: [[10, u32(7)]] } });
  const kept = keep(read(bytes), plainly);
  assert.equal(hexOf(kept.bytes.subarray(kept.optAt)), OURS);
  assert.equal(kept.optAt, 33 + 16);
  assert.equal(hexOf(kept.bytes.subarray(4, 12)), '0001000100000001');
  const without = keep(read(reply({ answers: [address] })), plainly);
  assert.equal(hexOf(without.bytes), hexOf(kept.bytes));
});

const flags = [
  { rule: 'AA goes, RA is ours', came: FLAG.QR + FLAG.AA, rcode: 0, want: 0x8080 },
  { rule: 'RD and CD are the client’s, and not kept', came: ANSWER + FLAG.CD, rcode: 0, want: 0x8080 },
  { rule: 'AD stays', came: ANSWER + FLAG.AD, rcode: 0, want: 0x80a0 },
  { rule: 'Z goes', came: ANSWER + 0x40, rcode: 0, want: 0x8080 },
  { rule: 'the code is the one told', came: ANSWER + 3, rcode: 5, want: 0x8085 },
  { rule: 'a code beyond 15 is about one hop: SERVFAIL for the client', came: ANSWER, rcode: 23, want: 0x8082 },
];
for (const { rule, came, rcode, want } of flags)
  test(`keep: ${rule}`, () => {
    const { bytes } = keep(read(reply({ flags: came })), { ...plainly, rcode });
    assert.equal(hexOf(bytes.subarray(2, 4)), want.toString(16));
  });

test('keep: TTLs are collected, capped, and 0 where the uppermost bit is set (RFC 2181 §8)', () => {
  const ttls = [0, 1, 604_800, 604_801, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
  const bytes = reply({
    answers: ttls.map((ttl) => rr('www.example.org', 'A', ttl, a('192.0.2.1'))),
    opt: { version: 0 },
  });
  const kept = keep(read(bytes), { ...plainly, maxTtlSec: 604_800 });
  const want = [0, 1, 604_800, 604_800, 604_800, 0, 0];
  assert.deepEqual(kept.ttlsSec, want);
  const view = Buffer.from(kept.bytes);
  assert.deepEqual(
    kept.ttlsAt.map((at) => view.readUInt32BE(at)),
    want,
  );
  assert.deepEqual(
    kept.ttlsAt,
    read(kept.bytes).records.map((r) => r.ttlAt),
  );
});

test('keep: cut at a record, it and all that follows are gone, and the counts are right', () => {
  const bytes = reply({
    answers: [address, address],
    authority: [glue('ns.example.org')],
    additional: [glue('ns.example.org')],
    opt: {},
  });
  const all = meaning(bytes);
  for (let cutAt = 0; cutAt <= 4; cutAt++) {
    const kept = keep(read(bytes), { ...plainly, cutAt });
    assert.deepEqual(meaning(kept.bytes), all.slice(0, cutAt));
    assert.equal(hexOf(kept.bytes.subarray(kept.optAt)), OURS);
    assert.equal(kept.ttlsAt.length, cutAt);
  }
});

test('keep: octets behind the last record are left behind', () => {
  const bytes = reply({ answers: [address] });
  assert.equal(
    hexOf(keep(read(join([bytes, new Uint8Array(5)])), plainly).bytes),
    hexOf(keep(read(bytes), plainly).bytes),
  );
});

/** Behind the question and the MX record of the table's answers. */
const OPT_AT = 33 + 21;
const options = optRecord({ options: [[10, new Uint8Array(24)]] });
const after: readonly { rule: string; additional: readonly TestRecord[]; kept: number }[] = [
  {
    rule: 'addresses of names before it move up',
    additional: [options, glue('mail.example.org'), rr('mail.example.org', 'AAAA', 9, aaaa('::1'))],
    kept: 2,
  },
  {
    rule: 'owners that point to what moved are moved with it',
    additional: [options, glue('new.name.net'), glue('new.name.net', 7), glue('x.name.net')],
    kept: 3,
  },
  {
    rule: 'what stands before it stays, what follows moves',
    additional: [glue('first.example.org'), options, glue('a.first.example.org')],
    kept: 2,
  },
  {
    rule: 'where a type may have pointers in its data, all that follows goes',
    additional: [options, glue('b.net'), rr('b.net', 'NS', 1, target('ns.b.net'))],
    kept: 0,
  },
  {
    rule: 'and what stands before it is not touched by that',
    additional: [glue('b.net'), options, rr('b.net', 'MX', 1, mx(1, 'b.net'))],
    kept: 1,
  },
  {
    rule: 'an owner that points into OPT goes, and the others',
    additional: [options, { ...glue(''), name: pointer(OPT_AT) }, glue('b.net')],
    kept: 0,
  },
];
for (const { rule, additional, kept: count } of after)
  test(`keep, OPT in front of other records: ${rule}`, () => {
    const bytes = reply({ answers: [rr('www.example.org', 'MX', 60, mx(10, 'mail.example.org'))], additional });
    const kept = keep(read(bytes), plainly);
    const want = meaning(bytes).slice(0, 1 + count);
    assert.deepEqual(meaning(kept.bytes), want);
    assert.deepEqual(
      kept.ttlsAt,
      read(kept.bytes).records.map((r) => r.ttlAt),
    );
    assert.equal(hexOf(kept.bytes.subarray(kept.optAt)), OURS);
    if (count > 1) assert.doesNotMatch(want.join(' '), /\?/);
  });

const tsig: TestRecord = { name: 'key', type: 250, class: 255, ttl: 0, data: new Uint8Array(30) };
const sig0: TestRecord = { name: '', type: 24, class: 255, ttl: 0, data: new Uint8Array(30) };
const sig: TestRecord = { ...sig0, data: join([u16(1), new Uint8Array(28)]) };
const signed = [
  { rule: 'TSIG goes: it was for us (RFC 8945 §5)', additional: [glue('a.org'), tsig], kept: 2 },
  { rule: 'SIG(0) goes (RFC 2931 §3)', additional: [glue('a.org'), sig0], kept: 2 },
  { rule: 'so does what follows one', additional: [tsig, glue('a.org')], kept: 1 },
  { rule: 'TSIG behind OPT goes with it', additional: [glue('a.org'), optRecord({}), tsig], kept: 2 },
  { rule: 'a SIG of records is data', additional: [glue('a.org'), sig], kept: 3 },
];
for (const { rule, additional, kept } of signed)
  test(`keep: ${rule}`, () => {
    const bytes = reply({ answers: [address], additional });
    assert.deepEqual(meaning(keep(read(bytes), plainly).bytes), meaning(bytes).slice(0, kept));
  });

test('keep: wherever OPT stands and wherever it is cut, what is kept means what it meant', () => {
  const label = fc.constantFrom('a', 'b', 'mail', 'www', 'deep');
  const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => `${labels.join('.')}.example.org`);
  const record = fc.tuple(name, fc.constantFrom('A', 'AAAA', 'TXT', 'NS'), fc.nat(1e6)).map(([owner, type, ttl]) => {
    const data = {
      A: a('192.0.2.1'),
      AAAA: aaaa('2001:db8::1'),
      TXT: new Uint8Array([2, 0xc0, 0x0c]),
      NS: cname(`ns.${owner}`),
    };
    return rr(owner, type as 'A', ttl, data[type as 'A']);
  });
  const records = fc.array(record, { maxLength: 6 });
  fc.assert(
    fc.property(
      records,
      records,
      records,
      records,
      fc.option(fc.nat(20)),
      (answers, authority, before, behind, cutAt) => {
        const bytes = reply({
          answers,
          authority: [rr('example.org', 'SOA', 1, soa()), ...authority],
          additional: [...before, options, ...behind],
        });
        const message = read(bytes);
        const kept = keep(message, { ...plainly, cutAt: cutAt ?? undefined });
        const all = meaning(bytes);
        const fixed = message.records.length - behind.length;
        const got = meaning(kept.bytes);
        const most = Math.min(cutAt ?? all.length, all.length);
        assert.ok(got.length === most || got.length === Math.min(fixed, most));
        if (behind.every((r) => r.type !== 'NS')) assert.equal(got.length, most);
        assert.deepEqual(got, all.slice(0, got.length));
        assert.deepEqual(
          kept.ttlsSec,
          message.records.slice(0, got.length).map((r) => Buffer.from(bytes).readUInt32BE(r.ttlAt)),
        );
      },
    ),
    { seed: 53, numRuns: 1000 },
  );
});
