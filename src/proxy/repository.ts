/** What is known of package repositories by their URLs: which files never change, which are looked after, which are the same everywhere. */
import { sharedKey } from './mirrors.ts';
import type { Rule } from './types.ts';
import { textOf, type Url, USUAL_PORTS } from './url.ts';

export interface Known {
  /** Of answers with status 200 and their parts; a redirection or an error is what HTTP says. */
  readonly rule: Rule;
  /** What is kept under it: mirrors that one owner runs have one key for the same path; else the URL itself. */
  readonly key: string;
  /** In hex, where the path has the content's checksum: it is found wherever it was fetched from, once that was checked. */
  readonly sha256: string | undefined;
  /** For an index: what stands for the release that lists it, and its path from there (`main/binary-amd64/Packages.xz`). */
  readonly listed: { readonly releaseKey: string; readonly path: string } | undefined;
  /** Whether its checksum is wanted once it is kept: releases are checked against it. */
  readonly isSummed: boolean;
}

const LASTING: Rule = { kind: 'lasting' };
const CHECKED: Rule = { kind: 'checked' };
const USUAL: Rule = { kind: 'usual' };

/** What kind of file it is: `versioned` and `named` never change, the one by its version, the other by the checksum in its name. */
type Kind = 'versioned' | 'named' | 'index';

interface NameRow {
  readonly kind: Kind;
  /** What stands behind the last dot. */
  readonly endings: readonly string[];
  /** Of the path, looked for first. */
  readonly has?: string;
  readonly within?: RegExp;
  /** The file's name. */
  readonly fits: RegExp;
}

const ARCHITECTURE = /\/(?:x86_64|i[3-6]86|pentium4|aarch64|arm|riscv64|loong64|any)[^/]*\/[^/]+$/;

/**
 * Packages and their like, whose names have their version. What has a word in its place (`google-chrome-stable_current_amd64.deb`,
 * `epel-release-latest-9.noarch.rpm`) is nothing that lasts.
 */
