/** What the admin API answers, value by value: what roles fill in, and what the published OpenAPI document is made from. */
import * as z from 'zod';
import type { CacheReport } from '../core/cachereport.ts';
import { DNS_DROPS, DNS_SOURCES, DNS_TRANSPORTS, type DnsReport } from '../core/dnsreport.ts';

const address = z.string().describe('IPv4 address.');
const mac = z.string().describe('Lower case with colons.');
const moment = z.iso.datetime().describe('By the wall clock, UTC.');
const count = z.int().min(0);

/** As leases say it; `expired` is one that nobody renewed. */
export const LEASE_STATES = ['offered', 'bound', 'declined', 'released', 'expired'] as const;

export const leaseRow = z.object({
  address,
  mac,
  hostname: z.string().optional().describe('As the client calls itself, cleaned, or by its row in the MAC table.'),
  clientId: z.string().optional().describe('Option 61 in hex.'),
  state: z
    .enum(LEASE_STATES)
    .describe('declined: somebody else was found there. released and expired are kept for their former holder.'),
  endsAt: moment,
  network: z.string().describe('The subnet that it belongs to: 172.16.0.0/16.'),
});
export type LeaseRow = z.infer<typeof leaseRow>;

export const imageRow = z.object({
  alias: z.string().describe('By which URLs call it.'),
  name: z.string(),
  sizeBytes: z.number(),
  etag: z.string().describe('Equal on every node for equal bytes.'),
});

/** As the swarm says it. */
export const FNODE_STATES = ['live', 'gone', 'unheard'] as const;

export const fnodeRow = z.object({
  name: z.string(),
  address,
  httpPort: count,
  state: z.enum(FNODE_STATES).describe('unheard: expected, and silent since flink started.'),
  weight: z.number().describe('Its share of the clients that no row of the MAC table names.'),
  machines: count.describe('Sent there within the last half hour.'),
  load: z
    .object({
      transfers: count.describe('Under way.'),
      sentBitsPerSec: z.number(),
      cpuShare: z.number().describe('Of one core: 0 to 1.'),
    })
    .optional(),
  freeBytes: z.number().optional().describe('In its folder of images.'),
  images: z.array(imageRow).describe('That it has ready to serve.'),
  heardMsAgo: z.number().optional(),
  sessionMs: z.number().optional().describe('Since it was first heard after its start.'),
});
export type FnodeRow = z.infer<typeof fnodeRow>;

const bySlot = z.record(z.string(), z.string());
export const machineRow = z.object({
  mac,
  uuid: z.string().optional().describe("Option 97's sixteen octets in hex."),
  address: z.string().optional().describe('The last that it had.'),
  rung: z.string().optional().describe('The variant of the answer that it gets now.'),
  worked: bySlot.describe('The variant by which it has booted, by platform.'),
  node: z.string().optional().describe('The fnode that it was sent to.'),
  stage: z.string().optional().describe('How far it has come with that.'),
});
export type MachineRow = z.infer<typeof machineRow>;

export const decisionEvent = z.object({
  id: z.int().describe('Grows with each decision, and over restarts.'),
  at: moment,
  kind: z.string().describe('offer, ack, nak, ignore and so on.'),
  reason: z.string().optional().describe('The rule that decided, in the word that logs and explain use.'),
  mac,
  ip: z.string().optional(),
  stage: z.string().optional().describe('What asked: pxe, http, ipxe, system.'),
  arch: z.int().optional().describe('Option 93.'),
  fnode: z.string().optional(),
  file: z.string().optional().describe('What it was told to load.'),
  rung: z.string().optional(),
  tookMs: z.number().describe('From the datagram to the answer.'),
  hostname: z.string().optional(),
});
export type DecisionEvent = z.infer<typeof decisionEvent>;

export const pool = z.object({
  network: z.string(),
  size: count.describe('Addresses of its range.'),
  held: count.describe('Offered, bound or declined.'),
  free: count.describe('That could be given to somebody now.'),
  declined: count.describe('Resting, because somebody else was found there.'),
});
export type Pool = z.infer<typeof pool>;

