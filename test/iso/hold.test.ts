/** Images that are held open for a file server: what is asked of them, by whom they are closed, and what it costs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Malformed } from '../../src/core/bytes.ts';
import { type Content, memoryContent, type Opened } from '../../src/core/content.ts';
import { CACHE_LIMITS } from '../../src/iso/cache.ts';
import type { Held } from '../../src/iso/hold.ts';
import { NotAnImage, openVolume } from '../../src/iso/open.ts';
import { type ImageTreesDeps, imageTrees } from '../../src/iso/routes.ts';
import { type Node, OutOfTurns, type Volume } from '../../src/iso/volume.ts';
import { childOf } from '../../src/iso/walk.ts';
import { entry, folder, image, name, ROOT_LBA, record, rockRidgeImage, SECTOR } from './handmade.ts';
import { readerOf } from './support.ts';
import { makeUdf } from './udfsupport.ts';

const file = (text: string, lba: number, sizeBytes: number) =>
  record({ name: `${text.toUpperCase()}.;1`, lba, sizeBytes, systemUse: name(text) });
const IMAGE = rockRidgeImage(
  [
    file('zebra', 40, 5),
    file('apple', 41, SECTOR + 7),
    file('Müller', 40, 1),
    record({ name: 'SUB', lba: 30, sizeBytes: SECTOR, flags: 2, systemUse: name('sub') }),
    record({ name: 'PACKED', lba: 40, sizeBytes: 5, systemUse: Buffer.concat([name('packed'), entry('ZF', [])]) }),
  ],
  {
    30: folder([file('within', 40, 3)], { name: '\0', lba: 30 }),
    40: Buffer.from('zebra'),
    41: Buffer.alloc(3000, 'a'),
  },
);

/** Trees over one image of any name, and how often it was opened and not closed, and parsed. */
function world(bytes: Uint8Array, facts: Partial<Content> = {}, deps: Partial<ImageTreesDeps> = {}) {
  const seen = { open: 0, parsed: 0 };
  const openImage = async (path: string): Promise<Opened> => {
    if (path === 'none.iso') return { kind: 'missing', reason: 'not-found' };
    if (path === 'folder.iso') return { kind: 'folder', entries: [] };
    seen.open += 1;
    const close = async (): Promise<void> => {
      seen.open -= 1;
    };
    return { kind: 'file', content: { ...memoryContent(bytes, '"tag"', 1), identity: 'id', close, ...facts } };
  };
  const { openVolume } = deps;
  const counting = openVolume && {
    openVolume: (...of: Parameters<typeof openVolume>) => {
      seen.parsed += 1;
      return openVolume(...of);
    },
  };
  return { trees: imageTrees({ openImage, ...deps, ...counting }), seen };
}

type World = ReturnType<typeof world>;

async function held({ trees }: World, path = 'a.iso'): Promise<Held> {
  const got = await trees.hold(path);
  assert.ok(got.kind === 'held', got.kind);
  return got;
}

const namesOf = (nodes: readonly Node[]): readonly string[] => nodes.map(({ name: text }) => text);

test('hold: a tree by its nodes: sorted, found by name and by place, and upwards', async () => {
  const tree = await held(world(IMAGE));
  assert.deepEqual(namesOf(await tree.list(tree.root)), ['Müller', 'apple', 'packed', 'sub', 'zebra']);
  const sub = await tree.child(tree.root, 'sub');
  assert.ok(sub);
  assert.deepEqual(namesOf(await tree.list(sub)), ['within']);
  assert.deepEqual(await tree.parentOf(sub), tree.root);
  assert.deepEqual(await tree.parentOf(tree.root), tree.root);
  for (const node of [tree.root, ...(await tree.list(tree.root)), ...(await tree.list(sub))])
    assert.deepEqual(await tree.nodeAt(node.place), node);
  assert.equal(await tree.child(tree.root, 'SUB'), undefined);
  assert.equal(await tree.child(sub, 'zebra'), undefined);
  assert.equal(await tree.child(sub, '..'), undefined);
  assert.equal((await tree.child(tree.root, 'packed'))?.unreadable, 'zisofs');
  assert.equal(tree.keepsCase, true);
});

test('hold: content is open as long as the image is, which is closed once', async () => {
  const at = world(IMAGE);
  const tree = await held(at);
  const apple = await tree.child(tree.root, 'apple');
  assert.ok(apple);
  const content = tree.content(apple);
  const bytes = new Uint8Array(10);
  assert.deepEqual([await content.read(bytes, SECTOR), Buffer.from(bytes.subarray(0, 7)).toString()], [7, 'aaaaaaa']);
  assert.deepEqual([content.sizeBytes, content.etag], [SECTOR + 7, `"tag.${apple.place.toString(36)}.1l3"`]);
  await content.close();
  assert.equal(at.seen.open, 1);
  assert.equal(tree.image.sizeBytes, IMAGE.length);
  assert.equal(await tree.isUnchanged(), true);
  await tree.close();
  assert.equal(at.seen.open, 0);
});

