/** Where messages to and from an origin begin and end: what we write of that ourselves, and what we don't believe. RFC 9112 §6, §7, §9. */
import type { Fields } from './fields.ts';

/** What a request carries, for its framing. */
export interface Framed {
  readonly method: string;
  readonly fields: Fields;
  readonly content?: { readonly bytes: number | undefined; readonly onWanted?: unknown } | undefined;
}

/** Of each hop's own, whoever left it in. Trailers of requests are not sent on (RFC 9110 §6.5.1), nor is Upgrade (§7.8). */
const OF_THE_HOP: ReadonlySet<string> = new Set([
  ...['connection', 'content-length', 'keep-alive', 'proxy-connection'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade'],
]);

/** RFC 9110 §8.6: methods whose requests are expected to have content say where they have none. */
const EXPECTS_CONTENT: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/**
 * The fields as they leave: as they were given, and framing behind them. Whoever carries content is the last on its connection, so that
 * nothing which stands behind it can be taken for another request.
 */
export function framed({ method, fields, content }: Framed): string[] {
  const out = endToEndOf(fields);
  if (content?.bytes !== undefined) out.push('Connection', 'close', 'Content-Length', String(content.bytes));
  else if (content) out.push('Connection', 'close', 'Transfer-Encoding', 'chunked');
  else if (EXPECTS_CONTENT.has(method)) out.push('Content-Length', '0');
  // Whoever it comes from waits, and so do we. RFC 9110 §10.1.1.
  if (content?.onWanted) out.push('Expect', '100-continue');
  return out;
}

function endToEndOf(fields: Fields): string[] {
  const out: string[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [name, value] = [fields[i] ?? '', fields[i + 1] ?? ''];
    if (!OF_THE_HOP.has(name.toLowerCase())) out.push(name, value);
  }
  return out;
}

/** An answer's head as the parser gave it. */
export interface Heard {
  readonly method: string;
  readonly status: number;
  readonly version: string;
  readonly fields: Fields;
}

/** What is to be known of an answer whose head can be believed. */
export interface Extent {
  readonly isEmpty: boolean;
  /** How long the origin keeps the connection, in seconds, where it says so. */
  readonly keepSec: number | undefined;
}

/** Far more than any server sends. node:http leaves out, and says nothing of it, what is beyond a thousand or so. */
const MAX_FIELDS = 200;

/** What is wrong with it, in words; else what follows it. */
export function extentOf({ method, status, version, fields }: Heard): Extent | string {
  // The parser reads others, too. RFC 9112 §2.3.
  if (version !== '1.1' && version !== '1.0') return `HTTP/${version} was not asked for`;
  if (fields.length > 2 * MAX_FIELDS) return 'it has too many header fields';
  // Nobody asked it to switch protocols. RFC 9110 §15.2.2.
  if (status < 200) return `${status} is no answer`;
  // A proxy's own word: of an origin it would have browsers give it the password of this one. RFC 9110 §15.5.8.
  if (status === 407) return 'it asks for the password of a proxy';
  let length: string | undefined;
  let coding: string | undefined;
  let keepSec: number | undefined;
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? '';
    const value = fields[i + 1] ?? '';
    // Cheaper than the letters of each.
    if (name.length === 14 && name.toLowerCase() === 'content-length') {
      if (length !== undefined) return 'it has two lengths';
      length = value;
    } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
      coding = coding === undefined ? value.toLowerCase() : `${coding}, ${value}`;
    } else if (name.length === 10 && name.toLowerCase() === 'keep-alive') keepSec = keepSecOf(value);
  }
  if (coding !== undefined) {
    // What we do not know we cannot take off again: it would stay in what is kept. RFC 9112 §6.1.
    if (coding !== 'chunked' || version === '1.0') return 'its Transfer-Encoding is of no kind that was asked for';
    // RFC 9112 §6.3: somebody on the way would believe the other.
    if (length !== undefined) return 'its length is told in two ways';
  }
  return { isEmpty: length === '0' || mayHaveNone(method, status), keepSec };
}

/** RFC 9112 §6.3. */
function mayHaveNone(method: string, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 304;
}

/** RFC 2068 §19.7.1.1: `timeout=5, max=100`. */
function keepSecOf(value: string): number | undefined {
  const seconds = /(?:^|[\s,])timeout=(\d{1,6})/i.exec(value)?.[1];
  return seconds === undefined ? undefined : Number(seconds);
}
