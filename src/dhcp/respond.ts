/** What a DHCP message deserves: RFC 2131 §4.3, one function a state. Pure, so `explain` prints what the server would do. */
import { type Ipv4, type Mac, macFromBytes, rangeHas, subnetHas, UNSPECIFIED } from '../core/addr.ts';
import { hex } from '../core/bytes.ts';
import { type ClientKey, isHeld, type Lease, type LeaseView } from './leases.ts';
import { cleanHostname, OPTION, readIpv4, readText, readU8 } from './options.ts';
import { BOOTREQUEST, type DhcpPacket, type EncodeLimits } from './packet.ts';
import type { DhcpNetwork, DhcpPolicy, Placement } from './policy.ts';
import { type BootAnswer, type BootClient, bootAnswer, identify } from './pxe.ts';
import { grantReply, limitsFor, MESSAGE, nakReply } from './reply.ts';

export interface Reply {
  readonly packet: DhcpPacket;
  readonly limits: EncodeLimits;
}

/** Why this address: the order of RFC 2131 §4.3.1. */
export type AddressRule = 'reservation' | 'current-binding' | 'former-binding' | 'requested' | 'pool';

export type IgnoreReason =
  | 'not-a-request'
  | 'not-ethernet'
  | 'unknown-message'
  | 'unknown-relay'
  | 'pool-empty'
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
}

export type Decision =
  | ({ readonly kind: 'offer' | 'ack'; readonly lease: Lease; readonly rule: AddressRule } & Granted)
  | ({ readonly kind: 'inform' } & Granted)
  | { readonly kind: 'nak'; readonly reason: NakReason; readonly reply: Reply }
  | { readonly kind: 'release' | 'decline'; readonly lease: Lease }
  | { readonly kind: 'ignore'; readonly reason: IgnoreReason };

/** An offer is kept for a client this long; a boot ROM asks for it within 32 s or not at all. */
const OFFER_MS = 30_000;
/** A declined address rests; whoever sits on it may have left by then. Kea's default is a day, a hall is shorter. */
const DECLINE_MS = 600_000;
const ETHERNET = 1;

/** One request with what every rule needs to know of it. */
interface Case {
  readonly request: DhcpPacket;
  readonly mac: Mac;
  readonly client: BootClient;
  readonly key: ClientKey;
  readonly network: DhcpNetwork;
  readonly leases: LeaseView;
  readonly policy: DhcpPolicy;
  readonly nowMs: number;
}

/** Never throws. `nowMs` is `Clock.now`. */
export function respond(request: DhcpPacket, policy: DhcpPolicy, leases: LeaseView, nowMs: number): Decision {
  if (request.op !== BOOTREQUEST) return ignore('not-a-request');
  if (request.htype !== ETHERNET || request.hlen !== 6) return ignore('not-ethernet');
  const network = networkOf(request, policy);
  if (!network) return ignore('unknown-relay');
  const client = identify(request.options);
  const mac = macFromBytes(request.chaddr);
  const clientId = request.options.get(OPTION.clientIdentifier);
  const key = { mac, clientId: clientId && hex(clientId), isBoot: client.stage !== 'system' };
  const facts: Case = { request, mac, client, key, network, leases, policy, nowMs };
  switch (readU8(request.options.get(OPTION.messageType))) {
    case MESSAGE.discover:
      return onDiscover(facts);
    case MESSAGE.request:
      return onRequest(facts);
    case MESSAGE.decline:
      return onDecline(facts);
    case MESSAGE.release:
      return onRelease(facts);
    case MESSAGE.inform:
      return onInform(facts);
    default:
      return ignore('unknown-message');
  }
}

const ignore = (reason: IgnoreReason): Decision => ({ kind: 'ignore', reason });

/** The relay's address names the subnet (RFC 2131 §4.3.1); without one it is the LAN. */
function networkOf(request: DhcpPacket, policy: DhcpPolicy): DhcpNetwork | undefined {
  if (request.giaddr === UNSPECIFIED) return policy.networks[0];
  return policy.networks.find((network) => subnetHas(network.subnet, request.giaddr));
}

/** RFC 2131 §4.3.1. */
function onDiscover(facts: Case): Decision {
  const found = addressFor(facts);
  return found ? grant(facts, 'offer', found.address, found.rule) : ignore('pool-empty');
}

/** The reservation, else what the client has or had, else what it asks for, else one of the pool. RFC 2131 §4.3.1. */
function addressFor(facts: Case): { readonly address: Ipv4; readonly rule: AddressRule } | undefined {
  const { leases, policy, network, mac, nowMs } = facts;
  const reserved = policy.reservationFor(mac)?.address;
  if (reserved !== undefined && subnetHas(network.subnet, reserved) && !isSomebodyElses(reserved, facts)) {
    return { address: reserved, rule: 'reservation' };
  }
  const known = leases.find(facts.key);
  if (known && isOpen(known.address, facts)) {
    return { address: known.address, rule: isHeld(known, nowMs) ? 'current-binding' : 'former-binding' };
  }
  const wanted = readIpv4(facts.request.options.get(OPTION.requestedAddress));
  if (wanted !== undefined && isOpen(wanted, facts)) return { address: wanted, rule: 'requested' };
  const picked = leases.pick(network.range, mac, nowMs, (address) => policy.fixedAddresses.has(address));
  return picked === undefined ? undefined : { address: picked, rule: 'pool' };
}

