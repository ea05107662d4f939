/** A running flink: its services, and what each tells the others. */
import os from 'node:os';
import { AdminEvents } from '../admin/events.ts';
import type { AdminDeps } from '../admin/routes.ts';
import { adminService } from '../admin/server.ts';
import type { FlinkConfig } from '../config/types.ts';
import { type Ipv4, LOOPBACK, subnetOf } from '../core/addr.ts';
import { Fault, messageOf } from '../core/errors.ts';
import { SWARM_PORT } from '../core/swarm.ts';
import { isoMoments } from '../core/units.ts';
import type { Facts } from '../dhcp/decision.ts';
import { explain } from '../dhcp/explain.ts';
import type { Observe } from '../dhcp/observe.ts';
import { OPTION, readIpv4 } from '../dhcp/options.ts';
import type { DhcpPolicy } from '../dhcp/policy.ts';
import { NOBODY_LOOKS, type PresenceView } from '../dhcp/presence.ts';
import { type ProberService, proberService } from '../dhcp/prober.ts';
import { type DhcpService, dhcpService } from '../dhcp/server.ts';
import { fileLeaseStore, memoryLeaseStore } from '../dhcp/store.ts';
import { type ServerWatch, serverWatch } from '../dhcp/watch.ts';
import type { FirewallService } from '../firewall/keep.ts';
import { descriptorShare } from '../host/descriptors.ts';
import { runCommand } from '../host/exec.ts';
import { readNeighbours } from '../host/neighbours.ts';
import { systemPing } from '../host/ping.ts';
import type { Host, LocalInterface } from '../host.ts';
import type { Service } from '../service.ts';
import { locateService } from '../swarm/locate.ts';
import type { SwarmPolicy } from '../swarm/policy.ts';
import { isAnswering } from '../swarm/probe.ts';
import { type Swarm, swarmService } from '../swarm/server.ts';
import { runningFirewall } from './firewall.ts';
import { type MachineMemory, machineMemory } from './machines.ts';
import { type PlacementMemory, placementMemory } from './placements.ts';
import { DNS_PORT, flinkNames, macTable, placementOf } from './policy.ts';
import { type HallProxy, hallProxy } from './proxy.ts';
import { type HallResolver, hallResolver } from './resolver.ts';
import { countedStore, decisionEvent, fnodeRow, leaseCounts, leaseRows, machineRows, poolsOf } from './rows.ts';

export interface DirectorParts {
  readonly config: () => FlinkConfig;
  /** Of the configuration as it is now; its role and its placing are made live here. */
  readonly policy: () => DhcpPolicy;
  readonly swarm: () => SwarmPolicy;
  /** For clients where flink's own resolver is not there. */
  readonly otherResolvers: () => readonly Ipv4[];
  readonly lan: LocalInterface;
  readonly host: Host;
  readonly version: string;
}

export interface Director {
  /** In the order in which they start. */
  readonly services: readonly Service[];
  /** After a new configuration: throws a `Fault` where a file that it names cannot be used; then the old one stays. */
  reload(): void;
  /** Whether clients' names are resolved here. */
  isResolving(): boolean;
  /** Whether what clients fetch is kept here. */
  isCaching(): boolean;
}

export function director(parts: DirectorParts): Director {
  const { config, host, lan } = parts;
  const memory = machineMemory(config().stateDir, host);
  const swarm = swarmService(parts.swarm, {
    ...{ host, isAnswering, mirrorUrl: () => proxy.mirrorUrl() },
    onFetched: (_node, fetched) => {
      for (const { client, stage } of fetched) memory.table.progressed(client, stage, host.clock.now());
    },
  });
  const placements = placementMemory(config().stateDir, host, swarm.restore);
  const events = new AdminEvents(host.clock.date());
  const resolver = hallResolver({
    ...{ ...parts, swarm, leases: () => dhcp?.service.leases },
    isMirrorServed: () => proxy.isServing(),
  });
  const dhcp =
    config().dhcp.mode === 'off' ? undefined : openDhcp(parts, { memory, placements, swarm, events, resolver });
  const proxy = hallProxy({ ...parts, resolve: resolver.lookup });
  const firewall = filtering(parts, resolver, proxy);
  // Names first: DHCP tells clients whom to ask.
  const services: Optional[] = [
    ...resolving(parts, resolver),
    ...caching(parts, proxy),
    ...(firewall ? [firewall] : []),
    memory,
    placements,
    ...(dhcp?.services ?? []),
    swarm,
  ];
  services.push(locating(parts));
  const admin = adminService(() => adminOptions(config(), lan), {
    ...{ host, events, door: swarm.door, fnodes: () => swarm.report().map(fnodeRow) },
    ...answers(parts, { memory, swarm, dhcp }),
    dns: resolver.report,
    ...{ cache: proxy.report, purge: proxy.purge },
    health: () => ({
      // What the hall does without is told by its name, and makes nobody restart what serves the rest.
      ok: services.every((service) => service.health().ok || service.isMissed?.() === true),
      services: Object.fromEntries(services.map((service) => [service.name, service.health()])),
    }),
  });
  services.push(isUsualDoor(config()) ? served(admin, host, ADMIN_CURE) : admin);
  return {
    services,
    reload: () => {
      firewall?.reload();
      admin.reload();
      resolver.reload();
      proxy.reload();
    },
    isResolving: resolver.isServing,
    isCaching: proxy.isServing,
  };
}

