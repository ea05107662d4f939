/**
 * What each path answers. On `node:http` alone: a dozen exact paths and no parameters in them need no router, and express would bring
 * error pages, decoding and headers of its own that had to be switched off again.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { parseIpv4, UNSPECIFIED } from '../core/addr.ts';
import type { CacheReport } from '../core/cachereport.ts';
import type { DnsReport } from '../core/dnsreport.ts';
import { errnoOf } from '../core/errors.ts';
import { plainJson } from '../core/plain.ts';
import { ANNOUNCE_PATH, type AnnounceDoor, SIGNATURE_HEADER } from '../core/swarm.ts';
import type { Host } from '../host.ts';
import { type Asked, HEALTH_PATH, type Rules, refusalOf } from './admit.ts';
import type { BodyReader } from './body.ts';
import { cacheFamilies } from './cachefigures.ts';
import { dnsFamilies } from './dnsfigures.ts';
import type { AdminEvents } from './events.ts';
import { EXPOSITION_TYPE, expose } from './exposition.ts';
import { type Counts, type DecisionTally, processFamilies, serviceFamilies } from './metrics.ts';
import { API, methodsAt, openApiText } from './openapi.ts';
import type { ProcessWatch } from './probe.ts';
import {
  DECISIONS_QUERY,
  EXPLAIN_QUERY,
  type ExplainQuestion,
  explainQuestion,
  LEASES_QUERY,
  NO_QUERY,
  PURGE_QUERY,
  readQuery,
} from './question.ts';
import { HEADERS, send, sendRefusal, sendRows } from './send.ts';
import type { Explanation, FnodeRow, HealthReport, LeaseRow, MachineRow, Status } from './shape.ts';
import type { Listener, Streams } from './stream.ts';

/** What the running flink has to say. Everything is asked for when somebody wants to know it; but for `purge`, nothing changes by it. */
export interface AdminDeps {
  readonly host: Host;
  readonly door: AnnounceDoor;
  readonly events: AdminEvents;
  /** Of one moment: they are taken piece by piece, with others having their turn in between. So with `machines`. */
  readonly leases: () => Iterable<LeaseRow>;
  readonly machines: () => Iterable<MachineRow>;
  readonly fnodes: () => readonly FnodeRow[];
  readonly status: () => Status;
  readonly counts: () => Counts;
  readonly health: () => HealthReport;
  /** Nothing where no names are served. */
  readonly dns: () => DnsReport | undefined;
  /** Nothing where no proxy is served. */
  readonly cache: () => CacheReport | undefined;
  /** Forgets what is kept of a URL; how many variants there were. Nothing where that is no URL that is fetched, or no proxy is served. */
  readonly purge: (url: string) => number | undefined;
  /** What that client would get now. */
  readonly explain: (question: ExplainQuestion) => Explanation;
}

/** What requests share as long as the service runs. */
export interface Desk {
  readonly deps: AdminDeps;
  readonly tally: DecisionTally;
  readonly streams: Streams;
  readonly bodies: BodyReader;
  readonly watch: ProcessWatch;
  readonly rules: () => Omit<Rules, 'door' | 'methodsAt' | 'nowMs'>;
  /** An announcement came by this connection. */
  readonly onAnnouncer: (socket: Socket) => void;
}

/** Never rejects. */
export async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  desk: Desk,
  door: Rules['door'],
): Promise<void> {
  try {
    const [path = '', query = ''] = splitTarget(request.url ?? '');
    const asked = askedBy(request, path);
    const nowMs = desk.deps.host.clock.now();
    const refusal = refusalOf(asked, { ...desk.rules(), door, methodsAt, nowMs });
    if (refusal) {
      // What it brings along is not read.
      if (asked.hasContent) response.setHeader('Connection', 'close');
      sendRefusal(response, refusal);
    } else if (path === ANNOUNCE_PATH) await announce(request, response, desk);
    else {
      const handlers = request.method === 'DELETE' ? REMOVERS : HANDLERS;
      await handlers[path]?.(response, new URLSearchParams(query), desk, request);
    }
  } catch (error) {
    fail(error, response, desk.deps.host);
  }
}

function splitTarget(target: string): readonly string[] {
  const at = target.indexOf('?');
  return at < 0 ? [target] : [target.slice(0, at), target.slice(at + 1)];
}

function askedBy({ method = '', headers, rawHeaders, socket }: IncomingMessage, path: string): Asked {
  const fetchSite = headers['sec-fetch-site'];
  return {
    method,
    path,
    from: socket.remoteAddress ?? '',
    fields: rawHeaders.length / 2,
    hasContent: Number(headers['content-length'] ?? 0) !== 0 || headers['transfer-encoding'] !== undefined,
    host: headers.host,
    origin: headers.origin,
    fetchSite: typeof fetchSite === 'string' ? fetchSite : undefined,
    authorization: headers.authorization,
    isRelayed: RELAYS_SAY.some((name) => headers[name] !== undefined),
  };
}

/** Fields by which those say so who pass requests on. RFC 9110 §7.6.3, RFC 7239. */
const RELAYS_SAY = ['via', 'forwarded', 'x-forwarded-for'];

/** What Node says when the peer went away in the middle of an answer: no bug of ours. */
const PEER_GONE = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE']);

function fail(error: unknown, response: ServerResponse, host: Host): void {
  if (!PEER_GONE.has(errnoOf(error) ?? '')) {
    host.log.error('admin', 'bug', { error: error instanceof Error ? (error.stack ?? error.message) : `${error}` });
  }
  if (response.headersSent) response.destroy();
  else sendRefusal(response, { status: 500, error: 'this failed to answer; the log says why' });
}

