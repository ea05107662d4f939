/** An admin service over plain values, on free ports of 127.0.0.1, and clients without manners for it. */
import { once } from 'node:events';
import http, { type IncomingHttpHeaders } from 'node:http';
import net from 'node:net';
import { AdminEvents, type NewDecision } from '../../src/admin/events.ts';
import type { AdminDeps } from '../../src/admin/routes.ts';
import { type AdminOptions, type AdminService, adminService } from '../../src/admin/server.ts';
import type { FnodeRow, LeaseRow, MachineRow, Status } from '../../src/admin/shape.ts';
import type { Endpoint, Ipv4 } from '../../src/core/addr.ts';
import { LOOPBACK } from '../../src/core/addr.ts';
import type { CacheReport } from '../../src/core/cachereport.ts';
import type { DnsReport } from '../../src/core/dnsreport.ts';

import type { AnnounceReply, AnnounceRequest } from '../../src/core/swarm.ts';
import { type FakeHost, fakeHost, lan } from '../support/fakes.ts';

export const HERE: Endpoint = { address: LOOPBACK, port: 0 };
/** Stands for flink's address on the LAN. */
export const ON_THE_LAN: Endpoint = { address: '127.0.0.2' as Ipv4, port: 0 };
const AT = '2026-01-01T00:00:00.000Z';

export function decision(n: number, over: Partial<NewDecision> = {}): NewDecision {
  const mac = `02:00:00:00:${Math.floor(n / 256)
    .toString(16)
    .padStart(2, '0')}:${(n % 256).toString(16).padStart(2, '0')}`;
  return { at: AT, kind: 'offer', reason: 'pool', mac, ip: '172.16.0.101', tookMs: 0.4, ...over };
}

export const LEASES: readonly LeaseRow[] = [
  {
    ...{ address: '172.16.0.101', mac: '52:54:00:12:34:56', hostname: 'desk7', clientId: '01525400123456' },
    ...rest('bound'),
  },
  { address: '172.16.0.102', mac: '52:54:00:12:34:57', ...rest('declined') },
];

function rest(state: LeaseRow['state']) {
  return { state, endsAt: AT, network: '172.16.0.0/16' } as const;
}

const FNODES: readonly FnodeRow[] = [
  {
    ...{ name: 'fnode00', address: '172.16.0.10', httpPort: 80, state: 'live', weight: 1, machines: 3 },
    ...{ load: { transfers: 2, sentBitsPerSec: 1e8, cpuShare: 0.2 }, freeBytes: 1e9, heardMsAgo: 500, sessionMs: 9000 },
    images: [{ alias: 'mint-22', name: 'Linux Mint 22', sizeBytes: 3e9, etag: '"abc"' }],
  },
  { name: 'fnode01', address: '172.16.0.11', httpPort: 80, state: 'unheard', weight: 2, machines: 0, images: [] },
];

const MACHINES: readonly MachineRow[] = [
  {
    mac: '52:54:00:12:34:56',
    uuid: '00112233445566778899aabbccddeeff',
    rung: 'usual',
    worked: { bios: 'usual' },
    stage: 'further',
  },
];

const STATUS: Status = {
  ...{ version: '0.1.0', mode: 'auto', role: 'server', startedAt: AT, uptimeSec: 12.5, addresses: ['172.16.0.1'] },
  pools: [{ network: '172.16.0.0/16', size: 200, held: 2, free: 198, declined: 1 }],
};

export const DNS: DnsReport = {
  questions: { udp: 120, tcp: 3 },
  answers: { cache: 80, stale: 1, local: 9, upstream: 25, blocked: 4, withheld: 2, refused: 1, failed: 1 },
  dropped: { foreign: 5, limited: 6, malformed: 7, crowded: 8 },
  outstanding: 2,
  cache: { entries: 41, bytes: 5300, evicted: 10 },
  blocklist: 500_000,
  prefetches: 11,
  upstreams: [
    { ...{ address: '9.9.9.9:53', transport: 'udp', rttMs: 12.34, isDown: false }, ...counted(30, 25, 2, 1) },
    { ...{ address: '[2620:fe::fe]:853', transport: 'tls', isDown: true }, ...counted(5, 0, 5, 0) },
  ],
};

function counted(asked: number, answered: number, failed: number, foreign: number) {
  return { asked, answered, failed, foreign };
}

