/** UDF that lies: whatever is on the medium, only `Malformed` comes out, within bounds of time, memory and reads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Malformed } from '../../src/core/bytes.ts';
import { openUdf } from '../../src/iso/udf.ts';
import type { Node, ReadAt, Volume } from '../../src/iso/volume.ts';
import { counted, mutationsOf, readerOf, type Tree } from './support.ts';
import { allocation, sign, tagged } from './udfencode.ts';
import { type Making, makeUdf, PARTITION_START } from './udfsupport.ts';

const tree: Tree = {
  'readme.txt': 'hello',
  'dir/big.bin': Buffer.alloc(60_000, 'big'),
  'dir/sub/leaf.txt': 'leaf',
  'dir/link': { link: '../readme.txt' },
};
const SECTOR = 2048;
/** Where an entry without extended attributes has its allocation descriptors, and says how long they are. */
const DESCRIPTORS = 176;

async function opened(image: Uint8Array): Promise<{ volume: Volume; read: ReadAt; nodes: Map<string, Node> }> {
  const read = counted(readerOf(image), 64 * 1024 * 1024);
  const volume = await openUdf(read, image.length);
  assert.ok(volume);
  const nodes = new Map<string, Node>();
  const waiting: [string, Node][] = [['', volume.root]];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [path, folder] = next;
    for (const node of await volume.readFolder(folder, read)) {
      nodes.set(`${path}/${node.name}`, node);
      if (node.kind === 'folder' && !node.unreadable) waiting.push([`${path}/${node.name}`, node]);
    }
  }
  return { volume, read, nodes };
}

/** A made image, its nodes, and the block of an entry to tamper with; `change` is signed afterwards. */
async function tampered(path: string, change: (entry: Buffer) => void, making: Making = {}) {
  const image = makeUdf(tree, making);
  const { volume, nodes } = await opened(image);
  const place = path === '/' ? volume.root.place : (nodes.get(path)?.place ?? assert.fail(path));
  const entry = image.subarray(place, place + SECTOR);
  change(entry);
  sign(entry);
  return image;
}

/** In a folder's entry: where the address in the first name's identifier stands, and where that of the next. */
function addressesIn(entry: Buffer): number[] {
  const all: number[] = [];
  const end = DESCRIPTORS + entry.readUInt32LE(172);
  for (let at = DESCRIPTORS; at < end; at += Math.ceil((38 + entry.readUInt8(at + 19)) / 4) * 4) all.push(at + 24);
  return all;
}

const entries: readonly {
  readonly name: string;
  readonly path: string;
  readonly change: (entry: Buffer) => void;
  readonly making?: Making;
  readonly want: string;
}[] = [
  {
    name: 'an extent beyond the end of the image',
    path: '/dir/big.bin',
    change: (entry) => entry.writeUInt32LE(0x0fffffff, DESCRIPTORS + 4),
    want: 'outside-the-image',
  },
  {
    name: 'a file that says it is 2^52 octets long',
    path: '/dir/big.bin',
    change: (entry) => entry.writeBigUInt64LE(2n ** 52n, 56),
    want: 'damaged',
  },
  {
    name: 'a file that says it is 2^64-1 octets long',
    path: '/dir/big.bin',
    change: (entry) => entry.writeBigUInt64LE(2n ** 64n - 1n, 56),
    want: 'damaged',
  },
  {
    name: 'extended attributes longer than the block',
    path: '/dir/big.bin',
    change: (entry) => entry.writeUInt32LE(0xffffffff, 168),
    want: 'damaged',
  },
  {
    name: 'allocation descriptors longer than the block',
    path: '/dir/big.bin',
    change: (entry) => entry.writeUInt32LE(SECTOR, 172),
    want: 'damaged',
  },
  {
    name: 'strategy 4096',
    path: '/dir/big.bin',
    change: (entry) => entry.writeUInt16LE(4096, 20),
    want: 'strategy-4096',
  },
  {
    name: 'descriptors of a kind that there is not',
    path: '/dir/big.bin',
    change: (entry) => entry.writeUInt16LE(5, 34),
    want: 'damaged',
  },
  {
    name: 'long descriptors in a partition that there is not',
    path: '/dir/big.bin',
    change: (entry) => entry.writeUInt16LE(77, DESCRIPTORS + 8),
    making: { allocation: 'long' },
    want: 'damaged',
  },
  {
    name: 'extended descriptors of compressed content',
    path: '/dir/big.bin',
    change: (entry) => entry.writeUInt32LE(999, DESCRIPTORS + 8),
    making: { allocation: 'extended' },
    want: 'damaged',
  },
  {
    name: 'embedded content shorter than it says',
    path: '/readme.txt',
    change: (entry) => entry.writeBigUInt64LE(6n, 56),
    making: { allocation: 'embedded' },
    want: 'damaged',
  },
  {
    name: 'a link of a component that is cut off',
    path: '/dir/link',
    change: (entry) => entry.writeUInt8(200, DESCRIPTORS + 5),
    want: 'bad-link',
  },
  {
    name: 'another descriptor where an entry should be',
    path: '/readme.txt',
    change: (entry) => entry.writeUInt16LE(257, 0),
    want: 'damaged',
  },
];
for (const { name, path, change, making, want } of entries) {
  test(`its name is there, and why it cannot be read: ${name}`, async () => {
    const { nodes } = await opened(await tampered(path, change, making));
    assert.equal(nodes.get(path)?.unreadable, want);
    assert.deepEqual(nodes.get(path)?.extents, []);
    assert.equal(nodes.size, 6, 'all others are there');
  });
}

