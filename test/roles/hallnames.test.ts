import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4, Mac } from '../../src/core/addr.ts';
import type { MachineKey } from '../../src/core/swarm.ts';
import { type Lease, LeaseTable } from '../../src/dhcp/leases.ts';
import { hallNames } from '../../src/roles/hallnames.ts';
import type { NodeReport } from '../../src/swarm/registry.ts';
import { flinkConfig } from '../support/config.ts';
import { answerOf, ip, question, shown } from '../support/dnshall.ts';
import { FakeClock, lan } from '../support/fakes.ts';

const HALL = `
lan: enp3s0
domain: hall.lan
dhcp: { relays: [ { subnet: 10.1.0.0/24, range: 10.1.0.50-10.1.0.60, router: 10.1.0.1 } ] }
fnodes:
  - { name: fnode00, mac: 00:14:d1:2d:c8:8c, ip: 172.16.0.10 }
  - { name: kiosk, ip: 172.16.0.11 }
clients:
  - { mac: "52:54:00:*", fnode: kiosk }
  - { mac: 52:54:00:aa:00:01, ip: 172.16.0.50, hostname: desk7, fnode: fnode00 }
  - { mac: 52:54:00:aa:00:02, hostname: desk8 }
  - { mac: 52:54:00:aa:00:03, hostname: gw }
  - { mac: 52:54:00:aa:00:04, ip: 172.16.0.54 }
dns: { records: { intranet: 172.16.0.5, mail.hall.lan: 172.16.0.6, wiki.example.com: 172.16.0.7 } }
`;
const LEASE_MS = 3_600_000;
const STRANGER = '3c:97:0e:11:22:33';

const nodeAt = (name: string, address: string, state: NodeReport['state'] = 'live'): NodeReport => ({
  ...{ name, address: ip(address), httpPort: 80, state, weight: 1, machines: 0, images: [] },
});
const ROWS = [nodeAt('fnode00', '172.16.0.10'), nodeAt('kiosk', '172.16.0.11', 'gone')];

type Given = Omit<Partial<Lease>, 'address'> & { readonly address: string };

/** The hall with one machine that has a lease for an hour, or several. */
function hall(leases: readonly Given[] = [], nodes = ROWS, yaml = HALL, isMirrorServed = () => false) {
  const clock = new FakeClock({ nowMs: 1000 });
  const table = new LeaseTable();
  const give = (lease: Given): void =>
    table.put({
      ...{ mac: STRANGER as Mac, clientId: undefined, isBoot: false, hostname: undefined, state: 'bound' },
      ...{ expiresAtMs: clock.now() + LEASE_MS },
      ...lease,
      address: ip(lease.address),
    });
  for (const lease of leases) give(lease);
  const swarm = {
    nodes,
    reports: 0,
    sent: new Map<string, string>(),
    report: () => {
      swarm.reports += 1;
      return swarm.nodes;
    },
    nodeOf: ({ mac }: MachineKey) => swarm.sent.get(mac),
  };
  const own = lan('enp3s0', '172.16.0.1');
  const parts = { lan: own, swarm, leases: () => table, clock, isMirrorServed };
  const names = hallNames(flinkConfig(yaml, [own]), parts);
  const ask = (name: string, type = 'A'): string => shown(answerOf(question(name, type), names)).replace(/ \d+$/, '');
  return { names, clock, swarm, give, ask };
}

const reverseOf = (address: string): string => `${address.split('.').reverse().join('.')}.in-addr.arpa`;

test('hallNames: the LAN and the relays’ subnets are the networks, and flink is the LAN’s address', () => {
  const { names, ask } = hall();
  assert.deepEqual(names.networks, [
    { network: '172.16.0.0', prefixBits: 16 },
    { network: '10.1.0.0', prefixBits: 24 },
  ]);
  assert.equal(ask('flink.hall.lan'), 'A 172.16.0.1');
  assert.equal(ask('9.0.1.10.in-addr.arpa', 'PTR'), 'NXDOMAIN 10.in-addr.arpa');
});

