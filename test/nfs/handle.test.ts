import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { HANDLE_BYTES, handlesFor, numberOf, type Place, tagOf } from '../../src/nfs/handle.ts';
import { seeded } from '../support/fakes.ts';

const secret = Buffer.from('what all nodes of a hall have');
const handles = handlesFor(secret);
const tag = tagOf('"an-etag"');

const places: readonly Place[] = [
  { kind: 'top' },
  { kind: 'isos' },
  { kind: 'tree' },
  { kind: 'folder', tag },
  { kind: 'image', tag },
  { kind: 'node', tag, place: 0 },
  { kind: 'node', tag, place: 36_864 },
  { kind: 'node', tag, place: 2 ** 32 - 1 },
  { kind: 'node', tag, place: 2 ** 32 },
  { kind: 'node', tag, place: 2 ** 48 - 1 },
];
/** Version 1, a node, the tag, 0x123456789abc, the check. */
const GOLDEN = '01064ac2df7bcd8286fd64c88ede123456789abc3e491642581c491c998a2ee1';

const show = (place: Place): string => JSON.stringify(place);

for (const place of places)
  test(`a handle says what was sealed: ${show(place)}`, () => {
    const handle = handles.seal(place);
    assert.equal(handle.length, HANDLE_BYTES);
    assert.deepEqual(handles.open(handle), place);
    assert.deepEqual(handlesFor(secret).open(handle), place, 'another node with the same secret');
    assert.deepEqual(handles.seal(place), handle, 'the same each time');
  });

test('no two places have one handle', () => {
  const all = [...places, { kind: 'folder', tag: tagOf('other') } as const];
  assert.equal(new Set(all.map((place) => Buffer.from(handles.seal(place)).toString('hex'))).size, all.length);
});

test('a handle is found in the middle of a record, too', () => {
  const record = Buffer.concat([Buffer.alloc(5), handles.seal({ kind: 'isos' }), Buffer.alloc(3)]);
  assert.deepEqual(handles.open(record.subarray(5, 5 + HANDLE_BYTES)), { kind: 'isos' });
});

test('handles of before an update stay what they were', () => {
  const sealed = Buffer.from(handles.seal({ kind: 'node', tag, place: 0x1234_5678_9abc })).toString('hex');
  assert.equal(sealed, GOLDEN);
});

test('a place that has no room is a mistake of ours, and never another place', () => {
  for (const place of [2 ** 48, -1, 0.5, Number.NaN])
    assert.throws(() => handles.seal({ kind: 'node', tag, place }), RangeError);
});

test('any bit turned over makes a handle bad', () => {
  for (const place of places) {
    const handle = handles.seal(place);
    for (let bit = 0; bit < HANDLE_BYTES * 8; bit++) {
      const turned = handle.map((octet, at) => (at === Math.floor(bit / 8) ? octet ^ (1 << (bit % 8)) : octet));
      assert.equal(handles.open(turned), 'bad', `bit ${bit} of ${show(place)}`);
    }
  }
});

test('of another secret, or of none, a handle is bad', () => {
  const handle = handles.seal({ kind: 'isos' });
  assert.equal(handlesFor(Buffer.from('another')).open(handle), 'bad');
  assert.equal(handlesFor(undefined).open(handle), 'bad');
  assert.equal(handles.open(handlesFor(undefined).seal({ kind: 'isos' })), 'bad');
});

test('without a secret all nodes have the same key', () => {
  for (const place of places) assert.deepEqual(handlesFor(undefined).open(handlesFor(undefined).seal(place)), place);
});

test('a handle of any other length is bad', () => {
  const handle = handles.seal({ kind: 'isos' });
  for (const bytes of [0, 1, 31, 33, 64]) {
    const other = Buffer.alloc(bytes);
    other.set(handle.subarray(0, bytes));
    assert.equal(handles.open(other), 'bad', `${bytes} octets`);
  }
});

test('10,000 handles by chance are bad', () => {
  const random = seeded(1813);
  for (let n = 0; n < 10_000; n++) {
    const guess = Uint8Array.from({ length: HANDLE_BYTES }, () => Math.floor(random() * 256));
    guess.set([1, n % 8]);
    assert.equal(handles.open(guess), 'bad');
  }
});

/** With a check that is right, as whoever knows the key could make it. */
function forged(said: string): Uint8Array {
  const key = createHmac('sha256', secret).update('flisolator: NFS file handles').digest();
  const octets = Buffer.from(said, 'latin1');
  return Buffer.concat([octets, createHmac('sha256', key).update(octets).digest().subarray(0, 12)]);
}
const zeros = (count: number): string => '\0'.repeat(count);

test('the check is HMAC-SHA-256 by a key of its own, 96 bits of it', () =>
  assert.deepEqual(handles.open(forged(`\x01\x02${zeros(18)}`)), { kind: 'isos' }));

const forgeries = [
  { name: 'another version', said: `\x02\x02${zeros(18)}` },
  { name: 'version 0', said: `\x00\x02${zeros(18)}` },
  { name: 'kind 0', said: `\x01\x00${zeros(18)}` },
  { name: 'kind 7', said: `\x01\x07${zeros(18)}` },
  { name: 'kind 255', said: `\x01\xff${zeros(18)}` },
  { name: 'a tag where there is none', said: `\x01\x02x${zeros(17)}` },
  { name: 'a place in the hall', said: `\x01\x02${zeros(17)}x` },
  { name: 'a place of an image', said: `\x01\x05${tag}${zeros(5)}x` },
];
for (const { name, said } of forgeries)
  test(`what we never write is bad, whoever has the key: ${name}`, () =>
    assert.equal(handles.open(forged(said)), 'bad'));

test('tagOf: the first 12 octets of SHA-256, in latin1 (FIPS 180-2 §B.1)', () => {
  assert.equal(Buffer.from(tagOf('abc'), 'latin1').toString('hex'), 'ba7816bf8f01cfea414140de');
  assert.equal(tagOf('abc').length, 12);
});

test('numberOf: a number that is exact, never 0, of at most 52 bits', () => {
  assert.equal(numberOf(tagOf('abc')), 0xba78_16bf_8f01);
  assert.equal(numberOf(zeros(12)), 1);
  assert.equal(numberOf('\xff'.repeat(12)), 2 ** 48 - 1);
});
