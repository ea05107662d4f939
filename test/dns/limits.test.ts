/** Who may ask, and how often. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import { ipv4FromNumber, ipv4ToNumber, parseSubnet } from '../../src/core/addr.ts';
import { type Admission, Clients, type LimitTerms, MAX_CLIENTS } from '../../src/dns/limits.ts';

const ip = (text: string): Ipv4 => text as Ipv4;
const LAPTOP = ip('172.16.0.50');

function terms(perSecond: number, ...networks: string[]): LimitTerms {
  const all = networks.length > 0 ? networks : ['172.16.0.0/16', '127.0.0.0/8'];
  return { networks: all.flatMap((text) => parseSubnet(text) ?? []), perSecond };
}

function clients(fixed: LimitTerms): Clients {
  return new Clients(() => fixed);
}

/** How many of `count` questions at one moment are served. */
function served(of: Clients, client: Ipv4, count: number, nowMs: number): number {
  let all = 0;
  for (let i = 0; i < count; i++) if (of.admit(client, nowMs) === 'served') all += 1;
  return all;
}

const places: readonly { name: string; client: string; networks: string[]; want: Admission }[] = [
  { name: 'inside', client: '172.16.255.254', networks: ['172.16.0.0/16'], want: 'served' },
  { name: 'the first address', client: '172.16.0.0', networks: ['172.16.0.0/16'], want: 'served' },
  { name: 'just above', client: '172.17.0.0', networks: ['172.16.0.0/16'], want: 'foreign' },
  { name: 'just below', client: '172.15.255.255', networks: ['172.16.0.0/16'], want: 'foreign' },
  { name: 'in the second of two', client: '10.9.8.7', networks: ['172.16.0.0/16', '10.9.0.0/16'], want: 'served' },
  { name: 'one address', client: '10.9.8.7', networks: ['10.9.8.7/32'], want: 'served' },
  { name: 'all of them', client: '255.255.255.255', networks: ['0.0.0.0/0'], want: 'served' },
  { name: 'no network', client: '172.16.0.1', networks: ['8.8.8.8/32'], want: 'foreign' },
  { name: 'loopback that is not named', client: '127.0.0.1', networks: ['172.16.0.0/16'], want: 'foreign' },
];
for (const c of places) {
  test(`networks: ${c.name}`, () => {
    const some = clients(terms(10, ...c.networks));
    assert.equal(some.admit(ip(c.client), 0), c.want);
    assert.equal(some.admit(ip(c.client), 0), c.want, 'and when it is known');
  });
}

for (const perSecond of [1, 3, 7, 10, 100, 1000]) {
  test(`of one address twice ${perSecond} questions at once are served, then ${perSecond} a second`, () => {
    const some = clients(terms(perSecond));
    const startMs = 86_400_123.456;
    assert.equal(served(some, LAPTOP, 3 * perSecond, startMs), 2 * perSecond);
    assert.equal(some.admit(LAPTOP, startMs), 'limited');
    let later = 0;
    for (let ms = 1; ms <= 10_000; ms++) later += served(some, LAPTOP, 2, startMs + ms);
    assert.equal(later, 10 * perSecond);
  });
}

test('sums of fractions of a second are no reason for one question less', () => {
  for (let perSecond = 1; perSecond <= 500; perSecond++) {
    for (const nowMs of [0, 0.1, 86_400_123.456]) {
      assert.equal(served(clients(terms(perSecond)), LAPTOP, 2 * perSecond + 1, nowMs), 2 * perSecond, `${perSecond}`);
    }
  }
});

test('a pause fills the bucket again, and no more than that', () => {
  const some = clients(terms(10));
  assert.equal(served(some, LAPTOP, 100, 0), 20);
  assert.equal(served(some, LAPTOP, 100, 500), 5);
  assert.equal(served(some, LAPTOP, 100, 86_400_000), 20);
});

test('what was refused does not count: who goes on asking is served at its rate', () => {
  const some = clients(terms(10));
  let all = 0;
  for (let ms = 0; ms < 10_000; ms++) all += served(some, LAPTOP, 1, ms);
  assert.equal(all, 20 + 100 - 1);
});

test('one address does not use up what another may ask', () => {
  const some = clients(terms(10));
  served(some, LAPTOP, 1000, 0);
  assert.equal(served(some, ip('172.16.0.51'), 100, 0), 20);
});

test('loopback has no limit, and with 0 nobody has', () => {
  assert.equal(served(clients(terms(1)), ip('127.9.9.9'), 10_000, 0), 10_000);
  assert.equal(served(clients(terms(0)), LAPTOP, 10_000, 0), 10_000);
});

test('with other terms everything is forgotten: a stranger is served, a limit is another', () => {
  let now = terms(10);
  const some = new Clients(() => now);
  const far = ip('10.0.0.7');
  assert.equal(served(some, LAPTOP, 100, 0), 20);
  assert.equal(some.admit(far, 0), 'foreign');
  now = terms(20, '10.0.0.0/8');
  assert.equal(some.admit(LAPTOP, 0), 'foreign');
  assert.equal(served(some, far, 100, 0), 40);
});

test('strangers are not remembered, so they push out nobody', () => {
  const some = clients(terms(10));
  assert.equal(served(some, LAPTOP, 100, 0), 20);
  for (let i = 0; i < 3 * MAX_CLIENTS; i++) some.admit(ipv4FromNumber(0x0800_0000 + i), 0);
  assert.equal(some.size, 1);
  assert.equal(some.admit(LAPTOP, 0), 'limited');
});

for (const { perSecond, gapMs } of [
  // Their debts are paid when they are looked at; at one a second, nobody's is.
  { perSecond: 100, gapMs: 0.01 },
  { perSecond: 1, gapMs: 0.01 },
]) {
  test(`forged addresses of a whole /16 lift nobody's limit: ${perSecond} a second`, () => {
    const some = clients(terms(perSecond));
    const first = ipv4ToNumber(ip('172.16.0.0'));
    let nowMs = 0;
    let all = 0;
    for (let i = 0; i < 4 * 65_536; i++) {
      nowMs += gapMs;
      some.admit(ipv4FromNumber(first + (i % 65_536)), nowMs);
      // Three times what it may ask, all the while.
      if (i % Math.round(1000 / perSecond / gapMs / 3) === 0) all += served(some, LAPTOP, 1, nowMs);
      assert.ok(some.size <= MAX_CLIENTS);
    }
    const fair = (2 + nowMs / 1000) * perSecond;
    assert.ok(all <= fair * 1.05 + 1, `${all} served, fair are ${fair}`);
    assert.ok(all >= fair * 0.8, `${all} served, fair are ${fair}`);
    assert.equal(some.size, MAX_CLIENTS);
  });
}
