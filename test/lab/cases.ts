/** The boots that must work, one function each. */
import assert from 'node:assert/strict';
import path from 'node:path';
import type { Bench } from './bench.ts';
import { BOOT_TIMEOUT_SEC, fetchedFrom, INSTALLER, MENU_SHOWN, reached } from './checks.ts';
import type { ClientRow, FnodeName } from './hall.ts';
import type { Firmware } from './machine.ts';
import { bootsBehindRelay, FAR_CLIENTS } from './relay.ts';
import { staysOffTheWan } from './wan.ts';

export interface Case {
  readonly name: string;
  readonly title: string;
  /** Runs only if named, or with --all: needs packages that the others do not. */
  readonly isOptional?: boolean;
  /** About, while one other boots. */
  readonly sec: number;
  readonly run: (bench: Bench) => Promise<void>;
}

const MAC = {
  ipxe: '52:54:00:0a:00:01',
  pxelinux: '52:54:00:0a:00:02',
  uefi: '52:54:00:0a:00:03',
  http: '52:54:00:0a:00:06',
  ia32: '52:54:00:0a:00:04',
  arm64: '52:54:00:0a:00:05',
  clientA: '52:54:00:0b:00:0a',
  clientB: '52:54:00:0c:00:0b',
  unlisted: '52:54:00:0d:00:0c',
} as const;

export const CLIENTS: readonly ClientRow[] = [
  { mac: MAC.ipxe, fnode: 'fnode00' },
  { mac: MAC.pxelinux, fnode: 'fnode01', loader: 'lpxelinux.0' },
  { mac: MAC.uefi, fnode: 'fnode00' },
  // The node whose systems show themselves on the serial line.
  { mac: MAC.http, fnode: 'fnode00' },
  { mac: MAC.ia32, fnode: 'fnode00' },
  { mac: MAC.arm64, fnode: 'fnode00' },
  { mac: '52:54:00:0b:*', fnode: 'fnode00' },
  { mac: '52:54:00:0c:*', fnode: 'fnode01' },
  ...FAR_CLIENTS,
];

/** What a person types to see the system on the serial line too: edits the chosen entry, starts it. */
export const EDIT_AND_START = 'tab spc text:console=ttyS0,115200n8 spc text:console=tty0 ret';

async function biosIpxe(bench: Bench): Promise<void> {
  const mac = MAC.ipxe;
  const end = await bench.boot({ ...machine('bios-ipxe', 'bios', mac), until: INSTALLER });
  reached(end);
  fetchedFrom(bench, mac, 'fnode00', ['http boot.ipxe', 'http linux', 'http initrd.gz']);
}

async function biosPxelinux(bench: Bench): Promise<void> {
  const mac = MAC.pxelinux;
  const keys = (shot: string): string => `go wait:5 ${shot} ${EDIT_AND_START}`;
  const end = await bench.boot({ ...machine('bios-pxelinux', 'bios', mac), ...pictures(bench, 'bios-pxelinux', keys) });
  reached(end);
  fetchedFrom(bench, mac, 'fnode01', [
    'tftp lpxelinux.0',
    'tftp ldlinux.c32',
    'tftp default',
    'http linux',
    'http initrd.gz',
  ]);
}

async function uefi(bench: Bench): Promise<void> {
  const mac = MAC.uefi;
  const keys = (shot: string): string => `until:${MENU_SHOWN} wait:2 ${shot}`;
  const { until, keys: typed } = pictures(bench, 'uefi', keys);
  const end = await bench.boot({ ...machine('uefi', 'uefi', mac), until, keys: typed });
  reached(end);
  const chain = ['tftp shimx64.efi', 'tftp grubx64.efi', 'tftp grub.cfg', 'tftp linux', 'tftp initrd.gz'];
  fetchedFrom(bench, mac, 'fnode00', chain);
}

/** No TFTP at all: the firmware takes iPXE by HTTP, iPXE its script. */
async function uefiHttp(bench: Bench): Promise<void> {
  const mac = MAC.http;
  reached(await bench.boot({ ...machine('uefi-http', 'uefi-http', mac), until: INSTALLER }));
  const { fnode } = await bench.hall.explain(mac, '--arch', '16', '--http-client');
  fetchedFrom(bench, mac, fnode?.name as FnodeName, [
    'http ipxe.efi',
    'http boot.ipxe',
    'http linux',
    'http initrd.gz',
  ]);
}

