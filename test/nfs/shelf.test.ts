/** What is held open, what is closed, and how images are found again: in a hall that comes back at once, and on disks that fail. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { handlesFor, tagOf } from '../../src/nfs/handle.ts';
import { STATUS } from '../../src/nfs/protocol.ts';
import { args3, getattr3res, readdir3res } from '../support/nfs3.ts';
import { FakeImages } from './fakeimages.ts';
import { MINT, mint, node, SECRET } from './fakenode.ts';

const turns = async (count = 10): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
};

/** `count` images, and a handle of something in each. */
async function hallOf(count: number) {
  const images = new FakeImages();
  for (let i = 0; i < count; i++) images.files.set(`${i}.iso`, { etag: `image ${i}`, tree: { name: `${i}` } });
  const before = node(images);
  const handles = await Promise.all(Array.from({ length: count }, (_, i) => before.walk(`/tree/${i}`, 'name')));
  await before.shelf.close();
  images.opened.length = 0;
  images.listed.length = 0;
  return { images, handles };
}

test('an image that is dropped is closed behind the last answer that reads from it', async () => {
  const images = mint();
  const { shelf } = node(images);
  const shelved = await shelf.at('mint 22.iso');
  assert.ok(typeof shelved === 'object');
  await shelf.inside(shelved);
  const finish: (() => void)[] = [];
  const answers = [1, 2].map((n) => shelf.during(shelved, new Promise<number>((r) => finish.push(() => r(n)))));
  shelf.drop(shelved);
  finish[0]?.();
  await turns();
  assert.equal(images.openCount, 2);
  finish[1]?.();
  assert.deepEqual(await Promise.all(answers), [1, 2]);
  await turns();
  assert.equal(images.openCount, 0);
  await shelf.close();
});

test('an answer that fails lets go of its image, too', async () => {
  const images = mint();
  const { shelf } = node(images);
  const shelved = await shelf.at('mint 22.iso');
  assert.ok(typeof shelved === 'object');
  await assert.rejects(shelf.during(shelved, Promise.reject(new Error('EIO'))), /EIO/);
  await shelf.close();
  assert.equal(images.openCount, 0);
});

test('a hall that comes back at once after a restart: one look at the folder for all images', async () => {
  const { images, handles } = await hallOf(30);
  const { ask, shelf } = node(images);
  const all = await Promise.all(
    Array.from({ length: 200 }, (_, i) => ask('getattr', args3.getattr(handles[i % 30] ?? new Uint8Array()))),
  );
  assert.ok(all.every((results) => getattr3res(results).ok));
  // Each is looked at once, and opened once to be held.
  assert.deepEqual([images.opened.length, images.listed.length], [60, 1]);
  await shelf.close();
  assert.equal(images.openCount, 0);
});

test('many who ask for images that are not there cost two looks at the folder, however many images they ask for', async () => {
  const { images } = await hallOf(30);
  const { ask } = node(images);
  const nowhere = (i: number): Uint8Array => handlesFor(SECRET).seal({ kind: 'image', tag: tagOf(`nowhere ${i}`) });
  const all = await Promise.all(Array.from({ length: 500 }, (_, i) => ask('getattr', args3.getattr(nowhere(i)))));
  assert.ok(all.map(getattr3res).every((res) => !res.ok && res.status === STATUS.stale));
  assert.ok(images.opened.length <= 60, `${images.opened.length}`);
  assert.equal(images.openCount, 0);
});

const UNSURE = [
  [
    'the folder cannot be read, its disk being gone',
    (images: FakeImages) => {
      images.isThere = false;
    },
    'later',
  ],
  [
    'a file cannot be read: it may be that one',
    (images: FakeImages) => images.files.set('other.iso', { etag: 'other', missing: 'damaged' }),
    'later',
  ],
  [
    'too many files are open',
    (images: FakeImages) => images.files.set('mint 22.iso', { ...MINT, missing: 'busy' }),
    'later',
  ],
  [
    "a file may not be read: that is the operator's wish",
    (images: FakeImages) => images.files.set('other.iso', { etag: 'other', missing: 'no-permission' }),
    'stale',
  ],
] as const;
for (const [what, fail, want] of UNSURE) {
  test(`a handle of an image that is not found while ${what}: ${want}`, async () => {
    const images = mint();
    const handle = await node(images).walk('/tree/mint-22', 'empty');
    if (want === 'stale' || what.startsWith('a file')) images.files.delete('mint 22.iso');
    fail(images);
    const res = getattr3res(await node(images).ask('getattr', args3.getattr(handle)));
    assert.equal(!res.ok && res.status, STATUS[want]);
  });
}

test('an image that is read stays open while too much is going on to look at its name', async () => {
  const images = mint();
  const { ask, walk, clock, shelf } = node(images);
  const handle = await walk('/tree/mint-22', 'empty');
  images.files.set('mint 22.iso', { ...MINT, missing: 'busy' });
  for (let second = 0; second < 3; second++) {
    clock.advance(1000);
    assert.ok(getattr3res(await ask('getattr', args3.getattr(handle))).ok);
    await turns();
  }
  await shelf.close();
  assert.equal(images.openCount, 0);
});

test('an image that is taken away before anybody looked into it: its handles are stale, and no name is missing', async () => {
  const images = mint();
  const handle = await node(images).walk('/tree/mint-22', 'empty');
  const { ask, shelf } = node(images);
  await shelf.at('mint 22.iso');
  images.files.delete('mint 22.iso');
  const status = async () => {
    const res = getattr3res(await ask('getattr', args3.getattr(handle)));
    return res.ok ? undefined : res.status;
  };
  assert.deepEqual([await status(), await status()], [STATUS.later, STATUS.stale]);
});

test("a hall's folder that cannot be read now is no empty one: clients ask again", async () => {
  const images = mint();
  const { ask, rootOf, clock } = node(images);
  const folders = [await rootOf('/isos'), await rootOf('/tree')];
  images.isThere = false;
  clock.advance(1000);
  for (const folder of folders) {
    const res = readdir3res(await ask('readdir', args3.readdir(folder, 0, 4096)));
    assert.equal(!res.ok && res.status, STATUS.later);
  }
});

test('a folder of the hall is looked at once for all who ask within a second', async () => {
  const images = mint();
  const { ask, rootOf, clock } = node(images);
  const isos = await rootOf('/isos');
  for (const looks of [0, 1]) {
    images.listed.length = 0;
    await Promise.all(Array.from({ length: 100 }, () => ask('getattr', args3.getattr(isos))));
    assert.equal(images.listed.length, looks);
    clock.advance(1000);
  }
});
