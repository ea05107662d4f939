import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mac } from '../../src/core/addr.ts';
import { ARCHITECTURES } from '../../src/dhcp/arch.ts';
import type { BootAnswer } from '../../src/dhcp/boot.ts';
import { LeaseTable } from '../../src/dhcp/leases.ts';
import { isIpxeBinary } from '../../src/dhcp/loaders.ts';
import { OPTION, ofText } from '../../src/dhcp/options.ts';
import { type DhcpPacket, decode, encode } from '../../src/dhcp/packet.ts';
import type { DhcpPolicy, Placement } from '../../src/dhcp/policy.ts';
import { identify } from '../../src/dhcp/pxe.ts';
import { readSubOptions, writeSubOptions } from '../../src/dhcp/suboptions.ts';
import { decide, FNODE00, golden, hall, LAPTOP, message, pxe } from '../support/dhcp.ts';
import { seeded } from '../support/fakes.ts';

const LOADERS = {
  bios: 'lpxelinux.0',
  'x64-uefi': 'shimx64.efi',
  'ia32-uefi': 'grubia32.efi',
  'arm64-uefi': 'shimaa64.efi',
  'x64-http': 'ipxe.efi',
  'ia32-http': 'grubia32.efi',
  'arm64-http': 'shimaa64.efi',
  ipxe: 'boot.ipxe',
};
const NODE = { name: 'fnode00', address: FNODE00, httpPort: 80 };
const at = (over: Partial<Placement> = {}): Partial<DhcpPolicy> => ({
  loaders: LOADERS,
  place: () => ({ node: NODE, rule: 'only-node', loader: undefined, ...over }),
});
const SCRIPT = 'http://172.16.0.10/boot/boot.ipxe';

interface Answered {
  readonly packet: DhcpPacket;
  readonly boot: BootAnswer | undefined;
}

/** What a DISCOVER is offered by a server that knows nobody yet. */
function offered(request: DhcpPacket, policy: DhcpPolicy = hall(at())): Answered {
  const decision = decide(request, policy, new LeaseTable());
  assert.equal(decision.kind, 'offer');
  if (decision.kind !== 'offer') throw new Error(decision.kind);
  return { packet: decision.reply.packet, boot: decision.boot };
}
const text = (value: Uint8Array | undefined) => (value ? Buffer.from(value).toString('latin1') : undefined);
const from = (...options: readonly (readonly [number, Uint8Array])[]) => message('discover', { options });
const vendor = (words: string): [number, Uint8Array] => [OPTION.vendorClass, ofText(words)];
const arch = (...types: number[]): [number, Uint8Array] => [93, Uint8Array.from(types.flatMap((t) => [0, t]))];
const requests = (...codes: number[]): [number, Uint8Array] => [55, Uint8Array.from(codes)];
const features = (...codes: number[]): [number, Uint8Array] => [
  175,
  Uint8Array.from([0xeb, 3, 1, 0, 0, ...codes.flatMap((code) => [code, 1, 1])]),
];

const firmwares = [
  { packet: 'bios-plain-discover', stage: 'pxe', platform: 'bios', file: 'lpxelinux.0' },
  { packet: 'bios-plain-discover-2', stage: 'system', platform: undefined, file: undefined },
  { packet: 'bios-ipxe-discover', stage: 'ipxe', platform: 'bios', file: SCRIPT },
  { packet: 'uefi-discover', stage: 'pxe', platform: 'x64-uefi', file: 'shimx64.efi' },
  { packet: 'uefi-discover-2', stage: 'system', platform: undefined, file: undefined },
  { packet: 'uefi-discover-3', stage: 'system', platform: undefined, file: undefined },
  { packet: 'uefi-ipxe-discover', stage: 'ipxe', platform: 'x64-uefi', file: SCRIPT },
  { packet: 'uefi-http-discover', stage: 'http', platform: 'x64-http', file: 'http://172.16.0.10/boot/ipxe.efi' },
  { packet: 'ia32-discover', stage: 'pxe', platform: 'ia32-uefi', file: 'grubia32.efi' },
  { packet: 'ia32-http-discover', stage: 'http', platform: 'ia32-http', file: 'http://172.16.0.10/boot/grubia32.efi' },
  { packet: 'arm64-discover', stage: 'pxe', platform: 'arm64-uefi', file: 'shimaa64.efi' },
  {
    packet: 'arm64-http-discover',
    stage: 'http',
    platform: 'arm64-http',
    file: 'http://172.16.0.10/boot/shimaa64.efi',
  },
  { packet: 'udhcpc-discover', stage: 'system', platform: undefined, file: undefined },
] as const;
for (const c of firmwares) {
  test(`real firmware: ${c.packet} is ${c.stage}, ${c.platform ?? 'of no platform'}, and boots ${c.file ?? 'nothing'}`, () => {
    const request = decode(golden(c.packet));
    const client = identify(request.options, LAPTOP);
    assert.deepEqual([client.stage, client.platform, client.isPoorIpxe], [c.stage, c.platform, false]);
    const { packet, boot } = offered(request);
    assert.equal(boot?.bootFile, c.file);
    // protocol-facts 11.1: shim takes its folder from the header.
    assert.equal(text(packet.file), c.file ?? '');
  });
}

