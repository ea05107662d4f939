import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { Connections, MAX_CONNECTIONS, MAX_PER_SOURCE } from '../../src/admin/connections.ts';

class FakeSocket extends EventEmitter {
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
}

const socketOf = (address: string) => new FakeSocket(address) as unknown as Socket & FakeSocket;

/** As many as there may be, each of an address of its own. */
function full() {
  const connections = new Connections();
  const sockets = Array.from({ length: MAX_CONNECTIONS }, (_, n) => socketOf(`10.0.0.${n}`));
  for (const socket of sockets) assert.ok(connections.admit(socket));
  return { connections, sockets };
}

test('when it is full the one that has been quiet for longest makes room', () => {
  const { connections, sockets } = full();
  const [first, second] = sockets;
  connections.begin(sockets[0] as Socket);
  connections.end(sockets[0] as Socket);
  assert.ok(connections.admit(socketOf('10.1.0.1')));
  assert.deepEqual([first?.destroyed, second?.destroyed, connections.count], [false, true, MAX_CONNECTIONS]);
});

test('one that is being answered stays; where all are, the new one is turned away', () => {
  const { connections, sockets } = full();
  for (const socket of sockets) connections.begin(socket);
  const late = socketOf('10.1.0.1');
  assert.ok(!connections.admit(late));
  assert.ok(late.destroyed);
  assert.ok(sockets.every(({ destroyed }) => !destroyed));
});

test('an address that has all it may have makes room among its own', () => {
  const connections = new Connections();
  const other = socketOf('10.0.0.1');
  connections.admit(other);
  const greedy = Array.from({ length: MAX_PER_SOURCE + 10 }, () => socketOf('10.0.0.2'));
  for (const socket of greedy) assert.ok(connections.admit(socket));
  assert.equal(greedy.filter(({ destroyed }) => destroyed).length, 10);
  assert.deepEqual([other.destroyed, connections.count], [false, MAX_PER_SOURCE + 1]);
});

test('who asks five times without waiting for an answer is cut off', () => {
  const connections = new Connections();
  const socket = socketOf('10.0.0.1');
  connections.admit(socket);
  for (let n = 0; n < 4; n++) assert.ok(connections.begin(socket));
  assert.ok(connections.isBusy(socket));
  assert.ok(!connections.begin(socket));
  assert.deepEqual([socket.destroyed, connections.count], [true, 0]);
  connections.end(socket);
  assert.ok(!connections.isBusy(socket));
});
