import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openMemory } from '../../src/roles/memory.ts';
import { fakeHost } from '../support/fakes.ts';

test('memory: under ever new keys the oldest are forgotten long before segments are merged, and the newest are found again', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'memory-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const open = async () => {
    const found: string[] = [];
    const onFound = (key: string) => void found.push(key);
    const memory = openMemory({ name: 'things', folder, max: 64, onFound, outdated: () => [] }, fakeHost());
    await memory.settle();
    return { memory, found };
  };
  const { memory } = await open();
  for (let i = 0; i < 1500; i++) memory.note(`key${i}`, i);
  memory.note('last', 1);
  await memory.stop();
  const again = await open();
  assert.ok(again.found.length <= 64, `${again.found.length}`);
  assert.equal(again.found.at(-1), 'last');
  again.memory.note('one more', 1);
  await again.memory.stop();
  const third = await open();
  assert.ok(third.found.length <= 64, `${third.found.length}`);
  assert.equal(third.found.at(-1), 'one more');
  await third.memory.stop();
});
