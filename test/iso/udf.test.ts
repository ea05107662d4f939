/** UDF as image makers write it, held file by file against 7z, and against what was put in. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openVolume } from '../../src/iso/open.ts';
import { openUdf } from '../../src/iso/udf.ts';
import { decodeFolder } from '../../src/iso/udfentry.ts';
import { charactersOf, dstring, timestampMs } from '../../src/iso/udftext.ts';
import type { Node, ReadAt, Volume } from '../../src/iso/volume.ts';
import {
  assertPlaces,
  counted,
  hashOf,
  hasPrograms,
  makeIso,
  makeTree,
  nodesOf,
  readerOf,
  run,
  TREE_TIME_MS,
  type Tree,
  temporaryFolder,
  withImage,
} from './support.ts';
import { osta, tagged } from './udfencode.ts';
import { type Making, makeBridge, makeUdf } from './udfsupport.ts';

const scratch = temporaryFolder();
const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

async function opened(read: ReadAt, sizeBytes: number): Promise<Volume> {
  const volume = await openUdf(read, sizeBytes);
  assert.ok(volume, 'there is UDF on it');
  return volume;
}

/** `path size hash` of each file, `path/` of each folder. */
async function listing(volume: Volume, read: ReadAt): Promise<string[]> {
  const lines: string[] = [];
  for (const [path, node] of await nodesOf(volume, read)) {
    assert.equal(node.unreadable, undefined, path);
    if (node.kind === 'folder') lines.push(`${path}/`);
    if (node.kind === 'file') lines.push(`${path} ${node.sizeBytes} ${await hashOf(node, read)}`);
  }
  return lines.sort();
}

/** The same by 7z, which reads UDF and nothing else of the image. */
function by7z(image: string): string[] {
  const to = join(scratch, `7z-${Math.floor(statSync(image).mtimeMs)}-${image.replaceAll('/', '_')}`);
  run('sh', ['-c', 'exec $(command -v 7z || command -v 7zz) x -tudf -o"$1" -- "$0" >/dev/null', image, to]);
  return readdirSync(to, { recursive: true, encoding: 'utf8' })
    .map((path) => {
      const at = join(to, path);
      if (statSync(at).isDirectory()) return `/${path}/`;
      const bytes = readFileSync(at);
      return `/${path} ${bytes.length} ${sha256(bytes)}`;
    })
    .sort();
}

const has7z = spawnSync('sh', ['-c', 'command -v 7z || command -v 7zz']).status === 0 ? 'sh' : '7z';

const installer: Tree = {
  bootmgr: Buffer.alloc(413_738, 'BOOTMGR'),
  'sources/boot.wim': Buffer.alloc(3_000_001, 'MSWIM\0\0\0'),
  'sources/$OEM$/Ünïcode 文件 😀.txt': 'wide',
  'sources/empty.dat': '',
  'efi/microsoft/boot/bcd': Buffer.alloc(2048, 'regf'),
  'a/b/c/d/e/f/g/h/i/j/k/deep.txt': 'deep',
  [`${'long-name-'.repeat(12)}.txt`]: 'long',
  ...Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`sources/winsxs/component-${i}.manifest`, `m${i}`])),
};

test('a bridge by genisoimage -udf (1.02): names, lengths, octets and times as 7z sees them', async (t) => {
  if (!hasPrograms(t, ['genisoimage', has7z])) return;
  const path = makeBridge(makeTree(join(scratch, 'tree'), installer), join(scratch, 'bridge.iso'), '-V', 'CCCOMA_X64');
  await withImage(path, async ({ read, sizeBytes }) => {
    const volume = await opened(read, sizeBytes);
    const found = await listing(volume, read);
    assert.ok(found.length > 410);
    assert.deepEqual(found, by7z(path));
    assert.equal(await assertPlaces(volume, read), found.length);
    assert.equal(volume.label, 'CCCOMA_X64');
    assert.ok(volume.declaredBytes > sizeBytes / 2 && volume.declaredBytes <= sizeBytes);
    assert.equal((await nodesOf(volume, read)).get('/bootmgr')?.modifiedMs, TREE_TIME_MS);
  });
});

