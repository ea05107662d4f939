import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mac } from '../../src/core/addr.ts';
import { ACTIVE_MS, Assignments } from '../../src/swarm/assignments.ts';
import { macNumber } from '../support/dhcp.ts';
import { seeded } from '../support/fakes.ts';

const dongle = macNumber(1);
const machine = (uuid?: string, mac: Mac = dongle) => ({ mac, uuid });

test('Assignments: firmware says its UUID, the DHCP of its initramfs and system don’t: one machine, one node', () => {
  const all = new Assignments();
  all.keep(machine('aa'), 'fnode01', 0);
  assert.equal(all.nodeOf(machine('aa')), 'fnode01');
  assert.equal(all.nodeOf(machine()), 'fnode01');
  all.keep(machine(), 'fnode01', 1);
  assert.deepEqual([all.size, all.machinesOn('fnode01', 1)], [1, 1]);
});

test('Assignments: one that said no UUID at first and one later is one machine', () => {
  const all = new Assignments();
  all.keep(machine(), 'fnode01', 0);
  assert.equal(all.nodeOf(machine('aa')), 'fnode01');
  all.keep(machine('aa'), 'fnode01', 1);
  assert.deepEqual([all.size, all.machinesOn('fnode01', 1)], [1, 1]);
  assert.equal(all.nodeOf(machine('bb')), undefined);
});

test('Assignments: one dongle, two laptops: each its own; without UUID the one that came last', () => {
  const all = new Assignments();
  all.keep(machine('aa'), 'fnode00', 0);
  assert.equal(all.nodeOf(machine('bb')), undefined);
  all.keep(machine('bb'), 'fnode01', 1);
  assert.deepEqual(
    [machine('aa'), machine('bb'), machine()].map((m) => all.nodeOf(m)),
    ['fnode00', 'fnode01', 'fnode01'],
  );
  all.keep(machine('aa'), 'fnode00', 2);
  assert.equal(all.nodeOf(machine()), 'fnode00');
  assert.equal(all.size, 2);
});

test('Assignments: who moves counts at its new node alone', () => {
  const all = new Assignments();
  all.keep(machine('aa'), 'fnode00', 0);
  all.keep(machine('aa'), 'fnode01', 1);
  assert.deepEqual([all.machinesOn('fnode00', 1), all.machinesOn('fnode01', 1), all.size], [0, 1, 1]);
});

test('Assignments: after half an hour of silence a machine counts nowhere, and still goes where it was', () => {
  const all = new Assignments();
  all.keep(machine('aa'), 'fnode00', 0);
  all.keep(machine('bb', macNumber(2)), 'fnode00', 1000);
  assert.equal(all.machinesOn('fnode00', ACTIVE_MS - 1), 2);
  assert.equal(all.machinesOn('fnode00', ACTIVE_MS), 1);
  assert.equal(all.nodeOf(machine('aa')), 'fnode00');
  all.keep(machine('aa'), 'fnode00', ACTIVE_MS + 1);
  assert.equal(all.machinesOn('fnode00', ACTIVE_MS + 1), 2);
});

test('Assignments: bounded; who was seen longest ago is forgotten, who was seen again is not', () => {
  const all = new Assignments(3);
  for (const n of [1, 2, 3]) all.keep(machine(undefined, macNumber(n)), 'fnode00', n);
  all.keep(machine(undefined, macNumber(1)), 'fnode00', 4);
  all.keep(machine(undefined, macNumber(4)), 'fnode01', 5);
  assert.deepEqual(
    [1, 2, 3, 4].map((n) => all.nodeOf(machine(undefined, macNumber(n)))),
    ['fnode00', undefined, 'fnode00', 'fnode01'],
  );
  assert.deepEqual([all.size, all.machinesOn('fnode00', 5), all.machinesOn('fnode01', 5)], [3, 2, 1]);
});

test('Assignments: counts are what a plain count says, whatever happens: 20,000 seeded steps', () => {
  const random = seeded(7);
  const all = new Assignments(50);
  const uuids = [undefined, 'aa', 'bb'];
  let nowMs = 0;
  for (let i = 0; i < 20_000; i++) {
    nowMs += Math.floor(random() * ACTIVE_MS * 0.1);
    const who = machine(uuids[Math.floor(random() * 3)], macNumber(Math.floor(random() * 40)));
    const node = all.nodeOf(who);
    all.keep(who, random() < 0.7 && node ? node : `n${Math.floor(random() * 3)}`, nowMs);
    const counted = ['n0', 'n1', 'n2'].reduce((sum, name) => sum + all.machinesOn(name, nowMs), 0);
    assert.ok(all.size <= 50 && counted >= 1 && counted <= all.size, `${i}: ${counted} of ${all.size}`);
  }
  for (const name of ['n0', 'n1', 'n2']) assert.equal(all.machinesOn(name, nowMs + ACTIVE_MS), 0);
});

test('Assignments: restored: where a machine was sent before flink’s start holds, and counts when it is seen', () => {
  const machines = new Assignments();
  machines.restore(machine(), 'fnode00');
  machines.restore(machine('aa'), 'fnode01');
  assert.deepEqual([machines.nodeOf(machine('aa')), machines.size], ['fnode01', 1]);
  assert.equal(machines.machinesOn('fnode01', 0), 0);
  machines.keep(machine('aa'), 'fnode01', 0);
  assert.equal(machines.machinesOn('fnode01', 0), 1);
  machines.restore(machine('aa'), 'fnode02');
  assert.equal(machines.nodeOf(machine('aa')), 'fnode01', 'what it was told since holds');
});

test('Assignments: restored: bounded as the rest is', () => {
  const machines = new Assignments(2);
  for (const uuid of ['a', 'b', 'c']) machines.restore(machine(uuid), 'fnode00');
  assert.equal(machines.size, 2);
});

test('Assignments: of one MAC under ever new UUIDs the last 256, whose latest it finds', () => {
  const all = new Assignments();
  for (let n = 0; n < 300; n++) all.keep(machine(`${n}`), 'fnode00', n);
  assert.deepEqual([all.size, all.machinesOn('fnode00', 300)], [256, 256]);
  assert.deepEqual(
    [all.nodeOf(machine('43')), all.nodeOf(machine('44')), all.nodeOf(machine())],
    [undefined, 'fnode00', 'fnode00'],
  );
});
