/** What handles stand for: the hall's folders, files of the folder of images, and all that is inside of them. */

import { latin1, Malformed } from '../core/bytes.ts';
import type { Content, MissReason, Soon } from '../core/content.ts';
import { errnoOf } from '../core/errors.ts';
import type { HeldImage, TreeNode } from '../core/held.ts';
import type { Attributes } from './attributes.ts';
import { type Handles, numberOf, type Place } from './handle.ts';
import type { Failure } from './protocol.ts';
import type { Shelf, Shelved } from './shelf.ts';

/** A folder that no image holds. */
export type HallPlace = Exclude<Place, { readonly kind: 'image' | 'node' }>;

export type Item = HallItem | FileItem | InsideItem;

interface Known {
  readonly handle: Uint8Array;
  readonly attributes: Attributes;
}
export interface HallItem extends Known {
  readonly kind: 'hall';
  readonly place: HallPlace;
}
/** An image, or what else lies beside it, as a file. */
export interface FileItem extends Known {
  readonly kind: 'file';
  readonly shelved: Shelved;
  readonly content: Content;
  /** Where the last who read it came to. */
  readUpTo: number;
}
export interface InsideItem extends Known {
  readonly kind: 'inside';
  readonly shelved: Shelved;
  readonly held: HeldImage;
  readonly node: TreeNode;
  /** Of a file, made when it is read first. */
  content: Content | undefined;
  readUpTo: number;
}

/** Items that were asked for lately, in two halves: the older one goes when the younger is full. Some megabytes. */
const HALF_ITEMS = 8192;
/** Of the hall's own folders, which are in no image. */
export const HALL_FSID = 0x666c_6973;

export interface ItemsDeps {
  readonly shelf: Shelf;
  readonly handles: () => Handles;
}

export class Items {
  readonly #shelf: Shelf;
  readonly #handles: () => Handles;
  /** By handle. */
  #young = new Map<string, FileItem | InsideItem>();
  #old = new Map<string, FileItem | InsideItem>();
  /** Those that made the handles of what is kept. */
  #madeBy: Handles | undefined;

  constructor({ shelf, handles }: ItemsDeps) {
    this.#shelf = shelf;
    this.#handles = handles;
  }

  /** What stands there, at once where it was asked for lately; a hall's folder without its attributes, which whoever knows the hall adds. */
  of(handle: Uint8Array): Soon<FileItem | InsideItem | HallPlace | Failure> {
    const handles = this.#handles();
    // With another key the handles of before are nobody's.
    if (handles !== this.#madeBy) this.#forgetAll(handles);
    const key = latin1(handle);
    const known = this.#young.get(key) ?? this.#old.get(key);
    if (known && this.#shelf.isFresh(known.shelved)) {
      this.#keep(key, known);
      return known;
    }
    const place = handles.open(handle);
    if (place === 'bad') return 'bad-handle';
    return place.kind === 'image' || place.kind === 'node' ? this.#find(place, key) : place;
  }

  /** What is at `path` of the image that `shelved` is, from its root on, or its root. */
  async root(shelved: Shelved): Promise<InsideItem | Failure> {
    const held = await this.#shelf.inside(shelved);
    return typeof held === 'string' ? failureOf(held) : this.inside(shelved, held, held.root);
  }

  file(shelved: Shelved): FileItem {
    const { tag, content } = shelved;
    const { sizeBytes, modifiedMs } = content;
    const attributes: Attributes = {
      ...{ kind: 'file', mode: 0o444, uid: 0, gid: 0, sizeBytes, modifiedMs },
      ...{ fsid: HALL_FSID, fileid: numberOf(tag) },
    };
    return {
      kind: 'file',
      handle: this.#handles().seal({ kind: 'image', tag }),
      attributes,
      shelved,
      content,
      readUpTo: 0,
    };
  }

  inside(shelved: Shelved, held: HeldImage, node: TreeNode): InsideItem {
    const handle = this.sealed(shelved, node);
    return {
      kind: 'inside',
      handle,
      attributes: attributesOf(node, shelved),
      shelved,
      held,
      node,
      content: undefined,
      readUpTo: 0,
    };
  }

  sealed({ tag }: Shelved, { place }: TreeNode): Uint8Array {
    return this.#handles().seal({ kind: 'node', tag, place });
  }

  async #find(place: Place & { readonly tag: string }, key: string): Promise<FileItem | InsideItem | Failure> {
    const shelved = await this.#shelf.find(place.tag);
    if (typeof shelved === 'string') return shelved;
    const item =
      place.kind === 'node'
        ? await this.#shelf.during(shelved, this.#nodeAt(shelved, place.place))
        : this.file(shelved);
    if (typeof item === 'object') this.#keep(key, item);
    return item;
  }

  async #nodeAt(shelved: Shelved, place: number): Promise<InsideItem | Failure> {
    const held = await this.#shelf.inside(shelved);
    if (held === 'not-found') {
      // Of a handle no name is missing: the file was taken away or renamed just now.
      this.#shelf.drop(shelved);
      return 'later';
    }
    if (typeof held === 'string') return failureOf(held);
    const node = await held.nodeAt(place);
    return node ? this.inside(shelved, held, node) : 'stale';
  }

  #keep(key: string, item: FileItem | InsideItem): void {
    this.#young.set(key, item);
    if (this.#young.size < HALF_ITEMS) return;
    this.#old = this.#young;
    this.#young = new Map();
  }

  #forgetAll(handles: Handles): void {
    this.#madeBy = handles;
    this.#young.clear();
    this.#old.clear();
  }
}

export function attributesOf(node: TreeNode, { fsid }: Shelved): Attributes {
  const { kind, mode, uid, gid, modifiedMs, place, target } = node;
  // UDF knows no length of a link; clients read as much of it as is told here.
  const sizeBytes = target === undefined ? node.sizeBytes : Buffer.byteLength(target);
  return { kind, mode, uid, gid, sizeBytes, modifiedMs, fsid, fileid: place };
}

/** What a client is told of a name that gives nothing. */
export function failureOf(reason: MissReason): Failure {
  switch (reason) {
    case 'busy':
      return 'later';
    case 'damaged':
    case 'no-permission':
      return 'io';
    default:
      return 'not-found';
  }
}

/** What went wrong at reading: an image that somebody took away is looked for again when the client asks again. */
export function failureBy(error: unknown, item?: Item): Failure {
  if (item && item.kind !== 'hall' && item.shelved.isGone) return 'later';
  if (error instanceof Malformed) return 'io';
  const errno = errnoOf(error);
  return errno !== undefined && !errno.startsWith('ERR_') ? 'io' : 'server-fault';
}
