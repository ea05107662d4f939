/** A second subnet behind a relay that others wrote: its machines boot from a node in the first. */
import assert from 'node:assert/strict';
import path from 'node:path';
import type { Bench } from './bench.ts';
import { BOOT_TIMEOUT_SEC, fetchedFrom, INSTALLER, MENU_SHOWN, reached } from './checks.ts';
import type { ClientRow } from './hall.ts';
import { LAB_DIR } from './lab.ts';
import { start } from './servers.ts';
import { must } from './shell.ts';

const RELAY = '10.1.0.1';
const FLINK = '172.16.0.1';
export const RELAYS = [{ subnet: '10.1.0.0/24', range: '10.1.0.50-10.1.0.99', router: RELAY }] as const;
const IS_FAR = /^10\.1\.0\.[5-9]\d$/;
const MAC = { bios: '52:54:00:b2:00:01', uefi: '52:54:00:b2:00:02' } as const;
export const FAR_CLIENTS: readonly ClientRow[] = [{ mac: '52:54:00:b2:*', fnode: 'fnode00' }];

export async function bootsBehindRelay(bench: Bench): Promise<void> {
  const { lab } = bench;
  const capture = path.join(lab.state, 'relay.pcap');
  await lab.net('capture', 'relay', capture, `udp port 67 and host ${FLINK}`);
  // With option 82 (-a), which flink has to give back.
  const command = ['dhcrelay', '-4', '-d', '--no-pid', '-a', '-id', 'eth1', '-iu', 'eth0', FLINK];
  await start(lab, { host: 'relay', name: 'dhcrelay', ready: /Sending on.*eth0[\s\S]*Sending on/, command });
  await Promise.all([bios(bench), uefi(bench)]);
  await givesOption82Back(capture);
}

async function bios(bench: Bench): Promise<void> {
  const mac = MAC.bios;
  const far = { name: 'far-bios', firmware: 'bios', mac, isFar: true, timeoutSec: BOOT_TIMEOUT_SEC } as const;
  reached(await bench.boot({ ...far, until: INSTALLER }));
  fetchedFrom(bench, mac, 'fnode00', ['http boot.ipxe', 'http linux', 'http initrd.gz']);
  isRelayed(bench, mac);
}

async function uefi(bench: Bench): Promise<void> {
  const mac = MAC.uefi;
  const far = { name: 'far-uefi', firmware: 'uefi', mac, isFar: true, timeoutSec: BOOT_TIMEOUT_SEC } as const;
  reached(await bench.boot({ ...far, until: MENU_SHOWN }));
  fetchedFrom(bench, mac, 'fnode00', ['tftp shimx64.efi', 'tftp grubx64.efi', 'tftp grub.cfg']);
  isRelayed(bench, mac);
}

function isRelayed({ hall }: Bench, mac: string): void {
  const acks = hall.logs.flink.lines.filter(({ event, fields }) => event === 'ack' && fields.mac === mac);
  assert.ok(acks.length > 0, `${mac} has no address`);
  for (const { fields } of acks) {
    assert.equal(fields.relay, RELAY);
    assert.match(String(fields.ip), IS_FAR);
  }
}

/** Each of flink's answers to the relay has it. */
async function givesOption82Back(capture: string): Promise<void> {
  const trace = await must(path.join(LAB_DIR, 'trace.py'), [capture, '--options']);
  const answers = trace.split(/\n(?! {11})/).filter((packet) => packet.includes(` ${FLINK} > ${RELAY} DHCP`));
  assert.ok(answers.length >= 4, trace);
  for (const answer of answers) assert.match(answer, /^ {12}82 /m);
}
