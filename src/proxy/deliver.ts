/** Sends a client what it asked for: out of the cache, out of a flight, or as it comes from the origin. */
import type { ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../host.ts';
import type { Segment } from '../http/answer.ts';
import { flush, sendBody } from '../http/body.ts';
import type { Connection } from '../http/connection.ts';
import type { BigBuffers } from '../http/pool.ts';
import type { Bandwidth } from './bandwidth.ts';
import type { Answer } from './client.ts';
import { type Fields, fieldOf, without } from './fields.ts';
import type { Flight } from './flight.ts';
import { endToEnd, endToEndTrailers, type Provenance, toClient } from './forward.ts';
import { type Portion, portionOf } from './portion.ts';
import type { Store } from './store.ts';
import type { Asked, Entry, Head, Refusal } from './types.ts';

export interface DeliverMeans {
  readonly store: Store;
  readonly bandwidth: Bandwidth;
  readonly clock: Clock;
  readonly pool: BigBuffers;
  readonly pseudonym: string;
  /** Between parts of a multipart answer. */
  readonly boundary: string;
}

export interface To {
  readonly asked: Asked;
  readonly response: ServerResponse;
  readonly connection: Connection;
}

/** How it went: octets of content that left, and whether that was all. */
export interface Delivered {
  readonly status: number;
  readonly bytes: number;
  readonly isWhole: boolean;
}

/** Nothing, and nothing was sent, where the content is not there any more. */
export async function sendEntry(
  to: To,
  entry: Entry,
  provenance: Provenance,
  means: DeliverMeans,
): Promise<Delivered | undefined> {
  const { asked, response, connection } = to;
  const portion = portionOf(asked, entry.head, entry.sizeBytes, means.boundary);
  const { status } = portion;
  const segments = asked.method === 'HEAD' ? [] : (portion.segments ?? []);
  if (segments.length === 0) {
    writeHead(response, entry.head, { portion, provenance, means });
    response.end();
    return { status, bytes: 0, isWhole: true };
  }
  const content = await means.store.open(entry);
  if (!content) return undefined;
  try {
    if (response.destroyed) return { status, bytes: 0, isWhole: false };
    writeHead(response, entry.head, { portion, provenance, means });
    const { pool, clock } = means;
    const outcome = await sendBody(response, content, segments, {
      pool,
      pace: connection,
      now: () => clock.now(),
      turn,
    });
    if (outcome === 'changed') response.destroy();
    const isWhole = outcome === 'sent';
    return { status, bytes: isWhole ? (portion.bytes ?? 0) : 0, isWhole };
  } catch {
    // What lies there is not what was kept: the client must not take it for whole.
    response.destroy();
    return { status, bytes: 0, isWhole: false };
  } finally {
    await content.close();
  }
}

/** From what is there of it, and what comes. */
export async function sendFlight(
  { asked, response, connection }: To,
  flight: Flight,
  provenance: Provenance,
  means: DeliverMeans,
): Promise<Delivered> {
  const { ownHead, totalBytes } = flight.facts;
  const head = (provenance.source === 'miss' ? ownHead : undefined) ?? flight.facts.head;
  const portion = portionOf(asked, head, totalBytes, means.boundary);
  const { status } = portion;
  const segments = portion.segments ?? [{ start: 0, end: Number.POSITIVE_INFINITY }];
  writeHead(response, head, { portion, provenance, means });
  if (segments.length === 0) {
    response.end();
    return { status, bytes: 0, isWhole: true };
  }
  const reader = flight.join(firstOf(segments), asked.client);
  response.once('close', reader.leave);
  let bytes = 0;
  try {
    for (const segment of segments) {
      for await (const view of viewsOf(segment, reader.at)) {
        const startMs = means.clock.now();
        if (!(await flush(response, [view], false))) return { status, bytes, isWhole: false };
        bytes += view.length;
        connection.record(view.length, means.clock.now() - startMs);
      }
    }
    response.end();
    return { status, bytes, isWhole: true };
  } catch {
    cutOff({ asked, response });
    return { status, bytes, isWhole: false };
  } finally {
    response.off('close', reader.leave);
    reader.leave();
  }
}

/** The client must see that it is not all. To one of HTTP/1.0 an end in good order is the content's: RFC 1945 §7.2.2. */
function cutOff({ asked, response }: Pick<To, 'asked' | 'response'>): void {
  if (asked.version === '1.0') response.socket?.resetAndDestroy();
  response.destroy();
}

/** The first pieces are small, so that fifty who begin at a time all hear something at once; later ones not so large that whoever comes then waits long. */
const FIRST_PIECE_BYTES = 32 << 10;
const MAX_PIECE_BYTES = 256 << 10;

async function* viewsOf(segment: Segment, at: (position: number) => Promise<Uint8Array> | Uint8Array) {
  if (segment instanceof Uint8Array) {
    yield segment;
    return;
  }
  let maxBytes = FIRST_PIECE_BYTES;
  for (let position = segment.start; position < segment.end; ) {
    // What is here needs no network, and a peer that takes it at once neither: all others would wait for this one.
    if (position > segment.start) await turn();
    const view = await at(position);
    if (view.length === 0) {
      if (segment.end !== Number.POSITIVE_INFINITY) throw new Error('shorter than it was to be');
      return;
    }
    const cut = view.subarray(0, Math.min(maxBytes, segment.end - position));
    yield cut;
    position += cut.length;
    maxBytes = Math.min(2 * maxBytes, MAX_PIECE_BYTES);
  }
}

function firstOf(segments: readonly Segment[]): number {
  for (const segment of segments) if (!(segment instanceof Uint8Array)) return segment.start;
  return 0;
}

/** As it comes, for this client alone. */
export function pour(
  to: To,
  answer: Answer,
  provenance: Provenance,
  { bandwidth, clock, pseudonym }: DeliverMeans,
): Promise<Delivered> {
  const { asked, response } = to;
  const { content, head } = answer;
  const fields = [...toClient(endToEnd(head), provenance, pseudonym, clock.date())];
  // RFC 9110 §8.6: none where nothing can follow.
  const length = head.status === 204 ? undefined : fieldOf(head.fields, 'content-length');
  if (length !== undefined) fields.push('Content-Length', length);
  const age = fieldOf(head.fields, 'age');
  if (age !== undefined) fields.push('Age', age);
  response.writeHead(head.status, fields);
  // The client hears at once that there is an answer: its content may take its time.
  response.flushHeaders();
  return new Promise((resolve) => {
    let bytes = 0;
    let holds = 0;
    let isWhole = false;
    const goOn = (): void => {
      holds -= 1;
      if (holds === 0) content.resume();
    };
    const hold = (): void => {
      holds += 1;
      content.pause();
    };
    let isDraining = false;
    response.on('drain', () => {
      if (!isDraining) return;
      isDraining = false;
      goOn();
    });
    content.on('data', (chunk: Uint8Array) => {
      bytes += chunk.length;
      to.connection.moved();
      if (!response.write(chunk) && !isDraining) {
        isDraining = true;
        hold();
      }
      if (!bandwidth.brought(asked.client, chunk.length, goOn)) hold();
    });
    content.once('end', () => {
      isWhole = true;
      const trailers = answer.trailers();
      if (trailers.length > 0 && length === undefined) response.addTrailers(pairsOf(endToEndTrailers(trailers)));
      response.end();
    });
    content.once('error', () => cutOff(to));
    content.once('close', () => {
      if (!isWhole) cutOff(to);
    });
    response.once('close', () => {
      bandwidth.leave(asked.client, goOn);
      content.destroy();
      resolve({ status: head.status, bytes, isWhole });
    });
    // It broke off before anybody listened.
    if (content.destroyed) cutOff(to);
  });
}

function pairsOf(fields: Fields): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) pairs.push([fields[i] ?? '', fields[i + 1] ?? '']);
  return pairs;
}

