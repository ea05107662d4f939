/** The line about how far warming is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { warmLine } from '../../src/cli/warmline.ts';
import type { WarmStanding } from '../../src/core/warming.ts';

const standing: WarmStanding = {
  ...{ doing: 'objects', objects: 1840, doneObjects: 312, bytes: 4_800_000_000, doneBytes: 1_200_000_000 },
  ...{ keptObjects: 0, failedObjects: 0, broughtBytes: 1_200_000_000, elapsedMs: 3_000_000 },
};

const LINES: readonly (readonly [string, Partial<WarmStanding>, string])[] = [
  [
    'objects, octets, rate, time',
    {},
    '[######------------------] 312 of 1840, 1.2 GB of 4.8 GB, 3.2 Mbit/s, 2h30m left',
  ],
  [
    'failures',
    { failedObjects: 2, broughtBytes: 0 },
    '[######------------------] 312 of 1840, 1.2 GB of 4.8 GB, 2 failed',
  ],
  ['no rate at once', { elapsedMs: 100 }, '[######------------------] 312 of 1840, 1.2 GB of 4.8 GB'],
  [
    'sizes that nobody said',
    { doing: 'indexes', objects: 4, doneObjects: 1, bytes: 5, doneBytes: 5, broughtBytes: 0 },
    '[######------------------] 1 of 4 indexes, 5 B of 5 B',
  ],
  [
    'nothing at all',
    { objects: 0, doneObjects: 0, bytes: 0, doneBytes: 0, broughtBytes: 0 },
    '[------------------------] 0 of 0, 0 B of 0 B',
  ],
];
for (const [rule, more, want] of LINES)
  test(`warming's line: ${rule}`, () => assert.equal(warmLine({ ...standing, ...more }), want));
