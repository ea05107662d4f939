import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { needs } from '../support/netns.ts';

const program = fileURLToPath(new URL('kill.ts', import.meta.url));

test('kill -9 under load: every lease that was promised is known afterwards, no address is given twice', (t) => {
  if (!needs(t, ['ip', 'unshare'])) return;
  const argv = [program, '--kills', '15', '--seed', '4'];
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8', timeout: 55_000 });
  assert.equal(status, 0, `${stdout}${stderr}`);
  assert.match(stdout, /^kept: 15 kills/m);
});
