import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pairAt, setPair } from '../../src/core/bytes.ts';
import { framed } from '../../src/dns/frames.ts';
import type { OnLine } from '../../src/dns/lines.ts';
import { type StreamSent, Streams } from '../../src/dns/streams.ts';
import type { Upstream } from '../../src/dns/upstream.ts';
import { FakeClock, seeded } from '../support/fakes.ts';
import { question } from './packets.ts';
import { answerTo } from './upstreams.ts';

/** One connection, seen from the upstream. */
interface Far extends OnLine {
  readonly asked: Uint8Array[];
  isCut: boolean;
  answer(asked: Uint8Array | undefined): void;
}

function streams(transport: Upstream['transport'] = 'tcp') {
  const clock = new FakeClock();
  const random = seeded(9);
  const fars: Far[] = [];
  const told = { answered: [] as StreamSent[], foreign: 0, lost: [] as StreamSent[], failed: 0 };
  const subject = new Streams<StreamSent>({
    ...{ clock, chance: { u16: () => Math.floor(random() * 65_536) } },
    upstream: { transport, address: '9.9.9.9', port: 53 },
    openLine: (_upstream, on) => {
      const answer = (asked: Uint8Array = new Uint8Array(12)): void => on.onBytes(framed(answerTo(asked)));
      const far: Far = { ...on, asked: [], isCut: false, answer };
      fars.push(far);
      return {
        write: (frame) => {
          far.asked.push(frame.slice(2));
        },
        cut: () => {
          far.isCut = true;
        },
      };
    },
    on: {
      onAnswer: (sent) => told.answered.push(sent),
      onForeign: () => {
        told.foreign += 1;
      },
      onLost: (sent) => told.lost.push(sent),
      onFailed: () => {
        told.failed += 1;
      },
    },
  });
  const send = (count = 1): StreamSent[] =>
    Array.from({ length: count }, () => {
      const packet = question('flisol.example', 'A');
      const more = { isCaseless: false, isMoved: false, sentAtMs: 0, place: undefined };
      const sent: StreamSent = { packet, questionEnd: packet.length, ...more };
      subject.send(sent);
      return sent;
    });
  const after = (ms: number): void => {
    clock.advance(ms);
    subject.sweep(clock.now());
  };
  return { clock, fars, told, subject, send, after };
}

test('streams: one connection for all, written once it is open; answers in any order (RFC 7766 §6.2.1.1)', () => {
  const s = streams();
  const sent = s.send(10);
  const [far] = s.fars;
  assert.deepEqual([s.fars.length, far?.asked.length], [1, 0]);
  far?.onOpen();
  for (const asked of far?.asked.toReversed() ?? []) far?.answer(asked);
  assert.deepEqual(s.told.answered, sent.toReversed());
});

test('streams: a second connection where the first has 64 questions, and never a third', () => {
  const s = streams();
  s.send(64);
  assert.equal(s.fars.length, 1);
  s.send(2000);
  assert.equal(s.fars.length, 2);
});

test('streams: what no connection has room for is lost at once', () => {
  const s = streams();
  s.send(3000);
  assert.deepEqual([s.fars.length, s.told.lost.length], [2, 3000 - 2 * 1024]);
});

test('streams: ids on one connection are of one question each', () => {
  const s = streams();
  const ids = s.send(1000).map(({ packet, place }) => ({ id: pairAt(packet, 0), place }));
  for (const place of new Set(ids.map((i) => i.place))) {
    const mine = ids.filter((i) => i.place === place);
    assert.equal(new Set(mine.map((i) => i.id)).size, mine.length);
  }
});

test('streams: when an idle connection ends with a question on its way, that is asked once more (RFC 7766 §6.2.4)', () => {
  const s = streams();
  s.send();
  s.fars[0]?.onOpen();
  s.fars[0]?.answer(s.fars[0]?.asked[0]);
  const [second] = s.send();
  s.fars[0]?.onEnd();
  s.fars[1]?.onOpen();
  assert.deepEqual([s.fars.length, s.fars[1]?.asked.length, s.told.lost.length], [2, 1, 0]);
  s.fars[1]?.answer(s.fars[1].asked[0]);
  assert.equal(s.told.answered.at(-1), second);
});

test('streams: a question is moved once, then it is lost', () => {
  const s = streams();
  const [first] = s.send();
  s.fars[0]?.onOpen();
  s.fars[0]?.answer(first?.packet);
  const [moved] = s.send();
  s.fars[0]?.onEnd();
  s.fars[1]?.onOpen();
  const [other] = s.send();
  s.fars[1]?.answer(other?.packet);
  s.fars[1]?.onEnd();
  assert.deepEqual(s.told.lost, [moved]);
});

