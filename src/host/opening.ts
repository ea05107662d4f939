/** Opening by name without being led astray: no links, no devices, nothing outside, no waiting for a peer. */
import fs from 'node:fs';
import { promisify } from 'node:util';
import type { MissReason } from '../core/content.ts';
import { errnoOf, Fault } from '../core/errors.ts';
import { isAtHand, type Opening, statFd, whereIs } from './openfile.ts';

const openFd = promisify(fs.open) as (path: string, flags: number) => Promise<number>;
const closeFd = promisify(fs.close);

/** How often a name may be replaced between opening it and looking where it led. */
const MAX_REPLACED = 3;
/** No link at the end, and a FIFO or a device opens at once instead of waiting for a peer. */
const OPEN_FLAGS = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;

/** Where a folder is, links resolved. Throws a `Fault` when it is none, or may not be read. */
export function realRootOf(root: string): string {
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
 * Opens first and looks afterwards where that led, so nothing can be swapped in between. The kernel's own name for the
 * descriptor has to be the one asked for: a link anywhere in the path shows as another.
 */
export async function openChecked(wanted: string): Promise<Opening | MissReason> {
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
export function reasonOf(error: unknown): MissReason {
  const errno = errnoOf(error);
  if (errno === undefined || errno.startsWith('ERR_')) throw error;
  return REASONS[errno] ?? 'damaged';
}
