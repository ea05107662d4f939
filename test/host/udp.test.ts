/** Datagrams that the kernel has no room for. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath, URL } from 'node:url';
import { promisify } from 'node:util';

const script = fileURLToPath(new URL('./held.ts', import.meta.url));

/** In a process of its own, whose runtime is told to take the kernel's refusal for granted. */
async function sendMany(comes: number, ...flags: string[]): Promise<{ held: number; heard: number[] }> {
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, script, String(comes)], {
    timeout: 20_000,
  });
  return JSON.parse(stdout);
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

test('the octets of a packet may be reused as soon as it is sent', async () => {
  const { held, heard } = await sendMany(300);
  assert.deepEqual({ held, heard }, { held: 0, heard: [...upTo(300), ...upTo(300).map((i) => 1000 + i)] });
});

test('where the kernel has no room 256 packets wait as they were, more are lost; of the first the sender is told to let go', async () => {
  const { held, heard } = await sendMany(256, '--test-udp-no-try-send');
  assert.deepEqual({ held, heard }, { held: 2, heard: [...upTo(256), ...upTo(256).map((i) => 1000 + i)] });
});
