/** Addresses as values: branded, made here only, always in one spelling. */

declare const brand: unique symbol;
/** Dotted quad without leading zeros, `172.16.0.1`. */
export type Ipv4 = string & { readonly [brand]: 'Ipv4' };
/** Lower case with colons, `52:54:00:12:34:56`. */
export type Mac = string & { readonly [brand]: 'Mac' };

/** A network of `prefixBits` leading bits; `network` has its host bits at zero. */
export interface Subnet {
  readonly network: Ipv4;
  readonly prefixBits: number;
}

/** Both ends belong to it. */
export interface Ipv4Range {
  readonly first: Ipv4;
  readonly last: Ipv4;
}

export interface Endpoint {
  readonly address: Ipv4;
  readonly port: number;
}

export const UNSPECIFIED = '0.0.0.0' as Ipv4;
export const LIMITED_BROADCAST = '255.255.255.255' as Ipv4;
export const LOOPBACK = '127.0.0.1' as Ipv4;

/** Four numbers to 255. One expression without groups to take out: each packet's sender passes here. */
const QUAD = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** The address in `text`, or nothing. `010.0.0.1`, `1.2.3` and `0x7f.1` are refused: resolvers disagree on them. */
export function parseIpv4(text: string): Ipv4 | undefined {
  return QUAD.test(text) ? (text as Ipv4) : undefined;
}

/** Whether `text` is an IPv6 literal, no brackets; `%eth0` may follow where an address is of one link only. RFC 4291 §2.2, RFC 4007 §11 */
export function isIpv6(text: string): boolean {
  const [, address] = /^([\da-f:.]{2,45})(?:%[\w.-]{1,15})?$/i.exec(text) ?? [];
  // The URL standard's own parser knows the rest: how many groups there are, where :: may stand.
  return address?.includes(':') === true && URL.canParse(`http://[${address}]/`);
}

export function ipv4FromNumber(value: number): Ipv4 {
  // Most of what packets hold, and no reason to make a text.
  if (value === 0) return UNSPECIFIED;
  const low = value % 0x10000;
  const high = Math.floor(value / 0x10000) % 0x10000;
  return `${Math.floor(high / 256)}.${high % 256}.${Math.floor(low / 256)}.${low % 256}` as Ipv4;
}

/** 0 to 2^32-1. Digit by digit: a lease has it done some twenty times, and this makes no strings. */
export function ipv4ToNumber(address: Ipv4): number {
  let value = 0;
  let octet = 0;
  for (let i = 0; i < address.length; i++) {
    const code = address.charCodeAt(i);
    if (code === DOT) {
      value = (value + octet) * 256;
      octet = 0;
    } else octet = octet * 10 + code - ZERO;
  }
  return value + octet;
}

const DOT = 0x2e;
const ZERO = 0x30;

export function parseRange(text: string): Ipv4Range | undefined {
  const [from, to, ...more] = text.split('-').map((end) => parseIpv4(end.trim()));
  if (!from || !to || more.length > 0 || ipv4ToNumber(from) > ipv4ToNumber(to)) return undefined;
  return { first: from, last: to };
}

export function rangeHas(range: Ipv4Range, address: Ipv4): boolean {
  const value = ipv4ToNumber(address);
  return value >= ipv4ToNumber(range.first) && value <= ipv4ToNumber(range.last);
}

export function rangeSize(range: Ipv4Range): number {
  return ipv4ToNumber(range.last) - ipv4ToNumber(range.first) + 1;
}

/** `172.16.0.0/16`, or nothing; host bits are cleared. */
export function parseSubnet(text: string): Subnet | undefined {
  const match = /^([\d.]+)\/(\d{1,2})$/.exec(text);
  const address = match?.[1] === undefined ? undefined : parseIpv4(match[1]);
  const prefixBits = Number(match?.[2]);
  return address && prefixBits <= 32 ? subnetOf(address, prefixBits) : undefined;
}

