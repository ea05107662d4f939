import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import { pairAt } from '../../src/core/bytes.ts';
import { type Belief, type Beliefs, believe } from '../../src/dns/believe.ts';
import { MAX_TTL_SEC } from '../../src/dns/lifetime.ts';
import { type Message, nameAt, readMessage } from '../../src/dns/message.ts';
import { isWithin, textOf } from '../../src/dns/names.ts';
import type { Reply } from '../../src/dns/reply.ts';
import {
  ANSWER,
  a,
  aaaa,
  cname,
  dname,
  FLAG,
  join,
  nameOf,
  nsec,
  packet,
  pointer,
  RCODE,
  rr,
  rrsig,
  soa,
  svcb,
  type TestPacket,
  TYPE,
  type Type,
  target,
  u16,
  wire,
} from './packets.ts';

const TYPES = new Map<number, string>(Object.entries(TYPE).map(([name, number]) => [number, name]));

/** Of the operator: `corp.example` may be private, `ads.test` is blocked, `flisol.lan` and 203.0.113.0/24 are the hall's. */
const hall: Beliefs = {
  mayBePrivate: (name) => isWithin(name, nameOf('corp.example')),
  isBlocked: (name) => isWithin(name, nameOf('ads.test')),
  isOurs: (name) => isWithin(name, nameOf('flisol.lan')),
  isInside: (address: Ipv4) => address.startsWith('203.0.113.'),
};

function read(bytes: Uint8Array): Message {
  const message = readMessage(bytes);
  assert.ok(message, 'a packet of the test is not read');
  return message;
}

function judge(p: TestPacket, beliefs: Beliefs = hall): Belief {
  const [name, type] = p.question ?? [];
  assert.ok(typeof name === 'string' && type !== undefined);
  const number = typeof type === 'number' ? type : TYPE[type];
  return believe(read(packet(p)), { name: nameOf(name), type: number }, beliefs);
}

/** `www.example A, ns.example A`. */
function recordsOf(reply: Reply): string {
  const { records } = read(reply.bytes);
  return records
    .map(({ at, type }) => `${textOf(nameAt(reply.bytes, at) ?? '')} ${TYPES.get(type) ?? type}`)
    .join(', ');
}

/** `positive 300 s: www.example A`; after a slash the rcode, where it is not NOERROR. */
function show(belief: Belief): string {
  if (belief.kind === 'failed') return `failed ${belief.reason}`;
  const { rcode } = read(belief.reply.bytes);
  const reason = belief.kind === 'withheld' ? ` ${belief.reason}` : '';
  return `${belief.kind}${reason}${rcode ? `/${rcode}` : ''} ${belief.keepSec} s: ${recordsOf(belief.reply)}`;
}

const address = (name: string, ttl = 300) => rr(name, 'A', ttl, a('198.51.100.1'));
const inside = (name: string, ttl = 300) => rr(name, 'A', ttl, a('10.0.0.5'));
const alias = (name: string, to: string, ttl = 300) => rr(name, 'CNAME', ttl, cname(to));
const start = (name = 'example', ttl = 3600) => rr(name, 'SOA', ttl, soa({ minimum: 900 }));
const servers = (name = 'example', ttl = 3600) => rr(name, 'NS', ttl, target(`ns.${name}`));
const www = { question: ['www.example', 'A'] as const };
const NXDOMAIN = ANSWER + RCODE.NXDOMAIN;

