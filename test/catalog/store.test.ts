import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import type { SeenFile } from '../../src/catalog/images.ts';
import { formatRecords, type ImageRecord, MAX_RECORDS, parseRecords, Records } from '../../src/catalog/record.ts';
import { diskRecordStore, recordFile } from '../../src/catalog/store.ts';
import { FakeLog, mutate, seeded } from '../support/fakes.ts';
import { verdictOf } from './world.ts';

const folder = mkdtempSync(join(tmpdir(), 'catalog-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const seen = (path: string, inode: number | undefined = 7): SeenFile => ({
  ...{ path, inode, sizeBytes: 100, modifiedMs: 1000.5, changedMs: 2000 },
});
const record = (path: string, inode?: number): ImageRecord => ({
  seen: seen(path, inode),
  known: { verdict: verdictOf(path), etag: '"x"', declaredBytes: 100, digests: { sha256: 'ab' } },
});

test('records come back as they were', () => {
  const records = [record('a.iso'), { seen: seen('b.iso'), known: { digests: {} } }];
  assert.deepEqual(parseRecords(formatRecords(records, 't1'), 't1'), records);
});

test("verdicts of another table are forgotten; digests are the bytes' own and stay", () => {
  const [parsed] = parseRecords(formatRecords([record('a.iso')], 't1'), 't2') ?? [];
  assert.deepEqual(parsed?.known, { digests: { sha256: 'ab' } });
});

for (const text of ['', 'no json', '[]', '{"format":2,"records":[]}', '{"format":1}', '{"format":1,"records":{}}']) {
  test(`a file that says ${JSON.stringify(text)} is not ours`, () => assert.equal(parseRecords(text, 't'), undefined));
}

test('whatever is in the file, what comes out has the shape that others work with', () => {
  const random = seeded(3);
  const bytes = new TextEncoder().encode(formatRecords([record('a.iso'), record('b.iso')], 't'));
  let understood = 0;
  for (let i = 0; i < 3000; i++) {
    const records = parseRecords(new TextDecoder().decode(mutate(bytes, random)), 't') ?? [];
    understood += records.length;
    for (const { known } of records) {
      for (const { how, archs } of known.verdict?.entries ?? []) {
        assert.ok(how.kind !== 'linux' || how.initrds.every((name) => typeof name === 'string'));
        assert.ok(archs.every((arch) => typeof arch === 'string'));
      }
    }
  }
  assert.ok(understood > 200, `${understood}`);
});

const recalls: readonly {
  readonly name: string;
  readonly asked: SeenFile;
  /** Which inode has the old name now. */
  readonly oldName: number | undefined;
  readonly want: 'sure' | 'unsure' | 'not';
}[] = [
  { name: 'the same file', asked: seen('a.iso'), oldName: 7, want: 'sure' },
  {
    name: 'a renamed file, whose change time moves with it',
    asked: { ...seen('b.iso'), changedMs: 3000 },
    oldName: undefined,
    want: 'sure',
  },
  {
    name: 'a renamed file in whose place another one is',
    asked: { ...seen('b.iso'), changedMs: 3000 },
    oldName: 8,
    want: 'sure',
  },
  { name: 'a second name for the same file', asked: seen('b.iso'), oldName: 7, want: 'sure' },
  {
    name: 'a file whose rights have changed, or that was written to and dated back',
    asked: { ...seen('a.iso'), changedMs: 3000 },
    oldName: 7,
    want: 'unsure',
  },
  {
    name: 'a second name that it got since',
    asked: { ...seen('b.iso'), changedMs: 3000 },
    oldName: 7,
    want: 'unsure',
  },
  { name: 'another size', asked: { ...seen('a.iso'), sizeBytes: 101 }, oldName: 7, want: 'not' },
  { name: 'another file with the same times', asked: seen('b.iso', 8), oldName: undefined, want: 'not' },
  {
    name: 'a renamed file where inodes are not told',
    asked: { ...seen('b.iso'), inode: undefined },
    oldName: undefined,
    want: 'not',
  },
];
for (const { name, asked, oldName, want } of recalls) {
  test(`recall: ${name}: ${want} known`, () => {
    const records = new Records();
    records.put(record('a.iso'));
    const recalled = records.recall(asked, () => oldName);
    assert.equal(recalled ? (recalled.isSure ? 'sure' : 'unsure') : 'not', want);
  });
}

test('records are bounded, the oldest gives way', () => {
  const records = new Records();
  for (let i = 0; i <= MAX_RECORDS; i++) records.put(record(`${i}.iso`, i));
  assert.equal(records.all.length, MAX_RECORDS);
  assert.equal(
    records.recall(seen('0.iso', 0), () => undefined),
    undefined,
  );
});

