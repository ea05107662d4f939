/** Fields of what is sent on, either way. RFC 9110 §7.6, RFC 9111 §5.1, RFC 9211. */
import { showHttpDate } from '../http/httpdate.ts';
import { elementsOf, type Fields, hasField, valuesOf } from './fields.ts';
import { ABOUT_THE_WAY, ENDURING, HOP_BY_HOP, IN_NO_TRAILER, REWRITING } from './hops.ts';
import type { Asked, Head } from './types.ts';
import { authorityOf } from './url.ts';

/**
 * What goes to the origin: end-to-end fields in order, Host first (from the URL), Via with `pseudonym`, and CDN-Loop, since there are
 * proxies that take Via out. No hop-by-hop fields, none that Connection names, no Proxy-*; nothing that tells who the client is; of TE
 * nothing. Accept-Encoding and Range as they came. Content-Length where it says that there is no content. Max-Forwards of OPTIONS is
 * counted down.
 */
export function toOrigin(asked: Asked, pseudonym: string): Fields {
  const { method, url, version } = asked;
  const fields = lessNamed(asked.fields);
  const mayBeShared = method === 'GET' || method === 'HEAD';
  const sent = ['Host', authorityOf(url)];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? '';
    const value = fields[i + 1] ?? '';
    const lower = name.toLowerCase();
    if (isLeftOut(lower, asked) || (mayBeShared && REWRITING.has(lower))) continue;
    sent.push(name, lower === 'max-forwards' && method === 'OPTIONS' ? oneLess(value) : value);
  }
  sent.push('Via', `${version} ${pseudonym}`, 'CDN-Loop', pseudonym);
  return sent;
}

function isLeftOut(lower: string, { hasContent }: Asked): boolean {
  if (HOP_BY_HOP.has(lower) || ABOUT_THE_WAY.has(lower) || lower === 'host' || lower === 'expect') return true;
  // `Proxy` itself is no field, but to CGI programs the name of a proxy to be used (CVE-2016-5385).
  if (lower.startsWith('proxy') && (lower.length === 5 || lower[5] === '-')) return true;
  return (lower === 'content-length' && hasContent) || lower.startsWith('x-forwarded');
}

/** More than is left of any way: RFC 9110 §7.6.2 lets us say so. */
const MAX_FORWARDS = 255;

function oneLess(value: string): string {
  return `${Math.max(0, Math.min(Number(value) || 0, MAX_FORWARDS) - 1)}`;
}

/**
 * A request's fields without those that its Connection names: they were for us alone. Whoever decides by a request's fields what is kept
 * for which others decides by these: else a client sends `Accept-Language: es` with `Connection: Accept-Language`, the origin answers in
 * English, and that is Spanish to everybody from then on. The same array where Connection names nothing of the kind.
 */
export function lessNamed(fields: Fields): Fields {
  const named = namedByConnection(fields);
  if (named.size === 0) return fields;
  const left: string[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? '';
    if (!named.has(name.toLowerCase())) left.push(name, fields[i + 1] ?? '');
  }
  return left;
}

const NOTHING: ReadonlySet<string> = new Set();

/** In lower case; none that goes no further anyway, none that must go on whatever Connection says. */
function namedByConnection(fields: Fields): ReadonlySet<string> {
  if (!hasField(fields, 'connection')) return NOTHING;
  let named: Set<string> | undefined;
  for (const value of valuesOf(fields, 'connection')) {
    if (value === 'keep-alive' || value === 'close') continue;
    for (const option of elementsOf(value)) {
      const name = option.toLowerCase();
      if (name === 'close' || HOP_BY_HOP.has(name) || ENDURING.has(name)) continue;
      named ??= new Set();
      named.add(name);
    }
  }
  return named ?? NOTHING;
}

/**
 * What may be kept and sent on of an answer: end-to-end fields, in order, Set-Cookie among them; without Content-Length, Age, Via. Whoever
 * wants to know how old the answer was when it came looks at `head` itself.
 */
export function endToEnd(head: Head): Head {
  const { status, fields } = head;
  const named = namedByConnection(fields);
  const kept: string[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? '';
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || OF_THIS_TRANSFER.has(lower) || named.has(lower)) continue;
    kept.push(name, fields[i + 1] ?? '');
  }
  return { status, fields: kept };
}

const OF_THIS_TRANSFER: ReadonlySet<string> = new Set(['content-length', 'age', 'via']);

/** What may be sent on behind an answer's content: nothing by which it is framed, routed, read or kept. RFC 9110 §6.5.1. */
export function endToEndTrailers(trailers: Fields): Fields {
  const kept: string[] = [];
  for (let i = 0; i + 1 < trailers.length; i += 2) {
    const name = trailers[i] ?? '';
    const lower = name.toLowerCase();
    const isLate = HOP_BY_HOP.has(lower) || ENDURING.has(lower) || IN_NO_TRAILER.has(lower);
    if (!isLate) kept.push(name, trailers[i + 1] ?? '');
  }
  return kept;
}

/** How an answer came to be, for Cache-Status and for counters. */
export interface Provenance {
  readonly source: 'hit' | 'stale' | 'revalidated' | 'shared' | 'miss' | 'pass';
  /** From what was kept: RFC 9111 §4.2.3. */
  readonly ageSec?: number | undefined;
  /** For how long it stays fresh; below zero where it is stale. */
  readonly ttlSec?: number | undefined;
  /** Whether it is being kept. */
  readonly isStored?: boolean | undefined;
}

/** RFC 9211 §2. Texts as a whole: an answer from the cache has none to make. */
const CACHE_STATUS: Readonly<Record<Provenance['source'], string>> = {
  hit: 'flisolator; hit',
  stale: 'flisolator; hit; detail=stale',
  revalidated: 'flisolator; fwd=stale; fwd-status=304',
  shared: 'flisolator; fwd=miss; collapsed',
  miss: 'flisolator; fwd=miss',
  pass: 'flisolator; fwd=bypass',
};

function cacheStatusOf({ source, ttlSec, isStored }: Provenance): string {
  let text = CACHE_STATUS[source];
  if (isStored === true) text += '; stored';
  if (ttlSec !== undefined) text += `; ttl=${Math.floor(ttlSec)}`;
  return text;
}

/**
 * What goes to the client: `kept` with Via, Age where it is kept, Cache-Status, and Date where the origin gave none (RFC 9110 §6.6.1): when
 * it was answered, not now. No framing. Every answer passes here: a copy, and one look at the names.
 */
export function toClient(kept: Head, provenance: Provenance, pseudonym: string, nowMs: number): Fields {
  const { ageSec } = provenance;
  const sent = kept.fields.slice();
  if (!hasField(kept.fields, 'date')) sent.push('Date', showHttpDate(nowMs - (ageSec ?? 0) * 1000));
  if (ageSec !== undefined) sent.push('Age', `${Math.max(0, Math.floor(ageSec))}`);
  sent.push('Via', `1.1 ${pseudonym}`, 'Cache-Status', cacheStatusOf(provenance));
  return sent;
}
