import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isJoliet, jolietName } from '../../src/iso/joliet.ts';
import { openVolume } from '../../src/iso/open.ts';
import { folder, image, ROCK_RIDGE_ROOT, ROOT_LBA, record, SECTOR } from './handmade.ts';
import { readerOf } from './support.ts';

/** Octets of big-endian UTF-16. */
function ucs2(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}

const names = [
  { stored: ucs2('Café ☃.txt;1'), want: 'Café ☃.txt', rule: 'no version' },
  { stored: ucs2('Grüße'), want: 'Grüße', rule: 'none to cut' },
  { stored: ucs2('dot.'), want: 'dot.', rule: 'a dot at the end is somebody’s' },
  { stored: ucs2('A b;c;12'), want: 'A b;c', rule: 'other semicolons stay' },
  { stored: ucs2('x'.repeat(103)), want: 'x'.repeat(103), rule: '103 characters, as -joliet-long writes' },
  { stored: ucs2('😀'), want: '😀', rule: 'a pair of surrogates is what it looks like' },
  { stored: ucs2('a\ud800b'), want: 'a\ufffdb', rule: 'half a pair is replaced' },
  { stored: Buffer.concat([ucs2('ab'), Buffer.from([0x63])]), want: 'ab', rule: 'a last odd octet is no character' },
];
for (const { stored, want, rule } of names) test(`Joliet name: ${rule}`, () => assert.equal(jolietName(stored), want));

/** A primary tree with PLAIN.TXT, and a supplementary one with names in UCS-2. ECMA-119 §8.5 */
function both(escapes: string, root = folder([])): Uint8Array {
  const joliet = folder(
    [record({ name: ucs2('Ünï.txt;1'), sizeBytes: 1 }), record({ name: ucs2('a/b'), sizeBytes: 1 })],
    { name: '\0', lba: 25 },
  );
  const bytes = image({ sectors: { [ROOT_LBA]: root, 25: joliet } });
  const descriptor = bytes.slice(16 * SECTOR, 17 * SECTOR);
  descriptor[0] = 2;
  descriptor.set(Buffer.from(escapes, 'latin1'), 88);
  descriptor.set(record({ name: '\0', flags: 2, lba: 25, sizeBytes: SECTOR }), 156);
  bytes.copyWithin(18 * SECTOR, 17 * SECTOR, 18 * SECTOR);
  bytes.set(descriptor, 17 * SECTOR);
  return bytes;
}

const plain = folder([record({ name: 'PLAIN.TXT;1', sizeBytes: 1 })]);
const choices = [
  { rule: 'UCS-2 level 1', escapes: '%/@', root: plain, want: ['joliet', 'Ünï.txt'] },
  { rule: 'UCS-2 level 2', escapes: '%/C', root: plain, want: ['joliet', 'Ünï.txt'] },
  { rule: 'UCS-2 level 3', escapes: '%/E', root: plain, want: ['joliet', 'Ünï.txt'] },
  { rule: 'another character set is none', escapes: '%/G', root: plain, want: ['plain', 'plain.txt'] },
  { rule: 'an enhanced descriptor of ISO 9660:1999 is none', escapes: '', root: plain, want: ['plain', 'plain.txt'] },
  {
    rule: 'Rock Ridge is preferred',
    escapes: '%/E',
    root: folder([record({ name: 'X', sizeBytes: 1 })], ROCK_RIDGE_ROOT),
    want: ['rock-ridge', 'x'],
  },
];
for (const { rule, escapes, root, want } of choices)
  test(`Joliet volume: ${rule}`, async () => {
    const bytes = both(escapes, root);
    const volume = await openVolume(readerOf(bytes), bytes.length);
    const nodes = await volume.readFolder(volume.root, readerOf(bytes));
    assert.deepEqual([volume.names, ...nodes.map(({ name }) => name)], want);
    assert.equal(volume.label, 'HANDMADE');
  });

test('isJoliet looks at the escape sequence alone', () => {
  assert.equal(isJoliet({ escapes: '%/E\0\0' } as Parameters<typeof isJoliet>[0]), true);
});