test('a folder of hundreds of files costs a handful of reads: entries of neighbours come together', async (t) => {
  if (!hasPrograms(t, ['genisoimage'])) return;
  const path = makeBridge(makeTree(join(scratch, 'many'), installer), join(scratch, 'many.iso'));
  await withImage(path, async ({ read, sizeBytes }) => {
    const volume = await opened(read, sizeBytes);
    const folder = (await nodesOf(volume, read)).get('/sources/winsxs');
    assert.ok(folder);
    const counting = counted(read);
    assert.equal((await volume.readFolder(folder, counting)).length, 400);
    assert.ok(counting.calls() <= 8, `${counting.calls()} reads`);
    assert.ok(counting.octets() < 2 * 1024 * 1024, `${counting.octets()} octets`);
  });
});

/**
 * As oscdimg -u2 makes them: on the ISO 9660 side one readme, everything else in UDF. pycdlib writes it with the tags
 * of 2.60; genisoimage, above, with those of 1.02.
 */
test('laid out like Windows, by python3-pycdlib: names, lengths and octets as 7z sees them, UDF preferred', async (t) => {
  if (!hasPrograms(t, ['/usr/bin/python3', has7z])) return;
  const source = makeTree(join(scratch, 'windows'), installer);
  const path = join(scratch, 'windows.iso');
  const script = `
import io, os, pycdlib, sys
source, to = sys.argv[1:]
iso = pycdlib.PyCdlib()
iso.new(udf='2.60', vol_ident='CCCOMA_X64FRE')
iso.add_fp(io.BytesIO(b'readme'), 6, '/README.TXT;1')
for folder, names, files in os.walk(source):
    at = '' if folder == source else '/' + os.path.relpath(folder, source)
    if at: iso.add_directory(udf_path=at)
    for name in files:
        iso.add_file(os.path.join(folder, name), udf_path=at + '/' + name)
iso.write(to)`;
  run('/usr/bin/python3', ['-c', script, source, path]);
  await withImage(path, async ({ read, sizeBytes }) => {
    const volume = await openVolume(read, sizeBytes);
    assert.equal(volume.format, 'udf');
    const found = await listing(volume, read);
    assert.ok(found.length > 410);
    assert.deepEqual(found, by7z(path));
  });
});

test('a file of more than 4 GiB, in extents of less than 1 GiB each (ECMA-167 4/14.14.1.1)', async (t) => {
  if (!hasPrograms(t, ['genisoimage', 'dd'])) return;
  const sizeBytes = 4.25 * 1024 ** 3;
  const folder = makeTree(join(scratch, 'large'), { 'install.wim': { sparseBytes: sizeBytes, end: 'THE END' } });
  const path = join(scratch, 'large.iso');
  const make =
    'genisoimage -quiet -udf -R -allow-limited-size "$0" 2>/dev/null | dd bs=1M conv=sparse of="$1" 2>/dev/null';
  run('sh', ['-c', `${make}; truncate -s %2048 "$1"`, folder, path]);
  await withImage(path, async (image) => {
    const volume = await opened(image.read, image.sizeBytes);
    const [file] = await volume.readFolder(volume.root, image.read);
    assert.equal(file?.sizeBytes, sizeBytes);
    assert.equal(
      file.extents.reduce((sum, e) => sum + e.lengthBytes, 0),
      file.sizeBytes,
    );
    const last = file.extents.at(-1);
    const end = new Uint8Array(7);
    await image.read(end, (last?.position ?? 0) + (last?.lengthBytes ?? 0) - 7);
    assert.equal(Buffer.from(end).toString(), 'THE END');
  });
});

test('python3-pycdlib: links, and names of one and two octets a character', async (t) => {
  if (!hasPrograms(t, ['/usr/bin/python3'])) return;
  const path = join(scratch, 'pycdlib.iso');
  const script = `
import io, pycdlib, sys
iso = pycdlib.PyCdlib()
iso.new(udf='2.60')
iso.add_directory('/DIR', udf_path='/dir')
iso.add_fp(io.BytesIO(b'hello' * 1000), 5000, '/DIR/A.;1', udf_path='/dir/\\u00e4\\u00f6.txt')
iso.add_fp(io.BytesIO(b'x'), 1, '/DIR/B.;1', udf_path='/dir/\\u6587.txt')
iso.add_symlink(udf_symlink_path='/dir/up', udf_target='../vmlinuz')
iso.add_symlink(udf_symlink_path='/dir/abs', udf_target='/live/vmlinuz')
iso.write(sys.argv[1])`;
  run('/usr/bin/python3', ['-c', script, path]);
  await withImage(path, async ({ read, sizeBytes }) => {
    const volume = await opened(read, sizeBytes);
    const nodes = await nodesOf(volume, read);
    const shown = [...nodes].map(([name, { kind, target }]) => `${name} ${target ?? kind}`).sort();
    assert.deepEqual(shown, [
      '/dir folder',
      '/dir/abs /live/vmlinuz',
      '/dir/up ../vmlinuz',
      '/dir/äö.txt file',
      '/dir/文.txt file',
    ]);
    const file = nodes.get('/dir/äö.txt');
    assert.equal(file && (await hashOf(file, read)), sha256('hello'.repeat(1000)));
    await assertPlaces(volume, read);
  });
});

