import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdminEvents } from '../../src/admin/events.ts';
import { type Listener, MAX_BEHIND_BYTES, MAX_LISTENERS, PING_MS, PUMP_MS, Streams } from '../../src/admin/stream.ts';
import { FakeClock } from '../support/fakes.ts';
import { decision } from './world.ts';

class Peer implements Listener {
  text = '';
  behind = 0;
  isClosed = false;
  writes = 0;
  write(text: string): void {
    this.text += text;
    this.writes += 1;
  }
  behindBytes(): number {
    return this.behind;
  }
  close(): void {
    this.isClosed = true;
  }
  get ids(): number[] {
    return [...this.text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
  }
}

function world(max = 5) {
  const clock = new FakeClock();
  const events = new AdminEvents(1, max);
  return { clock, events, streams: new Streams(events, clock) };
}

test('a listener hears what is decided from now on, each as an event with its id; HTML Standard §9.2.6', () => {
  const { clock, events, streams } = world();
  events.record(decision(1));
  const peer = new Peer();
  streams.add(peer, undefined);
  assert.equal(peer.text, 'retry: 3000\n\n');
  events.record(decision(2, { hostname: 'a\nb\u2028c' }));
  clock.advance(PUMP_MS);
  assert.deepEqual(peer.ids, [2]);
  const data = /^data: (.*)$/m.exec(peer.text)?.[1] ?? '';
  assert.deepEqual(JSON.parse(data), { id: 2, ...decision(2, { hostname: 'a\nb\u2028c' }) });
  assert.match(peer.text, /\n\n$/);
});

test('who comes back with the last id that it saw misses nothing and hears nothing twice', () => {
  const { clock, events, streams } = world();
  const other = new Peer();
  streams.add(other, undefined);
  for (let n = 1; n <= 4; n++) events.record(decision(n));
  const peer = new Peer();
  // Decisions are on their way to the other one at this moment.
  streams.add(peer, 2);
  events.record(decision(5));
  clock.advance(PUMP_MS);
  assert.deepEqual(peer.ids, [3, 4, 5]);
  assert.deepEqual(other.ids, [1, 2, 3, 4, 5]);
});

test('what the ring has let go of is said: after a break, and in a storm', () => {
  const { clock, events, streams } = world(3);
  for (let n = 1; n <= 9; n++) events.record(decision(n));
  const peer = new Peer();
  streams.add(peer, 2);
  assert.match(peer.text, /event: skipped\ndata: {"count":4}\n\nid: 7\n/);
  for (let n = 10; n <= 20; n++) events.record(decision(n));
  clock.advance(PUMP_MS);
  assert.match(peer.text, /event: skipped\ndata: {"count":8}\n\nid: 18\n/);
});

test('a storm costs each listener one write in 100 ms, and a decision nothing more for each of them', () => {
  const { clock, events, streams } = world(500);
  const peers = Array.from({ length: MAX_LISTENERS }, () => new Peer());
  for (const peer of peers) streams.add(peer, undefined);
  for (let n = 0; n < 400; n++) events.record(decision(n));
  assert.equal(clock.pendingTimers, 2, 'one for all listeners, and the ping');
  clock.advance(PUMP_MS);
  for (const peer of peers) assert.deepEqual([peer.writes, peer.ids.length], [2, 400]);
});

test('a ping every 15 s keeps the connection alive', () => {
  const { clock, streams } = world();
  const peer = new Peer();
  streams.add(peer, undefined);
  clock.advance(2 * PING_MS);
  assert.equal(peer.text, 'retry: 3000\n\n: ping\n\n: ping\n\n');
});

test('a slow one is dropped at the next word for it, the others go on', () => {
  const { clock, events, streams } = world();
  const [slow, quick] = [new Peer(), new Peer()];
  streams.add(slow, undefined);
  streams.add(quick, undefined);
  slow.behind = MAX_BEHIND_BYTES + 1;
  quick.behind = MAX_BEHIND_BYTES;
  events.record(decision(1));
  clock.advance(PUMP_MS);
  assert.deepEqual([slow.isClosed, slow.ids, quick.isClosed, quick.ids], [true, [], false, [1]]);
  assert.equal(streams.count, 1);
});

test('32 may listen; when all have gone no timer and no subscriber is left', () => {
  const { clock, events, streams } = world();
  const peers = Array.from({ length: MAX_LISTENERS }, () => new Peer());
  for (const peer of peers) {
    assert.ok(streams.hasRoom);
    streams.add(peer, undefined);
  }
  assert.ok(!streams.hasRoom);
  events.record(decision(1));
  for (const peer of peers.slice(1)) streams.remove(peer);
  assert.equal(clock.pendingTimers, 2);
  streams.closeAll();
  assert.deepEqual([peers[0]?.isClosed, clock.pendingTimers, streams.count], [true, 0, 0]);
  events.record(decision(2));
  assert.equal(clock.pendingTimers, 0);
  const late = new Peer();
  streams.add(late, undefined);
  events.record(decision(3));
  clock.advance(PUMP_MS);
  assert.deepEqual(late.ids, [3], 'it begins anew');
});
