import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bytesOf, fetched, ground, readAll, same, writeRest } from './storeground.ts';
import { KEYS, sizeOf } from './storewriter.ts';

const ROUNDS = 20;

/** The same in each run. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 16_807) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** A process that writes to the store in `folder`, killed when it has said so many words. */
async function writeAndKill(folder: string, seed: number, words: number): Promise<void> {
  const writer = fileURLToPath(new URL('storewriter.ts', import.meta.url));
  const child = spawn(process.execPath, [writer, folder, String(seed)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  let said = 0;
  for await (const chunk of child.stdout) {
    said += String(chunk).length;
    if (said >= words) child.kill('SIGKILL');
  }
  const [, signal] = await ended;
  assert.equal(signal, 'SIGKILL');
}

test(`store: killed ${ROUNDS} times while it writes, it has whole contents with the right octets, right beginnings, and nothing else`, async (t) => {
  const { open, folder } = ground(t);
  const random = chance(4711);
  let [whole, begun, resumed] = [0, 0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    await writeAndKill(folder, round, 1 + Math.floor(random() * 60));
    const store = await open();
    for (const key of KEYS) {
      const got = await fetched(store, key);
      if (got) same(got, bytesOf(key, sizeOf(key)), `${key} in round ${round}`);
      if (got) whole += 1;
      const left = await store.resume(key, []);
      if (!left) continue;
      begun += 1;
      const { writtenBytes: sizeBytes } = left.draft;
      const read = left.draft.read.bind(left.draft);
      same(await readAll({ read, sizeBytes }), bytesOf(key, sizeOf(key)).subarray(0, sizeBytes), `begun ${key}`);
      if (round % 2 === 0) await left.draft.leave();
      else {
        await writeRest(left.draft, bytesOf(key, sizeOf(key)));
        await left.draft.finish();
        same(await fetched(store, key), bytesOf(key, sizeOf(key)), `gone on with ${key}`);
        resumed += 1;
      }
    }
    assert.equal(store.report().damaged, 0);
    // For the next round to have something to write.
    if (round % 3 === 2) for (const key of KEYS) store.remove(key);
    await store.close();
  }
  assert.ok(whole > ROUNDS && begun > 3 && resumed > 1, `${whole} whole, ${begun} begun, ${resumed} gone on with`);
});
