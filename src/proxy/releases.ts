/** Whether an index that is kept belongs to the release that is kept: an old one is never told beside a new one. */
import { releaseSums } from './release.ts';
import { type Known, plainReleaseKey } from './repository.ts';
import type { Store } from './store.ts';
import type { Entry } from './types.ts';

/** Those of the largest distributions have 10 MiB. */
const MAX_RELEASE_BYTES = 16 << 20;
const MAX_KEPT = 4;

export class Releases {
  readonly #store: Pick<Store, 'find' | 'open'>;
  /** By the release's entry and its last change: read once for all who ask, and one release at a time. */
  readonly #sums = new Map<string, Promise<ReadonlyMap<string, string> | undefined>>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(store: Pick<Store, 'find' | 'open'>) {
    this.#store = store;
  }

  /** True, too, where no release is kept, or it does not list that index: nothing contradicts then. */
  async agrees({ releaseKey, path }: NonNullable<Known['listed']>, index: Entry): Promise<boolean> {
    const release = this.#store.find(releaseKey)[0] ?? this.#store.find(plainReleaseKey(releaseKey))[0];
    const sums = release && (await this.#sumsOf(release));
    const wanted = sums?.get(path);
    return wanted === undefined || wanted === index.sha256;
  }

  #sumsOf(release: Entry): Promise<ReadonlyMap<string, string> | undefined> {
    const key = `${release.id} ${release.answeredAtMs}`;
    const known = this.#sums.get(key);
    if (known) return known;
    const sums = this.#last.then(() => this.#read(release));
    this.#last = sums.catch(() => {});
    this.#sums.set(key, sums);
    const oldest = this.#sums.size > MAX_KEPT ? this.#sums.keys().next().value : undefined;
    if (oldest !== undefined) this.#sums.delete(oldest);
    return sums;
  }

  async #read(release: Entry): Promise<ReadonlyMap<string, string> | undefined> {
    if (release.sizeBytes > MAX_RELEASE_BYTES) return undefined;
    const content = await this.#store.open(release);
    if (!content) return undefined;
    try {
      const bytes = Buffer.alloc(release.sizeBytes);
      await content.read(bytes, 0);
      return releaseSums(bytes.toString('latin1'));
    } catch {
      return undefined;
    } finally {
      await content.close();
    }
  }
}
