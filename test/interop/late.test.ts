/** An fnode on a machine that is switched on: its address comes after it, changes, and others join, when root's rights are gone. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { entry } from '../cli/support.ts';
import { Hall, needs } from '../support/netns.ts';

const RRQ = fileURLToPath(new URL('rrq.ts', import.meta.url));
const TEXT = 'what firmware loads first';
/** What udhcpc calls with an address. */
const LEASE_SCRIPT = `#!/bin/sh
[ "$1" = bound ] && ip addr add "$ip/$mask" dev "$interface"
exit 0
`;

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'late-'));
  t.after(() => rmSync(folder, { recursive: true }));
  chmodSync(folder, 0o755);
  for (const name of ['isos', 'boot']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'boot', 'loader.bin'), TEXT);
  writeFileSync(join(folder, 'fnode.yaml'), 'isos: isos\nboot: boot\nstateDir: state\nflink: none\n');
  writeFileSync(join(folder, 'lease.sh'), LEASE_SCRIPT, { mode: 0o755 });
  return folder;
}

const fnodeIn = (folder: string): readonly string[] => [
  ...[process.execPath, entry('fnode'), '--config', join(folder, 'fnode.yaml')],
  ...['--user', 'nobody', '--log-format', 'json'],
];

test('fnode: an address that comes late, changes, or joins others is served from that very address, by nobody', async (t) => {
  if (!needs(t, ['ip', 'udhcpc', 'dnsmasq', 'curl'])) return;
  const folder = makeFolder(t);
  const hall = new Hall({ dhcp: '172.16.0.1/16', node: undefined, client: '172.16.0.50/16' });
  t.after(() => hall.close());
  const ip = (host: string, ...args: readonly string[]): void => {
    const { code, output } = hall.run(host, 'ip', args);
    assert.equal(code, 0, output);
  };
  const firstBlock = (address: string): string =>
    hall.run('client', process.execPath, [RRQ, address, 'loader.bin']).output;

  const fnode = await hall.start('node', fnodeIn(folder), /"event":"ready"/);
  const leases = join(folder, 'leases');
  const dnsmasq = ['dnsmasq', '-d', '--port=0', '--user=root', `--dhcp-leasefile=${leases}`];
  await hall.start('dhcp', [...dnsmasq, '--dhcp-range=172.16.0.100,172.16.0.100'], /sockets bound|DHCP, IP range/);
  const udhcpc = hall.run('node', 'udhcpc', ['-i', 'lan', '-n', '-q', '-f', '-s', join(folder, 'lease.sh')]);
  assert.equal(udhcpc.code, 0, udhcpc.output);

  // A real client, within ten seconds.
  const got = hall.run('client', 'curl', [
    '-s',
    '--max-time',
    '10',
    '--retry',
    '9',
    '--retry-all-errors',
    '--retry-delay',
    '1',
    'tftp://172.16.0.100/loader.bin',
  ]);
  assert.equal(got.output, TEXT, fnode.said());
  assert.match(readFileSync(`/proc/${fnode.pid}/status`, 'utf8'), /^Uid:\t65534\t65534\t65534\t65534$/m);
  assert.equal(firstBlock('172.16.0.100'), `172.16.0.100 ${TEXT}`);

  ip('node', 'addr', 'flush', 'dev', 'lan');
  ip('node', 'addr', 'add', '172.16.0.111/16', 'dev', 'lan');
  assert.equal(firstBlock('172.16.0.111'), `172.16.0.111 ${TEXT}`, fnode.said());

  ip('node', 'addr', 'add', '10.0.0.10/8', 'dev', 'lan');
  ip('client', 'addr', 'add', '10.0.0.50/8', 'dev', 'lan');
  for (const address of ['10.0.0.10', '172.16.0.111']) assert.equal(firstBlock(address), `${address} ${TEXT}`);
  assert.equal(hall.run('client', 'curl', ['-s', '--max-time', '10', 'tftp://10.0.0.10/loader.bin']).output, TEXT);
  assert.doesNotMatch(fnode.said(), /address-not-served|port-shared|"bug"/);
});

test('fnode: two networks from the start: each is answered from its own address', async (t) => {
  if (!needs(t, ['ip'])) return;
  const hall = new Hall({ node: '172.16.0.10/16', client: '172.16.0.50/16' });
  t.after(() => hall.close());
  hall.run('node', 'ip', ['addr', 'add', '172.16.0.11/16', 'dev', 'lan']);
  hall.run('node', 'ip', ['addr', 'add', '10.0.0.10/8', 'dev', 'lan']);
  hall.run('client', 'ip', ['addr', 'add', '10.0.0.50/8', 'dev', 'lan']);
  await hall.start('node', fnodeIn(makeFolder(t)), /"ready"/);
  for (const address of ['172.16.0.10', '172.16.0.11', '10.0.0.10']) {
    assert.equal(hall.run('client', process.execPath, [RRQ, address, 'loader.bin']).output, `${address} ${TEXT}`);
  }
});

test('fnode: another TFTP server on the machine: it does not start, and says which port and what to do', async (t) => {
  if (!needs(t, ['ip', 'dnsmasq'])) return;
  const folder = makeFolder(t);
  const hall = new Hall({ node: '172.16.0.10/16' });
  t.after(() => hall.close());
  const argv = [
    'dnsmasq',
    '-d',
    '--port=0',
    '--user=root',
    '--enable-tftp',
    `--tftp-root=${folder}`,
    '--bind-interfaces',
  ];
  await hall.start('node', [...argv, '--interface=lan'], /TFTP root/);
  const [node = '', ...args] = fnodeIn(folder);
  const { code, output } = hall.run('node', node, args);
  assert.deepEqual([code, /UDP port 69 on [\d.]+ is in use: stop the other server/.test(output)], [1, true], output);
});

test('fnode: another TFTP server that comes later is told of', async (t) => {
  if (!needs(t, ['ip', 'dnsmasq'])) return;
  const folder = makeFolder(t);
  const hall = new Hall({ node: '172.16.0.10/16' });
  t.after(() => hall.close());
  const fnode = await hall.start('node', fnodeIn(folder), /"ready"/);
  const argv = [
    'dnsmasq',
    '-d',
    '--port=0',
    '--user=root',
    '--enable-tftp',
    `--tftp-root=${folder}`,
    '--bind-interfaces',
  ];
  await hall.start('node', [...argv, '--interface=lan'], /TFTP root/);
  // The test's time-out ends the wait.
  while (!fnode.said().includes('"port-shared"')) await new Promise((resolve) => fnode.stdout?.once('data', resolve));
  assert.match(fnode.said(), /"port-shared"[^\n]*stop the other server/);
});
