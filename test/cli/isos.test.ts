import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Terminal } from '../../src/cli/command.ts';
import { fnodeProgram } from '../../src/cli/fnode.ts';
import { showImages, verifyProgress } from '../../src/cli/images.ts';
import { runProgram } from '../../src/cli/main.ts';
import type { ListedImages } from '../../src/cli/role.ts';
import type { CatalogImage, ChecksumState, Offer, OfferedEntry, Verdict } from '../../src/core/image.ts';
import { runEntry, skipUnlessRoot } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'isos-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const live: OfferedEntry = {
  ...{ id: 'linux-mint-22-cinnamon-amd64', title: 'Cinnamon 22 (64-bit): live', key: 'live' },
  ...{ archs: ['x86_64'], firmware: ['bios', 'uefi'], memoryMib: 3584, secureBoot: 'debian-signed' },
};
const mint: Verdict = {
  ...{ family: 'casper', name: 'Linux Mint', version: '22', edition: 'Cinnamon' },
  ...{ archs: ['x86_64'], group: 'Linux Mint', entries: [] },
};
const image = (path: string, more: Partial<CatalogImage> = {}): CatalogImage => ({
  ...{ path, alias: path.slice(0, -4), suffix: '.iso', sizeBytes: 2_900_000_000, modifiedMs: 0, state: 'ready' },
  ...{ verdict: mint, checksum: { kind: 'none' }, ...more },
});
const offer = (path: string, more: Partial<Offer> = {}): Offer => ({
  ...{ path, isHidden: false, entries: [live], heldBack: [], ...more },
});
const nfs = (id: string) => ({ key: id, id, says: 'streams over NFS, which this node does not serve' });

const lame: Verdict = {
  ...{ family: 'unknown', name: 'x', version: '', archs: [], group: 'x', entries: [] },
  problem: { reason: 'damaged', says: 'It is cut off.', cure: 'Copy it again.' },
};
const wrong: ChecksumState = { kind: 'wrong', sumsFile: 'SHA256SUMS', wanted: 'a', got: 'b' };
const { verdict: _, ...unread } = image('b.iso', { sizeBytes: 1, state: 'copying', declaredBytes: 3_400_000_000 });
const others: ListedImages = {
  images: [
    unread,
    image('c.iso', { sizeBytes: 20, verdict: lame }),
    image('d.iso', { checksum: wrong }),
    image('e.iso', { sameAs: 'mint.iso' }),
    image('f.iso'),
  ],
  offers: [
    offer('b.iso', { entries: [] }),
    offer('c.iso', { entries: [] }),
    offer('d.iso', { entries: [], heldBack: [{ ...nfs('live'), says: 'is not what SHA256SUMS says: copy it again' }] }),
    offer('e.iso', { entries: [], heldBack: [{ ...nfs('live'), says: 'has the same bytes as mint.iso' }] }),
    offer('f.iso', { entries: [], isHidden: true, heldBack: [nfs('live')] }),
  ],
};

test('each image: its file, what it is, what the menus offer of it by id, and what is held back or wrong, with the cure', () => {
  const right = image('mint.iso', { checksum: { kind: 'right', sumsFile: 'sha256sum.txt' } });
  const safe = { ...live, id: 'linux-mint-22-cinnamon-amd64-safe', title: 'Safe', memoryMib: 2048, firmware: ['bios'] };
  const entries = [live, safe as OfferedEntry];
  const mints = offer('mint.iso', { entries, heldBack: [nfs('mint-nfs'), nfs('mint-nfs-safe')] });
  const listed = { images: [right, ...others.images], offers: [mints, ...others.offers] };
  assert.deepEqual(showImages(listed, '/isos'), [
    'mint.iso  2.9 GB  Linux Mint 22 Cinnamon (x86_64)',
    '  linux-mint-22-cinnamon-amd64       Cinnamon 22 (64-bit): live  3.5 GB  BIOS+UEFI  Secure Boot on or off',
    '  linux-mint-22-cinnamon-amd64-safe  Safe                        2 GB    BIOS',
    '  in no menu: mint-nfs, mint-nfs-safe: streams over NFS, which this node does not serve',
    '  checksum right, by sha256sum.txt',
    'b.iso     1 B     is being copied: 1 B of 3.4 GB',
    'c.iso     20 B    x',
    '  It is cut off. Copy it again.',
    'd.iso     2.9 GB  Linux Mint 22 Cinnamon (x86_64)',
    '  CHECKSUM WRONG, by SHA256SUMS: it is in no menu; copy it again',
    'e.iso     2.9 GB  Linux Mint 22 Cinnamon (x86_64)',
    '  in no menu: the same as mint.iso; one of them will do',
    'f.iso     2.9 GB  Linux Mint 22 Cinnamon (x86_64)',
    '  in no menu: the file beside it hides it',
    '',
    '1 of 6 images in the menus, 1 that cannot be booted yet, 1 wrong, 1 not ready yet',
  ]);
});

