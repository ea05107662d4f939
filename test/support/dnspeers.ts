/** Name servers that others wrote, each with its files below a folder of the test: an authoritative one, and resolvers beside flink. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from '../cli/support.ts';
import { question } from '../dns/packets.ts';
import { type Server, udpLane } from './dnsask.ts';

/** Programs of these, for `lacking`. */
export const PEERS = ['nsd', 'unbound', 'ldns-keygen', 'ldns-signzone'];

/** Skips with a notice where one of them is missing, but never in CI, where it is a fault of the set-up. */
export function lacks(t: TestContext, programs: readonly string[] = PEERS): boolean {
  const missing = programs.filter((p) => spawnSync('sh', ['-c', `command -v ${p}`]).status !== 0);
  if (missing.length === 0) return false;
  if (process.env.CI) throw new Error(`needs ${missing.join(', ')}`);
  t.skip(`needs ${missing.join(', ')}`);
  return true;
}

export interface ZoneFile {
  readonly name: string;
  readonly text: string;
}

/** Where its files are, and where it listens. */
export interface Place {
  readonly folder: string;
  readonly at: Server;
}

/** Its command line. It limits nobody: everything comes from one address. */
export function nsd({ folder, at }: Place, zones: readonly ZoneFile[]): readonly string[] {
  const home = join(folder, 'nsd');
  mkdirSync(home, { recursive: true });
  for (const { name, text } of zones) writeFileSync(join(home, `${name}.zone`), text);
  const zone = ({ name }: ZoneFile) => `zone:\n  name: "${name}"\n  zonefile: "${name}.zone"\n`;
  const conf = `server:
  ip-address: ${at.address}@${at.port}
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: "${home}"
  zonelistfile: "${home}/zone.list"
  database: ""
  xfrdfile: "${home}/xfrd.state"
  xfrdir: "${home}"
  pidfile: ""
  rrl-ratelimit: 0
  tcp-count: 200
  tcp-query-count: 0
  minimal-responses: no
remote-control:
  control-enable: no
${zones.map(zone).join('')}`;
  writeFileSync(join(home, 'nsd.conf'), conf);
  return ['nsd', '-d', '-c', join(home, 'nsd.conf')];
}

/** Its command line. It changes as little as it can: no cache, no signatures checked, nothing left out for brevity. */
export function unbound({ folder, at }: Place, forwardTo: Server, more = ''): readonly string[] {
  const home = join(folder, 'unbound');
  mkdirSync(home, { recursive: true });
  const conf = `server:
  interface: ${at.address}@${at.port}
  directory: "${home}"
  username: ""
  chroot: ""
  pidfile: ""
  use-syslog: no
  logfile: ""
  do-daemonize: no
  num-threads: 1
  do-ip6: no
  access-control: 0.0.0.0/0 allow
  do-not-query-localhost: no
  module-config: "iterator"
  minimal-responses: no
  rrset-roundrobin: no
  qname-minimisation: no
  aggressive-nsec: no
  harden-below-nxdomain: no
  harden-glue: no
  harden-dnssec-stripped: no
  deny-any: no
  unblock-lan-zones: yes
  edns-buffer-size: 1232
  max-udp-size: 1232
  cache-max-ttl: 0
${more}
forward-zone:
  name: "."
  forward-addr: ${forwardTo.address}@${forwardTo.port}
  forward-no-cache: yes
`;
  writeFileSync(join(home, 'unbound.conf'), conf);
  return ['unbound', '-d', '-c', join(home, 'unbound.conf')];
}

/** Its command line: a forwarder that hands packets through as flink does. */
export function dnsmasq({ at }: Pick<Place, 'at'>, forwardTo: Server): readonly string[] {
  const listen = [`--port=${at.port}`, `--listen-address=${at.address}`, '--bind-interfaces', '--cache-size=0'];
  const asks = ['--no-resolv', '--no-hosts', `--server=${forwardTo.address}#${forwardTo.port}`, '--all-servers'];
  const alone = ['--keep-in-foreground', '--conf-file=/dev/null', '--pid-file=', '--user='];
  return ['dnsmasq', ...listen, ...asks, ...alone];
}

/** Programs with folders of their own on this machine's loopback; all of it is gone after `close`. */
export class Bench {
  readonly folder = mkdtempSync(join(tmpdir(), 'dns-'));
  readonly #running: ChildProcess[] = [];
  #addresses = 0;

  constructor() {
    // Who drops root's rights on the way still reads its files.
    chmodSync(this.folder, 0o755);
  }

  /** On loopback, nobody's so far: each test process has addresses of its own. */
  async place(port?: number): Promise<Server> {
    const [high, low] = [Math.floor(process.pid / 200) % 200, process.pid % 200];
    return { address: `127.${high + 1}.${low + 1}.${++this.#addresses}`, port: port ?? (await freePort()) };
  }

  /** Runs a server; it is up once it answers at `at`. */
  async start(argv: readonly string[], at: Server): Promise<ChildProcess> {
    const [command = '', ...args] = argv;
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#running.push(child);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (said += String(chunk)));
    const lane = await udpLane(at, { patienceMs: 100 });
    try {
      for (let tries = 0; tries < 200; tries++) {
        if (child.exitCode !== null) throw new Error(`${argv.join(' ')}: ${said}`);
        const isUp = await lane.ask(question('example.org', 'SOA')).then(
          () => true,
          () => false,
        );
        if (isUp) return child;
      }
      throw new Error(`${argv.join(' ')} does not answer: ${said}`);
    } finally {
      lane.close();
    }
  }

  async close(): Promise<void> {
    for (const child of this.#running) await end(child);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const late = setTimeout(() => child.kill('SIGKILL'), 3000);
  child.kill('SIGTERM');
  await once(child, 'exit');
  clearTimeout(late);
}
