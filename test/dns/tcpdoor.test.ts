/** Questions by TCP: RFC 7766, and clients who mean no good. Time is the test's; sockets are real. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Endpoint, LOOPBACK } from '../../src/core/addr.ts';
import { MAX_UNANSWERED } from '../../src/dns/connection.ts';
import { descriptorShare } from '../../src/host/descriptors.ts';
import { seeded } from '../support/fakes.ts';
import { type Booth, connected, numberOf, openBooth, type Peer, question, udpPeer, until } from './booth.ts';

const numbers = (all: readonly Uint8Array[]): readonly number[] => all.map(numberOf).sort((a, b) => a - b);
const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

/** Each in turn, so that the first is idle for longest. */
async function connectedAs(t: TestContext, { at, doors }: Booth, clients: readonly string[]): Promise<Peer[]> {
  const peers: Peer[] = [];
  for (const client of clients) {
    const before = doors.counts.connections;
    peers.push(await connected(t, at, client));
    await until(() => doors.counts.connections > before);
  }
  return peers;
}

/** Those for whom others go. */
async function newcomers(t: TestContext, { at }: Booth, clients: readonly string[]): Promise<void> {
  for (const client of clients) await connected(t, at, client);
}

const open = (peers: readonly Peer[]): readonly boolean[] => peers.map((peer) => peer.isOpen);
/** What happens, happens within some turns of the event loop: a question and its answer by another way. */
async function settled(t: TestContext, { at, doors }: Booth): Promise<void> {
  const before = doors.counts.udp;
  const client = await udpPeer(t);
  client.send(question(9999), at);
  await until(() => doors.counts.udp > before);
}

test('questions one behind the other are answered in any order, each once (RFC 7766 §6.2.1.1, §7)', async (t) => {
  const { at, asked } = await openBooth(t);
  const peer = (await connected(t, at)).ask(...upTo(50).map((i) => question(i, 12 + i)));
  await until(() => asked.length === 50);
  for (const { asker, bytes } of asked.toReversed()) {
    asker.answer(bytes);
    asker.answer(bytes);
    asker.drop();
  }
  await until(() => peer.answers.length === 50);
  assert.deepEqual(peer.answers.map(numberOf), upTo(50).toReversed());
  assert.deepEqual(
    peer.answers.map((bytes) => bytes.length),
    upTo(50).map((i) => 61 - i),
  );
});

test(`of one connection ${MAX_UNANSWERED} questions are worked at, the others wait until one is done with`, async (t) => {
  const { at, asked, doors } = await openBooth(t);
  const random = seeded(7766);
  const peer = (await connected(t, at)).ask(...upTo(1000).map((i) => question(i)));
  const waiting: typeof asked = [];
  for (let done = 0; done < 1000; done++) {
    await until(() => asked.length > 0);
    waiting.push(...asked.splice(0));
    assert.ok(doors.counts.tcp - done <= MAX_UNANSWERED, `${doors.counts.tcp} handed on, ${done} done with`);
    const [next] = waiting.splice(Math.floor(random() * waiting.length), 1);
    if (done % 10 === 9) next?.asker.drop();
    else next?.asker.answer(next.bytes);
    if (waiting.length > 0) asked.push(...waiting.splice(0));
  }
  await until(() => peer.answers.length === 900);
  assert.equal(new Set(numbers(peer.answers)).size, 900);
  assert.equal(doors.counts.tcp, 1000);
});

test('who has ended its side gets the answers that are owed, then the end', async (t) => {
  const booth = await openBooth(t);
  const { at, asked, doors } = booth;
  const peer = (await connected(t, at)).ask(...upTo(250).map((i) => question(i)));
  peer.socket.end();
  for (let done = 0; done < 250; done++) {
    await until(() => asked.length > 0);
    // By now everything was read, the end too.
    if (done === 240) await settled(t, booth);
    const next = asked.shift();
    next?.asker.answer(next.bytes);
  }
  await until(() => peer.end !== undefined);
  assert.equal(peer.end, 'fin');
  assert.deepEqual(numbers(peer.answers), upTo(250));
  await until(() => doors.counts.connections === 0);
});

test('who ends in the middle of a message gets the answers that are owed, then the end', async (t) => {
  const booth = await openBooth(t);
  const { at, asked } = booth;
  const peer = (await connected(t, at)).ask(question(1));
  peer.socket.end(Uint8Array.from([0, 50, 1, 2, 3]));
  await until(() => asked.length === 1);
  await settled(t, booth);
  for (const { asker, bytes } of asked) asker.answer(bytes);
  await until(() => peer.end !== undefined);
  assert.deepEqual([peer.end, numbers(peer.answers)], ['fin', [1]]);
});

