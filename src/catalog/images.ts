/** The images of a folder and how far each has come: copied, whole, looked at. */
import type { CatalogImage, ImageProblem, Verdict } from '../core/image.ts';
import { showBytes } from '../core/units.ts';
import type { Digests } from './sums.ts';

/** A file as a look at the folder found it. */
export interface SeenFile {
  /** Below the folder of images. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly changedMs: number;
  /** Undefined where the folder cannot tell; then a renamed file is a new one. */
  readonly inode: number | undefined;
  /** The half-made copy beside it (`x.iso.part`, `x.iso.aria2`), which tells that it is being written. */
  readonly half?: string;
}

/** Equal as long as nobody wrote to the file, renamed or replaced it. */
export function identityOf({ inode, sizeBytes, modifiedMs, changedMs }: SeenFile): string {
  return `${inode ?? ''}:${sizeBytes}:${modifiedMs}:${changedMs}`;
}

/** The same file with the same date: nobody wrote to it, unless they dated it back. Rights, owner, links may differ. */
export function isSameBody(a: SeenFile, b: SeenFile): boolean {
  return a.inode === b.inode && a.sizeBytes === b.sizeBytes && a.modifiedMs === b.modifiedMs;
}

/** What is known of the bytes of an image, now or from an earlier run. */
export interface Known {
  readonly verdict?: Verdict;
  readonly etag?: string;
  readonly declaredBytes?: number;
  readonly digests: Digests;
}

/** What is remembered of a file; `isSure`: nobody can have written to it since. */
export interface Recalled {
  readonly known: Known;
  readonly isSure: boolean;
}

/** What came of looking inside. `busy` is tried again in a moment, `unreadable` after a minute. */
export type Reading =
  | { readonly kind: 'recognised'; readonly verdict: Verdict; readonly etag: string; readonly declaredBytes: number }
  | { readonly kind: 'bad'; readonly problem: ImageProblem }
  | { readonly kind: 'unreadable'; readonly problem: ImageProblem }
  | { readonly kind: 'busy' };

export interface Tracked {
  readonly seen: SeenFile;
  /** Since when it is as it is, by our own clock: that of a file server may be hours away. */
  readonly sinceMs: number;
  readonly state: CatalogImage['state'];
  /** It was seen to change, so there is no telling when it will be whole. */
  readonly isGrowing: boolean;
  readonly known: Known;
  /**
   * Rights, owner or links of the file have changed, or it was written to and dated back: it stays in use while it is
   * read and verified again. These digests hold until they are computed anew; they are not written down.
   */
  readonly doubted?: Digests;
  /** Looked at, and shorter than it has to be: taken for cut off once it has stood still long enough. */
  readonly isShort: boolean;
  /** When it is looked at once more; 0: not at all. */
  readonly retryAtMs: number;
}

/** Writers pause: network file systems flush every few seconds, and keep old attributes for 3 s. Taste. */
export const QUIET_MS = 4000;
/** A download that stands still for so long has been given up. Taste. */
export const STALLED_MS = 60_000;
const RETRY_MS = 60_000;
const BUSY_MS = 2000;

export interface Moment {
  readonly nowMs: number;
  /** For how long a file that was not seen before has been as it is: nothing can be said but at the first look. */
  readonly ageMs: (seen: SeenFile) => number;
  /** What is remembered of these bytes. */
  readonly recall: (seen: SeenFile) => Recalled | undefined;
}

const UNKNOWN: Known = { digests: {} };

/** `seen` has not been seen before, or not like this; `before` is what stood at its path. */
function trackAnew(seen: SeenFile, before: Tracked | undefined, moment: Moment): Tracked {
  const { known = UNKNOWN, isSure = false } = moment.recall(seen) ?? {};
  const sinceMs = moment.nowMs - (before ? 0 : moment.ageMs(seen));
  const shared = { seen, sinceMs, isShort: false, retryAtMs: 0, isGrowing: before !== undefined };
  if (isSure) return { ...shared, state: known.verdict ? 'ready' : 'copying', known };
  if (!known.verdict) return { ...shared, state: 'copying', known: UNKNOWN };
  const doubtedBefore = before && isSameBody(before.seen, seen) ? before.doubted : {};
  const doubted = { ...doubtedBefore, ...known.digests };
  const retryAtMs = Math.max(1, sinceMs + QUIET_MS);
  return { ...shared, state: 'ready', known: { ...known, digests: {} }, doubted, isGrowing: false, retryAtMs };
}

/** The same file as before: whether it has stood still long enough to be looked at, or to be given up. */
function ripen(image: Tracked, nowMs: number): Tracked {
  const stillMs = nowMs - image.sinceMs;
  if (image.isShort) return stillMs < STALLED_MS ? image : { ...image, state: 'ready', isShort: false };
  if (image.state === 'copying' && stillMs >= QUIET_MS) return { ...image, state: 'reading', isGrowing: false };
  return image;
}

/** At most one row for each path; a row holds for one identity, and what is said of another one is dropped. */
export class ImageTable {
  #images = new Map<string, Tracked>();
  #reading = new Set<string>();

