/** Fifty machines of four kinds, switched on in one moment. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { addressOf, CLIENT_PROGRAMS, dhclient, dhcpcd, networkd, type Seat, udhcpc } from '../support/dhcpclients.ts';
import { Hall, needs, type Started } from '../support/netns.ts';

const entry = fileURLToPath(new URL('../../src/flink.ts', import.meta.url));
const CONFIG = 'dhcp: { range: 172.16.0.101-172.16.0.160 }\n';

const kinds: readonly ((seat: Seat) => Promise<Started>)[] = [
  (seat) => udhcpc(seat, ['-q']),
  (seat) => dhclient(seat, 'calm'),
  (seat) => dhcpcd(seat, ['-1']),
];
/** The heaviest: a few of them. */
const NETWORKDS = 4;
const CROWD = 50;

test('fifty clients of four kinds at once: each has an address that no other has', async (t) => {
  if (!needs(t, ['ip', ...CLIENT_PROGRAMS])) return;
  const folder = mkdtempSync(join(tmpdir(), 'flink-crowd-'));
  const hosts = Array.from({ length: CROWD }, (_, i) => `c${i}`);
  const hall = new Hall({ flink: '172.16.0.1/16', ...Object.fromEntries(hosts.map((host) => [host, undefined])) });
  t.after(async () => {
    await hall.close();
    rmSync(folder, { recursive: true, force: true });
  });
  writeFileSync(join(folder, 'flisolator.yaml'), CONFIG);
  const files = ['--config', join(folder, 'flisolator.yaml'), '--state-dir', join(folder, 'state')];
  const serve = ['serve', '--lan', 'lan', ...files, '--log-format', 'json'];
  const flink = await hall.start('flink', [process.execPath, entry, ...serve], /"event":"ready"/);

  const start = (host: string, i: number) =>
    i < NETWORKDS ? networkd({ hall, host, folder }) : kinds[i % kinds.length]?.({ hall, host, folder });
  const clients = await Promise.all(hosts.map(start));
  const addresses = clients.flatMap((client) => (client ? addressOf(client) : []));
  assert.equal(new Set(addresses).size, CROWD, addresses.toSorted().join());
  // As flink has it: nobody has been given what another was.
  const given = [...flink.said().matchAll(/"event":"ack","mac":"([^"]+)".*?"ip":"([^"]+)"/g)];
  const holders = new Map(given.map(([, mac, ip]) => [ip, mac]));
  assert.equal(new Set(given.map(([, mac, ip]) => `${mac} ${ip}`)).size, holders.size);
});
