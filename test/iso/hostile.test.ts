/** Images that somebody made to hurt: each ends in nodes or in `Malformed`, with reads that are counted. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Malformed } from '../../src/core/bytes.ts';
import { openVolume } from '../../src/iso/open.ts';
import { findNode, walk } from '../../src/iso/walk.ts';
import { seeded } from '../support/fakes.ts';
import {
  continuation,
  folder,
  image,
  name,
  ROCK_RIDGE_ROOT,
  ROOT_LBA,
  record,
  rockRidgeImage,
  SECTOR,
} from './handmade.ts';
import { bytesOf, counted, hasPrograms, makeIso, makeTree, mutationsOf, readerOf, temporaryFolder } from './support.ts';

const work = temporaryFolder();

/** Of work on one image, a tenth of a second each hundred. */
const MAX_TURNS = 2000;

/** Opens and walks `bytes`; the paths found, or the damage. Whatever else is thrown is a fault of ours. */
async function look(
  bytes: Uint8Array,
  maxBytes = 1_000_000,
): Promise<{ paths: string[]; damage?: string; octets: number }> {
  const read = counted(readerOf(bytes), maxBytes, MAX_TURNS);
  const paths: string[] = [];
  try {
    const volume = await openVolume(read, bytes.length);
    const limits = { maxDepth: 64, maxEntries: 10_000, maxFolders: 10_000 };
    for await (const { path, node } of walk(volume, read, limits)) {
      paths.push(path);
      assertSafe(path, node, bytes.length);
    }
    await findNode(volume, paths.at(-1) ?? '/', read, { ignoreCase: true });
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return { paths, damage: error.what, octets: read.octets() };
  }
  return { paths, octets: read.octets() };
}

type Node = Awaited<ReturnType<typeof findNode>> & object;

function assertSafe(path: string, node: Node, sizeBytes: number): void {
  assert.doesNotMatch(node.name, /[/\x00-\x1f\x7f]|^\.{0,2}$/, path);
  assert.doesNotMatch(node.target ?? '', /[\x00-\x1f\x7f]/, path);
  let sum = 0;
  for (const { position = 0, lengthBytes } of node.extents) {
    assert.ok(lengthBytes > 0 && position >= 0 && position + lengthBytes <= sizeBytes, `${path} lies outside`);
    sum += lengthBytes;
  }
  if (node.kind === 'file' || node.kind === 'folder')
    assert.ok(node.unreadable ? sum === 0 : sum === node.sizeBytes, `${path}: ${sum} of ${node.sizeBytes} octets`);
}

const folderRecord = (text: string, lba: number, sizeBytes = SECTOR) =>
  record({ name: text, lba, sizeBytes, flags: 2 });
const withRoot = (root: Uint8Array, sectors: Record<number, Uint8Array> = {}, rootBytes = SECTOR) =>
  image({ sectors: { [ROOT_LBA]: root, ...sectors }, rootBytes });

/** Of whose descriptor the root's record lacks the flag of a folder. */
const rootFile = withRoot(folder([]));
rootFile.fill(0, 16 * SECTOR + 156 + 25, 16 * SECTOR + 156 + 26);

