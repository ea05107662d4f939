/** Bounds: many connections, slow ones, greedy ones, and an honest client beside them. */
import assert from 'node:assert/strict';
import type net from 'node:net';
import { test } from 'node:test';
import { parseIpv4, UNSPECIFIED } from '../../src/core/addr.ts';
import { rpcService } from '../../src/nfs/server.ts';
import { fakeHost } from '../support/fakes.ts';
import { RpcClient, type RpcReply } from '../support/rpc.ts';
import { asking, closed, DOES, type Door, openDoor, rude, until, wire } from './doors.ts';

const MIB = 1 << 20;

/** Of `count` addresses, one after the other. */
const sources = (count: number) => (i: number) => `127.0.1.${1 + (i % count)}`;

async function connectMany(door: Door, count: number, from = sources(200)): Promise<readonly net.Socket[]> {
  const all: net.Socket[] = [];
  for (let i = 0; i < count; i++) all.push(await rude(door.port, from(i)));
  return all;
}

const isOpen = (socket: net.Socket): boolean => !socket.closed && !socket.readableEnded;

async function leave(door: Door, sockets: readonly net.Socket[]): Promise<void> {
  for (const socket of sockets) socket.destroy();
  await door.service.stop();
}

test('half-open connections keep no real client out, and drive out none that has been idle for hours', async () => {
  const door = await openDoor({ limits: { maxConnections: 50 } });
  const booted = await door.client('127.0.2.2');
  await booted.ask(asking(DOES.lent, 1000));
  door.host.clock.advance(4 * 3_600_000);
  const junk = await connectMany(door, 300);
  for (const socket of junk) socket.on('data', () => {});
  const fresh = await door.client('127.0.2.3');
  assert.equal((await fresh.ask(asking(DOES.nothing))).kind, 'success');
  assert.equal((await booted.ask(asking(DOES.lent, 1000))).kind, 'success');
  // The two of them, and the youngest of the others.
  assert.ok(await until(() => junk.filter(isOpen).length === 48));
  assert.equal(door.logged('full'), 0);
  await booted.close();
  await fresh.close();
  await leave(door, junk);
});

test('one address has three quarters of all connections at most, and makes room among its own', async () => {
  const door = await openDoor({ limits: { maxConnections: 20 } });
  const greedy = await connectMany(door, 40, () => '127.0.3.3');
  for (const socket of greedy) socket.on('data', () => {});
  assert.ok(await until(() => greedy.filter(isOpen).length === 15));
  await leave(door, greedy);
});

test('where all are being answered a new connection is closed, the log says so once a minute; after a minute without progress one makes room', async () => {
  const door = await openDoor({ limits: { maxConnections: 8 } });
  const busy = await connectMany(door, 8);
  for (const socket of busy) socket.write(wire(DOES.waits));
  assert.ok(await until(() => door.waiting.length === 8));
  for (let i = 0; i < 3; i++) await closed(await rude(door.port, '127.0.2.2'));
  assert.equal(door.logged('full'), 1);
  door.host.clock.advance(60_000);
  const fresh = await door.client('127.0.2.2');
  assert.equal((await fresh.ask(asking(DOES.nothing))).kind, 'success');
  door.answerAll();
  await fresh.close();
  await leave(door, busy);
});

test('a record that does not become whole in 30 seconds ends its connection, one that waits for nothing stays', async () => {
  const door = await openDoor();
  const quiet = await door.client();
  await quiet.ask(asking(DOES.nothing));
  const halves = [await rude(door.port), await rude(door.port), await rude(door.port)];
  const sizes = [2, 4, 30];
  for (const [i, socket] of halves.entries()) socket.write(wire(DOES.nothing).subarray(0, sizes[i]));
  const behind = await rude(door.port);
  behind.write(Buffer.concat([wire(DOES.nothing), wire(DOES.nothing).subarray(0, 20)]));
  assert.ok(await until(() => door.seen.asked === 2));
  await quiet.ask(asking(DOES.nothing));
  door.host.clock.advance(29_000);
  assert.equal(door.logged('cut'), 0);
  door.host.clock.advance(2000);
  assert.equal(door.logged('cut'), 4);
  assert.ok(door.host.log.lines.every(({ reason }) => reason === 'late-record'));
  await Promise.all([...halves, behind].map(closed));
  door.host.clock.advance(3_600_000);
  assert.equal((await quiet.ask(asking(DOES.nothing))).kind, 'success');
  await quiet.close();
  await door.service.stop();
});