for (const { kind, bytes, keepsCase } of [
  {
    kind: 'plain',
    bytes: image({ sectors: { [ROOT_LBA]: folder([record({ name: 'SUB.TXT;1' })]) } }),
    keepsCase: false,
  },
  { kind: 'UDF', bytes: makeUdf({ 'Sub.txt': 'x' }), keepsCase: false },
])
  test(`hold: ${kind} never kept letter case, at this door as at the others`, async () => {
    const tree = await held(world(bytes));
    assert.equal(tree.keepsCase, keepsCase);
    assert.ok(await tree.child(tree.root, 'sUB.tXT'));
    assert.equal(await tree.child(tree.root, 'sub'), undefined);
  });

test('hold: names that no client can ask for are left out', async () => {
  const texts = ['a', 'ö', 'b\\c', 'x'.repeat(255)];
  const unspeakable = ['\ufffd', 'half\ud800', 'ö'.repeat(128)];
  const tree = await held(world(IMAGE, {}, { openVolume: async () => volumeOf([...unspeakable, ...texts]) }));
  assert.deepEqual(namesOf(await tree.list(tree.root)), texts.toSorted());
  for (const text of unspeakable) assert.equal(await tree.child(tree.root, text), undefined, text);
  for (const text of texts) assert.equal((await tree.child(tree.root, text))?.name, text);
});

/** Files of these names in its root; how often their names were looked at. */
function volumeOf(names: readonly string[], facts: Partial<Volume> = {}): Volume & { readonly looks: () => number } {
  let looks = 0;
  const common = { sizeBytes: 0, modifiedMs: 0, mode: 0o444, uid: 0, gid: 0, extents: [] };
  const nodes = names.map((text, i): Node => {
    const node = { ...common, kind: 'file', place: i + 1 } as const;
    const get = (): string => {
      looks += 1;
      return text;
    };
    return Object.defineProperty({ ...node, name: text }, 'name', { get });
  });
  const root: Node = { ...common, name: '', kind: 'folder', place: 0 };
  return {
    ...{ format: 'iso9660', names: 'rock-ridge', label: '', systemId: '', declaredBytes: 0, bootImages: [], root },
    readFolder: async () => nodes,
    nodeAt: async () => undefined,
    parentOf: async () => root,
    ...facts,
    looks: () => looks,
  };
}

test('hold: a folder of 50,000 is read and sorted once, and looked into by halves', async () => {
  const volume = volumeOf(Array.from({ length: 50_000 }, (_, i) => `package_${(i * 7919) % 50_000}`));
  let reads = 0;
  const readFolder = async (...of: Parameters<Volume['readFolder']>) => {
    reads += 1;
    return volume.readFolder(...of);
  };
  const tree = await held(world(IMAGE, {}, { openVolume: async () => ({ ...volume, readFolder }) }));
  const all = await tree.list(tree.root);
  assert.equal(all.length, 50_000);
  const before = volume.looks();
  assert.equal(await tree.list(tree.root), all, 'the same list');
  assert.equal(volume.looks(), before);
  assert.equal((await tree.child(tree.root, 'package_49999'))?.name, 'package_49999');
  assert.equal(await tree.child(tree.root, 'package_50000'), undefined);
  assert.ok(volume.looks() - before < 50, `${volume.looks() - before} names were looked at`);
  assert.equal(reads, 1);
});

test('hold: each question has turns of its own, and one that has had too many is tried anew', async () => {
  let turns = 0;
  const readFolder: Volume['readFolder'] = async (_, { turn }) => {
    for (let i = 0; i < turns; i++) await turn?.();
    return [];
  };
  const limits = { ...CACHE_LIMITS, maxBytes: 0 };
  const tree = await held(world(IMAGE, {}, { limits, openVolume: async () => volumeOf([], { readFolder }) }));
  turns = 3000;
  for (let i = 0; i < 3; i++) assert.deepEqual(await tree.list(tree.root), []);
  turns = 5000;
  await assert.rejects(tree.list(tree.root), OutOfTurns);
  turns = 1;
  assert.deepEqual(await tree.list(tree.root), []);
});

