/** From the configuration and the LAN to what the DHCP decisions know: made once at start and at each reload. */

import type { ClientRow, FlinkConfig } from '../config/types.ts';
import {
  broadcastOf,
  type Ipv4,
  ipv4FromNumber,
  ipv4ToNumber,
  type Mac,
  macMatches,
  macPatternWeight,
  parseIpv4,
  parseMac,
  type Subnet,
  subnetOf,
} from '../core/addr.ts';
import { encodeOption } from '../dhcp/options.ts';
import type { DhcpNetwork, DhcpPolicy, Reservation } from '../dhcp/policy.ts';
import type { LocalInterface } from '../host.ts';
import { type BootNode, chooseNode } from '../swarm/choose.ts';

/** `resolvers`: the system's own that other machines can ask, for clients while no upstream is configured. */
export function dhcpPolicy(config: FlinkConfig, lan: LocalInterface, resolvers: readonly Ipv4[]): DhcpPolicy {
  const { dhcp, domain, boot } = config;
  const router = dhcp.router ?? lan.address;
  const lookUp = macTable(config.clients);
  const nodes = bootNodes(config, lan.address);
  const reservations = reservationsOf(config);
  return {
    role: dhcp.mode === 'off' ? 'off' : 'server',
    serverAddress: lan.address,
    networks: [lanNetwork(config, lan, router), ...dhcp.relays],
    leaseTimeSec: dhcp.leaseTimeSec,
    domain,
    dnsServers: dnsServers(config, resolvers, lan.address),
    extraOptions: extraOptions(config),
    loaders: boot,
    fixedAddresses: fixedAddresses(config, lan.address, router),
    fixedNames: fixedNames(config),
    reservationFor: (mac) => reservations.get(mac),
    place: ({ mac }) => {
      const choice = chooseNode(mac, lookUp(mac, 'fnode'), nodes);
      const node = choice.kind === 'node' ? choice.node : undefined;
      return { node, rule: choice.kind === 'node' ? choice.rule : choice.reason, loader: lookUp(mac, 'loader') };
    },
  };
}

/** The pool begins here when nobody says otherwise: the first hundred are for switches, nodes, printers. */
const FIRST_HOST = 101;

function lanNetwork(config: FlinkConfig, lan: LocalInterface, router: Ipv4): DhcpNetwork {
  const subnet = subnetOf(lan.address, lan.prefixBits);
  return { subnet, range: config.dhcp.range ?? defaultRange(subnet), router };
}

function defaultRange(subnet: Subnet): DhcpNetwork['range'] {
  const first = ipv4ToNumber(subnet.network);
  const last = ipv4ToNumber(broadcastOf(subnet)) - 1;
  // A small subnet gives its upper half.
  const offset = Math.min(FIRST_HOST, Math.ceil((last - first + 2) / 2));
  return { first: ipv4FromNumber(first + offset), last: ipv4FromNumber(Math.max(last, first + offset)) };
}

type RowKey = 'fnode' | 'loader';

/** For each key the most specific row that says something about it: a row for one machine leaves its vendor's row in force. */
function macTable(rows: readonly ClientRow[]): (mac: Mac, key: RowKey) => string | undefined {
  const exact = new Map<string, ClientRow>();
  const patterns: ClientRow[] = [];
  for (const row of rows) {
    const mac = parseMac(row.mac.text);
    if (mac) exact.set(mac, row);
    else patterns.push(row);
  }
  patterns.sort((a, b) => macPatternWeight(b.mac) - macPatternWeight(a.mac));
  return (mac, key) =>
    exact.get(mac)?.[key] ?? patterns.find((row) => row[key] !== undefined && macMatches(row.mac, mac))?.[key];
}

/** Without a table of nodes the node is on this machine. */
export function bootNodes(config: FlinkConfig, self: Ipv4): readonly BootNode[] {
  if (config.fnodes.length === 0) return [{ name: 'fnode', address: self, httpPort: 80, weight: 1 }];
  return config.fnodes.map(({ name, ip, weight }) => ({ name, address: ip, httpPort: 80, weight }));
}

function reservationsOf(config: FlinkConfig): ReadonlyMap<Mac, Reservation> {
  const reservations = new Map<Mac, Reservation>();
  for (const { name, mac, ip } of config.fnodes) if (mac) reservations.set(mac, { address: ip, hostname: name });
  for (const { mac: pattern, ip, hostname } of config.clients) {
    const mac = parseMac(pattern.text);
    if (mac && (ip ?? hostname) !== undefined) reservations.set(mac, { address: ip, hostname });
  }
  return reservations;
}

function fixedAddresses(config: FlinkConfig, self: Ipv4, router: Ipv4): ReadonlySet<Ipv4> {
  const rows = [...config.fnodes, ...config.clients].flatMap(({ ip }) => ip ?? []);
  return new Set([self, router, ...config.dhcp.relays.map((relay) => relay.router), ...rows]);
}

/** Without the domain: a client's name never has one. */
function fixedNames({ fnodes, clients, dns, domain }: FlinkConfig): ReadonlySet<string> {
  const names = [...fnodes, ...dns.records].map(({ name }) => name);
  const all = [...names, ...clients.flatMap(({ hostname }) => hostname ?? [])];
  return new Set(all.map((name) => name.toLowerCase().replace(`.${domain}`, '')));
}

/** Upstreams until flink resolves names itself; with none known, its own address, which refuses at once instead of letting clients wait. */
function dnsServers(config: FlinkConfig, resolvers: readonly Ipv4[], self: Ipv4): readonly Ipv4[] {
  const plain = config.dns.upstreams.filter((upstream) => upstream.transport === 'udp' && upstream.port === 53);
  const known = plain.flatMap((upstream) => parseIpv4(upstream.address) ?? []);
  const usable = known.length > 0 ? known : resolvers;
  return usable.length > 0 ? usable.slice(0, 3) : [self];
}

/** The check at start has refused what cannot be encoded. */
function extraOptions(config: FlinkConfig): ReadonlyMap<number, Uint8Array> {
  const options = new Map<number, Uint8Array>();
  for (const { key, value } of config.dhcp.options) {
    const encoded = encodeOption(key, value);
    if (encoded.ok) options.set(encoded.code, encoded.value);
  }
  return options;
}
