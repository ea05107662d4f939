import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4, Mac } from '../../src/core/addr.ts';
import { dhcpPolicy, flinkNames } from '../../src/roles/policy.ts';
import { flinkConfig } from '../support/config.ts';
import { lan } from '../support/fakes.ts';

const SYSTEM = ['192.0.2.53' as Ipv4];
const policyOf = (yaml: string, address = '172.16.0.1', prefixBits = 16) => {
  const own = lan('enp3s0', address, prefixBits);
  return dhcpPolicy(flinkConfig(`lan: enp3s0\n${yaml}`, [own]), own, SYSTEM);
};
const TABLE = `
fnodes:
  - { name: fnode00, mac: 00:14:d1:2d:c8:8c, ip: 172.16.0.10 }
  - { name: fnode01, mac: 00:14:d1:2d:c9:5b, ip: 172.16.0.11 }
clients:
  - { mac: "52:54:00:*", fnode: fnode00, loader: generic.efi }
  - { mac: "52:54:00:aa:*", fnode: fnode01 }
  - { mac: 52:54:00:aa:00:01, ip: 172.16.0.50, hostname: desk7, fnode: fnode00 }
  - { mac: 52:54:00:aa:00:02, ip: 172.16.0.51 }
`;

const places = [
  { name: 'the row of one machine goes over patterns', mac: '52:54:00:aa:00:01', want: ['fnode00', 'client-row'] },
  { name: 'of patterns the most specific wins', mac: '52:54:00:aa:ff:ff', want: ['fnode01', 'client-row'] },
  {
    name: 'a row that says nothing about the node leaves the pattern in force',
    mac: '52:54:00:aa:00:02',
    want: ['fnode01', 'client-row'],
  },
  { name: 'the less specific one serves the rest', mac: '52:54:00:bb:00:01', want: ['fnode00', 'client-row'] },
];
for (const { name, mac, want } of places) {
  test(`dhcpPolicy: ${name}`, () => {
    const { node, rule } = policyOf(TABLE).place({ mac: mac as Mac, uuid: undefined });
    assert.deepEqual([node?.name, rule], want);
  });
}

test('dhcpPolicy: each key goes by the most specific row that has it', () => {
  assert.equal(policyOf(TABLE).place({ mac: '52:54:00:aa:00:01' as Mac, uuid: undefined }).loader, 'generic.efi');
});

test('dhcpPolicy: who is in no row is hashed over the nodes; without a table the node is this machine', () => {
  assert.equal(policyOf(TABLE).place({ mac: '3c:97:0e:11:22:33' as Mac, uuid: undefined }).rule, 'rendezvous');
  const alone = policyOf('').place({ mac: '3c:97:0e:11:22:33' as Mac, uuid: undefined });
  assert.deepEqual([alone.node?.address, alone.rule], ['172.16.0.1', 'only-node']);
});

test('dhcpPolicy: what is fixed is nobody else’s: flink, router, fnodes, clients, relays’ routers', () => {
  const policy = policyOf(
    `${TABLE}\ndhcp: { router: 172.16.0.2, relays: [ { subnet: 10.1.0.0/24, range: 10.1.0.50-10.1.0.60, router: 10.1.0.1 } ] }`,
  );
  const fixed = ['10.1.0.1', '172.16.0.1', '172.16.0.10', '172.16.0.11', '172.16.0.2', '172.16.0.50', '172.16.0.51'];
  assert.deepEqual([...policy.fixedAddresses].sort(), fixed);
});

test('dhcpPolicy: fnodes and clients of the table have their address and name', () => {
  const policy = policyOf(TABLE);
  assert.deepEqual(policy.reservationFor('00:14:d1:2d:c9:5b' as Mac), { address: '172.16.0.11', hostname: 'fnode01' });
  assert.deepEqual(policy.reservationFor('52:54:00:aa:00:01' as Mac), { address: '172.16.0.50', hostname: 'desk7' });
  assert.equal(policy.reservationFor('52:54:00:aa:ff:ff' as Mac), undefined, 'a pattern reserves nothing');
});

