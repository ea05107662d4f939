import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import { ANNOUNCE_MS, type Announcement, GONE_MS } from '../../src/core/swarm.ts';
import type { NodeChoice } from '../../src/swarm/choose.ts';
import type { SwarmPolicy } from '../../src/swarm/policy.ts';
import { swarmService, type Wants } from '../../src/swarm/server.ts';
import { macNumber } from '../support/dhcp.ts';
import { fakeHost } from '../support/fakes.ts';
import { AT00, AT01, announcement, bytesOf, catalog, hall } from './samples.ts';

const NOTHING: Wants = { fnode: undefined, boot: undefined };

/** Nodes that answer when they are asked, until they are dead. */
async function world(more: Partial<SwarmPolicy> = {}) {
  const host = fakeHost();
  const asked: string[] = [];
  const dead = new Set<string>();
  const isAnswering = async (url: string) => {
    asked.push(url);
    return !dead.has(new URL(url).hostname);
  };
  const swarm = swarmService(() => hall(more), { host, isAnswering, onFetched: () => {} });
  await swarm.start();
  let sequence = 0;
  const say = (from: Ipv4, said: Partial<Announcement> = {}) => {
    sequence += 1;
    const body = bytesOf(announcement({ session: `of ${from}`, sequence, ...said }));
    assert.equal(swarm.door.announce({ body, from, signature: undefined }).status, 200);
  };
  /** Time goes on, and who was asked has time to answer. */
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 100) {
      host.clock.advance(Math.min(100, left));
      await settled();
    }
  };
  const states = () => swarm.report().map(({ name, state }) => `${name} ${state}`);
  const events = () => host.log.lines.map(({ level, event, fnode }) => [level, event, fnode].filter(Boolean).join(' '));
  return { host, swarm, asked, dead, say, pass, states, events };
}

async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve();
}

const machine = (n: number, uuid?: string) => ({ mac: macNumber(n), uuid });
const show = (choice: NodeChoice) => (choice.kind === 'node' ? `${choice.node.name} ${choice.rule}` : choice.reason);

test('place changes nothing, keep does: a machine stays where it was sent', async () => {
  const { swarm, say } = await world();
  say(AT00);
  say(AT01);
  const first = show(swarm.place(machine(1, 'aa'), NOTHING));
  for (let i = 0; i < 100; i++) swarm.place(machine(i), NOTHING);
  assert.deepEqual(
    swarm.report().map(({ machines }) => machines),
    [0, 0],
  );
  assert.equal(show(swarm.place(machine(1, 'aa'), NOTHING)), first);
  swarm.keep(machine(1, 'aa'), 'fnode01');
  assert.equal(show(swarm.place(machine(1), NOTHING)), 'fnode01 kept');
  assert.deepEqual(
    swarm.report().map(({ machines }) => machines),
    [0, 1],
  );
  await swarm.stop();
});

test('place: a node dies in the storm: its clients go to those that live, nobody else moves', async () => {
  const { swarm, say, pass, dead } = await world();
  say(AT00);
  say(AT01);
  const boot = (n: number) => {
    const choice = swarm.place(machine(n), NOTHING);
    const name = choice.kind === 'node' ? choice.node.name : 'none';
    swarm.keep(machine(n), name);
    return name;
  };
  const before = Array.from({ length: 90 }, (_, n) => boot(n));
  assert.deepEqual(
    before,
    before.map((_, n) => boot(n)),
  );
  dead.add(AT01);
  swarm.door.closed(AT01);
  await settled();
  assert.deepEqual(
    before.map((_, n) => boot(n)),
    Array(90).fill('fnode00'),
  );
  say(AT01);
  assert.deepEqual(
    before.map((_, n) => boot(n)),
    Array(90).fill('fnode00'),
  );
  await pass(0);
  await swarm.stop();
});

