import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Announcement, MAX_ANNOUNCEMENT_BYTES, type NodeCatalog, type NodeImage } from '../../src/core/swarm.ts';
import { parseAnnouncement } from '../../src/swarm/announcement.ts';
import { catalogued, encodeAnnouncement, NO_TAG } from '../../src/swarm/compose.ts';

const image = (n: number, chars: number): NodeImage => ({
  alias: `a${n}`,
  name: 'x'.repeat(chars),
  sizeBytes: n,
  etag: `"${n}"`,
  entries: [`e${n}`],
});
const catalogOf = (count: number, chars = 10): NodeCatalog => ({
  loaders: ['shimx64.efi'],
  images: Array.from({ length: count }, (_, n) => image(n, chars)),
  entries: Array.from({ length: count }, (_, n) => `e${n}`),
});
const around: Omit<Announcement, 'catalogTag'> = {
  version: 1,
  ...{ name: 'fnode', session: 's', sequence: 1, httpPort: 80, tftpPort: 69, isLeaving: false },
  load: { transfers: 0, sentBitsPerSec: 0, cpuShare: 0 },
  ...{ freeBytes: 0, fetched: [] },
};

test('compose: the tag changes with the catalogue alone', () => {
  const tags = [catalogOf(3), catalogOf(3), catalogOf(4)].map((catalog) => catalogued(catalog).tag);
  assert.equal(tags[0], tags[1]);
  assert.notEqual(tags[1], tags[2]);
  assert.notEqual(tags[0], NO_TAG);
});

const sizes = [
  { name: 'a hall', catalog: catalogOf(100), isCut: false },
  { name: 'more images than flink takes', catalog: catalogOf(2001), isCut: true },
  { name: 'more octets than flink takes', catalog: catalogOf(1900, 2000), isCut: true },
];
for (const { name, catalog, isCut } of sizes) {
  test(`compose: ${name}: flink takes what is said`, () => {
    const { tag, catalog: said, ...cut } = catalogued(catalog);
    const body = encodeAnnouncement({ ...around, catalogTag: tag, catalog: said });
    assert.ok(body.length <= MAX_ANNOUNCEMENT_BYTES);
    assert.equal(cut.isCut, isCut);
    assert.ok(said.images.length > 400 || !isCut);
    const parsed = parseAnnouncement(body);
    assert.ok(parsed.ok);
    assert.deepEqual(parsed.announcement.catalog?.entries, said.entries);
  });
}
