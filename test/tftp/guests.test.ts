import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import { type Guest, GuestTable } from '../../src/tftp/guests.ts';

const limits = { maxTransfers: 3, maxPerSource: 2, maxUnheardPerSource: 64 };
const asking = (who: string, port: number, request = 'a', local = '172.16.0.1') => ({
  local: local as Ipv4,
  client: { address: `172.16.0.${who}` as Ipv4, port },
  request: Buffer.from(request),
  isCostly: true,
});
const guest = (who: string, port: number, heardAtMs?: number): Guest => ({
  ...asking(who, port),
  heardAtMs,
  askedAtMs: 0,
});

interface Case {
  readonly name: string;
  readonly present: readonly Guest[];
  readonly asks: ReturnType<typeof asking>;
  readonly want: string;
}
const cases: readonly Case[] = [
  { name: 'there is room', present: [], asks: asking('7', 1), want: 'admit' },
  {
    name: 'the same client on another port is another transfer',
    present: [guest('7', 1)],
    asks: asking('7', 2),
    want: 'admit',
  },
  {
    name: 'the same client at another address of ours is another transfer',
    present: [guest('7', 1)],
    asks: asking('7', 1, 'a', '10.0.0.1'),
    want: 'admit',
  },
  {
    name: 'the same request while the first was not answered',
    present: [guest('7', 1)],
    asks: asking('7', 1),
    want: 'ignore repeated-request',
  },
  {
    name: 'the same request a moment after an answer',
    present: [guest('7', 1, 9_500)],
    asks: asking('7', 1),
    want: 'ignore repeated-request',
  },
  {
    name: 'the same request long after an answer: the client was restarted',
    present: [guest('7', 1, 8_000)],
    asks: asking('7', 1),
    want: 'superseded 7:1',
  },
  {
    name: 'another request from the same port: the client has moved on',
    present: [guest('7', 1, 9_900)],
    asks: asking('7', 1, 'b'),
    want: 'superseded 7:1',
  },
  {
    name: 'full: the oldest goes that never answered',
    present: [guest('1', 1, 9_000), guest('2', 1), guest('3', 1)],
    asks: asking('7', 1),
    want: 'evicted 2:1',
  },
  {
    name: 'full of those that answered: silence',
    present: [guest('1', 1, 0), guest('2', 1, 0), guest('3', 1, 0)],
    asks: asking('7', 1),
    want: 'ignore all-busy',
  },
  {
    name: 'too many from one source: its own oldest goes that never answered',
    present: [guest('1', 1), guest('7', 1, 0), guest('7', 2)],
    asks: asking('7', 3),
    want: 'evicted 7:2',
  },
  {
    name: 'too many from one source that all answered: silence',
    present: [guest('7', 1, 0), guest('7', 2, 0)],
    asks: asking('7', 3),
    want: 'ignore source-limit',
  },
];
for (const { name, present, asks, want } of cases) {
  test(`guests: ${name}`, () => {
    const table = new GuestTable<Guest>();
    for (const one of present) table.add(one);
    const admission = table.admit(asks, limits, 10_000);
    const leaving = admission.kind === 'admit' ? admission.leaving?.client : undefined;
    const where = leaving ? ` ${leaving.address.split('.')[3]}:${leaving.port}` : '';
    assert.equal(
      `${'reason' in admission ? `${admission.kind} ${admission.reason}${where}` : admission.kind}`.replace(
        'admit ',
        '',
      ),
      want,
    );
  });
}

test('guests: who was replaced does not take the successor along', () => {
  const table = new GuestTable<Guest>();
  const [first, second] = [guest('7', 1, 0), guest('7', 1)];
  table.add(first);
  table.remove(first);
  table.add(second);
  table.remove(first);
  assert.equal(table.size, 1);
  table.remove(second);
  table.remove(second);
  assert.equal(table.size, 0);
  assert.equal(table.admit(asking('7', 2), { ...limits, maxTransfers: 1 }, 0).kind, 'admit');
});

test('guests: of those that cost more than they ask, few wait for a first answer; who answers makes room at once', () => {
  const table = new GuestTable<Guest & { heardAtMs: number | undefined }>();
  const bounds = { maxTransfers: 100, maxPerSource: 100, maxUnheardPerSource: 2 };
  const late = { ...guest('7', 1), askedAtMs: 500 };
  table.add(late);
  table.add({ ...guest('7', 2), askedAtMs: 600 });
  assert.deepEqual(table.admit(asking('7', 3), bounds, 1400), { kind: 'ignore', reason: 'unheard-limit' });
  assert.equal(table.admit({ ...asking('7', 3), isCostly: false }, bounds, 1400).kind, 'admit');
  assert.equal(table.admit(asking('8', 3), bounds, 1400).kind, 'admit');
  const evicted = { kind: 'admit', leaving: late, reason: 'evicted' };
  assert.deepEqual(table.admit(asking('7', 3), bounds, 1500), evicted, 'a second without an answer');
  late.heardAtMs = 1400;
  assert.deepEqual(table.admit(asking('7', 3), bounds, 1500), { kind: 'admit' });
});
