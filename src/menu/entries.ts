/** What a menu offers, as values: where an entry came from and which loader shows it is somebody else's business. */
import { type MacPattern, parseIpv4 } from '../core/addr.ts';
import type { Arch, Firmware, SecureBoot } from '../core/image.ts';

export type { Arch, Firmware, SecureBoot } from '../core/image.ts';

/** A name in the node's name space (`/isos/tc/vmlinuz`) or a URL with a literal address (`http://10.0.0.5/vmlinuz`). */
export type Source = string;

export interface Linux {
  readonly kind: 'linux';
  readonly kernel: Source;
  /** Where the kernel for UEFI is another file. */
  readonly uefiKernel?: Source;
  /** In this order; the files of a later one replace those of an earlier. */
  readonly initrds: readonly Source[];
  /** Words of the kernel's command line. `{http}` stands for the node's base URL, `{node}` for its address. */
  readonly arguments: readonly string[];
  /** The distribution's own shim: with it iPXE starts a kernel that Debian has not signed, Secure Boot on. */
  readonly shim?: Source;
  /** One more file of the initramfs, under an absolute name there, as iPXE alone can add it. */
  readonly addedFile?: { readonly name: string; readonly file: Source };
}

export type How =
  | Linux
  /** Another boot loader: a `.c32`, `.0`, `.kpxe`, `.lkrn` for BIOS, an `.efi` for UEFI. */
  | { readonly kind: 'chain'; readonly file: Source }
  /** A disk or CD image in memory, BIOS only. `isCd` tells an ISO from a floppy or hard disk. */
  | { readonly kind: 'memdisk'; readonly image: Source; readonly isCd: boolean }
  /** Windows PE by way of wimboot, iPXE only: `name` is what Windows' loader knows the file by. */
  | {
      readonly kind: 'wimboot';
      readonly files: readonly { readonly name: string; readonly file: Source }[];
      /** Which system in the `.wim`, from 1. */
      readonly index?: number;
    }
  /** A disk or CD that firmware reads over HTTP until a system's own drivers are there, iPXE only. */
  | { readonly kind: 'sanboot'; readonly image: Source }
  | { readonly kind: 'local' };

export interface Entry {
  /** Never changes for the same thing: `menu.default` and the MAC table name it. `[a-z0-9][a-z0-9.-]*` */
  readonly id: string;
  readonly title: string;
  /** Entries of one group share a submenu; without one they stand in the main menu. */
  readonly group?: string;
  /** Its title outside its group's submenu, where that is not `GROUP: TITLE`. */
  readonly fullTitle?: string;
  readonly archs: readonly Arch[];
  readonly firmware: readonly Firmware[];
  readonly how: How;
  /** What a large group is parted by: `Cinnamon`. */
  readonly edition?: string;
  /** What the machine needs, where known. */
  readonly memoryMib?: number;
  /** Of the image that it starts. */
  readonly sizeBytes?: number;
  /** Read as it is needed: the network stays in use for as long as it runs. */
  readonly isStreaming?: true;
  readonly secureBoot: SecureBoot;
  readonly note?: string;
  /** Only these clients see it. */
  readonly macs?: readonly MacPattern[];
  /** That it comes from. */
  readonly image?: EntryImage;
}

export interface EntryImage {
  /** What the node's names call it, with the suffix behind. */
  readonly alias: string;
  readonly suffix: string;
  /** Once it is known: the same on every node that has the same bytes. */
  readonly etag?: string;
}

export const LOCAL_ID = 'local';

/** A machine as a boot loader finds it. `uefi-mixed`: a 64-bit processor under 32-bit firmware (Bay Trail tablets). */
export type Machine = 'bios-i386' | 'bios-x86_64' | 'uefi-i386' | 'uefi-mixed' | 'uefi-x86_64' | 'uefi-arm64';

const RUNS: Readonly<Record<Machine, { readonly firmware: Firmware; readonly archs: readonly Arch[] }>> = {
  'bios-i386': { firmware: 'bios', archs: ['i386'] },
  'bios-x86_64': { firmware: 'bios', archs: ['i386', 'x86_64'] },
  'uefi-i386': { firmware: 'uefi', archs: ['i386'] },
  'uefi-mixed': { firmware: 'uefi', archs: ['i386', 'x86_64'] },
  'uefi-x86_64': { firmware: 'uefi', archs: ['x86_64'] },
  'uefi-arm64': { firmware: 'uefi', archs: ['arm64'] },
};

