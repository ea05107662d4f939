/** What is answered, in which order, and what becomes of those that break the rules. */
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { LOOPBACK, parseIpv4 } from '../../src/core/addr.ts';
import { Fault } from '../../src/core/errors.ts';
import { rpcService } from '../../src/nfs/server.ts';
import { fakeHost } from '../support/fakes.ts';
import { askUdp, askUdpRaw, call, marked, parseReply, RpcClient, unmarked } from '../support/rpc.ts';
import { asking, closed, DOES, openDoor, PROGRAM, rude, until, wire } from './doors.ts';

const answers: readonly { readonly name: string; readonly wanted: object; readonly want: object }[] = [
  { name: 'results', wanted: asking(DOES.octets, 4), want: { kind: 'success', results: Buffer.from('done') } },
  { name: 'lent octets', wanted: asking(DOES.lent, 5), want: { results: Buffer.from('\0\0\0\x05lentl\0\0\0') } },
  { name: 'garbage', wanted: asking(DOES.garbage), want: { kind: 'garbage-arguments' } },
  { name: 'no such procedure', wanted: asking(99), want: { kind: 'procedure-unavailable' } },
  { name: 'another version', wanted: { ...asking(0), version: 9 }, want: { kind: 'program-mismatch', range: [3, 4] } },
  { name: 'no such program', wanted: { ...asking(0), program: 7 }, want: { kind: 'program-unavailable' } },
  { name: 'another RPC', wanted: { ...asking(0), rpcVersion: 3 }, want: { kind: 'rpc-mismatch', range: [2, 2] } },
  { name: 'a program that throws', wanted: asking(DOES.throws), want: { kind: 'system-error' } },
  { name: 'a program that rejects', wanted: asking(DOES.rejects), want: { kind: 'system-error' } },
];
for (const { name, wanted, want } of answers) {
  test(`TCP: ${name}, RFC 5531 §9`, async () => {
    const door = await openDoor();
    const client = await door.client();
    const heard = await client.ask({ ...asking(0), ...wanted });
    for (const [key, value] of Object.entries(want))
      assert.deepEqual(Object.entries(heard).find(([k]) => k === key)?.[1], value);
    assert.equal(door.logged('bug'), name.startsWith('a program') ? 1 : 0);
    // The connection is as good as before.
    assert.equal((await client.ask(asking(DOES.nothing, undefined, 2))).kind, 'success');
    await client.close();
    await door.service.stop();
  });
}

test('TCP: calls of one connection run side by side, and each is answered when it is done', async () => {
  const door = await openDoor();
  const client = await door.client();
  const slow = client.ask(asking(DOES.waits, undefined, 1));
  assert.equal((await client.ask(asking(DOES.nothing, undefined, 2))).xid, 2);
  door.answerAll();
  assert.equal((await slow).xid, 1);
  await client.close();
  await door.service.stop();
});

test('TCP: a record in many fragments, many records in one piece, and one octet at a time are the same', async () => {
  const door = await openDoor();
  const socket = await rude(door.port);
  let heard = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    heard = Buffer.concat([heard, chunk]);
  });
  socket.write(Buffer.concat([1, 2, 3].map((xid) => wire(DOES.nothing, undefined, xid))));
  socket.write(marked(call(asking(DOES.nothing, undefined, 4)), 7));
  for (const octet of wire(DOES.nothing, undefined, 5)) socket.write(Buffer.of(octet));
  assert.ok(await until(() => unmarked(heard).records.length === 5));
  assert.deepEqual(
    unmarked(heard).records.map((record) => parseReply(record).xid),
    [1, 2, 3, 4, 5],
  );
  socket.destroy();
  await door.service.stop();
});

test('TCP: a thousand calls in one piece are all answered, more of them than may be heard in one turn', async () => {
  const door = await openDoor();
  const client = await door.client();
  const all = await Promise.all(
    Array.from({ length: 1000 }, (_, i) => client.ask(asking(i % 3 === 0 ? DOES.lent : DOES.octets, 4 * (i % 9), i))),
  );
  assert.ok(all.every(({ kind }) => kind === 'success'));
  assert.equal(door.seen.lent, door.seen.released);
  await client.close();
  await door.service.stop();
});

test('TCP: who ends his side after asking still gets every answer, then the end', async () => {
  const door = await openDoor();
  const socket = await rude(door.port);
  let heard = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    heard = Buffer.concat([heard, chunk]);
  });
  socket.end(Buffer.concat([wire(DOES.waits, undefined, 1), wire(DOES.lent, 1 << 20, 2)]));
  assert.ok(await until(() => door.seen.released === 1));
  door.answerAll();
  await closed(socket);
  assert.deepEqual(
    unmarked(heard).records.map((record) => parseReply(record).xid),
    [2, 1],
  );
  await door.service.stop();
});

