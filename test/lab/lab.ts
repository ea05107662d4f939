/** A lab: the namespaces of `net.sh` as an object, under a name that no other lab on this machine has. */

import { rm } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cleanup } from './cleanup.ts';
import { type Finished, must, type RunOptions, run } from './shell.ts';

export const LAB_DIR = import.meta.dirname;
export const PROJECT_DIR = path.join(LAB_DIR, '../..');

export type LabHost = 'br' | 'flink' | 'fnode0' | 'fnode1' | 'client' | 'wan' | 'relay' | 'dhcpd';

export interface Lab {
  readonly prefix: string;
  /** Run files: logs, transcripts, captures. */
  readonly state: string;
  /** What the next lab can use again. */
  readonly cache: string;
  readonly env: Readonly<Record<string, string>>;
  net(command: string, ...args: readonly string[]): Promise<string>;
  exec(host: LabHost, command: readonly string[], options?: RunOptions): Promise<Finished>;
  /** Starts a daemon; its output goes to the file that comes back. */
  spawn(host: LabHost, name: string, command: readonly string[]): Promise<string>;
}

const MAX_LABS = 20;

/** Builds a lab named `NAME0`, `NAME1`, ... after the first that is free. It goes when `cleanup` runs. */
export async function openLab(name: string, cleanup: Cleanup): Promise<Lab> {
  const prefix = await claim(name, cleanup);
  const home = process.env.LAB_HOME ?? '/var/cache/flisolator-lab';
  const lab = labOf(prefix, path.join(home, prefix), path.join(home, 'cache'));
  cleanup.add(async () => {
    await lab.net('down');
    await rm(lab.state, { recursive: true, force: true });
  });
  await lab.net('up', '--dhcp-fnodes');
  return lab;
}

function labOf(prefix: string, state: string, cache: string): Lab {
  const env = { LAB_PREFIX: prefix, LAB_STATE: state, LAB_CACHE: cache };
  const netSh = (...args: readonly string[]) => must(path.join(LAB_DIR, 'net.sh'), args, { env });
  return {
    prefix,
    state,
    cache,
    env,
    net: netSh,
    exec: (host, command, options = {}) => run('ip', ['netns', 'exec', `${prefix}-${host}`, ...command], options),
    spawn: async (host, daemon, command) => {
      await netSh('spawn', host, daemon, ...command);
      return path.join(state, `${daemon}.log`);
    },
  };
}

/**
 * The first name that nobody holds. A hold goes when its owner ends, however that comes, so what a killed lab left
 * behind is found, and removed, by the next that takes its name.
 */
async function claim(name: string, cleanup: Cleanup): Promise<string> {
  for (let n = 0; n < MAX_LABS; n++) {
    const release = await hold(`${name}${n}`);
    if (!release) continue;
    cleanup.add(async () => release());
    return `${name}${n}`;
  }
  throw new Error(`${MAX_LABS} labs named ${name} are running already: end one of them`);
}

/** Takes what only one process of this machine may have, or nothing. An abstract Unix socket: the kernel frees it. */
async function hold(what: string): Promise<(() => void) | undefined> {
  const server = net.createServer().unref();
  const isFree = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(`\0flisolator-lab/${what}`, () => resolve(true));
  });
  return isFree ? () => void server.close() : undefined;
}

const HOLD_TRIES = 3000;

/** As `hold`, but waits up to five minutes for its turn. */
export async function holdSoon(what: string): Promise<() => void> {
  for (let n = 0; n < HOLD_TRIES; n++) {
    const release = await hold(what);
    if (release) return release;
    await sleep(100);
  }
  throw new Error(`another lab holds ${what} for too long: end it`);
}
