import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode } from 'dns-packet';
import { hex } from '../../src/core/bytes.ts';
import { isWithin, wireName } from '../../src/dns/names.ts';
import { fit } from '../../src/dns/reply.ts';
import { answerHall } from '../../src/dns/zone.ts';
import { answerOf, CLIENT, type HallFacts, hallOf, ip, queryOf, question, shown } from '../support/dnshall.ts';
import { seeded } from '../support/fakes.ts';

const HALL: HallFacts = {
  records: {
    intranet: '172.16.0.5',
    'mail.flisol.lan': '172.16.0.6',
    'a.deep.flisol.lan': '172.16.0.7',
    'wiki.example.com': '172.16.0.8',
    'nas.flisol.lan': '10.9.9.9',
    far: '1.1.1.1',
  },
  nodes: [
    ['fnode00', '172.16.0.10', true],
    ['fnode01', '172.16.0.11', true],
    ['fnode02', '172.16.0.12', false],
  ],
  machines: [
    ['desk7', '172.16.0.50'],
    ['com', '172.16.0.51'],
    ['local', '172.16.0.52'],
    ['wpad', '172.16.0.53'],
    ['isatap', '172.16.0.54'],
    ['localhost', '172.16.0.55'],
    ['intranet', '172.16.0.56'],
    ['fnode00', '172.16.0.57'],
    ['flink', '172.16.0.58'],
    ['fnode', '172.16.0.59'],
  ],
};

type Row = readonly [name: string, type: string, want: string];

const own: readonly Row[] = [
  ['flink', 'A', 'A 172.16.0.1 300'],
  ['flink.flisol.lan', 'A', 'A 172.16.0.1 300'],
  ['FLINK.Flisol.LAN', 'A', 'A 172.16.0.1 300'],
  ['flink.flisol.lan', 'AAAA', 'NODATA flisol.lan 60'],
  ['flink.flisol.lan', 'TYPE65', 'NODATA flisol.lan 60'],
  ['flink.flisol.lan', 'TYPE64', 'NODATA flisol.lan 60'],
  ['flink.flisol.lan', 'SOA', 'NODATA flisol.lan 60'],
  ['flink', 'AAAA', 'NODATA flink 60'],
  ['flink', 'NS', 'NODATA flink 60'],
  ['fnode', 'A', 'A 172.16.0.10 10, A 172.16.0.11 10'],
  ['fnode.flisol.lan', 'A', 'A 172.16.0.10 10, A 172.16.0.11 10'],
  ['fnode.flisol.lan', 'AAAA', 'NODATA flisol.lan 60'],
  ['fnode01', 'A', 'A 172.16.0.11 60'],
  ['fnode01.flisol.lan', 'A', 'A 172.16.0.11 60'],
  ['fnode02.flisol.lan', 'A', 'A 172.16.0.12 60'],
  ['desk7', 'A', 'A 172.16.0.50 60'],
  ['desk7.flisol.lan', 'A', 'A 172.16.0.50 60'],
  ['desk7.flisol.lan', 'MX', 'NODATA flisol.lan 60'],
  ['a.desk7.flisol.lan', 'A', 'NXDOMAIN flisol.lan 60'],
  ['desk8.flisol.lan', 'A', 'NXDOMAIN flisol.lan 60'],
  ['desk8.flisol.lan', 'TYPE65', 'NXDOMAIN flisol.lan 60'],
  ['desk8', 'A', 'NXDOMAIN . 60'],
  ['_ldap._tcp.flisol.lan', 'SRV', 'NXDOMAIN flisol.lan 60'],
];

const domain: readonly Row[] = [
  ['flisol.lan', 'A', 'A 172.16.0.1 300'],
  ['flisol.lan', 'SOA', 'SOA flisol.lan flink.flisol.lan nobody.invalid 60'],
  ['flisol.lan', 'NS', 'NS flink.flisol.lan 300'],
  ['flisol.lan', 'AAAA', 'NODATA flisol.lan 60'],
  ['flisol.lan', 'MX', 'NODATA flisol.lan 60'],
  ['flisol.lan', 'DS', 'NODATA flisol.lan 60'],
  ['flisol.lan', 'DNSKEY', 'NODATA flisol.lan 60'],
  // The domain above is there, since ours is below it: RFC 8020.
  ['lan', 'A', 'NODATA . 60'],
  ['lan', 'SOA', 'NODATA . 60'],
  ['xflisol.lan', 'A', 'upstream'],
  ['flisol.lan.example.com', 'A', 'upstream'],
];

