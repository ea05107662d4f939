/** Who gets how much of the uplink: sources that bring as fast as they may, against a clock that is advanced. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bandwidth, type Rates } from '../../src/proxy/bandwidth.ts';
import { FakeClock, seeded } from '../support/fakes.ts';

const MBIT = 1e6;
const SECOND = 1000;
/** Whatever stood in buckets at the beginning is gone by then. */
const SETTLED_MS = 5 * SECOND;

interface SourceSpec {
  readonly client: string;
  /** The next octets, and how long they take to come once it may go on. */
  readonly piece?: () => number;
  readonly lagMs?: number;
}

/** A hall whose origins are infinitely fast, but for their lag. */
class Hall {
  readonly clock = new FakeClock();
  readonly brought = new Map<string, number>();
  rates: Rates;
  readonly bandwidth: Bandwidth;

  constructor(rates: Partial<Rates>) {
    this.rates = { totalBitsPerSec: undefined, perClientBitsPerSec: undefined, ...rates };
    this.bandwidth = new Bandwidth(() => this.rates, this.clock);
  }

  /** The result ends it. */
  start({ client, piece = () => 64 << 10, lagMs = 0 }: SourceSpec): () => void {
    let isOver = false;
    let cancel = (): void => {};
    const goOn = (): void => {
      if (lagMs === 0) bring();
      else cancel = this.clock.after(lagMs, bring);
    };
    const bring = (): void => {
      for (let mayGoOn = true; mayGoOn && !isOver; ) {
        const bytes = piece();
        this.brought.set(client, this.of(client) + bytes);
        mayGoOn = this.bandwidth.brought(client, bytes, goOn);
        if (mayGoOn && lagMs > 0) {
          cancel = this.clock.after(lagMs, bring);
          return;
        }
      }
    };
    bring();
    return () => {
      isOver = true;
      cancel();
      this.bandwidth.leave(client, goOn);
    };
  }

  of(client: string): number {
    return this.brought.get(client) ?? 0;
  }

  /** Bits per second of each client, over the next `ms`. */
  over(ms: number): (client: string) => number {
    const before = new Map(this.brought);
    this.clock.advance(ms);
    return (client) => ((this.of(client) - (before.get(client) ?? 0)) * 8 * SECOND) / ms;
  }
}

function isNear(got: number, want: number, share: number, what: string): void {
  assert.ok(Math.abs(got - want) <= want * share, `${what}: want ${want} within ${share * 100} %, got ${got}`);
}

test('no rates: everybody goes on, nothing is kept, no timer runs', () => {
  const hall = new Hall({});
  for (let i = 0; i < 1000; i++) assert.equal(hall.bandwidth.brought(`10.0.0.${i}`, 1e9, assert.fail), true);
  assert.deepEqual([hall.bandwidth.clients, hall.clock.pendingTimers], [0, 0]);
});

const uneven: readonly { readonly name: string; readonly mbit: number; readonly one: Partial<SourceSpec> }[] = [
  { name: 'a line of 10 Mbit/s', mbit: 10, one: {} },
  { name: 'a line of 100 Mbit/s, where one answers 5 ms later', mbit: 100, one: { lagMs: 5 } },
  { name: 'a line of 1 Gbit/s', mbit: 1000, one: {} },
  {
    name: 'a line of 100 Mbit/s, where one brings little each millisecond',
    mbit: 100,
    one: { lagMs: 1, piece: () => 16 << 10 },
  },
  { name: 'one that brings little at a time', mbit: 10, one: { piece: () => 1460 } },
  { name: 'one that brings a block at a time', mbit: 50, one: { piece: () => 1 << 20 } },
];
for (const { name, mbit, one } of uneven) {
  test(`a client of twenty sources gets what a client of one gets: ${name}`, () => {
    const hall = new Hall({ totalBitsPerSec: mbit * MBIT });
    for (let i = 0; i < 20; i++) hall.start({ client: 'many', lagMs: one.lagMs === undefined ? 0 : 1 });
    hall.start({ client: 'one', ...one });
    hall.clock.advance(SETTLED_MS);
    const rate = hall.over(60 * SECOND);
    isNear(rate('one'), (mbit * MBIT) / 2, 0.05, 'the one');
    isNear(rate('many'), (mbit * MBIT) / 2, 0.05, 'the twenty');
    isNear(rate('one') + rate('many'), mbit * MBIT, 0.02, 'both');
  });
}

test('the total is held from the first second on, but for what may be taken at once', () => {
  const hall = new Hall({ totalBitsPerSec: 10 * MBIT });
  for (let i = 0; i < 50; i++) hall.start({ client: `10.0.0.${i}`, piece: () => 1460 });
  const rate = hall.over(60 * SECOND);
  isNear(
    Array.from({ length: 50 }, (_, i) => rate(`10.0.0.${i}`)).reduce((a, b) => a + b),
    10 * MBIT,
    0.02,
    'all',
  );
});

