import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCommand } from '../../src/host/exec.ts';

const soon = { timeoutMs: 20_000 };

test('a command gives its code and both its streams, and reads nothing', async () => {
  const result = await runCommand('sh', ['-c', 'cat; echo out; echo err >&2; exit 3'], soon);
  assert.deepEqual(result, { code: 3, stdout: 'out\n', stderr: 'err\n' });
});

test('a command reads what it is given; one that ends before is no error', async () => {
  const input = 'x'.repeat(300_000);
  assert.equal((await runCommand('wc', ['-c'], { ...soon, input })).stdout.trim(), '300000');
  assert.equal((await runCommand('true', [], { ...soon, input })).code, 0);
});

test('arguments are not seen by a shell', async () => {
  const result = await runCommand('printf', ['%s', '$(id) ; "x"'], soon);
  assert.equal(result.stdout, '$(id) ; "x"');
});

test('folder and environment are the given ones, over our own', async () => {
  const result = await runCommand('sh', ['-c', 'echo $PWD $WORD $PATH'], { ...soon, cwd: '/', env: { WORD: 'w' } });
  assert.equal(result.stdout, `/ w ${process.env.PATH}\n`);
});

test('a program that is not there is 127, as a shell says it', async () => {
  const result = await runCommand('no-such-program-here', [], soon);
  assert.equal(result.code, 127);
  assert.match(result.stderr, /no-such-program-here/);
});

test('a program that may not be run is 126, and no rejection', async () => {
  assert.equal((await runCommand('a name\0that no program has', [], soon)).code, 126);
});

test('a program killed by something else is 137', async () => {
  assert.equal((await runCommand('sh', ['-c', 'kill -9 $$'], soon)).code, 137);
});

test('a program without end is 124 when its time is over, even if a child of it holds on', {
  timeout: 30_000,
}, async () => {
  const result = await runCommand('sh', ['-c', 'sleep 60 & echo $!; wait'], { timeoutMs: 300 });
  process.kill(Number(result.stdout));
  assert.equal(result.code, 124);
  assert.match(result.stderr, /no end after 0.3 s/);
});

test('of endless output a bounded part is kept, and the program is not blocked', async () => {
  const result = await runCommand('sh', ['-c', 'yes | head -c 20000000; echo done >&2'], soon);
  assert.deepEqual([result.code, result.stdout.length, result.stderr], [0, 4 << 20, 'done\n']);
});