const records: readonly Row[] = [
  ['intranet', 'A', 'A 172.16.0.5 300'],
  ['intranet.flisol.lan', 'A', 'A 172.16.0.5 300'],
  ['intranet', 'MX', 'NODATA intranet 60'],
  ['intranet', 'DS', 'upstream'],
  ['intranet.flisol.lan', 'TXT', 'NODATA flisol.lan 60'],
  ['mail', 'A', 'A 172.16.0.6 300'],
  ['mail.flisol.lan', 'A', 'A 172.16.0.6 300'],
  ['a.deep.flisol.lan', 'A', 'A 172.16.0.7 300'],
  ['deep.flisol.lan', 'A', 'NODATA flisol.lan 60'],
  ['deep.flisol.lan', 'TXT', 'NODATA flisol.lan 60'],
  ['b.deep.flisol.lan', 'A', 'NXDOMAIN flisol.lan 60'],
  ['deep', 'A', 'NXDOMAIN . 60'],
  ['a.deep', 'A', 'upstream'],
  ['wiki.example.com', 'A', 'A 172.16.0.8 300'],
  ['wiki.example.com', 'AAAA', 'NODATA wiki.example.com 60'],
  ['wiki.example.com', 'TYPE65', 'NODATA wiki.example.com 60'],
  ['example.com', 'A', 'upstream'],
  ['www.example.com', 'A', 'upstream'],
  ['a.wiki.example.com', 'A', 'upstream'],
  ['wiki', 'A', 'NXDOMAIN . 60'],
];

const claims: readonly Row[] = [
  ['wpad', 'A', 'NXDOMAIN . 60'],
  ['wpad.flisol.lan', 'A', 'NXDOMAIN flisol.lan 60'],
  ['isatap', 'A', 'NXDOMAIN . 60'],
  ['isatap.flisol.lan', 'A', 'NXDOMAIN flisol.lan 60'],
  ['localhost.flisol.lan', 'A', 'NXDOMAIN flisol.lan 60'],
  ['localhost', 'A', 'A 127.0.0.1 300'],
  // A machine may have these names; alone they mean something else.
  ['local', 'A', 'NXDOMAIN . 60'],
  ['local.flisol.lan', 'A', 'A 172.16.0.52 60'],
  ['com', 'A', 'A 172.16.0.51 60'],
  ['com', 'AAAA', 'NODATA com 60'],
  ['com', 'NS', 'upstream'],
  ['com', 'SOA', 'upstream'],
  ['com', 'DS', 'upstream'],
  ['com', 'DNSKEY', 'upstream'],
  ['com.flisol.lan', 'DS', 'NODATA flisol.lan 60'],
  ['example.com', 'NS', 'upstream'],
  ['53.0.16.172.in-addr.arpa', 'PTR', 'NXDOMAIN 16.172.in-addr.arpa 60'],
];

