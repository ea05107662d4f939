import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4, Mac } from '../../src/core/addr.ts';
import { LeaseTable } from '../../src/dhcp/leases.ts';
import { OPTION, ofText } from '../../src/dhcp/options.ts';
import type { DhcpPacket } from '../../src/dhcp/packet.ts';
import { DESK7, decide, FLINK, hall, macNumber, message } from '../support/dhcp.ts';

type Said = readonly (readonly [number, Uint8Array])[];

const WIRE = 4;
const fqdn = (flags: number, ...octets: readonly (string | number)[]): readonly [number, Uint8Array] => [
  OPTION.clientFqdn,
  Buffer.concat([
    Uint8Array.of(flags, 0, 0),
    ...octets.map((o) => (typeof o === 'number' ? Uint8Array.of(o) : ofText(o))),
  ]),
];
const named = (name: string): readonly [number, Uint8Array] => [OPTION.hostName, ofText(name)];

/** One that asks for 12 and 81, too. */
function ask(leases: LeaseTable, mac: Mac, options: Said, nowMs = 0): { kept: string | undefined; reply: DhcpPacket } {
  const asked = [OPTION.parameterRequestList, Uint8Array.of(1, 12, 81)] as const;
  const offer = decide(message('discover', { mac, options: [...options, asked] }), hall(), leases, nowMs);
  assert.ok(offer.kind === 'offer');
  const taken = { mac, server: FLINK, requested: offer.lease.address, options: [...options, asked] };
  const ack = decide(message('request', taken), hall(), leases, nowMs);
  assert.ok(ack.kind === 'ack');
  leases.put(ack.lease);
  return { kept: ack.lease.hostname, reply: ack.reply.packet };
}
const keptOf = (options: Said, mac = macNumber(1)) => ask(new LeaseTable(), mac, options).kept;

const own: readonly { name: string; options: Said; want: string | undefined }[] = [
  { name: 'option 12', options: [named('Desk-9')], want: 'desk-9' },
  { name: 'option 12 without its domain', options: [named('desk9.example.org')], want: 'desk9' },
  {
    name: 'option 81 in wire format goes before 12',
    options: [fqdn(WIRE, 5, 'desk9', 3, 'lan', 0), named('other')],
    want: 'desk9',
  },
  { name: 'option 81 as text (RFC 4702 §2.3.1)', options: [fqdn(0, 'desk9.lan')], want: 'desk9' },
  {
    name: 'option 81 with one label that goes over its end: 12 counts',
    options: [fqdn(WIRE, 60, 'x'), named('desk9')],
    want: 'desk9',
  },
  { name: 'option 81 without a name', options: [fqdn(WIRE)], want: undefined },
  { name: 'option 81 of no octets', options: [[OPTION.clientFqdn, new Uint8Array(0)]], want: undefined },
  { name: 'option 12 of no octets', options: [named('')], want: undefined },
  ...[
    'wpad',
    'WPAD',
    'isatap',
    'localhost',
    'flink',
    'fnode',
    'fnode07',
    'mirror',
    'router',
    'gw',
    'wpad.flisol.lan',
  ].map((name) => ({
    name: `${name}: programs and menus trust it`,
    options: [named(name)],
    want: undefined,
  })),
  { name: 'the name of a row in the MAC table', options: [named('desk7')], want: undefined },
  { name: 'the name of an fnode, by option 81', options: [fqdn(WIRE, 7, 'fnode00', 0)], want: undefined },
  ...['x'.repeat(64), '*', '..', '<script>', 'a\u0000b', '-a', 'a-', 'a b', '\u00f1', '\u0024{net0}', 'a\nb'].map(
    (name) => ({
      name: `${JSON.stringify(name)}: no host name (RFC 1123 §2.1)`,
      options: [named(name)],
      want: undefined,
    }),
  ),
];
for (const { name, options, want } of own) test(`hostnameFor: ${name}`, () => assert.equal(keptOf(options), want));

test('hostnameFor: the row in the MAC table names a machine, whatever it calls itself', () => {
  assert.equal(keptOf([named('wpad')], DESK7), 'desk7');
});

test('hostnameFor: first come, first kept, until the lease has run out', () => {
  const leases = new LeaseTable();
  const said = [named('desk9')];
  const kept = (n: number, atMs: number) => ask(leases, macNumber(n), said, atMs).kept;
  assert.deepEqual([kept(1, 0), kept(2, 1), kept(1, 2)], ['desk9', undefined, 'desk9']);
  assert.equal(kept(2, 3_700_000), 'desk9', 'now it is free');
  assert.equal(kept(1, 3_700_001), undefined, 'and its former owner comes too late');
});

test('LeaseTable.named: a record of a former holder that is read later does not take the name back', () => {
  const leases = new LeaseTable();
  const lease = { clientId: undefined, isBoot: false, hostname: 'desk9', state: 'bound' } as const;
  leases.put({ ...lease, address: '172.16.0.101' as Ipv4, mac: macNumber(1), expiresAtMs: 5000 });
  leases.put({ ...lease, address: '172.16.0.102' as Ipv4, mac: macNumber(2), expiresAtMs: 100 });
  assert.equal(leases.named('desk9')?.mac, macNumber(1));
  leases.remove('172.16.0.101' as Ipv4);
  assert.equal(leases.named('desk9')?.mac, undefined);
});

const answers: readonly { name: string; options: Said; want: string | undefined }[] = [
  {
    name: 'in wire format, as asked; neither side updates: N, and O where the client wanted us to',
    options: [fqdn(WIRE + 1, 5, 'desk9', 0)],
    want: `0effff${Buffer.from('\x05desk9\x06flisol\x03lan\x00').toString('hex')}`,
  },
  {
    name: 'as text, as asked',
    options: [fqdn(0, 'desk9')],
    want: `08ffff${Buffer.from('desk9.flisol.lan').toString('hex')}`,
  },
  { name: 'not to who has sent none', options: [named('desk9')], want: undefined },
  { name: 'not with a name that it cannot have', options: [fqdn(WIRE, 4, 'wpad', 0)], want: undefined },
];
for (const { name, options, want } of answers) {
  test(`option 81 comes back ${name} (RFC 4702 §4)`, () => {
    const value = ask(new LeaseTable(), macNumber(1), options).reply.options.get(OPTION.clientFqdn);
    assert.equal(value && Buffer.from(value).toString('hex'), want);
  });
}

test('option 12 comes back when asked for, cleaned', () => {
  const { reply } = ask(new LeaseTable(), macNumber(1), [named('Desk-9.example.org')]);
  assert.equal(Buffer.from(reply.options.get(OPTION.hostName) ?? []).toString(), 'desk-9');
});
