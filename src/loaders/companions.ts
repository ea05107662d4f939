/** Companion kernels: what starts an image over the network whose own initrd has no network drivers, and where it is had. */
import type { PackageName } from './apt.ts';
import type { Format, PackageArchitecture } from './loader.ts';

/** Below the boot folder. */
export const COMPANIONS_FOLDER = 'companions';
export const COMPANION_RECORD = 'COMPANION.json';
export const ALPINE_MIRROR = 'https://dl-cdn.alpinelinux.org/alpine';

export interface CompanionFile {
  /** In the companion's folder. */
  readonly name: string;
  /** In its package or archive; given by hand it may also lie there under its name alone. */
  readonly path: string;
  readonly isOptional?: boolean;
  readonly format?: Format;
}

export type CompanionSource =
  | { readonly kind: 'package'; readonly package: PackageName }
  /** Below the mirror; its checksum lies beside it, with `.sha256` at the end. */
  | { readonly kind: 'archive'; readonly path: string };

export interface Companion {
  /** `debian-12-amd64`, `alpine-3.20.0-x86_64` */
  readonly id: string;
  readonly source: CompanionSource;
  readonly files: readonly CompanionFile[];
}

/** What an id stands for; undefined for one that nobody knows where to get. */
export function companionOf(id: string): Companion | undefined {
  const debian = /^debian-(\d{1,3})-(amd64|i386|arm64)$/.exec(id);
  if (debian) return debianOf(id, debian[1] ?? '', debian[2] as Exclude<PackageArchitecture, 'all'>);
  const alpine = /^alpine-(\d{1,3}\.\d{1,3})\.(\d{1,3})-(x86_64|x86|aarch64|armv7)$/.exec(id);
  return alpine ? alpineOf(id, alpine) : undefined;
}

/** Debian keeps its network installers as packages, the images below their own folder. debian-installer-netboot-images */
function debianOf(id: string, major: string, architecture: Exclude<PackageArchitecture, 'all'>): Companion {
  const images = `usr/lib/debian-installer/images/${major}/${architecture}`;
  const inside = (kind: string, file: string): string => `${images}/${kind}/debian-installer/${architecture}/${file}`;
  return {
    id,
    source: {
      kind: 'package',
      package: { package: `debian-installer-${major}-netboot-${architecture}`, architecture: 'all' },
    },
    files: [
      { name: 'linux', path: inside('text', 'linux'), ...kernelFormat(architecture !== 'arm64') },
      { name: 'initrd.gz', path: inside('text', 'initrd.gz') },
      { name: 'initrd-gtk.gz', path: inside('gtk', 'initrd.gz'), isOptional: true },
    ],
  };
}

/** As its mkimage writes it. aports: scripts/mkimg.netboot.sh */
function alpineOf(id: string, [, branch = '', patch = '', architecture = '']: readonly string[]): Companion {
  const archive = `alpine-netboot-${branch}.${patch}-${architecture}.tar.gz`;
  return {
    id,
    source: { kind: 'archive', path: `v${branch}/releases/${architecture}/${archive}` },
    files: [
      { name: 'vmlinuz-lts', path: 'boot/vmlinuz-lts', ...kernelFormat(architecture.startsWith('x86')) },
      { name: 'initramfs-lts', path: 'boot/initramfs-lts' },
      { name: 'modloop-lts', path: 'boot/modloop-lts' },
    ],
  };
}

/** Kernels of other processors come in several wrappings. */
function kernelFormat(isX86: boolean): { readonly format?: Format } {
  return isX86 ? { format: { kind: 'kernel' } } : {};
}

export interface CompanionRecord {
  readonly id: string;
  /** `debian-installer-12-netboot-amd64 20230607+deb12u15`, the URL of an archive, or `a given folder`. */
  readonly origin: string;
  readonly files: readonly { readonly name: string; readonly sha256: string; readonly sizeBytes: number }[];
}

/** COMPANION.json; equal for equal files of one origin, so that two nodes can be compared. */
export function formatCompanion({ id, origin, files }: CompanionRecord): string {
  const byName = Object.fromEntries(files.map(({ name, sha256, sizeBytes }) => [name, { sha256, sizeBytes }]));
  return `${JSON.stringify({ format: 1, id, origin, files: byName }, null, 2)}\n`;
}

/** The hash in a `.sha256` file: 64 digits, then perhaps the name of the file it speaks of. sha256sum(1) */
export function parseSha256(text: string, fileName: string): string | undefined {
  const [, hash, name] = /^([0-9a-f]{64})(?:[ \t]+\*?(\S+))?\s*$/im.exec(text.trim()) ?? [];
  return name === undefined || name.endsWith(fileName) ? hash?.toLowerCase() : undefined;
}
