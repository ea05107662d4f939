/** Which files of a suite apt, debootstrap and Debian's installer ask for, by which URLs. apt-transport-http(1), sources.list(5) */
import type { Listed, Release } from './release.ts';

/** A line of sources.list. */
export interface Source {
  /** The repository's URL, no slash at its end. */
  readonly root: string;
  /** `bookworm-updates`; one that ends in a slash is a folder without components. */
  readonly suite: string;
  readonly components: readonly string[];
  /** The machine's own, then those whose indexes it reads besides. */
  readonly architectures: readonly string[];
  /** Of descriptions. */
  readonly languages: readonly string[];
  /** `deb-src`, too. */
  readonly hasSources: boolean;
  /** Debian's installer takes its own parts from here. */
  readonly hasInstaller: boolean;
  /** What desktops ask for: metadata of applications, icons, names of commands. */
  readonly hasExtras: boolean;
  /** What debootstrap knows: the release itself, no updates. */
  readonly isBase: boolean;
}

export interface IndexFile {
  readonly url: string;
  readonly sizeBytes: number;
  readonly sha256: string | undefined;
  /** Whether it is read, and as what. */
  readonly role: 'packages' | 'installer' | 'other';
  /** As in its name: `.xz`. */
  readonly compression: string;
}

/** In apt's order: the first that a release lists is asked for. apt.conf(5), Acquire::CompressionTypes. */
export const COMPRESSIONS = ['.xz', '.bz2', '.lzma', '.gz', '.lz4', '.zst', ''] as const;

interface Target {
  readonly path: string;
  readonly role: IndexFile['role'];
}

/** The folder that Release and InRelease stand in. */
export function suiteUrl({ root, suite }: Source): string {
  return suite.endsWith('/')
    ? `${root}/${suite.replaceAll(/^\/+|\/+$/g, '')}`.replace(/\/$/, '')
    : `${root}/dists/${suite}`;
}

/** All that is asked for; of what is read a form in one of the `readable` compressions, too, if there is one. */
export function indexFiles(release: Release, source: Source, readable: ReadonlySet<string>): readonly IndexFile[] {
  const files = new Map<string, IndexFile>();
  for (const target of targetsOf(release, source)) {
    const forms = formsOf(release, target);
    const asked = forms[0];
    if (!asked) continue;
    const read = target.role === 'other' ? undefined : forms.find(({ compression }) => readable.has(compression));
    for (const form of new Set([asked, ...(read ? [read] : [])])) {
      const file = fileOf(form, release, source, form === read ? target.role : 'other');
      if (files.get(file.url)?.role !== 'packages') files.set(file.url, file);
    }
    // net-retriever knows no by-hash, and takes what it can unpack.
    if (target.role === 'installer') for (const form of forms) addPlain(files, form, source);
  }
  return [...files.values()];
}

/** Of what is read and cannot be, for want of a program. */
export function unreadable(release: Release, source: Source, readable: ReadonlySet<string>): readonly string[] {
  return targetsOf(release, source)
    .filter(({ role }) => role !== 'other')
    .filter((target) => {
      const forms = formsOf(release, target);
      return forms.length > 0 && !forms.some(({ compression }) => readable.has(compression));
    })
    .map(({ path }) => `${suiteUrl(source)}/${path}`);
}

function targetsOf(release: Release, source: Source): readonly Target[] {
  const [native = 'amd64', ...foreign] = source.architectures;
  if (source.suite.endsWith('/')) return flatTargets(source);
  return source.components.flatMap((component): Target[] => [
    { path: `${component}/binary-${native}/Packages`, role: 'packages' },
    ...(release.hasAllIndex ? [{ path: `${component}/binary-all/Packages`, role: 'packages' as const }] : []),
    ...foreign.map((arch) => other(`${component}/binary-${arch}/Packages`)),
    ...source.languages.map((language) => other(`${component}/i18n/Translation-${language}`)),
    ...(source.hasSources ? [other(`${component}/source/Sources`)] : []),
    ...(source.hasInstaller
      ? [{ path: `${component}/debian-installer/binary-${native}/Packages`, role: 'installer' as const }]
      : []),
    ...(source.hasExtras ? extras(component, native) : []),
  ]);
}

function flatTargets({ languages, hasSources }: Source): readonly Target[] {
  return [{ path: 'Packages', role: 'packages' }, ...languages.map(other), ...(hasSources ? [other('Sources')] : [])];
}

/** By the configuration of appstream, apt-config-icons and command-not-found. */
function extras(component: string, native: string): readonly Target[] {
  const desktop = [`Components-${native}.yml`, 'icons-48x48.tar', 'icons-64x64.tar'];
  return [...desktop.map((name) => other(`${component}/dep11/${name}`)), other(`${component}/cnf/Commands-${native}`)];
}

const other = (path: string): Target => ({ path, role: 'other' });

interface Form {
  readonly path: string;
  readonly compression: string;
  readonly listed: Listed;
}

function formsOf(release: Release, { path }: Target): readonly Form[] {
  return COMPRESSIONS.flatMap((compression) => {
    const listed = release.files.get(path + compression);
    return listed ? [{ path: path + compression, compression, listed }] : [];
  });
}

function fileOf(form: Form, release: Release, source: Source, role: IndexFile['role']): IndexFile {
  const { path, compression, listed } = form;
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const name = release.isByHash ? `${folder}by-hash/${listed.hash.kind}/${listed.hash.value}` : path;
  const { sizeBytes, sha256 } = listed;
  return { url: `${suiteUrl(source)}/${name}`, sizeBytes, sha256, role, compression };
}

function addPlain(files: Map<string, IndexFile>, { path, compression, listed }: Form, source: Source): void {
  // Uncompressed ones are listed and not there.
  if (compression === '') return;
  const url = `${suiteUrl(source)}/${path}`;
  if (files.has(url)) return;
  files.set(url, { url, sizeBytes: listed.sizeBytes, sha256: listed.sha256, role: 'other', compression });
}
