/** A machine beside a container: at the other end of one of its lines, in a network of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Finished, must, run } from '../lab/shell.ts';
import type { Container } from './container.ts';

export interface Plug {
  /** The end of the line in the container's network: `switch0` of its LAN, `switch1` of its WAN. */
  readonly end: string;
  /** With its prefix. */
  readonly address: string;
  readonly gateway?: string;
}

export interface Neighbour {
  /** What it printed so far, a line each. */
  lines(): readonly string[];
  /** Runs a command of this machine in its network. */
  run(command: readonly string[]): Promise<Finished>;
  /** Its line is gone with it. */
  remove(): Promise<void>;
}

/** It runs `program`, a script for Node that says something as soon as it is at work, and reads its input to the end. */
export async function plugIn(
  container: Container,
  { end, address, gateway }: Plug,
  program: string,
): Promise<Neighbour> {
  const child = spawn('unshare', ['--net', process.execPath, '-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  await Promise.race([once(child.stdout, 'data'), over(child)]);
  const inside = (command: readonly string[]): Promise<Finished> =>
    run('nsenter', ['--target', `${child.pid}`, '--net', ...command]);
  const ip = (...args: readonly string[]): Promise<string> =>
    must('nsenter', ['--target', `${child.pid}`, '--net', 'ip', ...args]);
  const moved = await container.inNetwork(['ip', 'link', 'set', end, 'netns', `${child.pid}`]);
  if (moved.code !== 0) throw new Error(moved.stderr);
  await ip('addr', 'add', address, 'dev', end);
  await ip('link', 'set', end, 'up');
  if (gateway !== undefined) await ip('route', 'add', 'default', 'via', gateway);
  return {
    lines: () => text.trimEnd().split('\n'),
    run: inside,
    remove: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  };
}

async function over(child: ChildProcess): Promise<never> {
  const [code] = await once(child, 'close');
  throw new Error(`the machine beside the container ended with ${code}`);
}
