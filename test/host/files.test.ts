import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import type { Content, Opened } from '../../src/core/content.ts';
import { Fault } from '../../src/core/errors.ts';
import { Blocks } from '../../src/host/blocks.ts';
import { contentOf, Tags } from '../../src/host/filecontent.ts';
import { FOLDER_LIMITS, type FolderContent, folderContent } from '../../src/host/files.ts';
import { fingerprint } from '../../src/host/fingerprint.ts';
import { OpenFile } from '../../src/host/openfile.ts';
import { OpenFiles } from '../../src/host/openfiles.ts';
import { FakeClock, seeded } from '../support/fakes.ts';

const GIB = 2 ** 30;

const base = fs.mkdtempSync(path.join(os.tmpdir(), 'flisolator-files-'));
after(() => fs.rmSync(base, { recursive: true }));
// Other users have to reach it, for the tests of permission.
fs.chmodSync(base, 0o755);
const root = path.join(base, 'root');
const outside = path.join(base, 'outside');
for (const folder of [root, outside, path.join(root, 'sub')]) fs.mkdirSync(folder);
fs.writeFileSync(path.join(outside, 'secret'), 'secret');
fs.writeFileSync(path.join(root, 'plain'), 'plain');
fs.writeFileSync(path.join(root, 'sub', 'deep'), 'deep');
fs.writeFileSync(path.join(root, '.plain.part'), 'half');
fs.writeFileSync(path.join(root, 'sub', '.treeinfo'), 'tree');
fs.symlinkSync('plain', path.join(root, 'link-inside'));
fs.symlinkSync('../outside/secret', path.join(root, 'link-outside'));
fs.symlinkSync('../outside', path.join(root, 'folder-link'));
fs.symlinkSync('sub', path.join(root, 'sub-link'));
fs.symlinkSync('nowhere', path.join(root, 'dangling'));
execFileSync('mkfifo', [path.join(root, 'fifo')]);
const folder = folderContent(root);

const needsRoot = process.getuid?.() === 0 || process.env.CI ? false : 'needs root';

const cases: readonly { readonly name: string; readonly path: string; readonly want: string }[] = [
  { name: 'a file', path: 'plain', want: 'plain' },
  { name: 'a file in a folder', path: 'sub/deep', want: 'deep' },
  { name: 'a slash at the front is the same', path: '/sub/deep', want: 'deep' },
  { name: 'nothing there', path: 'nothing', want: 'not-found' },
  { name: 'a file is no folder', path: 'plain/x', want: 'not-found' },
  { name: 'another case is another name', path: 'PLAIN', want: 'not-found' },
  { name: 'a dot at the end is another name', path: 'plain.', want: 'not-found' },
  { name: 'dots', path: '../outside/secret', want: 'bad-name' },
  { name: 'dots in the middle', path: 'sub/../../outside/secret', want: 'bad-name' },
  { name: 'the absolute path is below the folder', path: path.join(outside, 'secret'), want: 'not-found' },
  { name: 'NUL', path: 'plain\0.iso', want: 'bad-name' },
  { name: 'a line end', path: 'plain\n', want: 'bad-name' },
  { name: 'a name longer than file systems take', path: 'x'.repeat(600), want: 'bad-name' },
  { name: 'a path longer than any', path: 'x/'.repeat(4000), want: 'bad-name' },
  { name: 'a link, though it leads to a neighbour', path: 'link-inside', want: 'not-regular' },
  { name: 'a link that leads out', path: 'link-outside', want: 'not-regular' },
  { name: 'a link that leads nowhere', path: 'dangling', want: 'not-regular' },
  { name: 'a link in the middle of the path', path: 'folder-link/secret', want: 'outside-root' },
  { name: 'a link in the middle that stays inside', path: 'sub-link/deep', want: 'outside-root' },
  { name: 'a FIFO opens at once and is no file', path: 'fifo', want: 'not-regular' },
  { name: 'a hidden name in the folder itself', path: '.plain.part', want: 'not-found' },
  { name: 'a hidden name deeper down, as unpacked images have', path: 'sub/.treeinfo', want: 'tree' },
];
for (const c of cases) test(`open: ${c.name}`, async () => assert.equal(await show(await folder.open(c.path)), c.want));

