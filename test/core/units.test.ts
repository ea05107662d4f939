import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isoMoments,
  parseDurationSec,
  parseRateBitsPerSec,
  parseSizeBytes,
  showBytes,
  showDuration,
  showMemory,
} from '../../src/core/units.ts';

const cases: readonly (readonly [(text: string) => number | undefined, string, number | undefined])[] = [
  [parseDurationSec, '24h', 86_400],
  [parseDurationSec, '1h30m', 5400],
  [parseDurationSec, '90', 90],
  [parseDurationSec, '0s', 0],
  [parseDurationSec, '1.5h', undefined],
  [parseDurationSec, 'h', undefined],
  [parseDurationSec, '-1s', undefined],
  [parseSizeBytes, '40MB', 40_000_000],
  [parseSizeBytes, '40MiB', 41_943_040],
  [parseSizeBytes, '1.5 GB', 1_500_000_000],
  [parseSizeBytes, '512k', 512_000],
  [parseSizeBytes, '7', 7],
  [parseSizeBytes, '40MBs', undefined],
  [parseRateBitsPerSec, '90Mbps', 90_000_000],
  [parseRateBitsPerSec, '512kbit', 512_000],
  [parseRateBitsPerSec, '90', undefined],
];
for (const [parse, text, want] of cases)
  test(`${parse.name}: ${text} is ${want ?? 'refused'}`, () => assert.equal(parse(text), want));

test('showDuration is what parseDurationSec reads', () => {
  for (const seconds of [0, 1, 59, 60, 3661, 86_400, 90_061])
    assert.equal(parseDurationSec(showDuration(seconds)), seconds);
});

test('showBytes: two digits below ten, whole numbers above', () => {
  assert.deepEqual([0, 999, 1000, 1_440_000, 86_000_000, 4_700_000_000].map(showBytes), [
    '0 B',
    '999 B',
    '1.0 kB',
    '1.4 MB',
    '86 MB',
    '4.7 GB',
  ]);
});

test('showMemory: as machines are sold; from 4 GB on in halves', () => {
  assert.deepEqual([512, 1024, 1152, 2048, 3456, 4090, 4608, 7232, 7424].map(showMemory), [
    ...['512 MB', '1 GB', '1.1 GB', '2 GB', '3.4 GB', '4 GB', '4.5 GB', '7 GB', '7.5 GB'],
  ]);
});

test('isoMoments: each millisecond in its own words, also when the clock goes back', () => {
  const iso = isoMoments();
  assert.deepEqual([0, 0, 1, 0].map(iso), [
    '1970-01-01T00:00:00.000Z',
    '1970-01-01T00:00:00.000Z',
    '1970-01-01T00:00:00.001Z',
    '1970-01-01T00:00:00.000Z',
  ]);
});
