/** The disk under the cache: full, flipped, emptied, too small for what is asked. Never a wrong octet, never an end. */
import assert from 'node:assert/strict';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../support/netns.ts';
import { openOrigin, paths } from '../support/origin.ts';
import { Seeded } from '../support/origincontent.ts';
import { comparing, eventually, keeps } from '../support/proxychecks.ts';
import { startProxy } from '../support/proxyflink.ts';

const MiB = 2 ** 20;

const filesOf = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
const bytesOf = (folder: string): number => filesOf(folder).reduce((sum, file) => sum + statSync(file).size, 0);

test('a disk that is full: everybody gets the whole, nothing half is kept, and it says so', async (t) => {
  if (!needs(t, ['unshare', 'mount'])) return;
  const folder = mkdtempSync(join(tmpdir(), 'full-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const big = new Seeded('big', 48 * MiB);
  const small = new Seeded('small', 20_000);
  const origin = await openOrigin(
    t,
    paths({ '/big': keeps(big, { etag: '"big"' }), '/small': keeps(small, { etag: '"small"' }) }),
  );
  const mounted = [
    'unshare',
    '-m',
    'sh',
    '-c',
    `mount -t tmpfs -o size=16m,mode=1777 none ${folder} && exec "$@"`,
    'sh',
  ];
  const flink = await startProxy(t, { allow: [origin], cacheDir: folder, under: mounted });
  const expected = big.whole();
  for (let round = 0; round < 2; round++) {
    const asking = Array.from({ length: 3 }, () => flink.get(`${origin.url}/big`, {}, comparing(expected)));
    for (const { status, bytes, ended } of await Promise.all(asking))
      assert.deepEqual([status, bytes, ended], [200, big.sizeBytes, 'length']);
  }
  for (let n = 0; n < 3; n++) {
    const got = await flink.get(`${origin.url}/small`, {}, { isHashed: true });
    assert.equal(got.sha256, small.sha256());
  }
  const { store } = await flink.report();
  assert.ok(store.bytes <= 16 * MiB, String(store.bytes));
  const ranged = await flink.get(`${origin.url}/big`, { Range: 'bytes=1000-1009' });
  assert.ok(ranged.body.equals(expected.subarray(1000, 1010)));
  assert.equal(await flink.stop(), 0);
});

test('the cache takes no more than it may; what many want is not pushed out by one that is large', async (t) => {
  const bodies = new Map(Array.from({ length: 100 }, (_, n) => [`/small${n}.deb`, new Seeded(`small${n}`, 20_000)]));
  const large = new Map(Array.from({ length: 12 }, (_, n) => [`/large${n}.iso`, new Seeded(`large${n}`, 12 * MiB)]));
  const over = new Seeded('over', 20 * MiB);
  const all = Object.fromEntries(
    [...bodies, ...large, ['/over.iso', over] as const].map(([path, content]) => [
      path,
      keeps(content, { etag: `"${path}"` }),
    ]),
  );
  const origin = await openOrigin(t, paths(all));
  const flink = await startProxy(t, { allow: [origin], proxy: '  cacheSize: 32MB\n  maxObject: 16MB' });
  const get = async (path: string, content: Seeded): Promise<void> => {
    const got = await flink.get(`${origin.url}${path}`, {}, { isHashed: true, keepBytes: 0 });
    assert.equal(got.sha256, content.sha256(), path);
  };
  for (let round = 0; round < 3; round++) for (const [path, content] of bodies) await get(path, content);
  assert.equal(origin.requests.length, 100);
  for (const [path, content] of large) await get(path, content);
  await eventually('there is room again', async () => {
    const { store } = await flink.report();
    return store.bytes <= 32_000_000 && bytesOf(flink.cacheDir) <= 40_000_000;
  });
  const before = origin.requests.length;
  for (const [path, content] of bodies) await get(path, content);
  assert.ok(origin.requests.length - before <= 10, `${origin.requests.length - before} of 100 were gone`);
  const { store } = await flink.report();
  assert.ok(store.evicted > 0);
  // Larger than may be kept: told whole, each time anew.
  const since = origin.requests.length;
  for (let n = 0; n < 2; n++) await get('/over.iso', over);
  assert.equal(origin.requests.length - since, 2);
});

test('what the disk did to it: flipped bits, files gone, files cut, an index that is lost', async (t) => {
  const content = new Seeded('kept', 3 * MiB + 12_345);
  const tiny = new Seeded('tiny', 5000);
  const origin = await openOrigin(
    t,
    paths({ '/kept': keeps(content, { etag: '"kept"' }), '/tiny': keeps(tiny, { etag: '"tiny"' }) }),
  );
  const flink = await startProxy(t, { allow: [origin] });
  const both = async (): Promise<void> => {
    for (const [path, { sizeBytes }, expected] of [
      ['/kept', content, content.whole()],
      ['/tiny', tiny, tiny.whole()],
    ] as const) {
      // An answer under way may break off where the disk fails it: what comes is true, and the next one is whole.
      const first = await flink.get(`${origin.url}${path}`, {}, comparing(expected)).catch(() => undefined);
      const got = first?.bytes === sizeBytes ? first : await flink.get(`${origin.url}${path}`, {}, comparing(expected));
      assert.deepEqual([got.status, got.bytes], [200, sizeBytes], path);
    }
  };
  const files = (): readonly string[] =>
    filesOf(flink.cacheDir).filter((file) => !/\.(sqlite|db)|-wal$|-shm$|index/.test(file));
  const spoilt: readonly (readonly [string, (file: string) => void])[] = [
    ['a bit in the middle', (file) => flip(file, Math.floor(statSync(file).size / 2))],
    ['the first octet', (file) => flip(file, 0)],
    ['the last octet', (file) => flip(file, statSync(file).size - 1)],
    ['files cut', (file) => writeFileSync(file, 'cut')],
    ['files gone', (file) => rmSync(file)],
  ];
  await both();
  assert.ok(files().length >= 1, filesOf(flink.cacheDir).join());
  for (const [name, spoil] of spoilt)
    await t.test(name, async () => {
      await both();
      await flink.stop();
      for (const file of files()) spoil(file);
      await flink.start();
      await both();
      await both();
    });
  await t.test('all of it at once, and the index is rubbish', async () => {
    await flink.kill();
    for (const file of filesOf(flink.cacheDir)) writeFileSync(file, Buffer.alloc(9000, 'rubbish'));
    await flink.start();
    await both();
    const before = origin.requests.length;
    await both();
    assert.equal(origin.requests.length, before);
  });
  await t.test('the folder is emptied while it runs', async () => {
    for (const file of filesOf(flink.cacheDir)) rmSync(file);
    await both();
  });
  await t.test("the folder is full of other people's files: they stay", async () => {
    await flink.stop();
    mkdirSync(join(flink.cacheDir, 'photos'), { recursive: true });
    writeFileSync(join(flink.cacheDir, 'photos', 'cat.jpg'), 'cat');
    writeFileSync(join(flink.cacheDir, 'notes.txt'), 'notes');
    await flink.start();
    await both();
    assert.ok(
      statSync(join(flink.cacheDir, 'photos', 'cat.jpg')).size === 3 &&
        statSync(join(flink.cacheDir, 'notes.txt')).size === 5,
    );
  });
});

function flip(file: string, at: number): void {
  const fd = openSync(file, 'r+');
  const octet = Buffer.alloc(1);
  readSync(fd, octet, 0, 1, at);
  writeSync(fd, Buffer.of(255 - (octet.at(0) ?? 0)), 0, 1, at);
  closeSync(fd);
}
