import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CacheLimits, DnsCache, type Entry, isDueForPrefetch } from '../../src/dns/cache.ts';
import type { Reply } from '../../src/dns/reply.ts';
import { FakeClock, seeded } from '../support/fakes.ts';

const HOUR_MS = 3_600_000;
const roomy: CacheLimits = { maxEntries: 100, maxBytes: 1_000_000, staleMs: HOUR_MS };

/** Told apart by their length. */
function reply(octets = 100, records = 1): Reply {
  const places = Array.from({ length: records }, (_, i) => 40 + i);
  return {
    bytes: new Uint8Array(octets),
    optAt: octets - 11,
    questionEnd: 30,
    ttlsAt: places,
    ttlsSec: places.map(() => 300),
  };
}

const put = (cache: DnsCache, key: string, { nowMs = 0, keepMs = 300_000, octets = 100 } = {}) =>
  cache.put(key, reply(octets), { nowMs, keepMs });
const has = (cache: DnsCache, key: string, nowMs = 0) => cache.get(key, nowMs) !== undefined;

test('cache: fresh, then stale, then gone, each to the millisecond, RFC 8767 §4', () => {
  const cache = new DnsCache(roomy);
  put(cache, 'a', { nowMs: 1000, keepMs: 60_000 });
  assert.equal(cache.get('a', 1000)?.freshUntilMs, 61_000);
  assert.ok(has(cache, 'a', 61_000 + HOUR_MS - 1));
  assert.equal(has(cache, 'a', 61_000 + HOUR_MS), false);
  assert.deepEqual(cache.counts, { entries: 0, bytes: 0, evicted: 0 });
});

test('cache: without a stale time, the end is the end', () => {
  const cache = new DnsCache({ ...roomy, staleMs: 0 });
  put(cache, 'a', { keepMs: 60_000 });
  assert.ok(has(cache, 'a', 59_999));
  assert.equal(has(cache, 'a', 60_000), false);
});

test('cache: ages are by the steady clock: a jump of the wall clock changes nothing', () => {
  const clock = new FakeClock();
  const cache = new DnsCache(roomy);
  put(cache, 'a', { nowMs: clock.now(), keepMs: 60_000 });
  clock.jump(86_400_000);
  const entry = cache.get('a', clock.now());
  assert.ok(entry && clock.now() < entry.freshUntilMs);
  assert.equal(clock.now() - entry.keptAtMs, 0);
  clock.jump(-2 * 86_400_000);
  assert.equal(cache.get('a', clock.now())?.freshUntilMs, 60_000);
});

test('cache: TTL 0 is not kept, and what was known before is forgotten', () => {
  const cache = new DnsCache(roomy);
  for (const keepMs of [0, -1, Number.NaN]) {
    put(cache, 'a');
    cache.put('a', reply(), { nowMs: 0, keepMs });
    assert.equal(has(cache, 'a'), false, `${keepMs}`);
  }
  assert.deepEqual(cache.counts, { entries: 0, bytes: 0, evicted: 0 });
});

test('cache: uses are counted since the answer was kept', () => {
  const cache = new DnsCache(roomy);
  put(cache, 'a');
  assert.equal(cache.get('a', 0)?.uses, 1);
  assert.equal(cache.get('a', 0)?.uses, 2);
  put(cache, 'a');
  assert.equal(cache.get('a', 0)?.uses, 1);
});

test('cache: a new answer takes the place of the old one', () => {
  const cache = new DnsCache(roomy);
  put(cache, 'a', { octets: 500 });
  const { bytes } = cache.counts;
  put(cache, 'a', { octets: 100, nowMs: 5 });
  assert.equal(cache.get('a', 5)?.reply.bytes.length, 100);
  assert.deepEqual(cache.counts, { entries: 1, bytes: bytes - 400, evicted: 0 });
});

test('cache: the reason goes along, RFC 8914', () => {
  const cache = new DnsCache(roomy);
  cache.put('a', reply(), { nowMs: 0, keepMs: 1000, ede: 17 });
  assert.equal(cache.get('a', 0)?.ede, 17);
  put(cache, 'a');
  assert.equal(cache.get('a', 0)?.ede, undefined);
});

test('cache: octets, records and the key count, and what objects take beside them', () => {
  const bytesOf = (key: string, kept: Reply) => {
    const cache = new DnsCache(roomy);
    cache.put(key, kept, { nowMs: 0, keepMs: 1000 });
    return cache.counts.bytes;
  };
  const least = bytesOf('a', reply(100, 1));
  assert.ok(least > 800);
  assert.equal(bytesOf('a', reply(350, 1)) - least, 250);
  assert.equal(bytesOf('abc', reply(100, 1)) - least, 2);
  assert.ok(bytesOf('a', reply(100, 5)) - least >= 4 * 16);
});

test('cache: what lies in a larger piece of memory does not keep all of it', () => {
  const piece = new Uint8Array(65_536);
  piece[1000] = 7;
  const cache = new DnsCache(roomy);
  cache.put('a', { ...reply(), bytes: piece.subarray(1000, 1100) }, { nowMs: 0, keepMs: 1000 });
  const kept = cache.get('a', 0)?.reply.bytes;
  assert.equal(kept?.buffer.byteLength, 100);
  assert.equal(kept?.[0], 7);
});