test('an extent of zeros needs no room in the image, however long (ECMA-167 4/14.14.1.1)', async () => {
  const image = await tampered('/dir/big.bin', (entry) => {
    entry.writeUInt32LE(2 * 2 ** 30 + 60_000, DESCRIPTORS);
    entry.writeUInt32LE(0x0fffffff, DESCRIPTORS + 4);
  });
  const { nodes } = await opened(image);
  assert.deepEqual(nodes.get('/dir/big.bin')?.extents, [{ position: undefined, lengthBytes: 60_000 }]);
});

test('a wrong checksum or CRC is damage; a wrong location is let be, as 7z does', async () => {
  for (const [at, want] of [
    [4, 'damaged'],
    [60, 'damaged'],
    [12, undefined],
  ] as const) {
    const image = await tampered('/readme.txt', () => {});
    const { nodes } = await opened(image);
    const place = nodes.get('/readme.txt')?.place ?? 0;
    image.writeUInt8(image.readUInt8(place + at) ^ 1, place + at);
    // The location is below the checksum.
    if (at === 12)
      image.writeUInt8((image.readUInt8(place + 4) + (image.readUInt8(place + at) & 1 ? 1 : 255)) % 256, place + 4);
    assert.equal((await opened(image)).nodes.get('/readme.txt')?.unreadable, want, `octet ${at}`);
  }
});

for (const [name, from, to] of [
  ['itself', '/dir', '/dir'],
  ['the one it is in', '/dir/sub', '/dir'],
  ['the root', '/dir/sub', '/'],
] as const) {
  test(`a folder that holds ${name} ends there`, async () => {
    const { nodes: known, volume } = await opened(makeUdf(tree));
    const place = known.get(to)?.place ?? volume.root.place;
    const image = await tampered(from, (entry) => {
      for (const at of addressesIn(entry).slice(1)) entry.writeUInt32LE(place / SECTOR - PARTITION_START, at);
    });
    const { nodes } = await opened(image);
    const looped = [...nodes.values()].filter((node) => node.unreadable === 'loop');
    assert.ok(looped.length > 0 && looped.every((node) => node.kind === 'folder' && node.extents.length === 0));
  });
}

test('folders end 64 below the root', async () => {
  const image = makeUdf({ [`${'d/'.repeat(80)}leaf`]: 'x' });
  const { nodes, volume, read } = await opened(image);
  assert.equal(nodes.size, 65);
  const last = [...nodes.values()].at(-1);
  assert.equal(last?.unreadable, 'too-deep');
  await assert.rejects(async () => volume.readFolder(last ?? volume.root, read), Malformed);
});

const folders: readonly (readonly [string, (entry: Buffer) => void])[] = [
  ['a name longer than the folder', (entry) => entry.writeUInt8(255, (addressesIn(entry).at(-1) ?? 0) - 24 + 19)],
  [
    'use by an implementation longer than the folder',
    (entry) => entry.writeUInt16LE(0xffff, (addressesIn(entry)[0] ?? 0) + 12),
  ],
  ['octets that are no names', (entry) => entry.fill(0x41, DESCRIPTORS + 40, DESCRIPTORS + 60)],
  ['entries in a partition that there is not', (entry) => entry.writeUInt16LE(9, (addressesIn(entry)[1] ?? 0) + 4)],
  [
    'a length of 4 GiB',
    (entry) => {
      entry.writeBigUInt64LE(2n ** 32n, 56);
      entry.writeUInt16LE(0, 34);
      entry.writeUInt32LE(40, 172);
      for (let i = 0; i < 5; i++)
        allocation(0, 2 * 2 ** 30 + 0x3ffff800, { block: 0, partition: 0 }).copy(entry, DESCRIPTORS + i * 8);
    },
  ],
];
for (const [name, change] of folders) {
  test(`a damaged folder throws: ${name}`, async () => {
    await assert.rejects(async () => opened(await tampered('/dir', change)), Malformed);
  });
}