/** The MAC table's clients boot from the fnode of their row, the unlisted one from where hashing sends it. */
async function twoFnodes(bench: Bench): Promise<void> {
  const clients = [
    ['client-a', MAC.clientA, 'fnode00'],
    ['client-b', MAC.clientB, 'fnode01'],
    ['unlisted', MAC.unlisted, undefined],
  ] as const;
  const boots = clients.map(async ([name, mac, row]) => {
    const told = async () => (await bench.hall.explain(mac, '--user-class', 'iPXE')).fnode?.name;
    if (row) assert.equal(await told(), row, `explain names another fnode for ${name}`);
    const hasKernel = (): boolean => bench.fetched(mac).some(({ file }) => file.endsWith('/linux'));
    const end = await bench.boot({ ...machine(name, 'bios', mac), until: INSTALLER }, { isEnough: hasKernel });
    assert.ok(hasKernel(), `${name} fetched no kernel: ${end.verdict}\n${end.transcript.slice(-2000)}`);
    // Of a machine in no row, hashing takes the UUID, too, which flink has not heard before its first boot.
    fetchedFrom(bench, mac, (await told()) as FnodeName, ['http boot.ipxe', 'http linux']);
  });
  await Promise.all(boots);
}

const ia32 = (bench: Bench): Promise<void> => grubMenu(bench, 'ia32', MAC.ia32, ['tftp grubia32.efi']);
const arm64 = (bench: Bench): Promise<void> =>
  grubMenu(bench, 'arm64', MAC.arm64, ['tftp shimaa64.efi', 'tftp grubaa64.efi']);

async function grubMenu(bench: Bench, firmware: Firmware, mac: string, chain: readonly string[]): Promise<void> {
  reached(await bench.boot({ ...machine(firmware, firmware, mac), until: MENU_SHOWN }));
  const { fnode } = await bench.hall.explain(mac, '--arch', firmware === 'ia32' ? '6' : '11');
  fetchedFrom(bench, mac, fnode?.name as FnodeName, [...chain, 'tftp grub.cfg']);
}

const machine = (name: string, firmware: Firmware, mac: string) => ({
  name,
  firmware,
  mac,
  timeoutSec: BOOT_TIMEOUT_SEC,
});

const pictures = (bench: Bench, name: string, keys: (shot: string) => string) => ({
  until: INSTALLER,
  keys: keys(`shot:${path.join(bench.out, `${name}-menu.png`)}`),
  screenshot: path.join(bench.out, `${name}-system.png`),
});

export const CASES: readonly Case[] = [
  { name: 'bios-ipxe', sec: 65, title: 'BIOS with an iPXE ROM: our script, Debian installer', run: biosIpxe },
  { name: 'bios-pxelinux', sec: 85, title: 'BIOS by way of lpxelinux.0: menu, Debian installer', run: biosPxelinux },
  { name: 'uefi', sec: 80, title: 'UEFI x64: shim, signed GRUB, menu, Debian installer', run: uefi },
  {
    name: 'two-fnodes',
    sec: 35,
    title: 'two fnodes: each client from its own, and explain says the same',
    run: twoFnodes,
  },
  {
    name: 'two-networks',
    sec: 5,
    title: 'two networks: no DHCP answer ever leaves on the WAN side',
    run: staysOffTheWan,
  },
  {
    name: 'uefi-http',
    sec: 60,
    title: 'UEFI x64 by HTTP Boot: iPXE, Debian installer',
    isOptional: true,
    run: uefiHttp,
  },
  { name: 'ia32', sec: 40, title: 'UEFI ia32 to the GRUB menu', isOptional: true, run: ia32 },
  { name: 'arm64', sec: 40, title: 'UEFI arm64 to the GRUB menu', isOptional: true, run: arm64 },
  {
    name: 'relay',
    sec: 60,
    title: 'a subnet behind a relay: BIOS to the installer, UEFI to the GRUB menu',
    isOptional: true,
    run: bootsBehindRelay,
  },
];
