import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageLook } from '../../src/catalog/look.ts';
import type { ImageRecord } from '../../src/catalog/record.ts';
import type { RecordStore } from '../../src/catalog/store.ts';
import { fakeHost } from '../support/fakes.ts';
import { FakeFolder, sha256, started, turns, world } from './world.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

test('an image that was there before is ready at once: its times are long past', async () => {
  const { catalog, image, events } = await started({ 'mint.iso': 'mint' });
  await catalog.settled();
  assert.equal(image('mint.iso')?.state, 'ready');
  assert.deepEqual([image('mint.iso')?.verdict?.name, image('mint.iso')?.alias], ['mint.iso', 'mint']);
  assert.equal(events('image').length, 1);
  await catalog.stop();
});

test('an image that is being copied waits until it has stood still for four seconds', async () => {
  const { folder, pass, image, catalog } = await started({});
  for (let size = 1; size <= 20; size++) {
    folder.write('a.iso', 'x'.repeat(size));
    await pass(1000);
    assert.ok(image('a.iso')?.state !== 'ready', `${size} octets`);
  }
  assert.equal(image('a.iso')?.state, 'copying');
  assert.deepEqual(folder.looked, []);
  await pass(7000);
  assert.equal(image('a.iso')?.state, 'ready');
  assert.deepEqual(folder.looked, ['a.iso']);
  await catalog.stop();
});

test('a download that has its full size from the start waits as long as it is written to', async () => {
  const { folder, pass, image, catalog } = await started({});
  const file = folder.write('a.iso', 'full size');
  for (let i = 0; i < 10; i++) {
    file.changedMs += 1;
    await pass(2000);
    assert.equal(image('a.iso')?.state, 'copying');
  }
  await pass(8000);
  assert.equal(image('a.iso')?.state, 'ready');
  await catalog.stop();
});

for (const half of ['a.iso.part', 'a.iso.crdownload', 'a.iso.aria2', 'a.iso.tmp']) {
  test(`an image waits for as long as ${half} beside it grows, which is no image itself`, async () => {
    const { folder, pass, image, catalog } = await started({});
    folder.write('a.iso', 'placeholder');
    for (let size = 1; size < 8; size++) {
      folder.write(half, 'x'.repeat(size));
      await pass(2000);
      assert.equal(image('a.iso')?.state, 'copying');
    }
    assert.equal(catalog.images().length, 1);
    folder.rename(half, 'a.iso');
    await pass(8000);
    assert.equal(image('a.iso')?.state, 'ready');
    await catalog.stop();
  });
}

test('dot files, ~files and other suffixes are no images; folders below are searched', async () => {
  const files = {
    '.x.iso': '',
    '~x.iso': '',
    'x.iso~': '',
    'x.txt': '',
    'old/b.IMG': 'b',
    '.trash/c.iso': '',
    'c.iso': 'c',
  };
  const { catalog } = await started(files);
  assert.deepEqual(
    catalog.images().map(({ path, suffix }) => [path, suffix]),
    [
      ['c.iso', '.iso'],
      ['old/b.IMG', '.img'],
    ],
  );
  await catalog.stop();
});

test('an image shorter than its volume is being copied; after a minute without change it is cut off', async () => {
  const { folder, pass, image, catalog } = await started({});
  folder.declared.set('a.iso', 3_400_000_000);
  folder.write('a.iso', 'x'.repeat(1000));
  await pass(30_000);
  assert.deepEqual([image('a.iso')?.state, image('a.iso')?.declaredBytes], ['copying', 3_400_000_000]);
  await catalog.settled();
  await pass(40_000);
  assert.equal(image('a.iso')?.state, 'ready');
  assert.deepEqual(image('a.iso')?.verdict?.problem, {
    reason: 'damaged',
    says: 'It is cut off: 1.0 kB of 3.4 GB are there.',
    cure: 'Copy it again.',
  });
  assert.deepEqual(image('a.iso')?.verdict?.entries, []);
  folder.declared.delete('a.iso');
  folder.write('a.iso', 'x'.repeat(2000));
  await pass(10_000);
  assert.equal(image('a.iso')?.verdict?.problem, undefined);
  assert.equal(image('a.iso')?.verdict?.entries.length, 1);
  await catalog.stop();
});

