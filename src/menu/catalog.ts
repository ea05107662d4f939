/** All entries of a node, from the images, from what else was found in their folder and among the loaders. */
import type { CompanionFacts } from '../core/companion.ts';
import type { ConfigFault } from '../core/errors.ts';
import type { CatalogImage, Offer, Transport } from '../core/image.ts';
import { debianEntries } from './debian.ts';
import { type Entry, LOCAL_ID, withUniqueIds } from './entries.ts';
import type { Exists, ImageFile, MenuFile } from './file.ts';
import { imageEntries } from './images.ts';
import { insideOf } from './inside.ts';
import type { MenuSettings } from './plan.ts';
import type { Found, MenuText } from './probe.ts';
import { toolEntries } from './tools.ts';
import { WORDS } from './words.ts';

export interface Catalog {
  readonly entries: readonly Entry[];
  /** Of each image. */
  readonly offers: readonly Offer[];
  readonly faults: readonly ConfigFault[];
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
  readonly settings: MenuSettings;
}

export interface ParseFiles {
  readonly menuFile: (text: MenuText, exists: Exists) => MenuFile;
  /** `folder` is the image's inside. */
  readonly imageFile: (text: MenuText, folder: string, exists: Exists) => ImageFile;
}

/** Images, installers, then the operator's own in the order of the files' names, then tools. */
export function catalogOf({ look, images, settings }: Basis, parse: ParseFiles): Catalog {
  const { found, loaders, companions } = look;
  const words = WORDS[settings.language];
  const exists: Exists = (path) => isListed(found, path);
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
  const faults = [
    ...found.faults,
    ...[...files, ...imageFiles.values()].flatMap((file) => file.faults),
    ...ofImages.faults,
    // An image that is still read or copied may be the one that is meant.
    ...(images.every(({ state }) => state === 'ready') ? unknownIds(entries, settings) : []),
  ];
  return { entries, offers: ofImages.offers, faults };
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
  return new Map(texts);
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

function unknownIds(entries: readonly Entry[], settings: MenuSettings): readonly ConfigFault[] {
  const ids = new Set([LOCAL_ID, ...entries.map((entry) => entry.id)]);
  const known = [...ids].slice(0, 20).join(', ');
  const wanted = [
    { path: 'menu.default', id: settings.default },
    ...settings.clients.flatMap((row) =>
      row.boot === undefined ? [] : [{ path: `clients ${row.mac.text}`, id: row.boot }],
    ),
  ];
  return wanted
    .filter(({ id }) => !ids.has(id))
    .map(({ path, id }) => ({ path, problem: `no entry is called ${JSON.stringify(id)}: there are ${known}` }));
}
