/** What a DHCP message deserves: RFC 2131 §4.3, one function a state. Pure, so `explain` prints what the server would do. */
import { type Ipv4, type Mac, macFromBytes, subnetHas, UNSPECIFIED } from '../core/addr.ts';
import { hex } from '../core/bytes.ts';
import {
  type AddressRule,
  backFromRest,
  type Claim,
  chooseAddress,
  isOpen,
  leftBehind,
  reservedAddress,
} from './address.ts';
import { isHeld, type Lease, type LeaseView } from './leases.ts';
import type { Machine, MachineView } from './machines.ts';
import { cleanHostname, OPTION, readIpv4, readText, readU8 } from './options.ts';
import { BOOTREQUEST, type DhcpPacket, type EncodeLimits } from './packet.ts';
import type { DhcpNetwork, DhcpPolicy, Placement } from './policy.ts';
import type { PresenceView } from './presence.ts';
import { type BootAnswer, type BootClient, bootAnswer, identify } from './pxe.ts';
import { grantReply, limitsFor, MESSAGE, nakReply } from './reply.ts';

export interface Reply {
  readonly packet: DhcpPacket;
  readonly limits: EncodeLimits;
}

export type IgnoreReason =
  | 'mode-off'
  | 'not-a-request'
  | 'not-ethernet'
  | 'unknown-message'
  | 'unknown-relay'
  | 'pool-empty'
  | 'too-many-leases'
  | 'other-server'
  | 'no-record'
  | 'not-the-holder'
  | 'foreign-address'
  | 'no-address';

export type NakReason = 'wrong-network' | 'not-yours' | 'not-offered';

/** What a client is given and by which rules. */
export interface Granted {
  readonly reply: Reply;
  readonly client: BootClient;
  readonly placement: Placement;
  readonly boot: BootAnswer | undefined;
  /** What is to be remembered of the machine from now on; nothing new without it. */
  readonly machine?: Machine;
}

/** What becomes of the table. */
export interface Change {
  /** The record that the message is about, as it is from now on. */
  readonly lease: Lease;
  /** Others that are free because of it. */
  readonly freed: readonly Lease[];
}

export type Decision =
  | ({ readonly kind: 'offer' | 'ack'; readonly rule: AddressRule } & Change & Granted)
  | ({ readonly kind: 'inform' } & Granted)
  | { readonly kind: 'nak'; readonly reason: NakReason; readonly reply: Reply }
  | ({ readonly kind: 'release' | 'decline' } & Change)
  /** Boot data beside somebody else's DHCP: an offer without an address, or the answer of the PXE port. */
  | ({ readonly kind: 'proxy-offer' | 'proxy-ack' } & Granted)
  /** Nobody has looked lately who is on `address`: look, then decide anew. */
  | { readonly kind: 'probe'; readonly address: Ipv4; readonly mac: Mac }
  | { readonly kind: 'ignore'; readonly reason: IgnoreReason };

/** What decisions know of the world at one moment. */
export interface Facts {
  readonly policy: DhcpPolicy;
  readonly leases: LeaseView;
  readonly presence: PresenceView;
  readonly machines: MachineView;
  /** Which port the request came to: 67, or the PXE port 4011. */
  readonly door: 'dhcp' | 'pxe';
  /** `Clock.now`. */
  readonly nowMs: number;
}

/** An offer is kept for a client this long; a boot ROM asks for it within 32 s or not at all. */
const OFFER_MS = 30_000;
/** A declined address rests; whoever sits on it may have left by then. Kea's default is a day, a hall is shorter. */
const DECLINE_MS = 600_000;
const ETHERNET = 1;

/** One request with what every rule needs to know of it. */
interface Case extends Claim, Facts {
  readonly request: DhcpPacket;
  readonly client: BootClient;
}

