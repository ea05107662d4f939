import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Work } from '../../src/core/work.ts';

test('work: whoever waits goes on when the last has ended, at once where nothing is under way', async () => {
  const work = new Work();
  await work.done();
  work.begin();
  work.begin();
  const heard: string[] = [];
  const waiting = Promise.all(['a', 'b'].map((name) => work.done().then(() => heard.push(name))));
  work.end();
  await Promise.resolve();
  assert.deepEqual(heard, []);
  work.end();
  await waiting;
  assert.deepEqual(heard, ['a', 'b']);
});
