/**
 * Makes sure that the program runs under a Node that is new enough: this one, or else the one that `npm ci` brought.
 * This file and the entries are read by whatever `node` the machine has: Node 14 must understand every word of them.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NEEDED_MAJOR = 24;
const FORWARDED: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'];
/** systemd hands sockets over as descriptors from 3 on. sd_listen_fds(3) */
const FIRST_HANDED_FD = 3;
/** Taste: nobody hands over more, and a wrong number must not cost memory. */
const MAX_HANDED_FDS = 64;

/** Calls `load` here, or runs the entry again under the right Node and ends as that ends. */
export function withRuntime(entryUrl: string, load: () => Promise<unknown>, version = process.versions.node): void {
  if (Number(version.split('.')[0]) >= NEEDED_MAJOR) {
    endWithParent();
    load().catch(fail);
    return;
  }
  const entry = fileURLToPath(entryUrl);
  const binary = bundledNode(dirname(entry));
  if (binary === undefined) {
    const cure = `run npm ci in the project's folder, or install Node ${NEEDED_MAJOR}`;
    process.stderr.write(`this is Node ${version}, and flisolator needs ${NEEDED_MAJOR} or newer: ${cure}\n`);
    process.exit(1);
  }
  continueUnder(binary, [entry, ...process.argv.slice(2)]);
}

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
}

/** The binary of the package that fits this machine, in a node_modules of `folder` or above it. */
function bundledNode(folder: string): string | undefined {
  const binary = join(folder, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  if (existsSync(binary)) return binary;
  const above = dirname(folder);
  return above === folder ? undefined : bundledNode(above);
}

/** The same terminal, the same descriptors, the same signals, the same end. */
function continueUnder(binary: string, args: readonly string[]): void {
  const handed = Math.min(MAX_HANDED_FDS, Number(process.env.LISTEN_FDS) || 0);
  const handedFds = Array.from({ length: handed }, (_, i) => FIRST_HANDED_FD + i);
  const env = Object.assign({}, process.env);
  // It names this process; who takes the descriptors over has another number.
  delete env.LISTEN_PID;
  const child = spawn(binary, args, { stdio: ['inherit', 'inherit', 'inherit', ...handedFds, 'ipc'], env });
  for (const signal of FORWARDED) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`${binary} cannot be run (${error.message}): run npm ci again\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code === null ? 1 : code);
    for (const name of FORWARDED) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

/** Who was started with a channel ends when its other end does: kill -9 of the parent must not leave ports taken. */
function endWithParent(): void {
  if (process.channel === undefined || process.channel === null) return;
  process.on('disconnect', () => process.exit(1));
  // The listener would keep a process alive that has nothing left to do.
  process.channel.unref();
}