test('an edition that the name says is said once; the title of the file beside the image wins', () => {
  const mate = image('m.iso', {
    verdict: { ...mint, name: 'Ubuntu MATE', version: '22.04.4 LTS', edition: 'MATE' },
  });
  const heads = (title: Partial<Offer>) => showImages({ images: [mate], offers: [offer('m.iso', title)] }, '/')[0];
  assert.equal(heads({}), 'm.iso  2.9 GB  Ubuntu MATE 22.04.4 LTS (x86_64)');
  assert.equal(heads({ title: 'For the kids' }), 'm.iso  2.9 GB  For the kids (x86_64)');
});

test('what the menus can tell of a cure replaces what recognition says', () => {
  const problem = { reason: 'needs-companion', says: 'It has no network.', cure: 'Bring it: --for IMAGE.' } as const;
  const netinst = image('d.iso', { verdict: { ...mint, problem } });
  const cure = 'needs the kernel debian-12-amd64, which is not there: node dist/fnode.js loaders install --for "d.iso"';
  const without = offer('d.iso', { entries: [], heldBack: [{ key: 'install', id: 'debian-12', says: cure }] });
  assert.deepEqual(showImages({ images: [netinst], offers: [without] }, '/').slice(1, 3), [
    '  It has no network.',
    `  in no menu: ${cure}`,
  ]);
  assert.doesNotMatch(showImages({ images: [netinst], offers: [offer('d.iso')] }, '/').join(), /network/);
});

test('beside a running node nobody is told to verify: it does so itself, and its page shows it', () => {
  const images = [image('a.iso', { checksum: { kind: 'waiting', sumsFile: 'S' } })];
  const listed = { images, offers: [offer('a.iso')] };
  assert.match(showImages(listed, '/').join('\n'), /checksum not verified yet \(S\); --verify does it now/);
  const beside = showImages({ ...listed, nodeUrl: 'http://172.16.0.10' }, '/').join('\n');
  assert.doesNotMatch(beside, /--verify/);
  assert.match(beside, /The node at http:\/\/172\.16\.0\.10 verifies by itself: its page shows how far it is\.$/);
});

const verifying: readonly (readonly ChecksumState[])[] = [
  [{ kind: 'waiting', sumsFile: 'S' }, { kind: 'right', sumsFile: 'S' }, { kind: 'none' }],
  [{ kind: 'checking', sumsFile: 'S', doneBytes: 1_450_000_000 }, { kind: 'right', sumsFile: 'S' }, { kind: 'none' }],
  [{ kind: 'wrong', sumsFile: 'S', wanted: 'a', got: 'b' }, { kind: 'right', sumsFile: 'S' }, { kind: 'none' }],
];
const asImages = (states: readonly ChecksumState[]) => states.map((checksum, i) => image(`${i}.iso`, { checksum }));

test('verifying: one line that changes on a terminal', () => {
  const lines: string[] = [];
  const say = verifyProgress({ err: () => assert.fail(), progress: (line) => lines.push(line) });
  for (const states of verifying.flatMap((states) => [states, states])) say(asImages(states));
  assert.deepEqual(lines, ['verifying 0.iso: 50 %', '']);
});

test('verifying: elsewhere a line for each image that was verified now', () => {
  const lines: string[] = [];
  const say = verifyProgress({ err: (line) => lines.push(line) });
  for (const states of verifying) say(asImages(states));
  assert.deepEqual(lines, ['0.iso: checksum wrong']);
});

test('an empty folder says what to do', () => {
  assert.deepEqual(showImages({ images: [], offers: [] }, '/srv/isos'), [
    'no images in /srv/isos: put ISO files into it',
  ]);
});

test('names and labels steer no terminal', () => {
  const bad = '\x1b[2J\x07\u202e\x9b1m';
  const path = `${bad}.iso`;
  const problem = { reason: 'unknown', says: bad, cure: bad } as const;
  const hostile = image(path, { verdict: { ...mint, name: bad, problem }, checksum: { ...wrong, sumsFile: bad } });
  const entries = [{ ...live, id: bad, title: bad }];
  const held = offer(path, { entries, title: bad, heldBack: [{ key: bad, id: bad, says: bad }] });
  const lines = [
    ...showImages({ images: [hostile], offers: [held] }, '/'),
    ...showImages({ images: [{ ...hostile, checksum: { kind: 'none' } }], offers: [held] }, '/'),
  ];
  const say = verifyProgress({ err: () => {}, progress: (line) => lines.push(line) });
  say([{ ...hostile, checksum: { kind: 'checking', sumsFile: bad, doneBytes: 1 } }]);
  assert.doesNotMatch(lines.join(''), /[\x00-\x1f\x7f-\x9f\u202e]/);
});

