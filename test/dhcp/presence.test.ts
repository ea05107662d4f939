import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ipv4, ipv4FromNumber, ipv4ToNumber, type Mac, parseRange } from '../../src/core/addr.ts';
import { type Finding, NOBODY_LOOKS, Presence } from '../../src/dhcp/presence.ts';
import { Reserve, type Standing, type Stock } from '../../src/dhcp/reserve.ts';
import { macNumber } from '../support/dhcp.ts';

const A = '172.16.0.101' as Ipv4;
const B = '172.16.0.102' as Ipv4;
const ME = macNumber(1);
const SQUATTER = macNumber(2);
const MINUTE_MS = 60_000;
const range = (text: string) => parseRange(text) ?? { first: A, last: A };
const POOL = range('172.16.0.101-172.16.0.110');

const presence = () => new Presence(() => false);
const free = (address: Ipv4, isSure = true): Finding => ({ address, seen: 'free', mac: undefined, isSure });
const taken = (address: Ipv4, mac: Mac | undefined, isSure = true): Finding => ({
  address,
  seen: 'taken',
  mac,
  isSure,
});

const believed: readonly { name: string; finding: Finding; atMs: number; want: string }[] = [
  { name: 'a free address is free', finding: free(A), atMs: 0, want: 'free' },
  { name: 'for two seconds', finding: free(A), atMs: 1_999, want: 'free' },
  { name: 'and no longer: somebody may have come', finding: free(A), atMs: 2_000, want: 'unknown' },
  { name: 'where somebody answered it is taken', finding: taken(A, SQUATTER), atMs: 0, want: 'taken' },
  { name: 'for ten minutes', finding: taken(A, SQUATTER), atMs: 10 * MINUTE_MS - 1, want: 'taken' },
  { name: 'then it has to be looked at again', finding: taken(A, SQUATTER), atMs: 10 * MINUTE_MS, want: 'unknown' },
  { name: 'somebody without a MAC is somebody', finding: taken(A, undefined), atMs: 0, want: 'taken' },
  { name: 'who asks and answers there itself may have it', finding: taken(A, ME), atMs: 0, want: 'free' },
  {
    name: 'what the kernel knew before is doubted',
    finding: taken(A, SQUATTER, false),
    atMs: MINUTE_MS,
    want: 'unknown',
  },
  { name: 'what could not be asked is believed for a moment', finding: free(A, false), atMs: 1_999, want: 'free' },
  { name: 'but not for long', finding: free(A, false), atMs: 2_000, want: 'unknown' },
];
for (const c of believed)
  test(`presence: ${c.name}`, () => {
    const seen = presence();
    seen.found(c.finding, 0);
    assert.equal(seen.at(A, ME, c.atMs), c.want);
  });

test('presence: what somebody waits for is nobody else’s until it is decided', () => {
  const seen = presence();
  seen.claim(A, ME, 0);
  assert.deepEqual([seen.at(A, ME, 1), seen.at(A, SQUATTER, 1)], ['unknown', 'taken']);
  assert.deepEqual([seen.wish(ME, 1_999), seen.wish(ME, 2_000), seen.wish(SQUATTER, 1)], [A, undefined, undefined]);
  assert.equal(seen.at(A, SQUATTER, 2_000), 'unknown');
  seen.claim(A, SQUATTER, 2_000);
  assert.deepEqual([seen.wish(ME, 2_000), seen.wish(SQUATTER, 2_000)], [undefined, A]);
});

test('presence: a client that found somebody there makes it unknown (RFC 2131 §4.3.3)', () => {
  const seen = presence();
  seen.found(free(A), 0);
  seen.sparesOf(POOL).add(A);
  seen.forget(A);
  assert.equal(seen.at(A, ME, 1), 'unknown');
  assert.equal(
    seen.spare(POOL, 1, () => true),
    undefined,
  );
});

test('presence: a spare is one that was found free lately and may be given now', () => {
  const seen = presence();
  for (const [address, atMs] of [[A, 0] as const, [B, 1000] as const]) {
    seen.found(free(address), atMs);
    seen.sparesOf(POOL).add(address);
  }
  const all = () => true;
  assert.equal(seen.spare(POOL, 1000, all), A);
  assert.equal(
    seen.spare(POOL, 1000, (address) => address !== A),
    B,
  );
  assert.equal(seen.spare(POOL, 5 * MINUTE_MS + 1000, all), undefined);
  assert.equal(seen.spare(range('10.0.0.1-10.0.0.9'), 1000, all), undefined, 'each range has its own');
});

