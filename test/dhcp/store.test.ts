import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import type { Lease } from '../../src/dhcp/leases.ts';
import { fileLeaseStore, journalLeaseStore, type LeaseStore, memoryLeaseStore } from '../../src/dhcp/store.ts';
import type { Host } from '../../src/host.ts';
import { macNumber } from '../support/dhcp.ts';
import { FakeDisk } from '../support/disk.ts';
import { FakeClock, FakeLog, fakeHost } from '../support/fakes.ts';

const HOUR = 3_600_000;
const YEAR = 365 * 24 * HOUR;
const address = (n: number) => `172.16.0.${n}` as Ipv4;

function lease(n: number, expiresAtMs: number, over: Partial<Lease> = {}): Lease {
  const nameless = { clientId: undefined, isBoot: false, hostname: undefined };
  return { address: address(n), mac: macNumber(n), ...nameless, state: 'bound', expiresAtMs, ...over };
}

function hostWith(clock: FakeClock): Host & { readonly log: FakeLog } {
  return { ...fakeHost(), clock, log: new FakeLog() };
}

// What every store does, in memory or on disk: `restarted` is the store as the next process of the same machine has it.

interface Kind {
  readonly name: string;
  readonly make: (host: Host, folder: string) => { readonly store: LeaseStore; readonly restarted: () => LeaseStore };
}
const kinds: readonly Kind[] = [
  {
    name: 'in memory',
    make: () => {
      const store = memoryLeaseStore();
      return { store, restarted: () => store };
    },
  },
  {
    name: 'on disk',
    make: (host, folder) => ({ store: fileLeaseStore(folder, host), restarted: () => fileLeaseStore(folder, host) }),
  },
];

for (const kind of kinds) {
  const contract = (
    rule: string,
    run: (store: LeaseStore, restart: () => Promise<LeaseStore>) => Promise<void>,
  ): void => {
    test(`lease store ${kind.name}: ${rule}`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'leases-'));
      const { store, restarted } = kind.make(hostWith(new FakeClock()), folder);
      let current = store;
      try {
        assert.deepEqual(await store.load(), []);
        await run(store, async () => {
          await current.close();
          current = restarted();
          return current;
        });
      } finally {
        await current.close();
        rmSync(folder, { recursive: true, force: true });
      }
    });
  };

  contract('what was committed is loaded, the last of each address', async (store, restart) => {
    const full = lease(1, HOUR, { clientId: '01aabb', isBoot: true, hostname: 'desk7' });
    await store.commit([full, lease(2, HOUR)]);
    await store.commit([lease(2, HOUR, { state: 'released' })]);
    await store.commit([lease(3, HOUR, { state: 'declined' })]);
    const loaded = await (await restart()).load();
    const want = [full, lease(2, HOUR, { state: 'released' }), lease(3, HOUR, { state: 'declined' })];
    assert.deepEqual(
      loaded.toSorted((a, b) => a.address.localeCompare(b.address)),
      want,
    );
  });

  contract('what a restart would know of an address', async (store) => {
    assert.equal(store.at(address(1)), undefined);
    await store.commit([lease(1, HOUR)]);
    assert.deepEqual(store.at(address(1)), lease(1, HOUR));
    const renewing = store.commit([lease(1, 2 * HOUR)]);
    await renewing;
    assert.equal(store.at(address(1))?.expiresAtMs, 2 * HOUR);
  });

  contract('many at once', async (store, restart) => {
    const all = Array.from({ length: 200 }, (_, i) => lease(i, HOUR + i));
    await Promise.all(all.map((one) => store.commit([one])));
    assert.equal((await (await restart()).load()).length, 200);
  });

  contract('closed twice it stays closed', async (store, restart) => {
    await store.commit([lease(1, HOUR)]);
    await store.close();
    await store.close();
    assert.equal((await (await restart()).load()).length, 1);
  });
}

// Time. A lease of a day is given, the machine's clocks do something, and another process loads it.

async function given(clock: FakeClock, termMs = 24 * HOUR): Promise<FakeDisk> {
  const disk = new FakeDisk();
  const store = journalLeaseStore(disk, hostWith(clock), 1000);
  await store.load();
  await store.commit([lease(1, clock.now() + termMs)]);
  return disk;
}