const missing: readonly {
  readonly rule: string;
  readonly path?: string;
  readonly error?: Error;
  readonly isUnchanged?: boolean;
  readonly want: string;
}[] = [
  { rule: 'no image', path: 'none.iso', want: 'not-found' },
  { rule: 'a folder', path: 'folder.iso', want: 'not-found' },
  { rule: 'a damaged image', error: new Malformed('cut off', 1), want: 'damaged' },
  { rule: 'what is no image', error: new NotAnImage('a web page', 1), want: 'damaged' },
  { rule: 'a disk image', path: 'a.img', error: new NotAnImage('no ISO image', 1), want: 'not-found' },
  { rule: 'an image that is being written to', error: new Malformed('x', 1), isUnchanged: false, want: 'busy' },
  { rule: 'a disk that fails', error: Object.assign(new Error('EIO'), { code: 'EIO' }), want: 'damaged' },
];
for (const { rule, path = 'a.iso', error = new TypeError(), isUnchanged = true, want } of missing)
  test(`hold: ${rule} is ${want}, and nothing stays open`, async () => {
    const at = world(IMAGE, { isUnchanged: async () => isUnchanged }, { openVolume: () => Promise.reject(error) });
    assert.deepEqual(await at.trees.hold(path), { kind: 'missing', reason: want });
    assert.equal(at.seen.open, 0);
  });

test('hold: what is wrong with one folder is told as damage, and remembered', async () => {
  let reads = 0;
  const readFolder = async (): Promise<never> => {
    reads += 1;
    throw new Malformed('damaged: a folder', 1);
  };
  const tree = await held(world(IMAGE, {}, { openVolume: async () => volumeOf([], { readFolder }) }));
  for (let i = 0; i < 3; i++) await assert.rejects(tree.list(tree.root), Malformed);
  assert.equal(reads, 1);
});

test('hold: while somebody writes to the image nothing is remembered', async () => {
  let reads = 0;
  const readFolder = async (): Promise<readonly Node[]> => {
    reads += 1;
    if (reads === 1) throw new Malformed('damaged: a folder', 1);
    return [];
  };
  const at = world(IMAGE, { isUnchanged: async () => false }, { openVolume: async () => volumeOf([], { readFolder }) });
  const tree = await held(at);
  assert.equal(await tree.isUnchanged(), false);
  await assert.rejects(tree.list(tree.root), Malformed);
  assert.deepEqual(await tree.list(tree.root), []);
  assert.deepEqual([reads, at.seen.parsed], [2, 2]);
});

test('hold: more images than are remembered answer all the same, and are opened anew for it', async () => {
  const limits = { ...CACHE_LIMITS, maxImages: 1 };
  const at = world(IMAGE, {}, { limits, openVolume: async () => volumeOf(['x']) });
  const [a, b] = [await held(at, 'a.iso'), await held(at, 'b.iso')];
  for (const tree of [a, b, b, a]) assert.deepEqual(namesOf(await tree.list(tree.root)), ['x']);
  assert.equal(at.seen.parsed, 5);
});

test('hold: it is closed once all that was asked is answered', async () => {
  const { promise, resolve } = Promise.withResolvers<readonly Node[]>();
  const at = world(IMAGE, {}, { openVolume: async () => volumeOf([], { readFolder: () => promise }) });
  const tree = await held(at);
  const [list, child] = [tree.list(tree.root), tree.child(tree.root, 'x')];
  const closed = tree.close();
  await new Promise(setImmediate);
  assert.equal(at.seen.open, 1);
  resolve([]);
  assert.deepEqual(await Promise.all([list, child, closed]), [[], undefined, undefined]);
  assert.equal(at.seen.open, 0);
});

test('child: one step by name, no link followed, nothing in what is no folder', async () => {
  const bytes = makeUdf({ 'a/link': { link: 'File' }, 'a/File': 'x' });
  const at = world(bytes);
  const tree = await held(at);
  const a = await tree.child(tree.root, 'a');
  const link = a && (await tree.child(a, 'LINK'));
  assert.deepEqual([link?.kind, link?.target], ['link', 'File']);
  const found = a && (await tree.child(a, 'file'));
  assert.equal(found?.name, 'File');
  assert.equal(found && (await tree.child(found, 'x')), undefined);
});

test('child: in a volume whose folders are not sorted, each is found the same', async () => {
  const read = readerOf(IMAGE);
  const volume = await openVolume(read, IMAGE.length);
  const nodes = await volume.readFolder(volume.root, read);
  assert.notDeepEqual(namesOf(nodes), namesOf(nodes).toSorted());
  for (const node of nodes) assert.deepEqual(await childOf(volume, volume.root, node.name, read), node);
});