const cuts: readonly { readonly name: string; readonly says: Buffer; readonly reason: RegExp }[] = [
  { name: 'a record longer than any call', says: Buffer.from('80020000', 'hex'), reason: /^record mark: over/ },
  { name: 'what HTTP says', says: Buffer.from('GET / HTTP/1.1\r\n\r\n'), reason: /^record mark: over/ },
  { name: 'fragments without end', says: Buffer.alloc(4 * 1000), reason: /^record mark: too many/ },
  { name: 'a reply', says: marked(Buffer.from('000000010000000100000000', 'hex')), reason: /^not-a-call$/ },
  { name: 'a few octets', says: marked(Buffer.from('00000001', 'hex')), reason: /^too-short$/ },
];
for (const { name, says, reason } of cuts) {
  test(`TCP: ${name} ends the connection, and the log says why to whoever looks closely`, async () => {
    const door = await openDoor();
    const socket = await rude(door.port);
    socket.write(says);
    await closed(socket);
    const [line] = door.host.log.lines;
    assert.deepEqual(
      [line?.level, line?.event, line?.ip, door.host.log.lines.length],
      ['debug', 'cut', '127.0.0.1', 1],
    );
    assert.match(String(line?.reason), reason);
    await door.service.stop();
  });
}

test('TCP: what a program has lent comes back when the caller goes, now or when its answer is done', async () => {
  const door = await openDoor();
  const socket = await rude(door.port);
  socket.write(Buffer.concat([...Array(4).fill(wire(DOES.lent, 1 << 20)), ...Array(4).fill(wire(DOES.waits))]));
  assert.ok(await until(() => door.waiting.length + door.seen.lent === 8 || door.seen.lent === 4));
  socket.resetAndDestroy();
  assert.ok(await until(() => door.seen.released === door.seen.lent));
  door.answerAll(1000);
  assert.ok(await until(() => door.seen.released === door.seen.lent));
  await door.service.stop();
});

test('the caller: who he is, and as what this node was reached', async () => {
  const door = await openDoor({ listen: 'every-address', transports: ['tcp', 'udp'] });
  const client = await RpcClient.to({ port: door.port, address: '127.0.0.3', localAddress: '127.0.0.2' });
  await client.ask(asking(DOES.nothing));
  await askUdp({ port: door.port }, asking(DOES.nothing));
  const told = door.seen.callers.map(({ address, transport }) => [address, transport]);
  assert.deepEqual(told, [
    ['127.0.0.2', 'tcp'],
    ['127.0.0.1', 'udp'],
  ]);
  assert.equal(door.seen.callers[0]?.localAddress, '127.0.0.3');
  await client.close();
  await door.service.stop();
});

test('UDP: one datagram, one call, one answer; the port is that of TCP', async () => {
  const door = await openDoor({ transports: ['tcp', 'udp'] });
  const ask = (wanted: ReturnType<typeof asking>) => askUdp({ port: door.port }, wanted);
  assert.deepEqual(await ask(asking(DOES.octets, 8)), { xid: 1, kind: 'success', results: Buffer.from('donedone') });
  const slow = ask(asking(DOES.waits, undefined, 5));
  assert.ok(await until(() => door.waiting.length === 1));
  door.answerAll();
  assert.equal((await slow)?.xid, 5);
  assert.equal((await ask(asking(DOES.throws)))?.kind, 'system-error');
  await door.service.stop();
});

test('UDP: what no datagram can hold, and what is lent, is an error of the system', async () => {
  const door = await openDoor({ transports: ['udp'] });
  const kind = async (procedure: number, bytes: number) =>
    (await askUdp({ port: door.port }, asking(procedure, bytes)))?.kind;
  assert.deepEqual([await kind(DOES.octets, 65_484), await kind(DOES.lent, 100)], ['system-error', 'system-error']);
  assert.equal(door.seen.released, 1);
  await door.service.stop();
});

