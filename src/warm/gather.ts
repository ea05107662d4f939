/** From a recipe to what is to be fetched: its indexes come through the proxy, too, and are read as they pass. */
import type { WarmFailure } from '../core/warming.ts';
import { type Closure, closureOf } from './closure.ts';
import type { Crew, Reader, Wanted } from './crew.ts';
import { type IndexFile, indexFiles, type Source, suiteUrl, unreadable } from './indexes.ts';
import { inflater } from './inflate.ts';
import { Catalogue, PACKAGE_FIELDS, type Package, packageOf } from './packages.ts';
import type { Recipe } from './recipe.ts';
import { type Release, readRelease } from './release.ts';
import { StanzaReader } from './stanzas.ts';

export interface Gathered {
  readonly packages: readonly Package[];
  readonly failures: readonly WarmFailure[];
}

/** Debian's InRelease has 150 KB. */
const MAX_RELEASE_BYTES = 32 << 20;

interface ReadSource {
  readonly source: Source;
  readonly isReluctant: boolean;
  readonly packages: readonly Package[];
  readonly forInstaller: readonly Package[];
}

export async function gather(recipe: Recipe, crew: Crew, readable: ReadonlySet<string>): Promise<Gathered> {
  const failures: WarmFailure[] = [];
  const read: ReadSource[] = [];
  for (const source of recipe.sources) {
    const release = await fetchRelease(source, crew, failures);
    if (!release) continue;
    for (const what of unreadable(release, source, readable)) failures.push({ what, why: NO_XZ });
    read.push({ source, isReluctant: release.isReluctant, ...(await fetchIndexes(release, source, crew, readable)) });
  }
  const packages = new Set<Package>(read.flatMap(({ forInstaller }) => forInstaller));
  const all = catalogueOf(read);
  const base = catalogueOf(read.filter(({ source }) => source.isBase));
  const unknown = new Set<string>();
  for (const step of recipe.steps) {
    const closure: Closure = closureOf(step, step.isBase ? base : all);
    for (const each of closure.packages) packages.add(each);
    for (const name of closure.unknown) unknown.add(name);
  }
  // Without indexes every name is unknown: that they are missing is said already.
  if (all.size > 0)
    for (const what of unknown) failures.push({ what, why: `${recipe.name}: no index has a package of that name` });
  return { packages: [...packages], failures };
}

const NO_XZ = 'this index is packed by xz alone, which takes a program here: apt install xz-utils';

function catalogueOf(read: readonly ReadSource[]): Catalogue {
  const catalogue = new Catalogue();
  for (const { packages, isReluctant } of read) for (const each of packages) catalogue.add(each, isReluctant);
  return catalogue;
}

/** What stands for a suite, under all the names that it is asked for by: apt and debootstrap take InRelease, the installer the other two. */
async function fetchRelease(source: Source, crew: Crew, failures: WarmFailure[]): Promise<Release | undefined> {
  const texts = new Map<string, Buffer[]>();
  const wanted = ['InRelease', 'Release', 'Release.gpg'].map((name): Wanted => {
    const reader = (): Reader => {
      const chunks: Buffer[] = [];
      texts.set(name, chunks);
      return { take: keepBounded(chunks), end: async () => {}, abort: () => texts.delete(name) };
    };
    const url = `${suiteUrl(source)}/${name}`;
    return { url, sizeBytes: undefined, sha256: undefined, isLasting: false, mayBeMissing: true, reader };
  });
  await crew.fetchAll(wanted, 'indexes');
  for (const name of ['InRelease', 'Release']) {
    const release = readRelease(Buffer.concat(texts.get(name) ?? []).toString('utf8'));
    if (release) return release;
  }
  failures.push({ what: `${suiteUrl(source)}/InRelease`, why: NO_RELEASE });
  return undefined;
}

const NO_RELEASE = 'no such suite there, or its server does not answer: look at mirror and suite';

function keepBounded(chunks: Buffer[]): (chunk: Buffer) => Promise<void> {
  let bytes = 0;
  return async (chunk) => {
    bytes += chunk.length;
    if (bytes > MAX_RELEASE_BYTES) throw new Error('more than any Release has');
    chunks.push(chunk);
  };
}

async function fetchIndexes(
  release: Release,
  source: Source,
  crew: Crew,
  readable: ReadonlySet<string>,
): Promise<Pick<ReadSource, 'packages' | 'forInstaller'>> {
  const found = new Map<IndexFile, readonly Package[]>();
  const files = indexFiles(release, source, readable);
  const wanted = files.map((file): Wanted => {
    const { url, sizeBytes, sha256 } = file;
    // Some releases list translations and icons that their mirrors leave out.
    const common = {
      url,
      sizeBytes,
      sha256,
      isLasting: url.includes('/by-hash/'),
      mayBeMissing: file.role === 'other',
    };
    if (file.role === 'other') return common;
    return { ...common, reader: () => packagesReader(file, source, (packages) => found.set(file, packages)) };
  });
  await crew.fetchAll(wanted, 'indexes');
  const of = (role: IndexFile['role']): readonly Package[] =>
    files.filter((file) => file.role === role).flatMap((file) => found.get(file) ?? []);
  return { packages: of('packages'), forInstaller: of('installer') };
}

function packagesReader(
  { compression, role }: IndexFile,
  { root }: Source,
  onEnd: (packages: readonly Package[]) => void,
): Reader {
  const packages: Package[] = [];
  const stanzas = new StanzaReader(PACKAGE_FIELDS, (stanza) => {
    const read = role === 'installer' ? packageOf(stanza, root, (path) => path) : packageOf(stanza, root);
    if (read) packages.push(read);
  });
  const unpack = inflater(compression, (chunk) => stanzas.take(chunk));
  return {
    take: (chunk) => unpack.write(chunk),
    end: async () => {
      await unpack.end();
      stanzas.end();
      onEnd(packages);
    },
    abort: () => unpack.abort(),
  };
}
