/** The proxy as a service: its doors, and what stands behind them. */
import { randomBytes } from 'node:crypto';
import http, { type Server } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Endpoint, LOOPBACK } from '../core/addr.ts';
import type { CacheReport } from '../core/cachereport.ts';
import { messageOf } from '../core/errors.ts';
import { buffersThatPass } from '../host/collector.ts';
import { descriptorShare } from '../host/descriptors.ts';
import { listening } from '../host/listening.ts';
import type { Host } from '../host.ts';
import { Connections } from '../http/connections.ts';
import { refusalOf, refuse } from '../http/garbled.ts';
import { BigBuffers } from '../http/pool.ts';
import type { Service } from '../service.ts';
import { Bandwidth, type Rates } from './bandwidth.ts';
import { BlockRoom } from './blockroom.ts';
import { LIMITS, openClient } from './client.ts';
import { mayConnect } from './destination.ts';
import { dig, type Tunnels } from './dig.ts';
import { Fetches } from './fetches.ts';
import { greet } from './front.ts';
import { HotAnswers } from './hot.ts';
import { Ranges } from './ranges.ts';
import { Releases } from './releases.ts';
import { bug, type ProxyTerms, type ServeDeps, serve } from './serve.ts';
import { openStore, type Store, type StoreLimits } from './store.ts';
import { Tally } from './tally.ts';
import type { Door } from './target.ts';

export interface ProxyDoor {
  readonly at: Endpoint;
  readonly door: Door;
  /** It is a pity, and stops nothing, where somebody else has this port. */
  readonly isOptional: boolean;
}

export interface ProxyOptions {
  readonly doors: readonly ProxyDoor[];
  /** The first that can be used. */
  readonly cacheDirs: readonly string[];
}

export interface ProxyPolicy {
  readonly terms: ProxyTerms;
  readonly limits: StoreLimits;
  readonly rates: Rates;
  /** Whether that address is served. */
  readonly isClient: (address: string) => boolean;
}

export interface ProxyDeps {
  readonly host: Host;
  /** A name's addresses, by flink's own resolver. */
  readonly resolve: (name: string) => Promise<readonly string[]>;
}

export interface ProxyService extends Service {
  isServing(): boolean;
  doors(): readonly Endpoint[];
  report(): CacheReport | undefined;
  /** The policy has changed. */
  refresh(): void;
  /** Forgets what is kept of a URL; how many there were. Nothing while it is not served. */
  purge(key: string): number | undefined;
}

/** Connections of clients, tunnels among them: 20 for each of 200 machines. */
const MAX_CONNECTIONS = 8192;
const MAX_HEADER_BYTES = 64 << 10;
const HEADER_MS = 30_000;
const IDLE_MS = 60_000;
/** Without an octet either way, while an answer is under way. */
const STALLED_MS = 600_000;
const DISPLACED_MS = 60_000;
/** For all that is on its way. */
const ROOM_BYTES = 64 << 20;
const MAX_BIG_BUFFERS = 128;
const MAX_SOURCE_SHARE = 0.5;
const CHECK_MS = 5000;

interface Opened {
  readonly store: Store;
  readonly serving: ServeDeps;
  readonly connections: Connections;
  readonly bandwidth: Bandwidth;
  readonly stopClient: () => void;
  readonly hot: Readonly<Record<Door, HotAnswers>>;
  readonly asked: WeakMap<Socket, string>;
  readonly tunnels: Tunnels;
}

export function proxyService(options: ProxyOptions, policy: () => ProxyPolicy, deps: ProxyDeps): ProxyService {
  let opened: Opened | undefined;
  let servers: Server[] = [];

  const listenAll = async (): Promise<void> => {
    for (const { at, door, isOptional } of options.doors) {
      const server = createServer(() => opened, door, policy, deps);
      await listening(at, server).then(
        () => servers.push(server),
        (fault: unknown) => {
          if (!isOptional) throw fault;
          deps.host.log.info('proxy', 'door-not-served', { address: at.address, port: at.port });
        },
      );
    }
  };

  const close = async (): Promise<void> => {
    const closing = servers.map((server) => new Promise((resolve) => server.close(resolve)));
    servers = [];
    const was = opened;
    opened = undefined;
    await was?.serving.fetches.stop();
    was?.connections.closeAll();
    was?.stopClient();
    was?.bandwidth.stop();
    await Promise.all(closing);
    await was?.store.close();
    if (was) tellOf(was, deps.host);
  };

  return {
    name: 'proxy',
    start: () =>
      listenAll().catch(async (fault) => {
        await close();
        throw fault;
      }),
    // The cache belongs to whom flink runs as when root's rights are gone.
    settle: async () => {
      if (servers.length > 0) opened = open(await anyStore(options.cacheDirs, policy, deps), policy, deps);
    },
    stop: close,
    health: () => (opened ? { ok: true } : { ok: false, reason: 'not served' }),
    isServing: () => servers.length > 0,
    doors: () => servers.flatMap((server) => endpointOf(server) ?? []),
    report: () => opened && reportOf(opened, policy()),
    refresh: () => {
      for (const hot of Object.values(opened?.hot ?? {})) hot.clear();
    },
    purge: (key) => {
      opened?.serving.fetches.outdate(key);
      return opened?.store.remove(key);
    },
  };
}

async function anyStore(
  folders: readonly string[],
  policy: () => ProxyPolicy,
  deps: Pick<ProxyDeps, 'host'>,
): Promise<Store> {
  const [folder = '', ...others] = folders;
  try {
    return await openStore(folder, () => policy().limits, deps.host.log);
  } catch (fault) {
    if (others.length === 0) throw fault;
    deps.host.log.warn('proxy', 'cache-elsewhere', { why: messageOf(fault), folder: others[0] });
    return anyStore(others, policy, deps);
  }
}

