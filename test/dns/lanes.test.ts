import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Endpoint, Ipv4 } from '../../src/core/addr.ts';
import { pairAt } from '../../src/core/bytes.ts';
import { Lanes } from '../../src/dns/lanes.ts';
import type { Sent } from '../../src/dns/sent.ts';
import { fakeHost, seeded } from '../support/fakes.ts';
import { question } from './packets.ts';
import { answerTo, settle } from './upstreams.ts';

const remote: Endpoint = { address: '9.9.9.9' as Ipv4, port: 53 };

/** Lanes to an upstream that answers as `answer` says; `told` is what they say. */
async function lanes(answer: (asked: Uint8Array) => Uint8Array | undefined, width = 64) {
  const host = fakeHost();
  const told = { answers: 0, doubts: 0, foreign: 0, lost: [] as string[] };
  const ports: number[] = [];
  const at: Endpoint[] = [];
  const upstream = await host.udp.bind(remote, (bytes, from) => {
    ports.push(from.port);
    at.push(from);
    const reply = answer(bytes);
    if (reply) upstream.send(reply, from);
  });
  const random = seeded(3);
  const subject = new Lanes<Sent>({
    ...{ host, remote, chance: { u16: () => Math.floor(random() * 65_536) } },
    on: {
      onAnswer: () => {
        told.answers += 1;
      },
      onDoubt: () => {
        told.doubts += 1;
      },
      onForeign: () => {
        told.foreign += 1;
      },
      onLost: (_sent, why) => told.lost.push(why),
    },
  });
  subject.width = width;
  const send = async (count = 1, isDoubted = false): Promise<Sent[]> => {
    const all = Array.from({ length: count }, () => {
      const packet = question('flisol.example', 'A');
      const sent: Sent = { packet, questionEnd: packet.length, isCaseless: false, sentAtMs: 0, place: undefined };
      subject.send(sent, isDoubted);
      return sent;
    });
    await settle();
    return all;
  };
  return { host, told, ports, at, subject, send };
}

test('lanes: questions that wait for a port to open leave all, and each is answered', async () => {
  const l = await lanes((bytes) => answerTo(bytes), 4);
  await l.send(200);
  assert.equal(l.told.answers, 200);
  assert.equal(new Set(l.ports).size, 4);
});

test('lanes: ids are of no other question on that port', async () => {
  const l = await lanes(() => undefined, 1);
  const sent = await l.send(900);
  assert.equal(new Set(sent.map(({ packet }) => pairAt(packet, 0))).size, 900);
});

test('lanes: a port is given up after 1,000 questions', async () => {
  const l = await lanes((bytes) => answerTo(bytes), 1);
  for (let n = 0; n < 2500; n++) await l.send();
  assert.equal(new Set(l.ports).size, 3);
  assert.equal(l.subject.open, 1);
});

test('lanes: a port is given up after a minute, and after 2 s where no answers come', async () => {
  const l = await lanes((bytes) => answerTo(bytes), 1);
  const portAfter = async (ms: number, isDoubted: boolean): Promise<number | undefined> => {
    l.host.clock.advance(ms);
    await l.send(1, isDoubted);
    return l.ports.at(-1);
  };
  const first = await portAfter(0, false);
  assert.equal(await portAfter(60_000, false), first);
  const second = await portAfter(1, false);
  assert.notEqual(second, first);
  assert.equal(await portAfter(2000, true), second);
  assert.notEqual(await portAfter(1, true), second);
});

test('lanes: what was given up stays open until its last answer came, and no longer', async () => {
  const l = await lanes(() => undefined, 1);
  const [sent] = await l.send();
  l.host.clock.advance(60_001);
  await l.send();
  assert.equal(l.subject.open, 2);
  sent?.place?.forget(sent);
  assert.equal(l.subject.open, 1);
});

test('lanes: ports that wait for their last answers are bounded, whatever is silent', async () => {
  const l = await lanes(() => undefined, 4);
  for (let n = 0; n < 500; n++) {
    await l.send(1, true);
    l.host.clock.advance(2001);
  }
  assert.ok(l.subject.open <= 4 + 32, `${l.subject.open}`);
});

test('lanes: idle ports are closed', async () => {
  const l = await lanes((bytes) => answerTo(bytes));
  await l.send(100);
  assert.ok(l.subject.open > 10);
  l.host.clock.advance(15_001);
  l.subject.sweep(l.host.clock.now());
  await settle();
  assert.deepEqual([l.subject.open, l.host.udp.openSockets], [0, 1]);
});

test('lanes: ten packets that answer nothing end a port: what waits there is besieged', async () => {
  const l = await lanes(() => new Uint8Array(12), 1);
  await l.send(9);
  assert.deepEqual([l.told.foreign, l.told.lost, l.subject.open], [9, [], 1]);
  await l.send();
  assert.deepEqual([l.told.foreign, l.told.lost.length, new Set(l.told.lost)], [10, 10, new Set(['besieged'])]);
  await l.send();
  assert.equal(new Set(l.ports).size, 2);
});

test('lanes: an answer that comes when nobody waits for it any more is no guess; a second one is', async () => {
  const l = await lanes(() => undefined, 1);
  const sent = await l.send(20);
  for (const one of sent) one.place?.forget(one);
  await l.send();
  const [to] = l.at;
  assert.ok(to);
  const deliver = (count: number): void => {
    for (const { packet } of sent.slice(0, count)) l.host.udp.deliver(answerTo(packet), remote, to);
  };
  deliver(20);
  assert.deepEqual([l.told.foreign, l.told.lost, l.subject.open], [20, [], 1]);
  deliver(10);
  assert.deepEqual([l.told.foreign, l.told.lost], [30, ['besieged']]);
});

test('lanes: ICMP says that nobody listens: lost at once, the next has another port', async () => {
  const host = fakeHost();
  host.udp.refuses.add(remote.address);
  const lost: string[] = [];
  const nothing = () => {};
  const on = { onAnswer: nothing, onDoubt: nothing, onForeign: nothing };
  const subject = new Lanes<Sent>({
    ...{ host, remote, chance: { u16: () => 7 } },
    on: { ...on, onLost: (_sent, why) => lost.push(why) },
  });
  const packet = question('flisol.example', 'A');
  subject.send({ packet, questionEnd: packet.length, isCaseless: false, sentAtMs: 0, place: undefined }, false);
  await settle();
  assert.deepEqual(lost, ['unreachable']);
  assert.equal(subject.open, 0);
});

test('lanes: without a socket another port takes what waits; without any it is lost', async () => {
  const l = await lanes((bytes) => answerTo(bytes));
  l.host.udp.dialFaults = 1;
  await l.send();
  assert.deepEqual(l.told.lost, ['no-socket']);
  await l.send();
  l.host.udp.dialFaults = 1000;
  await l.send(100);
  assert.deepEqual([l.told.answers, l.told.lost.length], [101, 1]);
});
