/** Menu files: what an operator adds to the menu, in a small YAML file beside the images. docs/menus.md shows them. */
import { type Document, isNode, LineCounter, parseDocument } from 'yaml';
import * as z from 'zod';
import { type MacPattern, parseMacPattern } from '../core/addr.ts';
import { normalisePath } from '../core/content.ts';
import type { ConfigFault } from '../core/errors.ts';
import { parseSizeBytes } from '../core/units.ts';
import {
  type Arch,
  type Entry,
  type How,
  isEntryId,
  isSourceSafe,
  LOCAL_ID,
  type Source,
  slug,
  sourcesOf,
} from './entries.ts';

export interface MenuFile {
  readonly entries: readonly Entry[];
  readonly faults: readonly ConfigFault[];
}

const MAX_ENTRIES = 200;
/** x86 kernels cut the line at 2048 octets; loaders add their own words. */
const MAX_ARGUMENTS_CHARS = 1500;
/** More than 32 words that the kernel does not know make it panic [linux: init/main.c]; some it does know. */
const MAX_ARGUMENT_WORDS = 48;

/** A value that `read` understands; else the fault says what is wanted. */
function parsed<Value>(want: string, read: (text: string) => Value | undefined) {
  return z.string({ error: `want ${want}` }).transform((text, context): Value => {
    const value = read(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: `want ${want}, got ${JSON.stringify(text.slice(0, 60))}` });
    return z.NEVER;
  });
}

function oneOrMore<Item extends z.ZodType>(item: Item, max: number) {
  return z.preprocess(
    (input) => (Array.isArray(input) || input === undefined ? input : [input]),
    z.array(item).max(max),
  );
}

const line = (want: string, maxChars: number) =>
  parsed(want, (text) => (text.trim() !== '' && text.length <= maxChars && !/\p{Cc}/u.test(text) ? text : undefined));
const source = () =>
  parsed(
    'a file below the images folder, a name like /boot/x, or a URL like http://172.16.0.5/x; of letters, digits and ._~+@-',
    sourceFrom,
  );
const oneOf = <const Choices extends readonly [string, ...string[]]>(choices: Choices) =>
  z.enum(choices, { error: `want one of ${choices.join(', ')}` });
const isTrue = (want: string) => z.literal(true, { error: want });

const entryShape = z
  .strictObject({
    id: parsed('an id of small letters, digits, dots and dashes', (text) =>
      isEntryId(text) && text !== LOCAL_ID ? text : undefined,
    ).optional(),
    title: line('one line of text, up to 120 characters', 120),
    group: line('one line of text, up to 60 characters', 60).optional(),
    kernel: source().optional(),
    initrd: oneOrMore(source(), 16).optional(),
    arguments: parsed('one line of kernel arguments', argumentsFrom).optional(),
    chain: source().optional(),
    memdisk: source().optional(),
    local: isTrue('want true, or leave it out').optional(),
    arch: oneOrMore(oneOf(['x86_64', 'i386', 'arm64']), 3).optional(),
    firmware: oneOrMore(oneOf(['bios', 'uefi']), 2).optional(),
    memory: parsed('a size like 512MB or 2GB', parseMemoryBytes).optional(),
    secureBoot: oneOf(['debian-signed', 'no', 'unknown']).optional(),
    note: line('one line of text, up to 200 characters', 200).optional(),
    macs: oneOrMore(parsed('a MAC like 52:54:00:12:34:56 or "52:54:00:*"', parseMacPattern), 1000).optional(),
  })
  .superRefine((row, context) => {
    const ways = [row.kernel, row.chain, row.memdisk, row.local].filter((way) => way !== undefined).length;
    const complain = (message: string) => context.addIssue({ code: 'custom', message });
    if (ways !== 1) complain('want exactly one of kernel, chain, memdisk, local');
    if (row.kernel === undefined && (row.initrd ?? row.arguments) !== undefined)
      complain('initrd and arguments need a kernel');
    if (row.chain !== undefined && row.firmware?.length !== 1)
      complain('a chain needs firmware: bios or uefi: the file is for one of them');
  });

const fileShape = z.strictObject({
  entries: z
    .array(z.unknown(), { error: 'want a list of entries' })
    .max(MAX_ENTRIES, { error: `want at most ${MAX_ENTRIES} entries` }),
});

/**
 * The entries of `text`, and what is wrong with the others. `name` is how the operator knows the file; `exists` tells
 * whether a name is there, undefined where it can't know.
 */
