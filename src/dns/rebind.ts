/**
 * Addresses that a name from outside must not have: a page loaded from it could then speak to machines of the hall, or to the laptop
 * itself, as if they were the page's own site. In A and AAAA records, and in the hints of HTTPS and SVCB. RFC 6890, RFC 9460 §7.3.
 */
import { type Ipv4, ipv4FromNumber, ipv4ToNumber, parseRange } from '../core/addr.ts';
import { octetAt, pairAt, quadAt } from '../core/bytes.ts';
import type { RecordPlace } from './message.ts';
import { endOfName } from './wire.ts';

/** none: no address, or public ones; broken: readers would not agree on what it holds. */
export type Finding = 'none' | 'private' | 'broken';

/**
 * Not of it: 192.0.2.0/24, 198.51.100.0/24 and 203.0.113.0/24, which are examples and nobody's (RFC 5737); 192.0.0.170 and .171, by
 * which systems find out about NAT64 (RFC 7050 §2.2).
 */
const PRIVATE_IPV4: readonly (readonly [range: string, because: string])[] = [
  ['0.0.0.0-0.255.255.255', 'RFC 1122 §3.2.1.3: this host; Linux connects to itself'],
  ['10.0.0.0-10.255.255.255', 'RFC 1918: private'],
  ['100.64.0.0-100.127.255.255', 'RFC 6598: behind a carrier'],
  ['127.0.0.0-127.255.255.255', 'RFC 1122 §3.2.1.3: loopback'],
  ['169.254.0.0-169.254.255.255', 'RFC 3927: of one link; metadata of clouds, too'],
  ['172.16.0.0-172.31.255.255', 'RFC 1918: private'],
  ['192.0.0.0-192.0.0.169', 'RFC 6890 §2.2.2: between a host and its gateway'],
  ['192.0.0.172-192.0.0.255', 'the same'],
  ['192.168.0.0-192.168.255.255', 'RFC 1918: private'],
  ['198.18.0.0-198.19.255.255', 'RFC 2544: laboratories'],
  ['224.0.0.0-239.255.255.255', 'RFC 5771: multicast'],
  ['240.0.0.0-255.255.255.255', 'RFC 1112 §4: reserved; the last one is the broadcast, RFC 919 §7'],
];

/** Both ends belong to it. */
const RANGES = PRIVATE_IPV4.map(([text]) => {
  const range = parseRange(text);
  return range ? { first: ipv4ToNumber(range.first), last: ipv4ToNumber(range.last) } : { first: 0, last: 2 ** 32 - 1 };
});

const A = 1;
const AAAA = 28;
const SVCB = 64;
const HTTPS = 65;
/** RFC 9460 §14.3.2. */
const IPV4_HINT = 4;
const IPV6_HINT = 6;

/** Whether the hall itself has that address, which then is public but not outside. */
export type IsInside = (address: Ipv4) => boolean;

/** What addresses the record holds. */
export function addressesOf(bytes: Uint8Array, record: RecordPlace, isInside: IsInside | undefined): Finding {
  const { type, dataAt, end } = record;
  if (type === A) return end - dataAt === 4 ? listOf(bytes, dataAt, end, isInside) : 'broken';
  if (type === AAAA) return end - dataAt === 16 ? longListOf(bytes, dataAt, end, isInside) : 'broken';
  return type === SVCB || type === HTTPS ? hintsOf(bytes, record, isInside) : 'none';
}

/** Priority, target, then parameters: key, length, value. RFC 9460 §2.2. */
function hintsOf(bytes: Uint8Array, { dataAt, end }: RecordPlace, isInside: IsInside | undefined): Finding {
  let at = endOfName(bytes, dataAt + 2);
  if (at === undefined || at > end) return 'broken';
  while (at < end) {
    const valueAt: number = at + 4;
    const key = pairAt(bytes, at);
    at = valueAt + pairAt(bytes, at + 2);
    if (at > end) return 'broken';
    let found: Finding = 'none';
    if (key === IPV4_HINT) found = listOf(bytes, valueAt, at, isInside);
    if (key === IPV6_HINT) found = longListOf(bytes, valueAt, at, isInside);
    if (found !== 'none') return found;
  }
  return 'none';
}

function listOf(bytes: Uint8Array, from: number, end: number, isInside: IsInside | undefined): Finding {
  if ((end - from) % 4 !== 0) return 'broken';
  for (let at = from; at < end; at += 4) if (isPrivate(quadAt(bytes, at), isInside)) return 'private';
  return 'none';
}

function longListOf(bytes: Uint8Array, from: number, end: number, isInside: IsInside | undefined): Finding {
  if ((end - from) % 16 !== 0) return 'broken';
  for (let at = from; at < end; at += 16) if (isPrivateLong(bytes, at, isInside)) return 'private';
  return 'none';
}

function isPrivate(address: number, isInside: IsInside | undefined): boolean {
  for (const { first, last } of RANGES) if (address >= first && address <= last) return true;
  return isInside?.(ipv4FromNumber(address)) === true;
}

/** An IPv6 address, or the IPv4 address that it stands for. A network's own NAT64 prefix looks like any other: RFC 6052 §3.3. */
function isPrivateLong(bytes: Uint8Array, at: number, isInside: IsInside | undefined): boolean {
  const first = octetAt(bytes, at);
  // fc00::/7: private, RFC 4193. ff00::/8: multicast, RFC 4291 §2.7.
  if (first === 0xfc || first === 0xfd || first === 0xff) return true;
  // fe80::/10: of one link, RFC 4291 §2.5.6. fec0::/10: of one site, RFC 3879.
  if (first === 0xfe) return octetAt(bytes, at + 1) >= 0x80;
  const embeddedAt = embedded(bytes, at);
  return embeddedAt !== undefined && isPrivate(quadAt(bytes, embeddedAt), isInside);
}

/** Where the IPv4 address stands that gets the packets in the end. */
function embedded(bytes: Uint8Array, at: number): number | undefined {
  // 2002::/16: 6to4, RFC 3056 §2.
  if (pairAt(bytes, at) === 0x2002) return at + 2;
  const high = quadAt(bytes, at);
  const isMiddleZero = quadAt(bytes, at + 4) === 0;
  const low = quadAt(bytes, at + 8);
  // ::ffff:0:0/96: mapped, RFC 4291 §2.5.5.2. ::/96: RFC 4291 §2.5.5.1, with :: and ::1, which are 0.0.0.0 and 0.0.0.1 so.
  if (high === 0 && isMiddleZero && (low === 0xffff || low === 0)) return at + 12;
  // 64:ff9b::/96: NAT64, RFC 6052 §2.1.
  return high === 0x0064_ff9b && isMiddleZero && low === 0 ? at + 12 : undefined;
}
