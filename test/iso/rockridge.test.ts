import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openVolume } from '../../src/iso/open.ts';
import type { Node } from '../../src/iso/volume.ts';
import {
  both,
  continuation,
  entry,
  folder,
  image,
  name,
  ROCK_RIDGE_ROOT,
  ROOT_LBA,
  record,
  rockRidgeImage,
  SECTOR,
} from './handmade.ts';
import { readerOf } from './support.ts';

/** The root of a volume of Rock Ridge whose only file, FILE.TXT in plain, has these entries. */
async function nodesWith(entries: readonly Uint8Array[], sectors: Record<number, Uint8Array> = {}, flags = 0) {
  const file = record({
    name: 'FILE.TXT;1',
    lba: 40,
    sizeBytes: flags ? SECTOR : 5,
    flags,
    systemUse: Buffer.concat(entries),
  });
  const bytes = rockRidgeImage([file], sectors);
  const read = readerOf(bytes);
  const volume = await openVolume(read, bytes.length);
  return await volume.readFolder(volume.root, read);
}

const permissions = (mode: number) => entry('PX', Buffer.concat([both(mode), both(1), both(1000), both(100), both(7)]));
const component = (text: string, flags = 0) => Buffer.from([flags, text.length, ...Buffer.from(text)]);
const link = (flags: number, ...components: Uint8Array[]) =>
  entry('SL', Buffer.concat([Uint8Array.of(flags), ...components]));

const names = [
  { rule: 'a name of one entry', entries: [name('Größe 漢.txt')], want: 'Größe 漢.txt' },
  { rule: 'none: the plain one', entries: [], want: 'file.txt' },
  {
    rule: 'a name goes on while CONTINUE is set',
    entries: [name('one', 1), name('two', 1), name('three')],
    want: 'onetwothree',
  },
  {
    rule: 'parts may part a character',
    entries: [name(Uint8Array.of(0xe6, 0xbc), 1), name(Uint8Array.of(0xa2))],
    want: '漢',
  },
  { rule: 'nothing is added to a whole name', entries: [name('one'), name('two')], want: 'one' },
  { rule: 'what is no UTF-8 is Latin-1', entries: [name(Uint8Array.of(0x47, 0x72, 0xf6, 0xdf, 0x65))], want: 'Größe' },
  { rule: 'an entry without octets is none', entries: [name('')], want: 'file.txt' },
  { rule: 'an entry without flags neither', entries: [entry('NM')], want: 'file.txt' },
  { rule: 'CURRENT and PARENT are no names of files', entries: [name('', 2)], want: undefined },
  { rule: 'the same of the parent', entries: [name('', 4)], want: undefined },
  { rule: 'a name with a slash is left out', entries: [name('../etc/passwd')], want: undefined },
  { rule: 'two dots are left out', entries: [name('..')], want: undefined },
  { rule: 'NUL is left out', entries: [name('a\0b')], want: undefined },
  { rule: 'a line feed is left out', entries: [name('a\nb')], want: undefined },
  { rule: 'ST ends the entries', entries: [entry('ST'), name('hidden')], want: 'file.txt' },
  {
    rule: 'an entry longer than what is left ends them',
    entries: [entry('XX', [], 200), name('hidden')],
    want: 'file.txt',
  },
  { rule: 'an entry of no length ends them', entries: [entry('XX', [], 0), name('hidden')], want: 'file.txt' },
  { rule: 'unknown entries are passed over', entries: [entry('AA', [1, 2, 3]), name('known')], want: 'known' },
];
for (const { rule, entries, want } of names)
  test(`NM: ${rule} (RRIP §4.1.4, SUSP §4)`, async () => {
    assert.equal((await nodesWith(entries))[0]?.name, want);
  });

test('NM: 255 octets are a name, 256 are left out', async () => {
  const parts = (count: number) => [name('a'.repeat(count - 200), 1), name('b'.repeat(200))];
  const area = (count: number) => Buffer.concat(parts(count));
  const nodes = (count: number) => nodesWith([continuation(41, 0, area(count).length)], { 41: area(count) });
  assert.equal((await nodes(255))[0]?.name.length, 255);
  assert.deepEqual(await nodes(256), []);
});

