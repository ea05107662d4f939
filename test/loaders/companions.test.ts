/** Companion kernels: out of a package by an apt that is played, out of archives by a server of our own, out of a folder. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { runCommand } from '../../src/host/exec.ts';
import { debFileName } from '../../src/loaders/apt.ts';
import { type CompanionRequest, installCompanion } from '../../src/loaders/bring.ts';
import { companionOf, formatCompanion, parseSha256 } from '../../src/loaders/companions.ts';
import { installedCompanions } from '../../src/loaders/probe.ts';
import { type Deb, type FakeApt, fakeApt, likeness } from './fixtures.ts';

const KERNEL = likeness({ kind: 'kernel' }, 'kernel');
const ALPINE = 'alpine-3.20.0-x86_64';
const DEBIAN = 'debian-12-amd64';

let root = '';
let count = 0;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'companions-test-'));
});
after(() => rm(root, { recursive: true, force: true }));
const fresh = (): string => join(root, `boot${++count}`);

async function bring(request: CompanionRequest, apt: FakeApt = { system: [] }, calls: string[] = []) {
  const lines: string[] = [];
  const deps = {
    run: fakeApt(apt, calls),
    say: (line: string) => void lines.push(line),
    clock: { date: () => 0 },
    temporaryFolder: root,
  };
  await installCompanion(request, deps);
  return lines;
}

/** Nothing but what was there, and no half of anything. */
async function isClean(dir: string, want: readonly string[] = []): Promise<void> {
  assert.deepEqual(await readdir(dir).catch(() => []), want);
}

// ---- the table ----

const ids = [
  { id: 'debian-12-amd64', want: 'debian-installer-12-netboot-amd64' },
  { id: 'debian-11-i386', want: 'debian-installer-11-netboot-i386' },
  { id: 'debian-13-arm64', want: 'debian-installer-13-netboot-arm64' },
  { id: 'alpine-3.20.0-x86_64', want: 'v3.20/releases/x86_64/alpine-netboot-3.20.0-x86_64.tar.gz' },
  { id: 'alpine-3.19.1-aarch64', want: 'v3.19/releases/aarch64/alpine-netboot-3.19.1-aarch64.tar.gz' },
  { id: 'debian-sid-amd64', want: undefined },
  { id: 'debian-10-amd64', want: undefined },
  { id: 'debian-14-amd64', want: undefined },
  { id: 'debian-13-i386', want: undefined },
  { id: 'alpine-3.21.0_rc2-x86_64', want: undefined },
  { id: 'debian-12-amd64/../..', want: undefined },
  { id: 'alpine-edge-x86_64', want: undefined },
  { id: '../etc', want: undefined },
];
for (const { id, want } of ids) {
  test(`companion: ${id} is ${want ?? 'nothing'}`, () => {
    const source = companionOf(id)?.source;
    assert.equal(source?.kind === 'package' ? source.package.package : source?.path, want);
  });
}

test('companion: COMPANION.json says where the files came from, and is equal for equal files', () => {
  const files = [{ name: 'linux', sha256: 'ab', sizeBytes: 2 }];
  const kernel = { version: '6.1.0-37-amd64', secureBoot: 'debian-signed', isBiosOnly: false } as const;
  assert.deepEqual(JSON.parse(formatCompanion({ id: DEBIAN, origin: 'x 1', kernel, files })), {
    format: 1,
    id: DEBIAN,
    origin: 'x 1',
    kernel,
    files: { linux: { sha256: 'ab', sizeBytes: 2 } },
  });
});

const HASH = 'a1'.repeat(32);
const sums = [
  { text: `${HASH}  x.tar.gz\n`, want: HASH },
  { text: `${HASH.toUpperCase()} *./x.tar.gz\n`, want: HASH },
  { text: HASH, want: HASH },
  { text: `${HASH}  other.tar.gz\n`, want: undefined },
  { text: '<html>404</html>', want: undefined },
  { text: 'a1', want: undefined },
  { text: '', want: undefined },
];
for (const { text, want } of sums) {
  test(`companion: a checksum file ${JSON.stringify(text.slice(58))} ${want ? 'counts' : 'is none'}`, () => {
    assert.equal(parseSha256(text, 'x.tar.gz'), want);
  });
}

