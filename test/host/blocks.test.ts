import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLOCK_BYTES, type BlockSource, Blocks, cacheBytes, type Memory } from '../../src/host/blocks.ts';
import { FakeClock } from '../support/fakes.ts';

const GIB = 2 ** 30;
const ROUND_MS = 60_000;
/** Room for `count` whole blocks, with what each of them costs beside its octets. */
const room = (count: number): number => count * (BLOCK_BYTES + 1024);

interface FakeSource extends BlockSource {
  /** Positions that were read. */
  readonly reads: number[];
}

/** Every octet of block n is n. */
function sourceOf(identity: string, blocks: number, read?: BlockSource['read']): FakeSource {
  const reads: number[] = [];
  const fill: BlockSource['read'] = async (into, position) => {
    into.fill(position / BLOCK_BYTES);
    return into.length;
  };
  return {
    ...{ identity, reads, sizeBytes: blocks * BLOCK_BYTES },
    read: (into, position) => {
      reads.push(position);
      return (read ?? fill)(into, position);
    },
  };
}

const world = (limitBytes: number, memory: Partial<Memory> = {}) => {
  const clock = new FakeClock();
  const blocks = new Blocks(limitBytes, { totalBytes: 4 * GIB, availableBytes: () => 3 * GIB, ...memory }, clock);
  /** Each block of `indexes` once, in this order; those that came out of the cache. */
  const touch = async (source: BlockSource, indexes: readonly number[]): Promise<readonly number[]> => {
    const lent: number[] = [];
    for (const index of indexes) if (await blocks.borrow(source, index * BLOCK_BYTES, 1)) lent.push(index);
    return lent;
  };
  return { blocks, clock, touch };
};
const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

test('blocks: the first who asks passes by, the second brings it in, the third finds it', async () => {
  const { blocks, touch } = world(room(4));
  const a = sourceOf('a', 4);
  assert.deepEqual(await touch(a, [2]), []);
  assert.deepEqual([a.reads, blocks.bytes], [[], 0]);
  assert.deepEqual(await touch(a, [2]), [2]);
  assert.deepEqual(await touch(a, [2]), [2]);
  assert.deepEqual([a.reads, blocks.bytes], [[2 * BLOCK_BYTES], room(1)]);
});

test('blocks: octets come from where they were asked for, to the end of the block and no more than wanted', async () => {
  const { blocks, touch } = world(room(4));
  const a = { ...sourceOf('a', 2), sizeBytes: BLOCK_BYTES + 10 };
  await touch(a, [0, 1]);
  const lengthOf = async (position: number, max: number) => (await blocks.borrow(a, position, max))?.length;
  assert.equal(await lengthOf(5, 100), 100);
  assert.equal(await lengthOf(BLOCK_BYTES - 7, 100), 7);
  assert.equal(await lengthOf(BLOCK_BYTES + 4, 100), 6);
  assert.equal(await lengthOf(BLOCK_BYTES + 10, 100), 0);
  assert.equal((await blocks.borrow(a, BLOCK_BYTES, 1))?.[0], 1);
  assert.equal((await blocks.borrow(a, BLOCK_BYTES - 1, 1))?.[0], 0);
});

test('blocks: however many ask at once, it is read once', async () => {
  const { blocks, touch } = world(room(4));
  let finish = (): void => {};
  const a = sourceOf('a', 1, async (into) => {
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    return into.length;
  });
  await touch(a, [0]);
  const asked = upTo(50).map(() => blocks.borrow(a, 0, BLOCK_BYTES));
  finish();
  const lent = await Promise.all(asked);
  assert.equal(a.reads.length, 1);
  assert.equal(new Set(lent.map((view) => view?.buffer)).size, 1);
});

test('blocks: never more than the limit; the oldest that nobody asked for since leaves first', async () => {
  const { blocks, touch } = world(room(3));
  const a = sourceOf('a', 8);
  for (let i = 0; i < 2; i++) await touch(a, [0, 1, 2]);
  await touch(a, [3, 3]);
  assert.equal(blocks.bytes, room(3));
  a.reads.length = 0;
  await touch(a, [1, 2, 3]);
  assert.deepEqual(a.reads, []);
});

test('blocks: two readers of a large file do not drive out what fifty read', async () => {
  const { touch } = world(room(20));
  const hot = sourceOf('hot', 10);
  for (let i = 0; i < 50; i++) await touch(hot, upTo(10));
  const large = sourceOf('large', 512);
  // The hall goes on reading, each block once for every five of the large file.
  for (const block of upTo(512)) {
    await touch(large, [block, block]);
    if (block % 5 === 0) await touch(hot, upTo(10));
  }
  assert.equal(large.reads.length, 512);
  assert.equal(hot.reads.length, 10);
});

