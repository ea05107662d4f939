/** The transfer's rules, each as a short story: what the client does on the left, what the server does on the right. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Terms } from '../../src/tftp/negotiate.ts';
import { begin, type Event, type Step, step, timeoutMs } from '../../src/tftp/transfer.ts';

const plain: Terms = { blockBytes: 512, windowBlocks: 1, maxTimeoutMs: undefined, accepted: [] };
const offered: Terms = { ...plain, accepted: [{ name: 'tsize', value: '1' }] };
const windowed = (windowBlocks: number): Terms => ({ ...plain, windowBlocks });

const ack = (block: number): Event => ({ kind: 'packet', packet: { kind: 'ack', block } });
const error = (code: number): Event => ({ kind: 'packet', packet: { kind: 'error', code, message: '' } });
const timeout: Event = { kind: 'timeout' };

function show({ action }: Step): string {
  if (action.kind === 'send') return `${action.first}-${action.last}`;
  return action.kind === 'offer' ? 'offer' : `${action.kind} ${action.reason}`;
}

/** Each event a millisecond after the one before; what was sent has left at once. */
function play(terms: Terms, lastBlock: number | undefined, events: readonly Event[]): readonly string[] {
  let nowMs = 0;
  let taken = begin(terms, lastBlock, nowMs);
  const story = [show(taken)];
  for (const event of events) {
    const { transfer } = step(taken.transfer, { kind: 'left' }, nowMs);
    nowMs += 1;
    taken = step(transfer, event, nowMs);
    story.push(show(taken));
  }
  return story;
}

interface Case {
  readonly name: string;
  readonly terms: Terms;
  readonly blocks: number;
  readonly events: readonly Event[];
  readonly want: readonly string[];
}
const cases: readonly Case[] = [
  {
    name: 'lock-step: each block after the ACK of the one before, RFC 1350 §2',
    terms: plain,
    blocks: 3,
    events: [ack(1), ack(2), ack(3)],
    want: ['1-1', '2-2', '3-3', 'end sent'],
  },
  {
    name: 'an OACK goes first and its ACK is 0, RFC 2347 §3',
    terms: offered,
    blocks: 1,
    events: [ack(0), ack(1)],
    want: ['offer', '1-1', 'end sent'],
  },
  {
    name: 'an ACK of a block does not answer an OACK',
    terms: offered,
    blocks: 2,
    events: [ack(1), ack(0)],
    want: ['offer', 'wait future-ack', '1-1'],
  },
  {
    name: 'a repeated ACK causes no resend in lock-step (Sorcerer), RFC 1123 §4.2.3.1',
    terms: plain,
    blocks: 9,
    events: [ack(1), ack(1), ack(1), ack(2)],
    want: ['1-1', '2-2', 'wait duplicate-ack', 'wait duplicate-ack', '3-3'],
  },
  {
    name: 'nor does a repeated ACK 0',
    terms: offered,
    blocks: 9,
    events: [ack(0), ack(0)],
    want: ['offer', '1-1', 'wait duplicate-ack'],
  },
  {
    name: 'an ACK of the past is ignored',
    terms: plain,
    blocks: 9,
    events: [ack(1), ack(2), ack(1)],
    want: ['1-1', '2-2', '3-3', 'wait old-ack'],
  },
  {
    name: 'an ACK of the future is ignored',
    terms: plain,
    blocks: 9,
    events: [ack(2), ack(1)],
    want: ['1-1', 'wait future-ack', '2-2'],
  },
  {
    name: 'a time-out sends the same block again, RFC 1350 §2',
    terms: plain,
    blocks: 9,
    events: [ack(1), timeout, timeout, ack(2)],
    want: ['1-1', '2-2', '2-2', '2-2', '3-3'],
  },
  {
    name: 'a time-out sends the OACK again',
    terms: offered,
    blocks: 9,
    events: [timeout, ack(0)],
    want: ['offer', 'offer', '1-1'],
  },
  {
    name: 'a window goes out whole, RFC 7440 §4',
    terms: windowed(4),
    blocks: 9,
    events: [ack(4), ack(8), ack(9)],
    want: ['1-4', '5-8', '9-9', 'end sent'],
  },
  {
    name: 'a gap: on from the last block in order, RFC 7440 §4',
    terms: windowed(4),
    blocks: 20,
    events: [ack(2), ack(6)],
    want: ['1-4', '3-6', '7-10'],
  },
  {
    name: 'the first block of a window lost: the window again, once',
    terms: windowed(4),
    blocks: 20,
    events: [ack(4), ack(4), ack(4), ack(8)],
    want: ['1-4', '5-8', '5-8', 'wait duplicate-ack', '9-12'],
  },
  {
    name: 'blocks after a gap make a client repeat its ACK: no second resend',
    terms: windowed(4),
    blocks: 20,
    events: [ack(1), ack(1), ack(1)],
    want: ['1-4', '2-5', 'wait duplicate-ack', 'wait duplicate-ack'],
  },
  {
    name: 'a window sent twice is acknowledged twice: the doubling ends there (Sorcerer)',
    terms: windowed(4),
    blocks: 40,
    events: [ack(4), ack(4), ack(8), ack(8), ack(12), ack(12)],
    want: ['1-4', '5-8', '5-8', '9-12', 'wait duplicate-ack', '13-16', '13-16'],
  },
  {
    name: 'a time-out sends what is not acknowledged of the window again, RFC 7440 §4',
    terms: windowed(4),
    blocks: 20,
    events: [ack(2), timeout],
    want: ['1-4', '3-6', '3-6'],
  },
  {
    name: 'a late ACK of a window that was sent again does not send it a third time',
    terms: windowed(4),
    blocks: 20,
    events: [ack(4), timeout, ack(4), ack(8)],
    want: ['1-4', '5-8', '5-8', 'wait duplicate-ack', '9-12'],
  },
  {
    name: 'windowsize 1 is RFC 1350, RFC 7440 §3',
    terms: windowed(1),
    blocks: 9,
    events: [ack(1), ack(1)],
    want: ['1-1', '2-2', 'wait duplicate-ack'],
  },
  {
    name: 'an ERROR before anything was acknowledged: only asked for the size',
    terms: offered,
    blocks: 9,
    events: [error(8)],
    want: ['offer', 'end declined'],
  },
  {
    name: 'some say it with another code',
    terms: offered,
    blocks: 9,
    events: [error(0)],
    want: ['offer', 'end declined'],
  },
  {
    name: 'an ERROR ends a transfer at once, RFC 1350 §2',
    terms: plain,
    blocks: 9,
    events: [ack(1), error(3)],
    want: ['1-1', '2-2', 'end client-error'],
  },
  {
    name: 'nobody listens at the client',
    terms: plain,
    blocks: 9,
    events: [ack(1), { kind: 'unreachable' }],
    want: ['1-1', '2-2', 'end client-gone'],
  },
  {
    name: 'other packets change nothing',
    terms: plain,
    blocks: 9,
    events: [
      { kind: 'packet', packet: { kind: 'data', block: 1, data: new Uint8Array() } },
      { kind: 'packet', packet: { kind: 'oack', options: [] } },
      ack(1),
    ],
    want: ['1-1', 'wait not-for-a-sender', 'wait not-for-a-sender', '2-2'],
  },
  {
    name: 'an empty file is one empty block, RFC 1350 §6',
    terms: plain,
    blocks: 1,
    events: [ack(1)],
    want: ['1-1', 'end sent'],
  },
  {
    name: 'who never answers gets the first block three times',
    terms: plain,
    blocks: 9,
    events: Array<Event>(3).fill(timeout),
    want: ['1-1', '1-1', '1-1', 'end no-answer'],
  },
  {
    name: 'who never answers gets six OACKs and no block',
    terms: { ...offered, windowBlocks: 64 },
    blocks: 99,
    events: Array<Event>(6).fill(timeout),
    want: ['offer', 'offer', 'offer', 'offer', 'offer', 'offer', 'end no-answer'],
  },
];
for (const { name, terms, blocks, events, want } of cases) {
  test(`transfer: ${name}`, () => assert.deepEqual(play(terms, blocks, events), want));
}

