/** What the hall says of a name: its own names, and those that are nobody's. A decision; `zone.ts` makes packets of it. */
import { type Ipv4, ipv4FromNumber, LOOPBACK } from '../core/addr.ts';
import { labelIn, nodeTable, tableOf } from './halltable.ts';
import { isWithin, wireName } from './names.ts';
import type { Name } from './query.ts';
import { covers, overlaps, spanOf, zoneOfSpan } from './reverse.ts';
import { isPlain, isSpecialZone, LOOPBACK_NAMES, mayBeHost, reachOf, specialZoneOf, ZONE_TYPES } from './special.ts';
import type { HallNames, ZoneAsker } from './zone.ts';

export type Datum =
  | { readonly type: 'A'; readonly data: Ipv4 }
  | { readonly type: 'AAAA'; readonly data: '::1' }
  | { readonly type: 'NS' | 'PTR'; readonly data: string }
  | { readonly type: 'SOA' };

/** `zone` is the name or above it, and has the SOA. */
export type Finding =
  | { readonly kind: 'found'; readonly data: readonly Datum[]; readonly ttlSec: number }
  | { readonly kind: 'nodata' | 'nxdomain'; readonly zone: Name; readonly ttlSec: number };

const TYPE = { A: 1, NS: 2, SOA: 6, PTR: 12, AAAA: 28, DS: 43 } as const;

/** Nodes come and go, and each answer sends somebody somewhere. */
const NODES_SEC = 10;
/** Machines come, too, and get their names: so it is with what is not there, which may come. RFC 2308 §5. */
const HOST_SEC = 60;
/** What the configuration says, or an RFC: a reload may change it, and people try whether it has. */
const FIXED_SEC = 300;
/** Some 300 octets: it fits without EDNS, and no client tries more. */
const MAX_NODES = 16;

const ROOT = wireName('');
const LOCALHOST = wireName('localhost');

/** What is the hall's own: names that are there, and everything below its domain and within its networks. */
export function findHall(name: Name, type: number, names: HallNames, asker: ZoneAsker): Finding | undefined {
  if (isWithin(name, LOCALHOST)) return loopback(type);
  const { domain, above } = tableOf(names);
  const isOurs = isWithin(name, domain);
  const host = hostOf(name, type, names, asker);
  if (host) {
    if (type === TYPE.A && host.addresses.length > 0) return addresses(host.addresses, host.ttlSec);
    return name === domain ? apex(name, type, names) : nothing('nodata', isOurs ? domain : name);
  }
  if (isOurs) return nothing(above.has(name) ? 'nodata' : 'nxdomain', domain);
  return findAddress(name, type, names);
}

/** What is answered here because nobody else can, or should be asked. */
export function findSpecial(name: Name, type: number, names: HallNames): Finding | undefined {
  const reach = reachOf(name, type);
  if (reach === 'anywhere') return undefined;
  const { above, networks } = tableOf(names);
  const { zone, kind } = denialOf(name);
  if (kind !== undefined) {
    if (type === TYPE.PTR && LOOPBACK_NAMES.has(name)) return pointer('localhost');
    if (name === zone) return apex(zone, type, names);
  }
  // RFC 8020: nobody may hear that what the hall's own names are below is not there.
  if (kind === 'mute' || above.has(name) || LOOPBACK_NAMES.has(name)) return nothing('nodata', zone);
  if (reach === 'private') return undefined;
  const span = kind === 'empty' ? spanOf(name) : undefined;
  const isAbove = span?.isExact === true && networks.some((network) => overlaps(network, span));
  return nothing(isAbove ? 'nodata' : 'nxdomain', zone);
}

/** Whose SOA says that a name is not there: that of the zone that is served here, of the root, of the domain above. */
function denialOf(name: Name): { readonly zone: Name; readonly kind?: 'empty' | 'mute' } {
  const special = specialZoneOf(name);
  if (special?.kind === 'empty' || special?.kind === 'mute') return { zone: special.zone, kind: special.kind };
  return { zone: special?.kind === 'missing' ? ROOT : name.slice(1 + name.charCodeAt(0)) };
}

const nothing = (kind: 'nodata' | 'nxdomain', zone: Name): Finding => ({ kind, zone, ttlSec: HOST_SEC });

const addresses = (found: readonly Ipv4[], ttlSec: number): Finding => ({
  ...{ kind: 'found', ttlSec },
  data: found.map((data) => ({ type: 'A', data })),
});

/** RFC 6761 §6.3. */
function loopback(type: number): Finding {
  if (type === TYPE.A) return addresses([LOOPBACK], FIXED_SEC);
  if (type === TYPE.AAAA) return { kind: 'found', data: [{ type: 'AAAA', data: '::1' }], ttlSec: FIXED_SEC };
  return nothing('nodata', LOCALHOST);
}