/** Never throws. */
export function respond(request: DhcpPacket, facts: Facts): Decision {
  const { policy } = facts;
  if (policy.role !== 'server' || facts.door === 'pxe') return ignore('mode-off');
  if (request.op !== BOOTREQUEST) return ignore('not-a-request');
  if (request.htype !== ETHERNET || request.hlen !== 6) return ignore('not-ethernet');
  const network = networkOf(request, policy);
  if (!network) return ignore('unknown-relay');
  const client = identify(request.options);
  const mac = macFromBytes(request.chaddr);
  const key = { mac, clientId: clientIdentifier(request), isBoot: client.stage !== 'system' };
  const it: Case = { ...facts, request, mac, client, key, network };
  switch (readU8(request.options.get(OPTION.messageType))) {
    case MESSAGE.discover:
      return onDiscover(it);
    case MESSAGE.request:
      return onRequest(it);
    case MESSAGE.decline:
      return onDecline(it);
    case MESSAGE.release:
      return onRelease(it);
    case MESSAGE.inform:
      return onInform(it);
    default:
      return ignore('unknown-message');
  }
}

const ignore = (reason: IgnoreReason): Decision => ({ kind: 'ignore', reason });

/** Option 61 in hex. RFC 2132 §9.14: at least two octets; a shorter one names nobody. */
function clientIdentifier(request: DhcpPacket): string | undefined {
  const value = request.options.get(OPTION.clientIdentifier);
  return value && value.length >= 2 ? hex(value) : undefined;
}

/**
 * The relay's address names the subnet (RFC 2131 §4.3.1); without one it is the LAN, unless a client behind a relay speaks to us
 * itself from the address that it has.
 */
function networkOf({ giaddr, ciaddr }: DhcpPacket, policy: DhcpPolicy): DhcpNetwork | undefined {
  if (giaddr !== UNSPECIFIED) return policy.networks.find((network) => subnetHas(network.subnet, giaddr));
  return (
    policy.networks.find((network) => ciaddr !== UNSPECIFIED && subnetHas(network.subnet, ciaddr)) ?? policy.networks[0]
  );
}

/** RFC 2131 §4.3.1. */
function onDiscover(facts: Case): Decision {
  const chosen = chooseAddress(facts, readIpv4(facts.request.options.get(OPTION.requestedAddress)));
  return chosen.kind === 'none' ? ignore(chosen.reason) : grant(facts, 'offer', chosen.address, chosen.rule);
}

/** RFC 2131 §4.3.2: which state the client is in shows in 54, 50 and ciaddr. */
function onRequest(facts: Case): Decision {
  const { request, policy } = facts;
  const server = readIpv4(request.options.get(OPTION.serverIdentifier));
  const wanted = readIpv4(request.options.get(OPTION.requestedAddress));
  if (server !== undefined) {
    if (server !== policy.serverAddress) return withdraw(facts);
    return onSelecting(facts, wanted ?? request.ciaddr);
  }
  if (request.ciaddr !== UNSPECIFIED) return onRenewing(facts);
  return wanted === undefined ? ignore('no-address') : onInitReboot(facts, wanted);
}

/** Another server was taken: what we offered is free again. */
function withdraw({ leases, key }: Case): Decision {
  const lease = leases.of(key).find(({ state }) => state === 'offered');
  return lease ? released(lease) : ignore('other-server');
}

const released = (lease: Lease): Decision => ({ kind: 'release', lease: { ...lease, state: 'released' }, freed: [] });

function onSelecting(facts: Case, wanted: Ipv4): Decision {
  const chosen = chooseAddress(facts, wanted);
  if (chosen.kind === 'address' && chosen.address === wanted) return grant(facts, 'ack', wanted, chosen.rule);
  return nak(facts, subnetHas(facts.network.subnet, wanted) ? 'not-offered' : 'wrong-network');
}

/** A client that remembers an address after a restart. Silence when we know nothing: another server may. */
function onInitReboot(facts: Case, wanted: Ipv4): Decision {
  if (!subnetHas(facts.network.subnet, wanted)) return nak(facts, 'wrong-network');
  const chosen = chooseAddress(facts, undefined);
  if (chosen.kind === 'none' || chosen.rule === 'pool') return ignore('no-record');
  return chosen.address === wanted ? grant(facts, 'ack', wanted, chosen.rule) : nak(facts, 'not-yours');
}

/** RENEWING and REBINDING. A client we have no record of keeps a free address of ours: RFC 2131 §4.3.2 trusts its ciaddr. */
function onRenewing(facts: Case): Decision {
  const { request, network } = facts;
  const address = request.ciaddr;
  if (!subnetHas(network.subnet, address)) return nak(facts, 'wrong-network');
  const reserved = reservedAddress(facts);
  if (reserved !== undefined)
    return reserved === address ? grant(facts, 'ack', address, 'reservation') : nak(facts, 'not-yours');
  if (!isOpen(address, facts)) return nak(facts, 'not-yours');
  return grant(facts, 'ack', address, 'current-binding');
}

