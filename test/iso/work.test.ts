/** Images that make much of little: what reading one costs and holds is bounded, counted by turns, nodes and text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openVolume } from '../../src/iso/open.ts';
import type { Node } from '../../src/iso/volume.ts';
import { continuation, entry, folder, image, name, ROCK_RIDGE_ROOT, ROOT_LBA, record, SECTOR } from './handmade.ts';
import { counted, readerOf } from './support.ts';
import { makeUdf, PARTITION_START } from './udfsupport.ts';

/** Sectors of areas that entries go on in, before the folder. */
const AREAS_LBA = 30;
const FOLDER_LBA = 60;
/** As many as a second of work is worth. */
const MAX_TURNS = 520;

interface Found {
  readonly nodes: readonly Node[];
  readonly damage?: string;
  readonly turns: number;
}

/** What the folder of these records comes to, read by itself. */
async function readCrowd(records: readonly Uint8Array[], areas: Uint8Array = new Uint8Array(0)): Promise<Found> {
  const crowd = folder(records);
  const sectors = {
    [ROOT_LBA]: folder([record({ name: 'A', lba: FOLDER_LBA, sizeBytes: crowd.length, flags: 2 })], ROCK_RIDGE_ROOT),
    [AREAS_LBA]: areas,
    [FOLDER_LBA]: crowd,
  };
  const bytes = image({ sectors, blocks: FOLDER_LBA + 1 + crowd.length / SECTOR, rootBytes: SECTOR });
  const read = counted(readerOf(bytes), 64 * 1024 * 1024, MAX_TURNS);
  const volume = await openVolume(read, bytes.length);
  const [inner] = await volume.readFolder(volume.root, read);
  try {
    return { nodes: await volume.readFolder(inner ?? assert.fail(), read), turns: read.turns() };
  } catch (error) {
    return { nodes: [], damage: (error as Error).message, turns: read.turns() };
  }
}

const WINDOW_BYTES = 16 * 1024;

/** Sixteen KiB of the smallest entries, and at their end thirty that each go on in all before them. */
function nestedAreas(): Uint8Array {
  const areas = Buffer.concat(Array.from({ length: WINDOW_BYTES / 4 }, () => entry('ZZ')));
  for (let k = 0; k < 30; k++)
    areas.set(continuation(AREAS_LBA, 0, WINDOW_BYTES - (k + 1) * 32), WINDOW_BYTES - k * 32 - 28);
  return areas;
}

const times = (count: number, make: (i: number) => Uint8Array): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => make(i));
const isLink = entry('PX', Buffer.concat([Buffer.from([0xff, 0xa1, 0, 0]), Buffer.alloc(28)]));
/** A target of 4080 characters, in sixteen entries. */
const longTarget = Buffer.concat(
  times(16, (i) =>
    entry('SL', Buffer.concat([Uint8Array.of(i < 15 ? 1 : 0, i < 15 ? 1 : 0, 248), Buffer.alloc(248, 'a')])),
  ),
);
const longLink = (i: number): Uint8Array =>
  record({ name: `A${i}`, systemUse: Buffer.concat([isLink, continuation(AREAS_LBA, 0, longTarget.length)]) });
const part = (i: number): Uint8Array => record({ name: 'A', lba: 30 + (i % 7) * 2, sizeBytes: 1, flags: 0x80 });
const last = record({ name: 'A', lba: 30, sizeBytes: 1 });

