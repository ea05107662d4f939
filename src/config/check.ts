/** What keys say about each other: pure, so that `check`, start and reload find the same. */
import {
  broadcastOf,
  type Ipv4,
  type Ipv4Range,
  macPatternWeight,
  rangeHas,
  type Subnet,
  subnetHas,
} from '../core/addr.ts';
import { duplicates, identities, patterns, portClaims } from './claims.ts';
import { nearest } from './nearest.ts';
import { childPath } from './path.ts';
import type { FlinkConfig, FnodeConfig, OptionValue, Problem } from './types.ts';

/** What is known of the machine and the protocols; each part may be absent, then its checks are left out. */
export interface CheckFacts {
  readonly lan?: { readonly address: Ipv4; readonly subnet: Subnet } | undefined;
  /** Whether rows of a list were left out because they are faulty in themselves. */
  readonly isCut?: ((path: string) => boolean) | undefined;
  /** What is wrong with an extra DHCP option, if anything. */
  readonly optionProblem?:
    | ((key: string, value: OptionValue | readonly OptionValue[]) => string | undefined)
    | undefined;
}

export function checkFlink(config: FlinkConfig, facts: CheckFacts): readonly Problem[] {
  return [
    ...checkLan(config, facts),
    ...checkUplink(config),
    ...checkRelays(config, facts),
    ...checkOptions(config, facts),
    ...checkPlaces(config, facts),
    ...checkClients(config, facts),
    ...duplicates(identities(config)),
    ...checkResolvers(config, facts),
    ...checkProxy(config),
    ...checkRest(config),
  ];
}

export function checkFnode(config: FnodeConfig): readonly Problem[] {
  const { http, nfs, portmap } = config.ports;
  return [...duplicates(patterns(config.clients)), ...duplicates(portClaims({ http, nfs, portmap }))];
}

/** Four addresses, of which one is flink's and two are no hosts'. */
const MAX_PREFIX_BITS = 30;

function checkLan({ lan, wan, dhcp }: FlinkConfig, facts: CheckFacts): readonly Problem[] {
  const problems: Problem[] = [];
  if (lan !== undefined && lan === wan) {
    problems.push({ path: 'wan', problem: `is the LAN, too: name the other interface, or leave it out` });
  }
  const subnet = facts.lan?.subnet;
  if (!subnet) return problems;
  if (dhcp.range) problems.push(...rangeInside('dhcp.range', dhcp.range, subnet));
  else if (subnet.prefixBits > MAX_PREFIX_BITS) {
    const cure = `give the interface an address of a larger network, such as 172.16.0.1/16`;
    problems.push({ path: 'lan', problem: `${showSubnet(subnet)} has no room for a pool: ${cure}` });
  }
  if (dhcp.router && !subnetHas(subnet, dhcp.router)) {
    problems.push({ path: 'dhcp.router', problem: `${dhcp.router} is outside the LAN ${showSubnet(subnet)}` });
  }
  return problems;
}

/** Slower than the slowest modem that anybody still has, and tc's own whole numbers end soon. */
const MIN_UPLINK_BITS = 64_000;

function checkUplink({ wan, uplink, lan, filter }: FlinkConfig): readonly Problem[] {
  const rates = { down: uplink.downBitsPerSec, up: uplink.upBitsPerSec };
  const problems = [...tooSlow('uplink', rates)];
  if (wan === undefined && (rates.down ?? rates.up) !== undefined) {
    problems.push({ path: 'uplink', problem: 'needs to know its interface: wan: enp2s0' });
  }
  const open = filter.trusted.findIndex((name) => name === lan || name === wan);
  if (open >= 0) {
    const problem = 'is filtered by what flink serves: name other interfaces than lan and wan';
    problems.push({ path: `filter.trusted[${open}]`, problem });
  }
  return problems;
}

function tooSlow(path: string, rates: Readonly<Record<string, number | undefined>>): readonly Problem[] {
  return Object.entries(rates).flatMap(([key, rate]): readonly Problem[] => {
    if (rate === undefined || rate >= MIN_UPLINK_BITS) return [];
    return [{ path: `${path}.${key}`, problem: 'carries nothing: want 64kbps or more, like 10Mbps' }];
  });
}

