import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OPTION, ofText } from '../../src/dhcp/options.ts';
import { decode } from '../../src/dhcp/packet.ts';
import { ARCHITECTURES, bootAnswer, identify } from '../../src/dhcp/pxe.ts';
import { FNODE00, golden } from '../support/dhcp.ts';

const LOADERS = {
  bios: 'lpxelinux.0',
  'x64-uefi': 'shimx64.efi',
  'ia32-uefi': 'shimia32.efi',
  'arm64-uefi': 'shimaa64.efi',
  'x64-http': 'ipxe.efi',
  ipxe: 'boot.ipxe',
};
const NODE = { address: FNODE00, httpPort: 80 };

const firmwares = [
  { packet: 'bios-plain-discover', stage: 'pxe', platform: 'bios', file: 'lpxelinux.0' },
  { packet: 'bios-plain-discover-2', stage: 'system', platform: undefined, file: undefined },
  { packet: 'bios-ipxe-discover', stage: 'ipxe', platform: 'bios', file: 'http://172.16.0.10/boot/boot.ipxe' },
  { packet: 'uefi-discover', stage: 'pxe', platform: 'x64-uefi', file: 'shimx64.efi' },
  { packet: 'uefi-discover-2', stage: 'system', platform: undefined, file: undefined },
  { packet: 'uefi-discover-3', stage: 'system', platform: undefined, file: undefined },
  { packet: 'uefi-ipxe-discover', stage: 'ipxe', platform: 'x64-uefi', file: 'http://172.16.0.10/boot/boot.ipxe' },
  { packet: 'uefi-http-discover', stage: 'http', platform: 'x64-http', file: 'http://172.16.0.10/boot/ipxe.efi' },
  { packet: 'ia32-discover', stage: 'pxe', platform: 'ia32-uefi', file: 'shimia32.efi' },
  { packet: 'arm64-discover', stage: 'pxe', platform: 'arm64-uefi', file: 'shimaa64.efi' },
  { packet: 'arm64-http-discover', stage: 'http', platform: 'arm64-http', file: undefined },
  { packet: 'udhcpc-discover', stage: 'system', platform: undefined, file: undefined },
];
for (const c of firmwares) {
  test(`identify: ${c.packet} is ${c.stage}, ${c.platform ?? 'of no platform'}, and boots ${c.file ?? 'nothing'}`, () => {
    const client = identify(decode(golden(c.packet)).options);
    assert.deepEqual([client.stage, client.platform], [c.stage, c.platform]);
    assert.equal(bootAnswer(client, NODE, undefined, LOADERS)?.bootFile, c.file);
  });
}

const pxeClient: readonly [number, Uint8Array] = [OPTION.vendorClass, ofText('PXEClient:Arch:00007:UNDI:003016')];
const arch = (...types: number[]): [number, Uint8Array] => [93, Uint8Array.from(types.flatMap((t) => [0, t]))];
const odd = [
  { name: 'no option 93: option 60 repeats it', options: [pxeClient], platform: 'x64-uefi' },
  {
    name: 'no architecture anywhere: BIOS, the oldest',
    options: [[60, ofText('PXEClient')]],
    platform: undefined,
    file: 'lpxelinux.0',
  },
  {
    name: 'several types: the first that is known (RFC 4578 §2.1)',
    options: [pxeClient, arch(31, 6, 7)],
    platform: 'ia32-uefi',
  },
  {
    name: 'option 93 of odd length: its whole types count',
    options: [pxeClient, [93, Uint8Array.of(0, 7, 9)]],
    platform: 'x64-uefi',
  },
  { name: 'EBC (9) is x64 in practice', options: [pxeClient, arch(9)], platform: 'x64-uefi' },
  {
    name: 'Itanium’s code (2) comes from x86 laptops',
    options: [pxeClient, arch(2)],
    platform: 'ia32-uefi',
    file: 'shimia32.efi',
  },
  {
    name: 'an architecture that nobody knows boots nothing',
    options: [pxeClient, arch(99)],
    platform: undefined,
    file: null,
  },
] as const;
for (const c of odd) {
  test(`identify: ${c.name}`, () => {
    const client = identify(new Map<number, Uint8Array>(c.options as Iterable<[number, Uint8Array]>));
    assert.equal(client.platform, c.platform);
    if ('file' in c) assert.equal(bootAnswer(client, NODE, undefined, LOADERS)?.bootFile ?? null, c.file);
  });
}

