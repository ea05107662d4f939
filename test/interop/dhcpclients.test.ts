/** The life of a lease with clients that others wrote: got, renewed, rebound, claimed again, given back, declined. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  addressOf,
  CLIENT_PROGRAMS,
  dhclient,
  dhclientArguments,
  dhcpcd,
  networkd,
  type Seat,
  UDHCPC_ASKS,
  udhcpc,
} from '../support/dhcpclients.ts';
import { Hall, needs, type Started } from '../support/netns.ts';

const entry = fileURLToPath(new URL('../../src/flink.ts', import.meta.url));
const CONFIG = `
dhcp:
  range: 172.16.0.101-172.16.0.140
  leaseTime: 2h
  options: { ntp-servers: 172.16.0.9, 119: [a.test, hall.test], 121: 10.0.0.0/8 172.16.0.9, 224: "01:02:03" }
domain: hall.test
fnodes:
  - { name: fnode00, mac: 02:00:00:00:01:00, ip: 172.16.0.10 }
`;

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'flink-clients-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

function flink(hall: Hall, config: string): Promise<Started> {
  writeFileSync(join(folder, 'flisolator.yaml'), config);
  const files = ['--config', join(folder, 'flisolator.yaml'), '--state-dir', join(folder, 'state')];
  const argv = [process.execPath, entry, 'serve', '--lan', 'lan', ...files, '--log-format', 'json'];
  return hall.start('flink', argv, /"event":"ready"/);
}

async function inHall(
  t: TestContext,
  hosts: readonly string[],
  use: (hall: Hall, seat: (host: string) => Seat) => Promise<void>,
) {
  if (!needs(t, ['ip', 'nmap', ...CLIENT_PROGRAMS])) return;
  const clients = Object.fromEntries(hosts.map((host) => [host, undefined]));
  const hall = new Hall({ flink: '172.16.0.1/16', asker: '172.16.0.77/16', ...clients });
  t.after(async () => {
    await hall.close();
    rmSync(join(folder, 'state'), { recursive: true, force: true });
  });
  await use(hall, (host) => ({ hall, host, folder }));
}

const macOf = (hall: Hall, host: string) =>
  /ether (\S+)/.exec(hall.run(host, 'ip', ['link', 'show', 'lan']).output)?.[1] ?? '';
/** Ends a client; harder when it does not listen. */
async function end(client: Started, signal: NodeJS.Signals): Promise<void> {
  if (client.exitCode !== null || client.signalCode !== null) return;
  const late = setTimeout(() => client.kill('SIGKILL'), 5000);
  client.kill(signal);
  await once(client, 'exit');
  clearTimeout(late);
}
/** What flink said of one machine. */
const lineOf = (event: string, mac: string) => new RegExp(`"event":"${event}","mac":"${mac}"`);

