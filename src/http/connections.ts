/** Every open connection: how many there may be, and which makes room for a new one. */
import type { Socket } from 'node:net';
import type { Traffic } from '../core/swarm.ts';
import { Connection } from './connection.ts';

/** Beyond the others, for this machine's own clients: the health check of a full server, an operator at its console. */
const MAX_OWN = 4;

export interface ConnectionBounds {
  readonly max: number;
  /** From one address. A hall behind one address is one source, so this is most of `max`. */
  readonly maxPerSource: number;
  /** An answer without progress for so long makes room, when there is none. */
  readonly stalledMs: number;
}

interface Entry {
  readonly socket: Socket;
  readonly source: string;
  readonly connection: Connection;
  /** `#idle` or `#busy`, as long as it is open. */
  queue: Set<Entry> | undefined;
  /** When it was admitted, its answer began, or the last piece of it left. */
  movedAtMs: number;
}

/**
 * When it is full, a new connection takes the place of the one that has been without a request for longest; where all
 * are being answered, of the one whose answer has stood still for longest, once that is `stalledMs`. A source that has
 * all it may have makes room among its own.
 */
export class Connections {
  readonly #open = new Map<Socket, Entry>();
  readonly #perSource = new Map<string, number>();
  /** In the order in which they fell idle; those not asked anything yet are among them. */
  readonly #idle = new Set<Entry>();
  /** In the order of their last progress. */
  readonly #busy = new Set<Entry>();
  readonly #bounds: ConnectionBounds;
  readonly #now: () => number;
  /** By those that are closed. */
  #sentBytes = 0;
  constructor(bounds: ConnectionBounds, now: () => number) {
    this.#bounds = bounds;
    this.#now = now;
  }

  get count(): number {
    return this.#open.size;
  }

  /** Answers under way, and octets that all connections took, those of before too. */
  traffic(): Traffic {
    let sentBytes = this.#sentBytes;
    for (const socket of this.#open.keys()) sentBytes += socket.bytesWritten;
    return { transfers: this.#busy.size, sentBytes };
  }

  /** False when nobody makes room: the new one has been closed. */
  admit(socket: Socket): boolean {
    const source = socket.remoteAddress ?? '';
    const isCrowded = (this.#perSource.get(source) ?? 0) >= this.#bounds.maxPerSource;
    // Nobody else comes from the address that was reached: the kernel drops what claims so from outside.
    const isOwn = source === socket.localAddress;
    const isFull = this.count >= this.#bounds.max + (isOwn ? MAX_OWN : 0);
    const hasRoom = isCrowded ? this.#makeRoom(source) : !isFull || this.#makeRoom();
    if (hasRoom) this.#add(socket, source);
    else socket.destroy();
    return hasRoom;
  }

  of(socket: Socket): Connection | undefined {
    return this.#open.get(socket)?.connection;
  }

  /** Cuts all of them, whatever they are in the middle of. */
  closeAll(): void {
    for (const entry of [...this.#open.values()]) this.#cut(entry);
  }

  /** Cuts one, of `source` where it is given. */
  #makeRoom(source?: string): boolean {
    const isMeant = (entry: Entry): boolean => source === undefined || entry.source === source;
    const latest = this.#now() - this.#bounds.stalledMs;
    const leaving =
      first(this.#idle, isMeant) ?? first(this.#busy, (entry) => isMeant(entry) && entry.movedAtMs <= latest);
    if (leaving) this.#cut(leaving);
    return leaving !== undefined;
  }

  #add(socket: Socket, source: string): void {
    const connection = new Connection(socket, (isBusy) => this.#move(entry, isBusy ? this.#busy : this.#idle));
    const entry: Entry = { socket, source, connection, queue: this.#idle, movedAtMs: this.#now() };
    this.#open.set(socket, entry);
    this.#perSource.set(source, (this.#perSource.get(source) ?? 0) + 1);
    this.#idle.add(entry);
    socket.once('close', () => this.#forget(entry));
  }

  #cut(entry: Entry): void {
    this.#forget(entry);
    entry.socket.destroy();
  }

  #forget(entry: Entry): void {
    if (!this.#open.delete(entry.socket)) return;
    this.#sentBytes += entry.socket.bytesWritten;
    entry.queue?.delete(entry);
    entry.queue = undefined;
    const left = (this.#perSource.get(entry.source) ?? 1) - 1;
    if (left > 0) this.#perSource.set(entry.source, left);
    else this.#perSource.delete(entry.source);
  }

  /** To the end of `to`. One that was forgotten stays out. */
  #move(entry: Entry, to: Set<Entry>): void {
    if (!entry.queue) return;
    entry.queue.delete(entry);
    entry.queue = to;
    entry.movedAtMs = this.#now();
    to.add(entry);
  }
}

function first(entries: Iterable<Entry>, isMeant: (entry: Entry) => boolean): Entry | undefined {
  for (const entry of entries) if (isMeant(entry)) return entry;
  return undefined;
}