const uuids = [
  { name: 'a machine’s UUID counts', value: Uint8Array.of(0, ...Array(16).fill(0xab)), want: 'ab'.repeat(16) },
  { name: 'all zero is no identity', value: new Uint8Array(17), want: undefined },
  { name: 'all ones neither', value: Uint8Array.of(0, ...Array(16).fill(255)), want: undefined },
  { name: 'a wrong length neither', value: new Uint8Array(5), want: undefined },
];
for (const c of uuids) {
  test(`identify: option 97, ${c.name}`, () => assert.equal(identify(new Map([[97, c.value]])).machineId, c.want));
}

const ipxeMarks = [
  { name: 'option 77 as iPXE writes it', options: [[77, ofText('iPXE')]] },
  { name: 'option 77 with its inner length (RFC 3004 §4)', options: [[77, ofText('\x04iPXE')]] },
  { name: 'option 175 alone, as card makers’ builds send', options: [[175, Uint8Array.of(235, 3, 1, 21, 1)]] },
];
for (const c of ipxeMarks) {
  test(`identify: ${c.name} is iPXE`, () => {
    assert.equal(
      identify(new Map<number, Uint8Array>([pxeClient, ...(c.options as [number, Uint8Array][])])).stage,
      'ipxe',
    );
  });
}

const ipxe = identify(new Map<number, Uint8Array>([pxeClient, arch(0), [77, ofText('iPXE')]]));
const bios = identify(new Map<number, Uint8Array>([[60, ofText('PXEClient:Arch:00000:UNDI:002001')], arch(0)]));
const rows = [
  {
    name: 'a row’s loader goes over the architecture',
    client: bios,
    row: 'pxelinux.0',
    want: ['pxelinux.0', 'client-row'],
  },
  {
    name: 'also for a client that is iPXE already',
    client: ipxe,
    row: 'lpxelinux.0',
    want: ['lpxelinux.0', 'client-row'],
  },
  {
    name: 'but an iPXE never loads an iPXE again',
    client: ipxe,
    row: 'undionly.kpxe',
    want: ['http://172.16.0.10/boot/boot.ipxe', 'ipxe-script'],
  },
  {
    name: 'nor by a path and another build’s name',
    client: ipxe,
    row: 'x/ipxe-x86_64.efi',
    want: ['http://172.16.0.10/boot/boot.ipxe', 'ipxe-script'],
  },
];
for (const c of rows) {
  test(`bootAnswer: ${c.name}`, () => {
    const answer = bootAnswer(c.client, NODE, c.row, LOADERS);
    assert.deepEqual([answer?.bootFile, answer?.rule], c.want);
  });
}

test('bootAnswer: HTTP’s port is in the URL where it is not 80', () => {
  assert.equal(
    bootAnswer(ipxe, { ...NODE, httpPort: 8080 }, undefined, LOADERS)?.bootFile,
    'http://172.16.0.10:8080/boot/boot.ipxe',
  );
});

test('bootAnswer: an operator’s own URL stays as it is', () => {
  assert.equal(
    bootAnswer(ipxe, NODE, undefined, { ipxe: 'http://boot.example/x.ipxe' })?.bootFile,
    'http://boot.example/x.ipxe',
  );
});

test('bootAnswer: firmware gets 60, 43 = take this file, 66 and a terminated 67; HTTP Boot its class and a bare URL', () => {
  const pxe = bootAnswer(bios, NODE, undefined, LOADERS)?.options;
  assert.deepEqual([...(pxe?.get(43) ?? [])], [6, 1, 8, 255]);
  assert.equal(Buffer.from(pxe?.get(60) ?? []).toString(), 'PXEClient');
  assert.equal(Buffer.from(pxe?.get(66) ?? []).toString(), '172.16.0.10');
  assert.equal(Buffer.from(pxe?.get(67) ?? []).toString(), 'lpxelinux.0\0');
  const http = bootAnswer(identify(decode(golden('uefi-http-discover')).options), NODE, undefined, LOADERS)?.options;
  assert.equal(Buffer.from(http?.get(60) ?? []).toString(), 'HTTPClient');
  assert.equal(Buffer.from(http?.get(67) ?? []).toString(), 'http://172.16.0.10/boot/ipxe.efi');
});

test('ARCHITECTURES: every type that RFC 4578, RFC 5970 and the issue’s machines use has a platform', () => {
  for (const type of [0, 6, 7, 8, 9, 10, 11, 15, 16, 18, 19, 20, 27, 28, 39, 40, 41])
    assert.ok(ARCHITECTURES[type], String(type));
});
