import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { Connections } from '../../src/http/connections.ts';
import { FakeClock } from '../support/fakes.ts';

class FakeSocket extends EventEmitter {
  readonly localAddress = '10.0.0.1';
  readonly remoteAddress: string;
  destroyed = false;
  constructor(remoteAddress: string) {
    super();
    this.remoteAddress = remoteAddress;
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }

  asSocket(): Socket {
    return this as unknown as Socket;
  }
}

const world = (max = 8) => {
  const clock = new FakeClock();
  const connections = new Connections({ max, maxPerSource: max * 0.75, stalledMs: 60_000 }, () => clock.now());
  /** Connects, `isBusy` in the middle of an answer; without `from` as a client of its own. */
  let last = 0;
  const enter = (isBusy: boolean, from = `10.0.1.${++last}`): FakeSocket => {
    const socket = new FakeSocket(from);
    if (connections.admit(socket.asSocket()) && isBusy) void connections.of(socket.asSocket())?.begin();
    return socket;
  };
  const move = (socket: FakeSocket | undefined) => socket && connections.of(socket.asSocket())?.record(1, 1);
  return { clock, connections, enter, move };
};
const many = <Value>(count: number, make: () => Value): readonly Value[] => Array.from({ length: count }, make);
const open = (sockets: readonly FakeSocket[]): string => sockets.map((s) => (s.destroyed ? '-' : 'o')).join('');

test('connections: room is made by who was idle for longest, before anyone who is being answered', () => {
  const { enter, clock } = world();
  const busy = many(6, () => enter(true));
  clock.advance(100_000);
  const idle = many(2, () => enter(false));
  assert.equal(enter(true).destroyed, false);
  assert.equal(open([...busy, ...idle]), 'oooooo-o');
});

test('connections: nobody makes room before an answer stood still for the time that is given', () => {
  const { enter, clock, connections } = world();
  const busy = many(8, () => enter(true));
  clock.advance(59_999);
  assert.equal(enter(true).destroyed, true);
  assert.equal(open(busy), 'oooooooo');
  assert.equal(connections.count, 8);
});

test('connections: the answer that stood still for longest makes room; each piece that leaves is progress', () => {
  const { enter, clock, move } = world();
  const busy = many(8, () => enter(true));
  clock.advance(30_000);
  for (const socket of busy.slice(4)) move(socket);
  clock.advance(20_000);
  move(busy[0]);
  clock.advance(10_000);
  assert.equal(open(many(4, () => enter(true))), 'ooo-');
  assert.equal(open(busy), 'o---oooo');
});

test('connections: a source that has its share makes room among its own, or gets no more', () => {
  const { enter, clock } = world();
  const greedy = many(6, () => enter(false, '10.0.2.2'));
  assert.equal(enter(true, '10.0.2.2').destroyed, false);
  assert.equal(open(greedy), '-ooooo');
  const all = many(8, () => enter(true, '10.0.3.3'));
  // Two places were free and four idle ones of the other made room; then this one had its share.
  assert.equal(open(all), 'oooooo--');
  clock.advance(60_000);
  assert.equal(enter(true, '10.0.3.3').destroyed, false);
  assert.equal(open(all), '-ooooo--');
});

test('connections: who leaves makes room in its source, too', () => {
  const { enter, connections } = world();
  for (const socket of many(100, () => enter(true, '10.0.2.2'))) socket.destroy();
  assert.equal(connections.count, 0);
  assert.equal(open(many(6, () => enter(true, '10.0.2.2'))), 'oooooo');
});

test('connections: this machine has a few beyond the others', () => {
  const { enter } = world();
  const others = many(8, () => enter(true));
  assert.equal(open(many(6, () => enter(true, '10.0.0.1'))), 'oooo--');
  assert.equal(open(others), 'oooooooo');
});

test('connections: all are closed at once, whatever they are at', () => {
  const { enter, connections } = world();
  const sockets = [enter(true), enter(false), enter(true)];
  connections.closeAll();
  assert.equal(open(sockets), '---');
  assert.equal(connections.count, 0);
});
