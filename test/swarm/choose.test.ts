import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import { type BootNode, chooseNode } from '../../src/swarm/choose.ts';
import { LAPTOP, macNumber } from '../support/dhcp.ts';

const node = (name: string, weight = 1): BootNode => ({ name, address: '172.16.0.10' as Ipv4, httpPort: 80, weight });
const nodes = [node('fnode00'), node('fnode01'), node('fnode02')];
const nameFor = (n: number, live: readonly BootNode[]) => {
  const choice = chooseNode(macNumber(n), undefined, live);
  return choice.kind === 'node' ? choice.node.name : choice.reason;
};

const cases = [
  { name: 'its row’s node, when it lives', wanted: 'fnode01', live: nodes, want: 'fnode01 client-row' },
  {
    name: 'its row’s node is dead: one that lives',
    wanted: 'fnode09',
    live: [node('fnode00')],
    want: 'fnode00 only-node',
  },
  { name: 'no node lives', wanted: undefined, live: [], want: 'no-node' },
  { name: 'weight 0: only for those whose row names it', wanted: undefined, live: [node('spare', 0)], want: 'no-node' },
  {
    name: 'weight 0, and the row names it',
    wanted: 'spare',
    live: [node('spare', 0), node('fnode00')],
    want: 'spare client-row',
  },
];
for (const c of cases) {
  test(`chooseNode: ${c.name}`, () => {
    const choice = chooseNode(LAPTOP, c.wanted, c.live);
    assert.equal(choice.kind === 'node' ? `${choice.node.name} ${choice.rule}` : choice.reason, c.want);
  });
}

test('chooseNode: the same client, the same node, in whatever order the nodes are known', () => {
  for (let i = 0; i < 200; i++) assert.equal(nameFor(i, nodes), nameFor(i, nodes.toReversed()));
});

test('chooseNode: a node that goes moves its own clients only', () => {
  for (let i = 0; i < 2000; i++) {
    const before = nameFor(i, nodes);
    if (before !== 'fnode01') assert.equal(nameFor(i, [node('fnode00'), node('fnode02')]), before);
  }
});

test('chooseNode: weights 1:2:4 give shares within a tenth of the weights', () => {
  const weighted = [node('a', 1), node('b', 2), node('c', 4)];
  const count: Record<string, number> = { a: 0, b: 0, c: 0 };
  for (let i = 0; i < 14_000; i++) {
    const name = nameFor(i, weighted);
    count[name] = (count[name] ?? 0) + 1;
  }
  for (const { name, weight } of weighted)
    assert.ok(Math.abs((count[name] ?? 0) / (2000 * weight) - 1) < 0.1, JSON.stringify(count));
});
