/** What a DHCP message deserves: RFC 2131 §4.3, one function a state. Pure, so `explain` prints what the server would do. */
import { type Ipv4, type Mac, macFromBytes, subnetHas, subnetHasHost, UNSPECIFIED } from '../core/addr.ts';
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
import type { BootAnswer } from './boot.ts';
import { bootingOf, seen } from './booting.ts';
import { isOwnQuestion } from './foreign.ts';
import { isHeld, type Lease, type LeaseView } from './leases.ts';
import type { Machine, MachineView } from './machines.ts';
import { hostnameFor } from './names.ts';
import { OPTION, readIpv4, readU8 } from './options.ts';
import { BOOTREQUEST, type DhcpPacket, type EncodeLimits } from './packet.ts';
import type { DhcpNetwork, DhcpPolicy, Placement } from './policy.ts';
import type { PresenceView } from './presence.ts';
import { proxyReply, proxyVerdict } from './proxy.ts';
import { type BootClient, identify } from './pxe.ts';
import { isForUs, isLooping, linkSelection } from './relay.ts';
import {
  BOOTP_LIMITS,
  bootpReply,
  type Grant,
  grantReply,
  leaseSecFor,
  limitsFor,
  MESSAGE,
  nakReply,
} from './reply.ts';

export interface Reply {
  readonly packet: DhcpPacket;
  readonly limits: EncodeLimits;
}

export type IgnoreReason =
  | 'mode-off'
  | 'own-question'
  | 'not-a-request'
  | 'not-ethernet'
  | 'unknown-message'
  | 'unknown-relay'
  | 'relay-loop'
  | 'bootp-stranger'
  | 'pool-empty'
  | 'too-many-leases'
  /** The server's own: there was no time to look who is on an address that is free. */
  | 'not-looked'
  | 'other-server'
  | 'no-record'
  | 'not-the-holder'
  | 'foreign-address'
  | 'not-pxe'
  | 'wants-credentials'
  | 'no-loader'
  | 'no-node'
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
  | ({ readonly kind: 'inform' | 'bootp' } & Granted)
  | { readonly kind: 'nak'; readonly reason: NakReason; readonly reply: Reply }
  | ({ readonly kind: 'release' | 'decline' } & Change)
  /** Boot data beside somebody else's DHCP: an offer without an address, or the answer of the PXE port. */
  | ({ readonly kind: 'proxy-offer' | 'proxy-ack' } & Granted)
  /** Nobody has looked lately who is on `address`: look, then decide anew. */
  | { readonly kind: 'probe'; readonly address: Ipv4; readonly mac: Mac }
  /** `machine` as in `Granted`: even what is not answered may tell where a machine is. */
  | { readonly kind: 'ignore'; readonly reason: IgnoreReason; readonly machine?: Machine };

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
  if (policy.role === 'off') return ignore('mode-off');
  if (request.op !== BOOTREQUEST) return ignore('not-a-request');
  if (request.htype !== ETHERNET || request.hlen !== 6) return ignore('not-ethernet');
  if (isLooping(request)) return ignore('relay-loop');
  const network = networkOf(request, policy);
  if (!network) return ignore('unknown-relay');
  const mac = macFromBytes(request.chaddr);
  if (isOwnQuestion(mac, policy.serverAddress)) return ignore('own-question');
  const client = identify(request.options, mac);
  const key = { mac, clientId: clientIdentifier(request), isBoot: client.stage !== 'system' };
  const it: Case = { ...facts, request, mac, client, key, network };
  if (policy.role === 'proxy' || facts.door === 'pxe') return onProxy(it);
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
      return request.options.has(OPTION.messageType) ? ignore('unknown-message') : onBootp(it);
  }
}

const ignore = (reason: IgnoreReason): Decision => ({ kind: 'ignore', reason });