for (const length of [0, 1, 11]) {
  test(`a message of ${length} octets, shorter than any header, ends the connection`, async (t) => {
    const { at, doors } = await openBooth(t, { isEcho: true });
    const peer = (await connected(t, at)).ask(question(1, 12));
    await until(() => peer.answers.length === 1);
    peer.socket.write(Uint8Array.from([0, length, ...upTo(length)]));
    await until(() => peer.end !== undefined);
    assert.equal(peer.end, 'reset');
    await until(() => doors.counts.connections === 0);
  });
}

test('a client that resets its connection is no event: its answers go nowhere, others get theirs', async (t) => {
  const { at, asked, doors } = await openBooth(t);
  const rude = (await connected(t, at, '127.0.0.2')).ask(...upTo(20).map((i) => question(i)));
  const polite = (await connected(t, at, '127.0.0.3')).ask(question(77));
  await until(() => asked.length === 21);
  rude.socket.resetAndDestroy();
  await until(() => doors.counts.connections === 1);
  for (const { asker, bytes } of asked) asker.answer(bytes);
  await until(() => polite.answers.length === 1);
  assert.deepEqual(numbers(polite.answers), [77]);
});

test('a limited question gets no answer, its connection stays for those that are not', async (t) => {
  let admission: 'served' | 'limited' = 'served';
  const { at, doors } = await openBooth(t, { admit: () => admission, isEcho: true });
  const peer = (await connected(t, at)).ask(question(1));
  await until(() => peer.answers.length === 1);
  admission = 'limited';
  peer.ask(question(2), question(3));
  await until(() => doors.counts.limited === 2);
  admission = 'served';
  peer.ask(question(4));
  await until(() => peer.answers.length === 2);
  assert.deepEqual(numbers(peer.answers), [1, 4]);
});

test('an idle connection is closed after 10 s, one that was answered 10 s after that (RFC 7766 §6.2.3)', async (t) => {
  const booth = await openBooth(t, { isEcho: true });
  const [silent, used] = await connectedAs(t, booth, ['127.0.0.2', '127.0.0.3']);
  booth.clock.advance(6000);
  used?.ask(question(1));
  await until(() => used?.answers.length === 1);
  booth.clock.advance(3000);
  await settled(t, booth);
  assert.deepEqual(open([silent, used].flatMap((p) => p ?? [])), [true, true]);
  booth.clock.advance(1000);
  await until(() => silent?.end !== undefined);
  assert.deepEqual([silent?.end, used?.isOpen], ['fin', true]);
  booth.clock.advance(6000);
  await until(() => used?.end !== undefined);
  await until(() => booth.doors.counts.connections === 0);
  booth.clock.advance(1000);
  assert.equal(booth.clock.pendingTimers, 0, 'nobody is there, so nobody is watched');
});

test('where more than half of all places are taken, 5 s are enough', async (t) => {
  const booth = await openBooth(t, { maxConnections: 8 });
  const peers = await connectedAs(
    t,
    booth,
    upTo(5).map((i) => `127.0.0.${i + 2}`),
  );
  booth.clock.advance(4000);
  await settled(t, booth);
  assert.ok(open(peers).every(Boolean));
  booth.clock.advance(1000);
  await until(() => peers.every((peer) => peer.end === 'fin'));
});

test('an octet a second is too slow: a message must be whole 10 s after its first octet', async (t) => {
  const booth = await openBooth(t, { isEcho: true });
  const { clock, at } = booth;
  const [slow, quick] = [await connected(t, at, '127.0.0.2'), await connected(t, at, '127.0.0.3')];
  const message = Uint8Array.from([0, 12, ...question(5)]);
  for (let sec = 0; sec < 9; sec++) {
    slow.socket.write(message.subarray(sec, sec + 1));
    // 14 octets in 7 s.
    if (sec < 7) quick.socket.write(message.subarray(2 * sec, 2 * sec + 2));
    await settled(t, booth);
    clock.advance(1000);
  }
  await until(() => quick.answers.length === 1);
  slow.socket.write(message.subarray(9, 10));
  await settled(t, booth);
  assert.equal(slow.isOpen, true);
  clock.advance(1000);
  await until(() => slow.end !== undefined);
  await settled(t, booth);
  assert.deepEqual([quick.isOpen, slow.answers.length], [true, 0]);
});

