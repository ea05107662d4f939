/** Nodes without the way to them: on every kind of image each is found by its place, and each folder's parent by itself. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { Malformed } from '../../src/core/bytes.ts';
import { openVolume } from '../../src/iso/open.ts';
import type { Node, ReadAt, Volume } from '../../src/iso/volume.ts';
import { seeded } from '../support/fakes.ts';
import {
  both,
  continuation,
  entry,
  folder,
  image,
  name,
  ROCK_RIDGE_ROOT,
  ROOT_LBA,
  record,
  rockRidgeImage,
  SECTOR,
} from './handmade.ts';
import {
  assertPlaces,
  bytesOf,
  counted,
  hasPrograms,
  makeIso,
  makeTree,
  mutationsOf,
  nodesOf,
  readerOf,
  type Tree,
  temporaryFolder,
  withImage,
} from './support.ts';
import { makeBridge, makeUdf } from './udfsupport.ts';

const work = temporaryFolder();
const deep = 'one/two/three/four/five/six/seven/eight/nine/ten/eleven/twelve/thirteen/fourteen/fifteen';

/** Names that need continuation areas, links, folders that ISO 9660 has no room for, and one over many sectors. */
const tree: Tree = {
  '.disk/info': 'Ubuntu',
  'casper/vmlinuz': Buffer.alloc(100_001, 'kernel '),
  'casper/link': { link: `${'../casper/'.repeat(18)}vmlinuz` },
  'empty/': '',
  'zero.bin': '',
  [`${'n'.repeat(240)}.txt`]: 'a name that a record cannot hold',
  'Ünï/Café ☃ 漢字.txt': 'beyond latin',
  [`${deep}/bottom.txt`]: 'far down',
  [`${deep}/other/last`]: 'further down',
  'one/two/three/four/five/six/seven/eight/second/third/x': 'another way down',
  absolute: { link: '/casper' },
  ...Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`pool/package_${i}/package_${i}.deb`, `deb ${i}`])),
};

const source = join(work, 'tree');
before(() => makeTree(source, tree));

const isos = [
  { by: 'xorriso', options: ['-R'] },
  { by: 'xorriso', options: ['-R', '-J', '-joliet-long'] },
  { by: 'xorriso', options: ['--norock', '-J', '-joliet-long'] },
  { by: 'xorriso', options: ['--norock', '-iso-level', '3'] },
  { by: 'xorriso', options: ['-R', '-partition_offset', '16'] },
  { by: 'genisoimage', options: ['-R'] },
  { by: 'genisoimage', options: ['-R', '-hide-rr-moved'] },
  { by: 'genisoimage', options: ['-R', '-D'] },
  { by: 'genisoimage', options: ['-R', '-udf'] },
  { by: 'genisoimage', options: ['-udf', '-J', '-D'] },
  { by: 'genisoimage', options: ['-J', '-joliet-long', '-D'] },
  { by: 'genisoimage', options: ['-iso-level', '4', '-D', '-input-charset', 'iso8859-1'] },
] as const;
for (const { by, options } of isos)
  test(`places: ${by} ${options.join(' ')}`, async (t) => {
    if (!hasPrograms(t, [by])) return;
    const bytes = bytesOf(makeIso(by, options, source, join(work, 'made.iso')));
    const volume = await openVolume(readerOf(bytes), bytes.length);
    assert.ok((await assertPlaces(volume, readerOf(bytes))) > 800);
  });

test('places: a bridge has the lengths of UDF, wherever a node is found', async (t) => {
  if (!hasPrograms(t, ['genisoimage'])) return;
  const small = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`live/d/file-${i}`, `${i}`]));
  const hugeBytes = 4.25 * 1024 ** 3;
  const source = makeTree(join(work, 'huge'), { ...small, 'live/d/zz.squashfs': { sparseBytes: hugeBytes }, z: 'z' });
  const path = join(work, 'bridge.iso');
  // What describes the files comes before them, and they need not be on disk.
  const make = 'genisoimage -quiet -udf -R -allow-limited-size "$0" 2>/dev/null | head -c 4000000 >"$1"';
  spawnSync('sh', ['-c', make, source, path]);
  truncateSync(path, hugeBytes + 4_000_000);
  await withImage(path, async ({ read, sizeBytes }) => {
    const volume = await openVolume(read, sizeBytes);
    assert.equal(volume.names, 'rock-ridge');
    assert.equal(await assertPlaces(volume, read), 304);
    const huge = (await nodesOf(volume, read)).get('/live/d/zz.squashfs');
    assert.equal((await volume.nodeAt(huge?.place ?? 0, read))?.sizeBytes, hugeBytes);
  });
});

