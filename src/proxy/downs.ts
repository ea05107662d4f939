/** Origins that do not answer: who has something of theirs is not kept waiting for each request to find out anew. */

/** Then one request tries again. Grows with each that fails. */
const FIRST_MS = 5000;
const MAX_MS = 60_000;
const MAX_ORIGINS = 1024;

interface Down {
  readonly failures: number;
  readonly againAtMs: number;
}

export class Downs {
  readonly #downs = new Map<string, Down>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** False for the one who is to try. */
  isDown(authority: string): boolean {
    const down = this.#downs.get(authority);
    if (!down) return false;
    if (this.#now() < down.againAtMs) return true;
    this.#downs.set(authority, { ...down, againAtMs: this.#now() + FIRST_MS });
    return false;
  }

  failed(authority: string): void {
    const failures = (this.#downs.get(authority)?.failures ?? 0) + 1;
    this.#downs.delete(authority);
    this.#downs.set(authority, { failures, againAtMs: this.#now() + Math.min(MAX_MS, FIRST_MS * 2 ** (failures - 1)) });
    const oldest = this.#downs.size > MAX_ORIGINS ? this.#downs.keys().next().value : undefined;
    if (oldest !== undefined) this.#downs.delete(oldest);
  }

  answered(authority: string): void {
    this.#downs.delete(authority);
  }
}
