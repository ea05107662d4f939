/** `fnode loaders install`: brings the boot loaders into a folder, out of packages or out of a folder that somebody gives. */
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../core/errors.ts';
import type { RunCommand } from '../host/exec.ts';
import type { Clock } from '../host.ts';
import { aptName, type PackageName } from './apt.ts';
import { type AptDeps, type Fetched, fetchPackages } from './client.ts';
import type { Loader } from './loader.ts';
import { type Action, isTaken, plan, type Taken, type TakeResult } from './plan.ts';
import { takeFromFolder, takeFromPackage } from './probe.ts';
import { type LoaderRecord, RECORD_NAME, showOrigin } from './record.ts';
import { closingLines, type InstallReport, recordOf, reportInstall } from './report.ts';
import { inspect, openFolder, placeFiles, readRecord, setModified, writeRecord } from './store.ts';
import { LOADERS } from './table.ts';

export interface InstallRequest {
  readonly dir: string;
  /** Take them out of this folder instead of packages. */
  readonly from?: string | undefined;
  /** Replace also what somebody put there by hand. */
  readonly force?: boolean | undefined;
}

export interface InstallDeps {
  readonly run: RunCommand;
  /** One line of progress for the operator. */
  readonly say: (line: string) => void;
  readonly clock: Pick<Clock, 'date'>;
  /** Where a folder for downloads may be made, about 150 MB; it is removed afterwards. */
  readonly temporaryFolder: string;
}

/** Idempotent. Rejects with a `Fault` when nothing could be had or written; single files that are missing are in the report. */
export async function installLoaders(request: InstallRequest, deps: InstallDeps): Promise<InstallReport> {
  const { dir, from, force = false } = request;
  await openFolder(dir);
  const results = from === undefined ? await fromPackages(deps) : await fromFolder(from);
  const record = await readRecord(dir);
  if (!record) deps.say(`${RECORD_NAME} cannot be understood: every file counts as put there by hand`);
  const folder = { existing: await inspect(dir), record: record ?? new Map() };
  const taken = [...results.values()].filter(isTaken);
  const actions = plan(taken, folder, force);
  await carryOut(dir, taken, actions, folder.record, deps);
  const report = reportInstall(dir, results, actions, folder.existing);
  for (const line of closingLines(report)) deps.say(line);
  return report;
}

type Results = ReadonlyMap<Loader, TakeResult>;

async function fromFolder(folder: string): Promise<Results> {
  const results = await takeFromFolder(folder);
  if ([...results.values()].some(isTaken)) return results;
  const whys = [...results.values()].flatMap((result) => ('why' in result ? [result.why] : []));
  const found =
    whys.length > 0 ? whys.join('; ') : 'files are known by names such as lpxelinux.0, shimx64.efi, ipxe.efi';
  throw new Fault('loaders-failed', `there is no boot loader in ${folder}: ${found}`);
}

/** Asks for every loader's first source; for those that could not be had, for the next one. */
async function fromPackages(deps: InstallDeps): Promise<Results> {
  const architecture = await nativeArchitecture(deps.run);
  const folder = await mkdtemp(join(deps.temporaryFolder, 'fnode-loaders-'));
  return inTemporaryFolder(folder, () => takeRounds({ run: deps.run, say: deps.say, folder, architecture }));
}

/** Works in `folder`, which is made if need be and gone afterwards, also when a signal ends the program. */
export async function inTemporaryFolder<Value>(folder: string, work: () => Promise<Value>): Promise<Value> {
  const clean = (): void => rmSync(folder, { recursive: true, force: true });
  const cleanAndDie = (signal: NodeJS.Signals): void => {
    clean();
    process.kill(process.pid, signal); // `once` has taken us off: this time it has its usual effect
  };
  for (const signal of END_SIGNALS) process.once(signal, cleanAndDie);
  try {
    await mkdir(folder, { recursive: true });
    return await work();
  } finally {
    for (const signal of END_SIGNALS) process.off(signal, cleanAndDie);
    clean();
  }
}

