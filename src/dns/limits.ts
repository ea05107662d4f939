/** Who may ask, and how often: strangers get nothing, one machine not everything. */
import { type Ipv4, ipv4ToNumber, type Subnet, UNSPECIFIED } from '../core/addr.ts';

/** foreign: not of the hall; limited: too many questions. Both get no answer at all. */
export type Admission = 'served' | 'foreign' | 'limited';

export interface LimitTerms {
  /** Whose addresses are served: the LAN's, the relays', loopback. */
  readonly networks: readonly Subnet[];
  /** Questions a second that one address may ask over time, twice as many at once; 0: no limit. Loopback has none. */
  readonly perSecond: number;
}

/** Of so many addresses something is remembered. Taste: more than a hall has, some 2 MB. */
export const MAX_CLIENTS = 16_384;
/** How far ahead of its rate an address may get: twice what it may ask in a second. */
const BURST_MS = 2000;
/** Sums of thirds and sevenths of a second are not exact. */
const ROUNDING_MS = 0.001;
/** How many of the oldest are looked at when one has to go. */
const MAX_LOOKS = 8;

/**
 * What one address has asked, as a bucket that leaks: each question is worth `questionMs`, and time pays for it. One number
 * says it all (ITU-T I.371, virtual scheduling).
 */
interface Bucket {
  /** Until when time pays for what was asked. In the past: nothing is known of it that a new one would not have. */
  paidUntilMs: number;
  /** 0: no limit. */
  readonly questionMs: number;
}

/**
 * Bounded: of `MAX_CLIENTS` addresses it remembers something, of strangers nothing. When it is full, one goes that owes
 * nothing, or else the least: senders of forged addresses owe one question each, so they push out each other and not the
 * one that asks too much.
 */
export class Clients {
  readonly #terms: () => LimitTerms;
  readonly #buckets = new Map<Ipv4, Bucket>();
  /** Goes through the table, those that came since too. Beginning at the front each time would pass all that have gone. */
  #hand = this.#buckets.entries();
  #known: LimitTerms | undefined;
  #networks: readonly Range[] = [];

  /** `terms` is asked for each question: it gives the same object until they change, and with another one all is forgotten. */
  constructor(terms: () => LimitTerms) {
    this.#terms = terms;
  }

  /** How many addresses it remembers something of. */
  get size(): number {
    return this.#buckets.size;
  }

  /** One question of `client`; `nowMs` never goes back. A refused one does not count against it. */
  admit(client: Ipv4, nowMs: number): Admission {
    const terms = this.#terms();
    if (terms !== this.#known) this.#learn(terms);
    const bucket = this.#buckets.get(client) ?? this.#meet(client, terms, nowMs);
    if (!bucket) return 'foreign';
    const paidUntilMs = Math.max(bucket.paidUntilMs, nowMs) + bucket.questionMs;
    if (paidUntilMs - nowMs > BURST_MS + ROUNDING_MS) return 'limited';
    bucket.paidUntilMs = paidUntilMs;
    return 'served';
  }

  #learn(terms: LimitTerms): void {
    this.#known = terms;
    this.#networks = terms.networks.map(rangeOf);
    this.#buckets.clear();
  }

  #meet(client: Ipv4, { perSecond }: LimitTerms, nowMs: number): Bucket | undefined {
    const value = ipv4ToNumber(client);
    if (!this.#networks.some(({ first, last }) => value >= first && value <= last)) return undefined;
    if (this.#buckets.size >= MAX_CLIENTS) this.#makeRoom(nowMs);
    const isFree = perSecond === 0 || (value >= LOOPBACK.first && value <= LOOPBACK.last);
    const bucket = { paidUntilMs: nowMs, questionMs: isFree ? 0 : 1000 / perSecond };
    this.#buckets.set(client, bucket);
    return bucket;
  }

  /** Constant time: it looks on where it looked last. */
  #makeRoom(nowMs: number): void {
    let leaving: Ipv4 | undefined;
    let leastMs = Number.POSITIVE_INFINITY;
    for (let looks = 0; looks < MAX_LOOKS && leastMs > nowMs; looks++) {
      const [client, { paidUntilMs }] = this.#next();
      if (paidUntilMs >= leastMs) continue;
      leaving = client;
      leastMs = paidUntilMs;
    }
    if (leaving !== undefined) this.#buckets.delete(leaving);
  }

  /** Round and round. */
  #next(): [Ipv4, Bucket] {
    const { value } = this.#hand.next();
    if (value) return value;
    this.#hand = this.#buckets.entries();
    return this.#hand.next().value ?? NOBODY;
  }
}

/** Of an empty table. */
const NOBODY: [Ipv4, Bucket] = [UNSPECIFIED, { paidUntilMs: Number.POSITIVE_INFINITY, questionMs: 0 }];

/** Both ends belong to it. */
interface Range {
  readonly first: number;
  readonly last: number;
}

const LOOPBACK = rangeOf({ network: '127.0.0.0' as Ipv4, prefixBits: 8 });

function rangeOf({ network, prefixBits }: Subnet): Range {
  const first = ipv4ToNumber(network);
  return { first, last: first + 2 ** (32 - prefixBits) - 1 };
}
