/** Looks at the folder of images: which files are there, and what the files of sums say. Bounded; an error stops nothing. */
import type { FolderEntry, Opened } from '../core/content.ts';
import { identityOf, type SeenFile } from './images.ts';
import { isImageName, maySearch, wholeName } from './names.ts';
import { isSumsName, MAX_SUMS_FILE_BYTES, parseSums, type SumsFile } from './sums.ts';

/**
 * What a folder below the folder of images holds, which itself is the empty path; nothing when it cannot be read, `busy`
 * when it will be in a moment.
 */
export type ListFolder = (path: string) => Promise<readonly FolderEntry[] | 'busy' | undefined>;
export type OpenFile = (path: string) => Promise<Opened>;

export interface Scan {
  readonly images: readonly SeenFile[];
  readonly sums: readonly SeenFile[];
  /** Folders that are there and cannot be read now: what was in them is kept. */
  readonly unreadable: readonly string[];
  /** The same of folders that nobody had time for: that is no fault of theirs. */
  readonly busy: readonly string[];
  /** There are more folders or images than are looked at. */
  readonly isCut: boolean;
}

/** Taste: people sort images by year and family, and a look has to be cheap over a network. */
const MAX_DEPTH = 4;
const MAX_FOLDERS = 256;
export const MAX_IMAGES = 1000;
const MAX_SUMS_FILES = 1000;

/** Breadth first, so that a large tree does not hide what lies beside it. */
export async function scanFolder(list: ListFolder): Promise<Scan> {
  const images: SeenFile[] = [];
  const sums: SeenFile[] = [];
  const unreadable: string[] = [];
  const busy: string[] = [];
  let isCut = false;
  const waiting = [{ path: '', depth: 0 }];
  for (const { path, depth } of waiting) {
    const listed = await list(path).catch(() => undefined);
    if (listed === undefined) unreadable.push(path);
    if (listed === 'busy') busy.push(path);
    const entries = listed === 'busy' ? [] : (listed ?? []);
    const below = (name: string): string => (path === '' ? name : `${path}/${name}`);
    const files = entries.filter(({ kind }) => kind === 'file');
    const halves = halfMade(files);
    for (const file of files) {
      if (isImageName(file.name)) images.push(seenFile(below(file.name), file, halves.get(file.name)));
      else if (isSumsName(file.name)) sums.push(seenFile(below(file.name), file, undefined));
    }
    for (const { name, kind } of entries) {
      if (kind !== 'folder' || depth >= MAX_DEPTH || !maySearch(name)) continue;
      if (waiting.length < MAX_FOLDERS) waiting.push({ path: below(name), depth: depth + 1 });
      else isCut = true;
    }
  }
  isCut ||= images.length > MAX_IMAGES;
  return { images: images.slice(0, MAX_IMAGES), sums: sums.slice(0, MAX_SUMS_FILES), unreadable, busy, isCut };
}

function seenFile(path: string, entry: FolderEntry, half: string | undefined): SeenFile {
  const { sizeBytes, modifiedMs, changedMs = modifiedMs, inode } = entry;
  return { path, sizeBytes, modifiedMs, changedMs, inode, ...(half === undefined ? {} : { half }) };
}

/** How far the copies are that lie beside the file that they will be. */
function halfMade(files: readonly FolderEntry[]): ReadonlyMap<string, string> {
  return new Map(
    files.flatMap((file) => {
      const whole = wholeName(file.name);
      return whole === undefined ? [] : [[whole, identityOf(seenFile('', file, undefined))] as const];
    }),
  );
}

/** Reads files of sums, each again only once it has changed. */
export function sumsReader(open: OpenFile): (files: readonly SeenFile[]) => Promise<readonly SumsFile[]> {
  let known = new Map<string, SumsFile>();
  let last: readonly SumsFile[] = [];
  return async (files) => {
    const now = new Map<string, SumsFile>();
    for (const seen of files) {
      const key = `${seen.path}\n${identityOf(seen)}`;
      const file = known.get(key) ?? (await readSums(open, seen));
      if (file) now.set(key, file);
    }
    const isSame = now.size === known.size && [...now.keys()].every((key) => known.has(key));
    known = now;
    if (!isSame) last = [...now.values()];
    return last;
  };
}

/** Nothing if it cannot be read now. */
async function readSums(open: OpenFile, { path, modifiedMs, sizeBytes }: SeenFile): Promise<SumsFile | undefined> {
  if (sizeBytes > MAX_SUMS_FILE_BYTES) return { path, modifiedMs, sums: [] };
  const opened = await open(path);
  if (opened.kind !== 'file') return undefined;
  try {
    const bytes = new Uint8Array(Math.min(opened.content.sizeBytes, MAX_SUMS_FILE_BYTES));
    const count = await opened.content.read(bytes, 0);
    return { path, modifiedMs, sums: parseSums(new TextDecoder().decode(bytes.subarray(0, count))) };
  } catch {
    return undefined;
  } finally {
    await opened.content.close();
  }
}
