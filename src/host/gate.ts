/** Lets `max` in at once, in order of arrival. */
export class Gate {
  #inside = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #max: number;
  readonly #maxWaiting: number;
  constructor(max: number, maxWaiting: number) {
    this.#max = max;
    this.#maxWaiting = maxWaiting;
  }

  /** False when too many wait already. Whoever was let in leaves. */
  async enter(): Promise<boolean> {
    if (this.#inside < this.#max) {
      this.#inside += 1;
      return true;
    }
    if (this.#waiting.length >= this.#maxWaiting) return false;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return true;
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#inside -= 1;
  }
}
