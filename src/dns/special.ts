/**
 * Names that are nobody's on the Internet, and must not be asked for there. RFC 6761, 6303, 6762, 7686, 7793, 8375, 9462, 9476, 9665;
 * IANA's lists "Special-Use Domain Names" and "Locally-Served DNS Zones".
 */
import { wireName } from './names.ts';
import type { Name } from './query.ts';

/**
 * never: answered here, whatever upstreams there are. private: only a resolver in the operator's own network may know it.
 * An upstream that is configured for that very domain is asked in any case.
 */
export type Reach = 'never' | 'private' | 'anywhere';

/**
 * loopback: this machine, whoever asks. missing: there is no such name, nor any below. empty: a zone with nothing in it. mute: every
 * name is there, with no data. private: as `Reach`.
 */
export type SpecialKind = 'loopback' | 'missing' | 'empty' | 'mute' | 'private';

export interface SpecialZone {
  readonly zone: Name;
  readonly kind: SpecialKind;
}

const DOMAINS: Readonly<Record<SpecialKind, readonly string[]>> = {
  // RFC 6761 §6.3.
  loopback: ['localhost'],
  // RFC 6761 §6.4; RFC 7686 §2; RFC 6762 §22.1; RFC 9476 §2.
  missing: ['invalid', 'onion', 'local', 'alt'],
  // RFC 8375 §4; RFC 9665.
  empty: ['home.arpa', 'service.arpa'],
  // RFC 9462 §6.4: NODATA for any name and type there, where no designated resolver is told of.
  mute: ['resolver.arpa'],
  // RFC 6761 §6.2; ICANN's board, July 2024; RFC 6762 appendix G: in private use all over, and in no root.
  private: ['test', 'internal', 'intranet', 'private', 'corp', 'home', 'lan'],
};

const counted = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** RFC 6303 §4.1 and §4.2, RFC 7793: leading octets of addresses that everybody may use. */
const IPV4: readonly string[] = [
  ...['10', ...counted(16, 31).map((octet) => `172.${octet}`), '192.168'],
  ...['0', '127', '169.254', '192.0.2', '198.51.100', '203.0.113', '255.255.255.255'],
  ...counted(64, 127).map((octet) => `100.${octet}`),
];

/**
 * RFC 6303 §4.3 to §4.6: leading hexadecimal digits of `::` and `::1`, of fd00::/8, fe80::/10, and of what is for documentation. And
 * what it left to time: the other half of RFC 4193's fc00::/7; fec0::/10, which RFC 3879 took back.
 */
const IPV6: readonly string[] = [
  '0'.repeat(32),
  `${'0'.repeat(31)}1`,
  'fc',
  'fd',
  ...[...'89abcdef'].map((d) => `fe${d}`),
  '20010db8',
];

const reversed = (parts: readonly string[], top: string): Name => wireName([...parts].reverse().concat(top).join('.'));

/** Of `127.0.0.1` and `::1`. */
export const LOOPBACK_NAMES: ReadonlySet<Name> = new Set([
  reversed(['127', '0', '0', '1'], 'in-addr.arpa'),
  reversed([...'0'.repeat(31), '1'], 'ip6.arpa'),
]);

const SPECIAL: ReadonlyMap<Name, SpecialZone> = new Map(
  [
    ...Object.entries(DOMAINS).flatMap(([kind, names]) =>
      names.map((name): SpecialZone => ({ zone: wireName(name), kind: kind as SpecialKind })),
    ),
    ...IPV4.map((octets): SpecialZone => ({ zone: reversed(octets.split('.'), 'in-addr.arpa'), kind: 'empty' })),
    ...IPV6.map((digits): SpecialZone => ({ zone: reversed([...digits], 'ip6.arpa'), kind: 'empty' })),
  ].map((special) => [special.zone, special]),
);
const LONGEST_OCTETS = Math.max(...[...SPECIAL.keys()].map((zone) => zone.length));

/** The one that `name` is or lies in. */
export function specialZoneOf(name: Name): SpecialZone | undefined {
  for (let at = 0; at < name.length; at += name.charCodeAt(at) + 1) {
    if (name.length - at > LONGEST_OCTETS) continue;
    const special = SPECIAL.get(at === 0 ? name : name.slice(at));
    if (special) return special;
  }
  return undefined;
}

export function reachOf(name: Name, type: number): Reach {
  if (isPlain(name) && HOST_TYPES.has(type)) return 'never';
  if (isAutomatic(name) && !ZONE_TYPES.has(type)) return 'never';
  const special = specialZoneOf(name);
  if (!special) return 'anywhere';
  if (special.kind === 'private') return 'private';
  return special.kind === 'empty' && isOfParent(name, type, special) ? 'anywhere' : 'never';
}

const DS = 43;
/** NS, SOA, DS, DNSKEY: what resolvers ask about zones, to find them and to check them. */
export const ZONE_TYPES: ReadonlySet<number> = new Set([2, 6, DS, 48]);
/** A, AAAA, A6, SVCB, HTTPS: what programs ask that want to reach a machine. */
const HOST_TYPES: ReadonlySet<number> = new Set([1, 28, 38, 64, 65]);

/**
 * DS stands on the parent's side of a zone's cut, so it tells nothing of what is inside; and who validates needs the parent's word that
 * there are no signatures. RFC 4035 §3.1.4.1, RFC 8375 §4.
 */
function isOfParent(name: Name, type: number, { zone }: SpecialZone): boolean {
  return type === DS && name === zone;
}

/** One label: a machine of the hall, or a slip of somebody's fingers. Top-level domains have no addresses (SAC053). */
export function isPlain(name: Name): boolean {
  return name.length > 1 && name.length === name.charCodeAt(0) + 2;
}

/** `wpad`, `wpad.example.com`: browsers look it up unasked, in domains that are not theirs, too, and let it read everything. */
function isAutomatic(name: Name): boolean {
  return name.startsWith('\x04wpad');
}

/** What no machine is called, since programs look it up unasked and trust what they find: only `records` may have it. */
export function mayBeHost(label: string): boolean {
  return label !== 'wpad' && label !== 'isatap' && label !== 'localhost';
}

/** Whether it is a special zone's own name: no machine's, alone and without a domain, such as `local` or `test`. */
export function isSpecialZone(name: Name): boolean {
  return SPECIAL.has(name);
}
