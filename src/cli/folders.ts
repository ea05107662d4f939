/** The folders that a node serves: there, and readable. */
import { readdirSync } from 'node:fs';
import type { Loaded } from '../config/load.ts';
import type { FnodeConfig } from '../config/types.ts';
import { errnoOf, Fault } from '../core/errors.ts';

/** A folder that was named must be there; a node without ./boot still serves the rest, and says how to fill it. */
export function inspectFolders({ config, isGiven }: Loaded<FnodeConfig>): void {
  readFolder('isos', config.isos);
  if (isGiven('boot')) readFolder('boot', config.boot);
}

/** Whether it is there and can be read. */
export function isFolder(path: string): boolean {
  return errnoIn(path) === undefined;
}

/** Throws a `Fault` if it cannot be read; `key` is the flag that names it. */
export function readFolder(key: string, path: string): void {
  const code = errnoIn(path);
  if (code === undefined) return;
  const shown = JSON.stringify(path);
  if (code === 'ENOENT') throw new Fault('no-folder', `there is no folder ${shown}: make it, or name one by --${key}`);
  if (code === 'ENOTDIR') throw new Fault('no-folder', `${shown} is no folder: name one by --${key}`);
  if (code === 'EACCES') throw new Fault('no-privilege', `may not read ${shown}: chmod it, or name one by --${key}`);
  throw new Fault('no-folder', `cannot read ${shown} (${code}): name another one by --${key}`);
}

function errnoIn(path: string): string | undefined {
  try {
    readdirSync(path);
    return undefined;
  } catch (error) {
    return errnoOf(error) ?? 'EIO';
  }
}
