/** The hall's names as they are now: the configuration's, the nodes', and what machines with leases are called. */
import type { ClientRow, FlinkConfig } from '../config/types.ts';
import { type Ipv4, type Mac, parseMac, subnetOf } from '../core/addr.ts';
import { isHeld, type Lease, type LeaseView } from '../dhcp/leases.ts';
import { NOBODYS } from '../dhcp/names.ts';
import { cleanHostname } from '../dhcp/options.ts';
import type { HallNames } from '../dns/zone.ts';
import type { Clock, LocalInterface } from '../host.ts';
import type { Swarm } from '../swarm/server.ts';
import { macTable } from './policy.ts';

export interface HallParts {
  readonly lan: Pick<LocalInterface, 'address' | 'prefixBits'>;
  readonly swarm: Pick<Swarm, 'report' | 'nodeOf'>;
  /** Nothing where flink gives no addresses. */
  readonly leases: () => Pick<LeaseView, 'at' | 'of' | 'named'> | undefined;
  readonly clock: Pick<Clock, 'now'>;
  /** Whether flink has repositories at `mirror.<domain>` now; not where nothing is said. */
  readonly isMirrorServed?: () => boolean;
}

/** To be made once for each configuration: what is made of it for DNS is kept by this object. */
export function hallNames(config: FlinkConfig, parts: HallParts): HallNames {
  const { lan, swarm, isMirrorServed = () => false } = parts;
  const machines = new Machines(config, parts);
  const table = macTable(config.clients);
  return {
    domain: config.domain,
    self: lan.address,
    networks: [subnetOf(lan.address, lan.prefixBits), ...config.dhcp.relays.map(({ subnet }) => subnet)],
    records: config.dns.records,
    nodes: () => machines.nodes.list(),
    nodeOf: (client) => {
      const mac = machines.macAt(client);
      return mac && (swarm.nodeOf({ mac, uuid: undefined }) ?? table.fnode(mac));
    },
    addressOf: (hostname) => machines.addressOf(hostname),
    hostnameOf: (address) => machines.hostnameAt(address),
    isMirrorServed,
  };
}

type NodeNames = ReturnType<HallNames['nodes']>;

/** A node that dies leaves within the second that its answers are remembered for, and a busy hall asks more often than that. */
const LOOK_MS = 250;

/** The swarm's nodes, as far as they may be called what they call themselves. */
class Nodes {
  readonly #parts: HallParts;
  readonly #mayHave: (name: string) => boolean;
  #list: NodeNames = [];
  #names: ReadonlySet<string> = new Set();
  #seenAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: HallParts, mayHave: (name: string) => boolean) {
    this.#parts = parts;
    this.#mayHave = mayHave;
  }

  /** The same array for as long as nothing changed. */
  list(): NodeNames {
    const nowMs = this.#parts.clock.now();
    if (nowMs - this.#seenAtMs >= LOOK_MS) {
      this.#seenAtMs = nowMs;
      this.#see();
    }
    return this.#list;
  }

  isOne(name: string): boolean {
    this.list();
    return this.#names.has(name);
  }

  #see(): void {
    const nodes = this.#parts.swarm.report().filter(({ name }) => this.#mayHave(name));
    const next = nodes.map(({ name, address, state }) => ({ name, address, isLive: state === 'live' }));
    if (isSame(next, this.#list)) return;
    this.#list = next;
    this.#names = new Set(next.map(({ name }) => name));
  }
}

function isSame(a: NodeNames, b: NodeNames): boolean {
  const isEqual = (one: NodeNames[number], other: NodeNames[number] | undefined): boolean =>
    one.name === other?.name && one.address === other.address && one.isLive === other.isLive;
  return a.length === b.length && a.every((node, i) => isEqual(node, b[i]));
}

/** Nodes are called so; machines are not. */
const NODE_NAME = /^fnode\d*$/;

interface NamedRow {
  readonly hostname: string;
  readonly mac: Mac;
  readonly ip: Ipv4 | undefined;
}

/** Machines by name: what the operator wrote goes before what they call themselves, and each name is one machine's. */
class Machines {
  readonly nodes: Nodes;
  readonly #parts: HallParts;
  readonly #rows: ReadonlyMap<string, NamedRow>;
  readonly #fixed: ReadonlyMap<Ipv4, { readonly mac: Mac; readonly hostname: string | undefined }>;
  readonly #records: ReadonlySet<string>;

  constructor(config: FlinkConfig, parts: HallParts) {
    const { clients, fnodes, dns, domain } = config;
    const rows = clients.flatMap(machineOf);
    const ownNodes = new Set(fnodes.map(({ name }) => name));
    this.#parts = parts;
    this.#rows = new Map(rows.flatMap(namedRow).map((row) => [row.hostname, row]));
    this.#fixed = new Map(rows.flatMap(({ ip, ...row }) => (ip === undefined ? [] : [[ip, row]])));
    this.#records = new Set(dns.records.map(({ name }) => shortName(name, domain)));
    const isFree = (name: string) => !NOBODYS.test(name) && !this.#rows.has(name) && !this.#records.has(name);
    this.nodes = new Nodes(parts, (name) => ownNodes.has(name) || NODE_NAME.test(name) || isFree(name));
  }

  addressOf(hostname: string): Ipv4 | undefined {
    const row = this.#rows.get(hostname);
    if (row) return row.ip ?? this.#leaseOf(row)?.address;
    const lease = this.#parts.leases()?.named(hostname);
    return lease && this.#runs(lease) && this.#mayBeCalled(hostname) ? lease.address : undefined;
  }

  /** Only what leads back to that address. */
  hostnameAt(address: Ipv4): string | undefined {
    const hostname = this.#fixed.get(address)?.hostname ?? this.#parts.leases()?.at(address)?.hostname;
    return hostname !== undefined && this.addressOf(hostname) === address ? hostname : undefined;
  }

  macAt(address: Ipv4): Mac | undefined {
    const lease = this.#parts.leases()?.at(address);
    return lease && this.#runs(lease) ? lease.mac : this.#fixed.get(address)?.mac;
  }

  /** Of the row's own machine: who had the name before the row was written has lost it. */
  #leaseOf({ hostname, mac }: NamedRow): Lease | undefined {
    const leases = this.#parts.leases();
    const own = (leases?.of({ mac, clientId: undefined, isBoot: true }) ?? []).filter((lease) => this.#runs(lease));
    return own.find((lease) => lease.hostname === hostname) ?? own[0];
  }

  /** What was offered only, or was found to be somebody else's, names nobody. */
  #runs(lease: Lease): boolean {
    return lease.state === 'bound' && isHeld(lease, this.#parts.clock.now());
  }

  /** Checked when the lease was given, too; but then the configuration was another, or the disk's. */
  #mayBeCalled(hostname: string): boolean {
    if (NOBODYS.test(hostname) || this.#records.has(hostname) || this.nodes.isOne(hostname)) return false;
    return cleanHostname(hostname) === hostname;
  }
}

/** Nothing for a pattern: it stands for many machines. */
function machineOf({ mac: pattern, ip, hostname }: ClientRow) {
  const mac = parseMac(pattern.text);
  return mac === undefined ? [] : [{ mac, ip, hostname }];
}

function namedRow({ mac, ip, hostname }: ReturnType<typeof machineOf>[number]): NamedRow[] {
  return hostname === undefined ? [] : [{ mac, ip, hostname }];
}

function shortName(name: string, domain: string): string {
  return name.endsWith(`.${domain}`) ? name.slice(0, -domain.length - 1) : name;
}