/** A zone's own name: who looks after it. RFC 6303 §3. */
function apex(zone: Name, type: number, { domain }: HallNames): Finding {
  if (type === TYPE.SOA) return { kind: 'found', data: [{ type: 'SOA' }], ttlSec: HOST_SEC };
  if (type === TYPE.NS) return { kind: 'found', data: [{ type: 'NS', data: `flink.${domain}` }], ttlSec: FIXED_SEC };
  return nothing('nodata', zone);
}

const pointer = (host: string): Finding => ({ kind: 'found', data: [{ type: 'PTR', data: host }], ttlSec: HOST_SEC });

/** The names of the addresses of our networks, and of those that the operator's records have elsewhere. */
function findAddress(name: Name, type: number, names: HallNames): Finding | undefined {
  const span = spanOf(name);
  if (!span) return undefined;
  const { networks, recordAt } = tableOf(names);
  const address = span.size === 1 && span.isExact ? ipv4FromNumber(span.first) : undefined;
  const host = address && nameAt(address, names);
  const network = networks.find((own) => covers(own, span));
  if (!network) return host && recordAt.has(address) && type === TYPE.PTR ? pointer(host) : undefined;
  const zone = specialZoneOf(name)?.zone ?? zoneOfSpan(name, network);
  if (name === zone) return type === TYPE.DS ? undefined : apex(zone, type, names);
  if (span.size > 1 && span.isExact) return nothing('nodata', zone);
  if (host === undefined) return nothing('nxdomain', zone);
  return type === TYPE.PTR ? pointer(host) : nothing('nodata', zone);
}

/** RFC 1035 §2.3.4: 255 octets on the wire. */
const MAX_NAME_CHARS = 253;

/** What the machine with that address is called, with its domain, where both fit into a name. */
function nameAt(address: Ipv4, names: HallNames): string | undefined {
  const name = calledAt(address, names);
  return name !== undefined && name.length <= MAX_NAME_CHARS ? name : undefined;
}

/** By the operator sooner than by itself. */
function calledAt(address: Ipv4, names: HallNames): string | undefined {
  const { self, domain } = names;
  const label = address === self ? 'flink' : nodeTable(names).nameAt.get(address);
  if (label !== undefined) return `${label}.${domain}`;
  const record = tableOf(names).recordAt.get(address);
  if (record !== undefined) return record;
  const hostname = names.hostnameOf(address);
  return hostname === undefined || !mayBeHost(hostname) ? undefined : `${hostname}.${domain}`;
}

interface Host {
  readonly addresses: readonly Ipv4[];
  readonly ttlSec: number;
}

/** A name that is there: flink's and that of all nodes, then what the operator wrote, then nodes, then machines, then flink's mirror. */
function hostOf(name: Name, type: number, names: HallNames, asker: ZoneAsker): Host | undefined {
  const { domain, records } = tableOf(names);
  const label = labelIn(name, domain);
  if (label === 'flink') return { addresses: [names.self], ttlSec: FIXED_SEC };
  if (label === 'fnode') return { addresses: liveNodes(names, asker), ttlSec: NODES_SEC };
  // A machine may call itself `com`: whoever asks about that domain must not hear of it.
  if (isPlain(name) && ZONE_TYPES.has(type) && name !== domain) return undefined;
  const record = records.get(name) ?? (name === domain ? names.self : undefined);
  if (record !== undefined) return { addresses: [record], ttlSec: FIXED_SEC };
  if (label === undefined || !mayBeHost(label) || isSpecialZone(name)) return undefined;
  const address = nodeTable(names).addressOf.get(label) ?? names.addressOf(label) ?? mirrorAt(label, names);
  return address === undefined ? undefined : { addresses: [address], ttlSec: HOST_SEC };
}

/** No machine calls itself so, but the operator may call one so: then that one is meant. */
function mirrorAt(label: string, names: HallNames): Ipv4 | undefined {
  return label === 'mirror' && names.isMirrorServed?.() === true ? names.self : undefined;
}

/** The client's own first, each of the others first in turn. */
function liveNodes(names: HallNames, { client, turn }: ZoneAsker): readonly Ipv4[] {
  const { live, addressOf } = nodeTable(names);
  const name = names.nodeOf(client);
  const own = name === undefined ? undefined : addressOf.get(name);
  const others = live.filter((address) => address !== own);
  // Golden steps: programs ask for A and AAAA together, and with steps of one every other node would never be the first.
  const at = Math.floor(((turn * GOLDEN) % 1) * others.length);
  const turned = [...others.slice(at), ...others.slice(0, at)];
  return (own !== undefined && others.length < live.length ? [own, ...turned] : turned).slice(0, MAX_NODES);
}

const GOLDEN = (Math.sqrt(5) - 1) / 2;
