import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync, readdirSync, readlinkSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Fault } from '../../src/core/errors.ts';
import { type Journal, openJournal } from '../../src/host/journal.ts';
import { type JournalFiles, journalFiles } from '../../src/host/journalfiles.ts';
import { type Change, encodeLine, type Json } from '../../src/host/journalline.ts';
import { takeLock } from '../../src/host/lock.ts';
import { skipUnlessRoot } from '../cli/support.ts';
import { FakeDisk } from '../support/disk.ts';
import { FakeClock, FakeLog, seeded } from '../support/fakes.ts';

const FIRST = 'leases-000001.log';

async function openOn(files: JournalFiles, log = new FakeLog(), spareLines = 1000): Promise<Journal> {
  return openJournal({ name: 'leases', files, log, spareLines, outdated: () => [] });
}

const of = (values: Readonly<Record<string, Json>>): Change => Object.entries(values);
const valuesOf = (journal: Journal) => Object.fromEntries(journal.values);
const later = () => new Promise((resolve) => setImmediate(resolve));

test('journal: what was committed is there after a start, the last of each key', async () => {
  const disk = new FakeDisk();
  const first = await openOn(disk);
  await first.commit([
    ['a', 1],
    ['b', { c: ['ñ', null] }],
  ]);
  await first.commit(of({ a: 2 }));
  await first.commit(of({ d: 4 }));
  await first.commit(of({ d: null }));
  await first.close();
  assert.deepEqual(valuesOf(await openOn(disk)), { a: 2, b: { c: ['ñ', null] } });
});

test('journal: a record is a line that people can read: CRC-32, blank, JSON', async () => {
  const disk = new FakeDisk();
  const journal = await openOn(disk);
  await journal.commit(of({ '172.16.0.101': { state: 'bound' } }));
  // The sum is what Python's zlib.crc32 gives for that text.
  assert.equal(disk.text(FIRST), '73fcb1a1 [["172.16.0.101",{"state":"bound"}]]\n');
});

test('journal: a start writes behind no other: the end of the last segment may be torn', async () => {
  const disk = new FakeDisk();
  for (const a of [1, 2]) {
    const journal = await openOn(disk);
    await journal.commit(of({ a }));
    await journal.close();
  }
  assert.deepEqual(Object.keys(disk.files()), [FIRST, 'leases-000002.log']);
});

test('journal: a last record that was not written to its end is dropped without a word, wherever it breaks off', async () => {
  const whole = encodeLine(of({ a: 1 }));
  const last = encodeLine(of({ a: 2, b: 'lost' }));
  for (let cut = 0; cut < last.length - 1; cut++) {
    const log = new FakeLog();
    const journal = await openOn(FakeDisk.of({ [FIRST]: whole + last.slice(0, cut) }), log);
    assert.deepEqual(valuesOf(journal), { a: 1 });
    assert.deepEqual(
      log.lines.filter(({ level }) => level !== 'debug'),
      [],
    );
  }
});

test('journal: a record that lacks nothing but its newline counts', async () => {
  const journal = await openOn(FakeDisk.of({ [FIRST]: encodeLine(of({ a: 1 })).trimEnd() }));
  assert.deepEqual(valuesOf(journal), { a: 1 });
});

test('journal: a flipped bit costs the record that it is in, no other, and is said once with the file', async () => {
  const lines = ['a', 'b', 'c', 'd'].map((key) => encodeLine(of({ [key]: { mac: '52:54:00:12:34:56' } })));
  const bytes = Buffer.from(lines.join(''));
  const length = lines[0]?.length ?? 0;
  const random = seeded(25);
  for (let at = 0; at < bytes.length - 1; at++) {
    const flipped = Buffer.from(bytes);
    flipped.writeUInt8(flipped.readUInt8(at) ^ (2 ** Math.floor(random() * 8)), at);
    const log = new FakeLog();
    const journal = await openOn(FakeDisk.of({ [FIRST]: flipped }), log);
    const hit = Math.floor(at / length);
    // A newline is the border of two.
    const isNewline = at % length === length - 1;
    const left = ['a', 'b', 'c', 'd'].filter((_, i) => i !== hit && !(isNewline && i === hit + 1));
    assert.deepEqual([...journal.values.keys()], left, `octet ${at}`);
    const said = log.lines.filter(({ level }) => level === 'warn');
    assert.deepEqual(
      said.map(({ event, file }) => [event, file]),
      [['damaged', FIRST]],
    );
  }
});

test('journal: files that are something else entirely are skipped and said', async () => {
  const random = seeded(26);
  const noise = Buffer.from(Array.from({ length: 20_000 }, () => Math.floor(random() * 256)));
  const files = {
    [FIRST]: noise,
    'leases-000002.log': `00000000 {}\n\n${encodeLine(of({ a: 1 }))}`,
    'leases-old.log': 'no',
  };
  const log = new FakeLog();
  const journal = await openOn(FakeDisk.of(files), log);
  assert.deepEqual(valuesOf(journal), { a: 1 });
  assert.equal(log.lines.filter(({ level }) => level === 'warn').length, 2);
});

