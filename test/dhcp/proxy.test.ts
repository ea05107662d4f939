import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import type { Decision } from '../../src/dhcp/decision.ts';
import { type DhcpPacket, decode, encode } from '../../src/dhcp/packet.ts';
import type { DhcpPolicy } from '../../src/dhcp/policy.ts';
import { MESSAGE } from '../../src/dhcp/reply.ts';
import { readSubOptions, writeSubOptions } from '../../src/dhcp/suboptions.ts';
import { asks, Booth, type From, IPXE, watched } from '../support/booth.ts';
import { FLINK, FNODE00, golden, LAPTOP, message, pxe } from '../support/dhcp.ts';
import { mutate, seeded } from '../support/fakes.ts';

const SEC = 1000;
const LOADERS = {
  bios: 'lpxelinux.0',
  'x64-uefi': 'shimx64.efi',
  'ia32-uefi': 'grubia32.efi',
  'arm64-uefi': 'shimaa64.efi',
  'x64-http': 'ipxe.efi',
  'ia32-http': 'grubia32.efi',
  'arm64-http': 'shimaa64.efi',
};
const beside = (over: Partial<DhcpPolicy> = {}) => watched({}, { role: 'proxy', loaders: LOADERS, ...over });
const OTHER_SERVER = '172.16.0.254' as Ipv4;
const GIVEN = '172.16.0.77' as Ipv4;
const text = (value: Uint8Array | undefined) =>
  value ? Buffer.from(value).toString('latin1').replace(/\0$/, '') : undefined;

/** In a word: what kind, and what it tells to boot or why not. */
function show(decision: Decision): string {
  if ('boot' in decision)
    return `${decision.kind} ${decision.boot?.next === 'pxe-port' ? 'ask 4011' : decision.boot?.bootFile}`;
  return 'reason' in decision ? `${decision.kind} ${decision.reason}` : decision.kind;
}

const nobody = { place: () => ({ node: undefined, rule: 'no-node', loader: undefined }) as const };
const UEFI: From = { arch: 7, uuid: 1 };
const cases: readonly {
  name: string;
  request: DhcpPacket;
  door?: 'pxe';
  policy?: Partial<DhcpPolicy>;
  want: string;
}[] = [
  {
    name: 'a BIOS that discovers gets boot data',
    request: asks('discover', { arch: 0 }),
    want: 'proxy-offer lpxelinux.0',
  },
  { name: 'UEFI is led to 4011', request: asks('discover', UEFI), want: 'proxy-offer ask 4011' },
  {
    name: 'and HTTP Boot',
    request: decode(golden('uefi-http-discover')),
    want: 'proxy-offer http://172.16.0.10/boot/ipxe.efi',
  },
  {
    name: 'and iPXE',
    request: asks('discover', { arch: 7, options: [IPXE] }),
    want: 'proxy-offer http://172.16.0.10/boot/boot.ipxe',
  },
  { name: 'nobody else', request: asks('discover'), want: 'ignore not-pxe' },
  { name: 'nor a system that renews', request: asks('request', {}, { ciaddr: GIVEN }), want: 'ignore not-pxe' },
  {
    name: 'a REQUEST at 67 is the other server’s',
    request: asks('request', UEFI, { server: OTHER_SERVER, requested: GIVEN }),
    want: 'ignore other-server',
  },
  {
    name: 'also without 54, and also for an address of another net: never a NAK',
    request: asks('request', UEFI, { requested: '10.9.9.9' as Ipv4 }),
    want: 'ignore other-server',
  },
  { name: 'so are INFORM', request: asks('inform', UEFI), want: 'ignore other-server' },
  { name: 'and RELEASE', request: message('release', { options: pxe(7) }), want: 'ignore other-server' },
  {
    name: 'a type of nobody’s is nothing',
    request: message('discover', { options: [...pxe(7), [53, Uint8Array.of(77)]] }),
    want: 'ignore unknown-message',
  },
  {
    name: 'an architecture without a loader gets nothing',
    request: asks('discover', { arch: 5 }),
    want: 'ignore no-loader',
  },
  { name: 'nobody does while no node lives', request: asks('discover', UEFI), policy: nobody, want: 'ignore no-node' },
  {
    name: 'a relay of no row is a stranger',
    request: { ...asks('discover', UEFI), giaddr: '192.0.2.1' as Ipv4 },
    want: 'ignore unknown-relay',
  },
  {
    name: 'a REQUEST at 4011 is told all',
    request: asks('request', UEFI, { ciaddr: GIVEN }),
    door: 'pxe',
    want: 'proxy-ack snponly.efi',
  },
  {
    name: 'an INFORM there, too',
    request: asks('inform', UEFI, { ciaddr: GIVEN }),
    door: 'pxe',
    want: 'proxy-ack snponly.efi',
  },
  { name: 'a DISCOVER there is nothing', request: asks('discover', UEFI), door: 'pxe', want: 'ignore unknown-message' },
  {
    name: 'who is no PXE client there either',
    request: asks('request', {}, { ciaddr: GIVEN }),
    door: 'pxe',
    want: 'ignore not-pxe',
  },
  {
    name: 'who wants credentials gets none (PXE 2.1: bit 15 of the layer)',
    request: asks('request', { ...UEFI, options: [[43, writeSubOptions([[71, Uint8Array.of(0, 0, 0x80, 0)]])]] }),
    door: 'pxe',
    want: 'ignore wants-credentials',
  },
  { name: 'off answers nobody', request: asks('discover', UEFI), policy: { role: 'off' }, want: 'ignore mode-off' },
];
for (const c of cases) {
  test(`proxy: ${c.name}`, () => {
    const booth = new Booth(beside(c.policy));
    assert.equal(show(booth.send(c.request, 0, c.door)), c.want);
    assert.equal(booth.leases.size, 0, 'no lease');
  });
}