test('an empty file may be the start of a copy: for a minute', async () => {
  const { folder, pass, image, catalog } = await started({});
  folder.answers.set('a.iso', { kind: 'bad', problem: { reason: 'not-an-image', says: 'x' } });
  folder.write('a.iso', '');
  await pass(20_000);
  assert.equal(image('a.iso')?.state, 'copying');
  await pass(50_000);
  assert.equal(image('a.iso')?.verdict?.problem?.says, 'The file is empty.');
  await catalog.stop();
});

test('what is no image says so at once and stops no other', async () => {
  const { folder, catalog, image } = world();
  folder.answers.set('a.iso', { kind: 'bad', problem: { reason: 'not-an-image', says: 'That is a text file.' } });
  folder.write('a.iso', 'hello');
  folder.write('b.iso', 'real').changedMs -= 60_000;
  for (const file of folder.files.values()) Object.assign(file, { modifiedMs: 0, changedMs: 0 });
  await catalog.start();
  await catalog.settled();
  assert.deepEqual(
    [image('a.iso')?.verdict?.problem?.says, image('a.iso')?.verdict?.name],
    ['That is a text file.', 'a.iso'],
  );
  assert.equal(image('b.iso')?.verdict?.problem, undefined);
  await catalog.stop();
});

test('a removed image is gone at the next look; one that comes back is not read again', async () => {
  const { folder, pass, image, catalog, events } = await started({ 'a.iso': 'a' });
  const [[, file] = []] = [...folder.files];
  folder.files.clear();
  await pass(3000);
  assert.deepEqual(catalog.images(), []);
  assert.deepEqual(
    events('image-gone').map(({ file }) => file),
    ['a.iso'],
  );
  if (file) folder.files.set('a.iso', file);
  await pass(3000);
  assert.equal(image('a.iso')?.state, 'ready');
  assert.deepEqual(folder.looked, ['a.iso']);
  await catalog.stop();
});

test('a renamed image keeps what is known of it, checksum included, and is ready at once', async () => {
  const { folder, pass, image, catalog } = await started({
    'a.iso': 'a',
    SHA256SUMS: `${sha256(bytesOf('a'))}  a.iso\n${sha256(bytesOf('a'))}  new/b.iso`,
  });
  await catalog.verified();
  assert.equal(image('a.iso')?.checksum.kind, 'right');
  const opened = folder.openedWhole.length;
  folder.rename('a.iso', 'new/b.iso');
  await pass(3000);
  assert.equal(image('new/b.iso')?.state, 'ready');
  assert.equal(image('new/b.iso')?.checksum.kind, 'right');
  assert.deepEqual([folder.looked, folder.openedWhole.length], [['a.iso'], opened]);
  await catalog.stop();
});

test('an image that was written to and dated back is no renamed one: it is read and verified again', async () => {
  const sums = `${sha256(bytesOf('good'))}  a.iso`;
  const { folder, pass, image, catalog } = await started({ 'a.iso': 'baad', SHA256SUMS: sums });
  await catalog.verified();
  assert.equal(image('a.iso')?.checksum.kind, 'wrong');
  const file = folder.files.get('a.iso');
  const mended = folder.write('a.iso', 'good');
  mended.modifiedMs = file?.modifiedMs ?? 0;
  await pass(8000);
  await catalog.verified();
  assert.equal(image('a.iso')?.checksum.kind, 'right');
  assert.deepEqual(folder.looked, ['a.iso', 'a.iso']);
  await catalog.stop();
});

/** A store in memory, from run to run. */
function kept(): RecordStore & { readonly records: () => readonly ImageRecord[] } {
  let records: readonly ImageRecord[] = [];
  return {
    load: async () => records,
    save: async (now) => {
      records = structuredClone(now);
    },
    records: () => records,
  };
}

/** As chmod, chown and ln do: only the time of change moves. */
function touch({ folder, host }: Awaited<ReturnType<typeof started>>, path: string): void {
  const file = folder.files.get(path);
  if (file) file.changedMs = host.clock.date();
}