test('open: a socket is no file', async () => {
  const server = net.createServer().listen(path.join(root, 'socket'));
  await new Promise((resolve) => server.once('listening', resolve));
  assert.equal(await show(await folder.open('socket')), 'not-regular');
  await new Promise((resolve) => server.close(resolve));
});

test('open: a device is no file', { skip: needsRoot }, async () => {
  execFileSync('mknod', [path.join(root, 'zero'), 'c', '1', '5']);
  assert.equal(await show(await folder.open('zero')), 'not-regular');
});

test('open: what this user may not read', { skip: needsRoot }, async () => {
  fs.writeFileSync(path.join(root, 'unreadable'), 'x', { mode: 0o600 });
  fs.mkdirSync(path.join(root, 'closed'), { mode: 0o700 });
  const nobody = 65_534;
  process.seteuid?.(nobody);
  try {
    assert.equal(await show(await folder.open('unreadable')), 'no-permission');
    assert.equal(await show(await folder.open('closed')), 'no-permission');
    assert.throws(() => folderContent(path.join(root, 'closed')), /chmod a\+rx/);
  } finally {
    process.seteuid?.(0);
  }
});

test('open: a folder lists files and folders by name; links, specials and hidden names are left out', async () => {
  fs.writeFileSync(path.join(root, 'sub', 'bad\nname'), '');
  const opened = await folder.open('');
  assert.equal(opened.kind, 'folder');
  const names = opened.kind === 'folder' ? opened.entries.map(({ name, kind }) => `${kind} ${name}`) : [];
  const expected = ['file plain', 'folder sub'];
  assert.deepEqual(
    names.filter((name) => !/unreadable|closed/.test(name)),
    expected,
  );
  const sub = await folder.open('sub');
  assert.deepEqual(sub.kind === 'folder' && sub.entries.map(({ name, sizeBytes }) => [name, sizeBytes]), [
    ['.treeinfo', 4],
    ['deep', 4],
  ]);
});

test('open: a folder with more than is listed ends there', async () => {
  const many = path.join(base, 'many');
  fs.mkdirSync(many);
  for (let i = 0; i < 30; i++) fs.writeFileSync(path.join(many, `${i}`), '');
  const opened = await folderContent(many, { ...FOLDER_LIMITS, maxEntries: 20 }).open('');
  assert.equal(opened.kind === 'folder' && opened.entries.length, 20);
});

test('start: the folder itself may be a link', async () => {
  fs.symlinkSync('root', path.join(base, 'chosen'));
  const chosen = folderContent(path.join(base, 'chosen'));
  assert.equal(chosen.root, fs.realpathSync(root));
  assert.equal(await show(await chosen.open('plain')), 'plain');
  await chosen.closeIdle();
});

test('start: a folder that cannot be had is one sentence with the cure', () => {
  for (const [name, says] of [
    ['not-there', /is not there: mkdir -p/],
    ['root/plain', /is not a folder/],
  ] as const) {
    assert.throws(
      () => folderContent(path.join(base, name)),
      (fault) => fault instanceof Fault && fault.code === 'no-folder' && says.test(fault.message),
    );
  }
});

test('open: a folder that vanished after the start gives nothing', async () => {
  const gone = path.join(base, 'gone');
  fs.mkdirSync(gone);
  const content = folderContent(gone);
  fs.rmdirSync(gone);
  assert.equal(await show(await content.open('x')), 'not-found');
  assert.equal(await show(await content.open('')), 'not-found');
});

