/** All entries of a node, from the images, from what else was found in their folder and among the loaders. */
import type { CompanionFacts } from '../core/companion.ts';
import type { ConfigFault } from '../core/errors.ts';
import type { CatalogImage, Offer, Transport } from '../core/image.ts';
import { debianEntries } from './debian.ts';
import { type Entry, LOCAL_ID, withUniqueIds } from './entries.ts';
import { type Exists, type ImageFile, type MenuFile, unreadFile } from './file.ts';
import { imageEntries } from './images.ts';
import { type InnerName, innerNames, type Proven } from './inner.ts';
import { insideOf } from './inside.ts';
import type { MenuSettings } from './plan.ts';
import type { Found, MenuText } from './probe.ts';
import { toolEntries } from './tools.ts';
import { unknownIds } from './wanted.ts';
import { WORDS } from './words.ts';

export interface Catalog {
  readonly entries: readonly Entry[];
  /** Of each image. */
  readonly offers: readonly Offer[];
  readonly faults: readonly ConfigFault[];
  /** Images are still read or copied: what they hold may come yet. */
  readonly isIncomplete: boolean;
  /** Names in images that menu files give, of which nobody knows yet whether they are there. */
  readonly unproven: readonly InnerName[];
}

/** What the folders held at one moment. */
export interface Look {
  readonly found: Found;
  readonly loaders: ReadonlySet<string>;
  /** Companion kernels. */
  readonly companions: ReadonlyMap<string, CompanionFacts>;
}

/** All that a catalogue depends on. `images` is another list whenever one of them has changed. */
export interface Basis {
  readonly look: Look;
  readonly images: readonly CatalogImage[];
  /** False until the folder was looked through once. */
  readonly areImagesKnown: boolean;
  /** Names in images. */
  readonly proven: Proven;
  readonly settings: MenuSettings;
}

export interface ParseFiles {
  readonly menuFile: (text: MenuText, exists: Exists) => MenuFile;
  /** `folder` is the image's inside. */
  readonly imageFile: (text: MenuText, folder: string, exists: Exists) => ImageFile;
}

/** Images, installers, then the operator's own in the order of the files' names, then tools. */
export function catalogOf(basis: Basis, parse: ParseFiles): Catalog {
  const { look, images, settings } = basis;
  const { found, loaders, companions } = look;
  const words = WORDS[settings.language];
  const unproven = new Map<string, InnerName>();
  const exists = existsIn(basis, unproven);
  const files = found.menuFiles.flatMap((text) => (text.image === undefined ? [parse.menuFile(text, exists)] : []));
  const imageFiles = imageFilesOf(found, images, (text, folder) => parse.imageFile(text, folder, exists));
  const others = withUniqueIds([
    ...debianEntries(found.installers, words),
    ...files.flatMap((file) => file.entries),
    ...toolEntries(loaders, words),
  ]);
  // Whatever else has an id keeps it: it was there before the image.
  const taken = new Set([LOCAL_ID, ...others.map(({ id }) => id)]);
  const ofImages = imageEntries(images, {
    transports: transportsOf(settings),
    companions,
    loaders,
    words,
    files: imageFiles,
    taken,
  });
  const entries = [...ofImages.entries, ...others];
  const { offers } = ofImages;
  // An image that is still read may be the one that is meant.
  const areRead = basis.areImagesKnown && !images.some(({ state }) => state === 'reading');
  const faults = [
    ...found.faults,
    ...[...files, ...imageFiles.values()].flatMap((file) => file.faults),
    ...ofImages.faults,
    ...(areRead ? unknownIds({ entries, offers, images }, settings) : []),
  ];
  const isIncomplete = !areRead || images.some(({ state }) => state !== 'ready');
  return { entries, offers, faults, isIncomplete, unproven: [...unproven.values()] };
}

const EVERY_NODE: ReadonlySet<Transport> = new Set(['http', 'tftp']);

export function transportsOf(settings: MenuSettings): ReadonlySet<Transport> {
  return settings.transports ?? EVERY_NODE;
}

/** By the path of the image; what two files say of one image, the first says. */
function imageFilesOf(
  found: Found,
  images: readonly CatalogImage[],
  parse: (text: MenuText, folder: string) => ImageFile,
): ReadonlyMap<string, ImageFile> {
  const byPath = new Map(images.map((image) => [image.path, image]));
  const texts = found.menuFiles.toReversed().flatMap((text) => {
    const image = text.image === undefined ? undefined : byPath.get(text.image);
    return image ? [[image.path, parse(text, insideOf(image))] as const] : [];
  });
  const strangers = images
    .filter(({ path }) => isUnknown(found, path))
    .map(({ path }) => [path, unreadFile('its folder can be read: a file beside it may hide it', [])] as const);
  return new Map([...strangers, ...texts]);
}

/** Whether nobody has seen yet what lies beside the image. */
function isUnknown({ unknown }: Found, path: string): boolean {
  const parts = `/isos/${path}`.split('/');
  return parts.some((_, depth) => unknown.has(parts.slice(0, depth).join('/')));
}

/** `unproven` gets the names in images that are not known yet. */
function existsIn({ look, images, proven }: Basis, unproven: Map<string, InnerName>): Exists {
  const innerName = innerNames(images);
  return (path) => {
    const name = innerName(path);
    if (name === undefined) return isListed(look.found, path);
    const isThere = proven.get(name.key);
    if (isThere === undefined) unproven.set(name.key, name);
    return isThere;
  };
}

function isListed(found: Found, path: string): boolean | undefined {
  const slash = path.lastIndexOf('/');
  if (!path.startsWith('/isos/')) return undefined;
  const folder = found.listing.get(path.slice(0, slash));
  if (folder) return folder.some((file) => file.kind === 'file' && file.name === path.slice(slash + 1));
  // Of a folder that was not looked at nothing is known; one that its parent does not hold isn't there.
  return isFolderMissing(found, path.slice(0, slash)) ? false : undefined;
}

function isFolderMissing(found: Found, path: string): boolean {
  const parts = path.split('/');
  for (let depth = 2; depth < parts.length; depth++) {
    const inside = found.listing.get(parts.slice(0, depth).join('/'));
    if (!inside) return false;
    if (!inside.some((file) => file.kind === 'folder' && file.name === parts[depth])) return true;
  }
  return false;
}
