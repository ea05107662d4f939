/** What must be undone before this process ends, whatever ends it. */

/** Steps are undone once, last in first out; one that fails does not keep the others from being done. */
export class Cleanup {
  #steps: (() => Promise<unknown>)[] = [];
  #running: Promise<void> | undefined;

  /** Ctrl-C, a closed terminal and a polite kill end the process by way of `run`. */
  constructor() {
    for (const [signal, number] of [
      ['SIGINT', 2],
      ['SIGTERM', 15],
      ['SIGHUP', 1],
    ] as const) {
      process.on(signal, () => void this.run().finally(() => process.exit(128 + number)));
    }
  }

  add(undo: () => Promise<unknown>): void {
    this.#steps.push(undo);
  }

  /** Leaves everything as it is: somebody wants to look at it. */
  forget(): void {
    this.#steps = [];
  }

  run(): Promise<void> {
    this.#running ??= this.#undoAll().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #undoAll(): Promise<void> {
    for (let undo = this.#steps.pop(); undo; undo = this.#steps.pop()) {
      await undo().catch((error: unknown) =>
        console.error(`clean-up: ${error instanceof Error ? error.message : error}`),
      );
    }
  }
}