test('an entry outside the image is a name that cannot be read', async () => {
  const image = await tampered('/dir', (entry) => entry.writeUInt32LE(0x00ffffff, addressesIn(entry)[1] ?? 0));
  assert.equal((await opened(image)).nodes.get('/dir/big.bin')?.unreadable, 'outside-the-image');
});

test('allocation descriptors that go on in themselves end, and cost few reads', async () => {
  const image = makeUdf(tree, { runBlocks: 2, descriptorsEach: 3 });
  const { nodes } = await opened(image);
  const place = nodes.get('/dir/big.bin')?.place ?? 0;
  const own = image.readUInt32LE(place + DESCRIPTORS + 3 * 8 + 4);
  const list = Buffer.concat(
    [Buffer.alloc(24), allocation(0, 3 * 2 ** 30 + SECTOR, { block: own, partition: 0 })],
    SECTOR,
  );
  list.writeUInt32LE(8, 20);
  tagged(list, 258, own).copy(image, (PARTITION_START + own) * SECTOR);
  const again = await opened(image);
  assert.equal(again.nodes.get('/dir/big.bin')?.unreadable, 'damaged');
});

test('a hundred thousand runs are the most of one folder', async () => {
  // Every name leads to one entry of 200 descriptors, each of a block; neighbours don't touch, so nothing merges.
  const names = Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`f${i}`, 'x']));
  const image = makeUdf(names);
  const { nodes } = await opened(image);
  for (const { place } of nodes.values()) {
    const entry = image.subarray(place, place + SECTOR);
    entry.writeBigUInt64LE(200n * 2048n, 56);
    entry.writeUInt32LE(200 * 8, 172);
    for (let i = 0; i < 200; i++)
      allocation(0, SECTOR, { block: (i % 2) * 2, partition: 0 }).copy(entry, DESCRIPTORS + i * 8);
    sign(entry);
  }
  const found = [...(await opened(image)).nodes.values()];
  assert.equal(found.filter((node) => node.unreadable === undefined).length, 500);
});

/** The logical volume descriptor is the third of both sequences. */
const volumes: readonly (readonly [string, (descriptor: Buffer) => void])[] = [
  ['2^32-1 partition maps', (d) => d.writeUInt32LE(0xffffffff, 268)],
  ['a table of maps longer than the descriptor', (d) => d.writeUInt32LE(0xffffffff, 264)],
  ['a map of no length', (d) => d.writeUInt8(0, 441)],
  ['a map of another partition', (d) => d.writeUInt16LE(7, 444)],
  ['a map of a kind that there is not', (d) => d.writeUInt8(3, 440)],
  ['blocks of no length', (d) => d.writeUInt32LE(0, 212)],
  ['blocks of 4 GiB', (d) => d.writeUInt32LE(0xffffffff, 212)],
  ['a file set in a partition that there is not', (d) => d.writeUInt16LE(5, 256)],
  ['a file set beyond the end', (d) => d.writeUInt32LE(0xfffffff0, 252)],
];
for (const [name, change] of volumes) {
  test(`no volume: ${name}`, async () => {
    const image = makeUdf(tree);
    for (const sector of [34, 50]) {
      const descriptor = image.subarray(sector * SECTOR, (sector + 1) * SECTOR);
      change(descriptor);
      sign(descriptor);
    }
    await assert.rejects(opened(image), Malformed);
  });
}

test('a sequence of descriptors that leads to itself ends (ECMA-167 3/10.3)', async () => {
  const image = makeUdf(tree);
  for (const sector of [32, 48]) {
    const pointer = Buffer.alloc(512);
    pointer.writeUInt32LE(16 * SECTOR, 20);
    pointer.writeUInt32LE(sector, 24);
    tagged(pointer, 3, sector).copy(image, sector * SECTOR);
  }
  await assert.rejects(opened(image), Malformed);
});

test('packets of no length, and partitions of none that is there', async () => {
  const image = makeUdf(tree, { partition: 'sparable' });
  for (const sector of [34, 50]) {
    const descriptor = image.subarray(sector * SECTOR, (sector + 1) * SECTOR);
    descriptor.writeUInt16LE(0, 440 + 40);
    sign(descriptor);
  }
  await assert.rejects(opened(image), Malformed);
});

const kinds: readonly Making[] = [
  {},
  { partition: 'metadata', isExtendedEntry: true },
  { partition: 'virtual', runBlocks: 4 },
  { partition: 'sparable', allocation: 'long' },
  { runBlocks: 2, descriptorsEach: 3, allocation: 'extended' },
];