const ALL_LOADERS = Object.fromEntries(
  Object.values(ARCHITECTURES).flatMap(({ platform }) => (platform ? [[platform, `${platform}.file`]] : [])),
);
const numbers: readonly (readonly [number, string | undefined])[] = [
  [0, 'bios.file'],
  [1, undefined],
  [2, 'ia32-uefi.file'],
  [3, undefined],
  [4, undefined],
  [5, undefined],
  [6, 'ia32-uefi.file'],
  [7, 'x64-uefi.file'],
  [8, 'x64-uefi.file'],
  [9, 'x64-uefi.file'],
  [10, 'arm32-uefi.file'],
  [11, 'arm64-uefi.file'],
  [12, undefined],
  [13, undefined],
  [14, undefined],
  [15, 'ia32-http.file'],
  [16, 'x64-http.file'],
  [17, 'x64-http.file'],
  [18, 'arm32-http.file'],
  [19, 'arm64-http.file'],
  [20, 'bios-http.file'],
  [21, 'arm32-uboot.file'],
  [22, 'arm64-uboot.file'],
  [23, 'arm32-uboot-http.file'],
  [24, 'arm64-uboot-http.file'],
  [25, 'riscv32-uefi.file'],
  [26, 'riscv32-http.file'],
  [27, 'riscv64-uefi.file'],
  [28, 'riscv64-http.file'],
  [29, 'riscv128-uefi.file'],
  [30, 'riscv128-http.file'],
  [31, undefined],
  [32, undefined],
  [33, 'mips32-uefi.file'],
  [34, 'mips64-uefi.file'],
  [35, 'sunway32-uefi.file'],
  [36, 'sunway64-uefi.file'],
  [37, 'loongarch32-uefi.file'],
  [38, 'loongarch32-http.file'],
  [39, 'loongarch64-uefi.file'],
  [40, 'loongarch64-http.file'],
  [41, 'rpi.file'],
  [99, undefined],
];
for (const [number, file] of numbers) {
  const isHttp = file?.includes('-http') === true;
  const want = isHttp ? `http://172.16.0.10/boot/${file}` : file;
  test(`option 93 = ${number} (${ARCHITECTURES[number]?.name ?? 'nobody’s'}): ${want ?? 'an address and no file'}`, () => {
    const word = isHttp ? 'HTTPClient' : 'PXEClient';
    const { packet, boot } = offered(
      from(vendor(`${word}:Arch:${String(number).padStart(5, '0')}:UNDI:003000`), arch(number)),
      hall({ ...at(), loaders: ALL_LOADERS }),
    );
    assert.equal(boot?.bootFile, want);
    assert.notEqual(packet.yiaddr, '0.0.0.0');
  });
}

test('option 93: every number of IANA’s table up to 41 has its name', () => {
  for (let number = 0; number <= 41; number++) assert.ok(ARCHITECTURES[number]?.name, String(number));
});

