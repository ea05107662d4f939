import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_TRIES, nextToAsk, Standing } from '../../src/dns/standing.ts';

const measured = (rttMs: number, more: (s: Standing) => void = () => {}) => {
  const standing = new Standing();
  standing.asked(0);
  for (let n = 0; n < 20; n++) standing.heard(rttMs);
  standing.judged(true);
  more(standing);
  return { standing };
};
const unknown = () => ({ standing: new Standing() });
const unreachable = (rttMs: number) => measured(rttMs, (s) => s.unreachable());

const turns: readonly (readonly [string, readonly { standing: Standing }[], readonly number[], number])[] = [
  ['the quickest first', [measured(30), measured(10)], [0, 0], 1],
  ['in the order of the configuration where none was measured', [unknown(), unknown()], [0, 0], 0],
  ['one that answers before one that nothing is known of', [unknown(), measured(400)], [0, 0], 1],
  ['a slow one that answers before a quick one that is down', [unreachable(1), measured(400)], [0, 0], 1],
  ['one that was not asked yet, even if it is down', [measured(10), unreachable(1)], [1, 0], 1],
  ['the same again where all had a turn', [measured(30), measured(10)], [1, 1], 1],
  ['of those that are down one all the same', [unreachable(9), unreachable(5)], [0, 0], 1],
  ['nobody who was asked often enough', [measured(10), measured(30)], [MAX_TRIES, 2], 1],
  ['nobody at all', [measured(10), measured(30)], [MAX_TRIES, MAX_TRIES], -1],
];
for (const [name, standings, tries, want] of turns) {
  test(`standing: asked next: ${name}`, () => assert.equal(nextToAsk(standings, tries, 10), want));
}

test('standing: the round-trip time is smoothed as in RFC 6298 §2', () => {
  const standing = new Standing();
  standing.heard(100);
  assert.equal(standing.rttMs, 100);
  standing.heard(200);
  assert.equal(standing.rttMs, 112.5);
});

test('standing: patience is between 20 and 250 ms, so that a dead one costs nobody 300', () => {
  assert.equal(new Standing().patienceMs, 250);
  assert.equal(measured(0.1).standing.patienceMs, 20);
  assert.equal(measured(900).standing.patienceMs, 250);
  const { patienceMs } = measured(60).standing;
  assert.ok(patienceMs >= 60 && patienceMs < 80, `${patienceMs}`);
});

test('standing: silence makes it down after half a second, later where it is slow; a word brings it back', () => {
  const { standing } = measured(10);
  standing.asked(1000);
  standing.asked(1400);
  assert.equal(standing.isDown(1500), false);
  assert.equal(standing.isDown(1501), true);
  standing.heard(10);
  assert.equal(standing.isDown(9999), false);
  const slow = measured(400).standing;
  slow.asked(1000);
  assert.equal(slow.isDown(1700), false);
  assert.equal(slow.isDown(2001), true);
});

test('standing: names that hang while others are answered do not make it down', () => {
  const { standing } = measured(10);
  for (let atMs = 0; atMs < 60_000; atMs += 100) {
    standing.asked(atMs);
    standing.asked(atMs);
    standing.heard(10);
    assert.equal(standing.isDown(atMs), false);
  }
});

test('standing: three refusals in a row make it down, one good answer brings it back', () => {
  const { standing } = measured(10);
  const say = (...useful: boolean[]) => {
    for (const isUseful of useful) standing.judged(isUseful);
  };
  say(false, false, true, false, false);
  assert.equal(standing.isDown(0), false);
  say(false);
  assert.equal(standing.isDown(0), true);
  say(true);
  assert.equal(standing.isDown(0), false);
});

test('standing: it is tried again within 2 s while down, within 30 s while well, at once where unknown', () => {
  assert.equal(new Standing().isDueForTrial(0), true);
  const well = measured(10).standing;
  assert.equal(well.isDueForTrial(29_999), false);
  assert.equal(well.isDueForTrial(30_000), true);
  const down = unreachable(10).standing;
  assert.equal(down.isDueForTrial(1999), false);
  assert.equal(down.isDueForTrial(2000), true);
});

test('standing: what it cannot do is remembered for an hour', () => {
  const standing = new Standing();
  standing.losesLetters(0);
  standing.lacksEdns(0);
  assert.deepEqual([standing.keepsLetters(3_599_999), standing.speaksEdns(3_599_999)], [false, false]);
  assert.deepEqual([standing.keepsLetters(3_600_000), standing.speaksEdns(3_600_000)], [true, true]);
});

test('standing: answers in other letters three times in a row, without TCP, are its own', () => {
  const standing = new Standing();
  for (const kept of [false, true, false, false]) {
    if (kept) standing.lettersKept();
    else standing.lettersDoubted(0);
  }
  assert.equal(standing.keepsLetters(0), true);
  standing.lettersDoubted(0);
  assert.equal(standing.keepsLetters(0), false);
});

test('standing: what takes seconds says little of the upstream', () => {
  const { standing } = measured(10);
  standing.heard(5000);
  assert.ok((standing.rttMs ?? 0) < 150);
});