const crowds: readonly {
  readonly rule: string;
  readonly records: readonly Uint8Array[];
  readonly areas?: Uint8Array;
  readonly nodes?: number;
  readonly damage?: RegExp;
}[] = [
  {
    rule: 'records that go on in the same nested areas',
    records: times(60, (i) => record({ name: `A${i}`, systemUse: continuation(AREAS_LBA, 0, WINDOW_BYTES) })),
    areas: nestedAreas(),
    damage: /more to look at than any folder has/,
  },
  {
    rule: '100,001 records of one name',
    records: times(100_001, () => record({ name: 'A' })),
    damage: /100000 entries/,
  },
  { rule: '50,000 records of one name', records: times(50_000, () => record({ name: 'A' })), nodes: 1 },
  { rule: 'a file in 2049 parts', records: [...times(2048, part), last], damage: /more than 2048 parts/ },
  { rule: 'a file in 2048 parts', records: [...times(2047, part), last], nodes: 1 },
  { rule: '1060 links of 4 KiB', records: times(1060, longLink), areas: longTarget, damage: /4194304 characters/ },
  { rule: '1000 links of 4 KiB', records: times(1000, longLink), areas: longTarget, nodes: 1000 },
  {
    rule: '20,000 names of 250 letters',
    records: times(20_000, (i) => record({ name: `A${i}`, systemUse: name(`${i}`.padEnd(170, 'x')) })),
    nodes: 20_000,
  },
];
for (const { rule, records, areas, nodes, damage } of crowds)
  test(`work: a folder of ${rule} is ${nodes === undefined ? 'damage' : `${nodes} nodes`}, in a bounded number of turns`, async () => {
    const found = await readCrowd(records, areas);
    if (damage) assert.match(found.damage ?? 'none', damage);
    else assert.deepEqual([found.nodes.length, found.damage], [nodes, undefined]);
    assert.ok(found.turns <= MAX_TURNS);
  });

test('work: others have a turn all the time while nested areas are looked at, a folder of 50,000 and one of UDF', async () => {
  const nested = times(60, (i) => record({ name: `A${i}`, systemUse: continuation(AREAS_LBA, 0, WINDOW_BYTES) }));
  assert.ok((await readCrowd(nested, nestedAreas())).turns > 300);
  assert.ok((await readCrowd(times(50_000, (i) => record({ name: `F${i}` })))).turns > 50);
  const bytes = makeUdf(Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`f${i}`, 'x'])));
  const read = counted(readerOf(bytes));
  const volume = await openVolume(read, bytes.length);
  assert.equal((await volume.readFolder(volume.root, read)).length, 2000);
  assert.ok(read.turns() > 10, `${read.turns()} turns`);
});

/** A target of some 13,000 characters. */
const far = `${'a'.repeat(200)}/`.repeat(65).slice(0, -1);

test('work: of UDF’s links, targets of 4 MiB together are kept, and the rest of the names', async () => {
  const bytes = makeUdf(Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`l${i}`, { link: far }])));
  const read = counted(readerOf(bytes));
  const volume = await openVolume(read, bytes.length);
  const nodes = await volume.readFolder(volume.root, read);
  assert.equal(nodes.length, 400);
  const chars = nodes.reduce((sum, { target = '' }) => sum + target.length, 0);
  assert.ok(chars > 3_500_000 && chars <= 4_194_304, `${chars}`);
  assert.ok(nodes.every(({ target, unreadable }) => target === far || unreadable === 'bad-link'));
});

test('work: many names of one file of UDF are read as one', async () => {
  const bytes = makeUdf({
    'd/l': { link: far },
    ...Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`d/x${i}`, 'x'])),
  });
  const volume = await openVolume(readerOf(bytes), bytes.length);
  const inner = (await volume.readFolder(volume.root, readerOf(bytes)))[0] ?? assert.fail();
  const [link, ...others] = await volume.readFolder(inner, readerOf(bytes));
  // Each name's address is made that of the link. ECMA-167 4/14.4: it is at octet 20, its block at 4 of that.
  const addressOf = (place: number): Buffer => {
    const address = Buffer.alloc(4);
    address.writeUInt32LE(place / SECTOR - PARTITION_START);
    return address;
  };
  for (const [i, { place }] of others.entries()) {
    const at = bytes.indexOf(`x${i}`, inner.extents[0]?.position) - 38 - 1 + 24;
    assert.deepEqual(bytes.subarray(at, at + 4), addressOf(place));
    addressOf(link?.place ?? 0).copy(bytes, at);
  }
  const read = counted(readerOf(bytes));
  const again = await volume.readFolder(inner, read);
  assert.equal(again.length, 301);
  assert.ok(again.every(({ target, name: text }, i) => target === far && (i === 0 || text === `x${i - 1}`)));
  assert.ok(read.calls() <= 4, `${read.calls()} reads`);
});
