/** The hall's resolver as a service: doors, resolver and upstreams together. */
import { type Endpoint, type Ipv4, LOOPBACK } from '../core/addr.ts';
import { Fault, messageOf } from '../core/errors.ts';
import type { Host } from '../host.ts';
import type { Service } from '../service.ts';
import type { CacheLimits } from './cache.ts';
import { type DoorCounts, openDoors } from './doors.ts';
import { openExchange, type UpstreamReport } from './exchange.ts';
import { Clients, type LimitTerms } from './limits.ts';
import { type Lookup, lookupOf } from './lookup.ts';
import { textOf } from './names.ts';
import { Resolver, type ResolverTerms } from './resolver.ts';
import { leaveSlots } from './slots.ts';
import type { UpstreamTable } from './upstream.ts';

export interface DnsPolicy {
  readonly limits: LimitTerms;
  readonly upstreams: UpstreamTable;
  readonly resolving: ResolverTerms;
  /** Each question with who asked it goes to the log: only where somebody looks for a fault. */
  readonly isLogged: boolean;
}

export interface DnsOptions {
  /** flink's own, on the LAN. */
  readonly address: Ipv4;
  readonly port: number;
  /** Whether programs of this machine may ask on 127.0.0.1, too: not where an upstream is there. */
  readonly isOnLoopback: boolean;
  readonly cache: CacheLimits;
  readonly maxConnections: number;
}

export interface DnsService extends Service {
  /** Whether clients can be sent here. */
  isServing(): boolean;
  /** Where it answers now. */
  doors(): readonly Endpoint[];
  /** After `policy` has changed: forgets what was answered by the old one. */
  refresh(): void;
  /** For flink itself; also where the doors could not be opened. */
  readonly lookup: Lookup;
  readonly report: () => DnsState;
}

export type DnsState = Resolver['counts'] & {
  readonly doors: DoorCounts;
  readonly upstreams: readonly UpstreamReport[];
};

export function dnsService(options: DnsOptions, policy: () => DnsPolicy, host: Host): DnsService {
  const { clock, log } = host;
  const exchange = openExchange(host);
  const clients = new Clients(() => policy().limits);
  const resolver = new Resolver(() => policy().resolving, options.cache, {
    ...{ clock, exchange },
    onAnswer: (query, { client, isTcp }, source) => {
      if (!policy().isLogged) return;
      const { name, type } = query;
      log.info('dns', 'question', { ip: client, name: textOf(name), type, source, transport: isTcp ? 'tcp' : 'udp' });
    },
  });
  const doors = openDoors(
    host,
    {
      admit: (client) => clients.admit(client, clock.now()),
      maxConnections: options.maxConnections,
      onHeld: leaveSlots,
    },
    (bytes, asker) => resolver.handle(bytes, asker),
  );
  const use = (): void => {
    const { usual, byDomain } = policy().upstreams;
    exchange.use([...usual, ...[...byDomain.values()].flat()]);
  };
  let isServing = false;
  return {
    name: 'dns',
    start: async () => {
      // flink's own questions need no door: they are answered where the port is somebody else's, too.
      use();
      const { address, port, isOnLoopback } = options;
      const own: Endpoint = { address, port };
      const both = isOnLoopback && address !== LOOPBACK ? [own, { address: LOOPBACK, port }] : [];
      // Programs of this machine may ask elsewhere: what else has that port on loopback stops nobody.
      const problem = both.length > 0 ? await problemOf(doors.open(both)) : undefined;
      if (both.length === 0 || problem !== undefined) await doors.open([own]);
      if (problem !== undefined) log.info('dns', 'loopback-not-served', { error: problem });
      isServing = true;
    },
    stop: async () => {
      isServing = false;
      await doors.close();
      await exchange.stop();
    },
    health: () => (isServing ? { ok: true } : { ok: false, reason: 'not served' }),
    isServing: () => isServing,
    doors: () => doors.at,
    refresh: () => {
      use();
      resolver.flush();
    },
    lookup: lookupOf((bytes, asker) => resolver.handle(bytes, asker), clock),
    report: () => ({ ...resolver.counts, doors: doors.counts, upstreams: exchange.report() }),
  };
}

/** What stood in the way, in words; nothing where all went well. */
async function problemOf(opening: Promise<void>): Promise<string | undefined> {
  try {
    await opening;
    return undefined;
  } catch (fault) {
    if (fault instanceof Fault) return messageOf(fault);
    throw fault;
  }
}
