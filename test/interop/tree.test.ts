/** What is inside real images, through the real name space, by programs that boot scripts and loaders fetch with. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { LOOPBACK } from '../../src/core/addr.ts';
import type { OpenContent, Visit } from '../../src/core/content.ts';
import { systemBlocks } from '../../src/host/blocks.ts';
import { FOLDER_LIMITS, type FolderContent, folderContent } from '../../src/host/files.ts';
import { systemHost } from '../../src/host/system.ts';
import { imageTrees } from '../../src/iso/routes.ts';
import { nameSpace } from '../../src/roles/content.ts';
import { imageDoors } from '../../src/roles/images.ts';
import { TFTP_BOUNDS, tftpService } from '../../src/tftp/server.ts';
import { ask, field, type Node, pattern, request, split, startNode } from '../http/wire.ts';
import { hasPrograms, makeIso, makeTree, run, type Tree, temporaryFolder } from '../iso/support.ts';
import { FakeLog } from '../support/fakes.ts';

const execute = promisify(execFile);
const KERNEL = pattern(3_000_001);
/** More than the kernel's buffers on both sides, so most of it is still in the file when it changes. */
const BIG_BYTES = 48 << 20;

const TREE: Tree = {
  'live/vmlinuz': KERNEL,
  'live/initrd.img': pattern(70_000, 3),
  'live/empty': '',
  'live/kernel': { link: 'vmlinuz' },
  'live/outside': { link: '../../../../../../etc/hostname' },
  'live/absolute': { link: '/etc/hostname' },
  'live/nowhere': { link: 'gone' },
  '.disk/info': 'Debian\n',
  '.treeinfo': '[general]\n',
  'EFI/boot/BOOTX64.EFI': pattern(5000, 5),
  'a folder/100% + more & "quotes" #1?.txt': 'odd\n',
  'español/ñandú.txt': 'eñe\n',
  日本語: 'utf-8\n',
  'pool/a+b_1.0~rc1_all.deb': 'deb\n',
  empty: { link: 'live/empty' },
  'hollow/': '',
};
const NAME = 'Débian 12 (live).iso';

const folder = temporaryFolder();
let node: Node;
let isos: FolderContent;
let open: OpenContent;
let tftpPort = 0;
let url = '';
const tftp = tftpService(() => ({ ...TFTP_BOUNDS, listen: [LOOPBACK], port: 0, httpPort: 80 }), {
  host: systemHost(new FakeLog()),
  open: (name, visit) => open(name, visit),
});
const VISIT: Visit = { localAddress: LOOPBACK, clientAddress: LOOPBACK, transport: 'http', httpPort: 80 };

function spaceOver(root: string): { readonly isos: FolderContent; readonly open: OpenContent } {
  const images = folderContent(root, FOLDER_LIMITS, systemBlocks({ bytes: 256 << 20 }));
  const trees = imageTrees({ openImage: images.open });
  const menu = async () => undefined;
  const doors = imageDoors({ isos: images, trees, images: () => [] });
  return { isos: images, open: nameSpace({ boot: images, isos: images, doors, menu }) };
}

before(async () => {
  node = await startNode({}, (name, visit) => open(name, visit));
  ({ isos, open } = spaceOver(path.join(node.folder, 'isos')));
  url = `http://127.0.0.1:${node.at.port}`;
  await tftp.start();
  tftpPort = tftp.ports()[0]?.port ?? 0;
});
after(async () => {
  await node.stop();
  await tftp.stop();
});

/** The image for all tests, made at the first one that finds the programs. */
function hasImage(t: TestContext, programs: readonly string[] = []): boolean {
  if (!hasPrograms(t, ['xorriso', ...programs])) return false;
  const to = path.join(node.folder, 'isos', NAME);
  if (!fs.existsSync(to)) makeIso('xorriso', ['-R', '-J'], makeTree(path.join(folder, 'tree'), TREE), to);
  return true;
}

const at = (inside: string): string => `/tree/${encodeURIComponent(NAME)}/${inside}`;
const curl = async (...args: readonly string[]): Promise<Buffer> =>
  (
    await execute('curl', ['-sS', '--path-as-is', '--max-time', '30', ...args], {
      encoding: 'buffer',
      maxBuffer: 1 << 27,
    })
  ).stdout;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