const captured = [
  'bios-plain',
  'uefi',
  'ia32',
  'arm64',
  'uefi-http',
  'ia32-http',
  'arm64-http',
  'bios-ipxe',
  'uefi-ipxe',
];
for (const name of captured) {
  test(`proxy: real firmware, ${name}: an offer by EDK2's rules, then silence at its REQUEST`, () => {
    const booth = new Booth(beside());
    const request = decode(golden(`${name}-discover`));
    const decision = booth.send(request, 0);
    assert.equal(decision.kind, 'proxy-offer');
    if (decision.kind !== 'proxy-offer') return;
    const wire = decode(encode(decision.reply.packet, decision.reply.limits));
    const word = name.includes('-http') ? 'HTTPClient' : 'PXEClient';
    const isLed = ['uefi', 'ia32', 'arm64'].includes(name);
    assert.deepEqual(
      [wire.yiaddr, wire.ciaddr, wire.siaddr, text(wire.sname)],
      ['0.0.0.0', '0.0.0.0', ...(isLed ? [FLINK, ''] : [FNODE00, FNODE00])],
    );
    assert.deepEqual([wire.options.get(53)?.[0], text(wire.options.get(60))], [MESSAGE.offer, word]);
    assert.deepEqual([...(wire.options.get(54) ?? [])], [172, 16, 0, 1]);
    assert.deepEqual([...(wire.options.get(97) ?? [])], [...(request.options.get(97) ?? [])]);
    const file = isLed ? '' : decision.boot?.bootFile;
    assert.deepEqual([text(wire.options.get(67)) ?? '', text(wire.file)], [file, file]);
    const control = readSubOptions(wire.options.get(43)).get(6);
    assert.deepEqual(control, isLed || name.includes('-http') ? undefined : Uint8Array.of(8));
    for (const code of [1, 3, 6, 51, 58, 59])
      assert.ok(!wire.options.has(code), `option ${code} is the other server's`);
    assert.equal(show(booth.send(decode(golden(`${name}-request`)), 4 * SEC)), 'ignore other-server');
  });
}

test('proxy: what a client takes of the other server is noted, so that what that address fetches is its progress', () => {
  const booth = new Booth(beside());
  booth.send(asks('discover', UEFI), 0);
  booth.send(asks('request', UEFI, { server: OTHER_SERVER, requested: GIVEN }), 4 * SEC);
  assert.deepEqual(booth.machines.progressed(GIVEN, 'menu', 9 * SEC)?.worked, { 'x64-uefi': 'pxe-port' });
});

test('proxy: so is what its system takes later; a stranger is not remembered', () => {
  const booth = new Booth(beside());
  booth.send(asks('discover', UEFI), 0);
  booth.send(asks('request', {}, { requested: GIVEN }), 60 * SEC);
  assert.equal(booth.machines.of({ mac: LAPTOP, uuid: undefined })?.address, GIVEN);
  booth.send(asks('request', { mac: '02:00:00:00:00:09' as typeof LAPTOP }, { requested: GIVEN }), 60 * SEC);
  assert.equal(booth.machines.size, 1);
});

