/** Whole installations: real packages of small stand-ins, unpacked by the real dpkg-deb, from an apt that is played. */
import assert from 'node:assert/strict';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { runCommand } from '../../src/host/exec.ts';
import { type InstallRequest, installLoaders } from '../../src/loaders/apply.ts';
import { checkLoaders } from '../../src/loaders/probe.ts';
import { type LoaderRecord, parseRecord } from '../../src/loaders/record.ts';
import type { InstallReport } from '../../src/loaders/report.ts';
import { essentialLoaders, LOADERS } from '../../src/loaders/table.ts';
import { buildDebs, type Deb, type FakeApt, fakeApt, likeness, PACKED_AT_MS } from './fixtures.ts';

const hasDpkg = (await runCommand('dpkg-deb', ['--version'], { timeoutMs: 20_000 })).code === 0;
const skip = hasDpkg || process.env.CI ? false : 'no dpkg-deb on this machine';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const packaged = LOADERS.filter((l) => l.sources.length > 0).map((l) => l.name);

suite('loaders install', { skip }, () => {
  let root = '';
  let one: readonly Deb[] = [];
  let two: readonly Deb[] = [];
  let count = 0;

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'loaders-test-'));
    for (const name of ['one', 'two', 'tmp']) await mkdir(join(root, name));
    one = await buildDebs(join(root, 'one'), { version: '1:1.0-1' });
    two = await buildDebs(join(root, 'two'), { version: '1:2.0-1' });
  });
  after(() => rm(root, { recursive: true, force: true }));

  /** A boot folder that is not there yet. */
  const fresh = (): string => join(root, `boot${++count}`);

  async function install(
    request: InstallRequest,
    apt: FakeApt,
    calls: string[] = [],
  ): Promise<{ readonly report: InstallReport; readonly lines: readonly string[] }> {
    const lines: string[] = [];
    const report = await installLoaders(request, {
      run: fakeApt(apt, calls),
      say: (line) => lines.push(line),
      clock: { date: () => NOW_MS },
      temporaryFolder: join(root, 'tmp'),
    });
    assert.deepEqual(await readdir(join(root, 'tmp')), [], 'nothing is left where the downloads were');
    return { report, lines };
  }

  const outcome = (report: InstallReport, name: string): string | undefined =>
    report.files.find((f) => f.name === name)?.outcome;

  async function record(dir: string): Promise<LoaderRecord> {
    return parseRecord(await readFile(join(dir, 'LOADERS.json'), 'utf8')) ?? new Map();
  }

  test('a full set: whole, readable for all, with the time of the package, and recorded', async () => {
    const dir = fresh();
    const { report } = await install({ dir }, { system: one });
    assert.equal(report.isComplete, true);
    assert.deepEqual((await readdir(dir)).sort(), [...packaged, 'LOADERS.json'].sort());
    for (const name of packaged) {
      const { mode, mtimeMs } = await stat(join(dir, name));
      assert.deepEqual([mode & 0o7777, mtimeMs], [0o644, PACKED_AT_MS], name);
    }
    const shim = (await record(dir)).get('shimx64.efi');
    assert.deepEqual(shim?.origin, {
      kind: 'package',
      package: 'shim-signed',
      version: '1:1.0-1',
      architecture: 'amd64',
      path: 'usr/lib/shim/shimx64.efi.signed',
    });
    assert.deepEqual([shim?.isSigned, shim?.installedAt], [true, new Date(NOW_MS).toISOString()]);
    assert.deepEqual((await checkLoaders(dir)).missing, []);
  });

  test('again: nothing changes, not even LOADERS.json', async () => {
    const dir = fresh();
    await install({ dir }, { system: one });
    const before = await stat(join(dir, 'LOADERS.json'));
    const { report, lines } = await install({ dir }, { system: one });
    assert.deepEqual(
      [...new Set(report.files.filter((f) => packaged.includes(f.name)).map((f) => f.outcome))],
      ['current'],
    );
    assert.equal((await stat(join(dir, 'LOADERS.json'))).ino, before.ino);
    assert.match(lines.at(-1) ?? '', new RegExp(`0 new, 0 replaced, ${packaged.length} already current`));
  });

  test('a newer version takes the place of the older', async () => {
    const dir = fresh();
    await install({ dir }, { system: one });
    const { report } = await install({ dir }, { system: two });
    assert.equal(outcome(report, 'grubx64.efi'), 'replaced');
    assert.match(await readFile(join(dir, 'grubx64.efi'), 'latin1'), /grubx64.efi 1:2\.0-1/);
  });

  test('lists of our own are fetched only for what the system does not know', async () => {
    const calls: string[] = [];
    const native = one.filter((d) => ['all', 'amd64'].includes(d.architecture));
    const { report } = await install({ dir: fresh() }, { system: native, fresh: one }, calls);
    assert.equal(outcome(report, 'shimaa64.efi'), 'installed');
    const shows = calls.filter((call) => call.includes('/private/') && call.includes(' show '));
    assert.equal(shows.length, 1);
    assert.doesNotMatch(shows[0] ?? '', /amd64|pxelinux/);
    calls.length = 0;
    await install({ dir: fresh() }, { system: one }, calls);
    assert.deepEqual(
      calls.filter((call) => call.includes(' update')),
      [],
    );
  });

  test('what the servers have no longer comes by fresh lists', async () => {
    const { report } = await install({ dir: fresh() }, { system: one, fresh: two, gone: ['ipxe'] });
    assert.equal(outcome(report, 'ipxe.efi'), 'installed');
    assert.match(JSON.stringify(report.files.find((f) => f.name === 'ipxe.efi')), /1:2\.0-1/);
  });

  test('architectures that cannot be had are a line each, and the rest is complete', async () => {
    const native = one.filter((d) => ['all', 'amd64'].includes(d.architecture));
    const dir = fresh();
    const { report, lines } = await install({ dir }, { system: native });
    assert.equal(report.isComplete, true);
    for (const name of ['shimia32.efi', 'grubaa64.efi']) {
      assert.equal(lines.filter((line) => line.startsWith(`${name} could not be had: `)).length, 1);
    }
    const { missing } = await checkLoaders(dir);
    assert.deepEqual(
      missing.map((m) => m.what.split(':')[0]),
      ['32-bit UEFI machines cannot boot', 'arm64 UEFI machines cannot boot'],
    );
  });

  test('without an essential loader it is not complete, and says which', async () => {
    const { report, lines } = await install(
      { dir: fresh() },
      { system: one.filter((d) => d.package !== 'grub-efi-amd64-signed') },
    );
    assert.equal(report.isComplete, false);
    // shim alone would start nothing.
    assert.equal(lines.at(-1), 'not complete: shimx64.efi, grubx64.efi could not be had');
  });

  const damages = [
    { name: "a .deb that is not the index's", why: /SHA256 is not the one in apt's index/ },
    { name: "a file that is not the package's", why: /differs from the package's own md5sums/ },
  ];
  for (const [at, damage] of damages.entries()) {
    test(`refused: ${damage.name}`, async () => {
      const folder = join(root, `damaged${at}`);
      await mkdir(folder);
      const debs = await buildDebs(folder, { version: '1:1.0-1', ...(at === 1 ? { tampered: 'ipxe.efi' } : {}) });
      if (at === 0) await appendFile(debs.find((d) => d.package === 'ipxe')?.path ?? '', 'x');
      const dir = fresh();
      const { report } = await install({ dir }, { system: debs });
      const file = report.files.find((f) => f.name === 'ipxe.efi');
      assert.equal(file?.outcome, 'missing');
      assert.match(file?.remark ?? '', damage.why);
      assert.equal(report.isComplete, false);
      assert.ok(!(await readdir(dir)).includes('ipxe.efi'));
    });
  }

  test('modules and lpxelinux.0 of two builds are refused', async () => {
    const folder = join(root, 'builds');
    await mkdir(folder);
    const debs = await buildDebs(folder, { version: '1', versions: { pxelinux: '2' } });
    const { report } = await install({ dir: fresh() }, { system: debs });
    assert.deepEqual([outcome(report, 'lpxelinux.0'), outcome(report, 'vesamenu.c32')], ['missing', 'missing']);
    assert.equal(outcome(report, 'memdisk'), 'installed');
  });

  test('what somebody put there stays, unless forced; so does what changed since, and doctor sees it', async () => {
    const dir = fresh();
    await mkdir(dir);
    await writeFile(join(dir, 'memdisk'), 'mine');
    const { report, lines } = await install({ dir }, { system: one });
    assert.equal(outcome(report, 'memdisk'), 'kept');
    assert.ok(lines.some((line) => /^memdisk stays as it is: .*by hand; --force/.test(line)));
    assert.equal(await readFile(join(dir, 'memdisk'), 'utf8'), 'mine');
    assert.equal((await record(dir)).has('memdisk'), false);

    await writeFile(join(dir, 'reboot.c32'), 'changed');
    assert.match(
      (await checkLoaders(dir)).missing[0]?.what ?? '',
      /^reboot\.c32 in .* is not the file that was installed/,
    );
    assert.equal(outcome((await install({ dir }, { system: one })).report, 'reboot.c32'), 'kept');

    const forced = (await install({ dir, force: true }, { system: one })).report;
    assert.deepEqual([outcome(forced, 'memdisk'), outcome(forced, 'reboot.c32')], ['replaced', 'replaced']);
    assert.deepEqual((await checkLoaders(dir)).missing, []);
  });

  test('a link in the place of a loader is neither followed nor replaced', async () => {
    const dir = fresh();
    await mkdir(dir);
    const target = join(root, `target${count}`);
    await writeFile(target, 'elsewhere');
    await symlink(target, join(dir, 'memdisk'));
    const { report } = await install({ dir, force: true }, { system: one });
    assert.equal(outcome(report, 'memdisk'), 'missing');
    assert.equal(await readFile(target, 'utf8'), 'elsewhere');
  });

  test('a broken LOADERS.json is said, and written anew', async () => {
    const dir = fresh();
    await install({ dir }, { system: one });
    await writeFile(join(dir, 'LOADERS.json'), '{');
    const { lines } = await install({ dir }, { system: one });
    assert.match(lines.join('\n'), /LOADERS\.json cannot be understood/);
    assert.equal((await record(dir)).size, packaged.length);
  });

  test('no network: one sentence with the cure, and no half-made folder', async () => {
    const dir = fresh();
    const network = "W: Failed to fetch http://h/InRelease  Could not resolve 'h'";
    await assert.rejects(install({ dir }, { system: one, network }), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'loaders-failed');
      assert.match(
        error.message,
        /^the package servers cannot be reached \(.*Could not resolve 'h'\): connect .*--from$/,
      );
      return true;
    });
    assert.deepEqual(await readdir(dir), []);
  });

  test('no apt: the sentence says --from', async () => {
    const run = async () => ({ code: 127, stdout: '', stderr: '' });
    const deps = { run, say: () => {}, clock: { date: () => NOW_MS }, temporaryFolder: root };
    await assert.rejects(installLoaders({ dir: fresh() }, deps), /^Fault: this machine has no apt: .*--from$/);
  });

  test('a folder that cannot be made is said with the cure', async () => {
    const file = join(root, 'a-file');
    await writeFile(file, '');
    await assert.rejects(install({ dir: join(file, 'boot') }, { system: one }), /cannot be written .*: .*--dir$/);
  });

  test('from a folder: known by name, checked, recorded, and kept before packages afterwards', async () => {
    const from = join(root, 'given');
    await mkdir(from);
    for (const name of ['ipxe.efi', 'ipxe-shimx64.efi'])
      await writeFile(join(from, name), likeness({ kind: 'pe', machine: 'x64' }, `signed ${name}`, true));
    await writeFile(join(from, 'memtest64.efi'), likeness({ kind: 'pe', machine: 'arm64' }, 'x'));
    await writeFile(join(from, 'snponly.efi'), '<html>');
    await writeFile(join(from, 'shimx64.efi'), likeness({ kind: 'pe', machine: 'x64' }, 'x', true));
    await writeFile(join(from, 'notes.txt'), 'x');
    await utimes(join(from, 'ipxe.efi'), 1_600_000_000, 1_600_000_000);
    const dir = fresh();
    await install({ dir }, { system: one });
    const { report, lines } = await install({ dir, from }, { system: [] });
    assert.equal(report.isComplete, true);
    assert.deepEqual(
      report.files.filter((f) => ['installed', 'replaced'].includes(f.outcome)).map((f) => `${f.name} ${f.outcome}`),
      ['ipxe.efi replaced', 'ipxe-shimx64.efi installed'],
    );
    assert.match(lines.join('\n'), /memtest64\.efi is an EFI program for arm64, not for x64/);
    assert.match(lines.join('\n'), /snponly\.efi is not an EFI program/);
    assert.match(lines.join('\n'), /shimx64\.efi stays as it is: .*same build.*: grubx64\.efi/);
    assert.equal((await stat(join(dir, 'ipxe.efi'))).mtimeMs, 1_600_000_000_000);
    assert.deepEqual((await record(dir)).get('ipxe.efi')?.origin, { kind: 'folder', path: 'ipxe.efi' });

    const later = (await install({ dir }, { system: two })).report;
    assert.deepEqual([outcome(later, 'ipxe.efi'), outcome(later, 'snponly.efi')], ['kept', 'replaced']);
  });

  test("another node's boot folder is enough for a node without packages", async () => {
    const [first, second] = [fresh(), fresh()];
    await install({ dir: first }, { system: one });
    const calls: string[] = [];
    const { report } = await install({ dir: second, from: first }, { system: [] }, calls);
    assert.equal(report.isComplete, true);
    assert.deepEqual(calls, []);
  });

  test('a folder that is not there, or has no loader, is said', async () => {
    const nowhere = join(root, 'nowhere');
    await assert.rejects(
      install({ dir: fresh(), from: nowhere }, { system: [] }),
      /nowhere cannot be read: give --from/,
    );
    const empty = join(root, 'empty');
    await mkdir(empty);
    await assert.rejects(
      install({ dir: fresh(), from: empty }, { system: [] }),
      /there is no boot loader in .*empty: /,
    );
  });

  test('checkLoaders: no folder means no machine boots, in one sentence with the cure', async () => {
    const report = await checkLoaders(join(root, 'nowhere'));
    assert.deepEqual([report.isComplete, report.present], [false, []]);
    assert.equal(report.missing.length, 1);
    assert.match(report.missing[0]?.what ?? '', /^there are no boot loaders in .*: no machine can boot$/);
    assert.match(report.missing[0]?.cure ?? '', /^run `node dist\/fnode\.js loaders install --dir .*`$/);
  });

  for (const { name } of essentialLoaders) {
    test(`checkLoaders: without ${name} it says which machines cannot boot`, async () => {
      const dir = fresh();
      await mkdir(dir);
      for (const l of LOADERS) if (l.name !== name) await writeFile(join(dir, l.name), likeness(l.format, 'x'));
      const report = await checkLoaders(dir);
      assert.equal(report.isComplete, false);
      assert.equal(report.missing.length, 1);
      assert.match(
        report.missing[0]?.what ?? '',
        new RegExp(`cannot boot: ${name.replaceAll('.', '\\.')} is missing in`),
      );
    });
  }
});
