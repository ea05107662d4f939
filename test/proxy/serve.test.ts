import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { Connections } from '../../src/http/connections.ts';
import { BigBuffers } from '../../src/http/pool.ts';
import { Bandwidth } from '../../src/proxy/bandwidth.ts';
import type { Fetches } from '../../src/proxy/fetches.ts';
import { HotAnswers } from '../../src/proxy/hot.ts';
import { Ranges } from '../../src/proxy/ranges.ts';
import { Releases } from '../../src/proxy/releases.ts';
import { type ServeDeps, serve } from '../../src/proxy/serve.ts';
import { Tally } from '../../src/proxy/tally.ts';
import type { Want } from '../../src/proxy/want.ts';
import { FakeClock, FakeLog } from '../support/fakes.ts';
import { ask } from '../support/httpask.ts';
import { fakeStore } from './fakestore.ts';

const URL_ASKED = 'http://origin.test/dists/a';

test('a content that cannot be read is asked for as if it had never been there, once', async (t) => {
  const store = fakeStore();
  const head = { status: 200, fields: ['ETag', '"one"'] };
  const kept = {
    id: 1,
    key: URL_ASKED,
    varies: [],
    head,
    askedAtMs: 0,
    answeredAtMs: 0,
    sizeBytes: 5,
    sha256: undefined,
  };
  store.entries.set(URL_ASKED, [kept]);
  store.open = async () => undefined;
  const clock = new FakeClock();
  const wants: Want[] = [];
  const fetches: Pick<Fetches, 'get' | 'left' | 'landing' | 'isFlying'> = {
    get: (want) => {
      wants.push(want);
      const entry = want.stored;
      const outcome = entry
        ? ({ kind: 'entry', entry, source: 'revalidated' } as const)
        : ({ kind: 'refused', refusal: { status: 502, reason: 'broken', says: 'Asked once more.' } } as const);
      assert.ok(wants.length < 10, 'asked again and again');
      return { fetched: Promise.resolve(outcome), leave: () => {} };
    },
    ...{ left: () => {}, landing: () => undefined, isFlying: () => false },
  };
  const deps = {
    terms: () => ({
      ...{ pseudonym: 'flisolator-test', isOwn: () => false, reach: { inside: [], own: [], allow: [] } },
      ...{
        isBlocked: () => false,
        refreshRule: () => ({ kind: 'checked' }),
        mirrorUrl: () => undefined,
        page: () => '',
      },
    }),
    ...{ fetches, store, clock, log: new FakeLog(), tally: new Tally(), pseudonym: 'flisolator-test' },
    ...{ ranges: new Ranges(() => clock.now()), releases: new Releases(store), pool: new BigBuffers(1), boundary: 'b' },
    bandwidth: new Bandwidth(() => ({ totalBitsPerSec: undefined, perClientBitsPerSec: undefined }), clock),
  } as unknown as ServeDeps;
  const bounds = { max: 10, maxPerSource: 10, stalledMs: 1000 };
  const connections = new Connections(bounds, () => clock.now());
  const server = http.createServer();
  t.after(() => server.close());
  server.on('connection', (socket) => connections.admit(socket));
  server.on('request', (request, response) => {
    const connection = connections.of(request.socket);
    assert.ok(connection);
    const turn = {
      door: 'forward',
      connection,
      hot: new HotAnswers(() => clock.date()),
      asked: new WeakMap(),
    } as const;
    void serve(request, response, turn, deps);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const answer = await ask({ address: '127.0.0.1', port }, { url: URL_ASKED });
  assert.deepEqual([answer.status, answer.text], [502, 'Asked once more.\n']);
  assert.deepEqual(
    wants.map(({ stored }) => stored?.id),
    [1, undefined],
  );
});
