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
  subnetHas,
  subnetOf,
} from '../core/addr.ts';
import { encodeOption } from '../dhcp/options.ts';
import type { DhcpNetwork, DhcpPolicy, Placement, Reservation } from '../dhcp/policy.ts';
import type { LocalInterface } from '../host.ts';
import { type BootNode, chooseNode, type NodeChoice } from '../swarm/choose.ts';
import type { SwarmPolicy } from '../swarm/policy.ts';

/** `resolvers`: the system's own that other machines can ask, for clients that cannot ask flink. */
export function dhcpPolicy(config: FlinkConfig, lan: LocalInterface, resolvers: readonly Ipv4[]): DhcpPolicy {
  const { dhcp, domain, boot } = config;
  const router = dhcp.router ?? lan.address;
  const rows = macTable(config.clients);
  const nodes = bootNodes(config, lan.address);
  const reservations = reservationsOf(config);
  return {
    role: dhcp.mode === 'off' ? 'off' : dhcp.mode === 'proxy' ? 'proxy' : 'server',
    serverAddress: lan.address,
    networks: [lanNetwork(config, lan, router), ...dhcp.relays],
    leaseTimeSec: dhcp.leaseTimeSec,
    domain,
    // No option of DHCP names a port: where flink resolves on another one, clients ask whom flink would.
    dnsServers: config.ports.dns === DNS_PORT ? [lan.address] : otherResolvers(config, resolvers, lan.address),
    httpBootDnsServers: otherResolvers(config, resolvers, lan.address).filter(
      (server) => !subnetHas(subnetOf(lan.address, lan.prefixBits), server),
    ),
    extraOptions: extraOptions(config),
    loaders: boot,
    hasLadder: dhcp.ladder,
    fixedAddresses: fixedAddresses(config, lan.address, router),
    fixedNames: fixedNames(config),
    reservationFor: (mac) => reservations.get(mac),
    place: ({ mac }) => placementOf(chooseNode(mac, rows.fnode(mac), nodes), rows.loader(mac)),
  };
}

/** The pool begins here when nobody says otherwise: the first hundred are for switches, nodes, printers. */
const FIRST_HOST = 101;

function lanNetwork(config: FlinkConfig, lan: LocalInterface, router: Ipv4): DhcpNetwork {
  const subnet = subnetOf(lan.address, lan.prefixBits);
  return { subnet, range: config.dhcp.range ?? defaultRange(subnet, lan.address), router };
}

function defaultRange(subnet: Subnet, self: Ipv4): DhcpNetwork['range'] {
  const first = ipv4ToNumber(subnet.network);
  const last = ipv4ToNumber(broadcastOf(subnet)) - 1;
  // A small subnet gives its upper half; one with room for two, the address that is not flink's.
  const offset = Math.min(FIRST_HOST, Math.ceil((last - first + 2) / 2));
  const from = first + offset === last && ipv4ToNumber(self) === last ? first + 1 : first + offset;
  return { first: ipv4FromNumber(from), last: ipv4FromNumber(Math.max(last, from)) };
}

/** What the MAC table says of one machine, key by key: a row for one machine leaves its vendor's row in force. */
export interface MacTable {
  fnode(mac: Mac): string | undefined;
  loader(mac: Mac): string | undefined;
  boot(mac: Mac): string | undefined;
}

/** For each key the most specific row that says something about it. */
export function macTable(rows: readonly ClientRow[]): MacTable {
  const exact = new Map<string, ClientRow>();
  const patterns: ClientRow[] = [];
  for (const row of rows) {
    const mac = parseMac(row.mac.text);
    if (mac) exact.set(mac, row);
    else patterns.push(row);
  }
  patterns.sort((a, b) => macPatternWeight(b.mac) - macPatternWeight(a.mac));
  const lookUp = (mac: Mac, key: keyof MacTable): string | undefined =>
    exact.get(mac)?.[key] ?? patterns.find((row) => row[key] !== undefined && macMatches(row.mac, mac))?.[key];
  return {
    fnode: (mac) => lookUp(mac, 'fnode'),
    loader: (mac) => lookUp(mac, 'loader'),
    boot: (mac) => lookUp(mac, 'boot'),
  };
}

/** `loader` is that of the machine's row. A node that has announced itself tells what its clients fetch. */
export function placementOf(choice: NodeChoice, loader: string | undefined): Placement {
  if (choice.kind === 'none') return { node: undefined, rule: choice.reason, loader };
  const { node, rule } = choice;
  return { node, rule, loader, loaders: node.loaders, isWatched: node.busy !== undefined };
}

/** What the swarm may know of the hall. `secret` is what nodes sign with. */
export function swarmPolicy(config: FlinkConfig, self: Ipv4, secret: Uint8Array | undefined): SwarmPolicy {
  const { fnodes, clients, domain } = config;
  return {
    ...{ self, domain, secret },
    rows: fnodes.map(({ name, ip, weight }) => ({ name, address: ip, weight })),
    boots: clients.flatMap(({ mac, boot }) => (boot === undefined ? [] : [{ mac: mac.text, boot }])),
  };
}

/** Without a table of nodes the node is on this machine. */
export function bootNodes(config: FlinkConfig, self: Ipv4): readonly BootNode[] {
  if (config.fnodes.length === 0) return [{ name: 'fnode', address: self, httpPort: 80, weight: 1 }];
  return config.fnodes.map(({ name, ip, weight }) => ({ name, address: ip, httpPort: 80, weight }));
}

/** By which flink may be called in a URL: its own names, and what this machine is called. */
export function flinkNames(domain: string, hostName: string): readonly string[] {
  const [label = hostName] = hostName.split('.', 1);
  return [...new Set(['flink', `flink.${domain}`, hostName, label])];
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

export const DNS_PORT = 53;

/** For clients while flink itself resolves nothing; with none known its own address, which refuses at once instead of letting them wait. */
export function otherResolvers(config: FlinkConfig, resolvers: readonly Ipv4[], self: Ipv4): readonly Ipv4[] {
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
