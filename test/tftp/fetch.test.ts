/** What the service tells of clients, for announcements. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryContent } from '../../src/core/content.ts';
import { TFTP_BOUNDS, type TftpOptions, tftpService } from '../../src/tftp/server.ts';
import { fakeHost } from '../support/fakes.ts';
import { ackOf, clientAt, download, errorOf, listener, request, SERVER, settle } from './client.ts';
import { noise } from './world.ts';

const CLIENT = '172.16.0.50';
const bytes = noise(1300);

async function started() {
  const host = fakeHost();
  const told: string[] = [];
  const options: TftpOptions = { ...TFTP_BOUNDS, listen: [SERVER.address], port: 69, httpPort: 80 };
  const service = tftpService(() => options, {
    host,
    open: async (path) =>
      path === '/boot/a'
        ? { kind: 'file', content: memoryContent(bytes, '"a"', 0) }
        : { kind: 'missing', reason: 'not-found' },
    onFetch: (client, path, sentBytes) => told.push(`${client} ${path} ${sentBytes}`),
  });
  await service.start();
  return { host, told, service };
}

test('fetch: a transfer is told of when the client has a first block, and with its octets when it ends', async () => {
  const { host, told, service } = await started();
  const atBlock: (readonly string[])[] = [];
  await download(host, 'a', { from: clientAt(CLIENT), onBlock: () => atBlock.push([...told]) });
  assert.deepEqual(atBlock[0], [], 'the first is on its way, not acknowledged');
  assert.deepEqual(atBlock[2], [`${CLIENT} /boot/a 0`]);
  assert.deepEqual(told, [`${CLIENT} /boot/a 0`, `${CLIENT} /boot/a 1300`]);
  assert.deepEqual(service.traffic(), { transfers: 0, sentBytes: 1300 });
  await service.stop();
});

test('fetch: who only asks for the size, or for what is not there, has fetched nothing', async () => {
  const { host, told, service } = await started();
  const { socket, senders } = await listener(host, clientAt(CLIENT));
  socket.send(request(1, 'revocations.efi', 'octet', { tsize: 0 }), SERVER);
  socket.send(request(1, 'a', 'octet', { tsize: 0 }), SERVER);
  await settle();
  await settle();
  const peer = senders.find(({ port }) => port !== SERVER.port);
  assert.ok(peer);
  socket.send(errorOf(8, 'User aborted'), peer);
  await settle();
  assert.deepEqual([told, service.traffic()], [[], { transfers: 0, sentBytes: 0 }]);
  await service.stop();
});

test('fetch: what a client has of a transfer under way counts, and what it had when it gave up', async () => {
  const { host, told, service } = await started();
  const { socket, senders } = await listener(host, clientAt(CLIENT));
  socket.send(request(1, 'a', 'octet'), SERVER);
  await settle();
  await settle();
  const [peer] = senders;
  assert.ok(peer);
  socket.send(ackOf(1), peer);
  await settle();
  assert.deepEqual(service.traffic(), { transfers: 1, sentBytes: 512 });
  socket.send(errorOf(0, 'no more'), peer);
  await settle();
  assert.deepEqual(service.traffic(), { transfers: 0, sentBytes: 512 });
  assert.deepEqual(told, [`${CLIENT} /boot/a 0`, `${CLIENT} /boot/a 512`]);
  await service.stop();
});
