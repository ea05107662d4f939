import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Ipv4, ipv4FromNumber, parseSubnet } from '../../src/core/addr.ts';
import { mayAsk, mayConnect, type Reach } from '../../src/proxy/destination.ts';

const reach: Reach = {
  inside: ['172.16.0.0/16', '10.1.0.0/24', '203.0.113.0/28'].flatMap((text) => parseSubnet(text) ?? []),
  own: ['127.0.0.1', '172.16.0.1', '198.51.100.2', '::1', '2001:db8::2', 'fe80::1%eth0'],
  allow: [
    { host: '127.0.0.1', port: 8000 },
    { host: 'mirror.flisol.lan', port: 80 },
    { host: 'mail.example', port: 25 },
    { host: '2001:db8::2', port: 8080 },
  ],
};

const ports: readonly (readonly [way: 'object' | 'tunnel', may: readonly number[], mayNot: readonly number[]])[] = [
  [
    'object',
    [80, 443, 488, 591, 777, 1024, 3128, 8080, 65_535],
    [1, 7, 19, 21, 22, 23, 25, 53, 81, 110, 139, 445, 563, 1023],
  ],
  ['tunnel', [443, 563], [1, 22, 25, 80, 444, 1024, 3128, 8443, 65_535]],
];
for (const [way, may, mayNot] of ports) {
  for (const port of may)
    test(`mayAsk: ${way} at port ${port}`, () => assert.ok(mayAsk('example.org', port, way, reach)));
  for (const port of mayNot)
    test(`mayAsk: no ${way} at port ${port}`, () => assert.ok(!mayAsk('example.org', port, way, reach)));
}
test('mayAsk: what the operator allows, at that port and by that name alone', () => {
  assert.ok(mayAsk('mail.example', 25, 'tunnel', reach) && mayAsk('mail.example', 25, 'object', reach));
  assert.ok(!mayAsk('mail.example', 26, 'tunnel', reach) && !mayAsk('www.mail.example', 25, 'tunnel', reach));
});

/** IPv4: both ends of what is refused, and their neighbours. */
const ipv4: Readonly<Record<'no' | 'yes', readonly string[]>> = {
  no: [
    ...['0.0.0.0', '0.255.255.255', '127.0.0.0', '127.0.0.1', '127.1.2.3', '127.255.255.255'],
    ...['169.254.0.0', '169.254.169.254', '169.254.255.255', '192.0.0.0', '192.0.0.255'],
    ...['224.0.0.0', '239.255.255.255', '240.0.0.0', '255.255.255.255'],
    // Ours, the LAN's, and those of the networks behind relays.
    ...['198.51.100.2', '172.16.0.1', '172.16.0.0', '172.16.255.255', '10.1.0.7', '203.0.113.15'],
  ],
  yes: [
    ...['1.0.0.0', '126.255.255.255', '128.0.0.0', '169.253.255.255', '169.255.0.0', '191.255.255.255', '192.0.1.0'],
    ...['223.255.255.255', '198.51.100.1', '198.51.100.3', '172.15.255.255', '172.17.0.0', '10.1.1.0', '203.0.113.16'],
  ],
};
/** What stands for an IPv4 address in IPv6, and what the packet's last network makes of it. */
const clothes = (address: string): readonly string[] => {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  const [high, low] = [(a * 256 + b).toString(16), (c * 256 + d).toString(16)];
  const [turnedHigh, turnedLow] = [(65_535 - a * 256 - b).toString(16), (65_535 - c * 256 - d).toString(16)];
  return [
    ...[`::ffff:${address}`, `::FFFF:${high}:${low}`, `0:0:0:0:0:ffff:${high}:${low}`, `0000::ffff:${address}`],
    ...[`64:ff9b::${address}`, `64:ff9b::${high}:${low}`, `2002:${high}:${low}::1`, `2002:${high}:${low}:1:2:3:4:5`],
    ...[`2001:0:${high}:${low}:0:ffff:f7f7:f7f7`, `2001::808:808:0:ffff:${turnedHigh}:${turnedLow}`],
  ];
};
for (const [want, addresses] of Object.entries(ipv4)) {
  for (const address of addresses) {
    test(`mayConnect: ${want} to ${address}, in whatever clothes`, () => {
      for (const text of [address, ...clothes(address)]) {
        assert.equal(mayConnect(text, 'example.org', 80, reach), want === 'yes', text);
      }
    });
  }
}

const others: readonly (readonly [rule: string, address: string, want: boolean])[] = [
  ['loopback, RFC 4291 §2.5.3', '::1', false],
  ['unspecified, §2.5.2', '::', false],
  ['compatible, §2.5.5.1', '::8.8.8.8', false],
  ['compatible and loopback', '::127.0.0.1', false],
  ['translated, RFC 2765 §2.1', '::ffff:0:8.8.8.8', false],
  ['of one link, §2.5.6', 'fe80::1', false],
  ['with its zone', 'fe80::2%eth0', false],
  ['the last of one link', 'febf:ffff::1', false],
  ['of one site, RFC 3879', 'fec0::1', false],
  ['unique local, RFC 4193', 'fd00::1', false],
  ['the first of them', 'fc00::', false],
  ['multicast, §2.7', 'ff02::1', false],
  ['a network’s own NAT64, RFC 8215', '64:ff9b:1::808:808', false],
  ['discarded, RFC 6666', '100::1', false],
  ['below what has been given out', '1fff::1', false],
  ['above it', '4000::1', false],
  ['ours', '2001:db8::2', false],
  ['ours in another spelling', '2001:0DB8:0:0::0002', false],
  ['a neighbour', '2001:db8::3', true],
  ['the first given out', '2000::1', true],
  ['the last', '3fff:ffff::1', true],
  ...[
    '',
    'localhost',
    '127.1',
    '0x7f.0.0.1',
    '2130706433',
    '017700000001',
    '127.0.0.1 ',
    '127.0.0.1:80',
    '[::1]',
    '1.2.3',
  ]
    .concat(['[2001:db8::3]', '2001:db8::3%eth0', '1.2.3.4.', '01.2.3.4', '１.2.3.4'])
    .map((text) => [`no address: ${JSON.stringify(text)}`, text, false] as const),
];
for (const [rule, address, want] of others) {
  test(`mayConnect: ${rule}`, () => assert.equal(mayConnect(address, 'example.org', 80, reach), want));
}

test('mayConnect: what the operator allows by name and port, wherever it leads', () => {
  assert.ok(mayConnect('127.0.0.1', '127.0.0.1', 8000, reach));
  assert.ok(mayConnect('172.16.0.9', 'mirror.flisol.lan', 80, reach));
  assert.ok(mayConnect('2001:db8::2', '2001:db8::2', 8080, reach));
  assert.ok(!mayConnect('127.0.0.1', '127.0.0.1', 8067, reach));
  assert.ok(!mayConnect('127.0.0.1', 'localhost', 8000, reach));
  assert.ok(!mayConnect('172.16.0.9', 'mirror.flisol.lan', 443, reach));
});

test('mayConnect: IPv4 in the clothes that kernels and translators take off is the same as without', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (value) => {
      const address: Ipv4 = ipv4FromNumber(value);
      const bare = mayConnect(address, 'a', 80, reach);
      for (const text of clothes(address)) assert.equal(mayConnect(text, 'a', 80, reach), bare, text);
    }),
  );
});

test('mayConnect: never throws', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => assert.equal(mayConnect(text, 'a', 80, reach), false)),
  );
});
