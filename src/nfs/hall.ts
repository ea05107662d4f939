/** The folders that no image holds, `/`, `/isos` and `/tree`, and the way from any folder to what is in it. */
import { type ImageName, isImagePath, nameImages } from '../core/alias.ts';
import type { FolderEntry, Soon } from '../core/content.ts';
import type { Clock } from '../host.ts';
import type { Attributes } from './attributes.ts';
import { type Handles, tagOf } from './handle.ts';
import type { Images } from './images.ts';
import {
  attributesOf,
  failureBy,
  failureOf,
  HALL_FSID,
  type HallItem,
  type HallPlace,
  type InsideItem,
  type Item,
  type Items,
} from './items.ts';
import type { DirEntry } from './listing.ts';
import { FIRST_COOKIE, FRESH_MS, hallFileid, Looks, type Row, rowOf } from './looks.ts';
import type { Mountable } from './mount.ts';
import type { Failure } from './protocol.ts';
import type { Shelf } from './shelf.ts';

/** RFC 1813's names are no longer; every file system of ours holds them. */
const MAX_NAME_BYTES = 255;
export interface HallDeps {
  readonly images: Images;
  readonly shelf: Shelf;
  readonly items: Items;
  readonly handles: () => Handles;
  readonly clock: Pick<Clock, 'now' | 'date'>;
}

export class Hall {
  readonly #deps: HallDeps;
  readonly #looks: Looks;
  #exported: { readonly paths: Promise<readonly string[]>; readonly lookedAtMs: number } | undefined;

  constructor(deps: HallDeps) {
    this.#deps = deps;
    this.#looks = new Looks({ rowsOf: (place) => this.#rows(place), clock: deps.clock });
  }

  /** What a handle stands for. */
  of(handle: Uint8Array): Soon<Item | Failure> {
    const found = this.#deps.items.of(handle);
    return found instanceof Promise ? found.then((item) => this.#known(item)) : this.#known(found);
  }

  #known(found: Item | HallPlace | Failure): Soon<Item | Failure> {
    if (typeof found === 'string') return found;
    return 'attributes' in found ? found : this.#folder(found);
  }

  /** What is called `name` in `folder`; `.` and `..` too. Links are not followed: that is the client's. */
  child(folder: Item, name: string): Soon<Item | Failure> {
    if (folder.attributes.kind !== 'folder') return 'not-a-folder';
    if (Buffer.byteLength(name) > MAX_NAME_BYTES) return 'name-too-long';
    if (name === '.') return folder;
    if (folder.kind === 'inside') return this.#childInside(folder, name);
    return folder.kind === 'hall' ? this.#childOfHall(folder, name) : 'not-a-folder';
  }