test('perClient is held for a client however many sources it has; the total that it leaves is others’', () => {
  const hall = new Hall({ totalBitsPerSec: 50 * MBIT, perClientBitsPerSec: 8 * MBIT });
  for (let i = 0; i < 20; i++) hall.start({ client: 'many' });
  hall.start({ client: 'one' });
  hall.clock.advance(SETTLED_MS);
  const rate = hall.over(60 * SECOND);
  isNear(rate('many'), 8 * MBIT, 0.02, 'the twenty');
  isNear(rate('one'), 8 * MBIT, 0.02, 'the one');
});

test('perClient alone, and a total that is too small for all', () => {
  const alone = new Hall({ perClientBitsPerSec: 8 * MBIT });
  for (let i = 0; i < 100; i++) alone.start({ client: `10.0.0.${i}` });
  alone.clock.advance(SETTLED_MS);
  const each = alone.over(60 * SECOND);
  for (let i = 0; i < 100; i++) isNear(each(`10.0.0.${i}`), 8 * MBIT, 0.02, `client ${i}`);

  const tight = new Hall({ totalBitsPerSec: 20 * MBIT, perClientBitsPerSec: 8 * MBIT });
  for (let i = 0; i < 10; i++) for (let n = 0; n <= i; n++) tight.start({ client: `10.0.0.${i}` });
  tight.clock.advance(SETTLED_MS);
  const share = tight.over(60 * SECOND);
  for (let i = 0; i < 10; i++) isNear(share(`10.0.0.${i}`), 2 * MBIT, 0.05, `client ${i} with ${i + 1} sources`);
});

test('a total that nobody else wants is one client’s', () => {
  const hall = new Hall({ totalBitsPerSec: 100 * MBIT });
  hall.start({ client: 'one' });
  hall.clock.advance(SETTLED_MS);
  isNear(hall.over(60 * SECOND)('one'), 100 * MBIT, 0.02, 'the one');
});

test('who takes less than its share never waits long; the others have the rest', () => {
  const hall = new Hall({ totalBitsPerSec: 10 * MBIT });
  for (let i = 0; i < 20; i++) hall.start({ client: 'many' });
  // 16 KiB each 100 ms: 1.3 Mbit/s.
  hall.start({ client: 'modest', piece: () => 16 << 10, lagMs: 100 });
  hall.clock.advance(SETTLED_MS);
  const rate = hall.over(60 * SECOND);
  isNear(rate('modest'), (16 << 10) * 8 * 10, 0.2, 'the modest one');
  isNear(rate('modest') + rate('many'), 10 * MBIT, 0.02, 'both');
});

test('the sources of one client have equal parts', () => {
  const hall = new Hall({ totalBitsPerSec: 10 * MBIT });
  const bytes = [0, 0, 0, 0];
  for (const [i] of bytes.entries()) {
    const piece = (): number => {
      const more = i === 0 ? 1460 : 64 << 10;
      bytes[i] = (bytes[i] ?? 0) + more;
      return more;
    };
    hall.start({ client: 'one', piece });
  }
  hall.start({ client: 'other' });
  hall.clock.advance(60 * SECOND);
  for (const each of bytes.slice(1)) isNear(each, bytes[1] ?? 0, 0.05, 'one of equal pieces');
});

test('a source that owes much does not keep the others of its client waiting', () => {
  const hall = new Hall({ totalBitsPerSec: 8 * MBIT });
  const paid: string[] = [];
  const brought = (name: string, bytes: number): boolean =>
    hall.bandwidth.brought('one', bytes, () => void paid.push(name));
  assert.equal(brought('first', 10_000_000), true, 'what came when there was room is owed by all');
  assert.equal(brought('much', 5_000_000), false);
  assert.equal(brought('little', 100_000), false);
  hall.clock.advance(11 * SECOND);
  assert.deepEqual(paid, ['little']);
  hall.clock.advance(5 * SECOND);
  assert.deepEqual(paid, ['little', 'much']);
});

test('what was not taken for an hour is not saved up: who comes back has its share, no more', () => {
  const hall = new Hall({ totalBitsPerSec: 10 * MBIT });
  const stop = hall.start({ client: 'early' });
  hall.start({ client: 'steady' });
  hall.clock.advance(SETTLED_MS);
  stop();
  hall.clock.advance(600 * SECOND);
  hall.start({ client: 'early' });
  isNear(hall.over(10 * SECOND)('steady'), 5 * MBIT, 0.1, 'the steady one');
});

test('who hangs up before it has paid, again and again, has no more than others', () => {
  const hall = new Hall({ totalBitsPerSec: 10 * MBIT });
  hall.start({ client: 'steady' });
  let isOver = false;
  const hangUp = (): void => {
    if (isOver) return;
    const leave = hall.start({ client: 'hasty' });
    // It asks once more when it would have been its turn anyway.
    hall.clock.after(100, () => {
      leave();
      hangUp();
    });
  };
  hangUp();
  hall.clock.advance(60 * SECOND);
  isOver = true;
  isNear(hall.of('hasty') / 60, (5 * MBIT) / 8, 0.25, 'the hasty one');
  assert.ok(hall.of('steady') >= (hall.of('hasty') * 3) / 4);
});