test('cache: an answer that is larger than the cache is not kept, nor costs others their place', () => {
  const cache = new DnsCache({ ...roomy, maxBytes: 10_000 });
  put(cache, 'a');
  put(cache, 'big', { octets: 10_000 });
  assert.equal(has(cache, 'big'), false);
  assert.ok(has(cache, 'a'));
  assert.equal(cache.counts.evicted, 0);
});

test('cache: of no entries, none are kept', () => {
  const cache = new DnsCache({ ...roomy, maxEntries: 0 });
  put(cache, 'a');
  assert.deepEqual(cache.counts, { entries: 0, bytes: 0, evicted: 0 });
});

test('cache: of one entry, the newest is', () => {
  const cache = new DnsCache({ ...roomy, maxEntries: 1 });
  for (const key of ['a', 'b', 'c']) {
    put(cache, key);
    assert.ok(has(cache, key), key);
  }
  assert.deepEqual([cache.counts.entries, cache.counts.evicted], [1, 2]);
});

test('cache: after clear nothing is known, and it is filled as before', () => {
  const cache = new DnsCache({ ...roomy, maxEntries: 10 });
  for (let i = 0; i < 30; i++) put(cache, `a${i}`);
  cache.clear();
  assert.deepEqual([cache.counts.entries, cache.counts.bytes, has(cache, 'a29')], [0, 0, false]);
  for (let i = 0; i < 30; i++) put(cache, `b${i}`);
  assert.equal(cache.counts.entries, 10);
  assert.ok(has(cache, 'b29'));
});

test('cache: what is beyond its time goes first when its turn comes, and is no eviction', () => {
  const cache = new DnsCache({ ...roomy, maxEntries: 10, staleMs: 0 });
  for (let i = 0; i < 10; i++) put(cache, `a${i}`, { keepMs: 1000 });
  for (let i = 0; i < 10; i++) cache.get(`a${i}`, 0);
  for (let i = 0; i < 10; i++) put(cache, `b${i}`, { nowMs: 5000 });
  assert.deepEqual([cache.counts.entries, cache.counts.evicted], [10, 0]);
});

test('cache: a flood of names that nobody asks for twice does not wash out what is popular', () => {
  const cache = new DnsCache({ ...roomy, maxEntries: 1000, maxBytes: 10_000_000 });
  const popular = Array.from({ length: 500 }, (_, i) => `popular${i}`);
  for (const key of popular) put(cache, key);
  for (const key of popular) assert.ok(has(cache, key));
  for (let i = 0; i < 100_000; i++) {
    put(cache, `random${i}`);
    // Each is told once in 5,000 strangers: far more than the cache has room for.
    if (i % 10 === 0) cache.get(popular[(i / 10) % 500] ?? '', 0);
  }
  const left = popular.filter((key) => has(cache, key));
  assert.equal(left.length, popular.length);
  assert.ok(cache.counts.entries <= 1000);
});

test('cache: of what was popular once, nothing stays when others are', () => {
  const cache = new DnsCache({ ...roomy, maxEntries: 100 });
  const fill = (name: string) => {
    for (let i = 0; i < 100; i++) {
      put(cache, `${name}${i}`);
      cache.get(`${name}${i}`, 0);
    }
  };
  fill('old');
  for (let round = 0; round < 4; round++) fill(`new${round}-`);
  const left = Array.from({ length: 100 }, (_, i) => `old${i}`).filter((key) => has(cache, key));
  assert.deepEqual(left, []);
});

test('cache: a popular name that is asked for anew keeps its place', () => {
  const cache = new DnsCache({ ...roomy, maxEntries: 100, staleMs: 0 });
  put(cache, 'popular', { keepMs: 1000 });
  cache.get('popular', 0);
  for (let i = 0; i < 200; i++) put(cache, `random${i}`);
  put(cache, 'popular', { nowMs: 2000 });
  for (let i = 0; i < 80; i++) put(cache, `more${i}`, { nowMs: 2000 });
  assert.ok(has(cache, 'popular', 2000));
});

/** The same rules, written down as plainly as can be: two lists, searched from end to end. */
class Reference {
  readonly limits: CacheLimits;
  probation: Model[] = [];
  proven: Model[] = [];
  evicted = 0;

  constructor(limits: CacheLimits) {
    this.limits = limits;
  }

  get all(): Model[] {
    return [...this.probation, ...this.proven];
  }

  get(key: string, nowMs: number): Model | undefined {
    const found = this.all.find((m) => m.key === key);
    if (found && nowMs >= found.endMs + this.limits.staleMs) this.drop(key);
    else if (found) Object.assign(found, { uses: found.uses + 1, isTold: true });
    return found && this.all.includes(found) ? found : undefined;
  }

