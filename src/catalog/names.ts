/** Which files of the folder are images, and which are copies that are still being made. */
import { isImagePath } from '../core/alias.ts';

/** Dot files and `~x.iso` are what programs keep for themselves. */
export function isImageName(name: string): boolean {
  return isImagePath(name) && !/^[.~]/.test(name);
}

/** Under these names browsers and downloaders keep what they have so far, or how far they are. */
const HALF = /^(.+)\.(part|partial|filepart|crdownload|opdownload|download|tmp|aria2|!ut|!qb)$/i;

/** Of `x.iso.part`, `x.iso.aria2` the file that it will be: `x.iso`. */
export function wholeName(name: string): string | undefined {
  return HALF.exec(name)?.[1];
}

/** Parts of mirrors that are large and hold no images. */
const PASSED_BY: ReadonlySet<string> = new Set(['pool', 'dists', 'lost+found']);

export function maySearch(folder: string): boolean {
  return !folder.startsWith('.') && !PASSED_BY.has(folder);
}
