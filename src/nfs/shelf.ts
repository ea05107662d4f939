/** The images that clients read, held open while they do: found by the tag in a handle alone, whatever they are called. */
import type { Content, MissReason } from '../core/content.ts';
import type { Clock } from '../host.ts';
import { numberOf, tagOf } from './handle.ts';
import type { HeldImage, Images } from './images.ts';

/** A file of the folder of images that is held open, until it is gone. */
export interface Shelved {
  readonly tag: string;
  /** In the folder of images, when it was found. */
  readonly path: string;
  /** Of all that is inside. */
  readonly fsid: number;
  readonly content: Content;
  /** What is inside, once somebody asked. */
  inside: Promise<HeldImage | MissReason> | undefined;
  /** It is not what its name means any more, or nobody read it for a while: whoever wants it looks for it again. */
  isGone: boolean;
  usedAtMs: number;
  checkedAtMs: number;
}

/** Why there is none: `stale`: nobody has such an image. `later`: nobody can tell now. */
export type NotShelved = 'stale' | 'later';

/** Taste: more than a hall boots at a time. What somebody is just asking for stays beyond that, up to the second bound. */
const MAX_IMAGES = 64;
const MAX_BUSY_IMAGES = 256;
/** So long a removed image is still read from. */
const CHECK_MS = 1000;
/** A system that nobody types at still asks now and then; opening anew costs little. */
const IDLE_MS = 120_000;
/** Looking through the folder for an image that is not there costs a status of each file: not more often than so. */
const MISSED_MS = 1000;
const MAX_MISSED = 256;
/** Folders in the folder of images that are looked through, as where names are looked up. */
const MAX_FOLDERS = 64;

export class Shelf {
  readonly #images: Images;
  readonly #clock: Pick<Clock, 'now' | 'after'>;
  readonly #byTag = new Map<string, Shelved>();
  /** Where tags were seen last, to look there first. */
  readonly #paths = new Map<string, string>();
  readonly #missedAtMs = new Map<string, number>();
  readonly #opening = new Map<string, Promise<Shelved | NotShelved>>();
  readonly #closing = new Set<Promise<void>>();
  #cancel: (() => void) | undefined;

  constructor(images: Images, clock: Pick<Clock, 'now' | 'after'>) {
    this.#images = images;
    this.#clock = clock;
  }

  /** Images that are held, for tests and metrics. */
  get count(): number {
    return this.#byTag.size;
  }

  /** Whether what was taken from here may be used on; looks after it in the background. */
  isFresh(shelved: Shelved): boolean {
    const nowMs = this.#clock.now();
    shelved.usedAtMs = nowMs;
    if (!shelved.isGone && nowMs - shelved.checkedAtMs >= CHECK_MS) {
      shelved.checkedAtMs = nowMs;
      void this.#check(shelved);
    }
    return !shelved.isGone;
  }

  /** The image of `tag`, looked for in the whole folder if need be: once for all who ask. */
  find(tag: string): Shelved | Promise<Shelved | NotShelved> {
    const known = this.#byTag.get(tag);
    if (known && this.isFresh(known)) return known;
    return this.#once(tag, () => this.#search(tag));
  }

  /** The file at `path`. */
  async at(path: string): Promise<Shelved | MissReason> {
    const opened = await this.#images.open(path);
    return 'kind' in opened ? opened.reason : this.#hold(path, opened);
  }

