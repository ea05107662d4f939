/** `fnode loaders install --for IMAGE`: brings a companion kernel into the boot folder, whole or not at all. */
import { createHash } from 'node:crypto';
import { constants, type FileHandle, mkdir, open, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { type CompanionFacts, companionFacts } from '../core/companion.ts';
import { errnoOf, Fault } from '../core/errors.ts';
import { readKernel } from '../core/kernel.ts';
import { showBytes } from '../core/units.ts';
import { type InstallDeps, inTemporaryFolder, nativeArchitecture } from './apply.ts';
import { aptName, type PackageName } from './apt.ts';
import { fetchPackages } from './client.ts';
import {
  ALPINE_MIRROR,
  COMPANION_RECORD,
  COMPANIONS_FOLDER,
  type Companion,
  type CompanionFile,
  type CompanionRecord,
  companionOf,
  formatCompanion,
  parseSha256,
} from './companions.ts';
import { download, downloadText } from './download.ts';
import { installedCompanions } from './probe.ts';
import { faultOf } from './sanity.ts';
import { openFolder, partName, syncFolder, writeFault } from './store.ts';

export interface CompanionRequest {
  /** The boot folder. */
  readonly dir: string;
  readonly id: string;
  /** Take the files out of this folder. */
  readonly from?: string | undefined;
  /** In place of Alpine's own. */
  readonly mirror?: string | undefined;
  /** Bring it anew though it is there. */
  readonly force?: boolean | undefined;
}

/** The largest archive so far has 340 MB, the largest file in one 180 MB. */
const MAX_BYTES = 1 << 30;
const STALLED_MS = 60_000;
const UNPACK_MS = 300_000;
const HEAD_BYTES = 1024;

/** Rejects with a `Fault`; then the boot folder is as it was. */
export async function installCompanion(request: CompanionRequest, deps: InstallDeps): Promise<void> {
  const { dir, id, from, force = false } = request;
  const companion = companionOf(id);
  if (!companion) throw new Fault('loaders-failed', `nobody offers a kernel called ${JSON.stringify(id)}`);
  // An archive is of one version for good; a package may have become newer.
  const isForGood = companion.source.kind === 'archive' && from === undefined;
  if (isForGood && !force && (await installedCompanions(dir)).has(id)) {
    deps.say(`${id} is there already; --force brings it anew`);
    return;
  }
  await openFolder(dir);
  const part = join(dir, partName(`${COMPANIONS_FOLDER}-${id}`));
  await inTemporaryFolder(part, async () => {
    const got = await obtain(companion, request, part, deps);
    const ready = join(part, 'ready');
    await orFault(dir, () => mkdir(ready));
    const files = await takeAll(companion.files, got, ready, dir);
    const kernel = await orFault(dir, () => lookAt(companion, ready));
    await putInPlace(dir, part, { id, origin: got.origin, kernel, files }, deps);
  });
}

interface Obtained {
  /** Holds the files by their paths, or under their names. */
  readonly source: string;
  readonly origin: string;
  /** The same for people who look for what is missing in it. */
  readonly where: string;
}

async function obtain(
  companion: Companion,
  request: CompanionRequest,
  part: string,
  deps: InstallDeps,
): Promise<Obtained> {
  const { from, mirror = ALPINE_MIRROR } = request;
  if (from !== undefined) return { source: from, origin: 'a given folder', where: from };
  const { source } = companion;
  if (source.kind === 'package') return fromPackage(source.package, part, deps);
  const paths = companion.files.map(({ path }) => path);
  return fromArchive(`${mirror.replace(/\/+$/, '')}/${source.path}`, paths, part, deps);
}

/** Downloaded and checked as boot loaders are, below the boot folder: 130 MB may be too much for /tmp. */
async function fromPackage(name: PackageName, part: string, { run, say }: InstallDeps): Promise<Obtained> {
  const architecture = await nativeArchitecture(run);
  say(`asking apt for ${aptName(name)}`);
  const { fetched, missing, unreachable } = await fetchPackages([name], { run, say, folder: part, architecture });
  const [got] = fetched;
  if (got) return obtained(got.folder, `${got.record.package} ${got.record.version}`);
  const why = unreachable ?? missing[0]?.why ?? 'apt did not download it';
  const cure = `add a source that has it to apt's, or give a folder that has its files with --from`;
  throw new Fault('loaders-failed', `${name.package} cannot be had (${why}): ${cure}`);
}

async function fromArchive(url: string, paths: readonly string[], part: string, deps: InstallDeps): Promise<Obtained> {
  const wanted = parseSha256(await downloadText(`${url}.sha256`), basename(url));
  if (wanted === undefined) throw new Fault('loaders-failed', `${url}.sha256 has no checksum: name another mirror`);
  deps.say(`fetching ${url}`);
  const archive = join(part, 'archive.tar.gz');
  const got = await download(url, archive, { maxBytes: MAX_BYTES, stalledMs: STALLED_MS });
  if (got !== wanted) {
    throw new Fault('loaders-failed', `${url} is not what its checksum says: try again, or name another mirror`);
  }
  const source = join(part, 'archive');
  await mkdir(source);
  const unpacked = await deps.run('tar', ['-xzf', archive, '-C', source, ...paths], { timeoutMs: UNPACK_MS });
  await rm(archive);
  if (unpacked.code === 0) return obtained(source, url);
  const why = unpacked.stderr.trim().split('\n')[0] ?? '';
  throw new Fault(
    'loaders-failed',
    `${url} cannot be unpacked (${why}): it is of a release that this node does not know`,
  );
}

function obtained(source: string, origin: string): Obtained {
  return { source, origin, where: origin };
}

type Recorded = CompanionRecord['files'];

async function takeAll(
  files: readonly CompanionFile[],
  { source, where }: Obtained,
  ready: string,
  dir: string,
): Promise<Recorded> {
  const taken: Recorded[number][] = [];
  for (const file of files) {
    const opened = await openRegular(source, [file.path, file.name, basename(file.path)]);
    if (opened) taken.push(await orFault(dir, () => copy(opened, file, join(ready, file.name))));
    else
      throw new Fault('loaders-failed', `there is no ${file.name} in ${where}: give a folder that has it with --from`);
  }
  return taken;
}

/** Who has signed the kernel that was taken, and which it is. */
async function lookAt(companion: Companion, folder: string): Promise<CompanionFacts> {
  const file = await open(join(folder, companion.files[0]?.name ?? ''));
  try {
    const read = async (maxBytes: number, position: number): Promise<Uint8Array> => {
      const { buffer, bytesRead } = await file.read(new Uint8Array(maxBytes), 0, maxBytes, position);
      return buffer.subarray(0, bytesRead);
    };
    return companionFacts(companion, await readKernel(read));
  } finally {
    await file.close();
  }
}

/** The first of `paths` that is a regular file inside `root`, and not reached through a link that leads out. */
async function openRegular(root: string, paths: readonly string[]): Promise<FileHandle | undefined> {
  for (const path of paths) {
    try {
      const [base, real] = await Promise.all([realpath(root), realpath(join(root, path))]);
      if (!real.startsWith(base + sep)) continue;
      // Without O_NONBLOCK, opening a named pipe waits until somebody writes into it.
      const file = await open(real, constants.O_RDONLY | constants.O_NONBLOCK);
      const stats = await file.stat();
      if (stats.isFile() && stats.size > 0 && stats.size <= MAX_BYTES) return file;
      await file.close();
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
    }
  }
  return undefined;
}

/** Closes `from`. Everybody may read what every client gets anyway. */
async function copy(from: FileHandle, { name, format }: CompanionFile, to: string): Promise<Recorded[number]> {
  const hash = createHash('sha256');
  const into = await open(to, 'wx', 0o644);
  let sizeBytes = 0;
  try {
    for await (const chunk of from.createReadStream({ autoClose: false, highWaterMark: 1 << 20 })) {
      const fault = sizeBytes === 0 ? faultAtHead(chunk, format) : undefined;
      if (fault !== undefined) throw new Fault('loaders-failed', `${name} ${fault}`);
      hash.update(chunk);
      sizeBytes += chunk.length;
      await into.writeFile(chunk);
    }
    await into.chmod(0o644);
    await into.sync();
  } finally {
    await Promise.all([from.close(), into.close()]);
  }
  return { name, sha256: hash.digest('hex'), sizeBytes };
}

function faultAtHead(chunk: Uint8Array, format: CompanionFile['format']): string | undefined {
  const head = chunk.subarray(0, HEAD_BYTES);
  if (/^\s*</.test(Buffer.from(head).toString('latin1'))) return 'is a web page, not what its name says';
  return format && faultOf(head, format);
}

/** The old one makes way at the last moment: between two renames there is none, and never a half. */
async function putInPlace(dir: string, part: string, record: CompanionRecord, { say }: InstallDeps): Promise<void> {
  const text = formatCompanion(record);
  const place = join(dir, COMPANIONS_FOLDER, record.id);
  const size = showBytes(record.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
  const before = await readFile(join(place, COMPANION_RECORD), 'utf8').catch(() => undefined);
  if (before === text && (await installedCompanions(dir)).has(record.id)) {
    say(`${place}: already current (${size}), from ${record.origin}`);
    return;
  }
  await orFault(dir, async () => {
    await writeFile(join(part, 'ready', COMPANION_RECORD), text, { mode: 0o644 });
    await mkdir(join(dir, COMPANIONS_FOLDER), { recursive: true });
    await syncFolder(join(part, 'ready'));
    await rename(place, join(part, 'old')).catch((error) => {
      if (errnoOf(error) !== 'ENOENT') throw error;
    });
    await rename(join(part, 'ready'), place);
    await syncFolder(join(dir, COMPANIONS_FOLDER));
  });
  say(`${place}: ${record.files.map(({ name }) => name).join(', ')} (${size}), from ${record.origin}`);
}

/** `work`, whose failures speak of the boot folder. */
async function orFault<Value>(dir: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof Fault ? error : writeFault(dir, error);
  }
}
