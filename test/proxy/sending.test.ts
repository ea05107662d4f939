/** What requests carry: which of them take a connection, when it is sent, and whether the origin wants it. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import type { ClientLimits, Outgoing } from '../../src/proxy/client.ts';
import { clientOf, HOST, rawHost, refused, request, until, whole } from './rawhost.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const NEVER: Partial<ClientLimits> = { gatherMs: 1e6, continueMs: 1e6 };

/** Some turns of the loop, in which nothing is to happen. */
async function turns(): Promise<void> {
  let left = 20;
  await until(() => --left === 0);
}

/** As a client's request is that is still coming. */
const coming = (): Readable => new Readable({ read() {}, highWaterMark: 1000 });

const post = (port: number, from: Readable, bytes: number | undefined, more: Partial<Outgoing> = {}): Outgoing =>
  request(port, { method: 'POST', fields: ['Host', HOST], content: { from, bytes }, ...more });

test('no connection is taken before the content is here', async (t) => {
  const host = await rawHost(t, (socket) => socket.write(OK));
  const from = coming();
  from.push('abc');
  const { answer } = clientOf(t, { limits: NEVER }).ask(post(host.port, from, 6));
  await turns();
  assert.equal(host.sockets.length, 0);
  from.push('def');
  assert.equal(await whole(answer), '200 hi');
  await until(() => host.heard[0]?.endsWith('\r\n\r\nabcdef') === true);
});

for (const { name, start, more, bytes, limits } of [
  { name: 'it is more than is waited for', start: 'x'.repeat(1000), more: 'y', bytes: 1001, limits: NEVER },
  { name: 'it has taken too long', start: 'a', more: 'b', bytes: 2, limits: { gatherMs: 5 } },
  {
    name: 'its length is not known, and it has taken too long',
    start: 'a',
    more: 'b',
    bytes: undefined,
    limits: { gatherMs: 5 },
  },
])
  test(`one is taken before all of it is here: ${name}`, async (t) => {
    const host = await rawHost(t, () => {});
    const from = coming();
    from.push(start);
    const { answer } = clientOf(t, { limits }).ask(post(host.port, from, bytes));
    await until(() => host.heard[0]?.includes(start) === true);
    from.push(more);
    from.push(null);
    await until(() => host.heard[0]?.includes(more) === true);
    host.sockets[0]?.write(OK);
    assert.equal(await whole(answer), '200 hi');
  });

test('chunks that have ended are all here, though nobody told their length', async (t) => {
  const host = await rawHost(t, () => {});
  const from = Object.assign(coming(), { complete: false });
  from.push('abc');
  const { answer } = clientOf(t, { limits: NEVER }).ask(post(host.port, from, undefined));
  await turns();
  assert.equal(host.sockets.length, 0);
  from.complete = true;
  from.push(null);
  await until(() => host.heard[0]?.endsWith('3\r\nabc\r\n0\r\n\r\n') === true);
  host.sockets[0]?.write(OK);
  assert.equal(await whole(answer), '200 hi');
});

test('contents that dribble in hold a quarter of an origin’s connections; others do not wait for them', async (t) => {
  const host = await rawHost(
    t,
    (socket, _, nth) => nth === 0 && answerShort(socket, host.heard[host.sockets.indexOf(socket)]),
  );
  const client = clientOf(t, { limits: { gatherMs: 1, maxPerOrigin: 4, continueMs: 1e6 } });
  const slow = ['a', 'b', 'c'].map((name) => {
    const from = coming();
    from.push(name);
    const { answer } = client.ask(post(host.port, from, 9, { client: name }));
    return { from, answer };
  });
  await until(() => host.heard.length === 1 && host.heard[0]?.endsWith('a') === true);
  assert.equal(await whole(client.ask(request(host.port)).answer), '200 hi');
  const small = coming();
  small.push('now');
  assert.equal(await whole(client.ask(post(host.port, small, 3, { client: 'd' })).answer), '200 hi');
  // What has come meanwhile need not wait for those that have not.
  slow[2]?.from.push('c'.repeat(8));
  await until(() => host.heard.some((said) => said.endsWith('c'.repeat(9))));
  assert.ok(!host.heard.some((said) => said.endsWith('b')));
  slow[0]?.from.destroy();
  assert.equal(await refused(slow[0]?.answer ?? assert.fail()), '400 broken');
  await until(() => host.heard.some((said) => said.endsWith('b')));
});