test('chmod, chown and a second name keep an image in the menus while it is read and verified again', async () => {
  const sums = `${sha256(bytesOf('good'))}  a.iso`;
  const made = await started({ 'a.iso': 'good', SHA256SUMS: sums });
  const { folder, pass, image, catalog, events } = made;
  await catalog.verified();
  const before = image('a.iso');
  const verified = folder.openedWhole.filter((path) => path === 'a.iso').length;
  touch(made, 'a.iso');
  folder.answers.set('a.iso', { kind: 'missing', reason: 'busy' });
  for (let i = 0; i < 60; i++) {
    if (i === 20) {
      assert.equal(folder.openedWhole.filter((path) => path === 'a.iso').length, verified, 'not before it is read');
      folder.answers.clear();
      folder.looked.length = 1;
    }
    await pass(500);
    assert.deepEqual([image('a.iso')?.state, image('a.iso')?.checksum.kind], ['ready', 'right'], `after ${i / 2} s`);
  }
  assert.deepEqual(image('a.iso'), before);
  assert.deepEqual(folder.looked, ['a.iso', 'a.iso'], 'read again, once');
  assert.equal(folder.openedWhole.filter((path) => path === 'a.iso').length, verified + 1, 'verified again, once');
  assert.deepEqual([events('image').length, events('checksum-right').length], [1, 1], 'that is no news');
  await catalog.stop();
});

test('bytes that changed and were dated back are found out in the background', async () => {
  const made = await started({ 'a.iso': 'good', SHA256SUMS: `${sha256(bytesOf('good'))}  a.iso` });
  const { folder, pass, image, catalog, events } = made;
  await catalog.verified();
  const file = folder.files.get('a.iso');
  const { modifiedMs } = file ?? {};
  Object.assign(folder.write('a.iso', 'evil'), { modifiedMs });
  await pass(2500);
  assert.equal(image('a.iso')?.state, 'ready');
  await pass(8000);
  await catalog.verified();
  assert.equal(image('a.iso')?.checksum.kind, 'wrong');
  assert.deepEqual([folder.looked.length, events('image').length], [2, 2], 'its ETag tells that it is another one');
  await catalog.stop();
});

test('of a large image the ETag sees samples only: it is verified again even where that one stays', async () => {
  const host = fakeHost();
  const folder = new FakeFolder(() => host.clock.date());
  const { look } = folder;
  const sampling = async (path: string) => ({ ...(await look(path)), etag: '"sampled"' }) as ImageLook;
  const files = { 'a.iso': 'good', SHA256SUMS: `${sha256(bytesOf('good'))}  a.iso` };
  const { pass, image, catalog, events } = await started(files, {
    host,
    folder: Object.assign(folder, { look: sampling }),
  });
  await catalog.verified();
  const { modifiedMs } = folder.files.get('a.iso') ?? {};
  Object.assign(folder.write('a.iso', 'evil'), { modifiedMs });
  await pass(2500);
  assert.deepEqual([image('a.iso')?.state, image('a.iso')?.checksum.kind], ['ready', 'right']);
  await pass(8000);
  await catalog.verified();
  assert.deepEqual([image('a.iso')?.checksum.kind, events('image').length], ['wrong', 1]);
  await catalog.stop();
});

test('an image of which nothing but the rights changed while the node was off is in the menus at once', async () => {
  const store = kept();
  const first = await started({ 'a.iso': 'a', SHA256SUMS: `${sha256(bytesOf('a'))}  a.iso` }, { store });
  await first.catalog.verified();
  await first.catalog.stop();
  touch(first, 'a.iso');
  const { folder, host } = first;
  const before = store.records();
  const second = world({ store, folder, host });
  await second.catalog.start();
  assert.deepEqual([second.image('a.iso')?.state, second.image('a.iso')?.checksum.kind], ['ready', 'right']);
  await second.catalog.stop();
  assert.deepEqual(store.records(), before, 'nothing is written down before it was read again');
  const third = world({ store, folder, host });
  await third.catalog.start();
  await third.pass(10_000);
  await third.catalog.verified();
  assert.deepEqual(folder.looked, ['a.iso', 'a.iso']);
  assert.notDeepEqual(store.records(), before);
  await third.catalog.stop();
});

