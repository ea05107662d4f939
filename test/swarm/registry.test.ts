import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import { type Announcement, GONE_MS } from '../../src/core/swarm.ts';
import type { SwarmPolicy } from '../../src/swarm/policy.ts';
import { MAX_NODES, MAX_PEERS, NodeRegistry } from '../../src/swarm/registry.ts';
import { AT00, AT01, announcement, catalog, hall, SELF, STRANGER } from './samples.ts';

/** A hall that is past its first ten seconds. */
const LATER = 60_000;

function world(more: Partial<SwarmPolicy> = {}) {
  const policy = { now: hall(more) };
  const registry = new NodeRegistry(() => policy.now, 0);
  const hear = (at: Ipv4, nowMs: number, said: Partial<Announcement> = {}) => {
    const heard = registry.hear(announcement({ session: `of ${at}`, ...said }), at, nowMs);
    return heard.kind === 'heard' ? heard.name : heard.reason;
  };
  const names = (nowMs: number) => registry.candidates(nowMs).map(({ name }) => name);
  const states = (nowMs: number) => registry.report(nowMs, () => 0).map(({ name, state }) => `${name} ${state}`);
  return { policy, registry, hear, names, states };
}

test('hear: a node of the table is called as its row says, whatever it calls itself', () => {
  const { hear, registry } = world();
  assert.equal(hear(AT01, LATER, { name: 'localhost' }), 'fnode01');
  const [node] = registry.candidates(LATER);
  assert.deepEqual([node?.address, node?.weight, node?.httpPort], [AT01, 2, 80]);
  assert.deepEqual([...(node?.entries ?? [])], catalog.entries);
});

const claimed = [
  { name: 'Desk 7.example.org', want: 'desk-7' },
  { name: '--.x', want: 'fnode' },
  { name: 'ÑANDÚ', want: 'and' },
  { name: 'x'.repeat(200), want: 'x'.repeat(63) },
  { name: 'fnode01', want: 'fnode01-2' },
];
for (const { name, want } of claimed) {
  test(`hear: outside the table ${name.slice(0, 30)} is called ${want.slice(0, 30)}`, () => {
    assert.equal(world().hear(STRANGER, LATER, { name }), want);
  });
}

test('hear: of two nodes that call themselves alike the second gets a number, and both keep their names', () => {
  const { hear } = world();
  const other = '172.16.0.67' as Ipv4;
  assert.equal(hear(STRANGER, LATER, { name: 'debian', session: 'a' }), 'debian');
  assert.equal(hear(other, LATER, { name: 'debian', session: 'b' }), 'debian-2');
  const next = LATER + GONE_MS;
  assert.equal(hear(other, next, { name: 'debian', session: 'b', sequence: 2 }), 'debian-2');
  assert.equal(hear(STRANGER, next, { name: 'debian', session: 'a', sequence: 2 }), 'debian');
});

test('hear: a node that comes back with another address takes its name again once the old one is silent', () => {
  const { hear } = world();
  hear(STRANGER, LATER, { name: 'debian', session: 'a' });
  assert.equal(hear('172.16.0.67' as Ipv4, LATER + GONE_MS, { name: 'debian', session: 'b' }), 'debian');
});

test('hear: a node whose address changes under way stays one node', () => {
  const { hear, states, registry } = world({ rows: [] });
  hear(STRANGER, LATER, { name: 'debian', session: 'a' });
  assert.equal(hear(AT00, LATER + 2000, { name: 'debian', session: 'a', sequence: 2 }), 'debian');
  assert.deepEqual(states(LATER + 2000), ['debian live']);
  assert.equal(registry.candidates(LATER + 2000)[0]?.address, AT00);
});

test('hear: a sequence that goes back, or stands still, changes nothing', () => {
  const { hear, names } = world();
  hear(AT00, LATER, { sequence: 5 });
  assert.equal(hear(AT00, LATER + 9000, { sequence: 5 }), 'old-sequence');
  assert.equal(hear(AT00, LATER + 9000, { sequence: 4 }), 'old-sequence');
  assert.deepEqual(names(LATER + GONE_MS), []);
});