test('journal: commits of one turn go together in one write, those that come while the disk syncs in the next', async () => {
  const disk = new FakeDisk();
  const journal = await openOn(disk);
  const commits = (name: string) => Array.from({ length: 250 }, (_, i) => journal.commit(of({ [`${name}${i}`]: i })));
  const first = commits('a');
  while (!disk.done.includes('append')) await later();
  await Promise.all([...first, ...commits('b')]);
  assert.deepEqual(disk.done, ['create', 'append', 'sync', 'sync-names', 'append', 'sync']);
  assert.equal((await openOn(disk.afterPowerLoss(() => 0))).values.size, 500);
});

test('journal: nothing is promised before the sync, and names are synced before the first promise', async () => {
  for (const diesAt of [1, 2, 3, 4]) {
    const disk = new FakeDisk();
    disk.diesAt = diesAt;
    const journal = await openOn(disk);
    let isPromised = false;
    void journal.commit(of({ a: 1 })).then(() => {
      isPromised = true;
    });
    for (let i = 0; i < 20; i++) await later();
    assert.equal(isPromised, false, `without step ${diesAt}`);
  }
});

test('journal: segments are merged while commits go on, and outdated keys left out', async () => {
  const disk = new FakeDisk();
  const log = new FakeLog();
  const journal = await openJournal({
    ...{ name: 'leases', files: disk, log, spareLines: 20 },
    outdated: (values) => (values.has('old') ? ['old'] : []),
  });
  await journal.commit(of({ old: true }));
  for (let i = 0; i < 200; i++) await journal.commit(of({ [`key${i % 5}`]: i }));
  await journal.close();
  const names = Object.keys(disk.files());
  assert.ok(names.length <= 3, names.join());
  assert.ok(disk.text(names[0] ?? '').startsWith(encodeLine('reset')));
  const want = { key0: 195, key1: 196, key2: 197, key3: 198, key4: 199 };
  assert.deepEqual(valuesOf(journal), want);
  assert.deepEqual(valuesOf(await openOn(disk)), want);
});

test('journal: in an idle moment a sixth of the lines is enough to merge, and the next segment is there before it is needed', async () => {
  const disk = new FakeDisk();
  const clock = new FakeClock();
  const options = { name: 'leases', files: disk, log: new FakeLog(), spareLines: 60, outdated: () => [] };
  const journal = await openJournal({ ...options, clock });
  for (let i = 0; i < 30; i++) await journal.commit(of({ key: i }));
  assert.equal(Object.keys(disk.files()).length, 1, 'not while commits go on');
  await later();
  clock.advance(1000);
  for (let i = 0; i < 50; i++) await later();
  assert.deepEqual(Object.keys(disk.files()), ['leases-000001.log', 'leases-000002.log']);
  assert.ok(disk.text('leases-000001.log').startsWith(encodeLine('reset')));
  const before = disk.done.length;
  await journal.commit(of({ key: 'last' }));
  assert.deepEqual(disk.done.slice(before), ['append', 'sync']);
  await journal.close();
  assert.equal(clock.pendingTimers, 0);
  assert.deepEqual(valuesOf(await openOn(disk)), { key: 'last' });
});

test('journal: a segment is not removed before the one that has its values would survive', async () => {
  const work = async (disk: FakeDisk): Promise<void> => {
    const journal = await openOn(disk, new FakeLog(), 5);
    await journal.commit(of({ once: true }));
    for (let i = 0; i < 40; i++) await journal.commit(of({ [`key${i % 4}`]: i }));
  };
  const whole = new FakeDisk();
  await work(whole);
  const removals = whole.done.flatMap((what, i) => (what === 'remove' ? [i + 1] : []));
  assert.ok(removals.length > 1);
  for (const removal of removals) {
    const disk = new FakeDisk();
    disk.diesAt = removal + 1;
    void work(disk);
    for (let i = 0; i < 2000 && disk.done.length <= removal; i++) await later();
    for (let i = 0; i < 5; i++) await later();
    for (let draw = 0; draw < 30; draw++) {
      const left = await openOn(disk.afterPowerLoss(seeded(draw)));
      assert.ok(left.values.has('once'), `draw ${draw}`);
    }
  }
});

/** What somebody who commits knows of each key: what was promised last, and what may be there besides. */
class Expected {
  readonly #promised = new Map<string, Json>();
  #possible = new Map<string, Set<Json>>();

