/** Octets for READ: what is lent, what is copied, and what is told when there is nothing to lend. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Content } from '../../src/core/content.ts';
import { octetsOf } from '../../src/nfs/reading.ts';
import { args3, read3res } from '../support/nfs3.ts';
import { mint, node } from './fakenode.ts';

const MIB = 1 << 20;
const KIB = 1 << 10;

/** A file of four blocks, each in memory of its own; `over` is what else is said of it. */
function contentOf(over: Partial<Content> = {}): Content {
  const blocks = Array.from({ length: 4 }, (_, i) => new Uint8Array(MIB).fill(i + 1));
  return {
    ...{ sizeBytes: 4 * MIB, modifiedMs: 0, etag: '"file"' },
    read: async (into, position) => {
      into.fill(Math.floor(position / MIB) + 1);
      return into.length;
    },
    borrow: (position, maxBytes) => {
      const from = position % MIB;
      return blocks[Math.floor(position / MIB)]?.subarray(from, from + maxBytes);
    },
    isUnchanged: async () => true,
    close: async () => {},
    ...over,
  };
}

/** Has room, or has gone; counts what it holds. */
function caller(hasRoom: boolean | Promise<boolean> = true) {
  let heldBytes = 0;
  return {
    take: (bytes: number) => {
      heldBytes += bytes;
      return hasRoom;
    },
    give: (bytes: number) => {
      heldBytes -= bytes;
    },
    heldBytes: () => heldBytes,
  };
}

const PINNED = [
  { name: 'a large answer is lent as it is', bytes: 256 * KIB, of: 'the block' },
  {
    name: 'a small one is copied: to lend it would keep a whole block for whoever never reads',
    bytes: 1,
    of: 'a copy',
  },
  { name: 'the same of most of a small buffer', bytes: 64 * KIB - 1, of: 'a copy' },
] as const;
for (const { name, bytes, of } of PINNED) {
  for (const [how, wait] of [
    ['at once', false],
    ['when it has been waited for', true],
  ] as const) {
    test(`${name}, ${how}`, async () => {
      const content = contentOf();
      const lending = wait ? contentOf({ borrow: async (at, max) => content.borrow?.(at, max) }) : content;
      const told = await octetsOf(lending, { offset: MIB, bytes, isInOrder: false }, caller());
      assert.ok(typeof told === 'object');
      assert.deepEqual([told.bytes, told.views.length, told.views[0]?.[0]], [bytes, 1, 2]);
      const pinned = told.views[0]?.buffer.byteLength ?? 0;
      assert.equal(pinned === MIB ? 'the block' : 'a copy', of, `${pinned} octets`);
    });
  }
}

test('an answer that begins in one block and ends in the next pins neither for a few octets', async () => {
  const told = await octetsOf(contentOf(), { offset: MIB - 10, bytes: 20, isInOrder: false }, caller());
  assert.ok(typeof told === 'object');
  assert.deepEqual(Buffer.concat(told.views), Buffer.from([...Array(10).fill(1), ...Array(10).fill(2)]));
  assert.ok(told.views.every(({ buffer }) => buffer.byteLength < MIB));
});

test('what was read while the file changed is not told, and its room is given back', async () => {
  const here = caller();
  const content = contentOf({ borrow: () => undefined, isUnchanged: async () => false });
  assert.equal(await octetsOf(content, { offset: 0, bytes: 10, isInOrder: false }, here), 'changed');
  assert.equal(here.heldBytes(), 0);
});

test('what cannot be read rejects, and its room is given back', async () => {
  const here = caller();
  const content = contentOf({ borrow: () => undefined, read: () => Promise.reject(new Error('EIO')) });
  await assert.rejects(async () => octetsOf(content, { offset: 0, bytes: 100 * KIB, isInOrder: false }, here), /EIO/);
  assert.equal(here.heldBytes(), 0);
});

for (const [how, hasRoom] of [
  ['before', false],
  ['while it waited', Promise.resolve(false)],
] as const) {
  test(`a client that has gone ${how} is told nothing, and the image stays open for the others`, async () => {
    const images = mint();
    const { ask, walk, here, shelf } = node(images);
    const file = await walk('/tree/mint-22/casper', 'vmlinuz');
    const { count } = shelf;
    await ask('read', args3.read(file, 0, 10), { ...here, take: () => hasRoom });
    assert.equal(shelf.count, count);
    const read = read3res(await ask('read', args3.read(file, 0, 10)));
    assert.equal(read.ok ? undefined : read.status, undefined);
  });
}
