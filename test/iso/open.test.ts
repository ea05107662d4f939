import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Malformed } from '../../src/core/bytes.ts';
import { NotAnImage, openVolume, problemOf } from '../../src/iso/open.ts';
import type { Volume } from '../../src/iso/volume.ts';
import { findNode } from '../../src/iso/walk.ts';
import { folder, image, little, ROOT_LBA, SECTOR } from './handmade.ts';
import {
  bytesOf,
  hashOf,
  hasPrograms,
  makeIso,
  makeTree,
  nodesOf,
  openImage,
  readerOf,
  temporaryFolder,
  withImage,
} from './support.ts';

const work = temporaryFolder();

async function opened(bytes: Uint8Array): Promise<Volume> {
  return await openVolume(readerOf(bytes), bytes.length);
}

const AGAIN = 'Remove it or copy it again.';
const refused = [
  { name: 'an empty file', bytes: new Uint8Array(0), says: 'It is an empty file.', cure: AGAIN },
  { name: 'a few zeros', bytes: new Uint8Array(100), says: 'It is no ISO image.', cure: AGAIN },
  { name: 'a million zeros', bytes: new Uint8Array(1_000_000), says: 'It is no ISO image.', cure: AGAIN },
  { name: 'a text', bytes: Buffer.from('hello world\n'.repeat(9000)), says: 'It is no ISO image.', cure: AGAIN },
  {
    name: 'a web page',
    bytes: Buffer.from('<!DOCTYPE html><title>404'),
    says: 'It is a web page: the download went wrong.',
    cure: 'Download it again.',
  },
  {
    name: 'a ZIP archive',
    bytes: Buffer.from('PK\x03\x04'.padEnd(99_999)),
    says: 'It is a ZIP archive.',
    cure: 'Unpack it.',
  },
  { name: 'gzip', bytes: Buffer.from('1f8b0800', 'hex'), says: 'It is compressed by gzip.', cure: 'Unpack it.' },
];
for (const { name, bytes, says, cure } of refused)
  test(`open: ${name} is no image, with a sentence and the cure`, async () => {
    const error = await opened(bytes).catch((error: unknown) => error);
    assert.ok(error instanceof NotAnImage);
    assert.deepEqual(problemOf(error), { reason: 'not-an-image', says, cure });
  });

test('open: a file that ends before the root folder is cut off, and says so for people', async () => {
  const bytes = image({ sectors: { [ROOT_LBA]: folder([]) } }).subarray(0, ROOT_LBA * SECTOR + 100);
  const error = (await opened(bytes).catch((error: unknown) => error)) as Malformed;
  assert.equal(error.what, 'cut off: the file ends before the root folder');
  assert.deepEqual(problemOf(error), {
    reason: 'damaged',
    says: 'Cut off: the file ends before the root folder.',
    cure: 'Copy or download it again, and compare its checksum.',
  });
});

test('open: a file shorter than its volume opens, and tells how long it has to become', async () => {
  const bytes = image({ sectors: { [ROOT_LBA]: folder([]) } });
  bytes.set(little(1000, 4), 16 * SECTOR + 80);
  assert.equal((await opened(bytes)).declaredBytes, 1000 * SECTOR);
});

test('open: label and system identifier without padding', async () => {
  const { label, systemId, format, names } = await opened(image({ sectors: { [ROOT_LBA]: folder([]) } }));
  assert.deepEqual(
    { label, systemId, format, names },
    { label: 'HANDMADE', systemId: 'LINUX', format: 'iso9660', names: 'plain' },
  );
});

test('open: what the disk says is not called damage', async () => {
  const broken = Object.assign(new Error('EIO'), { code: 'EIO' });
  await assert.rejects(
    openVolume(async () => Promise.reject(broken), 1_000_000),
    broken,
  );
});

const small = { 'small.txt': 'small', 'sub/other.bin': 'other', link: { link: 'small.txt' } } as const;

