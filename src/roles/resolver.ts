/** flink's DNS: what the configuration, the LAN and the hall's lists mean for it, and the services that it takes. */
import type { FlinkConfig } from '../config/types.ts';
import { type Ipv4, LOOPBACK, subnetHas, subnetOf } from '../core/addr.ts';
import type { DnsReport } from '../core/dnsreport.ts';
import type { Blocklist } from '../dns/blocklist.ts';
import { blocklistService } from '../dns/blocklistwatch.ts';
import type { CacheLimits } from '../dns/cache.ts';
import { isWithin, tailsOf, wireName } from '../dns/names.ts';
import type { Name } from '../dns/query.ts';
import { routeOf } from '../dns/route.ts';
import { type DnsPolicy, type DnsState, dnsService } from '../dns/server.ts';
import { reachOf } from '../dns/special.ts';
import { systemResolvers } from '../dns/systemresolvers.ts';
import type { Upstream, UpstreamTable } from '../dns/upstream.ts';
import type { HallNames } from '../dns/zone.ts';
import type { Host, LocalInterface } from '../host.ts';
import type { Service } from '../service.ts';
import { type HallParts, hallNames } from './hallnames.ts';

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
  const domains = new Set<Name>([...dns.rebindExceptions.map(wireName), ...byDomain.keys()]);
  return (name) => {
    if (reachOf(name, ADDRESS_TYPE) === 'private' && !isWithin(name, TEST)) return true;
    for (const tail of tailsOf(name)) if (domains.has(tail)) return true;
    return false;
  };
}

/** A. */
const ADDRESS_TYPE = 1;
/** Names to try things with, not a network's own: RFC 6761 §6.2 wants nothing special done with them. */
const TEST = wireName('test');

/** On average, what the table itself takes included: signed answers are long. */
const BYTES_OF_ANSWER = 2048;

export function cacheLimits({ dns }: FlinkConfig): CacheLimits {
  const { cacheEntries, serveStaleSec } = dns;
  return { maxEntries: cacheEntries, maxBytes: cacheEntries * BYTES_OF_ANSWER, staleMs: serveStaleSec * 1000 };
}

export interface ResolverParts {
  readonly config: () => FlinkConfig;
  readonly lan: LocalInterface;
  readonly host: Host;
  readonly swarm: HallParts['swarm'];
  readonly leases: HallParts['leases'];
  readonly isMirrorServed?: () => boolean;
}

export interface HallResolver {
  /** In the order in which they start. */
  readonly services: readonly Service[];
  /** Whether clients can be sent to flink's own address. */
  isServing(): boolean;
  report(): DnsReport | undefined;
  /** A name's addresses as the hall's machines would get them, for what flink fetches itself. Rejects where nobody answers. */
  lookup(name: string): Promise<readonly string[]>;
  /** After a new configuration. */
  reload(): void;
}

/** Whether a resolver of the file is where programs of this machine would ask flink. */
export function asksLoopback({ dns, ports }: FlinkConfig): boolean {
  const all = [...dns.upstreams, ...dns.domains.flatMap(({ upstreams }) => upstreams)];
  return all.some(({ address, port }) => address === LOOPBACK && port === ports.dns);
}

/** Idle connections are cheap; a hall of 200 has as many, and some more. */
const MAX_CONNECTIONS = 1024;

export function hallResolver(parts: ResolverParts): HallResolver {
  const { config, lan, host } = parts;
  const { ports } = config();
  const refresh = (): void => service.refresh();
  const isUsed = (): boolean => config().dns.upstreams.length === 0;
  const system = systemResolvers(() => service.doors(), { host, isUsed, onChange: refresh });
  const blocklist = blocklistService(() => config().dns.blocklist, { host, onChange: refresh });
  const policy = livePolicy(parts, () => ({ blocklist: blocklist.current(), system: system.current() }));
  const options = {
    ...{ address: lan.address, port: ports.dns, isOnLoopback: !asksLoopback(config()) },
    ...{ cache: cacheLimits(config()), maxConnections: MAX_CONNECTIONS },
  };
  const service = dnsService(options, policy, host);
  return {
    // Doors first: an upstream that turns out to be one of them would be asked by itself.
    services: [blocklist, service, system],
    isServing: service.isServing,
    lookup: service.lookup,
    report: () => (service.isServing() ? reportOf(service.report(), blocklist.current().size) : undefined),
    reload: () => {
      void blocklist.look();
      void system.look();
      refresh();
    },
  };
}

/** Made anew when what it is made of is another. */
function livePolicy(parts: ResolverParts, lists: () => Pick<DnsParts, 'blocklist' | 'system'>): () => DnsPolicy {
  let made: (DnsParts & { readonly policy: DnsPolicy }) | undefined;
  return () => {
    const { config: read, lan } = parts;
    const [config, { blocklist, system }] = [read(), lists()];
    if (made?.config === config && made.blocklist === blocklist && made.system === system) return made.policy;
    const names = made?.config === config ? made.names : hallNames(config, { ...parts, clock: parts.host.clock });
    const next = { config, lan, names, blocklist, system };
    made = { ...next, policy: dnsPolicy(next) };
    return made.policy;
  };
}

function reportOf({ answers, doors, upstreams, ...counts }: DnsState, blocked: number): DnsReport {
  const { malformed, crowded, ...told } = answers;
  const { udp, tcp, foreign, limited } = doors;
  return {
    ...counts,
    questions: { udp, tcp },
    answers: told,
    dropped: { foreign, limited, malformed, crowded },
    blocklist: blocked,
    upstreams: upstreams.map(({ upstream, rttMs, isDown, asked, answered, failed, foreign: strange }) => {
      const { transport, address, port } = upstream;
      const shown = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
      return { transport, address: shown, rttMs, isDown, asked, answered, failed, foreign: strange };
    }),
  };
}
