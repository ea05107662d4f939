/** Names in the folder: which files are images, which are copies that are still being made, and how a cure spells one. */
import { isImagePath } from '../core/alias.ts';
import { shellWord } from '../core/errors.ts';
import type { Verdict } from '../core/image.ts';

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

/** The verdict with the image's own name in the command that would help: recognition doesn't know it, and it may change. */
export function withOwnName(verdict: Verdict, path: string): Verdict {
  const { problem } = verdict;
  if (!problem?.cure?.includes(FOR_IMAGE)) return verdict;
  const cure = problem.cure.replace(FOR_IMAGE, () => `node dist/fnode.js loaders install --for ${shellWord(path)}`);
  return { ...verdict, problem: { ...problem, cure } };
}

const FOR_IMAGE = 'fnode loaders install --for IMAGE';
