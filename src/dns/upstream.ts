/** Resolvers that may be asked. */
import type { Name } from './query.ts';

export interface Upstream {
  /** udp: and TCP where an answer was cut; tcp: nothing else; tls: RFC 7858, port 853. */
  readonly transport: 'udp' | 'tcp' | 'tls';
  /** IPv4 or IPv6 literal, no brackets. */
  readonly address: string;
  readonly port: number;
  /** What its certificate must be for; without it, its address. */
  readonly tlsName?: string | undefined;
}

/** Which are asked for what: the longest domain that fits. */
export interface UpstreamTable {
  readonly usual: readonly Upstream[];
  readonly byDomain: ReadonlyMap<Name, readonly Upstream[]>;
}

/** What it is called in the log, one text for each: `udp://9.9.9.9:53`, `tls://[2620:fe::fe]:853#dns.quad9.net`. */
export function upstreamText({ transport, address, port, tlsName }: Upstream): string {
  const host = address.includes(':') ? `[${address}]` : address;
  return `${transport}://${host}:${port}${tlsName === undefined ? '' : `#${tlsName}`}`;
}