test('places: a file of nine parts is found by the first one (ECMA-119 §6.5.1)', async (t) => {
  if (!hasPrograms(t, ['xorriso'])) return;
  const hugeBytes = 33 * 1024 ** 3 + 7;
  // Names of a length that has the parts go on in the next sector.
  const names = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`${i}`.padStart(60, 'a'), 'x']));
  const source = makeTree(join(work, 'parts'), { ...names, 'huge.bin': { sparseBytes: hugeBytes }, 'z.txt': 'after' });
  const path = join(work, 'parts.iso');
  spawnSync('sh', ['-c', 'xorriso -as mkisofs -quiet -R -iso-level 3 -o - "$0" | head -c 1000000 >"$1"', source, path]);
  truncateSync(path, hugeBytes + 1_000_000);
  await withImage(path, async ({ read, sizeBytes }) => {
    const volume = await openVolume(read, sizeBytes);
    await assertPlaces(volume, read);
    const huge = (await nodesOf(volume, read)).get('/huge.bin');
    assert.equal(huge?.sizeBytes, hugeBytes);
    const last = (await nodesOf(volume, read)).get('/z.txt');
    const sector = (node?: Node) => Math.floor((node?.place ?? 0) / SECTOR);
    assert.ok(sector(last) > sector(huge), 'they go on in the next sector');
  });
});

test('places: a file of 2048 parts costs two reads, of 2049 is damaged', async () => {
  const part = record({ name: 'HUGE', lba: 40, sizeBytes: 10, flags: 0x80 });
  const parts = (count: number) => [
    ...Array.from({ length: count - 1 }, () => part),
    record({ name: 'HUGE', lba: 40 }),
  ];
  for (const count of [2048, 2049]) {
    const root = folder(parts(count));
    const bytes = image({ sectors: { [ROOT_LBA]: root }, blocks: 200 });
    const read = counted(readerOf(bytes));
    const volume = await openVolume(
      readerOf(image({ sectors: { [ROOT_LBA]: folder([]) }, blocks: 200 })),
      bytes.length,
    );
    const place = ROOT_LBA * SECTOR + 68;
    if (count > 2048) await assert.rejects(volume.nodeAt(place, read), Malformed);
    else assert.equal((await volume.nodeAt(place, read))?.sizeBytes, 20470);
    assert.equal(read.calls(), 2);
  }
});

const udfTree: Tree = {
  'sources/boot.wim': Buffer.alloc(50_001, 'MSWIM'),
  'sources/empty.dat': '',
  'a/b/c/d/deep.txt': 'deep',
  'a/up': { link: '../sources/boot.wim' },
  'Ünïcode 文件.txt': 'wide',
};

const permissions = entry('PX', Buffer.concat([both(0o40755), both(1), both(0), both(0), both(7)]));
const self = (lba: number, sizeBytes = SECTOR) => ({ name: '\0', lba, sizeBytes });
const withParent = (lba: number, parentLba: number, systemUse?: Uint8Array): Uint8Array => {
  const bytes = folder([], self(lba));
  const dots = [
    record({ ...self(lba), flags: 2 }),
    record({ name: '\x01', flags: 2, lba: parentLba, sizeBytes: SECTOR, ...(systemUse && { systemUse }) }),
  ];
  bytes.fill(0);
  bytes.set(Buffer.concat(dots));
  return bytes;
};
const sub = (text: string, lba: number, systemUse?: Uint8Array) =>
  record({ name: text, lba, sizeBytes: SECTOR, flags: 2, ...(systemUse && { systemUse }) });

