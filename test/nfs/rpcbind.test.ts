import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import { Malformed } from '../../src/core/bytes.ts';
import { decodeMappings, decodeReply, encodeCall, mappingOf, parseUniversal } from '../../src/nfs/rpcbind.ts';
import { XdrReader, XdrWriter } from '../../src/nfs/xdr.ts';
import { mutate, seeded } from '../support/fakes.ts';

/** Hex digits; `#` begins a comment. */
function golden(name: string): Buffer {
  const text = readFileSync(new URL(`../packets/nfs/${name}.hex`, import.meta.url), 'latin1');
  return Buffer.from(text.replaceAll(/#.*$/gm, '').replaceAll(/\s/g, ''), 'hex');
}
const words = (...each: readonly number[]): Uint8Array => {
  const w = new XdrWriter();
  for (const word of each) w.u32(word);
  return w.bytes();
};
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const NFS = mappingOf({ program: 100_003, version: 3, transport: 'tcp', port: 2049 }, '65534');

test('SET is what rpcbind takes: RFC 1833 §2.2.1', () => {
  assert.deepEqual(hex(encodeCall(1, 'set', NFS)), golden('rpcbind-set').toString('hex'));
});

test('DUMP has no arguments, and a number of its own', () => {
  const call = encodeCall(7, 'dump');
  assert.deepEqual([call.length, hex(call).slice(0, 8), hex(call).slice(40, 48)], [40, '00000007', '00000004']);
});

test('true is heard from rpcbind', () => {
  const reply = decodeReply(golden('rpcbind-true'));
  assert.ok(reply.kind === 'done');
  assert.deepEqual([reply.xid, reply.results.bool('result'), reply.results.left], [1, true, 0]);
});

test('the list is read as rpcbind writes it, with what is none of IPv4', () => {
  const reply = decodeReply(golden('rpcbind-list'));
  assert.ok(reply.kind === 'done');
  const list = decodeMappings(reply.results);
  assert.equal(list.length, 13);
  assert.deepEqual(list[0], { program: 100_000, version: 4, netid: 'tcp6', address: '::.0.111', owner: 'superuser' });
  assert.deepEqual([list[11]?.netid, list[11]?.address], ['local', '/run/rpcbind.sock']);
  assert.deepEqual(list[12], NFS);
});

const replies = [
  { name: 'denied: the credential is too weak', words: [9, 1, 1, 1, 5], want: 'refused' },
  { name: 'denied: another RPC version', words: [9, 1, 1, 0, 2, 2], want: 'refused' },
  { name: 'accepted: no such version there', words: [9, 1, 0, 0, 0, 2, 2, 2], want: 'refused' },
  { name: 'a verifier is skipped', words: [9, 1, 0, 1, 4, 0, 0], want: 'done' },
] as const;
for (const { name, words: said, want } of replies) {
  test(`reply, RFC 5531 §9: ${name}`, () => {
    const { kind, xid } = decodeReply(words(...said));
    assert.deepEqual([kind, xid], [want, 9]);
  });
}

const broken = [
  { name: 'a call', bytes: encodeCall(1, 'dump') },
  { name: 'nothing', bytes: words() },
  { name: 'a verifier that is longer than 400 octets', bytes: words(9, 1, 0, 0, 401, 0, 0) },
];
for (const { name, bytes } of broken) {
  test(`no reply: ${name}`, () => assert.throws(() => decodeReply(bytes), Malformed));
}

test('a list without end is no list', () => {
  const w = new XdrWriter();
  for (let i = 0; i < 1025; i++) w.bool(true).u32(1).u32(1).text('tcp').text('').text('');
  assert.throws(() => decodeMappings(new XdrReader(w.bool(false).bytes())), /more than 1024/);
});

test('mutations throw Malformed, if anything', () => {
  const random = seeded(1833);
  const originals = [golden('rpcbind-list'), golden('rpcbind-true')];
  let refused = 0;
  for (let i = 0; i < 20_000; i++) {
    try {
      const reply = decodeReply(mutate(originals[i % 2] ?? Buffer.of(), random));
      if (reply.kind === 'done') decodeMappings(reply.results);
    } catch (error) {
      assert.ok(error instanceof Malformed, String(error));
      refused += 1;
    }
  }
  assert.ok(refused > 10_000, String(refused));
});

const universal: readonly (readonly [text: string, want: readonly [string, number] | undefined])[] = [
  ['0.0.0.0.8.1', ['0.0.0.0', 2049]],
  ['172.16.0.10.0.111', ['172.16.0.10', 111]],
  ['10.0.0.1.255.255', ['10.0.0.1', 65_535]],
  ['10.0.0.1.256.0', undefined],
  ['300.0.0.1.8.1', undefined],
  ['0.0.0.0.8', undefined],
  ['::.8.1', undefined],
  ['/run/rpcbind.sock', undefined],
  ['', undefined],
];
for (const [text, want] of universal) {
  test(`universal address, RFC 5665 §5.2.3: "${text}"`, () =>
    assert.deepEqual(parseUniversal(text), want && { address: want[0] as Ipv4, port: want[1] }));
}