function rangeInside(path: string, range: Ipv4Range, subnet: Subnet): readonly Problem[] {
  const outside = [range.first, range.last].find((address) => !subnetHas(subnet, address));
  if (outside) return [{ path, problem: `${outside} is outside ${showSubnet(subnet)}: want both ends in it` }];
  // RFC 1122 §3.2.1.3: all zeros and all ones are no hosts.
  const special = [subnet.network, broadcastOf(subnet)].find((address) => rangeHas(range, address));
  if (special && subnet.prefixBits < 31) {
    return [{ path, problem: `${special} is no host's address in ${showSubnet(subnet)}: leave it out of the range` }];
  }
  return [];
}

function checkRelays({ dhcp }: FlinkConfig, facts: CheckFacts): readonly Problem[] {
  const problems: Problem[] = [];
  const seen: { readonly where: string; readonly subnet: Subnet }[] = [];
  if (facts.lan) seen.push({ where: 'the LAN', subnet: facts.lan.subnet });
  for (const [i, relay] of dhcp.relays.entries()) {
    const path = `dhcp.relays[${i}]`;
    problems.push(...rangeInside(`${path}.range`, relay.range, relay.subnet));
    if (!subnetHas(relay.subnet, relay.router)) {
      problems.push({ path: `${path}.router`, problem: `${relay.router} is outside ${showSubnet(relay.subnet)}` });
    }
    const other = seen.find(
      (s) => subnetHas(s.subnet, relay.subnet.network) || subnetHas(relay.subnet, s.subnet.network),
    );
    if (other) {
      const problem = `${showSubnet(relay.subnet)} overlaps ${other.where} ${showSubnet(other.subnet)}: each address has one place`;
      problems.push({ path: `${path}.subnet`, problem });
    } else if (dhcp.range && rangesMeet(dhcp.range, relay.range)) {
      problems.push({ path: `${path}.range`, problem: 'overlaps dhcp.range: each address has one place' });
    }
    seen.push({ where: `relay ${i + 1}'s`, subnet: relay.subnet });
  }
  return problems;
}

function rangesMeet(a: Ipv4Range, b: Ipv4Range): boolean {
  return rangeHas(a, b.first) || rangeHas(b, a.first);
}

function checkOptions({ dhcp }: FlinkConfig, facts: CheckFacts): readonly Problem[] {
  return dhcp.options.flatMap(({ key, value, place }) => {
    const problem = facts.optionProblem?.(key, value);
    return problem === undefined ? [] : [{ path: place.path, problem }];
  });
}

/** Fixed addresses must be on a network that flink serves, and not its network or broadcast address. */
function checkPlaces(config: FlinkConfig, facts: CheckFacts): readonly Problem[] {
  if (!facts.lan) return [];
  const subnets = [facts.lan.subnet, ...config.dhcp.relays.map((relay) => relay.subnet)];
  const rows = [
    ...config.fnodes.map((row, i) => ({ path: `fnodes[${i}].ip`, ip: row.ip })),
    ...config.clients.map((row, i) => ({ path: `clients[${i}].ip`, ip: row.ip })),
  ];
  return rows.flatMap(({ path, ip }) => {
    if (ip === undefined) return [];
    const home = subnets.find((subnet) => subnetHas(subnet, ip));
    if (!home)
      return [{ path, problem: `${ip} is outside ${subnets.map(showSubnet).join(', ')}: want an address there` }];
    return rangeInside(path, { first: ip, last: ip }, home);
  });
}

