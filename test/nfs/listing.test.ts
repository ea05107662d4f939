import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type DirEntry, listed, type Page } from '../../src/nfs/listing.ts';
import { type Entry3, good, readdir3res, readdirplus3res } from '../support/nfs3.ts';
import { attributesFrom, common, golden3, plainFile, plainFolder } from './golden3.ts';

const verifier = Buffer.from('verifier');
const room = (maxBytes: number, dirBytes?: number): Page => ({
  folder: plainFolder,
  verifier,
  maxBytes,
  ...(dirBytes === undefined ? {} : { dirBytes }),
});
const ENDLESS = 0xffff_ffff;
const MAX_PAGE_BYTES = 256 * 1024;

function entry(n: number, changes: Partial<DirEntry> = {}): DirEntry {
  const handle = Buffer.alloc(32, n);
  return { fileid: n + 2 ** 33, name: `file-${n}`, cookie: n + 1, attributes: plainFile, handle, ...changes };
}
const folder = (count: number): DirEntry[] => Array.from({ length: count }, (_, n) => entry(n));

/** The page as a client reads it; fails for `too-small`. */
function page(entries: Iterable<DirEntry>, asked: Page) {
  const results = listed(entries, asked);
  if (results === 'too-small') throw new Error('too-small');
  const read = asked.dirBytes === undefined ? readdir3res : readdirplus3res;
  return { bytes: results.length, ...good(read(results)) };
}
const names = (entries: readonly Entry3[]): readonly string[] => entries.map(({ name }) => name);

/** What an entry takes of `dircount`, by the figure of RFC 1813 §3.3.16. */
const dirBytesOf = ({ name }: DirEntry): number => 4 + 8 + 4 + Math.ceil(Buffer.byteLength(name) / 4) * 4 + 8;
/** What it takes of a page, by §3.3.17. */
const plusBytesOf = (each: DirEntry): number =>
  dirBytesOf(each) + (each.attributes ? 88 : 4) + (each.handle ? 8 + Math.ceil(each.handle.length / 4) * 4 : 4);
/** Of a page without entries. */
const EMPTY_BYTES = 108;

test('an empty folder: no entries, and its end', () => {
  for (const dirBytes of [undefined, 512]) {
    const { bytes, dirAttributes, cookieverf, entries, eof } = page([], room(EMPTY_BYTES, dirBytes));
    assert.deepEqual([bytes, entries, eof], [EMPTY_BYTES, [], true]);
    assert.equal(dirAttributes?.fileid, BigInt(plainFolder.fileid));
    assert.equal(Buffer.from(cookieverf).toString(), 'verifier');
  }
});

test('READDIR tells fileid, name and cookie, and nothing of attributes and handles (RFC 1813 §3.3.16)', () => {
  const { entries, eof } = page([entry(0), entry(1, { name: 'año' })], room(4096));
  assert.deepEqual(entries, [
    { fileid: 2n ** 33n, name: 'file-0', cookie: 1n },
    { fileid: 2n ** 33n + 1n, name: 'año', cookie: 2n },
  ]);
  assert.equal(eof, true);
});

test('READDIRPLUS tells them, too, where they are known (RFC 1813 §3.3.17)', () => {
  const { attributes, handle, ...bare } = entry(1);
  const list: DirEntry[] = [
    entry(0),
    bare,
    { ...bare, handle: handle ?? verifier },
    { ...bare, attributes: plainFile },
  ];
  const { entries } = page(list, room(4096, 4096));
  assert.deepEqual(
    entries.map(({ nameAttributes, nameHandle }) => [nameAttributes?.fileid, nameHandle?.length]),
    [
      [BigInt(plainFile.fileid), 32],
      [undefined, undefined],
      [undefined, 32],
      [BigInt(plainFile.fileid), undefined],
    ],
  );
  assert.ok(attributes);
});

