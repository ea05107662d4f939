/** What a session holds in memory and when it lets go. The protocol itself is tested in transfer and server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import type { Book } from '../../src/tftp/library.ts';
import { Run } from '../../src/tftp/runs.ts';
import { createSession, type Outcome } from '../../src/tftp/session.ts';
import { FakeClock } from '../support/fakes.ts';
import { ackOf, settle } from './client.ts';

/** Runs of four blocks of eight octets, the last of `blocks` empty; `free` tells which were let go. */
function book(blocks: number, free: number[]): Pick<Book, 'held' | 'fetch' | 'isUnchanged' | 'leave'> {
  const runs = new Map<number, Run>();
  for (let first = 1; first <= blocks; first += 4) {
    const count = Math.min(4, blocks + 1 - first);
    const packets = Array.from({ length: count }, (_, i) => new Uint8Array(first + i === blocks ? 4 : 12));
    const run = new Run(first, packets, first + 3 >= blocks, { bytes: 48, free: () => free.push(first) });
    for (let i = 0; i < count; i++) runs.set(first + i, run);
  }
  return {
    held: (block) => runs.get(block),
    fetch: async (block) => {
      const run = runs.get(block);
      return run ? { kind: 'run', run } : { kind: 'failed', reason: 'damaged' };
    },
    isUnchanged: async () => true,
    leave: async () => {},
  };
}

function started(blocks: number, windowBlocks: number) {
  const free: number[] = [];
  const outcomes: Outcome[] = [];
  const state = { isWaiting: false, isClosed: false, sent: 0, freeAtClose: [] as readonly number[] };
  const clock = new FakeClock();
  const terms = { blockBytes: 8, windowBlocks, maxTimeoutMs: undefined, accepted: [] };
  const session = createSession({ book: book(blocks, free) as Book, terms, lastBlock: blocks }, clock, (outcome) => {
    outcomes.push(outcome);
  });
  session.start({
    local: { address: '172.16.0.1' as Ipv4, port: 40_000 },
    send: () => {
      state.sent += 1;
    },
    isWaiting: () => state.isWaiting,
    close: async () => {
      state.isClosed = true;
      state.freeAtClose = [...free];
    },
  });
  return { session, free, outcomes, state, clock };
}

test('session: a run is let go when all of it is acknowledged and another is in use', async () => {
  const { session, free } = started(12, 2);
  session.onDatagram(ackOf(2));
  assert.deepEqual(free, [], 'blocks 3 and 4 are on their way');
  session.onDatagram(ackOf(4));
  assert.deepEqual(free, [], 'the run after it is only now in use');
  session.onDatagram(ackOf(6));
  await settle();
  assert.deepEqual(free, [1]);
});

test('session: a run of which a block is not acknowledged is kept', () => {
  const { session, free } = started(12, 3);
  session.onDatagram(ackOf(3));
  session.onDatagram(ackOf(3));
  session.onDatagram(ackOf(3));
  assert.deepEqual(free, [], 'block 4 may have to be sent again');
  session.onDatagram(ackOf(6));
  assert.deepEqual(free, [1]);
});

test('session: while packets wait for the kernel no run is let go', () => {
  const { session, free, state } = started(20, 4);
  state.isWaiting = true;
  for (const block of [4, 8, 12]) session.onDatagram(ackOf(block));
  assert.deepEqual(free, []);
  state.isWaiting = false;
  session.onDatagram(ackOf(16));
  assert.deepEqual(free, [1, 5, 9]);
});

test('session: at its end all runs are let go, after the socket is closed', async () => {
  const { session, free, state, outcomes, clock } = started(12, 8);
  session.end('stopped');
  session.end('evicted');
  session.onDatagram(ackOf(8));
  await settle();
  assert.deepEqual([state.isClosed, state.freeAtClose, free, clock.pendingTimers], [true, [], [1, 5], 0]);
  assert.deepEqual(outcomes, [{ reason: 'stopped', bytes: 0, tookMs: 0, isHeard: false }]);
});

test('session: what it tells counts the octets of the file', async () => {
  const { session, outcomes } = started(6, 1);
  for (let block = 1; block <= 6; block++) {
    await settle();
    session.onDatagram(ackOf(block));
  }
  assert.deepEqual(outcomes, [{ reason: 'sent', bytes: 40, tookMs: 0, isHeard: true }]);
});
