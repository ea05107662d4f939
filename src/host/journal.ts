/**
 * Values by key that outlive the process and the power: an append-only journal. What is committed is written to the end of a
 * segment (`leases-000001.log`, `leases-000002.log` ...) and synced; reading all segments in order gives the values again.
 */
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { errnoOf, Fault, messageOf } from '../core/errors.ts';
import type { Clock, Log } from '../host.ts';
import type { JournalFiles } from './journalfiles.ts';
import { type Change, encodeLine, type Json, RESET } from './journalline.ts';
import { apply, type Found, mergedName, numberOf, readSegments, segmentName } from './journalread.ts';
import { JournalTail } from './journaltail.ts';

export interface Journal {
  /** What was committed last, by key. */
  readonly values: ReadonlyMap<string, Json>;
  /**
   * Resolves when `change`, the whole of it, survives whatever happens next. Rejects with a `Fault` that has the cure; then it did
   * not happen, and the next one is tried anew.
   */
  commit(change: Change): Promise<void>;
  /** Waits for what is on its way. */
  close(): Promise<void>;
}

export interface JournalOptions {
  /** Segments begin with it, and log lines come from it. */
  readonly name: string;
  readonly files: JournalFiles;
  readonly log: Log;
  /** Keys that nobody needs any longer; asked when segments are merged. */
  readonly outdated: (values: ReadonlyMap<string, Json>) => Iterable<string>;
  /** Segments are merged when they have this many lines more than one and a half times the values: so a start reads little in vain. */
  readonly spareLines: number;
  /** Without it no moment is known to be idle. */
  readonly clock?: Pick<Clock, 'after'>;
}

/** What is waiting to be written while the disk is busy. Callers bound it, too. */
const MAX_WAITING = 65_536;
/** Each start begins one. Taste. */
const MAX_SEGMENTS = 8;
/** Without a commit; then merging keeps nobody waiting. Taste. */
const IDLE_MS = 1000;
/** While commits go on, so many times the lines are put up with. */
const PATIENCE = 6;
/** Values written in one go while segments are merged: two milliseconds of work. */
const MERGED_AT_ONCE = 1000;

/** Reads all there is. Rejects with a `Fault` where it cannot be read or another process has it. */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { files, name, log } = options;
  const unlock = await files.lock(`${name}.lock`);
  try {
    const found = await readSegments(name, files, log);
    return new SegmentJournal(options, found, unlock);
  } catch (error) {
    await unlock();
    throw error instanceof Fault ? error : journalFault(files.folder, error);
  }
}

/** The sentence for a folder that cannot be read or written, with the cure. */
export function journalFault(folder: string, error: unknown): Fault {
  const code = errnoOf(error) ?? messageOf(error);
  const cures: Readonly<Record<string, string>> = {
    ENOSPC: `free space in ${folder}`,
    EDQUOT: `free space in ${folder}`,
    EROFS: `mount ${folder} writable again: mount -o remount,rw`,
    EACCES: `chown -R ${folder} to the user it runs as`,
    EPERM: `chown -R ${folder} to the user it runs as`,
    ENOENT: `make ${folder} again and restart`,
  };
  const cure = cures[code] ?? `look at the disk (dmesg), or give another --state-dir`;
  return new Fault('store-failed', `${folder} cannot keep anything (${code}): ${cure}`, error);
}

interface Waiting {
  readonly change: Change;
  readonly resolve: () => void;
  readonly reject: (fault: Fault) => void;
}

class SegmentJournal implements Journal {
  readonly #options: JournalOptions;
  readonly #values: Map<string, Json>;
  readonly #tail: JournalTail;
  readonly #unlock: () => Promise<void>;
  /** How many there are before the one that is being written. */
  #segments: number;
  #lines: number;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #merging: Promise<void> | undefined;
  /** Nothing was committed for a moment: a good time to merge. */
  #isIdle = false;
  #stopIdling = (): void => {};
  /** Merging failed: not again before there are so many lines. */
  #mergeAtLines = 0;
  /** Keys of what was rejected and may be on disk all the same. */
  readonly #doubtful = new Set<string>();
  #isClosed = false;

  constructor(options: JournalOptions, found: Found, unlock: () => Promise<void>) {
    this.#options = options;
    this.#values = found.values;
    this.#segments = found.segments.length;
    this.#lines = found.lines;
    this.#unlock = unlock;
    this.#tail = new JournalTail(options.files, (n) => segmentName(options.name, n), found.segments.at(-1) ?? 0);
  }