async function leftMs(disk: FakeDisk, clock: FakeClock): Promise<number> {
  const store = journalLeaseStore(disk.afterKill(), hostWith(clock), 1000);
  const [loaded] = await store.load();
  assert.ok(loaded);
  return loaded.expiresAtMs - clock.now();
}

const SET = Date.UTC(2026, 5, 1);
const jumps = [
  ['ten years ahead', 10 * YEAR],
  ['a year back', -YEAR],
  ['an hour back, as in DST', -HOUR],
  ['a second', 1000],
] as const;
for (const [what, ms] of jumps) {
  test(`lease store: the wall clock set ${what} between two processes of one boot moves no end`, async () => {
    const clock = new FakeClock({ nowMs: 5 * HOUR, dateMs: SET });
    const disk = await given(clock);
    clock.advance(HOUR);
    clock.jump(ms);
    assert.equal(await leftMs(disk, clock), 23 * HOUR);
  });

  test(`lease store: nor does ${what} within one process, for the process of the next boot`, async () => {
    const clock = new FakeClock({ nowMs: 5 * HOUR, dateMs: SET });
    const disk = new FakeDisk();
    const store = journalLeaseStore(disk, hostWith(clock), 1000);
    await store.load();
    await store.commit([lease(1, clock.now() + 24 * HOUR)]);
    clock.jump(ms);
    clock.advance(HOUR);
    // Somebody else renews: then the clock is looked at.
    await store.commit([lease(2, clock.now() + 24 * HOUR)]);
    const rebooted = new FakeClock({ bootId: 'second-boot', nowMs: 60_000, dateMs: clock.date() + HOUR });
    const left = await leftMs(disk, rebooted);
    assert.ok(Math.abs(left - 22 * HOUR) <= 3000, `${left}`);
  });
}

test('lease store: NTP that sets a clock of 1970 after the lease was given moves no end, in this boot or the next', async () => {
  const clock = new FakeClock({ nowMs: 10_000, dateMs: 20_000 });
  const disk = new FakeDisk();
  const store = journalLeaseStore(disk, hostWith(clock), 1000);
  await store.load();
  await store.commit([lease(1, clock.now() + 24 * HOUR)]);
  clock.jump(SET);
  assert.equal(await leftMs(disk, clock), 24 * HOUR);
  await store.commit([]);
  const rebooted = new FakeClock({ bootId: 'second-boot', nowMs: 10_000, dateMs: clock.date() + HOUR });
  assert.equal(await leftMs(disk, rebooted), 23 * HOUR);
});

const reboots = [
  { what: 'the time in between counts', dateMs: SET + 7 * HOUR, left: 17 * HOUR },
  { what: 'it may be over', dateMs: SET + 30 * HOUR, left: -6 * HOUR },
  { what: 'a clock that went back gives no lease more than its term', dateMs: SET - YEAR, left: 24 * HOUR },
  { what: 'a clock that begins at 1970 ends no lease', dateMs: 5000, left: 24 * HOUR },
];
for (const { what, dateMs, left } of reboots) {
  test(`lease store: after a reboot ${what}`, async () => {
    const disk = await given(new FakeClock({ nowMs: 900 * HOUR, dateMs: SET }));
    assert.equal(await leftMs(disk, new FakeClock({ bootId: 'second-boot', nowMs: 3000, dateMs })), left);
  });
}

test('lease store: a lease of a boot whose clock was never set lasts its term after a reboot', async () => {
  const disk = await given(new FakeClock({ nowMs: 10_000, dateMs: 30_000 }));
  assert.equal(await leftMs(disk, new FakeClock({ bootId: 'second-boot', nowMs: 0, dateMs: SET })), 24 * HOUR);
});