const reverse: readonly Row[] = [
  ['1.0.16.172.in-addr.arpa', 'PTR', 'PTR flink.flisol.lan 60'],
  ['10.0.16.172.in-addr.arpa', 'PTR', 'PTR fnode00.flisol.lan 60'],
  ['12.0.16.172.in-addr.arpa', 'PTR', 'PTR fnode02.flisol.lan 60'],
  ['50.0.16.172.in-addr.arpa', 'PTR', 'PTR desk7.flisol.lan 60'],
  ['5.0.16.172.in-addr.arpa', 'PTR', 'PTR intranet.flisol.lan 60'],
  ['6.0.16.172.in-addr.arpa', 'PTR', 'PTR mail.flisol.lan 60'],
  ['8.0.16.172.in-addr.arpa', 'PTR', 'PTR wiki.example.com 60'],
  ['50.0.16.172.in-addr.arpa', 'A', 'NODATA 16.172.in-addr.arpa 60'],
  ['99.0.16.172.in-addr.arpa', 'PTR', 'NXDOMAIN 16.172.in-addr.arpa 60'],
  ['x.50.0.16.172.in-addr.arpa', 'PTR', 'NXDOMAIN 16.172.in-addr.arpa 60'],
  ['050.0.16.172.in-addr.arpa', 'PTR', 'NXDOMAIN 16.172.in-addr.arpa 60'],
  ['256.0.16.172.in-addr.arpa', 'PTR', 'NXDOMAIN 16.172.in-addr.arpa 60'],
  ['lb._dns-sd._udp.0.0.16.172.in-addr.arpa', 'PTR', 'NXDOMAIN 16.172.in-addr.arpa 60'],
  ['0.16.172.in-addr.arpa', 'PTR', 'NODATA 16.172.in-addr.arpa 60'],
  ['16.172.in-addr.arpa', 'SOA', 'SOA 16.172.in-addr.arpa flink.flisol.lan nobody.invalid 60'],
  ['16.172.in-addr.arpa', 'NS', 'NS flink.flisol.lan 300'],
  ['16.172.in-addr.arpa', 'PTR', 'NODATA 16.172.in-addr.arpa 60'],
  // The parent's to say, and the parent says that nothing is signed.
  ['16.172.in-addr.arpa', 'DS', 'upstream'],
  ['172.in-addr.arpa', 'SOA', 'upstream'],
  // Records of the operator lead back wherever they point; what they are below is there, RFC 8020 §2.
  ['9.9.9.10.in-addr.arpa', 'PTR', 'PTR nas.flisol.lan 60'],
  ['9.9.10.in-addr.arpa', 'PTR', 'NODATA 10.in-addr.arpa 60'],
  ['9.9.9.10.in-addr.arpa', 'A', 'NODATA 10.in-addr.arpa 60'],
  ['x.9.9.9.10.in-addr.arpa', 'PTR', 'NXDOMAIN 10.in-addr.arpa 60'],
  ['8.9.9.10.in-addr.arpa', 'PTR', 'NXDOMAIN 10.in-addr.arpa 60'],
  ['1.1.1.1.in-addr.arpa', 'PTR', 'PTR far.flisol.lan 60'],
  ['1.1.1.1.in-addr.arpa', 'A', 'upstream'],
  ['8.8.8.8.in-addr.arpa', 'PTR', 'upstream'],
  ['in-addr.arpa', 'NS', 'upstream'],
];

for (const [title, rows] of Object.entries({ own, domain, records, claims, reverse })) {
  for (const [name, type, want] of rows) {
    test(`zone, ${title}: ${name} ${type}`, () => {
      assert.equal(shown(answerOf(question(name, type), hallOf(HALL))), want);
    });
  }
}

/** Networks whose prefix is no whole octet, RFC 6303's zones around them or not. */
const networks: readonly (readonly [networks: readonly string[], name: string, type: string, want: string])[] = [
  [['172.16.4.0/22'], '9.7.16.172.in-addr.arpa', 'PTR', 'NXDOMAIN 16.172.in-addr.arpa 60'],
  [['172.16.4.0/22'], '7.16.172.in-addr.arpa', 'PTR', 'NODATA 16.172.in-addr.arpa 60'],
  [['172.16.4.0/22'], '8.16.172.in-addr.arpa', 'PTR', 'NXDOMAIN 16.172.in-addr.arpa 60'],
  [['172.16.4.0/22'], '1.8.16.172.in-addr.arpa', 'PTR', 'NXDOMAIN 16.172.in-addr.arpa 60'],
  [['10.1.2.0/24'], '1.10.in-addr.arpa', 'PTR', 'NODATA 10.in-addr.arpa 60'],
  [['10.1.2.0/24'], '2.10.in-addr.arpa', 'PTR', 'NXDOMAIN 10.in-addr.arpa 60'],
  [['172.16.0.0/16', '10.1.2.0/24'], '9.2.1.10.in-addr.arpa', 'PTR', 'NXDOMAIN 10.in-addr.arpa 60'],
  [['5.4.3.16/28'], '17.3.4.5.in-addr.arpa', 'PTR', 'PTR gate.flisol.lan 60'],
  [['5.4.3.16/28'], '31.3.4.5.in-addr.arpa', 'PTR', 'NXDOMAIN 3.4.5.in-addr.arpa 60'],
  [['5.4.3.16/28'], '32.3.4.5.in-addr.arpa', 'PTR', 'upstream'],
  [['5.4.3.16/28'], '15.3.4.5.in-addr.arpa', 'PTR', 'upstream'],
  [['5.4.3.16/28'], '3.4.5.in-addr.arpa', 'SOA', 'upstream'],
  [['5.4.3.0/24'], '3.4.5.in-addr.arpa', 'SOA', 'SOA 3.4.5.in-addr.arpa flink.flisol.lan nobody.invalid 60'],
  [['5.4.3.0/24'], '3.4.5.in-addr.arpa', 'DS', 'upstream'],
  [['5.4.0.0/22'], '3.4.5.in-addr.arpa', 'SOA', 'NODATA 4.5.in-addr.arpa 60'],
  [['5.4.0.0/22'], '4.4.5.in-addr.arpa', 'SOA', 'upstream'],
];
for (const [own, name, type, want] of networks) {
  test(`zone, networks ${own.join(' ')}: ${name} ${type}`, () => {
    const names = hallOf({ networks: own, machines: [['gate', '5.4.3.17']] });
    assert.equal(shown(answerOf(question(name, type), names)), want);
  });
}

