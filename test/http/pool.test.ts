import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BIG_BYTES, BigBuffers, Pace, SMALL_BYTES } from '../../src/http/pool.ts';

test('pool: no more buffers than its bound, and a returned one is handed out again', () => {
  const pool = new BigBuffers(2);
  const [first, second] = [pool.take(), pool.take()];
  assert.ok(first && second && first !== second);
  assert.equal(first.length, BIG_BYTES);
  assert.equal(pool.take(), undefined);
  pool.give(first);
  assert.equal(pool.take(), first);
});

test('pool: a buffer that a dead socket may still hold never comes back, but makes room', () => {
  const pool = new BigBuffers(1);
  const first = pool.take();
  pool.drop();
  assert.notEqual(pool.take(), first);
  assert.equal(pool.leased, 1);
});

const MIB = 1 << 20;
const paces: readonly {
  readonly name: string;
  readonly pieces: readonly (readonly [number, number])[];
  readonly want: boolean;
}[] = [
  { name: 'a new connection is slow', pieces: [], want: false },
  { name: 'what the kernel swallows proves nothing', pieces: [[7 * MIB, 1]], want: false },
  { name: '8 MiB at once prove it', pieces: [[8 * MIB, 1]], want: true },
  { name: 'so do many pieces', pieces: Array(512).fill([SMALL_BYTES, 1]), want: true },
  { name: '8 MiB at less than 1 MiB/s do not', pieces: Array(16).fill([MIB / 2, 600]), want: false },
  {
    name: 'one piece that hangs makes it slow again',
    pieces: [
      [8 * MIB, 1],
      [BIG_BYTES, 2500],
    ],
    want: false,
  },
  {
    name: 'after that it has to be proved anew',
    pieces: [
      [8 * MIB, 1],
      [BIG_BYTES, 2500],
      [7 * MIB, 1],
    ],
    want: false,
  },
  {
    name: 'and can be',
    pieces: [
      [8 * MIB, 1],
      [BIG_BYTES, 2500],
      [8 * MIB, 1],
    ],
    want: true,
  },
];
for (const { name, pieces, want } of paces) {
  test(`pace: ${name}`, () => {
    const pace = new Pace();
    for (const [bytes, tookMs] of pieces) pace.record(bytes, tookMs);
    assert.equal(pace.isFast, want);
  });
}
