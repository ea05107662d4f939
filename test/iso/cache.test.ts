/** One read of a volume and of each folder for all who ask, bounded whatever images hold. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Malformed } from '../../src/core/bytes.ts';
import { VolumeCache } from '../../src/iso/cache.ts';
import { type Node, OutOfTurns, type ReadAt, type Volume } from '../../src/iso/volume.ts';

const READ: ReadAt = async () => 0;
const common = { sizeBytes: 0, modifiedMs: 0, mode: 0o555, uid: 0, gid: 0, extents: [] };
const folder = (place: number): Node => ({ ...common, name: `f${place}`, kind: 'folder', place });

/** Nothing is asked of a volume but its folders. */
const lost = { nodeAt: async () => undefined, parentOf: async () => undefined };

function volumeOf(nodesIn: (folder: Node) => Promise<readonly Node[]>): Volume {
  const facts = { format: 'iso9660', names: 'rock-ridge', label: 'L', systemId: '', declaredBytes: 1 } as const;
  return { ...facts, bootImages: [], root: folder(0), readFolder: nodesIn, ...lost };
}

/** Each folder holds `count` nodes; counts what was opened and read. */
function world(limits = { maxImages: 2, maxBytes: 1 << 20 }, count = 10) {
  const seen = { opened: 0, folders: 0 };
  const open = async (): Promise<Volume> => {
    seen.opened += 1;
    return volumeOf(async () => {
      seen.folders += 1;
      return Array.from({ length: count }, (_, i) => folder(i));
    });
  };
  return { cache: new VolumeCache(limits), seen, open };
}

test('cache: a volume and its folders are read once, however many ask', async () => {
  const { cache, seen, open } = world();
  await Promise.all(
    Array.from({ length: 200 }, async () => {
      const volume = await cache.get('a.iso', 'k', open);
      await volume.readFolder(volume.root, READ);
    }),
  );
  assert.deepEqual(seen, { opened: 1, folders: 1 });
});

test('cache: an image that has changed is opened anew, and what was kept of it is gone', async () => {
  const { cache, seen, open } = world();
  const old = await cache.get('a.iso', 'old', open);
  await old.readFolder(old.root, READ);
  const held = cache.heldBytes;
  assert.ok(held > 0);
  await cache.get('a.iso', 'new', open);
  assert.deepEqual([seen.opened, cache.heldBytes, cache.imageCount], [2, 0, 1]);
  // Whoever still has the old one can read on, and keeps nothing.
  for (const reads of [2, 3]) {
    assert.equal((await old.readFolder(folder(5), READ)).length, 10);
    await new Promise(setImmediate);
    assert.deepEqual([seen.folders, cache.heldBytes], [reads, 0]);
  }
});

test('cache: no more images than the bound, the longest unused goes', async () => {
  const { cache, seen, open } = world();
  for (const path of ['a', 'b', 'a', 'c', 'a']) await cache.get(path, 'k', open);
  assert.deepEqual([seen.opened, cache.imageCount], [3, 2]);
  await cache.get('b', 'k', open);
  assert.equal(seen.opened, 4);
});

test('cache: no more octets than the bound, the longest unused folders go', async () => {
  const { cache, seen, open } = world({ maxImages: 4, maxBytes: 20_000 });
  const volume = await cache.get('a', 'k', open);
  for (let place = 0; place < 100; place++) {
    await volume.readFolder(folder(place), READ);
    assert.ok(cache.heldBytes <= 20_000);
  }
  await volume.readFolder(folder(99), READ);
  assert.equal(seen.folders, 100);
  await volume.readFolder(folder(0), READ);
  assert.equal(seen.folders, 101);
});

test('cache: a folder larger than the bound is read, and not kept', async () => {
  const { cache, seen, open } = world({ maxImages: 4, maxBytes: 1000 }, 1000);
  const volume = await cache.get('a', 'k', open);
  for (const _ of [1, 2]) assert.equal((await volume.readFolder(volume.root, READ)).length, 1000);
  assert.deepEqual([seen.folders, cache.heldBytes], [2, 0]);
});

test('cache: a damaged image stays so for who asks again; forgotten, it is tried anew', async () => {
  let opened = 0;
  const open = async (): Promise<Volume> => {
    opened += 1;
    throw new Error('damaged');
  };
  const cache = new VolumeCache({ maxImages: 2, maxBytes: 0 });
  for (const _ of [1, 2]) await assert.rejects(cache.get('a', 'k', open), /damaged/);
  assert.equal(opened, 1);
  cache.forget('a');
  await assert.rejects(cache.get('a', 'k', open), /damaged/);
  assert.equal(opened, 2);
});

test('cache: a damaged folder stays so, one for which the turns did not suffice is tried anew', async () => {
  for (const [error, want] of [
    [new Malformed('damaged', 0), 1],
    [new OutOfTurns('damaged', 0), 2],
  ] as const) {
    let reads = 0;
    const cache = new VolumeCache({ maxImages: 2, maxBytes: 1 << 20 });
    const readFolder = async (): Promise<never> => {
      reads += 1;
      throw error;
    };
    const volume = await cache.get('a', 'k', async () => volumeOf(readFolder));
    for (const _ of [1, 2]) await assert.rejects(volume.readFolder(volume.root, READ), error);
    assert.equal(reads, want);
    assert.ok(want === 2 || cache.heldBytes > 0, 'what is remembered is counted');
  }
});

test('cache: a folder that could not be read is tried anew', async () => {
  let reads = 0;
  const cache = new VolumeCache({ maxImages: 2, maxBytes: 1 << 20 });
  const volume = await cache.get('a', 'k', async () =>
    volumeOf(async () => {
      reads += 1;
      if (reads === 1) throw new Error('no');
      return [];
    }),
  );
  await assert.rejects(volume.readFolder(volume.root, READ), /no/);
  assert.deepEqual(await volume.readFolder(volume.root, READ), []);
});

test('cache: a folder that cannot be read is not mistaken for the readable one of its place', async () => {
  const { cache } = world();
  const loop = { ...folder(7), unreadable: 'loop' };
  const open = async (): Promise<Volume> =>
    volumeOf(async ({ unreadable, place }) => {
      if (unreadable) throw new Malformed('UDF: a loop', place);
      return [loop];
    });
  const volume = await cache.get('a.iso', 'k', open);
  await assert.rejects(volume.readFolder(loop, READ), Malformed);
  assert.deepEqual(await volume.readFolder(folder(7), READ), [loop]);
  await assert.rejects(volume.readFolder(loop, READ), Malformed);
});

test('cache: nodes and parents are asked of the volume itself', async () => {
  const { cache } = world();
  const open = async (): Promise<Volume> => ({
    ...volumeOf(async () => []),
    nodeAt: async (place) => folder(place),
    parentOf: async ({ place }) => folder(place - 1),
  });
  const volume = await cache.get('a.iso', 'k', open);
  assert.deepEqual(await volume.nodeAt(5, READ), folder(5));
  assert.deepEqual(await volume.parentOf(folder(5), READ), folder(4));
});
