/** One process a folder: a lock that does not outlive its holder, whatever ends it. */
import { readFileSync } from 'node:fs';
import { readlink, rm, symlink } from 'node:fs/promises';
import { errnoOf, Fault } from '../core/errors.ts';

/** Where nothing can be written now; whoever holds the lock will say so when it has something to write. */
const CANNOT_WRITE = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO']);

/**
 * Takes the lock `path`; the result gives it back. Rejects with a `Fault` when a process that lives has it. One in another
 * PID namespace is not seen: containers must not share the folder. `another`: what to give instead of the folder.
 *
 * A link that leads nowhere: made and filled in one step, so that none is ever found half written, and it takes no room of a full disk.
 */
export async function takeLock(
  path: string,
  bootId: string | undefined,
  another = 'another --state-dir',
): Promise<() => Promise<void>> {
  const mine = `${process.pid}-${startOf(process.pid) ?? 0}-${bootId ?? 'unknown'}`;
  // Twice: the holder may have ended meanwhile.
  for (let tries = 0; tries < 2; tries++) {
    try {
      await symlink(mine, path);
      return async () => {
        if ((await holderOf(path)) === mine) await rm(path, { force: true }).catch(() => {});
      };
    } catch (error) {
      const code = errnoOf(error) ?? '';
      if (CANNOT_WRITE.has(code)) return async () => {};
      if (code !== 'EEXIST') throw new Fault('store-failed', `${path} cannot be made (${code})`, error);
    }
    const holder = await holderOf(path);
    if (holder !== undefined && isAlive(holder, bootId)) throw inUse(path, holder, another);
    await rm(path, { force: true }).catch((error: unknown) => {
      throw new Fault('store-failed', `${path} is in the way (${errnoOf(error)}): remove it`, error);
    });
  }
  throw inUse(path, (await holderOf(path)) ?? '', another);
}

function inUse(path: string, holder: string, another: string): Fault {
  const pid = holder.split('-')[0] ?? '';
  const sentence = `another process (${pid}) uses ${path.replace(/\/[^/]*$/, '')}: stop it, or give ${another}`;
  return new Fault('store-failed', sentence);
}

async function holderOf(path: string): Promise<string | undefined> {
  return readlink(path).catch(() => undefined);
}

/** The same number may be another process by now: it started at another moment, or the machine did. */
function isAlive(holder: string, bootId: string | undefined): boolean {
  const [, pid = '', start = '', boot = ''] = /^(\d+)-(\d+)-(.*)$/.exec(holder) ?? [];
  return boot === (bootId ?? 'unknown') && startOf(Number(pid)) === start;
}

/** proc(5), stat: field 22, when it started, in ticks since the machine did. The name before may hold blanks and brackets. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // One that has ended, and whose parent has not asked how, holds nothing.
    return 'ZX'.includes(state) ? undefined : fields[18];
  } catch {
    return undefined;
  }
}
