/** Whether a file that was opened by a name still is what that name means: cheaper than opening it again. */
import fs, { type BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import type { OpenFile } from './openfile.ts';
import { SeenNow } from './turn.ts';

/** Folders that were seen in this turn to be where they are called, no link in the way. */
const folders = new SeenNow<string>();

/**
 * Whether all is as it was when `file` was opened as `wanted`.
 *
 * A descriptor cannot be swapped: it stands for the inode that was looked at when it was opened, a regular file below
 * the root. What may have changed is the way to it. That `lstat` finds the same inode, size and times there says that
 * the name is not another's, is not a link itself, and may be reached and read as before (a change of mode or owner shows
 * in ctime; a folder that was closed to us fails the call; what was opened with more rights than we have left is opened anew); on network file systems it also asks the server anew. It would
 * go through links in the middle of the path, and see the same inode behind them: those show, as when opening, in the
 * kernel's own name of the descriptor, looked at last. What that says of the folder goes for its other files, too.
 */
export async function isStillThere(file: OpenFile, wanted: string): Promise<boolean> {
  if (file.isAtHand) return isThereNow(file, wanted);
  if (file.isConfirmed) return true;
  const now = await lstat(wanted, { bigint: true }).catch(() => undefined);
  return isConfirmedBy(now, file, wanted);
}

/** The same, of a file at hand, at once. */
export function isThereNow(file: OpenFile, wanted: string): boolean {
  return file.isConfirmed || isConfirmedBy(lstatNow(wanted), file, wanted);
}

function isConfirmedBy(now: BigIntStats | undefined, file: OpenFile, wanted: string): boolean {
  if (!now || !file.isAs(now) || !file.isOurs) return false;
  const folder = wanted.slice(0, wanted.lastIndexOf('/'));
  if (!folders.has(folder)) {
    if (file.whereIsIt() !== wanted) return false;
    folders.add(folder);
  }
  file.confirm();
  return true;
}

function lstatNow(path: string): BigIntStats | undefined {
  try {
    return fs.lstatSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}
