import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canFit, isLarge, mayTakeSmall, roomOf, victimOf, worthOf } from '../../src/proxy/eviction.ts';

const KIB = 1024;
const MIB = 2 ** 20;
const GIB = 2 ** 30;

test('eviction: a small content is worth more for each octet, a used one more than one that is not', () => {
  assert.ok(worthOf(10 * KIB, 1) > 10 * worthOf(4 * GIB, 1));
  assert.ok(worthOf(5 * MIB, 20) > worthOf(10 * KIB, 1));
  assert.equal(worthOf(MIB, 64), worthOf(MIB, 1_000_000));
  assert.equal(worthOf(0, 1), worthOf(4096, 1));
});

test('eviction: room is whole blocks of the disk', () => {
  assert.deepEqual([0, 1, 4096, 4097].map(roomOf), [0, 4096, 4096, 8192]);
});

test('eviction: large is 64 MiB, or a 64th of a small cache', () => {
  assert.deepEqual([isLarge(64 * MIB, 40 * GIB), isLarge(64 * MIB - 1, 40 * GIB)], [true, false]);
  assert.deepEqual([isLarge(MIB, 64 * MIB), isLarge(MIB - 1, 64 * MIB)], [true, false]);
});

const cheap = { id: 1, priority: 1 };
const dear = { id: 2, priority: 2 };
const victims = [
  { name: 'the one that is worth less', small: cheap, large: dear, may: true, want: 1 },
  { name: 'the one that is worth less, large', small: dear, large: cheap, may: true, want: 1 },
  { name: 'at equal worth the large one', small: { id: 3, priority: 1 }, large: cheap, may: true, want: 1 },
  { name: 'a large one, where small ones are not to be had', small: cheap, large: dear, may: false, want: 2 },
  { name: 'nobody, where there are only small ones and they are not to be had', small: cheap, may: false },
  { name: 'the small one, where there is no other', small: cheap, may: true, want: 1 },
];
for (const { name, small, large, may, want } of victims) {
  test(`eviction: who goes: ${name}`, () => assert.equal(victimOf(small, large, may)?.id, want));
}

const held = { smallBytes: 6 * GIB, largeBytes: 0, reservedBytes: 0, reservedLargeBytes: 0 };
const reserving = (bytes: number, large: boolean) => ({ reservedBytes: bytes, reservedLargeBytes: large ? bytes : 0 });
const fits = [
  { name: 'a small one may have all', large: false, bytes: MIB, largeBytes: 2 * GIB, want: [true, true] },
  {
    name: 'a large one less than half takes of the small ones',
    large: true,
    bytes: 4 * GIB,
    largeBytes: 0,
    want: [true, true],
  },
  {
    name: 'with large ones there already it takes of those first',
    large: true,
    bytes: 3 * GIB,
    largeBytes: 2 * GIB,
    want: [false, true],
  },
  {
    name: 'a large one of more than half has what no small one has',
    large: true,
    bytes: 5 * GIB,
    largeBytes: 0,
    want: [false, false],
  },
];
for (const { name, large, bytes, largeBytes, want } of fits) {
  test(`eviction: of a cache of 8 GiB with 6 GiB of small contents: ${name}`, () => {
    const now = { ...held, largeBytes, ...reserving(bytes, large) };
    const wanting = { bytes, isLarge: large };
    assert.deepEqual([mayTakeSmall(now, wanting, 8 * GIB), canFit(now, wanting, 8 * GIB)], want);
  });
}
