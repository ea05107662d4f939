/**
 * Shares the uplink among clients: one with twenty connections gets no more than one with a single one. Octets are told once they have
 * come, so a source that is over waits until what it brought is paid: by fair queuing (Goyal, Vin, Cheng: Start-time Fair Queuing, 1996),
 * in which who has been paid least is paid next, out of one token bucket for all and one for each client.
 */
import type { Clock } from '../host.ts';

export interface Rates {
  readonly totalBitsPerSec: number | undefined;
  readonly perClientBitsPerSec: number | undefined;
}

/** What may be brought at once after a rest: a quarter of a second's worth, one read of a socket at least. Taste. */
const BURST_SEC = 0.25;
const MIN_BURST_BYTES = 64 << 10;
/** Paid for one source before it is looked who is next. */
const TURN_BYTES = 64 << 10;
/** Between two payments while somebody waits; shorter where a turn is paid sooner, so that no one has several at once. */
const MAX_TICK_MS = 20;
const MIN_TICK_MS = 1;
/** How often it is looked who has rested long enough to be forgotten, while nobody waits. */
const REST_MS = 1000;
/** A /16 full of them; the debts of more who went away are let go. */
const MAX_CLIENTS = 65_536;

/** Fills by its rate, up to what may be taken at once; below 0 is what was taken ahead. Without a rate it never ends. */
class Bucket {
  levelBytes = Number.POSITIVE_INFINITY;
  #filledAtMs = 0;

  /** Whether it is full. */
  fill(bitsPerSec: number | undefined, nowMs: number): boolean {
    const burst = burstBytes(bitsPerSec);
    const come = bitsPerSec === undefined ? burst : (bitsPerSec / 8000) * (nowMs - this.#filledAtMs);
    this.levelBytes = Math.min(burst, this.levelBytes + come);
    this.#filledAtMs = nowMs;
    return this.levelBytes === burst;
  }
}

interface Client {
  readonly bucket: Bucket;
  /** What each source that waits has still to pay, in the order of their turns. */
  readonly waiting: Map<() => void, number>;
  /** What those had to pay that went away: else whoever hangs up often would have more than others. */
  leftBytes: number;
  /** Paid while there was not enough for all, on a scale that all clients share. */
  paidBytes: number;
}

/**
 * Whoever brought octets from outside says so, and waits before it brings more where its client, or all together, have had their share.
 * Those who wait go on client by client in turn; those of one client in turn among themselves. Nothing is kept of a client that waits
 * for nothing and owes nothing.
 */
export class Bandwidth {
  readonly #rates: () => Rates;
  readonly #clock: Pick<Clock, 'now' | 'after'>;
  readonly #total = new Bucket();
  readonly #clients = new Map<string, Client>();
  /** Somebody waits who would not if there were more in all. */
  #isShort = false;
  /** Where those are on the scale of `paidBytes` who are paid now. */
  #paidBytes = 0;
  #cancel: (() => void) | undefined;
  #tickAtMs = 0;

  constructor(rates: () => Rates, clock: Pick<Clock, 'now' | 'after'>) {
    this.#rates = rates;
    this.#clock = clock;
  }

