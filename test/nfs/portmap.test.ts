/** The portmapper. RFC 1833. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import {
  PORTMAP_PROGRAM,
  portmapAt,
  portmapProgram,
  type Registration,
  universalAddress,
} from '../../src/nfs/portmap.ts';
import { type Answer, type Caller, replyHead } from '../../src/nfs/rpc.ts';
import { args, type Results, resultsOf, xdr } from '../support/rpc.ts';
import { answered, answerOf, callIn, golden, hexOf, isMarked, replyOf } from './packets.ts';

const over = (program: number, version: number, port: number): Registration[] =>
  (['udp', 'tcp'] as const).map((transport) => ({ program, version, transport, port }));
/** As they stood in the portmapper that the golden packets were asked of. */
const beside: readonly Registration[] = [
  ...portmapAt(111),
  ...over(100_003, 3, 2049),
  ...over(100_005, 1, 20_048),
  ...over(100_005, 3, 20_048),
];
const GOLDEN = [
  'dump-rpcinfo',
  'getaddr-showmount',
  'getaddr-unknown',
  'getaddr-version-0',
  'getport-libnfs',
  'getversaddr',
  'null-libnfs',
  'procedure-unavailable',
  'program-unavailable',
  'version-mismatch',
  'auth-short',
] as const;
for (const name of GOLDEN) {
  test(`golden: ${name} is answered as rpcbind does`, async () => {
    const reply = await answered(golden(name), [portmapProgram(() => beside)]);
    assert.equal(reply && hexOf(reply), hexOf(golden(`${name}-reply`)));
  });
}

/** NFS over TCP alone, mount over both, at other ports each. */
const ours: readonly Registration[] = [
  ...portmapAt(1111),
  { program: 100_003, version: 3, transport: 'tcp', port: 2049 },
  { program: 100_005, version: 3, transport: 'tcp', port: 20_048 },
  { program: 100_005, version: 3, transport: 'udp', port: 65_535 },
];
const portmap = portmapProgram(() => ours);
const TCP = 6;
const UDP = 17;

for (const [name, want] of [
  ['getport-mount-nfs', 2049],
  ['getport-mount-nfs-udp', 65_535],
] as const) {
  test(`golden: ${name} is told its port`, async () => {
    const octets = golden(name);
    const reply = await answered(octets, [portmap]);
    assert.equal(hexOf(reply ?? octets).slice(-8), want.toString(16).padStart(8, '0'));
    assert.equal(isMarked(octets), !name.endsWith('udp'));
  });
}

const ports: readonly { name: string; asked: readonly [number, number, number]; want: number }[] = [
  { name: 'a program over TCP', asked: [100_005, 3, TCP], want: 20_048 },
  { name: 'a program over UDP', asked: [100_005, 3, UDP], want: 65_535 },
  { name: 'the portmapper itself', asked: [100_000, 2, UDP], want: 1111 },
  { name: 'one that is not there over this protocol: 0', asked: [100_003, 3, UDP], want: 0 },
  { name: 'a program that nobody is: 0', asked: [100_227, 3, TCP], want: 0 },
  { name: 'a protocol that is neither: 0', asked: [100_003, 3, 132], want: 0 },
  { name: 'another version: where it says itself which it speaks', asked: [100_003, 4, TCP], want: 2049 },
];
for (const c of ports) {
  test(`GETPORT: ${c.name}`, async () => {
    const reply = await replyOf(portmap, { version: 2, procedure: 3, args: args(...[...c.asked, 0].map(xdr.u32)) });
    assert.equal(resultsOf(reply).u32(), c.want);
  });
}

test('DUMP, version 2: all, with numbers of protocols', async () => {
  const r = resultsOf(await replyOf(portmap, { version: 2, procedure: 4 }));
  const all = r.list(() => [r.u32(), r.u32(), r.u32(), r.u32()]);
  r.end();
  assert.deepEqual(all.slice(0, 6), [
    [100_000, 4, TCP, 1111],
    [100_000, 3, TCP, 1111],
    [100_000, 2, TCP, 1111],
    [100_000, 4, UDP, 1111],
    [100_000, 3, UDP, 1111],
    [100_000, 2, UDP, 1111],
  ]);
  assert.deepEqual(all.slice(6), [
    [100_003, 3, TCP, 2049],
    [100_005, 3, TCP, 20_048],
    [100_005, 3, UDP, 65_535],
  ]);
});

test('DUMP, versions 3 and 4: all, with universal addresses of the address that was reached', async () => {
  for (const version of [3, 4]) {
    const localAddress = '172.16.0.10' as Ipv4;
    const r = resultsOf(await replyOf(portmap, { version, procedure: 4 }, { localAddress }));
    const all = r.list(() => [r.u32(), r.u32(), r.text(), r.text(), r.text()]);
    r.end();
    assert.equal(all.length, ours.length);
    assert.deepEqual(all[0], [100_000, 4, 'tcp', '172.16.0.10.4.87', 'flisolator']);
    assert.deepEqual(all.at(-1), [100_005, 3, 'udp', '172.16.0.10.255.255', 'flisolator']);
  }
});

const rpcb = (program: number, version: number, netid: string) =>
  args(xdr.u32(program), xdr.u32(version), xdr.text(netid), xdr.text('127.0.0.1.0.111'), xdr.text('libtirpc'));