interface Listed {
  readonly name: string;
  readonly kind: string;
  readonly sizeBytes?: number;
}

async function listed(target: string): Promise<readonly Listed[]> {
  const json = JSON.parse((await curl('-f', '-H', 'Accept: application/json', `${url}${target}`)).toString());
  return json.entries;
}

/** All files below `target` by their paths, each fetched. */
async function hashesBelow(target: string, below = ''): Promise<Map<string, string>> {
  const all = new Map<string, string>();
  for (const { name, kind, sizeBytes } of await listed(target)) {
    const next = `${target}/${encodeURIComponent(name)}`;
    if (kind === 'folder') for (const [file, hash] of await hashesBelow(next, `${below}${name}/`)) all.set(file, hash);
    else {
      const bytes = await curl('-f', `${url}${next}`);
      assert.equal(bytes.length, sizeBytes, name);
      all.set(`${below}${name}`, sha256(bytes));
    }
  }
  return all;
}

/** The same of a folder on disk; links count as what they point to, where that is in the folder. */
function hashesIn(root: string): Map<string, string> {
  const all = new Map<string, string>();
  for (const file of fs.readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    const real = fs.existsSync(path.join(root, file)) ? fs.realpathSync(path.join(root, file)) : '';
    if (real.startsWith(`${root}/`) && fs.statSync(real).isFile()) all.set(file, sha256(fs.readFileSync(real)));
  }
  return all;
}

const sorted = (hashes: Map<string, string>) => [...hashes].sort(([a], [b]) => (a < b ? -1 : 1));

test('tree: every file is what bsdtar takes out, by SHA-256', { timeout: 60_000 }, async (t) => {
  if (!hasImage(t, ['bsdtar', 'curl'])) return;
  const out = fs.mkdtempSync(path.join(folder, 'out-'));
  run('bsdtar', ['-xf', path.join(node.folder, 'isos', NAME), '-C', out]);
  const want = hashesIn(out);
  assert.ok(want.size >= 12);
  assert.deepEqual(sorted(await hashesBelow(at('').slice(0, -1))), sorted(want));
  assert.deepEqual(sorted(await hashesBelow('/tree/debian-12-live')), sorted(want));
});

test('tree: names of Joliet alone, in whatever letter case', async (t) => {
  if (!hasPrograms(t, ['genisoimage', 'curl'])) return;
  const files = { 'Sources/Boot Loader.wim': 'wim\n', 'ñandú.txt': 'eñe\n' };
  makeIso(
    'genisoimage',
    ['-J'],
    makeTree(path.join(folder, 'joliet'), files),
    path.join(node.folder, 'isos', 'win.iso'),
  );
  assert.deepEqual(
    (await listed('/tree/win.iso')).map(({ name }) => name),
    ['Sources', 'ñandú.txt'],
  );
  assert.equal((await curl('-f', `${url}/tree/win.iso/sources/BOOT%20loader.WIM`)).toString(), 'wim\n');
});

test('tree: one octet, the end, several parts, and what is beyond it', async (t) => {
  if (!hasImage(t, ['curl'])) return;
  const target = `${url}${at('live/vmlinuz')}`;
  assert.deepEqual(await curl('-r', '0-0', target), KERNEL.subarray(0, 1));
  assert.deepEqual(await curl('-r', '1000000-1999999', target), KERNEL.subarray(1_000_000, 2_000_000));
  assert.deepEqual(await curl('-r', '-5', target), KERNEL.subarray(-5));
  const parts = await curl('-r', '0-9,1000-1009', target);
  assert.ok(parts.includes(KERNEL.subarray(0, 10)) && parts.includes(KERNEL.subarray(1000, 1010)));
  assert.equal((await curl('-r', '3000001-', '-o', '/dev/null', '-w', '%{http_code}', target)).toString(), '416');
});

test('tree: curl resumes', async (t) => {
  if (!hasImage(t, ['curl'])) return;
  const half = path.join(folder, 'half');
  fs.writeFileSync(half, KERNEL.subarray(0, 1_234_567));
  await curl('-f', '-C', '-', '-o', half, `${url}${at('live/vmlinuz')}`);
  assert.ok(fs.readFileSync(half).equals(KERNEL));
});