const cases: { rule: string; bytes: Uint8Array; paths?: readonly string[]; damage?: RegExp }[] = [
  { rule: 'a folder that holds itself', bytes: withRoot(folder([folderRecord('A', ROOT_LBA)])), paths: ['/a'] },
  {
    rule: 'folders that hold each other',
    bytes: withRoot(folder([folderRecord('A', 30)]), {
      30: folder([folderRecord('B', 31)]),
      31: folder([folderRecord('C', 30)]),
    }),
    paths: ['/a', '/a/b', '/a/b/c'],
  },
  { rule: 'a parent that is itself', bytes: withRoot(folder([])), paths: [] },
  { rule: 'a folder outside', bytes: withRoot(folder([folderRecord('A', 64)])), paths: ['/a'] },
  { rule: 'a folder half outside', bytes: withRoot(folder([folderRecord('A', 63, 2 * SECTOR)])), paths: ['/a'] },
  { rule: 'a folder of 4 GiB', bytes: withRoot(folder([folderRecord('A', 30, 0xffff_ffff)])), paths: ['/a'] },
  { rule: 'a root of 4 GiB', bytes: withRoot(folder([]), {}, 0xffff_ffff), damage: /^cut off: a folder lies outside/ },
  {
    rule: 'a root outside',
    bytes: image({ sectors: {}, rootLba: 9999 }),
    damage: /^cut off: the file ends before the root/,
  },
  { rule: 'a root that is a file', bytes: rootFile, damage: /root folder is no folder/ },
  {
    rule: 'a record of 1 octet',
    bytes: withRoot(folder([record({ name: 'A', lengthBytes: 1 })])),
    damage: /directory record of 1 octets/,
  },
  {
    rule: 'a record of 33 octets',
    bytes: withRoot(folder([record({ name: 'A', lengthBytes: 33 })])),
    damage: /directory record of 33 octets/,
  },
  {
    rule: 'a record of no octets ends its sector',
    bytes: withRoot(folder([record({ name: 'A', lengthBytes: 0 }), record({ name: 'B' })])),
    paths: [],
  },
  {
    rule: 'a record over the end of its folder',
    bytes: withRoot(folder([record({ name: 'A' })]), {}, 90),
    damage: /directory record of 34 octets/,
  },
  {
    rule: 'a record of zeros and a name of 255',
    bytes: withRoot(folder([record({ name: 'A' }).fill(255, 32, 33)])),
    damage: /name longer than its directory record/,
  },
  { rule: 'a volume of nothing but a descriptor', bytes: withRoot(new Uint8Array(SECTOR)), paths: [] },
  {
    rule: 'areas that go on in themselves',
    bytes: rockRidgeImage([record({ name: 'A', systemUse: continuation(40, 0, 28) })], { 40: continuation(40, 0, 28) }),
    damage: /continuation areas without end/,
  },
  {
    rule: 'an area in the middle of another',
    bytes: rockRidgeImage([record({ name: 'A', systemUse: continuation(40, 1, 28) })], { 40: continuation(40, 0, 28) }),
    paths: ['/a'],
  },
  {
    rule: 'a name that leads up',
    bytes: rockRidgeImage([
      record({ name: 'A', systemUse: name('..') }),
      record({ name: 'B', systemUse: name('../../etc') }),
    ]),
    paths: [],
  },
];
for (const { rule, bytes, paths, damage } of cases)
  test(`hostile image: ${rule}`, async () => {
    const found = await look(bytes);
    if (paths) assert.deepEqual([found.paths, found.damage], [paths, undefined]);
    else assert.match(found.damage ?? 'none', damage ?? /./);
  });

test('hostile image: folders whose paths are 2^40 are each read once', async () => {
  const sectors: Record<number, Uint8Array> = {};
  const level = (i: number) => folder([folderRecord('A', 30 + 2 * i), folderRecord('B', 31 + 2 * i)]);
  for (let i = 0; i < 40; i++) Object.assign(sectors, { [30 + 2 * i]: level(i + 1), [31 + 2 * i]: level(i + 1) });
  const bytes = image({ sectors: { ...sectors, [ROOT_LBA]: level(0), 110: folder([]), 111: folder([]) }, blocks: 128 });
  const { paths, damage, octets } = await look(bytes);
  assert.deepEqual([paths.length, damage], [2 * 81, undefined]);
  assert.ok(octets < 2 * bytes.length, `${octets} octets for an image of ${bytes.length}`);
});

/** A folder of `count` files named by number, at sector 30 of a volume. */
function crowded(count: number): Uint8Array {
  const files = Array.from({ length: count }, (_, i) =>
    record({ name: `F${i}`, systemUse: name(`file-number-${i}.txt`) }),
  );
  const crowd = folder(files);
  const root = folder([folderRecord('A', 30, crowd.length)], ROCK_RIDGE_ROOT);
  return image({ sectors: { [ROOT_LBA]: root, 30: crowd }, blocks: 31 + crowd.length / SECTOR, rootBytes: SECTOR });
}

test('a folder of 50,000 entries is one read', async () => {
  const bytes = crowded(50_000);
  const read = counted(readerOf(bytes));
  const volume = await openVolume(read, bytes.length);
  const [crowd] = await volume.readFolder(volume.root, read);
  const before = read.calls();
  assert.equal((await volume.readFolder(crowd ?? assert.fail(), read)).length, 50_000);
  assert.equal(read.calls() - before, 1);
});

test('hostile image: more than 100,000 entries in a folder are damage', async () => {
  assert.match((await look(crowded(100_001), 100_000_000)).damage ?? '', /more than 100000 entries/);
});

test('hostile image: a folder over 32 MiB is refused before it is read', async () => {
  const root = folder([folderRecord('A', 30, 32 * 1024 * 1024 + 1)]);
  const bytes = image({ sectors: { [ROOT_LBA]: root }, blocks: 17_000 });
  const { damage, octets } = await look(bytes);
  assert.match(damage ?? '', /a folder of 33554433 octets/);
  assert.ok(octets < 200_000, `${octets}`);
});

