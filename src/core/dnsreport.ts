/** What a resolver tells of itself: figures alone, no names that were asked for and no addresses of who asked. */

/** How questions come in. */
export const DNS_TRANSPORTS = ['udp', 'tcp'] as const;
/** Where an answer came from, or why there was none to give. */
export const DNS_SOURCES = ['cache', 'stale', 'local', 'upstream', 'blocked', 'withheld', 'refused', 'failed'] as const;
/** Why a question was not looked at. */
export const DNS_DROPS = ['foreign', 'limited', 'malformed', 'crowded'] as const;

/** Since the start, where nothing else is said. */
export interface DnsReport {
  readonly questions: Readonly<Record<(typeof DNS_TRANSPORTS)[number], number>>;
  readonly answers: Readonly<Record<(typeof DNS_SOURCES)[number], number>>;
  readonly dropped: Readonly<Record<(typeof DNS_DROPS)[number], number>>;
  /** Questions that upstreams are being asked now. */
  readonly outstanding: number;
  readonly cache: { readonly entries: number; readonly bytes: number; readonly evicted: number };
  /** Names on the blocklist. */
  readonly blocklist: number;
  readonly prefetches: number;
  readonly upstreams: readonly UpstreamFigures[];
}

export interface UpstreamFigures {
  /** `9.9.9.9:53`, `[2620:fe::fe]:53`. */
  readonly address: string;
  readonly transport: 'udp' | 'tcp' | 'tls';
  /** Undefined while it has not answered. */
  readonly rttMs?: number | undefined;
  readonly isDown: boolean;
  readonly asked: number;
  readonly answered: number;
  readonly failed: number;
  /** Packets from there that answered nothing that was asked. */
  readonly foreign: number;
}
