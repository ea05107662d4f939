import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { textOf } from '../../src/dns/names.ts';
import { type Refused, readQuery } from '../../src/dns/query.ts';
import { golden, hexOf, queryIn } from './golden.ts';
import { a, join, type NameText, optRecord, packet, question, rr, type TestPacket, u16, wire } from './packets.ts';

const summary = (bytes: Uint8Array) => {
  const q = queryIn(bytes);
  const bits = { RD: q.isRecursive, CD: q.isUnchecked, DO: q.isDnssec, wantsAd: q.wantsAd, EDNS: q.hasEdns };
  const set = Object.entries(bits).flatMap(([bit, isSet]) => (isSet ? [bit] : []));
  return `${textOf(q.name)} ${q.type} ${q.maxBytes} ${set.join(' ')}`;
};

const real = [
  { name: 'query-dig', want: 'www.example.org 1 1232 RD wantsAd EDNS' },
  { name: 'query-dig-dnssec', want: 'example.org 48 1232 RD CD DO wantsAd EDNS' },
  { name: 'query-dig-options', want: 'example.org 65 1232 RD wantsAd EDNS' },
  { name: 'query-dig-plain', want: 'example.org 2 512 wantsAd' },
  { name: 'query-kdig', want: 'example.org 28 512 RD wantsAd' },
  { name: 'query-kdig-padded', want: 'example.org 65280 1232 RD DO wantsAd EDNS' },
  { name: 'query-glibc', want: 'mirror.example.org 1 512 RD' },
  { name: 'query-busybox', want: 'example.org 28 512 RD' },
  { name: 'query-cares', want: '_imap._tcp.example.org 33 512 RD' },
  { name: 'query-windows', want: 'www.msftconnecttest.com 1 512 RD' },
  { name: 'query-resolved', want: 'www.endless.org 1 1232 RD DO wantsAd EDNS' },
];
for (const { name, want } of real) test(`readQuery: ${name}: ${want}`, () => assert.equal(summary(golden(name)), want));

test('readQuery: fields of a question with everything', () => {
  const { bytes, key, ...query } = queryIn(golden('query-dig-dnssec'));
  assert.equal(bytes.length, 40);
  assert.equal(key, '\x07example\x03org\0\0\x30\0\x01\x03');
  assert.deepEqual(query, {
    id: 0x2974,
    questionEnd: 29,
    name: '\x07example\x03org\0',
    type: 48,
    isRecursive: true,
    isUnchecked: true,
    isDnssec: true,
    wantsAd: true,
    hasEdns: true,
    maxBytes: 1232,
  });
});

const dropped = [
  { rule: 'no octets at all', bytes: new Uint8Array(0), reason: 'short' },
  { rule: 'less than a header', bytes: golden('query-glibc').subarray(0, 11), reason: 'short' },
  {
    rule: 'an answer, or two servers would answer one another for ever',
    bytes: golden('reply-knot-mx'),
    reason: 'response',
  },
];
for (const { rule, bytes, reason } of dropped)
  test(`readQuery drops ${rule}`, () => assert.deepEqual(readQuery(bytes), { kind: 'drop', reason }));

const RD = 0x0100;
const opt = { bytes: 1232 };
const ask = (more: Omit<TestPacket, 'question'> = {}, name: NameText = 'A.Test', type = 1, ofClass = 1) =>
  packet({ flags: RD, ...more, question: [name, type, ofClass] });
const cut = (bytes: Uint8Array, octets: number) => bytes.subarray(0, bytes.length - octets);
const octets = (length: number) => new Uint8Array(length).fill(0x61);
const nameOf = (...lengths: number[]) =>
  join([...lengths.map((n) => join([Uint8Array.of(n), octets(n)])), Uint8Array.of(0)]);
/** Behind the question as it stands, so that options may lie. */
const withOpt = (options: Uint8Array, length = options.length) =>
  join([ask({ counts: [1, 0, 0, 1] }), Uint8Array.of(0, 0, 41, 4, 208, 0, 0, 0, 0), u16(length), options]);
const address = rr('a.test', 1, 1, a('192.0.2.1'));
const tsig = { name: 'k', type: 250, class: 255, ttl: 0, data: new Uint8Array(20) };
const Q = '014104546573740000010001';
const OPT = '00002904d0000000000000';

