/** Images by whatever they are called: their own name, their alias, with suffix and without; and what is inside them. */
import { findImage, type ImageName, isImagePath, nameImages, ownNames } from '../core/alias.ts';
import type { FolderEntry, Opened } from '../core/content.ts';

export interface ImageDoorDeps {
  /** The folder of images. */
  readonly isos: { open(path: string): Promise<Opened>; openNow?(path: string): Opened | undefined };
  /** What is inside the image at `imagePath`. */
  readonly trees: { open(imagePath: string, inside: string): Promise<Opened> };
  /** The catalogue's, which may be some seconds behind. */
  readonly images: () => readonly ImageName[];
}

export interface ImageDoors {
  /** Behind `/isos/`. */
  openImage(rest: string): Promise<Opened>;
  /** Behind `/tree/`; all images for the empty name. */
  openTree(rest: string): Promise<Opened>;
  /** Which image somebody means by any of its names, as far as the catalogue or the folder knows it. */
  find(name: string): Promise<ImageName | undefined>;
}

/** Of a name that has several parts with a suffix, so many are tried as the image. */
const MAX_OWN_NAMES = 2;
/** Folders in the folder of images that are looked through for one that the catalogue does not have yet. */
const MAX_FOLDERS = 64;

const NOT_FOUND: Opened = { kind: 'missing', reason: 'not-found' };
const isMissed = (opened: Opened): boolean => opened.kind === 'missing' && opened.reason === 'not-found';

export function imageDoors({ isos, trees, images }: ImageDoorDeps): ImageDoors {
  let looking: Promise<readonly NamedImage[]> | undefined;
  /** One look at the folder for all who ask meanwhile. */
  const lookAround = (): Promise<readonly NamedImage[]> => {
    looking ??= imagesIn(isos, images()).finally(() => {
      looking = undefined;
    });
    return looking;
  };

  /** Dropped in a moment ago: under its own name it is asked for at once, under another the folder has to be read. */
  const openFresh = async (rest: string): Promise<Opened> => {
    for (const { image, inside } of ownNames(rest).slice(0, MAX_OWN_NAMES)) {
      const opened = await trees.open(image.path, inside);
      if (!isMissed(opened)) return opened;
    }
    const found = findImage(rest, await lookAround());
    return found ? trees.open(found.image.path, found.inside) : NOT_FOUND;
  };

  const find = async (rest: string) => findImage(rest, images()) ?? findImage(rest, await lookAround());

  return {
    find: async (name) => {
      const found = await find(name);
      return found?.inside === '' ? found.image : undefined;
    },
    openImage: async (rest) => {
      const opened = await isos.open(rest);
      if (!isMissed(opened) || !isImagePath(rest)) return opened;
      const found = await find(rest);
      return found?.inside === '' && found.image.path !== rest ? isos.open(found.image.path) : opened;
    },
    openTree: async (rest) => {
      if (rest === '') return { kind: 'folder', entries: (await lookAround()).map(asFolder) };
      const known = findImage(rest, images());
      return known ? trees.open(known.image.path, known.inside) : openFresh(rest);
    },
  };
}

interface NamedImage extends ImageName {
  readonly modifiedMs: number;
}

/** As menus call it. */
function asFolder({ alias, suffix, modifiedMs }: NamedImage): FolderEntry {
  return { name: `${alias}${suffix}`, kind: 'folder', sizeBytes: 0, modifiedMs };
}

/** What is in the folder and the folders in it, called as `known` calls it. */
async function imagesIn(isos: ImageDoorDeps['isos'], known: readonly ImageName[]): Promise<readonly NamedImage[]> {
  const top = await entriesAt(isos, '');
  const below = top.filter(({ kind }) => kind === 'folder').slice(0, MAX_FOLDERS);
  const files = [top, ...(await Promise.all(below.map(({ name }) => entriesAt(isos, name))))].flat();
  const dates = new Map(files.flatMap((file) => (file.kind === 'file' ? [[file.name, file.modifiedMs]] : [])));
  const names = new Map(known.map((image) => [image.path, image]));
  return nameImages([...dates.keys()]).map((image) => ({
    ...(names.get(image.path) ?? image),
    modifiedMs: dates.get(image.path) ?? 0,
  }));
}

/** With the folder's name before their own. */
async function entriesAt(isos: ImageDoorDeps['isos'], folder: string): Promise<readonly FolderEntry[]> {
  const opened = await isos.open(folder);
  if (opened.kind === 'file') await opened.content.close();
  const entries = opened.kind === 'folder' ? opened.entries : [];
  return entries.map((entry) => (folder === '' ? entry : { ...entry, name: `${folder}/${entry.name}` }));
}
