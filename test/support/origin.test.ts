/** The test origin and the test client, against each other: what tests of the proxy rest on. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { ask, requestFor, Wire } from './httpask.ts';
import { openOrigin } from './origin.ts';
import { Seeded, serve } from './origincontent.ts';

const content = new Seeded('one', 300_001);
const ETAG = '"one"';

test('content of a seed is the same from any place on, and another for another seed', () => {
  const whole = content.whole();
  for (const [from, to] of [
    [0, 1],
    [17, 4_000],
    [299_999, 300_001],
  ] as const)
    assert.deepEqual(content.part(from, to), whole.subarray(from, to));
  assert.notDeepEqual(new Seeded('two', 100).whole(), whole.subarray(0, 100));
  assert.equal(whole.length, 300_001);
});

test('an object whole, by range, by condition, by HEAD, chunked, and up to the end of the connection', async (t) => {
  const origin = await openOrigin(t, (request, reply) => serve(request, reply, content, { etag: ETAG }));
  const get = (fields = {}, method = 'GET') =>
    ask(origin.at, { method, url: '/x', fields: { Host: 'h', ...fields } }, { isHashed: true });
  const whole = await get();
  assert.deepEqual([whole.status, whole.sha256, whole.ended], [200, content.sha256(), 'length']);
  const part = await get({ Range: 'bytes=10-19', 'If-Range': ETAG });
  assert.deepEqual([part.status, part.field('content-range')], [206, 'bytes 10-19/300001']);
  assert.deepEqual(part.body, content.part(10, 20));
  assert.equal((await get({ Range: 'bytes=10-19', 'If-Range': '"two"' })).status, 200);
  assert.equal((await get({ Range: 'bytes=-5' })).field('content-range'), 'bytes 299996-300000/300001');
  assert.equal((await get({ Range: 'bytes=300001-' })).status, 416);
  assert.deepEqual([(await get({ 'If-None-Match': ETAG })).status, (await get({}, 'HEAD')).bytes], [304, 0]);
  for (const framing of ['chunked', 'close'] as const) {
    origin.behave = (request, reply) => serve(request, reply, content, { framing });
    const other = await get();
    assert.deepEqual([other.sha256, other.ended], [content.sha256(), framing]);
  }
  assert.equal(origin.requests.length, 9);
  assert.deepEqual(origin.faults, []);
});

test('an origin breaks off at an octet, by its will or by a reset, and the client says that it was cut', async (t) => {
  const origin = await openOrigin(t, () => {});
  for (const breakBy of ['close', 'reset'] as const) {
    origin.behave = (request, reply) => serve(request, reply, content, { breakAt: 100_000, breakBy });
    const got = await ask(origin.at, { url: '/x', fields: { Host: 'h' } }).catch(String);
    assert.ok(typeof got === 'string' || (got.ended === 'cut' && got.bytes <= 100_000));
  }
});

test('requests behind one another, with content of either framing, are answered in order and remembered as they came', async (t) => {
  const origin = await openOrigin(t, (request, reply) => reply.answer(200, {}, request.body));
  const wire = await Wire.open(origin.at);
  wire.send(requestFor('POST', '/a', { Host: 'h' }, 'one'));
  wire.send('POST /b HTTP/1.1\r\nhOsT: h\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\ntwo\r\n0\r\nSum: 1\r\n\r\n');
  wire.send(requestFor('HEAD', '/c', { Host: 'h' }), 'GET');
  assert.deepEqual([(await wire.next()).text, (await wire.next()).text], ['one', 'two']);
  assert.deepEqual(origin.asked(), ['POST /a', 'POST /b', 'HEAD /c']);
  assert.deepEqual(origin.requests[1]?.trailers, [['Sum', '1']]);
  assert.match(origin.requests[1]?.raw ?? '', /\r\nhOsT: h\r\n/);
  assert.deepEqual([origin.connections, origin.open], [1, 1]);
  wire.close();
});

test('an origin that never ends is held up by who does not read, and ends when that one goes', async (t) => {
  const ended = Promise.withResolvers<void>();
  const origin = await openOrigin(t, async (_, reply) => {
    await reply.head(200);
    const block = Buffer.alloc(65_536);
    while (await reply.send(block));
    ended.resolve();
  });
  const wire = await Wire.open(origin.at, { keepBytes: 0 });
  wire.send(requestFor('GET', '/x', { Host: 'h' }));
  await wire.until('a megabyte', () => wire.contentBytes > 2 ** 20);
  wire.pause();
  wire.close();
  await ended.promise;
  assert.ok(origin.sentBytes < 64 * 2 ** 20);
});

test('a wrong octet is an error of who looks, and a hash is that of what came', async (t) => {
  const origin = await openOrigin(t, (_, reply) => reply.answer(200, {}, 'abc'));
  const onContent = (): void => {
    throw new Error('wrong');
  };
  const request = { url: '/', fields: { Host: 'h' } };
  await assert.rejects(ask(origin.at, request, { onContent }), /wrong/);
  const hash = createHash('sha256').update('abc').digest('hex');
  assert.equal((await ask(origin.at, request, { isHashed: true, keepBytes: 1 })).sha256, hash);
});