test('rates of a new configuration count at once: those who wait go on, or slower, or faster', () => {
  const hall = new Hall({ totalBitsPerSec: 1 * MBIT });
  let isOn = false;
  while (
    hall.bandwidth.brought('one', 1 << 20, () => {
      isOn = true;
    })
  );
  hall.rates = { totalBitsPerSec: undefined, perClientBitsPerSec: undefined };
  hall.clock.advance(20);
  assert.equal(isOn, true);
  assert.equal(hall.bandwidth.clients, 0);

  const other = new Hall({ totalBitsPerSec: 1 * MBIT });
  other.start({ client: 'one' });
  other.clock.advance(SETTLED_MS);
  for (const mbit of [20, 2, 10]) {
    other.rates = { totalBitsPerSec: mbit * MBIT, perClientBitsPerSec: undefined };
    other.clock.advance(SETTLED_MS);
    isNear(other.over(60 * SECOND)('one'), mbit * MBIT, 0.02, `${mbit} Mbit/s`);
  }
});

test('who wants nothing and owes nothing is forgotten, and no timer runs', () => {
  const hall = new Hall({ totalBitsPerSec: 10 * MBIT, perClientBitsPerSec: 5 * MBIT });
  const stops = Array.from({ length: 500 }, (_, i) => hall.start({ client: `10.0.${i >> 8}.${i & 255}` }));
  hall.clock.advance(10 * SECOND);
  assert.equal(hall.bandwidth.clients, 500);
  for (const stop of stops) stop();
  hall.clock.advance(60 * SECOND);
  assert.deepEqual([hall.bandwidth.clients, hall.clock.pendingTimers], [0, 0]);
});

test('one timer however many wait; stop leaves none, and calls nobody', () => {
  const hall = new Hall({ totalBitsPerSec: 1 * MBIT });
  for (let i = 0; i < 100; i++) hall.start({ client: `10.0.0.${i}` });
  assert.equal(hall.clock.pendingTimers, 1);
  const before = new Map(hall.brought);
  hall.bandwidth.stop();
  assert.equal(hall.clock.pendingTimers, 0);
  hall.clock.advance(60 * SECOND);
  assert.deepEqual(hall.brought, before);
});

test('who left is not called; one who left twice, or never waited, is nobody', () => {
  const hall = new Hall({ totalBitsPerSec: 1 * MBIT });
  const goOn = (): void => assert.fail('it left');
  while (hall.bandwidth.brought('one', 64 << 10, goOn));
  hall.bandwidth.leave('one', goOn);
  hall.bandwidth.leave('one', goOn);
  hall.bandwidth.leave('other', goOn);
  hall.clock.advance(60 * SECOND);
  assert.equal(hall.bandwidth.clients, 0);
});

test('a source that brings more while it waits owes both, and goes on once', () => {
  const hall = new Hall({ totalBitsPerSec: 8 * MBIT });
  let calls = 0;
  const goOn = (): void => void calls++;
  while (hall.bandwidth.brought('one', 250_000, goOn));
  // Nothing is in the bucket: 250,000 and 750,000 octets take a second.
  assert.equal(hall.bandwidth.brought('one', 750_000, goOn), false);
  hall.clock.advance(960);
  assert.equal(calls, 0);
  hall.clock.advance(80);
  assert.equal(calls, 1);
  assert.equal(hall.bandwidth.brought('one', 0, goOn), true, 'nothing came');
});

test('any mixture of clients, pieces and comings and goings: the total is never passed, nobody is forgotten', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seeded(seed);
    const hall = new Hall({ totalBitsPerSec: 20 * MBIT, perClientBitsPerSec: seed % 2 ? 5 * MBIT : undefined });
    const stops: (() => void)[] = [];
    for (let step = 0; step < 200; step++) {
      if (random() < 0.5) {
        const largest = random() < 0.1 ? 1 << 20 : 64 << 10;
        const piece = (): number => 1 + Math.floor(random() * largest);
        stops.push(hall.start({ client: `c${Math.floor(random() * 12)}`, piece, lagMs: Math.floor(random() * 30) }));
      } else stops.splice(Math.floor(random() * stops.length), 1)[0]?.();
      hall.clock.advance(Math.floor(random() * 300));
    }
    const ofAll = (): number => [...hall.brought.values()].reduce((sum, bytes) => sum + bytes, 0);
    const open = stops.length;
    const before = ofAll();
    hall.clock.advance(30 * SECOND);
    const mostBytes = (20 * MBIT * 30) / 8 + 625_000 + open * (1 << 20);
    assert.ok(ofAll() - before <= mostBytes, `seed ${seed}`);
    for (const stop of stops) stop();
    hall.clock.advance(120 * SECOND);
    assert.deepEqual([hall.bandwidth.clients, hall.clock.pendingTimers], [0, 0], `seed ${seed}`);
  }
});
