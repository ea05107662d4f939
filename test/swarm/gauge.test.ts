import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Log } from '../../src/host.ts';
import { nodeGauge } from '../../src/swarm/gauge.ts';
import { latestCatalog } from '../../src/swarm/latest.ts';
import { FakeClock, FakeLog } from '../support/fakes.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('gauge: rates are those since the last announcement, transfers those of now', () => {
  const clock = new FakeClock();
  let sentBytes = 1000;
  const gauge = nodeGauge({
    clock,
    traffic: () => [
      { transfers: 2, sentBytes },
      { transfers: 3, sentBytes: 5 },
    ],
    folder: () => '/',
  });
  sentBytes += 250_000;
  clock.advance(2000);
  const { transfers, sentBitsPerSec, cpuShare } = gauge.load();
  assert.deepEqual([transfers, sentBitsPerSec], [5, 1_000_000]);
  assert.ok(cpuShare >= 0 && cpuShare <= 1);
  clock.advance(1);
  sentBytes += 1e9;
  assert.equal(gauge.load().sentBitsPerSec, 1_000_000, 'too soon to say anything new');
});

test('gauge: the room that is left is asked for in the background; a folder that is not there has none', async () => {
  const gauge = nodeGauge({ clock: new FakeClock(), traffic: () => [], folder: () => '/' });
  assert.equal(gauge.freeBytes(), 0);
  for (let n = 0; n < 1000 && gauge.freeBytes() === 0; n++) await settle();
  assert.ok(gauge.freeBytes() > 0);
  const nowhere = nodeGauge({ clock: new FakeClock(), traffic: () => [], folder: () => '/no/such/folder' });
  nowhere.freeBytes();
  for (let n = 0; n < 100; n++) await settle();
  assert.equal(nowhere.freeBytes(), 0);
});

test('latest: a catalogue that takes long holds nothing up, and is read once at a time', async () => {
  const log: Log & FakeLog = new FakeLog();
  const waiting: ((loaders: readonly string[]) => void)[] = [];
  const read = () =>
    new Promise<readonly string[]>((resolve) => waiting.push(resolve)).then((loaders) => ({
      ...{ loaders, images: [], entries: [] },
    }));
  const latest = latestCatalog(read, log);
  assert.deepEqual([latest(), latest(), waiting.length], [undefined, undefined, 1]);
  waiting.shift()?.(['a.efi']);
  await settle();
  const first = latest();
  assert.deepEqual(first?.catalog.loaders, ['a.efi']);
  waiting.shift()?.(['a.efi']);
  await settle();
  assert.equal(latest(), first, 'the same value for the same catalogue');
});

test('latest: what cannot be read is said once, and known as it was', async () => {
  const log = new FakeLog();
  let isBroken = false;
  const latest = latestCatalog(async () => {
    if (isBroken) throw new Error('EIO');
    return { loaders: ['a.efi'], images: [], entries: [] };
  }, log);
  latest();
  await settle();
  isBroken = true;
  for (let n = 0; n < 5; n++) {
    assert.deepEqual(latest()?.catalog.loaders, ['a.efi']);
    await settle();
  }
  assert.deepEqual(
    log.lines.map(({ event, error }) => [event, error]),
    [['catalog-unknown', 'EIO']],
  );
});
