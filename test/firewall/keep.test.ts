/** The firewall of a running flink, over a machine that only says what it was told. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { FirewallPlan, Machine } from '../../src/firewall/apply.ts';
import { firewallService } from '../../src/firewall/keep.ts';
import { FakeLog } from '../support/fakes.ts';
import { plain } from './facts.ts';

const { memo: _memo, ...facts } = plain;

function machineOf(loadCode: number): Machine {
  return {
    isForwarding: async () => false,
    setForwarding: () => assert.fail(),
    run: async (_command, args) => {
      if (args.includes('list')) return { code: 1, stdout: '', stderr: 'No such file or directory' };
      return { code: loadCode, stdout: '', stderr: 'Error: no' };
    },
  };
}

test('keep: in place from start to stop, taken out by the helper; other rules want a restart', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'keep-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const mark = join(folder, 'mark');
  let plan: FirewallPlan = { facts, uplink: undefined };
  const log = new FakeLog();
  const removal = ['sh', '-c', `echo removed >> '${mark}'`];
  const service = firewallService(() => plan, { machine: machineOf(0), log, removal });
  assert.deepEqual(service.health(), { ok: false, reason: 'not-applied' });
  await service.start();
  assert.deepEqual(service.health(), { ok: true });
  service.reload();
  plan = { facts: { ...facts, sshPort: 22 }, uplink: undefined };
  assert.throws(() => service.reload(), /^Fault: other rules of the firewall follow from this: that needs a restart/);
  await service.stop();
  await service.stop();
  assert.equal(readFileSync(mark, 'utf8'), 'removed\n');
});

test('keep: what cannot be put in place is a fault of the start', async () => {
  const removal = ['false'];
  const service = firewallService(() => ({ facts, uplink: undefined }), {
    ...{ machine: machineOf(1), log: new FakeLog(), removal },
  });
  await assert.rejects(service.start(), /takes not these rules/);
  await service.stop();
});

test('keep: what is still there at the end stands in the log, with the cure', async () => {
  const log = new FakeLog();
  const removal = ['sh', '-c', 'echo no nft >&2; exit 1'];
  const service = firewallService(() => ({ facts, uplink: undefined }), { machine: machineOf(0), log, removal });
  await service.start();
  await service.stop();
  const last = log.lines.at(-1);
  assert.equal(last?.event, 'not-removed');
  assert.match(String(last?.error), /still there \(no nft\): flink firewall remove, as root/);
});
