import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../../src/core/errors.ts';
import { applyFirewall, type FirewallPlan, type Machine, removeFirewall } from '../../src/firewall/apply.ts';
import type { RunResult } from '../../src/host/exec.ts';
import { full, plain } from './facts.ts';

const done: RunResult = { code: 0, stdout: '', stderr: '' };
const failed = (stderr: string, code = 1): RunResult => ({ code, stdout: '', stderr });
const NO_TABLE = failed('Error: No such file or directory\n');

/** A machine that answers by the beginning of a command, and keeps what was said to it. */
class FakeMachine implements Machine {
  readonly said: string[] = [];
  isRouter = false;
  readonly answers: Readonly<Record<string, RunResult>>;

  constructor(answers: Readonly<Record<string, RunResult>> = {}) {
    this.answers = { 'nft -t list': NO_TABLE, ...answers };
  }

  run: Machine['run'] = async (command, args, { input }) => {
    const line = [command, ...args].join(' ');
    if (!/ (list|show) /.test(line))
      this.said.push(input === undefined ? line : `nft: ${input.includes('chain') ? 'load' : 'remove'}`);
    return this.answers[Object.keys(this.answers).find((begin) => line.startsWith(begin)) ?? ''] ?? done;
  };
  isForwarding = async (): Promise<boolean> => this.isRouter;
  setForwarding = async (isOn: boolean): Promise<void> => {
    this.isRouter = isOn;
    this.said.push(`forwarding ${isOn}`);
  };
}

const { memo: _plain, ...plainFacts } = plain;
const { memo: _full, ...fullFacts } = full;
const closed: FirewallPlan = { facts: plainFacts, uplink: undefined };
const routed: FirewallPlan = { facts: fullFacts, uplink: undefined };
const shaped: FirewallPlan = {
  facts: fullFacts,
  uplink: { wan: 'enp2s0', upBitsPerSec: 1_000_000, downBitsPerSec: undefined },
};
const standing = (memo: string): Record<string, RunResult> => ({
  'nft -t list': { ...done, stdout: `table inet flisolator {\n\tcomment "flisolator: ${memo}"\n}\n` },
});
const UNSHAPE = [
  'tc qdisc del dev old0 root handle f150:',
  'tc qdisc del dev old0 ingress',
  'ip link del ifb-flisolator',
];

test('apply: rules stand before the machine forwards', async () => {
  const machine = new FakeMachine();
  await applyFirewall(routed, machine);
  assert.deepEqual(machine.said, ['nft: load', 'forwarding true']);
});

test('apply: without a way out nothing is forwarded', async () => {
  const machine = new FakeMachine();
  await applyFirewall(closed, machine);
  assert.deepEqual(machine.said, ['nft: load']);
});

test('apply: takes over what stands, gives back what it no longer wants', async () => {
  const machine = new FakeMachine(standing('forwarding was off, shaped old0'));
  machine.isRouter = true;
  await applyFirewall(closed, machine);
  assert.deepEqual(machine.said, [...UNSHAPE, 'nft: load', 'forwarding false']);
});

test('apply: shapes by the best that the kernel has', async () => {
  const machine = new FakeMachine({
    'tc qdisc add dev enp2s0 root handle f150: cake': failed('Error: Specified qdisc kind is unknown.\n', 2),
  });
  assert.deepEqual(await applyFirewall(shaped, machine), { queue: 'fq_codel' });
  assert.equal(machine.said.at(-1), 'tc qdisc add dev enp2s0 parent f150:1 fq_codel');
});

test('apply: a machine that may not forward is left without it', async () => {
  const said: string[] = [];
  const spied: Machine = {
    isForwarding: async () => false,
    setForwarding: () => Promise.reject(new Error('EROFS')),
    run: async (_command, args, options) => {
      if (args.includes('list')) return said.includes('load') ? { ...done, stdout: 'table' } : NO_TABLE;
      said.push(options.input?.includes('chain') ? 'load' : 'remove');
      return done;
    },
  };
  await assert.rejects(applyFirewall(routed, spied), /net\.ipv4\.ip_forward cannot be set here: sysctl -w/);
  assert.deepEqual(said, ['load', 'remove']);
});

const faults: readonly { name: string; answers: Record<string, RunResult>; want: RegExp }[] = [
  {
    name: 'nft is not there',
    answers: { 'nft -t list': failed('nft: spawn nft ENOENT', 127) },
    want: /^nft, tc or ip is not installed: apt install nftables iproute2$/,
  },
  {
    name: 'no rights',
    answers: { 'nft -t list': failed('Operation not permitted (you must be root)\nnetlink: Error: cache') },
    want: /^the firewall may not be changed by this user: run as root, or add CAP_NET_ADMIN/,
  },
  {
    name: 'rules that an old nft does not know',
    answers: { 'nft -f': failed('/dev/stdin:4:25-25: Error: syntax error, unexpected string\n table x') },
    want: /^the kernel or nft takes not these rules \(syntax error, unexpected string\): update nftables$/,
  },
  {
    name: 'somebody else shapes already',
    answers: { 'tc qdisc show': { ...done, stdout: 'qdisc htb 1: root refcnt 3 r2q 10\n' } },
    want: /^enp2s0 is shaped by somebody else \(htb\): take it out \(tc qdisc del dev enp2s0 root\), or leave out uplink$/,
  },
  {
    name: 'somebody else looks at what comes in',
    answers: {
      'tc qdisc show': { ...done, stdout: 'qdisc mq 0: root\nqdisc ingress ffff: parent ffff:fff1 ------\n' },
    },
    want: /shaped by somebody else \(ingress\): take it out \(tc qdisc del dev enp2s0 ingress\)/,
  },
  {
    name: 'no interface of that name',
    answers: { 'tc qdisc show': failed('Cannot find device "enp2s0"\n') },
    want: /^there is no interface enp2s0 to shape: bring it up before, name another as wan, or leave out uplink$/,
  },
  {
    name: 'a kernel that cannot shape',
    answers: { 'tc qdisc add': failed('Error: Specified qdisc kind is unknown.\n', 2) },
    want: /^enp2s0 cannot be shaped \(Specified qdisc kind is unknown\.\): leave out uplink$/,
  },
];
for (const { name, answers, want } of faults) {
  test(`apply: one sentence when ${name}`, async () => {
    await assert.rejects(applyFirewall(shaped, new FakeMachine(answers)), (error) => {
      assert.ok(error instanceof Fault);
      assert.match(error.message, want);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });
  });
}

test("apply: a queue of the kernel's own is nobody's", async () => {
  const machine = new FakeMachine({
    'tc qdisc show': { ...done, stdout: 'qdisc fq_codel 0: root refcnt 2 limit 10240p\n' },
  });
  assert.deepEqual(await applyFirewall(shaped, machine), { queue: 'cake' });
});

test('remove: gives back what was before, the rules last', async () => {
  const machine = new FakeMachine(standing('forwarding was off, shaped old0'));
  machine.isRouter = true;
  assert.equal(await removeFirewall(machine), true);
  assert.deepEqual(machine.said, ['forwarding false', ...UNSHAPE, 'nft: remove']);
});

test('remove: a machine that forwarded before goes on', async () => {
  const machine = new FakeMachine(standing('forwarding was on'));
  machine.isRouter = true;
  await removeFirewall(machine);
  assert.deepEqual(machine.said, ['nft: remove']);
});

test('remove: where there is none nothing is done', async () => {
  const machine = new FakeMachine();
  assert.equal(await removeFirewall(machine), false);
  assert.deepEqual(machine.said, []);
});