const ranges = [
  {
    name: 'a /16 from its 101st address on',
    address: '172.16.0.1',
    prefixBits: 16,
    want: ['172.16.0.101', '172.16.255.254'],
  },
  { name: 'a /24 likewise', address: '192.168.7.1', prefixBits: 24, want: ['192.168.7.101', '192.168.7.254'] },
  { name: 'a small one its upper half', address: '192.168.7.1', prefixBits: 28, want: ['192.168.7.8', '192.168.7.14'] },
  {
    name: 'the smallest its one address beside flink',
    address: '192.168.7.1',
    prefixBits: 30,
    want: ['192.168.7.2', '192.168.7.2'],
  },
  {
    name: 'the smallest the lower one too, where flink is the upper',
    address: '192.168.7.2',
    prefixBits: 30,
    want: ['192.168.7.1', '192.168.7.2'],
  },
];
for (const { name, address, prefixBits, want } of ranges) {
  test(`dhcpPolicy: the default pool: ${name}`, () => {
    const { first, last } = policyOf('', address, prefixBits).networks[0].range;
    assert.deepEqual([first, last], want);
  });
}

test('dhcpPolicy: a LAN without room for a pool is refused with its cure', () => {
  assert.throws(() => policyOf('', '10.9.9.5', 32), /10\.9\.9\.5\/32 has no room for a pool/);
});

const resolvers = [
  { name: 'flink', yaml: 'dns: { upstreams: [9.9.9.9] }', want: ['172.16.0.1'] },
  {
    name: 'where flink resolves on another port, configured ones, as far as clients can ask them',
    yaml: 'ports: { dns: 5353 }\ndns: { upstreams: [9.9.9.9, "tls://1.1.1.1", "[2620:fe::fe]:53", 149.112.112.112] }',
    want: ['9.9.9.9', '149.112.112.112'],
  },
  { name: 'else the system’s', yaml: 'ports: { dns: 5353 }', want: ['192.0.2.53'] },
];
for (const { name, yaml, want } of resolvers) {
  test(`dhcpPolicy: clients are told resolvers: ${name}`, () => assert.deepEqual(policyOf(yaml).dnsServers, want));
}

test('dhcpPolicy: UEFI HTTP Boot is told resolvers outside of the LAN alone', () => {
  const { httpBootDnsServers } = policyOf('dns: { upstreams: [172.16.0.53, 9.9.9.9] }');
  assert.deepEqual(httpBootDnsServers, ['9.9.9.9']);
});

test('dhcpPolicy: with no resolver known clients get flink’s own address, which refuses at once', () => {
  const own = lan('enp3s0', '172.16.0.1');
  const elsewhere = flinkConfig('lan: enp3s0\nports: { dns: 5353 }');
  assert.deepEqual(dhcpPolicy(elsewhere, own, []).dnsServers, ['172.16.0.1']);
});

test('dhcpPolicy: an operator’s options arrive as octets', () => {
  const { extraOptions } = policyOf('dhcp: { options: { 42: 172.16.0.9, interface-mtu: 1400 } }');
  assert.deepEqual(
    [...extraOptions].map(([code, value]) => [code, Buffer.from(value).toString('hex')]),
    [
      [42, 'ac100009'],
      [26, '0578'],
    ],
  );
});

test('dhcpPolicy: names of fnodes, rows and records are nobody else’s, with the domain or without it', () => {
  const { fixedNames } = policyOf(
    `${TABLE}\ndomain: hall.lan\ndns: { records: { Intranet: 172.16.0.5, mail.hall.lan: 172.16.0.6 } }`,
  );
  assert.deepEqual([...fixedNames].sort(), ['desk7', 'fnode00', 'fnode01', 'intranet', 'mail']);
});

test('flinkNames: its own, and what the machine is called, with its domain and without it', () => {
  assert.deepEqual(flinkNames('hall.lan', 'box.example.org'), ['flink', 'flink.hall.lan', 'box.example.org', 'box']);
  assert.deepEqual(flinkNames('hall.lan', 'flink'), ['flink', 'flink.hall.lan']);
});