  /** Two keys at once that must never be seen apart. */
  async commit(journal: Journal, name: string, value: number): Promise<void> {
    const change: Change = of({ [`left ${name}`]: value, [`right ${name}`]: value });
    const possible = this.#possible.get(name) ?? new Set();
    this.#possible.set(name, possible.add(value));
    await journal.commit(change).then(
      () => {
        this.#promised.set(name, value);
        // Of what came before it nothing may be seen; what came later may be on its way.
        this.#possible.set(name, new Set([...(this.#possible.get(name) ?? [])].filter((v) => Number(v) > value)));
      },
      (fault: unknown) => assert.ok(fault instanceof Fault && fault.code === 'store-failed'),
    );
  }

  /** All that were rejected have been taken back by a later success. */
  settle(): void {
    this.#possible = new Map();
  }

  check(journal: Journal, where: string): void {
    for (const [name, promised] of this.#promised)
      assert.ok(journal.values.has(`left ${name}`), `${where}: ${name} ${promised}`);
    for (const [key, value] of journal.values) {
      const name = key.slice(key.indexOf(' ') + 1);
      assert.equal(
        journal.values.get(`left ${name}`),
        journal.values.get(`right ${name}`),
        `${where}: ${name} is torn`,
      );
      const may = [this.#promised.get(name), ...(this.#possible.get(name) ?? [])];
      assert.ok(may.includes(value), `${where}: ${key} is ${value}, not of ${may}`);
    }
  }
}

/** Commits in bursts of any size; ends by itself. */
async function load(journal: Journal, expected: Expected, random: () => number, count = 60): Promise<void> {
  const all: Promise<void>[] = [];
  for (let i = 1; i <= count; i++) {
    all.push(expected.commit(journal, `key${Math.floor(random() * 6)}`, i));
    while (random() < 0.6) await later();
  }
  await Promise.all(all);
}

const opens = async (disk: FakeDisk) => openOn(disk, new FakeLog(), 10);

for (const how of ['kill', 'power'] as const) {
  test(`journal: ${how === 'kill' ? 'killed' : 'without power'} at any step, all that was promised is there and nothing is half there`, async () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = seeded(seed);
      const disk = new FakeDisk();
      disk.diesAt = 1 + Math.floor(random() * 120);
      const expected = new Expected();
      const first = await opens(disk);
      const work = load(first, expected, random);
      let isOver = false;
      void work.finally(() => {
        isOver = true;
      });
      for (let i = 0; i < 2000 && !isOver && disk.done.length < disk.diesAt; i++) await later();
      for (let i = 0; i < 20; i++) await later();
      const left = how === 'kill' ? disk.afterKill() : disk.afterPowerLoss(random);
      const second = await opens(left);
      expected.check(second, `seed ${seed}`);
      // And once more behind what was left.
      await second.commit(of({ 'left key0': 999, 'right key0': 999 }));
      assert.equal((await opens(left.afterPowerLoss(random))).values.get('left key0'), 999, `seed ${seed}`);
    }
  });
}

for (const code of ['ENOSPC', 'EIO', 'EROFS']) {
  test(`journal: whichever step fails with ${code}, what is rejected did not happen and what comes later does`, async () => {
    for (let number = 1; number <= 120; number++) {
      for (const isLasting of [false, true]) {
        const random = seeded(number);
        const disk = new FakeDisk();
        disk.failsAt = { number, code, isLasting };
        const expected = new Expected();
        const journal = await opens(disk);
        await load(journal, expected, random);
        disk.failsAt = undefined;
        await expected.commit(journal, 'key9', 1000);
        expected.settle();
        expected.check(journal, `${number} in memory`);
        await journal.close();
        expected.check(await opens(disk.afterPowerLoss(random)), `${number} on disk`);
        assert.ok(Object.keys(disk.files()).length < 12, 'no litter');
      }
    }
  });
}

test('journal: a full disk is a sentence with its cure, and room is found again without a restart', async () => {
  const disk = new FakeDisk();
  const journal = await openOn(disk);
  await journal.commit(of({ a: 1 }));
  disk.failsWith = 'ENOSPC';
  for (let i = 0; i < 50; i++)
    await assert.rejects(journal.commit(of({ a: 2, b: i })), /^Fault: .*ENOSPC.*free space in \/state/);
  assert.deepEqual(valuesOf(await openOn(disk.afterKill())), { a: 1 }, 'nothing of what was rejected is on disk');
  disk.failsWith = undefined;
  await journal.commit(of({ c: 3 }));
  assert.deepEqual(valuesOf(await openOn(disk.afterPowerLoss(() => 0))), { a: 1, c: 3 });
  assert.deepEqual(Object.keys(disk.files()), [FIRST], 'in the same segment');
});