/** A reservation that is new while another machine still holds its address: that one is refused at its renewal. */
function isSomebodyElses(address: Ipv4, { leases, mac, nowMs }: Case): boolean {
  const lease = leases.at(address);
  return lease?.mac !== mac && isHeld(lease, nowMs);
}

/** Of this network's pool, nobody's by the configuration, and held by no other client. */
function isOpen(address: Ipv4, { network, policy, leases, key, nowMs }: Case): boolean {
  if (!rangeHas(network.range, address) || policy.fixedAddresses.has(address)) return false;
  const lease = leases.at(address);
  return !isHeld(lease, nowMs) || (lease?.state !== 'declined' && leases.find(key)?.address === address);
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
  const lease = leases.find(key);
  return lease?.state === 'offered'
    ? { kind: 'release', lease: { ...lease, state: 'released' } }
    : ignore('other-server');
}

function onSelecting(facts: Case, wanted: Ipv4): Decision {
  const found = addressFor(facts);
  if (found?.address !== wanted)
    return nak(facts, subnetHas(facts.network.subnet, wanted) ? 'not-offered' : 'wrong-network');
  return grant(facts, 'ack', wanted, found.rule);
}

/** A client that remembers an address after a restart. Silence when we know nothing: another server may. */
function onInitReboot(facts: Case, wanted: Ipv4): Decision {
  if (!subnetHas(facts.network.subnet, wanted)) return nak(facts, 'wrong-network');
  const found = addressFor(facts);
  if (found?.rule === 'pool' || found?.rule === 'requested' || !found) return ignore('no-record');
  return found.address === wanted ? grant(facts, 'ack', wanted, found.rule) : nak(facts, 'not-yours');
}

/** RENEWING and REBINDING. A client we have no record of keeps a free address of ours: RFC 2131 §4.3.2 trusts its ciaddr. */
function onRenewing(facts: Case): Decision {
  const { request, network, policy, mac } = facts;
  const address = request.ciaddr;
  if (!subnetHas(network.subnet, address)) return nak(facts, 'wrong-network');
  const reserved = policy.reservationFor(mac)?.address;
  if (reserved !== undefined)
    return reserved === address ? grant(facts, 'ack', address, 'reservation') : nak(facts, 'not-yours');
  if (!isOpen(address, facts)) return nak(facts, 'not-yours');
  return grant(facts, 'ack', address, 'current-binding');
}

/** RFC 2131 §4.3.3. Only the holder can say that its address is in use: anybody else could empty the pool. */
function onDecline(facts: Case): Decision {
  const wanted = readIpv4(facts.request.options.get(OPTION.requestedAddress));
  const lease = wanted === undefined ? undefined : facts.leases.at(wanted);
  if (!lease || facts.leases.find(facts.key) !== lease) return ignore('not-the-holder');
  return { kind: 'decline', lease: { ...lease, state: 'declined', expiresAtMs: facts.nowMs + DECLINE_MS } };
}

/** RFC 2131 §4.3.4. The record stays, so that the client gets the same address again. */
function onRelease(facts: Case): Decision {
  const lease = facts.leases.at(facts.request.ciaddr);
  if (!lease || facts.leases.find(facts.key) !== lease) return ignore('not-the-holder');
  return { kind: 'release', lease: { ...lease, state: 'released' } };
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
  const { mac, key, leases, policy, nowMs, request } = facts;
  const before = leases.at(address);
  const isSame = before?.mac === mac && before.state !== 'declined';
  const lease: Lease = {
    address,
    mac,
    clientId: key.clientId,
    isBoot: key.isBoot || (isSame && before.isBoot),
    hostname: policy.reservationFor(mac)?.hostname ?? cleanHostname(readText(request.options.get(OPTION.hostName))),
    state: kind === 'ack' || (isSame && before.state === 'bound' && isHeld(before, nowMs)) ? 'bound' : 'offered',
    expiresAtMs: expiry(kind, isSame ? before : undefined, policy, nowMs),
  };
  return { kind, lease, rule, ...granted(facts, kind === 'ack' ? MESSAGE.ack : MESSAGE.offer, address) };
}

/** An offer never shortens a lease that runs. */
function expiry(kind: 'offer' | 'ack', before: Lease | undefined, policy: DhcpPolicy, nowMs: number): number {
  if (kind === 'ack') return nowMs + policy.leaseTimeSec * 1000;
  return Math.max(nowMs + OFFER_MS, before?.state === 'bound' ? before.expiresAtMs : 0);
}

function granted(facts: Case, type: typeof MESSAGE.offer | typeof MESSAGE.ack, address: Ipv4 | undefined): Granted {
  const { request, policy, mac, client, network } = facts;
  const placement = policy.place(mac);
  const boot = placement.node && bootAnswer(client, placement.node, placement.loader, policy.loaders);
  const hostname = policy.reservationFor(mac)?.hostname;
  const packet = grantReply(request, { type, network, address, hostname, placement, boot }, policy);
  return { reply: { packet, limits: limitsFor(request, boot) }, client, placement, boot };
}
