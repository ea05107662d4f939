/** Runs our entries as a person would, and says what came out. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const entry = (name: string): string => fileURLToPath(new URL(`../../src/${name}.ts`, import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** Waits for the end of `command`. */
export async function run(command: string, args: readonly string[], options: SpawnOptions = {}): Promise<Ran> {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const texts = Promise.all([textOf(child.stdout), textOf(child.stderr)]);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  const [out, err] = await texts;
  return { code, signal, out, err };
}

/** `src/NAME.ts` under this very Node. */
export function runEntry(name: string, args: readonly string[], options: SpawnOptions = {}): Promise<Ran> {
  return run(process.execPath, [entry(name), ...args], options);
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = '';
  if (stream) for await (const chunk of stream) text += String(chunk);
  return text;
}

export interface Line {
  readonly level: string;
  readonly service: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

/** A running service whose JSON log is read line by line. */
export class Running {
  readonly child: ChildProcess;
  readonly lines: Line[] = [];
  #waiting: {
    readonly event: string;
    readonly resolve: (line: Line) => void;
    readonly reject: (error: Error) => void;
  }[] = [];
  #err = '';

  constructor(command: string, args: readonly string[], options: SpawnOptions = {}) {
    this.child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stderr?.on('data', (chunk) => {
      this.#err += String(chunk);
    });
    if (this.child.stdout) createInterface({ input: this.child.stdout }).on('line', (line) => this.#take(line));
    this.child.on('close', () => {
      for (const { event, reject } of this.#waiting) reject(new Error(`ended before "${event}": ${this.#err}`));
    });
  }

  /** The next line with that event from now on. */
  next(event: string): Promise<Line> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ event, resolve, reject });
    });
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode;
    const closed = once(this.child, 'close');
    this.child.kill(signal);
    const [code] = (await closed) as [number | null];
    return code;
  }

  #take(text: string): void {
    if (!text.startsWith('{')) return;
    const line = JSON.parse(text) as Line;
    this.lines.push(line);
    const due = this.#waiting.filter((w) => w.event === line.event);
    this.#waiting = this.#waiting.filter((w) => w.event !== line.event);
    for (const { resolve } of due) resolve(line);
  }
}

/** A port that was free a moment ago, on 127.0.0.1 for TCP. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export const isRoot = process.getuid?.() === 0;
/** Never skipped where CI is to find out. */
export const skipUnlessRoot = !isRoot && !process.env.CI ? 'needs root' : false;
