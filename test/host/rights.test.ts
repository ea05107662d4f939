import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { skipUnlessRoot } from '../cli/support.ts';

/** Opens `secret` as root, gives the rights up, opens it again: what each gave. */
const SCRIPT = `
const { folderContent } = await import(process.argv[1]);
const folder = folderContent(process.argv[2]);
const seen = [];
const look = async (isKept) => {
  const opened = await folder.open('secret');
  seen.push(opened.kind === 'missing' ? opened.reason : opened.kind);
  if (opened.kind === 'file' && !isKept) await opened.content.close();
};
await look(process.argv[3] === 'held');
process.setgid(65534);
process.setuid(65534);
seen.push(folder.openNow('secret')?.kind ?? 'not-now');
await look(false);
console.log(seen.join());
process.exit(0);
`;

for (const how of ['let go', 'held']) {
  test(`files: what root opened is not served once root's rights are given up (${how})`, {
    skip: skipUnlessRoot,
  }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'rights-'));
    try {
      chmodSync(folder, 0o755);
      writeFileSync(join(folder, 'secret'), 'for root', { mode: 0o600 });
      const files = new URL('../../src/host/files.ts', import.meta.url).href;
      const said = execFileSync(process.execPath, ['--input-type=module', '-e', SCRIPT, files, folder, how]);
      assert.equal(String(said).trim(), 'file,not-now,no-permission');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
