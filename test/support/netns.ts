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

  /** Starts a program in a host and waits until it says `ready` on its standard output. */
  async start(
    host: string,
    argv: readonly string[],
    ready: RegExp,
  ): Promise<ChildProcess & { readonly said: () => string }> {
    const child = spawn('ip', ['netns', 'exec', this.#name(host), ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#running.push(child);
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
    const deadline = AbortSignal.timeout(20_000);
    while (!ready.test(said)) {
      if (child.exitCode !== null || deadline.aborted) throw new Error(`${argv.join(' ')} did not start: ${said}`);
      await Promise.race([once(child.stdout, 'data', { signal: deadline }), once(child, 'exit')]).catch(() => {});
    }
    return Object.assign(child, { said: () => said });
  }

  /** Ends what was started here, by its process, and removes the hosts. */
  async close(): Promise<void> {
    for (const child of this.#running) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 3000);
      await once(child, 'exit');
      clearTimeout(late);
    }
    for (const ns of this.#hosts.values()) if (existsSync(`/run/netns/${ns}`)) execFileSync('ip', ['netns', 'del', ns]);
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