/** The answer after its id, in hex. `8180`: QR, RD and RA. */
const refused: readonly { rule: string; bytes: Uint8Array; reason: Refused; want: string }[] = [
  ...[1, 2, 4, 5, 6, 15].map((opcode) => ({
    rule: `opcode ${opcode} is NOTIMP and comes back (RFC 1035 §4.1.1)`,
    bytes: ask({ flags: opcode * 0x800 }),
    reason: 'opcode' as const,
    want: `${(0x8084 + opcode * 0x800).toString(16)}0001000000000000${Q}`,
  })),
  {
    rule: 'an UPDATE is NOTIMP (RFC 2136 §3)',
    bytes: golden('query-nsupdate'),
    reason: 'opcode',
    want: 'a8840001000000000000076578616d706c65036f72670000060001',
  },
  {
    rule: 'no question is FORMERR, and none comes back',
    bytes: packet({ flags: RD }),
    reason: 'malformed',
    want: '81810000000000000000',
  },
  {
    rule: 'two questions are FORMERR (RFC 9619)',
    bytes: join([ask({ counts: [2] }), wire('b.test'), u16(1), u16(1)]),
    reason: 'malformed',
    want: '81810000000000000000',
  },
  {
    rule: 'an answer record is FORMERR',
    bytes: ask({ answers: [address], opt }),
    reason: 'malformed',
    want: `81810001000000000000${Q}`,
  },
  {
    rule: 'an authority record is FORMERR',
    bytes: ask({ authority: [address], opt }),
    reason: 'malformed',
    want: `81810001000000000000${Q}`,
  },
  {
    rule: 'TC is FORMERR, as unbound has it',
    bytes: ask({ flags: RD + 0x200, opt }),
    reason: 'malformed',
    want: `81810001000000000001${Q}${OPT}`,
  },
  {
    rule: 'a pointer in the question is FORMERR',
    bytes: ask({}, Uint8Array.of(0xc0, 12)),
    reason: 'malformed',
    want: '81810000000000000000',
  },
  {
    rule: 'a pointer into the header is FORMERR',
    bytes: ask({}, Uint8Array.of(1, 97, 0xc0, 4)),
    reason: 'malformed',
    want: '81810000000000000000',
  },
  {
    rule: 'a pointer into the own name is FORMERR',
    bytes: ask({}, Uint8Array.of(1, 97, 0xc0, 12)),
    reason: 'malformed',
    want: '81810000000000000000',
  },
  {
    rule: 'a label of 64 octets is FORMERR (RFC 1035 §2.3.4)',
    bytes: ask({}, nameOf(64)),
    reason: 'malformed',
    want: '81810000000000000000',
  },
  {
    rule: 'a label type of RFC 2673 is FORMERR (RFC 6891 §5)',
    bytes: ask({}, nameOf(0x41)),
    reason: 'malformed',
    want: '81810000000000000000',
  },
  {
    rule: 'a name of 256 octets is FORMERR (RFC 1035 §2.3.4)',
    bytes: ask({}, nameOf(63, 63, 63, 62)),
    reason: 'malformed',
    want: '81810000000000000000',
  },
  { rule: 'a question cut off is FORMERR', bytes: cut(ask(), 1), reason: 'malformed', want: '81810000000000000000' },
  { rule: 'a name cut off is FORMERR', bytes: cut(ask(), 6), reason: 'malformed', want: '81810000000000000000' },
  {
    rule: 'octets behind the question are FORMERR',
    bytes: join([ask(), octets(1)]),
    reason: 'malformed',
    want: `81810001000000000000${Q}`,
  },
  {
    rule: 'octets behind OPT are FORMERR',
    bytes: join([ask({ opt }), octets(1)]),
    reason: 'malformed',
    want: `81810001000000000000${Q}`,
  },
  {
    rule: 'two OPTs are FORMERR (RFC 6891 §6.1.1)',
    bytes: ask({ additional: [optRecord({})], opt }),
    reason: 'malformed',
    want: `81810001000000000000${Q}`,
  },
  {
    rule: 'an OPT of another name than the root is FORMERR (RFC 6891 §6.1.2)',
    bytes: ask({ additional: [{ ...optRecord({}), name: 'x' }] }),
    reason: 'malformed',
    want: `81810001000000000000${Q}`,
  },
  {
    rule: 'a count of records that are not there is FORMERR',
    bytes: ask({ counts: [1, 0, 0, 1] }),
    reason: 'malformed',
    want: `81810001000000000000${Q}`,
  },
  {
    rule: '65,535 additional records are FORMERR',
    bytes: ask({ opt, counts: [1, 0, 0, 65_535] }),
    reason: 'malformed',
    want: `81810001000000000000${Q}`,
  },
  {
    rule: 'nine additional records are FORMERR',
    bytes: ask({ additional: Array(9).fill(address) }),
    reason: 'malformed',
    want: `81810001000000000000${Q}`,
  },
  {
    rule: 'OPT cut off is FORMERR',
    bytes: cut(ask({ opt }), 1),
    reason: 'malformed',
    want: `81810001000000000000${Q}`,
  },
  {
    rule: 'options longer than OPT are FORMERR',
    bytes: withOpt(u16(10), 2),
    reason: 'malformed',
    want: `81810001000000000000${Q}`,
  },
  {
    rule: 'an option longer than OPT is FORMERR',
    bytes: withOpt(Uint8Array.of(0, 10, 0, 9, 1, 2, 3)),
    reason: 'malformed',
    want: `81810001000000000000${Q}`,
  },
  {
    rule: 'an additional record longer than the packet is FORMERR',
    bytes: ask({ additional: [{ ...address, length: 5 }] }),
    reason: 'malformed',
    want: `81810001000000000000${Q}`,
  },
  {
    rule: 'TSIG is FORMERR: no keys are shared here',
    bytes: ask({ additional: [tsig] }),
    reason: 'malformed',
    want: `81810001000000000000${Q}`,
  },
  {
    rule: 'TSIG of dig is FORMERR',
    bytes: golden('query-dig-tsig'),
    reason: 'malformed',
    want: '81810001000000000000076578616d706c65036f72670000010001',
  },
  {
    rule: 'EDNS version 1 is BADVERS with an OPT of version 0 (RFC 6891 §6.1.3)',
    bytes: golden('query-dig-edns1'),
    reason: 'edns-version',
    want: '81800001000000000001076578616d706c65036f7267000001000100002904d0010000000000',
  },
  {
    rule: 'BADVERS comes before what the question asks, DO with it',
    bytes: ask({ opt: { version: 1, isDnssec: true } }, 'A.Test', 252, 3),
    reason: 'edns-version',
    want: '8180000100000000000101410454657374' + '0000fc0003' + '00002904d0010080000000',
  },
  ...[0, 2, 3, 4, 254, 255, 0x8001].map((ofClass) => ({
    rule: `class ${ofClass} is REFUSED`,
    bytes: ask({ opt }, 'A.Test', 1, ofClass),
    reason: 'class' as const,
    want: `81850001000000000001${Q.slice(0, -4)}${hexOf(u16(ofClass))}${OPT}`,
  })),
  {
    rule: 'version.bind CH TXT is REFUSED',
    bytes: golden('query-dig-chaos'),
    reason: 'class',
    want: `818500010000000000010776657273696f6e0462696e640000100003${OPT}`,
  },
  ...[0, 41, 128, 200, 248, 249, 250, 253, 254].map((type) => ({
    rule: `type ${type} is FORMERR, as unbound has all but 0, which is reserved (RFC 6895 §3.1)`,
    bytes: ask({ opt }, 'A.Test', type),
    reason: 'meta-type' as const,
    want: `81810001000000000001${Q.slice(0, -8)}${hexOf(u16(type))}0001${OPT}`,
  })),
  {
    rule: 'AXFR is REFUSED',
    bytes: ask({}, 'A.Test', 252),
    reason: 'transfer',
    want: `81850001000000000000${Q.slice(0, -8)}00fc0001`,
  },
  {
    rule: 'IXFR is REFUSED, its SOA in the authority section notwithstanding (RFC 1995 §3)',
    bytes: golden('query-dig-ixfr'),
    reason: 'transfer',
    want: `80850001000000000001076578616d706c65036f72670000fb0001${OPT}`,
  },
  {
    rule: 'ANY is one HINFO "RFC8482" (RFC 8482 §4.2)',
    bytes: ask({}, 'A.Test', 255),
    reason: 'any',
    want: `81800001000100000000${Q.slice(0, -8)}00ff0001c00c000d000100000e100009075246433834383200`,
  },
  {
    rule: 'ANY with EDNS is answered with EDNS, and CD comes back (RFC 4035 §3.2.2)',
    bytes: ask({ flags: RD + 0x10, opt }, 'A.Test', 255),
    reason: 'any',
    want: `81900001000100000001${Q.slice(0, -8)}00ff0001c00c000d000100000e100009075246433834383200${OPT}`,
  },
  {
    rule: 'AA, RA, Z and a code in the question do not come back',
    bytes: ask({ flags: 0x04cf }, 'A.Test', 252),
    reason: 'transfer',
    want: `80850001000000000000${Q.slice(0, -8)}00fc0001`,
  },
];
for (const { rule, bytes, reason, want } of refused) {
  test(`readQuery: ${rule}`, () => {
    const read = readQuery(bytes);
    assert.ok(read.kind === 'refuse', read.kind);
    assert.equal(read.reason, reason);
    assert.equal(hexOf(read.bytes), hexOf(bytes.subarray(0, 2)) + want);
  });
}