test('open: while names turn into links and back, nothing from outside is ever read', async () => {
  const swapped = path.join(base, 'swapped');
  fs.mkdirSync(path.join(swapped, 'real'), { recursive: true });
  for (const name of ['file', 'real/file']) fs.writeFileSync(path.join(swapped, name), 'inside');
  fs.writeFileSync(path.join(outside, 'file'), 'secret');
  fs.symlinkSync('../outside/file', path.join(swapped, 'evil'));
  fs.symlinkSync('../outside', path.join(swapped, 'evil-folder'));
  const content = folderContent(swapped);
  const seen = new Map<string, number>();
  for (let round = 0; round < 400; round++) {
    const opening = ['file', 'real/file', 'file', 'real/file'].map((name) => content.open(name));
    // These run while the calls above are under way on other threads.
    exchange(swapped, 'file', 'evil');
    exchange(swapped, 'real', 'evil-folder');
    for (const opened of await Promise.all(opening)) {
      const shown = await show(opened);
      seen.set(shown, (seen.get(shown) ?? 0) + 1);
    }
  }
  assert.deepEqual(
    [...seen.keys()].filter((shown) => !['inside', 'not-found', 'not-regular', 'outside-root', 'busy'].includes(shown)),
    [],
  );
  assert.ok((seen.get('inside') ?? 0) > 0);
  assert.equal(content.openFiles(), 0);
});

test('ETag: equal for equal bytes, whatever name, inode and time; strong', async () => {
  for (const size of [0, 1, 1 << 20, (1 << 20) + 1, 5_000_000]) {
    const bytes = noise(size, size);
    fs.writeFileSync(path.join(root, 'one'), bytes);
    fs.writeFileSync(path.join(root, 'two'), bytes);
    fs.utimesSync(path.join(root, 'two'), 1, 1);
    const etag = await etagOf(folder, 'one');
    assert.equal(await etagOf(folder, 'two'), etag, `${size} octets`);
    assert.match(etag, /^"[\x21\x23-\x7e]+"$/);
  }
});

const changes = [
  { name: 'one octet of a small file', size: 1000, at: 500 },
  { name: 'octets in the middle of 4 MiB', size: 4 << 20, at: 1_450_000 },
  { name: 'octets elsewhere in 4 MiB', size: 4 << 20, at: 1_800_000 },
  { name: 'the first octet of a big file', size: 20_000_000, at: 0 },
  { name: 'the last octet of a big file', size: 20_000_000, at: 19_999_999 },
  { name: 'the volume descriptor of an image', size: 20_000_000, at: 16 * 2048 + 813 },
];
for (const { name, size, at } of changes) {
  test(`ETag: another one after a change of ${name}`, async () => {
    const bytes = noise(size, 1);
    fs.writeFileSync(path.join(root, 'changing'), bytes);
    const before = await etagOf(folder, 'changing');
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    fs.writeFileSync(path.join(root, 'changing'), bytes);
    assert.notEqual(await etagOf(folder, 'changing'), before);
  });
}

test('ETag: another one after any change of the largest file that is hashed whole', async () => {
  const file = path.join(root, 'largest');
  fs.writeFileSync(file, '');
  fs.truncateSync(file, 64 << 20);
  const before = await etagOf(folder, 'largest');
  overwrite(file, 23_456_789);
  assert.notEqual(await etagOf(folder, 'largest'), before);
  fs.unlinkSync(file);
});