const X64 = vendor('PXEClient:Arch:00007:UNDI:003016');
const odd = [
  { name: 'no option 93: option 60 repeats it', options: [X64], platform: 'x64-uefi' },
  {
    name: 'option 93 of length 0: option 60 repeats it',
    options: [X64, [93, new Uint8Array(0)]],
    platform: 'x64-uefi',
  },
  {
    name: 'option 93 of one octet: option 60 repeats it',
    options: [X64, [93, Uint8Array.of(0)]],
    platform: 'x64-uefi',
  },
  { name: 'no architecture anywhere: BIOS, the oldest', options: [vendor('PXEClient')], file: 'lpxelinux.0' },
  {
    name: 'several types: the first that is known (RFC 4578 §2.1)',
    options: [X64, arch(31, 6, 7)],
    platform: 'ia32-uefi',
  },
  { name: 'a type before it that cannot boot is skipped', options: [X64, arch(5, 11)], platform: 'arm64-uefi' },
  {
    name: 'option 93 of odd length: its whole types count',
    options: [X64, [93, Uint8Array.of(0, 7, 9)]],
    platform: 'x64-uefi',
  },
  {
    name: 'HTTPClient with PXE’s number is its HTTP sibling',
    options: [vendor('HTTPClient:Arch:00007:UNDI:003000'), arch(7)],
    platform: 'x64-http',
    file: 'http://172.16.0.10/boot/ipxe.efi',
  },
  {
    name: 'an HTTP number makes it HTTP Boot, whatever 60 says',
    options: [vendor('PXEClient:Arch:00016:UNDI:003000'), arch(16)],
    platform: 'x64-http',
    file: 'http://172.16.0.10/boot/ipxe.efi',
  },
] as const;
for (const c of odd) {
  test(`identify: ${c.name}`, () => {
    const request = from(...(c.options as unknown as [number, Uint8Array][]));
    if ('platform' in c) assert.equal(identify(request.options).platform, c.platform);
    if ('file' in c) assert.equal(offered(request).boot?.bootFile, c.file);
  });
}

const uuids = [
  { name: 'a machine’s UUID counts', value: Uint8Array.of(0, ...Array(16).fill(0xab)), want: 'ab'.repeat(16) },
  { name: 'all zero is no identity', value: new Uint8Array(17), want: undefined },
  { name: 'all ones neither', value: Uint8Array.of(0, ...Array(16).fill(255)), want: undefined },
  { name: 'a wrong length neither', value: new Uint8Array(5), want: undefined },
  { name: 'length 0 neither', value: new Uint8Array(0), want: undefined },
];
for (const c of uuids) {
  test(`identify: option 97, ${c.name}`, () => assert.equal(identify(new Map([[97, c.value]])).machineId, c.want));
}

const WHOLE = [0x13, 0x27, 0x21, 0x18];
const ipxes = [
  { name: 'option 77 as iPXE writes it', options: [[77, ofText('iPXE')]], isPoor: false },
  { name: 'option 77 with its inner length (RFC 3004 §4)', options: [[77, ofText('\x04iPXE')]], isPoor: false },
  {
    name: '175 alone, as FlexBoot sends, with nothing said',
    options: [[175, Uint8Array.of(235, 3, 1, 21, 1)]],
    isPoor: false,
  },
  { name: 'HTTP, menus, PXE and bzImage are a whole one', options: [features(...WHOLE)], isPoor: false },
  { name: 'HTTP, menus and EFI too', options: [[77, ofText('iPXE')], features(0x13, 0x27, 0x24)], isPoor: false },
  { name: 'without HTTP it is poor', options: [[77, ofText('iPXE')], features(0x27, 0x21, 0x18)], isPoor: true },
  { name: 'without menus too', options: [[77, ofText('iPXE')], features(0x13, 0x21, 0x18)], isPoor: true },
  { name: 'with PXE but no bzImage too', options: [features(0x13, 0x27, 0x21)], isPoor: true },
  { name: 'gPXE is poor, whatever it says', options: [[77, ofText('gPXE')]], isPoor: true },
  {
    name: '175 that is cut off says what stands whole in it',
    options: [[175, Uint8Array.of(0x13, 1, 1, 0x27, 9)]],
    isPoor: true,
  },
] as const;
for (const c of ipxes) {
  test(`iPXE: ${c.name}`, () => {
    const client = identify(new Map([X64, ...(c.options as unknown as [number, Uint8Array][])]));
    assert.deepEqual([client.stage, client.isPoorIpxe], ['ipxe', c.isPoor]);
  });
}

