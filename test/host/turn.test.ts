import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { presentTurn, SeenNow } from '../../src/host/turn.ts';

test('turn: microtasks belong to it, what comes after the next check does not', async () => {
  const before = presentTurn();
  await Promise.resolve();
  assert.equal(presentTurn(), before);
  await nextTurn();
  assert.notEqual(presentTurn(), before);
});

test('turn: what was seen is known until it is over', async () => {
  const seen = new SeenNow<string>();
  assert.equal(seen.has('a'), false);
  seen.add('a');
  await Promise.resolve();
  seen.add('b');
  assert.deepEqual([seen.has('a'), seen.has('b'), seen.has('c')], [true, true, false]);
  await nextTurn();
  assert.deepEqual([seen.has('a'), seen.has('b')], [false, false]);
  seen.add('c');
  assert.deepEqual([seen.has('a'), seen.has('c')], [false, true]);
});
