/** What is inside images: one door for HTTP, TFTP and recognition, over the folder's own way to open an image. */
import { setImmediate } from 'node:timers/promises';
import { Malformed } from '../core/bytes.ts';
import { type Content, type FolderEntry, type MissReason, normalisePath, type Opened } from '../core/content.ts';
import { errnoOf, messageOf } from '../core/errors.ts';
import type { ImageProblem, ImageView } from '../core/image.ts';
import { CACHE_LIMITS, type CacheLimits, VolumeCache } from './cache.ts';
import { heldVolume } from './held.ts';
import { type Ask, type Held, heldImage } from './hold.ts';
import { NotAnImage, openVolume, problemOf } from './open.ts';
import { fileContent } from './slice.ts';
import { entriesOf, imageView, rawView } from './view.ts';
import { OutOfTurns, type ReadAt, type Volume } from './volume.ts';
import { findNode, keepsCase } from './walk.ts';

export interface ImageTreesDeps {
  /** Opens an image by its path below the folder. Never rejects for a name. */
  readonly openImage: (path: string) => Promise<Opened>;
  readonly openVolume?: (read: ReadAt, sizeBytes: number) => Promise<Volume>;
  readonly limits?: CacheLimits;
}

export interface ImageTrees {
  /** What stands at `inside` (`casper/vmlinuz`, empty for the root) in the image at `imagePath`. Never rejects for a name. */
  open(imagePath: string, inside: string): Promise<Opened>;
  /** The image as recognition sees it. */
  view(imagePath: string): Promise<ImageLook>;
  /** The image and all that is in it, for as long as somebody wants; whoever gets it closes it. Never rejects for a name. */
  hold(imagePath: string): Promise<Held | Missing>;
}

export type ImageLook =
  | {
      readonly kind: 'view';
      readonly view: ImageView;
      /** How long the file has to be by the volume's own account. */
      readonly declaredBytes: number;
      /** Which bytes these are, on this node and now. */
      readonly identity: string;
      readonly etag: string;
      /** False once they have changed: what was seen is of no image. */
      isUnchanged(): Promise<boolean>;
      /** To be called once. */
      close(): Promise<void>;
    }
  | { readonly kind: 'bad'; readonly problem: ImageProblem; readonly identity: string; readonly sizeBytes: number }
  | { readonly kind: 'missing'; readonly reason: MissReason };

export function imageTrees(deps: ImageTreesDeps): ImageTrees {
  const cache = new VolumeCache(deps.limits ?? CACHE_LIMITS);
  const openNew = deps.openVolume ?? openVolume;

  const volumeOf = (path: string, image: Content): Promise<Volume> => {
    const key = `${identityOf(image)} ${image.etag}`;
    return cache.get(path, key, () => openNew(readerOf(image), image.sizeBytes));
  };

  /** What a failure means; one of the moment is not remembered. */
  const remember = async (error: unknown, path: string, image: Content): Promise<'damaged' | 'busy'> => {
    const fault = await faultOf(error, image);
    if (!(error instanceof Malformed) || fault === 'busy') cache.forget(path);
    return fault;
  };

  /** Of an image that is held. The volume is asked for each time, since what is forgotten of it is not kept again. */
  const asking =
    (path: string, image: Content): Ask =>
    async (question) => {
      try {
        return await question(await volumeOf(path, image), readerOf(image));
      } catch (error) {
        await remember(error, path, image);
        throw error;
      }
    };

  /** Opens the image, and closes it again unless what `work` finds holds it. */
  const visit = async <Found extends { readonly kind: string }>(
    path: string,
    { work, damaged }: Visit<Found>,
  ): Promise<Found | Missing> => {
    const opened = await deps.openImage(path);
    if (opened.kind !== 'file') return opened.kind === 'missing' ? opened : missing('not-found');
    const image = opened.content;
    let found: Found | undefined;
    try {
      found = await work(image, () => volumeOf(path, image));
      return found;
    } catch (error) {
      return (await remember(error, path, image)) === 'busy' ? missing('busy') : damaged(error, image);
    } finally {
      if (!found || !HOLDING.has(found.kind)) await image.close();
    }
  };

  return {
    open: async (path, inside) => {
      const where = normalisePath(`/${inside}`);
      if (where === undefined) return missing('bad-name');
      return visit<Opened>(path, {
        work: async (image, volume) => {
          const opened = await openInside(await volume(), where, image);
          // Who asks for a folder gets no file.
          return opened.kind === 'file' && inside.endsWith('/') ? missing('not-found') : opened;
        },
        damaged: (error) => missing(missOf(error, path)),
      });
    },
    hold: (path) =>
      visit<Held | Missing>(path, {
        work: async (image, volume) => heldImage(image, await volume(), asking(path, image)),
        damaged: (error) => missing(missOf(error, path)),
      }),
    view: (path) =>
      visit<ImageLook>(path, {
        work: (image, volume) => lookAt(volume, path, image),
        damaged: (error, image) => ({
          kind: 'bad',
          problem: toldProblem(error),
          identity: identityOf(image),
          sizeBytes: image.sizeBytes,
        }),
      }),
  };
}

