/** Sockets of the admin door: limits, time-outs, and what is said to who speaks no HTTP. */
import http, { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Endpoint, parseIpv4, UNSPECIFIED } from '../core/addr.ts';
import { errnoOf } from '../core/errors.ts';
import { plainJson } from '../core/plain.ts';
import { bindFault } from '../host/system.ts';
import type { Connections } from './connections.ts';

export interface AdminLimits {
  /** From the first octet to the end of a request, and between two of them. */
  readonly requestMs: number;
  readonly idleMs: number;
  /** In an answer, without one octet leaving. */
  readonly stalledMs: number;
}

/** A catalogue of 1 MiB over 10 Mbit/s takes a second. Listeners hear a ping every 15 s, so a minute without one octet is a dead peer. */
export const ADMIN_LIMITS: AdminLimits = { requestMs: 20_000, idleMs: 60_000, stalledMs: 60_000 };
const MAX_HEADER_BYTES = 64 << 10;
/** How often Node looks for requests that are late. */
const CHECK_MS = 5000;

/** Binds, or rejects with a `Fault`. Each request is counted among its connection's until its answer is over. */
export function listenAt(
  endpoint: Endpoint,
  limits: AdminLimits,
  connections: Connections,
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Server> {
  const server = createServer(limits, (request, response) => {
    const { socket } = request;
    if (!connections.begin(socket)) return;
    response.once('close', () => connections.end(socket));
    onRequest(request, response);
  });
  server.on('connection', (socket: Socket) => {
    // A peer that vanishes is no event.
    socket.on('error', () => {});
    connections.admit(socket);
  });
  const turnAway = (socket: Duplex, [status, error]: readonly [string, string]): void => {
    // In the middle of an answer a refusal would be taken for a part of it.
    const isFree = socket instanceof Socket && !connections.isBusy(socket) && socket.writable;
    if (isFree) refuse(socket, status, error);
    else socket.destroy();
  };
  server.on('connect', (_request, socket) => turnAway(socket, ['405 Method Not Allowed', 'this is no proxy']));
  server.on('clientError', (error, socket) => turnAway(socket, whatIsWrong(error)));
  return listening(endpoint, server);
}

function createServer(limits: AdminLimits, onRequest: http.RequestListener): Server {
  const server = http.createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: limits.requestMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.idleMs,
      connectionsCheckingInterval: Math.min(CHECK_MS, limits.requestMs),
      keepAlive: true,
      keepAliveInitialDelay: limits.idleMs,
    },
    onRequest,
  );
  server.timeout = limits.stalledMs;
  return server;
}

function listening(endpoint: Endpoint, server: Server): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(bindFault('TCP', endpoint, error)));
    server.listen({ host: endpoint.address, port: endpoint.port, backlog: 256, exclusive: true }, () => {
      server.removeAllListeners('error');
      // No descriptor left for a connection: it is dropped, and later ones are served.
      server.on('error', () => {});
      resolve(server);
    });
  });
}

const PARSER_FAULTS: Readonly<Record<string, readonly [string, string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the header is too long'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request did not come to its end'],
};

function whatIsWrong(error: Error): readonly [string, string] {
  return PARSER_FAULTS[errnoOf(error) ?? ''] ?? ['400 Bad Request', 'that is no HTTP request'];
}

/** Past the server's own bookkeeping. */
function refuse(socket: Duplex, status: string, error: string): void {
  const body = `${plainJson({ error })}\n`;
  const head = [
    `HTTP/1.1 ${status}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

export function endpointOf(server: Server | undefined): Endpoint | undefined {
  const bound = server?.address();
  if (!bound || typeof bound === 'string') return undefined;
  return { address: parseIpv4(bound.address) ?? UNSPECIFIED, port: bound.port };
}
