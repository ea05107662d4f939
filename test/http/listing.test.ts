import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FolderEntry } from '../../src/core/content.ts';
import { listingHtml, listingJson } from '../../src/http/listing.ts';

const entries: readonly FolderEntry[] = [
  { name: 'debian 13.iso', kind: 'file', sizeBytes: 1_400_000_000, modifiedMs: Date.UTC(2026, 0, 2, 3, 4, 5) },
  { name: 'sub', kind: 'folder', sizeBytes: 0, modifiedMs: 0 },
];
const hostile = `<img src=x onerror="a()">&'`;

test('listing: names link absolutely, escaped, folders with a slash', () => {
  const html = listingHtml('/isos', entries, 'fnode00');
  assert.match(
    html,
    /<a href="\/isos\/debian%2013\.iso">debian 13\.iso<\/a><\/td><td>1\.4 GB<\/td><td>2026-01-02 03:04</,
  );
  assert.match(html, /<a href="\/isos\/sub\/">sub\/<\/a>/);
  assert.match(html, /<a href="\/">\.\.<\/a>/);
});

test('listing: a name is never markup', () => {
  const html = listingHtml(`/isos/${hostile}`, [{ name: hostile, kind: 'file', sizeBytes: 1, modifiedMs: 0 }], hostile);
  assert.ok(!/<img|onerror="/.test(html));
  assert.match(html, /&#60;img src=x onerror=&#34;a\(\)&#34;&#62;&#38;&#39;/);
});

test('listing: JSON has kinds, sizes of files, and times in UTC', () => {
  assert.deepEqual(JSON.parse(listingJson('/isos', entries)), {
    path: '/isos',
    entries: [
      { name: 'debian 13.iso', kind: 'file', sizeBytes: 1_400_000_000, modified: '2026-01-02T03:04:05.000Z' },
      { name: 'sub', kind: 'folder', modified: '1970-01-01T00:00:00.000Z' },
    ],
  });
});
