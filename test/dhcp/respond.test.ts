import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4, Mac } from '../../src/core/addr.ts';
import type { Decision } from '../../src/dhcp/decision.ts';
import { LeaseTable } from '../../src/dhcp/leases.ts';
import { OPTION, ofText, showOption } from '../../src/dhcp/options.ts';
import { type DhcpPacket, decode, encode } from '../../src/dhcp/packet.ts';
import type { DhcpPolicy } from '../../src/dhcp/policy.ts';
import { deliver, limitsFor, MESSAGE } from '../../src/dhcp/reply.ts';
import {
  DESK7,
  decide,
  FLINK,
  golden,
  hall,
  LAPTOP,
  type Made,
  macNumber,
  message,
  pxe,
  RELAY,
} from '../support/dhcp.ts';
import { mutate, seeded } from '../support/fakes.ts';

const ip = (text: string) => text as Ipv4;
const OTHER = '02:00:00:00:00:99' as Mac;
const FOREIGN = ip('172.16.0.2');

/** Plays messages against one table, as the service does, and shows each answer in a word. */
function play(
  steps: readonly (readonly [DhcpPacket, number?])[],
  policy: DhcpPolicy = hall(),
): { leases: LeaseTable; last: Decision; shown: string } {
  const leases = new LeaseTable();
  let last: Decision = { kind: 'ignore', reason: 'unknown-message' };
  for (const [packet, atMs] of steps) {
    last = decide(packet, policy, leases, atMs ?? 0);
    if ('lease' in last) for (const lease of [last.lease, ...last.freed]) leases.put(lease);
  }
  return { leases, last, shown: show(last) };
}

function show(decision: Decision): string {
  if (decision.kind === 'offer' || decision.kind === 'ack')
    return `${decision.kind} ${decision.lease.address} ${decision.rule}`;
  if ('reason' in decision) return `${decision.kind} ${decision.reason}`;
  return 'lease' in decision ? `${decision.kind} ${decision.lease.address}` : decision.kind;
}

/** The place that LAPTOP's MAC has in an empty pool. */
const MINE = (() => {
  const first = play([[message('discover')]]).last;
  return first.kind === 'offer' ? first.lease.address : ip('0.0.0.0');
})();
const NOT_MINE = ip(MINE === '172.16.0.101' ? '172.16.0.102' : '172.16.0.101');
const discover = message('discover');
const take = message('request', { server: FLINK, requested: MINE });
const otherHolds = (address: Ipv4) =>
  [
    [message('discover', { mac: OTHER, requested: address })],
    [message('request', { mac: OTHER, server: FLINK, requested: address })],
  ] as const;