test('each folder of images has its own file', () => {
  assert.notEqual(recordFile('/s', '/isos'), recordFile('/s', '/other'));
  assert.match(recordFile('/s', '/isos'), /^\/s\/images-[0-9a-f]{12}\.json$/);
});

test('the file is replaced as a whole, and what a broken run left is removed', async () => {
  const log = new FakeLog();
  const file = join(folder, 'images.json');
  const [left, fresh] = [`${file}.0a1b2c.part`, `${file}.d4e5f6.part`];
  for (const path of [left, fresh]) writeFileSync(path, 'half');
  utimesSync(left, 0, 0);
  const store = diskRecordStore(file, 't', log);
  assert.deepEqual(await store.load(), []);
  assert.deepEqual(readdirSync(folder), [basename(fresh)], 'somebody may be writing that one now');
  rmSync(fresh);
  await store.save([record('a.iso')]);
  assert.deepEqual(readdirSync(folder), ['images.json']);
  assert.deepEqual(await diskRecordStore(file, 't', log).load(), [record('a.iso')]);
  assert.deepEqual(log.lines, []);
});

test('a damaged file is said once, and begun anew', async () => {
  const log = new FakeLog();
  const file = join(folder, 'damaged.json');
  writeFileSync(file, '{"format":1,"rec');
  const store = diskRecordStore(file, 't', log);
  assert.deepEqual(await store.load(), []);
  assert.deepEqual(
    log.lines.map(({ level, event }) => [level, event]),
    [['info', 'not-remembered']],
  );
  await store.save([]);
  assert.match(readFileSync(file, 'utf8'), /"records":\[\]/);
});

test('where nothing can be written all works, and that is said once', async () => {
  const log = new FakeLog();
  const store = diskRecordStore(join(folder, 'nowhere', 'images.json'), 't', log);
  assert.deepEqual(await store.load(), []);
  await store.save([record('a.iso')]);
  await store.save([record('b.iso')]);
  assert.deepEqual(
    log.lines.map(({ level, event }) => [level, event]),
    [['info', 'not-remembered']],
  );
  // A file in the place of the folder is no reason to fail either.
  writeFileSync(join(folder, 'file'), '');
  await diskRecordStore(join(folder, 'file', 'images.json'), 't', log).save([]);
});

/** Saves records again and again until it is ended; says so once the first ones stand. */
const WRITER = `
  const [module, file] = process.argv.slice(1);
  const { diskRecordStore } = await import(module);
  const store = diskRecordStore(file, 't', { debug() {}, info() {}, warn() {}, error() {} });
  await store.load();
  const seen = { path: 'a.iso', sizeBytes: 100, modifiedMs: 1, changedMs: 2, inode: 7 };
  for (let i = 0; ; i++) {
    const records = Array.from({ length: 500 }, (_, n) => ({ seen: { ...seen, path: n + '.iso' }, known: { digests: { sha256: process.pid + '-' + i } } }));
    await store.save(records);
    if (i === 0) console.log('saved');
  }`;

test('two nodes that share a file and are killed while they write leave it whole', { timeout: 30_000 }, async () => {
  const state = join(folder, 'shared');
  mkdirSync(state);
  const file = join(state, 'images.json');
  const module = new URL('../../src/catalog/store.ts', import.meta.url).href;
  const log = new FakeLog();
  for (let round = 0; round < 3; round++) {
    const writers = [0, 1].map(() =>
      spawn(process.execPath, ['--input-type=module', '-e', WRITER, module, file], {
        stdio: ['ignore', 'pipe', 'inherit'],
      }),
    );
    await Promise.all(writers.map(({ stdout }) => once(stdout, 'data')));
    for (let i = 0; i < 20; i++) assert.equal((await diskRecordStore(file, 't', log).load()).length, 500);
    const ended = writers.map((writer) => once(writer, 'close'));
    for (const writer of writers) writer.kill('SIGKILL');
    await Promise.all(ended);
    assert.equal((await diskRecordStore(file, 't', log).load()).length, 500);
  }
  assert.deepEqual(log.lines, []);
  for (const name of readdirSync(state)) utimesSync(join(state, name), 0, 0);
  await diskRecordStore(file, 't', log).load();
  assert.deepEqual(readdirSync(state), ['images.json'], 'what they left is removed');
});

test('whoever writes the file, the node that runs as another user can read it', async () => {
  const file = join(folder, 'mode.json');
  const before = process.umask(0o077);
  try {
    await diskRecordStore(file, 't', new FakeLog()).save([record('a.iso')]);
  } finally {
    process.umask(before);
  }
  assert.equal(statSync(file).mode & 0o777, 0o644);
});
