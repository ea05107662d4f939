import assert from 'node:assert/strict';
import { test } from 'node:test';
import { busyness, currentWeights, smoothed } from '../../src/swarm/load.ts';

const shares = [
  {
    name: 'equally busy per weight',
    nodes: [
      { weight: 1, busy: 10 },
      { weight: 2, busy: 20 },
      { weight: 4, busy: 40 },
    ],
    want: [1, 2, 4],
  },
  {
    name: 'next to nothing to do',
    nodes: [
      { weight: 1, busy: 4 },
      { weight: 1, busy: 0 },
    ],
    want: [1, 1],
  },
  { name: 'nobody has said', nodes: [{ weight: 3 }, { weight: 1 }], want: [3, 1] },
  { name: 'one alone has said', nodes: [{ weight: 3, busy: 100 }, { weight: 1 }], want: [3, 1] },
  {
    name: 'who has said nothing keeps its weight',
    nodes: [{ weight: 1, busy: 92 }, { weight: 1, busy: 12 }, { weight: 5 }],
    want: [0.52, 1, 5],
  },
  {
    name: 'busy beyond measure: a quarter is left',
    nodes: [...Array(9).fill({ weight: 1, busy: 0 }), { weight: 1, busy: 1e6 }],
    want: [...Array(9).fill(1), 0.25],
  },
];
for (const { name, nodes, want } of shares) {
  test(`currentWeights: ${name}`, () => {
    assert.deepEqual(
      currentWeights(nodes).map((weight) => Number(weight.toFixed(2))),
      want,
    );
  });
}

test('currentWeights: from marked on the weight falls without a step', () => {
  let before = 1;
  for (let busy = 20; busy < 500; busy++) {
    const [weight = 0] = currentWeights([
      { weight: 1, busy },
      { weight: 1, busy: 20 },
      { weight: 1, busy: 20 },
    ]);
    assert.ok(weight <= before && before - weight < 0.05, `${busy}: ${before} -> ${weight}`);
    before = weight;
  }
  assert.ok(before < 0.3);
});

test('smoothed: a peak of one announcement marks nobody, one that lasts does within ten seconds', () => {
  const weightAt = (busy: number) =>
    currentWeights([
      { weight: 1, busy },
      { weight: 1, busy: 40 },
      { weight: 1, busy: 40 },
    ])[0];
  let busy = smoothed(undefined, 40);
  assert.equal(busy, 40);
  busy = smoothed(busy, 200);
  assert.equal(weightAt(busy), 1);
  for (let n = 0; n < 4; n++) busy = smoothed(busy, 200);
  assert.ok((weightAt(busy) ?? 1) < 1);
});

test('busyness: transfers, what is sent, and a processor that is used up', () => {
  assert.equal(busyness({ transfers: 3, sentBitsPerSec: 0, cpuShare: 0 }), 3);
  assert.equal(busyness({ transfers: 0, sentBitsPerSec: 400e6, cpuShare: 0 }), 10);
  assert.equal(busyness({ transfers: 5, sentBitsPerSec: 200e6, cpuShare: 1 }), 20);
});