const HOUR_MS = 3_600_000;
const cases: readonly { name: string; steps: readonly (readonly [DhcpPacket, number?])[]; want: string }[] = [
  { name: 'DISCOVER gets an address of the pool', steps: [[discover]], want: `offer ${MINE} pool` },
  {
    name: 'DISCOVER again gets the same offer',
    steps: [[discover], [discover]],
    want: `offer ${MINE} current-binding`,
  },
  {
    name: 'DISCOVER with a free requested address gets it (§4.3.1)',
    steps: [[message('discover', { requested: NOT_MINE })]],
    want: `offer ${NOT_MINE} requested`,
  },
  {
    name: 'but not one that somebody has',
    steps: [...otherHolds(NOT_MINE), [message('discover', { requested: NOT_MINE })]],
    want: `offer ${MINE} pool`,
  },
  {
    name: 'nor one outside the pool',
    steps: [[message('discover', { requested: ip('172.16.9.9') })]],
    want: `offer ${MINE} pool`,
  },
  {
    name: 'a reservation comes before everything',
    steps: [[message('discover', { mac: DESK7, requested: MINE })]],
    want: 'offer 172.16.0.105 reservation',
  },
  {
    name: 'a reserved address is nobody else’s',
    steps: [[message('discover', { requested: ip('172.16.0.105') })]],
    want: `offer ${MINE} pool`,
  },
  {
    name: 'a former address comes back after its lease has run out',
    steps: [[discover], [take], [discover, 2 * HOUR_MS]],
    want: `offer ${MINE} former-binding`,
  },
  {
    name: 'a relay’s subnet gives the address (§4.3.1)',
    steps: [[message('discover', { giaddr: RELAY, requested: ip('10.1.0.55') })]],
    want: 'offer 10.1.0.55 requested',
  },
  {
    name: 'an unknown relay gets silence',
    steps: [[message('discover', { giaddr: ip('192.0.2.1') })]],
    want: 'ignore unknown-relay',
  },

  {
    name: 'REQUEST takes the offer (§4.3.2 SELECTING)',
    steps: [[discover], [take]],
    want: `ack ${MINE} current-binding`,
  },
  {
    name: 'REQUEST for a free address that was never offered by this process is granted: it may have restarted',
    steps: [[take]],
    want: `ack ${MINE} requested`,
  },
  {
    name: 'REQUEST for another address than the offered is refused',
    steps: [[discover], [message('request', { server: FLINK, requested: NOT_MINE })]],
    want: 'nak not-offered',
  },
  {
    name: 'REQUEST to another server frees our offer',
    steps: [[discover], [message('request', { server: FOREIGN, requested: ip('172.16.0.200') })]],
    want: `release ${MINE}`,
  },
  {
    name: 'and is none of our business without one',
    steps: [[message('request', { server: FOREIGN, requested: MINE })]],
    want: 'ignore other-server',
  },

  {
    name: 'INIT-REBOOT with its address is granted',
    steps: [[discover], [take], [message('request', { requested: MINE })]],
    want: `ack ${MINE} current-binding`,
  },
  {
    name: 'INIT-REBOOT from another net is refused',
    steps: [[message('request', { requested: ip('192.168.1.5') })]],
    want: 'nak wrong-network',
  },
  {
    name: 'INIT-REBOOT with another’s address is refused',
    steps: [[discover], [take], [message('request', { requested: NOT_MINE })]],
    want: 'nak not-yours',
  },
  {
    name: 'INIT-REBOOT of a stranger gets silence',
    steps: [[message('request', { requested: MINE })]],
    want: 'ignore no-record',
  },
  { name: 'REQUEST without any address gets silence', steps: [[message('request')]], want: 'ignore no-address' },

  {
    name: 'RENEWING extends',
    steps: [[discover], [take], [message('request', { ciaddr: MINE, flags: 0 })]],
    want: `ack ${MINE} current-binding`,
  },
  {
    name: 'RENEWING without a record keeps a free address of ours',
    steps: [[message('request', { ciaddr: MINE, flags: 0 })]],
    want: `ack ${MINE} current-binding`,
  },
  {
    name: 'RENEWING another’s address is refused',
    steps: [...otherHolds(NOT_MINE), [message('request', { ciaddr: NOT_MINE, flags: 0 })]],
    want: 'nak not-yours',
  },
  {
    name: 'RENEWING in another net is refused',
    steps: [[message('request', { ciaddr: ip('192.168.1.5'), flags: 0 })]],
    want: 'nak wrong-network',
  },
  {
    name: 'RENEWING a pool address when the MAC table now names another is refused',
    steps: [[message('request', { mac: DESK7, ciaddr: MINE })]],
    want: 'nak not-yours',
  },

  {
    name: 'DECLINE by its holder rests the address',
    steps: [[discover], [take], [message('decline', { server: FLINK, requested: MINE })]],
    want: `decline ${MINE}`,
  },
  {
    name: 'and another one is offered',
    steps: [
      [discover],
      [take],
      [message('decline', { server: FLINK, requested: MINE })],
      [message('discover', { requested: MINE })],
    ],
    want: `offer ${pickedAfter(MINE)} pool`,
  },
  {
    name: 'DECLINE by a stranger changes nothing',
    steps: [[discover], [take], [message('decline', { mac: OTHER, server: FLINK, requested: MINE })]],
    want: 'ignore not-the-holder',
  },
  {
    name: 'RELEASE by its holder',
    steps: [[discover], [take], [message('release', { server: FLINK, ciaddr: MINE })]],
    want: `release ${MINE}`,
  },
  {
    name: 'RELEASE of another’s lease changes nothing',
    steps: [[discover], [take], [message('release', { mac: OTHER, server: FLINK, ciaddr: MINE })]],
    want: 'ignore not-the-holder',
  },
  {
    name: 'INFORM gets options (§4.3.5)',
    steps: [[message('inform', { ciaddr: ip('172.16.9.9'), flags: 0 })]],
    want: 'inform',
  },

  {
    name: 'INFORM from an address outside the subnet gets silence: the answer would leave for a stranger',
    steps: [[message('inform', { ciaddr: ip('198.51.100.1'), flags: 0 })]],
    want: 'ignore foreign-address',
  },

  { name: 'a reply is no request', steps: [[{ ...discover, op: 2 }]], want: 'ignore not-a-request' },
  { name: 'token ring is no Ethernet', steps: [[{ ...discover, htype: 6 }]], want: 'ignore not-ethernet' },
  {
    name: 'a message type that no RFC has (RFC 2132 §9.6 ends at 8)',
    steps: [[{ ...discover, options: new Map([[53, Uint8Array.of(99)]]) }]],
    want: 'ignore unknown-message',
  },
  {
    name: 'a message type of no octets',
    steps: [[{ ...discover, options: new Map([[53, new Uint8Array(0)]]) }]],
    want: 'ignore unknown-message',
  },
];
for (const c of cases) test(`respond: ${c.name}`, () => assert.equal(play(c.steps).shown, c.want));

