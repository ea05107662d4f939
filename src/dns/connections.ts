/** All open connections: how many there may be, and which goes when another comes. RFC 7766 §6.2.2, §6.2.3. */
import type { Ipv4 } from '../core/addr.ts';
import type { Connection } from './connection.ts';

/** Without a question. Unbound's and BIND's are 30 s; those that come back pay one round trip in the hall. */
const IDLE_MS = 10_000;
/** When more than half of all places are taken. */
const CROWDED_IDLE_MS = 5000;

export interface Bounds {
  readonly max: number;
  /** From one address. */
  readonly maxPerClient: number;
}

/** A silent client keeps nobody out, and one address not the others. */
export class Connections {
  readonly #bounds: Bounds;
  /** Without a question, and with one; those longest at it first. */
  readonly #idle = new Set<Connection>();
  readonly #busy = new Set<Connection>();
  readonly #perClient = new Map<Ipv4, number>();

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  get count(): number {
    return this.#idle.size + this.#busy.size;
  }

  /**
   * Whether there is room for one of `client` now. The one that has been idle for longest makes it, among its own where the
   * client has all that it may; where all are busy, the one that has waited for longest, but none of a client's own.
   */
  makeRoomFor(client: Ipv4): boolean {
    const isCrowded = (this.#perClient.get(client) ?? 0) >= this.#bounds.maxPerClient;
    if (!isCrowded && this.count < this.#bounds.max) return true;
    const leaving = isCrowded ? firstOf(client, this.#idle) : (first(this.#idle) ?? first(this.#busy));
    if (leaving) this.#close(leaving);
    return leaving !== undefined;
  }

  add(connection: Connection): void {
    this.#idle.add(connection);
    this.#perClient.set(connection.client, (this.#perClient.get(connection.client) ?? 0) + 1);
  }

  /** To the end of its queue. One that was forgotten stays out. */
  move(connection: Connection, isBusy: boolean): void {
    if (this.#leave(connection)) (isBusy ? this.#busy : this.#idle).add(connection);
  }

  forget(connection: Connection): void {
    if (!this.#leave(connection)) return;
    const left = (this.#perClient.get(connection.client) ?? 1) - 1;
    if (left > 0) this.#perClient.set(connection.client, left);
    else this.#perClient.delete(connection.client);
  }

  closeOverdue(nowMs: number): void {
    const idleMs = this.count * 2 > this.#bounds.max ? CROWDED_IDLE_MS : IDLE_MS;
    for (const connection of this.#all()) if (connection.isOverdue(nowMs, idleMs)) this.#close(connection);
  }

  closeAll(): void {
    for (const connection of this.#all()) this.#close(connection);
  }

  #all(): readonly Connection[] {
    return [...this.#idle, ...this.#busy];
  }

  #leave(connection: Connection): boolean {
    return this.#idle.delete(connection) || this.#busy.delete(connection);
  }

  #close(connection: Connection): void {
    this.forget(connection);
    connection.close();
  }
}

function first(connections: ReadonlySet<Connection>): Connection | undefined {
  for (const connection of connections) return connection;
  return undefined;
}

function firstOf(client: Ipv4, connections: ReadonlySet<Connection>): Connection | undefined {
  for (const connection of connections) if (connection.client === client) return connection;
  return undefined;
}
