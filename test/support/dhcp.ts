/** DHCP packets for tests: real ones from `test/packets/dhcp`, made ones with the fields that a rule is about. */
import { readFileSync } from 'node:fs';
import { type Ipv4, type Mac, parseMac, parseRange, parseSubnet, UNSPECIFIED } from '../../src/core/addr.ts';
import type { Decision, Facts } from '../../src/dhcp/decision.ts';
import type { LeaseView } from '../../src/dhcp/leases.ts';
import { NO_MACHINES } from '../../src/dhcp/machines.ts';
import { OPTION, ofIpv4, ofText, ofU8 } from '../../src/dhcp/options.ts';
import { BOOTREQUEST, BROADCAST_FLAG, type DhcpPacket } from '../../src/dhcp/packet.ts';
import type { DhcpPolicy } from '../../src/dhcp/policy.ts';
import { NOBODY_LOOKS } from '../../src/dhcp/presence.ts';
import { MESSAGE } from '../../src/dhcp/reply.ts';
import { respond } from '../../src/dhcp/respond.ts';

export const FLINK = '172.16.0.1' as Ipv4;
export const FNODE00 = '172.16.0.10' as Ipv4;
export const RELAY = '10.1.0.1' as Ipv4;
export const LAPTOP = '52:54:00:12:34:56' as Mac;
export const DESK7 = '52:54:00:00:00:07' as Mac;

/** The UDP payload of a captured packet: hex digits, `#` begins a comment. */
export function golden(name: string): Uint8Array {
  const text = readFileSync(new URL(`../packets/dhcp/${name}.hex`, import.meta.url), 'latin1');
  return Buffer.from(text.replaceAll(/#.*$/gm, '').replaceAll(/\s/g, ''), 'hex');
}

export interface Made {
  readonly mac?: Mac;
  readonly ciaddr?: Ipv4;
  readonly giaddr?: Ipv4;
  readonly flags?: number;
  readonly requested?: Ipv4;
  readonly server?: Ipv4;
  readonly clientId?: string;
  readonly options?: readonly (readonly [number, Uint8Array])[];
}

export function message(type: keyof typeof MESSAGE, made: Made = {}): DhcpPacket {
  const options = new Map<number, Uint8Array>([[OPTION.messageType, ofU8(MESSAGE[type])]]);
  if (made.requested) options.set(OPTION.requestedAddress, ofIpv4(made.requested));
  if (made.server) options.set(OPTION.serverIdentifier, ofIpv4(made.server));
  if (made.clientId) options.set(OPTION.clientIdentifier, Buffer.from(made.clientId, 'hex'));
  for (const [code, value] of made.options ?? []) options.set(code, value);
  const chaddr = new Uint8Array(16);
  chaddr.set(Buffer.from((made.mac ?? LAPTOP).replaceAll(':', ''), 'hex'));
  const none = new Uint8Array(0);
  return {
    ...{ op: BOOTREQUEST, htype: 1, hlen: 6, hops: 0, xid: 0xdecade01, secs: 0, flags: made.flags ?? BROADCAST_FLAG },
    ...{
      ciaddr: made.ciaddr ?? UNSPECIFIED,
      yiaddr: UNSPECIFIED,
      siaddr: UNSPECIFIED,
      giaddr: made.giaddr ?? UNSPECIFIED,
    },
    ...{ chaddr, sname: none, file: none, options },
  };
}

/** The options by which a firmware with PXE is known, RFC 4578. */
export function pxe(arch: number): readonly (readonly [number, Uint8Array])[] {
  return [
    [OPTION.vendorClass, ofText(`PXEClient:Arch:${String(arch).padStart(5, '0')}:UNDI:003000`)],
    [OPTION.clientArchitecture, Uint8Array.of(0, arch)],
  ];
}

/** A hall with one LAN, one relayed subnet, one reservation and one node. */
export function hall(over: Partial<DhcpPolicy> = {}): DhcpPolicy {
  return {
    role: 'server',
    serverAddress: FLINK,
    networks: [
      network('172.16.0.0/16', '172.16.0.101-172.16.0.110', FLINK),
      network('10.1.0.0/24', '10.1.0.50-10.1.0.60', RELAY),
    ],
    leaseTimeSec: 3600,
    domain: 'flisol.lan',
    dnsServers: [FLINK],
    extraOptions: new Map(),
    loaders: {
      bios: 'lpxelinux.0',
      'x64-uefi': 'shimx64.efi',
      'arm64-uefi': 'shimaa64.efi',
      'x64-http': 'shimx64.efi',
      ipxe: 'boot.ipxe',
    },
    hasLadder: true,
    fixedAddresses: new Set([FLINK, FNODE00, '172.16.0.105' as Ipv4]),
    fixedNames: new Set(['fnode00', 'desk7']),
    reservationFor: (mac) => (mac === DESK7 ? { address: '172.16.0.105' as Ipv4, hostname: 'desk7' } : undefined),
    place: () => ({ node: { name: 'fnode00', address: FNODE00, httpPort: 80 }, rule: 'only-node', loader: undefined }),
    ...over,
  };
}

function network(subnet: string, range: string, router: Ipv4) {
  const parsed = { subnet: parseSubnet(subnet), range: parseRange(range) };
  if (!parsed.subnet || !parsed.range) throw new Error(`not a network: ${subnet} ${range}`);
  return { subnet: parsed.subnet, range: parsed.range, router };
}

/** The n-th of many machines. */
export function macNumber(n: number): Mac {
  return parseMac(`0200${n.toString(16).padStart(8, '0')}`) as Mac;
}

/** What a server with these leases would do; `facts` for what it knows besides. */
export function decide(
  request: DhcpPacket,
  policy: DhcpPolicy,
  leases: LeaseView,
  facts: number | Partial<Facts> = 0,
): Decision {
  const usual = { presence: NOBODY_LOOKS, machines: NO_MACHINES, door: 'dhcp', nowMs: 0 } as const;
  return respond(request, { ...usual, policy, leases, ...(typeof facts === 'number' ? { nowMs: facts } : facts) });
}
