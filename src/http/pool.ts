/** Memory for bodies: bounded, and most of it for connections that have shown that they drain it. */

/** Of a piece that is read for one connection. Measured: bigger ones bring no more octets a second, smaller ones cost more. */
export const BIG_BYTES = 256 << 10;
/** Of a piece that is lent out of the cache: the dearer a write is, the fewer there should be. */
export const LENT_BYTES = 1 << 20;
/** A piece for a connection that is new or slow: a thousand of them are 16 MiB. */
export const SMALL_BYTES = 16 << 10;

/**
 * Big pieces, at most `max` of them in flight: buffers of our own, and what is lent out of the cache, which the cache
 * may have dropped by the time a slow peer has taken it. Who gets none makes do with a small one of its own.
 */
export class BigBuffers {
  readonly #free: Uint8Array[] = [];
  readonly #max: number;
  #leased = 0;
  constructor(max: number) {
    this.#max = max;
  }

  take(): Uint8Array | undefined {
    if (!this.lease(true)) return undefined;
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(BIG_BYTES);
  }

  give(buffer: Uint8Array): void {
    this.drop();
    this.#free.push(buffer);
  }

  /** Whether something lent may be sent; connections that have not proved fast leave half of all to those that have. */
  lease(isProved: boolean): boolean {
    if (this.#leased >= (isProved ? this.#max : this.#max / 2)) return false;
    this.#leased += 1;
    return true;
  }

  /** Of what was lent, or of a buffer that a dead socket may still refer to: that is left to the garbage collector. */
  drop(): void {
    this.#leased -= 1;
  }

  get leased(): number {
    return this.#leased;
  }
}

/** More than the kernel's buffers on both sides swallow without the peer reading anything. */
const PROOF_BYTES = 8 << 20;
/** At least 1 MiB/s over the proof. */
const PROOF_MS = 8000;
/** A piece that hangs so long belongs to a slow peer, whatever it did before. */
const STUCK_MS = 2000;

/** Whether a connection is fast: it took 8 MiB at 1 MiB/s or more, and no piece hung since. */
export class Pace {
  #isFast = false;
  #bytes = 0;
  #ms = 0;

  get isFast(): boolean {
    return this.#isFast;
  }

  /** `bytes` were taken off our hands in `tookMs`. */
  record(bytes: number, tookMs: number): void {
    this.#bytes += bytes;
    this.#ms += tookMs;
    const isStuck = tookMs > STUCK_MS;
    if (!isStuck && this.#bytes < PROOF_BYTES) return;
    this.#isFast = !isStuck && this.#ms <= PROOF_MS;
    this.#bytes = 0;
    this.#ms = 0;
  }
}
