/** Images by whatever they are called, known to the catalogue or not yet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ImageName, nameImages } from '../../src/core/alias.ts';
import type { Opened } from '../../src/core/content.ts';
import { memoryContent } from '../../src/core/content.ts';
import { imageDoors } from '../../src/roles/images.ts';

const MISSING: Opened = { kind: 'missing', reason: 'not-found' };

/** A folder of images with these files, each with `a` inside; counts how often it was listed. */
function world(files: readonly string[], known: readonly ImageName[] = []) {
  const seen = { listings: 0, opened: '' };
  const entry = (name: string, kind: 'file' | 'folder') => ({ name, kind, sizeBytes: 1, modifiedMs: 7 });
  const list = (folder: string): Opened => {
    seen.listings += 1;
    const below = files.filter((file) => file.startsWith(folder)).map((file) => file.slice(folder.length));
    const folders = new Set(below.filter((name) => name.includes('/')).map((name) => name.replace(/\/.*/s, '')));
    const own = below.filter((name) => !name.includes('/')).map((name) => entry(name, 'file'));
    return { kind: 'folder', entries: [...[...folders].map((name) => entry(name, 'folder')), ...own] };
  };
  const isos = {
    open: async (path: string): Promise<Opened> => {
      if (path === '') return list('');
      if (files.some((file) => file.startsWith(`${path}/`))) return list(`${path}/`);
      if (!files.includes(path)) return MISSING;
      seen.opened = path;
      return { kind: 'file', content: memoryContent(new Uint8Array(1), `"${path}"`, 0) };
    },
  };
  const trees = {
    open: async (path: string, inside: string): Promise<Opened> => {
      if (!files.includes(path) || (inside !== 'a' && inside !== '')) return MISSING;
      seen.opened = `${path}|${inside}`;
      return { kind: 'folder', entries: [] };
    },
  };
  return { doors: imageDoors({ isos, trees, images: () => known }), seen };
}

const FILES = ['Mint 22.iso', 'old/Mint.iso', 'x/y/deep.iso', 'DEBIAN.ISO', 'notes.txt', 'disk.img'];
const KNOWN = nameImages(FILES);

const trees: readonly { readonly asked: string; readonly want: string; readonly fresh?: string }[] = [
  { asked: 'Mint 22.iso/a', want: 'Mint 22.iso|a' },
  { asked: 'mint-22.iso/a', want: 'Mint 22.iso|a' },
  { asked: 'mint-22', want: 'Mint 22.iso|' },
  { asked: 'old/Mint.iso/a', want: 'old/Mint.iso|a' },
  { asked: 'Mint/a', want: 'old/Mint.iso|a' },
  { asked: 'DEBIAN.iso/a', want: 'DEBIAN.ISO|a' },
  { asked: 'DEBIAN.ISO/a', want: 'DEBIAN.ISO|a' },
  { asked: 'x/y/deep.iso/a', want: 'x/y/deep.iso|a' },
  // So deep only the catalogue looks.
  { asked: 'deep/a', want: 'x/y/deep.iso|a', fresh: '' },
  { asked: 'notes.txt/a', want: '' },
  { asked: 'none.iso/a', want: '' },
  { asked: 'Mint 22.iso/b', want: '' },
];
for (const { asked, want, fresh = want } of trees) {
  test(`tree: ${asked} is ${want === '' ? 'not here' : want}, once the catalogue knows it and before`, async () => {
    for (const [known, wanted] of [
      [KNOWN, want],
      [[], fresh],
    ] as const) {
      const { doors, seen } = world(FILES, known);
      assert.equal((await doors.openTree(asked)).kind, wanted === '' ? 'missing' : 'folder');
      assert.equal(seen.opened, wanted);
    }
  });
}

const isos = [
  { asked: 'Mint 22.iso', want: 'Mint 22.iso' },
  { asked: 'mint-22.iso', want: 'Mint 22.iso' },
  { asked: 'Mint.iso', want: 'old/Mint.iso' },
  { asked: 'DEBIAN.iso', want: 'DEBIAN.ISO' },
  { asked: 'disk.img', want: 'disk.img' },
  { asked: 'notes.txt', want: 'notes.txt' },
  { asked: 'mint-22', want: '' },
  { asked: 'mint-22.iso/a', want: '' },
  { asked: 'Mint 22.iso/a.iso', want: '' },
];
for (const { asked, want } of isos) {
  test(`isos: ${asked} is ${want === '' ? 'not here' : want}, once the catalogue knows it and before`, async () => {
    for (const known of [KNOWN, []]) {
      const { doors, seen } = world(FILES, known);
      assert.equal((await doors.openImage(asked)).kind, want === '' ? 'missing' : 'file');
      assert.equal(seen.opened, want);
    }
  });
}

test('isos: what is in the folder goes before an alias', async () => {
  const { doors, seen } = world(['old/Mint.iso', 'Mint.iso'], nameImages(['old/Mint.iso']));
  await doors.openImage('Mint.iso');
  assert.equal(seen.opened, 'Mint.iso');
});

test('tree: the root lists images as menus call them', async () => {
  const { doors } = world(FILES);
  const opened = await doors.openTree('');
  assert.deepEqual(
    opened.kind === 'folder' && opened.entries.map(({ name, kind, modifiedMs }) => `${name} ${kind} ${modifiedMs}`),
    ['DEBIAN.iso folder 7', 'mint-22.iso folder 7', 'disk.img folder 7', 'Mint.iso folder 7'],
  );
});

test('tree: the root calls an image what the catalogue calls it', async () => {
  const { doors } = world(['Mint.iso'], [{ path: 'Mint.iso', alias: 'Mint-1', suffix: '.iso' }]);
  const opened = await doors.openTree('');
  assert.deepEqual(opened.kind === 'folder' && opened.entries.map(({ name }) => name), ['Mint-1.iso']);
});

test('tree: a known name costs no look at the folder, and many unknown ones at a time cost one', async () => {
  const { doors, seen } = world(['a.iso', 'b/c.iso'], nameImages(['a.iso']));
  await doors.openTree('a/a');
  assert.equal(seen.listings, 0);
  await Promise.all(Array.from({ length: 100 }, () => doors.openTree('none/a')));
  assert.equal(seen.listings, 2);
});

test('tree: a name of nothing but suffixes is not tried as often', async () => {
  let tried = 0;
  const trees = {
    open: async (): Promise<Opened> => {
      tried += 1;
      return MISSING;
    },
  };
  await imageDoors({ isos: { open: async () => MISSING }, trees, images: () => [] }).openTree('a.iso/'.repeat(500));
  assert.equal(tried, 2);
});
