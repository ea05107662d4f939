import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { entry, Running, skipUnlessRoot } from './support.ts';

/** A test that waits for something which never comes has failed by then. */
const HUNG_MS = 60_000;

/** A hall in a network of its own, its log read as JSON. */
async function hall(): Promise<{ readonly running: Running; readonly remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'hall-'));
  for (const name of ['isos', 'boot']) await mkdir(join(folder, name));
  await writeFile(join(folder, 'boot', 'lpxelinux.0'), 'a loader, so that none is fetched');
  const flags = `--lan lo --isos ${folder}/isos --boot ${folder}/boot --state-dir ${folder}/state --user root`;
  const command = `ip link set lo up; exec ${process.execPath} ${entry('hall')} ${flags}`;
  const running = new Running('unshare', ['-n', 'sh', '-c', command]);
  return { running, remove: () => rm(folder, { recursive: true }) };
}

const isAlive = (pid: unknown): boolean => {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
};

/** Process numbers of both. */
async function bothReady(running: Running): Promise<readonly unknown[]> {
  await running.next('ready');
  if (running.lines.filter((line) => line.event === 'ready').length < 2) await running.next('ready');
  return running.lines.filter((line) => line.event === 'ready').map((line) => line.pid);
}

test('hall: both roles run, on the LAN address, and both end at one signal with exit code 0', {
  skip: skipUnlessRoot,
}, async (t) => {
  const { running, remove } = await hall();
  t.after(async () => {
    await running.stop('SIGKILL');
    await remove();
  });
  await bothReady(running);
  const ready = running.lines.filter((line) => line.event === 'ready');
  assert.deepEqual(ready.map((line) => line.service).sort(), ['flink', 'fnode']);
  assert.match(String(ready.find((line) => line.service === 'fnode')?.serves), /TFTP on 127\.0\.0\.1:69/);
  assert.equal(await running.stop('SIGTERM'), 0);
});

test('hall: when one role dies the other is stopped, exit code 1', {
  skip: skipUnlessRoot,
  timeout: HUNG_MS,
}, async (t) => {
  const { running, remove } = await hall();
  t.after(async () => {
    await running.stop('SIGKILL');
    await remove();
  });
  const [first] = await bothReady(running);
  const closed = new Promise((resolve) => running.child.once('close', resolve));
  process.kill(Number(first), 'SIGKILL');
  assert.equal(await closed, 1);
});

test('hall: killed outright, it leaves neither role behind', { skip: skipUnlessRoot, timeout: HUNG_MS }, async (t) => {
  const { running, remove } = await hall();
  t.after(remove);
  const pids = await bothReady(running);
  // The children hold no pipe of ours, only the hall's: look again until the test's own time is over.
  await running.stop('SIGKILL');
  const isAnyAlive = () => pids.some(isAlive);
  while (isAnyAlive() && !t.signal.aborted) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(!isAnyAlive());
});