test('journal: after a sync that failed its segment is left alone', async () => {
  const disk = new FakeDisk();
  const journal = await openOn(disk);
  await journal.commit(of({ a: 1 }));
  disk.failsAt = { number: disk.done.length + 2, code: 'EIO' };
  await assert.rejects(journal.commit(of({ a: 2 })), /EIO/);
  const before = disk.text(FIRST);
  await journal.commit(of({ b: 3 }));
  assert.equal(disk.text(FIRST), before);
  assert.deepEqual(valuesOf(await openOn(disk.afterPowerLoss(() => 0))), { a: 1, b: 3 });
});

test('journal: a disk that fails every sync gets no litter', async () => {
  const disk = new FakeDisk();
  const journal = await openOn(disk);
  await journal.commit(of({ a: 1 }));
  disk.failsWith = 'EIO';
  disk.failing = ['sync'];
  for (let i = 0; i < 20; i++) await assert.rejects(journal.commit(of({ a: i })), /EIO.*look at the disk/);
  assert.ok(Object.keys(disk.files()).length <= 2);
  disk.failsWith = undefined;
  await journal.commit(of({ b: 1 }));
  assert.deepEqual(valuesOf(await openOn(disk.afterPowerLoss(() => 0))), { a: 1, b: 1 });
});

test('journal: a folder that is gone at a start is a fault', async () => {
  const files = { ...journalFiles('/nowhere', undefined), lock: async () => async () => {} };
  await assert.rejects(openOn(files), (error) => error instanceof Fault && /ENOENT/.test(error.message));
});

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'journal-'));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('journal: on a real disk, with the mode and the owner of its folder', async () => {
  await inFolder(async (folder) => {
    const journal = await openOn(journalFiles(folder, 'boot'));
    await Promise.all(Array.from({ length: 300 }, (_, i) => journal.commit(of({ [`key${i}`]: i }))));
    await journal.close();
    const { mode, uid } = statSync(join(folder, FIRST));
    assert.equal((mode % 0o1000) & ~0o640, 0);
    assert.equal(uid, statSync(folder).uid);
    const again = await openOn(journalFiles(folder, 'boot'));
    assert.equal(again.values.size, 300);
    await again.close();
  });
});

test('lock: a second process, or a second time in this one, is refused in one sentence', async () => {
  await inFolder(async (folder) => {
    const files = journalFiles(folder, 'boot');
    const journal = await openOn(files);
    await assert.rejects(openOn(files), (error) => {
      assert.ok(error instanceof Fault);
      assert.match(error.message, new RegExp(`^another process \\(${process.pid}\\) uses ${folder}: stop it`));
      return true;
    });
    await journal.close();
    await (await openOn(files)).close();
  });
});

const stale = [
  ['whose process is gone', `${2 ** 22 + 1}-77-boot`],
  ['whose number is another process by now', `${process.pid}-1-boot`],
  ['of before the machine started', undefined],
  ['that says nothing', 'nonsense'],
] as const;
for (const [what, holder] of stale) {
  test(`lock: one ${what} is taken over`, async () => {
    await inFolder(async (folder) => {
      const path = join(folder, 'leases.lock');
      if (holder !== undefined) symlinkSync(holder, path);
      else await takeLock(path, 'another-boot');
      const unlock = await takeLock(path, 'boot');
      assert.match(readlinkSync(path), new RegExp(`^${process.pid}-\\d+-boot$`));
      await unlock();
      assert.throws(() => readlinkSync(path));
    });
  });
}

/** Root opens it in a folder of nobody's, gives its rights up, and goes on until segments have been merged and removed. */
const DROP = `
const [, journal, files, folder] = process.argv;
const { openJournal } = await import(journal);
const { journalFiles } = await import(files);
const log = { debug: console.log, warn: console.log };
const it = await openJournal({ name: 'leases', files: journalFiles(folder, 'boot'), log, spareLines: 5, outdated: () => [] });
await it.commit([['root', 1]]);
process.setgroups([]);
process.setgid(65534);
process.setuid(65534);
for (let i = 0; i < 50; i++) await it.commit([['key', i]]);
await it.close();
`;

test('journal: what root began goes on as the owner of the folder, with files of its own', {
  skip: skipUnlessRoot,
}, async () => {
  await inFolder(async (folder) => {
    chownSync(folder, 65_534, 65_534);
    const modules = ['journal', 'journalfiles'].map(
      (name) => new URL(`../../src/host/${name}.ts`, import.meta.url).href,
    );
    execFileSync(process.execPath, ['--input-type=module', '-e', DROP, ...modules, folder]);
    const names = readdirSync(folder);
    assert.ok(names.length <= 3 && !names.includes(FIRST) && !names.includes('leases.lock'), names.join());
    const again = await openOn(journalFiles(folder, 'boot'));
    assert.deepEqual(valuesOf(again), { root: 1, key: 49 });
    await again.commit(of({ root: 2 }));
    await again.close();
    for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).uid, 65_534, name);
  });
});
