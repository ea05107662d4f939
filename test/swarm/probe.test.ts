import assert from 'node:assert/strict';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { isAnswering } from '../../src/swarm/probe.ts';

async function urlOf(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/healthz`;
}

const closed = (server: Server) => new Promise<void>((resolve) => server.close(() => resolve()));

test('isAnswering: whoever answers lives, be it that it is not well', async () => {
  const server = createHttpServer((_request, response) => {
    response.writeHead(503);
    response.end('x'.repeat(100_000));
  });
  const url = await urlOf(server);
  assert.equal(await isAnswering(url), true);
  await closed(server);
  assert.equal(await isAnswering(url), false, 'refused');
});

test('isAnswering: a connection that is taken and not answered is no answer', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket.on('error', () => {})));
  const url = await urlOf(server);
  assert.equal(await isAnswering(url, 50), false);
  for (const socket of sockets) socket.destroy();
  await closed(server);
});

test('isAnswering: what is no HTTP is no answer', async () => {
  const server = createServer((socket) =>
    socket
      .on('error', () => {})
      .resume()
      .end('220 mail\r\n'),
  );
  assert.equal(await isAnswering(await urlOf(server)), false);
  await closed(server);
});