/** Boot data alone: beside another DHCP server, and at the PXE port. Never a NAK: addresses are somebody else's matter. */
function onProxy(facts: Case): Decision {
  const { request, client, policy, door, machines, mac, leases, nowMs } = facts;
  const verdict = proxyVerdict(request, client, door);
  if (verdict.kind === 'ignore') {
    const known = machines.of({ mac, uuid: client.machineId });
    const machine = known && seen(facts, known, takenAddress(request));
    return { kind: 'ignore', reason: verdict.reason, ...(machine !== known && machine && { machine }) };
  }
  const holder = leases.at(request.ciaddr);
  // Whom we gave an address ourselves is known by it.
  if (policy.role === 'server' && !(holder?.mac === mac && isHeld(holder, nowMs))) return ignore('not-the-holder');
  const given = granted(facts, verdict.type, undefined);
  if (!given.boot) return ignore(given.placement.node ? 'no-loader' : 'no-node');
  return { kind: verdict.type === MESSAGE.offer ? 'proxy-offer' : 'proxy-ack', ...given };
}

/** What a client takes of another server, or has of it. */
function takenAddress({ options, ciaddr }: DhcpPacket): Ipv4 | undefined {
  if (readU8(options.get(OPTION.messageType)) !== MESSAGE.request) return undefined;
  return readIpv4(options.get(OPTION.requestedAddress)) ?? (ciaddr === UNSPECIFIED ? undefined : ciaddr);
}

const probe = ({ mac }: Case, address: Ipv4): Decision => ({ kind: 'probe', address, mac });

/** Option 61 in hex. RFC 2132 §9.14: at least two octets, and what one option holds; others name nobody. */
function clientIdentifier(request: DhcpPacket): string | undefined {
  const value = request.options.get(OPTION.clientIdentifier);
  return value && value.length >= 2 && value.length <= 255 ? hex(value) : undefined;
}

/**
 * Where the client is: the link that its relay names (RFC 3527 §3), else the relay's own address (RFC 2131 §4.3.1), of which our
 * answer has to be able to come back. Without a relay it is the LAN, unless a client behind a relay speaks to us itself from the
 * address that it has; a DISCOVER has none (table 5), whatever it says.
 */
export function networkOf(request: DhcpPacket, policy: DhcpPolicy): DhcpNetwork | undefined {
  const { giaddr, ciaddr, options } = request;
  const around = (host: Ipv4) => policy.networks.find(({ subnet }) => subnetHasHost(subnet, host));
  if (giaddr !== UNSPECIFIED) {
    const link = linkSelection(request);
    const home = around(giaddr);
    return home && link !== undefined ? policy.networks.find(({ subnet }) => subnetHas(subnet, link)) : home;
  }
  const hasAddress = ciaddr !== UNSPECIFIED && readU8(options.get(OPTION.messageType)) !== MESSAGE.discover;
  return (hasAddress ? around(ciaddr) : undefined) ?? policy.networks[0];
}

/** RFC 2131 §4.3.1. */
function onDiscover(facts: Case): Decision {
  const chosen = chooseAddress(facts, readIpv4(facts.request.options.get(OPTION.requestedAddress)));
  if (chosen.kind === 'none') return ignore(chosen.reason);
  return chosen.kind === 'look' ? probe(facts, chosen.address) : grant(facts, 'offer', chosen.address, chosen.rule);
}

