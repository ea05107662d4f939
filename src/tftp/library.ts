/** The files that are being sent: each opened once and each run read once for all who want it at that moment. */
import { RunCache } from './cache.ts';
import { BufferPool } from './memory.ts';
import { blocksPerRun, type Run, type RunOutcome, type RunPlace, readRun, type Source } from './runs.ts';

/** Reads at a time: as many as the thread pool works on and as many again in line. Bounds what the cache cannot see. */
const MAX_READS = 8;
/** What waits to be used again. */
const MAX_FREE_BYTES = 4 << 20;

export class Library {
  readonly #cacheBytes: () => number;
  readonly #cache: RunCache;
  readonly #read: ReadRun;
  readonly #books = new Map<string, Book>();
  #private = 0;
  /** Of all books: what they hold beside the cache is cut by their number. */
  #readers = 0;

  constructor(cacheBytes: () => number) {
    this.#cacheBytes = cacheBytes;
    this.#cache = new RunCache(cacheBytes);
    const inTurn = turnstile(MAX_READS);
    const pool = new BufferPool(MAX_FREE_BYTES);
    this.#read = (source, place) => inTurn(() => readRun(source, place, pool));
  }

  get heldBytes(): number {
    return this.#cache.heldBytes;
  }

  /**
   * A reader's place at the book of `source`, which is closed when the last reader leaves. An equal `key` means that the
   * file was in one state when it was opened; without a key nobody else reads in it.
   */
  open(key: string | undefined, source: Source, blockBytes: number): Book {
    this.#readers += 1;
    // Who comes when many read gets shorter runs, in a book of its own: each reader holds one or two, wherever it is.
    const perRun = blocksPerRun(blockBytes, this.#cacheBytes(), this.#readers);
    const title = `${blockBytes} ${perRun} ${key ?? `#${this.#private++}`}`;
    const known = this.#books.get(title);
    if (known) {
      void closeQuietly(source);
      return known.join();
    }
    const book = new Book(source, { title, blockBytes, blocksPerRun: perRun }, this.#cache, this.#read);
    book.onLeft = () => {
      this.#readers -= 1;
    };
    book.onClosed = () => {
      if (this.#books.get(title) === book) this.#books.delete(title);
    };
    this.#books.set(title, book);
    return book;
  }
}

type ReadRun = (source: Source, place: RunPlace) => Promise<RunOutcome>;

interface Edition {
  /** Runs of one title are the same, whoever read them. */
  readonly title: string;
  readonly blockBytes: number;
  readonly blocksPerRun: number;
}

/** One file at one block size, with at least one reader. */
export class Book {
  readonly #source: Source;
  readonly #edition: Edition;
  readonly #cache: RunCache;
  readonly #readRun: ReadRun;
  readonly #reads = new Map<number, Promise<RunOutcome>>();
  #readers = 1;
  /** Reads that have ended, and how many of them were followed by a look that found the file as it was. */
  #readsDone = 0;
  #readsProven = 0;
  /** Nobody opens it any more: its last reader has left, or its file has changed. */
  #isClosed = false;
  #isSpoilt = false;
  /** Called at most once. */
  onClosed: () => void = () => {};
  /** Called for each reader that leaves. */
  onLeft: () => void = () => {};

  constructor(source: Source, edition: Edition, cache: RunCache, readRun: ReadRun) {
    this.#source = source;
    this.#edition = edition;
    this.#cache = cache;
    this.#readRun = readRun;
  }

  /** The run with `block` in it, if it is in memory. */
  held(block: number): Run | undefined {
    return this.#cache.get(this.#key(this.#index(block)));
  }

  /** The same, read if need be. Never rejects. */
  fetch(block: number): Promise<RunOutcome> {
    const run = this.held(block);
    if (run) return Promise.resolve({ kind: 'run', run });
    const index = this.#index(block);
    const reading = this.#reads.get(index) ?? this.#read(index);
    this.#reads.set(index, reading);
    return reading;
  }

  /**
   * Whether all that was read until now is of the state in which the file was opened. What others had read before that
   * is: the file was still the one that the key names. Once it is not, nothing that was read here serves anybody else.
   */
  async isUnchanged(): Promise<boolean> {
    const done = this.#readsDone;
    if (done === this.#readsProven) return !this.#isSpoilt;
    const isUnchanged = await this.#source.isUnchanged().catch(() => false);
    if (isUnchanged) this.#readsProven = Math.max(this.#readsProven, done);
    else this.#spoil();
    return isUnchanged && !this.#isSpoilt;
  }

  join(): this {
    this.#readers += 1;
    return this;
  }

  /** To be called once by each reader; resolves when what only it needed is closed. */
  async leave(): Promise<void> {
    this.#readers -= 1;
    this.onLeft();
    if (this.#readers > 0) return;
    this.#close();
    await Promise.all(this.#reads.values());
    await this.isUnchanged(); // a client that gave up never asked
    await closeQuietly(this.#source);
  }

  #index(block: number): number {
    return Math.floor((block - 1) / this.#edition.blocksPerRun);
  }

  #key(index: number): string {
    return `${this.#edition.title} ${index}`;
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.onClosed();
  }

  #spoil(): void {
    this.#isSpoilt = true;
    this.#close();
    this.#cache.dropAll(`${this.#edition.title} `);
  }

  async #read(index: number): Promise<RunOutcome> {
    const { blockBytes, blocksPerRun: maxBlocks } = this.#edition;
    const place = { firstBlock: index * maxBlocks + 1, blockBytes, maxBlocks, sizeBytes: this.#source.sizeBytes };
    const outcome = await this.#readRun(this.#source, place);
    this.#readsDone += 1;
    // A read that ends after its readers have left was never proven: whoever opens the file now reads again.
    if (outcome.kind === 'run' && !this.#isClosed) this.#cache.put(this.#key(index), outcome.run);
    this.#reads.delete(index);
    return outcome;
  }
}

/** Lets `max` of them work at a time, first come first served. */
function turnstile(max: number): <T>(work: () => Promise<T>) => Promise<T> {
  const line: (() => void)[] = [];
  let working = 0;
  return async (work) => {
    if (working >= max) await new Promise<void>((resolve) => line.push(resolve));
    else working += 1;
    try {
      return await work();
    } finally {
      const next = line.shift();
      if (next) next();
      else working -= 1;
    }
  };
}

/** A source that cannot be closed has nothing more to say. */
async function closeQuietly(source: Source): Promise<void> {
  await source.close().catch(() => {});
}
