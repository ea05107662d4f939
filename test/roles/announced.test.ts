/** What a node tells flink of itself follows its menus. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Transport } from '../../src/core/image.ts';
import { menuContent } from '../../src/menu/routes.ts';
import { announced } from '../../src/roles/announced.ts';
import { catalogued } from '../../src/swarm/compose.ts';
import { folderOf, SETTINGS } from '../menu/fixtures.ts';
import { CASPER_NFS, imageOf, MINT } from '../menu/images.ts';
import { fakeHost } from '../support/fakes.ts';

test('entries that stream are announced for as long as NFS is served, and the catalogue gets another tag each time', async () => {
  const transports = new Set<Transport>(['http', 'tftp']);
  const old = { ...MINT, version: '19', entries: [CASPER_NFS] };
  const images = [imageOf('mint.iso', MINT, { etag: '"a"' }), imageOf('old.iso', old, { etag: '"b"' })];
  const menu = menuContent(() => ({ ...SETTINGS, transports }), {
    ...{
      ...folderOf({ '/isos/mint.iso': 1, '/isos/old.iso': 1 }),
      hasLoader: () => false,
      images: () => images,
      host: fakeHost(),
    },
  });
  const parts = { open: async () => ({ kind: 'missing', reason: 'not-found' }) as const, menu, images: () => images };
  const whole = 'linux-mint-22-cinnamon-amd64';
  const streams = `${whole}-nfs`;
  // It knows NFS alone: the plain name is its only entry's.
  const only = 'linux-mint-19-cinnamon-amd64';
  const without = await announced(parts);
  assert.deepEqual(without.entries, ['local', whole]);
  assert.deepEqual(
    without.images.map(({ alias, entries }) => [alias, entries]),
    [['mint', [whole]]],
  );
  transports.add('nfs');
  const served = await announced(parts);
  assert.deepEqual(served.entries, ['local', streams, whole, only]);
  assert.deepEqual(
    served.images.map(({ alias, entries }) => [alias, entries]),
    [
      ['mint', [streams, whole]],
      ['old', [only]],
    ],
  );
  assert.notEqual(catalogued(served).tag, catalogued(without).tag);
  transports.delete('nfs');
  assert.deepEqual(await announced(parts), without);
});
