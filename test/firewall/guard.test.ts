/** The helper that outlives flink's rights; a shell script stands for what takes the firewall out. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startGuard } from '../../src/firewall/guard.ts';

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'guard-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** The one that waits below a process. */
function guardOf(parent: number | undefined): number {
  const { stdout } = spawnSync('ps', ['-o', 'pid=,args=', '--ppid', String(parent)], { encoding: 'utf8' });
  const pid = Number(/^\s*(\d+) .*read -r word/m.exec(stdout)?.[1]);
  assert.ok(pid > 1, stdout);
  return pid;
}

test('guard: at the word the program runs, once', async (t) => {
  const mark = join(folderOf(t), 'mark');
  const guard = await startGuard(['sh', '-c', 'echo ran >> "$1"', 'sh', mark]);
  assert.equal(existsSync(mark), false);
  await Promise.all([guard.remove(), guard.remove()]);
  await guard.remove();
  assert.equal(readFileSync(mark, 'utf8'), 'ran\n');
});

test('guard: what the program could not do is one sentence, with the cure', async () => {
  const guard = await startGuard(['sh', '-c', 'echo "no way" >&2; echo more >&2; exit 3']);
  await assert.rejects(
    guard.remove(),
    /^Fault: the firewall is still there \(no way\): flink firewall remove, as root$/,
  );
});

test('guard: when flink is killed it ends without a word, and nothing runs', async (t) => {
  const folder = folderOf(t);
  const mark = join(folder, 'mark');
  const script = join(folder, 'holder.ts');
  const guard = new URL('../../src/firewall/guard.ts', import.meta.url).href;
  const text = [
    `import { startGuard } from ${JSON.stringify(guard)};`,
    `await startGuard(['touch', ${JSON.stringify(mark)}]);`,
    "console.log('ready');",
    'setInterval(() => {}, 1000);',
  ];
  writeFileSync(script, text.join('\n'));
  const holder = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  const pid = String(guardOf(holder.pid));
  const over = once(holder, 'exit');
  holder.kill('SIGKILL');
  await over;
  // Ends when the process does.
  const { status } = spawnSync('tail', ['-s', '0.05', '--pid', pid, '-f', '/dev/null'], { timeout: 10_000 });
  assert.deepEqual([status, existsSync(mark)], [0, false]);
});

test('guard: the signals that end flink leave it waiting for the word', async (t) => {
  const mark = join(folderOf(t), 'mark');
  const guard = await startGuard(['touch', mark]);
  const pid = guardOf(process.pid);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.kill(pid, signal);
  await guard.remove();
  assert.equal(existsSync(mark), true);
});
