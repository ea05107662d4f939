/** Windows: the build in its image files says which, and boot.wim is started by wimboot. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Verdict } from '../../src/core/image.ts';
import { recognise } from '../../src/distro/recognise.ts';
import { type Fill, imageView, type MadeFile, MIB } from './kit.ts';

interface MadeSystem {
  readonly name: string;
  readonly edition?: string;
  readonly build: number;
  readonly arch?: number;
}

/** Header and description of a WIM file. [MS-WIM; the XML stands where octet 80 says] */
function wim(systems: readonly MadeSystem[], bootIndex: number, sizeBytes = 400 * MIB): MadeFile {
  const images = systems.map(
    ({ name, edition = '', build, arch = 9 }, i) =>
      `<IMAGE INDEX="${i + 1}"><NAME>${name}</NAME><WINDOWS><ARCH>${arch}</ARCH><EDITIONID>${edition}</EDITIONID>` +
      `<VERSION><MAJOR>10</MAJOR><MINOR>0</MINOR><BUILD>${build}</BUILD></VERSION></WINDOWS></IMAGE>`,
  );
  const xml = Buffer.from(`\ufeff<WIM>${images.join('')}</WIM>`, 'utf16le');
  const header = Buffer.alloc(208);
  header.write('MSWIM\0\0\0', 0, 'latin1');
  header.writeUInt32LE(208, 8);
  header.writeUInt32LE(xml.length, 72);
  header.writeUInt32LE(208, 80);
  header.writeUInt32LE(xml.length, 88);
  header.writeUInt32LE(bootIndex, 120);
  return { sizeBytes, bytes: Buffer.concat([header, xml]) };
}

const pe = (build: number, arch = 9): MadeFile =>
  wim(
    [
      { name: 'Microsoft Windows PE (x64)', build, arch },
      { name: 'Microsoft Windows Setup (x64)', build, arch },
    ],
    2,
  );
const BOOT: Readonly<Record<string, Fill>> = {
  bootmgr: 400_000,
  'boot/bcd': 16_384,
  'boot/boot.sdi': 3 * MIB,
  'efi/boot/bootx64.efi': MIB,
  'efi/microsoft/boot/bcd': 16_384,
};
const look = (files: Readonly<Record<string, Fill>>): Promise<Verdict> =>
  recognise(imageView({ format: 'udf', label: 'CCCOMA_X64FRE_EN-US_DV9', systemId: '', files: { ...BOOT, ...files } }));

const cases: readonly (readonly [string, MadeSystem, string, string])[] = [
  ['install.wim', { name: 'Windows 11 Pro', edition: 'Professional', build: 26100 }, 'Windows 11', '24H2'],
  ['install.wim', { name: 'Windows 11 Pro', edition: 'Professional', build: 22631 }, 'Windows 11', '23H2'],
  ['install.esd', { name: 'Windows 10 Home', edition: 'Core', build: 19045 }, 'Windows 10', '22H2'],
  [
    'install.wim',
    { name: 'Windows Server 2022 SERVERSTANDARD', edition: 'ServerStandard', build: 20348 },
    'Windows Server',
    '2022',
  ],
  [
    'install.wim',
    { name: 'Windows Server 2025 SERVERSTANDARD', edition: 'ServerStandard', build: 26100 },
    'Windows Server',
    '2025',
  ],
  ['install.wim', { name: 'Windows 7 Professional', edition: 'Professional', build: 7601 }, 'Windows 7', 'build 7601'],
  ['install.wim', { name: 'Windows NT', build: 6000 }, 'Windows', 'build 6000'],
];
for (const [file, system, name, version] of cases) {
  test(`${name} ${version} by build ${system.build} in ${file}`, async () => {
    const verdict = await look({ 'sources/boot.wim': pe(system.build), [`sources/${file}`]: wim([system], 0) });
    assert.deepEqual(
      [verdict.family, verdict.name, verdict.version, verdict.group, verdict.archs],
      ['windows', name, version, 'Windows', ['x86_64']],
    );
  });
}

test('wimboot gets what BIOS and UEFI each want, and Windows PE instead of Setup', async () => {
  const { entries } = await look({ 'sources/boot.wim': pe(26100) });
  assert.deepEqual(
    entries.map(({ key, use, firmware, memoryMib, how }) => ({ key, use, firmware, memoryMib, how })),
    [
      {
        key: 'start-pe-bios',
        use: 'start',
        firmware: ['bios'],
        memoryMib: 1472,
        how: {
          kind: 'wimboot',
          files: [
            { name: 'bootmgr', file: 'bootmgr' },
            { name: 'bcd', file: 'boot/bcd' },
            { name: 'boot.sdi', file: 'boot/boot.sdi' },
            { name: 'boot.wim', file: 'sources/boot.wim' },
          ],
          index: 1,
        },
      },
      {
        key: 'start-pe-uefi',
        use: 'start',
        firmware: ['uefi'],
        memoryMib: 1472,
        how: {
          kind: 'wimboot',
          files: [
            { name: 'bootmgfw.efi', file: 'efi/boot/bootx64.efi' },
            { name: 'BCD', file: 'efi/microsoft/boot/bcd' },
            { name: 'boot.sdi', file: 'boot/boot.sdi' },
            { name: 'boot.wim', file: 'sources/boot.wim' },
          ],
          index: 1,
        },
      },
    ],
  );
});

test('people are told that Setup needs SMB', async () => {
  const { entries } = await look({ 'sources/boot.wim': pe(26100) });
  for (const entry of entries) assert.match(entry.variant ?? '', /SMB/);
});

test('a boot.wim that says nothing is Windows all the same', async () => {
  const verdict = await look({ 'sources/boot.wim': 300 * MIB });
  assert.deepEqual([verdict.name, verdict.version, verdict.entries.length], ['Windows', '', 2]);
});

test('a wim without its boot manager cannot be started', async () => {
  const verdict = await recognise(imageView({ files: { 'sources/boot.wim': pe(26100) } }));
  assert.deepEqual([verdict.entries, verdict.problem?.reason], [[], 'cannot-netboot']);
});
