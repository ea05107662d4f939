/** kill -9 in the middle of an installation: every file is whole, the old one or the new one, and the next run mends the rest. */
import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type RunResult, runCommand } from '../../src/host/exec.ts';
import { checkLoaders } from '../../src/loaders/probe.ts';
import { parseRecord } from '../../src/loaders/record.ts';
import { LOADERS } from '../../src/loaders/table.ts';
import { buildDebs, type Deb, likeness } from './fixtures.ts';

const hasDpkg = (await runCommand('dpkg-deb', ['--version'], { timeoutMs: 20_000 })).code === 0;
const skip = hasDpkg || process.env.CI ? false : 'no dpkg-deb on this machine';
const SCRIPT = fileURLToPath(new URL('interrupted.ts', import.meta.url));
const [OLD, NEW] = ['1.0', '2.0'];

suite('an interrupted installation', { skip }, () => {
  let root = '';
  let old: readonly Deb[] = [];
  let debs: readonly Deb[] = [];

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'loaders-test-'));
    for (const name of ['old', 'new', 'tmp', 'before']) await mkdir(join(root, name));
    old = await buildDebs(join(root, 'old'), { version: OLD });
    debs = await buildDebs(join(root, 'new'), { version: NEW });
    assert.equal((await install('before', old, 0)).code, 0);
  });
  after(() => rm(root, { recursive: true, force: true }));

  function install(name: string, packages: readonly Deb[], dieAtLine: number): Promise<RunResult> {
    const order = { dir: join(root, name), debs: packages, temporaryFolder: join(root, 'tmp'), dieAtLine };
    return runCommand(process.execPath, [SCRIPT, JSON.stringify(order)], { timeoutMs: 60_000 });
  }

  /** The files by version; rejects when one is neither. */
  async function versions(dir: string): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    for (const name of (await readdir(dir)).filter((n) => !n.startsWith('.') && n !== 'LOADERS.json')) {
      const loader = LOADERS.find((l) => l.name === name);
      assert.ok(loader, name);
      const bytes = await readFile(join(dir, name));
      const isSigned = loader.sources[0]?.paths[0]?.includes('.signed') ?? false;
      const version = [OLD, NEW].find((v) => likeness(loader.format, `${name} ${v}`, isSigned).equals(bytes));
      assert.ok(version, `${name} is whole`);
      found.set(name, version);
    }
    return found;
  }

  // Line 1 comes before the packages do, each further one after one more file is in place; LOADERS.json follows them.
  for (const dieAtLine of [1, 2, 3, 10, 20, 34, 36]) {
    test(`killed at line ${dieAtLine} of an upgrade: files are old or new, never half`, async () => {
      const dir = join(root, `upgrade${dieAtLine}`);
      await cp(join(root, 'before'), dir, { recursive: true, preserveTimestamps: true });
      assert.equal((await install(`upgrade${dieAtLine}`, debs, dieAtLine)).code, 137);
      const found = await versions(dir);
      const placed = Math.max(0, dieAtLine - 1);
      assert.deepEqual([...found.values()].filter((v) => v === NEW).length, placed, 'as many are new as it said');
      assert.ok(parseRecord(await readFile(join(dir, 'LOADERS.json'), 'utf8')), 'LOADERS.json is whole');

      assert.equal((await install(`upgrade${dieAtLine}`, debs, 0)).code, 0);
      assert.deepEqual(new Set((await versions(dir)).values()), new Set([NEW]));
      assert.deepEqual((await checkLoaders(dir)).missing, []);
      assert.deepEqual(
        (await readdir(dir)).filter((name) => name.startsWith('.')),
        [],
        'no unfinished file is left',
      );
    });
  }

  test('unfinished files of a run that is over go away; those of somebody else stay', async () => {
    const dir = join(root, 'leftovers');
    await mkdir(dir);
    const gone = await runCommand('sh', ['-c', 'echo $$'], { timeoutMs: 20_000 });
    const over = `.memdisk.${gone.stdout.trim()}.part`;
    const alive = `.memdisk.${process.pid}.part`;
    for (const name of [over, alive, '.debian.iso.part', '.unknown.1.part']) await writeFile(join(dir, name), 'x');
    assert.equal((await install('leftovers', debs, 0)).code, 0);
    const left = (await readdir(dir)).filter((name) => name.startsWith('.')).sort();
    assert.deepEqual(left, ['.debian.iso.part', alive, '.unknown.1.part'].sort());
  });
});
