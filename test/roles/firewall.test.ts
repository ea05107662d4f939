import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import type { LocalInterface } from '../../src/host.ts';
import { type FirewallParts, firewallPlan, notesOn, printedFirewall } from '../../src/roles/firewall.ts';
import { checkOtherInterfaces } from '../../src/roles/flinkdoctor.ts';
import { flinkConfig } from '../support/config.ts';
import { fakeHost, lan as lanOf } from '../support/fakes.ts';
import { needs } from '../support/netns.ts';

const lan: LocalInterface = lanOf('enp3s0', '172.16.0.1');
const parts = (yaml: string, more: Partial<FirewallParts> = {}): FirewallParts => ({
  ...{ config: flinkConfig(`lan: enp3s0\n${yaml}`), lan, isDnsServed: true, isProxyServed: false, resolvers: [] },
  ...more,
});
const doors = (yaml: string, more?: Partial<FirewallParts>): readonly string[] =>
  firewallPlan(parts(yaml, more)).facts.doors.flatMap(({ protocol, ports }) => ports.map((p) => `${protocol}/${p}`));

const NFS = ['tcp/111', 'tcp/2049', 'udp/111', 'udp/2049'];
const NODE = ['udp/69', 'tcp/80', ...NFS];
const USUAL = ['udp/67', 'udp/4011', 'udp/53', 'tcp/53', ...NODE, 'udp/8067', 'tcp/8067'];
const opened: readonly { name: string; yaml?: string; more?: Partial<FirewallParts>; want: readonly string[] }[] = [
  { name: 'what flink and a node here serve', want: USUAL },
  { name: 'no DHCP', yaml: 'dhcp: { mode: off }', want: USUAL.slice(2) },
  { name: 'no DNS', more: { isDnsServed: false }, want: USUAL.filter((door) => !door.endsWith('/53')) },
  { name: 'a proxy', more: { isProxyServed: true }, want: [...USUAL, 'tcp/3128', 'tcp/3129'] },
  {
    name: 'an admin door elsewhere',
    yaml: 'admin: { listen: 127.0.0.1:9000 }',
    want: [...USUAL.slice(0, -1), 'tcp/9000'],
  },
  {
    name: 'what the operator opens',
    yaml: 'filter: { open: [tcp/8080, UDP/123] }',
    want: [...USUAL, 'tcp/8080', 'udp/123'],
  },
];
for (const { name, yaml = '', more, want } of opened) {
  test(`firewall plan: open to the LAN: ${name}`, () => assert.deepEqual(doors(yaml, more), want));
}

test('firewall plan: DNS is brought to flink where and while it answers, port 80 where there is a proxy', () => {
  const { dnsPort, interceptPort } = firewallPlan(parts('ports: { dns: 5353 }')).facts;
  assert.deepEqual([dnsPort, interceptPort], [5353, undefined]);
  const other = firewallPlan(parts('ports: { intercept: 3130 }', { isDnsServed: false, isProxyServed: true })).facts;
  assert.deepEqual([other.dnsPort, other.interceptPort], [undefined, 3130]);
});

test("firewall plan: a resolver on the LAN passes untouched, or flink's own question would come back", () => {
  const yaml = `dns: { upstreams: [9.9.9.9, 172.16.0.53], domains: { corp.example: [10.1.0.5, "2620:fe::fe"] } }
dhcp: { relays: [{ subnet: 10.1.0.0/24, range: 10.1.0.50-10.1.0.99, router: 10.1.0.1 }] }
filter: { whitelist: [172.16.0.60, 52-54-00-12-34-56] }`;
  const resolvers = ['172.16.0.1', '172.16.0.54', '192.0.2.1'] as unknown as FirewallParts['resolvers'];
  const { untouched, lan: side } = firewallPlan(parts(yaml, { resolvers })).facts;
  assert.deepEqual(untouched, {
    macs: ['52:54:00:12:34:56'],
    addresses: ['172.16.0.60', '172.16.0.53', '10.1.0.5', '172.16.0.54'],
  });
  assert.deepEqual(
    side.networks.map(({ network, prefixBits }) => `${network}/${prefixBits}`),
    ['172.16.0.0/16', '10.1.0.0/24'],
  );
});

test('firewall plan: the uplink is shaped only where a rate is given', () => {
  assert.equal(firewallPlan(parts('wan: enp2s0')).uplink, undefined);
  assert.deepEqual(firewallPlan(parts('wan: enp2s0\nuplink: { up: 2Mbps }')).uplink, {
    ...{ wan: 'enp2s0', downBitsPerSec: undefined, upBitsPerSec: 2_000_000 },
  });
});

test('firewall print: says what was assumed, and what is done besides', async () => {
  const without = await printedFirewall(parts(''));
  assert.match(without.notes.join(), /^no wan is given, so nothing is forwarded for the LAN: /);
  assert.deepEqual([without.isForwarding, without.shaping], [false, []]);
  const routed = await printedFirewall(parts('wan: enp2s0\nuplink: { up: 2Mbps }'));
  assert.deepEqual([routed.isForwarding, routed.wan], [true, 'enp2s0']);
  assert.match(routed.shaping.join(), /^tc qdisc add dev enp2s0 root handle f150: cake bandwidth 1900000bit/);
});

test('firewall print: a WAN that is not there is said', () => {
  const links = ['lo', 'eth0', 'eth1'].map((name) => ({ name, isUp: true, hasCarrier: true }));
  assert.deepEqual(notesOn('eth1', links), []);
  assert.deepEqual(notesOn(undefined, links), []);
  assert.deepEqual(notesOn('et1', links), [
    'there is no interface et1 now, only eth0, eth1: the rules hold once there is',
  ]);
});

test('doctor: sees by the listing that our rules drop DHCP from elsewhere, and names the cure where none do', async (t) => {
  const host = fakeHost([lan, lanOf('enp2s0', '203.0.113.1', 24)]);
  const told = (stdout: string) => checkOtherInterfaces(host, lan, async () => ({ code: 0, stdout, stderr: '' }));
  assert.match((await told('')).cure ?? '', /flink firewall apply --lan enp3s0$/);
  if (!needs(t, ['unshare', 'nft'])) return;
  const { ruleset } = await printedFirewall(parts(''));
  const script = 'nft -f - && nft list ruleset';
  const { stdout } = spawnSync('unshare', ['-n', 'sh', '-c', script], { input: ruleset, encoding: 'utf8' });
  assert.equal((await told(stdout)).ok, true);
});