/** Folders whose way up is not what it should be. */
const ways: readonly { rule: string; bytes: Uint8Array; want: string | undefined | 'Malformed' }[] = [
  { rule: 'to itself', bytes: rockRidgeImage([sub('A', 30)], { 30: withParent(30, 30) }), want: undefined },
  { rule: 'out of the image', bytes: rockRidgeImage([sub('A', 30)], { 30: withParent(30, 9999) }), want: 'Malformed' },
  { rule: 'to no folder', bytes: rockRidgeImage([sub('A', 30)], { 30: withParent(30, 31) }), want: undefined },
  {
    rule: 'to one that leads back',
    bytes: rockRidgeImage([sub('A', 30)], { 30: withParent(30, 31), 31: withParent(31, 30) }),
    want: undefined,
  },
  {
    rule: 'by PL past the folder it was moved to (RRIP §4.1.5.2)',
    bytes: rockRidgeImage([sub('A', 30)], { 30: withParent(30, 31, entry('PL', both(ROOT_LBA))) }),
    want: '',
  },
  {
    rule: 'by areas that go on in themselves',
    bytes: rockRidgeImage([sub('A', 30)], {
      30: withParent(30, ROOT_LBA, continuation(31, 0, 28)),
      31: continuation(31, 0, 28),
    }),
    want: 'Malformed',
  },
  { rule: 'a folder without records', bytes: rockRidgeImage([sub('A', 30)]), want: undefined },
];
for (const { rule, bytes, want } of ways)
  test(`parent: ${rule}`, async () => {
    const volume = await openVolume(readerOf(bytes), bytes.length);
    const read = counted(readerOf(bytes), 200_000, 10);
    const [child] = await volume.readFolder(volume.root, read);
    assert.ok(child);
    if (want === 'Malformed') await assert.rejects(volume.parentOf(child, read), Malformed);
    else assert.equal((await volume.parentOf(child, read))?.name, want);
  });

test('place: what was moved is found where it seems to be, and not where it lies (RRIP §4.1.5)', async () => {
  const stands = record({
    name: 'DEEP',
    lba: 40,
    sizeBytes: 0,
    systemUse: Buffer.concat([name('deep'), entry('CL', both(30))]),
  });
  const lies = sub('DEEP', 30, Buffer.concat([name('deep'), permissions, entry('RE')]));
  const bytes = rockRidgeImage([stands, lies], {
    30: folder([], { ...self(30), systemUse: permissions }),
  });
  const read = readerOf(bytes);
  const volume = await openVolume(read, bytes.length);
  const [deepFolder, ...others] = await volume.readFolder(volume.root, read);
  assert.ok(deepFolder && others.length === 0);
  assert.deepEqual(await volume.nodeAt(deepFolder.place, read), deepFolder);
  assert.equal(await volume.nodeAt(deepFolder.place + stands.length, read), undefined);
});

test('place: the records of a folder itself, its parent and associated files are no nodes', async () => {
  const bytes = rockRidgeImage([record({ name: 'A', flags: 4 }), record({ name: 'B' })]);
  const volume = await openVolume(readerOf(bytes), bytes.length);
  const at = ROOT_LBA * SECTOR;
  const parent = record({ ...ROCK_RIDGE_ROOT, flags: 2 }).length;
  for (const place of [at, at + parent, at + parent + 34])
    assert.equal(await volume.nodeAt(place, readerOf(bytes)), undefined);
  assert.equal((await volume.nodeAt(at + parent + 34 + 34, readerOf(bytes)))?.name, 'b');
});

/** A place that anybody may have made up: nothing, a node that lies in the image, or `Malformed`; by few reads. */
async function assertSafe(volume: Volume, place: number, read: ReadAt, sizeBytes: number): Promise<string> {
  const counting = counted(read, 40_000_000, 400);
  const found = await volume.nodeAt(place, counting).catch((error: unknown) => {
    if (!(error instanceof Malformed)) throw error;
    return error;
  });
  if (found === undefined) return 'nothing';
  if (found instanceof Malformed) return 'damage';
  let sum = 0;
  for (const { position = 0, lengthBytes } of found.extents) {
    assert.ok(lengthBytes > 0 && position >= 0 && position + lengthBytes <= sizeBytes, `${place} lies outside`);
    sum += lengthBytes;
  }
  if (found.kind === 'file' || found.kind === 'folder') assert.equal(sum, found.unreadable ? 0 : found.sizeBytes);
  assert.doesNotMatch(found.name, /[/\x00-\x1f\x7f]|^\.{1,2}$/);
  await assertHarmless(volume, found, counting);
  return 'node';
}

