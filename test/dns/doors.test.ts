/** Questions by UDP, who is let in, and ports that cannot be had. */
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import { type Endpoint, type Ipv4, LOOPBACK } from '../../src/core/addr.ts';
import { Fault } from '../../src/core/errors.ts';
import { type Asker, type Doors, openDoors } from '../../src/dns/doors.ts';
import { Gate } from '../../src/dns/gate.ts';
import { udpDoor } from '../../src/dns/udpdoor.ts';
import { type FakeHost, fakeHost } from '../support/fakes.ts';
import { connected, ip, numberOf, openBooth, question, realSockets, udpPeer, until } from './booth.ts';

test('a question by UDP is answered from the address that was asked, to who asked', async (t) => {
  const { at, asked, doors } = await openBooth(t);
  const [one, two] = [await udpPeer(t, '127.0.0.2'), await udpPeer(t, '127.0.0.3')];
  one.send(question(1), at);
  two.send(question(2), at);
  await until(() => asked.length === 2);
  for (const { asker, bytes } of asked.toReversed()) asker.answer(bytes);
  await until(() => one.heard.length + two.heard.length === 2);
  assert.deepEqual([one.heard.map(numberOf), two.heard.map(numberOf)], [[1], [2]]);
  assert.deepEqual([one.from[0]?.address, one.from[0]?.port], [LOOPBACK, at.port]);
  const who = asked.map(({ asker }) => `${asker.client} ${asker.isTcp}`);
  assert.deepEqual(who.sort(), ['127.0.0.2 false', '127.0.0.3 false']);
  assert.equal(doors.counts.udp, 2);
});

test('one answer for each question: the second, and one after drop, go nowhere', async (t) => {
  const { at, asked } = await openBooth(t);
  const client = await udpPeer(t);
  client.send(question(1), at);
  client.send(question(2), at);
  client.send(question(3), at);
  await until(() => asked.length === 3);
  const [first, second, third] = asked.map(({ asker }) => asker);
  first?.drop();
  first?.answer(question(1));
  second?.answer(question(2));
  second?.answer(question(22));
  third?.answer(question(3));
  await until(() => client.heard.some((bytes) => numberOf(bytes) === 3));
  assert.deepEqual(client.heard.map(numberOf), [2, 3]);
});

for (const admission of ['foreign', 'limited'] as const) {
  test(`UDP: who is ${admission} gets nothing, others their answer`, async (t) => {
    const admit = (client: Ipv4) => (client === '127.0.0.9' ? admission : 'served');
    const { at, doors } = await openBooth(t, { admit, isEcho: true });
    const [stranger, friend] = [await udpPeer(t, '127.0.0.9'), await udpPeer(t, '127.0.0.2')];
    for (let i = 0; i < 20; i++) stranger.send(question(i), at);
    await until(() => doors.counts[admission] === 20);
    friend.send(question(7), at);
    await until(() => friend.heard.length === 1);
    assert.equal(stranger.heard.length, 0);
    assert.deepEqual([doors.counts.udp, doors.counts[admission]], [1, 20]);
  });

  test(`TCP: who is ${admission} is cut off without having been read, and hears not one octet`, async (t) => {
    const admit = (client: Ipv4) => (client === '127.0.0.9' ? admission : 'served');
    const { at, doors, asked } = await openBooth(t, { admit });
    const stranger = await connected(t, at, '127.0.0.9');
    stranger.ask(question(1));
    await until(() => stranger.end !== undefined);
    assert.deepEqual([stranger.end, stranger.heardBytes, asked.length], ['reset', 0, 0]);
    const { connections, refusedConnections } = doors.counts;
    assert.deepEqual([connections, refusedConnections, doors.counts[admission]], [0, 1, 1]);
  });
}

test('a line a minute says who was limited, one for each door, with how many questions it was', async (t) => {
  const { at, doors, log, clock } = await openBooth(t, { admit: () => 'limited' });
  const client = await udpPeer(t, '127.0.0.7');
  const flood = async (count: number): Promise<void> => {
    const before = doors.counts.limited;
    for (let i = 0; i < count; i++) client.send(question(i), at);
    await until(() => doors.counts.limited === before + count);
  };
  await flood(5);
  clock.advance(59_999);
  await flood(5);
  const peer = await connected(t, at, '127.0.0.8');
  await until(() => peer.end !== undefined);
  clock.advance(1);
  await flood(3);
  const said = log.lines.map(({ level, event, door, ip: client, questions }) => [
    level,
    event,
    door,
    client,
    questions,
  ]);
  assert.deepEqual(said, [
    ['warn', 'limited', 'udp', '127.0.0.7', 1],
    ['warn', 'limited', 'tcp', '127.0.0.8', 1],
    ['warn', 'limited', 'udp', '127.0.0.7', 10],
  ]);
});

