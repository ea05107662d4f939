/** Questions that upstreams are being asked, and who waits for each: one question upstream, however many ask it here. RFC 5452 §5. */
import { type Ipv4, LOOPBACK } from '../core/addr.ts';
import type { Asker } from './doors.ts';
import type { Query } from './query.ts';
import type { Reply } from './reply.ts';

/** In all; and how many clients may wait for their answers together. */
const MAX_PENDING = 8192;
const MAX_WAITING = 16_384;
/** Of one client: names that nobody answers for must not take the place of others'. This machine asks for all its programs. */
const MAX_OF_CLIENT = 512;

export interface Waiting {
  readonly query: Query;
  readonly asker: Asker;
}

export interface Pending {
  readonly key: string;
  waiting: readonly Waiting[];
  /** What those who wait get if nobody answers, once there is somebody to get it. */
  stale?: Reply;
  /** Ends what was to happen if it takes long. */
  cancel?: () => void;
  /** It takes long: who comes now gets what there is at once. */
  isLate?: boolean;
  /** Asked on terms that hold no more: its answer is for those alone who wait for it. */
  isOutdated?: boolean;
}

interface Crowd extends Pending {
  waiting: Waiting[];
}

export class PendingTable {
  readonly #byKey = new Map<string, Crowd>();
  readonly #byClient = new Map<Ipv4, number>();
  #waiting = 0;

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): Pending | undefined {
    return this.#byKey.get(key);
  }

  /** Without an asker: for the cache alone, and only while there is plenty of room. Nothing where there is none. */
  open(key: string, query?: Query, asker?: Asker): Pending | undefined {
    const crowd: Crowd = { key, waiting: [] };
    if (this.#byKey.size >= (asker ? MAX_PENDING : MAX_PENDING / 2)) return undefined;
    if (query && asker && !this.join(crowd, query, asker)) return undefined;
    this.#byKey.set(key, crowd);
    return crowd;
  }

  join(pending: Pending, query: Query, asker: Asker): boolean {
    const { client } = asker;
    const held = this.#byClient.get(client) ?? 0;
    if (this.#waiting >= MAX_WAITING || (held >= MAX_OF_CLIENT && client !== LOOPBACK)) return false;
    this.#byClient.set(client, held + 1);
    this.#waiting += 1;
    (pending as Crowd).waiting.push({ query, asker });
    return true;
  }

  /** They wait no longer; the question goes on. */
  leave(pending: Pending): readonly Waiting[] {
    const { waiting } = pending;
    pending.waiting = [];
    this.#release(waiting);
    return waiting;
  }

  /** The question is over, and those who wait may ask others. */
  close(pending: Pending): void {
    if (this.#byKey.get(pending.key) === pending) this.#byKey.delete(pending.key);
    this.#release(pending.waiting);
  }

  /** The terms have changed: who waits goes on waiting, who comes now asks anew. */
  outdate(): void {
    for (const crowd of this.#byKey.values()) crowd.isOutdated = true;
    this.#byKey.clear();
  }

  #release(waiting: readonly Waiting[]): void {
    this.#waiting -= waiting.length;
    for (const { asker } of waiting) {
      const left = (this.#byClient.get(asker.client) ?? 1) - 1;
      if (left > 0) this.#byClient.set(asker.client, left);
      else this.#byClient.delete(asker.client);
    }
  }
}
