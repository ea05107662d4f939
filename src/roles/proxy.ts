/** flink's proxy: what the configuration and the LAN mean for it. */
import { randomBytes } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import type { FlinkConfig } from '../config/types.ts';
import { type Ipv4, LOOPBACK, parseIpv4, subnetHas, subnetOf } from '../core/addr.ts';
import type { CacheReport } from '../core/cachereport.ts';
import { blocklistService } from '../dns/blocklistwatch.ts';
import { wireName } from '../dns/names.ts';
import type { Host, LocalInterface } from '../host.ts';
import { type MirrorTable, mirrorTable, mirrorUrl } from '../proxy/mirrors.ts';
import { refreshRule } from '../proxy/refresh.ts';
import { knownOf } from '../proxy/repository.ts';
import { type ProxyDoor, type ProxyPolicy, type ProxyService, proxyService } from '../proxy/server.ts';
import { parseUrl, textOf } from '../proxy/url.ts';
import type { Service } from '../service.ts';
import { flinkNames } from './policy.ts';

export interface HallProxyParts {
  readonly config: () => FlinkConfig;
  readonly lan: LocalInterface;
  readonly host: Host;
  /** By flink's own resolver. */
  readonly resolve: (name: string) => Promise<readonly string[]>;
}

export interface HallProxy {
  /** In the order in which they start. */
  readonly services: readonly Service[];
  readonly service: ProxyService;
  isServing(): boolean;
  report(): CacheReport | undefined;
  /** Forgets a URL; how many variants of it there were. */
  purge(url: string): number | undefined;
  /** Where nodes send those who ask them for `mirror.<domain>`. */
  mirrorUrl(): string | undefined;
  /** After a new configuration. */
  reload(): void;
}

export function hallProxy(parts: HallProxyParts): HallProxy {
  const { config, lan, host } = parts;
  const { ports } = config();
  const list = blocklistService(() => config().proxy.blocklist, { host, onChange: () => service.refresh() });
  const blocklist = { ...list, name: 'proxy-blocklist' };
  const policy = livePolicy(parts, (name) => {
    const names = list.current();
    return names.size > 0 && names.has(wireName(name));
  });
  const options = { doors: doorsOf(config(), lan.address), cacheDirs: cacheDirs(config()) };
  const service = proxyService(options, policy, { host, resolve: parts.resolve });
  return {
    services: [blocklist, service],
    service,
    isServing: service.isServing,
    report: service.report,
    purge: (text) => {
      const asked = parseUrl(text);
      const { isOwn, mirrorUrl } = policy().terms;
      const url = asked && isOwn(asked.host, asked.port) ? mirrorUrl(asked.path) : asked;
      return url && service.purge(knownOf(url).key);
    },
    mirrorUrl: () => (service.isServing() ? `http://${lan.address}:${ports.intercept}` : undefined),
    reload: () => {
      void list.look();
      service.refresh();
    },
  };
}

/** A node's port, where the table says that every node is on another machine: `mirror.<domain>` is answered there. */
const MIRROR_PORT = 80;

function doorsOf({ ports, fnodes }: FlinkConfig, own: Ipv4): readonly ProxyDoor[] {
  const both = (address: Ipv4, isOptional: boolean): ProxyDoor[] => [
    { at: { address, port: ports.proxy }, door: 'forward', isOptional },
    { at: { address, port: ports.intercept }, door: 'intercept', isOptional },
  ];
  const isAlone = fnodes.length > 0 && fnodes.every(({ ip }) => ip !== own);
  const mirror: ProxyDoor = { at: { address: own, port: MIRROR_PORT }, door: 'intercept', isOptional: true };
  return [...both(own, false), ...(own === LOOPBACK ? [] : both(LOOPBACK, true)), ...(isAlone ? [mirror] : [])];
}

/** Where it cannot be used the cache is beside what else flink keeps: a disk that fails must not cost a hall its addresses. */
function cacheDirs({ proxy, stateDir }: FlinkConfig): readonly string[] {
  return stateDir === undefined ? [proxy.cacheDir] : [proxy.cacheDir, path.join(stateDir, 'cache')];
}

/** Made anew when the configuration is another. */
function livePolicy({ config: read, lan }: HallProxyParts, isBlocked: (name: string) => boolean): () => ProxyPolicy {
  // Another one at each start: nobody learns from it whose hall this is.
  const pseudonym = `flisolator-${randomBytes(4).toString('hex')}`;
  const addresses = ownAddresses();
  let made: { readonly config: FlinkConfig; readonly policy: ProxyPolicy } | undefined;
  return () => {
    const config = read();
    if (made?.config !== config) made = { config, policy: policyOf(config, { lan, isBlocked, pseudonym, addresses }) };
    return made.policy;
  };
}

interface PolicyParts {
  readonly lan: LocalInterface;
  readonly isBlocked: (name: string) => boolean;
  readonly pseudonym: string;
  readonly addresses: () => readonly string[];
}

function policyOf(config: FlinkConfig, { lan, isBlocked, pseudonym, addresses }: PolicyParts): ProxyPolicy {
  const { proxy, dhcp, ports, domain } = config;
  const inside = [subnetOf(lan.address, lan.prefixBits), ...dhcp.relays.map(({ subnet }) => subnet)];
  const mirrors = new Set(['mirror', `mirror.${domain}`]);
  const names = new Set([...flinkNames(domain, os.hostname()), lan.address, LOOPBACK, 'localhost']);
  const doors = new Set([ports.proxy, ports.intercept]);
  const refresh = refreshRule(proxy.refresh);
  const table = mirrorTable(proxy.mirrors);
  const own = proxy.mirrors.flatMap(({ url }) => parseUrl(url) ?? []);
  return {
    terms: {
      pseudonym,
      isOwn: (host, port) => mirrors.has(host) || (doors.has(port) && names.has(host)),
      reach: {
        inside,
        get own() {
          return addresses();
        },
        allow: [...proxy.allow, ...own],
      },
      isBlocked: (host) => !host.includes(':') && isBlocked(host),
      refreshRule: refresh,
      mirrorUrl: (asked) => mirrorUrl(asked, table),
      page: () => pageOf(domain, table),
    },
    limits: { maxBytes: proxy.cacheSizeBytes, maxObjectBytes: proxy.maxObjectBytes, memoryBytes: proxy.memoryBytes },
    rates: proxy.bandwidth,
    isClient: (address) => {
      const ipv4 = parseIpv4(address.startsWith('::ffff:') ? address.slice(7) : address);
      return (
        ipv4 !== undefined &&
        (ipv4.startsWith('127.') || ipv4 === lan.address || inside.some((subnet) => subnetHas(subnet, ipv4)))
      );
    },
  };
}

const LOOK_MS = 2000;

/** Of every interface, IPv4 and IPv6; the system is not asked for each connection. */
function ownAddresses(): () => readonly string[] {
  let seen: readonly string[] = [];
  let seenAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (performance.now() - seenAtMs > LOOK_MS) {
      seen = Object.values(os.networkInterfaces()).flatMap((rows = []) => rows.map(({ address }) => address));
      seenAtMs = performance.now();
    }
    return seen;
  };
}

function pageOf(domain: string, table: MirrorTable): string {
  const rows = [...table].map(([name, url]) => `  http://mirror.${domain}/${name}/  is  ${textOf(url)}`);
  return ['Package repositories, fetched once and kept for all machines of this hall:', '', ...rows, ''].join('\n');
}
