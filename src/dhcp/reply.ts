/** What goes into an answer, and where it is sent. RFC 2131 §4.1, §4.3.1 table 3. */
import { type Endpoint, type Ipv4, LIMITED_BROADCAST, UNSPECIFIED } from '../core/addr.ts';
import { fromLatin1 } from '../core/bytes.ts';
import type { BootAnswer } from './boot.ts';
import { fqdnAnswer } from './names.ts';
import { offersOf } from './offers.ts';
import { OPTION, ofIpv4, ofText, ofU8, ofU32, readText, readU8, readU16, readU32 } from './options.ts';
import { BOOTREPLY, BROADCAST_FLAG, type DhcpPacket, type EncodeLimits, type Options } from './packet.ts';
import type { DhcpNetwork, DhcpPolicy, Placement } from './policy.ts';
import { serverIdentifier } from './relay.ts';

export const MESSAGE = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
  inform: 8,
} as const;

export const SERVER_PORT = 67;
export const CLIENT_PORT = 68;

/** All that an OFFER or ACK says. */
export interface Grant {
  readonly type: typeof MESSAGE.offer | typeof MESSAGE.ack;
  readonly network: DhcpNetwork;
  /** Absent in the answer to INFORM: no address, no lease time. RFC 2131 §4.3.5. */
  readonly address: Ipv4 | undefined;
  readonly hostname: string | undefined;
  readonly placement: Placement;
  readonly boot: BootAnswer | undefined;
}

/** What a client gets that asked for nothing in particular. */
const DEFAULT_REQUESTS = [
  OPTION.subnetMask,
  OPTION.router,
  OPTION.domainNameServers,
  OPTION.domainName,
  OPTION.broadcastAddress,
];
const FILE_FIELD_CHARACTERS = 127;
const T1 = 0.5;
const T2 = 0.875;

/** Of no use, or harm, to who has not asked: a client that knows 108 would go without IPv4. RFC 8925 §3.3, RFC 2563 §2. */
const ONLY_WHEN_ASKED: ReadonlySet<number> = new Set([OPTION.ipv6OnlyPreferred, OPTION.autoConfigure]);

/** The answer to `request`: what it must have, then what it asked for, then what the operator adds; what does not fit goes from the end. */
export function grantReply(request: DhcpPacket, grant: Grant, policy: DhcpPolicy): DhcpPacket {
  const options = new Map<number, Uint8Array>();
  options.set(OPTION.messageType, ofU8(grant.type));
  options.set(OPTION.serverIdentifier, ofIpv4(serverIdentifier(request, policy.serverAddress)));
  if (grant.address !== undefined) options.set(OPTION.leaseTime, ofU32(leaseSecFor(request, policy)));
  echoClient(request, options);
  for (const [code, value] of grant.boot?.options ?? []) options.set(code, value);
  const machineId = request.options.get(OPTION.clientMachineIdentifier);
  // RFC 4578 §2.3: firmware compares it with its own.
  if (machineId && grant.boot) options.set(OPTION.clientMachineIdentifier, machineId);
  addOffers(options, request, grant, policy);
  const ciaddr = grant.type === MESSAGE.ack ? request.ciaddr : UNSPECIFIED;
  return { ...replyTo(request, options), ciaddr, yiaddr: grant.address ?? UNSPECIFIED, ...bootFields(grant, policy) };
}

/** What the client asks for in its order (RFC 2132 §9.8), but no router before the mask (§3.3); then what the operator adds. */
function addOffers(options: Map<number, Uint8Array>, request: DhcpPacket, grant: Grant, policy: DhcpPolicy): void {
  const { base, added } = offersOf(policy, grant.network);
  const own = ownOffers(request, grant, policy);
  const asked = request.options.get(OPTION.parameterRequestList);
  const addedOf = (code: number): Uint8Array | undefined => {
    const value = added.get(code);
    return value && isAddedFor(code, request, grant) ? value : undefined;
  };
  const offer = (code: number): void => {
    const value = addedOf(code) ?? own.get(code) ?? base.get(code);
    if (value && value.length > 0 && !options.has(code)) options.set(code, value);
  };
  const isMaskAsked = asked === undefined || asked.includes(OPTION.subnetMask);
  for (const code of asked ?? DEFAULT_REQUESTS) {
    if (code === OPTION.router && isMaskAsked) offer(OPTION.subnetMask);
    offer(code);
  }
  const fqdn = fqdnFor(request, grant, policy);
  if (fqdn) options.set(OPTION.clientFqdn, fqdn);
  for (const code of added.keys()) {
    const value = addedOf(code);
    if (value) options.set(code, value);
  }
}