test('hallNames: a machine has its name, both ways, while its lease runs, and not a moment longer', () => {
  const { clock, ask } = hall([{ address: '172.16.1.1', hostname: 'laptop' }]);
  assert.equal(ask('laptop.hall.lan'), 'A 172.16.1.1');
  assert.equal(ask('laptop'), 'A 172.16.1.1');
  assert.equal(ask(reverseOf('172.16.1.1'), 'PTR'), 'PTR laptop.hall.lan');
  clock.advance(LEASE_MS);
  assert.equal(ask('laptop.hall.lan'), 'NXDOMAIN hall.lan');
  assert.equal(ask(reverseOf('172.16.1.1'), 'PTR'), 'NXDOMAIN 16.172.in-addr.arpa');
});

for (const state of ['offered', 'declined', 'released'] as const) {
  test(`hallNames: what was ${state} names nobody`, () => {
    const { ask } = hall([{ address: '172.16.1.1', hostname: 'laptop', state }]);
    assert.equal(ask('laptop.hall.lan'), 'NXDOMAIN hall.lan');
    assert.equal(ask(reverseOf('172.16.1.1'), 'PTR'), 'NXDOMAIN 16.172.in-addr.arpa');
  });
}

/** Names that a laptop sends, or that a lease of another configuration still has on disk. */
const hostile = [
  { hostname: 'flink', want: 'A 172.16.0.1' },
  { hostname: 'fnode', want: 'A 172.16.0.10' },
  { hostname: 'fnode00', want: 'A 172.16.0.10' },
  { hostname: 'fnode77', want: 'NXDOMAIN hall.lan' },
  { hostname: 'kiosk', want: 'A 172.16.0.11' },
  { hostname: 'intranet', want: 'A 172.16.0.5' },
  { hostname: 'mail', want: 'A 172.16.0.6' },
  { hostname: 'desk7', want: 'A 172.16.0.50' },
  { hostname: 'desk8', want: 'NXDOMAIN hall.lan' },
  { hostname: 'gw', want: 'NXDOMAIN hall.lan' },
  { hostname: 'router', want: 'NXDOMAIN hall.lan' },
  { hostname: 'wpad', want: 'NXDOMAIN hall.lan' },
  { hostname: 'isatap', want: 'NXDOMAIN hall.lan' },
  { hostname: 'localhost', want: 'NXDOMAIN hall.lan' },
  { hostname: 'mirror', want: 'NXDOMAIN hall.lan' },
  { hostname: 'ns1', want: 'NXDOMAIN hall.lan' },
  { hostname: 'proxy', want: 'NXDOMAIN hall.lan' },
  { hostname: 'a.b', want: 'NXDOMAIN hall.lan' },
  { hostname: '*', want: 'NXDOMAIN hall.lan' },
  { hostname: '-x', want: 'NXDOMAIN hall.lan' },
  { hostname: 'under_score', want: 'NXDOMAIN hall.lan' },
];
for (const { hostname, want } of hostile) {
  test(`hallNames: a lease that says "${hostname}" overrides nothing, and no address has that name`, () => {
    const { ask } = hall([{ address: '172.16.1.1', hostname }]);
    assert.equal(ask(`${hostname}.hall.lan`), want);
    assert.equal(ask(reverseOf('172.16.1.1'), 'PTR'), 'NXDOMAIN 16.172.in-addr.arpa');
  });
}

test('hallNames: first come, first kept: whoever has the name in the table has it, the other’s address has none', () => {
  const { give, ask } = hall([{ address: '172.16.1.1', hostname: 'laptop' }]);
  give({ address: '172.16.1.2', hostname: 'laptop', mac: '3c:97:0e:00:00:02' as Mac, expiresAtMs: 10_000 });
  assert.equal(ask('laptop.hall.lan'), 'A 172.16.1.1');
  assert.equal(ask(reverseOf('172.16.1.2'), 'PTR'), 'NXDOMAIN 16.172.in-addr.arpa');
});

test('hallNames: a row with an address has its name without a lease, both ways, and whoever sits on the address', () => {
  const { ask } = hall([{ address: '172.16.0.50', hostname: 'evil' }]);
  assert.equal(ask('desk7.hall.lan'), 'A 172.16.0.50');
  assert.equal(ask(reverseOf('172.16.0.50'), 'PTR'), 'PTR desk7.hall.lan');
});

