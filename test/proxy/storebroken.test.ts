/** Whatever happens to the folder: a miss, never other octets than those that were kept. threats.md has it as one line. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bytesOf, fetched, ground, kept, MIB, newEntry, readAll, same, writeRest } from './storeground.ts';

/** One bit of the octet at `at`. */
function flip(path: string, at: number): void {
  const octet = readFileSync(path)[at] ?? 0;
  const fd = openSync(path, 'r+');
  writeSync(fd, Uint8Array.of(octet % 2 === 0 ? octet + 1 : octet - 1), 0, 1, at);
  closeSync(fd);
}

const harms: readonly { readonly name: string; readonly harm: (path: string) => void }[] = [
  { name: 'the first bit flipped', harm: (path) => flip(path, 0) },
  { name: 'the last bit flipped', harm: (path) => flip(path, statSync(path).size - 1) },
  { name: 'an octet missing', harm: (path) => truncateSync(path, statSync(path).size - 1) },
  { name: 'nothing in it', harm: (path) => truncateSync(path, 0) },
  { name: 'gone', harm: (path) => unlinkSync(path) },
  { name: "another's", harm: (path) => writeFileSync(path, bytesOf('x', statSync(path).size)) },
];
for (const size of [1000, 2 * MIB + 100]) {
  for (const { name, harm } of harms) {
    test(`store: a content of ${size} octets, ${name}: it is forgotten, counted, and kept anew`, async (t) => {
      const { open, files, warned } = ground(t);
      let store = await open();
      await kept(store, 'a', bytesOf('a', size));
      await kept(store, 'b', bytesOf('b', size));
      await store.close();
      harm(files().find((path) => readFileSync(path).equals(bytesOf('a', size))) ?? '');
      store = await open();
      const got = await fetched(store, 'a').catch((error: unknown) => {
        assert.match(String(error), /is not what was written/);
        return undefined;
      });
      assert.ok(got === undefined, 'it was handed out');
      assert.deepEqual([store.find('a'), store.report().damaged, warned], [[], 1, ['damaged']]);
      same(await fetched(store, 'b'), bytesOf('b', size), 'the other one');
      await kept(store, 'a', bytesOf('a', size));
      same(await fetched(store, 'a'), bytesOf('a', size), 'anew');
    });
  }
}

test('store: a bit that flips in a large content spoils its own block and no other', async (t) => {
  const { open, files } = ground(t);
  const store = await open();
  const bytes = bytesOf('a', 3 * MIB);
  const content = await store.open(await kept(store, 'a', bytes));
  assert.ok(content?.borrow);
  flip(files()[0] ?? '', MIB + 5);
  const into = new Uint8Array(10);
  assert.equal(await content.read(into, 100), 10);
  same(into, bytes.subarray(100, 110), 'the first block');
  await assert.rejects(content.read(into, MIB + 100), /is not what was written/);
  await assert.rejects(async () => content.borrow?.(MIB + 100, 10), /is not what was written/);
  await assert.rejects(readAll(content), /is not what was written/);
  assert.equal(await content.read(into, 2 * MIB), 10);
  assert.deepEqual([store.find('a'), store.report().damaged], [[], 1]);
  await content.close();
});

test('store: octets added behind a content are no part of it', async (t) => {
  const { open, files } = ground(t);
  let store = await open();
  await kept(store, 'a', bytesOf('a', 1000));
  await store.close();
  appendFileSync(files()[0] ?? '', 'more');
  store = await open();
  same(await fetched(store, 'a'), bytesOf('a', 1000), 'a');
});

test('store: what is broken while it is written does not become whole', async (t) => {
  const { open, files } = ground(t);
  const store = await open();
  const draft = await store.create(newEntry('a'));
  assert.ok(draft);
  await draft.write(bytesOf('a', MIB));
  flip(files()[0] ?? '', 7);
  await assert.rejects(draft.read(new Uint8Array(10), 0), /is not what was written/);
  await assert.rejects(draft.finish(), /is not what was written/);
  await draft.leave();
  assert.deepEqual([store.find('a'), await store.resume('a', []), files()], [[], undefined, []]);
});

const torn: readonly { readonly name: string; readonly harm: (path: string) => void; readonly left: number }[] = [
  { name: 'cut off in the third block', harm: (path) => truncateSync(path, 2 * MIB + 9), left: 2 },
  { name: 'a hole in the third block', harm: (path) => flip(path, 2 * MIB + 9), left: 2 },
  { name: 'cut off in the first block', harm: (path) => truncateSync(path, 9), left: 0 },
  { name: 'gone', harm: (path) => unlinkSync(path), left: 0 },
];
for (const { name, harm, left } of torn) {
  test(`store: of what broke off the right beginning is left: ${name}`, async (t) => {
    const { open, files } = ground(t);
    let store = await open();
    const bytes = bytesOf('a', 5 * MIB);
    const draft = await store.create(newEntry('a', { sizeBytes: bytes.length }));
    assert.ok(draft);
    await writeRest(draft, bytes.subarray(0, 4 * MIB));
    await draft.leave();
    await store.close();
    harm(files()[0] ?? '');
    store = await open();
    const resumed = await store.resume('a', []);
    assert.equal(resumed?.draft.writtenBytes ?? 0, left * MIB);
    if (!resumed) return assert.deepEqual([files(), store.report().bytes], [[], 0]);
    await writeRest(resumed.draft, bytes);
    await resumed.draft.finish();
    same(await fetched(store, 'a'), bytes, 'whole');
  });
}

