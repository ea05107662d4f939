import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import { readMessage } from '../../src/dns/message.ts';
import { addressesOf, type Finding, type IsInside } from '../../src/dns/rebind.ts';
import { a, aaaa, type Data, join, mx, packet, rr, svcb, type Type, txt } from './packets.ts';

function find(type: Type, data: Data, isInside?: IsInside): Finding {
  const bytes = packet({ question: ['www.example', type], answers: [rr('www.example', type, 300, data)], opt: {} });
  const record = readMessage(bytes)?.records[0];
  assert.ok(record);
  return addressesOf(bytes, record, isInside);
}

/** Ends of each range, and their neighbours outside. Sources: the table in rebind.ts. */
const ipv4: Readonly<Record<'private' | 'none', readonly string[]>> = {
  private: [
    ...['0.0.0.0', '0.255.255.255', '10.0.0.0', '10.255.255.255', '100.64.0.0', '100.127.255.255'],
    ...['127.0.0.1', '127.255.255.255', '169.254.0.0', '169.254.169.254', '169.254.255.255'],
    ...['172.16.0.0', '172.31.255.255', '192.0.0.0', '192.0.0.169', '192.0.0.172', '192.0.0.255'],
    ...['192.168.0.0', '192.168.255.255', '198.18.0.0', '198.19.255.255'],
    ...['224.0.0.0', '239.255.255.255', '240.0.0.0', '255.255.255.254', '255.255.255.255'],
  ],
  none: [
    ...['1.0.0.0', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255', '128.0.0.0'],
    ...['169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0', '191.255.255.255', '192.0.1.0'],
    ...['192.167.255.255', '192.169.0.0', '198.17.255.255', '198.20.0.0', '223.255.255.255'],
    // RFC 5737's examples, which are nobody's; RFC 7050's, by which systems find out about NAT64.
    ...['192.0.2.1', '198.51.100.1', '203.0.113.1', '192.0.0.170', '192.0.0.171'],
  ],
};
for (const want of ['private', 'none'] as const) {
  for (const address of ipv4[want]) {
    test(`rebind: ${address} is ${want}`, () => assert.equal(find('A', a(address)), want));
    test(`rebind: ${address} is ${want} as IPv6, too`, () => {
      const [first = 0, second = 0, third = 0, fourth = 0] = a(address);
      const high = (first * 256 + second).toString(16);
      const low = (third * 256 + fourth).toString(16);
      for (const text of [`::ffff:${address}`, `64:ff9b::${address}`, `2002:${high}:${low}::1`]) {
        assert.equal(find('AAAA', aaaa(text)), want, text);
      }
    });
    test(`rebind: ${address} is ${want} as a hint, RFC 9460 §7.3`, () => {
      const hints = join([a('198.51.100.1'), a(address)]);
      assert.equal(find('HTTPS', svcb(1, '', [[4, hints]])), want);
      assert.equal(find('SVCB', svcb(1, 'x.example', [[6, aaaa(`::ffff:${address}`)]])), want);
    });
  }
}

const ipv6: readonly (readonly [string, Finding])[] = [
  ['::', 'private'],
  ['::1', 'private'],
  ['::7f00:1', 'private'],
  ['fbff::1', 'none'],
  ['fc00::1', 'private'],
  ['fdff::1', 'private'],
  ['fe00::1', 'none'],
  ['fe7f::1', 'none'],
  ['fe80::1', 'private'],
  ['febf::1', 'private'],
  ['fec0::1', 'private'],
  ['feff::1', 'private'],
  ['ff02::1', 'private'],
  ['2001:db8::1', 'none'],
  ['2606:4700::a00:1', 'none'],
  ['64:ff9b:1::a00:1', 'none'],
  ['::1:0:0:7f00:1', 'none'],
];
for (const [address, want] of ipv6) {
  test(`rebind: ${address} is ${want}`, () => assert.equal(find('AAAA', aaaa(address)), want));
}

test('rebind: every hint is looked at, whatever stands before it', () => {
  const before = [[1, Uint8Array.of(2, 0x68, 0x32)] as const, [4, a('198.51.100.1')] as const];
  assert.equal(find('HTTPS', svcb(1, 'long.name.example', [...before, [6, aaaa('::1')]])), 'private');
  assert.equal(find('HTTPS', svcb(1, '', [...before, [6, aaaa('2001:db8::1')]])), 'none');
  assert.equal(find('HTTPS', svcb(0, 'x.example')), 'none');
});

const broken: readonly (readonly [string, Type, Data])[] = [
  ['an A of three octets', 'A', Uint8Array.of(127, 0, 0)],
  ['an A of five octets', 'A', Uint8Array.of(8, 8, 8, 8, 127)],
  ['an A of none', 'A', new Uint8Array(0)],
  ['an AAAA of four octets', 'AAAA', a('127.0.0.1')],
  ['a hint of five octets, RFC 9460 §7.3', 'HTTPS', svcb(1, '', [[4, Uint8Array.of(8, 8, 8, 8, 127)]])],
  ['a parameter that goes on beyond the data', 'HTTPS', join([svcb(1, ''), Uint8Array.of(0, 4, 0, 8, 8, 8, 8, 8)])],
  ['half a parameter', 'HTTPS', join([svcb(1, ''), Uint8Array.of(0, 4, 0)])],
  ['a target that goes on beyond the data', 'SVCB', Uint8Array.of(0, 1, 5, 0x78)],
  ['a target that ends in the next record', 'SVCB', Uint8Array.of(0, 1, 2, 0x78)],
  ['nothing at all', 'SVCB', new Uint8Array(0)],
];
for (const [name, type, data] of broken) test(`rebind: ${name}`, () => assert.equal(find(type, data), 'broken'));

test('rebind: of other types, nothing is known', () => {
  assert.equal(find('TXT', txt('127.0.0.1')), 'none');
  assert.equal(find('MX', mx(10, 'localhost')), 'none');
  assert.equal(find(65_280, a('127.0.0.1')), 'none');
});

test("rebind: the hall's own addresses where they are public ones", () => {
  const isInside = (address: Ipv4) => address.startsWith('203.0.113.');
  assert.equal(find('A', a('203.0.113.7'), isInside), 'private');
  assert.equal(find('AAAA', aaaa('::ffff:203.0.113.7'), isInside), 'private');
  assert.equal(find('HTTPS', svcb(1, '', [[4, a('203.0.113.7')]]), isInside), 'private');
  assert.equal(find('A', a('198.51.100.7'), isInside), 'none');
});
