/** Where faults stand, and how many of them are shown. */
import type { ConfigFault } from '../core/errors.ts';
import { parentPath } from './path.ts';
import type { Source } from './source.ts';
import type { Problem } from './types.ts';

/** Taste: who has more to mend sees the rest at the next try. */
const MAX_FAULTS = 100;

/** Where something is, by its path. */
export type FindPlace = (path: string) => Omit<ConfigFault, 'problem'>;

/** What a flag set is named by the flag; what the file doesn't have, by the nearest thing around it that it has. */
export function placeIn(file: string | undefined, source: Source, flags: ReadonlyMap<string, string>): FindPlace {
  return (path) => {
    const flag = flags.get(path.replace(/\[\d+\]$/, ''));
    if (flag !== undefined) return { path: flag };
    if (file === undefined) return { path };
    for (let around = path; around !== ''; around = parentPath(around)) {
      const line = source.lines.get(around);
      if (line !== undefined) return { file, line, path };
    }
    return { file, path };
  };
}

export function inPlace({ path, problem, earlier }: Problem, place: FindPlace): ConfigFault {
  if (earlier === undefined) return { ...place(path), problem };
  const { line } = place(earlier);
  return { ...place(path), problem: `${problem} (it is ${earlier}${line === undefined ? '' : ` in line ${line}`})` };
}

export function byLine(faults: readonly ConfigFault[]): readonly ConfigFault[] {
  return faults.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

export function limited(faults: readonly ConfigFault[]): readonly ConfigFault[] {
  if (faults.length <= MAX_FAULTS) return faults;
  const left = faults.length - MAX_FAULTS;
  return [...faults.slice(0, MAX_FAULTS), { path: '', problem: `and ${left} more: mend these first` }];
}