test('each client gets an address of its own, and everything that it asked for', async (t) => {
  const hosts = ['udhcpc', 'dhclient', 'dhcpcd', 'networkd'];
  await inHall(t, hosts, async (hall, seat) => {
    let server = await flink(hall, CONFIG);
    const clients = await Promise.all([
      udhcpc(seat('udhcpc'), UDHCPC_ASKS),
      dhclient(seat('dhclient'), 'hasty'),
      dhcpcd(seat('dhcpcd')),
      networkd(seat('networkd')),
    ]);
    const [small, isc, roy, systemd] = clients;
    const addresses = clients.map(addressOf);
    const same = (client: Started, i: number) => assert.equal(addressOf(client), addresses[i], client.said());
    assert.equal(new Set(addresses).size, 4, addresses.join());
    await small.heard(/^told bound/m);

    const given: readonly (readonly [Started, readonly RegExp[]])[] = [
      [
        small,
        [
          /^search=a\.test hall\.test$/m,
          /^staticroutes=10\.0\.0\.0\/8 172\.16\.0\.9 0\.0\.0\.0\/0 172\.16\.0\.1$/m,
          /^ntpsrv=172\.16\.0\.9$/m,
          /^opt224=010203$/m,
        ],
      ],
      [
        roy,
        [
          /^new_domain_search=a\.test hall\.test$/m,
          /^new_classless_static_routes=10\.0\.0\.0\/8 172\.16\.0\.9 0\.0\.0\.0\/0 172\.16\.0\.1$/m,
          /^new_ntp_servers=172\.16\.0\.9$/m,
          /^new_dhcp_lease_time=7200$/m,
        ],
      ],
      [
        systemd,
        [
          /^DOMAIN_SEARCH_LIST=a\.test hall\.test$/m,
          /^CLASSLESS_ROUTES=10\.0\.0\.0\/8,172\.16\.0\.9 0\.0\.0\.0\/0,172\.16\.0\.1$/m,
          /^NTP=172\.16\.0\.9$/m,
          /^OPTION_224=010203$/m,
          /^LIFETIME=7200$/m,
        ],
      ],
    ];
    for (const [client, lines] of given) for (const line of lines) assert.match(client.said(), line);
    const leases = hall.run('dhclient', 'cat', [join(folder, 'dhclient', 'leases')]).output;
    for (const line of [
      /domain-search "a\.test\.", "hall\.test\."/,
      /routes 8,10,172,16,0,9,0,172,16,0,1;/,
      /ntp-servers 172\.16\.0\.9/,
      /x224 1:2:3|x224 "\\001\\002\\003"/,
    ])
      assert.match(leases, line);

    await t.test('renews by itself (RENEWING)', async () => {
      const from = [small, isc, roy].map((client) => client.said().length);
      small.kill('SIGUSR1');
      roy.kill('SIGHUP');
      await small.heard(/renew[\s\S]*lease of \S+ obtained/, from[0]);
      await isc.heard(/DHCPREQUEST for \S+ on lan to 172\.16\.0\.1 port 67[\s\S]*bound to/, from[1]);
      await roy.heard(/leased/, from[2]);
      clients.forEach(same);
    });

    await t.test('keeps its address when flink was killed and came back after T2 (REBINDING)', async () => {
      await end(server, 'SIGKILL');
      const from = [small, isc, roy].map((client) => client.said().length);
      await isc.heard(/DHCPREQUEST for \S+ on lan to 255\.255\.255\.255 port 67/, from[1]);
      server = await flink(hall, CONFIG);
      small.kill('SIGUSR1');
      roy.kill('SIGHUP');
      await small.heard(/lease of \S+ obtained/, from[0]);
      await isc.heard(/bound to/, from[1]);
      await roy.heard(/leased/, from[2]);
      clients.forEach(same);
    });

    await t.test('claims its address after a restart, without a DISCOVER (INIT-REBOOT)', async () => {
      await Promise.all([end(isc, 'SIGKILL'), end(roy, 'SIGTERM')]);
      const again = await Promise.all([dhclient(seat('dhclient'), 'calm'), dhcpcd(seat('dhcpcd'))]);
      assert.deepEqual(again.map(addressOf), [addresses[1], addresses[2]]);
      for (const client of again) assert.doesNotMatch(client.said(), /DHCPDISCOVER|sending DISCOVER/);
      clients.splice(1, 2, ...again);
    });

    await t.test('nmap hears an offer, and its INFORM is answered without an address', () => {
      const discover = hall.run('asker', 'nmap', [
        '--script',
        'broadcast-dhcp-discover',
        '--script-args',
        'broadcast-dhcp-discover.timeout=2',
        '-e',
        'lan',
      ]).output;
      assert.match(
        discover,
        /Response 1 of 1:[\s\S]*IP Offered: 172\.16\.0\.1\d\d[\s\S]*Server Identifier: 172\.16\.0\.1/,
      );
      const inform = hall.run('asker', 'nmap', [
        '-Pn',
        '-n',
        '-sU',
        '-p',
        '67',
        '--script',
        'dhcp-discover',
        '172.16.0.1',
      ]).output;
      assert.match(inform, /Message Type: DHCPACK[\s\S]*Domain Name: hall\.test/);
      assert.doesNotMatch(inform, /IP Offered|Lease Time/);
    });

    await t.test('gives its address back (RELEASE)', async () => {
      small.kill('SIGUSR2');
      clients[2].kill('SIGALRM');
      await end(clients[1], 'SIGTERM');
      hall.run('dhclient', 'dhclient', ['-r', ...dhclientArguments(seat('dhclient')), 'lan']);
      await end(systemd, 'SIGTERM');
      for (const host of hosts) await server.heard(lineOf('release', macOf(hall, host)));
    });
  });
});

const FIRMWARE = ['-q', '-V', 'PXEClient:Arch:00007:UNDI:003016', '-x', '0x5d:0007'];

test('one machine keeps one address from its firmware to whatever system it boots', async (t) => {
  await inHall(t, ['laptop'], async (hall, seat) => {
    await flink(hall, CONFIG);
    const stages: readonly (readonly [string, () => Promise<Started>])[] = [
      ['firmware', () => udhcpc(seat('laptop'), FIRMWARE)],
      ['initramfs', () => udhcpc(seat('laptop'), ['-q', '-C'])],
      ['dhclient', () => dhclient(seat('laptop'), 'calm')],
      ['dhcpcd', () => dhcpcd(seat('laptop'))],
      ['networkd', () => networkd(seat('laptop'))],
    ];
    const seen: string[] = [];
    for (const [name, start] of stages) {
      const client = await start();
      seen.push(`${name} ${addressOf(client)}`);
      await end(client, name === 'dhcpcd' || name === 'networkd' ? 'SIGTERM' : 'SIGKILL');
      hall.run('laptop', 'ip', ['addr', 'flush', 'dev', 'lan']);
    }
    const first = seen[0]?.split(' ')[1];
    assert.deepEqual(
      seen,
      stages.map(([name]) => `${name} ${first}`),
    );
  });
});

test('a client that finds its address taken declines it and gets another', async (t) => {
  // systemd-networkd 252 looks, too, but its DECLINE finds no way out: it has given up the address by then.
  const hosts = ['udhcpc', 'dhcpcd'];
  await inHall(t, hosts, async (hall, seat) => {
    const rows = hosts.map((host, i) => `  - { mac: "${macOf(hall, host)}", ip: 172.16.0.5${i} }`);
    // Nobody looks beforehand, so that clients find out themselves.
    const config = CONFIG.replace('dhcp:', 'dhcp:\n  probe: off');
    const server = await flink(hall, `${config}clients:\n${rows.join('\n')}\n`);
    for (const i of hosts.keys()) hall.run('asker', 'ip', ['addr', 'add', `172.16.0.5${i}/16`, 'dev', 'lan']);
    const clients = await Promise.all([udhcpc(seat('udhcpc'), ['-a', '-A', '1']), dhcpcd(seat('dhcpcd'), [], true)]);
    for (const host of hosts) await server.heard(new RegExp(`"event":"decline","mac":"${macOf(hall, host)}"`));
    for (const client of clients) assert.match(addressOf(client), /^172\.16\.0\.1\d\d$/, client.said());
  });
});
