/** Looks at the images folder, through functions that somebody else provides: bounded, and never stopped by an error. */
import { isImagePath } from '../core/alias.ts';
import type { FolderEntry } from '../core/content.ts';
import { type ConfigFault, errnoOf } from '../core/errors.ts';
import { findInstallers, type InstallerTree, type Listing, type Release, releaseOf } from './debian.ts';
import { isSourceSafe } from './entries.ts';

/** What looking at a name gives. `unknown`: it may be there, but nobody can tell now; `busy` passes by itself. */
export type Looked<Seen> =
  | { readonly kind: 'there'; readonly seen: Seen }
  | { readonly kind: 'gone' }
  | { readonly kind: 'unknown'; readonly reason: string };

export interface ImagesFolder {
  /** What a folder of the name space (`/isos`, `/isos/debian`) holds. */
  readonly listImages: (path: string) => Promise<Looked<readonly FolderEntry[]>>;
  /** The first `maxBytes` octets of a file at most. */
  readonly readImage: (path: string, maxBytes: number) => Promise<Looked<Uint8Array>>;
}

export interface MenuText {
  readonly name: string;
  /** None where the file beside an image cannot be read: what it says of the image is not known. */
  readonly text?: string;
  /** Path of the image beside it that it is named after, below the folder of images. */
  readonly image?: string;
}

export interface Found {
  readonly listing: Listing;
  readonly installers: readonly { readonly tree: InstallerTree; readonly release: Release }[];
  readonly menuFiles: readonly MenuText[];
  /** Folders that are there and have not been read yet. */
  readonly unknown: ReadonlySet<string>;
  readonly faults: readonly ConfigFault[];
}

const ROOT = '/isos';

/** Before the first look. */
export const NOTHING_FOUND: Found = {
  listing: new Map(),
  installers: [],
  menuFiles: [],
  unknown: new Set([ROOT]),
  faults: [],
};

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

/**
 * All that menus take from the folder. Never rejects. What cannot be read now is as it was `before`: else whoever may
 * not see an entry would see it for as long as a drive is away.
 */
export async function probeImages(images: ImagesFolder, before: Found = NOTHING_FOUND): Promise<Found> {
  const faults: ConfigFault[] = [];
  const look: LookAround = { images, before, faults, stale: new Set() };
  const { listing, unknown } = await listAll(look);
  const safe = findInstallers(listing).filter((tree) => {
    if (isSourceSafe(tree.kernel) && isSourceSafe(tree.initrd)) return true;
    const problem = 'boot loaders cannot take this name: rename the folders to letters, digits and ._~+@-, and shorter';
    faults.push({ file: tree.folder, path: '', problem });
    return false;
  });
  const installers = [];
  for (const tree of safe) installers.push({ tree, release: await releaseAt(tree, look) });
  return { listing, installers, menuFiles: await readMenuFiles(listing, look), unknown, faults };
}

interface LookAround {
  readonly images: ImagesFolder;
  readonly before: Found;
  /** Grows. */
  readonly faults: ConfigFault[];
  /** Grows: folders that are as they were before, since they cannot be read now. */
  readonly stale: Set<string>;
}

/** Below a folder that cannot be read now nothing has gone for good: its whole drive may be away. */
function unlessStale<Seen>(looked: Looked<Seen>, path: string, { stale }: LookAround): Looked<Seen> {
  const isStale = stale.has(path.slice(0, path.lastIndexOf('/')));
  return looked.kind === 'gone' && isStale ? { kind: 'unknown', reason: 'busy' } : looked;
}

async function releaseAt(tree: InstallerTree, look: LookAround): Promise<Release> {
  if (tree.versionFile === undefined) return releaseOf(undefined, tree.folder);
  const info = await read(tree.versionFile, MAX_VERSION_BYTES, look);
  if (info.kind === 'there') return releaseOf(info.seen, tree.folder);
  const known = look.before.installers.find((one) => one.tree.kernel === tree.kernel);
  return (info.kind === 'unknown' ? known?.release : undefined) ?? releaseOf(undefined, tree.folder);
}