const empty: readonly { readonly name: string; readonly options: readonly string[]; readonly isVirtual?: boolean }[] = [
  ...['1.02', '1.50', '2.00', '2.01'].flatMap((revision) =>
    [512, 2048, 4096].map((size) => ({
      name: `a disk of revision ${revision} in blocks of ${size}`,
      options: ['--media-type=hd', `--udfrev=${revision}`, `--blocksize=${size}`],
    })),
  ),
  { name: 'a CD-RW, sparable', options: ['--media-type=cdrw', '--udfrev=1.50'] },
  { name: 'a DVD-RW, sparable', options: ['--media-type=dvdrw', '--udfrev=2.01'] },
  { name: 'a CD-R, virtual (1.50)', options: ['--media-type=cdr', '--udfrev=1.50'], isVirtual: true },
  {
    name: 'a closed CD-R, virtual (1.50)',
    options: ['--media-type=cdr', '--udfrev=1.50', '--closed'],
    isVirtual: true,
  },
  { name: 'a DVD-R, virtual (2.01)', options: ['--media-type=dvdr', '--udfrev=2.01'], isVirtual: true },
  { name: 'a BD-R, virtual (2.60)', options: ['--media-type=bdr', '--udfrev=2.60'], isVirtual: true },
];
for (const { name, options, isVirtual } of empty) {
  test(`mkudffs: ${name}`, async (t) => {
    if (!hasPrograms(t, ['mkudffs'])) return;
    const path = join(scratch, `${name.replaceAll(/\W/g, '-')}.img`);
    writeFileSync(path, '');
    truncateSync(path, 24 * 1024 * 1024);
    const said = run('mkudffs', ['--utf8', ...options, '--label=Größe', path]);
    // What was written to a disc ends with the table; the rest of the file stands for the empty disc.
    const block = /vatblock=(\d+)/.exec(said)?.[1];
    if (isVirtual) truncateSync(path, (Number(block) + 1) * 2048);
    await withImage(path, async ({ read, sizeBytes }) => {
      const volume = await opened(read, sizeBytes);
      assert.equal(volume.label, 'Größe');
      assert.ok(volume.declaredBytes <= sizeBytes);
      assert.equal(volume.root.mode, 0o755);
      const names = (await volume.readFolder(volume.root, read)).map((node) => node.name);
      // On CD-RW the packets that stand in for others are a file of this name. UDF 1.50 §2.3.13.
      assert.deepEqual(names, options.includes('--media-type=cdrw') ? ['Non-Allocatable Space'] : []);
    });
  });
}

const small: Tree = {
  'readme.txt': 'hello',
  'sources/boot.wim': Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7 + Math.floor(i / 256)) % 256)),
  'sources/文件.txt': 'x'.repeat(400),
  'empty.dat': '',
  'efi/boot/': '',
};
const links: Tree = { ...small, 'live/link': { link: '../sources/./boot.wim' }, 'live/abs': { link: '/readme.txt' } };

