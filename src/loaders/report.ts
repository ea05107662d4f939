/** What an installation did, as values for programs and lines for people. */
import { showBytes } from '../core/units.ts';
import type { Loader } from './loader.ts';
import { type Action, type Existing, isTaken, type Taken, type TakeResult } from './plan.ts';
import type { Origin, RecordedFile } from './record.ts';
import { essentialLoaders, LOADERS } from './table.ts';
import { showKept } from './words.ts';

export type Outcome = 'installed' | 'replaced' | 'current' | 'kept' | 'missing';

export interface FileReport {
  readonly name: string;
  readonly outcome: Outcome;
  readonly isEssential: boolean;
  readonly origin?: Origin;
  /** Why it was kept or is missing, or what to know about it. */
  readonly remark?: string;
}

export interface InstallReport {
  readonly dir: string;
  /** Every essential loader is there, whoever put it. */
  readonly isComplete: boolean;
  readonly files: readonly FileReport[];
  /** Of all that were brought or found current. */
  readonly sizeBytes: number;
}

export function reportInstall(
  dir: string,
  results: ReadonlyMap<Loader, TakeResult>,
  actions: ReadonlyMap<string, Action>,
  existing: ReadonlyMap<string, Existing>,
): InstallReport {
  const files = LOADERS.map((loader): FileReport => {
    const base = { name: loader.name, isEssential: essentialLoaders.includes(loader) };
    const rest = reportOn(results.get(loader), actions.get(loader.name), existing.get(loader.name));
    return { ...base, ...rest };
  });
  const isComplete = files.every((f) => !f.isEssential || f.outcome !== 'missing');
  const sizeBytes = [...results.values()].filter(isTaken).reduce((sum, t) => sum + t.bytes.length, 0);
  return { dir, isComplete, files, sizeBytes };
}

const OUTCOME = { install: 'installed', replace: 'replaced', current: 'current' } as const;

function reportOn(
  result: TakeResult | undefined,
  action: Action | undefined,
  existing: Existing | undefined,
): Pick<FileReport, 'outcome' | 'origin' | 'remark'> {
  const outcome = existing?.kind === 'file' ? 'kept' : 'missing';
  if (!isTaken(result) || !action) return { outcome, ...(result && 'why' in result ? { remark: result.why } : {}) };
  if (action.kind === 'keep') return { outcome, remark: showKept(action) };
  const isBare = result.loader.isInSecureChain && !result.isSigned;
  const remark = isBare ? { remark: 'carries no signature: for machines with Secure Boot off' } : {};
  return { outcome: OUTCOME[action.kind], origin: result.origin, ...remark };
}

/** One line for each file that is not simply in place, then the sum. */
export function closingLines(report: InstallReport): readonly string[] {
  const count = (outcome: Outcome): number => report.files.filter((f) => f.outcome === outcome).length;
  const lacking = report.files.filter((f) => f.isEssential && f.outcome === 'missing').map((f) => f.name);
  const sum = `${report.dir}: ${count('installed')} new, ${count('replaced')} replaced, ${count('current')} already current`;
  return [
    ...report.files.flatMap((f) => (f.remark === undefined ? [] : [remarkLine(f, f.remark)])),
    `${sum} (${showBytes(report.sizeBytes)})`,
    ...(lacking.length > 0 ? [`not complete: ${lacking.join(', ')} could not be had`] : []),
  ];
}

function remarkLine({ name, outcome }: FileReport, remark: string): string {
  if (outcome === 'missing') return `${name} could not be had: ${remark}`;
  return outcome === 'kept' ? `${name} stays as it is: ${remark}` : `${name} ${remark}`;
}

/** The entry of LOADERS.json. */
export function recordOf(taken: Taken, nowMs: number): RecordedFile {
  const { origin, sha256, bytes, loader, isSigned } = taken;
  const signature = loader.isInSecureChain ? { isSigned } : {};
  return { origin, sha256, sizeBytes: bytes.length, ...signature, installedAt: new Date(nowMs).toISOString() };
}
