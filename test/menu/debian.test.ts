/** Debian's netboot installer, wherever an operator may have put it. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the loaders' own syntax
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { debianEntries, findInstallers, releaseOf } from '../../src/menu/debian.ts';
import type { Entry } from '../../src/menu/entries.ts';
import { probeImages } from '../../src/menu/probe.ts';
import { WORDS } from '../../src/menu/words.ts';
import { folderOf, installerFiles } from './fixtures.ts';

const found = async (files: Readonly<Record<string, string | number>>) => probeImages(folderOf(files));
const idsOf = async (files: Readonly<Record<string, string | number>>) =>
  debianEntries((await found(files)).installers, WORDS.en).map((entry) => entry.id);

const inner = {
  'F/debian-installer/amd64/linux': 8_000_000,
  'F/debian-installer/amd64/initrd.gz': 41_000_000,
};
const at = (folder: string, files: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(files).map(([name, content]) => [name.replace('F', folder), content]));

const ALL = ['debian-12-amd64-gtk', 'debian-12-amd64', 'debian-12-amd64-expert', 'debian-12-amd64-rescue'];
const cases = [
  { name: "the package's folder", files: installerFiles('/isos/debian-installer-12-netboot-amd64/amd64'), want: ALL },
  {
    name: 'the package unpacked whole',
    files: installerFiles('/isos/d12/usr/lib/debian-installer/images/12/amd64'),
    want: ALL,
  },
  { name: 'the images folder itself', files: installerFiles('/isos'), want: ALL },
  {
    name: 'the inner part alone, release unknown',
    files: at('/isos/deb', inner),
    want: ['debian-installer-amd64', 'debian-installer-amd64-expert', 'debian-installer-amd64-rescue'],
  },
  {
    name: "the inner part of a graphical one, told by the initrd's size",
    files: at('/isos/deb', { ...inner, 'F/debian-installer/amd64/initrd.gz': 73_000_000 }),
    want: ['debian-installer-amd64-gtk', 'debian-installer-amd64-expert', 'debian-installer-amd64-rescue'],
  },
  { name: 'a kernel without initrd is none', files: { '/isos/x/debian-installer/amd64/linux': 1 }, want: [] },
  {
    name: 'an architecture nobody has is none',
    files: { '/isos/x/debian-installer/s390x/linux': 1, '/isos/x/debian-installer/s390x/initrd.gz': 1 },
    want: [],
  },
  {
    name: 'a copy of the same does not show twice',
    files: { ...installerFiles('/isos/a/amd64'), ...installerFiles('/isos/b/amd64') },
    want: ALL,
  },
  {
    name: '64-bit PCs first, then 32-bit, then ARM',
    files: {
      ...installerFiles('/isos/arm64', 'arm64'),
      ...installerFiles('/isos/amd64'),
      ...installerFiles('/isos/i386', 'i386'),
    },
    want: [...ALL, ...ALL.map((id) => id.replace('amd64', 'i386')), ...ALL.map((id) => id.replace('amd64', 'arm64'))],
  },
];
for (const c of cases) test(`finds ${c.name}`, async () => assert.deepEqual(await idsOf(c.files), c.want));

test("an entry carries the words of the installer's own menu, memory, Secure Boot and its group", async () => {
  const { installers } = await found(installerFiles('/isos/d12/amd64'));
  const [gtk, , expert, rescue] = debianEntries(installers, WORDS.en);
  assert.deepEqual(gtk, {
    id: 'debian-12-amd64-gtk',
    title: 'Graphical install (64-bit)',
    group: 'Debian 12 (bookworm) installer',
    fullTitle: 'Debian 12 (bookworm): Graphical install (64-bit)',
    archs: ['x86_64'],
    firmware: ['bios', 'uefi'],
    how: {
      kind: 'linux',
      kernel: '/isos/d12/amd64/gtk/debian-installer/amd64/linux',
      initrds: ['/isos/d12/amd64/gtk/debian-installer/amd64/initrd.gz'],
      arguments: ['vga=788', '---', 'quiet'],
    },
    memoryMib: 1024,
    secureBoot: 'debian-signed',
  });
  const argumentsOf = (entry: Entry | undefined) =>
    entry?.how.kind === 'linux' ? entry.how.arguments.join(' ') : undefined;
  assert.equal(argumentsOf(expert), 'priority=low vga=788 ---');
  assert.equal(argumentsOf(rescue), 'vga=788 rescue/enable=true --- quiet');
  assert.match(JSON.stringify(rescue), /\/text\//, 'rescue takes the smaller initrd');
});

const releases = [
  { info: 'Debian version:  12 (bookworm)\nInstaller build: 1\n', folder: '/isos/x', want: '12 bookworm' },
  { info: 'Debian version:  sid\n', folder: '/isos/x', want: ' sid' },
  { info: 'Debian version: ${x}\n', folder: '/isos/x', want: ' ' },
  { info: undefined, folder: '/isos/usr/lib/debian-installer/images/13/amd64/text', want: '13 ' },
  { info: undefined, folder: '/isos/debian-installer-11-netboot-amd64/amd64/gtk', want: '11 ' },
  { info: 'nonsense', folder: '/isos/2024/amd64', want: ' ' },
];
for (const { info, folder, want } of releases) {
  test(`release of ${JSON.stringify(info)} in ${folder} is "${want}"`, () => {
    const { version, codename } = releaseOf(info, folder);
    assert.equal(`${version} ${codename}`, want);
  });
}

test('a folder name that boot loaders cannot take is a fault with the cure, and no entry (rule 10)', async () => {
  const { installers, faults } = await found(installerFiles('/isos/my images/amd64'));
  assert.equal(installers.length, 0);
  assert.match(faults[0]?.problem ?? '', /rename the folders/);
});

test('a deep and a wide folder are searched only so far, and the operator is told', async () => {
  const deep = `/isos/${'d/'.repeat(40)}debian-installer/amd64`;
  assert.deepEqual(await idsOf({ [`${deep}/linux`]: 1, [`${deep}/initrd.gz`]: 1 }), []);
  const wide = Object.fromEntries(Array.from({ length: 2100 }, (_, i) => [`/isos/f${i}/x`, 1]));
  const { faults, listing } = await found(wide);
  assert.equal(faults.filter((fault) => /more than 2000 folders/.test(fault.problem)).length, 1);
  assert.ok(listing.size <= 2000);
});

test('what is a folder where a file should be does not count', () => {
  const listing = new Map([
    [
      '/isos/debian-installer/amd64',
      [
        { name: 'linux', kind: 'folder' as const, sizeBytes: 0, modifiedMs: 0 },
        { name: 'initrd.gz', kind: 'file' as const, sizeBytes: 9, modifiedMs: 0 },
      ],
    ],
  ]);
  assert.deepEqual(findInstallers(listing), []);
});
