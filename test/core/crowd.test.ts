import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Crowd, type Peer, type Standing } from '../../src/core/crowd.ts';
import { FakeClock } from '../support/fakes.ts';

class Socket implements Peer {
  readonly localAddress = '10.0.0.1';
  readonly bytesWritten = 7;
  readonly remoteAddress: string;
  isOpen = true;
  #onClose = (): void => {};
  constructor(remoteAddress: string) {
    this.remoteAddress = remoteAddress;
  }
  destroy(): void {
    this.isOpen = false;
    this.#onClose();
  }
  once(_event: 'close', then: () => void): void {
    this.#onClose = then;
  }
}

const world = (max = 4) => {
  const clock = new FakeClock();
  const crowd = new Crowd<Socket, { move: (to: Standing) => void }>({
    bounds: { max, maxPerSource: max * 0.75, stalledMs: 60_000 },
    now: () => clock.now(),
    first: 'new',
    keep: (_socket, move) => ({ move }),
  });
  let last = 0;
  const enter = (standing: Standing = 'new', from = `10.0.1.${++last}`): Socket => {
    const socket = new Socket(from);
    if (crowd.admit(socket) && standing !== 'new') crowd.of(socket)?.move(standing);
    return socket;
  };
  return { clock, crowd, enter };
};
const open = (sockets: readonly Socket[]): string => sockets.map(({ isOpen }) => (isOpen ? 'o' : '-')).join('');

test('crowd: who never asked anything makes room first, however long others have been idle', () => {
  const { enter, clock } = world();
  const idle = [enter('idle'), enter('idle')];
  clock.advance(36_000_000);
  const junk = [enter(), enter()];
  assert.equal(open([enter(), ...idle, ...junk]), 'ooo-o');
});

test('crowd: of those that asked, who has been idle for longest makes room before anyone who is being answered', () => {
  const { enter, crowd, clock } = world();
  const sockets = [enter('busy'), enter('idle'), enter('idle'), enter('busy')];
  clock.advance(100_000);
  if (sockets[1]) crowd.of(sockets[1])?.move('idle');
  assert.equal(open([enter(), ...sockets]), 'ooo-o');
});

test('crowd: ten thousand that never ask keep nobody out, and drive out nobody who did', () => {
  const { enter, crowd } = world(100);
  const honest = [enter('idle'), enter('busy')];
  for (let i = 0; i < 10_000; i++) enter('new', `10.1.${i % 100}.1`);
  assert.equal(crowd.count, 100);
  assert.equal(open([...honest, enter('idle')]), 'ooo');
});

test('crowd: what those that left have sent stays in the sum', () => {
  const { enter, crowd } = world();
  enter().destroy();
  enter('busy');
  assert.equal(crowd.sentBytes, 14);
  assert.equal(crowd.countOf('busy'), 1);
  assert.equal([...crowd.all('new')].length, 0);
});
