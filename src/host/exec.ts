/** Other programs: run to the end, bounded in time and output, without a shell. */
import { spawn } from 'node:child_process';
import { messageOf } from '../core/errors.ts';

export interface RunOptions {
  /** The program is killed after this. */
  readonly timeoutMs: number;
  readonly cwd?: string;
  /** Laid over our own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads from its standard input; nothing where absent. */
  readonly input?: string;
}

export interface RunResult {
  /** As a shell tells it: 124 when the time ran out, 126 when it may not be run, 127 when there is no such program, 137 when something killed it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Never rejects: what went wrong is the code and the last words of the program. */
export type RunCommand = (command: string, args: readonly string[], options: RunOptions) => Promise<RunResult>;

/** What is kept of each stream; a program that says more is drained, so it never blocks on a full pipe. */
const KEPT_BYTES = 4 << 20;
const TIMED_OUT = 124;
const NOT_RUNNABLE = 126;
const NOT_FOUND = 127;
const KILLED = 137;

/** Some refusals of the system are thrown: a program with more capabilities than this process may ever have. capabilities(7) */
export const runCommand: RunCommand = (command, args, options) =>
  runChild(command, args, options).catch((error: unknown) => {
    return { code: NOT_RUNNABLE, stdout: '', stderr: `${command}: ${messageOf(error)}` };
  });

const runChild: RunCommand = (command, args, options) =>
  new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    feed(child.stdin, options.input);
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
      // Children of its own may outlive it and hold the pipes open: they are not waited for.
      child.stdout?.destroy();
      child.stderr?.destroy();
    }, options.timeoutMs);
    const end = (code: number, complaint = ''): void => {
      clearTimeout(timer);
      resolve({ code, stdout: stdout(), stderr: stderr() + complaint });
    };
    child.once('error', (error) => end(NOT_FOUND, `${command}: ${error.message}`));
    child.once('close', (code) => {
      if (isLate) end(TIMED_OUT, `${command}: no end after ${options.timeoutMs / 1000} s`);
      else end(code ?? KILLED);
    });
  });

/** A program may end before it has read all: its code tells what came of that. */
function feed(stdin: NodeJS.WritableStream | null | undefined, input: string | undefined): void {
  if (!stdin || input === undefined) return;
  stdin.on('error', () => {});
  stdin.end(input);
}

/** Starts to collect; the result gives the text so far. There is no stream where no descriptor was left for one: an error follows. */
function collect(stream: NodeJS.ReadableStream | null | undefined): () => string {
  const chunks: Buffer[] = [];
  let left = KEPT_BYTES;
  stream?.on('data', (chunk: Buffer) => {
    if (left > 0) chunks.push(chunk.subarray(0, left));
    left -= chunk.length;
  });
  stream?.on('error', () => {});
  return () => Buffer.concat(chunks).toString('utf8');
}
