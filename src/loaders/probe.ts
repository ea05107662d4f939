/** Looks at files: those of a boot folder, of an unpacked package, of a folder that somebody gives. */
import { createHash } from 'node:crypto';
import { constants, lstat, open, readdir, readFile, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { CompanionFacts } from '../core/companion.ts';
import { Fault } from '../core/errors.ts';
import { parseMd5sums } from './apt.ts';
import type { Fetched } from './client.ts';
import { COMPANION_RECORD, COMPANIONS_FOLDER, companionOf, factsIn } from './companions.ts';
import type { Loader, Source } from './loader.ts';
import type { Existing, TakeResult } from './plan.ts';
import { recognise } from './recognise.ts';
import type { LoaderRecord, Origin, RecordedFile } from './record.ts';
import { faultOf, isSigned } from './sanity.ts';
import { inspect, readRecord } from './store.ts';
import { essentialLoaders, LOADERS } from './table.ts';
import { type FileState, type Lack, lacks } from './words.ts';

/** The largest so far, GRUB, has 4.4 MB. */
const LOADER_MAX_BYTES = 16 << 20;

/** The loader out of an unpacked package, held against the package's md5sums and the look of its kind. */
export async function takeFromPackage(loader: Loader, source: Source, fetched: Fetched): Promise<TakeResult> {
  const { package: name, version, architecture } = fetched.record;
  const md5sums = parseMd5sums(await readFile(join(fetched.folder, 'DEBIAN/md5sums'), 'utf8').catch(() => ''));
  for (const path of source.paths) {
    const file = await readRegular(fetched.folder, path);
    if (file === undefined) continue;
    if (md5sums.get(path) !== createHash('md5').update(file.bytes).digest('hex')) {
      return { why: `${path} of ${name} ${version} differs from the package's own md5sums` };
    }
    const taken = examine(loader, file, { kind: 'package', package: name, version, architecture, path });
    if ('why' in taken || taken.isSigned || !path.includes('.signed')) return taken;
    return { why: `${path} of ${name} ${version} carries no signature` };
  }
  return { why: `not in ${name} ${version}` };
}

/** The loaders that a folder has under any of their names. */
export async function takeFromFolder(folder: string): Promise<ReadonlyMap<Loader, TakeResult>> {
  const files = await readdir(folder).catch((error: unknown) => {
    throw new Fault('no-folder', `${folder} cannot be read: give --from a folder that has the loaders`, error);
  });
  const taken = new Map<Loader, TakeResult>();
  for (const { loader, file } of recognise(files)) {
    const read = await readRegular(folder, file);
    taken.set(
      loader,
      read
        ? examine(loader, read, { kind: 'folder', path: file })
        : { why: `${file} is not a regular file of sane size` },
    );
  }
  return taken;
}

interface ReadFile {
  readonly bytes: Uint8Array;
  readonly modifiedMs: number;
}

function examine(loader: Loader, { bytes, modifiedMs }: ReadFile, origin: Origin): TakeResult {
  const fault = faultOf(bytes, loader.format);
  if (fault !== undefined) return { why: `${origin.path} ${fault}` };
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { loader, sha256, origin, bytes, modifiedMs, isSigned: isSigned(bytes) };
}

/** A regular file inside `root`; nothing for what is absent, reached through a link that leads out, or far too large. */
async function readRegular(root: string, path: string): Promise<ReadFile | undefined> {
  try {
    const [base, real] = await Promise.all([realpath(root), realpath(join(root, path))]);
    if (!real.startsWith(base + sep)) return undefined;
    // Without O_NONBLOCK, opening a named pipe waits until somebody writes into it.
    const file = await open(real, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      if (!stats.isFile() || stats.size > LOADER_MAX_BYTES) return undefined;
      return { bytes: await file.readFile(), modifiedMs: stats.mtimeMs };
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

export interface LoaderState {
  readonly name: string;
  readonly state: FileState;
  readonly isEssential: boolean;
  /** Nothing when it was put there by hand. */
  readonly recorded?: RecordedFile;
}

export interface LoaderReport {
  readonly folder: string;
  /** Every essential loader is there. */
  readonly isComplete: boolean;
  readonly files: readonly LoaderState[];
  /** The names that can be served. */
  readonly present: readonly string[];
  /** What cannot boot, and the cure; empty when all is well. */
  readonly missing: readonly Lack[];
}

/** Which loaders a boot folder has, and what its lacks mean. Never rejects: a folder that is not there has none. */
export async function checkLoaders(folder: string): Promise<LoaderReport> {
  const existing = await inspect(folder);
  const record = (await readRecord(folder)) ?? new Map<string, RecordedFile>();
  const files = LOADERS.map((l) => stateOf(l, existing.get(l.name), record));
  const isThere = (f: LoaderState): boolean => f.state === 'ok' || f.state === 'changed';
  return {
    folder,
    isComplete: files.every((f) => !f.isEssential || isThere(f)),
    files,
    present: files.filter(isThere).map((f) => f.name),
    missing: lacks(new Map(files.map((f) => [f.name, f.state])), folder),
  };
}

/** Far more than there are releases of images in a folder. */
const MAX_COMPANIONS = 1000;

/** Companion kernels that lie whole in a boot folder, whoever put them there, by id, with what is known of them. Never rejects. */
export async function installedCompanions(folder: string): Promise<ReadonlyMap<string, CompanionFacts>> {
  const ids = await readdir(join(folder, COMPANIONS_FOLDER)).catch(() => []);
  const whole = new Map<string, CompanionFacts>();
  for (const id of ids.slice(0, MAX_COMPANIONS)) {
    const files = companionOf(id)?.files ?? [];
    const place = join(folder, COMPANIONS_FOLDER, id);
    const sizes = await Promise.all(files.map(({ name }) => sizeOf(join(place, name))));
    const [kernel] = files;
    if (!kernel || sizes.some((size) => size === 0)) continue;
    const text = await readFile(join(place, COMPANION_RECORD), 'utf8').catch(() => '');
    whole.set(id, factsIn(text, { name: kernel.name, sizeBytes: sizes[0] ?? 0 }));
  }
  return whole;
}

/** 0 for what is no file. */
async function sizeOf(path: string): Promise<number> {
  const stats = await lstat(path).catch(() => undefined);
  return stats?.isFile() ? stats.size : 0;
}

function stateOf(loader: Loader, existing: Existing | undefined, record: LoaderRecord): LoaderState {
  const { name } = loader;
  const recorded = record.get(name);
  const state = fileState(existing, recorded);
  return { name, state, isEssential: essentialLoaders.includes(loader), ...(recorded ? { recorded } : {}) };
}

function fileState(existing: Existing | undefined, recorded: RecordedFile | undefined): FileState {
  if (existing === undefined) return 'missing';
  if (existing.kind === 'other') return 'not-a-file';
  return recorded === undefined || recorded.sha256 === existing.sha256 ? 'ok' : 'changed';
}