const taken = [
  { rule: 'a name of 255 octets', bytes: ask({}, nameOf(63, 63, 63, 61)) },
  { rule: 'a label of 63 octets', bytes: ask({}, nameOf(63)) },
  { rule: 'the root', bytes: ask({}, '') },
  { rule: 'octets above 127, dots and NUL in a label', bytes: ask({}, '\\255\\000\\046.lan') },
  { rule: 'an option that nobody knows', bytes: ask({ opt: { options: [[65_001, octets(9)]] } }) },
  { rule: 'ECS that makes no sense: it is not looked at', bytes: ask({ opt: { options: [[8, octets(1)]] } }) },
  { rule: '300 options', bytes: ask({ opt: { options: Array(300).fill([12, octets(0)]) } }) },
  {
    rule: 'flags of OPT that are not defined yet (RFC 6891 §6.1.4)',
    bytes: join([ask({ counts: [1, 0, 0, 1] }), Buffer.from('00002904d0000040010000', 'hex')]),
  },
  { rule: 'an additional record that is none of ours', bytes: ask({ additional: [address] }) },
  { rule: 'an OPT among others', bytes: ask({ additional: [address, optRecord({}), address] }) },
  {
    rule: 'SIG(0), which is passed over (RFC 2931 §3)',
    bytes: ask({ additional: [{ name: '', type: 24, class: 255, ttl: 0, data: octets(20) }] }),
  },
  { rule: 'types 127 and 256, which are of data', bytes: ask({}, 'a', 127) },
  { rule: 'type 65,535', bytes: ask({}, 'a', 65_535) },
  { rule: 'Z', bytes: ask({ flags: RD + 0x40 }) },
];
for (const { rule, bytes } of taken)
  test(`readQuery takes ${rule}`, () => assert.equal(readQuery(bytes).kind, 'query'));

