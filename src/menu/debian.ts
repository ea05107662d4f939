/**
 * Debian's network installer, found in the images folder: what the packages `debian-installer-N-netboot-ARCH` hold, or
 * any part of it down to a folder with `debian-installer/ARCH/linux` and `initrd.gz` beside it.
 */
import type { FolderEntry } from '../core/content.ts';
import type { Arch, Entry } from './entries.ts';
import type { Words } from './words.ts';

/** Folders by name (`/isos`, `/isos/debian`), as far as they were looked at. */
export type Listing = ReadonlyMap<string, readonly FolderEntry[]>;

/** One installer: kernel, initrd and where its version stands. */
export interface InstallerTree {
  readonly debianArch: DebianArch;
  readonly isGraphical: boolean;
  readonly kernel: string;
  readonly initrd: string;
  readonly versionFile: string | undefined;
  /** The folder that holds `debian-installer/`. */
  readonly folder: string;
}

export interface Release {
  /** `12`, empty when it can't be told. */
  readonly version: string;
  /** `bookworm`, or empty. */
  readonly codename: string;
}

type DebianArch = 'amd64' | 'i386' | 'arm64';
const ARCHS: Readonly<Record<DebianArch, Arch>> = { amd64: 'x86_64', i386: 'i386', arm64: 'arm64' };

/** Debian 11 to 13: text initrds have 30 to 41 MB, graphical ones 59 to 83. */
const GRAPHICAL_BYTES = 50e6;

/** Installer trees in `listing`, in the order of their names. */
export function findInstallers(listing: Listing): readonly InstallerTree[] {
  return [...listing.keys()].sort().flatMap((path) => {
    const match = /^(\/.*)\/debian-installer\/(amd64|i386|arm64)$/.exec(path);
    const [, folder, arch] = match ?? [];
    const files = listing.get(path) ?? [];
    const initrd = files.find((file) => file.name === 'initrd.gz' && file.kind === 'file');
    if (folder === undefined || !isDebianArch(arch) || !initrd || !hasFile(files, 'linux')) return [];
    const isGraphical = folder.endsWith('/gtk') || (!folder.endsWith('/text') && initrd.sizeBytes > GRAPHICAL_BYTES);
    const versionFile = hasFile(listing.get(folder), 'version.info') ? `${folder}/version.info` : undefined;
    return [
      { debianArch: arch, isGraphical, kernel: `${path}/linux`, initrd: `${path}/initrd.gz`, versionFile, folder },
    ];
  });
}

function isDebianArch(text: string | undefined): text is DebianArch {
  return text !== undefined && text in ARCHS;
}

function hasFile(files: readonly FolderEntry[] | undefined, name: string): boolean {
  return files?.some((file) => file.name === name && file.kind === 'file') ?? false;
}

/** `Debian version:  12 (bookworm)` in version.info; without it, the number in the folder's or the package's name. */
export function releaseOf(versionInfo: string | undefined, folder: string): Release {
  const stated = /^Debian version:[ \t]*(\d{1,3}(?:\.\d{1,3})?)?[ \t]*\(?([a-z]{2,20})?\)?/m.exec(versionInfo ?? '');
  if (stated?.[1] !== undefined || stated?.[2] !== undefined) {
    return { version: stated[1] ?? '', codename: stated[2] ?? '' };
  }
  const named = /\/(?:images|debian-installer)[/-](\d{1,3})(?=[/-])/.exec(`${folder}/`);
  return { version: named?.[1] ?? '', codename: '' };
}

interface Variant {
  readonly suffix: string;
  readonly title: string;
  readonly arguments: readonly string[];
}

/** The installer's own menu, without its copies of itself: [debian-installer: boot-screens, grub/grub.cfg]. */
function variantsOf(tree: InstallerTree, words: Words): readonly Variant[] {
  const first = tree.isGraphical
    ? { suffix: '-gtk', title: words.graphicalInstall, arguments: ['vga=788', '---', 'quiet'] }
    : { suffix: '', title: words.install, arguments: ['vga=788', '---', 'quiet'] };
  return [
    first,
    { suffix: '-expert', title: words.expertInstall, arguments: ['priority=low', 'vga=788', '---'] },
    { suffix: '-rescue', title: words.rescue, arguments: ['vga=788', 'rescue/enable=true', '---', 'quiet'] },
  ];
}

/**
 * Entries of all trees. Expert and rescue come from the text installer where both are there: it needs less memory. The
 * words of the command line are the installer's own; behind `---` they stay in the installed system.
 */
export function debianEntries(
  trees: readonly { readonly tree: InstallerTree; readonly release: Release }[],
  words: Words,
): readonly Entry[] {
  const seen = new Set<string>();
  // Text before graphical, so that expert and rescue are taken from there; then in the order people choose.
  const byFlavour = trees.toSorted((a, b) => Number(a.tree.isGraphical) - Number(b.tree.isGraphical));
  const entries = byFlavour.flatMap(({ tree, release }) =>
    variantsOf(tree, words).flatMap((variant) => {
      const entry = entryOf(tree, release, variant, words);
      if (seen.has(entry.id)) return [];
      seen.add(entry.id);
      return [entry];
    }),
  );
  return entries.toSorted((a, b) => rank(a) - rank(b));
}

const ARCH_ORDER: readonly Arch[] = ['x86_64', 'i386', 'arm64'];
const SUFFIX_ORDER = ['-gtk', '', '-expert', '-rescue'];

function rank(entry: Entry): number {
  const arch = ARCH_ORDER.findIndex((name) => entry.archs.includes(name));
  const suffix = SUFFIX_ORDER.indexOf(/-(?:gtk|expert|rescue)$/.exec(entry.id)?.[0] ?? '');
  return arch * SUFFIX_ORDER.length + suffix;
}

function entryOf(tree: InstallerTree, release: Release, variant: Variant, words: Words): Entry {
  const codename = release.codename === '' ? '' : `(${release.codename})`;
  const name = ['Debian', release.version, codename].filter((part) => part !== '').join(' ');
  const arch = ARCHS[tree.debianArch];
  const title = `${variant.title} (${words.archs[arch]})`;
  return {
    id: `debian-${release.version || release.codename || 'installer'}-${tree.debianArch}${variant.suffix}`,
    title,
    group: `${name} ${words.installer}`,
    fullTitle: `${name}: ${title}`,
    archs: [arch],
    firmware: arch === 'arm64' ? ['uefi'] : ['bios', 'uefi'],
    how: { kind: 'linux', kernel: tree.kernel, initrds: [tree.initrd], arguments: variant.arguments },
    memoryMib: tree.isGraphical ? 1024 : 512,
    secureBoot: 'debian-signed',
  };
}
