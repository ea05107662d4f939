/** One record of each of 40 types, as they are on the wire: what a forwarder must hand on octet by octet. */
import { hexOf } from './golden.ts';
import { a, aaaa, type Data, dname, join, mx, nsec, rrsig, soa, svcb, target, txt, u16, u32, wire } from './packets.ts';

const octets = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

export const recordTypes: readonly (readonly [name: string, type: number, data: Data])[] = [
  ['A', 1, a('192.0.2.1')],
  ['NS', 2, target('ns.example.org')],
  ['CNAME', 5, target('other.example.org')],
  ['SOA', 6, soa({ mname: 'ns.example.org', rname: 'admin.example.org' })],
  ['NULL', 10, octets('00 ff c0 0c 00')],
  ['WKS', 11, join([a('192.0.2.1'), octets('06 00 40')])],
  ['PTR', 12, target('host.example.org')],
  ['HINFO', 13, txt('PC', 'Linux')],
  ['MINFO', 14, [{ compressed: 'r.example.org' }, { compressed: 'e.example.org' }]],
  ['MX', 15, mx(10, 'mail.example.org')],
  ['TXT', 16, txt('v=spf1', '\xff\x00"', '')],
  ['RP', 17, join([wire('admin.example.org'), wire('txt.example.org')])],
  ['AFSDB', 18, join([u16(1), wire('afs.example.org')])],
  ['AAAA', 28, aaaa('2001:db8::1')],
  ['LOC', 29, octets('00 12 16 13 89 17 2d d0 70 be 15 f0 00 98 8d 20')],
  ['SRV', 33, join([u16(1), u16(2), u16(443), wire('srv.example.org')])],
  ['NAPTR', 35, join([u16(100), u16(10), txt('S', 'SIP+D2U', ''), wire('_sip._udp.example.org')])],
  ['KX', 36, join([u16(10), wire('kx.example.org')])],
  ['CERT', 37, octets('0001 0000 00 c00c c00c')],
  ['DNAME', 39, dname('example.net')],
  ['APL', 42, octets('0001 18 03 c0 00 02')],
  ['DS', 43, join([octets('3039 0d 02'), new Uint8Array(32).fill(0xc0)])],
  ['SSHFP', 44, join([octets('04 02'), new Uint8Array(32).fill(0xc1)])],
  ['IPSECKEY', 45, octets('0a 01 02 c0000226 0103 51')],
  ['RRSIG', 46, rrsig(1, 'Example.ORG')],
  ['NSEC', 47, nsec('b.example.org')],
  ['DNSKEY', 48, join([octets('0101 03 0d'), new Uint8Array(64).fill(0xc0)])],
  ['DHCID', 49, octets('000201 636fc0b8271c82825bb1ac5c41cf5351aa69b4febd94e8f17cdb95000da48c40')],
  ['NSEC3', 50, octets('01 01 000c 04 aabbccdd 04 01020304 0006 4000 0000 0002')],
  ['NSEC3PARAM', 51, octets('01 00 000c 04 aabbccdd')],
  ['TLSA', 52, join([octets('03 01 01'), new Uint8Array(32).fill(0xc0)])],
  ['SMIMEA', 53, join([octets('03 00 01'), new Uint8Array(32).fill(0x3f)])],
  ['CDS', 59, octets('0000 00 00 00')],
  ['OPENPGPKEY', 61, new Uint8Array(300).fill(0xc0)],
  ['CSYNC', 62, octets('00000042 0003 0004 60000008')],
  ['ZONEMD', 63, join([u32(2018031500), octets('01 01'), new Uint8Array(48).fill(7)])],
  ['SVCB', 64, svcb(1, 'svc.example.org', [[1, octets('02 68 32')]])],
  [
    'HTTPS',
    65,
    svcb(0, '', [
      [4, a('192.0.2.1')],
      [6, aaaa('2001:db8::1')],
      [65_280, octets('c00c')],
    ]),
  ],
  ['URI', 256, join([u16(10), u16(1), Buffer.from('https://example.org/')])],
  ['CAA', 257, join([octets('00 05'), Buffer.from('issueca.example.org')])],
  ['TYPE65280', 65_280, octets('c00c 3f c0 00 ffff')],
  ['TYPE65534, without data', 65_534, new Uint8Array(0)],
];

export const dataOf = (bytes: Uint8Array, place: { readonly dataAt: number; readonly end: number }): string =>
  hexOf(bytes.subarray(place.dataAt, place.end));
