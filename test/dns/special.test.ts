import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wireName } from '../../src/dns/names.ts';
import { mayBeHost, type Reach, reachOf } from '../../src/dns/special.ts';
import { answerOf, hallOf, question, shown } from '../support/dnshall.ts';

const NUMBERS: Readonly<Record<string, number>> = {
  A: 1,
  NS: 2,
  SOA: 6,
  PTR: 12,
  TXT: 16,
  AAAA: 28,
  DS: 43,
  DNSKEY: 48,
};
const numberOf = (type: string): number => NUMBERS[type] ?? Number(type.replace('TYPE', ''));
const NIBBLES_0 = Array.from({ length: 32 }, () => '0').join('.');
const LOOPBACK_6 = `1.${NIBBLES_0.slice(2)}.ip6.arpa`;
const ula = (first: string) => `${NIBBLES_0.slice(0, -4)}.${first.split('').reverse().join('.')}.ip6.arpa`;

type Row = readonly [name: string, type: string, reach: Reach, want: string];

const cases: Readonly<Record<string, readonly Row[]>> = {
  'RFC 6761 §6.3': [
    ['localhost', 'A', 'never', 'A 127.0.0.1 300'],
    ['localhost', 'AAAA', 'never', 'AAAA ::1 300'],
    ['localhost', 'TXT', 'never', 'NODATA localhost 60'],
    ['localhost', 'NS', 'never', 'NODATA localhost 60'],
    ['a.b.localhost', 'A', 'never', 'A 127.0.0.1 300'],
    ['a.b.localhost', 'AAAA', 'never', 'AAAA ::1 300'],
    ['xlocalhost.example', 'A', 'anywhere', 'upstream'],
  ],
  'RFC 6761 §6.4': [
    ['invalid', 'NS', 'never', 'NXDOMAIN . 60'],
    ['www.invalid', 'A', 'never', 'NXDOMAIN . 60'],
    ['invalid.example', 'A', 'anywhere', 'upstream'],
  ],
  'RFC 7686 §2': [
    ['abc.onion', 'A', 'never', 'NXDOMAIN . 60'],
    ['abc.onion', 'TYPE65', 'never', 'NXDOMAIN . 60'],
    ['onion', 'DS', 'never', 'NXDOMAIN . 60'],
  ],
  'RFC 6762 §22.1': [['printer.local', 'A', 'never', 'NXDOMAIN . 60']],
  'RFC 9476': [['x.alt', 'A', 'never', 'NXDOMAIN . 60']],
  'RFC 8375 §4': [
    ['home.arpa', 'SOA', 'never', 'SOA home.arpa flink.flisol.lan nobody.invalid 60'],
    ['home.arpa', 'NS', 'never', 'NS flink.flisol.lan 300'],
    ['home.arpa', 'DS', 'anywhere', 'upstream'],
    ['x.home.arpa', 'DS', 'never', 'NXDOMAIN home.arpa 60'],
    ['nas.home.arpa', 'A', 'never', 'NXDOMAIN home.arpa 60'],
  ],
  'RFC 9462 §6.4': [
    ['_dns.resolver.arpa', 'TYPE64', 'never', 'NODATA resolver.arpa 60'],
    ['_dns.resolver.arpa', 'A', 'never', 'NODATA resolver.arpa 60'],
    ['resolver.arpa', 'A', 'never', 'NODATA resolver.arpa 60'],
  ],
  'RFC 9665': [['x.default.service.arpa', 'A', 'never', 'NXDOMAIN service.arpa 60']],
  'one label: no machine of ours, and nobody’s elsewhere': [
    ['printer', 'A', 'never', 'NXDOMAIN . 60'],
    ['printer', 'AAAA', 'never', 'NXDOMAIN . 60'],
    ['printer', 'TYPE64', 'never', 'NXDOMAIN . 60'],
    ['printer', 'TYPE65', 'never', 'NXDOMAIN . 60'],
    ['test', 'A', 'never', 'NXDOMAIN . 60'],
    ['example', 'A', 'never', 'NXDOMAIN . 60'],
  ],
  'top-level domains: what validators ask leaves': [
    ['com', 'NS', 'anywhere', 'upstream'],
    ['com', 'SOA', 'anywhere', 'upstream'],
    ['com', 'DS', 'anywhere', 'upstream'],
    ['com', 'DNSKEY', 'anywhere', 'upstream'],
    ['.', 'NS', 'anywhere', 'upstream'],
    ['.', 'DNSKEY', 'anywhere', 'upstream'],
    ['.', 'A', 'anywhere', 'upstream'],
    ['arpa', 'NS', 'anywhere', 'upstream'],
  ],
  'RFC 6761 §6.2, RFC 6762 appendix G: a resolver in private space may know': [
    ['a.test', 'A', 'private', 'upstream'],
    ['test', 'NS', 'private', 'upstream'],
    ['db.internal', 'A', 'private', 'upstream'],
    ['dc.corp', 'A', 'private', 'upstream'],
    ['box.home', 'A', 'private', 'upstream'],
    ['box.lan', 'A', 'private', 'upstream'],
    ['internal.example.com', 'A', 'anywhere', 'upstream'],
  ],
  'a proxy for every browser': [
    ['wpad', 'A', 'never', 'NXDOMAIN . 60'],
    ['wpad', 'TXT', 'never', 'NXDOMAIN . 60'],
    ['wpad.example.com', 'A', 'never', 'NXDOMAIN example.com 60'],
    ['wpad.corp', 'A', 'never', 'NXDOMAIN corp 60'],
    ['wpad.10.in-addr.arpa', 'A', 'never', 'NXDOMAIN 10.in-addr.arpa 60'],
    ['wpad.com', 'DS', 'anywhere', 'upstream'],
    ['wpad.com', 'NS', 'anywhere', 'upstream'],
    ['wpads.com', 'A', 'anywhere', 'upstream'],
    ['www.wpad.com', 'A', 'anywhere', 'upstream'],
    ['isatap.example.com', 'A', 'anywhere', 'upstream'],
  ],
  'asked upstream as others are': [
    ['ipv4only.arpa', 'AAAA', 'anywhere', 'upstream'],
    ['www.example', 'A', 'anywhere', 'upstream'],
    ['use-application-dns.net', 'A', 'anywhere', 'upstream'],
    ['e164.arpa', 'NS', 'anywhere', 'upstream'],
  ],
  'RFC 6303 §4.1, §4.2; RFC 7793': [
    ['1.0.0.10.in-addr.arpa', 'PTR', 'never', 'NXDOMAIN 10.in-addr.arpa 60'],
    ['10.in-addr.arpa', 'SOA', 'never', 'SOA 10.in-addr.arpa flink.flisol.lan nobody.invalid 60'],
    ['10.in-addr.arpa', 'PTR', 'never', 'NODATA 10.in-addr.arpa 60'],
    ['10.in-addr.arpa', 'DS', 'anywhere', 'upstream'],
    ['1.31.172.in-addr.arpa', 'PTR', 'never', 'NXDOMAIN 31.172.in-addr.arpa 60'],
    ['1.15.172.in-addr.arpa', 'PTR', 'anywhere', 'upstream'],
    ['1.32.172.in-addr.arpa', 'PTR', 'anywhere', 'upstream'],
    ['1.1.168.192.in-addr.arpa', 'PTR', 'never', 'NXDOMAIN 168.192.in-addr.arpa 60'],
    ['1.254.169.in-addr.arpa', 'PTR', 'never', 'NXDOMAIN 254.169.in-addr.arpa 60'],
    ['1.0.0.127.in-addr.arpa', 'PTR', 'never', 'PTR localhost 60'],
    ['1.0.0.127.in-addr.arpa', 'A', 'never', 'NODATA 127.in-addr.arpa 60'],
    ['2.0.0.127.in-addr.arpa', 'PTR', 'never', 'NXDOMAIN 127.in-addr.arpa 60'],
    ['0.0.0.0.in-addr.arpa', 'PTR', 'never', 'NXDOMAIN 0.in-addr.arpa 60'],
    ['255.255.255.255.in-addr.arpa', 'PTR', 'never', 'NODATA 255.255.255.255.in-addr.arpa 60'],
    ['254.255.255.255.in-addr.arpa', 'PTR', 'anywhere', 'upstream'],
    ['1.64.100.in-addr.arpa', 'PTR', 'never', 'NXDOMAIN 64.100.in-addr.arpa 60'],
    ['1.127.100.in-addr.arpa', 'PTR', 'never', 'NXDOMAIN 127.100.in-addr.arpa 60'],
    ['1.63.100.in-addr.arpa', 'PTR', 'anywhere', 'upstream'],
    ['1.128.100.in-addr.arpa', 'PTR', 'anywhere', 'upstream'],
    ['1.2.0.192.in-addr.arpa', 'PTR', 'never', 'NXDOMAIN 2.0.192.in-addr.arpa 60'],
    ['1.100.51.198.in-addr.arpa', 'PTR', 'never', 'NXDOMAIN 100.51.198.in-addr.arpa 60'],
    ['1.113.0.203.in-addr.arpa', 'PTR', 'never', 'NXDOMAIN 113.0.203.in-addr.arpa 60'],
  ],
  'RFC 6303 §4.3 to §4.6': [
    [`${NIBBLES_0}.ip6.arpa`, 'PTR', 'never', `NODATA ${NIBBLES_0}.ip6.arpa 60`],
    [LOOPBACK_6, 'PTR', 'never', 'PTR localhost 60'],
    [LOOPBACK_6, 'SOA', 'never', `SOA ${LOOPBACK_6} flink.flisol.lan nobody.invalid 60`],
    [`2.${NIBBLES_0.slice(2)}.ip6.arpa`, 'PTR', 'anywhere', 'upstream'],
    [ula('fd'), 'PTR', 'never', 'NXDOMAIN d.f.ip6.arpa 60'],
    [ula('fc'), 'PTR', 'never', 'NXDOMAIN c.f.ip6.arpa 60'],
    [ula('fe8'), 'PTR', 'never', 'NXDOMAIN 8.e.f.ip6.arpa 60'],
    [ula('feb'), 'PTR', 'never', 'NXDOMAIN b.e.f.ip6.arpa 60'],
    [ula('fec'), 'PTR', 'never', 'NXDOMAIN c.e.f.ip6.arpa 60'],
    [ula('fef'), 'PTR', 'never', 'NXDOMAIN f.e.f.ip6.arpa 60'],
    [ula('fe7'), 'PTR', 'anywhere', 'upstream'],
    [ula('20010db8'), 'PTR', 'never', 'NXDOMAIN 8.b.d.0.1.0.0.2.ip6.arpa 60'],
    ['8.b.d.0.1.0.0.2.ip6.arpa', 'NS', 'never', 'NS flink.flisol.lan 300'],
    [ula('20010db9'), 'PTR', 'anywhere', 'upstream'],
    ['f.ip6.arpa', 'NS', 'anywhere', 'upstream'],
  ],
};
for (const [title, rows] of Object.entries(cases)) {
  for (const [name, type, reach, want] of rows) {
    test(`special, ${title}: ${name.slice(-40)} ${type}`, () => {
      assert.equal(reachOf(wireName(name), numberOf(type)), reach);
      assert.equal(shown(answerOf(question(name, type), hallOf({}))), want);
    });
  }
}

test('special: labels that only end like a zone are others’: the zone begins where a label begins', () => {
  assert.equal(reachOf('\x0ax\x05local\x00yz\x03com\0', 1), 'anywhere');
  assert.equal(reachOf('\x06\x05onion\x02eu\0', 1), 'anywhere');
  assert.equal(reachOf('\x0a\x09localhost\x02eu\0', 1), 'anywhere');
});

test('special: what programs look up unasked is no machine’s name', () => {
  assert.deepEqual(['wpad', 'isatap', 'localhost', 'desk7', 'wpad2'].map(mayBeHost), [false, false, false, true, true]);
});
