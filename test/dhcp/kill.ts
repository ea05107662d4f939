/**
 * Kills a DHCP server at random moments under load, starts it again, and asks everybody whether what was promised still holds:
 *
 *     node test/dhcp/kill.ts --kills 1000 --seed 1 [--flink]
 *
 * The server is the DHCP service alone, which starts faster, or with `--flink` the whole program.
 * Needs root: it happens in a network namespace of its own, which goes with the process.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { seeded } from '../support/fakes.ts';
import { KillClients } from './killclients.ts';
import { killConfig, SET_UP } from './killhall.ts';

/** Short, so that leases of machines that sleep end within a run and go to others; flink's configuration has a least. */
const LEASE_SEC = { service: 30, flink: 60 };
/** Requests of a second, 50 to 500, anew for each life of the server. */
const RATES = { least: 50, most: 500 };
/** Lives of the server under load. */
const LIFE_MS = { least: 20, most: 400 };
const START_MS = 20_000;
const PROGRESS_EVERY = 50;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    flink: { type: 'boolean', default: false },
    inside: { type: 'boolean', default: false },
  },
});
const self = fileURLToPath(import.meta.url);

function outside(): number {
  const command = [process.execPath, self, '--inside', ...process.argv.slice(2)];
  const { status, error } = spawnSync('unshare', ['--net', 'sh', '-c', SET_UP, 'sh', ...command], { stdio: 'inherit' });
  if (error) process.stderr.write(`unshare: ${error.message}\n`);
  return status ?? 1;
}

async function run(kills: number, seed: number): Promise<number> {
  const random = seeded(seed);
  const folder = mkdtempSync(join(tmpdir(), 'kill-'));
  const clients = new KillClients(random);
  await clients.open();
  let confirmed = 0;
  let slowestMs = 0;
  const startedMs = performance.now();
  const told = (kill: number): string =>
    `${kill} kills in ${Math.round((performance.now() - startedMs) / 1000)} s: ${clients.acks} ACKs, ${confirmed} confirmed after a start, ` +
    `${clients.held} held now, slowest start ${Math.round(slowestMs)} ms, ${readdirSync(folder).length} files, ${clients.faults.length} broken promises`;
  try {
    let kill = 1;
    for (; kill <= kills && clients.faults.length === 0; kill++) {
      const beganMs = performance.now();
      const server = await start(folder, clients.faults);
      slowestMs = Math.max(slowestMs, performance.now() - beganMs);
      confirmed += await clients.confirmAll();
      await load(clients, random);
      server.kill('SIGKILL');
      await once(server, 'exit');
      if (kill % PROGRESS_EVERY === 0) console.log(told(kill));
    }
    const last = await start(folder, clients.faults);
    confirmed += await clients.confirmAll();
    last.kill('SIGKILL');
    await once(last, 'exit');
    console.log(`${clients.faults.length === 0 ? 'kept' : 'BROKEN'}: ${told(kill - 1)}`);
    for (const fault of clients.faults.slice(0, 20)) console.log(fault);
  } finally {
    clients.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return clients.faults.length === 0 ? 0 : 1;
}

async function load(clients: KillClients, random: () => number): Promise<void> {
  const between = ({ least, most }: { least: number; most: number }): number => least + random() * (most - least);
  const perMs = between(RATES) / 1000;
  const beganMs = performance.now();
  const endMs = beganMs + between(LIFE_MS);
  for (let done = 0; performance.now() < endMs; ) {
    for (; done < (performance.now() - beganMs) * perMs; done++) clients.act();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** What the server may say of its files, or itself, and must not. */
const ALARMS = /"event":"(damaged|store-failed|bug)"/;

const serviceArgs = (folder: string): readonly string[] => [
  fileURLToPath(new URL('killed.ts', import.meta.url)),
  folder,
  String(LEASE_SEC.service),
];

function flinkArgs(folder: string): readonly string[] {
  const config = join(folder, 'flisolator.yaml');
  writeFileSync(config, killConfig(LEASE_SEC.flink));
  const flink = fileURLToPath(new URL('../../src/flink.ts', import.meta.url));
  return [flink, 'serve', '--config', config, '--state-dir', folder, '--log-format', 'json'];
}

async function start(folder: string, faults: string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, values.flink ? flinkArgs(folder) : serviceArgs(folder), {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let said = '';
  const ready = new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no start: ${said}`)), START_MS);
    child.once('exit', () => {
      clearTimeout(late);
      reject(new Error(`it ended: ${said}`));
    });
    child.stdout.on('data', (chunk: Buffer) => {
      const text = chunk.toString();
      said = (said + text).slice(-4000);
      if (ALARMS.test(text)) faults.push(text.trim());
      if (!/^ready|"event":"ready"/m.test(said)) return;
      clearTimeout(late);
      resolve();
    });
  });
  await ready;
  return child;
}

process.exitCode = values.inside ? await run(Number(values.kills), Number(values.seed)) : outside();
