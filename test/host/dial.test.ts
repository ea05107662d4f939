import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { dialUdp } from '../../src/host/dial.ts';

async function listener(t: TestContext, address: string): Promise<dgram.Socket> {
  const socket = dgram.createSocket(address.includes(':') ? 'udp6' : 'udp4').bind(0, address);
  await once(socket, 'listening');
  t.after(() => socket.close());
  return socket;
}

for (const address of ['127.0.0.1', '::1', '0:0:0:0:0:0:0:1']) {
  test(`dial: ${address}: asks and hears`, async (t) => {
    const far = await listener(t, address);
    far.on('message', (bytes, from) => far.send(bytes, from.port, from.address));
    const heard = Promise.withResolvers<Uint8Array>();
    const { port } = far.address();
    const socket = await dialUdp({ address, port }, { onDatagram: heard.resolve, onUnreachable: heard.reject });
    t.after(() => socket.close());
    socket.send(Uint8Array.of(1, 2, 3));
    assert.deepEqual([...(await heard.promise)], [1, 2, 3]);
  });
}

test('dial: nobody listens: told by ICMP', async (t) => {
  const far = dgram.createSocket('udp4').bind(0, '127.0.0.1');
  await once(far, 'listening');
  const { port } = far.address();
  far.close();
  await once(far, 'close');
  const refused = Promise.withResolvers<void>();
  const on = { onDatagram: () => {}, onUnreachable: refused.resolve };
  const socket = await dialUdp({ address: '127.0.0.1', port }, on);
  t.after(() => socket.close());
  socket.send(Uint8Array.of(1));
  await refused.promise;
});

test('dial: ports are all over the range above 1023, as chance has it', async (t) => {
  const far = await listener(t, '127.0.0.1');
  const on = { onDatagram: () => {}, onUnreachable: () => {} };
  const remote = { address: '127.0.0.1', port: far.address().port };
  const sockets = await Promise.all(Array.from({ length: 100 }, () => dialUdp(remote, on)));
  t.after(() => Promise.all(sockets.map((s) => s.close())));
  const ports = sockets.map(({ local }) => local.port);
  assert.equal(new Set(ports).size, 100);
  assert.ok(ports.every((p) => p >= 1024));
  // By chance, one run in 10^11 has none of a hundred in a quarter of the range.
  for (const quarter of [0, 1, 2, 3]) assert.ok(ports.some((p) => Math.floor(p / 16_384) === quarter));
});

test('dial: what others send to that port is not heard (RFC 5452 §4.2)', async (t) => {
  const far = await listener(t, '127.0.0.1');
  const stranger = await listener(t, '127.0.0.2');
  const sameHost = await listener(t, '127.0.0.1');
  const heard: string[] = [];
  const last = Promise.withResolvers<void>();
  const on = {
    onDatagram: (bytes: Uint8Array) => {
      heard.push(Buffer.from(bytes).toString());
      last.resolve();
    },
    onUnreachable: () => {},
  };
  const socket = await dialUdp({ address: '127.0.0.1', port: far.address().port }, on);
  t.after(() => socket.close());
  const send = (from: dgram.Socket, text: string): Promise<unknown> =>
    new Promise((resolve) => from.send(text, socket.local.port, '127.0.0.1', resolve));
  await send(stranger, 'stranger');
  await send(sameHost, 'same host, other port');
  await send(far, 'far');
  await last.promise;
  assert.deepEqual(heard, ['far']);
});
