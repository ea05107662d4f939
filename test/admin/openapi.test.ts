import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { openApiDocument, openApiText, PATHS } from '../../src/admin/openapi.ts';

test('schema/flink-api.json says what the shapes say (npm run docs writes it anew)', () => {
  assert.equal(readFileSync(new URL('../../schema/flink-api.json', import.meta.url), 'utf8'), openApiText());
});

test('every reference in the document leads somewhere', () => {
  const document = openApiDocument();
  const refs = [...openApiText().matchAll(/"\$ref": "#\/([^"]+)"/g)].map(([, path = '']) => path);
  assert.ok(refs.length > 20);
  for (const ref of refs) {
    const found = ref.split('/').reduce<unknown>((node, key) => (node as Record<string, unknown>)?.[key], document);
    assert.equal(typeof found, 'object', ref);
  }
});

test('operations have ids of their own, and parameters that say whether they are needed', () => {
  const { paths } = openApiDocument() as { paths: Record<string, Record<string, { operationId: string }>> };
  const ids = Object.values(paths).flatMap((path) => Object.values(path).map(({ operationId }) => operationId));
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(ids.length, PATHS.size + 2, 'each path is read; announcements are posted, and the cache purged');
  const explain = paths['/api/v1/explain']?.get as unknown as { parameters: { name: string; required: boolean }[] };
  assert.deepEqual(
    explain?.parameters.map(({ name, required }) => [name, required]),
    [
      ['mac', true],
      ['arch', false],
      ['userClass', false],
      ['httpClient', false],
    ],
  );
});

test('docs/admin-api.md has every path', () => {
  const page = readFileSync(new URL('../../docs/admin-api.md', import.meta.url), 'utf8');
  for (const path of PATHS.keys()) assert.ok(page.includes(path), path);
});
