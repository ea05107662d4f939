import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4, Mac } from '../../src/core/addr.ts';
import { type Claim, chooseAddress } from '../../src/dhcp/address.ts';
import type { Decision } from '../../src/dhcp/decision.ts';
import { type Lease, LeaseTable } from '../../src/dhcp/leases.ts';
import type { DhcpPacket } from '../../src/dhcp/packet.ts';
import { type Finding, Presence } from '../../src/dhcp/presence.ts';
import { DESK7, decide, FLINK, hall, LAPTOP, message } from '../support/dhcp.ts';

const ip = (end: number) => `172.16.0.${end}` as Ipv4;
const OTHER = '52:54:00:00:00:99' as Mac;
const SQUATTER = '52:54:00:66:66:66' as Mac;
const HOUR_MS = 3_600_000;
/** Where the laptop's MAC leads to, in the pool 101 to 110 without 105. */
const PLACE = 108;
const NEXT = 109;

const free = (end: number): Finding => ({ address: ip(end), seen: 'free', mac: undefined, isSure: true });
const taken = (end: number, mac: Mac = SQUATTER): Finding => ({ address: ip(end), seen: 'taken', mac, isSure: true });

interface Known {
  readonly seen?: readonly Finding[];
  readonly spares?: readonly number[];
  readonly isRushed?: boolean;
  readonly claimed?: readonly (readonly [number, Mac])[];
  readonly leases?: readonly (Partial<Lease> & { readonly address: Ipv4 })[];
  /** After all that. */
  readonly nowMs?: number;
}

function world(known: Known) {
  const presence = new Presence(() => known.isRushed ?? false);
  const network = hall().networks[0];
  for (const finding of known.seen ?? []) presence.found(finding, 0);
  for (const end of known.spares ?? []) {
    presence.found(free(end), 0);
    presence.sparesOf(network.range).add(ip(end));
  }
  for (const [end, mac] of known.claimed ?? []) presence.claim(ip(end), mac, 0);
  const leases = new LeaseTable();
  const usual = { mac: LAPTOP, clientId: undefined, isBoot: false, hostname: undefined, state: 'bound' } as const;
  for (const lease of known.leases ?? []) leases.put({ ...usual, expiresAtMs: HOUR_MS, ...lease });
  return { presence, leases, network };
}

function choice(known: Known, wanted?: number, mac: Mac = LAPTOP): string {
  const { presence, leases, network } = world(known);
  const key = { mac, clientId: undefined, isBoot: false };
  const claim: Claim = { mac, key, network, leases, policy: hall(), presence, nowMs: known.nowMs ?? 0 };
  const chosen = chooseAddress(claim, wanted === undefined ? undefined : ip(wanted));
  return chosen.kind === 'none' ? chosen.reason : `${chosen.kind} ${chosen.address.split('.')[3]} ${chosen.rule}`;
}