test('open: a hybrid image with partition tables in its system area is read as any other', async (t) => {
  if (!hasPrograms(t, ['xorriso'])) return;
  const mbr = join(work, 'mbr.bin');
  makeTree(work, { 'mbr.bin': Buffer.alloc(432, 0x90), 'efi.img': Buffer.alloc(65_536, 'efi') });
  const source = makeTree(join(work, 'hybrid'), { ...small, 'boot.bin': Buffer.alloc(2048, 'boot') });
  const boot = ['-b', 'boot.bin', '-c', 'boot.cat', '-no-emul-boot', '-boot-load-size', '4'];
  const parts = ['-append_partition', '2', '0xef', join(work, 'efi.img'), '-appended_part_as_gpt'];
  const efi = ['-eltorito-alt-boot', '-e', '--interval:appended_partition_2:all::', '-no-emul-boot'];
  const path = makeIso(
    'xorriso',
    ['-R', '-G', mbr, ...boot, ...parts, ...efi, '-partition_offset', '16'],
    source,
    join(work, 'hybrid.iso'),
  );
  const bytes = bytesOf(path);
  assert.deepEqual([...bytes.subarray(510, 512)], [0x55, 0xaa]);
  assert.equal(Buffer.from(bytes.subarray(512, 520)).toString(), 'EFI PART');
  const volume = await opened(bytes);
  assert.deepEqual(
    volume.bootImages.map(({ platform }) => platform),
    ['bios', 'uefi'],
  );
  const [, uefi] = volume.bootImages;
  assert.equal(Buffer.from(bytes.subarray(uefi?.position ?? 0, (uefi?.position ?? 0) + 3)).toString(), 'efi');
  assert.ok((await nodesOf(volume, readerOf(bytes))).has('/sub/other.bin'));
});

test('open: a file over 4 GiB in parts is one file of one piece (ECMA-119 §6.5.1)', async (t) => {
  if (!hasPrograms(t, ['xorriso'])) return;
  const hugeBytes = 9 * 1024 ** 3 + 7;
  const source = makeTree(join(work, 'large'), { 'huge.bin': { sparseBytes: hugeBytes }, 'z.txt': 'after' });
  const path = join(work, 'large.iso');
  // The folders come first in what xorriso writes: the rest of it are zeros, which need not be on disk.
  spawnSync('sh', ['-c', 'xorriso -as mkisofs -quiet -R -iso-level 3 -o - "$0" | head -c 1000000 >"$1"', source, path]);
  truncateSync(path, hugeBytes + 1_000_000);
  await withImage(path, async ({ read, sizeBytes }) => {
    const volume = await openVolume(read, sizeBytes);
    const nodes = await nodesOf(volume, read);
    const [huge, after] = [nodes.get('/huge.bin')?.extents ?? [], nodes.get('/z.txt')?.extents ?? []];
    assert.deepEqual(
      huge.map(({ lengthBytes }) => lengthBytes),
      [hugeBytes],
    );
    assert.equal((huge[0]?.position ?? 0) + Math.ceil(hugeBytes / SECTOR) * SECTOR, after[0]?.position);
    assert.ok(volume.declaredBytes > hugeBytes && volume.declaredBytes <= sizeBytes);
  });
});

test('open: zisofs is named, and what is not compressed is read', async (t) => {
  if (!hasPrograms(t, ['genisoimage', 'mkzftree'])) return;
  const source = makeTree(join(work, 'flat'), { 'big.txt': 'compress me '.repeat(5000), 'tiny.txt': 'x' });
  spawnSync('mkzftree', [source, join(work, 'packed')]);
  const path = makeIso('genisoimage', ['-R', '-z'], join(work, 'packed'), join(work, 'z.iso'));
  const bytes = bytesOf(path);
  const nodes = await nodesOf(await opened(bytes), readerOf(bytes));
  assert.equal(nodes.get('/big.txt')?.unreadable, 'zisofs');
  assert.equal(nodes.get('/tiny.txt')?.unreadable, undefined);
});

/** An image of both, in which ISO 9660 says that small.txt has 2 octets: how genisoimage shrinks files over 4 GiB. */
function bridged(options: readonly string[], name: string): { bytes: Buffer; path: string } {
  const source = makeTree(join(work, `${name}-source`), small);
  const path = makeIso('genisoimage', [...options, '-udf'], source, join(work, `${name}.iso`));
  const bytes = readFileSync(path);
  for (let at = bytes.indexOf('SMALL.TXT;1'); at >= 0; at = bytes.indexOf('SMALL.TXT;1', at + 1))
    if (bytes.readUInt32LE(at - 23) === 5) bytes.writeUInt32LE(2, at - 23);
  return { bytes, path };
}

test('open: with Rock Ridge and UDF, names and links are Rock Ridge’s, and lengths that differ are UDF’s', async (t) => {
  if (!hasPrograms(t, ['genisoimage'])) return;
  const { bytes } = bridged(['-R'], 'bridge');
  const volume = await opened(bytes);
  assert.equal(volume.names, 'rock-ridge');
  const nodes = await nodesOf(volume, readerOf(bytes));
  assert.deepEqual([nodes.get('/small.txt')?.sizeBytes, nodes.get('/sub/other.bin')?.sizeBytes], [5, 5]);
  assert.equal(nodes.get('/link')?.target, 'small.txt');
  const file = await findNode(volume, '/link', readerOf(bytes), { ignoreCase: false });
  const want = createHash('sha256').update('small').digest('hex');
  assert.equal(await hashOf(file ?? assert.fail(), readerOf(bytes)), want);
});

