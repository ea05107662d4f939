/** Hosts in network namespaces for tests with real clients: made by the test, removed whatever happens. Needs root. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { TestContext } from 'node:test';

/** Skips with a notice for want of root or a program, but never in CI, where it is a fault of the set-up. */
export function needs(t: TestContext, programs: readonly string[]): boolean {
  const missing = programs.filter((p) => spawnSync('sh', ['-c', `command -v ${p}`]).status !== 0);
  const why =
    process.getuid?.() !== 0
      ? 'needs root for network namespaces'
      : missing.length > 0
        ? `needs ${missing.join(', ')}`
        : undefined;
  if (why === undefined) return true;
  if (process.env.CI) throw new Error(why);
  t.skip(why);
  return false;
}

/** A program that runs in a host. */
export interface Started extends ChildProcess {
  /** All of its output until now. */
  said(): string;
  /** What it said behind the first `from` characters, once that has the pattern; rejects after 20 seconds, or when it has ended. */
  heard(pattern: RegExp, from?: number): Promise<string>;
}

/** More than twice what the slowest client takes on an idle machine. */
const HEARING_MS = 20_000;

/** Keeps what a program says, for those who wait for it. */
function listen(child: ChildProcess, name: string): Pick<Started, 'said' | 'heard'> {
  let said = '';
  let isOver = false;
  const waiting = new Set<() => void>();
  const wake = (): void => {
    const all = [...waiting];
    waiting.clear();
    for (const resume of all) resume();
  };
  const keep = (chunk: Buffer): void => {
    said += chunk.toString();
    wake();
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  child.on('close', () => {
    isOver = true;
    wake();
  });
  const heard = async (pattern: RegExp, from = 0): Promise<string> => {
    let isLate = false;
    const late = setTimeout(() => {
      isLate = true;
      wake();
    }, HEARING_MS);
    while (!pattern.test(said.slice(from)) && !isOver && !isLate)
      await new Promise<void>((resume) => waiting.add(resume));
    clearTimeout(late);
    if (!pattern.test(said.slice(from))) throw new Error(`${name}: no ${pattern} in: ${said.slice(from)}`);
    return said.slice(from);
  };
  return { said: () => said, heard };
}

/** What programs started by themselves outlives them: dhcpcd's helpers do when it is killed. */
function endAllIn(ns: string): void {
  const pids = execFileSync('ip', ['netns', 'pids', ns], { encoding: 'utf8' }).split('\n').filter(Boolean);
  for (const pid of pids) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
}

let made = 0;

/** Some hosts on one switch, each with interface `lan`. */
export class Hall {
  readonly #hosts = new Map<string, string>();
  readonly #running: ChildProcess[] = [];
  readonly #tag = `fl${process.pid % 100_000}x${made++}`;

  constructor(hosts: Readonly<Record<string, string | undefined>>) {
    this.#netns('switch');
    this.#ip('switch', 'link', 'add', 'br0', 'type', 'bridge', 'forward_delay', '0');
    this.#ip('switch', 'link', 'set', 'br0', 'up');
    for (const [name, address] of Object.entries(hosts)) this.#plug(name, address);
  }

  /** Runs a program in a host to its end; bounded. */
  run(
    host: string,
    command: string,
    args: readonly string[],
    timeoutMs = 30_000,
  ): { code: number | null; output: string } {
    const argv = ['netns', 'exec', this.#name(host), command, ...args];
    const { status, stdout, stderr } = spawnSync('ip', argv, { encoding: 'utf8', timeout: timeoutMs });
    return { code: status, output: `${stdout}${stderr}` };
  }

  /** The same, while others run. */
  async ask(host: string, command: string, args: readonly string[], timeoutMs = 30_000): Promise<string> {
    const argv = ['netns', 'exec', this.#name(host), command, ...args];
    const child = spawn('ip', argv, { stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs });
    const chunks: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => void chunks.push(chunk));
    await once(child, 'close');
    return Buffer.concat(chunks).toString();
  }

  /** Starts a program in a host and waits until it says `ready` on its standard output. */
  async start(host: string, argv: readonly string[], ready: RegExp): Promise<Started> {
    const child = spawn('ip', ['netns', 'exec', this.#name(host), ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#running.push(child);
    const started = Object.assign(child, listen(child, `${host}: ${argv.join(' ')}`));
    await started.heard(ready);
    return started;
  }

  /** Another leg of a host, named as the switch that it stands on; for relays. */
  leg(host: string, bridge: string, address: string): void {
    this.#ip('switch', 'link', 'add', bridge, 'type', 'bridge', 'forward_delay', '0');
    this.#ip('switch', 'link', 'set', bridge, 'up');
    const peer = ['peer', 'name', `${bridge}-${host}`, 'netns', this.#name('switch')];
    execFileSync('ip', ['link', 'add', bridge, 'netns', this.#name(host), 'type', 'veth', ...peer]);
    this.#ip('switch', 'link', 'set', `${bridge}-${host}`, 'master', bridge, 'up');
    this.#ip(host, 'link', 'set', bridge, 'up');
    this.#ip(host, 'addr', 'add', address, 'dev', bridge);
  }

  /** Puts a host's cable into another switch. */
  move(host: string, bridge: string): void {
    this.#ip('switch', 'link', 'set', `p-${host}`, 'master', bridge);
  }

  /** Ends what was started here, by its process, and removes the hosts. */
  async close(): Promise<void> {
    for (const child of this.#running) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 3000);
      await once(child, 'exit');
      clearTimeout(late);
      // A helper process of its own may hold them for ever.
      child.stdout?.destroy();
      child.stderr?.destroy();
    }
    for (const ns of this.#hosts.values()) {
      if (!existsSync(`/run/netns/${ns}`)) continue;
      endAllIn(ns);
      execFileSync('ip', ['netns', 'del', ns]);
    }
  }

  #plug(name: string, address: string | undefined): void {
    this.#netns(name);
    execFileSync('ip', [
      'link',
      'add',
      'lan',
      'netns',
      this.#name(name),
      'type',
      'veth',
      'peer',
      'name',
      `p-${name}`,
      'netns',
      this.#name('switch'),
    ]);
    this.#ip('switch', 'link', 'set', `p-${name}`, 'master', 'br0', 'up');
    this.#ip(name, 'link', 'set', 'lan', 'up');
    if (address !== undefined) this.#ip(name, 'addr', 'add', address, 'dev', 'lan');
  }

  #netns(host: string): void {
    const ns = `${this.#tag}-${host}`;
    execFileSync('ip', ['netns', 'add', ns]);
    this.#hosts.set(host, ns);
    this.#ip(host, 'link', 'set', 'lo', 'up');
  }

  #ip(host: string, ...args: readonly string[]): void {
    execFileSync('ip', ['-n', this.#name(host), ...args]);
  }

  #name(host: string): string {
    const ns = this.#hosts.get(host);
    if (ns === undefined) throw new Error(`no host ${host}`);
    return ns;
  }
}
