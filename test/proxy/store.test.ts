import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Fault } from '../../src/core/errors.ts';
import { BLOCK_BYTES } from '../../src/proxy/store.ts';
import { bytesOf, fetched, ground, kept, MIB, newEntry, put, readAll, same, writeRest } from './storeground.ts';

const KIB = 1024;

for (const size of [0, 1, 64 * KIB, 64 * KIB + 1, MIB - 1, MIB, MIB + 1, 3 * MIB + 5]) {
  test(`store: ${size} octets come back as they were, at any place, before a restart and after`, async (t) => {
    const { open } = ground(t);
    const bytes = bytesOf('a', size);
    let store = await open();
    await kept(store, 'a', bytes);
    for (const when of ['before', 'after']) {
      const entry = store.find('a')[0];
      assert.ok(entry);
      assert.equal(entry.sizeBytes, size);
      const content = await store.open(entry);
      assert.ok(content?.borrow);
      for (const step of [MIB, 3 * MIB, 70_001]) same(await readAll(content, step), bytes, `${when}, by ${step}`);
      let at = 0;
      while (at < size) {
        const lent = await content.borrow(at, 300_000);
        assert.ok(lent && lent.length > 0 && lent.length <= 300_000);
        same(lent, bytes.subarray(at, at + lent.length), `${when}, lent at ${at}`);
        at += lent.length;
      }
      assert.equal(await content.read(new Uint8Array(10), size), 0);
      await content.close();
      await store.close();
      store = await open();
    }
  });
}

test('store: what is found is what was kept, and a restart changes nothing', async (t) => {
  const { open } = ground(t);
  const store = await open();
  const varies = ['accept-language', 'es'];
  const entry = await kept(store, 'http://a/', bytesOf('a', 500), { varies, isSummed: true });
  const sha256 = createHash('sha256').update(bytesOf('a', 500)).digest('hex');
  const { head } = newEntry('http://a/');
  const want = {
    id: entry.id,
    key: 'http://a/',
    varies,
    head,
    sizeBytes: 500,
    sha256,
    askedAtMs: 1000,
    answeredAtMs: 2000,
  };
  assert.deepEqual(entry, want);
  assert.deepEqual(store.find('http://a/'), [want]);
  await store.close();
  const again = await open();
  assert.deepEqual(again.find('http://a/'), [want]);
  assert.deepEqual(again.findBySha256(sha256.toUpperCase()), want);
  assert.equal(again.findBySha256('00'), undefined);
  assert.deepEqual(again.find('http://a'), []);
});

test('store: variants under one key, the latest first; a new one takes the place of its own', async (t) => {
  const { open } = ground(t);
  const store = await open();
  const at = (answeredAtMs: number, language: string) => ({ answeredAtMs, varies: ['accept-language', language] });
  await kept(store, 'a', bytesOf('es', 10), at(1, 'es'));
  await kept(store, 'a', bytesOf('en', 20), at(3, 'en'));
  await kept(store, 'a', bytesOf('es2', 30), at(2, 'es'));
  assert.deepEqual(
    store.find('a').map(({ sizeBytes, varies }) => [sizeBytes, varies[1]]),
    [
      [20, 'en'],
      [30, 'es'],
    ],
  );
  assert.equal(store.remove('a'), 2);
  assert.deepEqual(store.find('a'), []);
  assert.equal(store.remove('a'), 0);
});

test('store: at most 32 variants, the oldest goes, its file too', async (t) => {
  const { open, files } = ground(t);
  const store = await open();
  for (let i = 0; i < 40; i++) await kept(store, 'a', bytesOf(`${i}`, 10), { answeredAtMs: i, varies: ['x', `${i}`] });
  const found = store.find('a').map(({ varies }) => Number(varies[1]));
  assert.deepEqual(
    found,
    Array.from({ length: 32 }, (_, i) => 39 - i),
  );
  await store.close();
  assert.equal(files().length, 32);
});

test('store: who reads what is replaced or removed reads it to its end; then its file goes', async (t) => {
  const { open, files } = ground(t);
  const store = await open();
  for (const end of ['replaced', 'removed'] as const) {
    const old = bytesOf(end, 3 * MIB);
    const content = await store.open(await kept(store, 'a', old));
    assert.ok(content);
    if (end === 'replaced') await kept(store, 'a', bytesOf('new', 100));
    else store.remove('a');
    assert.equal(files().length, end === 'replaced' ? 2 : 1);
    same(await readAll(content), old, end);
    await content.close();
    await store.remove('a');
  }
  await store.close();
  assert.deepEqual(files(), []);
});

