import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdminEvents, MAX_EVENTS } from '../../src/admin/events.ts';
import { decision } from './world.ts';

const ids = (events: AdminEvents, after: number): number[] => events.after(after).map(({ id }) => id);

test('ids grow from the first one, whatever is kept', () => {
  const events = new AdminEvents(1000, 3);
  assert.equal(events.lastId, 999);
  assert.deepEqual(ids(events, 0), []);
  for (let n = 0; n < 5; n++) events.record(decision(n));
  assert.equal(events.lastId, 1004);
  assert.deepEqual(ids(events, 0), [1002, 1003, 1004]);
  assert.deepEqual(ids(events, 1003), [1004]);
  assert.deepEqual(ids(events, 1004), []);
  assert.deepEqual(ids(events, 9999), []);
});

test('the ring holds 500 decisions, the newest', () => {
  const events = new AdminEvents(1);
  for (let n = 0; n < 1234; n++) events.record(decision(n));
  const kept = events.after(0);
  assert.equal(kept.length, MAX_EVENTS);
  assert.equal(MAX_EVENTS, 500);
  assert.deepEqual([kept[0]?.id, kept.at(-1)?.id, kept.at(-1)?.mac], [735, 1234, decision(1233).mac]);
});

const losses = [
  { name: 'nothing lost while all is kept', after: 11, want: 0 },
  { name: 'what the ring has let go of', after: 10, want: 1 },
  { name: 'an id of an earlier run: of this run only', after: 3, want: 2 },
  { name: 'an id of the future', after: 99, want: 0 },
];
for (const { name, after, want } of losses) {
  test(`lost: ${name}`, () => {
    const events = new AdminEvents(10, 3);
    for (let n = 0; n < 5; n++) events.record(decision(n));
    assert.equal(events.lostAfter(after), want);
  });
}

test('subscribers hear each decision once, until they leave; there are at most eight', () => {
  const events = new AdminEvents(1, 2);
  const heard: number[] = [];
  const leave = events.subscribe(({ id }) => heard.push(id));
  events.record(decision(1));
  events.record(decision(2));
  leave();
  events.record(decision(3));
  assert.deepEqual(heard, [1, 2]);
  for (let n = 0; n < 8; n++) events.subscribe(() => {});
  assert.throws(() => events.subscribe(() => {}));
});