test('lease store: what the first process after a reboot made of an end, the next ones make of it too', async () => {
  const disk = await given(new FakeClock({ nowMs: 900 * HOUR, dateMs: SET }));
  const clock = new FakeClock({ bootId: 'second-boot', nowMs: 3000, dateMs: SET + HOUR });
  await journalLeaseStore(disk, hostWith(clock), 1000).load();
  clock.jump(10 * YEAR);
  clock.advance(HOUR);
  assert.equal(await leftMs(disk, clock), 22 * HOUR);
  clock.jump(-20 * YEAR);
  assert.equal(await leftMs(disk, clock), 22 * HOUR);
});

test('lease store: where the system names no boot, each process goes by the wall clock', async () => {
  const unnamed = (nowMs: number, dateMs: number) =>
    Object.assign(new FakeClock({ nowMs, dateMs }), { bootId: undefined });
  const disk = await given(unnamed(900 * HOUR, SET));
  assert.equal(await leftMs(disk, unnamed(3000, SET + HOUR)), 23 * HOUR);
});

test('lease store: leases whose clock was lost last their term, and a new clock is not taken for theirs', async () => {
  const disk = await given(new FakeClock({ nowMs: 900 * HOUR, dateMs: SET }));
  const [name = ''] = Object.keys(disk.files());
  const damaged = FakeDisk.of({ [name]: disk.text(name).replace('"bootId"', '"bootid"') });
  assert.equal(
    await leftMs(damaged, new FakeClock({ bootId: 'second-boot', nowMs: 3000, dateMs: SET + HOUR })),
    24 * HOUR,
  );
});

test('lease store: a lease that ended a month ago is left out when segments are merged, with its clock', async () => {
  const disk = await given(new FakeClock({ nowMs: 0, dateMs: SET }));
  const clock = new FakeClock({ bootId: 'second-boot', nowMs: 0, dateMs: SET + 33 * 24 * HOUR });
  const store = journalLeaseStore(disk, hostWith(clock), 5);
  assert.equal((await store.load()).length, 1);
  for (let i = 0; i < 40; i++) await store.commit([lease(2, clock.now() + HOUR + i)]);
  await store.close();
  const text = Object.keys(disk.files())
    .map((name) => disk.text(name))
    .join('');
  assert.doesNotMatch(text, /172\.16\.0\.1"|first-boot/);
  assert.match(text, /172\.16\.0\.2"/);
  assert.match(text, /second-boot/);
});

test('lease store: the clock that leases of now are by is kept, whether there are any or not', async () => {
  const clock = new FakeClock({ dateMs: SET });
  const disk = new FakeDisk();
  const store = journalLeaseStore(disk, hostWith(clock), 5);
  await store.load();
  for (let i = 0; i < 40; i++) await store.commit([]);
  await store.commit([lease(1, clock.now() + 24 * HOUR)]);
  assert.equal(await leftMs(disk, new FakeClock({ bootId: 'second-boot', dateMs: SET + HOUR })), 23 * HOUR);
});

test('lease store: lines that are no leases are passed over', async () => {
  const rows = {
    '172.16.0.1': 'no lease',
    nonsense: { mac: 'x' },
    'clock/1': null,
    'clock/7': 'noon',
    '172.16.0.9': { mac: 'x' },
  };
  const { encodeLine } = await import('../../src/host/journalline.ts');
  const disk = FakeDisk.of({ 'leases-000001.log': encodeLine(Object.entries(rows)) });
  const store = journalLeaseStore(disk, hostWith(new FakeClock()), 1000);
  assert.deepEqual(await store.load(), []);
  await store.commit([lease(1, HOUR)]);
  assert.equal(store.at(address(1))?.expiresAtMs, HOUR);
});

test('lease store: a disk that is full at the start keeps nobody from starting, and what is on it is known', async () => {
  const clock = new FakeClock();
  const disk = (await given(clock)).afterKill();
  disk.failsWith = 'ENOSPC';
  const host = hostWith(clock);
  const store = journalLeaseStore(disk, host, 1000);
  assert.equal((await store.load()).length, 1);
  assert.match(String(host.log.lines.find(({ level }) => level === 'error')?.error), /free space in \/state/);
  disk.failsWith = undefined;
  await store.commit([lease(2, HOUR)]);
  assert.equal(await leftMs(disk, new FakeClock({ bootId: 'second-boot', dateMs: clock.date() + HOUR })), 23 * HOUR);
});
