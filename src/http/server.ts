/** The node's HTTP server: sockets, limits and time-outs around the routes. */
import { randomBytes } from 'node:crypto';
import http, { type Server } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { type Endpoint, type Ipv4, parseIpv4, UNSPECIFIED } from '../core/addr.ts';
import type { CrowdBounds } from '../core/crowd.ts';
import type { Traffic } from '../core/swarm.ts';
import { Work } from '../core/work.ts';
import { descriptorShare } from '../host/descriptors.ts';
import { listening } from '../host/listening.ts';
import type { Service } from '../service.ts';
import { Connections } from './connections.ts';
import type { Delivery } from './deliver.ts';
import { NO_PROXY, type Refusal, refusalOf, refuse } from './garbled.ts';
import { BigBuffers } from './pool.ts';
import { type HttpDeps, httpRoutes } from './routes.ts';

export interface HttpLimits {
  readonly maxConnections: number;
  /** Of 256 KiB each, or 1 MiB lent out of the cache; half of them for connections that have shown that they are fast. */
  readonly maxBigBuffers: number;
  /** From the first octet, or from the connection, to the end of the header. */
  readonly headerMs: number;
  /** Between two requests. */
  readonly idleMs: number;
  /** In an answer, without one octet leaving. */
  readonly stalledMs: number;
  /** The same, when there is no room for a new connection and this one stands still for longest. */
  readonly displacedMs: number;
}

export interface HttpOptions {
  /** One socket for each address, or one for all of this machine's. */
  readonly listen: readonly Ipv4[] | 'every-address';
  /** 0 takes a free one. */
  readonly port: number;
  readonly nodeName: string;
  /** The folders that `open` knows; `CONTENT_ROOTS` without. */
  readonly roots?: readonly string[];
  readonly limits?: Partial<HttpLimits>;
}

export const CONTENT_ROOTS: readonly string[] = ['/boot', '/isos', '/tree', '/grub'];

/**
 * Connections: 20 for each of 200 machines. Buffers: 32 MiB of our own; what is lent keeps two blocks of a MiB alive for
 * each, 256 MiB at worst, and more only for files that lie in many short runs. A peer at 1 kB/s lets the kernel's send
 * buffer stand still for a quarter of an hour before it takes the next octet; one that is gone is found by TCP itself.
 */
export const HTTP_LIMITS: HttpLimits = {
  maxConnections: 4096,
  maxBigBuffers: 128,
  headerMs: 30_000,
  idleMs: 60_000,
  stalledMs: 1_800_000,
  displacedMs: 60_000,
};

const MAX_HEADER_BYTES = 64 << 10;
/** How often Node looks for headers that are late. */
const CHECK_MS = 5000;
const FULL_EVERY_MS = 60_000;
/** Of all connections, for one address. Taste: a hall behind one address gets far, and the others still get in. */
const MAX_SOURCE_SHARE = 0.75;

export type HttpService = Service & { address(): readonly Endpoint[]; traffic(): Traffic };

export function httpService(options: () => HttpOptions, deps: HttpDeps): HttpService {
  let servers: Server[] = [];
  let closeAll = (): void => {};
  let traffic = (): Traffic => ({ transfers: 0, sentBytes: 0 });
  const work = new Work();

  const open = async (): Promise<void> => {
    const { listen, port } = options();
    const limits = { ...HTTP_LIMITS, ...options().limits };
    const connections = new Connections(boundsOf(limits), () => deps.host.clock.now());
    closeAll = () => connections.closeAll();
    traffic = () => connections.traffic();
    const shared = {
      ...{ host: deps.host, open: deps.open, onFetch: deps.onFetch, connections },
      pool: new BigBuffers(limits.maxBigBuffers),
      turn: () => setImmediate(),
      boundary: randomBytes(12).toString('hex'),
    };
    const delivery = (): Delivery => {
      const { nodeName, roots = CONTENT_ROOTS } = options();
      return { ...shared, nodeName, roots };
    };
    const routes = httpRoutes(deps, delivery, work);
    const onConnection = admitting(connections, deps);
    const onGarbled = turningAway(connections);
    for (const address of listen === 'every-address' ? [UNSPECIFIED] : listen) {
      const server = createServer(limits, routes).on('connection', onConnection);
      server.on('connect', (_request, socket) => onGarbled(socket, NO_PROXY));
      server.on('clientError', (error, socket) => onGarbled(socket, refusalOf(error)));
      servers.push(await listening({ address, port }, server));
    }
  };

  const close = async (): Promise<void> => {
    const closing = servers.map((server) => new Promise((resolve) => server.close(resolve)));
    // Not the server's own list of them: it has let go of who asked for a tunnel.
    closeAll();
    servers = [];
    await Promise.all(closing);
    await work.done();
  };

  return {
    name: 'http',
    start: async () => {
      if (servers.length === 0) {
        await open().catch(async (fault) => {
          await close();
          throw fault;
        });
      }
    },
    stop: close,
    health: () => (servers.length > 0 ? { ok: true } : { ok: false, reason: 'not-bound' }),
    address: () => servers.map(endpointOf),
    traffic: () => traffic(),
  };
}

function createServer(limits: HttpLimits, routes: http.RequestListener): Server {
  const server = http.createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: limits.headerMs,
      requestTimeout: limits.headerMs,
      keepAliveTimeout: limits.idleMs,
      connectionsCheckingInterval: Math.min(CHECK_MS, limits.headerMs),
      keepAlive: true,
      keepAliveInitialDelay: limits.idleMs,
    },
    routes,
  );
  server.timeout = limits.stalledMs;
  // Whoever waits to be told to go on hears at once what comes of it: no content is taken.
  server.on('checkContinue', routes);
  return server;
}

function admitting(connections: Connections, { host }: HttpDeps): (socket: Socket) => void {
  let saidAtMs = Number.NEGATIVE_INFINITY;
  return (socket) => {
    // A peer that vanishes is no event; the answer under way notices by itself.
    socket.on('error', () => {});
    if (connections.admit(socket) || host.clock.now() - saidAtMs < FULL_EVERY_MS) return;
    saidAtMs = host.clock.now();
    host.log.warn('http', 'full', { connections: connections.count });
  };
}

function turningAway(connections: Connections): (socket: Duplex, refusal: Refusal) => void {
  return (socket, refusal) => {
    // In the middle of an answer a refusal would be taken for a part of it.
    const isFree = socket instanceof Socket && connections.of(socket)?.isBusy === false;
    if (isFree && socket.writable) refuse(socket, refusal);
    else socket.destroy();
  };
}

function boundsOf({ maxConnections, displacedMs }: HttpLimits): CrowdBounds {
  const max = Math.min(maxConnections, descriptorShare('http'));
  return { max, maxPerSource: Math.ceil(max * MAX_SOURCE_SHARE), stalledMs: displacedMs };
}

function endpointOf(server: Server): Endpoint {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') return { address: UNSPECIFIED, port: 0 };
  return { address: parseIpv4(bound.address) ?? UNSPECIFIED, port: bound.port };
}