const makings: readonly (Making & { readonly by?: '7z' | 'udfinfo' })[] = [
  { allocation: 'short', by: '7z' },
  { allocation: 'long', isExtendedEntry: true, by: '7z' },
  { allocation: 'embedded', by: '7z' },
  { allocation: 'short', blockBytes: 512, runBlocks: 40, by: '7z' },
  { allocation: 'extended' },
  { allocation: 'short', runBlocks: 3, descriptorsEach: 4 },
  { allocation: 'long', blockBytes: 4096, runBlocks: 5, descriptorsEach: 2 },
  { partition: 'metadata', isExtendedEntry: true, by: 'udfinfo' },
  { partition: 'metadata', blockBytes: 512, allocation: 'embedded', isExtendedEntry: true, by: 'udfinfo' },
  { partition: 'virtual', isExtendedEntry: true, runBlocks: 9, by: 'udfinfo' },
  { partition: 'virtual', allocation: 'embedded', by: 'udfinfo' },
  { partition: 'sparable' },
  { partition: 'sparable', runBlocks: 10, descriptorsEach: 3 },
];
for (const { by, ...making } of makings) {
  test(`what was put in comes out: ${JSON.stringify(making)}`, async (t) => {
    const tree = by === '7z' ? small : links;
    const image = makeUdf(tree, making);
    const read = readerOf(image);
    const volume = await opened(read, image.length);
    const nodes = await nodesOf(volume, read);
    for (const [path, item] of Object.entries(tree)) {
      const node: Node | undefined = nodes.get(`/${path.replace(/\/$/, '')}`);
      assert.ok(node, path);
      if (path.endsWith('/')) assert.equal(node.kind, 'folder');
      else if (typeof item === 'object' && 'link' in item) assert.equal(node.target, item.link);
      else assert.equal(await hashOf(node, read), sha256(item as string | Uint8Array), path);
    }
    const { mode, uid, gid, modifiedMs } = nodes.get('/readme.txt') ?? {};
    assert.deepEqual({ mode, uid, gid, modifiedMs }, { mode: 0o644, uid: 1000, gid: 100, modifiedMs: TREE_TIME_MS });
    assert.equal(new Set([...nodes.values()].map((node) => node.place)).size, nodes.size, 'places are distinct');
    assert.equal(await assertPlaces(volume, read), nodes.size);
    // Whether the maker itself writes UDF: others have to find the same.
    const path = join(scratch, `${sha256(JSON.stringify(making)).slice(0, 12)}.img`);
    writeFileSync(path, image);
    if (by === '7z' && hasPrograms(t, [has7z])) assert.deepEqual(await listing(volume, read), by7z(path));
    if (by === 'udfinfo' && hasPrograms(t, ['udfinfo'])) assert.match(run('udfinfo', [path]), /^fsid=MADE$/m);
  });
}

test('deleted names are gone, hidden ones are there', async () => {
  const image = makeUdf(
    { bootmgr: 'b', 'gone.txt': 'g', 'kept.txt': 'k' },
    { hidden: ['bootmgr'], deleted: ['gone.txt'] },
  );
  const volume = await opened(readerOf(image), image.length);
  const names = (await volume.readFolder(volume.root, readerOf(image))).map((node) => node.name);
  assert.deepEqual(names, ['bootmgr', 'kept.txt']);
});

for (const [where, cut] of [
  ['sector 256', 256],
  ['the last sector', -1],
] as const) {
  test(`one of two anchors is enough: without the one in ${where} (ECMA-167 3/8.4.2.1)`, async () => {
    const image = makeUdf(small);
    const position = cut < 0 ? image.length - 2048 : cut * 2048;
    image.fill(0, position, position + 2048);
    assert.equal((await opened(readerOf(image), image.length)).label, 'MADE');
  });
}

test('the reserve sequence stands in for a damaged main one (ECMA-167 3/8.4.2.2)', async () => {
  const image = makeUdf(small);
  image.fill(0x55, 32 * 2048, 48 * 2048);
  assert.equal((await opened(readerOf(image), image.length)).label, 'MADE');
});

test('a sequence goes on where a volume descriptor pointer says (ECMA-167 3/10.3)', async () => {
  const image = makeUdf(small);
  for (const i of [0, 1, 2, 3]) {
    const descriptor = image.subarray((32 + i) * 2048, (33 + i) * 2048);
    descriptor.copy(image, (112 + i) * 2048);
    descriptor.fill(0);
  }
  image.fill(0, 48 * 2048, 52 * 2048);
  const pointer = Buffer.alloc(512);
  pointer.writeUInt32LE(16 * 2048, 20);
  pointer.writeUInt32LE(112, 24);
  tagged(pointer, 3, 32).copy(image, 32 * 2048);
  assert.equal((await opened(readerOf(image), image.length)).label, 'MADE');
});

test('of two descriptors of one kind the one of the higher number counts (ECMA-167 3/8.4.3)', async () => {
  const image = makeUdf(small);
  const older = Buffer.from(image.subarray(34 * 2048, 35 * 2048));
  older.writeUInt32LE(2, 16);
  older.write('\x08OLD', 84, 'latin1');
  tagged(older, 6, 35).copy(image, 35 * 2048);
  assert.equal((await opened(readerOf(image), image.length)).label, 'MADE');
});

