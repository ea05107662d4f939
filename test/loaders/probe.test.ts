/** What `loaders install --from` takes a file for. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { takeFromFolder } from '../../src/loaders/probe.ts';

// The limit is what a waiting open would run into: it ends by itself with nothing else.
test('a named pipe or a folder under the name of a loader is refused, never waited for', {
  timeout: 20_000,
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'loaders-probe-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  execFileSync('mkfifo', [join(folder, 'lpxelinux.0')]);
  await mkdir(join(folder, 'ipxe.efi'));
  const taken = [...(await takeFromFolder(folder)).values()];
  assert.deepEqual(taken, [
    { why: 'lpxelinux.0 is not a regular file of sane size' },
    { why: 'ipxe.efi is not a regular file of sane size' },
  ]);
});