/** Fields of the content, which a 304 has none of. RFC 9110 §15.4.5. */
const OF_CONTENT: ReadonlySet<string> = new Set([
  'content-type',
  'content-encoding',
  'content-language',
  'content-range',
]);
const TYPE: ReadonlySet<string> = new Set(['content-type']);

interface HeadMeans {
  readonly portion: Portion;
  readonly provenance: Provenance;
  readonly means: Pick<DeliverMeans, 'pseudonym' | 'clock'>;
}

function writeHead(response: ServerResponse, kept: Head, { portion, provenance, means }: HeadMeans): void {
  const { status, bytes } = portion;
  const all = toClient({ ...kept, status }, provenance, means.pseudonym, means.clock.date());
  const isTyped = portion.fields[0] === 'Content-Type';
  const isOther = status === 412 || status === 416;
  const own = status === 304 ? without(all, OF_CONTENT) : isTyped || isOther ? without(all, TYPE) : all;
  const fields = [...own, ...portion.fields];
  if (bytes !== undefined && status !== 304 && status !== 204) fields.push('Content-Length', `${bytes}`);
  response.writeHead(status, fields);
}

/** One sentence, and why. */
export function sendRefusal(response: ServerResponse, { status, reason, says }: Refusal, isClosing: boolean): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = Buffer.from(`${says}\n`);
  response.writeHead(status, [
    ...['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', `${body.length}`],
    ...['Cache-Status', `flisolator; detail=${reason}`, 'Cache-Control', 'no-store'],
    ...(status === 405 ? ['Allow', 'GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS'] : []),
    ...(isClosing ? ['Connection', 'close'] : []),
  ]);
  response.end(body);
}
