/** Stopping waits for what is under way. */
/** Answers under way, counted, so that stopping can wait for them. */
export class Work {
  #count = 0;
  #waiting: (() => void)[] = [];

  begin(): void {
    this.#count += 1;
  }

  end(): void {
    this.#count -= 1;
    if (this.#count > 0) return;
    for (const goOn of this.#waiting.splice(0)) goOn();
  }

  /** Comes back once nothing is under way. */
  done(): Promise<void> {
    return new Promise((resolve) => (this.#count === 0 ? resolve() : this.#waiting.push(resolve)));
  }
}