test('UDP: answers that are longer than their questions go as long as there are few; short ones always', async () => {
  const door = await openDoor({ transports: ['udp'] });
  const ask = (procedure: number, bytes: number, timeoutMs = 5000) =>
    askUdp({ port: door.port, timeoutMs }, asking(procedure, bytes));
  assert.equal((await ask(DOES.octets, 60_000))?.kind, 'success');
  const lost = ask(DOES.octets, 8000, 200);
  assert.ok(await until(() => door.logged('dropped') === 1));
  assert.equal(await lost, undefined);
  assert.equal((await ask(DOES.nothing, 0))?.kind, 'success');
  door.host.clock.advance(1000);
  assert.equal((await ask(DOES.octets, 60_000))?.kind, 'success');
  await door.service.stop();
});

test('UDP: what is no call is not answered: two servers never speak to each other', async () => {
  const door = await openDoor({ transports: ['udp'] });
  const reply = await askUdpRaw({ port: door.port }, call(asking(DOES.nothing)));
  const silent = askUdpRaw({ port: door.port, timeoutMs: 200 }, reply ?? assert.fail());
  assert.ok(await until(() => door.logged('dropped') === 1));
  assert.equal(await silent, undefined);
  await door.service.stop();
});

test('UDP: no more calls are under way than there is room for, and those that wait are answered', async () => {
  const door = await openDoor({ transports: ['udp'] });
  const asked = Array.from({ length: 70 }, (_, i) =>
    askUdp({ port: door.port, timeoutMs: 1000 }, asking(DOES.waits, undefined, i)),
  );
  assert.ok(await until(() => door.logged('dropped') === 6));
  assert.equal(door.seen.asked, 64);
  door.answerAll();
  assert.equal((await Promise.all(asked)).filter((reply) => reply?.kind === 'success').length, 64);
  await door.service.stop();
});

test('a port that another has: a Fault with the cure, and nothing stays open', async () => {
  const other = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as net.AddressInfo;
  const host = fakeHost();
  const listen = [parseIpv4('127.0.0.2') ?? LOOPBACK, LOOPBACK];
  const service = rpcService(() => ({ name: 'nfs', listen, port, transports: ['tcp', 'udp'], programs: [] }), { host });
  await assert.rejects(service.start(), (fault) => fault instanceof Fault && fault.code === 'bind-failed');
  assert.deepEqual([service.health().ok, service.ports().length, host.udp.openSockets], [false, 0, 0]);
  await new Promise((resolve) => other.close(resolve));
  await service.start();
  assert.deepEqual(
    service.ports().map((at) => at.port),
    [port, port],
  );
  await service.stop();
});

test('stop: cuts who is connected, waits for what programs are at, may be repeated, and the door opens again', async () => {
  const door = await openDoor({ transports: ['tcp', 'udp'] });
  const socket = await rude(door.port);
  socket.write(wire(DOES.waits));
  assert.ok(await until(() => door.waiting.length === 1));
  let isStopped = false;
  const stopping = door.service.stop().then(() => {
    isStopped = true;
  });
  await closed(socket);
  assert.equal(isStopped, false);
  door.answerAll(1000);
  await stopping;
  await door.service.stop();
  assert.deepEqual([door.host.clock.pendingTimers, door.service.health().ok], [0, false]);
  await door.service.start();
  const client = await RpcClient.to({ port: door.service.ports()[0]?.port ?? 0 });
  assert.equal((await client.ask(asking(DOES.nothing))).kind, 'success');
  await client.close();
  await door.service.stop();
});

test('traffic: who was answered with octets of files within ten seconds is one that reads; octets only grow', async () => {
  const door = await openDoor();
  const clients = [await door.client(), await door.client(), await door.client()];
  const transfers = (): number => door.service.traffic().transfers;
  await Promise.all(clients.map((client) => client.ask(asking(DOES.nothing))));
  assert.equal(transfers(), 0);
  await clients[0]?.ask(asking(DOES.lent, 1000));
  door.host.clock.advance(5000);
  await clients[1]?.ask(asking(DOES.lent, 1000));
  assert.equal(transfers(), 2);
  door.host.clock.advance(6000);
  assert.equal(transfers(), 1);
  const { sentBytes } = door.service.traffic();
  // Three records of nothing, two of a thousand octets: mark and head are 28 octets.
  assert.equal(sentBytes, 5 * 28 + 2 * 1004);
  for (const client of clients) await client.close();
  await door.service.stop();
  assert.deepEqual(door.service.traffic(), { transfers: 0, sentBytes });
});

test('programs know their callers by number alone: nothing is answered for another', async () => {
  const door = await openDoor();
  const client = await door.client();
  assert.equal((await client.ask({ ...asking(DOES.nothing), program: PROGRAM + 1 })).kind, 'program-unavailable');
  assert.equal(door.seen.asked, 0);
  await client.close();
  await door.service.stop();
});
