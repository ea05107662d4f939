/** What each path of the node's HTTP server answers. Express and its types end here. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import express, { type NextFunction, type Request } from 'express';
import type { OpenContent, Visit } from '../core/content.ts';
import type { CatalogImage, Offer } from '../core/image.ts';
import type { OnFetch } from '../core/swarm.ts';
import type { Work } from '../core/work.ts';
import type { Host } from '../host.ts';
import { type Delivery, deliver, deliverPlain, visitOf } from './deliver.ts';
import { homeHtml, homeJson, listedImages } from './home.ts';
import { mirrorLocation } from './mirror.ts';
import { type Reply, sendPage, sendText } from './reply.ts';
import { encodePath, MAX_TARGET_BYTES, parseTarget } from './target.ts';

export interface HttpDeps {
  readonly host: Host;
  readonly open: OpenContent;
  /** What `/healthz` says, and whether as 200 or 503. */
  readonly health: () => { readonly ok: boolean; readonly services: Record<string, unknown> };
  /** The catalogue; without one, the front page shows the files of the folder. */
  readonly images?: () => readonly CatalogImage[];
  /** What the menus offer of each of them. */
  readonly offers?: () => Promise<readonly Offer[]>;
  readonly onFetch?: OnFetch;
  /** Of the front page; English without. */
  readonly language?: () => 'en' | 'es';
  /** Where `mirror.<domain>` is served; a node on flink's machine has the port that everybody takes it to be at. */
  readonly mirrorUrl?: () => string | undefined;
}

/** Far above what firmware (5) and browsers (20) send in one request. */
const MAX_FIELDS = 200;

/**
 * The handler of all requests. `delivery` is asked once or twice for each; `work` counts the answers under way, so that
 * stopping can wait for them. Files don't pass through express: it makes each request and answer an object of its own
 * kind, and all that Node does with them is slower from then on.
 */
export function httpRoutes(
  deps: HttpDeps,
  delivery: () => Delivery,
  work: Work,
): (request: IncomingMessage, response: ServerResponse) => void {
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', 'simple');
  app.use(screen);
  app.get('/healthz', (_request, reply: Reply) => {
    const health = deps.health();
    sendText(reply, health.ok ? 200 : 503, `${JSON.stringify(health)}\n`, 'application/json');
  });
  app.get('/', (request, reply: Reply) => sendHome(request, reply, deps, delivery()));
  app.use(async (request: Request, reply: Reply) => {
    work.begin();
    try {
      await deliver(request, reply, delivery());
    } finally {
      work.end();
    }
  });
  app.use((error: unknown, _request: Request, reply: Reply, _next: NextFunction) => sendFailure(error, reply, deps));
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const now = delivery();
    const connection = now.connections.of(request.socket);
    work.begin();
    try {
      // One answer at a time, in the order of the requests: what waits has opened and read nothing yet.
      if (!(await connection?.begin())) return;
      response.once('close', () => connection?.end());
      const isRead = !hasContent(request) && !refusalOf(request);
      const mirror = isRead ? deps.mirrorUrl?.() : undefined;
      const location = mirror === undefined ? undefined : mirrorLocation(request, mirror);
      if (location !== undefined) return sendOn(response, location);
      const target = isRead ? parseTarget(request.url ?? '') : undefined;
      if (!target || !(await deliverPlain(request, response, target, now))) app(request, response);
    } catch (error) {
      sendFailure(error, response, deps);
    } finally {
      work.end();
    }
  };
  return (request, response) => void answer(request, response);
}

/** 307: the same is asked for there, and here again the next time. RFC 9110 §15.4.8. */
function sendOn(response: ServerResponse, location: string): void {
  response.setHeader('Location', location);
  sendText(response, 307, `${location}\n`);
}

function sendFailure(error: unknown, response: ServerResponse, { host }: HttpDeps): void {
  host.log.error('http', 'bug', { error: error instanceof Error ? (error.stack ?? error.message) : `${error}` });
  if (response.headersSent) response.destroy();
  else sendText(response, 500, 'This node failed to answer; its log says why.\n');
}

/** Refuses what no path can answer, and leaves the decoded target for those that follow. */
function screen(request: Request, reply: Reply, next: NextFunction): void {
  // Nothing here takes content: it is not read, so the connection cannot be used again.
  if (hasContent(request)) reply.setHeader('Connection', 'close');
  const refusal = refusalOf(request);
  const target = refusal ? undefined : parseTarget(request.url);
  if (!target) {
    const { status, says } = refusal ?? { status: 400, says: 'That is no name of a file.' };
    if (status === 405) reply.setHeader('Allow', 'GET, HEAD');
    sendText(reply, status, `${says}\n`);
    return;
  }
  reply.locals.target = target;
  request.url = encodePath(target.path);
  next();
}

function hasContent({ headers }: IncomingMessage): boolean {
  return Number(headers['content-length'] ?? 0) !== 0 || headers['transfer-encoding'] !== undefined;
}

function refusalOf({
  method,
  url = '',
  rawHeaders,
}: IncomingMessage): { readonly status: number; readonly says: string } | undefined {
  if (method !== 'GET' && method !== 'HEAD') {
    return { status: 405, says: 'Only GET and HEAD are answered here.' };
  }
  if (url.length > MAX_TARGET_BYTES) return { status: 414, says: 'That URL is too long.' };
  if (rawHeaders.length > 2 * MAX_FIELDS) return { status: 431, says: 'Too many header fields.' };
  return undefined;
}

async function sendHome(
  request: Request,
  reply: Reply,
  deps: HttpDeps,
  { nodeName, connections }: Delivery,
): Promise<void> {
  const visit = visitOf(connections.of(request.socket), reply.locals.target.query);
  const offers = (await deps.offers?.()) ?? [];
  const images = deps.images?.() ?? (await filesOf(deps.open, visit));
  const url = `http://${visit.localAddress}${visit.httpPort === 80 ? '' : `:${visit.httpPort}`}`;
  const home = { nodeName, url, images, offers, language: deps.language?.() ?? 'en' };
  sendPage(request, reply, { html: () => homeHtml(home), json: () => homeJson(home) });
}

async function filesOf(open: OpenContent, visit: Visit): Promise<readonly CatalogImage[]> {
  const opened = await open('/isos', visit);
  if (opened.kind === 'file') await opened.content.close();
  return listedImages(opened.kind === 'folder' ? opened.entries : []);
}
