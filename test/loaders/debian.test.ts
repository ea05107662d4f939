/** The real thing: Debian's packages, by the real apt, as a user without any privilege. Needs the package servers. */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../../src/host/exec.ts';
import { parseRecord } from '../../src/loaders/record.ts';
import { faultOf, isSigned } from '../../src/loaders/sanity.ts';
import { essentialLoaders, LOADERS } from '../../src/loaders/table.ts';

const SCRIPT = fileURLToPath(new URL('install-as-user.ts', import.meta.url));
const hasApt = (await runCommand('apt-get', ['--version'], { timeoutMs: 20_000 })).code === 0;
const skip = hasApt || process.env.CI ? false : 'no apt on this machine';
const NOBODY = '65534';

test('a user without privilege gets the essential set out of real packages', { skip, timeout: 600_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'loaders-test-'));
  try {
    await chmod(folder, 0o777);
    const drop = process.getuid?.() === 0 ? [NOBODY] : [];
    const result = await runCommand(process.execPath, [SCRIPT, join(folder, 'boot'), folder, ...drop], {
      timeoutMs: 580_000,
      env: { HOME: '/nonexistent' },
    });
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.deepEqual(await readdir(folder), ['boot'], 'nothing is left where the downloads were');
    await checkReal(join(folder, 'boot'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

async function checkReal(dir: string): Promise<void> {
  const record = parseRecord(await readFile(join(dir, 'LOADERS.json'), 'utf8'));
  const files = await readdir(dir);
  for (const { name } of essentialLoaders) assert.ok(files.includes(name), name);
  for (const loader of LOADERS.filter((l) => files.includes(l.name))) {
    const bytes = await readFile(join(dir, loader.name));
    assert.equal(faultOf(bytes, loader.format), undefined, loader.name);
    assert.equal(record?.get(loader.name)?.sizeBytes, bytes.length, loader.name);
  }
  for (const name of ['shimx64.efi', 'grubx64.efi', 'mmx64.efi'])
    assert.equal(isSigned(await readFile(join(dir, name))), true, `${name} is signed`);
  // A module that is there finds every library that it asks the loader for, by name.
  for (const name of files.filter((f) => f.endsWith('.c32'))) {
    const wanted = (await readFile(join(dir, name), 'latin1')).match(/lib[a-z0-9]+\.c32/g) ?? [];
    const missing = wanted.filter((library) => !files.includes(library));
    assert.deepEqual(missing, [], `libraries of ${name}`);
  }
}
