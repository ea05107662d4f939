/** The only place that opens files of a served folder: nothing outside it, no links, no devices, no waiting. */
import fs, { type BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { type Content, type FolderEntry, type MissReason, normalisePath, type Opened } from '../core/content.ts';
import { errnoOf, Fault } from '../core/errors.ts';
import type { Blocks } from './blocks.ts';
import { fingerprint, Remembered } from './fingerprint.ts';
import { listFolder } from './folder.ts';
import { Gate } from './gate.ts';
import {
  descriptorShare,
  identityOf,
  isAtHand,
  type OpenFile,
  OpenFiles,
  type Opening,
  quietly,
  readAt,
  readScatteredAt,
  statFd,
  whereIs,
} from './openfile.ts';

const openFd = promisify(fs.open) as (path: string, flags: number) => Promise<number>;
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
const MAX_FINGERPRINTS = 4096;
/** Times on disk may be this coarse: a file younger than that can change without showing it. FAT keeps 2 s. */
const COARSE_MS = 2000;
/** How often a name may be replaced between opening it and looking where it led. */
const MAX_REPLACED = 3;
/** No link at the end, and a FIFO or a device opens at once instead of waiting for a peer. */
const OPEN_FLAGS = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;

/**
 * Serves `root`, which may itself be a link; its files lend out of `blocks`, where there are any. Throws a `Fault` when
 * it cannot be read now; later it is just missing.
 */
export function folderContent(root: string, limits: FolderLimits = FOLDER_LIMITS, blocks?: Blocks): FolderContent {
  const realRoot = realRootOf(root);
  const files = new OpenFiles(Math.min(limits.maxOpenFiles, descriptorShare('files')), quietly);
  const etags = new Remembered<string>(MAX_FINGERPRINTS);
  const listings = new Remembered<readonly FolderEntry[]>(MAX_OPENING);
  const gate = new Gate(MAX_OPENING, MAX_WAITING);

  /** `path` is absolute below the root and normal. */
  const openBelow = async (path: string): Promise<Opened> => {
    const wanted = realRoot === '/' ? path : `${realRoot}${path}`;
    const known = await foundAgain(files, wanted, blocks);
    if (known) return openFile(known);
    const found = await openChecked(path === '/' ? realRoot : wanted);
    if (typeof found === 'string') return missing(found);
    if (found.stat.isDirectory()) return openFolder(found, path === '/');
    const file = await files.adopt(wanted, found);
    return file ? openFile(file) : missing('busy');
  };

  const openFolder = async ({ fd, stat }: Opening, isTop: boolean): Promise<Opened> => {
    const key = identityOf(stat);
    try {
      const entries = await listings.get(key, () => listFolder(fd, isTop, limits.maxEntries));
      return { kind: 'folder', entries };
    } finally {
      // Shared by those who asked meanwhile, not kept: a file in it may grow without the folder changing.
      listings.forget(key);
      await closeFd(fd);
    }
  };

  const openFile = async (file: OpenFile): Promise<Opened> => {
    try {
      const etag = await etagOf(file, etags);
      if (etag !== undefined) return { kind: 'file', content: contentOf(file, etag, { etags, blocks }) };
    } catch (error) {
      await file.release();
      throw error;
    }
    await file.release();
    return missing('busy');
  };

  return {
    root: realRoot,
    openFiles: () => files.count,
    closeIdle: () => files.closeAllIdle(),
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

function realRootOf(root: string): string {
  try {
    const real = fs.realpathSync.native(root);
    if (!fs.statSync(real).isDirectory()) throw new Fault('no-folder', `${root} is not a folder: name one, or make it`);
    // Done, not asked for: access(2) speaks of the user who started the process, not of the one it has become.
    fs.opendirSync(real).closeSync();
    fs.statSync(`${real}/.`);
    return real;
  } catch (error) {
    if (error instanceof Fault) throw error;
    if (errnoOf(error) === 'EACCES') {
      throw new Fault('no-folder', `folder ${root} may not be read by this user: chmod a+rx ${root}`, error);
    }
    throw new Fault('no-folder', `folder ${root} is not there: mkdir -p ${root}, or name another`, error);
  }
}

/**
 * The file that was opened as `wanted` lately and has not been closed since, held, if all is as it was then.
 *
 * A descriptor cannot be swapped: it stands for the inode that `openChecked` has looked at, a regular file below the
 * root. What may have changed is the way to it. That `lstat` finds the same inode, size and times there says that the
 * name is not another's, is not a link itself, and may be reached and read as before (a change of mode or owner shows in
 * ctime; a folder that was closed to us fails the call); on network file systems it also asks the server anew. It would
 * go through links in the middle of the path, and see the same inode behind them: those show, as when opening, in the
 * kernel's own name of the descriptor, looked at last. Whatever is not so is forgotten, and the name opened in full.
 */
async function foundAgain(files: OpenFiles, wanted: string, blocks?: Blocks): Promise<OpenFile | undefined> {
  const file = files.find(wanted);
  if (!file || file.isConfirmed) return file;
  const now = file.isAtHand ? lstatNow(wanted) : await lstat(wanted, { bigint: true }).catch(() => undefined);
  if (now && identityOf(now) === file.identity && file.whereIsIt() === wanted) {
    file.confirm();
    return file;
  }
  files.forget(file);
  blocks?.forget(file.identity);
  await file.release();
  return undefined;
}

function lstatNow(path: string): BigIntStats | undefined {
  try {
    return fs.lstatSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}

/**
 * Opens first and looks afterwards where that led, so nothing can be swapped in between. The kernel's own name for the
 * descriptor has to be the one asked for: a link anywhere in the path shows as another.
 */
async function openChecked(wanted: string): Promise<Opening | MissReason> {
  for (let attempt = 0; attempt < MAX_REPLACED; attempt++) {
    const fd = await openFd(wanted, OPEN_FLAGS);
    let isKept = false;
    try {
      const stat = await statFd(fd, { bigint: true });
      const where = whereIs(fd);
      if (where === wanted) {
        isKept = stat.isFile() || stat.isDirectory();
        return isKept ? { fd, stat, isAtHand: stat.isFile() && (await isAtHand(fd)) } : 'not-regular';
      }
      if (where !== `${wanted} (deleted)`) return 'outside-root';
    } finally {
      if (!isKept) await closeFd(fd);
    }
  }
  return 'busy';
}

/** Nothing when the file changed while it was looked at: somebody is still writing it. */
async function etagOf(file: OpenFile, etags: Remembered<string>): Promise<string | undefined> {
  const etag = await etags.get(file.identity, () => fingerprintOf(file));
  if (!isYoung(file)) return etag;
  etags.forget(file.identity);
  return (await identityNow(file)) === file.identity ? etag : undefined;
}

function isYoung(file: OpenFile): boolean {
  return Date.now() - Number(file.stat.ctimeMs) < COARSE_MS;
}

/** The tag of the bytes now: made once for all who ask at a time, and not kept, since the file may just be written to. */
async function etagAt(identity: string, file: OpenFile, etags: Remembered<string>): Promise<string> {
  const key = `${identity} now`;
  try {
    return await etags.get(key, () => fingerprintOf(file));
  } finally {
    etags.forget(key);
  }
}

function fingerprintOf(file: OpenFile): Promise<string> {
  return file.use((fd) => fingerprint((into, position) => readAt(fd, into, position), Number(file.stat.size)));
}

async function identityNow(file: OpenFile): Promise<string> {
  return identityOf(await file.statNow());
}

interface Shared {
  readonly etags: Remembered<string>;
  readonly blocks: Blocks | undefined;
}

function contentOf(file: OpenFile, etag: string, { etags, blocks }: Shared): Content {
  const sizeBytes = Number(file.stat.size);
  const read = (into: Uint8Array, position: number): Promise<number> => {
    const wanted = into.subarray(0, Math.max(0, sizeBytes - position));
    return file.use((fd) => readAt(fd, wanted, position));
  };
  const source = { identity: file.identity, sizeBytes, read };
  let isClosed = false;
  return {
    sizeBytes,
    modifiedMs: Number(file.stat.mtimeMs),
    etag,
    identity: file.identity,
    read,
    // What may change without showing it is kept nowhere.
    ...(blocks && {
      borrow: async (position, maxBytes) =>
        isYoung(file) ? undefined : await blocks.borrow(source, position, maxBytes),
    }),
    readScattered: (into, position) => {
      const wanted = cutTo(sizeBytes - position, into);
      return wanted.length === 0 ? Promise.resolve(0) : file.use((fd) => readScatteredAt(fd, wanted, position));
    },
    isUnchanged: async () => {
      const now = await file.statNow();
      if (now.size !== file.stat.size || now.mtimeNs !== file.stat.mtimeNs) return false;
      // ctime alone moves when the file is renamed or replaced by another, which leaves its bytes as they were, and when
      // it is written to and dated back: the bytes tell.
      return now.ctimeNs === file.stat.ctimeNs || (await etagAt(identityOf(now), file, etags)) === etag;
    },
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      await file.release();
    },
  };
}

/** The views, or what of them holds `bytes`: what was added to a file after it was opened is not part of it. */
function cutTo(bytes: number, views: readonly Uint8Array[]): readonly Uint8Array[] {
  let left = bytes;
  return views.flatMap((view) => {
    const cut = view.subarray(0, Math.max(0, left));
    left -= view.length;
    return cut.length > 0 ? [cut] : [];
  });
}

function missing(reason: MissReason): Opened {
  return { kind: 'missing', reason };
}

const REASONS: Readonly<Record<string, MissReason>> = {
  ENOENT: 'not-found',
  ENOTDIR: 'not-found',
  ENAMETOOLONG: 'bad-name',
  EACCES: 'no-permission',
  EPERM: 'no-permission',
  // O_NOFOLLOW at a link; a socket; a device without a driver.
  ELOOP: 'not-regular',
  ENXIO: 'not-regular',
  ENODEV: 'not-regular',
  EMFILE: 'busy',
  ENFILE: 'busy',
  ENOMEM: 'busy',
  EAGAIN: 'busy',
};

/** What a failed call of the system means for a name. Anything else is a bug and goes on. */
function reasonOf(error: unknown): MissReason {
  const errno = errnoOf(error);
  if (errno === undefined || errno.startsWith('ERR_')) throw error;
  return REASONS[errno] ?? 'damaged';
}