test('hear: a new session replaces the old one, and what the old one said is not believed once more', () => {
  const { hear, states } = world();
  hear(AT00, LATER, { session: 'a', sequence: 900 });
  assert.equal(hear(AT00, LATER + 1, { session: 'b', sequence: 1 }), 'fnode00');
  assert.equal(hear(AT00, LATER + 2, { session: 'a', sequence: 901 }), 'old-session');
  assert.deepEqual(states(LATER + 2), ['fnode00 live', 'fnode01 unheard']);
});

test('hear: a row that is given to another name by a reload renames the node', () => {
  const { hear, policy, states } = world();
  hear(AT00, LATER);
  policy.now = hall({ rows: [{ name: 'boot7', address: AT00, weight: 1 }] });
  assert.equal(hear(AT00, LATER + 2000, { sequence: 2 }), 'boot7');
  assert.deepEqual(states(LATER + 2000), ['boot7 live']);
});

test('candidates: live for ten seconds, then gone, then live again', () => {
  const { hear, names, states } = world();
  hear(AT00, LATER);
  hear(AT01, LATER + 5000);
  assert.deepEqual(names(LATER + GONE_MS - 1), ['fnode00', 'fnode01']);
  assert.deepEqual(names(LATER + GONE_MS), ['fnode01']);
  assert.deepEqual(states(LATER + GONE_MS), ['fnode00 gone', 'fnode01 live']);
  hear(AT00, LATER + GONE_MS, { sequence: 2 });
  assert.deepEqual(names(LATER + GONE_MS).sort(), ['fnode00', 'fnode01']);
});

test('candidates: who leaves gets nobody from then on', () => {
  const { hear, names, states } = world();
  hear(AT00, LATER);
  hear(AT01, LATER);
  hear(AT00, LATER + 1, { sequence: 2, isLeaving: true });
  assert.deepEqual(names(LATER + 1), ['fnode01']);
  assert.deepEqual(states(LATER + 1), ['fnode00 gone', 'fnode01 live']);
});

test('candidates: the unheard only where nobody ever said anything, the gone never', () => {
  const { hear, names } = world();
  assert.deepEqual(names(LATER), ['fnode00', 'fnode01']);
  hear(AT00, LATER);
  assert.deepEqual(names(LATER), ['fnode00']);
  assert.deepEqual(names(LATER + GONE_MS), []);
  hear(AT01, LATER + GONE_MS);
  assert.deepEqual(names(LATER + GONE_MS), ['fnode01']);
});

test('candidates: in flink’s first ten seconds the table’s unheard nodes stand beside those that are live', () => {
  const { hear, names } = world();
  hear(AT00, 500);
  assert.deepEqual(names(GONE_MS - 1), ['fnode00', 'fnode01']);
  hear(AT00, GONE_MS - 1, { sequence: 2 });
  assert.deepEqual(names(GONE_MS), ['fnode00']);
});

test('candidates: without a table a node is expected on flink’s own machine, until one is heard there', () => {
  const { hear, names, states, registry } = world({ rows: [] });
  assert.deepEqual(registry.candidates(0), [{ name: 'fnode', address: SELF, httpPort: 80, weight: 1 }]);
  hear(SELF, 100, { name: 'hall', httpPort: 8080 });
  assert.deepEqual(states(100), ['hall live']);
  assert.deepEqual(names(100 + GONE_MS), []);
});

test('candidates: without a table, once a node was heard elsewhere, none is expected on flink’s own machine', () => {
  const { hear, names } = world({ rows: [] });
  hear(STRANGER, 100, { name: 'other' });
  assert.deepEqual(names(100), ['other']);
  assert.deepEqual(names(100 + GONE_MS), []);
});

test('lose: who does not answer is gone, unless it has been heard since it was asked', () => {
  const { hear, names, registry } = world();
  hear(AT00, LATER);
  hear(AT01, LATER);
  hear(AT01, LATER + 5, { sequence: 2 });
  registry.lose('fnode00', LATER);
  registry.lose('fnode01', LATER);
  assert.deepEqual(names(LATER + 10), ['fnode01']);
  hear(AT00, LATER + 20, { sequence: 2 });
  assert.equal(names(LATER + 20).length, 2);
});

