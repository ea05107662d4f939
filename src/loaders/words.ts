/** What people are told about boot loaders. */
import type { Loader, Purpose } from './loader.ts';
import type { Action, KeptReason } from './plan.ts';
import { essentialLoaders, LOADERS } from './table.ts';

export const CURE = 'run `node dist/fnode.js loaders install`';

const KEPT: Readonly<Record<KeptReason, string>> = {
  'put-by-hand': 'somebody put it there by hand; --force replaces it',
  'changed-since': 'it has changed since it was installed; --force replaces it',
  'from-folder': 'it came from a folder given with --from; --force replaces it',
  'not-a-file': 'something that is not a file is in its place; move that away',
  'partner-missing': 'it works only with files of the same build, and this one is not to be had',
};

/** Why a file stays as it is. */
export function showKept(action: Extract<Action, { readonly kind: 'keep' }>): string {
  return action.partner === undefined ? KEPT[action.reason] : `${KEPT[action.reason]}: ${action.partner}`;
}

export type FileState = 'ok' | 'missing' | 'changed' | 'not-a-file';

export interface Finding {
  readonly purpose: Purpose;
  /** Most machines are concerned: a warning, where others are a remark. */
  readonly isEssential: boolean;
  /** One sentence with the cure. */
  readonly text: string;
}

const CONSEQUENCE: Readonly<Record<Purpose, string>> = {
  bios: 'BIOS machines cannot boot',
  'x64-uefi': 'x64 UEFI machines cannot boot',
  'ia32-uefi': '32-bit UEFI machines cannot boot',
  'arm64-uefi': 'arm64 UEFI machines cannot boot',
  'riscv64-uefi': 'RISC-V machines cannot boot',
  ipxe: 'clients that need iPXE cannot boot',
  'memory-test': 'the memory test cannot start',
};

/** A sentence for each purpose that fails, and one for files that are not what was installed. */
export function findings(states: ReadonlyMap<string, FileState>, folder: string): readonly Finding[] {
  if (LOADERS.every((l) => states.get(l.name) === 'missing')) {
    const text = `there are no boot loaders in ${folder}, so no machine can boot: ${CURE}`;
    return [{ purpose: 'bios', isEssential: true, text }];
  }
  const purposes = [...new Set(LOADERS.map((l) => l.purpose))];
  return purposes.flatMap((purpose) => {
    const own = LOADERS.filter((l) => l.purpose === purpose);
    const absent = own.filter((l) => l.isNeeded && isAbsent(states.get(l.name)));
    const changed = own.filter((l) => states.get(l.name) === 'changed');
    const isEssential = essentialLoaders.some((l) => l.purpose === purpose);
    return [
      ...(absent.length > 0 ? [{ purpose, isEssential, text: showAbsent(purpose, absent, folder) }] : []),
      ...(changed.length > 0 ? [{ purpose, isEssential, text: showChanged(changed, folder) }] : []),
    ];
  });
}

function isAbsent(state: FileState | undefined): boolean {
  return state === undefined || state === 'missing' || state === 'not-a-file';
}

function showAbsent(purpose: Purpose, loaders: readonly Loader[], folder: string): string {
  return `${CONSEQUENCE[purpose]}, ${list(loaders)} missing in ${folder}: ${CURE}`;
}

function showChanged(loaders: readonly Loader[], folder: string): string {
  const verb = loaders.length === 1 ? 'is not the file' : 'are not the files';
  const names = loaders.map((l) => l.name).join(', ');
  return `${names} in ${folder} ${verb} that was installed: if that was not you, ${CURE.replace(/`$/, ' --force`')}`;
}

function list(loaders: readonly Loader[]): string {
  const names = loaders.map((l) => l.name);
  return `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'}`;
}