const links = [
  {
    rule: 'components are joined by slashes',
    entries: [link(0, component('casper'), component('vmlinuz'))],
    want: 'casper/vmlinuz',
  },
  { rule: 'the root', entries: [link(0, component('', 8), component('live'), component('x'))], want: '/live/x' },
  { rule: 'the root alone', entries: [link(0, component('', 8))], want: '/' },
  {
    rule: 'current and parent',
    entries: [link(0, component('', 4), component('', 2), component('x'))],
    want: '.././x',
  },
  {
    rule: 'a component may go on',
    entries: [link(0, component('vml', 1), component('inuz'), component('x'))],
    want: 'vmlinuz/x',
  },
  { rule: 'a link may go on', entries: [link(1, component('a')), link(0, component('b'))], want: 'a/b' },
  { rule: 'both', entries: [link(1, component('a', 1)), link(0, component('b'))], want: 'ab' },
  { rule: 'nothing is added to a whole one', entries: [link(0, component('a')), link(0, component('b'))], want: 'a' },
  {
    rule: 'UTF-8 over two components',
    entries: [link(0, Buffer.from([1, 2, 0xe6, 0xbc]), Buffer.from([0, 1, 0xa2]))],
    want: '漢',
  },
  { rule: 'one that does not end is broken', entries: [link(1, component('a'))], want: undefined },
  { rule: 'a component longer than its entry is broken', entries: [entry('SL', [0, 0, 9, 0x61])], want: undefined },
  { rule: 'an empty one is broken', entries: [link(0)], want: undefined },
  { rule: 'NUL in it is broken', entries: [link(0, component('a\0b'))], want: undefined },
];
for (const { rule, entries, want } of links)
  test(`SL: ${rule} (RRIP §4.1.3)`, async () => {
    const [node] = await nodesWith([name('link'), permissions(0o120777), ...entries]);
    assert.deepEqual(
      [node?.kind, node?.target, node?.unreadable],
      ['link', want, want === undefined ? 'bad-link' : undefined],
    );
    assert.deepEqual([node?.sizeBytes, node?.extents], [Buffer.byteLength(want ?? ''), []]);
  });

const kinds = [
  { mode: 0o100755, want: ['file', 0o755] },
  { mode: 0o104755, want: ['file', 0o4755] },
  { mode: 0o020600, want: ['other', 0o600] },
  { mode: 0o010600, want: ['other', 0o600] },
  { mode: 0o040755, want: ['other', 0o755] },
] as const;
for (const { mode, want } of kinds)
  test(`PX: mode ${mode.toString(8)} is ${want[0]} (RRIP §4.1.1)`, async () => {
    const [node] = await nodesWith([permissions(mode)]);
    assert.deepEqual([node?.kind, node?.mode, node?.uid, node?.gid], [...want, 1000, 100]);
    assert.equal(node?.extents.length, want[0] === 'file' ? 1 : 0);
  });

test('PX: a record of a folder stays one, whatever the mode says', async () => {
  const [node] = await nodesWith([permissions(0o100755)], { 40: folder([]) }, 2);
  assert.equal(node?.kind, 'folder');
});