const domains: readonly (readonly [domain: string, name: string, type: string, want: string])[] = [
  ['hall', 'flink.hall', 'A', 'A 172.16.0.1 300'],
  ['hall', 'hall', 'A', 'A 172.16.0.1 300'],
  ['hall', 'hall', 'SOA', 'SOA hall flink.hall nobody.invalid 60'],
  ['hall.local', 'x.hall.local', 'A', 'NXDOMAIN hall.local 60'],
  ['hall.local', 'x.local', 'A', 'NXDOMAIN . 60'],
  ['hall.local', 'local', 'TXT', 'NODATA . 60'],
  ['hall.home.arpa', 'flink.hall.home.arpa', 'A', 'A 172.16.0.1 300'],
  ['hall.home.arpa', 'home.arpa', 'A', 'NODATA home.arpa 60'],
  ['hall.home.arpa', 'b.home.arpa', 'A', 'NXDOMAIN home.arpa 60'],
  ['a.b.internal', 'b.internal', 'A', 'NODATA internal 60'],
  ['a.b.internal', 'c.internal', 'A', 'upstream'],
  ['hall.example.org', 'example.org', 'A', 'upstream'],
  ['hall.example.org', 'org', 'A', 'NODATA . 60'],
];
for (const [domain, name, type, want] of domains) {
  test(`zone, domain ${domain}: ${name} ${type}`, () => {
    assert.equal(shown(answerOf(question(name, type), hallOf({ domain }))), want);
  });
}

test('zone: RFC 1035 §2.3.4: a machine whose name is too long with the domain has it alone, and its address none', () => {
  const [label, domain] = ['a'.repeat(62), [...'bcd'].map((letter) => letter.repeat(62)).join('.')];
  const fits = { domain, machines: [[label, '172.16.0.50'] as const] };
  assert.equal(`${label}.${domain}`.length, 251);
  assert.equal(shown(answerOf(question('50.0.16.172.in-addr.arpa', 'PTR'), hallOf(fits))), `PTR ${label}.${domain} 60`);
  const long = hallOf({ ...fits, domain: `${domain}.lan` });
  assert.equal(shown(answerOf(question('50.0.16.172.in-addr.arpa', 'PTR'), long)), 'NXDOMAIN 16.172.in-addr.arpa 60');
  assert.equal(shown(answerOf(question(label, 'A'), long)), 'A 172.16.0.50 60');
});

test('zone: a record for the domain itself goes before flink; its SOA and NS stay', () => {
  const names = hallOf({ records: { 'flisol.lan': '172.16.0.9', flink: '172.16.0.9', localhost: '172.16.0.9' } });
  assert.equal(shown(answerOf(question('flisol.lan', 'A'), names)), 'A 172.16.0.9 300');
  assert.equal(shown(answerOf(question('flisol.lan', 'NS'), names)), 'NS flink.flisol.lan 300');
  assert.equal(shown(answerOf(question('flink', 'A'), names)), 'A 172.16.0.1 300', 'flink is flink');
  assert.equal(shown(answerOf(question('localhost', 'A'), names)), 'A 127.0.0.1 300', 'RFC 6761 §6.3');
});

test('zone: a proxy for every browser is what the operator says, and nobody else', () => {
  const names = hallOf({ records: { wpad: '172.16.0.3', 'wpad.example.com': '172.16.0.4' } });
  for (const name of ['wpad', 'wpad.flisol.lan']) {
    assert.equal(shown(answerOf(question(name, 'A'), names)), 'A 172.16.0.3 300');
  }
  assert.equal(shown(answerOf(question('wpad.example.com', 'A'), names)), 'A 172.16.0.4 300');
  assert.equal(shown(answerOf(question('wpad.example.org', 'A'), names)), 'NXDOMAIN example.org 60');
});