test('a digest of before holds for the same bytes only, as far as their ETag can tell', async () => {
  for (const { bytes, want } of [
    { bytes: 'good', want: 'right' },
    { bytes: 'evil', want: 'waiting' },
  ]) {
    const store = kept();
    const first = await started({ 'a.iso': 'good', SHA256SUMS: `${sha256(bytesOf('good'))}  a.iso` }, { store });
    await first.catalog.verified();
    await first.catalog.stop();
    const { folder, host } = first;
    const { modifiedMs } = folder.files.get('a.iso') ?? {};
    Object.assign(folder.write('a.iso', bytes), { modifiedMs });
    const second = world({ store, folder, host, verify: 'never' });
    await second.catalog.start();
    await second.pass(10_000);
    assert.equal(second.image('a.iso')?.checksum.kind, want);
    await second.catalog.stop();
  }
});

test('an image that may not be read any more says so, and comes back with its rights', async () => {
  const made = await started({ 'a.iso': 'a' });
  const { folder, pass, image, catalog } = made;
  folder.answers.set('a.iso', { kind: 'missing', reason: 'no-permission' });
  touch(made, 'a.iso');
  await pass(10_000);
  assert.equal(image('a.iso')?.verdict?.problem?.says, 'The node may not read it.');
  folder.answers.clear();
  touch(made, 'a.iso');
  await pass(10_000);
  assert.equal(image('a.iso')?.verdict?.problem, undefined);
  await catalog.stop();
});

test('what is remembered stands when start is done: nothing has been read for it', async () => {
  const store = kept();
  const first = await started({ 'a.iso': 'a', 'b.iso': 'b' }, { store });
  await first.catalog.stop();
  const { folder, host } = first;
  folder.looked.length = 0;
  const second = world({ store, folder, host });
  await second.catalog.start();
  assert.deepEqual(
    second.catalog.images().map(({ state }) => state),
    ['ready', 'ready'],
  );
  assert.deepEqual(folder.looked, []);
  await second.catalog.stop();
});

test('start waits five seconds for a slow folder and no longer; stop still waits for the look', async () => {
  const answer = Promise.withResolvers<readonly []>();
  const { catalog, host } = world({ folder: Object.assign(world().folder, { list: () => answer.promise }) });
  let isStarted = false;
  const starting = catalog.start().then(() => {
    isStarted = true;
  });
  await turns();
  host.clock.advance(4500);
  await turns();
  assert.equal(isStarted, false);
  host.clock.advance(500);
  await starting;
  answer.resolve([]);
  await catalog.settled();
  await catalog.stop();
  assert.equal(host.clock.pendingTimers, 0);
});

test('a folder that nobody has time for is no unreadable one: all stays, and it is asked again', async () => {
  const { folder, pass, image, catalog, events } = await started({ 'a.iso': 'a', 'old/b.iso': 'b', 'b.txt': '' });
  for (const path of ['', 'old']) folder.busy.add(path);
  await pass(20_000);
  assert.deepEqual([image('a.iso')?.state, image('old/b.iso')?.state], ['ready', 'ready']);
  assert.deepEqual(catalog.health(), { ok: true });
  folder.busy.delete('');
  await pass(20_000);
  assert.equal(image('old/b.iso')?.state, 'ready');
  folder.busy.clear();
  folder.files.delete('old/b.iso');
  await pass(8000);
  assert.equal(image('old/b.iso'), undefined);
  assert.deepEqual([events('folder-unreadable'), events('folder-readable')], [[], []]);
  await catalog.stop();
});

test('the first look at a folder that nobody has time for settles nothing', async () => {
  const { folder, catalog, pass, image } = world();
  folder.write('a.iso', 'a');
  folder.busy.add('');
  await catalog.start();
  let isSettled = false;
  const settled = catalog.settled().then(() => {
    isSettled = true;
  });
  await pass(5000);
  assert.deepEqual([isSettled, catalog.health().ok], [false, true]);
  folder.busy.clear();
  await pass(10_000);
  await settled;
  assert.equal(image('a.iso')?.state, 'ready');
  await catalog.stop();
});

