import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import { ByteReader, ByteWriter, isSame, Malformed } from '../../src/core/bytes.ts';

test('ByteWriter and ByteReader agree, also where the buffer had to grow', () => {
  const bytes = new ByteWriter(2)
    .u8(1)
    .u16(0x0203)
    .u32(0xfffefdfc)
    .ipv4('172.16.0.1' as Ipv4)
    .put(Buffer.from('name\0'))
    .zeros(3)
    .bytes();
  const r = new ByteReader(bytes);
  assert.deepEqual(
    [r.u8('a'), r.u16('b'), r.u32('c'), r.ipv4('d'), r.cString('e'), r.rest().length],
    [1, 0x0203, 0xfffefdfc, '172.16.0.1', 'name', 3],
  );
});

test('ByteReader: a read over the end names field and place', () => {
  const r = new ByteReader(Uint8Array.of(1, 2, 3));
  r.u16('first');
  assert.throws(() => r.u16('second'), new Malformed('second: 2 octets wanted, 1 left', 2));
  assert.throws(() => r.cString('name'), Malformed);
});

test('ByteReader: a part of a larger buffer is read from its own start', () => {
  assert.equal(new ByteReader(Uint8Array.of(9, 9, 0, 7).subarray(2)).u16('x'), 7);
});

test('ByteWriter: a field that is too small is a bug, not a packet', () => {
  assert.throws(() => new ByteWriter().putPadded(new Uint8Array(5), 4), RangeError);
});

test('isSame compares octet by octet', () => {
  assert.deepEqual(
    [
      isSame(Uint8Array.of(1), Uint8Array.of(1)),
      isSame(Uint8Array.of(1), Uint8Array.of(2)),
      isSame(Uint8Array.of(), Uint8Array.of(1)),
    ],
    [true, false, false],
  );
});

test('ByteReader: seek goes anywhere inside, to the end at most', () => {
  const r = new ByteReader(Uint8Array.of(1, 2, 3));
  assert.equal(r.seek(2, 'there').u8('x'), 3);
  assert.equal(r.seek(0, 'back').u8('x'), 1);
  assert.equal(r.seek(3, 'end').left, 0);
  assert.throws(() => r.seek(4, 'beyond'), new Malformed('beyond: outside', 4));
  assert.throws(() => r.seek(-1, 'before'), Malformed);
});

test('ByteWriter: no octet of what its memory was used for before shows', () => {
  for (let i = 0; i < 200; i++) new ByteWriter(300).put(new Uint8Array(300).fill(0xee)).bytes();
  const bytes = new ByteWriter(300).u8(1).zeros(198).putPadded(Uint8Array.of(2), 400).bytes();
  assert.deepEqual([bytes.length, bytes.filter((octet) => octet !== 0)], [599, Uint8Array.of(1, 2)]);
});

test('ByteWriter: of a number that is too large for its field the last octets', () => {
  assert.deepEqual(
    new ByteWriter(7).u8(0x101).u16(0x10203).u32(0xfeff0000).bytes(),
    Uint8Array.of(1, 2, 3, 254, 255, 0, 0),
  );
});