test('hallNames: a row without an address has the name where its own machine has a lease', () => {
  const stranger = { address: '172.16.1.1', hostname: 'desk8', expiresAtMs: 10 * LEASE_MS };
  const { give, ask } = hall([stranger, { address: '172.16.1.3', hostname: 'gw', mac: '52:54:00:aa:00:03' as Mac }]);
  assert.equal(ask('desk8.hall.lan'), 'NXDOMAIN hall.lan', 'a stranger had it before the row was written');
  give({ address: '172.16.1.2', hostname: 'desk8', mac: '52:54:00:aa:00:02' as Mac });
  assert.equal(ask('desk8.hall.lan'), 'A 172.16.1.2');
  assert.equal(ask(reverseOf('172.16.1.2'), 'PTR'), 'PTR desk8.hall.lan');
  assert.equal(ask(reverseOf('172.16.1.1'), 'PTR'), 'NXDOMAIN 16.172.in-addr.arpa');
  assert.equal(ask('gw.hall.lan'), 'A 172.16.1.3', 'the operator may call a machine so');
});

test('hallNames: a row with an address and no name leaves its machine the name that it gives itself', () => {
  const { ask } = hall([{ address: '172.16.0.54', hostname: 'scanner', mac: '52:54:00:aa:00:04' as Mac }]);
  assert.equal(ask('scanner.hall.lan'), 'A 172.16.0.54');
  assert.equal(ask(reverseOf('172.16.0.54'), 'PTR'), 'PTR scanner.hall.lan');
});

test('hallNames: mirror is flink while repositories are served, whatever a machine or a node calls itself', () => {
  let isServed = false;
  const nodes = [...ROWS, nodeAt('mirror', '172.16.0.30')];
  const { ask } = hall([{ address: '172.16.1.1', hostname: 'mirror' }], nodes, HALL, () => isServed);
  const answers = () => ['mirror', 'mirror.hall.lan', 'MIRROR.hall.lan', 'x.mirror.hall.lan'].map((name) => ask(name));
  assert.deepEqual(answers(), ['NXDOMAIN .', 'NXDOMAIN hall.lan', 'NXDOMAIN hall.lan', 'NXDOMAIN hall.lan']);
  isServed = true;
  assert.deepEqual(answers(), ['A 172.16.0.1', 'A 172.16.0.1', 'A 172.16.0.1', 'NXDOMAIN hall.lan']);
  assert.equal(ask('mirror.hall.lan', 'AAAA'), 'NODATA hall.lan');
  assert.equal(ask(reverseOf('172.16.0.1'), 'PTR'), 'PTR flink.hall.lan');
  assert.equal(ask('mirror.example.com'), 'upstream');
});

for (const [what, row] of [
  ['record', 'dns: { records: { mirror: 172.16.0.9 } }'],
  ['machine', 'clients: [ { mac: 52:54:00:aa:00:09, ip: 172.16.0.9, hostname: mirror } ]'],
] as const) {
  test(`hallNames: the operator’s own ${what} may be called mirror, and goes before flink’s`, () => {
    const { ask } = hall([], ROWS, `lan: enp3s0\ndomain: hall.lan\n${row}`, () => true);
    assert.equal(ask('mirror.hall.lan'), 'A 172.16.0.9');
    assert.equal(ask('mirror'), 'A 172.16.0.9');
  });
}

test('hallNames: nodes have their names, live or not; fnode is those that are live, or else all', () => {
  const { swarm, clock, ask } = hall();
  assert.equal(ask('kiosk.hall.lan'), 'A 172.16.0.11');
  assert.equal(ask(reverseOf('172.16.0.11'), 'PTR'), 'PTR kiosk.hall.lan');
  assert.equal(ask('fnode'), 'A 172.16.0.10');
  swarm.nodes = [nodeAt('fnode00', '172.16.0.10', 'gone'), nodeAt('kiosk', '172.16.0.11', 'unheard')];
  clock.advance(250);
  assert.equal(ask('fnode'), 'A 172.16.0.10 10, A 172.16.0.11');
});