/** The part of flink that answers DHCP. */
interface Dhcp {
  readonly services: readonly Service[];
  readonly service: DhcpService;
  readonly watch: ServerWatch;
  readonly policy: () => DhcpPolicy;
  readonly facts: () => Facts;
  readonly commits: { readonly commits: number; readonly failures: number };
  readonly probes: ProberService['counts'];
}

interface Surroundings {
  readonly memory: MachineMemory;
  readonly placements: PlacementMemory;
  readonly swarm: Swarm;
  readonly events: AdminEvents;
  readonly resolver: HallResolver;
}

function openDhcp(parts: DirectorParts, surroundings: Surroundings): Dhcp {
  const { config, lan, host } = parts;
  const { memory, placements, swarm, events, resolver } = surroundings;
  const { ports, dhcp, stateDir } = config();
  const watch = serverWatch(lan.address, dhcp.mode === 'off' ? 'server' : dhcp.mode, host);
  const policy = livePolicy(parts, { watch, swarm, resolver });
  const { store, counts } = countedStore(stateDir === undefined ? memoryLeaseStore() : fileLeaseStore(stateDir, host));
  const findPing = () => systemPing(runCommand);
  const prober = proberService(policy, () => service.leases, {
    ...{ host, findPing, neighbours: readNeighbours, maxSockets: descriptorShare('looks') },
  });
  const isProbing = dhcp.probe;
  const moment = isoMoments();
  const onDecision: Observe = (request, decision, told) => {
    const isTurnedAway = decision.kind === 'release' || ('reason' in decision && decision.reason === 'other-server');
    const other = isTurnedAway ? readIpv4(request.options.get(OPTION.serverIdentifier)) : undefined;
    if (other !== undefined) watch.hint(other);
    if ('placement' in decision && decision.boot) {
      const { client, placement } = decision;
      const machine = { mac: told.mac, uuid: client.machineId };
      if (placement.node) swarm.keep(machine, placement.node.name);
      if (placement.node && decision.kind === 'ack') placements.keep(machine, placement.node.name);
    }
    events.record(decisionEvent(decision, told, moment(host.clock.date())));
  };
  const listen = { address: lan.address, port: ports.dhcp, pxePort: ports.pxe };
  const service = dhcpService(listen, policy, {
    ...{ host, store, machines: memory.table, onDecision },
    ...(isProbing ? { prober } : {}),
  });
  return {
    services: [watch, service, ...(isProbing ? [prober] : [])],
    ...{ service, watch, policy, commits: counts, probes: prober.counts },
    facts: () => ({
      ...{ policy: policy(), leases: service.leases, machines: memory.table, door: 'dhcp', nowMs: host.clock.now() },
      presence: isProbing ? prober.view : NOBODY_LOOKS,
    }),
  };
}

/** What the configuration says, with the role that the LAN needs now, the nodes that are alive now, and who resolves names now. */
function livePolicy(
  { policy: base, config, otherResolvers }: DirectorParts,
  { watch, swarm, resolver }: Pick<Surroundings, 'swarm' | 'resolver'> & { readonly watch: ServerWatch },
): () => DhcpPolicy {
  let known: { readonly base: DhcpPolicy; readonly isResolving: boolean; readonly live: DhcpPolicy } | undefined;
  return () => {
    const now = base();
    const isResolving = resolver.isServing();
    if (known?.base === now && known.isResolving === isResolving) return known.live;
    const rows = macTable(config().clients);
    const live: DhcpPolicy = {
      ...now,
      dnsServers: isResolving ? now.dnsServers : otherResolvers(),
      get role() {
        return watch.role();
      },
      place: (machine) => {
        const { mac } = machine;
        return placementOf(swarm.place(machine, { fnode: rows.fnode(mac), boot: rows.boot(mac) }), rows.loader(mac));
      },
    };
    known = { base: now, isResolving, live };
    return live;
  };
}

/** Nodes find flink by its name and at the gateway, too: a port that somebody else has stops nothing. */
function locating({ config, lan, host }: DirectorParts): Optional {
  const { address: self, prefixBits } = lan;
  const url = (): string => `http://${self}:${swarmEndpoint(config(), lan).port}`;
  const service = locateService(() => ({ self, lan: subnetOf(self, prefixBits), name: 'flink', url: url() }), host);
  return served(service, host, () => `nodes find flink by its name or at their gateway, or with --flink ${url()}`);
}

/** The port that nobody asked for may be somebody else's: then clients are told whom flink would ask. */
function resolving({ config, host }: DirectorParts, { services }: HallResolver): readonly Optional[] {
  return config().ports.dns === DNS_PORT ? services.map((service) => served(service, host, () => DNS_CURE)) : services;
}

