import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { Malformed } from '../../src/core/bytes.ts';
import { OPTION } from '../../src/dhcp/options.ts';
import { type DhcpPacket, decode, encode } from '../../src/dhcp/packet.ts';
import { golden, message } from '../support/dhcp.ts';
import { mutate, seeded } from '../support/fakes.ts';

const captured = readdirSync(new URL('../packets/dhcp/', import.meta.url))
  .filter((file) => file.endsWith('.hex'))
  .map((file) => file.replace('.hex', ''));
const big = { maxBytes: 1472, mayOverload: false };

const plain = (packet: DhcpPacket) => ({
  ...packet,
  options: [...packet.options].map(([code, value]) => [code, Buffer.from(value).toString('hex')]),
});
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

for (const name of captured) {
  test(`decode: ${name} loses nothing on the way through encode`, () => {
    const once = decode(golden(name));
    const twice = decode(encode(once, big));
    assert.deepEqual(plain(twice).options, plain(once).options);
    assert.equal(text(twice.file), text(once.file));
    assert.equal(twice.xid, once.xid);
    assert.ok(once.options.has(OPTION.messageType));
  });
}

test('decode: OVMF’s DISCOVER field by field', () => {
  const packet = decode(golden('uefi-discover'));
  assert.deepEqual(
    {
      op: packet.op,
      htype: packet.htype,
      hlen: packet.hlen,
      xid: packet.xid,
      flags: packet.flags,
      giaddr: packet.giaddr,
    },
    { op: 1, htype: 1, hlen: 6, xid: 0x5cb03934, flags: 0x8000, giaddr: '0.0.0.0' },
  );
  assert.equal(text(packet.options.get(60) ?? new Uint8Array()), 'PXEClient:Arch:00007:UNDI:003000');
});

const bytesWith = (
  options: readonly number[],
  file: readonly number[] = [],
  sname: readonly number[] = [],
): Uint8Array => {
  const bytes = new Uint8Array(240 + options.length);
  bytes.set(encode(message('discover')).subarray(0, 240));
  bytes.set(sname, 44);
  bytes.set(file, 108);
  bytes.set(options, 240);
  return bytes;
};

const readable = [
  {
    name: 'PAD is skipped, END ends (RFC 2132 §3.1, §3.2)',
    options: [0, 0, 53, 1, 1, 0, 255, 12, 1, 65],
    want: [[53, '01']],
  },
  { name: 'a missing END is forgiven', options: [53, 1, 1], want: [[53, '01']] },
  {
    name: 'repeats are joined (RFC 3396 §7)',
    options: [67, 2, 97, 98, 53, 1, 1, 67, 1, 99, 255],
    want: [
      [67, '616263'],
      [53, '01'],
    ],
  },
  { name: 'an option may be empty', options: [80, 0, 255], want: [[80, '']] },
  { name: 'an unknown option is kept', options: [224, 2, 1, 2, 255], want: [[224, '0102']] },
  {
    name: 'overload 1: file carries options (RFC 2132 §9.3)',
    options: [52, 1, 1, 255],
    file: [12, 1, 65, 255],
    want: [[12, '41']],
  },
  { name: 'overload 2: sname carries options', options: [52, 1, 2, 255], sname: [12, 1, 66, 255], want: [[12, '42']] },
  {
    name: 'overload 3: options, then file, then sname are one aggregate (RFC 3396 §5)',
    options: [12, 1, 65, 52, 1, 3, 255],
    file: [12, 1, 66, 255],
    sname: [12, 1, 67, 255],
    want: [[12, '414243']],
  },
  {
    name: 'a 52 inside an overloaded field does not send it round again',
    options: [52, 1, 1, 255],
    file: [52, 1, 3, 255],
    sname: [12, 1, 65, 255],
    want: [],
  },
];
for (const c of readable) {
  test(`decode: ${c.name}`, () => {
    assert.deepEqual(plain(decode(bytesWith(c.options, c.file, c.sname))).options, c.want);
  });
}

const broken = [
  { name: 'empty', bytes: new Uint8Array(0) },
  { name: 'cut inside the fixed fields', bytes: golden('uefi-discover').subarray(0, 200) },
  { name: 'another magic cookie', bytes: bytesWith([255]).fill(1, 236, 240) },
  { name: 'hlen 255', bytes: bytesWith([255]).fill(255, 2, 3) },
  { name: 'an option’s length goes over the end', bytes: bytesWith([12, 200, 65]) },
  { name: 'a code without length', bytes: bytesWith([53]) },
  { name: 'a length over the end of an overloaded field', bytes: bytesWith([52, 1, 2, 255], [], [12, 64]) },
];
for (const c of broken) {
  test(`decode: ${c.name} is malformed`, () => {
    assert.throws(() => decode(c.bytes), Malformed);
  });
}