const choices: readonly { name: string; known: Known; wanted?: number; mac?: Mac; want: string }[] = [
  { name: 'nobody has looked: look first', known: {}, want: `look ${PLACE} pool` },
  { name: 'found free: it is given', known: { seen: [free(PLACE)] }, want: `address ${PLACE} pool` },
  { name: 'found taken: the next one', known: { seen: [taken(PLACE)] }, want: `look ${NEXT} pool` },
  {
    name: 'its own place comes before a spare, while there is time to look',
    known: { spares: [107] },
    want: `look ${PLACE} pool`,
  },
  { name: 'in a rush a spare', known: { spares: [107], isRushed: true }, want: 'address 107 pool' },
  {
    name: 'even one of some minutes ago',
    known: { spares: [107], isRushed: true, nowMs: 60_000 },
    want: 'address 107 pool',
  },
  {
    name: 'while there is time a spare is looked at once more',
    known: { seen: [taken(PLACE)], spares: [107], nowMs: 60_000 },
    want: 'look 107 pool',
  },
  {
    name: 'where strangers sit a spare, rather than one look after the other',
    known: { seen: [taken(PLACE)], spares: [107] },
    want: 'address 107 pool',
  },
  {
    name: 'in a rush without a spare: look',
    known: { isRushed: true },
    want: `look ${PLACE} pool`,
  },
  {
    name: 'a spare that somebody has got meanwhile is none',
    known: { spares: [107, 103], isRushed: true, leases: [{ address: ip(107), mac: OTHER }] },
    want: 'address 103 pool',
  },
  {
    name: 'what somebody else waits for is not open',
    known: { claimed: [[PLACE, OTHER]] },
    want: `look ${NEXT} pool`,
  },
  {
    name: 'what it waits for itself is',
    known: { claimed: [[PLACE, LAPTOP]] },
    want: `look ${PLACE} pool`,
  },
  {
    name: 'what was looked at for it is given, even if its own place is free again meanwhile',
    known: { claimed: [[NEXT, LAPTOP]], seen: [free(NEXT)] },
    want: `address ${NEXT} pool`,
  },
  {
    name: 'a spare that somebody else waits for is none',
    known: { spares: [107, 103], isRushed: true, claimed: [[107, OTHER]] },
    want: 'address 103 pool',
  },
  {
    name: 'strangers everywhere: the pool is empty',
    known: { seen: [101, 102, 103, 104, 106, 107, 108, 109, 110].map((end) => taken(end)) },
    want: 'pool-empty',
  },
  {
    name: 'what it asks for is looked at (option 50)',
    known: {},
    wanted: 103,
    want: 'look 103 requested',
  },
  { name: 'and given when nobody is there', known: { seen: [free(103)] }, wanted: 103, want: 'address 103 requested' },
  {
    name: 'and given when it is there itself',
    known: { seen: [taken(103, LAPTOP)] },
    wanted: 103,
    want: 'address 103 requested',
  },
  { name: 'but not when somebody is', known: { seen: [taken(103)] }, wanted: 103, want: `look ${PLACE} pool` },
  {
    name: 'what it holds needs no look: it answers there itself',
    known: { seen: [taken(104)], leases: [{ address: ip(104) }] },
    want: 'address 104 current-binding',
  },
  {
    name: 'nor what it was offered a moment ago',
    known: { leases: [{ address: ip(104), state: 'offered' }] },
    want: 'address 104 current-binding',
  },
  {
    name: 'what it held is looked at',
    known: { leases: [{ address: ip(104), expiresAtMs: 0 }] },
    want: 'look 104 former-binding',
  },
  {
    name: 'and is its own when it is there itself',
    known: { seen: [taken(104, LAPTOP)], leases: [{ address: ip(104), expiresAtMs: 0 }] },
    want: 'address 104 former-binding',
  },
  {
    name: 'and gone when somebody else is',
    known: { seen: [taken(104)], leases: [{ address: ip(104), expiresAtMs: 0 }] },
    want: `look ${PLACE} pool`,
  },
  {
    name: 'an address that rested because it was declined is looked at before it is given again',
    known: { leases: [{ address: ip(PLACE), mac: OTHER, state: 'declined', expiresAtMs: 0 }] },
    wanted: PLACE,
    want: `look ${PLACE} requested`,
  },
  {
    name: 'a reservation is the operator’s word',
    known: { seen: [taken(105)] },
    mac: DESK7,
    want: 'address 105 reservation',
  },
];
for (const c of choices)
  test(`address: ${c.name} (RFC 2131 §4.3.1)`, () => assert.equal(choice(c.known, c.wanted, c.mac), c.want));

function show(decision: Decision): string {
  const address = 'lease' in decision ? decision.lease.address : 'address' in decision ? decision.address : undefined;
  const reason = 'reason' in decision ? decision.reason : undefined;
  return [decision.kind, address?.split('.')[3], reason].filter((word) => word !== undefined).join(' ');
}

const select = (end: number) => message('request', { server: FLINK, requested: ip(end) });
const reboot = (end: number) => message('request', { requested: ip(end) });
const former = { leases: [{ address: ip(104), expiresAtMs: 0 }] };
const decisions: readonly { name: string; request: DhcpPacket; known: Known; want: string }[] = [
  { name: 'DISCOVER waits for a look', request: message('discover'), known: {}, want: `probe ${PLACE}` },
  {
    name: 'and is offered what was found free',
    request: message('discover'),
    known: { seen: [free(PLACE)] },
    want: `offer ${PLACE}`,
  },
  {
    name: 'REQUEST for an address that this process has not offered waits, too',
    request: select(103),
    known: {},
    want: 'probe 103',
  },
  {
    name: 'and is refused when somebody is there',
    request: select(103),
    known: { seen: [taken(103)] },
    want: 'nak not-offered',
  },
  {
    name: 'REQUEST for what was offered is acknowledged at once',
    request: select(104),
    known: { leases: [{ address: ip(104), state: 'offered' }] },
    want: 'ack 104',
  },
  { name: 'INIT-REBOOT with an expired lease waits', request: reboot(104), known: former, want: 'probe 104' },
  {
    name: 'and is refused when somebody else has come there',
    request: reboot(104),
    known: { ...former, seen: [taken(104)] },
    want: 'nak not-yours',
  },
  {
    name: 'INIT-REBOOT of a stranger gets silence, and nobody looks',
    request: reboot(104),
    known: {},
    want: 'ignore no-record',
  },
  {
    name: 'RENEWING is where it is: nobody looks',
    request: message('request', { ciaddr: ip(104) }),
    known: former,
    want: 'ack 104',
  },
];
for (const c of decisions)
  test(`address: ${c.name} (RFC 2131 §4.3.2)`, () => {
    const { presence, leases } = world(c.known);
    assert.equal(show(decide(c.request, hall(), leases, { presence })), c.want);
  });
