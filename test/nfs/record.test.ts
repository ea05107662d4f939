/** Records in a stream. RFC 5531 §11. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Malformed } from '../../src/core/bytes.ts';
import { RecordReader, recordMark } from '../../src/nfs/record.ts';
import { seeded } from '../support/fakes.ts';
import { marked } from '../support/rpc.ts';
import { hexOf } from './packets.ts';

const MAX = 1000;
const record = (length: number, first = 0): Uint8Array => Uint8Array.from({ length }, (_, i) => (first + i * 7) % 256);
const hexes = (all: readonly Uint8Array[]): readonly string[] => all.map(hexOf);
const isMalformed = (what: RegExp) => (e: unknown) => e instanceof Malformed && what.test(e.what);
/** A mark as it stands, whatever it says. */
const mark = (bytes: number, isLast: boolean): Buffer => {
  const four = Buffer.alloc(4);
  four.writeUInt32BE(bytes + (isLast ? 2 ** 31 : 0));
  return four;
};

function cut(stream: Uint8Array, pieces: (left: number) => number): Uint8Array[] {
  const all: Uint8Array[] = [];
  for (let at = 0; at < stream.length; ) {
    const end = Math.min(stream.length, at + Math.max(1, pieces(stream.length - at)));
    all.push(stream.subarray(at, end));
    at = end;
  }
  return all;
}

test('the mark: the highest bit says that the fragment is the last, the others are its length', () => {
  assert.equal(hexOf(recordMark(0)), '80000000');
  assert.equal(hexOf(recordMark(0x12345)), '80012345');
  assert.equal(hexOf(recordMark(2 ** 31 - 1)), 'ffffffff');
});

const wanted = [record(40), record(1, 9), record(0), record(MAX, 5), record(333, 1), record(40, 77)];
const cuts: readonly { name: string; pieces: (left: number) => number }[] = [
  { name: 'in one piece', pieces: (left) => left },
  { name: 'octet by octet', pieces: () => 1 },
  { name: 'in threes, which cut marks', pieces: () => 3 },
  { name: 'all but the last octet, then it', pieces: (left) => left - 1 },
];
const fragments: readonly { name: string; bytes: number }[] = [
  { name: 'one fragment each', bytes: MAX },
  { name: 'fragments of 100 octets, the least of libtirpc', bytes: 100 },
  { name: 'fragments of 4 octets', bytes: 4 },
];
for (const f of fragments) {
  for (const c of cuts) {
    test(`records come out as they went in: ${f.name}, ${c.name}`, () => {
      const reader = new RecordReader(MAX);
      const stream = Buffer.concat(wanted.map((one) => marked(one, f.bytes)));
      const got = cut(stream, c.pieces).flatMap((piece) => reader.feed(piece));
      assert.deepEqual(hexes(got), hexes(wanted));
      assert.equal(reader.heldBytes, 0);
    });
  }
}

test('a record that is whole in one piece shares its memory', () => {
  const reader = new RecordReader(MAX);
  const stream = Buffer.concat([marked(record(40)), marked(record(50))]);
  assert.deepEqual(
    reader.feed(stream).map((one) => one.buffer === stream.buffer),
    [true, true],
  );
});

test('so does one whose mark came before it', () => {
  const reader = new RecordReader(MAX);
  const stream = marked(record(40));
  assert.deepEqual(reader.feed(stream.subarray(0, 4)), []);
  const [got] = reader.feed(stream.subarray(4));
  assert.equal(got?.buffer, stream.buffer);
});

test('what is held of a record is its own: the piece that it came in may be written over', () => {
  const reader = new RecordReader(MAX);
  const stream = marked(record(40));
  const piece = Buffer.from(stream.subarray(0, 30));
  reader.feed(piece);
  piece.fill(0);
  assert.deepEqual(hexes(reader.feed(stream.subarray(30))), hexes([record(40)]));
});

