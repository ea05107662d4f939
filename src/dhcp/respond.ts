/** What a DHCP message deserves: RFC 2131 §4.3, one function a state. Pure, so `explain` prints what the server would do. */
import { type Ipv4, macFromBytes, subnetHas, subnetHasHost, UNSPECIFIED } from '../core/addr.ts';
import { hex } from '../core/bytes.ts';
import { backFromRest, chooseAddress, hasTooMany, isOpen, reservedAddress } from './address.ts';
import { seen } from './booting.ts';
import type { Case, Decision, Facts, IgnoreReason } from './decision.ts';
import { isOwnQuestion } from './foreign.ts';
import { grant, granted, nak } from './grant.ts';
import { isHeld, type Lease } from './leases.ts';
import { OPTION, readIpv4, readU8 } from './options.ts';
import { BOOTREQUEST, type DhcpPacket } from './packet.ts';
import type { DhcpNetwork, DhcpPolicy } from './policy.ts';
import { proxyVerdict } from './proxy.ts';
import { identify } from './pxe.ts';
import { isForUs, isLooping, linkSelection } from './relay.ts';
import { BOOTP_LIMITS, bootpReply, MESSAGE } from './reply.ts';

/** A declined address rests; whoever sits on it may have left by then. Kea's default is a day, a hall is shorter. */
const DECLINE_MS = 600_000;
const ETHERNET = 1;

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
  const isKnown = facts.leases.of(facts.key).some((lease) => lease.address === address);
  if (!isKnown && hasTooMany(facts)) return ignore('too-many-leases');
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
