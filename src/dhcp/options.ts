/** The option table: code, name, value codec, source. Unknown options stay raw and pass through. */
import type { Ipv4 } from '../core/addr.ts';
import { ByteReader, ByteWriter, fromLatin1, latin1 } from '../core/bytes.ts';
import {
  domainList,
  flag,
  ipv4,
  ipv4List,
  ipv4Pairs,
  type OptionInput,
  raw,
  routes,
  s32,
  sipServers,
  text,
  u8,
  u8List,
  u16,
  u16List,
  u32,
  type ValueCodec,
} from './values.ts';

export type { OptionInput } from './values.ts';

/** Codes that the decisions name. RFC 2132 unless stated. */
export const OPTION = {
  subnetMask: 1,
  router: 3,
  domainNameServers: 6,
  hostName: 12,
  domainName: 15,
  broadcastAddress: 28,
  vendorSpecific: 43,
  requestedAddress: 50,
  leaseTime: 51,
  messageType: 53,
  serverIdentifier: 54,
  parameterRequestList: 55,
  message: 56,
  maximumMessageSize: 57,
  renewalTime: 58,
  rebindingTime: 59,
  vendorClass: 60,
  clientIdentifier: 61,
  tftpServerName: 66,
  bootFileName: 67,
  /** RFC 3004; iPXE writes it without the inner length octets. */
  userClass: 77,
  /** RFC 4702. */
  clientFqdn: 81,
  /** RFC 3046. */
  relayAgent: 82,
  /** RFC 4578. */
  clientArchitecture: 93,
  clientNetworkInterface: 94,
  clientMachineIdentifier: 97,
  /** RFC 8925. */
  ipv6OnlyPreferred: 108,
  /** RFC 2563. */
  autoConfigure: 116,
  /** RFC 3397. */
  domainSearch: 119,
  /** RFC 3442, and the number that Windows asked for before it had one. */
  classlessRoutes: 121,
  microsoftRoutes: 249,
  /** iPXE's own, also EtherBoot's. */
  ipxe: 175,
} as const;

interface OptionType {
  readonly name: string;
  readonly codec: ValueCodec;
  readonly from: string;
}

const option = (name: string, codec: ValueCodec, from: string): OptionType => ({ name, codec, from });

