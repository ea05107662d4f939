/** Takes away files that no row leads to: of a process that was killed, of an index that was lost. */
import type { Clock } from '../host.ts';
import { OBJECT_FOLDERS, type ObjectFiles } from './objects.ts';

/** Others come first, at a start. */
const START_MS = 2000;
/** Between two folders: 256 of them take a minute. */
const PAUSE_MS = 250;
/** Looked up in one turn. */
const AT_ONCE = 256;

export interface SweepMeans {
  readonly files: ObjectFiles;
  readonly after: Clock['after'];
  /** Whether somebody leads to it, writes it or reads it. */
  readonly isKept: (id: number) => boolean;
}

export class Sweep {
  readonly #means: SweepMeans;
  #cancel: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(means: SweepMeans) {
    this.#means = means;
  }

  /** From the first folder on, in the background. */
  start(): void {
    if (this.#isStopped) return;
    this.#cancel?.();
    this.#next(0, START_MS);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel?.();
    await this.#running;
  }

  #next(folder: number, ms: number): void {
    this.#cancel = this.#means.after(ms, () => {
      this.#cancel = undefined;
      this.#running = this.#sweep(folder).then(() => {
        const isLast = folder + 1 >= OBJECT_FOLDERS;
        if (!isLast && !this.#isStopped && this.#cancel === undefined) this.#next(folder + 1, PAUSE_MS);
      });
    });
  }

  async #sweep(folder: number): Promise<void> {
    const { files, isKept } = this.#means;
    const ids = await files.list(folder);
    for (let from = 0; from < ids.length && !this.#isStopped; from += AT_ONCE) {
      // Looked up and ordered to go in one turn: nobody can begin to write it in between, and no number is given twice.
      const strays = ids.slice(from, from + AT_ONCE).filter((id) => !isKept(id));
      await Promise.all(strays.map((id) => files.remove(id, 0)));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
