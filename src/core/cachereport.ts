/** What the admin API tells of the proxy and its cache. */
export interface CacheReport {
  /** Answers by where they came from (hit, stale, revalidated, shared, miss, pass, tunnel) or why there was none. */
  readonly answers: Readonly<Record<string, number>>;
  /** Content to clients. */
  readonly sentBytes: number;
  /** Content from outside. What was sent and not brought was saved. */
  readonly broughtBytes: number;
  /** The busiest, by octets sent; 50 at most, names without paths. */
  readonly domains: readonly {
    readonly name: string;
    readonly answers: number;
    readonly sentBytes: number;
    readonly broughtBytes: number;
  }[];
  readonly connections: number;
  readonly tunnels: number;
  /** What is being fetched now, and for how many answers. */
  readonly fetches: number;
  readonly waiting: number;
  readonly store: {
    readonly entries: number;
    readonly bytes: number;
    readonly maxBytes: number;
    readonly evicted: number;
    readonly damaged: number;
    readonly trouble?: string | undefined;
  };
}