  async #childInside(folder: InsideItem, name: string): Promise<Item | Failure> {
    const { held, shelved, node } = folder;
    const found = name === '..' ? await held.parentOf(node) : await held.child(node, name);
    return found ? this.#deps.items.inside(shelved, held, found) : 'not-found';
  }

  async #childOfHall({ place }: HallItem, name: string): Promise<Item | Failure> {
    if (name === '..') return this.#folder(parentOf(place));
    if (place.kind === 'tree') return this.#image(name);
    const look = await this.#looks.at(place);
    if (typeof look === 'string') return look;
    const row = look.rows.find((each) => each.name === name);
    if (row) return row.open();
    // By its alias, as menus write it.
    const image = place.kind === 'isos' && isImagePath(name) ? await this.#deps.images.find(name) : undefined;
    return image ? this.#file(image.path) : 'not-found';
  }

  /** Behind `cookie`, in order; what is inside images lazily, since a page takes a few of many. `isPlus`: with attributes and handles. */
  async entries(folder: Item, cookie: number, isPlus: boolean): Promise<Iterable<DirEntry> | Failure> {
    if (folder.kind === 'inside') return this.#entriesInside(folder, cookie, isPlus);
    if (folder.kind !== 'hall') return 'not-a-folder';
    const look = await this.#looks.at(folder.place);
    if (typeof look === 'string') return look;
    const dots = [
      { name: '.', fileid: folder.attributes.fileid, cookie: 1 },
      { name: '..', fileid: hallFileid(parentOf(folder.place)), cookie: 2 },
    ];
    return [...dots, ...look.rows].filter((entry) => entry.cookie > cookie);
  }

  async #entriesInside(folder: InsideItem, cookie: number, isPlus: boolean): Promise<Iterable<DirEntry> | Failure> {
    const { held, shelved, node } = folder;
    if (node.kind !== 'folder') return 'not-a-folder';
    const nodes = await held.list(node);
    const parent = cookie < 2 ? ((await held.parentOf(node).catch(() => undefined)) ?? node) : node;
    const { items } = this.#deps;
    return (function* () {
      if (cookie < 1)
        yield { name: '.', fileid: node.place, cookie: 1, attributes: folder.attributes, handle: folder.handle };
      if (cookie < 2) yield { name: '..', fileid: parent.place, cookie: 2 };
      for (let i = Math.max(0, cookie - FIRST_COOKIE + 1); i < nodes.length; i++) {
        const each = nodes[i];
        if (!each) return;
        const entry = { name: each.name, fileid: each.place, cookie: i + FIRST_COOKIE };
        yield isPlus
          ? { ...entry, attributes: attributesOf(each, shelved), handle: items.sealed(shelved, each) }
          : entry;
      }
    })();
  }

  /** `/tree/mint-22`, `/tree/mint-22.iso/casper`, `/isos`. */
  async resolve(path: string): Promise<Mountable> {
    const found = await this.#at(path).catch((error) => {
      const failure = failureBy(error);
      if (failure === 'server-fault') throw error;
      return failure;
    });
    if (typeof found === 'string') return { kind: 'refused', reason: refusalOf(found) };
    if (found.attributes.kind !== 'folder') return { kind: 'refused', reason: 'not-a-folder' };
    return { kind: 'folder', handle: found.handle };
  }

  async #at(path: string): Promise<Item | Failure> {
    let item: Item | Failure = await this.#folder({ kind: 'top' });
    for (const name of path.split('/').filter((step) => step !== '')) {
      if (typeof item === 'string') break;
      item = await this.child(item, name);
    }
    return item;
  }

  /** `/isos`, and each image as menus write it, and with its suffix. Looked up once for all who ask within `FRESH_MS`. */
  exports(): Promise<readonly string[]> {
    const nowMs = this.#deps.clock.now();
    const known = this.#exported;
    if (known && nowMs - known.lookedAtMs < FRESH_MS) return known.paths;
    const paths = this.#mountable();
    this.#exported = { paths, lookedAtMs: nowMs };
    return paths;
  }

  /** Nothing that is damaged: whoever mounts all that is exported below a folder, as libnfs does, would have none of it. */
  async #mountable(): Promise<readonly string[]> {
    const paths = ['/isos'];
    for (const { alias, suffix } of (await this.#imageNames()) ?? []) {
      const { kind } = await this.resolve(`/tree/${alias}`);
      if (kind === 'folder') paths.push(`/tree/${alias}`, `/tree/${alias}${suffix}`);
    }
    return paths;
  }

  async #folder(place: HallPlace): Promise<HallItem | Failure> {
    const look = await this.#looks.at(place);
    if (typeof look === 'string') return look;
    const attributes: Attributes = {
      ...{ kind: 'folder', mode: 0o555, uid: 0, gid: 0, sizeBytes: 4096, modifiedMs: look.sinceMs },
      ...{ fsid: HALL_FSID, fileid: hallFileid(place) },
    };
    return { kind: 'hall', handle: this.#deps.handles().seal(place), attributes, place };
  }

  async #rows(place: HallPlace): Promise<readonly Row[] | Failure> {
    if (place.kind === 'top') return (['isos', 'tree'] as const).map((kind) => this.#folderRow(kind, { kind }));
    if (place.kind === 'tree') {
      const names = await this.#imageNames();
      return names?.map(({ alias }) => rowOf(alias, () => this.#image(alias))) ?? 'later';
    }
    const top = await this.#deps.images.list('');
    if (!top) return 'later';
    const below = place.kind === 'folder' ? folderIn(top, place.tag) : '';
    if (below === undefined) return 'stale';
    const entries = below === '' ? top : await this.#deps.images.list(below);
    if (!entries) return 'io';
    const prefix = below === '' ? '' : `${below}/`;
    const etags = new Map(this.#deps.images.names().map(({ path, etag }) => [path, etag]));
    return entries.flatMap(({ name, kind }) => {
      const path = `${prefix}${name}`;
      if (kind === 'file') return [rowOf(name, () => this.#file(path), etags.get(path))];
      // Deeper ones are in no menu either.
      return below === '' ? [this.#folderRow(name, { kind: 'folder', tag: tagOf(name) })] : [];
    });
  }

  #folderRow(name: string, place: HallPlace): Row {
    return { ...rowOf(name, () => this.#folder(place)), fileid: hallFileid(place) };
  }

  /** As the catalogue calls them; one that came a moment ago as it will be called. */
  async #imageNames(): Promise<readonly ImageName[] | undefined> {
    const known = new Map(this.#deps.images.names().map((image) => [image.path, image]));
    const files = await this.#deps.shelf.files();
    return files && nameImages(files).map((image) => known.get(image.path) ?? image);
  }

  async #image(name: string): Promise<Item | Failure> {
    const image = await this.#deps.images.find(name);
    if (!image) return 'not-found';
    const shelved = await this.#deps.shelf.at(image.path);
    return typeof shelved === 'string' ? failureOf(shelved) : this.#deps.items.root(shelved);
  }

  async #file(path: string): Promise<Item | Failure> {
    const shelved = await this.#deps.shelf.at(path);
    return typeof shelved === 'string' ? failureOf(shelved) : this.#deps.items.file(shelved);
  }
}

/** By the tag of its name. */
function folderIn(entries: readonly FolderEntry[], tag: string): string | undefined {
  return entries.find(({ name, kind }) => kind === 'folder' && tagOf(name) === tag)?.name;
}

function parentOf({ kind }: HallPlace): HallPlace {
  return { kind: kind === 'folder' ? 'isos' : 'top' };
}

function refusalOf(failure: Failure): (Mountable & { readonly kind: 'refused' })['reason'] {
  if (failure === 'name-too-long' || failure === 'not-a-folder') return failure;
  return failure === 'not-found' || failure === 'stale' ? 'not-found' : 'io';
}
