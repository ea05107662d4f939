/** Whose turn it is to send an origin content: many may want to, a part of the connections is for that, and of this each client has its share. */

export interface ShareLimits {
  readonly maxPerOrigin: number;
  readonly maxPerClient: number;
  readonly maxInAll: number;
  readonly maxWaiting: number;
  readonly maxWaitingPerClient: number;
}

/** Whose it is. */
export interface Sharer {
  /** As all say who ask the same one. */
  readonly origin: string;
  readonly client: string;
}

interface Waiting extends Sharer {
  readonly onTurn: () => void;
}

type Leave = () => void;

export class Shares {
  readonly #limits: ShareLimits;
  readonly #origins = new Counts();
  readonly #clients = new Counts();
  readonly #waiting = new Set<Waiting>();
  readonly #waitingClients = new Counts();
  #taken = 0;

  constructor(limits: ShareLimits) {
    this.#limits = limits;
  }

  /** Calls `onTurn` once, at once perhaps. The result: it has had its turn, or wants none. Nothing where too many wait already. */
  take({ origin, client }: Sharer, onTurn: () => void): Leave | undefined {
    const one: Waiting = { origin, client, onTurn };
    const { maxWaiting, maxWaitingPerClient } = this.#limits;
    if (this.#mayTake(one)) {
      this.#count(one);
      onTurn();
    } else if (this.#waiting.size < maxWaiting && this.#waitingClients.of(client) < maxWaitingPerClient) {
      this.#waiting.add(one);
      this.#waitingClients.add(client, 1);
    } else return undefined;
    let hasLeft = false;
    return () => {
      if (hasLeft) return;
      hasLeft = true;
      if (!this.#unwait(one)) this.#free(one);
    };
  }

  #mayTake({ origin, client }: Sharer): boolean {
    const { maxPerOrigin, maxPerClient, maxInAll } = this.#limits;
    const isRoom = this.#taken < maxInAll && this.#origins.of(origin) < maxPerOrigin;
    return isRoom && this.#clients.of(client) < maxPerClient;
  }

  #count({ origin, client }: Sharer): void {
    this.#taken += 1;
    this.#origins.add(origin, 1);
    this.#clients.add(client, 1);
  }

  #unwait(one: Waiting): boolean {
    if (!this.#waiting.delete(one)) return false;
    this.#waitingClients.add(one.client, -1);
    return true;
  }

  /** What one had is for the client that has least; for who has waited longest, where several have the same. */
  #free({ origin, client }: Sharer): void {
    this.#taken -= 1;
    this.#origins.add(origin, -1);
    this.#clients.add(client, -1);
    let next: Waiting | undefined;
    for (const one of this.#waiting) {
      const hasLess = !next || this.#clients.of(one.client) < this.#clients.of(next.client);
      if (hasLess && this.#mayTake(one)) next = one;
    }
    if (!next) return;
    this.#unwait(next);
    this.#count(next);
    next.onTurn();
  }
}

/** Forgets what there is none of. */
class Counts {
  readonly #counts = new Map<string, number>();

  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  add(key: string, change: 1 | -1): void {
    const count = this.of(key) + change;
    if (count > 0) this.#counts.set(key, count);
    else this.#counts.delete(key);
  }
}