for (const name of ['readdir', 'readdirplus'] as const)
  test(`what another server tells of a folder, we tell in as many octets: ${name}`, () => {
    const reply = golden3(`${name}-reply`);
    const theirs = good((name === 'readdir' ? readdir3res : readdirplus3res)(reply));
    assert.ok(theirs.dirAttributes && theirs.entries.length > 2);
    const entries = theirs.entries.map(
      ({ fileid, name: called, cookie, nameAttributes, nameHandle }): DirEntry => ({
        ...{ fileid: Number(fileid), name: called, cookie: Number(cookie) },
        ...(nameAttributes ? { attributes: attributesFrom(nameAttributes) } : {}),
        ...(nameHandle ? { handle: nameHandle } : {}),
      }),
    );
    const asked = { ...room(8192, name === 'readdir' ? undefined : 8192), verifier: theirs.cookieverf };
    const ours = page(entries, { ...asked, folder: attributesFrom(theirs.dirAttributes) });
    const shown = (list: readonly Entry3[]) =>
      list.map((each) => ({ ...each, nameAttributes: common(each.nameAttributes) }));
    assert.equal(ours.bytes, reply.length);
    assert.deepEqual(shown(ours.entries), shown(theirs.entries));
    assert.deepEqual([ours.eof, common(ours.dirAttributes)], [theirs.eof, common(theirs.dirAttributes)]);
  });

test('a page that is exactly as long as allowed has all, and one octet less has one entry less', () => {
  for (const dirBytes of [undefined, ENDLESS]) {
    const all = page(folder(5), room(4096, dirBytes));
    const exact = page(folder(5), room(all.bytes, dirBytes));
    assert.deepEqual([exact.entries.length, exact.eof, exact.bytes], [5, true, all.bytes]);
    const less = page(folder(5), room(all.bytes - 1, dirBytes));
    assert.deepEqual([less.entries.length, less.eof], [4, false]);
  }
});

test('dircount bounds names and cookies alone, and lets one entry pass whatever it is', () => {
  const each = dirBytesOf(entry(0));
  const cases = [
    [0, 1],
    [1, 1],
    [each, 1],
    [each * 3 - 1, 2],
    [each * 3, 3],
  ] as const;
  for (const [dirBytes, count] of cases) {
    const { entries, eof } = page(folder(5), room(4096, dirBytes));
    assert.deepEqual([entries.length, eof], [count, false], `dircount ${dirBytes}`);
  }
});

const small = [
  { name: 'nothing at all', asked: room(0), entries: folder(1) },
  { name: 'less than the attributes of the folder', asked: room(EMPTY_BYTES - 1), entries: [] },
  { name: 'less than the first entry', asked: room(EMPTY_BYTES + dirBytesOf(entry(0)) - 1), entries: folder(1) },
  {
    name: 'less than the first entry with its attributes',
    asked: room(EMPTY_BYTES + plusBytesOf(entry(0)) - 1, 512),
    entries: folder(1),
  },
];
for (const { name, asked, entries } of small)
  test(`too-small: ${name}`, () => assert.equal(listed(entries, asked), 'too-small'));

test('no more entries are taken than one behind the page, and whoever makes them is told to stop', () => {
  let taken = 0;
  let isClosed = false;
  function* endless(): Generator<DirEntry> {
    try {
      for (;;) yield entry(taken++);
    } finally {
      isClosed = true;
    }
  }
  const { entries, eof } = page(endless(), room(2000));
  assert.equal(taken, entries.length + 1);
  assert.deepEqual([isClosed, eof], [true, false]);
});

test('no page is over 256 KiB, whatever the client allows', () => {
  for (const dirBytes of [undefined, ENDLESS]) {
    const { bytes, eof } = page(folder(50_000), room(ENDLESS, dirBytes));
    assert.ok(bytes <= MAX_PAGE_BYTES && bytes > MAX_PAGE_BYTES - 512, `${bytes} octets`);
    assert.equal(eof, false);
  }
});

