/** What is inside images, opened and seen; over volumes that are made up, so each rule can be met alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Malformed } from '../../src/core/bytes.ts';
import { type Content, memoryContent, type Opened } from '../../src/core/content.ts';
import { CACHE_LIMITS } from '../../src/iso/cache.ts';
import { NotAnImage } from '../../src/iso/open.ts';
import { imageTrees } from '../../src/iso/routes.ts';
import type { Node, Volume } from '../../src/iso/volume.ts';

const IMAGE = Uint8Array.from({ length: 8192 }, (_, i) => i % 251);
const TIME_MS = Date.UTC(2024, 1, 29);

/** A tree by paths: `/a/` is a folder, `/l -> x` a link, anything else a file of ten octets. */
function volumeOf(paths: readonly string[], facts: Partial<Volume> = {}): Volume {
  const inFolder = new Map<number, Node[]>();
  let place = 0;
  const common = { modifiedMs: TIME_MS, mode: 0o444, uid: 0, gid: 0, sizeBytes: 0, extents: [] };
  const root: Node = { ...common, name: '', kind: 'folder', place };
  const folders = new Map([['/', root]]);
  for (const written of paths) {
    const [path = '', target] = written.split(' -> ');
    place += 64;
    const parts = path.replace(/\/$/, '').split('/');
    const name = parts.pop() ?? '';
    const parent = folders.get(`${parts.join('/')}/`);
    assert.ok(parent, `${path} before its folder`);
    const extents = [{ position: place, lengthBytes: 10 }];
    const node: Node =
      target !== undefined
        ? { ...common, name, place, kind: 'link', target }
        : path.endsWith('/')
          ? { ...common, name, place, kind: 'folder' }
          : { ...common, name, place, kind: 'file', sizeBytes: 10, extents };
    if (node.kind === 'folder') folders.set(path, node);
    inFolder.set(parent.place, [...(inFolder.get(parent.place) ?? []), node]);
  }
  const all = [root, ...[...inFolder.values()].flat()];
  const holds = ({ place: at }: Node) =>
    all.find((node) => inFolder.get(node.place)?.some((child) => child.place === at));
  return {
    ...{
      nodeAt: async (at: number) => all.find((node) => node.place === at),
      parentOf: async (folder: Node) => holds(folder) ?? root,
    },
    ...{ format: 'iso9660', names: 'rock-ridge', label: 'LABEL', systemId: 'LINUX', declaredBytes: 9000 },
    ...{ bootImages: [], root, readFolder: async (folder) => inFolder.get(folder.place) ?? [] },
    ...facts,
  };
}

/** Trees over one image with any name, and what was opened and closed. */
function world(open: () => Promise<Volume>, facts: Partial<Content> = {}, limits = CACHE_LIMITS) {
  const seen = { open: 0, parsed: 0 };
  const openImage = async (path: string): Promise<Opened> => {
    if (path === 'none.iso') return { kind: 'missing', reason: 'not-found' };
    if (path === 'folder.iso') return { kind: 'folder', entries: [] };
    seen.open += 1;
    const close = async (): Promise<void> => {
      seen.open -= 1;
    };
    return { kind: 'file', content: { ...memoryContent(IMAGE, '"tag"', 1), identity: 'id', close, ...facts } };
  };
  const openVolume = (): Promise<Volume> => {
    seen.parsed += 1;
    return open();
  };
  return { trees: imageTrees({ openImage, openVolume, limits }), seen };
}

const shown = (opened: Opened): string => {
  if (opened.kind === 'missing') return opened.reason;
  if (opened.kind === 'folder')
    return opened.entries.map(({ name, kind }) => `${name}${kind === 'folder' ? '/' : ''}`).join(' ');
  return `file ${opened.content.etag}`;
};

const TREE = volumeOf([
  '/live/',
  '/live/vmlinuz',
  '/live/kernel -> vmlinuz',
  '/live/up -> ../live',
  '/live/out -> ../../../etc/passwd',
  '/live/nowhere -> gone',
  '/live/itself -> itself',
  '/.disk/',
  '/.disk/info',
  '/.treeinfo',
  '/live/back\\slash',
  '/live/con\ntrol',
  '/live/half\ud800',
  '/live/español 100%+.txt',
]);

