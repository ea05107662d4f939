import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryContent } from '../../src/core/content.ts';
import { Releases } from '../../src/proxy/releases.ts';
import type { Entry } from '../../src/proxy/types.ts';

const SUM = 'a'.repeat(64);
const TEXT = Buffer.from(`Origin: Test\nSHA256:\n ${SUM} 10 main/binary-amd64/Packages\n`);

const entry = (id: number, sha256?: string): Entry => ({
  ...{ id, key: `http://mirror.test/${id}/InRelease`, varies: [], head: { status: 200, fields: [] }, sha256 },
  ...{ askedAtMs: 0, answeredAtMs: 0, sizeBytes: TEXT.length },
});

/** Counts how often a release is opened, and how many are open at a time. */
function shelf(releases: readonly Entry[]) {
  const counts = { opened: 0, open: 0, mostOpen: 0 };
  const store = {
    find: (key: string) => releases.filter((release) => release.key === key),
    open: async () => {
      counts.opened += 1;
      counts.open += 1;
      counts.mostOpen = Math.max(counts.mostOpen, counts.open);
      const content = memoryContent(TEXT, '"1"', 0);
      return {
        ...content,
        close: async () => {
          counts.open -= 1;
        },
      };
    },
  };
  return { releases: new Releases(store), counts };
}

const path = 'main/binary-amd64/Packages';
const listedBy = (release: Entry) => ({ releaseKey: release.key, path });

test('an index belongs to the release that is kept if that lists it with its sum; where none is kept nothing contradicts', async () => {
  const kept = entry(1);
  const { releases } = shelf([kept]);
  assert.equal(await releases.agrees(listedBy(kept), entry(7, SUM)), true);
  assert.equal(await releases.agrees(listedBy(kept), entry(7, 'b'.repeat(64))), false);
  assert.equal(await releases.agrees(listedBy(entry(2)), entry(7, 'b'.repeat(64))), true);
});

test('a release is read once however many ask, and one at a time: a hall that is unplugged asks all at once', async () => {
  const kept = [entry(1), entry(2), entry(3)];
  const { releases, counts } = shelf(kept);
  const asked = Array.from({ length: 300 }, (_, i) =>
    releases.agrees(listedBy(kept[i % 3] ?? entry(1)), entry(7, SUM)),
  );
  assert.ok((await Promise.all(asked)).every(Boolean));
  assert.deepEqual(counts, { opened: 3, open: 0, mostOpen: 1 });
});