/** Breadth first, so that a huge tree somewhere deep does not hide what lies beside it. */
async function listAll(look: LookAround): Promise<Pick<Found, 'listing' | 'unknown'>> {
  const listing = new Map<string, readonly FolderEntry[]>();
  const unknown = new Set<string>();
  const waiting = [{ path: ROOT, depth: 0 }];
  for (const { path, depth } of waiting) {
    const entries = await list(path, look);
    if (entries === 'unknown') unknown.add(path);
    else if (entries) listing.set(path, entries);
    for (const entry of listing.get(path) ?? []) {
      if (entry.kind !== 'folder' || depth >= MAX_DEPTH || PASSED_BY.has(entry.name) || entry.name.startsWith('.'))
        continue;
      if (waiting.length < MAX_FOLDERS) waiting.push({ path: `${path}/${entry.name}`, depth: depth + 1 });
      else if (!look.faults.some((fault) => fault.path === 'folders')) look.faults.push(tooManyFolders());
    }
  }
  return { listing, unknown };
}

function tooManyFolders(): ConfigFault {
  const problem = `more than ${MAX_FOLDERS} folders: the rest was not searched; move what is no image elsewhere`;
  return { file: ROOT, path: 'folders', problem };
}

/** What a folder holds, or held when it was last seen. */
async function list(path: string, look: LookAround): Promise<readonly FolderEntry[] | 'unknown' | undefined> {
  const looked = unlessStale(await look.images.listImages(path).catch(unreadable), path, look);
  if (looked.kind === 'there') return looked.seen;
  // The folder of images was there when the node started: a drive is away.
  if (looked.kind === 'gone' && path !== ROOT) return undefined;
  const reason = looked.kind === 'gone' ? 'not-found' : looked.reason;
  if (reason !== 'busy') {
    const cure = 'mind its permissions and the drive; until then menus keep what was in it';
    look.faults.push({ file: path, path: '', problem: `cannot be read (${reason}): ${cure}` });
  }
  look.stale.add(path);
  return look.before.listing.get(path) ?? 'unknown';
}

function unreadable(error: unknown): { readonly kind: 'unknown'; readonly reason: string } {
  return { kind: 'unknown', reason: errnoOf(error) ?? 'error' };
}

async function read(path: string, maxBytes: number, look: LookAround): Promise<Looked<string>> {
  const looked = unlessStale(await look.images.readImage(path, maxBytes).catch(unreadable), path, look);
  return looked.kind === 'there' ? { kind: 'there', seen: new TextDecoder().decode(looked.seen) } : looked;
}

async function readMenuFiles(listing: Listing, look: LookAround): Promise<readonly MenuText[]> {
  const files = [...listing].flatMap(([folder, entries]) => sheetsIn(folder, entries));
  const earlier = new Map(look.before.menuFiles.map((file) => [file.name, file.text]));
  const texts: MenuText[] = [];
  const taken = { own: 0, ofImages: 0 };
  for (const sheet of files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const kind = sheet.image === undefined ? 'own' : 'ofImages';
    const max = kind === 'own' ? MAX_MENU_FILES : MAX_IMAGE_FILES;
    const found =
      taken[kind] < max ? await readSheet(sheet, look) : refused(`is one of more than ${max} menu files: join some`);
    if (found === undefined) continue;
    const text = found.text ?? (found.isRefused ? undefined : earlier.get(sheet.path));
    if (text !== undefined) taken[kind]++;
    if (found.problem !== undefined) look.faults.push({ file: sheet.path, path: '', problem: found.problem });
    if (text === undefined && sheet.image === undefined) continue;
    texts.push({
      name: sheet.path,
      ...(text === undefined ? {} : { text }),
      ...(sheet.image === undefined ? {} : { image: sheet.image }),
    });
  }
  return texts;
}

interface ReadSheet {
  readonly text?: string;
  readonly problem?: string;
  /** No earlier text takes its place. */
  readonly isRefused?: boolean;
}

const refused = (problem: string): ReadSheet => ({ problem, isRefused: true });

/** Nothing for one that has gone meanwhile. */
async function readSheet({ path, sizeBytes }: FoundSheet, look: LookAround): Promise<ReadSheet | undefined> {
  if (sizeBytes > MAX_MENU_FILE_BYTES) return refused(`is larger than ${MAX_MENU_FILE_BYTES / 1024} KiB: split it`);
  const looked = await read(path, MAX_MENU_FILE_BYTES, look);
  if (looked.kind === 'there') return { text: looked.seen };
  if (looked.kind === 'gone') return undefined;
  if (looked.reason === 'busy') return {};
  return {
    problem: `cannot be read (${looked.reason}): mind its permissions; until then menus go by what it said last`,
  };
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
