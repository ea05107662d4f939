/** What an answer says: which options, in which order, how many of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import { LeaseTable } from '../../src/dhcp/leases.ts';
import { encodeOption, OPTION, type OptionInput, ofText } from '../../src/dhcp/options.ts';
import { type DhcpPacket, decode, encode } from '../../src/dhcp/packet.ts';
import type { DhcpPolicy } from '../../src/dhcp/policy.ts';
import { decide, hall, type Made, message, pxe, RELAY } from '../support/dhcp.ts';

const codes = (...list: readonly number[]): readonly [number, Uint8Array] => [
  OPTION.parameterRequestList,
  Uint8Array.from(list),
];
const extras = (settings: Readonly<Record<string, OptionInput>>): DhcpPolicy => {
  const encoded = Object.entries(settings).map(([key, value]) => encodeOption(key, value));
  return hall({ extraOptions: new Map(encoded.map((o) => (o.ok ? [o.code, o.value] : assert.fail(o.problem)))) });
};
function bytesFor(made: Made, policy = hall()): Uint8Array {
  const decision = decide(message('discover', made), policy, new LeaseTable());
  assert.ok(decision.kind === 'offer');
  return encode(decision.reply.packet, decision.reply.limits);
}
const offer = (made: Made, policy = hall()): DhcpPacket => decode(bytesFor(made, policy));
const hexOf = (packet: DhcpPacket, code: number) => {
  const value = packet.options.get(code);
  return value && Buffer.from(value).toString('hex');
};

test('grantReply: the mask never stands behind the router, whatever order was asked for (RFC 2132 §3.3)', () => {
  assert.deepEqual([...offer({ options: [codes(6, 3, 15, 1)] }).options.keys()], [53, 54, 51, 6, 1, 3, 15]);
});

test('grantReply: who asked for nothing in particular gets mask, router, resolvers, domain, broadcast address', () => {
  assert.deepEqual([...offer({}).options.keys()], [53, 54, 51, 1, 3, 6, 15, 28]);
});

test('grantReply: an operator’s options stand where they were asked for, the others at the end (RFC 2132 §9.8)', () => {
  const policy = extras({ 'ntp-servers': '172.16.0.9', 'posix-timezone': 'UTC' });
  assert.deepEqual([...offer({ options: [codes(42, 1, 3)] }, policy).options.keys()], [53, 54, 51, 42, 1, 3, 100]);
});

test('grantReply: 119 is the domain, when asked for (RFC 3397)', () => {
  assert.equal(hexOf(offer({ options: [codes(119)] }), 119), Buffer.from('\x06flisol\x03lan\x00').toString('hex'));
  assert.equal(hexOf(offer({}), 119), undefined);
  assert.equal(
    hexOf(offer({ options: [codes(119)] }, extras({ 119: 'a.lan' })), 119),
    Buffer.from('\x01a\x03lan\x00').toString('hex'),
  );
});

const NET_10 = '080aac100009';
const routes: readonly { name: string; made: Made; value: OptionInput; want: readonly (string | undefined)[] }[] = [
  {
    name: 'the router is added, for who reads 121 no longer reads 3',
    made: {},
    value: '10.0.0.0/8 172.16.0.9',
    want: [`${NET_10}00ac100001`, undefined],
  },
  {
    name: 'the router of the client’s own network',
    made: { giaddr: RELAY },
    value: '10.0.0.0/8 172.16.0.9',
    want: [`${NET_10}000a010001`, undefined],
  },
  {
    name: 'a way out of the operator’s own stays',
    made: {},
    value: '0.0.0.0/0 172.16.0.7',
    want: ['00ac100007', undefined],
  },
  {
    name: '249 says the same to who asks for it',
    made: { options: [codes(249)] },
    value: '10.0.0.0/8 172.16.0.9',
    want: [`${NET_10}00ac100001`, `${NET_10}00ac100001`],
  },
];
for (const { name, made, value, want } of routes) {
  test(`grantReply: routes: ${name} (RFC 3442)`, () => {
    const reply = offer(made, extras({ 121: value }));
    assert.deepEqual([hexOf(reply, 121), hexOf(reply, 249)], want);
  });
}

test('grantReply: 108 only to who asks for it: others would go without IPv4 (RFC 8925 §3.3)', () => {
  const policy = extras({ 108: 1800 });
  assert.equal(hexOf(offer({}, policy), 108), undefined);
  assert.equal(hexOf(offer({ options: [codes(1, 108)] }, policy), 108), '00000708');
});

test('grantReply: 116 only to who has sent it (RFC 2563 §2)', () => {
  const policy = extras({ 116: 0 });
  assert.equal(hexOf(offer({}, policy), 116), undefined);
  assert.equal(hexOf(offer({ options: [[116, Uint8Array.of(1)]] }, policy), 116), '00');
});

test('grantReply: a lease time that is no number of four octets is no wish', () => {
  assert.equal(hexOf(offer({ options: [[OPTION.leaseTime, Uint8Array.of(1)]] }), 51), '00000e10');
});

test('576 octets with forty options asked for: what must be there is, what is there is whole, the order is kept', () => {
  const asked = Array.from({ length: 40 }, (_, i) => 200 + i).filter((code) => ![208, 209, 210, 211].includes(code));
  const policy = hall({ extraOptions: new Map(asked.map((code) => [code, new Uint8Array(20).fill(code)])) });
  for (const [name, options] of [
    ['a system', []],
    ['a firmware', pxe(7)],
  ] as const) {
    const bytes = bytesFor({ options: [...options, codes(1, 3, 6, ...asked), [57, Uint8Array.of(2, 64)]] }, policy);
    const { options: got } = decode(bytes);
    assert.ok(bytes.length <= 548, name);
    assert.deepEqual(
      [53, 54, 51].every((code) => got.has(code)),
      true,
    );
    const operators = [...got.keys()].filter((code) => code >= 200);
    assert.deepEqual(operators, asked.slice(0, operators.length), `${name}: dropped from the end`);
    assert.ok(
      operators.every((code) => got.get(code)?.length === 20 && got.get(code)?.every((octet) => octet === code)),
    );
    assert.equal(got.has(3) && got.has(1), true);
  }
});

const overloads: readonly { name: string; options: Made['options']; want: boolean }[] = [
  { name: 'a system’s client', options: [], want: true },
  { name: 'a firmware, that reads file and sname as text', options: pxe(7), want: false },
  {
    name: 'a firmware of an architecture that nobody has a loader for',
    options: [[60, ofText('PXEClient:Arch:00099')]],
    want: false,
  },
];
for (const { name, options, want } of overloads) {
  test(`limitsFor: options go on in file and sname: ${name} (RFC 2132 §9.3)`, () => {
    const policy = hall({ extraOptions: new Map(Array.from({ length: 9 }, (_, i) => [224 + i, new Uint8Array(40)])) });
    const bytes = bytesFor({ options: options ?? [] }, policy);
    assert.equal(
      bytes.subarray(44, 236).some((octet) => octet >= 224),
      want,
    );
  });
}

test('grantReply: what a network offers is its own, policy by policy', () => {
  const seen = [hall({ domain: 'a.lan' }), hall({ domain: 'b.lan' }), hall({ domain: 'a.lan', dnsServers: [] })].map(
    (policy) => {
      const { options } = offer({ options: [codes(15, 6)] }, policy);
      return [Buffer.from(options.get(15) ?? []).toString(), options.has(6)];
    },
  );
  assert.deepEqual(seen, [
    ['a.lan', true],
    ['b.lan', true],
    ['a.lan', false],
  ]);
});

test('grantReply: UEFI HTTP Boot is told no resolver of its own network (EDK2 2022.11 declines such a lease), others are', () => {
  const httpBoot = [[OPTION.vendorClass, ofText('HTTPClient:Arch:00016:UNDI:003000')] as const, ...pxe(16).slice(1)];
  const told = (options: Made['options'], servers: readonly Ipv4[]) =>
    hexOf(offer({ options: [...(options ?? []), codes(1, 3, 6)] }, hall({ httpBootDnsServers: servers })), 6);
  assert.equal(told(httpBoot, ['9.9.9.9' as Ipv4]), '09090909');
  assert.equal(told(httpBoot, []), undefined);
  assert.equal(told([], ['9.9.9.9' as Ipv4]), 'ac100001');
  assert.equal(told(pxe(7), []), 'ac100001');
});