test('a message that began late has its 10 s, too; a question that is owed an answer gives no more', async (t) => {
  const booth = await openBooth(t, { admit: () => 'served' });
  const { clock, at, asked } = booth;
  const [late, slow] = [await connected(t, at, '127.0.0.2'), await connected(t, at, '127.0.0.3')];
  const message = Uint8Array.from([0, 12, ...question(5)]);
  slow.socket.write(Buffer.concat([message, message.subarray(0, 3)]));
  await until(() => asked.length === 1);
  clock.advance(6000);
  late.socket.write(message.subarray(0, 3));
  await settled(t, booth);
  assert.equal(asked.length, 2, 'that of the slow one, and the one by UDP');
  clock.advance(4000);
  await until(() => slow.end !== undefined);
  clock.advance(5000);
  late.socket.write(message.subarray(3));
  await until(() => asked.length === 3);
  assert.equal(late.isOpen, true);
});

test('a question that nobody ever answers does not keep its connection for good', async (t) => {
  const booth = await openBooth(t);
  const peer = (await connected(t, booth.at)).ask(question(1));
  await until(() => booth.asked.length === 1);
  booth.clock.advance(29_000);
  await settled(t, booth);
  assert.equal(peer.isOpen, true);
  booth.clock.advance(1000);
  await until(() => peer.end !== undefined);
});

test('1,000 idle connections: UDP and new connections are served, and the one that is idle for longest goes', async (t) => {
  const max = Math.min(1000, descriptorShare('dns'));
  const booth = await openBooth(t, { maxConnections: max, isEcho: true });
  const idle = await connectedAs(
    t,
    booth,
    upTo(max).map((i) => `127.0.1.${1 + (i % 8)}`),
  );
  assert.equal(booth.doors.counts.connections, max);
  const client = await udpPeer(t);
  client.send(question(1), booth.at);
  await until(() => client.heard.length === 1);
  for (let i = 0; i < 5; i++) {
    const next = (await connected(t, booth.at, '127.0.2.1')).ask(question(i));
    await until(() => next.answers.length === 1);
    await until(() => idle[i]?.end !== undefined);
  }
  await settled(t, booth);
  assert.deepEqual(open(idle), [...upTo(5).map(() => false), ...upTo(max - 5).map(() => true)]);
  assert.equal(booth.doors.counts.connections, max);
});

test('a connection with a question is spared while there is one without, however long it has been open', async (t) => {
  const booth = await openBooth(t, { maxConnections: 8 });
  const peers = await connectedAs(
    t,
    booth,
    upTo(8).map((i) => `127.0.0.${i + 2}`),
  );
  for (const i of [0, 1, 3]) peers[i]?.ask(question(i));
  await until(() => booth.asked.length === 3);
  await newcomers(t, booth, ['127.0.1.1', '127.0.1.2']);
  await until(() => peers.filter((peer) => peer.end).length === 2);
  assert.deepEqual(open(peers), [true, true, false, true, false, true, true, true]);
});

test('where all have a question, the one that has waited for longest goes', async (t) => {
  const booth = await openBooth(t, { maxConnections: 8 });
  const peers = await connectedAs(
    t,
    booth,
    upTo(8).map((i) => `127.0.0.${i + 2}`),
  );
  for (const i of [3, 0, 1, 2, 4, 5, 6, 7]) {
    peers[i]?.ask(question(i));
    await until(() => booth.asked.some(({ bytes }) => numberOf(bytes) === i));
  }
  await newcomers(t, booth, ['127.0.1.1']);
  await until(() => peers.some((peer) => peer.end));
  assert.deepEqual(open(peers), [true, true, true, false, true, true, true, true]);
});

test('one address has a quarter of all places: its next takes its own, and where all of them are busy it is refused', async (t) => {
  const booth = await openBooth(t, { maxConnections: 8 });
  const [other] = await connectedAs(t, booth, ['127.0.0.9']);
  const [first, second] = await connectedAs(t, booth, ['127.0.0.2', '127.0.0.2']);
  const third = await connected(t, booth.at, '127.0.0.2');
  await until(() => first?.end !== undefined);
  second?.ask(question(2));
  third.ask(question(3));
  await until(() => booth.asked.length === 2);
  const fourth = await connected(t, booth.at, '127.0.0.2');
  await until(() => fourth.end !== undefined);
  assert.deepEqual([fourth.end, other?.isOpen, second?.isOpen, third.isOpen], ['reset', true, true, true]);
  assert.deepEqual([booth.doors.counts.connections, booth.doors.counts.refusedConnections], [3, 1]);
});

test('connections that are closed do not count against their address', async (t) => {
  const booth = await openBooth(t, { maxConnections: 8 });
  for (let i = 0; i < 5; i++) {
    const [brief] = await connectedAs(t, booth, ['127.0.0.2']);
    brief?.socket.destroy();
    await until(() => booth.doors.counts.connections === 0);
  }
  const two = await connectedAs(t, booth, ['127.0.0.2', '127.0.0.2']);
  await settled(t, booth);
  assert.deepEqual(open(two), [true, true]);
});