  put(key: string, { bytes, nowMs, keepMs }: { bytes: number; nowMs: number; keepMs: number }): void {
    const known = this.all.find((m) => m.key === key);
    const isProven = this.proven.some((m) => m.key === key);
    this.drop(key);
    if (keepMs <= 0 || bytes > this.limits.maxBytes || this.limits.maxEntries < 1) return;
    while (this.all.length >= this.limits.maxEntries || sum(this.all) + bytes > this.limits.maxBytes) this.turn(nowMs);
    const made = { key, bytes, keptAtMs: nowMs, endMs: nowMs + keepMs, uses: 0, isTold: known?.isTold ?? false };
    (isProven ? this.proven : this.probation).push(made);
  }

  drop(key: string): void {
    this.probation = this.probation.filter((m) => m.key !== key);
    this.proven = this.proven.filter((m) => m.key !== key);
  }

  turn(nowMs: number): void {
    const { maxEntries, maxBytes, staleMs } = this.limits;
    const isOver = this.probation.length > maxEntries / 10 || sum(this.probation) > maxBytes / 10;
    const from = isOver || this.proven.length === 0 ? this.probation : this.proven;
    const oldest = from.shift();
    if (!oldest || nowMs >= oldest.endMs + staleMs) return;
    if (oldest.isTold) this.proven.push(Object.assign(oldest, { isTold: false }));
    else this.evicted += 1;
  }
}

interface Model {
  readonly key: string;
  readonly bytes: number;
  readonly keptAtMs: number;
  readonly endMs: number;
  uses: number;
  isTold: boolean;
}

const sum = (models: readonly Model[]) => models.reduce((total, { bytes }) => total + bytes, 0);

const STEPS = 20_000;
for (const limits of [
  { maxEntries: 40, maxBytes: 1_000_000, staleMs: 20_000 },
  { maxEntries: 1000, maxBytes: 60_000, staleMs: 0 },
]) {
  test(`cache: ${STEPS} steps as in the reference, within ${limits.maxEntries} entries and ${limits.maxBytes} octets at each`, () => {
    const random = seeded(limits.maxEntries);
    const below = (end: number) => Math.floor(random() * end);
    const cache = new DnsCache(limits);
    const reference = new Reference(limits);
    const overhead = overheadOf();
    let nowMs = 0;
    for (let step = 0; step < STEPS; step++) {
      nowMs += below(200);
      // Some names are asked for often, most hardly ever.
      const key = `name${random() < 0.5 ? below(20) : below(400)}`;
      const what = random();
      if (what < 0.55) {
        assert.deepEqual(shown(cache.get(key, nowMs)), modelled(reference.get(key, nowMs)), `step ${step}`);
      } else if (what < 0.999) {
        const octets = random() < 0.02 ? below(80_000) : 80 + below(400);
        const keepMs = below(30_000) - 500;
        cache.put(key, reply(octets), { nowMs, keepMs });
        reference.put(key, { bytes: octets + key.length + overhead, nowMs, keepMs });
      } else {
        cache.clear();
        Object.assign(reference, { probation: [], proven: [] });
      }
      const counts = { entries: reference.all.length, bytes: sum(reference.all), evicted: reference.evicted };
      assert.deepEqual(cache.counts, counts, `step ${step}`);
      assert.ok(counts.entries <= limits.maxEntries && counts.bytes <= limits.maxBytes);
    }
    assert.ok(cache.counts.evicted > 100);
  });
}

function overheadOf(): number {
  const cache = new DnsCache(roomy);
  cache.put('', reply(100), { nowMs: 0, keepMs: 1 });
  return cache.counts.bytes - 100;
}

function shown(entry: Entry | undefined): object | undefined {
  return entry && { keptAtMs: entry.keptAtMs, endMs: entry.freshUntilMs, uses: entry.uses };
}

function modelled(model: Model | undefined): object | undefined {
  return model && { keptAtMs: model.keptAtMs, endMs: model.endMs, uses: model.uses };
}

const prefetches: readonly { name: string; uses: number; lifeSec: number; leftSec: number; want: boolean }[] = [
  { name: 'popular, in the last tenth of its life', uses: 3, lifeSec: 300, leftSec: 30, want: true },
  { name: 'popular, before that', uses: 100, lifeSec: 300, leftSec: 31, want: false },
  { name: 'told twice', uses: 2, lifeSec: 300, leftSec: 10, want: false },
  { name: 'at its very end', uses: 3, lifeSec: 300, leftSec: 0, want: false },
  { name: 'stale', uses: 3, lifeSec: 300, leftSec: -1, want: false },
  { name: 'of a short life, three seconds before its end', uses: 3, lifeSec: 10, leftSec: 3, want: true },
  { name: 'of a short life, earlier', uses: 3, lifeSec: 20, leftSec: 4, want: false },
  { name: 'of too short a life', uses: 3, lifeSec: 9, leftSec: 1, want: false },
];
for (const c of prefetches) {
  test(`prefetch: ${c.name}: ${c.want ? 'due' : 'not due'}`, () => {
    const entry = { reply: reply(), keptAtMs: 0, freshUntilMs: c.lifeSec * 1000, uses: c.uses, ede: undefined };
    assert.equal(isDueForPrefetch(entry, (c.lifeSec - c.leftSec) * 1000), c.want);
  });
}
