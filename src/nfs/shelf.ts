/** The images that clients read, held open while they do: found by the tag in a handle alone, whatever they are called. */
import type { Content, MissReason } from '../core/content.ts';
import type { HeldImage } from '../core/held.ts';
import type { Clock } from '../host.ts';
import { numberOf, tagOf } from './handle.ts';
import type { Images } from './images.ts';
import { type NotFound, Whereabouts } from './whereabouts.ts';

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
  /** Questions that have not been answered: it is closed behind the last of them. */
  underWay: number;
  usedAtMs: number;
  checkedAtMs: number;
}

/** Taste: more than a hall boots at a time. What somebody is just asking for stays beyond that, up to the second bound. */
const MAX_IMAGES = 64;
const MAX_BUSY_IMAGES = 256;
/** So long a removed image is still read from. */
const CHECK_MS = 1000;
/** A system that nobody types at still asks now and then; opening anew costs little. */
const IDLE_MS = 120_000;

export class Shelf {
  readonly #images: Images;
  readonly #clock: Pick<Clock, 'now' | 'after'>;
  readonly #byTag = new Map<string, Shelved>();
  readonly #whereabouts: Whereabouts;
  /** Of tags that are looked for. */
  readonly #searches = new Map<string, Promise<Shelved | NotFound>>();
  /** What nobody waits for but who closes all. */
  readonly #ending = new Set<Promise<void>>();
  #cancel: (() => void) | undefined;

  constructor(images: Images, clock: Pick<Clock, 'now' | 'after'>) {
    this.#images = images;
    this.#whereabouts = new Whereabouts(images, clock);
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
      this.#endLater(this.#check(shelved));
    }
    return !shelved.isGone;
  }

  /** The image of `tag`, looked for in the whole folder if need be: once for all who ask. */
  find(tag: string): Shelved | Promise<Shelved | NotFound> {
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

  /** Keeps it open until `answer` is there, whatever becomes of it meanwhile. */
  async during<Answer>(shelved: Shelved, answer: Promise<Answer>): Promise<Answer> {
    // It may be closed already.
    if (shelved.isGone) return answer;
    shelved.underWay += 1;
    try {
      return await answer;
    } finally {
      shelved.underWay -= 1;
      if (shelved.isGone && shelved.underWay === 0) this.#letGo(shelved);
    }
  }

  async #look(shelved: Shelved): Promise<HeldImage | MissReason> {
    const held = await this.#images.hold(shelved.path);
    if (held.kind === 'missing') return held.reason;
    if (held.image.etag === shelved.content.etag && !shelved.isGone) return held;
    this.drop(shelved);
    await held.close();
    return 'busy';
  }

  /** As `Whereabouts` has it. */
  files(): Promise<readonly string[] | undefined> {
    return this.#whereabouts.files();
  }

  /** Closes all of them, once what was asked is answered. */
  async close(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    await Promise.allSettled(this.#searches.values());
    for (const shelved of [...this.#byTag.values()]) this.drop(shelved);
    await Promise.all(this.#ending);
  }

  /** It is not what it was: who asks next looks for it again. */
  drop(shelved: Shelved): void {
    if (shelved.isGone) return;
    shelved.isGone = true;
    if (this.#byTag.get(shelved.tag) === shelved) this.#byTag.delete(shelved.tag);
    if (shelved.underWay === 0) this.#letGo(shelved);
  }

  #letGo({ content, inside }: Shelved): void {
    this.#endLater(content.close());
    if (inside) this.#endLater(inside.then((held) => (typeof held === 'object' ? held.close() : undefined)));
  }

  #endLater(work: Promise<void>): void {
    const ending: Promise<void> = work.catch(() => {}).finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  #once(tag: string, search: () => Promise<Shelved | NotFound>): Promise<Shelved | NotFound> {
    const under = this.#searches.get(tag) ?? search().finally(() => this.#searches.delete(tag));
    this.#searches.set(tag, under);
    return under;
  }

  async #search(tag: string): Promise<Shelved | NotFound> {
    const found = await this.#whereabouts.find(tag);
    return typeof found === 'string' ? found : this.#hold(found.path, found.content);
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
    const shelved: Shelved = {
      ...{ tag, path, fsid: numberOf(tag), content, inside: undefined },
      ...{ isGone: false, underWay: 0, usedAtMs: nowMs, checkedAtMs: nowMs },
    };
    this.#byTag.set(tag, shelved);
    this.#whereabouts.saw(tag, path);
    this.#makeRoom();
    this.#cancel ??= this.#clock.after(IDLE_MS, () => this.#round());
    return shelved;
  }

  /** Those that were used last stay. */
  #makeRoom(): void {
    if (this.#byTag.size <= MAX_IMAGES) return;
    const [oldest] = [...this.#byTag.values()].sort((a, b) => a.usedAtMs - b.usedAtMs);
    const isIdle = oldest && this.#clock.now() - oldest.usedAtMs >= CHECK_MS;
    if (oldest && (isIdle || this.#byTag.size > MAX_BUSY_IMAGES)) this.drop(oldest);
  }

  /** Whether its name still means the same bytes: one that was removed, replaced or written to is dropped. */
  async #check(shelved: Shelved): Promise<void> {
    const opened = await this.#images.open(shelved.path);
    if ('kind' in opened) {
      // Too much is going on for a look at it now, which says nothing of it.
      if (opened.reason !== 'busy' || !(await shelved.content.isUnchanged())) this.drop(shelved);
      return;
    }
    // A copy in its place has the same bytes: read from there, so that the old one's room on the disk is free.
    const isSame = opened.etag === shelved.content.etag && opened.identity === shelved.content.identity;
    if (!isSame) this.drop(shelved);
    await opened.close();
  }

  #round(): void {
    const latest = this.#clock.now() - IDLE_MS;
    for (const shelved of [...this.#byTag.values()]) if (shelved.usedAtMs <= latest) this.drop(shelved);
    this.#cancel = this.#byTag.size > 0 ? this.#clock.after(IDLE_MS, () => this.#round()) : undefined;
  }
}