test('tree: HEAD tells size, date and tag; If-Range holds for that tag alone, RFC 9110 §13.1.5', async (t) => {
  if (!hasImage(t)) return;
  const head = await ask(node.at, request(at('live/vmlinuz'), [], 'HEAD'));
  assert.match(head.head, /^HTTP\/1\.1 200 /);
  assert.equal(head.body.length, 0);
  assert.equal(field(head, 'Content-Length'), `${KERNEL.length}`);
  assert.equal(field(head, 'Last-Modified'), 'Thu, 29 Feb 2024 12:34:56 GMT');
  const etag = field(head, 'ETag') ?? '';
  const status = async (fields: readonly string[]) =>
    (await ask(node.at, request(at('live/vmlinuz'), fields))).head.split(' ')[1];
  assert.equal(await status(['Range: bytes=0-0', `If-Range: ${etag}`]), '206');
  assert.equal(await status(['Range: bytes=0-0', 'If-Range: "other"']), '200');
  assert.equal(await status([`If-None-Match: ${etag}`]), '304');
  const other = await ask(node.at, request(at('live/initrd.img'), [], 'HEAD'));
  assert.notEqual(field(other, 'ETag'), etag);
});

test('tree: another node has the same tags for a copy of the image', async (t) => {
  if (!hasImage(t)) return;
  const elsewhere = fs.mkdtempSync(path.join(folder, 'node-'));
  fs.copyFileSync(path.join(node.folder, 'isos', NAME), path.join(elsewhere, 'renamed.iso'));
  const opened = await spaceOver(elsewhere).open('/tree/renamed/live/vmlinuz', VISIT);
  assert.ok(opened.kind === 'file');
  await opened.content.close();
  const head = await ask(node.at, request(at('live/vmlinuz'), [], 'HEAD'));
  assert.equal(field(head, 'ETag'), opened.content.etag);
});

const served = [
  { inside: '.disk/info', want: 'Debian\n' },
  { inside: '.treeinfo', want: '[general]\n' },
  { inside: 'a%20folder/100%25%20%2B%20more%20%26%20%22quotes%22%20%231%3F.txt', want: 'odd\n' },
  { inside: 'a%20folder/100%25%20+%20more%20&%20%22quotes%22%20%231%3F.txt', want: 'odd\n' },
  { inside: 'espa%C3%B1ol/%C3%B1and%C3%BA.txt', want: 'eñe\n' },
  { inside: '%E6%97%A5%E6%9C%AC%E8%AA%9E', want: 'utf-8\n' },
  { inside: 'pool/a+b_1.0~rc1_all.deb', want: 'deb\n' },
  { inside: 'pool/./a%2Bb_1.0~rc1_all.deb', want: 'deb\n' },
  { inside: 'live/empty', want: '' },
  { inside: 'empty', want: '' },
];
for (const { inside, want } of served) {
  test(`tree: ${inside} is there`, async (t) => {
    if (!hasImage(t, ['curl'])) return;
    assert.equal((await curl('-f', `${url}${at(inside)}`)).toString(), want);
  });
}

const refused = [
  { inside: 'live/outside', status: '404' },
  { inside: 'live/absolute', status: '404' },
  { inside: 'live/nowhere', status: '404' },
  { inside: 'live/VMLINUZ', status: '404' },
  { inside: 'live/vmlinuz/x', status: '404' },
  { inside: 'gone', status: '404' },
  { inside: '..%2f..%2fetc%2fpasswd', status: '400' },
  { inside: '../../etc/passwd', status: '400' },
  { inside: '%2e%2e/%2e%2e/etc/passwd', status: '400' },
  { inside: '..%5c..%5cetc', status: '400' },
  { inside: 'live/%00', status: '400' },
  { inside: 'x'.repeat(5000), status: '400' },
];
for (const { inside, status } of refused) {
  test(`tree: ${inside.slice(0, 40)} is ${status}`, async (t) => {
    if (!hasImage(t)) return;
    const heard = await ask(node.at, request(at(inside)));
    assert.equal(heard.head.split(' ')[1], status);
    assert.ok(!heard.body.includes('root:'));
  });
}

