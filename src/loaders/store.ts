/** The boot folder on disk. Files appear whole: written under another name, forced to the disk, then renamed. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, mkdir, open, readdir, readFile, rename, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { errnoOf, Fault, messageOf } from '../core/errors.ts';
import { COMPANIONS_FOLDER } from './companions.ts';
import type { Existing } from './plan.ts';
import { formatRecord, type LoaderRecord, parseRecord, RECORD_NAME } from './record.ts';
import { LOADERS } from './table.ts';

/** Everybody may read what every client gets anyway. */
const MODE = 0o644;
const RECORD_MAX_BYTES = 1 << 20;

export interface NewFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The package's own time, so that every node says the same Last-Modified. */
  readonly modifiedMs: number;
}

/** Makes the folder; rejects with a `Fault` when it cannot be written. What an interrupted run left is removed. */
export async function openFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await sweep(folder);
    await write(folder, { name: RECORD_NAME, bytes: new Uint8Array(), modifiedMs: 0 });
    await rm(join(folder, temporaryName(RECORD_NAME, process.pid)));
  } catch (error) {
    throw writeFault(folder, error);
  }
}

/** Puts the files in place one after the other, once all of them are on the disk, and calls `onPlaced` after each. */
export async function placeFiles(
  folder: string,
  files: readonly NewFile[],
  onPlaced: (name: string) => void,
): Promise<void> {
  try {
    // All at once, at most as many as the table has rows: waiting for the disk one by one takes long.
    const written = await Promise.allSettled(files.map((file) => write(folder, file)));
    for (const result of written) if (result.status === 'rejected') throw result.reason;
    for (const { name } of files) {
      await rename(join(folder, temporaryName(name, process.pid)), join(folder, name));
      onPlaced(name);
    }
    await syncFolder(folder);
  } catch (error) {
    const left = files.map(({ name }) => rm(join(folder, temporaryName(name, process.pid)), { force: true }));
    await Promise.allSettled(left);
    throw writeFault(folder, error);
  }
}

/** Gives a file that is already right the time of its package. One that belongs to somebody else keeps its own. */
export async function setModified(folder: string, name: string, modifiedMs: number): Promise<void> {
  const path = join(folder, name);
  if (Math.abs((await lstat(path)).mtimeMs - modifiedMs) >= 1)
    await utimes(path, modifiedMs / 1000, modifiedMs / 1000).catch(() => {});
}

/** What lies under the names of loaders. */
export async function inspect(folder: string): Promise<ReadonlyMap<string, Existing>> {
  const found = new Map<string, Existing>();
  for (const { name } of LOADERS) {
    const existing = await inspectFile(join(folder, name));
    if (existing) found.set(name, existing);
  }
  return found;
}

async function inspectFile(path: string): Promise<Existing | undefined> {
  try {
    if (!(await lstat(path)).isFile()) return { kind: 'other' };
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    return { kind: 'file', sha256: hash.digest('hex') };
  } catch (error) {
    return errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR' ? undefined : { kind: 'other' };
  }
}

/** Empty when there is none, nothing when it cannot be understood. */
export async function readRecord(folder: string): Promise<LoaderRecord | undefined> {
  const path = join(folder, RECORD_NAME);
  try {
    return (await lstat(path)).size > RECORD_MAX_BYTES ? undefined : parseRecord(await readFile(path, 'utf8'));
  } catch (error) {
    return errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR' ? new Map() : undefined;
  }
}

/** Writes the record last, and only if it says something new. */
export async function writeRecord(folder: string, record: LoaderRecord, nowMs: number): Promise<void> {
  const text = formatRecord(record);
  const before = await readFile(join(folder, RECORD_NAME), 'utf8').catch(() => undefined);
  if (text === before) return;
  await placeFiles(folder, [{ name: RECORD_NAME, bytes: Buffer.from(text), modifiedMs: nowMs }], () => {});
}

/** Makes the finished file under its temporary name, which nobody serves. */
async function write(folder: string, { name, bytes, modifiedMs }: NewFile): Promise<void> {
  const file = await open(join(folder, temporaryName(name, process.pid)), 'wx', MODE);
  try {
    await file.writeFile(bytes);
    await file.chmod(MODE);
    await file.utimes(modifiedMs / 1000, modifiedMs / 1000);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Of this run: nobody serves it, and the next run removes it. */
export function partName(name: string): string {
  return temporaryName(name, process.pid);
}

function temporaryName(name: string, pid: number): string {
  return `.${name}.${pid}.part`;
}

/** Removes unfinished files of runs that are over; a run that still goes on keeps its own. */
async function sweep(folder: string): Promise<void> {
  const names = new Set([RECORD_NAME, ...LOADERS.map((l) => l.name)]);
  for (const entry of await readdir(folder)) {
    const [, name = '', pid = ''] = /^\.(.+)\.(\d+)\.part$/.exec(entry) ?? [];
    const isOurs = names.has(name) || name.startsWith(`${COMPANIONS_FOLDER}-`);
    if (isOurs && !isOther(Number(pid))) await rm(join(folder, entry), { recursive: true, force: true });
  }
}

function isOther(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}

/** Makes the renames themselves outlive a loss of power. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

export function writeFault(folder: string, error: unknown): Fault {
  const why = messageOf(error);
  const cure = 'make it writable for this user, free some space, or name another folder with --dir';
  return new Fault('loaders-failed', `${folder} cannot be written (${why}): ${cure}`, error);
}
