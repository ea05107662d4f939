/** Real sockets: which of several the kernel chooses is what this is about. */
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import { Fault } from '../../src/core/errors.ts';
import { systemUdp } from '../../src/host/system.ts';
import type { BindOptions, LocalInterface, UdpHost, UdpSocket } from '../../src/host.ts';
import { openFallback } from '../../src/tftp/fallback.ts';
import { createListeners } from '../../src/tftp/listen.ts';
import { fakeHost, lan } from '../support/fakes.ts';

const own = lan('lo', '127.0.0.1', 8);
const late = lan('lo', '127.0.1.5', 8);
const later = lan('lo', '127.0.1.6', 8);

async function freePort(): Promise<number> {
  const socket = dgram.createSocket('udp4').bind(0, '0.0.0.0');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

interface Heard {
  readonly door: UdpSocket;
  readonly text: string;
}

/** Sends and waits for who hears it. */
async function ask(t: TestContext, address: string, port: number, heard: Heard[]): Promise<Heard | undefined> {
  const client = dgram.createSocket('udp4').bind(0, '127.0.0.9');
  t.after(() => client.close());
  await once(client, 'listening');
  const before = heard.length;
  client.send(`to ${address}`, port, address);
  for (let n = 0; n < 200 && heard.length === before; n++) await new Promise((resolve) => setImmediate(resolve));
  return heard[before];
}

test('fallback: hears for addresses without a socket of their own, and knows by which it was reached', async (t) => {
  const port = await freePort();
  const heard: Heard[] = [];
  const interfaces: LocalInterface[] = [own, late];
  const host = { ...fakeHost(interfaces), udp: systemUdp };
  const served = new Set<string>(['127.0.0.1']);
  const onDatagram = (door: UdpSocket, bytes: Uint8Array): void => {
    heard.push({ door, text: Buffer.from(bytes).toString() });
  };
  const fallback = await openFallback(port, { host, isServed: (address) => served.has(address), onDatagram });
  t.after(() => fallback?.close());
  const bound = (socket: UdpSocket) => (bytes: Uint8Array) => onDatagram(socket, bytes);
  const socket: UdpSocket = await systemUdp.bind({ address: own.address, port }, (b) => bound(socket)(b), {
    isShared: true,
  });
  t.after(() => socket.close());

  const toOwn = await ask(t, '127.0.0.1', port, heard);
  assert.deepEqual(
    [toOwn?.text, toOwn?.door === socket],
    ['to 127.0.0.1', true],
    'the kernel prefers the very address',
  );
  const toLate = await ask(t, '127.0.1.5', port, heard);
  assert.deepEqual([toLate?.text, toLate?.door.local], ['to 127.0.1.5', { address: '127.0.1.5', port }]);
  await assert.rejects(
    systemUdp.bind({ address: late.address, port }, () => {}),
    { code: 'bind-failed' },
  );

  // Two that may be meant: as the kernel would answer, which on loopback is by 127.0.0.1.
  served.clear();
  await socket.close();
  const either = await ask(t, '127.0.0.1', port, heard);
  assert.deepEqual([either?.text, either?.door.local.address], ['to 127.0.0.1', '127.0.0.1']);
});

test('fallback: none where somebody has the port, on whatever address', async (t) => {
  const other = dgram.createSocket('udp4').bind(0, '127.0.0.3');
  t.after(() => other.close());
  await once(other, 'listening');
  const deps = { host: { ...fakeHost([own]), udp: systemUdp }, isServed: () => false, onDatagram: () => {} };
  assert.equal(await openFallback(other.address().port, deps), undefined);
});

/** A host on which sockets can be had as `mayBind` says, and whose fallback is left by a hand-made packet. */
function dropped(interfaces: LocalInterface[], holders: () => readonly string[]) {
  const host = fakeHost(interfaces);
  const bound: { readonly address: Ipv4; readonly options: BindOptions | undefined }[] = [];
  let isRoot = true;
  const udp: UdpHost = {
    handed: async () => undefined,
    connect: (...where) => host.udp.connect(...where),
    dial: (...where) => host.udp.dial(...where),
    holders: async () => holders() as readonly Ipv4[],
    bind: async (local, onDatagram, options) => {
      if (!isRoot) throw new Fault('no-privilege', 'needs privilege');
      bound.push({ address: local.address, options });
      return host.udp.bind(local, onDatagram);
    },
  };
  return {
    host: { ...host, udp },
    log: host.log,
    clock: host.clock,
    bound,
    drop: () => {
      isRoot = false;
    },
  };
}
const settle = async (): Promise<void> => {
  for (let n = 0; n < 20; n++) await new Promise((resolve) => setImmediate(resolve));
};

test('listen: an address that comes when the rights are gone is served by the shared socket, and said once', async (t) => {
  const interfaces = [own];
  const world = dropped(interfaces, () => []);
  const listeners = createListeners(
    () => ({ addresses: 'every-address', port: 69 }),
    world.host,
    () => {},
  );
  await listeners.open();
  t.after(() => listeners.close());
  assert.deepEqual(
    world.bound.map(({ address, options }) => [address, options?.isShared ?? false]),
    [
      ['0.0.0.0', false],
      ['0.0.0.0', true],
      ['127.0.0.1', true],
    ],
  );
  world.drop();
  for (const come of [late, later]) {
    interfaces.splice(1, 1, come);
    for (let n = 0; n < 3; n++) {
      world.clock.advance(3000);
      await settle();
    }
  }
  assert.deepEqual(
    world.log.lines.map(({ level, event, local, by }) => [level, event, local, by]),
    [
      ['info', 'address-served', '127.0.1.5', 'shared-socket'],
      ['info', 'address-served', '127.0.1.6', 'shared-socket'],
    ],
  );
});

test('listen: another program that takes the same address is told of, once for each time', async (t) => {
  let holders: readonly string[] = ['0.0.0.0', '127.0.0.1'];
  const world = dropped([own], () => holders);
  const listeners = createListeners(
    () => ({ addresses: 'every-address', port: 69 }),
    world.host,
    () => {},
  );
  await listeners.open();
  t.after(() => listeners.close());
  const pass = async (): Promise<void> => {
    for (let n = 0; n < 10; n++) {
      world.clock.advance(3000);
      await settle();
    }
  };
  const told = () => world.log.lines.filter(({ event }) => event === 'port-shared').map(({ local }) => local);
  await pass();
  assert.deepEqual(told(), []);
  holders = [...holders, '127.0.0.1', '10.0.0.1'];
  await pass();
  assert.deepEqual(told(), ['127.0.0.1']);
  holders = ['0.0.0.0', '127.0.0.1'];
  await pass();
  holders = ['0.0.0.0', '0.0.0.0', '127.0.0.1'];
  await pass();
  assert.deepEqual(told(), ['127.0.0.1', '0.0.0.0']);
});
