/** The option table: code, name, value codec, source. Unknown options stay raw and pass through. */
import { type Ipv4, parseIpv4, parseSubnet } from '../core/addr.ts';
import { ByteReader, ByteWriter, fromLatin1, hex, latin1 } from '../core/bytes.ts';

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
  /** RFC 3046. */
  relayAgent: 82,
  /** RFC 4578. */
  clientArchitecture: 93,
  clientNetworkInterface: 94,
  clientMachineIdentifier: 97,
  /** iPXE's own, also EtherBoot's. */
  ipxe: 175,
} as const;

/** What an operator may write for an option: one value or a list. */
export type OptionInput = string | number | boolean | readonly (string | number | boolean)[];

interface ValueCodec {
  /** For messages: `want an address`. */
  readonly wants: string;
  /** Nothing when the input is not of this kind. */
  encode(input: OptionInput): Uint8Array | undefined;
  /** For people; only for values of the right length. */
  show(value: Uint8Array): string;
}

const items = (input: OptionInput): readonly (string | number | boolean)[] =>
  typeof input === 'string' && input.includes(',') ? input.split(',').map((s) => s.trim()) : [input].flat();

function integer(octets: 1 | 2 | 4, perItem = false): ValueCodec {
  const limit = 256 ** octets;
  const put = (w: ByteWriter, value: number) =>
    octets === 1 ? w.u8(value) : octets === 2 ? w.u16(value) : w.u32(value);
  return {
    wants: `${perItem ? 'numbers' : 'a number'} from 0 to ${limit - 1}`,
    encode: (input) => {
      const values = (perItem ? items(input) : [input].flat()).map((v) =>
        typeof v === 'boolean' ? Number.NaN : Number(v),
      );
      if (values.length === 0 || (!perItem && values.length > 1)) return undefined;
      if (!values.every((v) => Number.isInteger(v) && v >= 0 && v < limit)) return undefined;
      return values.reduce(put, new ByteWriter(8)).bytes();
    },
    show: (value) =>
      chunks(value, octets)
        .map((chunk) => String(Number(`0x${hex(chunk)}`)))
        .join(','),
  };
}

const chunks = (value: Uint8Array, size: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(value.length / size) }, (_, i) => value.subarray(i * size, (i + 1) * size));

const u8 = integer(1);
const u16 = integer(2);
const u32 = integer(4);
const u8List = integer(1, true);
const u16List = integer(2, true);

const ipv4List: ValueCodec = {
  wants: 'addresses',
  encode: (input) => {
    const addresses = items(input).map((v) => parseIpv4(String(v)));
    if (addresses.length === 0 || addresses.includes(undefined)) return undefined;
    return addresses.reduce((w, address) => (address ? w.ipv4(address) : w), new ByteWriter(16)).bytes();
  },
  show: (value) =>
    chunks(value, 4)
      .map((chunk) => (chunk.length === 4 ? new ByteReader(chunk).ipv4('') : hex(chunk)))
      .join(','),
};

const ipv4: ValueCodec = {
  ...ipv4List,
  wants: 'an address',
  encode: (i) => (items(i).length === 1 ? ipv4List.encode(i) : undefined),
};

const text: ValueCodec = {
  wants: 'a text of 1 to 255 characters',
  encode: (input) => {
    const value = Array.isArray(input) ? undefined : Buffer.from(String(input), 'utf8');
    return value && value.length > 0 && value.length <= 255 && !value.includes(0) ? value : undefined;
  },
  show: (value) => JSON.stringify(latin1(value).replace(/\0+$/, '')),
};

const flag: ValueCodec = {
  wants: 'true or false',
  encode: (input) => (typeof input === 'boolean' ? Uint8Array.of(input ? 1 : 0) : undefined),
  show: (value) => String(value[0] === 1),
};

