/** What a node has, kept so that it can be asked quickly, and what two nodes have in common. */
import type { NodeCatalog, NodeImage, Peer } from '../core/swarm.ts';

/** Taste: what menus can carry. Names are short; whatever they are, eight such peers leave an answer below half a MiB. */
const MAX_SHARED = 512;
const MAX_SHARED_BYTES = 48 << 10;

type SharedEntries = Peer['entries'];

export class HeldCatalog {
  readonly tag: string;
  readonly loaders: ReadonlySet<string>;
  readonly entries: ReadonlySet<string>;
  readonly images: readonly NodeImage[];
  readonly #imageOf: ReadonlyMap<string, NodeImage>;
  /** Catalogues change seldom and are compared with each announcement; who is forgotten takes its result along. */
  readonly #shared = new WeakMap<HeldCatalog, SharedEntries>();

  constructor(tag: string, { loaders, images, entries }: NodeCatalog) {
    this.tag = tag;
    this.loaders = new Set(loaders);
    this.entries = new Set(entries);
    this.images = images;
    this.#imageOf = new Map(images.flatMap((image) => image.entries.map((id) => [id, image] as const)));
  }

  /** Entries of this one that `other` has, too, as `other` names them; as many as menus can carry. */
  sharedWith(other: HeldCatalog): SharedEntries {
    const before = this.#shared.get(other);
    if (before) return before;
    const ids = [...this.entries].filter((id) => other.entries.has(id)).slice(0, MAX_SHARED);
    let bytes = 0;
    const shared: SharedEntries[number][] = [];
    for (const id of ids) {
      const image = other.#imageOf.get(id);
      const entry = image ? { id, alias: image.alias, etag: image.etag } : { id };
      bytes += Buffer.byteLength(JSON.stringify(entry)) + 1;
      if (bytes > MAX_SHARED_BYTES) break;
      shared.push(entry);
    }
    this.#shared.set(other, shared);
    return shared;
  }
}
