/** Fields of what is sent on, either way. RFC 9110 §7.6, RFC 9111 §5.1, RFC 9211. */
import type { Fields } from './fields.ts';
import type { Asked, Head } from './types.ts';

/**
 * What goes to the origin: end-to-end fields in order, Host first (from the URL), Via with `pseudonym`. No hop-by-hop fields, none that
 * Connection names, no Proxy-*; nothing that tells who the client is; of TE nothing. Accept-Encoding and Range as they came. Max-Forwards
 * is counted down by who decides of TRACE and OPTIONS.
 */
export function toOrigin(_asked: Asked, _pseudonym: string): Fields {
  throw new Error('unwritten');
}

/** What may be kept and sent on of an answer: end-to-end fields, in order; without Content-Length, Age, Via, Set-Cookie kept. */
export function endToEnd(_head: Head): Head {
  throw new Error('unwritten');
}

/** How an answer came to be, for Cache-Status and for counters. */
export interface Provenance {
  readonly source: 'hit' | 'stale' | 'revalidated' | 'shared' | 'miss' | 'pass';
  /** From what was kept: RFC 9111 §4.2.3. */
  readonly ageSec?: number | undefined;
}

/** What goes to the client: `kept` with Via, Age where it is kept, Cache-Status, and Date where the origin gave none (RFC 9110 §6.6.1). No framing. */
export function toClient(_kept: Head, _provenance: Provenance, _pseudonym: string, _nowMs: number): Fields {
  throw new Error('unwritten');
}