test('what has no UDF is none: zeros, text, ISO 9660 alone', async (t) => {
  const zeros = new Uint8Array(1024 * 1024);
  assert.equal(await openUdf(readerOf(zeros), zeros.length), undefined);
  assert.equal(await openUdf(readerOf(Buffer.from('text')), 4), undefined);
  assert.equal(await openUdf(readerOf(new Uint8Array(0)), 0), undefined);
  if (!hasPrograms(t, ['xorriso'])) return;
  const path = makeIso('xorriso', ['-R'], makeTree(join(scratch, 'plain'), { a: 'a' }), join(scratch, 'plain.iso'));
  await withImage(path, async ({ read, sizeBytes }) => assert.equal(await openUdf(read, sizeBytes), undefined));
});

test('compressed unicode: 8 is latin1, 16 big-endian; half a pair is no character (UDF 2.60 §2.1.1)', () => {
  assert.equal(charactersOf(osta('Größe')), 'Größe');
  assert.equal(charactersOf(osta('文件😀')), '文件😀');
  assert.equal(charactersOf(Buffer.from([16, 0xd8, 0x3d, 0, 0x41])), '�A');
  assert.equal(charactersOf(Buffer.from([16, 0, 0x41, 0])), 'A');
  for (const id of [0, 7, 254, 255]) assert.equal(charactersOf(Buffer.from([id, 65])), undefined);
  assert.equal(charactersOf(new Uint8Array(0)), undefined);
});

test('a dstring uses what its last octet says, at most all of it (UDF 2.60 §2.1.3)', () => {
  assert.equal(dstring(Buffer.from([8, 65, 66, 67, 0, 0, 3])), 'AB');
  assert.equal(dstring(Buffer.from([8, 65, 66, 67, 68, 69, 255])), 'ABCDE');
  assert.equal(dstring(new Uint8Array(32)), '');
});

const times: readonly (readonly [string, number, readonly number[], number])[] = [
  ['UTC', 0x0000, [2024, 2, 29, 12, 34, 56], TREE_TIME_MS],
  ['an hour east', 0x1000 + 60, [2024, 2, 29, 13, 34, 56], TREE_TIME_MS],
  ['an hour west', 0x1000 + 0x1000 - 60, [2024, 2, 29, 11, 34, 56], TREE_TIME_MS],
  ['a zone that is not told', 0x1000 + 0x801, [2024, 2, 29, 12, 34, 56], TREE_TIME_MS],
  ['none', 0, [0, 0, 0, 0, 0, 0], 0],
];
for (const [name, zone, [year = 0, ...rest], want] of times) {
  test(`time stamp: ${name} (ECMA-167 1/7.3)`, () => {
    const stamp = Buffer.alloc(12);
    stamp.writeUInt16LE(zone % 0x2000, 0);
    stamp.writeInt16LE(year, 2);
    stamp.set(rest, 4);
    assert.equal(timestampMs(stamp), want);
  });
}

/** A file identifier with what is given for its name. */
function identifier(name: Buffer, characteristics = 0): Buffer {
  const fid = Buffer.alloc(Math.ceil((38 + name.length) / 4) * 4);
  fid.writeUInt8(characteristics, 18);
  fid.writeUInt8(name.length, 19);
  name.copy(fid, 38);
  return tagged(fid, 257, 0);
}

test('names are cleaned: no slash, no NUL, no way up, each once', () => {
  const names = ['../../etc/passwd', 'a\0b', '.', '..', '', 'twice', 'twice'];
  const content = Buffer.concat([...names.map((name) => identifier(osta(name))), identifier(Buffer.from([99, 65]))]);
  assert.deepEqual(
    decodeFolder(content, 100).map((found) => found.name),
    ['.._.._etc_passwd', 'a_b', 'twice'],
  );
});

test('a CRC of a file identifier may be wrong, as in Linux; its checksum may not', () => {
  const wrong = identifier(osta('name'));
  wrong.writeUInt8(1, 16);
  assert.equal(decodeFolder(wrong, 100).length, 1);
  wrong.writeUInt8(wrong.readUInt8(4) ^ 1, 4);
  assert.throws(() => decodeFolder(wrong, 100), { name: 'Malformed' });
});

test('a folder of more names than there may be is refused', () => {
  const content = Buffer.concat(Array.from({ length: 11 }, (_, i) => identifier(osta(`n${i}`))));
  assert.throws(() => decodeFolder(content, 10), { name: 'Malformed' });
});