// ---- Debian ----

const INSIDE = 'usr/lib/debian-installer/images/12/amd64';
const FILES: Readonly<Record<string, Uint8Array>> = {
  [`${INSIDE}/text/debian-installer/amd64/linux`]: KERNEL,
  [`${INSIDE}/text/debian-installer/amd64/initrd.gz`]: Buffer.from('\x1f\x8btext', 'latin1'),
  [`${INSIDE}/gtk/debian-installer/amd64/initrd.gz`]: Buffer.from('\x1f\x8bgtk', 'latin1'),
};

async function writeAll(folder: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), bytes);
  }
  return folder;
}

/** The package as Debian has it, with these files. */
async function makeDeb(version: string, files: Readonly<Record<string, Uint8Array>> = FILES): Promise<Deb> {
  const record = { package: 'debian-installer-12-netboot-amd64', architecture: 'all', version } as const;
  const folder = await mkdtemp(join(root, 'deb-'));
  const path = join(folder, debFileName({ ...record, sha256: '' }));
  const control = `Package: ${record.package}\nVersion: ${version}\nArchitecture: all\nMaintainer: N <n@example.org>\nDescription: a test\n`;
  const tree = await writeAll(join(folder, 'tree'), { ...files, 'DEBIAN/control': control });
  const built = await runCommand('dpkg-deb', ['--build', '-Znone', tree, path], { timeoutMs: 30_000 });
  assert.equal(built.code, 0, built.stderr);
  const sha256 = createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
  return { ...record, path, sha256 };
}

function hasDpkg(t: TestContext): Promise<boolean> {
  return runCommand('dpkg-deb', ['--version'], { timeoutMs: 20_000 }).then(({ code }) => {
    if (code === 0) return true;
    if (process.env.CI) throw new Error('needs dpkg-deb');
    t.skip('needs dpkg-deb');
    return false;
  });
}

test('Debian: kernel and text initrd of the package, whole, for all to read, and recorded', async (t) => {
  if (!(await hasDpkg(t))) return;
  const dir = fresh();
  const lines = await bring({ dir, id: DEBIAN }, { system: [await makeDeb('20230607+deb12u5')] });
  const place = join(dir, 'companions', DEBIAN);
  assert.deepEqual(await readdir(place), ['COMPANION.json', 'initrd.gz', 'linux']);
  assert.deepEqual(await readFile(join(place, 'linux')), KERNEL);
  assert.equal(await readFile(join(place, 'initrd.gz'), 'latin1'), '\x1f\x8btext');
  assert.equal((await stat(join(place, 'initrd.gz'))).mode & 0o777, 0o644);
  const record = JSON.parse(await readFile(join(place, 'COMPANION.json'), 'utf8'));
  assert.equal(record.origin, 'debian-installer-12-netboot-amd64 20230607+deb12u5');
  assert.equal(record.files.linux.sha256, createHash('sha256').update(KERNEL).digest('hex'));
  assert.match(lines.at(-1) ?? '', /debian-12-amd64: linux, initrd\.gz \(.*\), from debian-installer/);
  assert.deepEqual([...(await installedCompanions(dir)).keys()], [DEBIAN]);
  await isClean(dir, ['companions']);
});