function checkClients({ clients, fnodes }: FlinkConfig, facts: CheckFacts): readonly Problem[] {
  const names = fnodes.map((node) => node.name);
  return clients.flatMap((row, i) => {
    const path = `clients[${i}]`;
    const problems: Problem[] = [];
    if (row.fnode !== undefined && !names.includes(row.fnode) && !facts.isCut?.('fnodes')) {
      problems.push({ path: `${path}.fnode`, problem: unknownFnode(row.fnode, names) });
    }
    // An fnode may run on flink's own machine; a client cannot.
    if (row.ip !== undefined && row.ip === facts.lan?.address) {
      problems.push({ path: `${path}.ip`, problem: `${row.ip} is flink's own address: want another one` });
    }
    for (const key of ['ip', 'hostname'] as const) {
      if (row[key] !== undefined && macPatternWeight(row.mac) < 6) {
        problems.push({
          path: `${path}.${key}`,
          problem: `${row.mac.text} stands for many machines: want a whole MAC`,
        });
      }
    }
    return problems;
  });
}

function unknownFnode(name: string, names: readonly string[]): string {
  const meant = nearest(name, names);
  if (meant !== undefined) return `no fnode is called "${name}": did you mean "${meant}"?`;
  return `no fnode is called "${name}": add it under fnodes:${names.length > 0 ? `, or use one of ${names.slice(0, 10).join(', ')}` : ''}`;
}

/** Who asks flink itself waits for flink. */
function checkResolvers({ dns, domain, ports }: FlinkConfig, facts: CheckFacts): readonly Problem[] {
  const lists = [
    { path: 'dns.upstreams', upstreams: dns.upstreams },
    ...dns.domains.map(({ name, upstreams }) => ({ path: childPath('dns.domains', name), upstreams })),
  ];
  const loops = lists.flatMap(({ path, upstreams }) =>
    upstreams.flatMap(({ transport, address, port }, i): Problem[] => {
      if (address !== facts.lan?.address || port !== ports.dns || transport === 'tls') return [];
      return [{ path: `${path}[${i}]`, problem: `${address} is flink itself, so it would ask itself: name another` }];
    }),
  );
  const own = dns.domains.flatMap(({ name }): Problem[] => {
    if (name !== domain && !name.endsWith(`.${domain}`)) return [];
    const what = `is ${name === domain ? '' : 'below '}the hall's own domain, which flink answers itself`;
    return [{ path: childPath('dns.domains', name), problem: `${what}: name another, or set domain: to another` }];
  });
  return [...loops, ...own];
}

function checkProxy({ proxy, ports, admin, stateDir }: FlinkConfig): readonly Problem[] {
  const { totalBitsPerSec: total, perClientBitsPerSec: perClient } = proxy.bandwidth;
  const { dns, proxy: forward, intercept } = ports;
  const problems = [
    ...duplicates([
      ...portClaims({ dns, proxy: forward, intercept }),
      { path: 'admin.listen', kind: 'port', key: String(admin.listen.port), shown: String(admin.listen.port) },
    ]),
    ...tooSlow('proxy.bandwidth', { total, perClient }),
  ];
  if (proxy.maxObjectBytes > proxy.cacheSizeBytes) {
    problems.push({ path: 'proxy.maxObject', problem: 'is larger than proxy.cacheSize: want at most that' });
  }
  // The cache tidies its folder.
  if (proxy.cacheDir === stateDir) {
    problems.push({ path: 'proxy.cacheDir', problem: 'is stateDir, too: want a folder of its own' });
  }
  return problems;
}

/** What loads iPXE, by the names of its builds. */
const IPXE_BINARY = /(^|\/)(undionly|snponly|[\w-]*ipxe[\w-]*)\.(efi|0|k?k?pxe|lkrn)$/i;

function checkRest({ ports, boot }: FlinkConfig): readonly Problem[] {
  const problems: Problem[] = [...duplicates(portClaims({ dhcp: ports.dhcp, pxe: ports.pxe, dns: ports.dns }))];
  if (boot.ipxe !== undefined && IPXE_BINARY.test(boot.ipxe)) {
    problems.push({
      path: 'boot.ipxe',
      problem: `an iPXE that loads "${boot.ipxe}" does so for ever: want a script such as boot.ipxe`,
    });
  }
  return problems;
}

const showSubnet = (subnet: Subnet): string => `${subnet.network}/${subnet.prefixBits}`;
