/**
 * What becomes of a question: told from the cache, answered from the hall's own names, refused, or asked of the upstreams, once for all
 * who wait for it. RFC 1035 §7, RFC 5452, RFC 8767, RFC 9520.
 */
import type { Clock } from '../host.ts';
import { type Beliefs, believe } from './believe.ts';
import { type CacheLimits, DnsCache, type Entry, isDueForPrefetch } from './cache.ts';
import type { Asker } from './doors.ts';
import type { Exchange, Outcome } from './exchange.ts';
import { Failures } from './failures.ts';
import { type Pending, PendingTable } from './pending.ts';
import { type Query, readQuery } from './query.ts';
import { EDE, fit, plainAnswer, type Rcode, type Reply, rcodeOf, type Told } from './reply.ts';
import type { Route } from './route.ts';
import type { Upstream } from './upstream.ts';
import { RCODE } from './wire.ts';
import { answerHall, answerSpecial, type HallNames } from './zone.ts';

/** As they are now: a reload changes them. */
export interface ResolverTerms {
  readonly names: HallNames;
  readonly beliefs: Beliefs;
  readonly route: (query: Query) => Route;
}

/** Where an answer came from, or why there was none: the word in counters, metrics and the log. */
export type Source =
  | 'cache'
  | 'stale'
  | 'local'
  | 'upstream'
  | 'blocked'
  | 'withheld'
  | 'refused'
  | 'failed'
  | 'malformed'
  | 'crowded';

export interface ResolverDeps {
  readonly clock: Clock;
  readonly exchange: Pick<Exchange, 'ask' | 'areDown'>;
  /** Told of each answer. */
  readonly onAnswer?: ((query: Query, asker: Asker, source: Source) => void) | undefined;
}

/** RFC 8767 §5: a client waits so long for better than a stale answer. */
const PATIENCE_MS = 1800;
/** RFC 8767 §5. */
const STALE: Told = { ttlSec: 30 };
const NEW: Told = { ageSec: 0 };