test('closed: the node is asked at its own port; refused or silent, it is gone at once; when it answers, it stays', async () => {
  const { swarm, say, asked, dead, states } = await world();
  say(AT00, { httpPort: 8080 });
  say(AT01);
  swarm.door.closed(AT00);
  swarm.door.closed(AT00);
  await settled();
  assert.deepEqual(states(), ['fnode00 live', 'fnode01 live']);
  assert.deepEqual(asked, ['http://172.16.0.10:8080/healthz']);
  dead.add(AT00);
  swarm.door.closed(AT00);
  await settled();
  assert.deepEqual(states(), ['fnode00 gone', 'fnode01 live']);
  say(AT00);
  assert.deepEqual(states(), ['fnode00 live', 'fnode01 live']);
  await swarm.stop();
});

test('silence: a node that lost its power, so that nobody closed anything, gets nobody within three seconds', async () => {
  const { swarm, say, pass, dead, states } = await world();
  say(AT00);
  dead.add(AT00);
  await pass(ANNOUNCE_MS);
  assert.deepEqual(states(), ['fnode00 live', 'fnode01 unheard']);
  await pass(1000);
  assert.deepEqual(states(), ['fnode00 gone', 'fnode01 unheard']);
  await swarm.stop();
});

test('silence: a node that answers and says nothing is asked now and then, and gone after ten seconds', async () => {
  const { swarm, say, pass, asked, states } = await world();
  say(AT00);
  await pass(GONE_MS - 300);
  assert.deepEqual(states()[0], 'fnode00 live');
  await pass(500);
  assert.deepEqual(states()[0], 'fnode00 gone');
  assert.ok(asked.length >= 2 && asked.length <= 5, String(asked.length));
  await pass(GONE_MS);
  assert.ok(asked.length <= 5);
  await swarm.stop();
});

test('silence: nodes that announce themselves are not asked', async () => {
  const { swarm, say, pass, asked } = await world();
  for (let i = 0; i < 10; i++) {
    say(AT00);
    await pass(ANNOUNCE_MS);
  }
  assert.deepEqual(asked, []);
  await swarm.stop();
});

test('the log: who comes, who goes, and once that nobody is left, with what it means', async () => {
  const { swarm, say, pass, dead, events, host } = await world({ rows: [] });
  assert.deepEqual(swarm.health(), { ok: true });
  say('172.16.0.1' as Ipv4, { name: 'hall' });
  dead.add('172.16.0.1');
  await pass(30_000);
  assert.deepEqual(swarm.health(), { ok: false, reason: 'no-node' });
  assert.deepEqual(show(swarm.place(machine(1), NOTHING)), 'no-node');
  say('172.16.0.1' as Ipv4, { name: 'hall' });
  assert.deepEqual(events(), [
    'info node-live hall',
    'warn node-gone hall',
    'error no-node',
    'info node-live hall',
    'info node-back hall',
  ]);
  assert.match(String(host.log.lines[2]?.cure), /addresses .* start an fnode/);
  await swarm.stop();
});

test('the log: an entry of the table that no node has is named once, when all have said what they have', async () => {
  const boots = [
    { mac: '52:54:00:12:34:56', boot: 'mint-22-live' },
    { mac: '52:54:00:77:*', boot: 'debian-13' },
  ];
  const { swarm, say, pass, host } = await world({ boots });
  const missing = () =>
    host.log.lines.filter(({ event }) => event === 'no-node-has-it').map(({ boot, mac }) => `${boot} ${mac}`);
  for (let i = 0; i < 10; i++) {
    say(AT00);
    assert.deepEqual(missing(), i * ANNOUNCE_MS < GONE_MS ? [] : ['debian-13 52:54:00:77:*']);
    await pass(ANNOUNCE_MS);
  }
  assert.equal(show(swarm.place(machine(1), { fnode: undefined, boot: 'debian-13' })), 'fnode00 no-node-has-it');
  say(AT00, { catalogTag: 'tag-2', catalog: { ...catalog, entries: ['debian-13', 'mint-22-live'] } });
  say(AT00, { catalogTag: 'tag-3' });
  assert.deepEqual(missing(), ['debian-13 52:54:00:77:*', 'debian-13 52:54:00:77:*']);
  await swarm.stop();
});

test('stop leaves no timer, and may be called twice', async () => {
  const { swarm, host, pass } = await world();
  await pass(1000);
  await swarm.stop();
  await swarm.stop();
  assert.equal(host.clock.pendingTimers, 0);
});
