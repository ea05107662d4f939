import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatRecord, type LoaderRecord, parseRecord, showOrigin } from '../../src/loaders/record.ts';

const record: LoaderRecord = new Map([
  [
    'shimx64.efi',
    {
      origin: {
        kind: 'package',
        package: 'shim-signed',
        version: '1.44~1',
        architecture: 'amd64',
        path: 'usr/lib/shim/shimx64.efi.signed',
      },
      sha256: 'ab'.repeat(32),
      sizeBytes: 960,
      isSigned: true,
      installedAt: '2026-01-02T03:04:05.000Z',
    },
  ],
  [
    'ipxe.efi',
    {
      origin: { kind: 'folder', path: 'ipxe-x86_64.efi' },
      sha256: 'cd'.repeat(32),
      sizeBytes: 1,
      installedAt: '2026-01-02T03:04:05.000Z',
    },
  ],
]);

test('LOADERS.json reads back as it was written, sorted by name', () => {
  const text = formatRecord(record);
  assert.deepEqual(parseRecord(text), new Map([...record].toReversed()));
  assert.equal(formatRecord(parseRecord(text) ?? new Map()), text);
});

const bad = ['', 'null', '[]', '{}', '{"format":2,"files":{}}', '{"format":1,"files":[]}', '{"format":1', '"x"'];
for (const text of bad) {
  test(`LOADERS.json that is not ours is not understood: ${text || 'empty'}`, () => {
    assert.equal(parseRecord(text), undefined);
  });
}

test('an entry that is not whole is left out', () => {
  const text = formatRecord(record);
  for (const part of ['"sha256"', '"origin"', '"sizeBytes"', '"installedAt"', '"kind"', '"path"']) {
    assert.equal(parseRecord(text.replace(part, '"x"'))?.size, 1, part);
  }
});

test('an origin is shown with version, and with architecture where there are several', () => {
  const shown = [...record.values()].map((file) => showOrigin(file.origin));
  assert.deepEqual(shown, ['shim-signed 1.44~1 (amd64)', 'ipxe-x86_64.efi of the given folder']);
  const origin = { kind: 'package', package: 'ipxe', version: '1', architecture: 'all', path: 'x' } as const;
  assert.equal(showOrigin(origin), 'ipxe 1');
});