  get all(): readonly Tracked[] {
    return [...this.#images.values()];
  }

  get(path: string): Tracked | undefined {
    return this.#images.get(path);
  }

  /** Takes what the folder holds now. What is gone, and what became ready without being looked at. */
  update(
    found: readonly SeenFile[],
    moment: Moment,
  ): { readonly gone: readonly string[]; readonly ready: readonly Tracked[] } {
    const before = this.#images;
    this.#images = new Map(found.map((seen) => [seen.path, this.#next(before.get(seen.path), seen, moment)]));
    const ready = this.all.filter((image) => image.state === 'ready' && before.get(image.seen.path)?.state !== 'ready');
    return { gone: [...before.keys()].filter((path) => !this.#images.has(path)), ready };
  }

  #next(before: Tracked | undefined, seen: SeenFile, moment: Moment): Tracked {
    const isSame = before && identityOf(before.seen) === identityOf(seen) && before.seen.half === seen.half;
    return ripen(isSame ? before : trackAnew(seen, before, moment), moment.nowMs);
  }

  /** The next image to look inside; it is being looked at until `finish`. */
  take(nowMs: number): SeenFile | undefined {
    const next = this.all.find(
      ({ state, seen, retryAtMs }) =>
        !this.#reading.has(seen.path) && (state === 'reading' || retryAtMs > 0) && retryAtMs <= nowMs,
    );
    if (next) this.#reading.add(next.seen.path);
    return next?.seen;
  }

  /** What came of it: the image as it stands, if it is ready; nothing if it is another one by now. */
  finish(
    seen: SeenFile,
    reading: Reading,
    nowMs: number,
  ): { readonly image: Tracked; readonly isNews: boolean } | undefined {
    this.#reading.delete(seen.path);
    const image = this.#images.get(seen.path);
    if (!image || identityOf(image.seen) !== identityOf(seen)) return undefined;
    const next = ripen(judged(image, reading, nowMs), nowMs);
    this.#images.set(seen.path, next);
    return next.state === 'ready' ? { image: next, isNews: !isSaid(image, next) } : undefined;
  }

  /** Digests that were computed of these very bytes. */
  learn(seen: SeenFile, digests: Digests): Tracked | undefined {
    const image = this.#images.get(seen.path);
    if (!image || identityOf(image.seen) !== identityOf(seen)) return undefined;
    const next = { ...image, known: { ...image.known, digests: { ...image.known.digests, ...digests } } };
    this.#images.set(seen.path, next);
    return next;
  }

  /** Something is still to be found out that will be found out soon: a file that grows is not waited for. */
  get isUnsettled(): boolean {
    return this.all.some(
      ({ state, isGrowing, isShort, doubted, retryAtMs }) =>
        state === 'reading' ||
        (state === 'copying' && !isGrowing && !isShort) ||
        (doubted !== undefined && retryAtMs > 0),
    );
  }

  get isChanging(): boolean {
    return this.all.some(({ state }) => state !== 'ready');
  }
}

/** An image that cannot be read is tried again for ever, with the same result. */
function isSaid(before: Tracked, now: Tracked): boolean {
  const [was, is] = [before.known, now.known];
  return before.state === 'ready' && was.etag === is.etag && was.verdict?.problem?.says === is.verdict?.problem?.says;
}

function judged(image: Tracked, reading: Reading, nowMs: number): Tracked {
  const { seen, known, doubted, ...rest } = image;
  const { digests } = known;
  const ready = { ...rest, seen, state: 'ready', retryAtMs: 0 } as const;
  switch (reading.kind) {
    case 'busy':
      return { ...image, state: doubted ? 'ready' : 'reading', retryAtMs: nowMs + BUSY_MS };
    case 'unreadable': {
      const verdict = unknownImage(seen.path, reading.problem);
      const unread = { ...ready, known: { digests, verdict }, retryAtMs: nowMs + RETRY_MS };
      return doubted ? { ...unread, doubted } : unread;
    }
    case 'bad': {
      const bad = { ...ready, known: { digests, verdict: unknownImage(seen.path, reading.problem) } };
      return seen.sizeBytes === 0 ? short(bad, unknownImage(seen.path, EMPTY)) : bad;
    }
    case 'recognised': {
      const { verdict, etag, declaredBytes } = reading;
      const whole = { ...ready, known: { digests, verdict, etag, declaredBytes } };
      if (seen.sizeBytes < declaredBytes)
        return short(whole, { ...verdict, entries: [], problem: cutOff(seen.sizeBytes, declaredBytes) });
      // Of a large image the ETag has seen samples only: with the same one the digests still have to be confirmed.
      return doubted && etag === known.etag ? { ...whole, doubted } : whole;
    }
  }
}

/** It may yet grow: it counts as being copied until it has stood still for long. */
function short(image: Tracked, verdict: Verdict): Tracked {
  return { ...image, state: 'copying', isShort: true, known: { ...image.known, verdict } };
}

/** Of an image of which nothing is known but its name. */
export function unknownImage(path: string, problem: ImageProblem): Verdict {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return { family: 'unknown', name, version: '', archs: [], group: name, entries: [], problem };
}

const EMPTY: ImageProblem = { reason: 'damaged', says: 'The file is empty.', cure: 'Copy it again.' };

function cutOff(sizeBytes: number, declaredBytes: number): ImageProblem {
  const says = `It is cut off: ${showBytes(sizeBytes)} of ${showBytes(declaredBytes)} are there.`;
  return { reason: 'damaged', says, cure: 'Copy it again.' };
}
