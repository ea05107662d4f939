import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';

const module = JSON.stringify(path.join(import.meta.dirname, 'cleanup.ts'));
const script = `
import { Cleanup } from ${module};
const cleanup = new Cleanup();
cleanup.add(async () => console.log('first'));
cleanup.add(async () => { throw new Error('broken'); });
cleanup.add(async () => console.log('last'));
console.log('ready');
setInterval(() => {}, 1000);
`;

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  test(`cleanup: ${signal} undoes everything, last first, even behind a step that fails`, async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (text.includes('ready')) child.kill(signal);
    });
    const [status] = await once(child, 'close');
    assert.equal(said, 'ready\nlast\nfirst\n');
    assert.equal(status, code);
  });
}