const addresses: readonly { name: string; asked: Buffer; by?: Partial<Caller>; want: string }[] = [
  { name: 'the address that was reached, and the port', asked: rpcb(100_003, 3, 'tcp'), want: '127.0.0.1.8.1' },
  {
    name: 'another address that was reached',
    asked: rpcb(100_003, 3, 'tcp'),
    by: { localAddress: '10.0.0.255' as Ipv4 },
    want: '10.0.0.255.8.1',
  },
  {
    name: 'over the transport of the call',
    asked: rpcb(100_005, 3, 'udp'),
    by: { transport: 'udp' },
    want: '127.0.0.1.255.255',
  },
  { name: 'whatever network it names (§2.2.1)', asked: rpcb(100_005, 3, 'udp'), want: '127.0.0.1.78.80' },
  { name: 'IPv6 has no address of its own here', asked: rpcb(100_005, 3, 'tcp6'), want: '127.0.0.1.78.80' },
  { name: 'not over this transport: empty', asked: rpcb(100_003, 3, 'tcp'), by: { transport: 'udp' }, want: '' },
  { name: 'a program that nobody is: empty', asked: rpcb(100_227, 3, 'tcp'), want: '' },
  {
    name: 'another version: where it says itself which it speaks',
    asked: rpcb(100_003, 0, 'tcp'),
    want: '127.0.0.1.8.1',
  },
];
for (const c of addresses) {
  test(`GETADDR: ${c.name}`, async () => {
    for (const version of [3, 4]) {
      const r = resultsOf(await replyOf(portmap, { version, procedure: 3, args: c.asked }, c.by));
      assert.equal(r.text(), c.want);
      r.end();
    }
  });
}

test('GETVERSADDR: of this very version, else empty', async () => {
  const ask = async (version: number): Promise<Results> =>
    resultsOf(await replyOf(portmap, { version: 4, procedure: 9, args: rpcb(100_003, version, 'tcp') }));
  assert.equal((await ask(3)).text(), '127.0.0.1.8.1');
  assert.equal((await ask(2)).text(), '');
});

const nothing: Answer = { kind: 'done', results: new Uint8Array(0) };
const no: Answer = { kind: 'done', results: new Uint8Array(4) };
const unavailable: Answer = { kind: 'procedure-unavailable' };
const silence: Answer = { kind: 'silence' };
const table: readonly { name: string; version: number; procedures: readonly number[]; want: Answer }[] = [
  { name: 'NULL does nothing', version: 2, procedures: [0], want: nothing },
  { name: 'NULL does nothing', version: 3, procedures: [0], want: nothing },
  { name: 'NULL does nothing', version: 4, procedures: [0], want: nothing },
  { name: 'SET and UNSET say no', version: 2, procedures: [1, 2], want: no },
  { name: 'SET and UNSET say no', version: 3, procedures: [1, 2], want: no },
  { name: 'SET and UNSET say no', version: 4, procedures: [1, 2], want: no },
  { name: 'CALLIT calls nobody, and is silent', version: 2, procedures: [5], want: silence },
  { name: 'CALLIT calls nobody, and is silent', version: 3, procedures: [5], want: silence },
  { name: 'BCAST calls nobody, and is silent', version: 4, procedures: [5], want: silence },
  { name: 'nothing else', version: 2, procedures: [6, 7, 2 ** 32 - 1], want: unavailable },
  { name: 'no GETTIME, no addresses turned into others', version: 3, procedures: [6, 7, 8, 9], want: unavailable },
  {
    name: 'no INDIRECT, no GETADDRLIST, no GETSTAT',
    version: 4,
    procedures: [6, 7, 8, 10, 11, 12, 13],
    want: unavailable,
  },
];
for (const c of table) {
  test(`version ${c.version}: ${c.name}`, async () => {
    for (const procedure of c.procedures)
      assert.deepEqual(await answerOf(portmap, { version: c.version, procedure, args: Buffer.alloc(400) }), c.want);
  });
}

for (const [version, procedure, octets] of [
  [2, 3, 12],
  [3, 3, 4],
  [4, 3, 4],
  [4, 9, 7],
] as const) {
  test(`version ${version}, procedure ${procedure}: arguments cut short are garbage`, async () => {
    const cut = { version, procedure, args: Buffer.alloc(octets) };
    assert.deepEqual(await answerOf(portmap, cut), { kind: 'garbage-arguments' });
  });
}

test('who can be reached is asked at each call', async () => {
  let all = ours;
  const changing = portmapProgram(() => all);
  const dump = async () => resultsOf(await replyOf(changing, { version: 2, procedure: 4 })).left;
  assert.equal(await dump(), 20 * ours.length + 4);
  all = [];
  assert.equal(await dump(), 4);
});

test('universalAddress: the port in two numbers (RFC 5665 §5.2.3.3)', () => {
  assert.equal(universalAddress('172.16.0.10' as Ipv4, 2049), '172.16.0.10.8.1');
  assert.equal(universalAddress('10.1.2.3' as Ipv4, 111), '10.1.2.3.0.111');
  assert.equal(universalAddress('10.1.2.3' as Ipv4, 65_535), '10.1.2.3.255.255');
});

test('all that libnfs asks is what it was in the packet: nothing of a call is lost', () => {
  const { args: rest, ...call } = callIn(golden('getport-libnfs').subarray(4));
  assert.deepEqual(call, { xid: 0x4878_d66a, program: PORTMAP_PROGRAM, version: 2, procedure: 3 });
  assert.deepEqual(
    [rest.u32('prog'), rest.u32('vers'), rest.u32('prot'), rest.u32('port'), rest.left],
    [100_005, 3, 6, 0, 0],
  );
  assert.equal(replyHead(1, nothing).length, 24);
});
