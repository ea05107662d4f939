/** flink beside somebody else's DHCP server: it adds what machines boot, and gives no addresses. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bench, openBench } from './bench.ts';
import { BOOT_TIMEOUT_SEC, fetchedFrom, INSTALLER, MENU, reached } from './checks.ts';
import { foreignAddresses, IS_FOREIGN, startDnsmasq, stopDnsmasq } from './dnsmasq.ts';
import { type Followed, follow } from './follow.ts';
import type { Ground } from './ground.ts';
import type { ClientRow } from './hall.ts';
import { LAB_DIR, type Lab, openLab } from './lab.ts';
import { FLINK, NODE, start } from './servers.ts';
import { must } from './shell.ts';

const MAC = { ipxe: '52:54:00:b1:00:01', pxelinux: '52:54:00:b1:00:02', uefi: '52:54:00:b1:00:03' } as const;
const CLIENTS: readonly ClientRow[] = [
  { mac: MAC.ipxe, fnode: 'fnode00' },
  { mac: MAC.pxelinux, fnode: 'fnode01', loader: 'lpxelinux.0' },
  { mac: MAC.uefi, fnode: 'fnode00' },
];
const ANSWERS = 'answers.pcap';

export async function openProxyHall({ out, say, cleanup }: Ground): Promise<Bench> {
  const lab = await openLab('proxy', cleanup);
  await startDnsmasq(lab);
  const ports = ['udp and (port 67 or port 68 or port 4011)'];
  await lab.net('capture', 'flink', path.join(lab.state, ANSWERS), ...ports);
  const addressesOf = (mac: string): readonly string[] => foreignAddresses(lab, mac);
  return openBench(lab, out, { clients: CLIENTS, menu: MENU, say, dhcp: { mode: 'proxy' }, addressesOf }, cleanup);
}

/** iPXE's ROM, and another machine by way of lpxelinux.0, as with a plain PXE ROM. */
export async function proxyBios(bench: Bench): Promise<void> {
  await Promise.all([proxyIpxe(bench), proxyPxelinux(bench)]);
  await onlyForeignAddresses(bench);
}

async function proxyIpxe(bench: Bench): Promise<void> {
  const mac = MAC.ipxe;
  reached(await bench.boot({ ...machine('proxy-ipxe', 'bios', mac), until: INSTALLER }));
  fetchedFrom(bench, mac, 'fnode00', ['http boot.ipxe', 'http linux', 'http initrd.gz']);
  toldBy(bench, mac);
}

async function proxyPxelinux(bench: Bench): Promise<void> {
  const mac = MAC.pxelinux;
  const isEnough = (): boolean => bench.fetched(mac).some(({ file }) => file.endsWith('/initrd.gz'));
  await bench.boot({ ...machine('proxy-pxelinux', 'bios', mac), until: INSTALLER }, { isEnough });
  const chain = ['tftp lpxelinux.0', 'tftp ldlinux.c32', 'tftp default', 'http linux', 'http initrd.gz'];
  fetchedFrom(bench, mac, 'fnode01', chain);
  toldBy(bench, mac);
}

/** By iPXE, since GRUB would look for its menu at the other server. */
export async function proxyUefi(bench: Bench): Promise<void> {
  const mac = MAC.uefi;
  const isEnough = (): boolean => bench.fetched(mac).some(({ file }) => file.endsWith('/initrd.gz'));
  await bench.boot({ ...machine('proxy-uefi', 'uefi', mac), until: INSTALLER }, { isEnough });
  fetchedFrom(bench, mac, 'fnode00', ['tftp snponly.efi', 'http boot.ipxe', 'http linux', 'http initrd.gz']);
  toldBy(bench, mac);
  await onlyForeignAddresses(bench);
}

const machine = (name: string, firmware: 'bios' | 'uefi', mac: string) => ({
  ...{ name, firmware, mac },
  timeoutSec: BOOT_TIMEOUT_SEC,
});

function toldBy({ hall, lab }: Bench, mac: string): void {
  const said = hall.logs.flink.lines.filter(({ fields }) => fields.mac === mac).map(({ event }) => event);
  assert.ok(said.includes('proxy-offer'), `flink said of ${mac}: ${said}`);
  assert.deepEqual(
    said.filter((event) => !event.startsWith('proxy-')),
    [],
  );
  const addresses = foreignAddresses(lab, mac);
  assert.ok(addresses.length > 0 && addresses.every((address) => IS_FOREIGN.test(address)), `${addresses}`);
}

/** On the wire: whatever flink has answered so far in this hall, no address was in it. */
async function onlyForeignAddresses({ lab }: Bench): Promise<void> {
  const trace = await must(path.join(LAB_DIR, 'trace.py'), [path.join(lab.state, ANSWERS)]);
  const answers = trace.split('\n').filter((line) => / 172\.16\.0\.1 > .* DHCP (offer|ack|nak)/.test(line));
  assert.ok(answers.length > 0, trace);
  assert.deepEqual(
    answers.filter((line) => !line.includes(' yiaddr 0.0.0.0 ')),
    [],
  );
}

/** flink asks every 15 s; three rounds without an answer, and the other server is gone. */
const BACK_MS = 80_000;
/** As much again for a busy machine: a client must not wait longer than it gives up. */
const SOON_MS = 30_000;

/** No machines, but a role that changes: with dnsmasq proxy, without it server, and back; udhcpc gets its addresses. */
export async function changesRoles({ say, cleanup }: Ground): Promise<void> {
  const lab = await openLab('auto', cleanup);
  await startDnsmasq(lab);
  const flink = await startFlink(lab);
  await roleIs(flink, 'proxy', SOON_MS);
  assert.match(await leased(lab), IS_FOREIGN);
  await stopDnsmasq(lab);
  const stoppedMs = performance.now();
  await roleIs(flink, 'server', BACK_MS);
  say(`the other server's end was noticed after ${Math.round((performance.now() - stoppedMs) / 1000)} s`);
  assert.match(await leased(lab), /^172\.16\.1\./);
  await startDnsmasq(lab);
  await roleIs(flink, 'proxy', SOON_MS);
}

async function startFlink(lab: Lab): Promise<Followed> {
  const file = path.join(lab.state, 'flisolator.yaml');
  const dhcp = { mode: 'auto', range: '172.16.1.1-172.16.1.250' };
  await writeFile(file, JSON.stringify({ lan: 'eth0', wan: 'eth1', stateDir: path.join(lab.state, 'flink'), dhcp }));
  const command = [NODE, FLINK, 'serve', '--config', file, '--log-format', 'json'];
  return follow(await start(lab, { host: 'flink', name: 'flink', ready: 67, command }), () => {});
}

async function roleIs({ lines }: Followed, role: string, withinMs: number): Promise<void> {
  const roles = () => lines.filter(({ event }) => event === 'role').map(({ fields }) => fields.role);
  for (const deadline = Date.now() + withinMs; roles().at(-1) !== role; await sleep(100)) {
    if (Date.now() > deadline)
      throw new Error(`flink did not become ${role} within ${withinMs / 1000} s but: ${roles()}`);
  }
}

/** The address that udhcpc gets. */
async function leased(lab: Lab): Promise<string> {
  const told = await lab.net('dhcp', 'client');
  return /^ip='?([\d.]+)/m.exec(told)?.[1] ?? told;
}