/** The UDP door alone, in a network without sockets, where anybody may send from any port. */
async function quietDoor(): Promise<{ host: FakeHost; asked: Asker[]; at: Endpoint }> {
  const host = fakeHost();
  const asked: Asker[] = [];
  const terms = { admit: () => 'served' as const, maxConnections: 8 };
  const gate = new Gate(host, terms, (_bytes, asker) => asked.push(asker));
  const door = udpDoor(host, gate);
  await door.open({ address: ip('127.0.0.1'), port: 53 });
  return { host, asked, at: await door.open({ address: ip('172.16.0.1'), port: 53 }) };
}

const senders: readonly { name: string; address: string; port: number; isAsked: boolean }[] = [
  { name: 'port 0, which nobody can answer', address: '172.16.0.50', port: 0, isAsked: false },
  { name: 'echo', address: '172.16.0.50', port: 7, isAsked: false },
  { name: 'daytime', address: '172.16.0.50', port: 13, isAsked: false },
  { name: 'quote of the day', address: '172.16.0.50', port: 17, isAsked: false },
  { name: 'chargen', address: '172.16.0.50', port: 19, isAsked: false },
  { name: 'time', address: '172.16.0.50', port: 37, isAsked: false },
  { name: 'kpasswd', address: '172.16.0.50', port: 464, isAsked: false },
  { name: 'our own socket', address: '172.16.0.1', port: 53, isAsked: false },
  { name: 'our other socket', address: '127.0.0.1', port: 53, isAsked: false },
  { name: "another's port 53: old resolvers ask from there", address: '172.16.0.2', port: 53, isAsked: true },
  { name: 'our own address, from a port of somebody who asks', address: '172.16.0.1', port: 40_000, isAsked: true },
  { name: 'any privileged port', address: '172.16.0.50', port: 1023, isAsked: true },
];
for (const { name, address, port, isAsked } of senders) {
  test(`a question ${isAsked ? 'is taken' : 'is dropped, or answers would go to and fro,'} from ${name}`, async () => {
    const { host, asked, at } = await quietDoor();
    host.udp.deliver(question(1), { address: ip(address), port }, at);
    assert.equal(asked.length, isAsked ? 1 : 0);
  });
}

function doorsOf(t: TestContext): Doors {
  const doors = openDoors(realSockets(), { admit: () => 'served', maxConnections: 64 }, (bytes, asker) =>
    asker.answer(bytes),
  );
  t.after(() => doors.close());
  return doors;
}

test('all or none: where the last port is taken, those before it are free again, and the fault says the cure', async (t) => {
  for (const proto of ['TCP', 'UDP'] as const) {
    const taken: Endpoint = { address: ip('127.0.0.5'), port: proto === 'TCP' ? await holdTcp(t) : await holdUdp(t) };
    const first: Endpoint = { address: ip('127.0.0.6'), port: taken.port };
    const doors = doorsOf(t);
    await assert.rejects(doors.open([first, taken]), (fault) => {
      assert.ok(fault instanceof Fault);
      assert.match(
        fault.message,
        new RegExp(`^${proto} port ${taken.port} on 127.0.0.5 is in use: stop the other server`),
      );
      return true;
    });
    assert.deepEqual(doors.at, []);
    const again = doorsOf(t);
    await again.open([first]);
    assert.deepEqual(again.at, [first]);
  }
});

test('an address that is not of this machine is a fault with the cure', async (t) => {
  await assert.rejects(doorsOf(t).open([{ address: ip('192.0.2.1'), port: 0 }]), /no such address: give one that/);
});

test('closed and opened again on the same port, it answers; closed, it leaves no timer and no connection', async (t) => {
  const { doors, at, asked, clock } = await openBooth(t);
  const peer = await connected(t, at);
  peer.ask(question(1));
  const client = await udpPeer(t);
  client.send(question(2), at);
  await until(() => asked.length === 2);
  assert.equal(clock.pendingTimers, 1);
  await doors.close();
  await doors.close();
  await until(() => peer.end !== undefined);
  assert.deepEqual([clock.pendingTimers, doors.counts.connections, doors.at], [0, 0, []]);
  // Nobody is there any more to hear them.
  for (const { asker, bytes } of asked.splice(0)) asker.answer(bytes);
  await doors.open([at]);
  client.send(question(3), at);
  (await connected(t, at)).ask(question(4));
  await until(() => asked.length === 2);
  assert.deepEqual(asked.map(({ bytes }) => numberOf(bytes)).sort(), [3, 4]);
  assert.deepEqual(client.heard, []);
});

async function holdTcp(t: TestContext): Promise<number> {
  const server = net.createServer();
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.5', resolve));
  const bound = server.address();
  return typeof bound === 'object' ? (bound?.port ?? 0) : 0;
}

async function holdUdp(t: TestContext): Promise<number> {
  const socket = dgram.createSocket('udp4');
  t.after(() => socket.close());
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.5', resolve));
  return socket.address().port;
}
