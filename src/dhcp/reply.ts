/** What goes into an answer, and where it is sent. RFC 2131 §4.1, §4.3.1 table 3. */
import { broadcastOf, type Endpoint, type Ipv4, LIMITED_BROADCAST, maskOf, UNSPECIFIED } from '../core/addr.ts';
import { fromLatin1 } from '../core/bytes.ts';
import { OPTION, ofIpv4, ofText, ofU8, ofU32, readU16 } from './options.ts';
import { BOOTREPLY, BROADCAST_FLAG, type DhcpPacket, type EncodeLimits } from './packet.ts';
import type { DhcpNetwork, DhcpPolicy, Placement } from './policy.ts';
import type { BootAnswer } from './pxe.ts';

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

/** The answer to `request`: what it must have, then what it asked for in its order (RFC 2132 §9.8), then what the operator adds. */
export function grantReply(request: DhcpPacket, grant: Grant, policy: DhcpPolicy): DhcpPacket {
  const options = new Map<number, Uint8Array>([
    [OPTION.messageType, ofU8(grant.type)],
    [OPTION.serverIdentifier, ofIpv4(policy.serverAddress)],
  ]);
  if (grant.address !== undefined) options.set(OPTION.leaseTime, ofU32(policy.leaseTimeSec));
  echoClient(request, options);
  for (const [code, value] of grant.boot?.options ?? []) options.set(code, value);
  const machineId = request.options.get(OPTION.clientMachineIdentifier);
  // RFC 4578 §2.3: firmware compares it with its own.
  if (machineId && grant.boot) options.set(OPTION.clientMachineIdentifier, machineId);
  const offered = offeredOptions(grant, policy);
  const wanted = request.options.get(OPTION.parameterRequestList) ?? DEFAULT_REQUESTS;
  for (const code of wanted) {
    const value = offered.get(code);
    if (value && !options.has(code)) options.set(code, value);
  }
  const isBoots = (code: number): boolean =>
    grant.boot !== undefined && (grant.boot.options.has(code) || code === OPTION.clientMachineIdentifier);
  // What boots a machine comes from one decision: an operator's 67 beside our own siaddr would contradict it.
  for (const [code, value] of policy.extraOptions) if (!isBoots(code)) options.set(code, value);
  return { ...replyTo(request, options), yiaddr: grant.address ?? UNSPECIFIED, ...bootFields(grant, policy) };
}

/** Everything there is to ask for. */
function offeredOptions(grant: Grant, policy: DhcpPolicy): Map<number, Uint8Array> {
  const { subnet, router } = grant.network;
  const offered = new Map<number, Uint8Array>([
    [OPTION.subnetMask, ofIpv4(maskOf(subnet))],
    [OPTION.broadcastAddress, ofIpv4(broadcastOf(subnet))],
    [OPTION.domainName, ofText(policy.domain)],
  ]);
  if (router !== undefined) offered.set(OPTION.router, ofIpv4(router));
  if (policy.dnsServers.length > 0) offered.set(OPTION.domainNameServers, ofIpv4(...policy.dnsServers));
  if (grant.hostname !== undefined) offered.set(OPTION.hostName, ofText(grant.hostname));
  if (grant.address !== undefined) {
    offered.set(OPTION.renewalTime, ofU32(Math.floor(policy.leaseTimeSec * T1)));
    offered.set(OPTION.rebindingTime, ofU32(Math.floor(policy.leaseTimeSec * T2)));
  }
  return offered;
}

/**
 * `siaddr` for every client, not only PXE's: an initramfs that finds none takes itself for its server (klibc ipconfig). `file` in
 * the header too: shim takes the folder for GRUB from there, not from option 67.
 */
function bootFields({ placement, boot }: Grant, policy: DhcpPolicy): Pick<DhcpPacket, 'siaddr' | 'sname' | 'file'> {
  const siaddr = placement.node?.address ?? policy.serverAddress;
  if (!boot) return { siaddr, sname: EMPTY, file: EMPTY };
  const file = boot.bootFile.length <= FILE_FIELD_CHARACTERS ? fromLatin1(boot.bootFile) : EMPTY;
  return { siaddr, sname: fromLatin1(siaddr), file };
}

const EMPTY = new Uint8Array(0);

export function nakReply(request: DhcpPacket, reason: string, policy: DhcpPolicy): DhcpPacket {
  const options = new Map<number, Uint8Array>([
    [OPTION.messageType, ofU8(MESSAGE.nak)],
    [OPTION.serverIdentifier, ofIpv4(policy.serverAddress)],
    [OPTION.message, ofText(reason)],
  ]);
  echoClient(request, options);
  const reply = replyTo(request, options);
  // RFC 2131 §4.3.2: through a relay the broadcast bit makes it reach a client whose address is wrong.
  return { ...reply, ciaddr: UNSPECIFIED, flags: request.giaddr === UNSPECIFIED ? reply.flags : BROADCAST_FLAG };
}

/** RFC 6842 §3: what the client calls itself comes back. RFC 3046 §2.2: so does what a relay added; the encoder puts it last. */
function echoClient(request: DhcpPacket, options: Map<number, Uint8Array>): void {
  const clientId = request.options.get(OPTION.clientIdentifier);
  if (clientId) options.set(OPTION.clientIdentifier, clientId);
  const relayAgent = request.options.get(OPTION.relayAgent);
  if (relayAgent && request.giaddr !== UNSPECIFIED) options.set(OPTION.relayAgent, relayAgent);
}

function replyTo(request: DhcpPacket, options: Map<number, Uint8Array>): DhcpPacket {
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
  return { maxBytes: bytes - HEADERS_BYTES, mayOverload: boot === undefined };
}
