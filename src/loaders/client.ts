/** Asks apt for packages, as any user: downloads, checks and unpacks them in a folder of our own; the system stays as it is. */
import { createHash } from 'node:crypto';
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunCommand, RunResult } from '../host/exec.ts';
import {
  type AptView,
  aptConfiguration,
  aptName,
  aptVersion,
  debFileName,
  firstComplaint,
  isIncomplete,
  isUnreachable,
  type PackageName,
  type PackageRecord,
  parseRecords,
  recordOf,
} from './apt.ts';

/** A package whose .deb had the hash of apt's signed index. */
export interface Fetched {
  readonly name: PackageName;
  readonly record: PackageRecord;
  /** Holds its files, and `DEBIAN/md5sums`. */
  readonly folder: string;
}

export interface FetchReport {
  readonly fetched: readonly Fetched[];
  readonly missing: readonly { readonly name: PackageName; readonly why: string }[];
  /** Set when the network, and not a package, is what is missing: apt's words. */
  readonly unreachable?: string;
}

export interface AptDeps {
  readonly run: RunCommand;
  readonly say: (line: string) => void;
  /** An empty folder of our own; everything is written below it. */
  readonly folder: string;
  /** The machine's own, as `dpkg --print-architecture` says it. */
  readonly architecture: string;
}

const LIST_MS = 240_000;
const DOWNLOAD_MS = 300_000;
const LOOK_MS = 60_000;
const UNPACK_MS = 60_000;
/** apt's messages are parsed, so they must be in English. */
const ENGLISH = { LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };

/** The packages, from the lists the system has; what those don't know or no longer rightly know, from fresh lists of our own. */
export async function fetchPackages(names: readonly PackageName[], deps: AptDeps): Promise<FetchReport> {
  const bySystem = await fetchWith({ kind: 'system', folder: join(deps.folder, 'system') }, names, deps);
  const left = bySystem.missing.map((m) => m.name);
  if (left.length === 0) return bySystem;
  const architectures = [...new Set(left.map((n) => (n.architecture === 'all' ? deps.architecture : n.architecture)))];
  deps.say(`reading the package lists of ${architectures.join(' and ')} (about 10 MB each)`);
  const view: AptView = { kind: 'private', folder: join(deps.folder, 'private'), architectures };
  const byOwnLists = await fetchWith(view, left, deps);
  return { ...byOwnLists, fetched: [...bySystem.fetched, ...byOwnLists.fetched] };
}

async function fetchWith(view: AptView, names: readonly PackageName[], deps: AptDeps): Promise<FetchReport> {
  const configuration = await layOut(view, deps);
  const apt = (command: string, args: readonly string[], timeoutMs: number): Promise<RunResult> =>
    deps.run(command, ['-c', configuration, ...args], { timeoutMs, cwd: join(view.folder, 'debs'), env: ENGLISH });

  // Its exit code says little: one source of several may be down. What counts is which packages are known afterwards.
  const update = view.kind === 'private' ? await apt('apt-get', ['update', '-q'], LIST_MS) : undefined;
  if (update && isIncomplete(update.stderr)) deps.say(`apt: ${firstComplaint(update.stderr)}; versions may be older`);

  const shown = await apt('apt-cache', ['show', '--no-all-versions', ...names.map(aptName)], LOOK_MS);
  const records = parseRecords(shown.stdout);
  const known = names.flatMap((name) => {
    const record = recordOf(name, records);
    return record ? [{ name, record }] : [];
  });
  const download =
    known.length === 0
      ? undefined
      : await apt('apt-get', ['download', '-q', ...known.map((k) => aptVersion(k.record))], DOWNLOAD_MS);

  const fetched: Fetched[] = [];
  const unknown = names.filter((name) => !recordOf(name, records));
  const missing = unknown.map((name) => ({ name, why: whyUnknown(update) }));
  for (const { name, record } of known) {
    const result = await unpack(join(view.folder, 'debs'), record, deps);
    if ('folder' in result) fetched.push({ name, record, folder: result.folder });
    else missing.push({ name, why: result.why ?? firstComplaint(download?.stderr ?? '') ?? 'apt did not download it' });
  }
  const complaint = `${update?.stderr ?? ''}\n${download?.stderr ?? ''}`.trim();
  const unreachable = missing.length > 0 && isUnreachable(complaint) ? firstComplaint(complaint) : undefined;
  return { fetched, missing, ...(unreachable ? { unreachable } : {}) };
}

function whyUnknown(update: RunResult | undefined): string {
  if (update && isUnreachable(update.stderr)) return firstComplaint(update.stderr) ?? 'the lists could not be read';
  return "not in the lists of this system's sources";
}

/** Makes the folders that apt wants to find; returns the path of the configuration. */
async function layOut(view: AptView, deps: AptDeps): Promise<string> {
  for (const name of ['debs', 'cache/archives/partial', 'state/lists/partial']) {
    await mkdir(join(view.folder, name), { recursive: true });
  }
  await writeFile(join(view.folder, 'state/status'), '');
  const configuration = join(view.folder, 'apt.conf');
  await writeFile(configuration, aptConfiguration(view));
  if (process.getuid?.() === 0) await openForSandbox(view, deps);
  return configuration;
}

/** As root, apt fetches as the user _apt, who must get at our folders. apt.conf(5), APT::Sandbox::User. */
async function openForSandbox(view: AptView, { run, folder }: AptDeps): Promise<void> {
  await chmod(folder, 0o755);
  await chmod(view.folder, 0o755);
  const id = await run('id', ['-u', '_apt'], { timeoutMs: LOOK_MS });
  const uid = Number(id.stdout);
  if (id.code === 0 && Number.isInteger(uid)) await chown(join(view.folder, 'debs'), uid, 0);
}

/** Holds the .deb against the hash of the index, then unpacks it; `why` when the hash or the package is wrong. */
async function unpack(
  debs: string,
  record: PackageRecord,
  { run }: AptDeps,
): Promise<{ readonly folder: string } | { readonly why?: string }> {
  const deb = join(debs, debFileName(record));
  const bytes = await readFile(deb).catch(() => undefined);
  if (bytes === undefined) return {};
  if (createHash('sha256').update(bytes).digest('hex') !== record.sha256) {
    return { why: "its SHA256 is not the one in apt's index" };
  }
  const folder = `${deb}.unpacked`;
  const result = await run('dpkg-deb', ['--raw-extract', deb, folder], { timeoutMs: UNPACK_MS, env: ENGLISH });
  return result.code === 0 ? { folder } : { why: firstComplaint(result.stderr) ?? 'dpkg-deb could not unpack it' };
}
