/**
 * Answers that were given before: bounded by number and octets. Two queues: who is new is on probation in a short one, and gets into the
 * long one if it was told again before its turn came. So a flood of names that nobody asks for twice passes through a tenth of the room,
 * and what is popular stays. Nothing is reordered when an answer is told. RFC 1035 §7.3, RFC 8767; Yang et al., "FIFO queues are all you
 * need for cache eviction", SOSP 2023.
 */
import { Queue, type Slot } from './queue.ts';
import type { Reply } from './reply.ts';

export interface Entry {
  readonly reply: Reply;
  /** By `Clock.now`. */
  readonly keptAtMs: number;
  /** From then on it is stale. */
  readonly freshUntilMs: number;
  /** How often it was told since it was kept; counted by `DnsCache.get`. */
  readonly uses: number;
  /** RFC 8914's code that goes along: filtered, blocked. */
  readonly ede: number | undefined;
}

export interface CacheLimits {
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** How long stale answers are kept beyond their end, for when no upstream answers; 0: not at all. RFC 8767 §5: 1 to 3 days at most. */
  readonly staleMs: number;
}

export interface CacheCounts {
  /** Those that are beyond their stale time count until somebody asks for them or their room is needed. */
  readonly entries: number;
  /** Of memory, all told. */
  readonly bytes: number;
  /** Entries that had to go before their time. */
  readonly evicted: number;
}

export interface Terms {
  readonly nowMs: number;
  readonly keepMs: number;
  readonly ede?: number | undefined;
}

/** Measured: the entry, its objects and its place in the map take so much beside octets and key. */
const ENTRY_BYTES = 800;
/** Each record's TTL and its place, in two lists. */
const RECORD_BYTES = 16;
/** Of the room, for those on probation. Taste of the paper: a tenth. */
const PROBATION_SHARE = 0.1;

export class DnsCache {
  readonly #limits: CacheLimits;
  readonly #slots = new Map<string, Slot>();
  readonly #probation = new Queue();
  readonly #proven = new Queue();
  #evicted = 0;

  constructor(limits: CacheLimits) {
    this.#limits = limits;
  }

  /** Fresh or stale; what is beyond its stale time is gone. Constant time. The entry counts on while it is kept. */
  get(key: string, nowMs: number): Entry | undefined {
    const slot = this.#slots.get(key);
    if (slot === undefined) return undefined;
    if (this.#isGone(slot, nowMs)) {
      this.#forget(slot);
      return undefined;
    }
    slot.uses += 1;
    slot.isTold = true;
    return slot;
  }

  /** `keepMs` 0 or less: forgotten instead; so is what has no room even in an empty cache. */
  put(key: string, reply: Reply, { nowMs, keepMs, ede }: Terms): void {
    const known = this.#slots.get(key);
    if (known) this.#forget(known);
    const bytes = sizeOf(key, reply);
    if (!(keepMs > 0) || bytes > this.#limits.maxBytes || this.#limits.maxEntries < 1) return;
    this.#makeRoom(bytes, nowMs);
    // Written out: of a spread the runtime makes two objects, and keeps the larger part of this one outside of it.
    const slot: Slot = {
      key,
      bytes,
      reply: ownOctets(reply),
      ede,
      keptAtMs: nowMs,
      freshUntilMs: nowMs + keepMs,
      uses: 0,
      // What was told before its answer ended is as popular with its next one.
      isTold: known?.isTold ?? false,
      queue: known?.queue ?? this.#probation,
      newer: undefined,
      older: undefined,
    };
    this.#slots.set(key, slot);
    slot.queue.push(slot);
  }

  clear(): void {
    this.#slots.clear();
    this.#probation.clear();
    this.#proven.clear();
  }

  get counts(): CacheCounts {
    const bytes = this.#probation.bytes + this.#proven.bytes;
    return { entries: this.#slots.size, bytes, evicted: this.#evicted };
  }

  #isGone(slot: Slot, nowMs: number): boolean {
    return nowMs >= slot.freshUntilMs + this.#limits.staleMs;
  }

  #forget(slot: Slot): void {
    this.#slots.delete(slot.key);
    slot.queue.remove(slot);
  }

  /** Each turn ends an entry or takes a mark that a question has put there: no more turns in all than answers told. */
  #makeRoom(bytes: number, nowMs: number): void {
    const { maxEntries, maxBytes } = this.#limits;
    while (this.#slots.size >= maxEntries || this.#probation.bytes + this.#proven.bytes + bytes > maxBytes) {
      const slot = this.#next();
      if (slot === undefined) return;
      if (this.#isGone(slot, nowMs)) this.#forget(slot);
      else if (slot.isTold) this.#prove(slot);
      else {
        this.#forget(slot);
        this.#evicted += 1;
      }
    }
  }

  /** Whose turn it is: the oldest of those on probation while they have more than their share, else the oldest of the others. */
  #next(): Slot | undefined {
    const { maxEntries, maxBytes } = this.#limits;
    const { size, bytes, oldest } = this.#probation;
    const isOver = size > maxEntries * PROBATION_SHARE || bytes > maxBytes * PROBATION_SHARE;
    return isOver ? oldest : (this.#proven.oldest ?? oldest);
  }

  #prove(slot: Slot): void {
    slot.queue.remove(slot);
    slot.isTold = false;
    slot.queue = this.#proven;
    this.#proven.push(slot);
  }
}

/** Told so often since it was kept that somebody will ask for it again. */
const POPULAR_USES = 3;
/** An answer of so short a life is asked for often in any case. */
const MIN_LIFE_MS = 10_000;
/** unbound: the last tenth of its life. Of the shorter lives: time enough to ask. */
const LAST_SHARE = 0.1;
const LAST_MS = 3000;

/** Whether it is worth asking for again before it ends: told often, and little of its time left. */
export function isDueForPrefetch({ uses, keptAtMs, freshUntilMs }: Entry, nowMs: number): boolean {
  if (uses < POPULAR_USES || nowMs >= freshUntilMs) return false;
  const lifeMs = freshUntilMs - keptAtMs;
  return lifeMs >= MIN_LIFE_MS && freshUntilMs - nowMs <= Math.max(lifeMs * LAST_SHARE, LAST_MS);
}

function sizeOf(key: string, { bytes, ttlsAt }: Reply): number {
  return ENTRY_BYTES + key.length + bytes.length + ttlsAt.length * RECORD_BYTES;
}

/** A small packet may lie in a large piece of memory, which all would stay for as long as the packet does. */
function ownOctets(reply: Reply): Reply {
  const { bytes } = reply;
  return bytes.buffer.byteLength === bytes.length ? reply : { ...reply, bytes: new Uint8Array(bytes) };
}
