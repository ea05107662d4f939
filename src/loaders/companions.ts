/** Companion kernels: what starts an image over the network whose own initrd has no network drivers, and where it is had. */
import { type CompanionFacts, type CompanionName, parseCompanion, UNSEEN_COMPANION } from '../core/companion.ts';
import type { PackageName } from './apt.ts';
import type { Format } from './loader.ts';

/** Below the boot folder. */
export const COMPANIONS_FOLDER = 'companions';
export const COMPANION_RECORD = 'COMPANION.json';
export const ALPINE_MIRROR = 'https://dl-cdn.alpinelinux.org/alpine';

export interface CompanionFile {
  /** In the companion's folder. */
  readonly name: string;
  /** In its package or archive; given by hand it may also lie there under its name alone. */
  readonly path: string;
  readonly format?: Format;
}

export type CompanionSource =
  | { readonly kind: 'package'; readonly package: PackageName }
  /** Below the mirror; its checksum lies beside it, with `.sha256` at the end. */
  | { readonly kind: 'archive'; readonly path: string };

export interface Companion extends CompanionName {
  /** `debian-12-amd64`, `alpine-3.20.0-x86_64` */
  readonly id: string;
  readonly source: CompanionSource;
  /** The kernel first. */
  readonly files: readonly CompanionFile[];
}

/** What an id stands for; undefined for one that nobody knows where to get. */
export function companionOf(id: string): Companion | undefined {
  const name = parseCompanion(id);
  if (!name) return undefined;
  return { id, ...name, ...(name.system === 'debian' ? debianOf(name) : alpineOf(name)) };
}

/** Debian keeps its network installers as packages, the images below their own folder. debian-installer-netboot-images */
function debianOf({ release, architecture }: CompanionName): Pick<Companion, 'source' | 'files'> {
  const folder = `usr/lib/debian-installer/images/${release}/${architecture}/text/debian-installer/${architecture}`;
  return {
    source: {
      kind: 'package',
      package: { package: `debian-installer-${release}-netboot-${architecture}`, architecture: 'all' },
    },
    files: [
      { name: 'linux', path: `${folder}/linux`, ...kernelFormat(architecture !== 'arm64') },
      { name: 'initrd.gz', path: `${folder}/initrd.gz` },
    ],
  };
}

/** As its mkimage writes it. aports: scripts/mkimg.netboot.sh */
function alpineOf({ release, architecture }: CompanionName): Pick<Companion, 'source' | 'files'> {
  const branch = release.replace(/\.\d+$/, '');
  const archive = `alpine-netboot-${release}-${architecture}.tar.gz`;
  return {
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
  /** What its kernel says of itself. */
  readonly kernel: CompanionFacts;
  readonly files: readonly { readonly name: string; readonly sha256: string; readonly sizeBytes: number }[];
}

/** COMPANION.json; equal for equal files of one origin, so that two nodes can be compared. */
export function formatCompanion({ id, origin, kernel, files }: CompanionRecord): string {
  const byName = Object.fromEntries(files.map(({ name, sha256, sizeBytes }) => [name, { sha256, sizeBytes }]));
  return `${JSON.stringify({ format: 1, id, origin, kernel, files: byName }, null, 2)}\n`;
}

const SIGNERS: readonly string[] = ['debian-signed', 'no', 'unknown'];

/** What COMPANION.json says of a kernel of that size; nothing is known of another one, nor by a file that isn't ours. */
export function factsIn(text: string, kernel: { readonly name: string; readonly sizeBytes: number }): CompanionFacts {
  const { format, kernel: facts, files } = parsed(text) as Partial<Written>;
  if (format !== 1 || files?.[kernel.name]?.sizeBytes !== kernel.sizeBytes) return UNSEEN_COMPANION;
  if (typeof facts?.isBiosOnly !== 'boolean' || !SIGNERS.includes(facts.secureBoot)) return UNSEEN_COMPANION;
  const { version, secureBoot, isBiosOnly } = facts;
  return { ...(typeof version === 'string' ? { version } : {}), secureBoot, isBiosOnly };
}

/** As far as it is what was written. */
interface Written {
  readonly format: number;
  readonly kernel: Partial<CompanionFacts> & Pick<CompanionFacts, 'secureBoot'>;
  readonly files: Readonly<Record<string, { readonly sizeBytes?: number } | undefined>>;
}

function parsed(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** The hash in a `.sha256` file: 64 digits, then perhaps the name of the file it speaks of. sha256sum(1) */
export function parseSha256(text: string, fileName: string): string | undefined {
  const [, hash, name] = /^([0-9a-f]{64})(?:[ \t]+\*?(\S+))?\s*$/im.exec(text.trim()) ?? [];
  return name === undefined || name.endsWith(fileName) ? hash?.toLowerCase() : undefined;
}