function answerShort(socket: Socket, head = ''): void {
  if (!head.includes('Content-Length: 9')) socket.write(OK);
}

test('who waits too long for a turn, or finds too many waiting, is told', async (t) => {
  const host = await rawHost(t, () => {});
  const limits = { gatherMs: 1, maxPerOrigin: 4, maxWaiting: 4, waitMs: 30 };
  const client = clientOf(t, { limits });
  const all = [0, 1, 2].map((n) => {
    const from = coming();
    from.push('a');
    return refused(client.ask(post(host.port, from, 9, { client: `${n}` })).answer);
  });
  assert.deepEqual(await Promise.all(all.slice(1)), ['503 busy', '503 busy']);
  assert.equal(host.sockets.length, 1);
});

test('Expect: nothing is sent before the origin’s 100, and who sends it is told by that (RFC 9110 §10.1.1)', async (t) => {
  const host = await rawHost(t, () => {});
  const from = coming();
  let wanted = 0;
  const onWanted = (): void => {
    wanted += 1;
    from.push('abc');
  };
  const { answer } = clientOf(t, { limits: NEVER }).ask(
    post(host.port, from, 3, { content: { from, bytes: 3, onWanted } }),
  );
  const head = `POST / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n`;
  await until(() => host.heard[0] === head);
  host.sockets[0]?.write('HTTP/1.1 103 Early Hints\r\n\r\n');
  await turns();
  assert.deepEqual([wanted, host.heard[0]], [0, head]);
  host.sockets[0]?.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n');
  await until(() => host.heard[0] === `${head}abc`);
  host.sockets[0]?.write(OK);
  assert.equal(await whole(answer), '200 hi');
  assert.equal(wanted, 1);
});

test('Expect: an answer instead is the answer; nothing is sent, and the connection is closed', async (t) => {
  const host = await rawHost(t, (socket) => socket.write('HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno'));
  const from = coming();
  const limits = { continueMs: 20 };
  const content = { from, bytes: 3, onWanted: () => assert.fail('nobody wants it') };
  assert.equal(await whole(clientOf(t, { limits }).ask(post(host.port, from, 3, { content })).answer), '401 no');
  await until(() => host.open() === 0);
  assert.ok(host.heard[0]?.endsWith('\r\n\r\n'));
  assert.deepEqual([from.destroyed, from.listenerCount('close')], [false, 0]);
});

test('Expect: an origin that says nothing is sent the content after a while', async (t) => {
  const host = await rawHost(t, () => {});
  const from = coming();
  const content = { from, bytes: 3, onWanted: () => void from.push('abc') };
  const { answer } = clientOf(t, { limits: { continueMs: 5 } }).ask(post(host.port, from, 3, { content }));
  await until(() => host.heard[0]?.endsWith('\r\n\r\nabc') === true);
  host.sockets[0]?.write(OK);
  assert.equal(await whole(answer), '200 hi');
});

for (const what of ['abort', 'stop'] as const)
  test(`${what} while content is gathered: it is said, and nothing is left`, async (t) => {
    const host = await rawHost(t, () => {});
    const client = clientOf(t, { limits: { gatherMs: 10 } });
    const from = coming();
    from.push('a');
    const asking = client.ask(post(host.port, from, 9));
    if (what === 'stop') client.stop();
    else asking.abort();
    assert.equal(await refused(asking.answer), '502 broken');
    const left = ['error', 'close', 'readable'].map((event) => from.listenerCount(event));
    assert.deepEqual([host.sockets.length, ...left], [0, 0, 0, 0]);
  });