function pickedAfter(address: Ipv4): Ipv4 {
  const leases = new LeaseTable();
  leases.put({
    address,
    mac: OTHER,
    clientId: undefined,
    isBoot: false,
    hostname: undefined,
    state: 'bound',
    expiresAtMs: HOUR_MS,
  });
  const next = decide(discover, hall(), leases, 0);
  return next.kind === 'offer' ? next.lease.address : ip('0.0.0.0');
}

test('respond: one boot keeps one address over firmware, iPXE, loader and system, whatever they call themselves', () => {
  const bound = (clientId: string | undefined, options = pxe(7)) => {
    const made = clientId === undefined ? { options } : { options, clientId };
    return [[message('discover', made)], [message('request', { ...made, server: FLINK, requested: MINE })]] as const;
  };
  const system = [] as const;
  const steps = [
    ...bound(undefined),
    ...bound('01525400123456', [...pxe(7), [OPTION.userClass, ofText('iPXE')]]),
    ...bound(undefined, system),
    ...bound('01525400123456', system),
    ...bound('ff00000001000100012a', system),
  ];
  const { leases, shown } = play(steps);
  assert.equal(shown, `ack ${MINE} current-binding`);
  assert.equal(leases.size, 1);
});

test('respond: without a network boot two client identifiers of one MAC are two clients (RFC 2131 §4.2)', () => {
  const { leases } = play([[message('discover', { clientId: '0102' })], [message('discover', { clientId: '0103' })]]);
  assert.equal(leases.size, 2);
});

test('respond: one client identifier keeps its address on another card (RFC 2131 §4.2)', () => {
  const { shown } = play([
    [message('discover', { clientId: 'ff01' })],
    [message('discover', { clientId: 'ff01', mac: OTHER })],
  ]);
  assert.equal(shown, `offer ${MINE} current-binding`);
});

/** DISCOVER and REQUEST. */
const binding = (address: Ipv4, made: Made, atMs: number) =>
  [
    [message('discover', { ...made, requested: address }), atMs],
    [message('request', { ...made, server: FLINK, requested: address }), atMs],
  ] as const;
const ITS = ip('172.16.0.109');

for (const { name, options } of [
  { name: 'two firmwares with one identifier, as where a maker wrote one UUID into all,', options: pxe(7) },
  { name: 'two live systems with one machine-id, each after its network boot,', options: [] },
])
  test(`respond: ${name} are two machines, and neither takes what the other has`, () => {
    const clientId = '0003000200040005000006000700080009';
    const { leases, shown } = play([
      ...binding(MINE, { options: pxe(7) }, 0),
      ...binding(ITS, { options: pxe(7), mac: OTHER }, 0),
      ...binding(MINE, { options, clientId }, 1000),
      ...binding(ITS, { options, clientId, mac: OTHER }, 2000),
    ]);
    assert.equal(shown, `ack ${ITS} current-binding`);
    assert.deepEqual([leases.at(MINE)?.state, leases.at(MINE)?.mac], ['bound', LAPTOP]);
  });

