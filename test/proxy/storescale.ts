/**
 * Not a test: how the cache's index does with a million entries. `node test/proxy/storescale.ts [COUNT]`; half a minute, 1.5 GB of disk in
 * the folder for temporary files.
 */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { openStore } from '../../src/proxy/store.ts';
import { StoreIndex } from '../../src/proxy/storeindex.ts';
import { Sums } from '../../src/proxy/sums.ts';
import type { Entry } from '../../src/proxy/types.ts';

const COUNT = Number(process.argv[2] ?? 1_000_000);
const AT_ONCE = 10_000;
const LOOKED_UP = 20_000;
const limits = () => ({ maxBytes: 1e13, maxObjectBytes: 8e9, memoryBytes: 64e6 });
const quiet = { debug: () => {}, info: () => {}, warn: console.warn, error: console.error };

const keyOf = (number: number): string =>
  `http://deb.debian.org/debian/pool/main/${(number % 26).toString(36)}/package-${number}/package_${number}_amd64.deb`;
const head = {
  status: 200,
  fields: [
    ...['Server', 'Apache', 'Last-Modified', 'Fri, 20 Nov 2026 10:00:00 GMT', 'ETag', '"2f0a-62c3a-1b9"'],
    ...['Accept-Ranges', 'bytes', 'Content-Type', 'application/vnd.debian.binary-package', 'X-Clacks-Overhead', 'GNU'],
    ...['Cache-Control', 'public, max-age=2592000', 'Date', 'Mon, 23 Nov 2026 10:00:00 GMT'],
  ],
};
const entryOf = (id: number): Entry => ({
  ...{ id, key: keyOf(id), varies: [], head, sizeBytes: 40_000, sha256: undefined, askedAtMs: id, answeredAtMs: id },
});
const timed = async <Value>(what: string, run: () => Value | Promise<Value>, count = 1): Promise<Value> => {
  const startMs = performance.now();
  const value = await run();
  const tookMs = performance.now() - startMs;
  console.log(
    `${what}: ${count === 1 ? `${tookMs.toFixed(1)} ms` : `${((tookMs * 1000) / count).toFixed(1)} us each`}`,
  );
  return value;
};

const folder = await mkdtemp(join(tmpdir(), 'flisolator-scale-'));
try {
  const sums = new Sums([1]);
  const index = new StoreIndex(join(folder, 'index.sqlite'), console.warn);
  await timed('filling', () => {
    for (let id = index.takeIds(COUNT + 1); id <= COUNT; id += AT_ONCE) {
      index.file.write(() => {
        for (let at = id; at < id + AT_ONCE; at++) index.add(entryOf(at), sums, { priority: at, isLarge: false });
      });
    }
  });
  index.close();
  console.log(`index: ${Math.round((await stat(join(folder, 'index.sqlite'))).size / 1e6)} MB`);

  const before = process.memoryUsage().rss;
  const store = await timed('opening', () => openStore(folder, limits, quiet));
  await timed('first look-up', () => store.find(keyOf(4711)));
  console.log(`report: ${JSON.stringify(await timed('report', () => store.report()))}`);
  const pick = (n: number): number => 1 + ((n * 7919) % COUNT);
  const found = await timed(
    'look-up of what is kept',
    () => {
      let count = 0;
      for (let n = 0; n < LOOKED_UP; n++) count += store.find(keyOf(pick(n))).length;
      return count;
    },
    LOOKED_UP,
  );
  const known = await timed(
    'again, out of memory',
    () => {
      let count = 0;
      for (let n = LOOKED_UP - 1000; n < LOOKED_UP; n++) count += store.find(keyOf(pick(n))).length;
      return count;
    },
    1000,
  );
  await timed(
    'look-up of what is not kept',
    () => {
      for (let n = 0; n < LOOKED_UP; n++) store.find(keyOf(COUNT + 1 + n));
    },
    LOOKED_UP,
  );
  console.log(
    `found ${found} of ${LOOKED_UP}, ${known} of 1000; ${Math.round((process.memoryUsage().rss - before) / 1e6)} MB more memory`,
  );
  await store.close();

  const again = new StoreIndex(join(folder, 'index.sqlite'), console.warn);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const first = again.takeIds(LOOKED_UP);
  await timed(
    'adding, each in a transaction of its own',
    async () => {
      for (let n = 0; n < LOOKED_UP; n++) {
        again.add(entryOf(first + n), sums, { priority: first + n, isLarge: false });
        if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    },
    LOOKED_UP,
  );
  delay.disable();
  console.log(
    `the longest turn meanwhile: ${Math.round(delay.max / 1e6)} ms; of a hundred: ${Math.round(delay.percentile(99) / 1e6)} ms`,
  );
  await timed(
    'pushing out',
    () => {
      for (let n = 0; n < 2000; n++) again.removeContents([again.least(false, () => false)?.id ?? 0]);
    },
    2000,
  );
  await timed('closing', () => again.close());
} finally {
  await rm(folder, { recursive: true, force: true });
}