test('blocks: a lone reader of a large file keeps nothing, and what it asked for is forgotten again', async () => {
  const { blocks, touch } = world(room(20));
  const large = sourceOf('large', 40_000);
  await touch(large, upTo(40_000));
  assert.deepEqual([blocks.bytes, large.reads.length], [0, 0]);
  // The first 16 GiB and more ago.
  assert.deepEqual(await touch(large, [0]), []);
  assert.deepEqual(await touch(large, [39_999]), [39_999]);
});

test('blocks: what was written to while it was read goes to who waits for it, and to nobody else', async () => {
  const { blocks, touch } = world(room(4));
  let isSame = false;
  const a = { ...sourceOf('a', 1), isSame: async () => isSame };
  assert.deepEqual(await touch(a, [0, 0]), [0]);
  assert.equal(blocks.bytes, 0);
  isSame = true;
  await touch(a, [0, 0]);
  assert.equal(blocks.bytes, room(1));
  assert.ok(blocks.borrow(a, 0, 1) instanceof Uint8Array, 'at once');
});

test('blocks: another identity is another file, also where one begins like the other', async () => {
  const { blocks, touch } = world(room(8));
  const [a, b] = [sourceOf('1:1', 2), sourceOf('1:12', 2)];
  for (let i = 0; i < 2; i++) await touch(b, [0, 1]);
  assert.equal(blocks.bytes, room(2));
  assert.deepEqual(await touch(a, [0]), []);
  assert.deepEqual(await touch(b, [0, 1]), [0, 1]);
});

for (const { name, read, want } of [
  { name: 'cannot be read', read: () => Promise.reject(new Error('EIO')), want: 'Error: EIO' },
  { name: 'became shorter', read: async () => 3, want: 3 },
]) {
  test(`blocks: what ${name} is not kept`, async () => {
    const { blocks, touch } = world(room(8));
    const a = sourceOf('a', 1, read);
    await touch(a, [0]);
    const got = await Promise.resolve(blocks.borrow(a, 0, BLOCK_BYTES)).then((view) => view?.length, String);
    assert.deepEqual([got, blocks.bytes], [want, 0]);
    // It has to be asked for twice again.
    assert.deepEqual([await touch(a, [0]), a.reads.length], [[], 1]);
  });
}

test('blocks: without room for one it keeps nothing and remembers nothing', async () => {
  const { blocks, touch } = world(0);
  const a = sourceOf('a', 1);
  for (let i = 0; i < 3; i++) assert.deepEqual(await touch(a, [0]), []);
  assert.deepEqual([a.reads.length, blocks.bytes], [0, 0]);
});

test('blocks: small files count what they cost to keep, so their number is bounded', async () => {
  const { blocks } = world(10_000);
  for (const i of upTo(1000)) {
    const tiny = { ...sourceOf(`${i}`, 1), sizeBytes: 1 };
    for (let twice = 0; twice < 2; twice++) await blocks.borrow(tiny, 0, 1);
    assert.ok(blocks.bytes <= 10_000);
  }
  assert.equal(blocks.bytes, 9 * 1025);
});

test('blocks: what nobody asked for in a quarter of an hour is given back, and then no timer is left', async () => {
  const { blocks, clock, touch } = world(room(8));
  const a = sourceOf('a', 4);
  for (let i = 0; i < 2; i++) await touch(a, [0, 1]);
  clock.advance(10 * ROUND_MS);
  await touch(a, [1]);
  clock.advance(10 * ROUND_MS);
  assert.equal(blocks.bytes, room(1));
  clock.advance(10 * ROUND_MS);
  assert.deepEqual([blocks.bytes, clock.pendingTimers], [0, 0]);
});

test('blocks: memory that the machine needs is given back at the next round', async () => {
  let availableBytes = 3 * GIB;
  const { blocks, clock, touch } = world(GIB, { availableBytes: () => availableBytes });
  const a = sourceOf('a', 200);
  for (let i = 0; i < 2; i++) await touch(a, upTo(200));
  assert.equal(blocks.bytes, room(200));
  // A tenth of the machine's 4 GiB shall be free, and 64 MiB more for the next look.
  availableBytes = 0.4 * GIB - (30 << 20);
  clock.advance(ROUND_MS);
  assert.ok(blocks.bytes <= room(200) - (94 << 20) && blocks.bytes > room(104), `${blocks.bytes}`);
});

test('cache size: a share of the memory, or octets', () => {
  const memory = { totalBytes: 4 * GIB, availableBytes: () => 0 };
  assert.equal(cacheBytes({ percent: 25 }, memory), GIB);
  assert.equal(cacheBytes({ bytes: 5 }, memory), 5);
  assert.equal(cacheBytes({ bytes: 8 * GIB }, memory), Math.floor(0.8 * 4 * GIB));
});