test('store: what is being written is read meanwhile, found by nobody, and found once it is whole', async (t) => {
  const { open } = ground(t);
  const store = await open();
  const bytes = bytesOf('a', 2 * MIB + 7);
  const draft = await store.create(newEntry('a'));
  assert.ok(draft);
  await draft.write(bytes.subarray(0, MIB));
  const into = Buffer.alloc(2 * MIB);
  assert.equal(await draft.read(into, 10), MIB - 10);
  same(into.subarray(0, MIB - 10), bytes.subarray(10, MIB), 'meanwhile');
  assert.deepEqual(store.find('a'), []);
  const release = draft.hold();
  await writeRest(draft, bytes);
  const entry = await draft.finish();
  assert.deepEqual(store.find('a'), [entry]);
  store.remove('a');
  assert.equal(await draft.read(into, 2 * MIB), 7);
  release();
});

test('store: a draft takes whole blocks in order, and nothing once it is over', async (t) => {
  const { open, files } = ground(t);
  const store = await open();
  const draft = await store.create(newEntry('a', { sizeBytes: 20 }));
  assert.ok(draft);
  await draft.write(bytesOf('a', 10));
  await assert.rejects(draft.write(bytesOf('b', 10)), /a block of 10 octets at 10/);
  await assert.rejects(draft.finish());
  await draft.discard();
  await draft.discard();
  await assert.rejects(draft.write(bytesOf('a', 10)), /over/);
  const short = await store.create(newEntry('a', { sizeBytes: 20 }));
  await short?.write(bytesOf('a', 10));
  await assert.rejects(async () => short?.finish(), /10 octets of 20 are not whole/);
  await short?.leave();
  assert.deepEqual([files(), store.report().bytes, store.report().entries], [[], 0, 0]);
});

test('store: what broke off is gone on with, also after a restart, and its checksum is of the whole', async (t) => {
  const { open } = ground(t);
  let store = await open();
  const bytes = bytesOf('a', 6 * MIB + 11);
  const entry = newEntry('a', { sizeBytes: bytes.length, isSummed: true, varies: ['x', '1'] });
  const draft = await store.create(entry);
  assert.ok(draft);
  await writeRest(draft, bytes.subarray(0, 2 * MIB + 5));
  await draft.leave();
  assert.equal(store.report().entries, 0);
  await store.close();
  store = await open();
  assert.equal(await store.resume('a', []), undefined);
  assert.equal(await store.resume('b', ['x', '1']), undefined);
  const resumed = await store.resume('a', ['x', '1']);
  assert.ok(resumed);
  // Somebody has it.
  assert.equal(await store.resume('a', ['x', '1']), undefined);
  assert.deepEqual(resumed.entry, entry);
  assert.equal(resumed.draft.writtenBytes, 2 * MIB);
  await writeRest(resumed.draft, bytes);
  const { sha256 } = await resumed.draft.finish();
  assert.equal(sha256, createHash('sha256').update(bytes).digest('hex'));
  same(await fetched(store, 'a'), bytes, 'whole');
  assert.equal(await store.resume('a', ['x', '1']), undefined);
});

const worthless = [
  { name: 'less than a block', size: BLOCK_BYTES - 1, fields: ['ETag', '"a"'] },
  { name: 'no validator to go on with', size: 2 * MIB, fields: [] },
];
for (const { name, size, fields } of worthless) {
  test(`store: of what broke off nothing stays: ${name}`, async (t) => {
    const { open, files } = ground(t);
    const store = await open();
    const draft = await store.create(newEntry('a', { head: { status: 200, fields } }));
    assert.ok(draft);
    await writeRest(draft, bytesOf('a', size));
    await draft.leave();
    assert.equal(await store.resume('a', []), undefined);
    assert.deepEqual([files(), store.report().bytes], [[], 0]);
  });
}

test('store: who begins anew gives up what had broken off', async (t) => {
  const { open, files } = ground(t);
  const store = await open();
  const draft = await store.create(newEntry('a'));
  assert.ok(draft);
  await writeRest(draft, bytesOf('old', 2 * MIB));
  await draft.leave();
  await kept(store, 'a', bytesOf('new', 100));
  assert.equal(await store.resume('a', []), undefined);
  assert.equal(files().length, 1);
});

test('store: of what broke off the last 64 stay', async (t) => {
  const { open, files } = ground(t);
  const store = await open();
  for (let i = 0; i < 70; i++) {
    const draft = await store.create(newEntry(`${i}`));
    await draft?.write(bytesOf('a', MIB));
    await draft?.leave();
  }
  assert.equal(files().length, 64);
  assert.equal(store.report().bytes, 64 * MIB);
  assert.equal(await store.resume('5', []), undefined);
  assert.ok(await store.resume('6', []));
});