test('a replaced image is read again; meanwhile nothing is said of the old one', async () => {
  const { folder, pass, image, catalog } = await started({ 'a.iso': 'old' });
  folder.files.delete('a.iso');
  folder.write('a.iso', 'new');
  await pass(2500);
  assert.deepEqual([image('a.iso')?.state, image('a.iso')?.verdict], ['copying', undefined]);
  await pass(8000);
  assert.equal(image('a.iso')?.state, 'ready');
  assert.equal(folder.looked.length, 2);
  await catalog.stop();
});

test('a folder that cannot be read now keeps what was known, and that is said once', async () => {
  const { folder, pass, image, catalog, events } = await started({ 'a.iso': 'a', 'old/b.iso': 'b' });
  folder.broken.add('old');
  await pass(10_000);
  assert.equal(image('old/b.iso')?.state, 'ready');
  folder.broken.add('');
  folder.files.clear();
  await pass(20_000);
  assert.equal(catalog.images().length, 2);
  assert.deepEqual(catalog.health(), { ok: false, reason: 'folder-unreadable' });
  assert.deepEqual(
    events('folder-unreadable').map(({ folder: path }) => path),
    ['/isos/old', '/isos/'],
  );
  folder.broken.clear();
  await pass(8000);
  assert.deepEqual(catalog.images(), []);
  assert.deepEqual(catalog.health(), { ok: true });
  await catalog.stop();
});

test('two images at most are read at a time; a failure to read one is shown and tried again after a minute', async () => {
  const names = Array.from({ length: 30 }, (_, i) => [`${i}.iso`, `${i}`] as const);
  const { folder, pass, image, catalog, events } = await started({});
  folder.answers.set('7.iso', { kind: 'missing', reason: 'damaged' });
  for (const [path, text] of names) folder.write(path, text);
  await pass(10_000);
  await catalog.settled();
  assert.equal(folder.mostLooking, 2);
  assert.equal(image('7.iso')?.verdict?.problem?.says, 'It cannot be read (damaged).');
  await pass(120_000);
  assert.equal(events('image').filter(({ file }) => file === '7.iso').length, 1, 'said once');
  folder.answers.delete('7.iso');
  await pass(70_000);
  assert.equal(image('7.iso')?.verdict?.problem, undefined);
  await catalog.stop();
});

test("one look that fails with an error is that image's own problem", async () => {
  const { folder, catalog, image } = world();
  const { look } = folder;
  const failing = world({
    folder: Object.assign(folder, {
      look: async (path: string) => {
        if (path === 'a.iso') throw Object.assign(new Error('i/o error'), { code: 'EIO' });
        return look(path);
      },
    }),
  });
  for (const path of ['a.iso', 'b.iso']) Object.assign(folder.write(path, path), { modifiedMs: 0, changedMs: 0 });
  await failing.catalog.start();
  await failing.catalog.settled();
  assert.equal(failing.image('a.iso')?.verdict?.problem?.says, 'It cannot be read (EIO).');
  assert.equal(failing.image('b.iso')?.verdict?.problem, undefined);
  await failing.catalog.stop();
  assert.equal(image('a.iso'), undefined, 'the other one was never started');
  await catalog.stop();
});

test('100 images are read once: after a restart nothing is, and no checksum is computed again', async () => {
  const store = kept();
  const files: Record<string, string> = {};
  for (let i = 0; i < 100; i++) files[`image ${i}.iso`] = `content ${i}`;
  const sums = Object.entries(files).map(([name, text]) => `${sha256(bytesOf(text))}  ${name}`);
  const first = await started({ ...files, SHA256SUMS: sums.join('\n') }, { store });
  await first.pass(4000);
  await first.catalog.verified();
  await first.catalog.stop();
  const { folder, host } = first;
  assert.equal(folder.looked.length, 100);

  folder.looked.length = 0;
  folder.openedWhole.length = 0;
  const second = world({ store, folder, host });
  await second.catalog.start();
  await turns();
  assert.equal(second.catalog.images().filter(({ state }) => state === 'ready').length, 100);
  assert.ok(second.catalog.images().every(({ checksum }) => checksum.kind === 'right'));
  assert.deepEqual([folder.looked, folder.openedWhole], [[], ['SHA256SUMS']]);
  await second.catalog.stop();
});

