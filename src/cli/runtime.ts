/**
 * Makes sure that the program runs under a Node that is new enough: this one, or else the one that `npm ci` brought.
 * This file and the entries are read by whatever `node` the machine has: Node 14 must understand every word of them.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NEEDED_MAJOR = 24;
const FORWARDED: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'];
/** systemd hands sockets over as descriptors from 3 on. sd_listen_fds(3) */
const FIRST_HANDED_FD = 3;
/** Taste: nobody hands over more, and a wrong number must not cost memory. */
const MAX_HANDED_FDS = 64;
/** Set for the run under the other Node: one that is no newer than this one must not be tried for ever. */
const HOPPED = 'FLISOLATOR_RUNTIME';

/** Calls `load` here, or runs the entry again under the right Node and ends as that ends. */
export function withRuntime(entryUrl: string, load: () => Promise<unknown>, version = process.versions.node): void {
  if (Number(version.split('.')[0]) >= NEEDED_MAJOR) {
    endWithParent();
    load().catch(fail);
    return;
  }
  const entry = fileURLToPath(entryUrl);
  const binary = process.env[HOPPED] === undefined ? bundledNode(dirname(dirname(entry))) : undefined;
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

/**
 * The binary of the package that fits this machine, where npm puts it: in `project`, or beside it if the project is itself a
 * package. No further up, where others may write.
 */
function bundledNode(project: string): string | undefined {
  const beside = dirname(project);
  const places = [join(project, 'node_modules')].concat(basename(beside) === 'node_modules' ? [beside] : []);
  const binaries = places.map((place) => join(place, `node-${process.platform}-${process.arch}`, 'bin', 'node'));
  return binaries.find((binary) => existsSync(binary));
}

/** The same terminal, the same descriptors, the same signals, the same end. */
function continueUnder(binary: string, args: readonly string[]): void {
  const handed = Math.min(MAX_HANDED_FDS, Number(process.env.LISTEN_FDS) || 0);
  const handedFds = Array.from({ length: handed }, (_, i) => FIRST_HANDED_FD + i);
  const env: NodeJS.ProcessEnv = Object.assign({}, process.env);
  env[HOPPED] = process.versions.node;
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
