/** `flink cache`, asked of a running admin API. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { printCache, purge } from '../../src/cli/cache.ts';
import type { Endpoint } from '../../src/core/addr.ts';
import { LOOPBACK } from '../../src/core/addr.ts';
import type { CacheReport } from '../../src/core/cachereport.ts';
import { Fault } from '../../src/core/errors.ts';
import { CACHE, startWorld } from '../admin/world.ts';
import { freePort } from './support.ts';

const URL_KEPT = 'http://deb.debian.org/debian/dists/stable/InRelease?a=b&c=%20';
const world = await startWorld();
const deaf = await startWorld({ deps: { cache: () => undefined, purge: () => undefined } });
const empty = await startWorld({ deps: { cache: () => NOTHING_YET, purge: () => 0 } });
const busy = await startWorld({ deps: { cache: () => BUSY } });
after(() => Promise.all([world, deaf, empty, busy].map((each) => each.stop())));

const NOTHING_YET: CacheReport = {
  ...{ answers: { hit: 0, miss: 0 }, sentBytes: 0, broughtBytes: 0, domains: [] },
  ...{ connections: 0, tunnels: 0, fetches: 0, waiting: 0 },
  store: { entries: 0, bytes: 0, maxBytes: 40e9, evicted: 0, damaged: 0 },
};
const BUSY: CacheReport = {
  ...CACHE,
  // Ranges may bring more than is asked for.
  ...{ sentBytes: 10, broughtBytes: 20 },
  domains: Array.from({ length: 50 }, (_, i) => ({
    name: `n${i}.example\u001b[2J`,
    answers: 1,
    sentBytes: 1,
    broughtBytes: 1,
  })),
  store: { ...CACHE.store, damaged: 0, trouble: 'the disk is full: free some of /var/cache' },
};

function listening() {
  const out: string[] = [];
  const terminal = { out: (line: string) => out.push(line), err: () => {}, workingDir: '/', isTerminal: false };
  return { out, terminal };
}

async function say(listen: Endpoint, asJson = false) {
  const { out, terminal } = listening();
  const code = await printCache({ listen, passwordFile: undefined }, asJson, terminal);
  return { code, out: out.join('\n') };
}

async function forget(
  listen: Endpoint,
  { asJson = false, url = URL_KEPT, passwordFile = undefined as string | undefined } = {},
) {
  const { out, terminal } = listening();
  const code = await purge({ listen, passwordFile }, url, asJson, terminal);
  return { code, out: out.join('\n') };
}

test('cache stats: what was saved and is kept, then a row for each of the busiest domains', async () => {
  const { code, out } = await say(world.at);
  assert.equal(code, 0);
  assert.deepEqual(out.split('\n'), [
    'saved    45 GB: 90 % of 50 GB sent; 5.0 GB came from outside',
    'hits     96 % of 1000 answers',
    'answers  hit 900, stale 1, revalidated 40, shared 20, miss 30, pass 9, blocked 4',
    'kept     12000 answers, 20 GB of 40 GB (50 %); 5 forgotten to make room, 1 damaged and gone',
    'now      60 connections, 7 of them tunnels; 3 fetches for 41 answers',
    '',
    'DOMAIN          ANSWERS    SENT  BROUGHT  SAVED',
    'deb.debian.org      900   45 GB   1.0 GB   97 %',
    'addresses           104  5.0 GB   4.0 GB   20 %',
  ]);
});

test('cache stats --json: as the API says it', async () => {
  const { code, out } = await say(world.at, true);
  assert.deepEqual([code, JSON.parse(out)], [0, { isServed: true, report: CACHE }]);
});

test('cache stats of a cache that nobody has used yet', async () => {
  const { code, out } = await say(empty.at);
  assert.equal(code, 0);
  assert.deepEqual(out.split('\n').slice(0, 3), [
    'saved    0 B: 0 % of 0 B sent; 0 B came from outside',
    'hits     0 % of 0 answers',
    'answers  none yet',
  ]);
  assert.doesNotMatch(out, /DOMAIN|trouble|damaged/);
});

test('cache stats: trouble comes first, nothing saved is less than nothing, no name acts on the terminal', async () => {
  const { out } = await say(busy.at);
  const lines = out.split('\n');
  assert.equal(lines[0], 'trouble  the disk is full: free some of /var/cache');
  assert.match(lines[1] ?? '', /^saved {4}0 B: 0 % of 10 B sent/);
  assert.equal(lines.filter((line) => line.startsWith('n')).length, 13, 'twelve domains, and what happens now');
  assert.equal(lines.at(-1), '38 more: --json');
  assert.ok(!out.includes('\u001b'));
});

test('cache stats: that flink serves no proxy is said plainly, and is exit code 1', async () => {
  const { code, out } = await say(deaf.at);
  assert.match(out, /^that flink serves no proxy: [^\n]+not-served[^\n]+ports\.proxy[^\n]+$/);
  assert.equal(code, 1);
  const json = await say(deaf.at, true);
  assert.deepEqual([json.code, JSON.parse(json.out)], [1, { isServed: false }]);
});

test('cache purge: the URL comes as it was typed; 1 where nothing was kept', async () => {
  assert.deepEqual(await forget(world.at), { code: 0, out: 'forgotten: 1 answer' });
  assert.deepEqual(await forget(world.at), { code: 0, out: 'forgotten: 2 answers' });
  assert.deepEqual(world.purges, [URL_KEPT, URL_KEPT]);
  assert.deepEqual(JSON.parse((await forget(world.at, { asJson: true })).out), { removed: 3 });
  assert.deepEqual(await forget(empty.at), { code: 1, out: `nothing was kept of ${URL_KEPT}` });
});

test('cache purge: what is no URL is not even asked; what flink refuses is said in its words', async () => {
  const isUsage = (error: unknown): boolean => error instanceof Fault && error.exitCode === 2;
  for (const url of ['deb.debian.org', 'ftp://a/b', 'http://', '/debian']) {
    await assert.rejects(forget(world.at, { url }), isUsage, url);
  }
  const message = `flink at http://127.0.0.1:${deaf.at.port} refused: no proxy is served here: the log says why`;
  await assert.rejects(forget(deaf.at), { message });
});

test('cache purge gives the password of the configuration', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'purge-'));
  const passwordFile = join(folder, 'pass');
  writeFileSync(passwordFile, 'correct horse\n', { mode: 0o600 });
  const mine = await startWorld({ options: { passwordFile } });
  await assert.rejects(forget(mine.at), /wants a password/);
  assert.equal((await forget(mine.at, { passwordFile })).code, 0);
  await mine.stop();
  rmSync(folder, { recursive: true });
});

test('cache stats and purge where no flink answers: one sentence with the cure', async () => {
  const listen = { address: LOOPBACK, port: await freePort() };
  await assert.rejects(say(listen), /no flink answers at .*: start it, or name it with --admin/);
  await assert.rejects(forget(listen), /no flink answers at .*: start it, or name it with --admin/);
});