const cases: readonly { name: string; packet: TestPacket; want: string }[] = [
  {
    name: 'an answer is kept as long as its shortest TTL',
    packet: { ...www, answers: [alias('www.example', 'x.test', 60), address('x.test', 20)], opt: {} },
    want: 'positive 20 s: www.example CNAME, x.test A',
  },
  {
    name: 'the shortest TTL of all sections: the packet is told whole',
    packet: { ...www, answers: [address('www.example')], authority: [servers('example', 30)] },
    want: 'positive 30 s: www.example A, example NS',
  },
  {
    name: 'TTL 0 is told, not kept, RFC 1035 §3.2.1',
    packet: { ...www, answers: [address('www.example', 0)] },
    want: 'positive 0 s: www.example A',
  },
  {
    name: 'a week at most',
    packet: { ...www, answers: [address('www.example', 30 * 86_400)] },
    want: `positive ${MAX_TTL_SEC} s: www.example A`,
  },
  {
    name: 'what nobody asked for is cut off, and what follows',
    packet: { ...www, answers: [address('www.example'), address('bank.example', 1)], authority: [servers()] },
    want: 'positive 300 s: www.example A',
  },
  {
    name: 'what nobody asked for stands before the answer: another upstream may know better',
    packet: { ...www, answers: [address('bank.example'), address('www.example')] },
    want: 'failed broken',
  },
  {
    name: 'authority and additional stay: they are about this answer, and never told for another question',
    packet: { ...www, answers: [address('www.example')], authority: [servers()], additional: [address('ns.example')] },
    want: 'positive 300 s: www.example A, example NS, ns.example A',
  },
  {
    name: "nobody outside says anything about the hall's names",
    packet: {
      ...www,
      answers: [address('www.example')],
      additional: [address('ns.example'), address('fnode.flisol.lan'), address('ns2.example')],
    },
    want: 'positive 300 s: www.example A, ns.example A',
  },
  {
    name: "the hall's names do not stand in authority, either",
    packet: { ...www, answers: [address('www.example')], authority: [servers('flisol.lan'), servers()] },
    want: 'positive 300 s: www.example A',
  },
  {
    name: 'no such name, RFC 2308 §2.1',
    packet: { ...www, flags: NXDOMAIN, authority: [start()] },
    want: 'negative/3 900 s: example SOA',
  },
  {
    name: 'no such data, RFC 2308 §2.2',
    packet: { ...www, authority: [start(), servers()] },
    want: 'negative 900 s: example SOA, example NS',
  },
  {
    name: 'no such name behind an alias: as long as the alias, RFC 6604',
    packet: { ...www, flags: NXDOMAIN, answers: [alias('www.example', 'x.test', 60)], authority: [start('test')] },
    want: 'negative/3 60 s: www.example CNAME, test SOA',
  },
  {
    name: 'no such data behind an alias: its zone must say so, not that of the alias',
    packet: { ...www, answers: [alias('www.example', 'x.test')], authority: [start('example')] },
    want: 'negative 0 s: www.example CNAME, example SOA',
  },
  {
    name: 'no such name, and nobody says for how long: not kept, RFC 2308 §5',
    packet: { ...www, flags: NXDOMAIN },
    want: 'negative/3 0 s: ',
  },
  {
    name: 'no such data, and nobody says for how long',
    packet: { ...www },
    want: 'negative 0 s: ',
  },
  {
    name: 'an SOA of a zone that has no say',
    packet: { ...www, flags: NXDOMAIN, authority: [start('test')] },
    want: 'negative/3 0 s: test SOA',
  },
  {
    name: 'signed denials pass whole, and live as long as the shortest of them, RFC 4035 §3.1.3',
    packet: {
      question: ['www.example', 'AAAA'],
      flags: ANSWER + FLAG.AD,
      authority: [
        start(),
        rr('example', 'RRSIG', 3600, rrsig('SOA', 'example')),
        rr('www.example', 'NSEC', 600, nsec('z.example')),
        rr('www.example', 'RRSIG', 600, rrsig('NSEC', 'example')),
      ],
    },
    want: 'negative 600 s: example SOA, example RRSIG, www.example NSEC, www.example RRSIG',
  },
  {
    name: 'a referral is neither data nor a denial, RFC 2308 §2.2',
    packet: { ...www, authority: [servers()], additional: [address('ns.example')] },
    want: 'failed broken',
  },
  {
    name: 'a referral behind an alias',
    packet: { ...www, answers: [alias('www.example', 'x.test')], authority: [servers('test')] },
    want: 'failed broken',
  },
  {
    name: 'NXDOMAIN with data denies itself: told, and not kept',
    packet: { ...www, flags: NXDOMAIN, answers: [address('www.example')] },
    want: 'negative/3 0 s: www.example A',
  },
  {
    name: 'a DNAME that makes the name too long, RFC 6672 §2.2',
    packet: {
      question: [`${'x'.repeat(63)}.${'y'.repeat(63)}.example`, 'A'],
      flags: ANSWER + 6,
      answers: [rr('example', 'DNAME', 300, dname(`${'z'.repeat(63)}.${'w'.repeat(63)}`))],
      authority: [start()],
    },
    want: 'negative/6 0 s: example DNAME, example SOA',
  },
  { name: 'FORMERR', packet: { ...www, flags: ANSWER + RCODE.FORMERR }, want: 'failed formerr' },
  { name: 'SERVFAIL', packet: { ...www, flags: ANSWER + RCODE.SERVFAIL }, want: 'failed servfail' },
  { name: 'NOTIMP', packet: { ...www, flags: ANSWER + RCODE.NOTIMP }, want: 'failed notimp' },
  { name: 'REFUSED', packet: { ...www, flags: ANSWER + RCODE.REFUSED }, want: 'failed refused' },
  { name: 'any other code', packet: { ...www, flags: ANSWER + 9 }, want: 'failed broken' },
  {
    name: "EDNS's upper bits count: BADVERS, RFC 6891 §6.1.3",
    packet: { ...www, answers: [address('www.example')], opt: { rcodeHigh: 1 } },
    want: 'failed broken',
  },
  {
    name: 'what was cut short on its way is not an answer',
    packet: { ...www, flags: ANSWER + FLAG.TC, answers: [address('www.example')] },
    want: 'failed broken',
  },
  { name: 'a question is not an answer', packet: { ...www, flags: FLAG.RD }, want: 'failed broken' },
  { name: 'another opcode', packet: { ...www, flags: ANSWER + 5 * 2048 }, want: 'failed broken' },
  {
    name: 'rebinding: a private address',
    packet: { ...www, answers: [inside('www.example', 20)] },
    want: 'withheld rebind 20 s: ',
  },
  {
    name: 'rebinding: a private address among public ones',
    packet: { ...www, answers: [address('www.example'), inside('www.example')] },
    want: 'withheld rebind 60 s: ',
  },
  {
    name: 'rebinding: behind an alias',
    packet: { ...www, answers: [alias('www.example', 'x.test', 5), inside('x.test')] },
    want: 'withheld rebind 5 s: ',
  },
  {
    name: 'rebinding: IPv6',
    packet: { question: ['www.example', 'AAAA'], answers: [rr('www.example', 'AAAA', 300, aaaa('::ffff:127.0.0.1'))] },
    want: 'withheld rebind 60 s: ',
  },
  {
    name: 'rebinding: a hint of HTTPS',
    packet: {
      question: ['www.example', 'HTTPS'],
      answers: [rr('www.example', 'HTTPS', 300, svcb(1, '', [[4, a('192.168.1.1')]]))],
    },
    want: 'withheld rebind 60 s: ',
  },
  {
    name: 'rebinding: an additional record',
    packet: { ...www, answers: [address('www.example')], additional: [inside('ns.example')] },
    want: 'withheld rebind 60 s: ',
  },
  {
    name: "rebinding: the hall's own public address",
    packet: { ...www, answers: [rr('www.example', 'A', 300, a('203.0.113.9'))] },
    want: 'withheld rebind 60 s: ',
  },
  {
    name: "rebinding: an alias of the hall's names, whatever its address",
    packet: { ...www, answers: [alias('www.example', 'flink.flisol.lan'), address('flink.flisol.lan')] },
    want: 'withheld rebind 60 s: ',
  },
  {
    name: 'rebinding: what was cut off does not count',
    packet: { ...www, answers: [address('www.example'), inside('bank.example')] },
    want: 'positive 300 s: www.example A',
  },
  {
    name: "rebinding: the operator's own names may be private",
    packet: { question: ['git.corp.example', 'A'], answers: [inside('git.corp.example')] },
    want: 'positive 300 s: git.corp.example A',
  },
  {
    name: "rebinding: what the operator's own names lead to may be private",
    packet: {
      question: ['git.corp.example', 'A'],
      answers: [alias('git.corp.example', 'x.test'), inside('x.test')],
    },
    want: 'positive 300 s: git.corp.example CNAME, x.test A',
  },
  {
    name: "the operator's own names may lead into the hall",
    packet: {
      question: ['git.corp.example', 'A'],
      answers: [alias('git.corp.example', 'flink.flisol.lan'), inside('flink.flisol.lan')],
    },
    want: 'positive 300 s: git.corp.example CNAME, flink.flisol.lan A',
  },
  {
    name: "rebinding: an alias of the operator's own names: the page is of the name asked",
    packet: { ...www, answers: [alias('www.example', 'git.corp.example'), inside('git.corp.example')] },
    want: 'withheld rebind 60 s: ',
  },
  {
    name: 'an address that is none',
    packet: { ...www, answers: [rr('www.example', 'A', 300, Uint8Array.of(127, 0, 0))] },
    want: 'failed broken',
  },
  {
    name: 'blocked: an alias of a name on the list is no name',
    packet: { ...www, answers: [alias('www.example', 'x.ads.test', 30), address('x.ads.test')] },
    want: 'withheld blocked/3 30 s: ',
  },
  {
    name: 'blocked: an alias on the way',
    packet: {
      ...www,
      answers: [alias('www.example', 'x.ads.test'), alias('x.ads.test', 'y.test'), address('y.test')],
    },
    want: 'withheld blocked/3 60 s: ',
  },
  {
    name: 'an unknown type passes octet by octet, RFC 3597',
    packet: { question: ['www.example', 65_280], answers: [rr('www.example', 65_280, 300, a('10.0.0.1'))] },
    want: 'positive 300 s: www.example 65280',
  },
];
for (const c of cases) test(`believe: ${c.name}`, () => assert.equal(show(judge(c.packet)), c.want));

