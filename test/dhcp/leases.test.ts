import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ipv4, ipv4FromNumber, ipv4ToNumber, parseRange } from '../../src/core/addr.ts';
import { type Lease, LeaseTable } from '../../src/dhcp/leases.ts';
import { decide, FLINK, hall, macNumber, message } from '../support/dhcp.ts';
import { seeded } from '../support/fakes.ts';

const HOUR_MS = 3_600_000;
const FIRST = ipv4ToNumber('172.16.0.101' as Ipv4);
const range = (text: string) => parseRange(text) ?? { first: FLINK, last: FLINK };
const SMALL = range('172.16.0.101-172.16.0.110');
const nth = (n: number) => ipv4FromNumber(FIRST + n);
const lease = (n: number, over: Partial<Lease> = {}): Lease => ({
  ...{ address: nth(n), mac: macNumber(n), clientId: undefined, isBoot: false, hostname: undefined },
  ...{ state: 'bound', expiresAtMs: HOUR_MS },
  ...over,
});
const none = () => false;

test('leases: after any changes at random the table says of every client what a plain list says', () => {
  const random = seeded(11);
  const below = (n: number) => Math.floor(random() * n);
  const table = new LeaseTable();
  const list = new Map<Ipv4, Lease>();
  table.pick(SMALL, macNumber(0), 0, none);
  for (let i = 0; i < 20_000; i++) {
    const address = nth(below(10));
    if (random() < 0.2) {
      table.remove(address);
      list.delete(address);
    } else {
      const state = (['bound', 'offered', 'declined', 'released'] as const)[below(4)] ?? 'bound';
      const one = lease(0, { address, mac: macNumber(below(5)), state, expiresAtMs: below(3) });
      table.put(one);
      list.set(address, one);
    }
    const mac = macNumber(below(5));
    const key = { mac, clientId: undefined, isBoot: false };
    const own = [...list.values()].filter((l) => l.mac === mac && l.state !== 'declined');
    assert.deepEqual(new Set(table.of(key)), new Set(own));
    assert.deepEqual(new Set(table.declined()), new Set([...list.values()].filter((l) => l.state === 'declined')));
    const isOpen = (a: Ipv4) => {
      const l = list.get(a);
      return l === undefined || l.state === 'released' || l.expiresAtMs <= 1;
    };
    const picked = table.pick(SMALL, mac, 1, none);
    if (picked === undefined) assert.ok(![...Array(10).keys()].some((n) => isOpen(nth(n))));
    else {
      assert.ok(isOpen(picked), picked);
      const isUntouchedLeft = [...Array(10).keys()].some((n) => !list.has(nth(n)));
      assert.equal(list.has(picked), !isUntouchedLeft, 'a former holder may come back');
    }
  }
});

test('leases: an identifier is known on another card, and each of two cards has its own leases', () => {
  const table = new LeaseTable();
  table.put(lease(1, { clientId: 'ff01' }));
  table.put(lease(2, { clientId: 'ff02' }));
  const of = (n: number, clientId: string) => table.of({ mac: macNumber(n), clientId, isBoot: false });
  assert.deepEqual(
    of(9, 'ff01').map(({ address }) => address),
    [nth(1)],
  );
  assert.deepEqual(
    of(2, 'ff01').map(({ address }) => address),
    [nth(1)],
  );
  table.remove(nth(1));
  assert.deepEqual(of(9, 'ff01'), []);
});

test('leases: a range that comes with a reload knows the leases that are there already', () => {
  const table = new LeaseTable();
  for (let n = 0; n < 9; n++) table.put(lease(n));
  assert.equal(table.pick(SMALL, macNumber(77), 0, none), nth(9));
});

test('leases: 10,000 random MACs cannot grow the table beyond the pool, and holders renew meanwhile', () => {
  const network = hall().networks[0];
  const policy = hall({ networks: [{ ...network, range: range('172.16.1.0-172.16.1.255') }] });
  const table = new LeaseTable();
  const holder = { mac: macNumber(1), ciaddr: '172.16.1.7' as Ipv4 };
  const renew = (nowMs: number) => {
    const decision = decide(message('request', holder), policy, table, nowMs);
    assert.equal(decision.kind, 'ack');
    if (decision.kind === 'ack') table.put(decision.lease);
  };
  renew(0);
  for (let n = 0; n < 10_000; n++) {
    const decision = decide(message('discover', { mac: macNumber(1000 + n) }), policy, table, n);
    if (decision.kind === 'offer') table.put(decision.lease);
    if (n % 1000 === 0) renew(n);
  }
  assert.equal(table.size, 256);
  renew(10_000);
  const later = decide(message('discover', { mac: macNumber(5) }), policy, table, 10_000 + 30_000);
  assert.equal(later.kind, 'offer', 'offers that nobody took are over after 30 s');
});
