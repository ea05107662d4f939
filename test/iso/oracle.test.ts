/** The reader beside xorriso, bsdtar and 7-Zip: every name, size, SHA-256 and link target, on images of two makers. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { openVolume } from '../../src/iso/open.ts';
import type { Node, Volume } from '../../src/iso/volume.ts';
import {
  assertPlaces,
  hashOf,
  hasPrograms,
  makeIso,
  makeTree,
  nodesOf,
  run,
  TREE_TIME_MS,
  type Tree,
  temporaryFolder,
  withImage,
} from './support.ts';

const folder = temporaryFolder();
const source = join(folder, 'source');
const deep = 'one/two/three/four/five/six/seven/eight/nine/ten/eleven';
const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`pool/main/package_${i}.deb`, `deb ${i}`]));
const tree: Tree = {
  '.disk/info': 'Ubuntu 24.04.1 LTS "Noble Numbat" - Release amd64',
  'casper/vmlinuz': Buffer.alloc(100_001, 'kernel '),
  'EFI/BOOT/BOOTX64.EFI': Buffer.alloc(2048, 'exact sector'),
  'EMPTY.TXT': '',
  'empty/': '',
  'No Extension': 'spaces',
  'two.dots.txt': 'dots',
  [`${deep}/bottom.txt`]: 'far down',
  [`${deep}/other/last`]: 'further down',
  'Ünï/Café ☃ 漢字.txt': 'beyond latin',
  // An emoji is two units of UTF-16, which Joliet's makers refuse or write as one pair.
  [`${'long'.repeat(25)}.txt`]: 'a name of 104 characters',
  [`${'ń'.repeat(120)}x`]: 'a name of 241 octets: the record cannot hold it',
  hard: { hardLinkOf: '.disk/info' },
  kernel: { link: 'casper/vmlinuz' },
  'casper/up': { link: '../.disk/./info' },
  absolute: { link: '/casper' },
  nowhere: { link: 'does/not/exist' },
  ...many,
};
/** Targets over several entries; genisoimage writes them broken. */
const longLinks: Tree = {
  winding: { link: `${'../casper/'.repeat(60)}vmlinuz` },
  broad: { link: `${'b'.repeat(250)}/${'c'.repeat(250)}` },
};
const sourceLong = join(folder, 'source-long');
before(() => {
  makeTree(source, tree);
  makeTree(sourceLong, { ...tree, ...longLinks });
});

/** `file 5 SHA256`, `folder`, `link TARGET` by path. */
type Listing = Readonly<Record<string, string>>;

function listingOf(root: string, path = ''): Listing {
  const found: Record<string, string> = {};
  for (const name of readdirSync(join(root, path))) {
    // 7-Zip cuts long names, in the middle of a character too.
    if (name.includes('\ufffd')) continue;
    const at = `${path}/${name}`;
    const stat = lstatSync(join(root, at));
    if (stat.isDirectory()) Object.assign(found, { [at]: 'folder' }, listingOf(root, at));
    else if (stat.isSymbolicLink()) found[at] = `link ${readlinkSync(join(root, at))}`;
    else
      found[at] = `file ${stat.size} ${createHash('sha256')
        .update(readFileSync(join(root, at)))
        .digest('hex')}`;
  }
  return sorted(found);
}

