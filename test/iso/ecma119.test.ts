import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteReader } from '../../src/core/bytes.ts';
import { plainName, recordingMs } from '../../src/iso/ecma119.ts';
import { openVolume } from '../../src/iso/open.ts';
import type { Node } from '../../src/iso/volume.ts';
import { folder, image, little, ROOT_LBA, record, SECTOR } from './handmade.ts';
import { readerOf } from './support.ts';

/** The nodes in the root of an image with these records. */
async function nodesWith(records: readonly Uint8Array[]): Promise<readonly Node[]> {
  const read = readerOf(image({ sectors: { [ROOT_LBA]: folder(records) } }));
  const volume = await openVolume(read, 64 * SECTOR);
  return await volume.readFolder(volume.root, read);
}

const names = [
  { stored: 'README.TXT;1', want: 'readme.txt', rule: 'small letters, no version' },
  { stored: 'KERNEL.;1', want: 'kernel', rule: 'no dot that nothing follows' },
  { stored: 'KERNEL.', want: 'kernel', rule: 'the same without version' },
  { stored: 'VMLINUZ', want: 'vmlinuz', rule: 'as folders have it' },
  { stored: 'A.B;32767', want: 'a.b', rule: 'any version' },
  { stored: 'A;B', want: 'a.b', rule: 'other semicolons become dots' },
  { stored: 'A/B', want: 'a.b', rule: 'Acorn’s slashes too' },
  { stored: 'ÄÖ.TXT', want: 'ÄÖ.txt', rule: 'letters beyond ASCII stay' },
  { stored: '.;1', want: '', rule: 'nothing left is no name' },
];
for (const { stored, want, rule } of names)
  test(`plain name ${stored}: ${rule} (ECMA-119 §7.5.1, fs/isofs/dir.c)`, () => assert.equal(plainName(stored), want));

const times = [
  { octets: [124, 2, 29, 12, 34, 56, 0], want: '2024-02-29T12:34:56.000Z', rule: 'years since 1900' },
  { octets: [124, 2, 29, 12, 34, 56, 8], want: '2024-02-29T10:34:56.000Z', rule: 'quarters of an hour east' },
  { octets: [124, 2, 29, 12, 34, 56, 256 - 20], want: '2024-02-29T17:34:56.000Z', rule: 'and west' },
  { octets: [69, 12, 31, 23, 59, 59, 0], want: '1969-12-31T23:59:59.000Z', rule: 'before 1970' },
  { octets: [0, 0, 0, 0, 0, 0, 0], want: '1970-01-01T00:00:00.000Z', rule: 'no time' },
  { octets: [140, 6, 1, 0, 0, 0, 0xa0], want: '2040-06-01T00:00:00.000Z', rule: 'a zone that there is not is none' },
  { octets: [124, 13, 1, 0, 0, 0, 0], want: '1970-01-01T00:00:00.000Z', rule: 'no such month' },
];
for (const { octets, want, rule } of times)
  test(`recording time: ${rule} (ECMA-119 §9.1.5)`, () => {
    assert.equal(new Date(recordingMs(new ByteReader(Uint8Array.from(octets)))).toISOString(), want);
  });

test('a file: kind, length, place and time as its record has them', async () => {
  assert.deepEqual(await nodesWith([record({ name: 'A.TXT;1', lba: 40, sizeBytes: 3000 })]), [
    {
      name: 'a.txt',
      kind: 'file',
      sizeBytes: 3000,
      modifiedMs: Date.UTC(2024, 1, 29, 12, 34, 56),
      mode: 0o444,
      uid: 0,
      gid: 0,
      extents: [{ position: 40 * SECTOR, lengthBytes: 3000 }],
      place: ROOT_LBA * SECTOR + 68,
    },
  ]);
});