test('respond: a machine keeps what its boot stage got, although its identifier has a lease on another card', () => {
  const { leases, shown } = play([
    ...binding(MINE, { options: pxe(7) }, 0),
    ...binding(ITS, { mac: OTHER, clientId: 'ff01' }, 1000),
    ...binding(MINE, { clientId: 'ff01' }, 2000),
  ]);
  assert.equal(shown, `ack ${MINE} current-binding`);
  assert.equal(leases.at(ITS)?.state, 'bound');
});

test('respond: an empty pool is said, and a client that has an address keeps it', () => {
  const steps = Array.from({ length: 12 }, (_, i) => [message('discover', { mac: macNumber(i) })] as const);
  const { leases, shown } = play(steps);
  assert.equal(shown, 'ignore pool-empty');
  assert.equal(leases.size, 9, 'ten addresses less the reserved one');
  const holder = [...leases.all()][0];
  assert.ok(holder);
  assert.equal(
    show(decide(message('discover', { mac: holder.mac }), hall(), leases, 0)),
    `offer ${holder.address} current-binding`,
  );
});

test('respond: offers that nobody takes are free again after half a minute', () => {
  const steps = Array.from({ length: 9 }, (_, i) => [message('discover', { mac: macNumber(i) }), 0] as const);
  const { shown } = play([...steps, [message('discover', { mac: OTHER }), 30_001]]);
  assert.match(shown, /^offer .* pool$/);
});

test('respond: an offer to a holder never shortens the lease that runs', () => {
  const { leases } = play([[discover], [take], [discover, 1000]]);
  assert.deepEqual([leases.at(MINE)?.state, leases.at(MINE)?.expiresAtMs], ['bound', HOUR_MS]);
});

const bind = (made: Parameters<typeof message>[1], address: Ipv4) =>
  [
    [message('discover', { ...made, requested: address })],
    [message('request', { ...made, server: FLINK, requested: address })],
  ] as const;
const takeOver = (leases: LeaseTable, packet: DhcpPacket, policy: DhcpPolicy, nowMs = 0): string => {
  const decision = decide(packet, policy, leases, nowMs);
  if ('lease' in decision) for (const lease of [decision.lease, ...decision.freed]) leases.put(lease);
  return show(decision);
};

for (const [name, options] of [
  ['a system', []],
  ['a firmware', pxe(7)],
] as const) {
  test(`respond: after a reload has moved the range, ${name} gets one new address and keeps it`, () => {
    const { leases } = play(bind({ options }, ip('172.16.0.101')));
    const network = hall().networks[0];
    const moved = hall({ networks: [{ ...network, range: { first: ip('172.16.0.200'), last: ip('172.16.0.209') } }] });
    const offer = takeOver(leases, message('discover', { options }), moved);
    const address = ip(offer.split(' ')[1] ?? '');
    assert.match(offer, /^offer 172\.16\.0\.20\d pool$/);
    assert.equal(
      takeOver(leases, message('request', { options, server: FLINK, requested: address }), moved),
      `ack ${address} current-binding`,
    );
    assert.equal(leases.at(ip('172.16.0.101'))?.state, 'released', 'the old one is free');
    assert.equal(takeOver(leases, message('discover', { options }), moved), `offer ${address} current-binding`);
  });
}

test('respond: a new reservation is taken at the next boot, and the old address is free then', () => {
  const { leases } = play(bind({ mac: DESK7 }, MINE), hall({ reservationFor: () => undefined }));
  assert.equal(takeOver(leases, message('discover', { mac: DESK7 }), hall()), 'offer 172.16.0.105 reservation');
  takeOver(leases, message('request', { mac: DESK7, server: FLINK, requested: ip('172.16.0.105') }), hall());
  assert.equal(leases.at(MINE)?.state, 'released');
  assert.equal(
    takeOver(leases, message('release', { mac: DESK7, server: FLINK, ciaddr: ip('172.16.0.105') }), hall()),
    'release 172.16.0.105',
  );
});