/** What boots a machine comes from one decision: an operator's 67 beside our own siaddr would contradict it. */
function isAddedFor(code: number, { options }: DhcpPacket, { boot }: Grant): boolean {
  if (boot && (boot.options.has(code) || code === OPTION.clientMachineIdentifier)) return false;
  if (!ONLY_WHEN_ASKED.has(code)) return true;
  return options.get(OPTION.parameterRequestList)?.includes(code) || options.has(code);
}

/** What only this client may ask for. */
function ownOffers(request: DhcpPacket, grant: Grant, policy: DhcpPolicy): Options {
  const own = new Map(grant.boot?.offers);
  if (grant.hostname !== undefined) own.set(OPTION.hostName, ofText(grant.hostname));
  // Quirk(http-boot-near-resolver): EDK2 2022.11 declines a lease whose resolver is in its own network ("denied upon entering bound");
  // its URL has an address, so nobody is asked. What it loads asks for a lease of its own.
  const isHttpBoot = readText(grant.boot?.options.get(OPTION.vendorClass)) === 'HTTPClient';
  const { httpBootDnsServers } = policy;
  if (isHttpBoot && httpBootDnsServers) own.set(OPTION.domainNameServers, ofIpv4(...httpBootDnsServers));
  if (grant.address === undefined) return own;
  const leaseSec = leaseSecFor(request, policy);
  own.set(OPTION.renewalTime, ofU32(Math.floor(leaseSec * T1)));
  return own.set(OPTION.rebindingTime, ofU32(Math.floor(leaseSec * T2)));
}

/** RFC 4702 §4: only to who has sent one. A name that it cannot have is not repeated. */
function fqdnFor(request: DhcpPacket, { hostname }: Grant, { domain }: DhcpPolicy): Uint8Array | undefined {
  const asked = request.options.get(OPTION.clientFqdn);
  return asked && hostname !== undefined ? fqdnAnswer(asked, hostname, domain) : undefined;
}

/** Below that a client does little but renew. */
const SHORTEST_LEASE_SEC = 60;

/**
 * Ours, or what the client asks for if that is less: who says that it leaves soon gives its address back soon. Never more, whatever
 * it asks for, so nobody has one for ever. RFC 2131 §4.3.1 leaves it to the server.
 */
export function leaseSecFor(request: DhcpPacket, policy: DhcpPolicy): number {
  const asked = readU32(request.options.get(OPTION.leaseTime)) ?? policy.leaseTimeSec;
  return Math.min(policy.leaseTimeSec, Math.max(asked, SHORTEST_LEASE_SEC));
}

/** The same for a BOOTP client: nothing that DHCP brought, RFC 1534 §2. */
export function bootpReply(packet: DhcpPacket): DhcpPacket {
  const isDhcps = (code: number): boolean => code >= OPTION.requestedAddress && code <= OPTION.clientIdentifier;
  return { ...packet, options: new Map([...packet.options].filter(([code]) => !isDhcps(code))) };
}

/** What a BOOTP client takes: 64 octets of options. RFC 951 §3. */
export const BOOTP_LIMITS: EncodeLimits = { maxBytes: 300, mayOverload: false };

/**
 * `siaddr` for every client, not only PXE's: an initramfs that finds none takes itself for its server (klibc ipconfig). `file` in
 * the header too: shim takes the folder for GRUB from there, not from option 67. Firmware that is to ask the PXE port asks it of
 * `siaddr` (EDK2 PxeBcDhcp4.c): that is flink, which names the node there.
 */
export function bootFields(
  { placement, boot }: Pick<Grant, 'placement' | 'boot'>,
  policy: DhcpPolicy,
): Pick<DhcpPacket, 'siaddr' | 'sname' | 'file'> {
  if (boot?.next === 'pxe-port') return { siaddr: policy.serverAddress, sname: EMPTY, file: EMPTY };
  const siaddr = placement.node?.address ?? policy.serverAddress;
  if (!boot) return { siaddr, sname: EMPTY, file: EMPTY };
  const file = boot.bootFile.length <= FILE_FIELD_CHARACTERS ? fromLatin1(boot.bootFile) : EMPTY;
  return { siaddr, sname: fromLatin1(siaddr), file };
}

