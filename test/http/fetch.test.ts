/** What the service tells of clients, for announcements. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LOOPBACK } from '../../src/core/addr.ts';
import { memoryContent } from '../../src/core/content.ts';
import { httpService } from '../../src/http/server.ts';
import { fakeHost } from '../support/fakes.ts';
import { ask, pattern, request } from './wire.ts';

const bytes = pattern(100_000);

test('fetch: a body is told of when it begins and when all of it was sent; HEAD, 304, 416 and 404 have none', async (t) => {
  const told: string[] = [];
  const service = httpService(() => ({ listen: [LOOPBACK], port: 0, nodeName: 'fnode00' }), {
    host: fakeHost(),
    open: async (path) =>
      path === '/isos/a.iso'
        ? { kind: 'file', content: memoryContent(bytes, '"a"', 0) }
        : { kind: 'missing', reason: 'not-found' },
    health: () => ({ ok: true, services: {} }),
    onFetch: (client, path, sentBytes) => told.push(`${client} ${path} ${sentBytes}`),
  });
  await service.start();
  t.after(() => service.stop());
  const [at] = service.address();
  assert.ok(at);
  const get = (fields: readonly string[], method = 'GET', path = '/isos/a.iso') =>
    ask(at, request(path, fields, method), '127.0.0.9');

  await get([]);
  await get(['Range: bytes=100-299']);
  assert.deepEqual(told, [
    '127.0.0.9 /isos/a.iso 0',
    '127.0.0.9 /isos/a.iso 100000',
    '127.0.0.9 /isos/a.iso 0',
    '127.0.0.9 /isos/a.iso 200',
  ]);
  await get([], 'HEAD');
  await get(['If-None-Match: "a"']);
  await get(['Range: bytes=900000-']);
  await get([], 'GET', '/isos/b.iso');
  assert.equal(told.length, 4);

  const { transfers, sentBytes } = service.traffic();
  assert.equal(transfers, 0);
  assert.ok(sentBytes > 100_200 && sentBytes < 110_000, `${sentBytes} with heads`);
});