test('respond: a DISCOVER with another client’s identifier changes nothing about the lease that runs', () => {
  const { leases } = play(bind({ clientId: 'ff01' }, MINE));
  const before = leases.at(MINE);
  takeOver(leases, message('discover', { mac: OTHER, clientId: 'ff01' }), hall(), 1000);
  assert.deepEqual(leases.at(MINE), before);
});

const impostors: readonly { name: string; packet: DhcpPacket }[] = [
  {
    name: 'RELEASE with the identifier, from another MAC',
    packet: message('release', { mac: OTHER, clientId: 'ff01', ciaddr: MINE, server: FLINK }),
  },
  {
    name: 'RELEASE from the MAC, with another identifier',
    packet: message('release', { clientId: 'ff02', ciaddr: MINE, server: FLINK }),
  },
  {
    name: 'DECLINE with the identifier, from another MAC',
    packet: message('decline', { mac: OTHER, clientId: 'ff01', requested: MINE, server: FLINK }),
  },
  {
    name: 'DECLINE meant for another server',
    packet: message('decline', { clientId: 'ff01', requested: MINE, server: FOREIGN }),
  },
];
for (const { name, packet } of impostors) {
  test(`respond: ${name} changes nothing`, () => {
    const { leases } = play(bind({ clientId: 'ff01' }, MINE));
    assert.equal(takeOver(leases, packet, hall()), 'ignore not-the-holder');
  });
}

test('respond: an identifier of less than two octets names nobody (RFC 2132 §9.14)', () => {
  const empty: Parameters<typeof message>[1] = { options: [[61, new Uint8Array(0)]] };
  const { leases } = play([
    ...bind({ ...empty, mac: macNumber(1) }, MINE),
    ...bind({ ...empty, mac: macNumber(2) }, NOT_MINE),
  ]);
  assert.equal(leases.size, 2);
});

test('respond: one machine can put no more than an eighth of the pool to rest', () => {
  const leases = new LeaseTable();
  for (let i = 0; i < 50; i++) {
    const offered = decide(message('discover'), hall(), leases, i);
    assert.ok(offered.kind === 'offer', show(offered));
    leases.put(offered.lease);
    takeOver(leases, message('decline', { server: FLINK, requested: offered.lease.address }), hall(), i);
  }
  assert.equal(leases.declined().length, 1, 'ten addresses: one');
  assert.match(takeOver(leases, message('discover', { mac: OTHER }), hall(), 60), /^offer/);
});

test('respond: one card under ever new names gets eight addresses, not the pool', () => {
  const names = Array.from({ length: 9 }, (_, i) => [message('discover', { clientId: `ff0${i}` })] as const);
  assert.equal(play(names).shown, 'ignore too-many-leases');
});

test('respond: a reserved address that its owner found in use rests, too', () => {
  const { leases } = play(bind({ mac: DESK7 }, ip('172.16.0.105')));
  takeOver(leases, message('decline', { mac: DESK7, server: FLINK, requested: ip('172.16.0.105') }), hall());
  assert.match(takeOver(leases, message('discover', { mac: DESK7 }), hall()), /^offer 172\.16\.0\.1\d\d pool$/);
});

test('respond: a client behind a relay renews by itself, from its own subnet (§4.3.2)', () => {
  const relayed = { giaddr: RELAY, requested: ip('10.1.0.55') };
  const { leases } = play([[message('discover', relayed)], [message('request', { ...relayed, server: FLINK })]]);
  assert.equal(
    takeOver(leases, message('request', { ciaddr: ip('10.1.0.55'), flags: 0 }), hall()),
    'ack 10.1.0.55 current-binding',
  );
});

test('respond: with dhcp.mode off nobody is answered', () => {
  assert.equal(play([[discover]], hall({ role: 'off' })).shown, 'ignore mode-off');
});

