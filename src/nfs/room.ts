/** Memory for answers that wait to leave: so much for all callers, and of it so much for each connection. */
import type { Soon } from '../core/content.ts';

/** What all callers share. Whoever comes first is served first, and of those who wait each connection in its turn. */
export class Room {
  readonly #maxBytes: number;
  /** Those that wait, each once. */
  readonly #queue = new Set<Share>();
  #usedBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Whether somebody waits for what others have. */
  get isWanted(): boolean {
    return this.#queue.size > 0;
  }

  /** Whether `bytes` are taken now: nobody is passed by. */
  take(bytes: number): boolean {
    if (this.isWanted || !this.#fits(bytes)) return false;
    this.#usedBytes += bytes;
    return true;
  }

  /** Of what exists already: there is no waiting for it. */
  add(bytes: number): void {
    this.#usedBytes += bytes;
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes;
    this.#serve();
  }

  wait(share: Share): void {
    this.#queue.add(share);
  }

  leave(share: Share): void {
    if (this.#queue.delete(share)) this.#serve();
  }

  /** What is more than all there is goes when there is nothing else. */
  #fits(bytes: number): boolean {
    return this.#usedBytes === 0 || this.#usedBytes + bytes <= this.#maxBytes;
  }

  /** Who is served and waits for more has come to the end of the queue by then. */
  #serve(): void {
    for (const share of this.#queue) {
      if (!this.#fits(share.wantedBytes)) return;
      this.#queue.delete(share);
      this.#usedBytes += share.wantedBytes;
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
  readonly #room: Room;
  readonly #maxBytes: number;
  readonly #waiting: Waiting[] = [];
  #heldBytes = 0;
  #isClosed = false;

  constructor(room: Room, maxBytes: number) {
    this.#room = room;
    this.#maxBytes = maxBytes;
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
    if (this.#waiting.length === 0 && this.#fits(bytes) && this.#room.take(bytes)) {
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
    this.#room.add(bytes);
  }

  /** What was taken or added is free; of what has been settled nothing is given twice. */
  give(bytes: number): void {
    const given = Math.min(bytes, this.#heldBytes);
    this.#heldBytes -= given;
    this.#queueUp();
    this.#room.give(given);
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