test('hostile image: areas all over it cost a bounded number of reads', async () => {
  const files = Array.from({ length: 9000 }, (_, i) =>
    record({ name: `F${i}`, systemUse: continuation(i % 2 === 0 ? 2000 : 2020, 0, 28) }),
  );
  const crowd = folder(files, { ...ROCK_RIDGE_ROOT, sizeBytes: 2000 * SECTOR - ROOT_LBA * SECTOR });
  const bytes = image({ sectors: { [ROOT_LBA]: crowd }, blocks: 2040 });
  const { damage, octets } = await look(bytes, 200_000_000);
  assert.match(damage ?? '', /continuation areas all over the image/);
  assert.ok(octets <= 70 * 1024 * 1024, `${octets}`);
});

const tree = {
  '.disk/info': 'Test',
  'casper/vmlinuz': Buffer.alloc(3000, 'k'),
  'a/b/c/d/e/f/g/h/deep.txt': 'deep',
  [`${'ń'.repeat(120)}x`]: 'long',
  kernel: { link: 'casper/vmlinuz' },
  'a/far': { link: '../'.repeat(30) },
} as const;
const makers = [
  {
    by: 'xorriso',
    options: ['-R', '-J', '-joliet-long', '-no-pad', '-b', '.disk/info', '-c', 'boot.cat', '-no-emul-boot'],
    count: 5000,
  },
  { by: 'xorriso', options: ['--norock', '-J', '-joliet-long', '-no-pad'], count: 5000 },
  { by: 'genisoimage', options: ['-R', '-no-pad', '-b', '.disk/info', '-c', 'boot.cat', '-no-emul-boot'], count: 5000 },
  { by: 'genisoimage', options: ['-D', '-no-pad'], count: 5000 },
  { by: 'genisoimage', options: ['-R', '-udf', '-no-pad'], count: 1000 },
] as const;

for (const [i, { by, options, count: usual }] of makers.entries()) {
  const count = mutationsOf(usual);
  const what = `${by} ${options.join(' ')}`;

  test(`cut off anywhere: Malformed or nodes (${what})`, async (t) => {
    if (!hasPrograms(t, [by])) return;
    const path = makeIso(by, options, makeTree(join(work, `cut-${i}`), tree), join(work, `cut-${i}.iso`));
    const whole = bytesOf(path);
    for (let length = 0; length < whole.length; length += 509) await look(whole.subarray(0, length), 20_000_000);
    assert.equal((await look(whole)).damage, undefined);
  });

  test(`${count} mutations: Malformed or nodes, reads bounded (${what})`, async (t) => {
    if (!hasPrograms(t, [by])) return;
    const path = makeIso(by, options, makeTree(join(work, `mutated-${i}`), tree), join(work, `mutated-${i}.iso`));
    await mutateAndLook(bytesOf(path), 9660 + i, count);
  });
}

/** Small ones of what `work.test.ts` has in large: mutation makes other loops of them. */
const crafted: readonly (readonly [string, Uint8Array])[] = [
  [
    'nested areas',
    rockRidgeImage(
      Array.from({ length: 20 }, (_, i) => record({ name: `A${i}`, systemUse: continuation(40, 0, SECTOR) })),
      { 40: Buffer.concat(Array.from({ length: 73 }, (_, i) => continuation(40, 0, SECTOR - i * 28))) },
    ),
  ],
  [
    'parts of files',
    rockRidgeImage(Array.from({ length: 20 }, (_, i) => record({ name: 'A', lba: 30 + i, sizeBytes: 9, flags: 0x80 }))),
  ],
];
for (const [i, [what, bytes]] of crafted.entries())
  test(`mutations: Malformed or nodes, reads and work bounded (${what})`, async () => {
    await mutateAndLook(bytes, 100 + i, mutationsOf(1000));
  });

/** Changes octets where there are any, in descriptors and folders, looks, and takes the changes back. */
async function mutateAndLook(whole: Uint8Array, seed: number, count: number): Promise<void> {
  const random = seeded(seed);
  const upTo = (bound: number) => Math.floor(random() * bound);
  const filled = [...whole.keys()].filter((at) => at >= 16 * SECTOR && (whole.at(at) !== 0 || upTo(50) === 0));
  let refusals = 0;
  for (let n = 0; n < count; n++) {
    const changes = Array.from({ length: 1 + upTo(8) }, () => filled.at(upTo(filled.length)) ?? 0);
    const before = changes.map((at) => whole.at(at) ?? 0);
    for (const at of changes) whole.fill(upTo(3) === 0 ? 255 * upTo(2) : upTo(256), at, at + 1);
    const { damage } = await look(whole, 70_000_000).catch((error: unknown) => {
      throw new Error(`mutation ${n} of seed ${seed} at ${changes}`, { cause: error });
    });
    if (damage !== undefined) refusals++;
    for (const [k, at] of [...changes.entries()].reverse()) whole.fill(before.at(k) ?? 0, at, at + 1);
  }
  assert.ok(refusals > 0 && refusals < count, `${refusals} refused`);
}
