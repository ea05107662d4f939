/** A second subnet behind a relay that others wrote: addresses, renewals past the relay, refusals through it. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { addressOf, dhclient, type Seat, udhcpc } from '../support/dhcpclients.ts';
import { Hall, needs, type Started } from '../support/netns.ts';

const entry = fileURLToPath(new URL('../../src/flink.ts', import.meta.url));
const CONFIG = `
dhcp:
  range: 172.16.0.101-172.16.0.140
  relays: [ { subnet: 10.1.0.0/24, range: 10.1.0.50-10.1.0.60, router: 10.1.0.1 } ]
domain: hall.test
`;

interface Wing {
  readonly hall: Hall;
  readonly flink: Started;
  readonly far: Seat;
}

/** flink on the LAN, a relay beside it that routes to a second switch, a client there. */
async function behindRelay(t: TestContext, relaysOwn: string): Promise<Wing | undefined> {
  if (!needs(t, ['ip', 'busybox', 'dhclient', 'dhcrelay'])) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'flink-relay-'));
  const hall = new Hall({ flink: '172.16.0.1/16', relay: '172.16.0.2/16', far: undefined });
  t.after(async () => {
    await hall.close();
    rmSync(folder, { recursive: true, force: true });
  });
  hall.leg('relay', 'wing', relaysOwn);
  hall.move('far', 'wing');
  hall.run('relay', 'sh', ['-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);
  hall.run('flink', 'ip', ['route', 'add', '10.0.0.0/8', 'via', '172.16.0.2']);
  writeFileSync(join(folder, 'flisolator.yaml'), CONFIG);
  const files = ['--config', join(folder, 'flisolator.yaml'), '--state-dir', join(folder, 'state')];
  const serve = ['serve', '--lan', 'lan', ...files, '--log-format', 'json', '--log-level', 'debug'];
  const flink = await hall.start('flink', [process.execPath, entry, ...serve], /"event":"ready"/);
  // With option 82 (-a): it takes back nothing that has not come round as it was sent.
  const relay = ['dhcrelay', '-4', '-d', '--no-pid', '-a', '-id', 'wing', '-iu', 'lan', '172.16.0.1'];
  await hall.start('relay', relay, /Sending on.*lan[\s\S]*Sending on/);
  return { hall, flink, far: { hall, host: 'far', folder } };
}

test('a client behind dhcrelay gets an address of its subnet, and renews past the relay', async (t) => {
  const wing = await behindRelay(t, '10.1.0.1/24');
  if (!wing) return;
  const client = await udhcpc(wing.far, ['-O', '3']);
  await client.heard(/^told bound/m);
  const address = addressOf(client);
  assert.match(address, /^10\.1\.0\.5\d$|^10\.1\.0\.60$/);
  for (const line of [/^router=10\.1\.0\.1$/m, /^mask=24$/m, /^serverid=172\.16\.0\.1$/m])
    assert.match(client.said(), line);
  wing.hall.run('far', 'sh', [
    '-c',
    `ip addr flush dev lan; ip addr add ${address}/24 dev lan; ip route add default via 10.1.0.1`,
  ]);
  const from = client.said().length;
  client.kill('SIGUSR1');
  await client.heard(/lease of \S+ obtained/, from);
  assert.equal(addressOf(client), address);
});

test('a client that comes from another subnet is refused through the relay, and binds there', async (t) => {
  const wing = await behindRelay(t, '10.1.0.1/24');
  if (!wing) return;
  mkdirSync(join(wing.far.folder, 'far'), { recursive: true });
  const forever = '4 2037/01/01 00:00:00';
  const of = [
    'option dhcp-lease-time 86400;',
    'option dhcp-message-type 5;',
    'option dhcp-server-identifier 172.16.0.1;',
  ];
  const times = [`renew ${forever};`, `rebind ${forever};`, `expire ${forever};`];
  const lease = ['lease {', 'interface "lan";', 'fixed-address 172.16.0.120;', ...of, ...times, '}', ''];
  writeFileSync(join(wing.far.folder, 'far', 'leases'), lease.join('\n'));
  const client = await dhclient(wing.far, 'calm');
  assert.match(client.said(), /DHCPNAK from 10\.1\.0\.1[\s\S]*bound to 10\.1\.0\./);
});

test('a relay of no row gets silence, and the operator is told which and what to do', async (t) => {
  const wing = await behindRelay(t, '10.9.0.1/24');
  if (!wing) return;
  const client = wing.hall.run('far', 'busybox', [
    'udhcpc',
    '-i',
    'lan',
    '-f',
    '-n',
    '-t',
    '2',
    '-T',
    '1',
    '-s',
    '/bin/true',
  ]);
  assert.notEqual(client.code, 0, client.output);
  const said = await wing.flink.heard(/unknown-relay.*/);
  assert.match(said, /"reason":"unknown-relay".*"relay":"10\.9\.0\.1".*"cure":"[^"]*dhcp\.relays/);
});