  get values(): ReadonlyMap<string, Json> {
    return this.#values;
  }

  commit(change: Change): Promise<void> {
    const { folder } = this.#options.files;
    if (this.#isClosed) return Promise.reject(new Fault('store-failed', `${folder} is closed already`));
    if (this.#waiting.length >= MAX_WAITING) return Promise.reject(journalFault(folder, new Error('too slow')));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ change, resolve, reject });
      this.#isIdle = false;
      // What else comes in this turn of the event loop goes along.
      this.#writing ??= endOfTurn().then(() => this.#writeAll());
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopIdling();
    await this.#writing;
    await this.#merging;
    await this.#tail.end();
    await this.#unlock();
  }

  /** Group commit: what arrives while the disk syncs goes together in the next write. */
  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      await this.#write(batch);
      if (this.#isWorthMerging()) await this.#beginMerge();
    }
    this.#writing = undefined;
    this.#stopIdling();
    if (!this.#isClosed)
      this.#stopIdling = this.#options.clock?.after(IDLE_MS, () => this.#mergeIdly()) ?? this.#stopIdling;
  }

  /** A new segment costs a commit a dozen milliseconds: best when there is none. */
  #mergeIdly(): void {
    this.#isIdle = true;
    if (this.#writing || this.#isClosed || !this.#isWorthMerging()) return;
    this.#writing = this.#beginMerge()
      .then(() => this.#tail.ready())
      .then(() => this.#writeAll());
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const undone = [...this.#doubtful].map((key) => [key, this.#values.get(key) ?? null] as const);
    const changes = batch.map(({ change }) => change);
    if (undone.length > 0) changes.unshift(undone);
    try {
      await this.#tail.append(changes.map(encodeLine).join(''));
    } catch (error) {
      if (this.#tail.mayHoldRejected) for (const [key] of changes.flat()) this.#doubtful.add(key);
      const fault = journalFault(this.#options.files.folder, error);
      for (const { reject } of batch) reject(fault);
      return;
    }
    this.#doubtful.clear();
    this.#lines += changes.length;
    for (const { change, resolve } of batch) {
      apply(this.#values, change);
      resolve();
    }
  }

  #isWorthMerging(): boolean {
    if (this.#merging || this.#lines < this.#mergeAtLines) return false;
    const spare = this.#options.spareLines / (this.#isIdle ? PATIENCE : 1);
    return this.#lines > 1.5 * this.#values.size + spare || this.#segments >= MAX_SEGMENTS;
  }

  /** What is committed from here on goes to a new segment; all before becomes one, without keeping anybody waiting. */
  async #beginMerge(): Promise<void> {
    await this.#tail.end();
    const { outdated, log, name } = this.#options;
    for (const key of [...outdated(this.#values)]) this.#values.delete(key);
    const last = this.#tail.number;
    const values = [...this.#values];
    const linesBefore = this.#lines;
    this.#merging = this.#merge(values, last)
      .then(
        () => {
          this.#lines += values.length - linesBefore;
          this.#segments = 1;
          this.#mergeAtLines = 0;
        },
        (error: unknown) => {
          this.#segments += 1;
          this.#mergeAtLines = this.#lines + this.#options.spareLines;
          log.debug(name, 'not-merged', { error: messageOf(error) });
        },
      )
      .finally(() => {
        this.#merging = undefined;
      });
  }

  /** Whenever this is cut off, the segments read in order give the same values. */
  async #merge(values: readonly (readonly [string, Json])[], last: number): Promise<void> {
    const { files, name } = this.#options;
    const merged = mergedName(name);
    await files.remove(merged);
    const file = await files.create(merged);
    try {
      await file.append(encodeLine(RESET));
      await file.sync();
      for (let i = 0; i < values.length; i += MERGED_AT_ONCE) {
        const some = values.slice(i, i + MERGED_AT_ONCE);
        await file.append(some.map((pair) => encodeLine([pair])).join(''));
        // Bit by bit: a great sync at the end would hold up the small ones of the commits.
        await file.sync();
      }
    } catch (error) {
      await file.close().catch(() => {});
      await files.remove(merged).catch(() => {});
      throw error;
    }
    await file.close();
    await files.rename(merged, segmentName(name, last));
    await files.syncNames();
    for (const old of await files.list()) {
      if ((numberOf(name, old) ?? last) < last) await files.remove(old);
    }
  }
}