const opens = [
  { inside: '', want: '.disk/ .treeinfo live/' },
  { inside: 'live', want: 'español 100%+.txt kernel up/ vmlinuz' },
  { inside: 'live/', want: 'español 100%+.txt kernel up/ vmlinuz' },
  { inside: 'live/vmlinuz', want: 'file "tag.3k.a"' },
  { inside: '/live/vmlinuz', want: 'file "tag.3k.a"' },
  { inside: 'live/kernel', want: 'file "tag.3k.a"' },
  { inside: 'live/up/vmlinuz', want: 'file "tag.3k.a"' },
  { inside: '.disk/info', want: 'file "tag.g0.a"' },
  { inside: '.treeinfo', want: 'file "tag.hs.a"' },
  { inside: 'live/español 100%+.txt', want: 'file "tag.ow.a"' },
  { inside: 'live/out', want: 'not-found' },
  { inside: 'live/nowhere', want: 'not-found' },
  { inside: 'live/itself', want: 'not-found' },
  { inside: 'live/VMLINUZ', want: 'not-found' },
  { inside: 'live/vmlinuz/x', want: 'not-found' },
  { inside: 'live/vmlinuz/', want: 'not-found' },
  { inside: '../etc/passwd', want: 'bad-name' },
  { inside: 'live/../../x', want: 'bad-name' },
  { inside: 'live/\0', want: 'bad-name' },
];
for (const { inside, want } of opens) {
  test(`tree: ${JSON.stringify(inside)} is ${want}`, async () => {
    const { trees, seen } = world(async () => TREE);
    const opened = await trees.open('a.iso', inside);
    assert.equal(shown(opened), want);
    assert.equal(seen.open, opened.kind === 'file' ? 1 : 0, 'who got no content need not close it');
  });
}

for (const names of ['plain', 'joliet', 'udf'] as const) {
  test(`tree: letter case does not matter where names are ${names}`, async () => {
    const { trees } = world(async () => volumeOf(['/SOURCES/', '/SOURCES/BOOT.WIM'], { names }));
    assert.equal((await trees.open('a.iso', 'sources/boot.wim')).kind, 'file');
  });
}

test('tree: entries have size and time, links those of what they point to', async () => {
  const { trees } = world(async () => volumeOf(['/d/', '/f', '/l -> f']));
  const opened = await trees.open('a.iso', '');
  assert.deepEqual(opened.kind === 'folder' && opened.entries, [
    { name: 'd', kind: 'folder', sizeBytes: 0, modifiedMs: TIME_MS },
    { name: 'f', kind: 'file', sizeBytes: 10, modifiedMs: TIME_MS },
    { name: 'l', kind: 'file', sizeBytes: 10, modifiedMs: TIME_MS },
  ]);
});

test('tree: of many links in a folder some are looked after, and the rest is left out', async () => {
  const links = Array.from({ length: 5000 }, (_, i) => `/${i} -> f`);
  const { trees } = world(async () => volumeOf(['/f', ...links]));
  const opened = await trees.open('a.iso', '');
  assert.equal(opened.kind === 'folder' && opened.entries.length, 1001);
});

test('tree: listing a folder that is not kept reads it once, whatever its links lead to', async () => {
  const volume = volumeOf(['/d/', '/d/f', ...Array.from({ length: 500 }, (_, i) => `/${i} -> d/../d/f`)]);
  const reads = new Map<number, number>();
  const readFolder: Volume['readFolder'] = async (folder, read) => {
    reads.set(folder.place, (reads.get(folder.place) ?? 0) + 1);
    return volume.readFolder(folder, read);
  };
  const { trees } = world(async () => ({ ...volume, readFolder }), {}, { maxImages: 1, maxBytes: 0 });
  const opened = await trees.open('a.iso', '');
  assert.equal(opened.kind === 'folder' && opened.entries.length, 501);
  assert.deepEqual([...reads.values()], [1, 1]);
  const look = await trees.view('a.iso');
  assert.equal(look.kind === 'view' && (await look.view.list('/'))?.length, 501);
  assert.deepEqual([...reads.values()], [2, 2]);
});