/** Whether it can start there. Firmware loads only programs of its own width; Linux kernels cross over (EFI_MIXED). */
export function runsOn(entry: Entry, machine: Machine): boolean {
  const { firmware, archs } = RUNS[machine];
  if (entry.how.kind === 'local') return true;
  if (entry.how.kind === 'memdisk' && firmware !== 'bios') return false;
  if (entry.how.kind === 'chain' && machine === 'uefi-mixed' && !entry.archs.includes('i386')) return false;
  return entry.firmware.includes(firmware) && entry.archs.some((arch) => archs.includes(arch));
}

/** Every file that an entry names. */
export function sourcesOf(how: How): readonly Source[] {
  switch (how.kind) {
    case 'linux': {
      const others = [how.uefiKernel, how.shim, how.addedFile?.file].filter((source) => source !== undefined);
      return [how.kernel, ...others, ...how.initrds];
    }
    case 'chain':
      return [how.file];
    case 'memdisk':
    case 'sanboot':
      return [how.image];
    case 'wimboot':
      return how.files.map(({ file }) => file);
    case 'local':
      return [];
  }
}

/** Whether only iPXE knows how. */
export function isForIpxeOnly(how: How): boolean {
  if (how.kind === 'linux') return how.addedFile !== undefined;
  return how.kind === 'wimboot' || how.kind === 'sanboot';
}

/** The file in boot/ without which it cannot start, if there is one. */
export function loaderOf(how: How): string | undefined {
  return how.kind === 'memdisk' || how.kind === 'wimboot' ? how.kind : undefined;
}

/**
 * Words that all three loaders hand on as they are: visible ASCII; `${` is iPXE's, and so are the others at the start of
 * a word or alone.
 */
export function isArgument(word: string): boolean {
  return /^[\x21-\x7e]+$/.test(word) && !/\$\{|^#|^\|\|$|^&&$/.test(word);
}

/** x86 kernels cut the line at 2048 octets; loaders add their own words. */
const MAX_ARGUMENTS_CHARS = 1500;
/** More than 32 words that the kernel does not know make it panic [linux: init/main.c]; some it does know. */
const MAX_ARGUMENT_WORDS = 48;

export function areArguments(words: readonly string[]): boolean {
  return words.length <= MAX_ARGUMENT_WORDS && words.join(' ').length <= MAX_ARGUMENTS_CHARS && words.every(isArgument);
}

export function isEntryId(text: string): boolean {
  return /^[a-z0-9][a-z0-9.-]{0,79}$/.test(text);
}

/** `TinyCore 15 (español)` → `tinycore-15-espanol`; empty when nothing is left. */
export function slug(text: string): string {
  const plain = text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  return plain
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, 64);
}

/**
 * Names that every loader and every initramfs takes as they are: GRUB sends a path raw, pxelinux escapes it, wget wants
 * it escaped, and pxelinux splits initrd lists at commas. So: letters, digits, `._~+@-`, no `..`, at most 240 characters.
 */
export function isSourceSafe(source: Source): boolean {
  const path = source.startsWith('/') ? source : pathOfUrl(source);
  return (
    path !== undefined && source.length <= 240 && /^(\/[A-Za-z0-9._~+@-]+)+$/.test(path) && !/\/\.\.?(\/|$)/.test(path)
  );
}

function pathOfUrl(url: string): string | undefined {
  const match = /^http:\/\/([\d.]+)(?::\d{1,5})?(\/.*)$/.exec(url);
  return match?.[1] !== undefined && parseIpv4(match[1]) ? match[2] : undefined;
}

/** The same entries with each id once, and none of `before`: the second `x` becomes `x-2`. */
export function withUniqueIds(entries: readonly Entry[], before: ReadonlySet<string> = new Set()): readonly Entry[] {
  const taken = new Set(before);
  return entries.map((entry) => {
    let id = entry.id;
    for (let n = 2; taken.has(id); n++) id = `${entry.id}-${n}`;
    taken.add(id);
    return id === entry.id ? entry : { ...entry, id };
  });
}