test('respond: in a crowded pool of 60,000 the last free address is found, each search bounded', () => {
  const network = hall().networks[0];
  const range = { first: ip('172.16.1.0'), last: ip('172.16.235.95') };
  const policy = hall({ networks: [{ ...network, range }] });
  const leases = new LeaseTable();
  const free = ip('172.16.77.77');
  for (let n = 0; n < 60_000; n++) {
    const address = ip(`172.16.${1 + Math.floor(n / 256)}.${n % 256}`);
    if (address !== free)
      leases.put({
        address,
        mac: macNumber(n),
        clientId: undefined,
        isBoot: false,
        hostname: undefined,
        state: 'bound',
        expiresAtMs: HOUR_MS,
      });
  }
  const answers = Array.from({ length: 40 }, () =>
    show(decide(message('discover', { mac: macNumber(70_000) }), policy, leases, 0)),
  );
  assert.ok(answers.includes(`offer ${free} pool`), answers[0]);
});

test('respond: what boots a machine is ours alone, an operator’s options cannot contradict it', () => {
  const extraOptions = new Map([
    [66, ofText('10.0.0.1')],
    [67, ofText('other.efi')],
    [43, Uint8Array.of(1, 0)],
    [97, Uint8Array.of(0)],
    [150, Uint8Array.of(9, 9, 9, 9)],
  ]);
  const policy = hall({ extraOptions });
  const boot = shownOptions(replyTo(decode(golden('uefi-discover')), policy));
  assert.ok(
    boot.includes('67 boot-file-name: "shimx64.efi"') && boot.includes('66 tftp-server-name: "172.16.0.10"'),
    boot.join('\n'),
  );
  const phone = shownOptions(replyTo(discover, policy));
  assert.ok(
    phone.includes('67 boot-file-name: "other.efi"'),
    'who does not boot gets what the operator wrote: telephones live by 66',
  );
});

test('respond: option 82 without a relay is not echoed, however large', () => {
  const reply = encode(replyTo(message('discover', { options: [[82, new Uint8Array(1000)]] })));
  assert.ok(reply.length <= 548);
  assert.ok(!decode(reply).options.has(82));
});

const replyTo = (packet: DhcpPacket, policy = hall()) => {
  const { last } = play([[packet]], policy);
  assert.ok('reply' in last, show(last));
  return last.reply.packet;
};
const shownOptions = (packet: DhcpPacket) => [...packet.options].map(([code, value]) => showOption(code, value));

test('respond: OVMF’s DISCOVER is answered to the letter', () => {
  const reply = replyTo(decode(golden('uefi-discover')));
  assert.equal(reply.siaddr, '172.16.0.10');
  assert.equal(Buffer.from(reply.sname).toString(), '172.16.0.10');
  assert.equal(Buffer.from(reply.file).toString(), 'shimx64.efi');
  assert.deepEqual(
    shownOptions(reply).filter((line) => !/^97/.test(line)),
    [
      '53 message-type: 2',
      '54 server-identifier: 172.16.0.1',
      '51 lease-time: 3600',
      '60 vendor-class: "PXEClient"',
      '43 vendor-specific: 060108ff',
      '66 tftp-server-name: "172.16.0.10"',
      '67 boot-file-name: "shimx64.efi"',
      '150 tftp-server-address: 172.16.0.10',
      '1 subnet-mask: 255.255.0.0',
      '3 routers: 172.16.0.1',
      '6 domain-name-servers: 172.16.0.1',
      '15 domain-name: "flisol.lan"',
      '28 broadcast-address: 172.16.255.255',
      '58 renewal-time: 1800',
      '59 rebinding-time: 3150',
    ],
  );
  assert.deepEqual(reply.options.get(97), decode(golden('uefi-discover')).options.get(97), 'RFC 4578 §2.3');
});

test('respond: every client gets the node in siaddr; who did not ask to boot gets no file', () => {
  const reply = replyTo(decode(golden('udhcpc-discover')));
  assert.equal(reply.siaddr, '172.16.0.10');
  assert.equal(reply.file.length, 0);
  assert.ok(![43, 60, 66, 67].some((code) => reply.options.has(code)));
});

test('respond: options come in the order in which they were asked for (RFC 2132 §9.8)', () => {
  const reply = replyTo(
    message('discover', { options: [[OPTION.parameterRequestList, Uint8Array.of(28, 6, 1, 224)]] }),
  );
  assert.deepEqual([...reply.options.keys()], [53, 54, 51, 28, 6, 1]);
});

