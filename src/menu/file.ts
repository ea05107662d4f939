/** Menu files: what an operator adds to the menu, or changes in it, in a small YAML file beside the images. docs/menus.md shows them. */
import type * as z from 'zod';
import type { MacPattern } from '../core/addr.ts';
import { type ConfigFault, showConfigFault } from '../core/errors.ts';
import { type Arch, type Entry, type How, isSourceSafe, type Source, slug, sourcesOf } from './entries.ts';
import { type EntryRow, entryShape, imageFileShape, menuFileShape } from './fields.ts';
import { isSheet, openSheet, type Sheet } from './sheet.ts';

export interface MenuFile {
  readonly entries: readonly Entry[];
  readonly faults: readonly ConfigFault[];
}

/** What the file beside an image says about it; its entries name files inside the image. */
export interface ImageFile extends MenuFile {
  /** The file cannot be understood, so nobody knows for whom the image is meant: nothing of it may be shown. Why. */
  readonly problem?: string;
  readonly title?: string;
  readonly group?: string;
  readonly edition?: string;
  /** Only `entries` are shown. */
  readonly isHidden: boolean;
  /** For each line that was made for the image, behind its own. */
  readonly arguments: readonly string[];
  readonly memoryMib?: number;
  readonly note?: string;
  readonly macs?: readonly MacPattern[];
}

/** Whether a name is there; undefined where it can't be known. */
export type Exists = (path: string) => boolean | undefined;

/** The entries of `text`, and what is wrong with the others. `name` is how the operator knows the file. */
export function parseMenuFile(name: string, text: string, exists: Exists): MenuFile {
  const sheet = openSheet(name, text);
  if (!isSheet(sheet)) return { entries: [], faults: [sheet] };
  const file = menuFileShape.safeParse(sheet.tree);
  if (!file.success) {
    return { entries: [], faults: file.error.issues.map((issue) => faultOf(sheet, issue, [], LONE_KEYS)) };
  }
  return rowsOf(file.data.entries, { sheet, folder: '/isos', exists });
}

/** The same for the file of one image, whose inside is `folder`: `/tree/mint-22.iso`. */
export function parseImageFile(name: string, text: string, folder: string, exists: Exists): ImageFile {
  const sheet = openSheet(name, text);
  if (!isSheet(sheet)) return unreadFile(`the file beside it is put right: ${showConfigFault(sheet)}`, [sheet]);
  const file = imageFileShape.safeParse(sheet.tree);
  if (!file.success) {
    const faults = file.error.issues.map((issue) => faultOf(sheet, issue, [], IMAGE_KEYS));
    return unreadFile(`the file beside it is put right: ${faults.map(showConfigFault).join('; ')}`, faults);
  }
  const { title, group, edition, note, macs, memory, hidden, entries } = file.data;
  return {
    ...rowsOf(entries ?? [], { sheet, folder, exists }),
    ...(title === undefined ? {} : { title }),
    ...(group === undefined ? {} : { group }),
    ...(edition === undefined ? {} : { edition }),
    isHidden: hidden ?? false,
    arguments: file.data.arguments ?? [],
    ...(memory === undefined ? {} : { memoryMib: mibOf(memory) }),
    ...(note === undefined ? {} : { note }),
    ...(macs === undefined ? {} : { macs }),
  };
}

/** The file of an image that nobody knows what to make of. */
export function unreadFile(until: string, faults: readonly ConfigFault[]): ImageFile {
  return { entries: [], isHidden: false, arguments: [], faults, problem: `waits until ${until}` };
}

interface Place {
  readonly sheet: Sheet;
  /** What relative names count from. */
  readonly folder: string;
  readonly exists: Exists;
}

function rowsOf(inputs: readonly unknown[], place: Place): MenuFile {
  const rows = inputs.map((input, i) => rowOf(input, i, place));
  return { entries: rows.flatMap(({ entry }) => entry ?? []), faults: rows.flatMap(({ faults }) => faults) };
}

function rowOf(input: unknown, i: number, place: Place): { entry?: Entry; faults: readonly ConfigFault[] } {
  const { sheet, folder, exists } = place;
  const row = entryShape.safeParse(input);
  if (!row.success)
    return { faults: row.error.issues.map((issue) => faultOf(sheet, issue, ['entries', i], ENTRY_KEYS)) };
  const entry = entryOf(row.data, (source) => (source.startsWith('./') ? `${folder}${source.slice(1)}` : source));
  const sources = sourcesOf(entry.how);
  const faults = [
    ...sources.filter((path) => !isSourceSafe(path)).map((path) => `${path} is too long a name: shorten it`),
    ...sources
      .filter((path) => exists(path) === false)
      .map((path) => `${path} is not there: put the file there or correct the name`),
  ].map((problem) => sheet.fault(['entries', i], problem));
  return faults.length > 0 ? { faults } : { entry, faults };
}

function entryOf(row: EntryRow, resolve: (source: Source) => Source): Entry {
  // What memdisk loads are DOS, firmware tools and the like: every PC with a BIOS can.
  const archs: readonly Arch[] = row.arch ?? (row.memdisk === undefined ? ['x86_64'] : ['i386']);
  return {
    id: row.id ?? (slug(row.title) || 'entry'),
    title: row.title,
    ...(row.group === undefined ? {} : { group: row.group }),
    archs,
    firmware: row.memdisk === undefined ? (row.firmware ?? ['bios', 'uefi']) : ['bios'],
    how: howOf(row, resolve),
    ...(row.memory === undefined ? {} : { memoryMib: mibOf(row.memory) }),
    secureBoot: row.secureBoot ?? 'unknown',
    ...(row.note === undefined ? {} : { note: row.note }),
    ...(row.macs === undefined ? {} : { macs: row.macs as readonly MacPattern[] }),
  };
}

function howOf(row: EntryRow, resolve: (source: Source) => Source): How {
  if (row.kernel !== undefined) {
    const initrds = (row.initrd ?? []).map(resolve);
    return { kind: 'linux', kernel: resolve(row.kernel), initrds, arguments: row.arguments ?? [] };
  }
  if (row.chain !== undefined) return { kind: 'chain', file: resolve(row.chain) };
  return row.memdisk === undefined
    ? { kind: 'local' }
    : { kind: 'memdisk', image: resolve(row.memdisk), isCd: /\.iso$/i.test(row.memdisk) };
}

const mibOf = (bytes: number): number => Math.ceil(bytes / 2 ** 20);

const ENTRY_KEYS = Object.keys(entryShape.shape).join(', ');
const IMAGE_KEYS = Object.keys(imageFileShape.shape).join(', ');
/** Most often the name was meant to be an image's. */
const LONE_KEYS = 'entries; what changes an image stands in a file of its name, NAME.yaml beside NAME.iso';

function faultOf(sheet: Sheet, issue: z.core.$ZodIssue, under: readonly PropertyKey[], keys: string): ConfigFault {
  const problem =
    issue.code === 'unrecognized_keys' ? `unknown key ${issue.keys.join(', ')}: want one of ${keys}` : issue.message;
  return sheet.fault([...under, ...issue.path], problem);
}