const short = [124, 2, 29, 12, 34, 56, 0];
const long = [...Buffer.from('2023012703040599'), 4];
const times = [
  { rule: 'modification', entries: [entry('TF', [0x02, ...short])], want: '2024-02-29T12:34:56.000Z' },
  {
    rule: 'behind creation',
    entries: [entry('TF', [0x03, ...short.with(0, 90), ...short])],
    want: '2024-02-29T12:34:56.000Z',
  },
  { rule: 'long form', entries: [entry('TF', [0x82, ...long])], want: '2023-01-27T02:04:05.990Z' },
  {
    rule: 'long form of zeros',
    entries: [entry('TF', [0x82, ...Buffer.from('0'.repeat(16)), 0])],
    want: '1970-01-01T00:00:00.000Z',
  },
  {
    rule: 'none: the record’s own',
    entries: [entry('TF', [0x04, ...short.with(0, 90)])],
    want: '2024-02-29T12:34:56.000Z',
  },
  { rule: 'cut off: the record’s own', entries: [entry('TF', [0x02, 90, 1])], want: '2024-02-29T12:34:56.000Z' },
];
for (const { rule, entries, want } of times)
  test(`TF: ${rule} (RRIP §4.1.6)`, async () => {
    const [node] = await nodesWith(entries);
    assert.equal(new Date(node?.modifiedMs ?? -1).toISOString(), want);
  });

const refused = [
  { letters: 'ZF', data: [0x70, 0x7a, 4, 15, ...both(99)], want: 'zisofs' },
  { letters: 'SF', data: [...both(0), ...both(99), 1], want: 'sparse' },
];
for (const { letters, data, want } of refused)
  test(`${letters}: ${want} is named and not served`, async () => {
    const [node] = await nodesWith([entry(letters, data)]);
    assert.deepEqual([node?.unreadable, node?.extents], [want, []]);
  });

const deepFolder = (self: Uint8Array) =>
  folder([record({ name: 'X', lba: 50, sizeBytes: 1 })], { name: '\0', lba: 45, systemUse: self });

test('CL: a relocated folder appears where it belongs, as its own record tells; RE hides it elsewhere (RRIP §4.1.5)', async () => {
  const moved = record({
    name: 'DEEP',
    lba: 45,
    sizeBytes: SECTOR,
    flags: 2,
    systemUse: Buffer.concat([name('deep'), entry('RE')]),
  });
  const holder = record({ name: 'RR_MOVED', lba: 44, sizeBytes: SECTOR, flags: 2, systemUse: name('rr_moved') });
  const child = record({ name: 'DEEP', systemUse: Buffer.concat([name('deep'), entry('CL', both(45))]) });
  const bytes = rockRidgeImage([holder, child], { 44: folder([moved]), 45: deepFolder(permissions(0o40750)) });
  const read = readerOf(bytes);
  const volume = await openVolume(read, bytes.length);
  const nodes = await volume.readFolder(volume.root, read);
  assert.deepEqual(
    nodes.map(({ name, kind, mode, extents }) => ({ name, kind, mode, extents })),
    [{ name: 'deep', kind: 'folder', mode: 0o750, extents: [{ position: 45 * SECTOR, lengthBytes: SECTOR }] }],
  );
  const [inside] = await volume.readFolder(nodes[0] as Node, read);
  assert.equal(inside?.name, 'x');
});

test('CL: one that leads out of the image is listed and cannot be read; one to no folder is left out', async () => {
  const [outside] = await nodesWith([name('deep'), entry('CL', both(99_999))]);
  assert.deepEqual([outside?.kind, outside?.unreadable], ['folder', 'outside-the-image']);
  assert.deepEqual(await nodesWith([name('deep'), entry('CL', both(41))]), []);
});

test('RR_MOVED that holds anything else is shown', async () => {
  const holder = record({ name: 'RR_MOVED', lba: 44, sizeBytes: SECTOR, flags: 2 });
  const bytes = rockRidgeImage([holder], { 44: folder([record({ name: 'MINE', sizeBytes: 1 })]) });
  const volume = await openVolume(readerOf(bytes), bytes.length);
  assert.equal((await volume.readFolder(volume.root, readerOf(bytes)))[0]?.name, 'rr_moved');
});

test('CE: entries go on in areas, and those in further ones (SUSP §5.1)', async () => {
  const last = name('two');
  const middle = Buffer.concat([name('one', 1), continuation(42, 100, last.length)]);
  const sector = new Uint8Array(SECTOR);
  sector.set(last, 100);
  const nodes = await nodesWith([continuation(41, 0, middle.length)], { 41: middle, 42: sector });
  assert.equal(nodes[0]?.name, 'onetwo');
});

