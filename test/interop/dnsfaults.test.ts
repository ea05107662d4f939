/** Upstreams that are dead, deaf or mad, and clients that are too many: what is known is told as before, and nobody waits for ever. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { ANSWER, a, FLAG, packet, question, RCODE, rr } from '../dns/packets.ts';
import { eachOf, udpLane } from '../support/dnsask.ts';
import { ground, until } from '../support/dnsground.ts';
import { readPacket } from '../support/dnsread.ts';
import { answerTo, type Behaviour, honest } from '../support/dnsupstream.ts';

const TRUE = ['5db8d822'];
const NOERROR = 0;
const SERVFAIL = 2;
/** RFC 8914 §4.4. */
const STALE_ANSWER = '0003';
const EDE = 15;
/** No upstream is asked the same again sooner. */
const AGAIN_MS = 500;

const silent: Behaviour = () => {};
const bad: readonly (readonly [name: string, behave: Behaviour])[] = [
  ['is silent', silent],
  ['refuses', (asked, send) => send(answerTo(asked, { flags: ANSWER + RCODE.REFUSED, answers: [] }))],
  ['fails', (asked, send) => send(answerTo(asked, { flags: ANSWER + RCODE.SERVFAIL, answers: [] }))],
  ['sends noise', (_, send) => send(Uint8Array.from({ length: 300 }, (_each, i) => (i * 89) % 256))],
  [
    'sends noise behind the right id',
    ({ bytes }, send) => send(Uint8Array.from([...bytes.subarray(0, 2), ...Array(60).fill(0xff)])),
  ],
  ['says how much it answers, and lies', (asked, send) => send(answerTo(asked, { counts: [1, 65_535] }))],
  [
    'cuts every answer, and has no TCP',
    (asked, send) => asked.isTcp || send(answerTo(asked, { flags: ANSWER + FLAG.TC, answers: [] })),
  ],
];
const COUNT = 60;