async function isos(listed: ListedImages, ...argv: string[]) {
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
      asked.push([config.isos, config.stateDir, question.verify]);
      return listed;
    },
  });
  const code = await runProgram(program, ['isos', '--isos', '.', ...argv], terminal);
  return { code, out: out.join('\n'), asked };
}

const NONE: ListedImages = { images: [], offers: [] };
const used = join(folder, 'state');
mkdirSync(used);
writeFileSync(join(used, 'images-0.json'), '');

test('isos asks for the folder and the state folder; without --verify a wrong image is no failure', async () => {
  const { code, out, asked } = await isos(others, '--state-dir', 'state');
  assert.equal(code, 0);
  assert.match(out, /^b\.iso/);
  assert.deepEqual(asked, [[folder, used, false]]);
});

test('--verify exits with 1 if an image is wrong', async () => {
  assert.equal((await isos(others, '--verify', '--state-dir', 'state')).code, 1);
  const { code, asked } = await isos({ images: [image('a.iso')], offers: [] }, ...['--verify', '--state-dir', 'state']);
  assert.deepEqual([code, asked], [0, [[folder, used, true]]]);
});

test('--json is the catalogue with what the menus offer, for programs', async () => {
  const listed = { images: [image('a.iso')], offers: [offer('a.iso')] };
  assert.deepEqual(JSON.parse((await isos(listed, '--json')).out), [{ ...image('a.iso'), offer: offer('a.iso') }]);
});

test('a command makes no state folder: made by it, the node might not be able to write in it', async () => {
  for (const stateDir of [join(folder, 'not-yet'), '/dev/null/state', join(used, 'images-0.json')]) {
    const { code, asked } = await isos(NONE, '--state-dir', stateDir);
    assert.deepEqual([code, asked], [0, [[folder, undefined, false]]]);
  }
  assert.equal(existsSync(join(folder, 'not-yet')), false);
});

test("an empty state folder of root's is left to the node that starts first", { skip: skipUnlessRoot }, async () => {
  const fresh = join(folder, 'fresh');
  mkdirSync(fresh);
  assert.deepEqual((await isos(NONE, '--state-dir', fresh)).asked, [[folder, undefined, false]]);
});

for (const [command, ...more] of [['menu', '--format', 'grub'], ['doctor']] as const) {
  test(`${command} uses the state folder in the same way`, async () => {
    const stateDirs: unknown[] = [];
    const take = (config: { readonly stateDir: string | undefined }) => void stateDirs.push(config.stateDir);
    const program = fnodeProgram({
      ...{ fnodeRole: () => assert.fail(), installLoaders: () => assert.fail(), listImages: () => assert.fail() },
      renderMenu: async (config) => {
        take(config);
        return '';
      },
      doctorFnode: async (config) => {
        take(config);
        return [];
      },
    });
    const terminal: Terminal = { out: () => {}, err: assert.fail, workingDir: folder, isTerminal: false };
    for (const stateDir of ['state', 'not-yet'])
      await runProgram(program, [command, '--isos', '.', ...more, '--state-dir', stateDir], terminal);
    assert.deepEqual(stateDirs, [used, undefined]);
    assert.equal(existsSync(join(folder, 'not-yet')), false);
  });
}

test('a folder that is not there is one sentence with the cure', async () => {
  const { code, out } = await isos(NONE, '--isos', 'nowhere');
  assert.equal(code, 2);
  assert.match(out, /^fnode: there is no folder ".*nowhere": make it, or name one by --isos$/);
});

test('a reader that is slower than the command gets all of it: a pipe takes 64 KiB at a time', async () => {
  const many = join(folder, 'many');
  mkdirSync(many);
  for (let i = 0; i < 900; i++) writeFileSync(join(many, `image-${i}.iso`), 'no image');
  const { code, out } = await runEntry('fnode', [
    'isos',
    '--json',
    '--isos',
    many,
    '--state-dir',
    join(folder, 'none'),
  ]);
  assert.equal(code, 0);
  assert.equal((JSON.parse(out) as readonly unknown[]).length, 900);
});
