/** The segment of a journal that is being written: records go to its end, and those that failed come off again. */
import { errnoOf } from '../core/errors.ts';
import type { JournalFile, JournalFiles } from './journalfiles.ts';

/** Numbers that another process took meanwhile; in another container it does not see our lock. */
const MAX_TAKEN = 16;

export class JournalTail {
  readonly #files: JournalFiles;
  readonly #nameOf: (number: number) => string;
  #file: JournalFile | undefined;
  /** Of the open segment, or the one that was written last. */
  #number: number;
  /** Octets of the open segment that are on disk for good. */
  #bytes = 0;
  /** Its name would survive a loss of power. */
  #isNamed = false;
  /** A segment in which nothing is worth anything, and which is still there. */
  #spoiled: string | undefined;
  #mayHoldRejected = false;

  /** Goes on after segment `number`, never in it: its end may be torn. */
  constructor(files: JournalFiles, nameOf: (number: number) => string, number: number) {
    this.#files = files;
    this.#nameOf = nameOf;
    this.#number = number;
  }

  get number(): number {
    return this.#number;
  }

  /** What was rejected last may be on disk all the same. */
  get mayHoldRejected(): boolean {
    return this.#mayHoldRejected;
  }

  /** Resolves when `text` survives a loss of power; when it rejects, nothing is promised, and the next one begins anew. */
  async append(text: string): Promise<void> {
    this.#mayHoldRejected = false;
    const file = this.#file ?? (await this.#open());
    let isWritten = false;
    try {
      await file.append(text);
      isWritten = true;
      await file.sync();
      if (!this.#isNamed) await this.#files.syncNames();
      this.#isNamed = true;
    } catch (error) {
      await this.#takeBack(file, isWritten);
      throw error;
    }
    this.#bytes += Buffer.byteLength(text);
  }

  /** Opens the next segment ahead of need. What fails here fails once more, and is told, when something is to be written. */
  async ready(): Promise<void> {
    if (this.#file) return;
    try {
      await this.#open();
      await this.#files.syncNames();
      this.#isNamed = true;
    } catch {}
  }

  /** What comes next goes to a new segment. */
  async end(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    this.#bytes = 0;
    this.#isNamed = false;
    await file?.close().catch(() => {});
  }

  async #open(): Promise<JournalFile> {
    if (this.#spoiled !== undefined) await this.#files.remove(this.#spoiled);
    this.#spoiled = undefined;
    for (let tries = 1; ; tries++) {
      try {
        this.#file = await this.#files.create(this.#nameOf(this.#number + 1));
        this.#number += 1;
        return this.#file;
      } catch (error) {
        if (errnoOf(error) !== 'EEXIST' || tries >= MAX_TAKEN) throw error;
        this.#number += 1;
      }
    }
  }

  /** A full disk still lets a file shrink. After a sync that failed nobody knows what is on disk: the segment is left. */
  async #takeBack(file: JournalFile, isWritten: boolean): Promise<void> {
    const isCut = await done(file.cutTo(this.#bytes).then(() => file.sync()));
    if (isCut && !isWritten) return;
    this.#mayHoldRejected = true;
    if (this.#bytes === 0) {
      this.#spoiled = this.#nameOf(this.#number);
      this.#number -= 1;
    }
    await this.end();
  }
}

async function done(work: Promise<void>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}
