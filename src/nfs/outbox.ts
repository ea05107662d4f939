/** What leaves by one connection: answers in order, cut into writes, so that each write that is done tells how the other end gets on. */
import { part } from '../core/bytes.ts';
import type { Tail } from './rpc.ts';
import { fillOf } from './xdr.ts';

export interface OutboxMeans {
  /** Hands `pieces` to the kernel in one write, and calls back when it has all of them; never before it returns. */
  readonly write: (pieces: readonly Uint8Array[], done: () => void) => void;
  readonly now: () => number;
  /** A write is done. */
  readonly onMove: () => void;
}

/** Of one write: the largest READ with what stands in front of it leaves in one, which costs least. */
const MAX_WRITE_BYTES = (1 << 20) + (64 << 10);
const MIN_WRITE_BYTES = 64 << 10;
const FIRST_WRITE_BYTES = 256 << 10;
/** A write that takes longer tells too late how a client gets on: the next ones are smaller. */
const SLOW_MS = 1000;
/** Pieces up to this are copied together: a view more costs as much. */
const SMALL_BYTES = 2048;
const FILL = new Uint8Array(3);

export class Outbox {
  readonly #means: OutboxMeans;
  /** Octets, and what is to be called when all in front of it have left. */
  #queue: (Uint8Array | (() => void))[] = [];
  /** Of the write that is under way. */
  #leaving: readonly (() => void)[] = [];
  #isWriting = false;
  #isClosed = false;
  #unsentBytes = 0;
  #writeBytes = FIRST_WRITE_BYTES;
  #movedAtMs: number;

  constructor(means: OutboxMeans) {
    this.#means = means;
    this.#movedAtMs = means.now();
  }

  /** Octets that the kernel hasn't taken. */
  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /** How long the other end has taken nothing of what waits for it; 0 where nothing waits. */
  get stillMs(): number {
    return this.#unsentBytes > 0 ? this.#means.now() - this.#movedAtMs : 0;
  }

  put(record: Uint8Array, tail?: Tail): void {
    if (this.#isClosed) {
      tail?.release();
      return;
    }
    this.#add(record);
    if (!tail) return;
    for (const view of tail.views) this.#add(view);
    if (fillOf(tail.bytes) > 0) this.#add(part(FILL, 0, fillOf(tail.bytes)));
    this.#queue.push(tail.release);
  }

  /** Calls `then` when all that was put has left, or never will. */
  whenLeft(then: () => void): void {
    if (this.#unsentBytes === 0) then();
    else this.#queue.push(then);
  }

  /** Begins the next write, unless one is under way. */
  flush(): void {
    if (this.#isWriting || this.#isClosed || this.#queue.length === 0) return;
    const { pieces, bytes, leaving } = this.#next();
    // All octets had left before they were waited for.
    if (bytes === 0) {
      callAll(leaving);
      return;
    }
    this.#leaving = leaving;
    this.#isWriting = true;
    const startMs = this.#means.now();
    this.#means.write(joined(pieces), () => this.#done(bytes, startMs));
  }

  /** Nothing leaves any longer. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const lost = [...this.#leaving, ...this.#queue.filter((item) => typeof item === 'function')];
    this.#leaving = [];
    this.#queue = [];
    this.#unsentBytes = 0;
    callAll(lost);
  }

  #add(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.#unsentBytes === 0) this.#movedAtMs = this.#means.now();
    this.#queue.push(bytes);
    this.#unsentBytes += bytes.length;
  }

  /** Takes out what the next write has room for. */
  #next(): { readonly pieces: Uint8Array[]; readonly bytes: number; readonly leaving: (() => void)[] } {
    const pieces: Uint8Array[] = [];
    const leaving: (() => void)[] = [];
    let bytes = 0;
    let taken = 0;
    for (const item of this.#queue) {
      if (typeof item === 'function') leaving.push(item);
      else if (bytes === this.#writeBytes) break;
      else {
        const count = Math.min(item.length, this.#writeBytes - bytes);
        bytes += count;
        pieces.push(count === item.length ? item : part(item, 0, count));
        if (count < item.length) {
          this.#queue[taken] = part(item, count, item.length - count);
          break;
        }
      }
      taken += 1;
    }
    this.#queue = taken === this.#queue.length ? [] : this.#queue.slice(taken);
    return { pieces, bytes, leaving };
  }

  #done(bytes: number, startMs: number): void {
    if (this.#isClosed) return;
    const nowMs = this.#means.now();
    const isSlow = nowMs - startMs > SLOW_MS;
    this.#writeBytes = isSlow
      ? Math.max(MIN_WRITE_BYTES, Math.floor(this.#writeBytes / 4))
      : Math.min(MAX_WRITE_BYTES, this.#writeBytes * 2);
    this.#unsentBytes -= bytes;
    this.#movedAtMs = nowMs;
    this.#isWriting = false;
    const left = this.#leaving;
    this.#leaving = [];
    callAll(left);
    this.flush();
    this.#means.onMove();
  }
}

function callAll(each: readonly (() => void)[]): void {
  for (const call of each) call();
}

/** The same octets, small pieces that stand together copied into one. */
function joined(pieces: readonly Uint8Array[]): readonly Uint8Array[] {
  const out: Uint8Array[] = [];
  let small: Uint8Array[] = [];
  for (const piece of pieces) {
    if (piece.length <= SMALL_BYTES) small.push(piece);
    else {
      out.push(...whole(small), piece);
      small = [];
    }
  }
  out.push(...whole(small));
  return out;
}

function whole(pieces: readonly Uint8Array[]): readonly Uint8Array[] {
  return pieces.length > 1 ? [Buffer.concat(pieces)] : pieces;
}
