import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryContent } from '../../src/core/content.ts';
import { RunCache } from '../../src/tftp/cache.ts';
import { Library } from '../../src/tftp/library.ts';
import { BufferPool } from '../../src/tftp/memory.ts';
import { decode } from '../../src/tftp/packet.ts';
import { blocksPerRun, lastBlockOf, Run, readRun, type Source } from '../../src/tftp/runs.ts';
import { seeded } from '../support/fakes.ts';

const octets = (count: number): Uint8Array => {
  const random = seeded(count);
  return Uint8Array.from({ length: count }, () => Math.floor(random() * 256));
};
const source = (bytes: Uint8Array, over: Partial<Source> = {}): Source => ({
  ...memoryContent(bytes, '"x"', 0),
  ...over,
});
/** As readv does it: views one after the other. */
const scattered = (bytes: Uint8Array): Partial<Source> => ({
  readScattered: async (into, position) => {
    let at = position;
    for (const view of into) {
      const part = bytes.subarray(at, at + view.length);
      view.set(part);
      at += part.length;
    }
    return at - position;
  },
});
const pool = (): BufferPool => new BufferPool(1 << 20);

for (const [size, block, last] of [
  [0, 512, 1],
  [1, 512, 1],
  [511, 512, 1],
  [512, 512, 2],
  [513, 512, 2],
  [1024, 512, 3],
  [65_535 * 512, 512, 65_536],
] as const) {
  test(`runs: ${size} octets in blocks of ${block} end with block ${last}, RFC 1350 §6`, () =>
    assert.equal(lastBlockOf(size, block), last));
}

async function packetsOf(from: Source, blockBytes: number, maxBlocks: number): Promise<readonly Uint8Array[]> {
  const all: Uint8Array[] = [];
  for (let firstBlock = 1; firstBlock < 1000; firstBlock += maxBlocks) {
    const outcome = await readRun(from, { firstBlock, blockBytes, maxBlocks, sizeBytes: from.sizeBytes }, pool());
    assert.equal(outcome.kind, 'run');
    if (outcome.kind !== 'run') break;
    all.push(...outcome.run.packets);
    if (outcome.run.isLast) break;
  }
  return all;
}

test('runs: every size gives its blocks, numbered from 1, the last one short or empty', async () => {
  for (const size of [0, 1, 7, 8, 9, 63, 64, 65, 127, 128, 129]) {
    const bytes = octets(size);
    for (const over of [{}, scattered(bytes), { sizeBytes: undefined }]) {
      const packets = (await packetsOf(source(bytes, over), 8, 8)).map((packet) => decode(packet));
      assert.equal(packets.length, lastBlockOf(size, 8));
      const data = packets.map((packet, i) => {
        assert.ok(packet.kind === 'data' && packet.block === i + 1);
        assert.equal(packet.data.length, Math.min(8, size - i * 8));
        return packet.data;
      });
      assert.deepEqual(Uint8Array.from(Buffer.concat(data)), bytes);
    }
  }
});

test('runs: a source that ends before its size has changed, and nothing is padded', async () => {
  const outcome = await readRun(
    source(octets(100), { sizeBytes: 200 }),
    { firstBlock: 1, blockBytes: 64, maxBlocks: 8, sizeBytes: 200 },
    pool(),
  );
  assert.deepEqual(outcome, { kind: 'failed', reason: 'content-changed' });
});

test('runs: a source that cannot be read is damaged', async () => {
  const broken = source(octets(10), { read: async () => Promise.reject(new Error('EIO')) });
  const outcome = await readRun(broken, { firstBlock: 1, blockBytes: 64, maxBlocks: 8, sizeBytes: 10 }, pool());
  assert.deepEqual(outcome, { kind: 'failed', reason: 'damaged' });
});

test('runs: few files get long runs, a thousand get short ones, and never more blocks than one readv takes', () => {
  const cache = 32 << 20;
  assert.equal(blocksPerRun(1428, cache, 1), Math.floor((256 << 10) / 1432));
  assert.equal(blocksPerRun(1428, cache, 1000), Math.floor((16 << 10) / 1432));
  assert.equal(blocksPerRun(8, cache, 1), 1024);
  assert.equal(blocksPerRun(65_464, cache, 1000), 1);
});

test('memory: a buffer is used again only after everybody let it go', () => {
  const buffers = pool();
  const buffer = buffers.take(20_000);
  const run = new Run(1, [buffer], true, { bytes: buffer.length, free: () => buffers.give(buffer) });
  assert.ok(run.hold() && run.hold());
  run.release();
  assert.notEqual(buffers.take(20_000), buffer);
  run.release();
  assert.equal(run.hold(), false, 'too late');
  assert.equal(buffers.take(20_000), buffer);
});

test('memory: what waits to be used again is bounded', () => {
  const buffers = new BufferPool(32 << 10);
  const taken = [buffers.take(32 << 10), buffers.take(32 << 10)];
  for (const buffer of taken) buffers.give(buffer);
  assert.deepEqual([taken.includes(buffers.take(32 << 10)), taken.includes(buffers.take(32 << 10))], [true, false]);
});

