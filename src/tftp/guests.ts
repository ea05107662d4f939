/** Who is being served: one transfer for each client port, a bounded number of them, and who has to go when it is full. */
import type { Endpoint, Ipv4 } from '../core/addr.ts';
import { isSame } from '../core/bytes.ts';

export interface Asking {
  /** The address that the client used. */
  readonly local: Ipv4;
  readonly client: Endpoint;
  /** The datagram, to know a repeat by. */
  readonly request: Uint8Array;
  /** The first answer is larger than the request: data, where options would have to be agreed on before. */
  readonly isCostly: boolean;
}

export interface Guest extends Asking {
  /** The last answer of the client; undefined: none yet, its address may be forged. */
  readonly heardAtMs: number | undefined;
  readonly askedAtMs: number;
}

export interface GuestLimits {
  readonly maxTransfers: number;
  readonly maxPerSource: number;
  /** Of those that cost more than they ask and have not answered: who forges a source has no more sent to it. */
  readonly maxUnheardPerSource: number;
}

export type Admission<G> =
  | { readonly kind: 'admit'; readonly leaving?: undefined }
  /** `leaving` makes room, or is replaced. */
  | { readonly kind: 'admit'; readonly leaving: G; readonly reason: 'superseded' | 'evicted' }
  | { readonly kind: 'ignore'; readonly reason: 'repeated-request' | 'source-limit' | 'unheard-limit' | 'all-busy' };

/**
 * A client that answered does not ask the same again, unless it was restarted: ROMs with a fixed port then come from
 * the same one. A request that the network doubled comes sooner.
 */
const RESTART_AFTER_MS = 1000;
/** Who has not answered by then may make room for another that costs as much. */
const UNHEARD_MS = 1000;

export class GuestTable<G extends Guest> {
  /** In the order of arrival. */
  readonly #guests = new Map<string, G>();
  readonly #bySource = new Map<Ipv4, number>();
  /** By source, in the order of arrival: the costly ones that had not answered at the last look. */
  readonly #unheard = new Map<Ipv4, Set<G>>();

  get size(): number {
    return this.#guests.size;
  }

  all(): readonly G[] {
    return [...this.#guests.values()];
  }

  /**
   * What to do with a request. Where it is full, the oldest of those goes that never answered; where all did, the new
   * one is not answered either: an ERROR would end its boot, in silence it asks again.
   */
  admit(asking: Asking, limits: GuestLimits, nowMs: number): Admission<G> {
    const known = this.#guests.get(keyOf(asking));
    if (known) {
      return isRepeated(known, asking.request, nowMs)
        ? { kind: 'ignore', reason: 'repeated-request' }
        : { kind: 'admit', leaving: known, reason: 'superseded' };
    }
    const source = asking.client.address;
    if ((this.#bySource.get(source) ?? 0) >= limits.maxPerSource) {
      return this.#evict((guest) => guest.client.address === source, 'source-limit');
    }
    if (asking.isCostly) {
      const unheard = this.#stillUnheard(source);
      const [oldest] = unheard;
      if (oldest && unheard.size >= limits.maxUnheardPerSource) {
        return nowMs - oldest.askedAtMs < UNHEARD_MS
          ? { kind: 'ignore', reason: 'unheard-limit' }
          : { kind: 'admit', leaving: oldest, reason: 'evicted' };
      }
    }
    if (this.#guests.size >= limits.maxTransfers) return this.#evict(() => true, 'all-busy');
    return { kind: 'admit' };
  }

  add(guest: G): void {
    this.#guests.set(keyOf(guest), guest);
    const source = guest.client.address;
    this.#count(source, 1);
    if (!guest.isCostly) return;
    const unheard = this.#unheard.get(source);
    if (unheard) unheard.add(guest);
    else this.#unheard.set(source, new Set([guest]));
  }

  /** Idempotent: a guest that was replaced does not take its successor along. */
  remove(guest: G): void {
    if (this.#guests.get(keyOf(guest)) !== guest) return;
    this.#guests.delete(keyOf(guest));
    const source = guest.client.address;
    this.#count(source, -1);
    const unheard = this.#unheard.get(source);
    unheard?.delete(guest);
    if (unheard?.size === 0) this.#unheard.delete(source);
  }

  #stillUnheard(source: Ipv4): ReadonlySet<G> {
    const unheard = this.#unheard.get(source) ?? new Set();
    for (const guest of unheard) if (guest.heardAtMs !== undefined) unheard.delete(guest);
    return unheard;
  }

  #evict(mayLeave: (guest: G) => boolean, reason: 'source-limit' | 'all-busy'): Admission<G> {
    for (const guest of this.#guests.values()) {
      if (guest.heardAtMs === undefined && mayLeave(guest)) return { kind: 'admit', leaving: guest, reason: 'evicted' };
    }
    return { kind: 'ignore', reason };
  }

  #count(source: Ipv4, change: 1 | -1): void {
    const count = (this.#bySource.get(source) ?? 0) + change;
    if (count > 0) this.#bySource.set(source, count);
    else this.#bySource.delete(source);
  }
}

function isRepeated(known: Guest, request: Uint8Array, nowMs: number): boolean {
  if (!isSame(known.request, request)) return false;
  return known.heardAtMs === undefined || nowMs - known.heardAtMs <= RESTART_AFTER_MS;
}

function keyOf({ local, client }: Asking): string {
  return `${local} ${client.address} ${client.port}`;
}
