/** Memory for answers that wait to leave: so much for all callers, and of it so much for each connection. */
import type { Soon } from '../core/content.ts';

/** In octets. Answers that are no octets of files are counted when they exist: what they may have beyond `files` keeps them going. */
export interface RoomBounds {
  readonly all: number;
  /** Octets of files, of all callers. */
  readonly files: number;
  /** The same, that one address asks for, by however many connections. */
  readonly source: number;
}

/** Readers that do not read hold seven eighths at most, and half of it where they have one address. */
export function boundsOf(all: number): RoomBounds {
  return { all, files: (all * 7) / 8, source: all / 2 };
}

/** An address, and what its connections have of the room. */
export interface Source {
  usedBytes: number;
}

/**
 * What all callers share. Whoever comes first is served first, and of those who wait each connection in its turn; who has all that an
 * address may have is passed by.
 */
export class Room {
  readonly #bounds: RoomBounds;
  /** Those that wait, each once. */
  readonly #queue = new Set<Share>();
  #usedBytes = 0;

  constructor(bounds: RoomBounds) {
    this.#bounds = bounds;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Whether somebody waits for what others have. */
  get isWanted(): boolean {
    for (const share of this.#queue) if (this.#mayHave(share.wantedBytes, share.source)) return true;
    return false;
  }

  /** Whether `bytes` are taken now. Nobody is passed by, but by who wants none: that asks whether there is any room. */
  take(bytes: number, source: Source): boolean {
    if ((bytes > 0 && this.#queue.size > 0) || !this.#mayHave(bytes, source) || !this.#fits(bytes)) return false;
    this.add(bytes, source);
    return true;
  }

  /** Of what exists already: there is no waiting for it. */
  add(bytes: number, source: Source): void {
    this.#usedBytes += bytes;
    source.usedBytes += bytes;
  }

  give(bytes: number, source: Source): void {
    this.#usedBytes -= bytes;
    source.usedBytes -= bytes;
    this.#serve();
  }

  wait(share: Share): void {
    this.#queue.add(share);
    this.#serve();
  }

  leave(share: Share): void {
    if (this.#queue.delete(share)) this.#serve();
  }

  /** What is more than all there is goes when there is nothing else. */
  #fits(bytes: number): boolean {
    const most = bytes > 0 ? this.#bounds.files : this.#bounds.all;
    return this.#usedBytes === 0 || this.#usedBytes + bytes <= most;
  }

  /** One piece always goes. */
  #mayHave(bytes: number, { usedBytes }: Source): boolean {
    return bytes === 0 || usedBytes === 0 || usedBytes + bytes <= this.#bounds.source;
  }

  /** Who is served and waits for more has come to the end of the queue by then. */
  #serve(): void {
    for (const share of this.#queue) {
      const { wantedBytes, source } = share;
      if (!this.#mayHave(wantedBytes, source)) continue;
      if (!this.#fits(wantedBytes)) return;
      this.#queue.delete(share);
      this.add(wantedBytes, source);
      share.served();
    }
  }
}

interface Waiting {
  readonly bytes: number;
  readonly goOn: (has: boolean) => void;
}

/** A connection's part of the room, with a bound of its own; one piece always goes, however large. */
export class Share {
  readonly source: Source;
  readonly #room: Room;
  readonly #maxBytes: number;
  readonly #waiting: Waiting[] = [];
  #heldBytes = 0;
  #isClosed = false;

  constructor(room: Room, maxBytes: number, source: Source) {
    this.#room = room;
    this.#maxBytes = maxBytes;
    this.source = source;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Of the one that waits first. */
  get wantedBytes(): number {
    return this.#waiting[0]?.bytes ?? 0;
  }

  /** True once `bytes` may be filled, false when it was closed before. 0 waits until nobody has more than he may. */
  take(bytes: number): Soon<boolean> {
    if (this.#isClosed) return false;
    if (this.#waiting.length === 0 && this.#fits(bytes) && this.#room.take(bytes, this.source)) {
      this.#heldBytes += bytes;
      return true;
    }
    return new Promise((resolve) => {
      this.#waiting.push({ bytes, goOn: resolve });
      this.#queueUp();
    });
  }

  /** Of what exists already. */
  add(bytes: number): void {
    this.#heldBytes += bytes;
    this.#room.add(bytes, this.source);
  }

  /** What was taken or added is free; of what has been settled nothing is given twice. */
  give(bytes: number): void {
    const given = Math.min(bytes, this.#heldBytes);
    this.#heldBytes -= given;
    this.#queueUp();
    this.#room.give(given, this.source);
  }

  /** By the room: the first that waits has what it wants. */
  served(): void {
    const first = this.#waiting.shift();
    if (!first) return;
    this.#heldBytes += first.bytes;
    first.goOn(true);
    this.#queueUp();
  }

  /** Nobody is there any longer who waits. What is held is given as it becomes free. */
  close(): void {
    this.#isClosed = true;
    this.#room.leave(this);
    for (const { goOn } of this.#waiting.splice(0)) goOn(false);
  }

  /** Nothing is under way any longer: what somebody forgot to give is free. */
  settle(): void {
    this.give(this.#heldBytes);
  }

  #queueUp(): void {
    if (this.#waiting.length > 0 && this.#fits(this.wantedBytes)) this.#room.wait(this);
  }

  #fits(bytes: number): boolean {
    return this.#heldBytes === 0 || this.#heldBytes + bytes <= this.#maxBytes;
  }
}
