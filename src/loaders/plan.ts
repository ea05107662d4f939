/** What to do with each loader: a decision from what lies in the folder, what is recorded, and what is at hand. */
import type { Loader } from './loader.ts';
import type { LoaderRecord, Origin } from './record.ts';
import { ONE_VERSION } from './table.ts';

/** A checked file that could go into the boot folder. */
export interface Candidate {
  readonly loader: Loader;
  readonly sha256: string;
  readonly origin: Origin;
}

/** A candidate with its bytes in memory. */
export interface Taken extends Candidate {
  readonly bytes: Uint8Array;
  /** The time its package or folder gives it. */
  readonly modifiedMs: number;
  readonly isSigned: boolean;
}

/** `why` is a few words: what is wrong with the only file that could be had, or that there was none. */
export type TakeResult = Taken | { readonly why: string };

export function isTaken(result: TakeResult | undefined): result is Taken {
  return result !== undefined && 'bytes' in result;
}

/** What lies under the loader's name: the hash of a regular file, or something else that is in the way. */
export type Existing = { readonly kind: 'file'; readonly sha256: string } | { readonly kind: 'other' };

export interface Folder {
  /** By name; what is not there is absent. */
  readonly existing: ReadonlyMap<string, Existing>;
  readonly record: LoaderRecord;
}

export type KeptReason = 'put-by-hand' | 'changed-since' | 'from-folder' | 'not-a-file' | 'partner-missing';

export type Action =
  | { readonly kind: 'install' | 'replace' | 'current' }
  | { readonly kind: 'keep'; readonly reason: KeptReason; readonly partner?: string };

/** By name of the loader. What came by hand stays unless `force`; a loader without the files that it needs stays out. */
export function plan(candidates: readonly Candidate[], folder: Folder, force: boolean): ReadonlyMap<string, Action> {
  const actions = new Map(candidates.map((c) => [c.loader.name, single(c, folder, force)]));
  const byName = new Map(candidates.map((c) => [c.loader.name, c]));
  // Each pass keeps out at least one more, so this ends.
  for (let isSettled = false; !isSettled; ) {
    isSettled = true;
    for (const candidate of candidates) {
      if (!isChange(actions.get(candidate.loader.name))) continue;
      const partner = missingPartner(candidate, byName, actions);
      if (partner === undefined) continue;
      actions.set(candidate.loader.name, { kind: 'keep', reason: 'partner-missing', partner });
      isSettled = false;
    }
  }
  return actions;
}

/** What is current stays as it is, partners or not. */
function isChange(action: Action | undefined): boolean {
  return action?.kind === 'install' || action?.kind === 'replace';
}

function single({ loader, sha256, origin }: Candidate, { existing, record }: Folder, force: boolean): Action {
  const there = existing.get(loader.name);
  if (there === undefined) return { kind: 'install' };
  if (there.kind === 'other') return { kind: 'keep', reason: 'not-a-file' };
  if (there.sha256 === sha256) return { kind: 'current' };
  const recorded = record.get(loader.name);
  if (force) return { kind: 'replace' };
  if (recorded === undefined) return { kind: 'keep', reason: 'put-by-hand' };
  if (recorded.sha256 !== there.sha256) return { kind: 'keep', reason: 'changed-since' };
  if (recorded.origin.kind === 'folder' && origin.kind === 'package') return { kind: 'keep', reason: 'from-folder' };
  return { kind: 'replace' };
}

/** The first file that this one needs and that will not be there out of the same place. */
function missingPartner(
  candidate: Candidate,
  byName: ReadonlyMap<string, Candidate>,
  actions: ReadonlyMap<string, Action>,
): string | undefined {
  return candidate.loader.needs.find((name) => {
    const partner = byName.get(name);
    const action = actions.get(name);
    return !partner || !action || action.kind === 'keep' || !isOneBuild(candidate.origin, partner.origin);
  });
}

function isOneBuild(a: Origin, b: Origin): boolean {
  if (a.kind !== 'package' || b.kind !== 'package') return a.kind === b.kind;
  return !ONE_VERSION.has(a.package) || !ONE_VERSION.has(b.package) || a.version === b.version;
}
