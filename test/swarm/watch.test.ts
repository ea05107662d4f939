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
const hall: Hall = { ...nobody, nodes: [{ name: 'fnode00', address: AT00, state: 'live' }] };

const missing: readonly { readonly name: string; readonly hall: Partial<Hall>; readonly want: readonly string[] }[] = [
  { name: 'no node has it', hall: { candidates: [node(['local'])] }, want: ['no-node-has-it'] },
  { name: 'one of two has it', hall: { candidates: [node(['local']), node(['mint'])] }, want: [] },
  { name: 'one has not said what it has', hall: { candidates: [node(['local']), node(undefined)] }, want: [] },
  { name: 'flink is young: others may come', hall: { candidates: [node(['local'])], isYoung: true }, want: [] },
  { name: 'nobody is there at all: that is said instead', hall: { nodes: [] }, want: ['no-node'] },
];
for (const { name, hall: over, want } of missing) {
  test(`HallWatch: an entry that a row names: ${name}`, () => {
    assert.deepEqual(
      new HallWatch().see({ ...hall, ...over }).map(({ event }) => event),
      over.nodes ? want : ['node-live', ...want],
    );
  });
}

test('HallWatch: that nobody has been heard is said once flink is not young any more', () => {
  const watch = new HallWatch();
  const silent: Hall = {
    ...nobody,
    nodes: [{ name: 'fnode00', address: AT00, state: 'unheard' }],
    candidates: [node(undefined)],
  };
  const live: Hall = { ...silent, nodes: hall.nodes };
  const seen = [{ ...silent, isYoung: true }, silent, silent, live].map((hall) => watch.see(hall));
  assert.deepEqual(
    seen.map((changes) => changes.map(({ event, fields }) => `${event} ${fields.fnode}`)),
    [[], ['no-node-heard fnode00'], [], ['node-live fnode00', 'node-back fnode00']],
  );
});

test('HallWatch: nodes of weight 0 are there for nobody but the rows that name them', () => {
  const only = { ...node([]), weight: 0 };
  const events = (candidates: readonly BootNode[]) =>
    new HallWatch().see({ ...hall, boots: [], candidates }).map(({ event }) => event);
  assert.deepEqual(events([only]), ['node-live', 'no-node']);
  assert.deepEqual(events([only, node([])]), ['node-live']);
});

test('HallWatch: each change is said once', () => {
  const watch = new HallWatch();
  const live: Hall = { ...hall, candidates: [node([])] };
  const seen = [nobody, nobody, live, live, nobody].map((hall) => watch.see(hall).map(({ event }) => event));
  assert.deepEqual(seen, [['no-node'], [], ['node-live', 'node-back', 'no-node-has-it'], [], ['no-node']]);
});