test("believe: without a hall's names and addresses, there is nothing to look for", () => {
  const plain: Beliefs = { mayBePrivate: () => false, isBlocked: () => false };
  const additional = [address('fnode.flisol.lan')];
  const answers = [rr('www.example', 'A', 300, a('203.0.113.9'))];
  assert.equal(
    show(judge({ ...www, answers, additional }, plain)),
    'positive 300 s: www.example A, fnode.flisol.lan A',
  );
});

test('believe: an answer is about its question alone: there is no way for others into a cache', () => {
  // What a lying upstream would have believed of its neighbours, in each section and as an alias.
  const lie = address('bank.example');
  const belief = judge({ ...www, answers: [address('www.example')], authority: [lie], additional: [lie] });
  assert.deepEqual(Object.keys(belief).sort(), ['keepSec', 'kind', 'reply']);
  assert.ok(belief.kind === 'positive');
  // One reply to one question: whoever keeps it has nothing but that question to keep it by.
  const { questions, questionEnd, bytes } = read(belief.reply.bytes);
  assert.equal(questions, 1);
  assert.equal(nameAt(bytes, 12), nameOf('www.example'));
  assert.equal(questionEnd, belief.reply.questionEnd);
});

test('believe: what is withheld claims no signature', () => {
  const belief = judge({ ...www, flags: ANSWER + FLAG.AD, answers: [inside('www.example')], opt: {} });
  assert.ok(belief.kind === 'withheld');
  assert.equal(pairAt(belief.reply.bytes, 2) & FLAG.AD, 0);
});

