import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Malformed } from '../../src/core/bytes.ts';
import type { Node, ReadAt, Volume } from '../../src/iso/volume.ts';
import { findNode, walk } from '../../src/iso/walk.ts';

const nothing: ReadAt = async () => 0;

/** Folders are objects, links begin with `->`, all else is a file. */
type Shape = { readonly [name: string]: string | Shape };

let places = 0;
function nodeOf(name: string, kind: Node['kind'], target?: string): Node {
  const place = places++;
  const extents = kind === 'folder' ? [{ position: place, lengthBytes: 1 }] : [];
  const node = { name, kind, sizeBytes: extents.length, modifiedMs: 0, mode: 0, uid: 0, gid: 0, extents, place };
  return target === undefined ? node : { ...node, target };
}

/** A volume that counts how often its folders were read. */
function volumeOf(shape: Shape, names: Volume['names'] = 'rock-ridge'): Volume & { reads(): number } {
  const folders = new Map<Node, readonly Node[]>();
  let reads = 0;
  const make = (name: string, of: Shape): Node => {
    const folder = nodeOf(name, 'folder');
    const children = Object.entries(of).map(([child, item]) => {
      if (typeof item !== 'string') return make(child, item);
      return item.startsWith('->') ? nodeOf(child, 'link', item.slice(2)) : nodeOf(child, 'file');
    });
    folders.set(folder, children);
    return folder;
  };
  const root = make('', shape);
  const facts = { format: 'iso9660', names, label: '', systemId: '', declaredBytes: 0, bootImages: [], root } as const;
  return {
    ...facts,
    readFolder: async (folder) => {
      reads++;
      return folders.get(folder) ?? [];
    },
    nodeAt: async () => undefined,
    parentOf: async () => undefined,
    reads: () => reads,
  };
}

const shape: Shape = {
  casper: {
    vmlinuz: '',
    Initrd: '',
    initrd: '',
    up: '->..',
    outside: '->../../../etc',
    abs: '->/live/Filesystem',
    'to-disk': '->../.disk',
  },
  live: { Filesystem: '', deeper: { file: '' } },
  '.disk': { info: '' },
  kernel: '->casper/vmlinuz',
  'odd-link': '->./casper//./vmlinuz/',
  itself: '->itself',
  there: '->back',
  back: '->there',
  dangling: '->no/where',
  'to-root': '->/',
  'through-file': '->kernel/x',
  broken: '->',
};

const cases: { path: string; want: string | undefined; rule: string; ignoreCase?: boolean; names?: Volume['names'] }[] =
  [
    { path: '/casper/vmlinuz', want: 'vmlinuz', rule: 'a file' },
    { path: '/', want: '', rule: 'the root' },
    { path: '', want: '', rule: 'the root, too' },
    { path: '/casper', want: 'casper', rule: 'a folder' },
    { path: '/.disk/info', want: 'info', rule: 'a folder with a dot' },
    { path: '/casper/VMLINUZ', want: undefined, rule: 'letter case counts' },
    { path: '/CASPER/VMLINUZ', want: 'vmlinuz', rule: 'unless it is not asked for', ignoreCase: true },
    { path: '/casper/initrd', want: 'initrd', rule: 'the exact name comes first', ignoreCase: true },
    { path: '/casper/INITRD', want: 'Initrd', rule: 'else the first one', ignoreCase: true },
    { path: '/CASPER/VMLINUZ', want: 'vmlinuz', rule: 'plain names were never exact', names: 'plain' },
    { path: '/CASPER/VMLINUZ', want: 'vmlinuz', rule: 'nor were Joliet’s', names: 'joliet' },
    { path: '/CASPER/VMLINUZ', want: undefined, rule: 'UDF’s were', names: 'udf' },
    { path: '/casper/none', want: undefined, rule: 'nothing there' },
    { path: '/casper/vmlinuz/x', want: undefined, rule: 'a file holds nothing' },
    { path: '/kernel', want: 'vmlinuz', rule: 'a link is followed' },
    { path: '/odd-link', want: 'vmlinuz', rule: 'a link with idle steps' },
    { path: '/casper/to-disk/info', want: 'info', rule: 'on the way, too' },
    { path: '/casper/abs', want: 'Filesystem', rule: 'an absolute link begins at the image’s root' },
    { path: '/to-root/live', want: 'live', rule: 'which may be where it leads to' },
    { path: '/casper/up/live/deeper/file', want: 'file', rule: 'up is where the link lies' },
    { path: '/casper/outside', want: undefined, rule: 'above the root there is only the root' },
    { path: '/../../casper', want: 'casper', rule: 'the same without links' },
    { path: '/itself', want: undefined, rule: 'a link to itself' },
    { path: '/there', want: undefined, rule: 'links in a ring' },
    { path: '/dangling', want: undefined, rule: 'a link to nothing' },
    { path: '/through-file', want: undefined, rule: 'a link through a file' },
  ];