const poor = (number: number) => from(...pxe(number), [77, ofText('iPXE')], features(0x15, 0x21));
const whole = (number: number) => from(...pxe(number), [77, ofText('iPXE')], features(...WHOLE));
const chains = [
  { name: 'a poor one gets the script at first, as every iPXE', request: poor(7), want: [SCRIPT, 'ipxe-script'] },
  { name: 'so where the node has no iPXE', request: poor(7), has: ['shimx64.efi'], want: [SCRIPT, 'ipxe-script'] },
  { name: 'and where nobody builds one', request: poor(11), want: [SCRIPT, 'ipxe-script'] },
  { name: 'a whole one gets the script', request: whole(0), want: [SCRIPT, 'ipxe-script'] },
  { name: 'and never an iPXE by its row', request: whole(0), row: 'undionly.kpxe', want: [SCRIPT, 'ipxe-script'] },
  {
    name: 'nor by a path and another build’s name',
    request: whole(7),
    row: 'x/ipxe-x86_64.efi',
    want: [SCRIPT, 'ipxe-script'],
  },
  { name: 'nor netboot.xyz’s', request: whole(7), row: 'netboot.xyz-snp.efi', want: [SCRIPT, 'ipxe-script'] },
  {
    name: 'another loader by its row, as the operator says',
    request: whole(0),
    row: 'lpxelinux.0',
    want: ['lpxelinux.0', 'client-row'],
  },
  {
    name: 'a script of its row by HTTP',
    request: whole(0),
    row: 'lab.ipxe',
    want: ['http://172.16.0.10/boot/lab.ipxe', 'client-row'],
  },
  {
    name: 'an image of its row is nothing for it',
    request: whole(0),
    row: '/isos/a.iso',
    want: [SCRIPT, 'row-needs-http'],
  },
];
for (const c of chains) {
  test(`iPXE: ${c.name}`, () => {
    const { boot } = offered(c.request, hall(at({ loader: c.row, loaders: c.has && new Set(c.has) })));
    assert.deepEqual([boot?.bootFile, boot?.rule], c.want);
  });
}

const X64_HTTP = from(vendor('HTTPClient:Arch:00016:UNDI:003000'), arch(16));
const rows = [
  {
    name: 'goes over the architecture',
    request: from(...pxe(0)),
    row: 'pxelinux.0',
    want: ['pxelinux.0', 'client-row'],
  },
  {
    name: 'that begins with / is a path on the node for HTTP Boot: an image by its URL',
    request: X64_HTTP,
    row: '/isos/debian.iso',
    want: ['http://172.16.0.10/isos/debian.iso', 'client-row'],
  },
  {
    name: 'that begins with / is refused for PXE: the usual one',
    request: from(...pxe(7)),
    row: '/isos/debian.iso',
    want: ['shimx64.efi', 'row-needs-http'],
  },
  {
    name: 'that is a URL stays as it is',
    request: X64_HTTP,
    row: 'http://172.16.0.99/x.efi',
    want: ['http://172.16.0.99/x.efi', 'client-row'],
  },
];
for (const c of rows) {
  test(`a row’s loader ${c.name}`, () => {
    const { boot } = offered(c.request, hall(at({ loader: c.row })));
    assert.deepEqual([boot?.bootFile, boot?.rule], c.want);
  });
}

test('HTTP’s port is in the URL where it is not 80; an operator’s own URL of a script stays', () => {
  const on8080 = hall(at({ node: { ...NODE, httpPort: 8080 } }));
  assert.equal(offered(whole(0), on8080).boot?.bootFile, 'http://172.16.0.10:8080/boot/boot.ipxe');
  const own = { ...hall(at()), loaders: { ipxe: 'http://boot.example/x.ipxe' } };
  assert.equal(offered(whole(0), own).boot?.bootFile, 'http://boot.example/x.ipxe');
});

