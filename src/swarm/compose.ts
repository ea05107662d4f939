/** An announcement as octets, below what flink takes. */
import { createHash } from 'node:crypto';
import { type Announcement, MAX_ANNOUNCEMENT_BYTES, type NodeCatalog } from '../core/swarm.ts';
import { MAX_ENTRIES, MAX_IMAGES, MAX_LOADERS } from './announcement.ts';

/** What the node has, and a word that changes with it. */
export interface Catalogued {
  readonly tag: string;
  readonly catalog: NodeCatalog;
  /** There was more than flink takes. */
  readonly isCut: boolean;
}

/** Where nothing is known yet of what the node has. */
export const NO_TAG = 'unknown';
/** For all but the catalogue. */
const RESERVED_BYTES = 4096;

/** `catalog`, with the first of everything where it is too much. */
export function catalogued(catalog: NodeCatalog): Catalogued {
  let cut: NodeCatalog = {
    loaders: catalog.loaders.slice(0, MAX_LOADERS),
    images: catalog.images.slice(0, MAX_IMAGES),
    entries: catalog.entries.slice(0, MAX_ENTRIES),
  };
  let text = JSON.stringify(cut);
  while (Buffer.byteLength(text) > MAX_ANNOUNCEMENT_BYTES - RESERVED_BYTES) {
    cut = { ...cut, images: firstHalf(cut.images), entries: firstHalf(cut.entries) };
    text = JSON.stringify(cut);
  }
  const isCut = cut.images.length < catalog.images.length || cut.entries.length < catalog.entries.length;
  return { tag: createHash('sha256').update(text).digest('hex').slice(0, 32), catalog: cut, isCut };
}

/** The catalogue goes without what clients fetched: both together may be too much. */
export function encodeAnnouncement(announcement: Announcement): Uint8Array {
  return Buffer.from(JSON.stringify(announcement));
}

const firstHalf = <Item>(items: readonly Item[]): readonly Item[] => items.slice(0, Math.floor(items.length / 2));