test('ETag: two long files at most are hashed at once, and a short one passes them', async () => {
  const begun: (() => void)[] = [];
  const stuck = () => new Promise<number>((resolve) => begun.push(() => resolve(0)));
  const long = Array.from({ length: 5 }, () => fingerprint(stuck, 3 << 20));
  await fingerprint(async () => 0, 1000);
  assert.deepEqual([begun.length], [2]);
  for (let left = 5 * 12; left > 0; left--) {
    while (begun.length === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(begun.length <= 2);
    begun.shift()?.();
  }
  assert.equal(new Set(await Promise.all(long)).size, 1);
});

test('identity: another one after a change that size and modification time do not show, and the same again without', async () => {
  const file = path.join(root, 'restored');
  const identity = async (): Promise<string | undefined> => {
    let found: string | undefined;
    await withContent(folder, 'restored', async (content) => {
      found = content.identity;
    });
    return found;
  };
  fs.writeFileSync(file, 'the bytes as they were, and more');
  fs.utimesSync(file, 1_000_000, 1_000_000);
  const before = await identity();
  assert.ok(before);
  assert.equal(await identity(), before);
  overwrite(file, 0);
  fs.utimesSync(file, 1_000_000, 1_000_000);
  assert.notEqual(await identity(), before);
});

test('ETag: the size alone makes a difference', async () => {
  fs.writeFileSync(path.join(root, 'hole'), '');
  fs.truncateSync(path.join(root, 'hole'), 3_000_000);
  const before = await etagOf(folder, 'hole');
  fs.truncateSync(path.join(root, 'hole'), 3_000_001);
  assert.notEqual(await etagOf(folder, 'hole'), before);
});

test('read: at any place, short only at the end', async () => {
  const bytes = noise(10_000, 2);
  fs.writeFileSync(path.join(root, 'random'), bytes);
  await withContent(folder, 'random', async (content) => {
    const random = seeded(3);
    for (let round = 0; round < 200; round++) {
      const position = Math.floor(random() * 11_000);
      const into = Buffer.alloc(Math.floor(random() * 3000));
      const count = await content.read(into, position);
      assert.equal(count, Math.max(0, Math.min(into.length, 10_000 - position)));
      assert.deepEqual(into.subarray(0, count), bytes.subarray(position, position + count));
      const views = [Buffer.alloc(7), Buffer.alloc(0), Buffer.alloc(into.length), Buffer.alloc(11)];
      const scattered = (await content.readScattered?.(views, position)) ?? -1;
      assert.equal(scattered, Math.max(0, Math.min(into.length + 18, 10_000 - position)));
      assert.deepEqual(Buffer.concat(views).subarray(0, scattered), bytes.subarray(position, position + scattered));
    }
  });
});

test('read: what was added after the opening is not part of it', async () => {
  fs.writeFileSync(path.join(root, 'growing'), '0123456789');
  await withContent(folder, 'growing', async (content) => {
    fs.appendFileSync(path.join(root, 'growing'), 'more');
    const into = Buffer.alloc(100);
    assert.equal(await content.read(into, 5), 5);
    assert.equal(await content.readScattered?.([into.subarray(0, 50), into.subarray(50)], 5), 5);
  });
});

const disturbances: readonly {
  readonly name: string;
  readonly disturb: (file: string) => void;
  readonly want: boolean;
}[] = [
  { name: 'nothing happened', disturb: () => {}, want: true },
  { name: 'it was read', disturb: (file) => void fs.readFileSync(file), want: true },
  { name: 'octets were overwritten', disturb: (file) => overwrite(file, 10), want: false },
  { name: 'it grew', disturb: (file) => fs.appendFileSync(file, 'x'), want: false },
  { name: 'it was cut', disturb: (file) => fs.truncateSync(file, 5), want: false },
  {
    name: 'octets were overwritten and the time set back',
    disturb: (file) => {
      const { atimeMs, mtimeMs } = fs.statSync(file);
      overwrite(file, 10);
      fs.utimesSync(file, atimeMs / 1000, mtimeMs / 1000);
    },
    want: false,
  },
  { name: 'its mode changed: the bytes are the same', disturb: (file) => fs.chmodSync(file, 0o640), want: true },
  { name: 'it was renamed: the open one is whole', disturb: (file) => fs.renameSync(file, `${file}.old`), want: true },
  {
    name: 'another took its name: the open one is whole',
    disturb: (file) => {
      fs.writeFileSync(`${file}.new`, 'new');
      fs.renameSync(`${file}.new`, file);
    },
    want: true,
  },
  { name: 'it was removed: the open one is whole', disturb: (file) => fs.unlinkSync(file), want: true },
];
for (const { name, disturb, want } of disturbances) {
  test(`isUnchanged is ${want}: ${name}`, async () => {
    const file = path.join(root, 'watched');
    fs.writeFileSync(file, noise(2_000_000, 4));
    // Whole seconds, so that the time can be set back exactly.
    fs.utimesSync(file, 1_000_000, 1_000_000);
    await withContent(folder, 'watched', async (content) => {
      disturb(file);
      assert.equal(await content.isUnchanged(), want);
    });
  });
}

test('descriptors: readers of one file share one, and the last one closes it', async () => {
  const opened = await Promise.all(Array.from({ length: 50 }, () => folder.open('plain')));
  assert.equal(folder.openFiles(), 1);
  assert.equal(openDescriptors(path.join(root, 'plain')), 1);
  for (const each of opened) await close(each);
  assert.equal(folder.openFiles(), 0);
  await folder.closeIdle();
  assert.equal(openDescriptors(root), 0);
});

test('descriptors: closing twice is closing once, and a read in flight keeps the file open', async () => {
  const [first, second] = [await folder.open('plain'), await folder.open('plain')];
  assert.ok(first.kind === 'file' && second.kind === 'file');
  const into = Buffer.alloc(5);
  const reading = first.content.read(into, 0);
  await Promise.all([first.content.close(), first.content.close()]);
  assert.equal(folder.openFiles(), 1);
  const last = second.content.read(Buffer.alloc(5), 0);
  await second.content.close();
  assert.equal((await reading) + (await last), 10);
  assert.equal(into.toString(), 'plain');
  assert.equal(folder.openFiles(), 0);
  await assert.rejects(second.content.read(into, 0), /closed/);
});

test('descriptors: more files at once than there is room for are busy, and work again later', async () => {
  const narrow = folderContent(root, { ...FOLDER_LIMITS, maxOpenFiles: 1 });
  const held = await narrow.open('plain');
  assert.equal(await show(await narrow.open('sub/deep')), 'busy');
  assert.equal(await show(await narrow.open('plain')), 'plain');
  await close(held);
  assert.equal(await show(await narrow.open('sub/deep')), 'deep');
  await narrow.closeIdle();
});

test('descriptors: none is left behind by names that give nothing', async () => {
  for (const { path: name } of cases) await close(await folder.open(name));
  await folder.closeIdle();
  assert.equal(openDescriptors(root), 0);
});

const meanwhile: readonly {
  readonly name: string;
  readonly happens: (kept: string) => void;
  readonly want: string;
}[] = [
  { name: 'nothing happened', happens: () => {}, want: 'bytes' },
  { name: 'it was overwritten', happens: (kept) => fs.writeFileSync(`${kept}/in/file`, 'other'), want: 'other' },
  {
    name: 'another took its name',
    happens: (kept) => {
      fs.writeFileSync(`${kept}/in/new`, 'newer');
      fs.renameSync(`${kept}/in/new`, `${kept}/in/file`);
    },
    want: 'newer',
  },
  { name: 'it was removed', happens: (kept) => fs.unlinkSync(`${kept}/in/file`), want: 'not-found' },
  {
    name: 'a link to the same file took its name',
    happens: (kept) => {
      fs.renameSync(`${kept}/in/file`, `${kept}/in/moved`);
      fs.symlinkSync('moved', `${kept}/in/file`);
    },
    want: 'not-regular',
  },
  {
    name: 'its folder moved, and a link to it took the name of that',
    happens: (kept) => {
      fs.renameSync(`${kept}/in`, `${kept}/moved`);
      fs.symlinkSync('moved', `${kept}/in`);
    },
    want: 'outside-root',
  },
  {
    name: 'its folder moved out, and a link to it took the name of that',
    happens: (kept) => {
      fs.renameSync(`${kept}/in`, `${kept}-out`);
      fs.symlinkSync('../kept-out', `${kept}/in`);
    },
    want: 'outside-root',
  },
  {
    name: 'its folder moved, and another took the name of that',
    happens: (kept) => {
      fs.renameSync(`${kept}/in`, `${kept}/moved`);
      fs.mkdirSync(`${kept}/in`);
      fs.writeFileSync(`${kept}/in/file`, 'third');
    },
    want: 'third',
  },
];
for (const { name, happens, want } of meanwhile) {
  test(`kept open: the next opening sees at once that ${name}`, async () => {
    const kept = path.join(base, 'kept');
    fs.mkdirSync(path.join(kept, 'in'), { recursive: true });
    fs.writeFileSync(path.join(kept, 'in', 'file'), 'bytes');
    const content = folderContent(kept);
    assert.equal(await show(await content.open('in/file')), 'bytes');
    assert.equal(openDescriptors(kept), 1);
    happens(kept);
    assert.equal(await show(await content.open('in/file')), want);
    await content.closeIdle();
    assert.equal(openDescriptors(kept) + openDescriptors(`${kept}-out`), 0);
    for (const folderName of [kept, `${kept}-out`]) fs.rmSync(folderName, { recursive: true, force: true });
  });
}

test('kept open: by the mode it has now, and as the user that asks now', { skip: needsRoot }, async () => {
  const file = path.join(root, 'guarded');
  fs.writeFileSync(file, 'guarded', { mode: 0o644 });
  assert.equal(await show(await folder.open('guarded')), 'guarded');
  fs.chmodSync(file, 0o600);
  process.seteuid?.(65_534);
  try {
    assert.equal(await show(await folder.open('guarded')), 'no-permission');
  } finally {
    process.seteuid?.(0);
    fs.unlinkSync(file);
  }
});

test('kept open: the same descriptor for who comes next, none beyond its time, few in all', async () => {
  const clock = new FakeClock();
  const files = new OpenFiles(1000, (ms, then) => clock.after(ms, then));
  const kept = path.join(base, 'many-kept');
  fs.mkdirSync(kept);
  const adopt = async (name: string) => {
    const fd = fs.openSync(path.join(kept, name), 'a+');
    const stat = fs.fstatSync(fd, { bigint: true });
    return (await files.adopt(name, { fd, stat, isAtHand: true })) ?? assert.fail('no room');
  };
  for (let i = 0; i < 600; i++) await (await adopt(`${i}`)).release();
  assert.equal(openDescriptors(kept), 512);
  assert.equal(files.find('0'), undefined);
  const found = files.find('599');
  assert.ok(found);
  const held = files.hold(found);
  clock.advance(10_000);
  assert.equal(files.count, 1);
  await held.use(async () => {});
  await files.closeAllIdle();
  assert.equal(clock.pendingTimers, 0);
  while (openDescriptors(kept) > 1) await new Promise((resolve) => setImmediate(resolve));
  await held.release();
  assert.equal(clock.pendingTimers, 1);
  await files.closeAllIdle();
  assert.equal(clock.pendingTimers + openDescriptors(kept), 0);
});

test('lent: a file that stands still is kept from the second who asks on, and each sees the same octets', async () => {
  const blocks = new Blocks(GIB, { totalBytes: GIB, availableBytes: () => GIB }, new FakeClock());
  // The runtime itself: a file that nobody has written to for seconds.
  const still = folderContent(path.dirname(process.execPath), FOLDER_LIMITS, blocks);
  const name = path.basename(process.execPath);
  const borrow = async (): Promise<Uint8Array | undefined> => {
    const { content } = await openFile(still, name);
    try {
      return await content.borrow?.(1000, 500);
    } finally {
      await content.close();
    }
  };
  assert.equal(await borrow(), undefined);
  const [first, second] = [await borrow(), await borrow()];
  assert.ok(first && second);
  assert.equal(first.buffer, second.buffer);
  const { content } = await openFile(still, name);
  const read = new Uint8Array(500);
  await content.read(read, 1000);
  await content.close();
  assert.deepEqual(new Uint8Array(first), read);
  await still.closeIdle();
});

test('lent: what is read of a file that was written to since it was opened is kept for nobody', async () => {
  const blocks = new Blocks(GIB, { totalBytes: GIB, availableBytes: () => GIB }, new FakeClock());
  const where = path.join(base, 'overwritten');
  fs.writeFileSync(where, 'after');
  const fd = fs.openSync(where, 'r');
  const now = fs.fstatSync(fd, { bigint: true });
  // As it was opened: an hour before.
  const hour = { ctimeMs: now.ctimeMs - 3_600_000n, ctimeNs: now.ctimeNs - 3_600_000_000_000n };
  const stat = Object.assign(Object.create(Object.getPrototypeOf(now)), now, hour);
  const file = new OpenFile({ fd, stat, isAtHand: true }, (freed) => freed.close());
  const content = contentOf(file, '"tag"', { tags: new Tags(), blocks });
  assert.equal(await content.borrow?.(0, 5), undefined);
  assert.equal((await content.borrow?.(0, 5))?.length, 5);
  assert.equal(blocks.bytes, 0);
  await content.close();
});

test('lent: nothing of a file that may just be written to; where there is no cache, nothing is lent at all', async () => {
  const blocks = new Blocks(GIB, { totalBytes: GIB, availableBytes: () => GIB }, new FakeClock());
  fs.writeFileSync(path.join(base, 'young'), 'young');
  const young = await openFile(folderContent(base, FOLDER_LIMITS, blocks), 'young');
  for (let i = 0; i < 3; i++) assert.equal(await young.content.borrow?.(0, 5), undefined);
  assert.equal(blocks.bytes, 0);
  await young.content.close();
  const plain = await openFile(folderContent(base), 'young');
  assert.equal(plain.content.borrow, undefined);
  await plain.content.close();
});

async function openFile(content: FolderContent, name: string): Promise<Extract<Opened, { kind: 'file' }>> {
  const opened = await content.open(name);
  if (opened.kind !== 'file') assert.fail(opened.kind);
  return opened;
}

async function show(opened: Opened): Promise<string> {
  if (opened.kind === 'missing') return opened.reason;
  if (opened.kind === 'folder') return 'folder';
  const into = Buffer.alloc(opened.content.sizeBytes);
  await opened.content.read(into, 0);
  await opened.content.close();
  return into.toString('latin1');
}

async function close(opened: Opened): Promise<void> {
  if (opened.kind === 'file') await opened.content.close();
}

async function withContent(
  from: FolderContent,
  name: string,
  then: (content: Content) => Promise<void>,
): Promise<void> {
  const opened = await from.open(name);
  assert.ok(opened.kind === 'file', `${name}: ${opened.kind}`);
  await then(opened.content);
  await opened.content.close();
}

async function etagOf(from: FolderContent, name: string): Promise<string> {
  let etag = '';
  await withContent(from, name, async (content) => {
    etag = content.etag;
  });
  return etag;
}

/** Two names change places, by way of a third. */
function exchange(inside: string, a: string, b: string): void {
  const at = (name: string): string => path.join(inside, name);
  fs.renameSync(at(a), at('third'));
  fs.renameSync(at(b), at(a));
  fs.renameSync(at('third'), at(b));
}

function overwrite(file: string, at: number): void {
  const fd = fs.openSync(file, 'r+');
  fs.writeSync(fd, 'overwritten', at);
  fs.closeSync(fd);
}

function noise(length: number, seed: number): Buffer {
  const random = seeded(seed);
  const bytes = Buffer.alloc(length);
  for (let i = 0; i + 4 <= length; i += 4) bytes.writeUInt32LE(Math.floor(random() * 2 ** 32), i);
  return bytes;
}

/** Descriptors of this process for what lies at or below `where`. */
function openDescriptors(where: string): number {
  return fs.readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith(where);
    } catch {
      return false;
    }
  }).length;
}
