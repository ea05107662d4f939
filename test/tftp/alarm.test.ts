import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAlarm } from '../../src/tftp/alarm.ts';
import { FakeClock } from '../support/fakes.ts';

function started(): { clock: FakeClock; alarm: ReturnType<typeof createAlarm>; rung: number[] } {
  const clock = new FakeClock();
  const rung: number[] = [];
  return { clock, rung, alarm: createAlarm(clock, () => rung.push(clock.now())) };
}

test('alarm: rings once, a grace of a millisecond after it is due', () => {
  const { clock, alarm, rung } = started();
  alarm.set(20, clock.now());
  clock.advance(1000);
  assert.deepEqual([rung, clock.pendingTimers], [[21], 0]);
});

test('alarm: a later deadline moves it, without a timer for each', () => {
  const { clock, alarm, rung } = started();
  for (let n = 0; n < 100; n++) {
    alarm.set(20, clock.now());
    clock.advance(1);
    assert.equal(clock.pendingTimers, 1);
  }
  clock.advance(1000);
  assert.deepEqual(rung, [120]);
});

test('alarm: an earlier deadline rings earlier', () => {
  const { clock, alarm, rung } = started();
  alarm.set(250, clock.now());
  alarm.set(20, clock.now());
  clock.advance(1000);
  assert.deepEqual(rung, [21]);
});

test('alarm: a packet that is read in the grace puts it off', () => {
  const { clock, alarm, rung } = started();
  alarm.set(20, clock.now());
  clock.advance(20);
  alarm.set(20, clock.now());
  clock.advance(1000);
  assert.deepEqual(rung, [41]);
});

test('alarm: cleared, it is silent and leaves no timer', () => {
  const { clock, alarm, rung } = started();
  alarm.set(20, clock.now());
  alarm.clear();
  assert.equal(clock.pendingTimers, 0);
  clock.advance(1000);
  assert.deepEqual(rung, []);
});