test('open: a damaged UDF side is as if it were not there', async (t) => {
  if (!hasPrograms(t, ['genisoimage'])) return;
  const { bytes } = bridged(['-R'], 'half');
  bytes.fill(0xff, 257 * SECTOR, 260 * SECTOR);
  bytes.fill(0xff, 32 * SECTOR, 64 * SECTOR);
  const nodes = await nodesOf(await opened(bytes), readerOf(bytes));
  assert.equal(nodes.get('/small.txt')?.sizeBytes, 2);
});

const LABELS = { joliet: 'LABEL J', plain: 'LABEL P' };
for (const names of ['joliet', 'plain'] as const)
  test(`open: beside a damaged UDF side, names of ${names} will do`, async (t) => {
    if (!hasPrograms(t, ['genisoimage'])) return;
    const { bytes } = bridged(names === 'joliet' ? ['-J', '-V', LABELS.joliet] : ['-V', LABELS.plain], `half-${names}`);
    bytes.fill(0xff, 257 * SECTOR, 260 * SECTOR);
    bytes.fill(0xff, 32 * SECTOR, 64 * SECTOR);
    const volume = await opened(bytes);
    assert.deepEqual([volume.names, volume.label], [names, LABELS[names]]);
    assert.equal((await nodesOf(volume, readerOf(bytes))).get('/small.txt')?.kind, 'file');
  });

test('open: a damaged UDF side beside an ISO 9660 side of a readme alone is the damage of the image', async (t) => {
  if (!hasPrograms(t, ['genisoimage'])) return;
  const source = makeTree(join(work, 'readme-source'), { 'README.TXT': 'This disc contains a "UDF" file system' });
  const path = makeIso('genisoimage', ['-udf'], source, join(work, 'readme.iso'));
  const bytes = readFileSync(path);
  bytes.fill(0xff, 257 * SECTOR, 260 * SECTOR);
  bytes.fill(0xff, 32 * SECTOR, 64 * SECTOR);
  await assert.rejects(opened(bytes), /UDF: no description of a volume/);
});

const isoFaults: readonly (readonly [string, (bytes: Buffer, rootAt: number) => void])[] = [
  ['descriptor', (bytes) => bytes.writeUInt16LE(777, 16 * SECTOR + 128)],
  ['root folder', (bytes, rootAt) => bytes.fill(1, rootAt, rootAt + SECTOR)],
];
for (const [what, damage] of isoFaults)
  test(`open: beside a damaged ${what} of ISO 9660, a sound UDF will do`, async (t) => {
    if (!hasPrograms(t, ['genisoimage'])) return;
    const { bytes } = bridged(['-R'], `bad-${what.replace(' ', '-')}`);
    damage(bytes, bytes.readUInt32LE(16 * SECTOR + 158) * SECTOR);
    const volume = await opened(bytes);
    assert.equal(volume.format, 'udf');
    assert.equal((await nodesOf(volume, readerOf(bytes))).get('/small.txt')?.sizeBytes, 5);
  });

test('open: UDF is preferred to names without Rock Ridge, with the boot images of ISO 9660', async (t) => {
  if (!hasPrograms(t, ['genisoimage'])) return;
  const boot = ['-b', 'small.txt', '-c', 'boot.cat', '-no-emul-boot'];
  const { bytes } = bridged(['-J', ...boot], 'windows');
  const volume = await opened(bytes);
  assert.deepEqual([volume.format, volume.names, volume.bootImages.length], ['udf', 'udf', 1]);
  assert.equal((await nodesOf(volume, readerOf(bytes))).get('/small.txt')?.sizeBytes, 5);
});

test('open: the volume keeps no means to read: any reader of the same octets does', async (t) => {
  if (!hasPrograms(t, ['xorriso'])) return;
  const path = makeIso('xorriso', ['-R'], makeTree(join(work, 'again'), small), join(work, 'again.iso'));
  const first = openImage(path);
  const volume = await openVolume(first.read, first.sizeBytes);
  first.close();
  await withImage(path, async ({ read }) => {
    assert.equal((await findNode(volume, '/sub/other.bin', read, { ignoreCase: false }))?.sizeBytes, 5);
  });
});
