/** Content of any size that a seed makes, and a file server's manners: conditions, ranges, or their want. */
import { createCipheriv, createHash } from 'node:crypto';
import type { Fields, OriginRequest, Reply } from './origin.ts';

/** Content that is the same for the same seed, whichever part of it is made; no two places of it are alike. */
export class Seeded {
  readonly sizeBytes: number;
  readonly #key: Buffer;

  constructor(seed: string, sizeBytes: number) {
    this.sizeBytes = sizeBytes;
    this.#key = createHash('sha256').update(seed).digest().subarray(0, 16);
  }

  /** Octets from `from` up to and without `to`. */
  part(from: number, to: number): Buffer {
    const counter = Buffer.alloc(16);
    const skipped = from % 16;
    counter.writeBigUInt64BE(BigInt((from - skipped) / 16), 8);
    const bytes = createCipheriv('aes-128-ctr', this.#key, counter).update(Buffer.alloc(to - from + skipped));
    return bytes.subarray(skipped);
  }

  whole(): Buffer {
    return this.part(0, this.sizeBytes);
  }

  sha256(): string {
    return createHash('sha256').update(this.whole()).digest('hex');
  }
}

export interface ObjectTerms {
  /** Nothing: no validator of that kind. */
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
  readonly fields?: Fields;
  /** It breaks when that octet of the content would be next. */
  readonly breakAt?: number;
  readonly breakBy?: 'close' | 'reset';
  /** Ranges are unknown to it. */
  readonly hasNoRanges?: boolean;
  /** Content comes with no length, chunked or up to the end of the connection. */
  readonly framing?: 'length' | 'chunked' | 'close';
  /** Waited for before what begins at `position` is sent. */
  readonly before?: (position: number) => Promise<void> | undefined;
}

const STEP_BYTES = 64 * 1024;

/** Serves `content` as a good file server does: conditions, one range, If-Range, HEAD. RFC 9110 §13, §14. */
export async function serve(
  request: OriginRequest,
  reply: Reply,
  content: Seeded,
  terms: ObjectTerms = {},
): Promise<void> {
  const { etag, lastModified, framing = 'length' } = terms;
  const fields: Record<string, string | readonly string[]> = { Date: new Date().toUTCString(), ...terms.fields };
  if (etag !== undefined) fields.ETag = etag;
  if (lastModified !== undefined) fields['Last-Modified'] = lastModified;
  if (isUnchanged(request, terms)) return reply.answer(304, fields);
  const range = terms.hasNoRanges ? undefined : rangeOf(request, content.sizeBytes, terms);
  if (range === 'none') {
    reply.answer(416, { ...fields, 'Content-Range': `bytes */${content.sizeBytes}` });
    return;
  }
  const [from, to] = range ?? [0, content.sizeBytes];
  if (range) fields['Content-Range'] = `bytes ${from}-${to - 1}/${content.sizeBytes}`;
  if (framing === 'length') fields['Content-Length'] = `${to - from}`;
  if (framing === 'chunked') fields['Transfer-Encoding'] = 'chunked';
  if (framing === 'close') fields.Connection = 'close';
  await reply.head(range ? 206 : 200, fields);
  if (request.method !== 'HEAD' && !(await sendPart(reply, content, [from, to], terms))) return;
  if (framing === 'close') reply.close();
  else reply.end();
}

/** False where it broke off. */
async function sendPart(
  reply: Reply,
  content: Seeded,
  [from, to]: readonly [number, number],
  terms: ObjectTerms,
): Promise<boolean> {
  const { framing = 'length', breakAt = Number.POSITIVE_INFINITY } = terms;
  for (let at = from; at < to; ) {
    await terms.before?.(at);
    const next = Math.min(to, at + STEP_BYTES, at < breakAt ? breakAt : Number.POSITIVE_INFINITY);
    const bytes = content.part(at, next);
    const wire =
      framing === 'chunked' ? [Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')] : [bytes];
    if (!(await reply.send(Buffer.concat(wire)))) return false;
    at = next;
    if (at === breakAt) {
      if (terms.breakBy === 'reset') reply.reset();
      else reply.close();
      return false;
    }
  }
  if (framing === 'chunked') await reply.send('0\r\n\r\n');
  return true;
}

function isUnchanged(request: OriginRequest, { etag, lastModified }: ObjectTerms): boolean {
  const match = request.field('if-none-match');
  if (match !== undefined) return etag !== undefined && (match === '*' || match.includes(etag.replace(/^W\//, '')));
  const since = request.field('if-modified-since');
  return since !== undefined && lastModified !== undefined && Date.parse(lastModified) <= Date.parse(since);
}

function rangeOf(
  request: OriginRequest,
  sizeBytes: number,
  { etag, lastModified }: ObjectTerms,
): readonly [number, number] | 'none' | undefined {
  const condition = request.field('if-range');
  if (condition !== undefined && condition !== etag && condition !== lastModified) return undefined;
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(request.field('range') ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') return Number(last) === 0 ? 'none' : [Math.max(0, sizeBytes - Number(last)), sizeBytes];
  if (Number(first) >= sizeBytes) return 'none';
  return [Number(first), last === '' ? sizeBytes : Math.min(sizeBytes, Number(last) + 1)];
}
