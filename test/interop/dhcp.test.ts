/** flink as a process of its own, asked by clients that others wrote. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { addressOf, dhclient } from '../support/dhcpclients.ts';
import { Hall, needs } from '../support/netns.ts';

const entry = fileURLToPath(new URL('../../src/flink.ts', import.meta.url));
const CONFIG = `
dhcp: { range: 172.16.0.101-172.16.0.120, leaseTime: 2h, options: { ntp-servers: 172.16.0.9 } }
domain: hall.test
fnodes:
  - { name: fnode00, mac: 02:00:00:00:01:00, ip: 172.16.0.10 }
`;

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'flink-interop-'));
  writeFileSync(join(folder, 'flisolator.yaml'), CONFIG);
  // udhcpc tells what it got through this program's environment.
  writeFileSync(
    join(folder, 'hook'),
    '#!/bin/sh\n[ "$1" = bound ] && env | grep -E "^(ip|mask|router|serverid|siaddr|ntpsrv|domain|lease|boot_file)="\nexit 0\n',
  );
  chmodSync(join(folder, 'hook'), 0o755);
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** `launch` is what stands before flink's own arguments. */
async function withFlink(
  t: TestContext,
  programs: readonly string[],
  use: (hall: Hall) => void | Promise<void>,
  launch: readonly string[] = [],
): Promise<void> {
  if (!needs(t, ['ip', ...programs])) return;
  const hall = new Hall({ flink: '172.16.0.1/16', client: undefined });
  try {
    const files = ['--config', join(folder, 'flisolator.yaml'), '--state-dir', join(folder, 'state')];
    const flags = ['serve', '--lan', 'lan', ...files, '--log-format', 'json'];
    await hall.start('flink', [...launch, process.execPath, entry, ...flags], /"event":"ready"/);
    await use(hall);
  } finally {
    await hall.close();
  }
}

const udhcpc = (hall: Hall, ...more: string[]) =>
  hall.run('client', 'busybox', [
    'udhcpc',
    '-i',
    'lan',
    '-n',
    '-q',
    '-f',
    '-t',
    '5',
    '-T',
    '1',
    '-s',
    join(folder, 'hook'),
    '-O',
    'ntpsrv',
    ...more,
  ]);

test('udhcpc gets an address, what it asked for, and the same address again', async (t) => {
  await withFlink(t, ['busybox'], (hall) => {
    const first = udhcpc(hall);
    assert.equal(first.code, 0, first.output);
    for (const line of [
      'mask=16',
      'router=172.16.0.1',
      'serverid=172.16.0.1',
      'siaddr=172.16.0.10',
      'ntpsrv=172.16.0.9',
      'domain=hall.test',
      'lease=7200',
    ]) {
      assert.match(first.output, new RegExp(`^${line}$`, 'm'));
    }
    const address = /^ip=(.*)$/m.exec(first.output)?.[1];
    assert.equal(/^ip=(.*)$/m.exec(udhcpc(hall).output)?.[1], address);
    assert.doesNotMatch(first.output, /boot_file/, 'no boot file for who did not ask to boot');
  });
});

test('udhcpc as a PXE client gets the loader of its architecture', async (t) => {
  await withFlink(t, ['busybox'], (hall) => {
    const { output } = udhcpc(hall, '-V', 'PXEClient:Arch:00007:UNDI:003016', '-x', '0x5d:0007');
    assert.match(output, /^boot_file=shimx64.efi$/m);
  });
});

test('the fnode of the MAC table gets its fixed address', async (t) => {
  await withFlink(t, ['busybox'], (hall) => {
    hall.run('client', 'ip', ['link', 'set', 'lan', 'address', '02:00:00:00:01:00']);
    assert.match(udhcpc(hall).output, /^ip=172\.16\.0\.10$/m);
  });
});

test('dhclient binds, and again after its lease file is gone', async (t) => {
  await withFlink(t, ['dhclient'], async (hall) => {
    const seat = { hall, host: 'client', folder };
    const first = await dhclient(seat, 'calm');
    first.kill('SIGKILL');
    rmSync(join(folder, 'client', 'leases'));
    assert.equal(addressOf(await dhclient(seat, 'calm')), addressOf(first));
  });
});

test('dhclient’s lease from another hall is refused, and it binds here (INIT-REBOOT)', async (t) => {
  await withFlink(t, ['dhclient'], async (hall) => {
    const lease = `lease {\n  interface "lan";\n  fixed-address 192.168.7.7;\n  option subnet-mask 255.255.255.0;\n  option dhcp-lease-time 86400;\n  option dhcp-message-type 5;\n  option dhcp-server-identifier 192.168.7.1;\n  renew 4 2037/01/01 00:00:00;\n  rebind 4 2037/01/01 00:00:00;\n  expire 4 2037/01/01 00:00:00;\n}\n`;
    mkdirSync(join(folder, 'client'), { recursive: true });
    writeFileSync(join(folder, 'client', 'leases'), lease);
    const client = await dhclient({ hall, host: 'client', folder }, 'calm');
    assert.match(client.said(), /DHCPNAK/);
    assert.match(addressOf(client), /^172\.16\.0\.1\d\d$/);
  });
});

/** Opens a socket as systemd does with BindToDevice= and Broadcast=, and becomes the command with it as descriptor 3. */
const HAND_OVER = `
import os, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'lan')
s.bind(('0.0.0.0', 67))
fd = s.detach()
if fd != 3: os.dup2(fd, 3)
os.set_inheritable(3, True)
os.environ['LISTEN_FDS'] = '1'
os.execv(sys.argv[1], sys.argv[1:])
`;

test('a socket that systemd opened on the LAN alone is used, and no other is opened', async (t) => {
  const useOnlyThat = (hall: Hall) => {
    const sockets = hall.run('flink', 'ss', ['-Hlun', 'sport', '=', ':67']).output.trim().split('\n');
    assert.equal(sockets.length, 1, sockets.join('\n'));
    assert.match(sockets[0] ?? '', /0\.0\.0\.0%lan:67/);
    assert.match(udhcpc(hall).output, /^siaddr=172\.16\.0\.10$/m);
  };
  await withFlink(t, ['busybox', 'python3', 'ss'], useOnlyThat, ['python3', '-c', HAND_OVER]);
});

test('a socket that hears every interface is refused with the line that its unit lacks', async (t) => {
  const unbound = HAND_OVER.replace(/^.*SO_BINDTODEVICE.*$/m, '');
  const started = withFlink(t, ['busybox', 'python3', 'ss'], () => assert.fail('it runs'), ['python3', '-c', unbound]);
  await started.catch((error: Error) => assert.match(error.message, /hears every interface: add BindToDevice=/));
});