const addressesOf = (facts: HallFacts, turn: number): readonly string[] => {
  const reply = answerHall(question('fnode', 'A'), hallOf(facts), { client: CLIENT.client, turn });
  return (decode(Buffer.from(reply?.bytes ?? [])).answers ?? []).flatMap((a) => (a.type === 'A' ? [a.data] : []));
};
const fourNodes = ['10', '11', '12', '13'].map((host) => [`fnode${host}`, `172.16.0.${host}`, true] as const);

test('zone: fnode turns: each live node is the first as often as the others, also to who asks every other time', () => {
  for (const step of [1, 2]) {
    const firsts = new Map<string | undefined, number>();
    for (let i = 0; i < 400; i++) {
      const found = addressesOf({ nodes: fourNodes }, i * step);
      assert.equal(new Set(found).size, 4);
      firsts.set(found[0], (firsts.get(found[0]) ?? 0) + 1);
    }
    for (const [address, count] of firsts) assert.ok(count >= 95 && count <= 105, `${address} ${count} times`);
    assert.equal(firsts.size, 4);
  }
});

test('zone: fnode has the client’s own node first, if that is live', () => {
  for (let turn = 0; turn < 8; turn++) {
    const [first, ...others] = addressesOf({ nodes: fourNodes, nodeOf: 'fnode12' }, turn);
    assert.equal(first, '172.16.0.12');
    assert.deepEqual([...others].sort(), ['172.16.0.10', '172.16.0.11', '172.16.0.13']);
  }
  const dead = fourNodes.map(([name, address]) => [name, address, name !== 'fnode12'] as const);
  assert.ok(!addressesOf({ nodes: dead, nodeOf: 'fnode12' }, 0).includes('172.16.0.12'));
  assert.equal(addressesOf({ nodes: fourNodes, nodeOf: 'fnode99' }, 0).length, 4, 'one that is gone');
});

test('zone: fnode has those that are known where none is live, each once, and no more than fit without EDNS', () => {
  const silent = fourNodes.map(([name, address]) => [name, address, false] as const);
  assert.equal(addressesOf({ nodes: silent }, 0).length, 4);
  const twice = [...fourNodes, ['other', '172.16.0.10', true] as const];
  assert.equal(addressesOf({ nodes: twice }, 0).length, 4);
  const many = Array.from({ length: 200 }, (_, i) => [`n${i}`, `172.16.1.${i}`, true] as const);
  assert.equal(addressesOf({ nodes: many }, 0).length, 16);
  const reply = answerHall(question('fnode.flisol.lan', 'A'), hallOf({ nodes: many }), CLIENT);
  assert.ok((reply?.bytes.length ?? 999) <= 512);
  assert.equal(shown(answerOf(question('fnode', 'A'), hallOf({}))), 'NODATA fnode 60', 'none at all');
});

test('zone: the answer is a packet of one question in the client’s letters, with authority, and what it says of itself holds', () => {
  const query = question('DeSk7.flisol.lan', 'A');
  const reply = answerOf(query, hallOf(HALL));
  assert.ok(reply);
  assert.equal(
    hex(reply.bytes),
    '000084800001000100000001' + // QR AA RA; one question, one answer, one OPT
      '054465536b37' +
      '06666c69736f6c036c616e0000010001' +
      'c00c000100010000003c0004ac100032' +
      '00002904d0000000000000',
  );
  assert.equal(reply.questionEnd, query.questionEnd);
  assert.deepEqual([reply.ttlsAt, reply.ttlsSec], [[query.questionEnd + 6], [60]]);
  assert.equal(reply.optAt, reply.bytes.length - 11);
});

test('zone: RFC 2308: who is told that there is nothing gets the SOA of a zone above, in as few octets as can be', () => {
  const query = question('nobody.flisol.lan', 'A');
  const reply = answerOf(query, hallOf(HALL));
  assert.ok(reply);
  const decoded = decode(Buffer.from(reply.bytes));
  assert.deepEqual(decoded.authorities?.[0], {
    ...{ name: 'flisol.lan', type: 'SOA', ttl: 60, class: 'IN', flush: false },
    data: {
      ...{ mname: 'flink.flisol.lan', rname: 'nobody.invalid', serial: 1 },
      ...{ refresh: 3600, retry: 1200, expire: 604_800, minimum: 60 },
    },
  });
  assert.deepEqual([decoded.flag_aa, decoded.flag_ra, decoded.flag_qr, decoded.flag_tc], [true, true, true, false]);
});