test('respond: an operator’s option is sent to everybody and goes over ours', () => {
  const policy = hall({
    extraOptions: new Map([
      [42, Uint8Array.of(172, 16, 0, 1)],
      [15, ofText('other.lan')],
    ]),
  });
  const reply = replyTo(discover, policy);
  assert.equal(Buffer.from(reply.options.get(15) ?? []).toString(), 'other.lan');
  assert.ok(reply.options.has(42));
});

test('respond: client identifier and relay options come back (RFC 6842 §3, RFC 3046 §2.2)', () => {
  const relayed = message('discover', {
    giaddr: RELAY,
    clientId: 'ff0102',
    options: [[82, Uint8Array.of(1, 2, 0, 5)]],
  });
  const reply = decode(encode(replyTo(relayed)));
  assert.deepEqual([...(reply.options.get(61) ?? [])], [0xff, 1, 2]);
  assert.deepEqual([...reply.options.keys()].at(-1), 82);
});

test('respond: INFORM’s answer has neither address nor lease time (§4.3.5)', () => {
  const reply = replyTo(message('inform', { ciaddr: ip('172.16.9.9'), options: [[55, Uint8Array.of(1, 51, 58, 59)]] }));
  assert.equal(reply.yiaddr, '0.0.0.0');
  assert.deepEqual([...reply.options.keys()], [53, 54, 1]);
});

test('respond: without a live fnode there is an address and nothing to boot', () => {
  const policy = hall({ place: () => ({ node: undefined, rule: 'no-node', loader: undefined }) });
  const reply = replyTo(decode(golden('uefi-discover')), policy);
  assert.deepEqual([reply.siaddr, reply.file.length, reply.options.has(67)], ['172.16.0.1', 0, false]);
});

const hostnames = [
  { sent: 'Desk-7', kept: 'desk-7' },
  { sent: 'laptop.example.org', kept: 'laptop' },
  { sent: 'a\u0000', kept: 'a' },
  { sent: '<script>', kept: undefined },
  { sent: '-x', kept: undefined },
  { sent: 'x'.repeat(64), kept: undefined },
  { sent: '', kept: undefined },
];
for (const { sent, kept } of hostnames) {
  test(`respond: the host name ${JSON.stringify(sent)} is kept as ${kept ?? 'nothing'}`, () => {
    const { leases } = play([[message('discover', { options: [[12, ofText(sent)]] })]]);
    assert.equal(leases.at(MINE)?.hostname, kept);
  });
}

const deliveries = [
  {
    name: 'an offer never goes to the address that a DISCOVER claims',
    packet: message('discover', { ciaddr: ip('198.51.100.1'), flags: 0 }),
    type: MESSAGE.offer,
    want: '255.255.255.255:68',
  },
  {
    name: 'a relayed request goes back to its relay',
    packet: message('discover', { giaddr: RELAY }),
    type: MESSAGE.offer,
    want: '10.1.0.1:67',
  },
  {
    name: 'a client that has an address gets unicast',
    packet: message('request', { ciaddr: MINE, flags: 0 }),
    type: MESSAGE.ack,
    want: `${MINE}:68`,
  },
  {
    name: 'one that has none gets broadcast',
    packet: message('discover', { flags: 0 }),
    type: MESSAGE.offer,
    want: '255.255.255.255:68',
  },
  {
    name: 'a NAK is broadcast even so (§4.3.2)',
    packet: message('request', { ciaddr: MINE, flags: 0 }),
    type: MESSAGE.nak,
    want: '255.255.255.255:68',
  },
  {
    name: 'a NAK through a relay goes to the relay',
    packet: message('request', { giaddr: RELAY }),
    type: MESSAGE.nak,
    want: '10.1.0.1:67',
  },
];
for (const c of deliveries) {
  test(`deliver: ${c.name} (RFC 2131 §4.1)`, () => {
    const to = deliver(c.packet, c.type);
    assert.equal(`${to.address}:${to.port}`, c.want);
  });
}

test('respond: a NAK through a relay carries the broadcast bit (§4.3.2)', () => {
  assert.equal(replyTo(message('request', { giaddr: RELAY, flags: 0, requested: ip('192.168.1.5') })).flags, 0x8000);
});