const raw: ValueCodec = {
  wants: 'hex octets such as 01:02:ff, or a text',
  encode: (input) => {
    if (typeof input !== 'string') return undefined;
    return /^[\da-f]{2}(:[\da-f]{2})*$/i.test(input)
      ? Buffer.from(input.replaceAll(':', ''), 'hex')
      : text.encode(input);
  },
  show: (value) => hex(value),
};

/** RFC 3397: names as in DNS, here without compression, which every reader must take. */
const domainList: ValueCodec = {
  wants: 'domain names',
  encode: (input) => {
    const w = new ByteWriter(64);
    for (const name of items(input)) {
      const labels = String(name).replace(/\.$/, '').split('.');
      if (!labels.every((label) => /^[\w-]{1,63}$/.test(label))) return undefined;
      for (const label of labels) w.u8(label.length).put(fromLatin1(label));
      w.u8(0);
    }
    return w.length > 0 ? w.bytes() : undefined;
  },
  show: (value) => hex(value),
};

/** RFC 3442: `10.0.0.0/8 172.16.0.1`: prefix length, the significant octets of the network, router. */
const routes: ValueCodec = {
  wants: 'routes such as "10.0.0.0/8 172.16.0.1"',
  encode: (input) => {
    const w = new ByteWriter(32);
    for (const item of items(input)) {
      const [net, via, ...more] = String(item)
        .trim()
        .split(/\s+(?:via\s+)?/);
      const subnet = parseSubnet(net ?? '');
      const router = parseIpv4(via ?? '');
      if (!subnet || !router || more.length > 0) return undefined;
      w.u8(subnet.prefixBits)
        .put(
          new ByteWriter(4)
            .ipv4(subnet.network)
            .bytes()
            .subarray(0, Math.ceil(subnet.prefixBits / 8)),
        )
        .ipv4(router);
    }
    return w.length > 0 ? w.bytes() : undefined;
  },
  show: (value) => hex(value),
};

interface OptionType {
  readonly name: string;
  readonly codec: ValueCodec;
  readonly from: string;
}

const option = (name: string, codec: ValueCodec, from: string): OptionType => ({ name, codec, from });

