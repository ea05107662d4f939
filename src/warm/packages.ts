/** Packages as an index describes them, and which one a name means. */

import { type Need, needsOf } from './relations.ts';
import { isPlainPath } from './release.ts';
import type { Stanza } from './stanzas.ts';
import { compareVersions, fulfils } from './version.ts';

export interface Package {
  readonly name: string;
  readonly version: string;
  /** Of its file, from the repository's root. */
  readonly url: string;
  readonly sizeBytes: number;
  readonly sha256: string | undefined;
  /** Pre-Depends and Depends, as they are written. */
  readonly depends: string;
  readonly recommends: string;
  readonly provides: string;
  readonly priority: string;
  /** Ubuntu's: the selections that it belongs to. */
  readonly tasks: string;
}

/** The fields of an index that are read. */
export const PACKAGE_FIELDS: ReadonlySet<string> = new Set([
  ...['Package', 'Version', 'Filename', 'Size', 'SHA256', 'Pre-Depends', 'Depends', 'Recommends', 'Provides'],
  ...['Priority', 'Task'],
]);

/**
 * As apt spells paths, so that the URL is the very one that it asks for (QuoteString, "+~ "). debootstrap and the installer leave
 * them as they are.
 */
export function spelledByApt(path: string): string {
  return path.replaceAll('+', '%2b').replaceAll('~', '%7e');
}

/** Of a package or a udeb; nothing where it could not be fetched by what stands there. `root`: the repository's URL. */
export function packageOf(stanza: Stanza, root: string, spell = spelledByApt): Package | undefined {
  const field = (name: string): string => stanza.get(name) ?? '';
  const size = field('Size');
  const path = field('Filename').replace(/^\.\//, '');
  const name = field('Package');
  if (!/^[a-z\d][a-z\d+.-]*$/i.test(name) || !/^\d{1,12}$/.test(size) || !isPlainPath(path)) return undefined;
  const sha256 = field('SHA256');
  return {
    name,
    version: field('Version'),
    url: `${root}/${spell(path)}`,
    sizeBytes: Number(size),
    sha256: /^[\da-f]{64}$/.test(sha256) ? sha256 : undefined,
    depends: [field('Pre-Depends'), field('Depends')].filter(Boolean).join(', '),
    recommends: field('Recommends'),
    provides: field('Provides'),
    priority: field('Priority'),
    tasks: field('Task'),
  };
}

/** Half a million: Debian has 65,000 for an architecture. */
const MAX_PACKAGES = 500_000;

/** What one machine's apt would know: of each name the newest, and what stands in for names. */
export class Catalogue {
  readonly #byName = new Map<string, { readonly package: Package; readonly isReluctant: boolean }>();
  #providers: ReadonlyMap<string, readonly Provider[]> | undefined;

  /** `isReluctant`: taken only where nobody else has it. False: there are too many. */
  add(candidate: Package, isReluctant: boolean): boolean {
    const known = this.#byName.get(candidate.name);
    if (!known && this.#byName.size >= MAX_PACKAGES) return false;
    if (known && isReluctant && !known.isReluctant) return true;
    const isBetter =
      !known || (known.isReluctant && !isReluctant) || compareVersions(candidate.version, known.package.version) > 0;
    if (isBetter) this.#byName.set(candidate.name, { package: candidate, isReluctant });
    if (isBetter) this.#providers = undefined;
    return true;
  }

  get size(): number {
    return this.#byName.size;
  }

  find(name: string): Package | undefined {
    return this.#byName.get(name)?.package;
  }

  *all(): Generator<Package> {
    for (const known of this.#byName.values()) yield known.package;
  }

  /** What answers a need, as apt would prefer it: the package of that name, then those that provide it. */
  candidatesFor(need: Need): readonly Package[] {
    const named = this.find(need.name);
    this.#providers ??= providersOf(this.all());
    const providers = this.#providers.get(need.name) ?? [];
    return [
      ...(named && isEnough(named.version, need) ? [named] : []),
      ...providers.filter(({ version }) => isEnough(version, need)).map((provider) => provider.package),
    ];
  }
}

interface Provider {
  readonly package: Package;
  /** Provided, not the package's own; nothing where it says none, which answers no need for one. */
  readonly version: string | undefined;
}

function isEnough(version: string | undefined, need: Need): boolean {
  if (need.relation === undefined) return true;
  return version !== undefined && fulfils(version, need.relation, need.version);
}

/** By the name that is provided; apt takes the more important one first, then the one that it read first. */
function providersOf(packages: Iterable<Package>): ReadonlyMap<string, readonly Provider[]> {
  const providers = new Map<string, Provider[]>();
  for (const each of packages) {
    for (const [provided] of needsOf(each.provides)) {
      if (!provided) continue;
      const version = provided.relation === '=' ? provided.version : undefined;
      const known = providers.get(provided.name);
      if (known) known.push({ package: each, version });
      else providers.set(provided.name, [{ package: each, version }]);
    }
  }
  for (const list of providers.values()) list.sort((a, b) => importance(a.package) - importance(b.package));
  return providers;
}

const PRIORITIES = ['required', 'important', 'standard', 'optional', 'extra'];

function importance({ priority }: Package): number {
  const rank = PRIORITIES.indexOf(priority);
  return rank < 0 ? PRIORITIES.length : rank;
}