test('presence: ten times more sightings and claims than are kept: the latest stay', () => {
  const seen = presence();
  const nth = (n: number) => ipv4FromNumber(ipv4ToNumber('10.0.0.0' as Ipv4) + n);
  for (let n = 0; n < 655_360; n++) seen.found(taken(nth(n), SQUATTER), 0);
  assert.ok(seen.strangers(range('10.0.0.0-10.255.255.255'), 0) <= 65_536);
  assert.deepEqual([seen.at(nth(0), ME, 0), seen.at(nth(655_359 - 32_767), ME, 0)], ['unknown', 'taken']);
  for (let n = 0; n < 40_960; n++) seen.claim(nth(1_000_000 + n), ME, 0);
  assert.equal(seen.at(nth(1_000_000), SQUATTER, 0), 'unknown');
  assert.equal(seen.at(nth(1_040_959), SQUATTER, 0), 'taken');
});

test('presence: strangers are counted in their range, as long as they are believed in', () => {
  const seen = presence();
  seen.found(taken(A, SQUATTER), 0);
  seen.found(taken('10.0.0.1' as Ipv4, SQUATTER), 0);
  seen.found(free(B), 0);
  assert.equal(seen.strangers(POOL, 0), 1);
  assert.equal(seen.strangers(POOL, 10 * MINUTE_MS), 0);
});

test('presence: where nobody looks every address is free', () => {
  assert.equal(NOBODY_LOOKS.at(A, ME, 0), 'free');
  assert.equal(NOBODY_LOOKS.isRushed(A, 0), false);
});

const stock = (over: Partial<Stock> = {}): Stock => ({
  ...{ range: POOL, goal: 4, maxPlaces: 100, standing: () => 'untouched' },
  ...over,
});
const ends = (addresses: readonly Ipv4[]) => addresses.map((address) => address.split('.')[3]).join(' ');

test('reserve: as many as are missing, in order, none twice while it is believed in', () => {
  const seen = presence();
  const reserve = new Reserve();
  const first = reserve.round(stock(), seen, 0, 100);
  assert.equal(ends(first), '101 102 103 104');
  for (const address of first) {
    seen.found(address === A ? taken(A, SQUATTER) : free(address), 0);
    if (address !== A) seen.sparesOf(POOL).add(address);
  }
  assert.equal(ends(reserve.round(stock(), seen, 1, 100)), '105');
});

test('reserve: what is held or fixed is never looked at, and no spare any more', () => {
  const seen = presence();
  seen.found(free(A), 0);
  seen.sparesOf(POOL).add(A);
  const standing = (address: Ipv4): Standing => (address === A || address === B ? 'closed' : 'untouched');
  assert.equal(ends(new Reserve().round(stock({ standing }), seen, 0, 100)), '103 104 105 106');
  assert.equal(seen.sparesOf(POOL).size, 0);
});

test('reserve: spares are looked at again before they are too old to be given', () => {
  const seen = presence();
  seen.found(free(A), 0);
  seen.sparesOf(POOL).add(A);
  assert.deepEqual(new Reserve().round(stock({ goal: 1 }), seen, 4 * MINUTE_MS - 1, 9), []);
  assert.deepEqual(new Reserve().round(stock({ goal: 1 }), seen, 4 * MINUTE_MS, 9), [A]);
  assert.equal(
    seen.spare(POOL, 4 * MINUTE_MS, () => true),
    A,
    'and may be given meanwhile',
  );
});

test('reserve: addresses with a former holder come last, when a whole turn was not enough', () => {
  const seen = presence();
  const reserve = new Reserve();
  const standing = (address: Ipv4): Standing => (address === B ? 'former' : 'closed');
  assert.deepEqual(reserve.round(stock({ standing }), seen, 0, 9), []);
  assert.deepEqual(reserve.round(stock({ standing }), seen, 1, 9), [B]);
});

test('reserve: a round considers no more places than it may, and the next goes on', () => {
  const seen = presence();
  const reserve = new Reserve();
  const considered: Ipv4[] = [];
  const standing = (address: Ipv4): Standing => {
    considered.push(address);
    return 'closed';
  };
  reserve.round(stock({ standing, maxPlaces: 3 }), seen, 0, 9);
  reserve.round(stock({ standing, maxPlaces: 3 }), seen, 0, 9);
  assert.equal(ends(considered), '101 102 103 104 105 106');
});