test('decode: 100,000 mutations of real packets throw Malformed or nothing', () => {
  const random = seeded(2131);
  for (let i = 0; i < 100_000; i++) {
    const name = captured[i % captured.length] ?? '';
    const bytes = mutate(golden(name), random);
    try {
      const packet = decode(bytes);
      decode(encode(packet, { maxBytes: 548 + (i % 900), mayOverload: i % 2 === 0 }));
    } catch (error) {
      if (!(error instanceof Malformed))
        throw new Error(`${name}, mutation ${i}: ${Buffer.from(bytes).toString('hex')}`, { cause: error });
    }
  }
});

const sizes = [0, 1, 60, 255, 256, 300, 511, 700];
for (const size of sizes) {
  test(`encode: an option of ${size} octets comes back whole (RFC 3396 §6, §7)`, () => {
    const value = Uint8Array.from({ length: size }, (_, i) => i % 251);
    const packet = { ...message('offer'), options: new Map([...message('offer').options, [224, value]]) };
    assert.deepEqual(Buffer.from(decode(encode(packet, big)).options.get(224) ?? [9]), Buffer.from(value));
  });
}

test('encode: a value of 130 octets that only fits in file stands there in one piece, and comes back (RFC 3396 §5)', () => {
  const options = new Map([
    ...message('offer').options,
    [224, new Uint8Array(290).fill(1)],
    [225, new Uint8Array(120).fill(2)],
  ]);
  const bytes = encode({ ...message('offer'), options }, { maxBytes: 548, mayOverload: true });
  assert.deepEqual([...bytes.subarray(108, 110)], [225, 120]);
  assert.equal(decode(bytes).options.get(225)?.length, 120);
});

test('encode: an 82 that cannot be copied in full is left out, the answer is sent (RFC 3046 §2.2)', () => {
  const packet = { ...message('offer'), options: new Map([...message('offer').options, [82, new Uint8Array(400)]]) };
  const bytes = encode(packet);
  assert.ok(bytes.length <= 548);
  assert.deepEqual([...decode(bytes).options.keys()], [53]);
});

test('decode: a vendor field of zeros is BOOTP without options (RFC 951 §3)', () => {
  assert.equal(decode(new Uint8Array(300)).options.size, 0);
});

test('decode: options in file and sname that name each other’s overload end (RFC 2132 §9.3)', () => {
  const bytes = bytesWith([52, 1, 3, 52, 1, 3, 255], [52, 1, 3, 52, 1, 3, 255], [52, 1, 1, 255]);
  assert.equal(decode(bytes).options.size, 0);
});

test('encode: at least 300 octets, END behind the last option', () => {
  const bytes = encode(message('offer'));
  assert.equal(bytes.length, 300);
  assert.deepEqual([...bytes.subarray(240, 245)], [53, 1, 2, 255, 0]);
});

test('encode: a value over 255 octets goes on in further instances (RFC 3396 §6)', () => {
  const long = new Uint8Array(300).fill(7);
  const packet = { ...message('offer'), options: new Map([[67, long]]) };
  const bytes = encode(packet, big);
  assert.deepEqual([bytes[240], bytes[241], bytes[497], bytes[498]], [67, 255, 67, 45]);
  assert.deepEqual(decode(bytes).options.get(67), Buffer.from(long));
});

const tooMuch = new Map([
  [53, Uint8Array.of(2)],
  ...Array.from({ length: 10 }, (_, i) => [200 + i, new Uint8Array(40).fill(i)] as const),
]);

test('encode: what does not fit is left out whole, the first options stay, nothing grows beyond the limit', () => {
  const bytes = encode({ ...message('offer'), options: tooMuch });
  assert.ok(bytes.length <= 548);
  const back = decode(bytes);
  assert.deepEqual([...back.options.keys()], [53, 200, 201, 202, 203, 204, 205, 206]);
  assert.ok([...back.options].every(([code, value]) => code === 53 || value.length === 40));
});

test('encode: overload puts the rest into file and sname (RFC 2132 §9.3)', () => {
  const bytes = encode({ ...message('offer'), options: tooMuch }, { maxBytes: 548, mayOverload: true });
  assert.ok(bytes.length <= 548);
  assert.deepEqual([...decode(bytes).options.keys()].sort(), [...tooMuch.keys()].sort());
});

test('encode: never overloads fields that carry a boot file', () => {
  const bytes = encode(
    { ...message('offer'), file: Buffer.from('lpxelinux.0'), options: tooMuch },
    { maxBytes: 548, mayOverload: true },
  );
  assert.equal(text(decode(bytes).file), 'lpxelinux.0');
});

test('encode: option 82 is last and always there (RFC 3046 §2.1)', () => {
  const relay = new Uint8Array(60).fill(9);
  const bytes = encode({ ...message('offer'), options: new Map([[82, relay], ...tooMuch]) });
  const codes = [...decode(bytes).options.keys()];
  assert.equal(codes.at(-1), 82);
  assert.deepEqual(decode(bytes).options.get(82), relay);
});
