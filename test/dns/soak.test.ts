/** The short form of `soak.ts`: some hours, each weather several times. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soak } from './soak.ts';

test('soak: four hours of 200 machines: bounds hold, everybody is answered once, nothing untrue, memory stays', async () => {
  const report = await soak({ hours: 4, seed: 7, wave: 150, weatherMs: 10 * 60_000, maxEntries: 512 });
  assert.ok(report.questions > 100_000 && report.checked > 3000);
  assert.ok(report.limited > 0 && report.dropped > 0 && report.prefetches > 0);
  assert.equal(report.most.entries, 512, 'the cache was full');
  assert.ok(report.heapBytesPerHour < 2 ** 20, `${report.heapBytesPerHour} octets an hour`);
});
