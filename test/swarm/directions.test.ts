import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDirections, parseRefusal } from '../../src/swarm/directions.ts';
import { mutate, seeded } from '../support/fakes.ts';

const peer = {
  name: 'fnode01',
  address: '172.16.0.11',
  httpPort: 80,
  entries: [{ id: 'a', alias: 'a-1', etag: '"x"' }],
};
const good = {
  version: 1,
  name: 'fnode00',
  domain: 'flisol.lan',
  wantsCatalog: false,
  boots: [{ mac: '52:54:00:*', boot: 'debian-12-live' }],
  peers: [peer, { ...peer, name: 'fnode02', entries: [{ id: 'memtest' }] }],
  challenge: 'abc',
};

test('directions: what flink says comes through, without what nobody knows', () => {
  assert.deepEqual(parseDirections(JSON.stringify({ ...good, extra: 1 })), good);
});

test('directions: where the mirror is comes through; a flink without one says nothing', () => {
  for (const mirrorUrl of ['http://172.16.0.1:3129', 'http://172.16.0.1']) {
    assert.deepEqual(parseDirections(JSON.stringify({ ...good, mirrorUrl })), { ...good, mirrorUrl });
  }
});

for (const mirrorUrl of [
  ...['', 'http://evil.example:3129', 'https://172.16.0.1', 'http://172.16.0.1:0', 'http://172.16.0.1:65536'],
  ...['http://172.16.0.1/', 'http://172.16.0.1:3129/x', 'http://u@172.16.0.1', 'http://172.16.0.256', 'http://1:3129'],
  ...['http://172.16.0.1:3129\n', '//172.16.0.1', 'http://[::1]:3129', null, 3129, ['http://172.16.0.1']],
])
  test(`directions: refused: a mirror at ${JSON.stringify(mirrorUrl)}`, () =>
    assert.equal(parseDirections(JSON.stringify({ ...good, mirrorUrl })), undefined));

const wrong: Readonly<Record<string, unknown>> = {
  'a later version': { ...good, version: 2 },
  'a name that is none': { ...good, name: 'a b' },
  'no challenge': { ...good, challenge: undefined },
  'a list in the place of an object': [good],
  'a pattern that is none': { ...good, boots: [{ mac: 'zz', boot: 'x' }] },
  'an entry over two lines': { ...good, boots: [{ mac: '*', boot: 'x\ny' }] },
  'a peer whose address is a name': { ...good, peers: [{ ...peer, address: 'evil.example' }] },
  'a peer with a port that is none': { ...good, peers: [{ ...peer, httpPort: 0 }] },
  'an alias that would leave its URL': { ...good, peers: [{ ...peer, entries: [{ id: 'a', alias: '../x' }] }] },
  'a null among peers': { ...good, peers: [null] },
  'more peers than a hall has': { ...good, peers: Array.from({ length: 65 }, () => peer) },
  null: null,
};
for (const [name, json] of Object.entries(wrong))
  test(`directions: refused: ${name}`, () => assert.equal(parseDirections(JSON.stringify(json)), undefined));

test('directions: whatever arrives, nothing is thrown', () => {
  const random = seeded(8067);
  const bytes = new TextEncoder().encode(JSON.stringify({ ...good, mirrorUrl: 'http://172.16.0.1:3129' }));
  for (let n = 0; n < 3000; n++) {
    const text = new TextDecoder().decode(mutate(bytes, random));
    parseDirections(text);
    parseRefusal(text);
  }
});

test('directions: a refusal says why and what to do, on one line', () => {
  const said = { version: 1, reason: 'not-in-table', cure: 'put it\ninto fnodes:', challenge: 'c' };
  assert.deepEqual(parseRefusal(JSON.stringify(said)), {
    reason: 'not-in-table',
    cure: 'put it?into fnodes:',
    challenge: 'c',
  });
  assert.deepEqual(parseRefusal('<html>404</html>'), {});
});