// They wait for time-outs more than for the machine.
describe('faults', { concurrency: true }, () => {
  test('a first upstream that is no good: every question is answered by the second, and soon the first is left alone', async (t) => {
    const { ask, upstreams } = await ground(t, [honest, honest]);
    const [first, second] = upstreams;
    assert.ok(first && second);
    for (const [i, [name, behave]] of bad.entries()) {
      await t.test(`the first ${name}`, async () => {
        // It was the quickest until now.
        first.behave = honest;
        second.behave = silent;
        await until('it is asked again', 500, async () => {
          const answer = await ask(`again${Math.random()}.example.org`);
          return answer.rcode === NOERROR ? answer : undefined;
        });
        [first.behave, second.behave] = [behave, honest];
        first.asked.length = 0;
        for (let n = 0; n < COUNT; n++) {
          const answer = await ask(`bad${i}n${n}.example.org`);
          assert.deepEqual([answer.rcode, answer.answer.map(({ data }) => data)], [NOERROR, TRUE]);
        }
        const late = new Set(
          first.asked.map((one) => one.name).filter((asked) => Number(/n(\d+)/.exec(asked)?.[1]) >= COUNT / 2),
        );
        assert.ok(late.size <= COUNT / 6, `of the last ${COUNT / 2} questions it was asked ${late.size}`);
      });
    }
  });

  test('every upstream dead: what was known is told as stale, what was not is SERVFAIL, and their return is noticed', async (t) => {
    const short: Behaviour = (asked, send) =>
      send(
        answerTo(asked, {
          answers: [{ ...rr('', 'A', 1, a('93.184.216.34')), name: Buffer.from(asked.letters, 'latin1') }],
        }),
      );
    const { ask, upstreams } = await ground(t, [short, short]);
    assert.equal((await ask('known.example.org')).rcode, NOERROR);
    for (const upstream of upstreams) upstream.behave = silent;
    const stale = await until('it is asked for anew', 1000, async () => {
      const answer = await ask('known.example.org');
      return answer.opt?.options.some(({ code }) => code === EDE) ? answer : undefined;
    });
    assert.deepEqual([stale.rcode, stale.answer.map(({ data }) => data)], [NOERROR, TRUE]);
    assert.ok(
      stale.answer.every(({ ttlSec }) => ttlSec <= 30),
      'RFC 8767 §5',
    );
    assert.ok(stale.opt?.options.some(({ data }) => data.startsWith(STALE_ANSWER)));
    assert.equal((await ask('unknown.example.org')).rcode, SERVFAIL);
    for (const upstream of upstreams) upstream.behave = short;
    await until('they are back', 1500, async () =>
      (await ask('new.example.org')).rcode === NOERROR ? true : undefined,
    );
    await until('what was stale is fresh', 1500, async () =>
      (await ask('known.example.org')).opt?.options.some(({ code }) => code === EDE) ? undefined : true,
    );
  });

  test('300 names that nobody answers for: cached and local names are told as before, and each of the 300 gets its SERVFAIL', async (t) => {
    const { ask, udp, upstreams } = await ground(t, [
      (asked, send) => asked.name.startsWith('hang') || honest(asked, send),
    ]);
    await ask('cached.example.org');
    const lanes = await Promise.all([2, 3, 4, 5, 6].map((n) => udp({ from: `127.0.0.${n}` })));
    const hanging = Array.from({ length: 300 }, (_, i) =>
      lanes[i % lanes.length]?.ask(question(`hang${i}.example.org`, 'A')).then((bytes) => readPacket(bytes).rcode),
    );
    let hasOneEnded = false;
    for (const one of hanging) void one?.then(() => (hasOneEnded = true));
    // One that comes at its first try is one that waits for nobody: no lane repeats a question.
    const honestLane = await udp({ patienceMs: 2000 });
    for (const name of ['cached.example.org', 'flink.hall.test', 'localhost']) {
      const got = await eachOf(Array(200).fill(name), 20, () => honestLane.ask(question(name, 'A')));
      assert.ok(got.every((bytes) => readPacket(bytes).rcode === NOERROR));
    }
    assert.equal(hasOneEnded, false, 'the 300 were hanging all the while');
    assert.equal((await ask('unknown.example.org')).rcode, NOERROR, 'and a name that is new is asked for');
    const ends = await Promise.all(hanging);
    assert.deepEqual(new Set(ends), new Set([SERVFAIL]));
    assert.ok((upstreams[0]?.asked.length ?? 0) < 300 * 5, 'no storm');
  });

  test('1,000 idle connections, some of half a question: UDP and new connections are served', async (t) => {
    const { ask, flink, udp, tcp } = await ground(t, [honest]);
    await ask('cached.example.org');
    const idle: Socket[] = [];
    t.after(() => {
      for (const socket of idle) socket.destroy();
    });
    await eachOf(Array.from({ length: 1000 }), 50, async (_, i) => {
      const socket = connect({ host: flink.address, port: flink.port, localAddress: `127.0.${1 + (i % 20)}.2` });
      socket.on('error', () => {});
      idle.push(socket);
      await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
      if (i % 3 === 0) socket.write(Uint8Array.of(0));
      if (i % 3 === 1) socket.write(Uint8Array.of(0, 200, 1, 2, 3));
    });
    const answers = await eachOf(Array.from({ length: 200 }), 20, async () =>
      (await udp()).ask(question('cached.example.org', 'A')),
    );
    assert.ok(answers.every((bytes) => readPacket(bytes).rcode === NOERROR));
    for (let n = 0; n < 20; n++) {
      const lane = await tcp({ from: `127.0.0.${10 + n}` });
      assert.equal(readPacket(await lane.ask(question('cached.example.org', 'A'))).rcode, NOERROR);
      lane.close();
    }
  });

  test('200 clients ask one name while the upstream is slow: one question goes out, and all get its answer', async (t) => {
    const held: (() => void)[] = [];
    const { flink, upstreams, ask } = await ground(t, [
      (asked, send) => {
        if (asked.name.startsWith('slow')) held.push(() => honest(asked, send));
        else honest(asked, send);
      },
    ]);
    const lanes = await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        udpLane(flink, { from: `127.0.${1 + Math.floor(i / 100)}.${1 + (i % 100)}` }),
      ),
    );
    t.after(() => {
      for (const lane of lanes) lane.close();
    });
    const slow = (name: string) => upstreams[0]?.asked.filter((asked) => asked.name === name) ?? [];
    for (const name of ['slow1.example.org', 'slow2.example.org']) {
      const startMs = performance.now();
      // A machine that is busy elsewhere may take so long that it is asked once more.
      const most = () => 1 + Math.floor((performance.now() - startMs) / AGAIN_MS);
      const answers = lanes.map((lane) => lane.ask(packet({ flags: FLAG.RD, question: [name, 1] })));
      // Came in behind them, is answered before them: they have all been read.
      await ask(`fence-${name}`);
      assert.ok(slow(`${name}.`).length >= 1 && slow(`${name}.`).length <= most());
      for (const release of held.splice(0)) release();
      for (const bytes of await Promise.all(answers))
        assert.deepEqual(
          readPacket(bytes).answer.map(({ data }) => data),
          TRUE,
        );
      assert.ok(slow(`${name}.`).length <= most());
    }
    assert.ok(
      lanes.every(({ received }) => received === 2),
      'and once only',
    );
  });
});