for (const { path, want, rule, ignoreCase = false, names } of cases)
  test(`find ${path}: ${rule}`, async () => {
    assert.equal((await findNode(volumeOf(shape, names), path, nothing, { ignoreCase }))?.name, want);
  });

function chain(links: number): Shape {
  const all: Record<string, string> = { end: '' };
  for (let i = 0; i < links; i++) all[`l${i}`] = i === 0 ? '->end' : `->l${i - 1}`;
  return all;
}

test('find: 16 links are followed, 17 are not', async () => {
  assert.equal((await findNode(volumeOf(chain(16)), '/l15', nothing, { ignoreCase: false }))?.name, 'end');
  assert.equal(await findNode(volumeOf(chain(17)), '/l16', nothing, { ignoreCase: false }), undefined);
});

function nested(depth: number): Shape {
  return depth === 0 ? { end: '' } : { d: nested(depth - 1) };
}

test('find: folders 63 deep are reached, 65 are not', async () => {
  const path = (depth: number) => `${'/d'.repeat(depth)}/end`;
  assert.equal((await findNode(volumeOf(nested(63)), path(63), nothing, { ignoreCase: false }))?.name, 'end');
  assert.equal(await findNode(volumeOf(nested(65)), path(65), nothing, { ignoreCase: false }), undefined);
});

test('find: a link that winds without end costs a bounded number of folders', async () => {
  const volume = volumeOf({ a: {}, wind: `->${'a/../'.repeat(4000)}a` });
  assert.equal(await findNode(volume, '/wind', nothing, { ignoreCase: false }), undefined);
  assert.ok(volume.reads() < 300, `${volume.reads()}`);
});

async function pathsOf(volume: Volume): Promise<string[]> {
  const paths: string[] = [];
  for await (const { path } of walk(volume, nothing)) paths.push(path);
  return paths;
}

test('walk: everything, a folder before what it holds, links not followed', async () => {
  assert.deepEqual(await pathsOf(volumeOf({ a: { b: { c: '' }, up: '->..' }, d: '' })), [
    '/a',
    '/d',
    '/a/b',
    '/a/up',
    '/a/b/c',
  ]);
});

test('walk: what lies in one place is looked into once', async () => {
  const again: Node = nodeOf('again', 'folder');
  const volume: Volume = { ...volumeOf({}), root: again, readFolder: async () => [again, { ...again, name: 'twice' }] };
  assert.deepEqual(await pathsOf(volume), ['/again', '/twice']);
});

test('walk: a folder that cannot be read is named and not looked into', async () => {
  const root = nodeOf('', 'folder');
  const lost = { ...nodeOf('lost', 'folder'), unreadable: 'outside-the-image' };
  const readFolder = async (folder: Node) => (folder === root ? [lost] : assert.fail('looked into'));
  assert.deepEqual(await pathsOf({ ...volumeOf({}), root, readFolder }), ['/lost']);
});

const endless = [
  {
    rule: 'depth',
    makes: 'folder',
    limits: { maxDepth: 64, maxEntries: 1000, maxFolders: 1000 },
    says: 'damaged: more than 64 folders deep',
  },
  {
    rule: 'entries',
    makes: 'file',
    limits: { maxDepth: 64, maxEntries: 9, maxFolders: 1000 },
    says: 'damaged: more than 9 entries',
  },
  {
    rule: 'folders',
    makes: 'folder',
    limits: { maxDepth: 64, maxEntries: 1000, maxFolders: 9 },
    says: 'damaged: more than 9 folders',
  },
] as const;
for (const { rule, makes, limits, says } of endless)
  test(`walk: ${rule} without end are damage`, async () => {
    const children = () => Array.from({ length: rule === 'depth' ? 1 : 10 }, () => nodeOf('x', makes));
    const volume: Volume = { ...volumeOf({}), readFolder: async () => children() };
    const all = async () => {
      for await (const { node } of walk(volume, nothing, limits)) assert.equal(node.kind, makes);
    };
    await assert.rejects(all(), (error) => error instanceof Malformed && error.what === says);
  });
