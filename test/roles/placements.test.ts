import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Mac } from '../../src/core/addr.ts';
import type { MachineKey } from '../../src/core/swarm.ts';
import { placementMemory } from '../../src/roles/placements.ts';
import { fakeHost } from '../support/fakes.ts';

const DAY_MS = 24 * 3_600_000;
const laptop: MachineKey = { mac: '52:54:00:12:34:56' as Mac, uuid: '00'.repeat(16) };
const plain: MachineKey = { mac: '52:54:00:12:34:57' as Mac, uuid: undefined };

/** One run of flink after the other in one folder; each tells what it found. */
async function folderOf(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'placements-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const host = fakeHost();
  const run = async (keep: readonly (readonly [MachineKey, string])[] = []) => {
    const found: (readonly [MachineKey, string])[] = [];
    const memory = placementMemory(folder, host, (machine, node) => found.push([machine, node]));
    await memory.start();
    await memory.settle?.();
    for (const [machine, node] of keep) memory.keep(machine, node);
    await memory.stop();
    return found;
  };
  return { host, run };
}

test('placements: a restart knows where each machine was sent last', async (t) => {
  const { run } = await folderOf(t);
  assert.deepEqual(
    await run([
      [laptop, 'fnode00'],
      [plain, 'fnode01'],
      [laptop, 'fnode01'],
    ]),
    [],
  );
  assert.deepEqual(await run(), [
    [laptop, 'fnode01'],
    [plain, 'fnode01'],
  ]);
});

test('placements: after a day they are forgotten; a clock that went back forgets nothing', async (t) => {
  const { host, run } = await folderOf(t);
  await run([[laptop, 'fnode00']]);
  host.clock.jump(-10 * 365 * DAY_MS);
  assert.deepEqual(await run(), [[laptop, 'fnode00']]);
  host.clock.jump(10 * 365 * DAY_MS + DAY_MS + 1);
  assert.deepEqual(await run([[laptop, 'fnode00']]), []);
  assert.deepEqual(await run(), [[laptop, 'fnode00']], 'kept again, it is of today');
});

test('placements: without a folder nothing is remembered, and nobody minds', async () => {
  const host = fakeHost();
  const memory = placementMemory(undefined, host, () => assert.fail());
  await memory.settle?.();
  memory.keep(laptop, 'fnode00');
  await memory.stop();
  assert.deepEqual(host.log.lines, []);
});