test('a wrong image is told with its cure; it is right as soon as the file of sums is', async () => {
  const { folder, pass, image, catalog, events } = await started({ 'a.iso': 'a', 'a.iso.sha256': 'f'.repeat(64) });
  await catalog.verified();
  const wrong = image('a.iso')?.checksum;
  assert.deepEqual(wrong, {
    kind: 'wrong',
    sumsFile: 'a.iso.sha256',
    wanted: 'f'.repeat(64),
    got: sha256(bytesOf('a')),
  });
  assert.match(String(events('checksum-wrong')[0]?.cure), /copy it again/);
  const opened = folder.openedWhole.filter((path) => path === 'a.iso').length;
  folder.write('a.iso.sha256', sha256(bytesOf('a')));
  await pass(6000);
  assert.equal(image('a.iso')?.checksum.kind, 'right');
  assert.equal(folder.openedWhole.filter((path) => path === 'a.iso').length, opened, 'the digest was known');
  assert.equal(events('checksum-wrong').length, 1);
  folder.files.delete('a.iso.sha256');
  await pass(6000);
  assert.deepEqual(image('a.iso')?.checksum, { kind: 'none' });
  await catalog.stop();
});

test('verifying rests between pieces, shows how far it is, and ends with stop', async () => {
  const big = new Uint8Array(5 << 20).fill(7);
  const { folder, host, pass, image, catalog } = await started({}, { verify: 'gently' });
  folder.write('a.iso', big);
  folder.write('a.iso.sha256', sha256(big));
  await pass(6000);
  assert.equal(image('a.iso')?.checksum.kind, 'checking');
  await pass(500);
  const checksum = image('a.iso')?.checksum;
  assert.ok(
    checksum?.kind === 'checking' && checksum.doneBytes > 0 && checksum.doneBytes < big.length,
    JSON.stringify(checksum),
  );
  await catalog.stop();
  assert.equal(host.clock.pendingTimers, 0);
  assert.equal(image('a.iso')?.checksum.kind, 'waiting');
});

test('an image that changes while it is verified is verified anew', async () => {
  const { folder, pass, image, catalog } = await started({}, { verify: 'gently' });
  folder.write('a.iso', new Uint8Array(3 << 20));
  const good = new Uint8Array(4 << 20).fill(1);
  folder.write('SHA256SUMS', `${sha256(good)} *a.iso`);
  await pass(6000);
  assert.equal(image('a.iso')?.checksum.kind, 'checking');
  folder.write('a.iso', good);
  await pass(20_000);
  await catalog.verified();
  assert.equal(image('a.iso')?.checksum.kind, 'right');
  await catalog.stop();
});

test('never verifying leaves checksums waiting', async () => {
  const { image, catalog } = await started({ 'a.iso': 'a', 'a.iso.md5': '0'.repeat(32) }, { verify: 'never' });
  await catalog.verified();
  assert.deepEqual(image('a.iso')?.checksum, { kind: 'waiting', sumsFile: 'a.iso.md5' });
  await catalog.stop();
});

test('two names for the same bytes are told', async () => {
  const { catalog } = await started({ 'a.iso': 'same', 'b.iso': 'same', 'c.iso': 'other' });
  assert.deepEqual(
    catalog.images().map(({ sameAs }) => sameAs),
    [undefined, 'a.iso', undefined],
  );
  await catalog.stop();
});

test('stop leaves no timer, is idempotent, and lets go who waits; a look at rest comes every five seconds', async () => {
  const { host, catalog, folder, pass, image } = await started({});
  await pass(120_000);
  folder.write('a.iso', 'a');
  await pass(5500);
  assert.equal(image('a.iso')?.state, 'copying');
  const settled = catalog.settled();
  await catalog.stop();
  await settled;
  await catalog.stop();
  assert.equal(host.clock.pendingTimers, 0);
});