test('128 calls of a connection are under way, then it is not read from until some are answered', async () => {
  const door = await openDoor();
  const [greedy] = await connectMany(door, 1);
  greedy?.on('data', () => {});
  greedy?.write(Buffer.concat(Array(300).fill(wire(DOES.waits))));
  const other = await door.client();
  assert.ok(await until(() => door.waiting.length === 128));
  await other.ask(asking(DOES.nothing));
  assert.equal(door.waiting.length, 128);
  for (const want of [256, 300]) {
    door.answerAll();
    assert.ok(await until(() => door.seen.asked === want + 1));
  }
  door.answerAll();
  await other.close();
  await leave(door, greedy ? [greedy] : []);
});

/** Connections that ask for octets and read none of them, until the kernels between are full and they hold room. */
async function stallMany(door: Door, count: number): Promise<readonly net.Socket[]> {
  const all = await connectMany(door, count);
  for (const socket of all) socket.pause().write(Buffer.concat(Array(64).fill(wire(DOES.lent, MIB))));
  return all;
}
/** Whether nothing has moved for some rounds of the loop. */
async function settled(door: Door): Promise<void> {
  let before = -1;
  for (let quiet = 0; quiet < 300; ) {
    await new Promise((resolve) => setImmediate(resolve));
    const now = door.service.traffic().sentBytes + door.seen.lent + door.seen.released;
    quiet = now === before ? quiet + 1 : 0;
    before = now;
  }
}
/** What `answer` says, while a minute goes by at most, second by second. */
async function inAMinute(door: Door, answer: Promise<RpcReply>): Promise<string> {
  let kind = 'none';
  void answer.then((reply) => {
    kind = reply.kind;
  });
  for (let second = 0; second < 60 && kind === 'none'; second++) {
    door.host.clock.advance(1000);
    await settled(door);
  }
  return kind;
}
const held = (door: Door): number => door.seen.lent - door.seen.released;

test('a client that never reads has four of the largest answers in memory, and is not cut for it where nobody waits', async () => {
  const door = await openDoor();
  const stalled = await stallMany(door, 1);
  await settled(door);
  assert.ok(held(door) >= 3 && held(door) <= 4, `${held(door)} were held`);
  const { lent } = door.seen;
  for (let minute = 0; minute < 29; minute++) door.host.clock.advance(60_000);
  assert.deepEqual([door.logged('cut'), door.seen.lent], [0, lent]);
  const honest = await door.client('127.0.2.2');
  assert.equal((await honest.ask(asking(DOES.lent, MIB))).kind, 'success');
  await honest.close();
  door.host.clock.advance(120_000);
  assert.deepEqual([door.logged('cut'), held(door)], [1, 0]);
  await leave(door, stalled);
});

test('who reads again after half an hour less a bit gets all that was asked', async () => {
  const door = await openDoor();
  const [slow] = await stallMany(door, 1);
  await settled(door);
  door.host.clock.advance(1_790_000);
  let bytes = 0;
  slow?.resume().on('data', (chunk) => {
    bytes += chunk.length;
  });
  assert.ok(await until(() => bytes === 64 * (MIB + 32)));
  assert.deepEqual([door.logged('cut'), held(door)], [0, 0]);
  await leave(door, slow ? [slow] : []);
});

test('where others wait for memory, who has taken nothing for three seconds is cut, and the others are served', async () => {
  const door = await openDoor({ limits: { roomBytes: 8 * MIB } });
  const stalled = await stallMany(door, 4);
  await settled(door);
  assert.ok(held(door) <= 8, `${held(door)} were held`);
  const honest = await door.client('127.0.2.2');
  const waiting = honest.ask(asking(DOES.lent, MIB));
  await settled(door);
  door.host.clock.advance(2000);
  assert.equal(door.logged('cut'), 0);
  assert.equal(await inAMinute(door, waiting), 'success');
  for (let i = 0; i < 8; i++) assert.equal(await inAMinute(door, honest.ask(asking(DOES.lent, MIB, i))), 'success');
  await honest.close();
  await leave(door, stalled);
  assert.equal(held(door), 0);
});