test('believe: what is told of a denial lives as long as the denial, RFC 2308 §3', () => {
  const belief = judge({ ...www, flags: NXDOMAIN, authority: [start('example', 86_400)] });
  assert.ok(belief.kind === 'negative');
  assert.deepEqual(belief.reply.ttlsSec, [900]);
});

test('believe: no record is told for longer than it lives', () => {
  for (const ttls of [
    [300, 20, 3600],
    [7, 86_400, 0],
    [2 ** 31, 5, 9],
    [2 ** 32 - 1, 2 ** 31 - 1, 8 * 86_400],
  ]) {
    const [one = 0, two = 0, three = 0] = ttls;
    const answers = [address('www.example', one)];
    const belief = judge({
      ...www,
      answers,
      authority: [servers('example', two)],
      additional: [address('ns.example', three)],
    });
    assert.ok(belief.kind === 'positive');
    assert.equal(belief.keepSec, Math.min(...belief.reply.ttlsSec));
    assert.ok(belief.keepSec <= MAX_TTL_SEC);
  }
});

/** Counts the octets that are read, in the place of time. */
function counted(bytes: Uint8Array): { readonly bytes: Uint8Array; readonly reads: () => number } {
  let reads = 0;
  const get = (octets: Uint8Array, key: string | symbol): unknown => {
    if (typeof key === 'string' && /^\d+$/.test(key)) reads += 1;
    const value: unknown = Reflect.get(octets, key, octets);
    return typeof value === 'function' ? value.bind(octets) : value;
  };
  return { bytes: new Proxy(bytes, { get }), reads: () => reads };
}