  /** What is inside of it; read once for all who ask. Rejects like `Images.hold`. */
  inside(shelved: Shelved): Promise<HeldImage | MissReason> {
    shelved.inside ??= this.#look(shelved).then(
      (found) => {
        // What may be of the moment is not kept.
        if (typeof found === 'string') shelved.inside = undefined;
        return found;
      },
      (error) => {
        shelved.inside = undefined;
        throw error;
      },
    );
    return shelved.inside;
  }

  async #look(shelved: Shelved): Promise<HeldImage | MissReason> {
    const held = await this.#images.hold(shelved.path);
    if (held.kind === 'missing') return held.reason;
    if (held.image.etag === shelved.content.etag && !shelved.isGone) return held;
    this.drop(shelved);
    await held.close();
    return 'busy';
  }

  /** Closes all of them. */
  async close(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    await Promise.all(this.#opening.values());
    for (const shelved of [...this.#byTag.values()]) this.drop(shelved);
    await Promise.all(this.#closing);
  }

  /** It is not what it was: who asks next looks for it again. */
  drop(shelved: Shelved): void {
    if (shelved.isGone) return;
    shelved.isGone = true;
    if (this.#byTag.get(shelved.tag) === shelved) this.#byTag.delete(shelved.tag);
    const closing: Promise<void> = this.#letGo(shelved)
      .catch(() => {})
      .finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  async #letGo({ content, inside }: Shelved): Promise<void> {
    await content.close();
    const held = await inside;
    if (typeof held === 'object') await held.close();
  }

  #once(tag: string, work: () => Promise<Shelved | NotShelved>): Promise<Shelved | NotShelved> {
    const under = this.#opening.get(tag) ?? work().finally(() => this.#opening.delete(tag));
    this.#opening.set(tag, under);
    return under;
  }

  async #search(tag: string): Promise<Shelved | NotShelved> {
    if (this.#clock.now() - (this.#missedAtMs.get(tag) ?? Number.NEGATIVE_INFINITY) < MISSED_MS) return 'stale';
    const hint = this.#paths.get(tag);
    let isUnsure = false;
    for (const path of [...(hint === undefined ? [] : [hint]), ...(await this.files())]) {
      const opened = await this.#images.open(path);
      if ('kind' in opened) isUnsure ||= opened.reason === 'busy';
      else if (tagOf(opened.etag) === tag) return this.#hold(path, opened);
      else await opened.close();
    }
    if (isUnsure) return 'later';
    this.#miss(tag);
    return 'stale';
  }

  /** All files in the folder of images and in the folders in it. */
  async files(): Promise<readonly string[]> {
    const top = (await this.#images.list('')) ?? [];
    const folders = top.filter(({ kind }) => kind === 'folder').slice(0, MAX_FOLDERS);
    const below = await Promise.all(
      folders.map(async ({ name }) => (await this.#filesIn(name)).map((file) => `${name}/${file}`)),
    );
    return [...namesOfFiles(top), ...below.flat()];
  }

  async #filesIn(folder: string): Promise<readonly string[]> {
    return namesOfFiles((await this.#images.list(folder)) ?? []);
  }

  /** Takes over `content`. */
  async #hold(path: string, content: Content): Promise<Shelved> {
    const tag = tagOf(content.etag);
    const known = this.#byTag.get(tag);
    if (known && this.isFresh(known)) {
      await content.close();
      return known;
    }
    const nowMs = this.#clock.now();
    const times = { usedAtMs: nowMs, checkedAtMs: nowMs };
    const shelved: Shelved = { tag, path, fsid: numberOf(tag), content, inside: undefined, isGone: false, ...times };
    this.#byTag.set(tag, shelved);
    this.#paths.set(tag, path);
    this.#makeRoom();
    this.#cancel ??= this.#clock.after(IDLE_MS, () => this.#round());
    return shelved;
  }

  /** Those that were used last stay. */
  #makeRoom(): void {
    if (this.#paths.size > 16 * MAX_IMAGES) this.#paths.clear();
    if (this.#byTag.size <= MAX_IMAGES) return;
    const [oldest] = [...this.#byTag.values()].sort((a, b) => a.usedAtMs - b.usedAtMs);
    const isIdle = oldest && this.#clock.now() - oldest.usedAtMs >= CHECK_MS;
    if (oldest && (isIdle || this.#byTag.size > MAX_BUSY_IMAGES)) this.drop(oldest);
  }

  #miss(tag: string): void {
    this.#missedAtMs.delete(tag);
    this.#missedAtMs.set(tag, this.#clock.now());
    const [oldest] = this.#missedAtMs.keys();
    if (this.#missedAtMs.size > MAX_MISSED && oldest !== undefined) this.#missedAtMs.delete(oldest);
  }

  /** Whether its name still means the same bytes: one that was removed, replaced or written to is dropped. */
  async #check(shelved: Shelved): Promise<void> {
    const opened = await this.#images.open(shelved.path).catch(() => undefined);
    const isContent = opened !== undefined && !('kind' in opened);
    // A copy in its place has the same bytes: read from there, so that the old one's room on the disk is free.
    const isSame = isContent && opened.etag === shelved.content.etag && opened.identity === shelved.content.identity;
    if (isContent) await opened.close();
    if (!isSame) this.drop(shelved);
  }

  #round(): void {
    const latest = this.#clock.now() - IDLE_MS;
    for (const shelved of [...this.#byTag.values()]) if (shelved.usedAtMs <= latest) this.drop(shelved);
    this.#cancel = this.#byTag.size > 0 ? this.#clock.after(IDLE_MS, () => this.#round()) : undefined;
  }
}

function namesOfFiles(entries: readonly { readonly kind: string; readonly name: string }[]): readonly string[] {
  return entries.filter(({ kind }) => kind === 'file').map(({ name }) => name);
}