test('small answers that nobody reads count like large ones: a flood of questions ends in waiting, not in memory', async () => {
  const door = await openDoor({ limits: { roomBytes: 2 * MIB } });
  const floods = await connectMany(door, 4);
  const many = Buffer.concat(Array(500).fill(wire(DOES.octets, 8000)));
  for (const socket of floods) for (let i = 0; i < 20; i++) socket.pause().write(many);
  await settled(door);
  const asked = door.seen.asked;
  assert.ok(asked < 20_000, `${asked} were answered`);
  const honest = await door.client('127.0.2.2');
  const waiting = honest.ask(asking(DOES.nothing));
  await settled(door);
  assert.equal(await inAMinute(door, waiting), 'success');
  await honest.close();
  await leave(door, floods);
});

test('a peer that resets in the middle of answers leaves nothing behind', async () => {
  const door = await openDoor({ limits: { roomBytes: 8 * MIB } });
  for (let round = 0; round < 5; round++) {
    const stalled = await stallMany(door, 6);
    await until(() => held(door) > 4);
    for (const socket of stalled) socket.resetAndDestroy();
    assert.ok(await until(() => held(door) === 0));
  }
  const honest = await door.client();
  assert.equal((await honest.ask(asking(DOES.lent, MIB))).kind, 'success');
  await honest.close();
  await door.service.stop();
  assert.equal(door.host.log.lines.filter(({ level }) => level === 'error').length, 0);
});

test('who is not of the LAN: UDP is not answered, TCP is closed, and the log says so once a minute', async () => {
  const host = fakeHost();
  const nobody = parseIpv4('8.8.8.8') ?? UNSPECIFIED;
  const service = rpcService(
    () => ({ name: 'portmap', listen: 'every-address', port: 0, transports: ['udp'], programs: [] }),
    { host },
  );
  await service.start();
  const [at] = service.ports();
  const to = at ?? assert.fail();
  const question = wire(DOES.nothing).subarray(4);
  for (let i = 0; i < 100; i++) host.udp.deliver(question, { address: nobody, port: 999 }, to);
  host.udp.deliver(question, { address: parseIpv4('10.0.0.9') ?? nobody, port: 0 }, to);
  assert.equal(host.udp.sent.filter(({ from }) => from.port === to.port).length, 0);
  host.clock.advance(60_000);
  host.udp.deliver(question, { address: nobody, port: 999 }, to);
  const lines = host.log.lines.filter(({ event }) => event === 'not-of-the-lan');
  assert.deepEqual(
    lines.map(({ level, ip, times }) => [level, ip, times]),
    [
      ['warn', '8.8.8.8', 1],
      ['warn', '8.8.8.8', 100],
    ],
  );
  host.udp.deliver(question, { address: parseIpv4('10.0.0.9') ?? nobody, port: 999 }, to);
  assert.equal(host.udp.sent.filter(({ from }) => from.port === to.port).length, 1);
  await service.stop();
  assert.equal(host.udp.openSockets, 0);
});

test('an honest client reads on while others come, go, ask rubbish and break off', async () => {
  const door = await openDoor({ limits: { maxConnections: 40 } });
  const honest = await RpcClient.to({ port: door.port, localAddress: '127.0.2.2', timeoutMs: 20_000 });
  let isOver = false;
  const noise = (async () => {
    for (let i = 0; !isOver && i < 400; i++) {
      const socket = await rude(door.port, `127.0.4.${1 + (i % 100)}`).catch(() => undefined);
      socket?.write(i % 3 === 0 ? Buffer.from('GET / HTTP/1.1\r\n\r\n') : wire(DOES.lent, MIB));
      if (i % 3 === 1) socket?.resetAndDestroy();
    }
  })();
  for (let i = 0; i < 60; i++) assert.equal((await honest.ask(asking(DOES.lent, MIB))).kind, 'success');
  isOver = true;
  await noise;
  await honest.close();
  await door.service.stop();
  assert.equal(held(door), 0);
});