test('zone: what a client gets of it is its own id and letters, RD and CD, and an OPT only where it sent one', () => {
  const plain = queryOf(Buffer.from('12340110000100000000000005466c696e4b0000010001', 'hex'));
  const dnssec = queryOf(Buffer.from('56780000000100000000000105464c494e4b00000100010000291000000080000000', 'hex'));
  const told = [plain, dnssec].map((query) => {
    const reply = answerOf(query, hallOf(HALL));
    return reply && hex(fit(reply, query, { ageSec: 0 }, false));
  });
  assert.deepEqual(told, [
    '12348590000100010000000005466c696e4b0000010001c00c000100010000012c0004ac100001',
    '56788480000100010000000105464c494e4b0000010001c00c000100010000012c0004ac10000100002904d0000080000000',
  ]);
});

test('zone: what changes between two questions is seen at the second', () => {
  const machines: [string, string][] = [];
  const names = hallOf({ machines });
  const ask = () => shown(answerOf(question('late.flisol.lan', 'A'), names));
  assert.equal(ask(), 'NXDOMAIN flisol.lan 60');
  machines.push(['late', '172.16.0.77']);
  assert.equal(ask(), 'A 172.16.0.77 60');
});

/** A name on the wire of random labels, octets of any value in them, often with one of the hall's or of the special zones at its end. */
function randomQuestion(random: () => number): Buffer {
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
  const tail = pick(TAILS);
  const parts: number[] = [];
  for (let left = Math.floor(random() * 6); left > 0; left--) {
    const word = pick(WORDS);
    const odd = () => Math.floor(random() * 256);
    const label = random() < 0.5 ? [...Buffer.from(word)] : Array.from({ length: 1 + (odd() % 20) }, odd);
    if (parts.length + label.length + 1 + tail.length < 250) parts.push(label.length, ...label);
  }
  const type = random() < 0.7 ? pick([1, 2, 6, 12, 15, 16, 28, 43, 48, 64, 65]) : 256 + Math.floor(random() * 65_000);
  const head = [0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
  return Buffer.from([...head, ...parts, ...Buffer.from(tail, 'latin1'), Math.floor(type / 256), type % 256, 0, 1]);
}
const WORDS = [
  'flink',
  'fnode',
  'fnode00',
  'desk7',
  'wpad',
  'localhost',
  'deep',
  '172',
  '16',
  '0',
  '10',
  'lan',
  'flisol',
];
const TAILS = [
  '',
  'flisol.lan',
  'lan',
  'deep.flisol.lan',
  'localhost',
  '16.172.in-addr.arpa',
  'in-addr.arpa',
  'example.com',
]
  .concat(['ip6.arpa', 'onion', 'test', 'home.arpa', 'resolver.arpa', 'arpa'])
  .map(wireName);

test('zone: 50,000 random names and types: never an exception, always a whole packet, within the domain always an answer', () => {
  const random = seeded(5);
  const names = hallOf(HALL);
  let [inside, answered] = [0, 0];
  for (let i = 0; i < 50_000; i++) {
    const bytes = randomQuestion(random);
    const query = queryOf(bytes);
    const reply = answerOf(query, names, { client: ip('172.16.0.50'), turn: i });
    const isInside = isWithin(query.name, wireName('flisol.lan'));
    if (isInside) inside += 1;
    assert.ok(reply || !isInside, hex(bytes));
    if (!reply) continue;
    answered += 1;
    const decoded = decode(Buffer.from(reply.bytes));
    const records = [...(decoded.answers ?? []), ...(decoded.authorities ?? [])];
    assert.equal(records.length, reply.ttlsAt.length);
    assert.ok(records.length > 0 && decoded.additionals?.length === 1, hex(bytes));
    assert.equal(hex(reply.bytes.subarray(12, reply.questionEnd)), hex(bytes.subarray(12)));
  }
  assert.ok(inside > 3000 && answered > 15_000 && answered < 45_000, `${inside} inside, ${answered} answered`);
});