/** As with names: something else may be there already. */
function caching({ config, host }: DirectorParts, { services }: HallProxy): readonly Optional[] {
  const { proxy, intercept } = config().ports;
  const isUsual = proxy === PROXY_PORT && intercept === INTERCEPT_PORT;
  return isUsual ? services.map((service) => served(service, host, () => PROXY_CURE)) : services;
}

/** The rules follow what is served, so they come behind names and proxy; they stand before the first address is given. */
function filtering(parts: DirectorParts, resolver: HallResolver, proxy: HallProxy): FirewallService | undefined {
  const { config, lan, host } = parts;
  if (config().firewall !== 'apply') return undefined;
  const known = { lan, resolvers: parts.otherResolvers() };
  const isServed = () => ({ isDnsServed: resolver.isServing(), isProxyServed: proxy.isServing() });
  return runningFirewall(() => ({ ...known, config: config(), ...isServed() }), host);
}

const DNS_CURE =
  "until flink is started with port 53 clients are told upstreams, and the hall's names are not resolved";

const PROXY_PORT = 3128;
const INTERCEPT_PORT = 3129;
const PROXY_CURE =
  'until flink is started with ports 3128 and 3129 free, or with others (ports.proxy, ports.intercept), nothing is cached';

const ADMIN_CURE = () =>
  'nobody can ask this flink, and nodes cannot announce themselves: give another port: --admin 127.0.0.1:8068';

/** One whose port may be somebody else's; then the others go on without it. */
interface Optional extends Service {
  readonly isMissed?: () => boolean;
}

const UNHAD: ReadonlySet<string> = new Set(['bind-failed', 'no-privilege']);

/** What has gone from a port that nobody asked for stops nothing: machines need addresses first. */
function served(service: Service, { log }: Host, cure: () => string): Optional {
  let isMissed = false;
  return {
    ...service,
    isMissed: () => isMissed,
    start: async () => {
      await service.start().catch((fault: unknown) => {
        if (!(fault instanceof Fault) || !UNHAD.has(fault.code)) throw fault;
        isMissed = true;
        log.error(service.name, 'not-served', { error: messageOf(fault), cure: cure() });
      });
    },
  };
}

const isUsualDoor = ({ admin: { listen } }: FlinkConfig): boolean =>
  listen.address === LOOPBACK && listen.port === SWARM_PORT;

/** Nodes look for flink at the usual port; an admin door elsewhere takes theirs along. */
const swarmEndpoint = ({ admin }: FlinkConfig, lan: LocalInterface) => ({
  address: lan.address,
  port: admin.listen.port,
});

function adminOptions(config: FlinkConfig, lan: LocalInterface) {
  const { admin, domain } = config;
  const { listen, passwordFile } = admin;
  return { listen, passwordFile, swarm: swarmEndpoint(config, lan), names: flinkNames(domain, os.hostname()) };
}

type Answers = Pick<AdminDeps, 'leases' | 'machines' | 'status' | 'counts' | 'explain'>;

/** What the admin API asks of the running flink. */
function answers(
  { config, policy, lan, host, version }: DirectorParts,
  { memory, swarm, dhcp }: Pick<Surroundings, 'memory' | 'swarm'> & { readonly dhcp: Dhcp | undefined },
): Answers {
  const { clock } = host;
  const [startedAtMs, startedAt] = [clock.now(), new Date(clock.date()).toISOString()];
  const leases = () => [...(dhcp?.service.leases.all() ?? [])];
  return {
    leases: () => leaseRows(leases(), policy().networks, clock),
    machines: () => machineRows([...memory.table.all()], ({ key }) => swarm.nodeOf(key)),
    status: () => ({
      ...{ version, mode: config().dhcp.mode, startedAt, uptimeSec: Math.round((clock.now() - startedAtMs) / 1000) },
      ...(dhcp ? { role: dhcp.watch.role() } : {}),
      addresses: [lan.address],
      pools: dhcp ? poolsOf(dhcp.facts(), leases()) : [],
    }),
    counts: () => ({
      leases: leaseCounts(dhcp?.service.leases.all() ?? [], clock.now()),
      probes: { ...dhcp?.probes },
      store: dhcp?.commits ?? { commits: 0, failures: 0 },
    }),
    explain: (question) => {
      if (!dhcp)
        return { lines: ['dhcp.mode is off: nobody gets an answer'], data: { mac: question.mac, answer: 'none' } };
      const { lines, data } = explain(question, withoutLooking(dhcp.facts()));
      return { lines: [...lines], data: { ...data } };
    },
  };
}

/** A question sends nothing, so nobody is looked for: an address that nobody was seen on is told as it would be given. */
function withoutLooking(facts: Facts): Facts {
  const { presence: seen } = facts;
  const presence: PresenceView = {
    at: (...asked) => (seen.at(...asked) === 'taken' ? 'taken' : 'free'),
    spare: (...asked) => seen.spare(...asked),
    wish: (...asked) => seen.wish(...asked),
    isRushed: (...asked) => seen.isRushed(...asked),
    strangers: (...asked) => seen.strangers(...asked),
  };
  return { ...facts, presence };
}
