import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { isFlink, openLine } from '../../src/swarm/post.ts';

async function serve(
  t: TestContext,
  answer: http.RequestListener,
): Promise<{ url: string; connections: () => number }> {
  let connections = 0;
  const server = http.createServer(answer).listen(0, '127.0.0.1');
  server.on('connection', () => {
    connections += 1;
  });
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections: () => connections };
}

test('post: announcements go by one connection, octet by octet, and answers come back with their signature', async (t) => {
  const { url, connections } = await serve(t, async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    response.writeHead(401, { 'X-Flisolator-Signature': 'sha256=ab' }).end(`${request.method} ${body}`);
  });
  const line = openLine();
  t.after(() => line.close());
  for (const text of ['a', 'ü', 'c']) {
    const answer = await line.post(`${url}/x`, Buffer.from(text), { 'content-type': 'application/json' });
    assert.deepEqual(answer, { status: 401, body: `POST ${text}`, signature: 'sha256=ab' });
  }
  assert.equal(connections(), 1);
});

test('post: more than a MiB is no answer, nor is half of one, nor a closed port', async (t) => {
  const { url } = await serve(t, (request, response) => {
    if (request.url === '/half')
      response.writeHead(200, { 'Content-Length': '10' }).write('x', () => response.destroy());
    else response.end(Buffer.alloc((1 << 20) + 1));
  });
  const line = openLine();
  t.after(() => line.close());
  await assert.rejects(line.post(`${url}/much`, Buffer.from(''), {}), /answer-too-large/);
  await assert.rejects(line.post(`${url}/half`, Buffer.from(''), {}));
  await assert.rejects(line.post('http://127.0.0.1:9/', Buffer.from(''), {}), /ECONNREFUSED/);
});

test('post: who says nothing is given up, and whoever waits is told when the line is closed', async (t) => {
  const { url } = await serve(t, () => {});
  const line = openLine();
  await assert.rejects(line.post(url, Buffer.from(''), {}), /no-answer/);
  const waiting = line.post(url, Buffer.from(''), {});
  setImmediate(() => setImmediate(() => line.close()));
  await assert.rejects(waiting);
});

test('post: a flink says how its services are, well or not', async (t) => {
  const { url } = await serve(t, ({ url: path }, response) => {
    if (path === '/healthz') response.end('{"ok":true,"services":{}}');
    else if (path === '/ill/healthz') response.writeHead(503).end('{"ok":false,"services":{}}');
    else if (path === '/other/healthz') response.end('{"ok":true}');
    else if (path === '/null/healthz') response.end('null');
    else response.end('<html>');
  });
  const all = [url, `${url}/ill`, `${url}/other`, `${url}/null`, `${url}/page`, 'http://127.0.0.1:9'];
  assert.deepEqual(await Promise.all(all.map(isFlink)), [true, true, false, false, false, false]);
});
