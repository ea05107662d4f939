/** Open connections: how many there may be, and which makes room for a new one. */

/** Beyond the others, for this machine's own clients: the health check of a full server, an operator at its console. */
const MAX_OWN = 4;

export interface CrowdBounds {
  readonly max: number;
  /** From one address. A hall behind one address is one source, so this is most of `max`. */
  readonly maxPerSource: number;
  /** What is under way and makes no progress for so long makes room, when there is none. */
  readonly stalledMs: number;
}

/** What a connection is at. `new`: it has never asked anything; `idle`: it has, and has its answers; `busy`: one is under way. */
export type Standing = 'new' | 'idle' | 'busy';

/** A socket, as far as it is looked at here. */
export interface Peer {
  readonly remoteAddress?: string | undefined;
  readonly localAddress?: string | undefined;
  readonly bytesWritten: number;
  destroy(): unknown;
  once(event: 'close', then: () => void): unknown;
}

export interface CrowdMeans<Socket extends Peer, Kept> {
  readonly bounds: CrowdBounds;
  readonly now: () => number;
  /** What a connection is at first. */
  readonly first: Standing;
  /** What is kept of a connection; `move` is to be called with each answer that begins, each progress of one, and each end. */
  readonly keep: (socket: Socket, move: (to: Standing) => void) => Kept;
}

interface Entry<Socket, Kept> {
  readonly socket: Socket;
  readonly source: string;
  readonly kept: Kept;
  /** As long as it is open. */
  queue: Set<Entry<Socket, Kept>> | undefined;
  /** When it was admitted, or moved last. */
  movedAtMs: number;
}

/**
 * When it is full, a new connection takes the place of the one that has been without a question for longest, of those that never had
 * one before others; where all are being answered, of the one whose answer has stood still for longest, once that is `stalledMs`. A
 * source that has all it may have makes room among its own.
 */
export class Crowd<Socket extends Peer, Kept> {
  readonly #means: CrowdMeans<Socket, Kept>;
  readonly #open = new Map<Socket, Entry<Socket, Kept>>();
  readonly #perSource = new Map<string, number>();
  /** Each in the order in which they moved last. */
  readonly #queues: Readonly<Record<Standing, Set<Entry<Socket, Kept>>>> = {
    new: new Set(),
    idle: new Set(),
    busy: new Set(),
  };
  /** By those that are closed. */
  #sentBytes = 0;

  constructor(means: CrowdMeans<Socket, Kept>) {
    this.#means = means;
  }

  get count(): number {
    return this.#open.size;
  }

  /** Octets that all connections took, those of before too. */
  get sentBytes(): number {
    let sentBytes = this.#sentBytes;
    for (const socket of this.#open.keys()) sentBytes += socket.bytesWritten;
    return sentBytes;
  }

  countOf(standing: Standing): number {
    return this.#queues[standing].size;
  }

  /** Those without progress for longest come first. */
  *all(standing: Standing): Iterable<Kept> {
    for (const { kept } of this.#queues[standing]) yield kept;
  }

  /** False when nobody makes room: the new one has been closed. */
  admit(socket: Socket): boolean {
    const { max, maxPerSource } = this.#means.bounds;
    const source = socket.remoteAddress ?? '';
    const isCrowded = (this.#perSource.get(source) ?? 0) >= maxPerSource;
    // Nobody else comes from the address that was reached: the kernel drops what claims so from outside.
    const isOwn = source === socket.localAddress;
    const isFull = this.count >= max + (isOwn ? MAX_OWN : 0);
    const hasRoom = isCrowded ? this.#makeRoom(source) : !isFull || this.#makeRoom();
    if (hasRoom) this.#add(socket, source);
    else socket.destroy();
    return hasRoom;
  }

  of(socket: Socket): Kept | undefined {
    return this.#open.get(socket)?.kept;
  }

  /** Cuts all of them, whatever they are in the middle of. */
  closeAll(): void {
    for (const entry of [...this.#open.values()]) this.#cut(entry);
  }

  /** Cuts one, of `source` where it is given. */
  #makeRoom(source?: string): boolean {
    const isMeant = (entry: Entry<Socket, Kept>): boolean => source === undefined || entry.source === source;
    const latest = this.#means.now() - this.#means.bounds.stalledMs;
    const leaving =
      first(this.#queues.new, isMeant) ??
      first(this.#queues.idle, isMeant) ??
      first(this.#queues.busy, (entry) => isMeant(entry) && entry.movedAtMs <= latest);
    if (leaving) this.#cut(leaving);
    return leaving !== undefined;
  }

  #add(socket: Socket, source: string): void {
    const { now, keep, first: standing } = this.#means;
    const kept = keep(socket, (to) => this.#move(entry, this.#queues[to]));
    const entry: Entry<Socket, Kept> = { socket, source, kept, queue: this.#queues[standing], movedAtMs: now() };
    this.#open.set(socket, entry);
    this.#perSource.set(source, (this.#perSource.get(source) ?? 0) + 1);
    this.#queues[standing].add(entry);
    socket.once('close', () => this.#forget(entry));
  }

  #cut(entry: Entry<Socket, Kept>): void {
    this.#forget(entry);
    entry.socket.destroy();
  }

  #forget(entry: Entry<Socket, Kept>): void {
    if (!this.#open.delete(entry.socket)) return;
    this.#sentBytes += entry.socket.bytesWritten;
    entry.queue?.delete(entry);
    entry.queue = undefined;
    const left = (this.#perSource.get(entry.source) ?? 1) - 1;
    if (left > 0) this.#perSource.set(entry.source, left);
    else this.#perSource.delete(entry.source);
  }

  /** To the end of `to`. One that was forgotten stays out. */
  #move(entry: Entry<Socket, Kept>, to: Set<Entry<Socket, Kept>>): void {
    if (!entry.queue) return;
    entry.queue.delete(entry);
    entry.queue = to;
    entry.movedAtMs = this.#means.now();
    to.add(entry);
  }
}

function first<Each>(entries: Iterable<Each>, isMeant: (entry: Each) => boolean): Each | undefined {
  for (const entry of entries) if (isMeant(entry)) return entry;
  return undefined;
}