test('proxy: UEFI by 4011: no 43 and no file in the offer, siaddr is who answers there; then all of it', () => {
  const booth = new Booth(beside());
  const offer = booth.send(asks('discover', UEFI), 0);
  assert.equal(show(offer), 'proxy-offer ask 4011');
  if (offer.kind !== 'proxy-offer') return;
  const { siaddr, file, options } = offer.reply.packet;
  assert.deepEqual([siaddr, file.length, options.has(43), options.has(67)], [FLINK, 0, false, false]);
  assert.equal(text(options.get(60)), 'PXEClient');
  const ack = booth.send(asks('request', { ...UEFI, xid: 77 }, { ciaddr: GIVEN }), 4 * SEC, 'pxe');
  assert.equal(show(ack), 'proxy-ack snponly.efi');
  if (ack.kind !== 'proxy-ack') return;
  const { packet } = ack.reply;
  assert.deepEqual([packet.siaddr, text(packet.sname), text(packet.file)], [FNODE00, FNODE00, 'snponly.efi']);
  assert.deepEqual([packet.options.get(53)?.[0], packet.ciaddr, packet.yiaddr], [MESSAGE.ack, GIVEN, '0.0.0.0']);
});

test('proxy: the ladder of UEFI: by 4011, then with 43 and the file in the offer, then other loaders; GRUB looks elsewhere, so it is last', () => {
  const booth = new Booth(beside());
  const told = [1, 2, 3, 4].map((xid) => show(booth.send(asks('discover', { ...UEFI, xid }), xid * 20 * SEC)));
  const files = ['ask 4011', 'snponly.efi', 'ipxe.efi', 'shimx64.efi'];
  assert.deepEqual(
    told,
    files.map((file) => `proxy-offer ${file}`),
  );
});

test('proxy: no rung without option 60, which would be nobody’s offer', () => {
  const booth = new Booth(beside());
  for (let xid = 1; xid < 12; xid++) {
    const offer = booth.send(asks('discover', { ...UEFI, xid }), xid * 20 * SEC);
    assert.ok('reply' in offer && offer.reply.packet.options.has(60));
  }
});

test('4011: the item that somebody chose of a menu comes back in 43.71 (dnsmasq rfc2131.c)', () => {
  const booth = new Booth(beside());
  const item = Uint8Array.of(0x80, 5, 0, 0);
  const request = asks(
    'request',
    { arch: 0, uuid: 1, options: [[43, writeSubOptions([[71, item]])]] },
    { ciaddr: GIVEN },
  );
  const ack = booth.send(request, 0, 'pxe');
  assert.ok('reply' in ack);
  const menu = 'reply' in ack ? readSubOptions(ack.reply.packet.options.get(43)) : new Map();
  assert.deepEqual([menu.get(6), menu.get(71)], [Uint8Array.of(8), item]);
});

// ---- the PXE port of a server that gives addresses ----

test('4011 of a full server: who has an address of ours is told all, from the rung it is on', () => {
  const booth = new Booth(watched({}, { loaders: LOADERS }));
  const offer = booth.send(asks('discover', UEFI), 0);
  if (offer.kind !== 'offer') throw new Error(offer.kind);
  const { address } = offer.lease;
  booth.send(asks('request', UEFI, { server: FLINK, requested: address }), SEC);
  const ack = booth.send(asks('request', { ...UEFI, xid: 9 }, { ciaddr: address }), 2 * SEC, 'pxe');
  assert.equal(show(ack), 'proxy-ack shimx64.efi');
  assert.ok('reply' in ack && !ack.reply.packet.options.has(51), 'no lease in it');
  const stranger = asks('request', { arch: 7, mac: '02:00:00:00:00:09' as typeof LAPTOP }, { ciaddr: address });
  assert.equal(show(booth.send(stranger, 3 * SEC, 'pxe')), 'ignore not-the-holder');
  assert.equal(show(booth.send(asks('request', UEFI, { ciaddr: GIVEN }), 3 * SEC, 'pxe')), 'ignore not-the-holder');
  const late = asks('request', { ...UEFI, xid: 9 }, { ciaddr: address });
  assert.equal(show(booth.send(late, 4_000 * SEC, 'pxe')), 'ignore not-the-holder', 'its lease has run out');
});

test('whatever arrives at either port, in either part: no throw, and beside another server neither lease nor NAK', () => {
  const random = seeded(4011);
  const booths = [new Booth(beside()), new Booth(watched({}, { loaders: LOADERS }))] as const;
  let answered = 0;
  for (let i = 0; i < 40_000; i++) {
    let packet: DhcpPacket;
    try {
      packet = decode(mutate(golden(`${captured[i % captured.length]}-discover`), random));
    } catch {
      continue;
    }
    for (const booth of booths) {
      const decision = booth.send(packet, i * 500, i % 3 === 0 ? 'pxe' : 'dhcp');
      if ('reply' in decision) decode(encode(decision.reply.packet, decision.reply.limits));
      if (booth === booths[0]) {
        assert.ok(!('lease' in decision) && decision.kind !== 'nak', decision.kind);
        answered += 'reply' in decision ? 1 : 0;
      }
    }
  }
  assert.ok(answered > 1000, `${answered} were answered`);
});
