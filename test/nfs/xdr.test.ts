/** Fields as RFC 4506 lays them out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Malformed } from '../../src/core/bytes.ts';
import { fillOf, XdrReader, XdrWriter } from '../../src/nfs/xdr.ts';
import { mutate, seeded } from '../support/fakes.ts';
import { hexOf } from './packets.ts';

const octets = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const text = (s: string) => Uint8Array.from(Buffer.from(s, 'latin1'));

const fields: readonly {
  name: string;
  hex: string;
  write: (w: XdrWriter) => XdrWriter;
  read: (r: XdrReader) => unknown;
  value: unknown;
}[] = [
  {
    name: 'unsigned int, the largest (§4.2)',
    hex: 'ffffffff',
    write: (w) => w.u32(0xffff_ffff),
    read: (r) => r.u32('n'),
    value: 0xffff_ffff,
  },
  {
    name: 'unsigned hyper, high word first (§4.5)',
    hex: '00000001 00000002',
    write: (w) => w.u64(0x1_0000_0002),
    read: (r) => r.u64('n'),
    value: 0x1_0000_0002,
  },
  {
    name: 'unsigned hyper, the largest exact one',
    hex: '001fffff ffffffff',
    write: (w) => w.u64(Number.MAX_SAFE_INTEGER),
    read: (r) => r.u64('n'),
    value: Number.MAX_SAFE_INTEGER,
  },
  { name: 'bool (§4.4)', hex: '00000001', write: (w) => w.bool(true), read: (r) => r.bool('b'), value: true },
  { name: 'bool, false', hex: '00000000', write: (w) => w.bool(false), read: (r) => r.bool('b'), value: false },
  {
    name: 'opaque<> of five octets, filled with three (§4.10)',
    hex: '00000005 0102030405 000000',
    write: (w) => w.opaque(octets('0102030405')),
    read: (r) => hexOf(r.opaque(5, 'o')),
    value: '0102030405',
  },
  {
    name: 'opaque<> of nothing',
    hex: '00000000',
    write: (w) => w.opaque(octets('')),
    read: (r) => hexOf(r.opaque(0, 'o')),
    value: '',
  },
  {
    name: 'opaque[n] has no length in front (§4.9)',
    hex: '010203 00',
    write: (w) => w.fixed(octets('010203')),
    read: (r) => hexOf(r.fixed(3, 'o')),
    value: '010203',
  },
  {
    name: 'opaque[n] that fills its words',
    hex: '01020304',
    write: (w) => w.fixed(octets('01020304')),
    read: (r) => hexOf(r.fixed(4, 'o')),
    value: '01020304',
  },
  {
    name: 'string<>: the example of §7',
    hex: '00000009 73696c6c7970726f67 000000',
    write: (w) => w.text('sillyprog'),
    read: (r) => r.text(255, 's'),
    value: 'sillyprog',
  },
  {
    name: 'string<> counts octets of UTF-8, not letters',
    hex: '00000004 c3b16f6f',
    write: (w) => w.text('ñoo'),
    read: (r) => r.text(4, 's'),
    value: 'ñoo',
  },
  {
    name: 'string<> that begins with a mark of the order of octets keeps it',
    hex: '00000004 efbbbf61',
    write: (w) => w.text('\ufeffa'),
    read: (r) => r.text(4, 's'),
    value: '\ufeffa',
  },
];
for (const f of fields) {
  test(`written: ${f.name}`, () => {
    const w = f.write(new XdrWriter());
    assert.equal(hexOf(w.bytes()), f.hex.replaceAll(' ', ''));
    assert.equal(w.length, w.bytes().length);
  });
  test(`read: ${f.name}`, () => {
    // A field behind it: what is read ends where it ends.
    const r = new XdrReader(octets(`${f.hex} deadbeef`));
    assert.deepEqual(f.read(r), f.value);
    assert.equal(r.u32('next'), 0xdeadbeef);
    assert.equal(r.left, 0);
  });
}

const lenient: readonly { name: string; hex: string; read: (r: XdrReader) => unknown; value: unknown }[] = [
  {
    name: 'a hyper that is no exact number comes as the largest that is',
    hex: '00200000 00000000',
    read: (r) => r.u64('n'),
    value: Number.MAX_SAFE_INTEGER,
  },
  {
    name: 'so does the largest of all',
    hex: 'ffffffff ffffffff',
    read: (r) => r.u64('n'),
    value: Number.MAX_SAFE_INTEGER,
  },
  { name: 'filling that is not zero is skipped', hex: '00000001 61ffffff', read: (r) => r.text(9, 's'), value: 'a' },
  {
    name: 'octets that are no UTF-8 come as U+FFFD',
    hex: '00000003 61ff6200',
    read: (r) => r.text(9, 's'),
    value: 'a\ufffdb',
  },
];
for (const c of lenient) test(`read: ${c.name}`, () => assert.deepEqual(c.read(new XdrReader(octets(c.hex))), c.value));

const broken: readonly { name: string; hex: string; read: (r: XdrReader) => unknown; what: RegExp; offset: number }[] =
  [
    {
      name: 'a number cut short',
      hex: '000000',
      read: (r) => r.u32('n'),
      what: /^n: 4 octets wanted, 3 left/,
      offset: 0,
    },
    { name: 'a hyper cut short', hex: '00000000', read: (r) => r.u64('n'), what: /^n: 8 /, offset: 0 },
    { name: 'a bool of 2 (RFC 4506 §4.4)', hex: '00000002', read: (r) => r.bool('b'), what: /^b: neither/, offset: 0 },
    {
      name: 'more than its type allows',
      hex: '00000005 6162636465000000',
      read: (r) => r.opaque(4, 'o'),
      what: /^o: 5 octets, 4/,
      offset: 0,
    },
    {
      name: 'a length beyond the end',
      hex: '00000008 61626364',
      read: (r) => r.opaque(64, 'o'),
      what: /^o: 8 octets wanted, 4/,
      offset: 4,
    },
    {
      name: 'no filling',
      hex: '00000003 616263',
      read: (r) => r.text(64, 's'),
      what: /^s: 4 octets wanted, 3/,
      offset: 4,
    },
    {
      name: 'a length of 4 GiB',
      hex: 'ffffffff',
      read: (r) => r.opaque(2 ** 32, 'o'),
      what: /^o: 4294967296 /,
      offset: 4,
    },
  ];
for (const c of broken) {
  test(`Malformed: ${c.name}`, () =>
    assert.throws(
      () => c.read(new XdrReader(octets(c.hex))),
      (e) => e instanceof Malformed && c.what.test(e.what) && e.offset === c.offset,
    ));
}

test('a reader begins where it is told, and says how much is left', () => {
  const r = new XdrReader(octets('00000001 00000002'), 4);
  assert.equal(r.left, 4);
  assert.equal(r.u32('n'), 2);
  assert.equal(r.left, 0);
});

test('what is read of a view with an offset is its own octets, and shares memory with them', () => {
  const whole = octets('ffffffff 00000002 6162 0000');
  const taken = new XdrReader(whole.subarray(4)).opaque(4, 'o');
  assert.deepEqual([...taken], [...text('ab')]);
  assert.equal(taken.buffer, whole.buffer);
});

test('a writer grows beyond its hint', () => {
  const w = new XdrWriter(0);
  for (let n = 0; n < 1000; n++) w.u32(n);
  const r = new XdrReader(w.bytes());
  for (let n = 0; n < 1000; n++) assert.equal(r.u32('n'), n);
  assert.equal(r.left, 0);
});

test('fillOf: up to a multiple of four', () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 2 ** 32 + 1].map(fillOf), [0, 3, 2, 1, 0, 3, 3]);
});

test('20,000 mutated fields: only Malformed is thrown, and what is read can be written again', () => {
  const random = seeded(4506);
  const seed = new XdrWriter()
    .u32(7)
    .u64(2 ** 40)
    .bool(true)
    .text('casper/filesystem.squashfs')
    .opaque(text('handle'))
    .bytes();
  let kept = 0;
  for (let round = 0; round < 20_000; round++) {
    const r = new XdrReader(mutate(seed, random));
    try {
      const [u32, u64, bool, name, handle] = [r.u32('a'), r.u64('b'), r.bool('c'), r.text(64, 'd'), r.opaque(64, 'e')];
      const again = new XdrReader(new XdrWriter().u32(u32).u64(u64).bool(bool).text(name).opaque(handle).bytes());
      assert.deepEqual(
        [again.u32('a'), again.u64('b'), again.bool('c'), again.text(255, 'd'), hexOf(again.opaque(64, 'e'))],
        [u32, u64, bool, name, hexOf(handle)],
      );
      kept++;
    } catch (e) {
      if (!(e instanceof Malformed)) throw e;
    }
  }
  assert.ok(kept > 100, `${kept} of them could be read`);
});