export function subnetOf(address: Ipv4, prefixBits: number): Subnet {
  const size = 2 ** (32 - prefixBits);
  return { network: ipv4FromNumber(Math.floor(ipv4ToNumber(address) / size) * size), prefixBits };
}

export function subnetHas(subnet: Subnet, address: Ipv4): boolean {
  const size = 2 ** (32 - subnet.prefixBits);
  return Math.floor(ipv4ToNumber(address) / size) * size === ipv4ToNumber(subnet.network);
}

/** Whether `address` may be a machine's: neither the network's own nor that of all. */
export function subnetHasHost({ network, prefixBits }: Subnet, address: Ipv4): boolean {
  const place = ipv4ToNumber(address) - ipv4ToNumber(network);
  return place > 0 && place < 2 ** (32 - prefixBits) - 1;
}

/** The directed broadcast address: all host bits at one. */
export function broadcastOf(subnet: Subnet): Ipv4 {
  return ipv4FromNumber(ipv4ToNumber(subnet.network) + 2 ** (32 - subnet.prefixBits) - 1);
}

export function maskOf(subnet: Subnet): Ipv4 {
  return ipv4FromNumber(2 ** 32 - 2 ** (32 - subnet.prefixBits));
}

/** `52:54:00:12:34:56` from colons, dashes, Cisco dots or bare hex in any case, or nothing. */
export function parseMac(text: string): Mac | undefined {
  const shape =
    /^(?:[\da-f]{1,2}([:-]))(?:[\da-f]{1,2}\1){4}[\da-f]{1,2}$|^(?:[\da-f]{4}\.){2}[\da-f]{4}$|^[\da-f]{12}$/i;
  if (!shape.test(text)) return undefined;
  const octets = /[:-]/.test(text)
    ? text.split(/[:-]/).map((o) => o.padStart(2, '0'))
    : text.replaceAll('.', '').match(/../g);
  return octets?.join(':').toLowerCase() as Mac;
}

const PAIRS: readonly string[] = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, '0'));

/** From the first six octets of a hardware address. */
export function macFromBytes(bytes: Uint8Array): Mac {
  let text = '';
  for (const octet of bytes.subarray(0, 6)) text += text === '' ? PAIRS[octet] : `:${PAIRS[octet]}`;
  return text as Mac;
}

/** A row's key in the MAC table: six octets, of which `undefined` matches any. */
export interface MacPattern {
  readonly octets: readonly (number | undefined)[];
  /** As the operator wrote it, for messages. */
  readonly text: string;
}

/** A MAC, or one with `*` for single octets; a `*` at the end stands for all that follow: `52:54:00:*`. */
export function parseMacPattern(text: string): MacPattern | undefined {
  const exact = parseMac(text);
  const parts = (exact ?? text.toLowerCase()).split(/[:-]/);
  if (parts.at(-1) === '*') parts.push(...Array<string>(Math.max(0, 6 - parts.length)).fill('*'));
  if (parts.length !== 6 || !parts.every((p) => p === '*' || /^[\da-f]{1,2}$/.test(p))) return undefined;
  return { octets: parts.map((p) => (p === '*' ? undefined : Number.parseInt(p, 16))), text };
}

export function macMatches(pattern: MacPattern, mac: Mac): boolean {
  const octets = mac.split(':').map((octet) => Number.parseInt(octet, 16));
  return pattern.octets.every((want, i) => want === undefined || want === octets[i]);
}

/** How many octets are fixed: 6 for one machine, 0 for `*`. */
export function macPatternWeight(pattern: MacPattern): number {
  return pattern.octets.filter((octet) => octet !== undefined).length;
}

/** The row with the most fixed octets among those that match; of equals, the one that stands first. */
export function mostSpecific<Row extends { readonly mac: MacPattern }>(
  rows: readonly Row[],
  mac: Mac,
): Row | undefined {
  let best: Row | undefined;
  for (const row of rows) {
    if (macMatches(row.mac, mac) && (!best || macPatternWeight(row.mac) > macPatternWeight(best.mac))) best = row;
  }
  return best;
}
