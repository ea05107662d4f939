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
}

export type How =
  | Linux
  /** Another boot loader: a `.c32`, `.0`, `.kpxe`, `.lkrn` for BIOS, an `.efi` for UEFI. */
  | { readonly kind: 'chain'; readonly file: Source }
  /** A disk or CD image in memory, BIOS only. `isCd` tells an ISO from a floppy or hard disk. */
  | { readonly kind: 'memdisk'; readonly image: Source; readonly isCd: boolean }
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
  /** What the machine needs, where known. */
  readonly memoryMib?: number;
  readonly secureBoot: SecureBoot;
  readonly note?: string;
  /** Only these clients see it. */
  readonly macs?: readonly MacPattern[];
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
  if (how.kind === 'linux') return [how.kernel, ...(how.uefiKernel ? [how.uefiKernel] : []), ...how.initrds];
  if (how.kind === 'chain') return [how.file];
  return how.kind === 'memdisk' ? [how.image] : [];
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

/** The same entries with each id once: the second `x` becomes `x-2`. */
export function withUniqueIds(entries: readonly Entry[]): readonly Entry[] {
  const taken = new Set<string>();
  return entries.map((entry) => {
    let id = entry.id;
    for (let n = 2; taken.has(id); n++) id = `${entry.id}-${n}`;
    taken.add(id);
    return id === entry.id ? entry : { ...entry, id };
  });
}