test('a name over 255 octets, for which Linux gives up the folder, is left out, and the rest is told', () => {
  const long = 'ñ'.repeat(128);
  const list = [entry(0, { name: long }), entry(1, { name: `${long.slice(1)}n` }), entry(2), entry(3, { name: long })];
  const { entries, eof } = page(list, room(4096));
  assert.deepEqual([names(entries), eof], [[`${long.slice(1)}n`, 'file-2'], true]);
});

/** As a client goes through a folder: from cookie to cookie, with the same limits. */
function* pages(list: readonly DirEntry[], asked: Page): Generator<ReturnType<typeof page>> {
  let from = 0;
  for (let n = 0; n <= list.length; n++) {
    const told = page(list.slice(from), asked);
    yield told;
    if (told.eof) return;
    const last = told.entries.at(-1);
    assert.ok(last, 'a page that is not the last has an entry');
    from = list.findIndex(({ cookie }) => BigInt(cookie) === last.cookie) + 1;
  }
  assert.fail('more pages than entries');
}

test('50,000 entries, page by page: each once, in order', () => {
  const list = folder(50_000);
  for (const asked of [room(65_536), room(8192), room(32_768, 8192), room(ENDLESS, ENDLESS)]) {
    const told = [...pages(list, asked)].flatMap(({ entries }) => names(entries));
    assert.deepEqual(
      told,
      list.map(({ name }) => name),
    );
  }
});

const someEntry = fc.record({
  name: fc
    .oneof(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }), fc.string({ maxLength: 255, minLength: 200 }))
    .filter((name) => Buffer.byteLength(name) <= 255),
  handleBytes: fc.option(fc.constantFrom(0, 1, 32, 64)),
  hasAttributes: fc.boolean(),
});
const someFolder = fc.array(someEntry, { maxLength: 60 }).map((list) =>
  list.map(
    ({ name, handleBytes, hasAttributes }, n): DirEntry => ({
      ...{ fileid: n, name, cookie: (n + 1) * 2 ** 20 },
      ...(hasAttributes ? { attributes: plainFile } : {}),
      ...(handleBytes === null ? {} : { handle: Buffer.alloc(handleBytes, n) }),
    }),
  ),
);
const limits = { maxBytes: fc.integer({ min: 0, max: 3000 }), dirBytes: fc.option(fc.integer({ min: 0, max: 1000 })) };

test('any folder in pages of any size: each entry once, no page too long or emptier than it must be', () => {
  const property = fc.property(someFolder, fc.record(limits), (list, { maxBytes, dirBytes }) => {
    const bytesOf = dirBytes === null ? dirBytesOf : plusBytesOf;
    const asked = room(maxBytes, dirBytes ?? undefined);
    const largest = Math.max(0, ...list.map(bytesOf));
    if (EMPTY_BYTES + largest > maxBytes) {
      const first = list[0] ? bytesOf(list[0]) : 0;
      assert.equal(listed(list, asked) === 'too-small', EMPTY_BYTES + first > maxBytes);
      return;
    }
    let at = 0;
    for (const { bytes, entries, eof } of pages(list, asked)) {
      const here = list.slice(at, at + entries.length);
      assert.deepEqual(
        names(entries),
        here.map(({ name }) => name),
      );
      at += here.length;
      const behind = list[at];
      assert.equal(eof, behind === undefined);
      const dirTaken = here.reduce((sum, each) => sum + dirBytesOf(each), 0);
      assert.equal(
        bytes,
        here.reduce((sum, each) => sum + bytesOf(each), EMPTY_BYTES),
      );
      assert.ok(bytes <= maxBytes);
      assert.ok(dirBytes === null || dirTaken <= dirBytes || here.length === 1);
      const hadRoom =
        behind &&
        bytes + bytesOf(behind) <= maxBytes &&
        (dirBytes === null || dirTaken + dirBytesOf(behind) <= dirBytes);
      assert.ok(!hadRoom, 'the next one would have had room');
    }
    assert.equal(at, list.length);
  });
  fc.assert(property, { numRuns: 1000, seed: 1813 });
});
