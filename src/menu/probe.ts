/** Looks at the images folder, through functions that somebody else provides: bounded, and never stopped by an error. */
import { isImagePath } from '../core/alias.ts';
import type { FolderEntry } from '../core/content.ts';
import { type ConfigFault, errnoOf } from '../core/errors.ts';
import { findInstallers, type InstallerTree, type Listing, type Release, releaseOf } from './debian.ts';
import { isSourceSafe } from './entries.ts';

export interface ImagesFolder {
  /** What a folder of the name space (`/isos`, `/isos/debian`) holds; undefined when it isn't there or isn't one. */
  readonly listImages: (path: string) => Promise<readonly FolderEntry[] | undefined>;
  /** The first `maxBytes` octets of a file at most; undefined when it can't be read. */
  readonly readImage: (path: string, maxBytes: number) => Promise<Uint8Array | undefined>;
}

export interface MenuText {
  readonly name: string;
  readonly text: string;
  /** Path of the image beside it that it is named after, below the folder of images. */
  readonly image?: string;
}

export interface Found {
  readonly listing: Listing;
  readonly installers: readonly { readonly tree: InstallerTree; readonly release: Release }[];
  readonly menuFiles: readonly MenuText[];
  readonly faults: readonly ConfigFault[];
}

export const NOTHING_FOUND: Found = { listing: new Map(), installers: [], menuFiles: [], faults: [] };

const ROOT = '/isos';
/** A package unpacked whole, `X/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64`, is 10 deep. */
const MAX_DEPTH = 11;
const MAX_FOLDERS = 2000;
export const MAX_MENU_FILES = 32;
/** Beside images. */
export const MAX_IMAGE_FILES = 512;
const IMAGE_SUFFIXES = ['.iso', '.ISO', '.img', '.IMG'];
const MAX_MENU_FILE_BYTES = 256 * 1024;
const MAX_VERSION_BYTES = 4096;
/** Large parts of mirrors and images in which no installer starts. */
const PASSED_BY: ReadonlySet<string> = new Set(['pool', 'dists', 'boot-screens', 'lost+found']);

/** All that menus take from the folder. Never rejects: what could not be read is a fault or isn't there. */
export async function probeImages(images: ImagesFolder): Promise<Found> {
  const faults: ConfigFault[] = [];
  const listing = await listAll(images, faults);
  const safe = findInstallers(listing).filter((tree) => {
    if (isSourceSafe(tree.kernel) && isSourceSafe(tree.initrd)) return true;
    const problem = 'boot loaders cannot take this name: rename the folders to letters, digits and ._~+@-, and shorter';
    faults.push({ file: tree.folder, path: '', problem });
    return false;
  });
  const installers = [];
  for (const tree of safe) {
    const info = tree.versionFile && (await read(images, tree.versionFile, MAX_VERSION_BYTES));
    installers.push({ tree, release: releaseOf(info || undefined, tree.folder) });
  }
  return { listing, installers, menuFiles: await readMenuFiles(images, listing, faults), faults };
}

/** Breadth first, so that a huge tree somewhere deep does not hide what lies beside it. */
async function listAll(images: ImagesFolder, faults: ConfigFault[]): Promise<Listing> {
  const listing = new Map<string, readonly FolderEntry[]>();
  const waiting = [{ path: ROOT, depth: 0 }];
  for (const { path, depth } of waiting) {
    const entries = await list(images, path, faults);
    if (entries) listing.set(path, entries);
    for (const entry of entries ?? []) {
      if (entry.kind !== 'folder' || depth >= MAX_DEPTH || PASSED_BY.has(entry.name) || entry.name.startsWith('.'))
        continue;
      if (waiting.length < MAX_FOLDERS) waiting.push({ path: `${path}/${entry.name}`, depth: depth + 1 });
      else if (!faults.some((fault) => fault.path === 'folders')) faults.push(tooManyFolders());
    }
  }
  return listing;
}

function tooManyFolders(): ConfigFault {
  const problem = `more than ${MAX_FOLDERS} folders: the rest was not searched; move what is no image elsewhere`;
  return { file: ROOT, path: 'folders', problem };
}

async function list(
  images: ImagesFolder,
  path: string,
  faults: ConfigFault[],
): Promise<readonly FolderEntry[] | undefined> {
  try {
    return await images.listImages(path);
  } catch (error) {
    faults.push({
      file: path,
      path: '',
      problem: `cannot be read (${errnoOf(error) ?? 'error'}): mind its permissions`,
    });
    return undefined;
  }
}

async function read(images: ImagesFolder, path: string, maxBytes: number): Promise<string | undefined> {
  try {
    const bytes = await images.readImage(path, maxBytes);
    return bytes && new TextDecoder().decode(bytes);
  } catch {
    return undefined;
  }
}

async function readMenuFiles(
  images: ImagesFolder,
  listing: Listing,
  faults: ConfigFault[],
): Promise<readonly MenuText[]> {
  const files = [...listing].flatMap(([folder, entries]) => sheetsIn(folder, entries));
  const texts: MenuText[] = [];
  const taken = { own: 0, ofImages: 0 };
  for (const { path, image, sizeBytes } of files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const [kind, max] =
      image === undefined ? (['own', MAX_MENU_FILES] as const) : (['ofImages', MAX_IMAGE_FILES] as const);
    const text = sizeBytes > MAX_MENU_FILE_BYTES ? undefined : await read(images, path, MAX_MENU_FILE_BYTES);
    if (text !== undefined && taken[kind] < max) {
      taken[kind]++;
      texts.push({ name: path, text, ...(image === undefined ? {} : { image }) });
    } else faults.push({ file: path, path: '', problem: menuFileProblem(sizeBytes, taken[kind], max) });
  }
  return texts;
}

interface FoundSheet {
  readonly path: string;
  readonly image: string | undefined;
  readonly sizeBytes: number;
}

/** Any directly in the folder of images; further down those alone that are named after an image beside them. */
function sheetsIn(folder: string, entries: readonly FolderEntry[]): readonly FoundSheet[] {
  const files = entries.filter((entry) => entry.kind === 'file' && !entry.name.startsWith('.'));
  const names = new Set(files.map(({ name }) => name));
  return files.flatMap(({ name, sizeBytes }) => {
    const stem = /^(.+)\.ya?ml$/i.exec(name)?.[1];
    if (stem === undefined) return [];
    const beside = (isImagePath(stem) ? [stem] : IMAGE_SUFFIXES.map((suffix) => `${stem}${suffix}`)).find((image) =>
      names.has(image),
    );
    if (beside === undefined && folder !== ROOT) return [];
    const image = beside === undefined ? undefined : `${folder}/${beside}`.slice(`${ROOT}/`.length);
    return [{ path: `${folder}/${name}`, image, sizeBytes }];
  });
}

function menuFileProblem(sizeBytes: number, taken: number, max: number): string {
  if (sizeBytes > MAX_MENU_FILE_BYTES) return `is larger than ${MAX_MENU_FILE_BYTES / 1024} KiB: split it`;
  return taken >= max ? `is one of more than ${max} menu files: join some` : 'cannot be read: mind its permissions';
}
