/** Our own entries as child processes, one per role. */
import { type ChildProcess, spawn } from 'node:child_process';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Terminal } from './command.ts';

export interface Member {
  /** Of an entry: `flink`. */
  readonly name: string;
  readonly args: readonly string[];
}

/** Runs an entry to its end; its exit code, or 1 if a signal ended it. */
export async function runEntry(name: string, args: readonly string[], terminal: Terminal): Promise<number> {
  const child = start({ name, args }, terminal, (line) => line);
  return (await ended(child)) ?? 1;
}

/**
 * Runs all of them until a signal comes, or until one ends by itself, which stops the others and is a failure: half a
 * hall helps nobody. Lines for people say whose they are; JSON lines do so by themselves.
 */
export async function runTogether(members: readonly Member[], terminal: Terminal): Promise<number> {
  let isStopping = false;
  const children = members.map((member) => {
    const mark = (line: string): string => (line.startsWith('{') ? line : `${member.name.padEnd(5)} | ${line}`);
    return { ...member, process: start(member, terminal, mark) };
  });
  const stop = (): void => {
    isStopping = true;
    for (const child of children) child.process.kill('SIGTERM');
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  process.on('SIGHUP', () => {
    for (const child of children) child.process.kill('SIGHUP');
  });
  const codes = await Promise.all(
    children.map(async (child) => {
      const code = await ended(child.process);
      if (isStopping) return code;
      terminal.err(`${child.name} has ended: stopping the other one`);
      stop();
      return 1;
    }),
  );
  return codes.every((code) => code === 0) ? 0 : 1;
}

/** With a channel, so that it ends when this process does, however that happens. */
function start(member: Member, terminal: Terminal, mark: (line: string) => string): ChildProcess {
  const self = fileURLToPath(import.meta.url);
  const entry = fileURLToPath(new URL(`../${member.name}${extname(self)}`, import.meta.url));
  // Sockets that were handed to this process are not handed on: a member's descriptor 3 is its channel to us.
  const { LISTEN_FDS: _handed, ...env } = process.env;
  const child = spawn(process.execPath, [entry, ...member.args], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env });
  onLines(child.stdout, (line) => terminal.out(mark(line)));
  onLines(child.stderr, terminal.err);
  return child;
}

function onLines(stream: Readable | null, then: (line: string) => void): void {
  if (stream) createInterface({ input: stream, crlfDelay: Infinity }).on('line', then);
}

/** Its exit code, once all that it wrote has arrived; nothing if a signal ended it or it never began. */
function ended(child: ChildProcess): Promise<number | undefined> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(undefined));
    child.once('close', (code) => resolve(code ?? undefined));
  });
}