  /** `bytes` came for `client`. True: go on. False: `goOn` is called once, later; once for all that came while it waits. */
  brought(client: string, bytes: number, goOn: () => void): boolean {
    const rates = this.#rates();
    if ((rates.totalBitsPerSec === undefined && rates.perClientBitsPerSec === undefined) || bytes <= 0) return true;
    const nowMs = this.#clock.now();
    this.#total.fill(rates.totalBitsPerSec, nowMs);
    const taker = this.#clientOf(client);
    taker.bucket.fill(rates.perClientBitsPerSec, nowMs);
    if (this.#mayTake(taker, bytes, rates)) {
      this.#total.levelBytes -= bytes;
      taker.bucket.levelBytes -= bytes;
      if (this.#isShort) taker.paidBytes += bytes;
      this.#wakeAfter(REST_MS);
      return true;
    }
    taker.waiting.set(goOn, (taker.waiting.get(goOn) ?? 0) + bytes);
    if (taker.bucket.levelBytes > 0 && this.#total.levelBytes <= 0) this.#isShort = true;
    this.#wakeAfter(tickMs(rates));
    return false;
  }

  /** Who waits no longer. */
  leave(client: string, goOn: () => void): void {
    const leaver = this.#clients.get(client);
    const owedBytes = leaver?.waiting.get(goOn);
    if (!leaver || owedBytes === undefined) return;
    leaver.waiting.delete(goOn);
    if (this.#clients.size <= MAX_CLIENTS) leaver.leftBytes += owedBytes;
  }

  /** Who waits is told nothing any more. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#clients.clear();
    this.#isShort = false;
  }

  /** How many clients it has in mind. */
  /** Whether there is any limit. */
  get isLimited(): boolean {
    const { totalBitsPerSec, perClientBitsPerSec } = this.#rates();
    return totalBitsPerSec !== undefined || perClientBitsPerSec !== undefined;
  }

  get clients(): number {
    return this.#clients.size;
  }

  #clientOf(name: string): Client {
    const known = this.#clients.get(name);
    if (known) return known;
    const client = { bucket: new Bucket(), waiting: new Map(), leftBytes: 0, paidBytes: this.#paidBytes };
    this.#clients.set(name, client);
    return client;
  }

  /** Ahead of those who wait as much as they were given meanwhile: a source is never as quick as a queue. */
  #mayTake(client: Client, bytes: number, { totalBitsPerSec }: Rates): boolean {
    if (client.bucket.levelBytes <= 0 || isOwing(client)) return false;
    if (!this.#isShort) return this.#total.levelBytes > 0;
    const isBehind = client.paidBytes + bytes <= this.#paidBytes;
    return isBehind && this.#total.levelBytes > -burstBytes(totalBitsPerSec);
  }

  #wakeAfter(ms: number): void {
    const atMs = this.#clock.now() + ms;
    if (this.#cancel && this.#tickAtMs <= atMs) return;
    this.#cancel?.();
    this.#tickAtMs = atMs;
    this.#cancel = this.#clock.after(ms, () => this.#tick());
  }

  #tick(): void {
    this.#cancel = undefined;
    const rates = this.#rates();
    const nowMs = this.#clock.now();
    this.#total.fill(rates.totalBitsPerSec, nowMs);
    for (const client of this.#clients.values()) client.bucket.fill(rates.perClientBitsPerSec, nowMs);
    if (rates.totalBitsPerSec === undefined) this.#payEach();
    else this.#payInTurn();
    const isWaitedFor = this.#forget(rates, nowMs);
    if (this.#clients.size > 0) this.#wakeAfter(isWaitedFor ? tickMs(rates) : REST_MS);
  }

  #payEach(): void {
    for (const client of this.#clients.values()) {
      while (isOwing(client) && client.bucket.levelBytes > 0) payTurn(client, this.#total);
    }
    this.#isShort = false;
  }

  #payInTurn(): void {
    let next = this.#next();
    while (next && this.#total.levelBytes > 0) {
      this.#paidBytes = Math.max(this.#paidBytes, next.paidBytes);
      payTurn(next, this.#total);
      next = this.#next();
    }
    this.#isShort = next !== undefined;
  }

  /** Who owes and may be paid for by its own bucket, and has been paid least. */
  #next(): Client | undefined {
    let least: Client | undefined;
    for (const client of this.#clients.values()) {
      if (!isOwing(client) || client.bucket.levelBytes <= 0) continue;
      if (!least || client.paidBytes < least.paidBytes) least = client;
    }
    return least;
  }

  /** Whether somebody still owes. What a client has not taken is kept for it as long as it could bring that at once: no longer. */
  #forget(rates: Rates, nowMs: number): boolean {
    const lateBytes = this.#paidBytes - burstBytes(rates.totalBitsPerSec);
    let isWaitedFor = false;
    for (const [name, client] of this.#clients) {
      if (isOwing(client)) isWaitedFor = true;
      else if (!client.bucket.fill(rates.perClientBitsPerSec, nowMs)) continue;
      else if (!this.#isShort || client.paidBytes <= lateBytes) this.#clients.delete(name);
    }
    return isWaitedFor;
  }
}

function burstBytes(bitsPerSec: number | undefined): number {
  return bitsPerSec === undefined ? Number.POSITIVE_INFINITY : Math.max(MIN_BURST_BYTES, (bitsPerSec / 8) * BURST_SEC);
}

function tickMs({ totalBitsPerSec, perClientBitsPerSec }: Rates): number {
  const bitsPerSec = totalBitsPerSec ?? perClientBitsPerSec ?? Number.POSITIVE_INFINITY;
  return Math.min(MAX_TICK_MS, Math.max(MIN_TICK_MS, (TURN_BYTES * 8000) / bitsPerSec));
}

const isOwing = ({ waiting, leftBytes }: Client): boolean => waiting.size > 0 || leftBytes > 0;

/** As much as a turn and both buckets have; a source that owes nothing more goes on, another one of its client is next. */
function payTurn(client: Client, total: Bucket): void {
  const most = Math.min(TURN_BYTES, total.levelBytes, client.bucket.levelBytes);
  const [first] = client.leftBytes > 0 ? [] : client.waiting;
  const owedBytes = first?.[1] ?? client.leftBytes;
  const bytes = Math.min(most, owedBytes);
  total.levelBytes -= bytes;
  client.bucket.levelBytes -= bytes;
  client.paidBytes += bytes;
  if (!first) {
    client.leftBytes -= bytes;
    return;
  }
  const [goOn] = first;
  client.waiting.delete(goOn);
  if (bytes < owedBytes) client.waiting.set(goOn, owedBytes - bytes);
  else goOn();
}
