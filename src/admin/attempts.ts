/** Wrong passwords by address: who has guessed too often has to wait. */

/** In a minute. NIST SP 800-63B §5.2.2 allows a hundred in a row; nobody mistypes that often. */
const MAX_FAILURES = 10;
const WINDOW_MS = 60_000;
const MAX_REMEMBERED = 1024;

export class Attempts {
  readonly #byAddress = new Map<string, { count: number; readonly sinceMs: number }>();

  /** How long `address` has to wait; 0 when it may try. */
  waitMs(address: string, nowMs: number): number {
    const seen = this.#byAddress.get(address);
    if (!seen || seen.count < MAX_FAILURES) return 0;
    return Math.max(0, seen.sinceMs + WINDOW_MS - nowMs);
  }

  failed(address: string, nowMs: number): void {
    const seen = this.#byAddress.get(address);
    if (seen && nowMs - seen.sinceMs < WINDOW_MS) {
      seen.count += 1;
      return;
    }
    this.#byAddress.delete(address);
    // The one whose minute began first; an attacker with a thousand addresses of the LAN is not held up by any of this.
    const [oldest] = this.#byAddress.keys();
    if (this.#byAddress.size >= MAX_REMEMBERED && oldest !== undefined) this.#byAddress.delete(oldest);
    this.#byAddress.set(address, { count: 1, sinceMs: nowMs });
  }

  succeeded(address: string): void {
    this.#byAddress.delete(address);
  }
}
