import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Excess } from '../../src/nfs/excess.ts';

test('excess: answers no longer than their questions always go', () => {
  const excess = new Excess(0);
  for (let i = 0; i < 100_000; i++) assert.ok(excess.allows(-(i % 3), 0));
});

test('excess: some at once, then 64 KiB a second in all, whoever asks', () => {
  const excess = new Excess(0);
  const gone = (nowMs: number): number => Array.from({ length: 1000 }).filter(() => excess.allows(1024, nowMs)).length;
  assert.deepEqual([gone(0), gone(0), gone(500), gone(1000), gone(60_000)], [64, 0, 31, 31, 64]);
});
