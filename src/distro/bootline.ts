/** A line of a boot menu, and what of a stranger's text may become one: plain words and paths, nothing else. */
import { plainLine } from './plain.ts';

/** An entry of a boot menu that starts a Linux kernel. Names are absolute in the image: `/casper/vmlinuz`. */
export interface BootLine {
  /** As people see it, on one line; empty where the configuration has none. */
  readonly title: string;
  readonly kernel: string;
  /** In loading order. */
  readonly initrds: readonly string[];
  /** As configured, variables filled in where they are constant. Only plain words. */
  readonly arguments: readonly string[];
  /** The file it stands in. */
  readonly from: string;
}

/** A configuration file's text by its absolute path, each file once; undefined when it isn't there, was read, or too much was. */
export type LoadConfig = (path: string) => Promise<string | undefined>;

/** More words than any distribution uses; the kernel's own line ends at 2048 octets on x86. */
const MAX_WORDS = 128;
const MAX_WORD_LENGTH = 512;
const MAX_TITLE_LENGTH = 120;

/**
 * Is it a word that means itself wherever it is written down: on a kernel's command line, in the scripts of GRUB, iPXE
 * and syslinux, in our own templates? So no quotes, spaces, `$`, `;`, `{`, `\`, nothing outside ASCII.
 */
export function isPlainWord(word: string): boolean {
  return word.length <= MAX_WORD_LENGTH && /^[A-Za-z0-9!%()*+,./:=?@[\]^_~-]+$/.test(word);
}

/** A line, when it names a kernel. Initrds and arguments that are no plain words are left out. */
export function bootLine(raw: {
  readonly title: string;
  readonly kernel: string | undefined;
  readonly initrds: readonly (string | undefined)[];
  readonly arguments: readonly string[];
  readonly from: string;
}): BootLine | undefined {
  if (raw.kernel === undefined) return undefined;
  return {
    title: plainLine(raw.title, MAX_TITLE_LENGTH),
    kernel: raw.kernel,
    initrds: raw.initrds.filter((path) => path !== undefined).slice(0, MAX_WORDS),
    arguments: raw.arguments.filter(isPlainWord).slice(0, MAX_WORDS),
    from: raw.from,
  };
}

/**
 * The absolute path that `name` means in `folder`: without a device before it (`($root)/boot`, `::/boot`) and without
 * `..`. Undefined for one that leads out of the image or is no plain word.
 */
export function pathIn(folder: string, name: string): string | undefined {
  const bare = name.replace(/^\([^)]*\)|^::/, '');
  if (bare === '' || !isPlainWord(bare)) return undefined;
  const steps: string[] = [];
  for (const step of (bare.startsWith('/') ? bare : `${folder}/${bare}`).split('/')) {
    if (step === '' || step === '.') continue;
    if (step !== '..') steps.push(step);
    else if (steps.pop() === undefined) return undefined;
  }
  return steps.length === 0 ? undefined : `/${steps.join('/')}`;
}

export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/'))) || '/';
}

/**
 * What stands on a kernel's command line, word by word: double quotes keep blanks together, and vanish where they need
 * not be (`ocs_live_run="ocs-live-general"`). Linux, `lib/cmdline.c`, `next_arg`.
 */
export function wordsOf(line: string): string[] {
  return (line.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? []).map((word) => word.replaceAll('"', ''));
}