const NAME_ROWS: readonly NameRow[] = [
  // name_version_arch. Debian Policy §5.6.12: versions begin with a digit. An archive takes no second file of a name that it had.
  { endings: ['deb', 'udeb', 'ddeb'], kind: 'versioned', fits: /^[^_]+_\d[^_]*_[^_]+$/ },
  // dpkg-source(1): name_version.dsc, .orig.tar, .orig-component.tar, .debian.tar, .tar, .diff, compressed; signatures beside them.
  { endings: ['dsc'], has: '/pool/', kind: 'versioned', fits: /^[^_]+_\d[^_]*$/ },
  {
    ...{ endings: ['gz', 'xz', 'bz2', 'lzma', 'zst', 'asc'], has: '/pool/', kind: 'versioned' },
    fits: /^[^_]+_\d[^_]*\.(?:tar|diff)\.[a-z\d]+(?:\.asc)?$/,
  },
  // name-version-release.arch: rpm(8). Deltas are from one to another: name-version-release_version-release.arch.
  { endings: ['rpm'], kind: 'versioned', fits: /-\d[^-]*-[^-]+\.[^.-]+\.rpm$/ },
  { endings: ['drpm'], kind: 'versioned', fits: /-\d[^_]*_\d[^_]*\.drpm$/ },
  // name-version-rRELEASE: apk-package(5). Only within a release: elsewhere the same name may be built anew.
  { endings: ['apk'], within: /\/v\d+\.\d+\//, kind: 'versioned', fits: /-\d[^-]*-r\d+\.apk$/ },
  { endings: ['apk'], kind: 'index', fits: /-\d[^-]*-r\d+\.apk$/ },
  // name-version-release-arch: PKGBUILD(5).
  {
    ...{ endings: ['zst', 'xz', 'gz', 'sig'], kind: 'versioned' },
    fits: /-[^-]+-\d[\d.]*-[^.-]+\.pkg\.tar\.[a-z\d]+(?:\.sig)?$/,
  },
  // repo-add(8): REPO.db and REPO.files in a folder for each architecture, also under the names that they are links to.
  {
    ...{ endings: ['db', 'files', 'sig', 'gz', 'xz', 'zst', 'bz2'], within: ARCHITECTURE, kind: 'index' },
    fits: /\.(?:db|files)(?:\.tar\.[a-z\d]+)?(?:\.sig)?$/,
  },
];

const BY_ENDING: ReadonlyMap<string, readonly NameRow[]> = byEnding(NAME_ROWS);
/** Of file systems; and what keeps the patterns from long work. */
const MAX_NAME_CHARS = 255;

/** By the whole name, wherever it is: indexes. A page that is called so is asked about each time, too, and no worse for it. */
const INDEX_NAMES: ReadonlySet<string> = new Set([
  // Flat repositories of Debian's format; others have them below dists/.
  ...['InRelease', 'Release', 'Release.gpg'],
  ...['Packages', 'Sources'].flatMap((name) => ['', '.gz', '.xz', '.bz2', '.zst', '.lz4'].map((end) => name + end)),
  // apk-repositories(5); Arch's and Manjaro's times of the last change.
  ...['APKINDEX.tar.gz', 'lastsync', 'lastupdate'],
  // Fedora's and SUSE's installation trees. libzypp's services.
  ...['.treeinfo', 'treeinfo', 'repoindex.xml'],
  // Flatpak.
  ...['summary.idx', 'summary.idx.sig'],
]);

interface FolderRow {
  readonly kind: Kind;
  /** Looked for first: it costs next to nothing. */
  readonly has: string;
  /** The path; its group, if any, is the content's SHA-256. Tries no place twice: paths may be long. */
  readonly fits: RegExp;
}

/** By a folder on the way; the first that fits. */
const FOLDER_ROWS: readonly FolderRow[] = [
  // Debian's repository format, "indices acquisition via hashsums".
  { has: '/by-hash/', kind: 'named', fits: /\/by-hash\/SHA256\/([\da-f]{64})$/ },
  {
    ...{ has: '/by-hash/', kind: 'named' },
    fits: /\/by-hash\/(?:MD5Sum\/[\da-f]{32}|SHA1\/[\da-f]{40}|SHA512\/[\da-f]{128})$/,
  },
  // Debian's installer by its version: 20230607+deb12u10. `current` is among the indexes.
  { has: '/dists/', kind: 'versioned', fits: /\/installer-[^/]+\/\d[^/]*\/./ },
  { has: '/dists/', kind: 'index', fits: /./ },
  // createrepo_c(8): names begin with the checksum, by its length SHA-256 or another.
  { has: '/repodata/', kind: 'named', fits: /\/repodata\/([\da-f]{64})-[^/]+$/ },
  {
    ...{ has: '/repodata/', kind: 'named' },
    fits: /\/repodata\/(?:[\da-f]{128}|[\da-f]{96}|[\da-f]{56}|[\da-f]{40}|[\da-f]{32})-[^/]+$/,
  },
  { has: '/repodata/', kind: 'index', fits: /\/repodata\/[^/]+$/ },
  // What installers load beside .treeinfo, which has their checksums: it is renewed in place.
  { has: '/os/', kind: 'index', fits: /\/os\/(?:images|LiveOS)\/./ },
  { has: '/media.1/', kind: 'index', fits: /\/media\.1\/[^/]+$/ },
  // OSTree: objects by their checksum, which is not that of the file as it is sent; signatures come to a commit later.
  { has: '/objects/', kind: 'named', fits: /\/objects\/[\da-f]{2}\/[\da-f]{62}\.(?:filez|commit|dirtree|dirmeta)$/ },
  { has: '/objects/', kind: 'index', fits: /\/objects\/[\da-f]{2}\/[\da-f]{62}\.commitmeta$/ },
  { has: '/deltas/', kind: 'named', fits: /\/deltas\/[\w+]{2}\/[\w+]{41}(?:-[\w+]{43})?\/(?:superblock|\d+)$/ },
  { has: '/delta-indexes/', kind: 'index', fits: /\.index$/ },
  { has: '/summaries/', kind: 'named', fits: /\/summaries\/[\da-f]{64}(?:\.gz|\.idx\.sig|-[\da-f]{64}\.delta)$/ },
  { has: '/refs/', kind: 'index', fits: /\/refs\/(?:heads|mirrors)\/./ },
  { has: '/repo/', kind: 'index', fits: /\/repo\/(?:config|summary|summary\.sig)$/ },
];

/** Whether any of them can fit: most that is asked for is no repository's. */
const HAS_FOLDER = new RegExp([...new Set(FOLDER_ROWS.map(({ has }) => has))].join('|'));

/** Where the same name comes again for something else: what has its checksum in its name lasts there, too, its version does not. */
const MOVING = /\/(?:current|latest|latest-stable|edge|development|rawhide|daily|nightly)\//;

/** Debian and Ubuntu, RPM repositories, pacman, apk, Flatpak's and others' content-addressed files. Never throws. */
export function knownOf(url: Url): Known {
  const { path } = url;
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (name === '' || name.length > MAX_NAME_CHARS || path.includes('?')) return usual(url);
  if (url.host === 'snapshot.debian.org') return SNAPSHOT.test(path) ? lasting(url, undefined) : usual(url);
  if (INDEX_NAMES.has(name)) return index(url);
  for (const row of BY_ENDING.get(name.slice(name.lastIndexOf('.') + 1)) ?? []) {
    if (isNamed(row, path, name))
      return row.kind === 'index' || MOVING.test(path) ? index(url) : lasting(url, undefined);
  }
  if (!HAS_FOLDER.test(path)) return usual(url);
  for (const { has, kind, fits } of FOLDER_ROWS) {
    const found = path.includes(has) ? fits.exec(path) : null;
    if (!found) continue;
    return kind === 'index' || (kind === 'versioned' && MOVING.test(path)) ? index(url) : lasting(url, found[1]);
  }
  return usual(url);
}

function isNamed({ has, within, fits }: NameRow, path: string, name: string): boolean {
  return (has === undefined || path.includes(has)) && fits.test(name) && (within?.test(path) ?? true);
}

/** Archives as they were at a moment, and files by their SHA-1: https://snapshot.debian.org/. */
const SNAPSHOT = /^\/(?:archive\/[\w-]+\/\d{8}T\d{6}Z\/.*[^/]|file\/[\da-f]{40}(?:\/[^/]+)?)$/;

function usual(url: Url): Known {
  return { rule: USUAL, key: textOf(url), sha256: undefined, listed: undefined, isSummed: false };
}

function lasting(url: Url, sha256: string | undefined): Known {
  const key = sharedKey(url) ?? textOf(url);
  return { rule: LASTING, key, sha256, listed: undefined, isSummed: sha256 !== undefined };
}

/** Mirrors are not all renewed at the same moment: an index stays with the host that it came from. */
function index(url: Url): Known {
  const key = indexKey(url);
  const listed = listedOf(url.path, key);
  return { rule: CHECKED, key, sha256: undefined, listed, isSummed: listed !== undefined };
}

/** A host that is known serves the same by HTTP and HTTPS: what machines fetch by its own name and what a mirror of ours does is one. */
function indexKey(url: Url): string {
  return sharedKey(url) === undefined ? textOf(url) : textOf({ ...url, scheme: 'http', port: USUAL_PORTS.http });
}

const RELEASES: ReadonlySet<string> = new Set(['InRelease', 'Release', 'Release.gpg']);
/** Folders of a component (`main`): https://wiki.debian.org/DebianRepository/Format. */
const OF_COMPONENT =
  /^(?:binary-.*|source|i18n|dep11|cnf|debian-installer|installer-.*|dist-upgrader-.*|uefi|signed|Contents-.*)$/;
/** Taste: the deepest that archives have is eight. */
const MAX_FOLDERS = 16;

/** Which release lists the index with that path and key, if it is one of Debian's format. */
function listedOf(path: string, key: string): Known['listed'] {
  const distsAt = path.lastIndexOf('/dists/');
  const from = distsAt < 0 ? path.lastIndexOf('/') + 1 : distsAt + '/dists/'.length;
  const parts = path.slice(from).split('/', MAX_FOLDERS + 1);
  const count = distsAt < 0 ? flatRelease(parts[0] ?? '') : foldersOfRelease(parts);
  if (count === undefined || RELEASES.has(parts.at(-1) ?? '')) return undefined;
  const listed = parts.slice(count).join('/');
  return { releaseKey: `${key.slice(0, key.length - listed.length)}InRelease`, path: listed };
}

/** Beside its release without any folder between. */
function flatRelease(name: string): number | undefined {
  return /^(?:Packages|Sources)(?:\.|$)/.test(name) ? 0 : undefined;
}

/** How many folders below dists/ the release is: `bookworm`, `buster/updates`, `noble/vendor/8.0` are all suites. */
function foldersOfRelease(parts: readonly string[]): number | undefined {
  if (parts.length > MAX_FOLDERS) return undefined;
  const at = parts.findIndex((part, i) => i > 0 && OF_COMPONENT.test(part));
  // Ubuntu has Contents beside the release, Debian in each component.
  if (at === 1) return parts[1]?.startsWith('Contents-') ? 1 : undefined;
  return at < 0 ? undefined : at - 1;
}

/** The release's other form: `Release` where no `InRelease` is kept. Both list the same. */
export function plainReleaseKey(releaseKey: string): string {
  return releaseKey.replace(/InRelease$/, 'Release');
}

function byEnding(rows: readonly NameRow[]): ReadonlyMap<string, readonly NameRow[]> {
  const endings = new Set(rows.flatMap((row) => row.endings));
  return new Map([...endings].map((ending) => [ending, rows.filter((row) => row.endings.includes(ending))]));
}
