/** Who stays in a cache that is full. Sizes are a thousandth of those that the rules speak of. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Store } from '../../src/proxy/store.ts';
import { bytesOf, fetched, ground, kept, MIB, newEntry, put, readAll, same, writeRest } from './storeground.ts';

const PACKAGE = bytesOf('package', 4096);
const IMAGE_BYTES = 4_096_000;

const countOf = (store: Store, name: string, count: number): number => {
  let found = 0;
  for (let i = 0; i < count; i++) found += store.find(`${name} ${i}`).length;
  return found;
};
async function fill(store: Store, name: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await put(store, `${name} ${i}`, PACKAGE);
}

test('store: images of 4 GB do not push out 10,000 packages, in scale: there is room, or they push out each other, or they are not kept', async (t) => {
  const { open } = ground(t);
  for (const { maxBytes, images } of [
    { maxBytes: 16_384_000, images: [true, true, true] },
    { maxBytes: 8_500_000, images: [false, false, true] },
    { maxBytes: 6_144_000, images: [false, false, false] },
  ]) {
    const store = await open({ maxBytes, maxObjectBytes: 8 * MIB });
    await fill(store, 'package', 1000);
    for (let i = 0; i < 3; i++) await put(store, `image ${i}`, bytesOf(`${i}`, IMAGE_BYTES));
    assert.deepEqual(
      [0, 1, 2].map((i) => store.find(`image ${i}`).length === 1),
      images,
      `of ${maxBytes}`,
    );
    assert.equal(countOf(store, 'package', 1000), 1000, `of ${maxBytes}`);
    assert.ok(store.report().bytes <= maxBytes);
    for (let i = 0; i < 3; i++) store.remove(`image ${i}`);
    for (let i = 0; i < 1000; i++) store.remove(`package ${i}`);
    await store.close();
  }
});

test('store: large contents have up to half of the cache, also from small ones', async (t) => {
  const { open } = ground(t);
  const store = await open({ maxBytes: 4 * MIB });
  await fill(store, 'package', 1024);
  assert.equal(countOf(store, 'package', 1024), 1024);
  for (let i = 0; i < 4; i++) await put(store, `image ${i}`, bytesOf(`${i}`, MIB));
  assert.deepEqual(
    [0, 1, 2, 3].map((i) => store.find(`image ${i}`).length),
    [0, 0, 1, 1],
  );
  assert.equal(countOf(store, 'package', 1024), 512);
});

test('store: small ones push out an image that nobody uses before packages of theirs, and it comes back in', async (t) => {
  const { open } = ground(t);
  const store = await open({ maxBytes: 4 * MIB });
  await put(store, 'image', bytesOf('image', MIB));
  await fill(store, 'package', 768);
  assert.equal(store.find('image').length, 1);
  await fill(store, 'other', 1);
  assert.deepEqual([store.find('image').length, countOf(store, 'package', 768)], [0, 768]);
  assert.equal(store.report().evicted, 1);
});

test('store: what is used stays longer; what was used once upon a time goes, too', async (t) => {
  const { open, clock } = ground(t);
  const store = await open({ maxBytes: 100 * 4096 });
  await fill(store, 'old', 100);
  for (let i = 0; i < 50; i++) for (const entry of store.find(`old ${i}`)) store.used(entry);
  clock.advance(5000);
  await fill(store, 'new', 50);
  assert.deepEqual(
    [0, 50].map(
      (from) => Array.from({ length: 50 }, (_, i) => store.find(`old ${from + i}`).length).filter(Boolean).length,
    ),
    [50, 0],
  );
  // Ever new ones, that nobody uses again: in the end they are worth as much.
  for (let round = 0; round < 3; round++) await fill(store, `newer ${round}`, 100);
  assert.equal(countOf(store, 'old', 100), 0);
});

test('store: uses are counted across a restart', async (t) => {
  const { open } = ground(t);
  let store = await open({ maxBytes: 10 * 4096 });
  await fill(store, 'package', 10);
  for (const entry of store.find('package 0')) store.used(entry);
  await store.close();
  store = await open({ maxBytes: 10 * 4096 });
  await fill(store, 'other', 9);
  assert.deepEqual([store.find('package 0').length, countOf(store, 'package', 10)], [1, 1]);
});

test('store: a cache that is made smaller shrinks with the next that comes', async (t) => {
  const { open } = ground(t);
  const limits = { maxBytes: 100 * 4096 };
  const store = await open();
  await fill(store, 'package', 100);
  await store.close();
  const smaller = await open(limits);
  await put(smaller, 'image', bytesOf('image', 30 * 4096));
  assert.ok(smaller.report().bytes <= limits.maxBytes);
  assert.equal(smaller.find('image').length, 1);
});

test('store: room is reserved before it is written: two that come together do not both get the last', async (t) => {
  const { open } = ground(t);
  const store = await open({ maxBytes: 4 * MIB });
  const drafts = await Promise.all(['a', 'b'].map((key) => store.create(newEntry(key, { sizeBytes: 3 * MIB }))));
  assert.equal(drafts.filter(Boolean).length, 1);
  assert.equal(store.report().bytes, 3 * MIB);
  for (const draft of drafts) await draft?.discard();
  assert.equal(store.report().bytes, 0);
  assert.ok(await store.create(newEntry('c', { sizeBytes: 4 * MIB })));
});

test('store: what is being written is never pushed out, what broke off is, and so is what nobody can read any more', async (t) => {
  const { open, files } = ground(t);
  const store = await open({ maxBytes: 20 * MIB });
  const written = await store.create(newEntry('written', { sizeBytes: 12 * MIB }));
  assert.ok(written);
  await writeRest(written, bytesOf('written', 9 * MIB));
  const left = await store.create(newEntry('left', { sizeBytes: 8 * MIB }));
  assert.ok(left);
  await writeRest(left, bytesOf('left', 6 * MIB));
  await left.leave();
  assert.equal(store.report().bytes, 18 * MIB);
  await kept(store, 'new', bytesOf('new', 7 * MIB));
  assert.equal(await store.resume('left', []), undefined);
  await writeRest(written, bytesOf('written', 12 * MIB));
  await written.finish();
  same(await fetched(store, 'written'), bytesOf('written', 12 * MIB), 'written');
  assert.deepEqual([files().length, store.report().entries, store.report().bytes], [2, 2, 19 * MIB]);
});

test('store: the room of what is gone and still read counts until it is let go', async (t) => {
  const { open } = ground(t);
  const store = await open({ maxBytes: 4 * MIB });
  const content = await store.open(await kept(store, 'a', bytesOf('a', 2 * MIB)));
  store.remove('a');
  assert.equal(store.report().bytes, 2 * MIB);
  assert.equal(await store.create(newEntry('b', { sizeBytes: 3 * MIB })), undefined);
  await content?.close();
  assert.ok(await store.create(newEntry('b', { sizeBytes: 3 * MIB })));
});

test('store: what is being read is not pushed out, and keeps nobody from pushing out others', async (t) => {
  const { open } = ground(t);
  const store = await open({ maxBytes: 4 * MIB });
  const read = await store.open(await kept(store, 'image', bytesOf('image', MIB)));
  await fill(store, 'package', 767);
  await fill(store, 'other', 10);
  assert.deepEqual(
    [store.find('image').length, countOf(store, 'package', 767), countOf(store, 'other', 10)],
    [1, 758, 10],
  );
  same(read && (await readAll(read)), bytesOf('image', MIB), 'image');
  await read?.close();
  await fill(store, 'another', 1);
  assert.equal(store.find('image').length, 0);
});