/** RFC 2131 §4.3.2: which state the client is in shows in 54, 50 and ciaddr. */
function onRequest(facts: Case): Decision {
  const { request, policy } = facts;
  const server = readIpv4(request.options.get(OPTION.serverIdentifier));
  const wanted = readIpv4(request.options.get(OPTION.requestedAddress));
  if (server !== undefined) {
    if (!isForUs(request, server, policy.serverAddress)) return withdraw(facts);
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
  if (chosen.kind === 'look' && chosen.address === wanted) return probe(facts, wanted);
  if (chosen.kind === 'address' && chosen.address === wanted) return grant(facts, 'ack', wanted, chosen.rule);
  return nak(facts, subnetHas(facts.network.subnet, wanted) ? 'not-offered' : 'wrong-network');
}

/** A client that remembers an address after a restart. Silence when we know nothing: another server may. */
function onInitReboot(facts: Case, wanted: Ipv4): Decision {
  const { leases, key } = facts;
  if (!subnetHas(facts.network.subnet, wanted)) return nak(facts, 'wrong-network');
  const chosen = chooseAddress(facts, undefined);
  if (chosen.kind === 'none' || chosen.rule === 'pool') {
    // Its record is ours, but somebody else was seen on the address.
    return leases.of(key).some(({ address }) => address === wanted) ? nak(facts, 'not-yours') : ignore('no-record');
  }
  if (chosen.kind === 'look' && chosen.address === wanted) return probe(facts, wanted);
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
function ownLease({ request, policy, leases, key, nowMs }: Case, address: Ipv4 | undefined): Lease | undefined {
  const server = readIpv4(request.options.get(OPTION.serverIdentifier));
  const lease = address === undefined ? undefined : leases.at(address);
  if (!lease || lease.mac !== key.mac || lease.state === 'declined' || !isHeld(lease, nowMs)) return undefined;
  if (server !== undefined && !isForUs(request, server, policy.serverAddress)) return undefined;
  return lease.isBoot || lease.clientId === key.clientId ? lease : undefined;
}

/** RFC 2131 §4.3.5. The answer goes to the address that the client says it has: one outside the subnet would be a stranger's. */
function onInform(facts: Case): Decision {
  const { ciaddr } = facts.request;
  if (ciaddr !== UNSPECIFIED && !subnetHasHost(facts.network.subnet, ciaddr)) return ignore('foreign-address');
  return { kind: 'inform', ...granted(facts, MESSAGE.ack, undefined) };
}

/** RFC 1534 §2. Who cannot give an address back gets none of the pool, only the one of its row in the MAC table. */
function onBootp(facts: Case): Decision {
  const chosen = chooseAddress(facts, undefined);
  if (chosen.kind !== 'address' || chosen.rule !== 'reservation') return ignore('bootp-stranger');
  const given = granted(facts, MESSAGE.ack, chosen.address);
  return { kind: 'bootp', ...given, reply: { packet: bootpReply(given.reply.packet), limits: BOOTP_LIMITS } };
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
  const hostname = hostnameFor(facts, facts.request.options);
  // An offer changes nothing about a lease that runs, whoever asked: only its ACK may.
  const lease = kind === 'offer' && isRunning ? before : leaseFor(facts, kind, address, hostname);
  const freed = kind === 'ack' ? leftBehind(address, facts) : [];
  const type = kind === 'ack' ? MESSAGE.ack : MESSAGE.offer;
  return { kind, lease, freed, rule, ...granted(facts, type, address, hostname) };
}

function leaseFor(facts: Case, kind: 'offer' | 'ack', address: Ipv4, hostname: string | undefined): Lease {
  const { mac, key, leases, policy, nowMs, request } = facts;
  const before = leases.at(address);
  return {
    address,
    mac,
    clientId: key.clientId,
    isBoot: key.isBoot || (before !== undefined && before.mac === mac && before.isBoot && before.state !== 'declined'),
    hostname,
    state: kind === 'ack' ? 'bound' : 'offered',
    expiresAtMs: nowMs + (kind === 'ack' ? leaseSecFor(request, policy) * 1000 : OFFER_MS),
  };
}

function granted(
  facts: Case,
  type: Grant['type'],
  address: Ipv4 | undefined,
  hostname = hostnameFor(facts, facts.request.options),
): Granted {
  const { request, policy, mac, client, network } = facts;
  const placement = policy.place({ mac, uuid: client.machineId });
  const used = address ?? (request.ciaddr === UNSPECIFIED ? undefined : request.ciaddr);
  const { boot, machine } = bootingOf(facts, placement, used, type === MESSAGE.ack);
  const grant = { type, network, address, hostname, placement, boot };
  const replyOf = policy.role === 'proxy' || facts.door === 'pxe' ? proxyReply : grantReply;
  const reply = { packet: replyOf(request, grant, policy), limits: limitsFor(request, boot) };
  return { reply, client, placement, boot, ...(machine && { machine }) };
}