/** Names of 255 octets, each a label and a pointer to the one before it, as deep as pointers go; all in the data of one record. */
function deepNames(dataAt: number): { readonly data: Uint8Array; readonly deepest: Uint8Array } {
  const parts = [wire(`${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(60)}`)];
  let at = dataAt;
  let next = dataAt + 190;
  for (let depth = 0; depth < 31; depth++) {
    parts.push(join([Uint8Array.of(1, 0x78), pointer(at)]));
    at = next;
    next += 4;
  }
  return { data: join(parts), deepest: pointer(at) };
}

const RECORDS = 4000;
const heavy: readonly { name: string; type: Type; packet: () => TestPacket; want: RegExp }[] = [
  {
    name: '4,000 addresses',
    type: 'A',
    packet: () => ({
      answers: Array.from({ length: RECORDS }, () => ({ ...address('www.example'), name: pointer(12) })),
    }),
    want: /^positive 300 s/,
  },
  {
    name: 'a chain of 2,000 CNAMEs',
    type: 'A',
    packet: () => ({
      answers: [
        alias('www.example', 'n0.x'),
        ...Array.from({ length: 1999 }, (_, i) => alias(`n${i}.x`, `n${i + 1}.x`)),
      ],
    }),
    want: /^failed broken/,
  },
  {
    name: '2,000 DNAMEs above one name',
    type: 'A',
    packet: () => ({ answers: Array.from({ length: 2000 }, () => rr('example', 'DNAME', 300, dname('a.example'))) }),
    want: /^failed broken/,
  },
  {
    name: '500 signatures',
    type: 'A',
    packet: () => ({
      answers: [
        address('www.example'),
        ...Array.from({ length: 500 }, () => rr('www.example', 'RRSIG', 300, rrsig('A', 'example'))),
      ],
    }),
    want: /^positive 300 s/,
  },
  {
    name: '4,000 additional records whose names are as long and as deep as names can be',
    type: 'TXT',
    packet: () => {
      const { data, deepest } = deepNames(12 + 17 + 12);
      const additional = Array.from({ length: RECORDS }, () => rr(deepest, 'TXT', 300, new Uint8Array(1)));
      return { answers: [rr(pointer(12), 'TXT', 300, data)], additional };
    },
    want: /^positive 300 s/,
  },
  {
    name: '3,900 aliases of such names',
    type: 'TXT',
    packet: () => {
      const { data, deepest } = deepNames(12 + 17 + 12);
      const aliases = Array.from({ length: 3900 }, () => rr(deepest, 'CNAME', 300, deepest));
      return { answers: [rr(pointer(12), 'TXT', 300, data), ...aliases] };
    },
    want: /^positive 300 s: www.example TXT$/,
  },
  {
    name: '500 HTTPS records of 20 hints each',
    type: 'HTTPS',
    packet: () => {
      const hints = join(Array.from({ length: 20 }, () => a('198.51.100.1')));
      const record = rr('www.example', 'HTTPS', 300, svcb(1, '', [[4, hints]]));
      return { answers: Array.from({ length: 500 }, () => record) };
    },
    want: /^positive 300 s/,
  },
];
for (const c of heavy) {
  test(`believe: bounded work for ${c.name}`, () => {
    const octets = packet({ ...c.packet(), question: ['www.example', c.type] });
    assert.ok(octets.length < 65_536, `${octets.length} octets`);
    const message = read(octets);
    const { bytes, reads } = counted(octets);
    const type = typeof c.type === 'number' ? c.type : TYPE[c.type];
    const belief = believe({ ...message, bytes }, { name: nameOf('www.example'), type }, hall);
    assert.match(show(belief), c.want);
    // Two names a record at the worst, of 255 octets and 32 pointers of two reads twice, and some fields.
    assert.ok(reads() < message.records.length * 800 + 2 * 65_536, `${reads()} octets read`);
  });
}

test('believe: a name is asked about at most once for each alias', () => {
  let asked = 0;
  const answers = Array.from({ length: 16 }, (_, i) => alias(`n${i}.x`, `n${i + 1}.x`));
  const isBlocked = (): boolean => {
    asked += 1;
    return false;
  };
  judge({ question: ['n0.x', 'A'], answers: [...answers, address('n16.x')] }, { ...hall, isBlocked });
  assert.equal(asked, 16);
});

test('believe: an additional record with a strange pointer harms nobody', () => {
  const strange = { ...address('x'), name: Uint8Array.of(...u16(0xc00d)) };
  assert.equal(judge({ ...www, answers: [address('www.example')], additional: [strange] }).kind, 'positive');
});
