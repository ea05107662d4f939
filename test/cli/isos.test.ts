import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Terminal } from '../../src/cli/command.ts';
import { fnodeProgram } from '../../src/cli/fnode.ts';
import { showImages } from '../../src/cli/images.ts';
import { runProgram } from '../../src/cli/main.ts';
import type { CatalogImage, ImageEntry, Verdict } from '../../src/core/image.ts';

const folder = mkdtempSync(join(tmpdir(), 'isos-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const live: ImageEntry = {
  ...{ key: 'live', use: 'live', transport: 'http', isStreaming: false, archs: ['x86_64'], firmware: ['bios', 'uefi'] },
  ...{ memoryMib: 3584, secureBoot: 'debian-signed' },
  how: { kind: 'linux', kernel: 'casper/vmlinuz', initrds: ['casper/initrd'], arguments: [] },
};
const mint: Verdict = {
  ...{
    family: 'casper',
    name: 'Linux Mint',
    version: '22',
    edition: 'Cinnamon',
    archs: ['x86_64'],
    group: 'Linux Mint',
  },
  entries: [
    live,
    { ...live, key: 'live-nfs', variant: 'little memory', transport: 'nfs', isStreaming: true, memoryMib: 2048 },
  ],
};
const image = (path: string, more: Partial<CatalogImage> = {}): CatalogImage => ({
  ...{ path, alias: path.slice(0, -4), suffix: '.iso', sizeBytes: 2_900_000_000, modifiedMs: 0, state: 'ready' },
  ...{ verdict: mint, checksum: { kind: 'none' }, ...more },
});

const lame: Verdict = {
  ...{ family: 'unknown', name: 'x', version: '', archs: [], group: 'x', entries: [] },
  problem: { reason: 'damaged', says: 'It is cut off.', cure: 'Copy it again.' },
};
const { verdict: _, ...unread } = image('b.iso', { sizeBytes: 1, state: 'copying', declaredBytes: 3_400_000_000 });
const others: readonly CatalogImage[] = [
  unread,
  image('c.iso', { sizeBytes: 20, verdict: lame }),
  image('d.iso', {
    checksum: { kind: 'wrong', sumsFile: 'SHA256SUMS', wanted: 'a', got: 'b' },
    verdict: { ...mint, entries: [] },
  }),
];

test('each image: its file, what it is, its entries with memory and Secure Boot, and what is wrong with it', () => {
  const right = image('mint.iso', { checksum: { kind: 'right', sumsFile: 'sha256sum.txt' } });
  assert.deepEqual(showImages([right, ...others], '/isos'), [
    'mint.iso  2.9 GB  Linux Mint 22 Cinnamon (x86_64)',
    '  live      by HTTP, loaded whole  3.5 GiB  BIOS+UEFI  Secure Boot on or off',
    '  live-nfs  by NFS, streamed       2 GiB    BIOS+UEFI  Secure Boot on or off  little memory',
    '  checksum right, by sha256sum.txt',
    'b.iso     1 B     is being copied: 1 B of 3.4 GB',
    'c.iso     20 B    x',
    '  It is cut off. Copy it again.',
    'd.iso     2.9 GB  Linux Mint 22 Cinnamon (x86_64)',
    '  CHECKSUM WRONG, by SHA256SUMS: it is in no menu; copy it again',
    '',
    '4 images, 2 without an entry, 1 wrong, 1 not ready yet',
  ]);
});

test('an empty folder says what to do', () => {
  assert.deepEqual(showImages([], '/srv/isos'), ['no images in /srv/isos: put ISO files into it']);
});

test('names and labels steer no terminal', () => {
  const lines = showImages(
    [image('\x1b[2J.iso', { verdict: { ...mint, name: '\x07\u202e', edition: '\x9b1m' } })],
    '/',
  );
  assert.doesNotMatch(lines.join(''), /[\x00-\x1f\x7f-\x9f\u202e]/);
});

async function isos(images: readonly CatalogImage[], ...argv: string[]) {
  const out: string[] = [];
  const asked: unknown[] = [];
  const terminal: Terminal = {
    ...{ out: (line: string) => out.push(line), err: (line: string) => out.push(line) },
    ...{ workingDir: folder, isTerminal: false },
  };
  const no = async (): Promise<never> => Promise.reject(new TypeError('not asked for'));
  const program = fnodeProgram({
    ...{ fnodeRole: () => assert.fail(), renderMenu: no, doctorFnode: no, installLoaders: no },
    listImages: async (config, question) => {
      asked.push([config.isos, config.stateDir, question]);
      return images;
    },
  });
  const code = await runProgram(program, ['isos', '--isos', '.', ...argv], terminal);
  return { code, out: out.join('\n'), asked };
}

test('isos asks for the folder and the state folder; without --verify a wrong image is no failure', async () => {
  const { code, out, asked } = await isos(others, '--state-dir', 'state');
  assert.equal(code, 0);
  assert.match(out, /^b\.iso/);
  assert.deepEqual(asked, [[folder, join(folder, 'state'), { verify: false }]]);
});

test('--verify exits with 1 if an image is wrong', async () => {
  assert.equal((await isos(others, '--verify', '--state-dir', 'state')).code, 1);
  const { code, asked } = await isos([image('a.iso')], '--verify', '--state-dir', 'state');
  assert.deepEqual([code, asked], [0, [[folder, join(folder, 'state'), { verify: true }]]]);
});

test('--json is the catalogue, for programs', async () => {
  assert.deepEqual(JSON.parse((await isos([image('a.iso')], '--json', '--state-dir', 'state')).out), [image('a.iso')]);
});

test('where no state can be kept, that is no failure', async () => {
  const { code, asked } = await isos([], '--state-dir', '/dev/null/state');
  assert.deepEqual([code, asked], [0, [[folder, undefined, { verify: false }]]]);
});

test('a folder that is not there is one sentence with the cure', async () => {
  const { code, out } = await isos([], '--isos', 'nowhere');
  assert.equal(code, 2);
  assert.match(out, /^fnode: there is no folder ".*nowhere": make it, or name one by --isos$/);
});
