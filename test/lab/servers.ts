/** Our servers as daemons of a lab, out of dist/. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Lab, type LabHost, PROJECT_DIR } from './lab.ts';
import { tail } from './shell.ts';

/** The Node that runs this, which is the one that `npm ci` brought. */
export const NODE = process.execPath;
export const FLINK = path.join(PROJECT_DIR, 'dist/flink.js');
export const FNODE = path.join(PROJECT_DIR, 'dist/fnode.js');
export const START_TIMEOUT_MS = 30_000;

export interface Daemon {
  readonly host: LabHost;
  readonly name: string;
  /** Of UDP, or a program's own words that it is ready. */
  readonly ready: number | RegExp;
  readonly command: readonly string[];
}

/** Starts it and waits until it is ready. Comes back with its log file; rejects with the log's end. */
export async function start(lab: Lab, { host, name, ready, command }: Daemon): Promise<string> {
  const log = await lab.spawn(host, name, command);
  const isReady = async (): Promise<boolean> => {
    if (typeof ready !== 'number') return ready.test(await readFile(log, 'utf8'));
    return (await lab.exec(host, ['ss', '-Hlun', `sport = :${ready}`])).stdout.trim() !== '';
  };
  for (const deadline = Date.now() + START_TIMEOUT_MS; ; await sleep(100)) {
    if (await isReady()) return log;
    if (!(await isRunning(lab, name)) || Date.now() > deadline) break;
  }
  throw new Error(`${name} does not get ready; its log ends:\n${tail(await readFile(log, 'utf8'), 20)}`);
}

async function isRunning(lab: Lab, name: string): Promise<boolean> {
  return stat(`/proc/${await pidOf(lab, name)}`).then(
    () => true,
    () => false,
  );
}

export async function pidOf(lab: Lab, name: string): Promise<number> {
  return Number((await readFile(path.join(lab.state, `${name}.pid`), 'utf8')).trim());
}