test('tree: folders are pages for people, with links that lead on, and lists for programs', async (t) => {
  if (!hasImage(t, ['curl'])) return;
  const page = (await curl('-f', `${url}${at('live/')}`)).toString();
  assert.match(page, /<a href="\/tree\/D%C3%A9bian%2012%20\(live\)\.iso\/live\/vmlinuz">vmlinuz<\/a>/);
  assert.ok(!page.includes('outside') && !page.includes('nowhere'), 'links that lead nowhere are not listed');
  assert.deepEqual(
    (await listed(at(''))).map(({ name, kind }) => `${name} ${kind}`),
    [
      '.disk folder',
      '.treeinfo file',
      'EFI folder',
      'a folder folder',
      'empty file',
      'español folder',
      'hollow folder',
      'live folder',
      'pool folder',
      '日本語 file',
    ],
  );
  assert.ok((await listed('/tree')).some(({ name, kind }) => name === 'debian-12-live.iso' && kind === 'folder'));
});

const tftpNames = [
  `tree/${NAME}/live/vmlinuz`,
  '/tree/debian-12-live.iso/live/vmlinuz',
  '/tree/debian-12-live/live/kernel',
];
const tftpClients: Readonly<Record<string, (name: string, to: string) => readonly string[]>> = {
  tftp: (name, to) => ['-m', 'binary', LOOPBACK, `${tftpPort}`, '-c', 'get', name, to],
  atftp: (name, to) => ['-g', '-r', name, '-l', to, LOOPBACK, `${tftpPort}`],
  busybox: (name, to) => ['tftp', '-g', '-r', name, '-l', to, LOOPBACK, `${tftpPort}`],
  curl: (name, to) => [
    '-sS',
    '-o',
    to,
    `tftp://${LOOPBACK}:${tftpPort}/${name.split('/').map(encodeURIComponent).join('/')}`,
  ],
};
for (const [program, argumentsFor] of Object.entries(tftpClients)) {
  for (const name of tftpNames) {
    test(`tree: ${program} reads ${name} by TFTP`, async (t) => {
      if (!hasImage(t, [program])) return;
      const to = path.join(folder, `by-${program}`);
      fs.rmSync(to, { force: true });
      await execute(program, [...argumentsFor(name, to)], { timeout: 30_000 });
      assert.ok(fs.readFileSync(to).equals(KERNEL));
    });
  }
}

test('isos: an image is there under its alias too, whole', async (t) => {
  if (!hasImage(t, ['curl'])) return;
  const image = fs.readFileSync(path.join(node.folder, 'isos', NAME));
  assert.equal(sha256(await curl('-f', `${url}/isos/debian-12-live.iso`)), sha256(image));
});

test('tree: two hundred readers at a time hold one descriptor', async (t) => {
  if (!hasImage(t)) return;
  const opened = await Promise.all(Array.from({ length: 200 }, () => open('/tree/debian-12-live/live/vmlinuz', VISIT)));
  assert.equal(isos.openFiles(), 1);
  for (const [i, each] of opened.entries()) {
    assert.ok(each.kind === 'file');
    const part = new Uint8Array(1000);
    assert.equal(await each.content.read(part, i * 10_000), 1000);
    assert.ok(KERNEL.subarray(i * 10_000, i * 10_000 + 1000).equals(part));
    await each.content.close();
  }
  assert.equal(isos.openFiles(), 0);
  const heard = await Promise.all(Array.from({ length: 200 }, () => ask(node.at, request(at('live/initrd.img')))));
  for (const { body } of heard) assert.equal(sha256(body), sha256(pattern(70_000, 3)));
});

test('tree: an image dropped in a moment ago is there, and gone as soon as it is removed', async (t) => {
  if (!hasImage(t)) return;
  const fresh = path.join(node.folder, 'isos', 'old');
  fs.mkdirSync(fresh);
  fs.copyFileSync(path.join(node.folder, 'isos', NAME), path.join(fresh, 'Fresh one.iso'));
  const targets = ['/tree/old/Fresh%20one.iso/.disk/info', '/tree/fresh-one/.disk/info', '/isos/fresh-one.iso'];
  const statuses = () =>
    Promise.all(targets.map(async (target) => (await ask(node.at, request(target, [], 'HEAD'))).head.split(' ')[1]));
  assert.deepEqual(await statuses(), ['200', '200', '200']);
  fs.rmSync(fresh, { recursive: true });
  assert.deepEqual(await statuses(), ['404', '404', '404']);
});