/** Names are those of RFC 2132's headings as dnsmasq and Kea spell them. */
export const OPTIONS: Readonly<Record<number, OptionType>> = {
  1: option('subnet-mask', ipv4, 'RFC 2132 §3.3'),
  2: option('time-offset', s32, 'RFC 2132 §3.4'),
  3: option('routers', ipv4List, 'RFC 2132 §3.5'),
  4: option('time-servers', ipv4List, 'RFC 2132 §3.6'),
  5: option('name-servers', ipv4List, 'RFC 2132 §3.7'),
  6: option('domain-name-servers', ipv4List, 'RFC 2132 §3.8'),
  7: option('log-servers', ipv4List, 'RFC 2132 §3.9'),
  8: option('cookie-servers', ipv4List, 'RFC 2132 §3.10'),
  9: option('lpr-servers', ipv4List, 'RFC 2132 §3.11'),
  10: option('impress-servers', ipv4List, 'RFC 2132 §3.12'),
  11: option('resource-location-servers', ipv4List, 'RFC 2132 §3.13'),
  12: option('host-name', text, 'RFC 2132 §3.14'),
  13: option('boot-size', u16, 'RFC 2132 §3.15'),
  14: option('merit-dump', text, 'RFC 2132 §3.16'),
  15: option('domain-name', text, 'RFC 2132 §3.17'),
  16: option('swap-server', ipv4, 'RFC 2132 §3.18'),
  17: option('root-path', text, 'RFC 2132 §3.19'),
  18: option('extensions-path', text, 'RFC 2132 §3.20'),
  19: option('ip-forwarding', flag, 'RFC 2132 §4.1'),
  20: option('non-local-source-routing', flag, 'RFC 2132 §4.2'),
  21: option('policy-filter', ipv4Pairs, 'RFC 2132 §4.3'),
  22: option('max-datagram-reassembly', u16, 'RFC 2132 §4.4'),
  23: option('default-ip-ttl', u8, 'RFC 2132 §4.5'),
  24: option('path-mtu-aging-timeout', u32, 'RFC 2132 §4.6'),
  25: option('path-mtu-plateau-table', u16List, 'RFC 2132 §4.7'),
  26: option('interface-mtu', u16, 'RFC 2132 §5.1'),
  27: option('all-subnets-local', flag, 'RFC 2132 §5.2'),
  28: option('broadcast-address', ipv4, 'RFC 2132 §5.3'),
  29: option('perform-mask-discovery', flag, 'RFC 2132 §5.4'),
  30: option('mask-supplier', flag, 'RFC 2132 §5.5'),
  31: option('router-discovery', flag, 'RFC 2132 §5.6'),
  32: option('router-solicitation-address', ipv4, 'RFC 2132 §5.7'),
  33: option('static-routes', ipv4Pairs, 'RFC 2132 §5.8'),
  34: option('trailer-encapsulation', flag, 'RFC 2132 §6.1'),
  35: option('arp-cache-timeout', u32, 'RFC 2132 §6.2'),
  36: option('ieee802-3-encapsulation', flag, 'RFC 2132 §6.3'),
  37: option('default-tcp-ttl', u8, 'RFC 2132 §7.1'),
  38: option('tcp-keepalive-interval', u32, 'RFC 2132 §7.2'),
  39: option('tcp-keepalive-garbage', flag, 'RFC 2132 §7.3'),
  40: option('nis-domain', text, 'RFC 2132 §8.1'),
  41: option('nis-servers', ipv4List, 'RFC 2132 §8.2'),
  42: option('ntp-servers', ipv4List, 'RFC 2132 §8.3'),
  43: option('vendor-specific', raw, 'RFC 2132 §8.4'),
  44: option('netbios-name-servers', ipv4List, 'RFC 2132 §8.5'),
  45: option('netbios-dd-server', ipv4List, 'RFC 2132 §8.6'),
  46: option('netbios-node-type', u8, 'RFC 2132 §8.7'),
  47: option('netbios-scope', text, 'RFC 2132 §8.8'),
  48: option('font-servers', ipv4List, 'RFC 2132 §8.9'),
  49: option('x-display-manager', ipv4List, 'RFC 2132 §8.10'),
  50: option('requested-address', ipv4, 'RFC 2132 §9.1'),
  51: option('lease-time', u32, 'RFC 2132 §9.2'),
  52: option('option-overload', u8, 'RFC 2132 §9.3'),
  53: option('message-type', u8, 'RFC 2132 §9.6'),
  54: option('server-identifier', ipv4, 'RFC 2132 §9.7'),
  55: option('parameter-request-list', u8List, 'RFC 2132 §9.8'),
  56: option('message', text, 'RFC 2132 §9.9'),
  57: option('maximum-message-size', u16, 'RFC 2132 §9.10'),
  58: option('renewal-time', u32, 'RFC 2132 §9.11'),
  59: option('rebinding-time', u32, 'RFC 2132 §9.12'),
  60: option('vendor-class', text, 'RFC 2132 §9.13'),
  61: option('client-identifier', raw, 'RFC 2132 §9.14'),
  62: option('nwip-domain', text, 'RFC 2242'),
  63: option('nwip-suboptions', raw, 'RFC 2242'),
  64: option('nisplus-domain', text, 'RFC 2132 §8.11'),
  65: option('nisplus-servers', ipv4List, 'RFC 2132 §8.12'),
  66: option('tftp-server-name', text, 'RFC 2132 §9.4'),
  67: option('boot-file-name', text, 'RFC 2132 §9.5'),
  68: option('mobile-ip-home-agents', ipv4List, 'RFC 2132 §8.13'),
  69: option('smtp-servers', ipv4List, 'RFC 2132 §8.14'),
  70: option('pop3-servers', ipv4List, 'RFC 2132 §8.15'),
  71: option('nntp-servers', ipv4List, 'RFC 2132 §8.16'),
  72: option('www-servers', ipv4List, 'RFC 2132 §8.17'),
  73: option('finger-servers', ipv4List, 'RFC 2132 §8.18'),
  74: option('irc-servers', ipv4List, 'RFC 2132 §8.19'),
  75: option('streettalk-servers', ipv4List, 'RFC 2132 §8.20'),
  76: option('streettalk-directory-assistance-servers', ipv4List, 'RFC 2132 §8.21'),
  77: option('user-class', text, 'RFC 3004'),
  78: option('slp-directory-agents', raw, 'RFC 2610'),
  79: option('slp-service-scope', raw, 'RFC 2610'),
  80: option('rapid-commit', raw, 'RFC 4039'),
  81: option('client-fqdn', raw, 'RFC 4702'),
  82: option('relay-agent', raw, 'RFC 3046'),
  85: option('nds-servers', ipv4List, 'RFC 2241'),
  86: option('nds-tree-name', text, 'RFC 2241'),
  87: option('nds-context', text, 'RFC 2241'),
  88: option('bcms-controller-names', domainList, 'RFC 4280'),
  89: option('bcms-controller-addresses', ipv4List, 'RFC 4280'),
  93: option('client-architecture', u16List, 'RFC 4578 §2.1'),
  94: option('client-network-interface', raw, 'RFC 4578 §2.2'),
  97: option('client-machine-identifier', raw, 'RFC 4578 §2.3'),
  98: option('uap-servers', text, 'RFC 2485'),
  99: option('geoconf-civic', raw, 'RFC 4776'),
  100: option('posix-timezone', text, 'RFC 4833'),
  101: option('tzdb-timezone', text, 'RFC 4833'),
  108: option('ipv6-only-preferred', u32, 'RFC 8925'),
  112: option('netinfo-server-address', ipv4List, 'RFC 3679'),
  113: option('netinfo-server-tag', text, 'RFC 3679'),
  114: option('captive-portal', text, 'RFC 8910'),
  116: option('auto-configure', u8, 'RFC 2563'),
  117: option('name-service-search', u16List, 'RFC 2937'),
  118: option('subnet-selection', ipv4, 'RFC 3011'),
  119: option('domain-search', domainList, 'RFC 3397'),
  120: option('sip-servers', sipServers, 'RFC 3361'),
  121: option('classless-static-routes', routes, 'RFC 3442'),
  122: option('cablelabs', raw, 'RFC 3495'),
  123: option('geoconf', raw, 'RFC 6225'),
  124: option('vendor-identifying-class', raw, 'RFC 3925'),
  125: option('vendor-identifying-options', raw, 'RFC 3925'),
  136: option('pana-agents', ipv4List, 'RFC 5192'),
  137: option('lost-server', domainList, 'RFC 5223'),
  138: option('capwap-controllers', ipv4List, 'RFC 5417'),
  141: option('sip-ua-domains', domainList, 'RFC 6011'),
  150: option('tftp-server-address', ipv4List, 'RFC 5859'),
  175: option('ipxe', raw, 'iPXE include/ipxe/dhcp.h'),
  208: option('pxelinux-magic', raw, 'RFC 5071 §3'),
  209: option('pxelinux-config-file', text, 'RFC 5071 §4'),
  210: option('pxelinux-path-prefix', text, 'RFC 5071 §5'),
  211: option('pxelinux-reboot-time', u32, 'RFC 5071 §6'),
  249: option('ms-classless-static-routes', routes, 'MS-DHCPE §2.2.8'),
  252: option('wpad', text, 'draft-ietf-wrec-wpad-01'),
};

