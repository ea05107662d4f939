/** What a server answers that gives no addresses: boot data beside somebody else's DHCP, and the PXE port of either. PXE 2.1 §2.2.3. */
import { UNSPECIFIED } from '../core/addr.ts';
import { wantsCredentials } from './boot.ts';
import { OPTION, ofIpv4, ofU8, readU8 } from './options.ts';
import type { DhcpPacket } from './packet.ts';
import type { DhcpPolicy } from './policy.ts';
import type { BootClient } from './pxe.ts';
import { serverIdentifier } from './relay.ts';
import { bootFields, echoClient, type Grant, MESSAGE, replyTo } from './reply.ts';

export type ProxyVerdict =
  | { readonly kind: 'answer'; readonly type: typeof MESSAGE.offer | typeof MESSAGE.ack }
  | {
      readonly kind: 'ignore';
      readonly reason: 'not-pxe' | 'other-server' | 'unknown-message' | 'wants-credentials';
    };

/** At 67 it offers and no more: whoever is asked for an address there is not we, and a NAK would take somebody's away. */
export function proxyVerdict(request: DhcpPacket, client: BootClient, door: 'dhcp' | 'pxe'): ProxyVerdict {
  const type = readU8(request.options.get(OPTION.messageType));
  if (client.stage === 'system') return { kind: 'ignore', reason: 'not-pxe' };
  if (door === 'dhcp') {
    if (type === MESSAGE.discover) return { kind: 'answer', type: MESSAGE.offer };
    return { kind: 'ignore', reason: KNOWN_TYPES.has(type ?? 0) ? 'other-server' : 'unknown-message' };
  }
  // Firmware sends REQUEST there, some of it INFORM; both want an ACK.
  if (type !== MESSAGE.request && type !== MESSAGE.inform) return { kind: 'ignore', reason: 'unknown-message' };
  if (wantsCredentials(request.options)) return { kind: 'ignore', reason: 'wants-credentials' };
  return { kind: 'answer', type: MESSAGE.ack };
}

const KNOWN_TYPES: ReadonlySet<number> = new Set(Object.values(MESSAGE));

/** Without an address (yiaddr 0 tells firmware that it is a proxy's), without a lease, without anything of the network. */
export function proxyReply(request: DhcpPacket, grant: Grant, policy: DhcpPolicy): DhcpPacket {
  const options = new Map<number, Uint8Array>([
    [OPTION.messageType, ofU8(grant.type)],
    [OPTION.serverIdentifier, ofIpv4(serverIdentifier(request, policy.serverAddress))],
  ]);
  echoClient(request, options);
  for (const [code, value] of grant.boot?.options ?? []) options.set(code, value);
  const machineId = request.options.get(OPTION.clientMachineIdentifier);
  // RFC 4578 §2.3: firmware compares it with its own.
  if (machineId) options.set(OPTION.clientMachineIdentifier, machineId);
  const asked = request.options.get(OPTION.parameterRequestList);
  for (const [code, value] of grant.boot?.offers ?? []) {
    if (asked?.includes(code)) options.set(code, policy.extraOptions.get(code) ?? value);
  }
  const ciaddr = grant.type === MESSAGE.ack ? request.ciaddr : UNSPECIFIED;
  return { ...replyTo(request, options), ciaddr, yiaddr: UNSPECIFIED, ...bootFields(grant, policy) };
}
