/** Looks at the images folder, through functions that somebody else provides: bounded, and never stopped by an error. */
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

export interface Found {
  readonly listing: Listing;
  readonly installers: readonly { readonly tree: InstallerTree; readonly release: Release }[];
  readonly menuFiles: readonly { readonly name: string; readonly text: string }[];
  readonly faults: readonly ConfigFault[];
}

export const NOTHING_FOUND: Found = { listing: new Map(), installers: [], menuFiles: [], faults: [] };

const ROOT = '/isos';
/** A package unpacked whole, `X/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64`, is 10 deep. */
const MAX_DEPTH = 11;
const MAX_FOLDERS = 2000;
export const MAX_MENU_FILES = 32;
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
): Promise<Found['menuFiles']> {
  const files = (listing.get(ROOT) ?? [])
    .filter((file) => file.kind === 'file' && /^[^.].*\.ya?ml$/i.test(file.name))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const menuFiles = [];
  for (const file of files) {
    const path = `${ROOT}/${file.name}`;
    const text = file.sizeBytes > MAX_MENU_FILE_BYTES ? undefined : await read(images, path, MAX_MENU_FILE_BYTES);
    if (text !== undefined && menuFiles.length < MAX_MENU_FILES) menuFiles.push({ name: path, text });
    else faults.push({ file: path, path: '', problem: menuFileProblem(file.sizeBytes, menuFiles.length) });
  }
  return menuFiles;
}

function menuFileProblem(sizeBytes: number, taken: number): string {
  if (sizeBytes > MAX_MENU_FILE_BYTES) return `is larger than ${MAX_MENU_FILE_BYTES / 1024} KiB: split it`;
  return taken >= MAX_MENU_FILES
    ? `is one of more than ${MAX_MENU_FILES} menu files: join some`
    : 'cannot be read: mind its permissions';
}