/** Opens and walks, each folder once; gives what was thrown. */
async function walked(read: ReadAt, sizeBytes: number): Promise<unknown> {
  try {
    const volume = await openUdf(read, sizeBytes);
    if (!volume) return undefined;
    const seen = new Set<number>();
    const waiting: Node[] = [volume.root];
    for (let folder = waiting.pop(); folder; folder = waiting.pop()) {
      if (seen.has(folder.place) || folder.unreadable) continue;
      seen.add(folder.place);
      for (const node of await volume.readFolder(folder, read)) {
        assertNode(node, sizeBytes);
        if (node.kind === 'folder') waiting.push(node);
      }
    }
    return undefined;
  } catch (e) {
    return e;
  }
}

/** What `Node` promises. */
function assertNode(node: Node, sizeBytes: number): void {
  assert.doesNotMatch(node.name, /[/\0]|^\.{0,2}$/);
  if (node.unreadable) return;
  const length = node.extents.reduce((sum, extent) => sum + extent.lengthBytes, 0);
  assert.equal(length, node.sizeBytes);
  for (const { position, lengthBytes } of node.extents)
    assert.ok(position === undefined || position + lengthBytes <= sizeBytes, 'inside the image');
}

for (const making of kinds) {
  test(`cut off anywhere, only Malformed is thrown: ${JSON.stringify(making)}`, async () => {
    const image = makeUdf(tree, making);
    for (let end = 0; end < image.length; end += 1021) {
      const thrown = await walked(readerOf(image.subarray(0, end)), end);
      assert.ok(thrown === undefined || thrown instanceof Malformed, `${end}: ${thrown}`);
    }
    // The file has its length, but the disk gives less.
    for (let end = 0; end < image.length; end += 5003) {
      const thrown = await walked(readerOf(image.subarray(0, end)), image.length);
      assert.ok(thrown === undefined || thrown instanceof Malformed, `${end}: ${thrown}`);
    }
  });
}

/** Numbers that are the same in every run. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
}

/** Blocks that begin with a tag, or folders' content that does. */
function descriptorBlocks(image: Buffer): number[] {
  const tags = new Set([0, 1, 5, 6, 8, 9, 256, 257, 258, 261, 266]);
  return Array.from({ length: image.length / SECTOR }, (_, i) => i).filter((i) => {
    const at = i * SECTOR;
    return image.readUInt16LE(at + 2) === 3 && tags.has(image.readUInt16LE(at));
  });
}

/** A copy of a block in which a few octets are something else, signed so that it is believed. */
function mutated(block: Buffer, pick: (below: number) => number): Buffer {
  const copy = Buffer.from(block);
  const used = Math.max(64, copy.findLastIndex((octet) => octet !== 0) + 8);
  for (let i = pick(4); i >= 0; i--) {
    const at = Math.min(SECTOR - 1, (pick(3) === 0 ? 0 : 16) + pick(used));
    const [value = 0] = [[0, 0xff, 1, 0x80, pick(256)][pick(5)]];
    copy.writeUInt8(value, at);
  }
  // A tenth stays unsigned; the CRC covers what it says it does, or all of it.
  if (pick(10) === 0) return copy;
  if (pick(2) === 0) copy.writeUInt16LE(SECTOR - 16, 10);
  copy.writeUInt16LE(3, 2);
  return sign(copy);
}

const EACH_MUTATIONS = mutationsOf(4400);
/** Of work on one image, a tenth of a second each hundred. */
const MAX_TURNS = 1000;
for (const [seed, making] of kinds.entries()) {
  test(`${EACH_MUTATIONS} mutations, only Malformed is thrown: ${JSON.stringify(making)}`, async () => {
    const image = makeUdf(tree, making);
    const blocks = descriptorBlocks(image);
    const pick = seeded(seed + 1);
    for (let run = 0; run < EACH_MUTATIONS; run++) {
      const changed = new Map<number, Buffer>();
      for (let i = pick(3); i >= 0; i--) {
        const at = blocks[pick(blocks.length)] ?? 0;
        changed.set(at, mutated(image.subarray(at * SECTOR, (at + 1) * SECTOR), pick));
      }
      for (const [at, block] of changed) block.copy(image, at * SECTOR);
      const read = counted(readerOf(image), 64 * 1024 * 1024, MAX_TURNS);
      const thrown = await walked(read, image.length);
      assert.ok(thrown === undefined || thrown instanceof Malformed, `mutation ${run}: ${(thrown as Error)?.stack}`);
      restore(image, making, changed.keys());
    }
  });
}

const pristine = new Map<Making, Buffer>();

function restore(image: Buffer, making: Making, blocks: Iterable<number>): void {
  const original = pristine.get(making) ?? makeUdf(tree, making);
  pristine.set(making, original);
  for (const at of blocks) original.copy(image, at * SECTOR, at * SECTOR, (at + 1) * SECTOR);
}