/** What keeps the image open. */
const HOLDING: ReadonlySet<string> = new Set(['file', 'view', 'held']);

/** Of one question, or all that recognition asks of an image: four seconds or so of work. Installers take a dozen. */
const MAX_TURNS = 4096;

/** Reads out of `image` for one question. */
function readerOf(image: Content): ReadAt {
  let turns = 0;
  const turn = async (): Promise<void> => {
    if (++turns > MAX_TURNS) throw new OutOfTurns('damaged: more to look at than any image has', 0);
    await setImmediate();
  };
  return Object.assign((into: Uint8Array, position: number) => image.read(into, position), { turn });
}

/** What is done with an image that is open. */
interface Visit<Found> {
  readonly work: (image: Content, volume: () => Promise<Volume>) => Promise<Found>;
  /** What comes of an image that cannot be read. */
  readonly damaged: (error: unknown, image: Content) => Found;
}

/** What a failure means: somebody writes to the image, or it is broken. What is no fault of the image goes on. */
async function faultOf(error: unknown, image: Content): Promise<'damaged' | 'busy'> {
  const errno = errnoOf(error);
  const isItsOwn = error instanceof Malformed || (errno !== undefined && !errno.startsWith('ERR_'));
  if (!isItsOwn) throw error;
  return (await image.isUnchanged().catch(() => false)) ? 'damaged' : 'busy';
}

/** Who gets a file closes `image` with it. Letter case matters where the image was made to keep it. */
async function openInside(volume: Volume, path: string, image: Content): Promise<Opened> {
  const walk = { volume: heldVolume(volume), read: readerOf(image), ignoreCase: !keepsCase(volume) };
  const node = await findNode(walk.volume, path, walk.read, walk);
  if (!node) return missing('not-found');
  if (node.kind === 'folder') {
    const entries = await entriesOf(node, path, walk);
    return { kind: 'folder', entries: entries.filter(isSpeakable) };
  }
  if (node.kind !== 'file') return missing('not-regular');
  return node.unreadable === undefined ? { kind: 'file', content: fileContent(node, image) } : missing('damaged');
}

/** Names that a path can spell; others are not listed, as in the folder of images. */
function isSpeakable({ name }: FolderEntry): boolean {
  return name.isWellFormed() && !/[\x00-\x1f\x7f\\\ufffd]/.test(name);
}

/** Who gets it closes `image` with it. */
async function lookAt(volumeOf: () => Promise<Volume>, path: string, image: Content): Promise<ImageLook> {
  const fileName = path.slice(path.lastIndexOf('/') + 1);
  const seen = {
    kind: 'view' as const,
    identity: identityOf(image),
    etag: image.etag,
    isUnchanged: () => image.isUnchanged(),
    close: () => image.close(),
  };
  try {
    const volume = await volumeOf();
    return {
      ...seen,
      view: imageView(volume, { image, read: readerOf(image), fileName }),
      declaredBytes: volume.declaredBytes,
    };
  } catch (error) {
    if (!(error instanceof NotAnImage && isDisk(path)) || image.sizeBytes === 0) throw error;
    return { ...seen, view: rawView(image, fileName), declaredBytes: image.sizeBytes };
  }
}

function identityOf(image: Content): string {
  return image.identity ?? image.etag;
}

function isDisk(path: string): boolean {
  return /\.img$/i.test(path);
}

/** A disk image has no inside. */
function missOf(error: unknown, path: string): 'not-found' | 'damaged' {
  return error instanceof NotAnImage && isDisk(path) ? 'not-found' : 'damaged';
}

/** `error` is one that `faultOf` has let through. */
function toldProblem(error: unknown): ImageProblem {
  if (error instanceof Malformed) return problemOf(error);
  const cure = "Look at the system's log: the disk may be failing.";
  return { reason: 'damaged', says: `It cannot be read: ${messageOf(error)}.`, cure };
}

type Missing = Opened & { readonly kind: 'missing' };

function missing(reason: MissReason): Missing {
  return { kind: 'missing', reason };
}