test('cache: least recently used goes first, and no more than allowed stays', () => {
  const freed: number[] = [];
  const cache = new RunCache(() => 300);
  const put = (n: number): void => cache.put(`${n}`, new Run(n, [], false, { bytes: 100, free: () => freed.push(n) }));
  for (const n of [1, 2, 3]) put(n);
  cache.get('1');
  put(4);
  assert.deepEqual([freed, cache.heldBytes, cache.get('2')], [[2], 300, undefined]);
  put(5);
  assert.deepEqual([freed, cache.get('1')?.firstBlock], [[2, 3], 1]);
});

test('cache: a run that alone is too big stays until the next one', () => {
  const cache = new RunCache(() => 10);
  cache.put('a', new Run(1, [], false, { bytes: 100, free: () => {} }));
  assert.equal(cache.get('a')?.firstBlock, 1);
  cache.put('b', new Run(2, [], false, { bytes: 100, free: () => {} }));
  assert.deepEqual([cache.get('a'), cache.heldBytes], [undefined, 100]);
});

function counted(bytes: Uint8Array): { readonly from: Source; readonly reads: number[]; closed: number } {
  const counts = { reads: [] as number[], closed: 0 };
  const inner = source(bytes);
  return Object.assign(counts, {
    from: {
      ...inner,
      read: (into: Uint8Array, position: number) => {
        counts.reads.push(position);
        return inner.read(into, position);
      },
      close: async () => {
        counts.closed += 1;
      },
    },
  });
}

test('library: readers of one file at one block size share its reads, and the last one closes it', async () => {
  const library = new Library(() => 1 << 20);
  const [one, two] = [counted(octets(1000)), counted(octets(1000))];
  const first = library.open('k', one.from, 64);
  const second = library.open('k', two.from, 64);
  assert.equal(first, second);
  const outcomes = await Promise.all([first.fetch(1), second.fetch(2), second.fetch(16)]);
  assert.equal(new Set(outcomes.map((outcome) => outcome.kind === 'run' && outcome.run)).size, 1);
  assert.deepEqual([one.reads, two.reads, two.closed], [[0], [], 1]);
  await first.leave();
  assert.equal(one.closed, 0);
  await second.leave();
  assert.equal(one.closed, 1);
});

test('library: what was read stays for whoever opens the same bytes later, and needs no second check', async () => {
  const library = new Library(() => 1 << 20);
  const [one, two] = [counted(octets(1000)), counted(octets(1000))];
  const first = library.open('k', one.from, 64);
  await first.fetch(1);
  await first.leave();
  const second = library.open('k', { ...two.from, isUnchanged: async () => false }, 64);
  assert.ok(second.held(1));
  assert.deepEqual([two.reads, await second.isUnchanged()], [[], true]);
  await second.leave();
});

test('library: other bytes, other block sizes and readers without a key share nothing', () => {
  const library = new Library(() => 1 << 20);
  const open = (key: string | undefined, block: number) => library.open(key, source(octets(10)), block);
  const books = [open('k', 64), open('k', 128), open('l', 64), open(undefined, 64), open(undefined, 64)];
  assert.equal(new Set(books).size, 5);
});

test('library: a file is closed after the read that is under way', async () => {
  const library = new Library(() => 1 << 20);
  const events: string[] = [];
  let finish = (_: number): void => {};
  const slow = source(octets(10), {
    read: () => new Promise((resolve) => (finish = resolve)),
    close: async () => void events.push('closed'),
  });
  const book = library.open('k', slow, 64);
  const fetched = book.fetch(1).then(() => events.push('read'));
  const left = book.leave();
  await Promise.resolve();
  finish(10);
  await Promise.all([fetched, left]);
  assert.deepEqual(events, ['read', 'closed']);
});

test('library: readers at as many places as there are readers hold little beside the cache', async () => {
  const cacheBytes = 8 << 20;
  const library = new Library(() => cacheBytes);
  const sizeBytes = 2 ** 30;
  const image = { ...source(octets(1)), sizeBytes, read: async (into: Uint8Array) => into.length };
  const held = new Map<unknown, number>();
  for (let n = 0; n < 500; n++) {
    const book = library.open('image', image, 1024);
    const outcome = await book.fetch(1 + ((n * 7919 * 131) % 1_000_000));
    assert.ok(outcome.kind === 'run' && outcome.run.hold());
    held.set(
      outcome.run,
      outcome.run.packets.reduce((sum, packet) => sum + packet.length, 0),
    );
  }
  const bytes = [...held.values()].reduce((sum, size) => sum + size, 0);
  assert.ok(bytes <= 3 * cacheBytes, `${bytes} octets for 500 readers`);
});

test('library: memory stays within its bound whatever is read', async () => {
  const library = new Library(() => 1 << 20);
  for (let n = 0; n < 50; n++) {
    const book = library.open(`${n}`, source(octets(100_000)), 512);
    for (let block = 1; block <= 196; block++) await book.fetch(block);
    await book.leave();
    assert.ok(library.heldBytes <= 1 << 20, `${library.heldBytes}`);
  }
  assert.ok(library.heldBytes > 500_000);
});