test('hallNames: a hall without a table of nodes has one expected at flink; its name is that of all', () => {
  const { ask } = hall([], [nodeAt('fnode', '172.16.0.1', 'unheard')], 'lan: enp3s0\ndomain: hall.lan');
  assert.equal(ask('fnode.hall.lan'), 'A 172.16.0.1');
  assert.equal(ask(reverseOf('172.16.0.1'), 'PTR'), 'PTR flink.hall.lan');
});

const claimed = [
  { name: 'wpad', want: 'NXDOMAIN hall.lan' },
  { name: 'router', want: 'NXDOMAIN hall.lan' },
  { name: 'flink', want: 'A 172.16.0.1' },
  { name: 'desk7', want: 'A 172.16.0.50' },
  { name: 'desk8', want: 'NXDOMAIN hall.lan' },
  { name: 'intranet', want: 'A 172.16.0.5' },
  { name: 'fnode03', want: 'A 172.16.0.30' },
  { name: 'shelf', want: 'A 172.16.0.30' },
];
for (const { name, want } of claimed) {
  test(`hallNames: a node that announces itself as "${name}": ${want}`, () => {
    const { ask } = hall([], [...ROWS, nodeAt(name, '172.16.0.30')]);
    assert.equal(ask(`${name}.hall.lan`), want);
    const isCalled = want === 'A 172.16.0.30';
    const there = ask(reverseOf('172.16.0.30'), 'PTR');
    assert.equal(there, isCalled ? `PTR ${name}.hall.lan` : 'NXDOMAIN 16.172.in-addr.arpa');
  });
}

test('hallNames: a node that comes takes its name from the machine that had it', () => {
  const { swarm, clock, ask } = hall([{ address: '172.16.1.1', hostname: 'shelf' }]);
  assert.equal(ask('shelf.hall.lan'), 'A 172.16.1.1');
  swarm.nodes = [...ROWS, nodeAt('shelf', '172.16.0.30')];
  clock.advance(250);
  assert.equal(ask('shelf.hall.lan'), 'A 172.16.0.30');
  assert.equal(ask(reverseOf('172.16.1.1'), 'PTR'), 'NXDOMAIN 16.172.in-addr.arpa');
});

test('hallNames: the swarm is asked four times a second at most, and an unchanged list stays the same array', () => {
  const { names, swarm, clock } = hall();
  const first = names.nodes();
  for (let i = 0; i < 100; i++) assert.equal(names.nodes(), first);
  assert.equal(swarm.reports, 1);
  swarm.nodes = ROWS.map((node) => ({ ...node, machines: 5 }));
  clock.advance(250);
  assert.equal(names.nodes(), first);
  assert.equal(swarm.reports, 2);
  swarm.nodes = ROWS.map((node) => ({ ...node, state: 'live' }));
  clock.advance(250);
  assert.notEqual(names.nodes(), first);
});

test('hallNames: a client’s own node is where it was sent, else what its row says', () => {
  const { names, swarm } = hall([
    { address: '172.16.1.1' },
    { address: '172.16.1.2', mac: '52:54:00:bb:00:01' as Mac },
  ]);
  swarm.sent.set(STRANGER, 'fnode00');
  const nodeOf = (address: string) => names.nodeOf(address as Ipv4);
  assert.deepEqual(['172.16.1.1', '172.16.1.2', '172.16.0.50', '172.16.1.9'].map(nodeOf), [
    'fnode00',
    'kiosk',
    'fnode00',
    undefined,
  ]);
});

test('hallNames: without leases of its own flink still knows what the operator wrote', () => {
  const own = lan('enp3s0', '172.16.0.1');
  const swarm = { report: () => ROWS, nodeOf: () => undefined };
  const config = flinkConfig(HALL, [own]);
  const names = hallNames(config, { lan: own, swarm, leases: () => undefined, clock: new FakeClock() });
  assert.equal(names.addressOf('desk7'), '172.16.0.50');
  assert.equal(names.addressOf('desk8'), undefined);
  assert.equal(names.hostnameOf('172.16.0.50' as Ipv4), 'desk7');
  assert.equal(names.hostnameOf('172.16.1.1' as Ipv4), undefined);
});
