/** What could not be answered a moment ago: not asked again at once by everybody. RFC 9520 §3.2, RFC 8767 §5. */

/** RFC 9520 wants one second at least. With a client that asks again every five, an uplink that is back is back for it at once. */
const FAILED_MS = 2000;
/** Questions; beyond it the oldest are forgotten. */
const MAX_FAILURES = 4096;

export class Failures {
  readonly #untilMs = new Map<string, number>();

  note(key: string, nowMs: number): void {
    this.#untilMs.delete(key);
    this.#untilMs.set(key, nowMs + FAILED_MS);
    if (this.#untilMs.size <= MAX_FAILURES) return;
    const [oldest] = this.#untilMs.keys();
    if (oldest !== undefined) this.#untilMs.delete(oldest);
  }

  forget(key: string): void {
    this.#untilMs.delete(key);
  }

  isFresh(key: string, nowMs: number): boolean {
    const untilMs = this.#untilMs.get(key);
    if (untilMs === undefined) return false;
    if (nowMs < untilMs) return true;
    this.#untilMs.delete(key);
    return false;
  }

  clear(): void {
    this.#untilMs.clear();
  }
}