const extents = [
  {
    rule: 'parts of a file follow each other, and add up (§6.5.1)',
    records: [
      record({ name: 'BIG;1', lba: 30, sizeBytes: SECTOR, flags: 0x80 }),
      record({ name: 'BIG;1', lba: 50, sizeBytes: 2 * SECTOR, flags: 0x80 }),
      record({ name: 'BIG;1', lba: 40, sizeBytes: 10 }),
    ],
    want: ['big 6154 30+2048 50+4096 40+10'],
  },
  {
    rule: 'parts that lie one behind the other are one',
    records: [
      record({ name: 'BIG;1', lba: 30, sizeBytes: SECTOR, flags: 0x80 }),
      record({ name: 'BIG;1', lba: 31, sizeBytes: 10 }),
    ],
    want: ['big 2058 30+2058'],
  },
  {
    rule: 'a file whose last part is missing cannot be read',
    records: [
      record({ name: 'BIG;1', lba: 30, sizeBytes: SECTOR, flags: 0x80 }),
      record({ name: 'NEXT;1', lba: 31, sizeBytes: 10 }),
    ],
    want: ['big 2048 last-part-missing', 'next 10 31+10'],
  },
  {
    rule: 'an extended attribute record comes before the octets (§9.1.2)',
    records: [record({ name: 'A', lba: 30, sizeBytes: 5, attributeBlocks: 2 })],
    want: ['a 5 32+5'],
  },
  {
    rule: 'interleaved files are refused (§6.4.3)',
    records: [record({ name: 'A', sizeBytes: 5, unit: 1, gap: 1 })],
    want: ['a 5 interleaved'],
  },
  {
    rule: 'associated files are not shown (§9.1.6)',
    records: [record({ name: 'A', sizeBytes: 5, flags: 4 }), record({ name: 'A', lba: 31, sizeBytes: 6 })],
    want: ['a 6 31+6'],
  },
  { rule: 'hidden files are', records: [record({ name: 'A', sizeBytes: 5, flags: 1 })], want: ['a 5 30+5'] },
  {
    rule: 'an empty file may be said to lie anywhere',
    records: [record({ name: 'A', lba: 0xffff_ffff })],
    want: ['a 0'],
  },
  {
    rule: 'a file that ends with the image is inside',
    records: [record({ name: 'A', lba: 63, sizeBytes: SECTOR })],
    want: ['a 2048 63+2048'],
  },
  {
    rule: 'one octet more is not',
    records: [record({ name: 'A', lba: 63, sizeBytes: SECTOR + 1 })],
    want: ['a 2049 outside-the-image'],
  },
  {
    rule: 'of two names the first one wins',
    records: [record({ name: 'A;2', sizeBytes: 2 }), record({ name: 'A;1', sizeBytes: 1 })],
    want: ['a 2 30+2'],
  },
];
for (const { rule, records, want } of extents)
  test(`directory records: ${rule}`, async () => {
    const shown = (await nodesWith(records)).map((node) =>
      [
        node.name,
        node.sizeBytes,
        ...(node.unreadable ? [node.unreadable] : []),
        ...node.extents.map(({ position = 0, lengthBytes }) => `${position / SECTOR}+${lengthBytes}`),
      ].join(' '),
    );
    assert.deepEqual(shown, want);
  });

test('of a number in both byte orders the little-endian one counts: makers got the other wrong', async () => {
  const bytes = record({ name: 'A', lba: 30, sizeBytes: 5 });
  bytes.fill(0, 6, 10).fill(0xee, 14, 18);
  assert.deepEqual((await nodesWith([bytes]))[0]?.extents, [{ position: 30 * SECTOR, lengthBytes: 5 }]);
});

test('a record never goes over the end of a sector: zeros fill it (§6.8.1.1)', async () => {
  const records = Array.from({ length: 200 }, (_, i) => record({ name: `FILE${i}.TXT;1`, sizeBytes: i }));
  assert.equal((await nodesWith(records)).length, 200);
});

test('blocks of 512 octets (§6.2.2)', async () => {
  const root = folder([record({ name: 'A', lba: 161, sizeBytes: 5 })]);
  const bytes = image({ sectors: { [ROOT_LBA]: root }, blockBytes: 512, rootLba: ROOT_LBA * 4, blocks: 64 });
  const volume = await openVolume(readerOf(bytes), bytes.length);
  const [node] = await volume.readFolder(volume.root, readerOf(bytes));
  assert.deepEqual(node?.extents, [{ position: 161 * 512, lengthBytes: 5 }]);
});

test('a volume of other blocks is damaged', async () => {
  for (const blockBytes of [0, 1, 2047, 4096]) {
    const bytes = image({ sectors: { [ROOT_LBA]: folder([]) }, blockBytes });
    await assert.rejects(openVolume(readerOf(bytes), bytes.length), /^Malformed: damaged: a volume of blocks/);
  }
});

test('the first primary descriptor counts, and a set without terminator is read to sector 99', async () => {
  const bytes = image({ sectors: { 120: folder([], { name: '\0', lba: 120 }) }, rootLba: 120, blocks: 200 });
  for (let lba = 17; lba < 115; lba++) bytes.copyWithin(lba * SECTOR, 16 * SECTOR, 17 * SECTOR);
  bytes.set(little(1, 4), 99 * SECTOR + 80);
  const asked: number[] = [];
  const read = readerOf(bytes);
  const volume = await openVolume((into, position) => {
    if (position < 116 * SECTOR && into.length === SECTOR) asked.push(position / SECTOR);
    return read(into, position);
  }, bytes.length);
  assert.equal(volume.declaredBytes, 200 * SECTOR);
  assert.deepEqual([asked.length, Math.min(...asked), Math.max(...asked)], [84, 16, 99]);
});