export const CACHE: CacheReport = {
  answers: {
    hit: 900,
    stale: 1,
    revalidated: 40,
    shared: 20,
    miss: 30,
    pass: 9,
    tunnel: 0,
    blocked: 4,
    unreachable: 0,
  },
  sentBytes: 50_000_000_000,
  broughtBytes: 5_000_000_000,
  domains: [
    { name: 'deb.debian.org', answers: 900, sentBytes: 45e9, broughtBytes: 1e9 },
    { name: 'addresses', answers: 104, sentBytes: 5e9, broughtBytes: 4e9 },
  ],
  connections: 60,
  tunnels: 7,
  fetches: 3,
  waiting: 41,
  store: { entries: 12_000, bytes: 20_000_000_000, maxBytes: 40_000_000_000, evicted: 5, damaged: 1 },
};

export interface World {
  readonly service: AdminService;
  readonly host: FakeHost;
  readonly events: AdminEvents;
  readonly announced: AnnounceRequest[];
  readonly closed: string[];
  /** The first one removes one variant, the second two, and so on. */
  readonly purges: string[];
  /** Who is told of as closed next. */
  nextClosed(): Promise<string>;
  readonly at: Endpoint;
  readonly swarm: Endpoint;
  stop(): Promise<void>;
}

export interface Setup {
  readonly options?: Partial<AdminOptions>;
  readonly deps?: Partial<AdminDeps>;
  readonly reply?: AnnounceReply;
}

export function makeService({ options, deps, reply }: Setup = {}) {
  const host = fakeHost([lan('eth0', '172.16.0.1')]);
  const events = deps?.events ?? new AdminEvents(1);
  const announced: AnnounceRequest[] = [];
  const closed: string[] = [];
  const purges: string[] = [];
  let onClosed = (_from: string): void => {};
  const nextClosed = (): Promise<string> =>
    new Promise((resolve) => {
      onClosed = resolve;
    });
  const service = adminService(
    () => ({
      listen: HERE,
      swarm: ON_THE_LAN,
      passwordFile: undefined,
      names: ['flink', 'flink.flisol.lan'],
      ...options,
    }),
    {
      ...{ host, events },
      door: {
        announce: (request) => {
          announced.push(request);
          return reply ?? { status: 200, body: '{"version":1}', signature: 'sha256=ok' };
        },
        closed: (from) => {
          closed.push(from);
          onClosed(from);
        },
      },
      leases: () => LEASES,
      fnodes: () => FNODES,
      machines: () => MACHINES,
      status: () => STATUS,
      counts: () => ({
        leases: { bound: 1, declined: 1 },
        probes: { free: 7, taken: 1 },
        store: { commits: 5, failures: 0 },
      }),
      health: () => ({ ok: true, services: { dhcp: { ok: true } } }),
      dns: () => DNS,
      cache: () => CACHE,
      purge: (url) => purges.push(url),
      explain: (question) => ({ lines: [`client   ${question.mac}`], data: { ...question } }),
      ...deps,
    },
  );
  return { service, host, events, announced, closed, purges, nextClosed };
}

export async function startWorld(setup: Setup = {}): Promise<World> {
  const made = makeService(setup);
  await made.service.start();
  const at = made.service.address('admin');
  if (!at) throw new Error('not bound');
  return { ...made, at, swarm: made.service.address('swarm') ?? at, stop: () => made.service.stop() };
}

export interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Asking {
  readonly method?: string;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
  /** Any address of 127.0.0.0/8 is a client of its own. */
  readonly from?: string;
  readonly agent?: http.Agent;
}

/** One request by a client that behaves. */
export async function get(at: Endpoint, path: string, asking: Asking = {}): Promise<Got> {
  const { method = 'GET', headers = {}, body, from, agent = false } = asking;
  const target = { host: at.address, port: at.port, path, method, headers, agent };
  const request = http.request(from === undefined ? target : { ...target, localAddress: from });
  request.end(body);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

/** Sends `text` as it stands and hears until the other side closes. */
export function tell(at: Endpoint, text: string | Uint8Array, from = '127.0.0.1'): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = net.connect({ host: at.address, port: at.port, localAddress: from }, () => socket.write(text));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => {});
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
  });
}

/** A stream that is open, whose text grows; `until` waits for a piece of it. */
export async function listenTo(at: Endpoint, path: string, headers: http.OutgoingHttpHeaders = {}) {
  const request = http.get({ host: at.address, port: at.port, path, headers, agent: false });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let text = '';
  let check = (): void => {};
  response.setEncoding('utf8').on('data', (chunk) => {
    text += String(chunk);
    check();
  });
  const ended = new Promise<void>((resolve) => response.once('close', () => resolve()));
  response.on('error', () => {});
  const until = (piece: string): Promise<string> =>
    new Promise((resolve) => {
      check = () => {
        if (text.includes(piece)) resolve(text);
      };
      check();
    });
  return { status: response.statusCode ?? 0, headers: response.headers, until, ended, close: () => request.destroy() };
}
