import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import type { RunCommand } from '../../src/host/exec.ts';
import { systemPing } from '../../src/host/ping.ts';

/** A system whose `ping` ends with that code for each address. */
function system(codes: Readonly<Record<string, number>>) {
  const runs: (readonly string[])[] = [];
  const run: RunCommand = async (command, args, { timeoutMs }) => {
    runs.push([command, args.at(-1) ?? '', String(timeoutMs)]);
    return { code: codes[args.at(-1) ?? ''] ?? 1, stdout: '', stderr: '' };
  };
  return { run, runs };
}

test('ping: it is used where it answers for ourselves, ended by our own time-out', async () => {
  const { run, runs } = system({ '127.0.0.1': 0, '10.1.0.5': 0 });
  const ping = await systemPing(run);
  assert.ok(ping);
  assert.deepEqual([await ping('10.1.0.5' as Ipv4, 500), await ping('10.1.0.6' as Ipv4, 500)], [true, false]);
  assert.deepEqual(runs.slice(1), [
    ['ping', '10.1.0.5', '500'],
    ['ping', '10.1.0.6', '500'],
  ]);
});

for (const [why, code] of [
  ['is not installed', 127],
  ['may not open its socket', 2],
] as const)
  test(`ping: nothing where the program ${why}`, async () => {
    assert.equal(await systemPing(system({ '127.0.0.1': code }).run), undefined);
  });
