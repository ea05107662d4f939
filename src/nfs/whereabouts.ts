/** Where the image of a tag is: handles name images by what is in them, and files may be renamed, moved and come back. */
import type { Content, MissReason } from '../core/content.ts';
import type { Clock } from '../host.ts';
import { tagOf } from './handle.ts';
import type { Images } from './images.ts';

/** Why there is none. `stale`: nobody has such an image. `later`: nobody can tell now. */
export type NotFound = 'stale' | 'later';

/** An image that was found. Whoever gets it closes its content. */
export interface Found {
  readonly path: string;
  readonly content: Content;
}

/** An image that is not there is not looked for more often than so: that costs a status of each file. */
const MISSED_MS = 1000;
const MAX_MISSED = 256;
const MAX_SEEN = 1024;
/** Folders in the folder of images that are looked through, as where names are looked up. */
const MAX_FOLDERS = 64;
/** Of a file that cannot be opened: it may be the one that is meant. */
const UNSURE: ReadonlySet<MissReason> = new Set(['busy', 'damaged']);

export class Whereabouts {
  readonly #images: Images;
  readonly #clock: Pick<Clock, 'now'>;
  /** Where tags were seen last, to look there first. */
  readonly #seen = new Map<string, string>();
  readonly #missedAtMs = new Map<string, number>();
  /** Tags that are looked for. */
  readonly #wanted = new Set<string>();
  #looking: Promise<boolean> | undefined;

  constructor(images: Images, clock: Pick<Clock, 'now'>) {
    this.#images = images;
    this.#clock = clock;
  }

  saw(tag: string, path: string): void {
    if (this.#seen.size >= MAX_SEEN) this.#seen.clear();
    this.#seen.set(tag, path);
  }

  /** Where it was seen last, then in the whole folder. To be asked once at a time for a tag. */
  async find(tag: string): Promise<Found | NotFound> {
    if (this.#clock.now() - (this.#missedAtMs.get(tag) ?? Number.NEGATIVE_INFINITY) < MISSED_MS) return 'stale';
    const known = await this.#openSeen(tag);
    if (typeof known === 'object') return known;
    this.#wanted.add(tag);
    try {
      return await this.#searchAll(tag);
    } finally {
      this.#wanted.delete(tag);
    }
  }

  /** All files in the folder of images and in the folders in it; nothing where it cannot be read, its disk being gone for instance. */
  async files(): Promise<readonly string[] | undefined> {
    const top = await this.#images.list('');
    if (!top) return undefined;
    const folders = top.filter(({ kind }) => kind === 'folder').slice(0, MAX_FOLDERS);
    const below = await Promise.all(
      folders.map(async ({ name }) => filesOf((await this.#images.list(name)) ?? []).map((file) => `${name}/${file}`)),
    );
    return [...filesOf(top), ...below.flat()];
  }

  async #searchAll(tag: string): Promise<Found | NotFound> {
    // A look that began before may have passed by where it is now.
    for (let looks = this.#looking ? 2 : 1; looks > 0; looks--) {
      const isAll = await this.#lookThrough();
      const found = await this.#openSeen(tag);
      if (found !== 'stale') return found;
      if (!isAll) return 'later';
    }
    this.#miss(tag);
    return 'stale';
  }

  async #openSeen(tag: string): Promise<Found | NotFound> {
    const path = this.#seen.get(tag);
    if (path === undefined) return 'stale';
    const content = await this.#images.open(path);
    if ('kind' in content) return UNSURE.has(content.reason) ? 'later' : 'stale';
    if (tagOf(content.etag) === tag) return { path, content };
    await content.close();
    return 'stale';
  }

  /** Notes where the tags are that are wanted: one look at all files, for all who ask meanwhile. False: nobody can tell of some. */
  #lookThrough(): Promise<boolean> {
    this.#looking ??= this.#lookAtAll().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookAtAll(): Promise<boolean> {
    const paths = await this.files();
    let isAll = paths !== undefined;
    for (const path of paths ?? []) {
      const opened = await this.#images.open(path);
      if ('kind' in opened) {
        if (UNSURE.has(opened.reason)) isAll = false;
        continue;
      }
      const tag = tagOf(opened.etag);
      if (this.#wanted.has(tag)) this.saw(tag, path);
      await opened.close();
    }
    return isAll;
  }

  #miss(tag: string): void {
    this.#missedAtMs.delete(tag);
    this.#missedAtMs.set(tag, this.#clock.now());
    const [oldest] = this.#missedAtMs.keys();
    if (this.#missedAtMs.size > MAX_MISSED && oldest !== undefined) this.#missedAtMs.delete(oldest);
  }
}

function filesOf(entries: readonly { readonly kind: string; readonly name: string }[]): readonly string[] {
  return entries.filter(({ kind }) => kind === 'file').map(({ name }) => name);
}