test('Debian: again it is current; a newer point release takes its place', async (t) => {
  if (!(await hasDpkg(t))) return;
  const dir = fresh();
  const place = join(dir, 'companions', DEBIAN);
  const older = await makeDeb('1');
  await bring({ dir, id: DEBIAN }, { system: [older] });
  const { ino } = await stat(place);
  assert.match((await bring({ dir, id: DEBIAN }, { system: [older] })).at(-1) ?? '', /already current/);
  assert.equal((await stat(place)).ino, ino);
  await bring({ dir, id: DEBIAN }, { system: [await makeDeb('2')] });
  assert.match(await readFile(join(place, 'COMPANION.json'), 'utf8'), /netboot-amd64 2"/);
  await isClean(dir, ['companions']);
});

test('Debian: a package that is not what the index says leaves the old kernel as it was', async (t) => {
  if (!(await hasDpkg(t))) return;
  const dir = fresh();
  await bring({ dir, id: DEBIAN }, { system: [await makeDeb('1')] });
  const wrong = { ...(await makeDeb('2')), sha256: '0'.repeat(64) };
  await assert.rejects(bring({ dir, id: DEBIAN }, { system: [wrong] }), /cannot be had \(its SHA256 is not .*--from$/);
  assert.match(await readFile(join(dir, 'companions', DEBIAN, 'COMPANION.json'), 'utf8'), /netboot-amd64 1"/);
  await isClean(dir, ['companions']);
});

test('Debian: a package without the kernel installs nothing', async (t) => {
  if (!(await hasDpkg(t))) return;
  const dir = fresh();
  const { [`${INSIDE}/text/debian-installer/amd64/linux`]: _, ...rest } = FILES;
  const system = [await makeDeb('1', rest)];
  await assert.rejects(
    bring({ dir, id: DEBIAN }, { system }),
    /there is no linux in debian-installer-12-netboot-amd64 1/,
  );
  await isClean(dir);
  assert.deepEqual([...(await installedCompanions(dir)).keys()], []);
});

test('Debian: a package that nobody has is one sentence with the cure', async () => {
  const dir = fresh();
  await assert.rejects(bring({ dir, id: 'debian-11-amd64' }), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'loaders-failed');
    assert.match(error.message, /^debian-installer-11-netboot-amd64 cannot be had \(.*\): add a source .*--from$/);
    return true;
  });
  await isClean(dir);
});

// Linux x86 boot protocol; PE/COFF. A version's text, an EFI program with a certificate table that names the signer.
function kernelOf({ signer, machine = 0x8664 }: { readonly signer?: string; readonly machine?: number }): Buffer {
  const bytes = Buffer.alloc(0x2000);
  bytes.writeUInt16LE(0xaa55, 510);
  bytes.write('HdrS', 514, 'latin1');
  bytes.writeUInt16LE(0x20f, 518);
  bytes.writeUInt16LE(0xe00, 526);
  bytes.writeUInt16LE(machine === 0x8664 ? 1 : 0, 566);
  bytes.write('6.1.0-37-amd64 (builder@host) #1 SMP\0', 0x1000, 'latin1');
  if (signer === undefined) return bytes;
  bytes.write('MZ', 0, 'latin1');
  bytes.writeUInt32LE(0x80, 60);
  bytes.write('PE\0\0', 0x80, 'latin1');
  bytes.writeUInt16LE(machine, 0x84);
  bytes.writeUInt16LE(machine === 0x8664 ? 0x20b : 0x10b, 0x98);
  const directory = 0x98 + (machine === 0x8664 ? 112 : 96) + 32;
  if (signer !== '') bytes.writeUInt32LE(0x1800, directory);
  if (signer !== '') bytes.writeUInt32LE(0x400, directory + 4);
  bytes.write(signer, 0x1900, 'latin1');
  return bytes;
}

const kernels = [
  { name: 'signed by Debian', id: DEBIAN, made: { signer: 'Debian Secure Boot CA' }, want: ['debian-signed', false] },
  {
    name: 'signed by somebody else: no shim of theirs is here',
    id: DEBIAN,
    made: { signer: 'A CA' },
    want: ['no', false],
  },
  { name: 'signed by nobody', id: DEBIAN, made: { signer: '' }, want: ['no', false] },
  { name: 'no EFI program', id: DEBIAN, made: {}, want: ['no', true] },
  {
    name: 'of 32 bits, for which nobody has signed a GRUB',
    id: 'debian-12-i386',
    made: { signer: 'Debian Secure Boot CA', machine: 0x14c },
    want: ['no', false],
  },
];
for (const { name, id, made, want } of kernels) {
  test(`the kernel that is brought says who signed it: ${name}`, async () => {
    const dir = fresh();
    const from = await writeAll(join(root, `signed${++count}`), { linux: kernelOf(made), 'initrd.gz': 'i' });
    await bring({ dir, id, from });
    const facts = (await installedCompanions(dir)).get(id);
    assert.deepEqual([facts?.version, facts?.secureBoot, facts?.isBiosOnly], ['6.1.0-37-amd64', ...want]);
  });
}

test('of a kernel that somebody replaced, or put there without a record, or with a broken one, nothing is known', async () => {
  const dir = fresh();
  const from = await writeAll(join(root, 'replaced'), { linux: kernelOf({ signer: '' }), 'initrd.gz': 'i' });
  await bring({ dir, id: DEBIAN, from });
  const place = join(dir, 'companions', DEBIAN);
  const record = await readFile(join(place, 'COMPANION.json'), 'utf8');
  const unseen = { secureBoot: 'unknown', isBiosOnly: false };
  await writeFile(join(place, 'linux'), 'another');
  assert.deepEqual((await installedCompanions(dir)).get(DEBIAN), unseen);
  await writeFile(join(place, 'linux'), kernelOf({ signer: '' }));
  assert.equal((await installedCompanions(dir)).get(DEBIAN)?.secureBoot, 'no');
  for (const text of ['', 'null', '{', '[]', record.replace('"no"', '"yes"'), record.replace('"kernel"', '"k"')]) {
    await writeFile(join(place, 'COMPANION.json'), text);
    assert.deepEqual((await installedCompanions(dir)).get(DEBIAN), unseen, text);
  }
});

// ---- Alpine ----

/** A mirror that has these files, and what it was asked for; a file `cut` breaks off in the middle. */
async function mirrorOf(t: TestContext, files: Readonly<Record<string, Uint8Array | string>>) {
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    asked.push(request.url ?? '');
    const bytes = files[(request.url ?? '').replace('/alpine/', '')];
    if (bytes === 'cut') response.writeHead(200, { 'Content-Length': 100 }).write('x', () => response.destroy());
    else if (bytes === undefined) response.writeHead(404).end('gone');
    else response.end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/alpine`, asked };
}

const ARCHIVE = 'v3.20/releases/x86_64/alpine-netboot-3.20.0-x86_64.tar.gz';

async function makeArchive(files: Readonly<Record<string, Uint8Array | string>>): Promise<Buffer> {
  const folder = await mkdtemp(join(root, 'tar-'));
  await writeAll(join(folder, 'tree'), files);
  const to = join(folder, 'a.tar.gz');
  const made = await runCommand('tar', ['-czf', to, '-C', join(folder, 'tree'), '.'], { timeoutMs: 20_000 });
  assert.equal(made.code, 0, made.stderr);
  // Alpine's own names begin without a dot.
  const named = await runCommand(
    'tar',
    ['-czf', to, '-C', join(folder, 'tree'), ...(await readdir(join(folder, 'tree')))],
    {
      timeoutMs: 20_000,
    },
  );
  assert.equal(named.code, 0, named.stderr);
  return readFile(to);
}

const NETBOOT = {
  'boot/vmlinuz-lts': KERNEL,
  'boot/initramfs-lts': 'initramfs',
  'boot/modloop-lts': 'modloop',
  'boot/config-lts': 'not wanted',
};
const sumOf = (bytes: Uint8Array): string =>
  `${createHash('sha256').update(bytes).digest('hex')}  alpine-netboot-3.20.0-x86_64.tar.gz\n`;

test("Alpine: the release's own archive, its checksum checked; asked for again it is there", async (t) => {
  const archive = await makeArchive(NETBOOT);
  const { url, asked } = await mirrorOf(t, { [ARCHIVE]: archive, [`${ARCHIVE}.sha256`]: sumOf(archive) });
  const dir = fresh();
  await bring({ dir, id: ALPINE, mirror: `${url}/` });
  const place = join(dir, 'companions', ALPINE);
  assert.deepEqual(await readdir(place), ['COMPANION.json', 'initramfs-lts', 'modloop-lts', 'vmlinuz-lts']);
  assert.deepEqual(await readFile(join(place, 'vmlinuz-lts')), KERNEL);
  assert.equal(JSON.parse(await readFile(join(place, 'COMPANION.json'), 'utf8')).origin, `${url}/${ARCHIVE}`);
  assert.deepEqual([...(await installedCompanions(dir)).keys()], [ALPINE]);
  await isClean(dir, ['companions']);
  assert.match((await bring({ dir, id: ALPINE, mirror: url })).join('\n'), /is there already; --force/);
  assert.equal(asked.length, 2);
  await bring({ dir, id: ALPINE, mirror: url, force: true });
  assert.equal(asked.length, 4);
});

const faults: readonly {
  readonly name: string;
  readonly files: (archive: Buffer) => Readonly<Record<string, Uint8Array | string>>;
  readonly inside?: Readonly<Record<string, Uint8Array | string>>;
  readonly want: RegExp;
}[] = [
  {
    name: 'no such release',
    files: () => ({}),
    want: /\.sha256 cannot be fetched \(it answers 404\): .*--mirror.*--from$/,
  },
  {
    name: 'a page instead of a checksum',
    files: (archive) => ({ [ARCHIVE]: archive, [`${ARCHIVE}.sha256`]: '<html>' }),
    want: /has no checksum/,
  },
  {
    name: 'a checksum without end',
    files: (archive) => ({ [ARCHIVE]: archive, [`${ARCHIVE}.sha256`]: 'x'.repeat(100_000) }),
    want: /longer than 4096 octets/,
  },
  {
    name: 'another archive than the checksum says',
    files: (archive) => ({ [ARCHIVE]: archive, [`${ARCHIVE}.sha256`]: sumOf(Buffer.from('x')) }),
    want: /is not what its checksum says/,
  },
  {
    name: 'a connection that breaks',
    files: (archive) => ({ [ARCHIVE]: 'cut', [`${ARCHIVE}.sha256`]: sumOf(archive) }),
    want: /cannot be fetched \(.+\): /,
  },
  {
    name: 'no archive at all',
    files: () => ({ [ARCHIVE]: 'text', [`${ARCHIVE}.sha256`]: sumOf(Buffer.from('text')) }),
    want: /cannot be unpacked \(.+\)/,
  },
  {
    name: 'an archive of another making',
    inside: { 'boot/vmlinuz-vanilla': KERNEL },
    files: (archive) => ({ [ARCHIVE]: archive, [`${ARCHIVE}.sha256`]: sumOf(archive) }),
    want: /cannot be unpacked \(tar: boot\/vmlinuz-lts/,
  },
  {
    name: 'a kernel that is none',
    inside: { ...NETBOOT, 'boot/vmlinuz-lts': Buffer.alloc(2000) },
    files: (archive) => ({ [ARCHIVE]: archive, [`${ARCHIVE}.sha256`]: sumOf(archive) }),
    want: /vmlinuz-lts does not start as a kernel does/,
  },
];
for (const { name, files, inside = NETBOOT, want } of faults) {
  test(`Alpine: ${name} is said, and nothing is left`, async (t) => {
    const { url } = await mirrorOf(t, files(await makeArchive(inside)));
    const dir = fresh();
    await assert.rejects(bring({ dir, id: ALPINE, mirror: url }), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'loaders-failed', error.stack);
      assert.match(error.message, want);
      return true;
    });
    await isClean(dir);
  });
}

test('Alpine: a mirror that is not there is said', async () => {
  const dir = fresh();
  await assert.rejects(bring({ dir, id: ALPINE, mirror: 'http://127.0.0.1:1' }), /cannot be fetched \(.+\): connect/);
  await isClean(dir);
});

test('Alpine: a link in the archive does not lead out of it', async (t) => {
  const folder = await mkdtemp(join(root, 'links-'));
  await writeAll(folder, NETBOOT);
  await rm(join(folder, 'boot/initramfs-lts'));
  await symlink('/etc/passwd', join(folder, 'boot/initramfs-lts'));
  const to = join(root, 'links.tar.gz');
  assert.equal((await runCommand('tar', ['-czf', to, '-C', folder, 'boot'], { timeoutMs: 20_000 })).code, 0);
  const archive = await readFile(to);
  const { url } = await mirrorOf(t, { [ARCHIVE]: archive, [`${ARCHIVE}.sha256`]: sumOf(archive) });
  const dir = fresh();
  await assert.rejects(bring({ dir, id: ALPINE, mirror: url }), /there is no initramfs-lts in /);
  await isClean(dir);
});

// ---- from a folder, and what is there ----

test('from a folder: under their names alone, as in the archive, and as in a package; no program is run', async () => {
  const folders = [
    await writeAll(join(root, 'names'), { 'vmlinuz-lts': KERNEL, 'initramfs-lts': 'i', 'modloop-lts': 'm' }),
    await writeAll(join(root, 'paths'), NETBOOT),
  ];
  for (const from of folders) {
    const dir = fresh();
    const calls: string[] = [];
    await bring({ dir, id: ALPINE, from }, { system: [] }, calls);
    assert.deepEqual([...(await installedCompanions(dir)).keys()], [ALPINE]);
    assert.deepEqual(calls, []);
  }
  const dir = fresh();
  await bring({ dir, id: DEBIAN, from: await writeAll(join(root, 'package'), FILES) });
  assert.deepEqual([...(await installedCompanions(dir)).keys()], [DEBIAN]);
});

test('from a folder: what is not there, and a page instead of a kernel, are said', async () => {
  const dir = fresh();
  const empty = await writeAll(join(root, 'incomplete'), { 'vmlinuz-lts': KERNEL });
  await assert.rejects(bring({ dir, id: ALPINE, from: empty }), /there is no initramfs-lts in .*incomplete: give/);
  const page = await writeAll(join(root, 'page'), { 'vmlinuz-lts': KERNEL, 'initramfs-lts': '<!doctype html>' });
  await assert.rejects(bring({ dir, id: ALPINE, from: page }), /initramfs-lts is a web page/);
  await isClean(dir);
});

test('an id that nobody offers is one sentence', async () => {
  await assert.rejects(
    bring({ dir: fresh(), id: 'plan9-4-amd64' }),
    /^Fault: nobody offers a kernel called "plan9-4-amd64"$/,
  );
});

test('a boot folder that cannot be written is said with the cure', async () => {
  const file = join(root, 'a-file');
  await writeFile(file, '');
  await assert.rejects(bring({ dir: join(file, 'boot'), id: ALPINE, from: root }), /cannot be written .*--dir$/);
});

test('what an interrupted run left is removed by the next', async () => {
  const dir = fresh();
  await writeAll(join(dir, `.companions-${ALPINE}.999999999.part`), { 'archive.tar.gz': 'half' });
  await bring({ dir, id: ALPINE, from: await writeAll(join(root, 'again'), NETBOOT) });
  await isClean(dir, ['companions']);
});

test('installed are those that are whole, whoever put them there', async () => {
  const dir = fresh();
  await writeAll(join(dir, 'companions'), {
    'debian-12-amd64/linux': 'k',
    'debian-12-amd64/initrd.gz': 'i',
    'debian-11-amd64/linux': 'k',
    'debian-13-amd64/linux': 'k',
    'debian-13-amd64/initrd.gz': '',
    'something/linux': 'k',
    'alpine-3.20.0-x86_64': 'a file',
  });
  assert.deepEqual([...(await installedCompanions(dir)).keys()], [DEBIAN]);
  assert.deepEqual([...(await installedCompanions(join(root, 'nowhere'))).keys()], []);
});