test('wantsCatalog: when there is none, or another than is known; the old one holds until the new one is here', () => {
  const { registry } = world();
  const bare = (sequence: number, catalogTag: string): Announcement => {
    const { catalog: _, ...rest } = announcement({ sequence, catalogTag });
    return rest;
  };
  registry.hear(bare(1, 'tag-1'), AT00, LATER);
  assert.equal(registry.wantsCatalog('fnode00', bare(1, 'tag-1')), true);
  registry.hear(announcement({ sequence: 2 }), AT00, LATER);
  assert.equal(registry.wantsCatalog('fnode00', announcement()), false);
  registry.hear(bare(3, 'tag-2'), AT00, LATER);
  assert.equal(registry.wantsCatalog('fnode00', bare(3, 'tag-2')), true);
  assert.equal(registry.candidates(LATER)[0]?.entries?.has('memtest'), true);
});

test('peersOf: other live nodes of some weight, with what both have, as they call it', () => {
  const { hear, registry } = world({ rows: [...hall().rows, { name: 'spare', address: STRANGER, weight: 0 }] });
  const image = { alias: 'Mint.22', name: 'mint.iso', sizeBytes: 1, etag: '"other"', entries: ['mint-22-live'] };
  hear(AT00, LATER);
  hear(AT01, LATER, {
    session: 'b',
    httpPort: 8080,
    catalog: { loaders: [], images: [image], entries: ['mint-22-live', 'own', 'local'] },
  });
  hear(STRANGER, LATER, { session: 'c' });
  assert.deepEqual(registry.peersOf('fnode00', LATER), [
    {
      name: 'fnode01',
      address: AT01,
      httpPort: 8080,
      entries: [{ id: 'local' }, { id: 'mint-22-live', alias: 'Mint.22', etag: '"other"' }],
    },
  ]);
  assert.deepEqual(registry.peersOf('fnode00', LATER + GONE_MS), []);
});

test('peersOf: at most eight, beginning behind its own name, so that not all fall back to the same', () => {
  const { hear, registry } = world({ rows: [] });
  for (let i = 10; i < 30; i++) hear(`172.16.0.${i}` as Ipv4, LATER, { name: `n${i}`, session: `s${i}` });
  const peers = registry.peersOf('n27', LATER).map(({ name }) => name);
  assert.deepEqual(peers, ['n28', 'n29', 'n10', 'n11', 'n12', 'n13', 'n14', 'n15']);
  assert.equal(peers.length, MAX_PEERS);
});

test('peersOf: however long the names, an answer stays below what a node reads', () => {
  const { hear, registry } = world({ rows: [] });
  const entries = Array.from({ length: 1500 }, (_, i) => `${i}-${'é'.repeat(300)}`);
  for (let i = 10; i < 20; i++) {
    hear(`172.16.0.${i}` as Ipv4, LATER, {
      name: `n${i}`,
      session: `s${i}`,
      catalog: { loaders: [], images: [], entries },
    });
  }
  const peers = registry.peersOf('n10', LATER);
  assert.equal(peers.length, MAX_PEERS);
  assert.ok(Buffer.byteLength(JSON.stringify(peers)) < 2 ** 19);
});

test('registry: bounded; who is gone for longest makes room, who lives does not', () => {
  const { hear, states } = world({ rows: [] });
  const at = (i: number) => `10.0.${Math.floor(i / 200)}.${(i % 200) + 1}` as Ipv4;
  for (let i = 0; i < MAX_NODES; i++) hear(at(i), LATER + i, { name: `n${i}`, session: `s${i}` });
  assert.equal(hear(at(999), LATER + 300, { name: 'late', session: 'late' }), 'too-many-nodes');
  assert.equal(hear(at(999), LATER + GONE_MS + 1, { name: 'late', session: 'late' }), 'late');
  assert.equal(states(LATER).length, MAX_NODES);
  assert.equal(
    states(LATER).some((line) => line.startsWith('n0 ')),
    false,
  );
});

test('report: what is known of each node, those that said nothing among them', () => {
  const { hear, registry } = world();
  const load = { transfers: 3, sentBitsPerSec: 1e6, cpuShare: 0.5 };
  hear(AT00, LATER);
  hear(AT00, LATER + 2000, { sequence: 2, load });
  assert.deepEqual(
    registry.report(LATER + 2500, (name) => name.length),
    [
      {
        ...{ name: 'fnode00', address: AT00, httpPort: 80, state: 'live', weight: 1, machines: 7 },
        ...{ load, images: catalog.images, freeBytes: 40e9, heardMsAgo: 500, sessionMs: 2500 },
      },
      { name: 'fnode01', address: AT01, httpPort: 80, state: 'unheard', weight: 2, machines: 7, images: [] },
    ],
  );
});
