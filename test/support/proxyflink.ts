/** flink as a process with its proxy between clients and origins of the test, all of it on loopback and gone when the test ends. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { CacheReport } from '../../src/core/cachereport.ts';
import { entry, freePort, Running, runEntry } from '../cli/support.ts';
import { type AskTerms, ask, type Place, type Received, Wire } from './httpask.ts';

export interface ProxyTerms {
  /** Reached although they are on loopback. */
  readonly allow?: readonly { readonly at: Place }[];
  /** The same, as `host:port`. */
  readonly allowNames?: readonly string[];
  /** Hosts under which its own doors are allowed. */
  readonly allowSelf?: readonly string[];
  /** Lines below `proxy:`, two spaces before each. */
  readonly proxy?: string;
  /** Lines below `dns:`, two spaces before each. Upstreams are none's unless it says so. */
  readonly dns?: string;
  /** Lines of their own. */
  readonly more?: string;
  readonly cacheDir?: string;
  /** What runs it: `prlimit`, `unshare` and the like, with their arguments. */
  readonly under?: readonly string[];
}

export interface Request {
  readonly method?: string;
  readonly url: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export class ProxyFlink {
  readonly folder = mkdtempSync(join(tmpdir(), 'proxy-'));
  readonly cacheDir: string;
  readonly #terms: ProxyTerms;
  readonly #wires = new Set<Wire>();
  #ports: readonly number[] = [];
  #running: Running | undefined;
  /** What it said when it ended and nobody had asked it to. */
  #ended: string | undefined;

  constructor(terms: ProxyTerms) {
    this.#terms = terms;
    this.cacheDir = terms.cacheDir ?? join(this.folder, 'cache');
  }

  get running(): Running {
    if (!this.#running) throw new Error('flink does not run');
    return this.#running;
  }

  /** Its doors. */
  get proxy(): Place {
    return this.#door(0);
  }

  get intercept(): Place {
    return this.#door(1);
  }

  get admin(): Place {
    return this.#door(2);
  }

  get dns(): Place {
    return this.#door(3);
  }

  /** Once more after a stop or a kill: the same doors, the same folders. */
  async start(): Promise<void> {
    if (this.#ports.length === 0) {
      this.#ports = await Promise.all(Array.from({ length: 6 }, freePort));
      mkdirSync(this.cacheDir, { recursive: true });
      writeFileSync(this.#file, this.#config);
    }
    const { under = [] } = this.#terms;
    const serve = [process.execPath, entry('flink'), 'serve', '--config', this.#file, '--log-format', 'json'];
    const [command = '', ...args] = [...under, ...serve];
    const running = new Running(command, args);
    this.#running = running;
    let said = '';
    running.child.stderr?.on('data', (chunk) => {
      said += String(chunk);
    });
    running.child.once('exit', () => {
      if (this.#running === running) this.#ended = `flink ended by itself: ${said}`;
    });
    await running.next('ready');
  }

  /** In good order; its exit code. */
  stop(): Promise<number | null> {
    const { running } = this;
    this.#running = undefined;
    return running.stop();
  }

  /** At once, with everything in its hands. */
  async kill(): Promise<void> {
    const { running } = this;
    this.#running = undefined;
    await running.stop('SIGKILL');
  }

  /** Answers come over connections of their own; through the forward door unless told otherwise. */
  ask(request: Request, terms: AskTerms & { readonly door?: Place } = {}): Promise<Received> {
    return ask(terms.door ?? this.proxy, request, terms);
  }

  get(url: string, fields: Readonly<Record<string, string>> = {}, terms: AskTerms = {}): Promise<Received> {
    return this.ask({ url, fields }, terms);
  }

  /** Closed with the test at the latest. */
  async wire(terms: AskTerms & { readonly door?: Place } = {}): Promise<Wire> {
    const wire = await Wire.open(terms.door ?? this.proxy, terms);
    this.#wires.add(wire);
    wire.socket.on('close', () => this.#wires.delete(wire));
    return wire;
  }

  /** A command of flink's, `cache purge` and the like. */
  command(...args: readonly string[]): ReturnType<typeof runEntry> {
    return runEntry('flink', [...args, '--config', this.#file]);
  }

  /** What it tells of its cache. */
  async report(): Promise<CacheReport> {
    const { report } = (await this.api('/api/v1/cache')) as { readonly report: CacheReport };
    return report;
  }

  /** What its admin API has at `path`. */
  async api(path: string): Promise<unknown> {
    const { address, port } = this.admin;
    const answer = await ask(this.admin, { url: path, fields: { Host: `${address}:${port}` } });
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    return JSON.parse(answer.text);
  }

  async close(): Promise<void> {
    for (const wire of this.#wires) wire.close();
    const bugs = this.#running?.lines.filter(({ event }) => event === 'bug') ?? [];
    if (this.#running && this.#ended === undefined) await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
    if (this.#ended !== undefined) throw new Error(this.#ended);
    if (bugs.length > 0) throw new Error(bugs.map((line) => JSON.stringify(line)).join('\n'));
  }

  #door(index: number): Place {
    return { address: '127.0.0.1', port: this.#ports[index] ?? 0 };
  }

  get #file(): string {
    return join(this.folder, 'flisolator.yaml');
  }

  get #config(): string {
    const [proxy, intercept, admin, dns, dhcp, pxe] = this.#ports;
    const { allow = [], allowNames = [], allowSelf = [] } = this.#terms;
    const doors = allowSelf.flatMap((host) => [`${host}:${proxy}`, `${host}:${intercept}`]);
    const places = [...allow.map(({ at }) => `${at.address}:${at.port}`), ...allowNames, ...doors];
    const allowed = places.map((place) => `"${place}"`).join(', ');
    return `lan: lo
domain: hall.test
stateDir: ${join(this.folder, 'state')}
dhcp: { mode: off }
ports: { dhcp: ${dhcp}, pxe: ${pxe}, dns: ${dns}, proxy: ${proxy}, intercept: ${intercept} }
admin: { listen: "127.0.0.1:${admin}" }
dns:
${this.#terms.dns ?? '  upstreams: ["127.0.0.1:9"]'}
proxy:
  cacheDir: ${this.cacheDir}
  allow: [${allowed}]
${this.#terms.proxy ?? ''}
${this.#terms.more ?? ''}
`;
  }
}

/** Runs once this resolves; is stopped, and all its files gone, when the test ends. */
export async function startProxy(t: Pick<TestContext, 'after'>, terms: ProxyTerms = {}): Promise<ProxyFlink> {
  const flink = new ProxyFlink(terms);
  t.after(() => flink.close());
  await flink.start();
  return flink;
}