test('4,000 questions in one piece, each answered at once: one after the other, not one within the other', async (t) => {
  const { at } = await openBooth(t, { isEcho: true });
  const peer = (await connected(t, at)).ask(...upTo(4000).map((i) => question(i)));
  await until(() => peer.answers.length === 4000);
  assert.deepEqual(peer.answers.map(numberOf), upTo(4000));
});

test('answers that the client does not take end its connection, before they fill our memory', async (t) => {
  const { at, asked, doors } = await openBooth(t);
  const deaf = await connected(t, at, '127.0.0.2', true);
  deaf.ask(...upTo(MAX_UNANSWERED).map((i) => question(i)));
  await until(() => asked.length === MAX_UNANSWERED);
  let given = 0;
  for (const { asker, bytes } of asked) {
    if (doors.counts.connections === 0) break;
    asker.answer(question(numberOf(bytes), 65_535));
    given += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(given < MAX_UNANSWERED, `${given} answers of 64 KiB were taken`);
  assert.equal(doors.counts.connections, 0);
});

test('who asks on without reading is not read on; once it reads, it gets all its answers', async (t) => {
  const { at, doors } = await openBooth(t, { isEcho: true });
  const peer = await connected(t, at, '127.0.0.2', true);
  const total = 400;
  peer.ask(...upTo(total).map((i) => question(i, 60_000)));
  let before = -1;
  // Quiet once nothing was handed on for many turns: both kernel buffers are full.
  for (let quiet = 0; quiet < 2000; quiet++) {
    if (doors.counts.tcp !== before) quiet = 0;
    before = doors.counts.tcp;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(before < total, `${before} of ${total} were handed on`);
  assert.equal(doors.counts.connections, 1);
  peer.listen();
  await until(() => peer.answers.length === total);
  assert.deepEqual(numbers(peer.answers), upTo(total));
});

test('300 random streams, cut at random: nothing reaches the process, and the next client is served', async (t) => {
  const booth = await openBooth(t, { isEcho: true });
  const random = seeded(1035);
  for (let round = 0; round < 300; round++) {
    const peer = await connected(t, booth.at, `127.0.3.${1 + (round % 200)}`);
    const length = Math.floor(random() * 400);
    peer.socket.write(Uint8Array.from({ length }, () => (random() < 0.4 ? 0 : Math.floor(random() * 256))));
    const manners = random();
    if (manners < 0.5) peer.socket.end();
    else if (manners < 0.75) peer.socket.resetAndDestroy();
  }
  booth.clock.advance(60_000);
  const last = (await connected(t, booth.at)).ask(question(42));
  await until(() => last.answers.length === 1);
  booth.clock.advance(60_000);
  await until(() => booth.doors.counts.connections === 0);
});

test('with 64 descriptors and 300 silent connections the next client is served, by UDP, too', async (t) => {
  const { at, isAlive } = await narrowDoors(t, 64);
  for (const i of upTo(300)) await connected(t, at, `127.0.4.${1 + (i % 100)}`);
  const last = (await connected(t, at, '127.0.5.1')).ask(question(1));
  await until(() => last.answers.length === 1);
  const client = await udpPeer(t);
  client.send(question(2), at);
  await until(() => client.heard.length === 1);
  assert.ok(isAlive());
});

test('where the runtime alone needs nearly all descriptors, connections are dropped; UDP is served, and TCP when there is one again', async (t) => {
  const { at, isAlive } = await narrowDoors(t, 28);
  const peers: Peer[] = [];
  for (const i of upTo(40)) peers.push(await connected(t, at, `127.0.4.${1 + i}`));
  const client = await udpPeer(t);
  client.send(question(2), at);
  await until(() => client.heard.length === 1);
  for (const { socket } of peers) socket.destroy();
  let answered: Peer | undefined;
  while (!answered) {
    const peer = (await connected(t, at, '127.0.5.1')).ask(question(1));
    await until(() => peer.answers.length === 1 || peer.end !== undefined || peer.socket.destroyed);
    if (peer.answers.length === 1) answered = peer;
  }
  assert.ok(isAlive());
});

/** Doors in a process that may have so many descriptors. */
async function narrowDoors(t: TestContext, descriptors: number): Promise<{ at: Endpoint; isAlive: () => boolean }> {
  const script = fileURLToPath(new URL('./narrow.ts', import.meta.url));
  const child = spawn('sh', ['-c', `ulimit -n ${descriptors}; exec '${process.execPath}' '${script}'`]);
  t.after(() => child.kill());
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.once('data', (line) => resolve(Number(line)));
    child.once('exit', () => reject(new Error(said)));
  });
  return { at: { address: LOOPBACK, port }, isAlive: () => child.exitCode === null && said === '' };
}
