/** What was read of images lately: each volume and folder once for all who ask, the whole of it bounded. */
import { Malformed } from '../core/bytes.ts';
import { type Node, OutOfTurns, type ReadAt, type Volume } from './volume.ts';

export interface CacheLimits {
  readonly maxImages: number;
  /** Of folders that are kept, by estimate. */
  readonly maxBytes: number;
}

/** Taste: the images of a hall, and the largest folders seen (50,000 names, 20 MiB) still fit. */
export const CACHE_LIMITS: CacheLimits = { maxImages: 64, maxBytes: 32 << 20 };

/** Measured: a node, its place in the index by name without case, and two octets for each character of its name and target. */
const NODE_BYTES = 500;
const EXTENT_BYTES = 56;

interface Folder {
  readonly nodes: Promise<readonly Node[]>;
  /** 0 until it is read. */
  bytes: number;
}

interface Shelf {
  readonly path: string;
  /** Which bytes the image was then. */
  readonly key: string;
  readonly volume: Promise<Volume>;
  /** By the folder's place; the longest unused first. */
  readonly folders: Map<number, Folder>;
}

/** Volumes by the image's path; one whose image has become another is dropped. Rejections are kept too: see `forget`. */
export class VolumeCache {
  readonly #limits: CacheLimits;
  /** The longest unused first. */
  readonly #shelves = new Map<string, Shelf>();
  #bytes = 0;

  constructor(limits: CacheLimits) {
    this.#limits = limits;
  }

  get heldBytes(): number {
    return this.#bytes;
  }

  get imageCount(): number {
    return this.#shelves.size;
  }

  /** The volume on the image at `path`, whose bytes are those of `key`; opened if need be. It remembers its folders, sorted. */
  get(path: string, key: string, open: () => Promise<Volume>): Promise<Volume> {
    const known = this.#shelves.get(path);
    if (known && known.key !== key) this.forget(path);
    const shelf = known?.key === key ? known : this.#made(path, key, open);
    this.#shelves.delete(path);
    this.#shelves.set(path, shelf);
    if (this.#shelves.size > this.#limits.maxImages) this.#forgetOldest();
    return shelf.volume;
  }

  /** Whoever has the volume of `path` may go on with it; who asks next opens it anew. */
  forget(path: string): void {
    const shelf = this.#shelves.get(path);
    this.#shelves.delete(path);
    for (const place of shelf?.folders.keys() ?? []) this.#drop(shelf, place);
  }

  #made(path: string, key: string, open: () => Promise<Volume>): Shelf {
    const folders = new Map<number, Folder>();
    const volume = open().then((opened) => ({
      ...facts(opened),
      isSorted: true,
      readFolder: (folder: Node, read: ReadAt) =>
        this.#folder(shelf, folder, async () => sorted(await opened.readFolder(folder, read))),
    }));
    const shelf: Shelf = { path, key, volume, folders };
    return shelf;
  }

  #folder(shelf: Shelf, { place, unreadable }: Node, read: () => Promise<readonly Node[]>): Promise<readonly Node[]> {
    // It may be of the place of one that can be read: a folder of UDF that holds itself.
    if (unreadable !== undefined) return read();
    const folder = shelf.folders.get(place) ?? this.#reading(shelf, place, read);
    shelf.folders.delete(place);
    shelf.folders.set(place, folder);
    return folder.nodes;
  }

  #reading(shelf: Shelf, place: number, read: () => Promise<readonly Node[]>): Folder {
    const folder: Folder = { nodes: read(), bytes: 0 };
    folder.nodes.then(
      (nodes) => {
        if (shelf.folders.get(place) === folder) this.#keep(shelf, place, bytesOf(nodes));
      },
      (error: unknown) => {
        if (shelf.folders.get(place) !== folder) return;
        // Damage stays: it is not looked for again at each question.
        const isDamaged = error instanceof Malformed && !(error instanceof OutOfTurns);
        if (isDamaged) this.#keep(shelf, place, NODE_BYTES);
        else shelf.folders.delete(place);
      },
    );
    return folder;
  }

  #keep(shelf: Shelf, place: number, bytes: number): void {
    const folder = shelf.folders.get(place);
    // Whoever still has a volume that is forgotten may go on for long: nobody counts what it holds.
    if (this.#shelves.get(shelf.path) !== shelf) this.#drop(shelf, place);
    else if (folder) {
      folder.bytes = bytes;
      this.#bytes += bytes;
      this.#makeRoom();
    }
  }

  #makeRoom(): void {
    for (const shelf of this.#shelves.values()) {
      for (const [place, { bytes }] of shelf.folders) {
        if (this.#bytes <= this.#limits.maxBytes) return;
        if (bytes > 0) this.#drop(shelf, place);
      }
    }
  }

  #drop(shelf: Shelf | undefined, place: number): void {
    this.#bytes -= shelf?.folders.get(place)?.bytes ?? 0;
    shelf?.folders.delete(place);
  }

  #forgetOldest(): void {
    const oldest = this.#shelves.keys().next();
    if (!oldest.done) this.forget(oldest.value);
  }
}

/** All of a volume but the way to what its folders hold. */
function facts(volume: Volume): Omit<Volume, 'readFolder' | 'isSorted'> {
  const { format, names, label, systemId, declaredBytes, bootImages, root, nodeAt, parentOf } = volume;
  return { format, names, label, systemId, declaredBytes, bootImages, root, nodeAt, parentOf };
}

/** Sorted once, for all who look names up in it or list it. */
function sorted(nodes: readonly Node[]): readonly Node[] {
  return nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** By estimate, what `nodes` take in memory. */
export function bytesOf(nodes: readonly Node[]): number {
  const texts = nodes.reduce((sum, { name, target = '' }) => sum + 2 * (name.length + target.length), 0);
  const extents = nodes.reduce((sum, node) => sum + node.extents.length, 0);
  return nodes.length * NODE_BYTES + extents * EXTENT_BYTES + texts + NODE_BYTES;
}