test('PXE firmware gets 60, 43 = take this file, 66 and 67 with a NUL (netboot.xyz #1198), 150, siaddr, sname, file', () => {
  const { packet } = offered(from(...pxe(0)));
  assert.deepEqual([...(packet.options.get(43) ?? [])], [6, 1, 8, 255]);
  assert.equal(text(packet.options.get(60)), 'PXEClient');
  assert.equal(text(packet.options.get(66)), '172.16.0.10\0');
  assert.equal(text(packet.options.get(67)), 'lpxelinux.0\0');
  assert.deepEqual([...(packet.options.get(150) ?? [])], [172, 16, 0, 10]);
  assert.deepEqual([packet.siaddr, text(packet.sname), text(packet.file)], [FNODE00, FNODE00, 'lpxelinux.0']);
});

test('HTTP Boot gets its class back and a bare URL in 67 and file: no NUL, no query, no name (HttpBootDhcp4.c)', () => {
  const { packet } = offered(decode(golden('uefi-http-discover')));
  assert.equal(text(packet.options.get(60)), 'HTTPClient');
  assert.equal(text(packet.options.get(67)), 'http://172.16.0.10/boot/ipxe.efi');
  assert.equal(text(packet.file), 'http://172.16.0.10/boot/ipxe.efi');
});

test('a URL that is longer than the file field stands in 67 alone', () => {
  const long = `/isos/${'x'.repeat(115)}.iso`;
  const { packet } = offered(X64_HTTP, hall(at({ loader: long })));
  assert.equal(text(packet.options.get(67)), `http://172.16.0.10${long}`);
  assert.equal(packet.file.length, 0);
});

// ---- PXELINUX: RFC 5071 ----

const pxelinux = [
  {
    name: 'lpxelinux.0 by HTTP',
    row: undefined,
    want: ['pxelinux.cfg/01-52-54-00-12-34-56', 'http://172.16.0.10/boot/'],
  },
  {
    name: 'a folder of its own',
    row: 'old/lpxelinux.0',
    want: ['pxelinux.cfg/01-52-54-00-12-34-56', 'http://172.16.0.10/boot/old/'],
  },
  { name: 'tftp/pxelinux.0 by TFTP', row: 'tftp/pxelinux.0', want: ['pxelinux.cfg/01-52-54-00-12-34-56', '/tftp/'] },
  { name: 'pxelinux.0 by TFTP', row: 'pxelinux.0', want: ['pxelinux.cfg/01-52-54-00-12-34-56', '/'] },
  { name: 'nothing for another loader', row: 'undionly.kpxe', want: [undefined, undefined] },
];
for (const c of pxelinux) {
  test(`209 and 210 to who asks for them: ${c.name}`, () => {
    const policy = hall(at({ loader: c.row }));
    const { options } = offered(from(...pxe(0), requests(1, 209, 210)), policy).packet;
    assert.deepEqual([text(options.get(209)), text(options.get(210))], c.want);
    const unasked = offered(from(...pxe(0), requests(1, 3)), policy).packet.options;
    assert.deepEqual([unasked.has(209), unasked.has(210)], [false, false]);
  });
}

test('209 and 210: the operator’s own go over ours', () => {
  const policy = { ...hall(at()), extraOptions: new Map([[210, ofText('/mine/')]]) };
  const { options } = offered(from(...pxe(0), requests(209, 210)), policy).packet;
  assert.equal(text(options.get(210)), '/mine/');
  assert.equal(text(options.get(209)), 'pxelinux.cfg/01-52-54-00-12-34-56');
});

// ---- Raspberry Pi ----

const PI = 'dc:a6:32:01:02:03' as Mac;
const piDiscover = (mac: Mac, ...codes: number[]) =>
  message('discover', { mac, options: [vendor('PXEClient:Arch:00000:UNDI:002001'), arch(0), requests(...codes)] });