test('transfer: block numbers go on at 0 after 65535, in lock-step and across a window', () => {
  for (const window of [1, 16, 64]) {
    let taken = begin(windowed(window), 140_000, 0);
    let acked = 0;
    while (taken.action.kind === 'send') {
      assert.deepEqual([taken.action.first, taken.action.last], [acked + 1, Math.min(acked + window, 140_000)]);
      acked = taken.action.last;
      taken = step(taken.transfer, ack(acked % 65_536), 1);
    }
    assert.deepEqual([acked, taken.action], [140_000, { kind: 'end', reason: 'sent' }]);
  }
});

test('transfer: an end that is found while reading ends the window there', () => {
  const started = begin(windowed(8), undefined, 0);
  assert.equal(show(started), '1-8');
  const found = step(started.transfer, { kind: 'end-found', lastBlock: 3 }, 1);
  assert.equal(found.transfer.released, 3);
  assert.equal(show(step(found.transfer, ack(3), 2)), 'end sent');
});

test('transfer: a client that was heard may be silent for 30 s, then it is given up', () => {
  let taken = step(begin(plain, 9, 0).transfer, ack(1), 0);
  let nowMs = 0;
  let resends = 0;
  while (taken.action.kind === 'send') {
    nowMs += timeoutMs(taken.transfer);
    taken = step(taken.transfer, timeout, nowMs);
    resends += 1;
  }
  assert.deepEqual(taken.action, { kind: 'end', reason: 'no-answer' });
  assert.ok(nowMs >= 30_000 && nowMs < 35_000, `${nowMs} ms`);
  assert.ok(resends < 20, `${resends} resends`);
});

test('transfer: only the answer to what went out once tells the round trip (Karn), RFC 6298 §3', () => {
  const first = step(begin(plain, 9, 0).transfer, { kind: 'left' }, 0);
  const answered = step(first.transfer, ack(1), 40);
  assert.equal(answered.transfer.roundTrip?.smoothedMs, 40);
  const resent = step(step(answered.transfer, timeout, 160).transfer, { kind: 'left' }, 160);
  const late = step(resent.transfer, ack(2), 161);
  assert.equal(late.transfer.roundTrip?.smoothedMs, 40);
  assert.equal(late.transfer.tries, 1, 'and the longer wait stays until the next answer that can be timed');
  const timed = step(step(late.transfer, { kind: 'left' }, 161).transfer, ack(3), 201);
  assert.equal(timed.transfer.tries, 0);
});

test('transfer: the time-out that a client asks for is the longest wait, RFC 2349 §2', () => {
  const asked = (maxTimeoutMs: number) => begin({ ...plain, maxTimeoutMs }, 9, 0).transfer;
  assert.equal(timeoutMs({ ...asked(1000), tries: 9 }), 1000);
  assert.equal(timeoutMs(asked(6000)), 250);
  assert.equal(timeoutMs({ ...asked(255_000), tries: 9 }), 4000);
});