function open(store: Store, policy: () => ProxyPolicy, { host, resolve }: ProxyDeps): Opened {
  const { clock, log } = host;
  const bandwidth = new Bandwidth(() => policy().rates, clock);
  const terms = (): ProxyTerms => policy().terms;
  const client = openClient({
    limits: { maxInAll: Math.min(LIMITS.maxInAll, Math.floor(descriptorShare('proxy') / 4)) },
    resolve,
    mayConnect: (address, name, port) => mayConnect(address, name, port, terms().reach),
  });
  const { pseudonym } = terms();
  const room = new BlockRoom(ROOM_BYTES);
  const tally = new Tally();
  const fetches = new Fetches({
    ...{ client, store, room, bandwidth, clock, log, tally, pseudonym },
    passed: buffersThatPass(),
  });
  const max = Math.min(MAX_CONNECTIONS, descriptorShare('proxy') / 2);
  const bounds = { max, maxPerSource: Math.ceil(max * MAX_SOURCE_SHARE), stalledMs: DISPLACED_MS };
  return {
    ...{ store, bandwidth, tunnels: { open: 0 }, asked: new WeakMap() },
    hot: { forward: new HotAnswers(() => clock.date()), intercept: new HotAnswers(() => clock.date()) },
    connections: new Connections(bounds, () => clock.now()),
    stopClient: () => client.stop(),
    serving: {
      ...{ terms, client, fetches, store, bandwidth, clock, log, pseudonym },
      ...{ ranges: new Ranges(() => clock.now()), releases: new Releases(store), tally },
      pool: new BigBuffers(MAX_BIG_BUFFERS),
      boundary: randomBytes(12).toString('hex'),
    },
  };
}

function createServer(
  opened: () => Opened | undefined,
  door: Door,
  policy: () => ProxyPolicy,
  { host }: ProxyDeps,
): Server {
  const server = http.createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADER_MS,
    // Content may take as long as it moves.
    requestTimeout: 0,
    keepAliveTimeout: IDLE_MS,
    connectionsCheckingInterval: CHECK_MS,
    keepAlive: true,
    keepAliveInitialDelay: IDLE_MS,
    noDelay: true,
    requireHostHeader: false,
  });
  // Who counts them is `targetOf`; leaving some out silently would change what a request means.
  server.maxHeadersCount = 0;
  server.timeout = STALLED_MS;
  const onRequest = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    const own = opened();
    if (!own) response.destroy();
    else
      handle(request, response, { door, own }).catch((error: unknown) => {
        bug(host.log, error);
        response.destroy();
      });
  };
  server.on('request', onRequest);
  server.on('checkContinue', onRequest);
  server.on('checkExpectation', onRequest);
  const [toHttp] = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    socket.on('error', () => {});
    const own = opened();
    if (!own || !policy().isClient(socket.remoteAddress ?? '')) socket.destroy();
    else if (own.connections.admit(socket)) {
      const { connections, asked, serving, hot } = own;
      const { store, tally } = serving;
      const means = { connections, asked, store, tally, hot: hot[door], idleMs: IDLE_MS };
      greet(socket, { ...means, toHttp: (handed) => toHttp?.call(server, handed) });
    }
  });
  server.on('connect', (request: http.IncomingMessage, socket: Duplex, head: Buffer) => {
    // What comes now is the tunnel's: HTTP's parser is another connection's by the time it comes.
    socket.removeAllListeners('data');
    const own = opened();
    if (!own || !(socket instanceof Socket)) socket.destroy();
    else
      dig(request, socket, head, { door, ...own, ...own.serving }).catch((error: unknown) => {
        bug(host.log, error);
        socket.destroy();
      });
  });
  server.on('clientError', (error, socket) => {
    const isFree = socket instanceof Socket && opened()?.connections.of(socket)?.isBusy === false;
    if (isFree && socket.writable) refuse(socket, refusalOf(error));
    else socket.destroy();
  });
  return server;
}

interface Handling {
  readonly door: Door;
  readonly own: Opened;
}

async function handle(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  { door, own }: Handling,
): Promise<void> {
  const connection = own.connections.of(request.socket);
  const turn = connection?.begin();
  if (!connection || !(turn === true || (await turn))) {
    response.destroy();
    return;
  }
  try {
    await serve(request, response, { door, connection, hot: own.hot[door], asked: own.asked }, own.serving);
  } finally {
    connection.end();
  }
}

/** What it was good for, when it ends: no names, and no clients. */
function tellOf({ serving }: Opened, { log }: Host): void {
  const { answers, sentBytes, broughtBytes } = serving.tally.counts();
  const { hit = 0, shared = 0, stale = 0, miss = 0 } = answers;
  const savedBytes = Math.max(0, sentBytes - broughtBytes);
  log.info('proxy', 'served', { hit, shared, stale, miss, sentBytes, savedBytes });
}

function reportOf({ store, serving, connections, tunnels }: Opened, { limits }: ProxyPolicy): CacheReport {
  return {
    ...serving.tally.counts(),
    ...serving.fetches.counts,
    connections: connections.count,
    tunnels: tunnels.open,
    store: { ...store.report(), maxBytes: limits.maxBytes },
  };
}

function endpointOf(server: Server): Endpoint | undefined {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') return undefined;
  return { address: (bound.address as Endpoint['address']) ?? LOOPBACK, port: bound.port };
}
