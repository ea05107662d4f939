/** NFS as a client is answered, over images that are written down: what handles find, and what becomes of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Malformed } from '../../src/core/bytes.ts';
import { handlesFor } from '../../src/nfs/handle.ts';
import { STATUS } from '../../src/nfs/protocol.ts';
import {
  access3res,
  args3,
  fsinfo3res,
  fsstat3res,
  getattr3res,
  good,
  link3res,
  lookup3res,
  pathconf3res,
  read3res,
  readdir3res,
  readdirplus3res,
  readlink3res,
  rename3res,
  wccRes,
} from '../support/nfs3.ts';
import { FakeImages } from './fakeimages.ts';
import { CLIENT, MINT, mint, node, SECRET } from './fakenode.ts';

const hex = (handle: Uint8Array): string => Buffer.from(handle).toString('hex');

test('a file is found by its path, told its attributes and read', async () => {
  const { ask, walk, reads } = node(mint());
  const file = await walk('/tree/mint-22/casper', 'vmlinuz');
  const { objAttributes: told } = good(getattr3res(await ask('getattr', args3.getattr(file))));
  assert.deepEqual([told.type, told.mode, told.size, told.mtime.seconds], [1, 0o644, 6n, 1_600_000_000]);
  const read = good(read3res(await ask('read', args3.read(file, 0, 1 << 20))));
  assert.deepEqual([Buffer.from(read.data).toString(), read.count, read.eof], ['kernel', 6, true]);
  const part = good(read3res(await ask('read', args3.read(file, 2, 3))));
  assert.deepEqual([Buffer.from(part.data).toString(), part.eof], ['rne', false]);
  assert.deepEqual(reads, [`${CLIENT} mint 22.iso 6`, `${CLIENT} mint 22.iso 3`]);
});

const PATHS = [
  ['/tree/mint-22', 'folder'],
  ['/tree/mint-22.iso', 'folder'],
  ['/tree/mint 22.iso/', 'folder'],
  ['tree//mint-22/casper', 'folder'],
  ['/tree', 'folder'],
  ['/isos', 'folder'],
  ['/', 'folder'],
  ['', 'folder'],
  ['/tree/mint-22/casper/vmlinuz', 'not-a-folder'],
  ['/isos/mint 22.iso', 'not-a-folder'],
  ['/isos/mint-22.iso', 'not-a-folder'],
  ['/tree/mint-22/link/deeper', 'not-a-folder'],
  ['/tree/other', 'not-found'],
  ['/etc', 'not-found'],
  ['/tree/mint-22/../../../etc', 'not-found'],
  ['/boot', 'not-found'],
  [`/tree/${'x'.repeat(256)}`, 'name-too-long'],
] as const;
for (const [path, want] of PATHS) {
  test(`MNT of ${JSON.stringify(path.slice(0, 40))}: ${want}`, async () => {
    const found = await node(mint()).hall.resolve(path);
    assert.equal(found.kind === 'folder' ? 'folder' : found.reason, want);
  });
}

test('showmount is told the folder of images, and each image with and without its suffix', async () => {
  assert.deepEqual(await node(mint()).hall.exports(), ['/isos', '/tree/mint-22', '/tree/mint-22.iso']);
});

test('one image that cannot be read takes the others from no list of exports', async () => {
  const images = mint();
  images.files.set('broken.iso', { etag: 'broken', tree: {} });
  const hold = images.hold.bind(images);
  images.hold = async (path) => {
    if (path === 'broken.iso') throw new Malformed('damaged', 0);
    return hold(path);
  };
  assert.deepEqual(await node(images).hall.exports(), ['/isos', '/tree/mint-22', '/tree/mint-22.iso']);
});

test('LOOKUP of . and .., inside and above the root of an image', async () => {
  const { rootOf, lookup, ask } = node(mint());
  const casper = await rootOf('/tree/mint-22/casper');
  const root = await rootOf('/tree/mint-22');
  assert.equal(hex(good(await lookup(casper, '.')).object), hex(casper));
  assert.equal(hex(good(await lookup(casper, '..')).object), hex(root));
  assert.equal(hex(good(await lookup(root, '..')).object), hex(root), 'nobody leaves the image');
  const top = await rootOf('/');
  assert.equal(hex(good(await lookup(await rootOf('/isos'), '..')).object), hex(top));
  assert.equal(hex(good(await lookup(top, '..')).object), hex(top));
  const missing = await lookup(casper, 'nothing');
  assert.deepEqual([missing.ok, !missing.ok && missing.status], [false, STATUS['not-found']]);
  const file = good(await lookup(casper, 'vmlinuz')).object;
  const below = lookup3res(await ask('lookup', args3.lookup(file, 'x')));
  assert.equal(!below.ok && below.status, STATUS['not-a-folder']);
});

test('READDIR page by page names each entry once, dots first', async () => {
  const { ask, rootOf } = node(mint());
  for (const path of ['/tree/mint-22', '/isos', '/tree', '/']) {
    const folder = await rootOf(path);
    const names: string[] = [];
    let cookie = 0n;
    for (let page = 0; page < 20; page++) {
      const told = good(readdir3res(await ask('readdir', args3.readdir(folder, cookie, 170))));
      names.push(...told.entries.map(({ name }) => name));
      cookie = told.entries.at(-1)?.cookie ?? cookie;
      if (told.eof) break;
    }
    const want: Record<string, readonly string[]> = {
      '/tree/mint-22': ['.disk', 'casper', 'empty', 'link'],
      '/isos': ['mint 22.iso'],
      '/tree': ['mint-22'],
      '/': ['isos', 'tree'],
    };
    assert.deepEqual([names.slice(0, 2), names.slice(2).sort()], [['.', '..'], want[path]], path);
  }
});

test('READDIRPLUS tells what LOOKUP tells: handles, attributes, numbers', async () => {
  const { ask, rootOf, lookup } = node(mint());
  const folder = await rootOf('/tree/mint-22');
  const counts = { dircount: 8192, maxcount: 32_768 };
  const { entries, eof } = good(readdirplus3res(await ask('readdirplus', args3.readdirplus(folder, 0, counts))));
  assert.equal(eof, true);
  for (const entry of entries.filter(({ name }) => name !== '..')) {
    const { object, objAttributes } = good(await lookup(folder, entry.name));
    assert.deepEqual(
      [hex(entry.nameHandle ?? object.subarray(1)), entry.nameAttributes],
      [hex(object), objAttributes],
      entry.name,
    );
    assert.equal(entry.fileid, objAttributes?.fileid);
  }
});

test('READDIR of /isos has the number of each image that GETATTR has', async () => {
  const { ask, rootOf, walk } = node(mint());
  const { entries } = good(readdir3res(await ask('readdir', args3.readdir(await rootOf('/isos'), 0, 4096))));
  const file = await walk('/isos', 'mint 22.iso');
  const { objAttributes } = good(getattr3res(await ask('getattr', args3.getattr(file))));
  assert.equal(entries.find(({ name }) => name === 'mint 22.iso')?.fileid, objAttributes.fileid);
});

test('READLINK tells what the link says; of anything else it is refused', async () => {
  const { ask, walk } = node(mint());
  const root = '/tree/mint-22';
  const link = good(readlink3res(await ask('readlink', args3.readlink(await walk(root, 'link')))));
  assert.equal(link.data, 'casper/vmlinuz');
  const file = readlink3res(await ask('readlink', args3.readlink(await walk(root, 'empty'))));
  assert.equal(!file.ok && file.status, STATUS.invalid);
});

test('READ beyond the end, of nothing, of an empty file, of a folder and of a link', async () => {
  const { ask, walk } = node(mint());
  const read = async (handle: Uint8Array, offset: number | bigint, count: number) =>
    read3res(await ask('read', args3.read(handle, offset, count)));
  const file = await walk('/tree/mint-22/casper', 'vmlinuz');
  for (const [offset, count, isEnd] of [
    [6, 10, true],
    [2n ** 64n - 1n, 10, true],
    [0, 0, false],
  ] as const) {
    const told = good(await read(file, offset, count));
    assert.deepEqual([told.count, told.eof], [0, isEnd], `${offset}`);
  }
  const empty = good(await read(await walk('/tree/mint-22', 'empty'), 0, 10));
  assert.deepEqual([empty.count, empty.eof], [0, true]);
  const folder = await read(await walk('/tree/mint-22'), 0, 10);
  assert.equal(!folder.ok && folder.status, STATUS['is-a-folder']);
  const link = await read(await walk('/tree/mint-22', 'link'), 0, 10);
  assert.equal(!link.ok && link.status, STATUS.invalid);
});

test('ACCESS grants reading to all, and nothing that would write', async () => {
  const { ask, walk } = node(mint());
  const granted = async (handle: Uint8Array): Promise<number> =>
    good(access3res(await ask('access', args3.access(handle, 0x3f)))).access;
  assert.equal(await granted(await walk('/tree/mint-22')), 0x03);
  assert.equal(await granted(await walk('/tree/mint-22', 'empty')), 0x01);
  assert.equal(await granted(await walk('/isos')), 0x03);
});

test('FSINFO, FSSTAT and PATHCONF', async () => {
  const { ask, walk } = node(mint());
  const root = await walk('/tree/mint-22');
  const sizes = good(fsinfo3res(await ask('fsinfo', args3.fsinfo(root))));
  assert.equal(sizes.rtmax, 1 << 20);
  assert.ok(sizes.rtpref >= 64 << 10 && sizes.rtpref <= sizes.rtmax);
  const space = good(fsstat3res(await ask('fsstat', args3.fsstat(root))));
  assert.deepEqual([space.tbytes, space.fbytes, space.abytes], [BigInt('image mint'.length), 0n, 0n]);
  const rules = good(pathconf3res(await ask('pathconf', args3.pathconf(root))));
  assert.deepEqual([rules.nameMax, rules.caseInsensitive], [255, false]);
});

const WRITING = ['setattr', 'write', 'create', 'mkdir', 'symlink', 'mknod', 'remove', 'rmdir', 'commit'] as const;
for (const procedure of [...WRITING, 'rename', 'link'] as const) {
  test(`${procedure.toUpperCase()}: a read-only file system`, async () => {
    const { ask, walk } = node(mint());
    const results = await ask(procedure, args3[procedure](await walk('/tree/mint-22')));
    const res = { rename: rename3res, link: link3res }[procedure as 'rename' | 'link'] ?? wccRes;
    const told = res(results);
    assert.equal(!told.ok && told.status, STATUS['read-only']);
  });
}

test('images as files: /isos holds them, folders in it, and finds them by what menus call them', async () => {
  const images = mint();
  images.files.set('old/lmde.iso', { etag: 'lmde', tree: {} });
  images.files.set('SHA256SUMS', { etag: 'sums' });
  const { ask, walk } = node(images);
  for (const names of [['mint 22.iso'], ['mint-22.iso'], ['old', 'lmde.iso'], ['SHA256SUMS']]) {
    const read = good(read3res(await ask('read', args3.read(await walk('/isos', ...names), 0, 100))));
    assert.match(Buffer.from(read.data).toString(), /^image (mint|lmde|sums)$/);
  }
});

test('a handle is honoured by the same node after a restart, and by another with the same image under another name', async () => {
  const images = mint();
  const file = await node(images).walk('/tree/mint-22/casper', 'vmlinuz');
  const elsewhere = new FakeImages();
  elsewhere.files.set('other.iso', { etag: 'other', tree: {} });
  elsewhere.files.set('deep/renamed.iso', MINT);
  for (const folder of [images, elsewhere]) {
    const read = good(read3res(await node(folder).ask('read', args3.read(file, 0, 100))));
    assert.equal(Buffer.from(read.data).toString(), 'kernel');
  }
});

test('an image that is removed, replaced or renamed: stale within a second, or found again', async () => {
  const cases = [
    ['removed', (images: FakeImages) => images.files.delete('mint 22.iso'), STATUS.stale],
    ['replaced', (images: FakeImages) => images.files.set('mint 22.iso', { etag: 'new', tree: {} }), STATUS.stale],
    [
      'renamed',
      (images: FakeImages) => {
        images.files.delete('mint 22.iso');
        images.files.set('mint.iso', MINT);
      },
      undefined,
    ],
    [
      'being written',
      (images: FakeImages) => images.files.set('mint 22.iso', { etag: 'new', missing: 'busy' }),
      STATUS.later,
    ],
  ] as const;
  for (const [what, change, want] of cases) {
    const images = mint();
    const { ask, walk, clock, shelf } = node(images);
    const file = await walk('/tree/mint-22', '.disk', 'info');
    change(images);
    const told = async () => getattr3res(await ask('getattr', args3.getattr(file)));
    // The first who asks after a second has the name looked at, and is still answered.
    clock.advance(1000);
    await told();
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    const res = await told();
    assert.equal(res.ok ? undefined : res.status, want, what);
    await shelf.close();
    assert.equal(images.openCount, 0, what);
  }
});

test('a handle that nobody made is refused, of another key too, and costs no look at the folder', async () => {
  const images = mint();
  const { ask, walk } = node(images);
  const handle = Buffer.from(await walk('/tree/mint-22'));
  const foreign = await node(mint(), { secret: Buffer.from('of another hall') }).walk('/tree/mint-22');
  const bare = await node(mint(), { secret: 'none' }).walk('/tree/mint-22');
  const flipped = Array.from({ length: handle.length * 8 }, (_, bit) => {
    const copy = Buffer.from(handle);
    copy[Math.floor(bit / 8)] = (copy[Math.floor(bit / 8)] ?? 0) ^ (1 << (bit % 8));
    return copy;
  });
  images.opened.length = 0;
  for (const forged of [...flipped, foreign, bare, Buffer.alloc(0), Buffer.alloc(32), Buffer.alloc(64)]) {
    const res = getattr3res(await ask('getattr', args3.getattr(forged)));
    assert.equal(!res.ok && res.status, STATUS['bad-handle']);
  }
  assert.deepEqual(images.opened, []);
});

test('a place in an image where nothing is: stale', async () => {
  const { ask, walk } = node(mint());
  const root = handlesFor(SECRET).open(await walk('/tree/mint-22'));
  assert.ok(root !== 'bad' && root.kind === 'node');
  const handle = handlesFor(SECRET).seal({ ...root, place: 99_999 });
  const res = getattr3res(await ask('getattr', args3.getattr(handle)));
  assert.equal(!res.ok && res.status, STATUS.stale);
});

test('the folder is looked through once for all who ask for an image that is not there, and not again within a second', async () => {
  const images = mint();
  const file = await node(images).walk('/tree/mint-22', 'empty');
  const other = new FakeImages();
  for (let i = 0; i < 20; i++) other.files.set(`${i}.iso`, { etag: `other ${i}`, tree: {} });
  const { ask, clock } = node(other);
  const told = async () => getattr3res(await ask('getattr', args3.getattr(file)));
  const all = await Promise.all(Array.from({ length: 50 }, told));
  assert.ok(all.every((res) => !res.ok && res.status === STATUS.stale));
  assert.equal(other.opened.length, 20);
  await told();
  assert.equal(other.opened.length, 20);
  clock.advance(1000);
  other.files.set('mint.iso', MINT);
  assert.ok((await told()).ok, 'an image that comes back is found');
});

test('what nobody reads is closed after a while, and opened anew', async () => {
  const images = mint();
  const { ask, walk, clock, shelf } = node(images);
  const file = await walk('/tree/mint-22', 'empty');
  assert.ok(images.openCount > 0);
  clock.advance(240_000);
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
  assert.deepEqual([images.openCount, shelf.count, clock.pendingTimers], [0, 0, 0]);
  assert.ok(getattr3res(await ask('getattr', args3.getattr(file))).ok);
  await shelf.close();
  assert.equal(images.openCount, 0);
});

test("the hall's folders change their time when an image comes or goes, so that clients look again", async () => {
  const images = mint();
  const { ask, rootOf, clock } = node(images);
  for (const path of ['/isos', '/tree']) {
    const folder = await rootOf(path);
    const time = async () => good(getattr3res(await ask('getattr', args3.getattr(folder)))).objAttributes.mtime;
    const before = await time();
    clock.advance(5000);
    assert.deepEqual(await time(), before, 'as long as nothing has changed');
    images.files.set(`${path.slice(1)}.iso`, { etag: path, tree: {} });
    clock.advance(5000);
    assert.notDeepEqual(await time(), before, path);
  }
});

test('more images than are held open at a time are all served', async () => {
  const images = new FakeImages();
  for (let i = 0; i < 100; i++) images.files.set(`${i}.iso`, { etag: `image ${i}`, tree: { name: `${i}` } });
  const { ask, walk, shelf } = node(images);
  const handles = await Promise.all(Array.from({ length: 100 }, (_, i) => walk(`/tree/${i}`, 'name')));
  for (const [i, handle] of handles.entries()) {
    const read = good(read3res(await ask('read', args3.read(handle, 0, 10))));
    assert.equal(Buffer.from(read.data).toString(), `${i}`);
  }
  await shelf.close();
  assert.equal(images.openCount, 0);
});
