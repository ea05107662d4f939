/** Puts the firewall in place of the one before, and takes it out: by nft, tc, ip and one switch of the kernel. */
import { Fault } from '../core/errors.ts';
import type { RunCommand, RunResult } from '../host/exec.ts';
import { type Memo, readMemo } from './memo.ts';
import { REMOVAL, render, TABLE } from './render.ts';
import { type FirewallFacts, type Ruleset, rules } from './rules.ts';
import {
  type Command,
  QUEUES,
  type Queue,
  ROOT_HANDLE,
  shapeCommands,
  type Uplink,
  unshapeCommands,
} from './shaping.ts';

/** All that follows from the configuration; how the machine was before is the rest. */
export interface FirewallPlan {
  readonly facts: Omit<FirewallFacts, 'memo'>;
  /** Undefined: nothing is shaped. */
  readonly uplink: Uplink | undefined;
}

/** The machine whose network this is. */
export interface Machine {
  readonly run: RunCommand;
  /** Whether it forwards IPv4; false where it does not say. */
  isForwarding(): Promise<boolean>;
  /** Rejects with the system's error. */
  setForwarding(isOn: boolean): Promise<void>;
}

export interface Applied {
  /** By which the uplink is shaped, if it is. */
  readonly queue: Queue | undefined;
}

const RUN = { timeoutMs: 5000 };

/** The table as it would be loaded now; needs no rights. */
export async function planned({ facts, uplink }: FirewallPlan, machine: Machine): Promise<Ruleset> {
  const before = readMemo((await listing(machine)).stdout);
  const wasForwarding = before?.wasForwarding ?? (await machine.isForwarding());
  return rules({ ...facts, memo: { wasForwarding, shaped: uplink?.wan } });
}

/** Whether there is one already is the same: it is replaced. Rejects with a `Fault`, and then nothing of it is in place. */
export async function applyFirewall(plan: FirewallPlan, machine: Machine): Promise<Applied> {
  const before = await standing(machine);
  const ruleset = await planned(plan, machine);
  if (plan.uplink) await mayShape(plan.uplink, before, machine);
  await unshape(before, machine);
  must(await machine.run('nft', ['-f', '-'], { ...RUN, input: render(ruleset) }));
  try {
    if (plan.facts.wan !== undefined) await forward(true, machine);
    else await giveBackForwarding(before, machine);
    return { queue: plan.uplink && (await shape(plan.uplink, machine)) };
  } catch (fault) {
    await removeFirewall(machine);
    throw fault;
  }
}

/** False where there was none. Rejects with a `Fault`. */
export async function removeFirewall(machine: Machine): Promise<boolean> {
  const before = await standing(machine);
  if (before === undefined) return false;
  await giveBackForwarding(before, machine);
  await unshape(before, machine);
  must(await machine.run('nft', ['-f', '-'], { ...RUN, input: REMOVAL }));
  return true;
}

/** A table that has lost its memo changed nothing that could be given back. */
const NO_MEMO: Memo = { wasForwarding: true, shaped: undefined };

/** What the table that is there says; nothing where there is none. */
async function standing(machine: Machine): Promise<Memo | undefined> {
  const result = await listing(machine);
  if (result.code !== 0 && /No such file or directory/.test(result.stderr)) return undefined;
  return readMemo(must(result)) ?? NO_MEMO;
}

function listing({ run }: Machine): Promise<RunResult> {
  return run('nft', ['-t', 'list', 'table', ...TABLE.split(' ')], RUN);
}

async function giveBackForwarding(before: Memo | undefined, machine: Machine): Promise<void> {
  if (before?.wasForwarding === false) await forward(false, machine);
}

async function forward(isOn: boolean, machine: Machine): Promise<void> {
  if ((await machine.isForwarding()) === isOn) return;
  await machine.setForwarding(isOn).catch((error: unknown) => {
    const cure = `sysctl -w net.ipv4.ip_forward=${isOn ? 1 : 0}, in a container on its host`;
    throw new Fault('no-privilege', `net.ipv4.ip_forward cannot be set here: ${cure}`, error);
  });
}

/** What somebody else has set up there stays. */
async function mayShape({ wan }: Uplink, before: Memo | undefined, { run }: Machine): Promise<void> {
  const result = await run('tc', ['qdisc', 'show', 'dev', wan], RUN);
  if (/Cannot find device/.test(result.stderr)) {
    const cure = 'bring it up before, name another as wan, or leave out uplink';
    throw new Fault('no-interface', `there is no interface ${wan} to shape: ${cure}`);
  }
  const shown = must(result);
  if (before?.shaped === wan) return;
  // Those of the kernel have no number.
  const theirs = /^qdisc (\S+) (?!0:)(\S+) (?:root|parent ffff:fff1)/m.exec(shown);
  if (!theirs || theirs[2] === ROOT_HANDLE) return;
  const kind = theirs[1] ?? '';
  const cure = `take it out (tc qdisc del dev ${wan} ${kind === 'ingress' ? 'ingress' : 'root'}), or leave out uplink`;
  throw new Fault('firewall-failed', `${wan} is shaped by somebody else (${kind}): ${cure}`);
}

async function shape(uplink: Uplink, machine: Machine): Promise<Queue> {
  let problem = '';
  for (const queue of QUEUES) {
    const failed = await firstFailure(shapeCommands(uplink, queue), machine);
    if (failed === undefined) return queue;
    problem = failed;
    await runAll(unshapeCommands(uplink.wan), machine);
  }
  throw new Fault('firewall-failed', `${uplink.wan} cannot be shaped (${problem}): leave out uplink`);
}

async function firstFailure(commands: readonly Command[], { run }: Machine): Promise<string | undefined> {
  for (const [program, ...args] of commands) {
    const result = await run(program, args, RUN);
    if (result.code !== 0) return complaint(result);
  }
  return undefined;
}

async function unshape(before: Memo | undefined, machine: Machine): Promise<void> {
  if (before?.shaped !== undefined) await runAll(unshapeCommands(before.shaped), machine);
}

async function runAll(commands: readonly Command[], { run }: Machine): Promise<void> {
  for (const [program, ...args] of commands) await run(program, args, RUN);
}

/** What the program printed. Throws a `Fault` with the cure where it failed. */
function must(result: RunResult): string {
  const { code, stdout, stderr } = result;
  if (code === 0) return stdout;
  if (code === 127) {
    throw new Fault('firewall-failed', 'nft, tc or ip is not installed: apt install nftables iproute2');
  }
  if (/not permitted|must be root/i.test(stderr)) {
    const cure = 'run as root, or add CAP_NET_ADMIN (a container: --cap-add NET_ADMIN)';
    throw new Fault('no-privilege', `the firewall may not be changed by this user: ${cure}`);
  }
  throw new Fault('firewall-failed', `the kernel or nft takes not these rules (${complaint(result)}): update nftables`);
}

/** Its first line that says something. */
function complaint({ code, stderr }: RunResult): string {
  const said = stderr.split('\n').find((text) => /error|cannot|not /i.test(text));
  return said?.replace(/^.*?Error: /, '').trim() ?? `code ${code}`;
}
