/** NFS by programs that others wrote: libnfs and its tools, showmount, rpcinfo, mount.nfs. What they read is what bsdtar reads of the image. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { makeIso, run } from '../iso/support.ts';
import { needs } from '../support/netns.ts';
import { CLIENT_NEEDS, differences, hashOf, type Listing, listingOf } from '../support/nfsclient.ts';
import { CLIENT_ADDRESS, type Ground, NODE_ADDRESS, openGround, url } from '../support/nfsground.ts';
import {
  HUGE_BYTES,
  HUGE_MARKS,
  hugeTail,
  LONG_LINKS,
  MANY,
  makeHuge,
  makeJoliet,
  makeMany,
  makePlain,
  makeRich,
  makeUdfImage,
  nameOfMany,
} from '../support/nfsimages.ts';

const PROGRAMS = [...CLIENT_NEEDS, 'xorriso', 'genisoimage', 'bsdtar', 'showmount', 'rpcinfo'];

async function makeImages(isos: string, scratch: string): Promise<void> {
  makeIso('xorriso', ['-R', '-iso-level', '3'], makeRich(join(scratch, 'rich'), LONG_LINKS), join(isos, 'rich.iso'));
  // Folders deeper than eight are elsewhere in it.
  makeIso('genisoimage', ['-R', '-J', '-joliet-long'], makeRich(join(scratch, 'both')), join(isos, 'both.iso'));
  makePlain(scratch, join(isos, 'plain.iso'));
  makeJoliet(scratch, join(isos, 'joliet.iso'));
  makeUdfImage(scratch, join(isos, 'udf.iso'));
  makeMany(scratch, join(isos, 'many.iso'));
  await makeHuge(scratch, join(isos, 'huge.iso'));
  mkdirSync(join(isos, 'old'));
  copyFileSync(join(isos, 'plain.iso'), join(isos, 'old', 'Fine words.iso'));
  writeFileSync(join(isos, 'damaged.iso'), readFileSync(join(isos, 'rich.iso')).subarray(0, 36_000));
}

let made: Promise<Ground> | undefined;
after(async () => (await made?.catch(() => undefined))?.close());

/** One fnode for all tests, made at the first that has the programs. */
async function onGround(t: TestContext, programs: readonly string[] = []): Promise<Ground | undefined> {
  if (!needs(t, [...PROGRAMS, ...programs])) return undefined;
  made ??= openGround(makeImages, { router: '172.16.0.1/16', stranger: '198.51.100.7/24' });
  return await made;
}

/** What a program said that went well. */
function said(ground: Ground, program: string, ...args: readonly string[]): string {
  const { code, output } = ground.run(program, ...args);
  assert.equal(code, 0, `${program} ${args.join(' ')}: ${output}`);
  return output;
}