test('store: the same content under another key, until no key is left; a newer head for one of them', async (t) => {
  const { open, files } = ground(t);
  let store = await open();
  const entry = await kept(store, 'a', bytesOf('a', 100));
  const other = store.alias(entry, 'b');
  const head = { status: 200, fields: ['Age', '0'] };
  const newer = store.refresh(entry, { head, askedAtMs: 5, answeredAtMs: 6 });
  assert.deepEqual(newer, { ...entry, head, askedAtMs: 5, answeredAtMs: 6 });
  await store.close();
  store = await open();
  assert.deepEqual([store.find('a'), store.find('b')], [[newer], [other]]);
  assert.equal(store.report().entries, 1);
  store.remove('a');
  same(await fetched(store, 'b'), bytesOf('a', 100), 'b');
  store.remove('b');
  await store.close();
  assert.deepEqual(files(), []);
});

test('store: a small content is in memory once it was written or read; a large one is not', async (t) => {
  const { open } = ground(t);
  let store = await open();
  const small = await kept(store, 'small', bytesOf('small', 64 * KIB));
  const large = await kept(store, 'large', bytesOf('large', 64 * KIB + 1));
  assert.ok(store.peek(small));
  await store.close();
  store = await open();
  assert.equal(store.peek(small), undefined);
  for (const entry of [small, large]) await (await store.open(entry))?.close();
  same(store.peek(small), bytesOf('small', 64 * KIB), 'small');
  assert.equal(store.peek(large), undefined);
  store.remove('small');
  assert.equal(store.peek(small), undefined);
});

test('store: what is larger than may be kept is not begun, or not gone on with, and is no trouble', async (t) => {
  const { open, files } = ground(t);
  const store = await open({ maxObjectBytes: 17 * MIB });
  assert.equal(await store.create(newEntry('a', { sizeBytes: 17 * MIB + 1 })), undefined);
  const draft = await store.create(newEntry('b'));
  assert.ok(draft);
  await assert.rejects(
    writeRest(draft, bytesOf('b', 18 * MIB)),
    (error) => error instanceof Fault && /maxObject/.test(error.message),
  );
  await draft.discard();
  assert.deepEqual([files(), store.report().trouble, store.report().bytes], [[], undefined, 0]);
});

test('store: a second process on the same folder is refused, with the cure', async (t) => {
  const { open, folder } = ground(t);
  await open();
  await assert.rejects(open(), (error) => {
    assert.ok(error instanceof Fault);
    assert.match(
      error.message,
      new RegExp(`another process \\(${process.pid}\\) uses ${folder}: .*another proxy.cacheDir`),
    );
    return true;
  });
});

test('store: a folder that cannot be one is said, with the cure', async (t) => {
  const { open, folder } = ground(t);
  writeFileSync(`${folder}/objects`, '');
  await assert.rejects(
    open(),
    (error) => error instanceof Fault && /cannot be used \(EEXIST\).*proxy\.cacheDir/.test(error.message),
  );
});

test('store: close leaves no timer, no descriptor and no lock; what is written then is left', async (t) => {
  const { open, folder, clock } = ground(t);
  const store = await open();
  const entry = await kept(store, 'a', bytesOf('a', 3 * MIB));
  const content = await store.open(entry);
  await content?.read(new Uint8Array(10), 0);
  await content?.borrow?.(0, 10);
  await content?.borrow?.(0, 10);
  store.used(entry);
  const draft = await store.create(newEntry('b'));
  await draft?.write(bytesOf('b', MIB));
  const inFolder = (): readonly string[] =>
    readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        const path = readlinkSync(`/proc/self/fd/${fd}`);
        return path.startsWith(folder) ? [path] : [];
      } catch {
        return [];
      }
    });
  assert.notDeepEqual(inFolder(), []);
  await store.close();
  await store.close();
  assert.deepEqual([inFolder(), clock.pendingTimers], [[], 0]);
  assert.deepEqual([store.find('zzz'), store.remove('a'), await put(store, 'c', bytesOf('c', 10))], [[], 0, undefined]);
  assert.equal((await (await open()).resume('b', []))?.draft.writtenBytes, MIB);
});

test('store: files that nobody leads to go in the background; what is kept, written or read stays', async (t) => {
  const { open, folder, files, clock } = ground(t);
  const store = await open();
  await kept(store, 'a', bytesOf('a', 100));
  const read = await store.open(await kept(store, 'b', bytesOf('b', 2 * MIB)));
  store.remove('b');
  const draft = await store.create(newEntry('c'));
  await draft?.write(bytesOf('c', 100));
  writeFileSync(`${folder}/objects/README`, 'not ours');
  const before = files();
  for (const id of [4096, 4097, 1_000_000_255]) {
    const place = `${folder}/objects/${(id % 256).toString(16).padStart(2, '0')}`;
    mkdirSync(place, { recursive: true });
    writeFileSync(`${place}/${id}`, 'x');
  }
  assert.equal(files().length, before.length + 3);
  for (let turn = 0; turn < 50_000 && files().length > before.length; turn++) {
    clock.advance(2000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(files().toSorted(), before.toSorted());
  await read?.close();
});