test('streams: a connection that never answered anything is no reason to ask again', () => {
  const s = streams();
  s.send();
  s.fars[0]?.onOpen();
  s.clock.advance(10_000);
  s.fars[0]?.onEnd();
  assert.deepEqual([s.fars.length, s.told.lost.length, s.told.failed], [1, 1, 1]);
  s.clock.advance(10_000);
  s.send();
  s.fars[1]?.onEnd();
  assert.deepEqual([s.fars.length, s.told.lost.length], [2, 2]);
});

test('streams: after a failure no new connection for a while, longer each time, 4 s at most', () => {
  const s = streams();
  const waits: number[] = [];
  for (let n = 0; n < 7; n++) {
    s.send();
    s.fars.at(-1)?.onEnd(new Error('refused'));
    const failedAtMs = s.clock.now();
    for (const before = s.fars.length; s.fars.length === before; s.clock.advance(10)) s.send();
    waits.push(s.clock.now() - 10 - failedAtMs);
    s.subject.sweep(s.clock.now());
    s.fars.at(-1)?.onOpen();
    s.fars.at(-1)?.onEnd();
  }
  assert.ok(
    waits.slice(1).every((w, i) => w >= (waits[i] ?? 0)),
    `${waits}`,
  );
  assert.deepEqual([waits[0], waits.at(-1)], [250, 4000]);
});

const endings: readonly (readonly [string, Uint8Array])[] = [
  ['a length shorter than any message', Uint8Array.of(0, 11, ...new Uint8Array(11))],
  [
    'ten messages that answer nothing',
    Uint8Array.from(Array.from({ length: 10 }, () => [...framed(new Uint8Array(12))]).flat()),
  ],
];
for (const [name, bytes] of endings) {
  test(`streams: closed: ${name}`, () => {
    const s = streams();
    s.send();
    s.fars[0]?.onOpen();
    s.fars[0]?.onBytes(bytes);
    assert.deepEqual([s.fars[0]?.isCut, s.told.lost.length, s.subject.open], [true, 1, 0]);
  });
}

test('streams: who only lets octets drip is closed after 4 s', () => {
  const s = streams();
  s.send();
  s.fars[0]?.onOpen();
  s.fars[0]?.onBytes(Uint8Array.of(0xff, 0xff));
  for (let n = 0; n < 9; n++) {
    s.fars[0]?.onBytes(Uint8Array.of(0));
    s.after(500);
    assert.equal(s.subject.open, n < 8 ? 1 : 0, `${n}`);
  }
  assert.equal(s.told.lost.length, 1);
});

test('streams: a connection that does not open is given up after 3 s', () => {
  const s = streams();
  s.send();
  s.after(3000);
  assert.equal(s.subject.open, 1);
  s.after(1);
  assert.deepEqual([s.subject.open, s.fars[0]?.isCut, s.told.lost.length, s.told.failed], [0, true, 1, 1]);
});

for (const [transport, ms] of [
  ['tcp', 10_000],
  ['udp', 10_000],
  ['tls', 30_000],
] as const) {
  test(`streams: idle connections are closed after ${ms} ms: ${transport}`, () => {
    const s = streams(transport);
    const [sent] = s.send();
    s.fars[0]?.onOpen();
    s.fars[0]?.answer(sent?.packet);
    s.after(ms);
    assert.equal(s.subject.open, 1);
    s.after(1);
    assert.deepEqual([s.subject.open, s.fars[0]?.isCut], [0, true]);
  });
}

test('streams: nothing comes of a connection that was cut', () => {
  const s = streams();
  const [sent] = s.send();
  s.fars[0]?.onOpen();
  s.subject.close();
  s.fars[0]?.answer(sent?.packet);
  s.fars[0]?.onEnd();
  assert.deepEqual([s.told.answered.length, s.told.lost.length, s.told.failed], [0, 0, 0]);
});

test('streams: late answers end no connection that answers others meanwhile', () => {
  const s = streams();
  const late = s.send(30);
  s.fars[0]?.onOpen();
  for (const sent of late) {
    sent.place?.forget(sent);
    s.fars[0]?.answer(sent.packet);
    const [other] = s.send();
    s.fars[0]?.answer(other?.packet);
  }
  assert.deepEqual([s.told.foreign, s.told.answered.length, s.fars.length, s.fars[0]?.isCut], [30, 30, 1, false]);
});

test('streams: the same id, but another question: foreign', () => {
  const s = streams();
  const [sent] = s.send();
  s.fars[0]?.onOpen();
  const other = question('other.example', 'A');
  setPair(other, 0, pairAt(sent?.packet ?? other, 0));
  s.fars[0]?.answer(other);
  assert.deepEqual([s.told.foreign, s.told.answered.length], [1, 0]);
});