test('tree: links all over an image are followed into folders of 64 MiB together, and no further', async () => {
  const volume = volumeOf(Array.from({ length: 900 }, (_, i) => [`/d${i}/`, `/l${i} -> d${i}/f`]).flat());
  const common = { modifiedMs: 0, mode: 0, uid: 0, gid: 0, sizeBytes: 0, extents: [] };
  const many: Node[] = Array.from({ length: 2000 }, (_, i) => ({ ...common, name: `f${i}`, kind: 'file', place: i }));
  many.unshift({ ...common, name: 'f', kind: 'file', place: 9 });
  let reads = 0;
  const readFolder: Volume['readFolder'] = async (folder, read) => {
    if (folder.place === volume.root.place) return volume.readFolder(folder, read);
    reads += 1;
    return many;
  };
  const { trees } = world(async () => ({ ...volume, readFolder }));
  const opened = await trees.open('a.iso', '');
  const links = opened.kind === 'folder' ? opened.entries.filter(({ kind }) => kind === 'file').length : 0;
  assert.equal(links, reads);
  assert.ok(reads > 50 && reads < 90, `${reads} folders of a megabyte`);
});

test('tree: work without end is refused after its turns, while everything else goes on, and is tried anew', async () => {
  let reads = 0;
  const readFolder: Volume['readFolder'] = async (_, read) => {
    reads += 1;
    for (;;) await read.turn?.();
  };
  const volume = volumeOf([]);
  const { trees } = world(async () => ({ ...volume, readFolder }));
  let rounds = 0;
  let isDone = false;
  const round = (): void => {
    rounds += 1;
    if (!isDone) setImmediate(round);
  };
  setImmediate(round);
  assert.equal(shown(await trees.open('a.iso', 'x')), 'damaged');
  isDone = true;
  assert.ok(rounds >= 4096, `the event loop went round ${rounds} times`);
  assert.equal(shown(await trees.open('a.iso', 'x')), 'damaged');
  assert.equal(reads, 2);
});

test('tree: a file that is there but cannot be read is damaged', async () => {
  const volume = volumeOf([]);
  const common = { modifiedMs: 0, mode: 0, uid: 0, gid: 0, sizeBytes: 5, extents: [], place: 9 };
  const readFolder = async (): Promise<Node[]> => [{ ...common, name: 'z', kind: 'file', unreadable: 'zisofs' }];
  const { trees } = world(async () => ({ ...volume, readFolder }));
  assert.equal(shown(await trees.open('a.iso', 'z')), 'damaged');
});

test('tree: a device is no file', async () => {
  const volume = volumeOf([]);
  const common = { modifiedMs: 0, mode: 0, uid: 0, gid: 0, sizeBytes: 0, extents: [], place: 9 };
  const { trees } = world(async () => ({
    ...volume,
    readFolder: async () => [{ ...common, name: 'z', kind: 'other' }],
  }));
  assert.equal(shown(await trees.open('a.iso', 'z')), 'not-regular');
  assert.equal(shown(await trees.open('a.iso', '')), '');
});

test('tree: an image that is not there, or is a folder, has no inside', async () => {
  const { trees, seen } = world(async () => TREE);
  for (const path of ['none.iso', 'folder.iso']) assert.equal(shown(await trees.open(path, 'live')), 'not-found');
  assert.equal(seen.parsed, 0);
});

test('tree: many readers of one image open its volume once', async () => {
  const { trees, seen } = world(async () => TREE);
  const opened = await Promise.all(Array.from({ length: 200 }, () => trees.open('a.iso', 'live/vmlinuz')));
  assert.deepEqual(seen, { open: 200, parsed: 1 });
  for (const each of opened) if (each.kind === 'file') await each.content.close();
  assert.equal(seen.open, 0);
});

const faults: readonly {
  readonly name: string;
  readonly error: Error;
  readonly isUnchanged?: boolean;
  readonly path?: string;
  readonly want: string;
  readonly look: string;
  readonly parsed: number;
}[] = [
  { name: 'a damaged image', error: new Malformed('cut off', 1), want: 'damaged', look: 'damaged', parsed: 1 },
  { name: 'no image', error: new NotAnImage('not an image: x', 1), want: 'damaged', look: 'not-an-image', parsed: 1 },
  {
    name: 'a disk image',
    path: 'a.img',
    error: new NotAnImage('not an image: x', 1),
    want: 'not-found',
    look: 'raw',
    parsed: 1,
  },
  {
    name: 'a damaged disk image',
    path: 'a.IMG',
    error: new Malformed('cut off', 1),
    want: 'damaged',
    look: 'damaged',
    parsed: 1,
  },
  {
    name: 'an image that somebody writes to',
    error: new Malformed('x', 1),
    isUnchanged: false,
    want: 'busy',
    look: 'busy',
    parsed: 2,
  },
  {
    name: 'a disk that fails',
    error: Object.assign(new Error('EIO'), { code: 'EIO' }),
    want: 'damaged',
    look: 'damaged',
    parsed: 2,
  },
];
for (const { name, error, isUnchanged = true, path = 'a.iso', want, look, parsed } of faults) {
  test(`tree: ${name} is ${want}, and seen as ${look}`, async () => {
    const { trees, seen } = world(() => Promise.reject(error), { isUnchanged: async () => isUnchanged });
    assert.equal(shown(await trees.open(path, 'x')), want);
    const got = await trees.view(path);
    assert.equal(got.kind === 'bad' ? got.problem.reason : got.kind === 'view' ? got.view.format : got.reason, look);
    if (got.kind === 'view') await got.close();
    assert.deepEqual(seen, { open: 0, parsed });
  });
}

