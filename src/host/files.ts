/** The only place that opens files of a served folder: nothing outside it, no links, no devices, no waiting. */
import fs from 'node:fs';
import { promisify } from 'node:util';
import { type FolderEntry, type MissReason, normalisePath, type Opened } from '../core/content.ts';
import { isStillThere, isThereNow } from './again.ts';
import type { Blocks } from './blocks.ts';
import { descriptorShare } from './descriptors.ts';
import { contentOf, type FileMeans, Tags } from './filecontent.ts';
import { Remembered } from './fingerprint.ts';
import { listFolder } from './folder.ts';
import { Gate } from './gate.ts';
import { identityOf, type OpenFile, type Opening } from './openfile.ts';
import { OpenFiles, quietly } from './openfiles.ts';
import { openChecked, realRootOf, reasonOf } from './opening.ts';

const closeFd = promisify(fs.close);

export interface FolderContent {
  /** The folder's real path, taken at start: an operator's link that is turned later shows after a restart. */
  readonly root: string;
  /**
   * Opens `relativePath` (`debian.iso`, `sub/file`, empty for the folder itself). Never rejects for a name. Names that
   * begin with a dot directly in the folder are neither listed nor opened: half-made copies live there
   * (`.debian.iso.part`). Deeper ones are, since unpacked images need their `.disk` and `.treeinfo`.
   */
  open(relativePath: string): Promise<Opened>;
  /** The same, of a file that was opened by this name a moment ago, where nothing has to be waited for. */
  openNow(relativePath: string): Opened | undefined;
  /** Files in somebody's hands now, for tests and metrics. */
  openFiles(): number;
  /** Closes what stays open for the next reader for a moment. */
  closeIdle(): Promise<void>;
}

export interface FolderLimits {
  readonly maxOpenFiles: number;
  readonly maxEntries: number;
}

/** Taste: far more images than a hall has, and few beside the descriptors that a process may hold. */
export const FOLDER_LIMITS: FolderLimits = { maxOpenFiles: 512, maxEntries: 10_000 };

/** Names being opened at once; each holds a descriptor for a moment. */
const MAX_OPENING = 64;
/** Those that may wait for it. */
const MAX_WAITING = 4096;

/**
 * Serves `root`, which may itself be a link; its files lend out of `blocks`, where there are any. Throws a `Fault` when
 * it cannot be read now; later it is just missing.
 */
export function folderContent(root: string, limits: FolderLimits = FOLDER_LIMITS, blocks?: Blocks): FolderContent {
  const realRoot = realRootOf(root);
  const files = new OpenFiles(Math.min(limits.maxOpenFiles, descriptorShare('files')), quietly);
  const means: FileMeans = { tags: new Tags(), blocks };
  const list = folderLister(limits.maxEntries);
  const gate = new Gate(MAX_OPENING, MAX_WAITING);
  const placeOf = (path: string): string => (realRoot === '/' ? path : `${realRoot}${path}`);

  /** What was opened as `wanted` lately and has not been closed since, held. What is not as it was is forgotten. */
  const foundAgain = async (wanted: string): Promise<OpenFile | undefined> => {
    const known = files.find(wanted);
    if (!known) return undefined;
    const file = files.hold(known);
    if (await isStillThere(file, wanted)) return file;
    files.forget(file);
    await file.release();
    return undefined;
  };

  /** `path` is absolute below the root and normal. */
  const openBelow = async (path: string): Promise<Opened> => {
    const wanted = placeOf(path);
    const known = await foundAgain(wanted);
    if (known) return openFile(known, means);
    const found = await openChecked(path === '/' ? realRoot : wanted);
    if (typeof found === 'string') return missing(found);
    if (found.stat.isDirectory()) return { kind: 'folder', entries: await list(found, path === '/') };
    const file = await files.adopt(wanted, found);
    return file ? openFile(file, means) : missing('busy');
  };

  return {
    root: realRoot,
    openFiles: () => files.count,
    closeIdle: () => files.closeAllIdle(),
    openNow: (relativePath) => {
      // Only what `open` has opened is found: its names are normal, and allowed.
      const wanted = placeOf(`/${relativePath}`);
      const file = files.find(wanted);
      if (!file?.isAtHand || file.etag === undefined || !isThereNow(file, wanted)) return undefined;
      return { kind: 'file', content: contentOf(files.hold(file), file.etag, means) };
    },
    open: async (relativePath) => {
      const path = normalisePath(`/${relativePath}`);
      if (path === undefined) return missing('bad-name');
      if (path.startsWith('/.')) return missing('not-found');
      if (!(await gate.enter())) return missing('busy');
      try {
        return await openBelow(path);
      } catch (error) {
        return missing(reasonOf(error));
      } finally {
        gate.leave();
      }
    },
  };
}

/** Who gets it closes `file`, which is held. */
async function openFile(file: OpenFile, means: FileMeans): Promise<Opened> {
  try {
    const etag = await means.tags.of(file);
    if (etag !== undefined) return { kind: 'file', content: contentOf(file, etag, means) };
  } catch (error) {
    await file.release();
    throw error;
  }
  await file.release();
  return missing('busy');
}

/** Lists an open folder and closes it; those who ask for the same one meanwhile share the list. */
function folderLister(maxEntries: number): (folder: Opening, isTop: boolean) => Promise<readonly FolderEntry[]> {
  const listings = new Remembered<readonly FolderEntry[]>(MAX_OPENING);
  return async ({ fd, stat }, isTop) => {
    const key = identityOf(stat);
    try {
      return await listings.get(key, () => listFolder(fd, isTop, maxEntries));
    } finally {
      // Not kept: a file in it may grow without the folder changing.
      listings.forget(key);
      await closeFd(fd);
    }
  };
}

function missing(reason: MissReason): Opened {
  return { kind: 'missing', reason };
}
