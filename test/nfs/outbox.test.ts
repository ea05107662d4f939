import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outbox } from '../../src/nfs/outbox.ts';
import { FakeClock } from '../support/fakes.ts';

const MIB = 1 << 20;

/** A wire that takes a write when it is told to. */
const world = () => {
  const clock = new FakeClock();
  const writes: Buffer[] = [];
  const pieces: number[] = [];
  const heard: string[] = [];
  let done: (() => void) | undefined;
  const outbox = new Outbox({
    now: () => clock.now(),
    onMove: () => {},
    write: (views, then) => {
      assert.equal(done, undefined, 'one write at a time');
      pieces.push(views.length);
      writes.push(Buffer.concat(views));
      done = then;
    },
  });
  /** Ends the write that is under way. */
  const take = (): void => {
    const then = done;
    done = undefined;
    then?.();
  };
  const drain = (): void => {
    for (let i = 0; i < 1000 && done; i++) take();
  };
  const tail = (name: string, ...views: Uint8Array[]) => ({
    views,
    bytes: views.reduce((sum, view) => sum + view.length, 0),
    release: () => heard.push(name),
  });
  return { outbox, clock, writes, pieces, heard, take, drain, tail };
};

test('outbox: what was put before a flush leaves in one write, small pieces copied into one', () => {
  const { outbox, writes, pieces } = world();
  for (const text of ['one', 'two', 'three']) outbox.put(Buffer.from(text));
  outbox.flush();
  assert.deepEqual([String(writes[0]), pieces], ['onetwothree', [1]]);
});

test('outbox: what is put while a write is under way leaves behind it, together', () => {
  const { outbox, writes, take } = world();
  for (const text of ['one', 'two', 'three']) {
    outbox.put(Buffer.from(text));
    outbox.flush();
  }
  take();
  assert.deepEqual(writes.map(String), ['one', 'twothree']);
});

for (const bytes of [0, 1, 2, 3, 4, 5]) {
  test(`outbox: a tail of ${bytes} octets is filled with zeros to a multiple of four, RFC 4506 §4.10`, () => {
    const { outbox, writes, take, heard, tail } = world();
    outbox.put(Buffer.from('head'), tail('tail', Buffer.alloc(bytes, 'x')));
    outbox.flush();
    assert.equal(String(writes[0]), `head${'x'.repeat(bytes)}${'\0'.repeat((4 - (bytes % 4)) % 4)}`);
    assert.deepEqual(heard, []);
    take();
    assert.deepEqual(heard, ['tail']);
  });
}

test('outbox: a tail is released when its last octet has left, no sooner', () => {
  const { outbox, writes, take, heard, tail } = world();
  outbox.put(Buffer.from('head'), tail('first', Buffer.alloc(MIB), Buffer.alloc(MIB)));
  outbox.put(Buffer.from('head'), tail('second', Buffer.alloc(100_000)));
  outbox.flush();
  const order: string[] = [];
  let sent = 0;
  for (let i = 0; i < 100 && outbox.unsentBytes > 0; i++) {
    sent += writes.at(-1)?.length ?? 0;
    take();
    order.push(`${sent >= 4 + 2 * MIB} ${heard}`);
  }
  for (const each of order) assert.match(each, /^(false |true first|true first,second)$/);
  assert.deepEqual(heard, ['first', 'second']);
});

test('outbox: octets leave in order and unchanged, however they are cut', () => {
  const { outbox, writes, drain, tail } = world();
  const want: Buffer[] = [];
  for (let i = 0; i < 60; i++) {
    const head = Buffer.alloc(1 + ((i * 977) % 5000), i);
    const view = Buffer.alloc(4 * ((i * 7919) % 90_000), i + 100);
    want.push(head, view);
    outbox.put(head, tail('', view));
    if (i % 3 === 0) outbox.flush();
  }
  outbox.flush();
  drain();
  assert.ok(Buffer.concat(writes).equals(Buffer.concat(want)));
  assert.equal(outbox.unsentBytes, 0);
});

test('outbox: once it moves, the largest READ leaves in one write with what stands before it', () => {
  const { outbox, writes, drain, tail } = world();
  outbox.put(Buffer.alloc(4 * MIB));
  outbox.flush();
  drain();
  writes.length = 0;
  outbox.put(Buffer.alloc(144), tail('', Buffer.alloc(MIB)));
  outbox.flush();
  assert.deepEqual(
    writes.map((write) => write.length),
    [MIB + 144],
  );
});

test('outbox: who takes writes slowly gets small ones, so that each tells how he gets on', () => {
  const { outbox, writes, clock, take } = world();
  outbox.put(Buffer.alloc(8 * MIB));
  outbox.flush();
  for (let i = 0; i < 5; i++) {
    clock.advance(20_000);
    take();
  }
  assert.equal(writes.at(-1)?.length, 64 << 10);
  assert.equal(outbox.stillMs, 0);
});

test('outbox: how long nothing was taken counts from the last write that was done, or from when something came to wait', () => {
  const { outbox, clock, take } = world();
  clock.advance(5000);
  assert.equal(outbox.stillMs, 0);
  outbox.put(Buffer.alloc(MIB));
  outbox.flush();
  clock.advance(700);
  assert.equal(outbox.stillMs, 700);
  outbox.put(Buffer.alloc(10));
  assert.equal(outbox.stillMs, 700);
  take();
  assert.equal(outbox.stillMs, 0);
});

test('outbox: closed, it releases everything, what is on its way too, and takes nothing more', () => {
  const { outbox, heard, take, writes, tail } = world();
  for (const name of ['a', 'b', 'c']) {
    outbox.put(Buffer.alloc(4), tail(name, Buffer.alloc(MIB)));
    outbox.flush();
  }
  outbox.close();
  outbox.close();
  outbox.put(Buffer.alloc(4), tail('d', Buffer.alloc(4)));
  take();
  assert.deepEqual([heard, writes.length, outbox.unsentBytes], [['a', 'b', 'c', 'd'], 1, 0]);
});

test('outbox: whoever waits until all has left hears of it, also when it had left before, and what comes then still leaves', () => {
  const { outbox, heard, take, writes } = world();
  outbox.whenLeft(() => heard.push('nothing'));
  outbox.put(Buffer.from('one'));
  outbox.flush();
  outbox.whenLeft(() => heard.push('behind'));
  assert.deepEqual(heard, ['nothing']);
  take();
  assert.deepEqual(heard, ['nothing', 'behind']);
  outbox.put(Buffer.from('two'));
  outbox.flush();
  assert.deepEqual(writes.map(String), ['one', 'two']);
});