/** What it is taken for may be asked for what it holds and what it is in. */
async function assertHarmless(volume: Volume, node: Node, read: ReadAt): Promise<void> {
  if (node.kind !== 'folder') return;
  for (const ask of [volume.readFolder, volume.parentOf])
    await ask(node, read).catch((error: unknown) => assert.ok(error instanceof Malformed, String(error)));
}

test('place: 100,000 made-up places on small images give nothing, a node in the image, or damage', async (t) => {
  if (!hasPrograms(t, ['xorriso', 'genisoimage'])) return;
  const few: Tree = {
    'casper/vmlinuz': Buffer.alloc(9000, 'kernel '),
    // Octets that look like records.
    'casper/records': folder([record({ name: 'A', flags: 0x80 }), sub('B', 9999), sub('C', 30), record({ name: 'D' })]),
    [`${deep}/bottom`]: { link: '../up' },
  };
  const source = makeTree(join(work, 'few'), few);
  const images = [
    bytesOf(makeIso('xorriso', ['-R', '-J'], source, join(work, 'few.iso'))),
    bytesOf(makeIso('genisoimage', ['-R'], source, join(work, 'few.iso'))),
    bytesOf(makeIso('xorriso', ['--norock', '-J'], source, join(work, 'few.iso'))),
    bytesOf(makeBridge(source, join(work, 'few.iso'))),
    makeUdf(udfTree),
    makeUdf(udfTree, { partition: 'metadata', allocation: 'long' }),
  ];
  const each = Math.ceil(mutationsOf(100_000) / images.length);
  const random = seeded(1813);
  const odd = [-1, -2048, 0.5, NaN, Infinity, -Infinity, 2 ** 31, 2 ** 32, 2 ** 52, 2 ** 53, 2 ** 64, Number.MAX_VALUE];
  const seen = new Set<string>();
  for (const bytes of images) {
    const read = readerOf(bytes);
    const volume = await openVolume(read, bytes.length);
    const places = [...odd, bytes.length, bytes.length - 1, bytes.length + 1, bytes.length - 33];
    for (let at = 0; at <= bytes.length; at += SECTOR) places.push(at, at + 34);
    // Most of an image is zeros: half of them are near something.
    const busy = [...(await nodesOf(volume, read)).values()].map(({ place }) => place);
    while (places.length < each) {
      const near = (busy[Math.floor(random() * busy.length)] ?? 0) + Math.floor(random() * 600) - 300;
      places.push(places.length % 2 === 0 ? near : Math.floor(random() * (bytes.length + 4096)));
    }
    for (const place of places) seen.add(await assertSafe(volume, place, read, bytes.length));
  }
  assert.deepEqual([...seen].sort(), ['damage', 'node', 'nothing']);
});

test('place: on images that are damaged all over, the same', async (t) => {
  if (!hasPrograms(t, ['genisoimage'])) return;
  const source = makeTree(join(work, 'damaged'), { 'a/b': 'x', 'a/c': { link: '../b' }, [`${deep}/x`]: 'x' });
  const images = [bytesOf(makeBridge(source, join(work, 'damaged.iso'))), makeUdf(udfTree)];
  const random = seeded(7);
  for (let n = 0; n < mutationsOf(2000); n++) {
    const pristine = images[n % images.length];
    assert.ok(pristine);
    const volume = await openVolume(readerOf(pristine), pristine.length);
    const places = [...(await nodesOf(volume, readerOf(pristine))).values()].map(({ place }) => place);
    const place = places[Math.floor(random() * places.length)] ?? 0;
    const bytes = Uint8Array.from(pristine);
    for (let i = 0; i < 8; i++) bytes[place + Math.floor(random() * 200)] = Math.floor(random() * 256);
    await assertSafe(volume, place, readerOf(bytes), bytes.length);
  }
});