const broken: readonly {
  readonly name: string;
  readonly bytes: (image: Buffer) => Uint8Array;
  readonly status: string;
}[] = [
  { name: 'an empty file', bytes: () => new Uint8Array(), status: '500' },
  { name: 'a text', bytes: () => Buffer.from('no image\n'.repeat(9000)), status: '500' },
  { name: 'the first half of an image', bytes: (image) => image.subarray(0, image.length / 2), status: '500' },
];
for (const { name, bytes, status } of broken) {
  test(`tree: ${name} gives ${status}, and the image beside it all it has`, async (t) => {
    if (!hasImage(t, ['curl'])) return;
    const file = path.join(node.folder, 'isos', 'broken.iso');
    fs.writeFileSync(file, bytes(fs.readFileSync(path.join(node.folder, 'isos', NAME))));
    const heard = await ask(node.at, request('/tree/broken.iso/live/vmlinuz'));
    assert.equal(heard.head.split(' ')[1], status);
    assert.match(heard.body.toString(), /is damaged/);
    assert.equal((await curl('-f', `${url}${at('.disk/info')}`)).toString(), 'Debian\n');
    fs.rmSync(file);
  });
}

/** Two images alike but for what their large file holds. */
function makePair(): { readonly older: Buffer; readonly newer: Buffer } {
  const [older, newer] = ['old!', 'new?'].map((text) => {
    const tree = makeTree(path.join(folder, text), { 'live/squashfs': Buffer.alloc(BIG_BYTES, text) });
    return fs.readFileSync(makeIso('xorriso', ['-R'], tree, path.join(folder, `${text}.iso`)));
  });
  return { older: older ?? Buffer.alloc(0), newer: newer ?? Buffer.alloc(0) };
}

const changes: readonly {
  readonly name: string;
  readonly isWhole: boolean;
  change(file: string, newer: Buffer): void;
}[] = [
  {
    name: 'replaced by another',
    isWhole: true,
    change: (file, newer) => {
      fs.writeFileSync(`${file}.new`, newer);
      fs.renameSync(`${file}.new`, file);
    },
  },
  { name: 'overwritten in place', isWhole: false, change: (file, newer) => fs.writeFileSync(file, newer) },
  { name: 'cut', isWhole: false, change: (file) => fs.truncateSync(file, BIG_BYTES / 2) },
];

test('tree: no file is put together from two images', { timeout: 120_000 }, async (t) => {
  if (!hasPrograms(t, ['xorriso'])) return;
  const { older, newer } = makePair();
  const file = path.join(node.folder, 'isos', 'changing.iso');
  for (const { name, isWhole, change } of changes) {
    fs.writeFileSync(file, older);
    const before = field(await ask(node.at, request('/tree/changing.iso/live/squashfs', [], 'HEAD')), 'ETag');
    // Asked for the second time, it comes out of the cache of hot blocks.
    await ask(node.at, request('/tree/changing.iso/live/squashfs'));
    const { body, isReset } = await hearWhile('/tree/changing.iso/live/squashfs', () => change(file, newer));
    assert.equal(isReset, !isWhole, name);
    if (isWhole) assert.ok(body.equals(Buffer.alloc(BIG_BYTES, 'old!')), name);
    else assert.ok(body.length < BIG_BYTES, `${name}: ${body.length} octets`);
    const resumed = await ask(
      node.at,
      request('/tree/changing.iso/live/squashfs', ['Range: bytes=0-3', `If-Range: ${before}`]),
    );
    assert.notEqual(resumed.head.split(' ')[1], '206', `${name}: a part of the new file is no part of the old one`);
  }
  fs.rmSync(file);
});

/** Starts a GET, takes nothing after the first octets until `change` has happened, then hears the rest. */
async function hearWhile(target: string, change: () => void) {
  const chunks: Buffer[] = [];
  let isReset = false;
  const socket = net.connect(node.at.port, node.at.address, () => socket.write(request(target)));
  socket.on('error', () => {
    isReset = true;
  });
  await new Promise((resolve) => socket.once('readable', resolve).once('close', resolve));
  change();
  socket.on('data', (chunk) => chunks.push(chunk));
  await new Promise((resolve) => socket.once('close', resolve));
  return { ...split(Buffer.concat(chunks)), isReset };
}