/** Downloads may fill a /tmp that lies in memory: they are not left behind. */
const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

async function takeRounds(apt: AptDeps): Promise<Results> {
  const results = new Map<Loader, TakeResult>();
  const packages = new Map<string, Fetched | { readonly why: string }>();
  const rounds = Math.max(...LOADERS.map((l) => l.sources.length));
  for (let round = 0; round < rounds; round++) {
    const left = LOADERS.filter((l) => l.sources[round] && !isTaken(results.get(l)));
    await fetchMissing(
      left.flatMap((l) => l.sources[round] ?? []),
      packages,
      apt,
    );
    for (const loader of left) {
      const source = loader.sources[round];
      const fetched = source && packages.get(aptName(source));
      if (!source || !fetched) continue;
      const result = 'why' in fetched ? fetched : await takeFromPackage(loader, source, fetched);
      // The first source is the one that people should hear about.
      if (isTaken(result) || !results.has(loader)) results.set(loader, result);
    }
  }
  return results;
}

/** Adds to `packages` what is not there yet. Rejects when the network is what is missing and nothing came at all. */
async function fetchMissing(
  sources: readonly PackageName[],
  packages: Map<string, Fetched | { readonly why: string }>,
  apt: AptDeps,
): Promise<void> {
  const names = [...new Map(sources.map((s) => [aptName(s), s])).values()].filter((s) => !packages.has(aptName(s)));
  if (names.length === 0) return;
  apt.say(`asking apt for ${names.map(aptName).join(', ')}`);
  const report = await fetchPackages(names, apt);
  for (const fetched of report.fetched) packages.set(aptName(fetched.name), fetched);
  for (const { name, why } of report.missing) packages.set(aptName(name), { why: `${aptName(name)}: ${why}` });
  if (report.unreachable === undefined || [...packages.values()].some((p) => 'folder' in p)) return;
  throw new Fault(
    'loaders-failed',
    `the package servers cannot be reached (${report.unreachable}): connect this machine or tell apt its proxy, ` +
      "or copy another node's boot folder here and give it with --from",
  );
}

/** Debian's name for this machine. Rejects with the cure where there is no Debian. */
export async function nativeArchitecture(run: RunCommand): Promise<string> {
  const apt = await run('apt-get', ['--version'], { timeoutMs: 20_000 });
  const dpkg = await run('dpkg', ['--print-architecture'], { timeoutMs: 20_000 });
  if (apt.code === 0 && dpkg.code === 0) return dpkg.stdout.trim();
  throw new Fault(
    'loaders-failed',
    'this machine has no apt: give a folder with the loaders of your distribution (syslinux, shim, grub, ipxe), ' +
      "or another node's boot folder, with --from",
  );
}

async function carryOut(
  dir: string,
  taken: readonly Taken[],
  actions: ReadonlyMap<string, Action>,
  before: LoaderRecord,
  { say, clock }: InstallDeps,
): Promise<void> {
  const record = new Map(before);
  const kindOf = (t: Taken): Action['kind'] | undefined => actions.get(t.loader.name)?.kind;
  const fresh = taken.filter((t) => kindOf(t) === 'install' || kindOf(t) === 'replace');
  const current = taken.filter((t) => kindOf(t) === 'current');
  for (const t of fresh) record.set(t.loader.name, recordOf(t, clock.date()));
  for (const t of current) {
    if (before.get(t.loader.name)?.sha256 !== t.sha256) record.set(t.loader.name, recordOf(t, clock.date()));
    await setModified(dir, t.loader.name, t.modifiedMs);
  }
  const origins = new Map(taken.map((t) => [t.loader.name, t.origin]));
  const files = fresh.map((t) => ({ name: t.loader.name, bytes: t.bytes, modifiedMs: t.modifiedMs }));
  await placeFiles(dir, files, (name) => {
    const origin = origins.get(name);
    say(`${name}: ${origin ? showOrigin(origin) : ''}`);
  });
  await writeRecord(dir, record, clock.date());
}
