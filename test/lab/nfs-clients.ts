/** What the kernel's NFS client sees of an image, however it is mounted, beside what libarchive reads out of it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { BOOT_TIMEOUT_SEC } from './checks.ts';
import type { Gallery } from './gallery.ts';
import type { ClientRow } from './hall.ts';
import { must } from './shell.ts';

const MAC = '52:54:00:a6:00:01';
export const NFS_CLIENTS: readonly ClientRow[] = [{ mac: MAC, fnode: 'fnode00' }];
/** Of `nfs-clients.sh`, which says what each of them is. */
const CLIENTS = ['casper', 'archiso', 'kernel', 'anaconda', 'dracut'];
const [TREE, LOOPED, LARGE] = ['odd-tree.iso', 'debian-live.iso', 'large-file.iso'];
const MANY = './many/';

/** One machine mounts what the node exports, and tells all that it sees. */
export async function comparesTrees(gallery: Gallery): Promise<void> {
  await gallery.images();
  await gallery.startsBy(MAC, 'nfs-clients');
  const end = await gallery.boot({
    ...{ name: 'nfs-clients', firmware: 'bios', mac: MAC, memoryMb: 256 },
    ...{ timeoutSec: BOOT_TIMEOUT_SEC, until: 'LAB-BOOT-(OK|FAILED) \\S+' },
  });
  const told = end.serial.split(/\r?\n/);
  assert.ok(
    told.includes('LAB-BOOT-OK nfs-clients'),
    told.filter((line) => /^LAB-(?!NODE|LOOP)/.test(line)).join('\n') || end.transcript.slice(-3000),
  );
  const of = (word: string): readonly string[] =>
    told.flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));
  await sawAll(path.join(gallery.isos, TREE), of);
  assert.deepEqual(of('LAB-LOOP').toSorted(), await filesOf(path.join(gallery.isos, LOOPED)), LOOPED);
  assert.deepEqual(of('LAB-TAIL'), [await endOf(path.join(gallery.isos, LARGE))], LARGE);
  const images = (await readdir(gallery.isos, { encoding: 'latin1' })).filter((name) => name.endsWith('.iso'));
  assert.deepEqual(
    images.filter((name) => !of('LAB-ISOS').includes(name)),
    [],
    'missing in /isos',
  );
  for (const refusal of of('LAB-WRITE')) assert.match(refusal, /Read-only file system/);
  assert.equal(of('LAB-WRITE').length, 5, 'refusals of what writes');
  assert.match(of('LAB-ABSENT').join(), /No such file or directory/);
}

type Told = (word: string) => readonly string[];

/** The first client tells every node, all of them the sum of what they saw. */
async function sawAll(image: string, of: Told): Promise<void> {
  const nodes = await nodesOf(image);
  const isOne = ({ path }: Node): boolean => !path.startsWith(MANY);
  const lines = nodes.filter(isOne).map(shown).toSorted();
  assert.deepEqual(of('LAB-NODE').toSorted(), lines, `${image} by NFS, and by libarchive`);
  const saw = digest(of('LAB-NODE').map((line) => `LAB-NODE ${line}`));
  assert.deepEqual(
    of('LAB-TREE'),
    CLIENTS.map((client) => `${client} ${lines.length} ${saw}`),
  );
  const many = nodes.flatMap((node) => (isOne(node) ? [] : [node.path.slice(2)])).toSorted();
  assert.ok(many.length > 1000, 'a large folder');
  assert.deepEqual(
    of('LAB-MANY'),
    CLIENTS.map((client) => `${client} ${many.length} ${digest(many)}`),
  );
}

const sha256 = (text: string): string => createHash('sha256').update(Buffer.from(text, 'latin1')).digest('hex');
const digest = (lines: readonly string[]): string => sha256(lines.map((line) => `${line}\n`).join(''));

interface Node {
  /** `./casper/vmlinuz`; as all text here in latin1, an octet each. */
  readonly path: string;
  readonly facts: ReadonlyMap<string, string>;
}

/** All that libarchive finds in it. mtree(5) */
async function nodesOf(image: string): Promise<readonly Node[]> {
  const options = 'mtree:!all,type,mode,time,uid,gid,size,link,sha256';
  const text = await must('bsdtar', ['-cf', '-', '--format=mtree', `--options=${options}`, `@${image}`]);
  return text.split('\n').flatMap((line): readonly Node[] => {
    const [path = '', ...facts] = line.split(' ');
    if (!path.startsWith('.')) return [];
    return [{ path: plain(path), facts: new Map(facts.map((fact) => pair(fact))) }];
  });
}

function pair(fact: string): [string, string] {
  const [name = '', ...value] = fact.split('=');
  return [name, plain(value.join('='))];
}

/** `\040` stands for a space. vis(3) */
function plain(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** As `nfs-clients.sh` tells it. */
function shown({ path, facts }: Node): string {
  const of = (name: string): string => facts.get(name) ?? '-';
  const sum = facts.has('link') ? sha256(of('link')) : of('sha256digest');
  return [
    of('type'),
    of('mode'),
    `${of('uid')}.${of('gid')}`,
    Math.floor(Number(of('time'))),
    of('size'),
    sum,
    path,
  ].join(' ');
}

async function filesOf(image: string): Promise<readonly string[]> {
  const files = (await nodesOf(image)).filter(({ facts }) => facts.get('type') === 'file');
  return files.map(({ path, facts }) => `${facts.get('sha256digest')} ${path}`).toSorted();
}

const TAIL_BYTES = 1_000_000;
const SECTOR_BYTES = 2048;

/** Size and sum of the last megabyte of its only file, by what xorriso says of its extents. */
async function endOf(image: string): Promise<string> {
  const report = await must('xorriso', ['-indev', image, '-find', '/large', '-exec', 'report_lba', '--']);
  // File data lba:  extent , startlba , blocks , filesize , path
  const extents = [...report.matchAll(/^File data lba: +\d+ , +(\d+) , +(\d+) , +(\d+) /gm)].map((row) =>
    row.map(Number),
  );
  const [, lba = 0, , sizeBytes = 0] = extents.at(-1) ?? [];
  const beforeBytes = extents.slice(0, -1).reduce((sum, [, , blocks = 0]) => sum + blocks * SECTOR_BYTES, 0);
  await using file = await open(image);
  const tail = Buffer.alloc(TAIL_BYTES);
  await file.read(tail, 0, TAIL_BYTES, lba * SECTOR_BYTES + sizeBytes - beforeBytes - TAIL_BYTES);
  return `${sizeBytes} ${createHash('sha256').update(tail).digest('hex')}`;
}
