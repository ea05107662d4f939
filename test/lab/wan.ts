/** The two-network rule: whatever comes from the WAN side, no DHCP answer leaves there. */
import assert from 'node:assert/strict';
import path from 'node:path';
import type { Bench } from './bench.ts';
import { LAB_DIR } from './lab.ts';
import { must } from './shell.ts';

const WAN = '198.51.100.1';
const FLINK_WAN = '198.51.100.2';
const FLINK_LAN = '172.16.0.1';

export async function staysOffTheWan(bench: Bench): Promise<void> {
  const { lab, hall, wanCapture } = bench;
  // A client on the LAN gets an address meanwhile: flink is answering, only not there.
  const offersBefore = hall.logs.flink.lines.filter(({ event }) => event === 'offer').length;
  await lab.net('dhcp', 'client');
  const udhcpc = await lab.exec('wan', [
    'busybox',
    'udhcpc',
    '-i',
    'eth0',
    '-n',
    '-q',
    '-f',
    '-t',
    '2',
    '-T',
    '1',
    '-s',
    '/bin/true',
  ]);
  assert.notEqual(udhcpc.code, 0, `udhcpc on the WAN side got a lease:\n${udhcpc.stderr}`);
  // A router out there that knows the way to flink's LAN address may try that one too.
  await lab.exec('wan', ['ip', 'route', 'replace', '172.16.0.0/16', 'via', FLINK_WAN]);
  const probe = await lab.exec('wan', [
    process.execPath,
    path.join(LAB_DIR, 'wan-probe.ts'),
    WAN,
    FLINK_WAN,
    FLINK_LAN,
  ]);
  await lab.exec('wan', ['ip', 'route', 'del', '172.16.0.0/16']);
  assert.equal(probe.code, 0, probe.stderr);

  const asked = await packets(wanCapture, `src host ${WAN} or src host 0.0.0.0`);
  const answered = await packets(wanCapture, `not src host ${WAN} and not src host 0.0.0.0`);
  assert.ok(asked.length >= 10, `the capture must show what was asked, but has ${asked.length} packets`);
  assert.deepEqual(answered, [], 'DHCP answers left on the WAN side');
  const { answers } = JSON.parse(probe.stdout) as { readonly answers: number };
  assert.equal(answers, 0, 'the probe on the WAN side was answered');
  const offers = hall.logs.flink.lines.filter(({ event }) => event === 'offer').length;
  assert.ok(offers > offersBefore, 'flink must have offered the client on the LAN an address');
}

/** DHCP, PXE and TFTP packets of the capture so far that `filter` lets through, one line each. */
async function packets(capture: string, filter: string): Promise<readonly string[]> {
  const ports = 'udp and (port 67 or port 68 or port 69 or port 4011)';
  const text = await must('tcpdump', ['-nr', capture, `${ports} and (${filter})`]);
  return text.trim() === '' ? [] : text.trim().split('\n');
}