const EMPTY = new Uint8Array(0);

export function nakReply(request: DhcpPacket, reason: string, policy: DhcpPolicy): DhcpPacket {
  const options = new Map<number, Uint8Array>([
    [OPTION.messageType, ofU8(MESSAGE.nak)],
    [OPTION.serverIdentifier, ofIpv4(serverIdentifier(request, policy.serverAddress))],
    [OPTION.message, ofText(reason)],
  ]);
  echoClient(request, options);
  const reply = replyTo(request, options);
  // RFC 2131 §4.3.2: through a relay the broadcast bit makes it reach a client whose address is wrong.
  return { ...reply, ciaddr: UNSPECIFIED, flags: request.giaddr === UNSPECIFIED ? reply.flags : BROADCAST_FLAG };
}

/**
 * RFC 6842 §3: what the client calls itself comes back. RFC 3046 §2.2: so does what a relay added, or a switch on the way, which sets
 * no giaddr; the encoder puts it last. What goes past the relay would reach the client: §2.1.
 */
export function echoClient(request: DhcpPacket, options: Map<number, Uint8Array>): void {
  const clientId = request.options.get(OPTION.clientIdentifier);
  if (clientId) options.set(OPTION.clientIdentifier, clientId);
  const relayAgent = request.options.get(OPTION.relayAgent);
  if (relayAgent && relayAgent.length <= MAX_RELAY_BYTES && !isAnsweredStraight(request))
    options.set(OPTION.relayAgent, relayAgent);
}

/** One option: a longer one is no relay's, and would leave no room for the answer. */
const MAX_RELAY_BYTES = 255;

/** RFC 2131 §4.3.5: to where the client says that it is, not through the relay. */
function isAnsweredStraight({ options, ciaddr }: DhcpPacket): boolean {
  return ciaddr !== UNSPECIFIED && readU8(options.get(OPTION.messageType)) === MESSAGE.inform;
}

export function replyTo(request: DhcpPacket, options: Map<number, Uint8Array>): DhcpPacket {
  return {
    ...request,
    op: BOOTREPLY,
    hops: 0,
    secs: 0,
    yiaddr: UNSPECIFIED,
    siaddr: UNSPECIFIED,
    sname: EMPTY,
    file: EMPTY,
    options,
  };
}

/**
 * RFC 2131 §4.1. Where it allows unicast to a client that has no address yet, we broadcast: Node can't write ARP entries. Only an
 * ACK goes to `ciaddr`, which was found to be in our subnet by then; a DISCOVER has none (table 5), so whatever it says is a lie.
 */
export function deliver(request: DhcpPacket, type: number): Endpoint {
  if (isAnsweredStraight(request)) return { address: request.ciaddr, port: CLIENT_PORT };
  if (request.giaddr !== UNSPECIFIED) return { address: request.giaddr, port: SERVER_PORT };
  if (type === MESSAGE.ack && request.ciaddr !== UNSPECIFIED) return { address: request.ciaddr, port: CLIENT_PORT };
  return { address: LIMITED_BROADCAST, port: CLIENT_PORT };
}

const HEADERS_BYTES = 28;
const MINIMUM_MESSAGE_BYTES = 576;
/** What crosses an Ethernet in one piece; OVMF claims 65280 in its REQUEST (protocol-facts 11). */
const ETHERNET_BYTES = 1500;

/** Option 57 between 576 and one Ethernet frame. Boot ROMs read `file` and `sname` as text: no overload for them. */
export function limitsFor(request: DhcpPacket, boot: BootAnswer | undefined): EncodeLimits {
  const asked = readU16(request.options.get(OPTION.maximumMessageSize)) ?? MINIMUM_MESSAGE_BYTES;
  const bytes = Math.min(Math.max(asked, MINIMUM_MESSAGE_BYTES), ETHERNET_BYTES);
  const isRom = boot !== undefined || /^(PXE|HTTP)Client/.test(readText(request.options.get(OPTION.vendorClass)) ?? '');
  return { maxBytes: bytes - HEADERS_BYTES, mayOverload: !isRom };
}
