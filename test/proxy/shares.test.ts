/** Who may send content to an origin, and who is next. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Shares } from '../../src/proxy/shares.ts';

const LIMITS = { maxPerOrigin: 2, maxPerClient: 2, maxInAll: 3, maxWaiting: 3, maxWaitingPerClient: 2 };

interface Row {
  readonly name: string;
  /** `a1`: of client a, for origin 1. `-a1`: the first of those that have had no end yet has its end, whether it had its turn or not. */
  readonly steps: string;
  /** In order: `a1` has its turn, `!a1` is turned away. */
  readonly want: string;
}

const rows: readonly Row[] = [
  { name: 'as many as there are, at once', steps: 'a1 b1', want: 'a1 b1' },
  { name: 'of one origin no more; another is not its concern', steps: 'a1 b1 c1 d2', want: 'a1 b1 d2' },
  { name: 'of one client no more, whatever the origin', steps: 'a1 a2 a3 b3', want: 'a1 a2 b3' },
  { name: 'in all no more', steps: 'a1 b2 c3 d4', want: 'a1 b2 c3' },
  { name: 'who has waited longest is next', steps: 'a1 b1 c1 d1 -a1 -b1', want: 'a1 b1 c1 d1' },
  { name: 'what has become free does for the next', steps: 'a1 b1 c1 d2 -d2 -a1', want: 'a1 b1 d2 c1' },
  { name: 'a client that has less is next, though it came later', steps: 'a1 b1 a1 c1 -b1', want: 'a1 b1 c1' },
  { name: 'who leaves the queue is not called, and frees nothing', steps: 'a1 b1 c1 d1 -c1 -a1', want: 'a1 b1 d1' },
  { name: 'more than may wait are turned away', steps: 'a1 b1 c1 d1 e1 f1', want: 'a1 b1 !f1' },
  { name: 'of one client, too', steps: 'a1 b1 c1 c1 c1 d1', want: 'a1 b1 !c1' },
  { name: 'whose turn has come waits no more', steps: 'a1 b1 c1 c1 -a1 c1 c1', want: 'a1 b1 c1 !c1' },
];

for (const { name, steps, want } of rows)
  test(`shares: ${name}`, () => {
    const shares = new Shares(LIMITS);
    const said: string[] = [];
    const leaves = new Map<string, (() => void)[]>();
    for (const step of steps.split(' ')) {
      if (step.startsWith('-')) {
        leaves.get(step.slice(1))?.shift()?.();
        continue;
      }
      const [client = '', origin = ''] = step;
      const leave = shares.take({ client, origin }, () => said.push(step));
      if (!leave) said.push(`!${step}`);
      else leaves.set(step, [...(leaves.get(step) ?? []), leave]);
    }
    assert.equal(said.join(' '), want);
  });

test('shares: who leaves twice frees one place', () => {
  const shares = new Shares({ ...LIMITS, maxPerOrigin: 1 });
  const turns: string[] = [];
  const leave = shares.take({ client: 'a', origin: '1' }, () => turns.push('a'));
  for (const client of ['b', 'c']) shares.take({ client, origin: '1' }, () => turns.push(client));
  leave?.();
  leave?.();
  assert.deepEqual(turns, ['a', 'b']);
});