test('tree: a bug is no fault of the image, and leaves nothing open', async () => {
  const { trees, seen } = world(() => Promise.reject(new TypeError('bug')));
  await assert.rejects(trees.open('a.iso', 'x'), TypeError);
  await assert.rejects(trees.view('a.iso'), TypeError);
  assert.equal(seen.open, 0);
});

test('view: says what the volume says, and letter case does not matter', async () => {
  const { trees, seen } = world(async () => TREE);
  const look = await trees.view('old/a.iso');
  assert.ok(look.kind === 'view');
  const { view } = look;
  assert.deepEqual(
    [view.fileName, view.format, view.label, view.systemId, view.sizeBytes, look.declaredBytes],
    ['a.iso', 'iso9660', 'LABEL', 'LINUX', 8192, 9000],
  );
  assert.deepEqual([look.identity, look.etag, await look.isUnchanged()], ['id', '"tag"', true]);
  assert.deepEqual(
    (await view.list('/.DISK'))?.map(({ name }) => name),
    ['info'],
  );
  assert.ok(
    (await view.list('/live'))?.some(({ name }) => name === 'con\ntrol'),
    'names as they are stored',
  );
  assert.deepEqual(await view.read('/Live/VMLINUZ', 100), IMAGE.slice(128, 138));
  await look.close();
  assert.equal(seen.open, 0);
});

test('view: reads from anywhere, as far as there is something', async () => {
  const { trees } = world(async () => TREE);
  const look = await trees.view('a.iso');
  assert.ok(look.kind === 'view');
  const { read, list } = look.view;
  assert.deepEqual(await read('/live/vmlinuz', 4, 3), IMAGE.slice(131, 135));
  assert.deepEqual(await read('/live/vmlinuz', 4, 8), IMAGE.slice(136, 138));
  assert.deepEqual(await read('/live/vmlinuz', 4, 50), new Uint8Array());
  assert.equal(await read('/live', 4), undefined);
  assert.equal(await read('/gone', 4), undefined);
  assert.equal(await list('/live/vmlinuz'), undefined);
  assert.equal(await list('/gone'), undefined);
});

test('view: no read takes more than 4 MiB of memory, whatever the size says', async () => {
  const volume = volumeOf(['/f']);
  const [file] = await volume.readFolder(volume.root, async () => 0);
  const sizeBytes = 2 ** 40;
  const huge = [{ ...file, sizeBytes, extents: [{ position: undefined, lengthBytes: sizeBytes }] } as Node];
  const { trees } = world(async () => ({ ...volume, readFolder: async () => huge }));
  const look = await trees.view('a.iso');
  assert.equal(look.kind === 'view' && (await look.view.read('/f', 2 ** 40))?.length, 4 << 20);
});

test('view: a damaged folder hides what is in it, and no more', async () => {
  const good = volumeOf(['/bad/', '/f']);
  const bad = await good.readFolder(good.root, async () => 0).then(([first]) => first?.place);
  const readFolder: Volume['readFolder'] = async (folder, read) => {
    if (folder.place === bad) throw new Malformed('damaged', 0);
    return good.readFolder(folder, read);
  };
  const { trees } = world(async () => ({ ...good, readFolder }));
  const look = await trees.view('a.iso');
  assert.ok(look.kind === 'view');
  assert.deepEqual([await look.view.list('/bad'), await look.view.read('/bad/x', 1)], [undefined, undefined]);
  assert.equal((await look.view.read('/f', 1))?.length, 1);
  assert.equal(shown(await trees.open('a.iso', 'bad')), 'damaged');
  assert.equal(shown(await trees.open('a.iso', 'f')).slice(0, 4), 'file');
});
