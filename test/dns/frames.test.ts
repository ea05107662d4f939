/** Messages in a stream. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Frames, framed } from '../../src/dns/frames.ts';
import { seeded } from '../support/fakes.ts';

function message(length: number, first = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (first + i * 7) % 256);
}

function taken(frames: Frames): Uint8Array[] {
  const all: Uint8Array[] = [];
  for (let next = frames.next(); next; next = frames.next()) all.push(next);
  return all;
}

function cut(stream: Uint8Array, pieces: (left: number) => number): Uint8Array[] {
  const all: Uint8Array[] = [];
  for (let at = 0; at < stream.length; ) {
    const end = Math.min(stream.length, at + Math.max(1, pieces(stream.length - at)));
    all.push(stream.slice(at, end));
    at = end;
  }
  return all;
}

const plain = (all: readonly Uint8Array[]): readonly string[] => all.map((one) => Buffer.from(one).toString('hex'));

test('the length stands before the message in two octets, big-endian (RFC 1035 §4.2.2)', () => {
  assert.deepEqual([...framed(message(3, 9))], [0, 3, 9, 16, 23]);
  assert.deepEqual([...framed(message(0x1234)).subarray(0, 2)], [0x12, 0x34]);
  const longest = framed(message(65_535));
  assert.deepEqual([longest.length, longest[0], longest[1]], [65_537, 255, 255]);
});

const cuts: readonly { name: string; pieces: (left: number) => number }[] = [
  { name: 'in one piece', pieces: (left) => left },
  { name: 'octet by octet', pieces: () => 1 },
  { name: 'in threes', pieces: () => 3 },
  { name: 'all but the last octet, then it', pieces: (left) => left - 1 },
];
for (const c of cuts) {
  test(`messages come out as they went in: ${c.name}`, () => {
    const wanted = [message(12), message(0), message(300, 5), message(65_535, 1), message(1), message(12, 200)];
    const frames = new Frames();
    const got: Uint8Array[] = [];
    for (const piece of cut(Buffer.concat(wanted.map(framed)), c.pieces)) {
      frames.put(piece);
      got.push(...taken(frames));
    }
    assert.deepEqual(plain(got), plain(wanted));
    assert.equal(frames.heldBytes, 0);
  });
}

test('a message stays as it is while others come and go', () => {
  const frames = new Frames();
  const wanted = Array.from({ length: 200 }, (_, i) => message(12 + (i % 40), i));
  const got: Uint8Array[] = [];
  for (const piece of cut(Buffer.concat(wanted.map(framed)), () => 5)) {
    frames.put(piece);
    got.push(...taken(frames));
  }
  assert.deepEqual(plain(got), plain(wanted));
});

test('what is not taken waits, and more may be put behind it', () => {
  const frames = new Frames();
  frames.put(framed(message(20)));
  frames.put(framed(message(30)));
  frames.put(framed(message(40)).subarray(0, 10));
  assert.equal(frames.heldBytes, 22 + 32 + 10);
  assert.deepEqual(
    taken(frames).map((m) => m.length),
    [20, 30],
  );
  assert.equal(frames.heldBytes, 10);
});

test('a length that promises much costs nothing: what is held is what came', () => {
  const frames = new Frames();
  frames.put(Uint8Array.from([255, 255, 1]));
  assert.equal(frames.next(), undefined);
  assert.equal(frames.heldBytes, 3);
});

test('pushed: a length that is shorter than any message ends the stream', () => {
  const got: number[] = [];
  const stream = Buffer.concat([framed(message(12)), framed(message(11)), framed(message(12))]);
  assert.equal(
    new Frames().push(stream, (m) => got.push(m.length)),
    false,
  );
  assert.deepEqual(got, [12]);
});

test('10,000 random streams: each octet comes out once, in its message, however it is cut', () => {
  const random = seeded(4221);
  for (let round = 0; round < 10_000; round++) {
    const stream = Uint8Array.from({ length: Math.floor(random() * 200) }, () =>
      // Lengths that fit, now and then: an octet of 0 is the upper half of one.
      random() < 0.3 ? 0 : Math.floor(random() * 60),
    );
    const frames = new Frames();
    const got: Uint8Array[] = [];
    const size = 1 + Math.floor(random() * 40);
    for (const piece of cut(stream, () => 1 + Math.floor(random() * size))) {
      frames.put(piece);
      if (random() < 0.8) got.push(...taken(frames));
    }
    got.push(...taken(frames));
    const whole = Buffer.concat(got.map(framed));
    assert.deepEqual(whole, Buffer.from(stream.subarray(0, whole.length)), `stream ${round}`);
    const left = stream.subarray(whole.length);
    assert.equal(frames.heldBytes, left.length);
    const next = left.length < 2 ? Number.POSITIVE_INFINITY : (left[0] ?? 0) * 256 + (left[1] ?? 0) + 2;
    assert.ok(next > left.length, `stream ${round}: a whole message was left`);
  }
});
