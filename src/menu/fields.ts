/** The keys of menu files, and what each value has to be. docs/menus.md shows them. */
import * as z from 'zod';
import { parseMacPattern } from '../core/addr.ts';
import { normalisePath } from '../core/content.ts';
import { parseSizeBytes } from '../core/units.ts';
import { areArguments, isEntryId, isSourceSafe, LOCAL_ID, type Source } from './entries.ts';

const MAX_ENTRIES = 200;

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
const title = () => line('one line of text, up to 120 characters', 120);
const group = () => line('one line of text, up to 60 characters', 60);
const kernelArguments = () => parsed('one line of kernel arguments', argumentsFrom);
const memory = () => parsed('a size like 512MB or 2GB', parseMemoryBytes);
const note = () => line('one line of text, up to 200 characters', 200);
const macs = () => oneOrMore(parsed('a MAC like 52:54:00:12:34:56 or "52:54:00:*"', parseMacPattern), 1000);
const entries = () =>
  z
    .array(z.unknown(), { error: 'want a list of entries' })
    .max(MAX_ENTRIES, { error: `want at most ${MAX_ENTRIES} entries` });

export const entryShape = z
  .strictObject({
    id: parsed('an id of small letters, digits, dots and dashes', (text) =>
      isEntryId(text) && text !== LOCAL_ID ? text : undefined,
    ).optional(),
    title: title(),
    group: group().optional(),
    kernel: source().optional(),
    initrd: oneOrMore(source(), 16).optional(),
    arguments: kernelArguments().optional(),
    chain: source().optional(),
    memdisk: source().optional(),
    local: z.literal(true, { error: 'want true, or leave it out' }).optional(),
    arch: oneOrMore(oneOf(['x86_64', 'i386', 'arm64']), 3).optional(),
    firmware: oneOrMore(oneOf(['bios', 'uefi']), 2).optional(),
    memory: memory().optional(),
    secureBoot: oneOf(['debian-signed', 'no', 'unknown']).optional(),
    note: note().optional(),
    macs: macs().optional(),
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
export type EntryRow = z.output<typeof entryShape>;

export const menuFileShape = z.strictObject({ entries: entries() });

/** What stands beside an image: `NAME.yaml`. */
export const imageFileShape = z.strictObject({
  title: title().optional(),
  group: group().optional(),
  edition: group().optional(),
  hidden: z.boolean({ error: 'want true or false' }).optional(),
  arguments: kernelArguments().optional(),
  memory: memory().optional(),
  note: note().optional(),
  macs: macs().optional(),
  entries: entries().optional(),
});

/** Memory is sold in powers of two: `2GB` means 2 GiB. */
function parseMemoryBytes(text: string): number | undefined {
  return parseSizeBytes(text.replace(/([kmgt])i?b?$/i, '$1iB'));
}

/** A name that is relative begins with `./` afterwards: to what, its file knows. */
function sourceFrom(text: string): Source | undefined {
  if (text.startsWith('http://')) return isSourceSafe(text) ? text : undefined;
  const path = normalisePath(text);
  if (path === undefined || !isSourceSafe(path)) return undefined;
  if (!text.startsWith('/')) return `.${path}`;
  return /^\/(isos|boot|tree)\//.test(path) ? path : undefined;
}

/** Words, each of visible ASCII; `${` and the like are iPXE's and never a kernel's. */
function argumentsFrom(text: string): readonly string[] | undefined {
  const words = text.split(/[ \n]+/).filter((word) => word !== '');
  return areArguments(words) ? words : undefined;
}
