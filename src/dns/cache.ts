/** Answers that were given before: bounded by number and octets, the least used go first. RFC 1035 §7.3, RFC 8767. */
import type { Reply } from './reply.ts';

export interface Entry {
  readonly reply: Reply;
  /** By `Clock.now`. */
  readonly keptAtMs: number;
  /** From then on it is stale. */
  readonly freshUntilMs: number;
  /** How often it was told since it was kept; counted by `DnsCache.get`. */
  readonly uses: number;
  /** RFC 8914's code that goes along: filtered, blocked. */
  readonly ede: number | undefined;
}

export interface CacheLimits {
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** How long stale answers are kept beyond their end, for when no upstream answers; 0: not at all. RFC 8767 §5: 1 to 3 days at most. */
  readonly staleMs: number;
}

export interface CacheCounts {
  readonly entries: number;
  readonly bytes: number;
  readonly evicted: number;
}

export class DnsCache {
  constructor(_limits: CacheLimits) {}
  /** Fresh or stale; what is beyond its stale time is gone. Constant time. */
  get(_key: string, _nowMs: number): Entry | undefined {
    throw new Error('unwritten');
  }
  /** `keepMs` 0 or less: forgotten instead. */
  put(
    _key: string,
    _reply: Reply,
    _terms: { readonly nowMs: number; readonly keepMs: number; readonly ede?: number },
  ): void {
    throw new Error('unwritten');
  }
  clear(): void {}
  get counts(): CacheCounts {
    throw new Error('unwritten');
  }
}

/** Whether it is worth asking for again before it ends: told often, and little of its time left. */
export function isDueForPrefetch(_entry: Entry, _nowMs: number): boolean {
  throw new Error('unwritten');
}