/** What the protocol itself decides, or clients and relays say: an operator who set these would break the exchange. */
const RESERVED: ReadonlySet<number> = new Set([
  ...[0, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 61, 80, 81, 82, 90, 91, 92, 118, 255],
]);

export type EncodedOption =
  | { readonly ok: true; readonly code: number; readonly value: Uint8Array }
  | { readonly ok: false; readonly problem: string };

/** An operator's extra option, by number or name, as octets; or the sentence that says what to write instead. */
export function encodeOption(key: string | number, input: OptionInput): EncodedOption {
  const code = optionCode(key);
  if (code === undefined)
    return { ok: false, problem: `want an option number from 1 to 254 or a name such as ntp-servers, got "${key}"` };
  if (RESERVED.has(code)) return { ok: false, problem: `option ${code} is the protocol's own: leave it out` };
  const { codec } = OPTIONS[code] ?? { codec: raw };
  const value = codec.encode(input);
  return value
    ? { ok: true, code, value }
    : { ok: false, problem: `want ${codec.wants}, got ${JSON.stringify(input)}` };
}

function optionCode(key: string | number): number | undefined {
  if (/^\d+$/.test(String(key))) return Number(key) >= 1 && Number(key) <= 254 ? Number(key) : undefined;
  const found = Object.entries(OPTIONS).find(([, type]) => type.name === key);
  return found ? Number(found[0]) : undefined;
}

/** `3 routers: 172.16.0.1`, for people. */
export function showOption(code: number, value: Uint8Array): string {
  return `${code} ${OPTIONS[code]?.name ?? 'unknown'}: ${showValue(code, value)}`;
}

export function showValue(code: number, value: Uint8Array): string {
  return (OPTIONS[code]?.codec ?? raw).show(value);
}

// Readers for the decisions: lenient where RFC 4578's senders in the field are (protocol-facts 2), never throwing.

export function readU8(value: Uint8Array | undefined): number | undefined {
  return value?.length === 1 ? new ByteReader(value).u8('') : undefined;
}

export function readU16(value: Uint8Array | undefined): number | undefined {
  return value?.length === 2 ? new ByteReader(value).u16('') : undefined;
}

export function readU32(value: Uint8Array | undefined): number | undefined {
  return value?.length === 4 ? new ByteReader(value).u32('') : undefined;
}

export function readIpv4(value: Uint8Array | undefined): Ipv4 | undefined {
  return value?.length === 4 ? new ByteReader(value).ipv4('') : undefined;
}

/** Without the NULs that some senders append. */
export function readText(value: Uint8Array | undefined): string | undefined {
  const text = value === undefined ? undefined : latin1(value);
  return text?.endsWith('\0') ? text.replace(/\0+$/, '') : text;
}

export const ofU8 = (value: number): Uint8Array => Uint8Array.of(value);
export const ofU32 = (value: number): Uint8Array => new ByteWriter(4).u32(value).bytes();
export function ofIpv4(...addresses: readonly Ipv4[]): Uint8Array {
  const w = new ByteWriter(4 * addresses.length);
  for (const address of addresses) w.ipv4(address);
  return w.bytes();
}
export const ofText = (value: string): Uint8Array => fromLatin1(value);

/** A host name that may be used anywhere, or nothing: one label of letters, digits and hyphens. RFC 952, RFC 1123 §2.1. */
export function cleanHostname(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const label = name.split('.')[0]?.toLowerCase() ?? '';
  return /^[a-z\d]([a-z\d-]{0,61}[a-z\d])?$/.test(label) ? label : undefined;
}
