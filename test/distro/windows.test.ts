/** Windows: the build in its image files says which, and boot.wim is started by wimboot. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Verdict } from '../../src/core/image.ts';
import { recognise } from '../../src/distro/recognise.ts';
import { type Fill, imageView, kernel, type MadeFile, type MadeSystem, MIB, wim } from './kit.ts';

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

test('a wim without its boot manager is some file; with half of it Windows that cannot be started', async () => {
  const keysOf = async (files: Readonly<Record<string, Fill>>): Promise<readonly unknown[]> => {
    const verdict = await recognise(
      imageView({ format: 'udf', boots: [], files: { 'sources/boot.wim': pe(26100), ...files } }),
    );
    return [verdict.family, verdict.entries.length, verdict.problem?.reason];
  };
  assert.deepEqual(await keysOf({}), ['unknown', 0, 'unknown']);
  assert.deepEqual(await keysOf({ bootmgr: 400_000 }), ['windows', 0, 'cannot-netboot']);
});

test('firmware starts programs of its own processor: by UEFI each has its own, and ARM has no BIOS', async () => {
  const programs = { 'efi/boot/bootia32.efi': MIB, 'efi/boot/bootaa64.efi': MIB };
  const shown = async (arch: number): Promise<readonly string[]> =>
    (await look({ 'sources/boot.wim': pe(26100, arch), ...programs })).entries.map(({ firmware, archs, how }) =>
      [...firmware, ...archs, how.kind === 'wimboot' ? how.files[0]?.file : ''].join(' '),
    );
  assert.deepEqual(await shown(9), ['bios x86_64 bootmgr', 'uefi x86_64 efi/boot/bootx64.efi']);
  assert.deepEqual(await shown(0), ['bios i386 bootmgr', 'uefi i386 efi/boot/bootia32.efi']);
  assert.deepEqual(await shown(12), ['uefi arm64 efi/boot/bootaa64.efi']);
});

test('beside a live system it is a further entry', async () => {
  const live = {
    'casper/vmlinuz': kernel({ signer: 'none' }),
    'casper/initrd': MIB,
    'casper/filesystem.squashfs': MIB,
  };
  const { family, entries } = await look({ 'sources/boot.wim': pe(26100), ...live });
  assert.deepEqual(
    [family, entries.map(({ key }) => key).join(' ')],
    ['casper', 'live-nfs live start-pe-bios start-pe-uefi'],
  );
});
