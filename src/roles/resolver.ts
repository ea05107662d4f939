/** What the configuration, the LAN and the hall's lists mean for DNS: made once at start and at each change of any of them. */
import type { FlinkConfig } from '../config/types.ts';
import { type Ipv4, LOOPBACK, subnetHas, subnetOf } from '../core/addr.ts';
import type { Blocklist } from '../dns/blocklist.ts';
import type { CacheLimits } from '../dns/cache.ts';
import { isWithin, tailsOf, wireName } from '../dns/names.ts';
import type { Name } from '../dns/query.ts';
import { routeOf } from '../dns/route.ts';
import type { DnsPolicy } from '../dns/server.ts';
import type { Upstream, UpstreamTable } from '../dns/upstream.ts';
import type { HallNames } from '../dns/zone.ts';
import type { LocalInterface } from '../host.ts';

export interface DnsParts {
  readonly config: FlinkConfig;
  readonly lan: LocalInterface;
  readonly names: HallNames;
  readonly blocklist: Blocklist;
  /** The machine's own: asked where the file names none. */
  readonly system: readonly Upstream[];
}

export function dnsPolicy({ config, lan, names, blocklist, system }: DnsParts): DnsPolicy {
  const { dns, dhcp } = config;
  const own = subnetOf(lan.address, lan.prefixBits);
  const relayed = dhcp.relays.map(({ subnet }) => subnet);
  const upstreams: UpstreamTable = {
    usual: dns.upstreams.length > 0 ? dns.upstreams : system,
    byDomain: new Map(dns.domains.map((row) => [wireName(row.name), row.upstreams])),
  };
  const inside = [own, ...relayed];
  const hall = wireName(config.domain);
  const isBlocked = (name: Name): boolean => blocklist.has(name);
  return {
    limits: { networks: [...inside, subnetOf(LOOPBACK, 8)], perSecond: dns.questionsPerSecond },
    upstreams,
    isLogged: dns.queryLog,
    resolving: {
      names,
      route: (query) => routeOf(query, upstreams, isBlocked),
      beliefs: {
        isBlocked,
        mayBePrivate: privateNames(config, upstreams),
        isOurs: (name: Name) => isWithin(name, hall),
        isInside: (address: Ipv4) => inside.some((subnet) => subnetHas(subnet, address)),
      },
    },
  };
}

/** Whose answers may point into the hall: what the operator says, and what resolvers of his own are asked for. */
function privateNames({ dns }: FlinkConfig, { byDomain }: UpstreamTable): (name: Name) => boolean {
  if (!dns.rebindProtection) return () => true;
  const domains = new Set<Name>(
    [...dns.rebindExceptions, 'test', 'internal'].map(wireName).concat([...byDomain.keys()]),
  );
  return (name) => {
    for (const tail of tailsOf(name)) if (domains.has(tail)) return true;
    return false;
  };
}

/** Of all answers: as much as their number may take at the size that a packet without fragments has. */
const BYTES_OF_ANSWER = 1232;

export function cacheLimits({ dns }: FlinkConfig): CacheLimits {
  const { cacheEntries, serveStaleSec } = dns;
  return { maxEntries: cacheEntries, maxBytes: cacheEntries * BYTES_OF_ANSWER, staleMs: serveStaleSec * 1000 };
}
