import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BootNode } from '../../src/swarm/choose.ts';
import { type Hall, HallWatch } from '../../src/swarm/watch.ts';
import { AT00 } from './samples.ts';

const node = (entries: readonly string[] | undefined): BootNode => ({
  ...{ name: 'fnode00', address: AT00, httpPort: 80, weight: 1 },
  entries: entries && new Set(entries),
});
const boots = [{ mac: '52:54:00:*', boot: 'mint' }];
const nobody: Hall = { nodes: [], candidates: [], boots, isYoung: false };

const missing: readonly { readonly name: string; readonly hall: Partial<Hall>; readonly want: readonly string[] }[] = [
  { name: 'no node has it', hall: { candidates: [node(['local'])] }, want: ['no-node-has-it'] },
  { name: 'one of two has it', hall: { candidates: [node(['local']), node(['mint'])] }, want: [] },
  { name: 'one has not said what it has', hall: { candidates: [node(['local']), node(undefined)] }, want: [] },
  { name: 'flink is young: others may come', hall: { candidates: [node(['local'])], isYoung: true }, want: [] },
  { name: 'nobody is there at all: that is said instead', hall: {}, want: ['no-node'] },
];
for (const { name, hall, want } of missing) {
  test(`HallWatch: an entry that a row names: ${name}`, () => {
    assert.deepEqual(
      new HallWatch().see({ ...nobody, ...hall }).map(({ event }) => event),
      want,
    );
  });
}

test('HallWatch: each change is said once', () => {
  const watch = new HallWatch();
  const live: Hall = { ...nobody, nodes: [{ name: 'fnode00', address: AT00, state: 'live' }], candidates: [node([])] };
  const seen = [nobody, nobody, live, live, nobody].map((hall) => watch.see(hall).map(({ event }) => event));
  assert.deepEqual(seen, [['no-node'], [], ['node-live', 'node-back', 'no-node-has-it'], [], ['no-node']]);
});