const sizes = [
  { name: 'no option 57: what every client must take', value: undefined, want: 548 },
  { name: 'less than the minimum is the minimum', value: 300, want: 548 },
  { name: 'OVMF’s 1472', value: 1472, want: 1444 },
  { name: 'OVMF’s 65280 is one Ethernet frame', value: 65280, want: 1472 },
];
for (const c of sizes) {
  test(`limitsFor: ${c.name} (RFC 2132 §9.10)`, () => {
    const options: [number, Uint8Array][] =
      c.value === undefined ? [] : [[57, Uint8Array.of(Math.floor(c.value / 256), c.value % 256)]];
    assert.deepEqual(limitsFor(message('discover', { options }), undefined), { maxBytes: c.want, mayOverload: true });
  });
}

const hostile: readonly { name: string; options: readonly (readonly [number, Uint8Array])[] }[] = [
  ...[12, 50, 51, 53, 54, 55, 57, 60, 61, 77, 81, 82, 93, 97, 116, 175].map((code) => ({
    name: `option ${code} of no octets`,
    options: [[code, new Uint8Array(0)] as const],
  })),
  { name: 'a client identifier of 300 octets', options: [[61, new Uint8Array(300).fill(1)]] },
  { name: 'an option 82 of parts in parts', options: [[82, Uint8Array.of(82, 4, 82, 2, 5, 0, 5, 4, 10, 1, 0, 0)]] },
  { name: 'an option 43 whose part goes over its end', options: [[43, Uint8Array.of(6, 200, 1)]] },
  { name: 'an option 125 of nothing but lengths', options: [[125, new Uint8Array(255).fill(255)]] },
  { name: 'a parameter list of all there is', options: [[55, Uint8Array.from({ length: 255 }, (_, i) => i)]] },
  { name: 'a parameter list of one code, 255 times', options: [[55, new Uint8Array(255).fill(3)]] },
];
for (const type of ['discover', 'request', 'decline', 'release', 'inform'] as const) {
  test(`respond: whatever is odd in a ${type}, there is a decision, and its answer fits`, () => {
    for (const { name, options } of hostile) {
      for (const giaddr of [ip('0.0.0.0'), RELAY, ip('255.255.255.255')]) {
        const { last } = play([[message(type, { giaddr, ciaddr: MINE, options })]]);
        if ('reply' in last) assert.ok(encode(last.reply.packet, last.reply.limits).length <= 548, name);
      }
    }
  });
}

test('respond: a client identifier of 300 octets is nobody’s, and is kept nowhere', () => {
  const { leases } = play([[message('discover', { options: [[61, new Uint8Array(300).fill(1)]] })]]);
  assert.equal(leases.at(MINE)?.clientId, undefined);
});

for (const type of ['release', 'decline'] as const) {
  test(`respond: a storm of 1,000 ${type}s for other people’s leases changes nothing`, () => {
    const { leases } = play(bind({ clientId: 'ff01' }, MINE));
    const before = [...leases.all()];
    for (let n = 0; n < 1000; n++) {
      const made = { mac: n % 2 ? macNumber(n) : undefined, ciaddr: MINE, requested: MINE, clientId: 'ff02' };
      assert.equal(
        takeOver(leases, message(type, { ...made, server: FLINK } as Made), hall(), n),
        'ignore not-the-holder',
      );
    }
    assert.deepEqual([...leases.all()], before);
  });
}

test('respond: of 100,000 mutated packets whatever decodes gets a decision, never an exception, and its answer can be encoded', () => {
  const random = seeded(4578);
  const leases = new LeaseTable();
  const names = ['uefi-discover', 'uefi-request', 'bios-ipxe-request', 'udhcpc-request', 'uefi-http-discover'];
  for (let i = 0; i < 100_000; i++) {
    let packet: DhcpPacket;
    try {
      packet = decode(mutate(golden(names[i % names.length] ?? ''), random));
    } catch {
      continue;
    }
    const decision = decide(packet, hall(), leases, i);
    if ('lease' in decision) leases.put(decision.lease);
    if ('reply' in decision) decode(encode(decision.reply.packet, decision.reply.limits));
  }
  assert.ok(leases.size <= 21, 'no more leases than addresses');
});