/** Asks until it is as wanted: the catalogue waits until images are whole. Twenty seconds at most. */
async function until(ask: () => string, pattern: RegExp): Promise<string> {
  for (let tries = 0; ; tries++) {
    const text = ask();
    if (pattern.test(text) || tries === 100) {
      assert.match(text, pattern);
      return text;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

let folders = 0;
function emptyFolder(ground: Ground): string {
  const folder = join(ground.scratch, `out-${folders++}`);
  mkdirSync(folder);
  return folder;
}

test('rpcinfo -p names portmapper, mount service and NFS, and each answers rpcinfo -t (RFC 1833 §3)', async (t) => {
  const ground = await onGround(t);
  if (!ground) return;
  const rows = said(ground, 'rpcinfo', '-p', NODE_ADDRESS);
  for (const row of [
    /100000\s+2\s+tcp\s+111\b/,
    /100000\s+2\s+udp\s+111\b/,
    /100003\s+3\s+tcp\s+2049\b/,
    /100005\s+3\s+tcp\s+\d+/,
  ])
    assert.match(rows, row);
  for (const [program, version] of [
    ['100000', '2'],
    ['100003', '3'],
    ['100005', '3'],
  ] as const)
    assert.match(said(ground, 'rpcinfo', '-t', NODE_ADDRESS, program, version), /ready and waiting/);
  assert.match(said(ground, 'rpcinfo', '-u', NODE_ADDRESS, '100000', '2'), /ready and waiting/);
});

test('rpcinfo without -p, which asks rpcbind version 4, gets addresses that lead to the ports (RFC 5665 §5.2.3.3)', async (t) => {
  const ground = await onGround(t);
  if (!ground) return;
  const rows = said(ground, 'rpcinfo', NODE_ADDRESS);
  assert.match(rows, /100003\s+3\s+tcp\s+\d+\.\d+\.\d+\.\d+\.8\.1\b/);
  assert.match(rows, /100000\s+[34]\s+udp\s+\d+\.\d+\.\d+\.\d+\.0\.111\b/);
});

test('a program or version that there is not is refused as RFC 5531 §9 says, and rpcinfo tells which there are', async (t) => {
  const ground = await onGround(t);
  if (!ground) return;
  const version = ground.run('rpcinfo', '-t', NODE_ADDRESS, '100003', '4');
  assert.notEqual(version.code, 0);
  assert.match(version.output, /version 4 is not available|low version = 3, high version = 3/);
  assert.match(ground.run('rpcinfo', '-t', NODE_ADDRESS, '100021', '4').output, /not registered/);
});

test('showmount -e lists a folder view of each image, and the folder of images', async (t) => {
  const ground = await onGround(t);
  if (!ground) return;
  const list = () => ground.run('showmount', '-e', NODE_ADDRESS).output;
  const told = await until(list, /\/tree\/huge(\s|$)/m);
  for (const name of ['rich', 'both', 'plain', 'joliet', 'udf', 'many'])
    assert.match(told, new RegExp(`^/tree/${name}(\\s|$)`, 'm'));
  assert.match(told, /^\/isos(\s|$)/m);
});

test('showmount -a says who has mounted what', async (t) => {
  const ground = await onGround(t);
  if (!ground) return;
  said(ground, ground.client, 'names', url('/tree/rich/sizes'));
  assert.match(said(ground, 'showmount', '-a', NODE_ADDRESS), new RegExp(`${CLIENT_ADDRESS}:/tree/rich/sizes`));
});

test('mount.nfs finds ports and versions, and comes to the mount itself', async (t) => {
  const ground = await onGround(t, ['mount.nfs']);
  if (!ground) return;
  const folder = emptyFolder(ground);
  const options = ['-v', '-o', 'ro,nfsvers=3,nolock,tcp', `${NODE_ADDRESS}:/tree/rich`, folder];
  const { code, output } = ground.run('mount.nfs', ...options);
  assert.match(output, /prog 100003 vers 3 prot TCP port 2049/);
  assert.match(output, /prog 100005 vers 3 prot TCP port \d+/);
  // A kernel without a client says so; one with it has mounted.
  if (code === 0) said(ground, 'umount', folder);
  else assert.match(output, /mount\(2\): (No such device|Operation not permitted|Protocol not supported)/);
});

/** What bsdtar takes out of an image. */
function byBsdtar(ground: Ground, image: string): string {
  const out = emptyFolder(ground);
  run('bsdtar', ['-xpf', join(ground.isos, image), '-C', out]);
  return out;
}

function byNfs(ground: Ground, path: string): string {
  const out = emptyFolder(ground);
  said(ground, ground.client, 'tree', url(path), out);
  return out;
}

const without = (listing: Listing, path: RegExp): Listing =>
  Object.fromEntries(Object.entries(listing).filter(([each]) => !path.test(each)));
/** Where makers of images have put deep folders meanwhile, which bsdtar shows; and links that it gets wrong. */
const BSDTARS = /^\/(\.?rr_moved|links\/(winding|broad))$/;

for (const name of ['rich', 'both']) {
  test(`Rock Ridge, ${name}: names, kinds, rights, owners, times, link targets and content are bsdtar’s and the source’s`, async (t) => {
    const ground = await onGround(t);
    if (!ground) return;
    const got = listingOf(byNfs(ground, `/tree/${name}`));
    assert.ok(Object.keys(got).length > 340);
    const bsdtar = listingOf(byBsdtar(ground, `${name}.iso`));
    assert.deepEqual(differences(without(got, BSDTARS), without(bsdtar, BSDTARS)), []);
    assert.deepEqual(differences(got, listingOf(join(ground.scratch, name))), []);
  });
}

const lowered = (listing: Listing): Listing =>
  Object.fromEntries(Object.entries(listing).map(([path, text]) => [path.toLowerCase(), text]));

const others = [
  { name: 'plain', what: 'plain ISO 9660, in small letters', shown: lowered, hasBsdtar: true },
  { name: 'joliet', what: 'Joliet alone', shown: (listing: Listing) => listing, hasBsdtar: true },
  // bsdtar reads none of it.
  { name: 'udf', what: 'UDF alone', shown: (listing: Listing) => listing, hasBsdtar: false },
];
for (const { name, what, shown, hasBsdtar } of others) {
  test(`${what}: names and content are what was put in${hasBsdtar ? ', and bsdtar’s' : ''}`, async (t) => {
    const ground = await onGround(t);
    if (!ground) return;
    const got = listingOf(byNfs(ground, `/tree/${name}`), 'content');
    assert.deepEqual(differences(got, shown(listingOf(join(ground.scratch, name), 'content'))), []);
    if (!hasBsdtar) return;
    assert.deepEqual(differences(got, shown(listingOf(byBsdtar(ground, `${name}.iso`), 'content'))), []);
  });
}

test('an image whose names have no letter case is asked in any; one that has it is not', async (t) => {
  const ground = await onGround(t);
  if (!ground) return;
  assert.equal(said(ground, 'nfs-cat', url('/tree/plain/README.TXT')), 'read me\n');
  assert.equal(said(ground, 'nfs-cat', url('/tree/plain/Sub/Deeper/a.b')), 'ab\n');
  assert.equal(said(ground, 'nfs-cat', url('/tree/rich/case/ReadMe')), 'both\n');
  assert.notEqual(ground.run('nfs-cat', url('/tree/rich/case/rEADmE')).code, 0);
});

test('nfs-ls -R shows every path with its rights and size', async (t) => {
  const ground = await onGround(t);
  if (!ground) return;
  const rows = said(ground, 'nfs-ls', '-R', url('/tree/rich')).split('\n').filter(Boolean);
  assert.equal(rows.length, Object.keys(listingOf(join(ground.scratch, 'rich'), 'content')).length);
  const row = (path: string) => rows.find((each) => each.endsWith(` ${path}`));
  assert.match(row('sizes/3000001') ?? '', /^-rw-r--r--\s+\d+\s+0\s+0\s+3000001 /);
  assert.match(row('rights/owned') ?? '', /^-rw-r--r--\s+\d+\s+1000\s+27\s/);
  assert.match(row('rights/closed') ?? '', /^drwx------/);
  assert.match(row('links/near') ?? '', /^l/);
});

const MOUNTED = [
  { path: '/tree/rich/.disk/info', what: 'a folder view by the image’s name' },
  { path: '/tree/rich.iso/.disk/info', what: 'with its suffix' },
  {
    path: '/tree/rich/one/two/three/four/five/six/seven/eight/nine/ten/eleven/twelve/bottom.txt',
    what: 'a folder far down',
  },
  {
    path: '/tree/rich//one/./two/three/four/five/six/seven/eight/nine/ten/eleven/twelve/bottom.txt',
    what: 'slashes too many',
  },
  { path: '/tree/fine-words/sub/deeper/a.b', what: 'an image in a folder, by its alias' },
];
for (const { path, what } of MOUNTED) {
  test(`nfs-cat reads by ${what}: ${path}`, async (t) => {
    const ground = await onGround(t);
    if (!ground) return;
    const want = { info: 'Debian GNU/Linux\n', 'bottom.txt': 'far down\n', 'a.b': 'ab\n' }[
      path.split('/').at(-1) ?? ''
    ];
    assert.equal(said(ground, 'nfs-cat', url(path)), want);
  });
}

test('/ and /tree can be mounted, and lead to every image', async (t) => {
  const ground = await onGround(t);
  if (!ground) return;
  const names = (path: string) => said(ground, ground.client, 'names', url(path)).split('\n');
  assert.deepEqual(
    names('/')
      .filter((name) => /^[a-z]/.test(name))
      .sort(),
    ['isos', 'tree'],
  );
  const images = (await until(() => names('/tree').join('\n'), /^huge$/m)).split('\n');
  for (const name of ['rich', 'both', 'plain', 'joliet', 'udf', 'many']) assert.ok(images.includes(name), name);
  assert.deepEqual(names('/tree/plain/').sort(), names('/tree/plain').sort());
});

test('nfs-cp copies an image from /isos, and those in folders there', async (t) => {
  const ground = await onGround(t);
  if (!ground) return;
  const rows = said(ground, 'nfs-ls', url('/isos'));
  const { size } = statSync(join(ground.isos, 'rich.iso'));
  assert.match(rows, new RegExp(`^-r.*\\s${size} rich\\.iso$`, 'm'));
  assert.match(rows, /^d.* old$/m);
  for (const path of ['rich.iso', 'old/Fine words.iso']) {
    const to = join(emptyFolder(ground), 'copy');
    said(ground, 'nfs-cp', url(`/isos/${path}`), to);
    assert.equal(hashOf(to), hashOf(join(ground.isos, path)), path);
  }
});

test(`a folder of ${MANY} entries is whole, each name once`, async (t) => {
  const ground = await onGround(t);
  if (!ground) return;
  const list = join(emptyFolder(ground), 'names');
  said(ground, 'sh', '-c', `${ground.client} names ${url('/tree/many/many')} | LC_ALL=C sort >${list}`);
  const names = readFileSync(list, 'utf8')
    .split('\n')
    .filter((name) => !/^\.*$/.test(name));
  assert.equal(names.length, MANY);
  assert.deepEqual(
    names,
    Array.from({ length: MANY }, (_, i) => nameOfMany(i)),
  );
  assert.equal(said(ground, 'nfs-cat', url(`/tree/many/many/${nameOfMany(49_000)}`)), 'file 49000\n');
  assert.notEqual(ground.run('nfs-cat', url(`/tree/many/many/${nameOfMany(50_000)}`)).code, 0);
});

test('a file over 4 GiB in several extents is read beyond them, to its last octet and no further', async (t) => {
  const ground = await onGround(t);
  if (!ground) return;
  assert.match(said(ground, 'nfs-ls', url('/tree/huge')), new RegExp(`\\s${HUGE_BYTES} huge\\.bin$`, 'm'));
  const part = (at: number, count: number) =>
    said(ground, ground.client, 'part', url('/tree/huge/huge.bin'), `${at}`, `${count}`);
  for (const { at, text } of HUGE_MARKS) {
    assert.equal(part(at, text.length), text);
    assert.equal(
      part(Math.max(0, at - 3), text.length),
      `${'\0'.repeat(at === 0 ? 0 : 3)}${text}`.slice(0, text.length),
    );
  }
  assert.equal(part(HUGE_BYTES - 3, 100), 'END');
  assert.equal(part(HUGE_BYTES, 100), '');
  assert.equal(part(HUGE_BYTES + 5, 100), '');
  const { size } = statSync(join(ground.isos, 'huge.iso'));
  assert.match(said(ground, 'nfs-ls', url('/isos')), new RegExp(`\\s${size} huge\\.iso$`, 'm'));
  const last = Buffer.alloc(16);
  const image = openSync(join(ground.isos, 'huge.iso'), 'r');
  readSync(image, last, 0, last.length, size - last.length);
  closeSync(image);
  assert.equal(said(ground, ground.client, 'part', url('/isos/huge.iso'), `${size - 16}`, '100'), last.toString());
});

const REFUSED = [
  '/tree/nothing',
  '/tree/rich/nothing',
  '/tree/rich/.disk/info',
  '/tree/rich/../../../etc',
  '/tree/../../etc',
  '/tree/rich/links/outside',
  '/tree/rich/links/folder',
  '/tree/damaged',
  '/etc',
  '/isos/../state',
  `/${'x'.repeat(1023)}`,
  `/${'x'.repeat(3000)}`,
];
for (const path of REFUSED) {
  test(`MNT ${path.slice(0, 40)} is refused`, async (t) => {
    const ground = await onGround(t);
    if (!ground) return;
    const { code, output } = ground.run(ground.client, 'names', url(path));
    assert.equal(code, 1, output);
    assert.match(output, /MNT3ERR_(NOENT|NOTDIR|NAMETOOLONG|ACCES|IO|INVAL)|mount_cb: \(null\)/);
  });
}

test('nothing can be written: nfs-cp to a folder view and to the folder of images is told that they are read-only', async (t) => {
  const ground = await onGround(t);
  if (!ground) return;
  const file = join(emptyFolder(ground), 'file');
  writeFileSync(file, 'mine\n');
  for (const to of ['/tree/rich/mine', '/tree/rich/.disk/info', '/isos/mine.iso', '/isos/rich.iso', '/tree/mine']) {
    const { code, output } = ground.run('nfs-cp', file, url(to));
    assert.notEqual(code, 0, to);
    assert.match(output, /NFS3ERR_(ROFS|ACCES)|Read-only/, to);
  }
  assert.ok(!existsSync(join(ground.isos, 'mine.iso')));
  assert.equal(said(ground, 'nfs-cat', url('/tree/rich/.disk/info')), 'Debian GNU/Linux\n');
});

test('the fnode is killed in the middle of a copy, and another in its place goes on with it', async (t) => {
  const ground = await onGround(t);
  if (!ground) return;
  const folder = emptyFolder(ground);
  // The first mark behind it, and the last.
  const from = 4 * 1024 ** 3 - 100;
  const want = hugeTail(from);
  // The copy stands still until it is told to go on: its client has read as much as pipes hold, and no more.
  const wait = `head -c 1000000; while [ ! -e ${folder}/go ]; do sleep 0.05; done; cat`;
  const part = `${ground.client} part ${url('/tree/huge/huge.bin')} ${from} ${want.length}`;
  const copy = ground.hall.ask(
    'client',
    'sh',
    ['-c', `${part} | { ${wait}; } | tee ${folder}/copy | sha256sum`],
    60_000,
  );
  const reached = () => (existsSync(`${folder}/copy`) ? statSync(`${folder}/copy`).size : 0);
  for (let tries = 0; reached() < 900_000 && tries < 200; tries++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(reached() >= 900_000, 'it has begun');
  await ground.restart();
  writeFileSync(join(folder, 'go'), '');
  const hash = (await copy).slice(0, 64);
  assert.equal(statSync(`${folder}/copy`).size, want.length);
  assert.equal(hash, createHash('sha256').update(want).digest('hex'));
});

test('a caller with a public address is not served, though he can be reached', async (t) => {
  const ground = await onGround(t, ['ping', 'curl', 'sysctl']);
  if (!ground) return;
  const { hall } = ground;
  hall.leg('router', 'out', '198.51.100.1/24');
  hall.move('stranger', 'out');
  hall.run('router', 'sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
  hall.run('node', 'ip', ['route', 'add', 'default', 'via', '172.16.0.1']);
  hall.run('stranger', 'ip', ['route', 'add', 'default', 'via', '198.51.100.1']);
  const asks = (program: string, ...args: readonly string[]) =>
    hall.run('stranger', 'timeout', ['-s', 'KILL', '2', program, ...args]);
  assert.equal(asks('ping', '-c', '1', '-w', '2', NODE_ADDRESS).code, 0);
  for (const [program, ...args] of [
    ['rpcinfo', '-p', NODE_ADDRESS],
    ['rpcinfo', '-u', NODE_ADDRESS, '100000', '2'],
    ['rpcinfo', '-n', '2049', '-t', NODE_ADDRESS, '100003', '3'],
    ['rpcinfo', '-n', '2049', '-u', NODE_ADDRESS, '100005', '3'],
    ['nfs-ls', `${url('/tree/rich')}?nfsport=2049&mountport=2049`],
  ] as const) {
    const { code, output } = asks(program, ...args);
    assert.notEqual(code, 0, `${program} ${args.join(' ')}: ${output}`);
    assert.doesNotMatch(output, /100003|ready|sizes/);
  }
  // The same questions are answered in the LAN.
  assert.match(said(ground, 'rpcinfo', '-n', '2049', '-u', NODE_ADDRESS, '100005', '3'), /ready/);
  assert.match(said(ground, 'nfs-ls', `${url('/tree/rich')}?nfsport=2049&mountport=2049`), /sizes/);
});

test('nobody was told of a fault of the server', async (t) => {
  const ground = await onGround(t);
  if (!ground) return;
  assert.doesNotMatch(ground.said(), /"level":"error"|"event":"bug"/);
});