function sorted(listing: Listing): Listing {
  return Object.fromEntries(Object.entries(listing).sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function read(image: string): Promise<{ volume: Volume; nodes: Map<string, Node>; listing: Listing }> {
  return await withImage(image, async ({ read, sizeBytes }) => {
    const volume = await openVolume(read, sizeBytes);
    const nodes = await nodesOf(volume, read);
    assert.equal(await assertPlaces(volume, read), nodes.size);
    const found: Record<string, string> = {};
    for (const [path, node] of nodes) {
      assert.equal(node.unreadable, undefined, path);
      if (node.kind === 'link') found[path] = `link ${node.target}`;
      else found[path] = node.kind === 'file' ? `file ${node.sizeBytes} ${await hashOf(node, read)}` : node.kind;
    }
    return { volume, nodes, listing: sorted(found) };
  });
}

/** Says only what differs: there are hundreds of lines. */
function assertSame(got: Listing, want: Listing, by: string): void {
  const paths = [...new Set([...Object.keys(got), ...Object.keys(want)])];
  const differences = paths
    .filter((path) => got[path] !== want[path])
    .map((path) => `${path}: we say ${got[path]}, ${by} says ${want[path]}`);
  assert.deepEqual(differences, []);
}

function runAnyhow(program: string, args: readonly string[]): void {
  spawnSync(program, args, { timeout: 60_000 });
}

/** What another reader makes of `image`. */
const oracles = {
  xorriso: (image: string, to: string) => {
    run('xorriso', ['-report_about', 'FAILURE', '-osirrox', 'on:auto_chmod_off', '-indev', image, '-extract', '/', to]);
    run('chmod', ['-R', 'u+rwX', to]);
  },
  bsdtar: (image: string, to: string) => {
    run('bsdtar', ['--no-same-permissions', '-xf', image, '-C', to]);
    run('chmod', ['-R', 'u+rwX', to]);
  },
  // It fails for links out of the folder it writes to, with the rest written.
  '7zz': (image: string, to: string) => runAnyhow('7zz', ['x', '-y', '-bso0', '-bsp0', `-o${to}`, image]),
} as const;

let made = 0;
function extracted(by: (image: string, to: string) => void, image: string): Listing {
  const to = join(folder, `extracted-${made++}`);
  mkdirSync(to);
  by(image, to);
  // The others show where deep folders were put meanwhile, empty.
  return only(listingOf(to), (_, path) => !/^\/\.?rr_moved$/.test(path));
}

function only(listing: Listing, is: (text: string, path: string) => boolean): Listing {
  return Object.fromEntries(Object.entries(listing).filter(([path, text]) => is(text, path)));
}

/** As we show names that were never exact: xorriso keeps a dot that nothing follows. */
function lowered(listing: Listing): Listing {
  const shown = (path: string) => path.toLowerCase().replace(/\.$/, '');
  return sorted(Object.fromEntries(Object.entries(listing).map(([path, text]) => [shown(path), text])));
}

suite('Rock Ridge: what was put in comes out, and as others see it', () => {
  const cases = [
    { by: 'xorriso', options: ['-R'] },
    { by: 'xorriso', options: ['-R', '-J', '-joliet-long', '-iso-level', '3', '-V', 'BOTH'] },
    { by: 'xorriso', options: ['-r', '-iso-level', '1'] },
    { by: 'xorriso', options: ['-R', '-iso-level', '2', '-full-iso9660-filenames'] },
    { by: 'xorriso', options: ['-R', '-untranslated-filenames'] },
    { by: 'xorriso', options: ['-R', '-disallow_dir_id_ext', '-partition_offset', '16'] },
    { by: 'genisoimage', options: ['-r'] },
    { by: 'genisoimage', options: ['-R', '-J', '-joliet-long', '-V', 'BOTH'] },
    { by: 'genisoimage', options: ['-R', '-iso-level', '1'] },
    { by: 'genisoimage', options: ['-R', '-iso-level', '3', '-l'] },
    { by: 'genisoimage', options: ['-R', '-iso-level', '4', '-input-charset', 'iso8859-1'] },
    { by: 'genisoimage', options: ['-R', '-U'] },
    { by: 'genisoimage', options: ['-R', '-D'] },
    { by: 'genisoimage', options: ['-R', '-hide-rr-moved'] },
  ] as const;
  for (const { by, options } of cases) {
    test(`${by} ${options.join(' ')}`, async (t) => {
      if (!hasPrograms(t, [by, 'xorriso', 'bsdtar', '7zz'])) return;
      const from = by === 'xorriso' ? sourceLong : source;
      const image = makeIso(by, options, from, join(folder, `rr-${made++}.iso`));
      const { volume, nodes, listing } = await read(image);
      assert.equal(volume.names, 'rock-ridge');
      assertSame(listing, listingOf(from), 'the source');
      for (const [path, { modifiedMs }] of nodes)
        if (!listing[path]?.startsWith('link')) assert.equal(modifiedMs, TREE_TIME_MS, path);
      assertSame(listing, extracted(oracles.xorriso, image), 'xorriso');
      // Its links lose a slash where they go on in a further entry.
      const isShort = (text: string) => text.length < 200;
      assertSame(only(listing, isShort), only(extracted(oracles.bsdtar, image), isShort), 'bsdtar');
      // It prefers Joliet, cuts long names, and does not know relocated folders.
      if ((options as readonly string[]).includes('-J')) return;
      const isKnown = (_: string, path: string) =>
        !listing[path]?.startsWith('link') && !/^\/(one|\.?rr_moved|long|ń)/.test(path);
      assertSame(only(listing, isKnown), only(extracted(oracles['7zz'], image), isKnown), '7zz');
    });
  }
});

/** What can be told in fewer letters: no deep folders and no links. */
const simple: Tree = {
  'README.TXT': 'read me',
  'SUB/KERNEL.BIN': Buffer.alloc(5000, 'k'),
  'SUB/NOEXT': 'no extension',
  'SUB/DEEPER/A.B': 'ab',
  'EMPTY/': '',
  'ZERO.BIN': '',
};

suite('plain ISO 9660: small letters, no version, as Linux shows it', () => {
  const plain = join(folder, 'plain');
  before(() => makeTree(plain, simple));
  const cases = [
    { by: 'xorriso', options: ['--norock', '-iso-level', '1'] },
    { by: 'xorriso', options: ['--norock', '-iso-level', '2'] },
    { by: 'xorriso', options: ['--norock', '-iso-level', '3', '-allow-lowercase', '-omit-version-number'] },
    { by: 'genisoimage', options: ['-iso-level', '1'] },
    { by: 'genisoimage', options: ['-iso-level', '2', '-d'] },
    { by: 'genisoimage', options: ['-iso-level', '3', '-N'] },
    { by: 'genisoimage', options: ['-iso-level', '4', '-input-charset', 'iso8859-1'] },
  ] as const;
  for (const { by, options } of cases) {
    test(`${by} ${options.join(' ')}`, async (t) => {
      if (!hasPrograms(t, [by, 'xorriso', 'bsdtar', '7zz'])) return;
      const image = makeIso(by, options, plain, join(folder, `plain-${made++}.iso`));
      const { volume, listing } = await read(image);
      assert.equal(volume.names, 'plain');
      assertSame(listing, lowered(listingOf(plain)), 'the source');
      assertSame(listing, lowered(extracted(oracles.bsdtar, image)), 'bsdtar');
      assertSame(listing, lowered(extracted(oracles['7zz'], image)), '7zz');
      assertSame(listing, lowered(extracted(oracles.xorriso, image)), 'xorriso');
    });
  }
});

suite('Joliet: names in UCS-2, whatever the plain side says', () => {
  const plain = join(folder, 'joliet');
  const names: Tree = {
    ...simple,
    'Ünï/Café ☃ 漢字.txt': 'beyond latin',
    [`${'j'.repeat(99)}.txt`]: 'a name of 103 characters',
    'two.dots.txt': 'dots',
  };
  before(() => makeTree(plain, names));
  const cases = [
    { by: 'xorriso', options: ['--norock', '-J', '-joliet-long'] },
    { by: 'xorriso', options: ['--norock', '-J', '-joliet-long', '-iso-level', '3', '-omit-version-number'] },
    { by: 'genisoimage', options: ['-J', '-joliet-long'] },
    { by: 'genisoimage', options: ['-J', '-joliet-long', '-ucs-level', '1'] },
  ] as const;
  for (const { by, options } of cases) {
    test(`${by} ${options.join(' ')}`, async (t) => {
      if (!hasPrograms(t, [by, 'xorriso', 'bsdtar', '7zz'])) return;
      const image = makeIso(by, options, plain, join(folder, `joliet-${made++}.iso`));
      const { volume, listing } = await read(image);
      assert.equal(volume.names, 'joliet');
      assertSame(listing, listingOf(plain), 'the source');
      assertSame(listing, extracted(oracles.bsdtar, image), 'bsdtar');
      assertSame(listing, extracted(oracles['7zz'], image), '7zz');
      assert.deepEqual(listing, extracted(oracles.xorriso, image), 'xorriso');
    });
  }
});
