/** Files of checksums that lie beside images: which files are such, what they say, and of which image. */
import { posix } from 'node:path';

/** The weakest first. */
export const ALGORITHMS = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];
/** Lower-case hex. */
export type Digests = Readonly<Partial<Record<Algorithm, string>>>;

export interface Sum {
  readonly algorithm: Algorithm;
  readonly digest: string;
  /** As the file spells it; undefined for a sum that stands alone. */
  readonly name: string | undefined;
}

/** Debian's for all images of a release have some hundred lines. */
export const MAX_SUMS_FILE_BYTES = 1 << 20;
const MAX_SUMS = 10_000;

/** Hex digits of a digest. */
const DIGITS: Readonly<Record<number, Algorithm>> = {
  32: 'md5',
  40: 'sha1',
  56: 'sha224',
  64: 'sha256',
  96: 'sha384',
  128: 'sha512',
};

/** `SHA256SUMS`, `sha256sum.txt`, `x.iso.sha512`, `CHECKSUM`, `Fedora-40-CHECKSUM`, `CHECKSUM.SHA256-FreeBSD-14`. */
export function isSumsName(name: string): boolean {
  if (/\.(iso|img|gpg|sig|sign)$/i.test(name)) return false;
  return /(^|[-_.])((md5|sha-?(1|224|256|384|512))(sums?)?([-_.].*)?$|checksums?([-_.].*)?$)/i.test(name);
}

/**
 * The sums of a file in the ways in which people publish them: lines of GNU's sha256sum, of BSD's and OpenSSL's
 * `SHA256 (name) = hex`, or a sum alone; in a PGP-signed text or not, whatever its line ends. Anything else is passed by.
 */
export function parseSums(text: string): readonly Sum[] {
  const sums: Sum[] = [];
  let isForeign = false;
  for (const raw of text.replace(/^\ufeff/, '').split(/\r\n|\r|\n/)) {
    if (raw.startsWith('-----BEGIN PGP SIGNATURE') || sums.length >= MAX_SUMS) break;
    // Clonezilla and GParted put blocks for several algorithms into one file; other ones have digests as long as ours.
    const [, heading] = /^#+\s*([\w-]+?)[-_ ]?sums?\b/i.exec(raw) ?? [];
    if (heading !== undefined) isForeign = algorithmOf(heading) === undefined;
    // RFC 9580 §7.2: dashes at the start of a line are escaped.
    const sum = isForeign ? undefined : sumOf(raw.replace(/^- /, '').trimEnd());
    if (sum) sums.push(sum);
  }
  return sums;
}

function sumOf(line: string): Sum | undefined {
  // GNU coreutils 9, sum output: a backslash in front says that the name has escapes.
  const [, backslash, hex, name] = /^(\\?)([\da-f]{32,128})(?:\s+\*?(\S.*))?$/i.exec(line) ?? [];
  if (hex !== undefined) {
    const algorithm = DIGITS[hex.length];
    return algorithm && { algorithm, digest: hex.toLowerCase(), name: backslash === '\\' ? unescaped(name) : name };
  }
  const [, tag = '', file, digest = ''] = /^([\w-]+) ?\((.+)\) ?= ?([\da-f]+)$/i.exec(line) ?? [];
  const algorithm = algorithmOf(tag);
  if (algorithm === undefined || DIGITS[digest.length] !== algorithm) return undefined;
  return { algorithm, digest: digest.toLowerCase(), name: file };
}

/** OpenSSL 3 says `SHA2-256`. */
function algorithmOf(tag: string): Algorithm | undefined {
  const name = tag.toLowerCase().replace(/^sha2?-/, 'sha');
  return ALGORITHMS.find((algorithm) => algorithm === name);
}

function unescaped(name: string | undefined): string | undefined {
  return name?.replaceAll(/\\([\\nr])/g, (_, letter: string) => ({ n: '\n', r: '\r' })[letter] ?? '\\');
}

export interface SumsFile {
  /** Below the folder of images. */
  readonly path: string;
  readonly modifiedMs: number;
  readonly sums: readonly Sum[];
}

/** What an image has to be. */
export interface Wanted {
  readonly algorithm: Algorithm;
  readonly digest: string;
  /** Path of the file that says so. */
  readonly sumsFile: string;
}

/** The sum of each image that has one: the strongest; of equals the image's own file before one for many, then the newest. */
export function wantedSums(files: readonly SumsFile[], images: readonly string[]): ReadonlyMap<string, Wanted> {
  const paths = new Set(images);
  const best = new Map<string, { readonly wanted: Wanted; readonly rank: readonly number[] }>();
  for (const file of files) {
    const own = ownImage(file.path, paths);
    const isForOne = new Set(file.sums.map(({ name }) => name)).size === 1;
    for (const { algorithm, digest, name } of file.sums) {
      const image = namedImage(file.path, name, paths) ?? (name === undefined || isForOne ? own : undefined);
      if (image === undefined) continue;
      const rank = [ALGORITHMS.indexOf(algorithm), image === own ? 1 : 0, file.modifiedMs];
      const before = best.get(image);
      if (before && !isBefore(before.rank, rank)) continue;
      best.set(image, { wanted: { algorithm, digest, sumsFile: file.path }, rank });
    }
  }
  return new Map([...best].map(([image, { wanted }]) => [image, wanted]));
}

function isBefore(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at >= 0 && (a[at] ?? 0) < (b[at] ?? 0);
}

/** Where the file's line points to, or the image of that name beside it: people move images out of a mirror's folders. */
function namedImage(sumsPath: string, name: string | undefined, images: ReadonlySet<string>): string | undefined {
  if (name === undefined || name.startsWith('/')) return undefined;
  const folder = posix.dirname(sumsPath);
  const places = [posix.join(folder, name), posix.join(folder, posix.basename(name))];
  return places.find((place) => images.has(place));
}

/** Of `x.iso.sha256` and `x.sha256` the image `x.iso`. */
function ownImage(sumsPath: string, images: ReadonlySet<string>): string | undefined {
  const [, stem] = /^(.+?)[-_.](?:md5|sha-?\d+|checksum)(?:sums?)?(?:\.\w+)?$/i.exec(sumsPath) ?? [];
  if (stem === undefined) return undefined;
  return [stem, `${stem}.iso`, `${stem}.img`, `${stem}.ISO`].find((place) => images.has(place));
}
