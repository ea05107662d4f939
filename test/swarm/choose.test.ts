import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4, Mac } from '../../src/core/addr.ts';
import { type BootNode, chooseNode, type NodeChoice, type Standing } from '../../src/swarm/choose.ts';
import { LAPTOP, macNumber } from '../support/dhcp.ts';
import { seeded } from '../support/fakes.ts';

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

const show = (choice: NodeChoice) => (choice.kind === 'node' ? `${choice.node.name} ${choice.rule}` : choice.reason);
const having = (name: string, ids: readonly string[] | undefined, weight = 1): BootNode => ({
  ...node(name, weight),
  entries: ids && new Set(ids),
});

const standings: readonly {
  readonly name: string;
  readonly wanted?: string;
  readonly live: readonly BootNode[];
  readonly standing: Standing;
  readonly want: string;
}[] = [
  { name: 'where it was sent before', live: nodes, standing: { before: 'fnode02' }, want: 'fnode02 kept' },
  {
    name: 'its row before what was',
    wanted: 'fnode00',
    live: nodes,
    standing: { before: 'fnode02' },
    want: 'fnode00 client-row',
  },
  { name: 'where it was is gone', live: [node('fnode00')], standing: { before: 'fnode02' }, want: 'fnode00 only-node' },
  {
    name: 'where it was takes nobody any more (weight 0)',
    live: [node('a', 0), node('b')],
    standing: { before: 'a' },
    want: 'b only-node',
  },
  {
    name: 'the node that has the entry',
    live: [having('a', []), having('b', ['mint'])],
    standing: { boot: 'mint' },
    want: 'b only-node',
  },
  {
    name: 'not where it was, where the entry is not',
    live: [having('a', []), having('b', ['mint'])],
    standing: { boot: 'mint', before: 'a' },
    want: 'b only-node',
  },
  {
    name: 'not even its row’s node, where another has the entry',
    wanted: 'a',
    live: [having('a', []), having('b', ['mint'])],
    standing: { boot: 'mint' },
    want: 'b only-node',
  },
  {
    name: 'who says that it has the entry before who has said nothing',
    live: [having('a', undefined), having('b', ['mint'])],
    standing: { boot: 'mint' },
    want: 'b rendezvous',
  },
  {
    name: 'who has said nothing before who says that it has not',
    live: [having('a', undefined), having('b', [])],
    standing: { boot: 'mint' },
    want: 'a only-node',
  },
  {
    name: 'where it was, as long as that may have the entry',
    live: [having('a', undefined), having('b', ['mint'])],
    standing: { boot: 'mint', before: 'a' },
    want: 'a kept',
  },
  { name: 'nobody has the entry: any', live: [having('a', [])], standing: { boot: 'mint' }, want: 'a no-node-has-it' },
  {
    name: 'nobody has the entry: its row’s node',
    wanted: 'b',
    live: [having('a', []), having('b', [])],
    standing: { boot: 'mint' },
    want: 'b no-node-has-it',
  },
  {
    name: 'only a spare (weight 0) has the entry: any',
    live: [having('a', ['mint'], 0), having('b', [])],
    standing: { boot: 'mint' },
    want: 'b no-node-has-it',
  },
  { name: 'nobody is alive', live: [], standing: { boot: 'mint', before: 'a' }, want: 'no-node' },
];
for (const { name, wanted, live, standing, want } of standings) {
  test(`chooseNode: ${name}`, () => assert.equal(show(chooseNode(LAPTOP, wanted, live, standing)), want));
}

/** A hall in which machines come one after the other, and stay. */
class Clients {
  readonly places = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  readonly on = (name: string): number => this.#counts.get(name) ?? 0;

  come(mac: Mac, live: readonly BootNode[], uuid?: string): string {
    const key = `${mac} ${uuid}`;
    const before = this.places.get(key);
    const choice = chooseNode(mac, undefined, live, { before, machinesOn: this.on });
    assert.equal(choice.kind, 'node');
    const name = choice.kind === 'node' ? choice.node.name : '';
    if (before !== undefined) this.#counts.set(before, this.on(before) - 1);
    this.#counts.set(name, this.on(name) + 1);
    this.places.set(key, name);
    return name;
  }

  /** The largest deviation of a node's count from its share by weight, as a share of that. */
  worst(live: readonly BootNode[]): number {
    const weight = live.reduce((sum, each) => sum + each.weight, 0);
    const machines = live.reduce((sum, each) => sum + this.on(each.name), 0);
    return Math.max(...live.map((each) => Math.abs((this.on(each.name) * weight) / (machines * each.weight) - 1)));
  }
}

const byWeight = [node('a', 1), node('b', 2), node('c', 4)];
const HALLS = 1000;
const MACHINES = 200;

test('chooseNode: weights 1:2:4, 200 clients: no share is off by 20 % in any of 1,000 halls, nor when c dies; only its clients move', () => {
  const random = seeded(200);
  for (let hall = 0; hall < HALLS; hall++) {
    const first = Math.floor(random() * 2 ** 24);
    const macs = Array.from({ length: MACHINES }, (_, i) => macNumber((first + i * 7919) % 2 ** 24));
    const clients = new Clients();
    for (const mac of macs) clients.come(mac, byWeight);
    assert.ok(clients.worst(byWeight) < 0.2, `hall ${hall}: ${[...'abc'].map(clients.on)}`);
    const before = new Map(clients.places);
    const left = byWeight.slice(0, 2);
    for (const mac of macs) clients.come(mac, left);
    for (const [key, name] of before) if (name !== 'c') assert.equal(clients.places.get(key), name);
    assert.ok(clients.worst(left) < 0.2, `hall ${hall} without c: ${[...'ab'].map(clients.on)}`);
  }
});

test('chooseNode: who comes back gets what is new, not what has found another place', () => {
  const clients = new Clients();
  for (let i = 0; i < 100; i++) clients.come(macNumber(i), byWeight.slice(0, 2));
  const before = new Map(clients.places);
  for (let i = 0; i < 100; i++) clients.come(macNumber(i), byWeight);
  assert.deepEqual(clients.places, before);
  for (let i = 100; i < 200; i++) clients.come(macNumber(i), byWeight);
  assert.ok(clients.on('c') > 80, String(clients.on('c')));
});

test('chooseNode: thirty laptops with one dongle are spread, as those count that were sent before', () => {
  const clients = new Clients();
  const uuid = (i: number) => i.toString(16).padStart(32, '0');
  for (let i = 0; i < 30; i++) clients.come(LAPTOP, nodes, uuid(i));
  assert.ok(clients.worst(nodes) <= 0.2, nodes.map(({ name }) => clients.on(name)).join());
});

test('chooseNode: a node that is markedly busier gets fewer of the new machines, not none, and keeps those that it has', () => {
  const clients = new Clients();
  const calm = [node('a'), node('b')];
  for (let i = 0; i < 100; i++) clients.come(macNumber(i), calm);
  const had = clients.on('a');
  const busy = [
    { ...node('a'), busy: 120 },
    { ...node('b'), busy: 20 },
  ];
  for (let i = 0; i < 100; i++) clients.come(macNumber(i), busy);
  assert.equal(clients.on('a'), had);
  for (let i = 100; i < 300; i++) clients.come(macNumber(i), busy);
  const more = clients.on('a') - had;
  assert.ok(more > 30 && more < 75, String(more));
});