/** Names are those of RFC 2132's headings as dnsmasq and Kea spell them. */
export const OPTIONS: Readonly<Record<number, OptionType>> = {
  1: option('subnet-mask', ipv4, 'RFC 2132 §3.3'),
  2: option('time-offset', u32, 'RFC 2132 §3.4'),
  3: option('routers', ipv4List, 'RFC 2132 §3.5'),
  4: option('time-servers', ipv4List, 'RFC 2132 §3.6'),
  6: option('domain-name-servers', ipv4List, 'RFC 2132 §3.8'),
  7: option('log-servers', ipv4List, 'RFC 2132 §3.9'),
  9: option('lpr-servers', ipv4List, 'RFC 2132 §3.11'),
  12: option('host-name', text, 'RFC 2132 §3.14'),
  13: option('boot-size', u16, 'RFC 2132 §3.15'),
  15: option('domain-name', text, 'RFC 2132 §3.17'),
  16: option('swap-server', ipv4, 'RFC 2132 §3.18'),
  17: option('root-path', text, 'RFC 2132 §3.19'),
  18: option('extensions-path', text, 'RFC 2132 §3.20'),
  19: option('ip-forwarding', flag, 'RFC 2132 §4.1'),
  23: option('default-ip-ttl', u8, 'RFC 2132 §4.5'),
  26: option('interface-mtu', u16, 'RFC 2132 §5.1'),
  28: option('broadcast-address', ipv4, 'RFC 2132 §5.3'),
  31: option('router-discovery', flag, 'RFC 2132 §5.6'),
  33: option('static-routes', ipv4List, 'RFC 2132 §5.8'),
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
  53: option('message-type', u8, 'RFC 2132 §9.6'),
  54: option('server-identifier', ipv4, 'RFC 2132 §9.7'),
  55: option('parameter-request-list', u8List, 'RFC 2132 §9.8'),
  56: option('message', text, 'RFC 2132 §9.9'),
  57: option('maximum-message-size', u16, 'RFC 2132 §9.10'),
  58: option('renewal-time', u32, 'RFC 2132 §9.11'),
  59: option('rebinding-time', u32, 'RFC 2132 §9.12'),
  60: option('vendor-class', text, 'RFC 2132 §9.13'),
  61: option('client-identifier', raw, 'RFC 2132 §9.14'),
  64: option('nisplus-domain', text, 'RFC 2132 §8.11'),
  65: option('nisplus-servers', ipv4List, 'RFC 2132 §8.12'),
  66: option('tftp-server-name', text, 'RFC 2132 §9.4'),
  67: option('boot-file-name', text, 'RFC 2132 §9.5'),
  69: option('smtp-servers', ipv4List, 'RFC 2132 §8.14'),
  70: option('pop3-servers', ipv4List, 'RFC 2132 §8.15'),
  72: option('www-servers', ipv4List, 'RFC 2132 §8.17'),
  77: option('user-class', text, 'RFC 3004'),
  82: option('relay-agent', raw, 'RFC 3046'),
  93: option('client-architecture', u16List, 'RFC 4578 §2.1'),
  94: option('client-network-interface', raw, 'RFC 4578 §2.2'),
  97: option('client-machine-identifier', raw, 'RFC 4578 §2.3'),
  100: option('posix-timezone', text, 'RFC 4833'),
  101: option('tzdb-timezone', text, 'RFC 4833'),
  108: option('ipv6-only-preferred', u32, 'RFC 8925'),
  114: option('captive-portal', text, 'RFC 8910'),
  116: option('auto-configure', u8, 'RFC 2563'),
  119: option('domain-search', domainList, 'RFC 3397'),
  121: option('classless-static-routes', routes, 'RFC 3442'),
  150: option('tftp-server-address', ipv4List, 'RFC 5859'),
  175: option('ipxe', raw, 'iPXE include/ipxe/dhcp.h'),
  208: option('pxelinux-magic', raw, 'RFC 5071 §3'),
  209: option('pxelinux-config-file', text, 'RFC 5071 §4'),
  210: option('pxelinux-path-prefix', text, 'RFC 5071 §5'),
  211: option('pxelinux-reboot-time', u32, 'RFC 5071 §6'),
  249: option('ms-classless-static-routes', routes, 'MS-DHCPE §2.2.8'),
  252: option('wpad', text, 'draft-ietf-wrec-wpad-01'),
};

/** What the protocol itself decides: an operator who set these would break the exchange. */
const RESERVED: ReadonlySet<number> = new Set([0, 50, 51, 52, 53, 54, 55, 57, 58, 59, 61, 82, 255]);

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

export function readIpv4(value: Uint8Array | undefined): Ipv4 | undefined {
  return value?.length === 4 ? new ByteReader(value).ipv4('') : undefined;
}

/** Without the NULs that some senders append. */
export function readText(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : latin1(value).replace(/\0+$/, '');
}

export const ofU8 = (value: number): Uint8Array => Uint8Array.of(value);
export const ofU32 = (value: number): Uint8Array => new ByteWriter(4).u32(value).bytes();
export const ofIpv4 = (...addresses: readonly Ipv4[]): Uint8Array =>
  addresses.reduce((w, address) => w.ipv4(address), new ByteWriter(4 * addresses.length)).bytes();
export const ofText = (value: string): Uint8Array => fromLatin1(value);

/** A host name that may be used anywhere, or nothing: one label of letters, digits and hyphens. RFC 952, RFC 1123 §2.1. */
export function cleanHostname(name: string | undefined): string | undefined {
  const label = name?.split('.')[0]?.toLowerCase() ?? '';
  return /^[a-z\d]([a-z\d-]{0,61}[a-z\d])?$/.test(label) ? label : undefined;
}
