/** Opens what a request names and sends it: a file, a folder's page, or why there is nothing. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Request } from 'express';
import { parseIpv4, UNSPECIFIED } from '../core/addr.ts';
import type { Content, MissReason, OpenContent, Opened, Visit } from '../core/content.ts';
import { errnoOf } from '../core/errors.ts';
import type { Host } from '../host.ts';
import { answerFile, type FileRequest } from './answer.ts';
import { sendBody } from './body.ts';
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
  readonly pool: BigBuffers;
  /** Comes back when everybody else has had a turn. */
  readonly turn: () => Promise<void>;
  /** Between the parts of a multipart answer. */
  readonly boundary: string;
}

/** Answers with what `target` names where that is a file; otherwise false, and nothing has been sent. */
export async function deliverPlain(
  request: IncomingMessage,
  response: ServerResponse,
  target: Target,
  delivery: Delivery,
): Promise<boolean> {
  const { path, query } = target;
  if (!delivery.roots.some((root) => path.startsWith(`${root}/`))) return false;
  const visit = visitOf(request.socket, query);
  const opened = await delivery.open(path, visit);
  if (opened.kind === 'file') await deliverFile(request, response, opened.content, { ...delivery, path, visit });
  return opened.kind === 'file';
}

export async function deliver(request: Request, reply: Reply, delivery: Delivery): Promise<void> {
  const { host, open, roots, nodeName } = delivery;
  const asked = reply.locals.target.path;
  const path = contentPath(asked, roots);
  const visit = visitOf(request.socket, reply.locals.target.query);
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
    await deliverFile(request, reply, opened.content, { ...delivery, path: path ?? asked, visit });
  }
}

interface FileDelivery extends Delivery {
  readonly path: string;
  readonly visit: Visit;
}

async function deliverFile(
  request: IncomingMessage,
  reply: ServerResponse,
  content: Content,
  delivery: FileDelivery,
): Promise<void> {
  const { host, path, visit } = delivery;
  const startMs = host.clock.now();
  const fields = { ip: visit.clientAddress, file: path, local: visit.localAddress };
  try {
    const outcome = await sendFile(request, reply, content, delivery);
    if (outcome.kind === 'sent') {
      const { kind, ...sent } = outcome;
      const tookMs = Math.round(host.clock.now() - startMs);
      // Whoever boots from an image over HTTP asks for thousands of ranges of it.
      const isStep = request.method === 'GET' && sent.status === 200;
      host.log[isStep ? 'info' : 'debug']('http', kind, { ...fields, ...sent, tookMs });
    } else if (outcome.kind === 'aborted') {
      host.log.debug('http', 'aborted', fields);
    } else {
      host.log.warn('http', 'changed', fields);
      reset(reply);
    }
  } catch (error) {
    reset(reply);
    const reason = errnoOf(error);
    if (reason === undefined) throw error;
    host.log.warn('http', 'unreadable', { ...fields, reason });
  } finally {
    await content.close();
  }
}

type FileOutcome =
  | { readonly kind: 'sent'; readonly bytes: number; readonly status: number }
  | { readonly kind: 'aborted' | 'changed' };

/** Rejects when the content cannot be read. */
async function sendFile(
  request: IncomingMessage,
  reply: ServerResponse,
  content: Content,
  delivery: FileDelivery,
): Promise<FileOutcome> {
  const { host, path, boundary, pool, connections, turn } = delivery;
  const connection = connections.of(request.socket);
  if (!connection || reply.destroyed) return { kind: 'aborted' };
  const { sizeBytes, modifiedMs, etag } = content;
  const answer = answerFile(fileRequest(request), {
    ...{ sizeBytes, modifiedMs, etag, boundary },
    mediaType: mediaTypeOf(path),
    nowMs: host.clock.date(),
  });
  reply.writeHead(answer.status, [...answer.headers]);
  if (answer.segments.length === 0) {
    reply.end();
    return { kind: 'sent', bytes: 0, status: answer.status };
  }
  const kind = await sendBody(reply, content, answer.segments, {
    ...{ pool, pace: connection },
    now: () => host.clock.now(),
    turn,
  });
  return kind === 'sent' ? { kind, bytes: answer.bodyBytes, status: answer.status } : { kind };
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

export function visitOf({ localAddress, remoteAddress, localPort }: Socket, query: URLSearchParams): Visit {
  return {
    localAddress: parseIpv4(localAddress ?? '') ?? UNSPECIFIED,
    clientAddress: parseIpv4(remoteAddress ?? '') ?? UNSPECIFIED,
    transport: 'http',
    httpPort: localPort ?? 80,
    query,
  };
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