test('Raspberry Pi’s ROM gets its menu in 43 (tinkerbell’s smee), 60 and siaddr', () => {
  const { packet, boot } = offered(piDiscover(PI, 1, 3, 43, 60, 66, 67));
  const menu = readSubOptions(packet.options.get(43));
  assert.equal(text(menu.get(9)), '\0\0\x11Raspberry Pi Boot');
  assert.equal(text(menu.get(10)), '\0PXE');
  assert.equal(text(packet.options.get(60)), 'PXEClient');
  assert.deepEqual([packet.siaddr, boot?.bootFile], [FNODE00, 'bootcode.bin']);
});

const notPis = [
  { name: 'another card with the same words is a BIOS', request: piDiscover(LAPTOP, 1, 43), want: 'bios' },
  { name: 'nor is a Pi that has not asked for 43', request: piDiscover(PI, 1, 3), want: 'bios' },
  {
    name: 'a Pi with UEFI is arm64',
    request: message('discover', { mac: PI, options: [...pxe(11), requests(43)] }),
    want: 'arm64-uefi',
  },
];
for (const c of notPis) {
  test(`Raspberry Pi: ${c.name}`, () => {
    const mac = c.request.chaddr[0] === 0xdc ? PI : LAPTOP;
    assert.equal(identify(c.request.options, mac).platform, c.want);
  });
}

// ---- options inside an option ----

test('43 has at most 253 octets and ends with 255; what does not fit is left out whole', () => {
  const long = writeSubOptions([
    [6, Uint8Array.of(8)],
    [9, new Uint8Array(250)],
    [10, ofText('x')],
  ]);
  assert.deepEqual([...long], [6, 1, 8, 10, 1, 'x'.charCodeAt(0), 255]);
  assert.ok(writeSubOptions([[9, new Uint8Array(250)]]).length <= 253);
  assert.equal(writeSubOptions([[9, new Uint8Array(255)]]).length, 1);
});

test('options inside an option: any octets are read without throwing', () => {
  const random = seeded(7);
  for (let i = 0; i < 2000; i++) {
    const value = Uint8Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 256));
    for (const [, inner] of readSubOptions(value)) assert.ok(inner.length <= value.length);
  }
});

// ---- what holds for every client ----

const ROWS = [undefined, 'lpxelinux.0', 'ipxe.efi', 'undionly.kpxe', 'x/snponly-shimx64.efi', '/isos/a.iso', 'a.ipxe'];
const CODES = [0, 2, 6, 7, 8, 9, 10, 11, 15, 16, 17, 18, 19, 20, 25, 27, 28, 37, 38, 39, 40, 41, 5, 99];

test('whatever a client says: a whole iPXE gets no iPXE, scripts are on its node, siaddr = sname = 66 = the URL’s host', () => {
  const random = seeded(93);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  for (let i = 0; i < 3000; i++) {
    const node = { name: 'n', address: pick([FNODE00, '172.16.0.11' as typeof FNODE00]), httpPort: pick([80, 8080]) };
    const row = pick(ROWS);
    const isIpxe = random() < 0.5;
    const marks = [features(...WHOLE), features(0x13, 0x27, 0x24), [77, ofText('iPXE')] as [number, Uint8Array]];
    const number = pick(CODES);
    const word = pick(['PXEClient', 'HTTPClient']);
    const options = [vendor(`${word}:Arch:${String(number).padStart(5, '0')}`), arch(number)];
    if (isIpxe) options.push(pick(marks));
    const { packet, boot } = offered(from(...options), hall(at({ node, loader: row })));
    if (!boot) continue;
    const where = `${JSON.stringify({ number, word, row, isIpxe })} ${boot.bootFile}`;
    if (isIpxe) assert.ok(!isIpxeBinary(boot.bootFile), where);
    if (isIpxe && boot.rule !== 'client-row') assert.match(boot.bootFile, /^http:.*\.ipxe$/, where);
    const host = /^http:\/\/([\d.]+)/.exec(boot.bootFile)?.[1];
    if (host !== undefined) assert.equal(host, node.address, where);
    const names = [packet.siaddr, text(packet.sname), text(packet.options.get(66))?.replace('\0', '') ?? node.address];
    assert.deepEqual(names, Array(3).fill(node.address), where);
    assert.equal(decode(encode(packet)).siaddr, node.address);
  }
});