export function parseMenuFile(name: string, text: string, exists: (path: string) => boolean | undefined): MenuFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [broken] = document.errors;
  if (broken) {
    const problem = `is not YAML: ${broken.message.split('\n')[0]}; mind the indentation, and quote text that has ": " or # in it`;
    return { entries: [], faults: [{ file: name, line: lines.linePos(broken.pos[0]).line, path: '', problem }] };
  }
  const tree = jsOf(document);
  const fault = (issue: z.core.$ZodIssue, under: readonly PropertyKey[]): ConfigFault => {
    const path = [...under, ...issue.path];
    return { file: name, line: lineOf(document, lines, path), path: showPath(path), problem: problemOf(issue) };
  };
  const file = fileShape.safeParse(tree);
  if (!file.success) return { entries: [], faults: file.error.issues.map((issue) => fault(issue, [])) };
  const rows = file.data.entries.map((input, i) => {
    const row = entryShape.safeParse(input);
    if (!row.success) return { faults: row.error.issues.map((issue) => fault(issue, ['entries', i])) };
    const entry = entryOf(row.data);
    const missing = sourcesOf(entry.how).filter((path) => exists(path) === false);
    const at = { file: name, line: lineOf(document, lines, ['entries', i]), path: `entries[${i}]` };
    const faults = missing.map((path) => ({
      ...at,
      problem: `${path} is not there: put the file there or correct the name`,
    }));
    return missing.length > 0 ? { faults } : { entry, faults };
  });
  return { entries: rows.flatMap(({ entry }) => entry ?? []), faults: rows.flatMap(({ faults }) => faults) };
}

/** Too many aliases are refused by the library: then there is nothing to read. */
function jsOf(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    return undefined;
  }
}

function entryOf(row: z.output<typeof entryShape>): Entry {
  // What memdisk loads are DOS, firmware tools and the like: every PC with a BIOS can.
  const archs: readonly Arch[] = row.arch ?? (row.memdisk === undefined ? ['x86_64'] : ['i386']);
  return {
    id: row.id ?? (slug(row.title) || 'entry'),
    title: row.title,
    ...(row.group === undefined ? {} : { group: row.group }),
    archs,
    firmware: row.memdisk === undefined ? (row.firmware ?? ['bios', 'uefi']) : ['bios'],
    how: howOf(row),
    ...(row.memory === undefined ? {} : { memoryMib: Math.ceil(row.memory / 2 ** 20) }),
    secureBoot: row.secureBoot ?? 'unknown',
    ...(row.note === undefined ? {} : { note: row.note }),
    ...(row.macs === undefined ? {} : { macs: row.macs as readonly MacPattern[] }),
  };
}

function howOf(row: z.output<typeof entryShape>): How {
  if (row.kernel !== undefined) {
    return { kind: 'linux', kernel: row.kernel, initrds: row.initrd ?? [], arguments: row.arguments ?? [] };
  }
  if (row.chain !== undefined) return { kind: 'chain', file: row.chain };
  return row.memdisk === undefined
    ? { kind: 'local' }
    : { kind: 'memdisk', image: row.memdisk, isCd: /\.iso$/i.test(row.memdisk) };
}

/** Memory is sold in powers of two: `2GB` means 2 GiB. */
function parseMemoryBytes(text: string): number | undefined {
  return parseSizeBytes(text.replace(/([kmgt])i?b?$/i, '$1iB'));
}

function sourceFrom(text: string): Source | undefined {
  if (text.startsWith('http://')) return isSourceSafe(text) ? text : undefined;
  const path = normalisePath(text.startsWith('/') ? text : `/isos/${text}`);
  return path !== undefined && /^\/(isos|boot|tree)\//.test(path) && isSourceSafe(path) ? path : undefined;
}

/** Words, each of visible ASCII; `${` and the like are iPXE's and never a kernel's. */
function argumentsFrom(text: string): readonly string[] | undefined {
  const words = text.split(/[ \n]+/).filter((word) => word !== '');
  const isFit = (word: string): boolean => /^[\x21-\x7e]+$/.test(word) && !/\$\{|^#|^\|\|$|^&&$/.test(word);
  return text.length <= MAX_ARGUMENTS_CHARS && words.length <= MAX_ARGUMENT_WORDS && words.every(isFit)
    ? words
    : undefined;
}

function problemOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `unknown key ${issue.keys.join(', ')}: want one of ${KEYS.join(', ')}`;
  return issue.message;
}

const KEYS = Object.keys(entryShape.shape);

function showPath(path: readonly PropertyKey[]): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .replace(/^\./, '');
}

/** The line of the deepest part of `path` that stands in the file. */
function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  for (let depth = path.length; depth >= 0; depth--) {
    const node = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}