test('a record stays as it is while others come', () => {
  const reader = new RecordReader(MAX);
  const all = Array.from({ length: 50 }, (_, i) => record(20 + i, i));
  const got = cut(Buffer.concat(all.map((one) => marked(one, 16))), () => 5).flatMap((piece) => reader.feed(piece));
  assert.deepEqual(hexes(got), hexes(all));
});

test('heldBytes: octets of the record that is not whole', () => {
  const reader = new RecordReader(MAX);
  reader.feed(Buffer.concat([marked(record(10)), mark(500, false), record(500), mark(400, true), record(399)]));
  assert.equal(reader.heldBytes, 899);
  assert.equal(reader.feed(record(1)).length, 1);
  assert.equal(reader.heldBytes, 0);
});

test('a mark that promises the bound costs nothing: what is held is what came', () => {
  const reader = new RecordReader(2 ** 30);
  reader.feed(Buffer.concat([mark(2 ** 30, true), record(3)]));
  assert.equal(reader.heldBytes, 3);
});

test('its memory is twice of what came at most, and never over the bound', () => {
  const reader = new RecordReader(MAX);
  const stream = marked(record(MAX));
  const got = cut(stream, () => 150).flatMap((piece) => reader.feed(piece));
  assert.deepEqual(
    got.map((one) => one.buffer.byteLength),
    [MAX],
  );
  reader.feed(Buffer.concat([mark(MAX, true), record(10)]));
  const [short] = [...reader.feed(record(990))];
  assert.equal(short?.buffer.byteLength, MAX);
});

test('a mark over the bound ends it at once, before an octet of it is there', () => {
  assert.throws(() => new RecordReader(MAX).feed(mark(MAX + 1, true)), isMalformed(/^record mark: over 1000 octets/));
  assert.throws(() => new RecordReader(MAX).feed(mark(2 ** 31 - 1, false)), isMalformed(/over 1000/));
});

test('so does the fragment whose record grows over the bound', () => {
  const reader = new RecordReader(MAX);
  reader.feed(Buffer.concat([mark(600, false), record(600), mark(400, false), record(400)]));
  assert.equal(reader.heldBytes, MAX);
  assert.throws(() => reader.feed(mark(1, true)), isMalformed(/over 1000/));
});

test('also where its mark comes octet by octet', () => {
  const reader = new RecordReader(MAX);
  const [a = 0, b = 0, c = 0, d = 0] = mark(MAX + 1, true);
  for (const octet of [a, b, c]) reader.feed(Uint8Array.of(octet));
  assert.throws(() => reader.feed(Uint8Array.of(d)), isMalformed(/over 1000/));
});

for (const length of [0, 1]) {
  test(`fragments of ${length} without end are borne 256 times`, () => {
    const reader = new RecordReader(MAX);
    const one = Buffer.concat([mark(length, false), record(length)]);
    for (let n = 0; n < 256; n++) assert.deepEqual(reader.feed(one), []);
    assert.equal(reader.heldBytes, 256 * length);
    assert.throws(() => reader.feed(one), isMalformed(/too many fragments/));
  });
}

test('fragments are counted for each record', () => {
  const reader = new RecordReader(MAX);
  const stream = Buffer.concat(Array.from({ length: 20 }, () => marked(record(200), 1)));
  assert.equal(reader.feed(stream).length, 20);
});

test('10,000 random streams: each octet comes out once, in its record, however they are cut', () => {
  const random = seeded(5531);
  const upTo = (most: number) => Math.floor(random() * (most + 1));
  for (let round = 0; round < 10_000; round++) {
    const all = Array.from({ length: upTo(6) }, () => record(upTo(80), upTo(255)));
    const stream = Buffer.concat(all.map((one) => marked(one, 1 + upTo(90))));
    const reader = new RecordReader(80);
    const size = 1 + upTo(100);
    const got: Uint8Array[] = [];
    for (const piece of cut(stream, () => 1 + upTo(size))) {
      got.push(...reader.feed(piece));
      assert.ok(reader.heldBytes <= 80);
    }
    assert.deepEqual(hexes(got), hexes(all), `stream ${round}`);
  }
});
