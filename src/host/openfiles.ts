/** The files that are open, shared: a thousand readers of one image hold one descriptor. */
import fs from 'node:fs';
import { promisify } from 'node:util';
import type { Soon } from '../core/content.ts';
import type { Clock } from '../host.ts';
import { identityOf, OpenFile, type Opening } from './openfile.ts';

const closeFd = promisify(fs.close);

/** Letting go of what nobody asks for is no reason to stay alive. */
export function quietly(ms: number, then: () => void): () => void {
  const timer = setTimeout(then, ms).unref();
  return () => clearTimeout(timer);
}

/** Files that nobody holds and that stay open for who comes next: a loader and all its modules and themes, a few times. */
const MAX_IDLE = 512;
/** They close after one to two of these. */
const IDLE_MS = 2000;

/** At most `max` files open, one for each identity; those that were held last stay open for a moment. */
export class OpenFiles {
  readonly #byIdentity = new Map<string, OpenFile>();
  /** The name at which it was opened last. Whoever finds it by that has to look whether it still is there. */
  readonly #byName = new Map<string, OpenFile>();
  readonly #nameOf = new Map<OpenFile, string>();
  /** The longest idle first; true once a round of closing has seen it. */
  readonly #idle = new Map<OpenFile, boolean>();
  readonly #max: number;
  readonly #after: Clock['after'];
  #cancel: (() => void) | undefined;
  constructor(max: number, after: Clock['after']) {
    this.#max = max;
    this.#after = after;
  }

  /** Those that somebody holds. */
  get count(): number {
    return this.#byIdentity.size - this.#idle.size;
  }

  /** What was opened as `name` lately. Whoever wants more of it than its status holds it. */
  find(name: string): OpenFile | undefined {
    return this.#byName.get(name);
  }

  hold(file: OpenFile): OpenFile {
    this.#idle.delete(file);
    return file.hold();
  }

  /** Nobody finds it by its name any more, and it doesn't stay open without a holder. */
  forget(file: OpenFile): void {
    const name = this.#nameOf.get(file);
    this.#nameOf.delete(file);
    if (name !== undefined && this.#byName.get(name) === file) this.#byName.delete(name);
  }

  /** Takes over `fd`, or closes it where the same file is open already. Nothing when there is no room. */
  async adopt(name: string, opening: Opening): Promise<OpenFile | undefined> {
    const { fd, stat } = opening;
    const known = this.#byIdentity.get(identityOf(stat));
    if (known) {
      known.renew();
      this.#call(this.hold(known), name);
      await closeFd(fd);
      return known;
    }
    // Those have left the tables when the call returns, though they close a moment later.
    const closing = this.#byIdentity.size >= this.#max ? this.#closeIdle(1) : undefined;
    if (this.#byIdentity.size >= this.#max) {
      await closeFd(fd);
      return undefined;
    }
    const file = new OpenFile(opening, (freed) => this.#keep(freed));
    this.#byIdentity.set(file.identity, file);
    this.#call(file, name);
    await closing;
    return file;
  }

  /** Closes what nobody holds. */
  async closeAllIdle(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    await this.#closeIdle(this.#idle.size);
  }

  #call(file: OpenFile, name: string): void {
    this.forget(file);
    const other = this.#byName.get(name);
    if (other) this.forget(other);
    this.#byName.set(name, file);
    this.#nameOf.set(file, name);
  }

  #keep(file: OpenFile): Soon<void> {
    if (!this.#nameOf.has(file)) return this.#close(file);
    this.#idle.set(file, false);
    this.#cancel ??= this.#after(IDLE_MS, () => this.#round());
    if (this.#idle.size > MAX_IDLE) return this.#closeIdle(1);
  }

  #round(): void {
    for (const [file, isSeen] of [...this.#idle]) {
      if (isSeen) this.#close(file).catch(() => {});
      else this.#idle.set(file, true);
    }
    this.#cancel = this.#idle.size > 0 ? this.#after(IDLE_MS, () => this.#round()) : undefined;
  }

  async #closeIdle(count: number): Promise<void> {
    await Promise.all([...this.#idle.keys()].slice(0, count).map((file) => this.#close(file).catch(() => {})));
  }

  #close(file: OpenFile): Promise<void> {
    this.#idle.delete(file);
    this.forget(file);
    this.#byIdentity.delete(file.identity);
    return file.close();
  }
}
