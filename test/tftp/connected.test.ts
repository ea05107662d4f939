/** The sockets of transfers on the real loopback. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { type Ipv4, LOOPBACK } from '../../src/core/addr.ts';
import { systemUdp } from '../../src/host/system.ts';

async function bound(): Promise<{ socket: Socket; port: number }> {
  const socket = createSocket('udp4').bind(0, LOOPBACK);
  await once(socket, 'listening');
  return { socket, port: socket.address().port };
}

test('a connected socket hears its remote end and nobody else', async () => {
  const [client, stranger] = [await bound(), await bound()];
  const heard: string[] = [];
  let onHeard = (): void => {};
  const ours = await systemUdp.connect(
    LOOPBACK,
    { address: LOOPBACK, port: client.port },
    {
      onDatagram: (bytes) => {
        heard.push(Buffer.from(bytes).toString());
        onHeard();
      },
      onUnreachable: () => {},
    },
  );
  const done = new Promise<void>((resolve) => {
    onHeard = resolve;
  });
  stranger.socket.send('stranger', ours.local.port, LOOPBACK, () =>
    client.socket.send('client', ours.local.port, LOOPBACK),
  );
  await done;
  assert.deepEqual(heard, ['client']);
  const arrived = once(client.socket, 'message');
  ours.send(Buffer.from('to the client'));
  assert.equal(String((await arrived)[0]), 'to the client');
  assert.equal(ours.isWaiting(), false);
  await ours.close();
  await ours.close();
  ours.send(Buffer.from('after the end'));
  client.socket.close();
  stranger.socket.close();
});

test('a connected socket tells when nobody listens at the other end', async () => {
  const gone = await bound();
  gone.socket.close();
  let onUnreachable = (): void => {};
  const told = new Promise<void>((resolve) => {
    onUnreachable = resolve;
  });
  const remote = { address: LOOPBACK, port: gone.port };
  const ours = await systemUdp.connect(LOOPBACK, remote, {
    onDatagram: () => {},
    onUnreachable: () => onUnreachable(),
  });
  ours.send(Buffer.from('hello'));
  await told;
  await ours.close();
});

test('a connected socket on an address that is not ours is a fault', async () => {
  const nobody = { onDatagram: () => {}, onUnreachable: () => {} };
  await assert.rejects(systemUdp.connect('192.0.2.1' as Ipv4, { address: LOOPBACK, port: 9 }, nobody), {
    code: 'bind-failed',
  });
});