export const status = z.object({
  version: z.string(),
  mode: z.string().describe('dhcp.mode of the configuration.'),
  role: z.string().optional().describe('The part that is taken now: server, proxy, off.'),
  startedAt: moment,
  uptimeSec: z.number(),
  addresses: z.array(z.string()).describe("The director's own."),
  pools: z.array(pool),
});
export type Status = z.infer<typeof status>;

export const explanation = z.object({
  lines: z.array(z.string()).describe('For people.'),
  data: z.record(z.string(), z.unknown()).describe('The same for programs.'),
});
export type Explanation = z.infer<typeof explanation>;

export const dnsUpstream = z.object({
  address: z.string().describe('With its port: 9.9.9.9:53, [2620:fe::fe]:53.'),
  transport: z.enum(['udp', 'tcp', 'tls']),
  rttMs: z.number().optional().describe('How long it takes to answer, lately; absent while it has not.'),
  isDown: z.boolean().describe('It does not answer, and is tried now and then.'),
  asked: count,
  answered: count,
  failed: count.describe('Answers that were of no use, and questions without an answer.'),
  foreign: count.describe('Packets from there that answered nothing that was asked: spoofed, late.'),
});

export const dnsReport = z.object({
  questions: z.record(z.enum(DNS_TRANSPORTS), count).describe('By how they came in.'),
  answers: z
    .record(z.enum(DNS_SOURCES), count)
    .describe(
      'By where they came from. stale: kept beyond their end, while no upstream answered; local: names of the hall; withheld: private addresses from outside, aliases of blocked names; failed: SERVFAIL.',
    ),
  dropped: z
    .record(z.enum(DNS_DROPS), count)
    .describe(
      'Without a look at them. foreign: from outside the hall; limited: too many of one client; crowded: too many at once.',
    ),
  outstanding: count.describe('That upstreams are being asked now.'),
  cache: z.object({ entries: count, bytes: count, evicted: count.describe('To make room.') }),
  blocklist: count.describe('Names on it.'),
  prefetches: count.describe('Popular names that were asked for again before their end.'),
  upstreams: z.array(dnsUpstream),
}) satisfies z.ZodType<DnsReport>;

export const dnsStatus = z.object({
  isServed: z.boolean().describe('false: another program has the port, for instance; the log says why.'),
  report: dnsReport.optional(),
});

export const cacheDomain = z.object({
  name: z.string().describe('Of a host, in lower case; addresses stands for all hosts without a name.'),
  answers: count,
  sentBytes: count,
  broughtBytes: count,
});

export const cacheReport = z.object({
  answers: z
    .record(z.string(), count)
    .describe(
      'By where they came from: hit, stale, revalidated, shared (while somebody else fetched it), miss, pass, tunnel; or by why there was none: blocked, unreachable and the like.',
    ),
  sentBytes: count.describe('Content to clients.'),
  broughtBytes: count.describe('Content from outside. What was sent and not brought was saved.'),
  domains: z.array(cacheDomain).describe('The busiest by what was sent, 50 at most; no paths, no clients.'),
  connections: count.describe('Open ones of clients.'),
  tunnels: count.describe('Those of them that are tunnels.'),
  fetches: count.describe('Under way.'),
  waiting: count.describe('Answers that these are for.'),
  store: z.object({
    entries: count,
    bytes: count,
    maxBytes: count,
    evicted: count.describe('To make room.'),
    damaged: count.describe('Contents that were not what had been written, and are gone.'),
    trouble: z.string().optional().describe('Why the disk takes nothing more at the moment, with the cure.'),
  }),
}) satisfies z.ZodType<CacheReport>;

export const cacheStatus = z.object({
  isServed: z.boolean().describe('false: another program has the ports, for instance; the log says why.'),
  report: cacheReport.optional(),
});

export const purged = z.object({ removed: count.describe('Variants of it that were kept; 0: there was nothing.') });

export const health = z.object({
  ok: z.boolean(),
  services: z.record(z.string(), z.object({ ok: z.boolean(), reason: z.string().optional() })),
});
export type HealthReport = z.infer<typeof health>;

export const refusal = z.object({ error: z.string().describe('One sentence.') });

export const leaseList = z.object({ leases: z.array(leaseRow) });
export const fnodeList = z.object({ fnodes: z.array(fnodeRow) });
export const machineList = z.object({ machines: z.array(machineRow) });
export const decisionList = z.object({ decisions: z.array(decisionEvent).describe('Newest first.') });
