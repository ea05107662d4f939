/** Addresses that somebody has set by hand inside the pool, by the kernel's own ARP, before clients that others wrote. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Hall, needs } from '../support/netns.ts';

const entry = fileURLToPath(new URL('../../src/flink.ts', import.meta.url));

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'flink-inuse-'));
  writeFileSync(join(folder, 'hook'), '#!/bin/sh\n[ "$1" = bound ] && env | grep "^ip="\nexit 0\n');
  chmodSync(join(folder, 'hook'), 0o755);
});
after(() => rmSync(folder, { recursive: true, force: true }));

type Running = Awaited<ReturnType<Hall['start']>>;
interface Made {
  readonly range: string;
  readonly clients?: number;
  /** Last octets of 172.16.1.0/24, all on one host. */
  readonly squatted: readonly number[];
}

async function withHall(t: TestContext, made: Made, use: (hall: Hall, flink: Running) => Promise<void>): Promise<void> {
  if (!needs(t, ['ip', 'nft', 'busybox'])) return;
  const clients = Array.from({ length: made.clients ?? 1 }, (_, n) => [`c${n}`, undefined]);
  const hall = new Hall({ flink: '172.16.0.1/16', squatter: undefined, ...Object.fromEntries(clients) });
  try {
    squat(hall, made.squatted);
    const config = join(folder, 'flisolator.yaml');
    writeFileSync(config, `dhcp: { range: ${made.range} }\n`);
    const state = mkdtempSync(join(folder, 'state-'));
    const flags = ['serve', '--lan', 'lan', '--config', config, '--state-dir', state, '--log-format', 'json'];
    const flink = await hall.start('flink', [process.execPath, entry, ...flags], /"event":"ready"/);
    await use(hall, flink);
  } finally {
    await hall.close();
  }
}

/** A machine that answers ARP, as it must, and nothing else. */
const DEAF = 'table inet deaf { chain in { type filter hook input priority 0; policy drop; }; }';

function squat(hall: Hall, octets: readonly number[]): void {
  const batch = join(folder, 'addresses');
  writeFileSync(batch, octets.map((octet) => `addr add 172.16.1.${octet}/16 dev lan\n`).join(''));
  const made = hall.run('squatter', 'ip', ['-batch', batch]);
  assert.equal(made.code, 0, made.output);
  const deaf = hall.run('squatter', 'nft', [DEAF]);
  assert.equal(deaf.code, 0, deaf.output);
}

/** As the client's own program does it, a try each second. The last octet of what it got, or NaN. */
async function lease(hall: Hall, client: string, tries = 5): Promise<number> {
  const patience = ['-f', '-q', '-n', '-t', String(tries), '-T', '1'];
  const said = await hall.ask(client, 'busybox', ['udhcpc', '-i', 'lan', '-s', join(folder, 'hook'), ...patience]);
  return Number(/^ip=172\.16\.1\.(\d+)$/m.exec(said)?.[1]);
}

/** Until the kernel has asked three times about each spare: what it asks about already it does not ask about anew. */
async function untilAsked(hall: Hall): Promise<void> {
  const isAsking = 'ip neigh show dev lan | grep -q INCOMPLETE';
  await hall.ask('flink', 'sh', ['-c', `until ${isAsking}; do sleep 0.1; done; while ${isAsking}; do sleep 0.1; done`]);
}

async function timed<T>(work: Promise<T>): Promise<{ readonly value: T; readonly tookMs: number }> {
  const startMs = performance.now();
  const value = await work;
  return { value, tookMs: performance.now() - startMs };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, n) => from + n);

test('190 of 200 addresses answer ARP, but neither ping nor UDP: the next client has a free one within three seconds', async (t) => {
  const free = [3, 27, 58, 81, 99, 120, 144, 160, 183, 199];
  const squatted = range(0, 199).filter((octet) => !free.includes(octet));
  await withHall(t, { range: '172.16.1.0-172.16.1.199', squatted }, async (hall, flink) => {
    const { value, tookMs } = await timed(lease(hall, 'c0'));
    assert.ok(free.includes(value), `${value}`);
    assert.ok(tookMs < 3000, `${tookMs} ms`);
    const told = flink.said().match(/"event":"address-in-use".*/g) ?? [];
    assert.equal(told.length, 1, 'once a minute');
    assert.match(told[0] ?? '', /"mac":"[\da-f:]{17}".*dhcp\.range/);
  });
});

test('who comes to an address after the spares were looked up is found when it is wanted', async (t) => {
  await withHall(t, { range: '172.16.1.1-172.16.1.9', squatted: [], clients: 2 }, async (hall) => {
    const first = await lease(hall, 'c0');
    await untilAsked(hall);
    const [last = 0, ...others] = range(1, 9).filter((octet) => octet !== first);
    squat(hall, others);
    const { value, tookMs } = await timed(lease(hall, 'c1'));
    assert.equal(value, last);
    assert.ok(tookMs < 3000, `${tookMs} ms`);
  });
});

test('fifty clients at once get fifty addresses, none of them somebody’s', async (t) => {
  const squatted = range(100, 160);
  await withHall(t, { range: '172.16.1.90-172.16.1.220', squatted, clients: 50 }, async (hall) => {
    const { value, tookMs } = await timed(Promise.all(range(0, 49).map((n) => lease(hall, `c${n}`))));
    assert.equal(new Set(value).size, 50);
    assert.deepEqual(
      value.filter((octet) => squatted.includes(octet) || Number.isNaN(octet)),
      [],
    );
    assert.ok(tookMs < 10_000, `${tookMs} ms`);
  });
});

test('the kernel remembers a neighbour that has left: its address is given once the kernel has found that out', async (t) => {
  await withHall(t, { range: '172.16.1.1-172.16.1.1', squatted: [] }, async (hall) => {
    await untilAsked(hall);
    const entry = ['172.16.1.1', 'dev', 'lan', 'lladdr', '02:00:00:00:77:01', 'nud', 'stale'];
    const made = hall.run('flink', 'ip', ['neigh', 'replace', ...entry]);
    assert.equal(made.code, 0, made.output);
    assert.equal(await lease(hall, 'c0', 3), Number.NaN, 'it may be there');
    assert.equal(await lease(hall, 'c0', 15), 1);
  });
});

test('a pool that strangers fill says so, with the numbers', async (t) => {
  await withHall(t, { range: '172.16.1.1-172.16.1.4', squatted: [1, 2, 3, 4] }, async (hall, flink) => {
    assert.equal(await lease(hall, 'c0'), Number.NaN);
    const told = /"event":"ignore".*"pool-empty".*/.exec(flink.said())?.[0] ?? '';
    assert.match(told, /"addresses":4,"held":0,"declined":0,"strangers":4/);
    assert.match(told, /machines that flink gave no address fill the pool/);
  });
});
