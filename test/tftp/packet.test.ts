import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isSame, Malformed } from '../../src/core/bytes.ts';
import { decode, encode, type Packet, putDataHeader } from '../../src/tftp/packet.ts';
import { mutate, seeded } from '../support/fakes.ts';

const folder = new URL('../packets/tftp/', import.meta.url);
const golden = new Map(
  readdirSync(folder).map((file) => {
    const digits = readFileSync(new URL(file, folder), 'latin1').replaceAll(/#.*$/gm, '');
    return [file.replace('.hex', ''), Uint8Array.from(Buffer.from(digits.replaceAll(/\s/g, ''), 'hex'))] as const;
  }),
);

const option = (name: string, value: string) => ({ name, value });
const rrq = (filename: string, mode: string, options: readonly { name: string; value: string }[] = []): Packet => ({
  kind: 'rrq',
  filename,
  mode,
  options,
});

const meanings: Readonly<Record<string, Packet>> = {
  'rrq-tftp-hpa': rrq('small0.bin', 'octet'),
  'rrq-tftp-hpa-netascii': rrq('small0.bin', 'netascii'),
  'rrq-curl': rrq('small1.bin', 'octet', [option('tsize', '0'), option('blksize', '512'), option('timeout', '6')]),
  'rrq-busybox': rrq('small2.bin', 'octet', [option('blksize', '1428'), option('tsize', '0')]),
  'rrq-atftp': rrq('small3.bin', 'octet', [option('tsize', '0'), option('blksize', '1428'), option('windowsize', '8')]),
  oack: { kind: 'oack', options: [option('tsize', '10240'), option('blksize', '512'), option('timeout', '6')] },
  'error-user-aborted': { kind: 'error', code: 8, message: 'User aborted' },
  data: { kind: 'data', block: 1, data: Uint8Array.from(Buffer.from('hello')) },
  ack: { kind: 'ack', block: 65_535 },
};

test('every golden packet has its meaning in this test', () => {
  assert.deepEqual([...golden.keys()].sort(), Object.keys(meanings).sort());
});

for (const [name, bytes] of golden) {
  test(`decode: ${name} means what its comments say`, () => {
    const packet = decode(bytes);
    const shown = packet.kind === 'data' ? { ...packet, data: Uint8Array.from(packet.data) } : packet;
    assert.deepEqual(shown, meanings[name]);
  });
  test(`encode: ${name} comes out as it went in`, () =>
    assert.deepEqual(Uint8Array.from(encode(decode(bytes))), bytes));
}

const text = (s: string): Uint8Array => Uint8Array.from(Buffer.from(s, 'latin1'));
const malformed = [
  { name: 'an empty datagram', bytes: '' },
  { name: 'one octet', bytes: '\0' },
  { name: 'opcode 0', bytes: '\0\0aaaa' },
  { name: 'opcode 7', bytes: '\0\x07aaaa' },
  { name: 'opcode 0x0101', bytes: '\x01\x01name\0octet\0' },
  { name: 'a name without end', bytes: '\0\x01name' },
  { name: 'a request without mode', bytes: '\0\x01name\0' },
  { name: 'a mode without end', bytes: '\0\x01name\0octet' },
  { name: 'an option without value', bytes: '\0\x01name\0octet\0tsize\0' },
  { name: 'a value without end', bytes: '\0\x01name\0octet\0tsize\x000' },
  { name: 'an ACK of three octets', bytes: '\0\x04\0' },
  { name: 'a request of 3,000 octets', bytes: `\0\x01${'n'.repeat(3000)}\0octet\0` },
];
for (const { name, bytes } of malformed) {
  test(`decode: ${name} is malformed`, () => assert.throws(() => decode(text(bytes)), Malformed));
}

test('decode: NULs that pad a request are no options', () => {
  const packet = decode(text('\0\x01name\0octet\0\0\0\0'));
  assert.deepEqual(packet, { kind: 'rrq', filename: 'name', mode: 'octet', options: [] });
});

test('decode: an ERROR without text or without its NUL still tells its code', () => {
  assert.deepEqual(decode(text('\0\x05\0\x08')), { kind: 'error', code: 8, message: '' });
  assert.deepEqual(decode(text('\0\x05\0\x03full')), { kind: 'error', code: 3, message: 'full' });
});

test('a header put before its octets makes the packet that encode makes, past block 65535 too', () => {
  for (const block of [1, 255, 256, 65_535, 65_536, 65_537, 4_294_967_296 + 513]) {
    const packet = text('....data');
    putDataHeader(packet, block);
    assert.deepEqual(packet, Uint8Array.from(encode({ kind: 'data', block: block % 65_536, data: text('data') })));
  }
});

test('decode: 20,000 mutations of real packets throw Malformed or nothing, and what is decoded is stable', () => {
  const random = seeded(1350);
  const packets = [...golden.values()];
  let refused = 0;
  for (let n = 0; n < 20_000; n++) {
    const bytes = mutate(packets[n % packets.length] ?? text(''), random);
    try {
      const again = encode(decode(bytes));
      assert.ok(isSame(again, encode(decode(again))));
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      refused += 1;
    }
  }
  assert.ok(refused > 1000 && refused < 19_000, `${refused} of 20,000 refused`);
});