const sizes = [
  { told: 0, want: 512 },
  { told: 511, want: 512 },
  { told: 512, want: 512 },
  { told: 1000, want: 1000 },
  { told: 1232, want: 1232 },
  { told: 65_535, want: 1232 },
];
for (const { told, want } of sizes)
  test(`maxBytes: EDNS with ${told} octets gets ${want} (RFC 6891 §6.2.3, flag day 2020)`, () =>
    assert.equal(queryIn(ask({ opt: { bytes: told } })).maxBytes, want));

test('key: ASCII letters alone lose their case; all other octets count (RFC 4343 §3)', () => {
  const keyOf = (name: string) => queryIn(question(name, 'A')).key;
  assert.equal(keyOf('WWW.Example.ORG'), keyOf('www.example.org'));
  assert.equal(keyOf('[\\064`{.lan').slice(0, 5), '\x04[@`{');
  assert.notEqual(keyOf('\\196.lan'), keyOf('\\228.lan'));
});

test('key: name, type, DO and CD make it, and nothing else does', () => {
  const key = (more: Omit<TestPacket, 'question'>, name = 'a.lan', type = 1) => queryIn(ask(more, name, type)).key;
  const different = [
    key({}),
    key({}, 'b.lan'),
    key({}, 'a.lan', 28),
    key({ flags: RD + 0x10 }),
    key({ opt: { isDnssec: true } }),
    key({ flags: RD + 0x10, opt: { isDnssec: true } }),
  ];
  assert.equal(new Set(different).size, different.length);
  const same = [key({}), key({ id: 7 }), key({ flags: 0x20 }), key({ opt: { options: [[10, octets(8)]] } })];
  assert.equal(new Set(same).size, 1);
});

test('readQuery: name and key of any labels whatever, and the letters stay in the packet', () => {
  const label = fc.uint8Array({ minLength: 1, maxLength: 63 });
  const lengths = (parts: readonly Uint8Array[]) => parts.reduce((sum, part) => sum + part.length + 1, 1);
  const labels = fc.array(label, { maxLength: 20 }).filter((parts) => lengths(parts) <= 255);
  fc.assert(
    fc.property(labels, (parts) => {
      const name = join([...parts.map((part) => join([Uint8Array.of(part.length), part])), Uint8Array.of(0)]);
      const bytes = ask({}, name, 16);
      const query = queryIn(bytes);
      const lowered = name.map((octet) => (octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet));
      assert.equal(hexOf(Buffer.from(query.name, 'latin1')), hexOf(lowered));
      assert.ok(query.key.startsWith(query.name));
      assert.equal(query.questionEnd, 12 + name.length + 4);
      assert.equal(hexOf(query.bytes), hexOf(bytes));
    }),
    { seed: 53, numRuns: 1000 },
  );
});