/** What is in the folder's index. */
const indexHarms: readonly {
  readonly name: string;
  readonly harm: (path: string) => void;
  readonly isAnew: boolean;
}[] = [
  { name: 'gone', harm: (path) => rmSync(path), isAnew: false },
  { name: 'empty', harm: (path) => truncateSync(path, 0), isAnew: false },
  { name: 'text', harm: (path) => writeFileSync(path, 'This is not a database at all.\n'.repeat(400)), isAnew: true },
  {
    name: 'cut in half',
    harm: (path) => truncateSync(path, Math.floor(statSync(path).size / 8192) * 4096),
    isAnew: true,
  },
  {
    name: "another program's",
    harm: (path) => {
      rmSync(path);
      execFileSync(process.execPath, ['-e', ANOTHERS, path], { stdio: 'ignore' });
    },
    isAnew: true,
  },
];
const ANOTHERS = `
  const { DatabaseSync } = require('node:sqlite');
  new DatabaseSync(process.argv[1]).exec('CREATE TABLE notes (text); PRAGMA user_version = 77');
`;
for (const { name, harm, isAnew } of indexHarms) {
  test(`store: an index that is ${name}: nothing is found, everything is kept anew, what nobody leads to goes`, async (t) => {
    const { open, files, folder, warned, clock } = ground(t);
    let store = await open();
    for (let i = 0; i < 50; i++) await kept(store, `${i}`, bytesOf(`${i}`, 1000));
    await store.close();
    harm(join(folder, 'index.sqlite'));
    store = await open();
    // Of a page that is missing SQLite says so when it comes to it.
    const found: Uint8Array[] = [];
    for (let i = 0; i < 50; i++) {
      const got = await fetched(store, `${i}`);
      if (got) same(got, bytesOf(`${i}`, 1000), `${i}`);
      if (got) found.push(got);
    }
    await kept(store, 'new', bytesOf('new', 1000));
    same(await fetched(store, 'new'), bytesOf('new', 1000), 'new');
    assert.deepEqual([found.length, warned.includes('index-anew')], [0, isAnew]);
    for (let turn = 0; turn < 50_000 && files().length > 1; turn++) {
      clock.advance(2000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(files().length, 1);
    await store.close();
    same(await fetched(await open(), 'new'), bytesOf('new', 1000), 'after a restart');
  });
}

test('store: an index whose pages rot gives what was kept, or nothing', async (t) => {
  const { open, folder } = ground(t);
  const path = join(folder, 'index.sqlite');
  let store = await open();
  for (let i = 0; i < 300; i++) await kept(store, `${i}`, bytesOf(`${i}`, 500));
  await store.close();
  const whole = readFileSync(path);
  let missed = 0;
  for (let round = 0; round < 12; round++) {
    const rotten = Buffer.from(whole);
    // Behind the first page, so that it is opened at all: a run of octets, elsewhere in each round.
    const at = 4096 + Math.floor(((round + 0.5) / 12) * (whole.length - 8192));
    rotten.set(bytesOf(`rot ${round}`, 600), at);
    writeFileSync(path, rotten);
    store = await open();
    for (let i = 0; i < 300; i++) {
      const entry = store.find(`${i}`)[0];
      const got = entry && (await fetched(store, `${i}`).catch(() => undefined));
      if (entry) assert.deepEqual(entry.head, newEntry(`${i}`).head);
      if (got) same(got, bytesOf(`${i}`, 500), `${i} in round ${round}`);
      else missed += 1;
      if (!got) break;
    }
    await store.close();
  }
  assert.ok(missed > 0);
});

/** Runs storefull.ts with a small file system of its own at a folder. */
function onSmallDisk(t: { skip(why: string): void }, what: string, sizeMib: number): unknown {
  if (process.getuid?.() !== 0) {
    if (process.env.CI) throw new Error('needs root to mount a small file system');
    t.skip('needs root to mount a small file system');
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), 'flisolator-full-'));
  try {
    const script = `mount -t tmpfs -o size=${sizeMib}m tmpfs "$1" && exec "$2" "$3" "$1" ${what}`;
    const args = ['-m', 'sh', '-c', script, 'sh', folder, process.execPath, besides('storefull.ts')];
    return JSON.parse(execFileSync('unshare', args, { encoding: 'utf8', timeout: 50_000 }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
const besides = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

test('store: on a file system that is smaller than the cache may be, some of it stays free and what is worth least goes', (t) => {
  const said = onSmallDisk(t, 'fill', 48) as Record<string, unknown> | undefined;
  if (!said) return;
  assert.deepEqual(said, {
    isEveryPutKept: true,
    isLatestRight: true,
    wrong: 0,
    hasEvicted: true,
    isSpared: true,
    trouble: null,
  });
});

test('store: a disk that is full is said with the cure, what is kept is served, and it is tried again half a minute later', (t) => {
  const said = onSmallDisk(t, 'full', 48) as Record<string, unknown> | undefined;
  if (!said) return;
  const trouble = String(said.trouble);
  assert.match(
    trouble,
    /^the cache in .* takes nothing more, its disk is full: make room there, or give a smaller proxy\.cacheSize$/,
  );
  assert.deepEqual(said, {
    ...{ trouble, code: 'store-failed', says: trouble, isOldRight: true, isCreatedAtOnce: false, isCreatedLater: true },
    ...{ isRightLater: true, troubleLater: null, isRightAfterRestart: true },
  });
});

test('store: an index that cannot grow on a full disk harms nobody', (t) => {
  const said = onSmallDisk(t, 'index', 24) as Record<string, unknown> | undefined;
  if (!said) return;
  assert.deepEqual(said, { wasRefused: true, wrong: 0, isKeptLater: true, isRightAfterRestart: true });
});
