/** Host names: cleaned before anybody uses them, and nobody gets one that means somebody else. RFC 1123 §2.1, RFC 4702. */
import { ByteReader, ByteWriter, fromLatin1, latin1 } from '../core/bytes.ts';
import type { Claim } from './address.ts';
import { isHeld, isOf } from './leases.ts';
import { cleanHostname, OPTION, readText } from './options.ts';
import type { Options } from './packet.ts';
import { domainList } from './values.ts';

/**
 * What programs look up unasked and then trust (a proxy for every browser, a tunnel for every Windows), and what means the hall's own
 * machines, whether they are there yet or not.
 */
export const NOBODYS =
  /^(wpad|isatap|teredo|localhost|broadcasthost|flink|fnode\d*|mirror|router|gateway|gw|dns|ns\d*|proxy)$/;

/** The name that goes with the client's address: its row's in the MAC table, else its own, if that is free. */
export function hostnameFor(claim: Claim, options: Options): string | undefined {
  const { policy, leases, mac, key, nowMs } = claim;
  const reserved = policy.reservationFor(mac)?.hostname;
  if (reserved !== undefined) return reserved;
  const name = ownName(options);
  if (name === undefined || NOBODYS.test(name) || policy.fixedNames.has(name)) return undefined;
  // First come, first kept.
  const holder = leases.named(name);
  return holder && isHeld(holder, nowMs) && holder.mac !== mac && !isOf(holder, key) ? undefined : name;
}

/** What the client calls itself: option 81 goes before 12, RFC 4702 §3.1. */
function ownName(options: Options): string | undefined {
  const text = firstLabel(options.get(OPTION.clientFqdn));
  return cleanHostname(text) ?? cleanHostname(readText(options.get(OPTION.hostName)));
}

/** RFC 4702 §2.1. */
const SERVER_UPDATES = 1;
const OVERRIDDEN = 2;
const WIRE_FORMAT = 4;
const NO_UPDATES = 8;
/** Flags and two result codes that nobody uses any more. */
const FQDN_HEAD_BYTES = 3;

/** A name in wire format or, deprecated, as text (§2.3.1). */
function firstLabel(value: Uint8Array | undefined): string | undefined {
  if (!value || value.length <= FQDN_HEAD_BYTES) return undefined;
  const r = new ByteReader(value);
  const isWire = hasFlag(r.u8(''), WIRE_FORMAT);
  r.skip(2, '');
  if (!isWire) return readText(r.rest());
  const length = r.u8('');
  return length <= r.left ? latin1(r.take(length, '')) : undefined;
}

/**
 * Option 81 back: the whole name, spelled as the client spelled its own, and that neither side updates a DNS server: names here are
 * flink's to publish. RFC 4702 §4.
 */
export function fqdnAnswer(asked: Uint8Array, hostname: string, domain: string): Uint8Array | undefined {
  if (asked.length < FQDN_HEAD_BYTES) return undefined;
  const flags = new ByteReader(asked).u8('');
  const isWire = hasFlag(flags, WIRE_FORMAT);
  const fqdn = `${hostname}.${domain}`;
  const name = isWire ? domainList.encode(fqdn) : fromLatin1(fqdn);
  const answer = NO_UPDATES + (isWire ? WIRE_FORMAT : 0) + (hasFlag(flags, SERVER_UPDATES) ? OVERRIDDEN : 0);
  return name && new ByteWriter(64).u8(answer).u8(255).u8(255).put(name).bytes();
}

function hasFlag(flags: number, flag: number): boolean {
  return Math.floor(flags / flag) % 2 === 1;
}