export class Resolver {
  readonly #terms: () => ResolverTerms;
  readonly #deps: ResolverDeps;
  readonly #cache: DnsCache;
  readonly #pending = new PendingTable();
  readonly #failures = new Failures();
  readonly #counts: Record<Source, number> = {
    ...{ cache: 0, stale: 0, local: 0, upstream: 0, blocked: 0, withheld: 0, refused: 0, failed: 0 },
    ...{ malformed: 0, crowded: 0 },
  };
  #prefetches = 0;
  /** Of questions for the hall's names: turns `fnode`. */
  #turn = 0;

  constructor(terms: () => ResolverTerms, limits: CacheLimits, deps: ResolverDeps) {
    this.#terms = terms;
    this.#cache = new DnsCache(limits);
    this.#deps = deps;
  }

  get counts() {
    const { entries, bytes, evicted } = this.#cache.counts;
    return {
      answers: { ...this.#counts },
      prefetches: this.#prefetches,
      outstanding: this.#pending.size,
      cache: { entries, bytes, evicted },
    };
  }

  /** Forgets every answer, and those to come of what is being asked: names, upstreams or lists have changed. */
  flush(): void {
    this.#cache.clear();
    this.#failures.clear();
    this.#pending.outdate();
  }

  /** A packet from a client that is admitted. Never throws. */
  handle(bytes: Uint8Array, asker: Asker): void {
    const read = readQuery(bytes);
    if (read.kind === 'query') this.#resolve(read.query, asker);
    else if (read.kind === 'refuse') {
      this.#counts[read.reason === 'malformed' ? 'malformed' : 'refused'] += 1;
      asker.answer(read.bytes);
    } else {
      this.#counts.malformed += 1;
      asker.drop();
    }
  }

  #resolve(query: Query, asker: Asker): void {
    const nowMs = this.#deps.clock.now();
    const entry = this.#cache.get(query.key, nowMs);
    if (entry && query.isRecursive && nowMs < entry.freshUntilMs) {
      const ageSec = Math.floor((nowMs - entry.keptAtMs) / 1000);
      this.#send(query, asker, 'cache', fit(entry.reply, query, { ageSec }, asker.isTcp, entry.ede));
      if (isDueForPrefetch(entry, nowMs)) this.#prefetch(query);
      return;
    }
    const step = this.#decide(query, asker, { stale: entry, nowMs });
    if (step.kind === 'ask') this.#ask(query, step.upstreams, step.pending);
    else if (step.kind !== 'waits') this.#answer(query, asker, step);
  }

  /** What to do where nothing fresh is known; who is to wait is among those who wait when it returns. */
  #decide(query: Query, asker: Asker, { stale, nowMs }: Known): Step {
    const { names, route } = this.#terms();
    const local = answerHall(query, names, { client: asker.client, turn: this.#turn++ });
    if (local) return { kind: 'tell', source: 'local', reply: local };
    const way = route(query);
    if (way.kind === 'blocked') return denial('NXDOMAIN', 'blocked', EDE.blocked);
    const special = way.kind === 'ask' && way.isOwn ? undefined : answerSpecial(query, names);
    if (special) return { kind: 'tell', source: 'local', reply: special };
    if (way.kind === 'nobody') return denial('NXDOMAIN', 'local');
    // Who asks without recursion wants to know what others have asked.
    if (!query.isRecursive) return denial('REFUSED', 'refused');
    const known = this.#pending.get(query.key);
    const isHopeless = known?.isLate === true || this.#failures.isFresh(query.key, nowMs);
    if (isHopeless) return staleOr(stale?.reply, 'failed');
    const pending = known ?? this.#pending.open(query.key, query, asker);
    if (!pending || (known && !this.#pending.join(known, query, asker))) return staleOr(stale?.reply, 'crowded');
    if (stale) this.#limitPatience(pending, stale.reply, way.upstreams);
    return known ? { kind: 'waits' } : { kind: 'ask', upstreams: way.upstreams, pending };
  }

  #prefetch(query: Query): void {
    if (this.#pending.get(query.key) || this.#failures.isFresh(query.key, this.#deps.clock.now())) return;
    const way = this.#terms().route(query);
    const pending = way.kind === 'ask' ? this.#pending.open(query.key) : undefined;
    if (!pending || way.kind !== 'ask') return;
    this.#prefetches += 1;
    this.#ask(query, way.upstreams, pending);
  }

  #ask(query: Query, upstreams: readonly Upstream[], pending: Pending): void {
    this.#deps.exchange.ask(query, upstreams, (outcome) => {
      this.#pending.close(pending);
      pending.cancel?.();
      this.#settle(query, outcome, pending);
    });
  }

  /** Who has waited long enough gets what there is; the question goes on, for those who come later. */
  #limitPatience(pending: Pending, stale: Reply, upstreams: readonly Upstream[]): void {
    if (pending.stale) return;
    pending.stale = stale;
    // With the uplink gone a page of a hundred names must not take as many times that long.
    const patienceMs = this.#deps.exchange.areDown(upstreams) ? 0 : PATIENCE_MS;
    pending.cancel = this.#deps.clock.after(patienceMs, () => {
      pending.isLate = true;
      for (const { query, asker } of this.#pending.leave(pending)) this.#answer(query, asker, staleOr(stale, 'failed'));
    });
  }

  #settle(question: Query, outcome: Outcome, pending: Pending): void {
    // Whatever goes wrong here, nobody is left waiting.
    let step: Tell | Deny = denial('SERVFAIL', 'failed');
    try {
      step = this.#learn(question, outcome, pending);
    } finally {
      for (const { query, asker } of pending.waiting) this.#answer(query, asker, step);
    }
  }

  /** Keeps what is worth it. */
  #learn(question: Query, outcome: Outcome, { stale, isOutdated }: Pending): Tell | Deny {
    const nowMs = this.#deps.clock.now();
    const belief = outcome.kind === 'message' ? believe(outcome.message, question, this.#terms().beliefs) : undefined;
    if (!belief || belief.kind === 'failed') {
      if (!isOutdated) this.#failures.note(question.key, nowMs);
      return staleOr(stale, 'failed', edeOf(outcome));
    }
    const { reply, keepSec } = belief;
    const isWithheld = belief.kind === 'withheld';
    const ede = isWithheld ? EDE[belief.reason === 'blocked' ? 'blocked' : 'filtered'] : undefined;
    if (!isOutdated) {
      this.#failures.forget(question.key);
      this.#cache.put(question.key, reply, { nowMs, keepMs: keepSec * 1000, ede });
    }
    return { kind: 'tell', source: isWithheld ? 'withheld' : 'upstream', reply, ede };
  }

  #answer(query: Query, asker: Asker, step: Tell | Deny): void {
    const { source } = step;
    if (step.kind === 'deny') this.#send(query, asker, source, plainAnswer(query, step.rcode, step.ede));
    else {
      this.#send(query, asker, source, fit(step.reply, query, source === 'stale' ? STALE : NEW, asker.isTcp, step.ede));
    }
  }

  #send(query: Query, asker: Asker, source: Source, bytes: Uint8Array): void {
    this.#counts[source] += 1;
    asker.answer(bytes);
    this.#deps.onAnswer?.(query, asker, source);
  }
}

interface Known {
  readonly stale: Entry | undefined;
  readonly nowMs: number;
}

interface Tell {
  readonly kind: 'tell';
  readonly source: Source;
  readonly reply: Reply;
  readonly ede?: number | undefined;
}

interface Deny {
  readonly kind: 'deny';
  readonly source: Source;
  readonly rcode: Rcode;
  readonly ede: number | undefined;
}

/** waits: with others who asked the same; ask: the first of them. */
type Step =
  | Tell
  | Deny
  | { readonly kind: 'waits' }
  | { readonly kind: 'ask'; readonly upstreams: readonly Upstream[]; readonly pending: Pending };

function denial(rcode: Rcode, source: Source, ede?: number): Deny {
  return { kind: 'deny', rcode, source, ede };
}

/** RFC 8767 §4: what was true is better than nothing. RFC 8914 §4.4, §4.20. */
function staleOr(stale: Reply | undefined, source: Source, ede?: number): Tell | Deny {
  if (!stale) return denial('SERVFAIL', source, ede);
  const isDenial = rcodeOf(stale) === RCODE.NXDOMAIN;
  return { kind: 'tell', source: 'stale', reply: stale, ede: isDenial ? EDE.staleNxdomain : EDE.stale };
}

function edeOf({ kind }: Outcome): number {
  if (kind === 'none') return EDE.notReady;
  return kind === 'silent' ? EDE.noReachable : EDE.networkError;
}
