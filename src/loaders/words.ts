/** What people are told about boot loaders. */
import type { Loader, Purpose } from './loader.ts';
import type { Action, KeptReason } from './plan.ts';
import { essentialLoaders, LOADERS } from './table.ts';

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

export interface Lack {
  readonly purpose: Purpose;
  /** Most machines are concerned: a warning, where others are a remark. */
  readonly isEssential: boolean;
  /** Which machines cannot boot, and for want of which files. */
  readonly what: string;
  readonly cure: string;
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

/** One for each purpose that fails, and one for files that are not what was installed. */
export function lacks(states: ReadonlyMap<string, FileState>, folder: string): readonly Lack[] {
  if (LOADERS.every((l) => states.get(l.name) === 'missing')) {
    const what = `there are no boot loaders in ${folder}: no machine can boot`;
    return [{ purpose: 'bios', isEssential: true, what, cure: cureFor(folder) }];
  }
  const purposes = [...new Set(LOADERS.map((l) => l.purpose))];
  return purposes.flatMap((purpose) => {
    const own = LOADERS.filter((l) => l.purpose === purpose);
    const isEssential = essentialLoaders.some((l) => l.purpose === purpose);
    const absent = own.filter((l) => l.isNeeded && isAbsent(states.get(l.name)));
    const changed = own.filter((l) => states.get(l.name) === 'changed');
    return [
      ...(absent.length > 0 ? [{ purpose, isEssential, ...absentLack(purpose, absent, folder) }] : []),
      ...(changed.length > 0 ? [{ purpose, isEssential, ...changedLack(changed, folder) }] : []),
    ];
  });
}

function isAbsent(state: FileState | undefined): boolean {
  return state === undefined || state === 'missing' || state === 'not-a-file';
}

function absentLack(purpose: Purpose, loaders: readonly Loader[], folder: string): Pick<Lack, 'what' | 'cure'> {
  const verb = loaders.length === 1 ? 'is' : 'are';
  return { what: `${CONSEQUENCE[purpose]}: ${names(loaders)} ${verb} missing in ${folder}`, cure: cureFor(folder) };
}

function changedLack(loaders: readonly Loader[], folder: string): Pick<Lack, 'what' | 'cure'> {
  const [verb, were] = loaders.length === 1 ? ['is not the file', 'was'] : ['are not the files', 'were'];
  const what = `${names(loaders)} in ${folder} ${verb} that ${were} installed`;
  return { what, cure: `if nobody changed that on purpose, ${cureFor(folder, ' --force')}` };
}

function names(loaders: readonly Loader[]): string {
  return loaders.map((l) => l.name).join(', ');
}

/** The command that mends it, as it is typed in the project's folder. */
function cureFor(folder: string, more = ''): string {
  const dir = /^(\.\/)?boot\/?$/.test(folder) ? '' : ` --dir ${folder}`;
  return `run \`node dist/fnode.js loaders install${dir}${more}\``;
}