/** RFC 2131 §4.3.3. Only the holder can say that its address is in use: anybody else could empty the pool. */
function onDecline(facts: Case): Decision {
  const lease = ownLease(facts, readIpv4(facts.request.options.get(OPTION.requestedAddress)));
  if (!lease) return ignore('not-the-holder');
  const resting: Lease = { ...lease, state: 'declined', expiresAtMs: facts.nowMs + DECLINE_MS };
  return { kind: 'decline', lease: resting, freed: backFromRest(facts) };
}

/** RFC 2131 §4.3.4. The record stays, so that the client gets the same address again. */
function onRelease(facts: Case): Decision {
  const lease = ownLease(facts, facts.request.ciaddr);
  return lease ? released(lease) : ignore('not-the-holder');
}

/**
 * The lease of `address`, if the sender is who has it: MAC and identifier both, since either can be read off the wire. What a boot
 * stage got goes by the MAC alone, as the next stage may call itself otherwise.
 */
function ownLease({ request, policy, leases, key }: Case, address: Ipv4 | undefined): Lease | undefined {
  const server = readIpv4(request.options.get(OPTION.serverIdentifier));
  const lease = address === undefined ? undefined : leases.at(address);
  if (!lease || lease.mac !== key.mac || lease.state === 'declined') return undefined;
  if (server !== undefined && server !== policy.serverAddress) return undefined;
  return lease.isBoot || lease.clientId === key.clientId ? lease : undefined;
}

/** RFC 2131 §4.3.5. The answer goes to the address that the client says it has: one outside the subnet would be a stranger's. */
function onInform(facts: Case): Decision {
  const { ciaddr } = facts.request;
  if (ciaddr !== UNSPECIFIED && !subnetHas(facts.network.subnet, ciaddr)) return ignore('foreign-address');
  return { kind: 'inform', ...granted(facts, MESSAGE.ack, undefined) };
}

function nak(facts: Case, reason: NakReason): Decision {
  return {
    kind: 'nak',
    reason,
    reply: { packet: nakReply(facts.request, reason, facts.policy), limits: limitsFor(facts.request, undefined) },
  };
}

function grant(facts: Case, kind: 'offer' | 'ack', address: Ipv4, rule: AddressRule): Decision {
  const before = facts.leases.at(address);
  const isRunning = before?.state === 'bound' && isHeld(before, facts.nowMs);
  // An offer changes nothing about a lease that runs, whoever asked: only its ACK may.
  const lease = kind === 'offer' && isRunning ? before : leaseFor(facts, kind, address);
  const freed = kind === 'ack' ? leftBehind(address, facts) : [];
  return { kind, lease, freed, rule, ...granted(facts, kind === 'ack' ? MESSAGE.ack : MESSAGE.offer, address) };
}

function leaseFor(facts: Case, kind: 'offer' | 'ack', address: Ipv4): Lease {
  const { mac, key, leases, policy, nowMs, request } = facts;
  const before = leases.at(address);
  return {
    address,
    mac,
    clientId: key.clientId,
    isBoot: key.isBoot || (before !== undefined && before.mac === mac && before.isBoot && before.state !== 'declined'),
    hostname: policy.reservationFor(mac)?.hostname ?? cleanHostname(readText(request.options.get(OPTION.hostName))),
    state: kind === 'ack' ? 'bound' : 'offered',
    expiresAtMs: nowMs + (kind === 'ack' ? policy.leaseTimeSec * 1000 : OFFER_MS),
  };
}

function granted(facts: Case, type: typeof MESSAGE.offer | typeof MESSAGE.ack, address: Ipv4 | undefined): Granted {
  const { request, policy, mac, client, network } = facts;
  const placement = policy.place({ mac, uuid: client.machineId });
  const boot = placement.node && bootAnswer(client, placement.node, placement.loader, policy.loaders);
  const hostname = policy.reservationFor(mac)?.hostname;
  const packet = grantReply(request, { type, network, address, hostname, placement, boot }, policy);
  return { reply: { packet, limits: limitsFor(request, boot) }, client, placement, boot };
}
