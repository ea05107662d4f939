/** Opens what a request names and sends it: a file, a folder's page, or why there is nothing. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Request } from 'express';
import { UNSPECIFIED } from '../core/addr.ts';
import type { Content, MissReason, OpenContent, Opened, Visit } from '../core/content.ts';
import { errnoOf } from '../core/errors.ts';
import type { OnFetch } from '../core/swarm.ts';
import type { Host } from '../host.ts';
import { answerFile, type FileRequest } from './answer.ts';
import { type BodyOutcome, sendBody } from './body.ts';
import type { Connection, Ends } from './connection.ts';
import type { Connections } from './connections.ts';
import { listingHtml, listingJson } from './listing.ts';
import { mediaTypeOf } from './mediatype.ts';
import type { BigBuffers } from './pool.ts';
import { type Reply, reset, sendPage, sendText } from './reply.ts';
import { contentPath, type Target } from './target.ts';

export interface Delivery {
  readonly host: Host;
  readonly open: OpenContent;
  readonly nodeName: string;
  /** The folders that `open` knows, each as `/boot`. */
  readonly roots: readonly string[];
  readonly connections: Connections;
  readonly onFetch?: OnFetch | undefined;
  readonly pool: BigBuffers;
  /** Comes back when everybody else has had a turn. */
  readonly turn: () => Promise<void>;
  /** Between the parts of a multipart answer. */
  readonly boundary: string;
}

const NOWHERE: Ends = { localAddress: UNSPECIFIED, clientAddress: UNSPECIFIED, httpPort: 80 };

/** What is asked for, and by whom. */
interface Asked {
  readonly path: string;
  readonly visit: Visit;
}

/** Answers with what `target` names where that is a file; otherwise false, and nothing has been sent. */
export async function deliverPlain(
  request: IncomingMessage,
  response: ServerResponse,
  { path, query }: Target,
  delivery: Delivery,
): Promise<boolean> {
  if (!delivery.roots.some((root) => path.startsWith(root) && path[root.length] === '/')) return false;
  const visit = visitOf(delivery.connections.of(request.socket), query);
  const opened = await delivery.open(path, visit);
  if (opened.kind !== 'file') return false;
  await deliverFile(request, response, { content: opened.content, path, visit }, delivery);
  return true;
}

export async function deliver(request: Request, reply: Reply, delivery: Delivery): Promise<void> {
  const { host, open, roots, nodeName, connections } = delivery;
  const asked = reply.locals.target.path;
  const path = contentPath(asked, roots);
  const visit = visitOf(connections.of(request.socket), reply.locals.target.query);
  const opened: Opened = path === undefined ? { kind: 'missing', reason: 'not-found' } : await open(path, visit);

  if (opened.kind === 'missing') {
    const { reason } = opened;
    host.log.debug('http', 'missing', { ip: visit.clientAddress, file: asked, reason, local: visit.localAddress });
    sendMissing(reply, reason, asked);
  } else if (opened.kind === 'folder') {
    const { entries } = opened;
    const html = (): string => listingHtml(asked, entries, nodeName);
    sendPage(request, reply, { html, json: () => listingJson(asked, entries) });
  } else {
    await deliverFile(request, reply, { content: opened.content, path: path ?? asked, visit }, delivery);
  }
}

interface OpenFile extends Asked {
  readonly content: Content;
}

async function deliverFile(
  request: IncomingMessage,
  reply: ServerResponse,
  file: OpenFile,
  delivery: Delivery,
): Promise<void> {
  const { clock, log } = delivery.host;
  const { clientAddress: ip, localAddress: local } = file.visit;
  const startMs = clock.now();
  try {
    const { kind, status, bytes } = await sendFile(request, reply, file, delivery);
    if (kind === 'sent') {
      const tookMs = Math.round(clock.now() - startMs);
      // Whoever boots from an image over HTTP asks for thousands of ranges of it.
      const isStep = request.method === 'GET' && status === 200;
      log[isStep ? 'info' : 'debug']('http', kind, { ip, file: file.path, local, bytes, status, tookMs });
    } else {
      log[kind === 'aborted' ? 'debug' : 'warn']('http', kind, { ip, file: file.path, local });
      if (kind === 'changed') reset(reply);
    }
  } catch (error) {
    reset(reply);
    const reason = errnoOf(error);
    if (reason === undefined) throw error;
    log.warn('http', 'unreadable', { ip, file: file.path, local, reason });
  } finally {
    await file.content.close();
  }
}

interface FileOutcome {
  readonly kind: BodyOutcome;
  readonly status: number;
  /** Of the body; all of them, when it was sent. */
  readonly bytes: number;
}

/** Rejects when the content cannot be read. */
async function sendFile(
  request: IncomingMessage,
  reply: ServerResponse,
  { content, path }: OpenFile,
  { host, boundary, pool, connections, turn, onFetch }: Delivery,
): Promise<FileOutcome> {
  const { sizeBytes, modifiedMs, etag } = content;
  const { status, headers, segments, bodyBytes } = answerFile(fileRequest(request), {
    ...{ sizeBytes, modifiedMs, etag, boundary },
    mediaType: mediaTypeOf(path),
    nowMs: host.clock.date(),
  });
  const outcome = (kind: BodyOutcome): FileOutcome => ({ kind, status, bytes: bodyBytes });
  const connection = connections.of(request.socket);
  if (!connection || reply.destroyed) return outcome('aborted');
  reply.writeHead(status, [...headers]);
  if (segments.length === 0) {
    reply.end();
    return outcome('sent');
  }
  const now = (): number => host.clock.now();
  const client = connection.ends.clientAddress;
  onFetch?.(client, path, 0);
  const kind = await sendBody(reply, content, segments, { pool, pace: connection, now, turn });
  if (kind === 'sent') onFetch?.(client, path, bodyBytes);
  return outcome(kind);
}

function fileRequest({ method, headers }: IncomingMessage): FileRequest {
  const ifRange = headers['if-range'];
  return {
    method: method === 'HEAD' ? 'HEAD' : 'GET',
    range: headers.range,
    conditions: {
      ifMatch: headers['if-match'],
      ifUnmodifiedSince: headers['if-unmodified-since'],
      ifNoneMatch: headers['if-none-match'],
      ifModifiedSince: headers['if-modified-since'],
      ifRange: typeof ifRange === 'string' ? ifRange : undefined,
    },
  };
}

/** Without a connection, which is gone then: whoever asked hears nothing any more. */
export function visitOf(connection: Connection | undefined, query: URLSearchParams): Visit {
  const { localAddress, clientAddress, httpPort } = connection?.ends ?? NOWHERE;
  return { localAddress, clientAddress, transport: 'http', httpPort, query };
}

const MISSING: Readonly<Record<MissReason, { readonly status: number; readonly says: string }>> = {
  'not-found': { status: 404, says: 'is not here' },
  'outside-root': { status: 404, says: 'is not here' },
  'not-regular': { status: 404, says: 'is not a file' },
  'bad-name': { status: 400, says: 'is no name of a file' },
  'no-permission': { status: 403, says: 'may not be read by this node' },
  damaged: { status: 500, says: 'is damaged' },
  busy: { status: 503, says: 'cannot be opened at this moment: try again' },
};

function sendMissing(reply: Reply, reason: MissReason, path: string): void {
  const { status, says } = MISSING[reason];
  if (status === 503) reply.setHeader('Retry-After', '1');
  sendText(reply, status, `${path} ${says}.\n`);
}