type Handler = (
  response: ServerResponse,
  query: URLSearchParams,
  desk: Desk,
  request: IncomingMessage,
) => void | Promise<void>;

const HANDLERS: Readonly<Record<string, Handler>> = {
  [HEALTH_PATH]: (response, _query, { deps }) => {
    const health = deps.health();
    send(response, health.ok ? 200 : 503, `${plainJson(health)}\n`);
  },
  '/metrics': plainly(({ deps, tally, watch }) => {
    const services = serviceFamilies(deps.counts(), deps.status().pools, deps.fnodes());
    const served = [...dnsFamilies(deps.dns()), ...cacheFamilies(deps.cache())];
    return expose([...tally.families(), ...services, ...served, ...processFamilies(watch.figures())]);
  }, EXPOSITION_TYPE),
  [`${API}/openapi.json`]: plainly(() => openApiText()),
  [`${API}/dns`]: plainly(({ deps }) => {
    const report = deps.dns();
    return `${plainJson(report ? { isServed: true, report } : { isServed: false })}\n`;
  }),
  [`${API}/cache`]: plainly(({ deps }) => {
    const report = deps.cache();
    return `${plainJson(report ? { isServed: true, report } : { isServed: false })}\n`;
  }),
  [`${API}/status`]: plainly(({ deps }) => `${plainJson(deps.status())}\n`),
  [`${API}/fnodes`]: asking(NO_QUERY, (response, _query, { deps }) => sendRows(response, 'fnodes', deps.fnodes())),
  [`${API}/machines`]: asking(NO_QUERY, (response, _query, { deps }) =>
    sendRows(response, 'machines', deps.machines()),
  ),
  [`${API}/leases`]: asking(LEASES_QUERY, (response, { state }, { deps }) => {
    const leases = deps.leases();
    return sendRows(response, 'leases', state === undefined ? leases : inState(leases, state));
  }),
  [`${API}/explain`]: asking(EXPLAIN_QUERY, (response, query, { deps }) =>
    send(response, 200, `${plainJson(deps.explain(explainQuestion(query)))}\n`),
  ),
  [`${API}/decisions`]: asking(
    DECISIONS_QUERY,
    (response, { stream, after }, { deps, streams }, { method, headers }) => {
      const isStream = method === 'GET' && (stream ?? /\btext\/event-stream\b/i.test(headers.accept ?? ''));
      if (isStream) return listen(response, streams, after ?? lastEventId(headers['last-event-id']));
      return sendRows(response, 'decisions', deps.events.after(0).toReversed());
    },
  ),
};

const REMOVERS: Readonly<Record<string, Handler>> = {
  [`${API}/cache`]: asking(PURGE_QUERY, (response, { url }, { deps }, { socket }) => {
    const removed = deps.purge(url);
    if (removed !== undefined) {
      deps.host.log.info('admin', 'purged', { url, removed, from: socket.remoteAddress ?? '' });
      return send(response, 200, `${plainJson({ removed })}\n`);
    }
    if (!deps.cache())
      return sendRefusal(response, { status: 503, error: 'no proxy is served here: the log says why' });
    return sendRefusal(response, { status: 400, error: 'url: that is no URL which the proxy fetches' });
  }),
};

/** A path without parameters, whose answer is short. */
function plainly(render: (desk: Desk) => string, type?: string): Handler {
  return asking(NO_QUERY, (response, _query, desk) => send(response, 200, render(desk), type));
}

/** Refuses a query that doesn't have the shape. */
function asking<T>(
  shape: Parameters<typeof readQuery<T>>[0],
  handle: (response: ServerResponse, query: T, desk: Desk, request: IncomingMessage) => void | Promise<void>,
): Handler {
  return (response, query, desk, request) => {
    const read = readQuery(shape, query);
    if (!read.ok) return sendRefusal(response, { status: 400, error: read.problem });
    return handle(response, read.value, desk, request);
  };
}

function* inState(leases: Iterable<LeaseRow>, state: LeaseRow['state']): Iterable<LeaseRow> {
  for (const lease of leases) if (lease.state === state) yield lease;
}

function lastEventId(given: string | string[] | undefined): number | undefined {
  return typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) : undefined;
}

function listen(response: ServerResponse, streams: Streams, afterId: number | undefined): void {
  if (!streams.hasRoom) {
    const error = 'too many listen to decisions already: close one, or ask without stream';
    sendRefusal(response, { status: 503, error, headers: { 'Retry-After': '30' } });
    return;
  }
  response.writeHead(200, { ...HEADERS, 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
  const listener: Listener = {
    write: (text) => void response.write(text),
    behindBytes: () => response.writableLength,
    close: () => response.destroy(),
  };
  response.once('close', () => streams.remove(listener));
  streams.add(listener, afterId);
}

async function announce(request: IncomingMessage, response: ServerResponse, desk: Desk): Promise<void> {
  const body = await desk.bodies.read(request);
  if (body.kind === 'cut') return;
  if (body.kind !== 'whole') {
    response.setHeader('Connection', 'close');
    const isCrowded = body.kind === 'crowded';
    const error = isCrowded ? 'too many announce themselves at once: try again' : 'an announcement is at most 1 MiB';
    return sendRefusal(response, { status: isCrowded ? 503 : 413, error });
  }
  desk.onAnnouncer(request.socket);
  const signature = request.headers[SIGNATURE_HEADER];
  const reply = desk.deps.door.announce({
    body: body.bytes,
    from: parseIpv4(request.socket.remoteAddress ?? '') ?? UNSPECIFIED,
    signature: typeof signature === 'string' ? signature : undefined,
  });
  if (reply.signature !== undefined) response.setHeader(SIGNATURE_HEADER, reply.signature);
  send(response, reply.status, reply.body);
}