test('CE: 32 areas are followed, no loop is', async () => {
  const nodes = (count: number) => {
    const areas = Array.from({ length: count }, (_, i) =>
      i < count - 1 ? continuation(41, (i + 1) * 28, 28) : name('the end of all of the areas'.slice(0, 23)),
    );
    return nodesWith([continuation(41, 0, 28)], { 41: Buffer.concat(areas) });
  };
  assert.equal((await nodes(32))[0]?.name, 'the end of all of the a');
  await assert.rejects(nodes(33), /^Malformed: damaged: continuation areas without end/);
  const self = continuation(41, 0, 28);
  await assert.rejects(nodesWith([self], { 41: self }), /^Malformed: damaged: continuation areas without end/);
});

const outside = [
  { rule: 'behind the image', ce: continuation(64, 0, 28) },
  { rule: 'over its end', ce: continuation(63, 2040, 28) },
  { rule: 'absurdly long', ce: continuation(41, 0, 0xffff_ffff) },
  { rule: 'absurdly far', ce: continuation(0xffff_ffff, 0xffff_ffff, 28) },
];
for (const { rule, ce } of outside)
  test(`CE: an area ${rule} is damage`, async () => {
    await assert.rejects(nodesWith([ce]), /^Malformed: damaged: a continuation area outside the image/);
  });

const marks = [
  { rule: 'SP alone is none', systemUse: [entry('SP', [0xbe, 0xef, 0])], want: 'plain' },
  { rule: 'entries without SP are none', systemUse: [entry('RR', [0x81])], want: 'plain' },
  {
    rule: 'RR of the first edition',
    systemUse: [entry('SP', [0xbe, 0xef, 0]), entry('RR', [0x81])],
    want: 'rock-ridge',
  },
  { rule: 'PX', systemUse: [entry('SP', [0xbe, 0xef, 0]), permissions(0o40755)], want: 'rock-ridge' },
  {
    rule: 'ER names an edition',
    systemUse: [entry('SP', [0xbe, 0xef, 0]), entry('ER', [10, 0, 0, 1, ...Buffer.from('RRIP_1991A')])],
    want: 'rock-ridge',
  },
  {
    rule: 'ER of another extension',
    systemUse: [entry('SP', [0xbe, 0xef, 0]), entry('ER', [9, 0, 0, 1, ...Buffer.from('AAIP_0200')])],
    want: 'plain',
  },
  {
    rule: 'SP behind CD-ROM XA',
    systemUse: [new Uint8Array(14), entry('SP', [0xbe, 0xef, 14]), entry('RR', [0x81])],
    want: 'rock-ridge',
  },
  { rule: 'SP with another check', systemUse: [entry('SP', [0xbe, 0xee, 0]), entry('RR', [0x81])], want: 'plain' },
];
for (const { rule, systemUse, want } of marks)
  test(`Rock Ridge is told by the root’s own record: ${rule} (SUSP §5.3, RRIP §4.3)`, async () => {
    const self = { name: '\0', lba: ROOT_LBA, systemUse: Buffer.concat(systemUse) };
    const bytes = image({ sectors: { [ROOT_LBA]: folder([], self) } });
    assert.equal((await openVolume(readerOf(bytes), bytes.length)).names, want);
  });

test('SP: the octets it says are skipped in front of every record’s entries', async () => {
  const self = { ...ROCK_RIDGE_ROOT, systemUse: Buffer.concat([entry('SP', [0xbe, 0xef, 6]), entry('RR', [0x81])]) };
  const file = record({ name: 'A', systemUse: Buffer.concat([Buffer.from('NMwxyz'), name('skipped')]) });
  const bytes = image({ sectors: { [ROOT_LBA]: folder([file], self) } });
  const volume = await openVolume(readerOf(bytes), bytes.length);
  assert.equal((await volume.readFolder(volume.root, readerOf(bytes)))[0]?.name, 'skipped');
});
