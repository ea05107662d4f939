/** What we say to apt and what it answers: its configuration, its records, the names of its files. */
import type { PackageArchitecture } from './loader.ts';

export interface PackageName {
  readonly package: string;
  readonly architecture: PackageArchitecture;
}

/** A package as apt's signed index describes it. */
export interface PackageRecord {
  readonly package: string;
  readonly version: string;
  readonly architecture: string;
  /** Of the .deb, lower-case hex. */
  readonly sha256: string;
}

/** The name on apt's command line; architectures are named only where there are several. */
export function aptName(name: PackageName): string {
  return name.architecture === 'all' ? name.package : `${name.package}:${name.architecture}`;
}

/** The same, with the very version of the record. */
export function aptVersion(record: PackageRecord): string {
  const architecture = record.architecture === 'all' ? '' : `:${record.architecture}`;
  return `${record.package}${architecture}=${record.version}`;
}

/** How `apt-get download` names the file: a colon in the version is escaped. */
export function debFileName(record: PackageRecord): string {
  return `${record.package}_${record.version.replaceAll(':', '%3a')}_${record.architecture}.deb`;
}

/** Which lists apt reads: the system's, or our own of these architectures in a folder. */
export type AptView =
  | { readonly kind: 'system'; readonly folder: string }
  | { readonly kind: 'private'; readonly folder: string; readonly architectures: readonly string[] };

/**
 * A configuration that is read after the system's and adds to it, so sources, keys, pins and proxies are the system's own,
 * and nothing is written outside `folder`. apt.conf(5).
 */
export function aptConfiguration(view: AptView): string {
  const lines = [
    `Dir::Cache "${view.folder}/cache";`,
    'APT::Get::AllowUnauthenticated "false";',
    'Acquire::Retries "2";',
    'Acquire::http::Timeout "20";',
    'Acquire::https::Timeout "20";',
  ];
  if (view.kind === 'system') return `${lines.join('\n')}\n`;
  lines.push(
    `Dir::State "${view.folder}/state";`,
    `Dir::State::status "${view.folder}/state/status";`,
    `APT::Architecture "${view.architectures[0]}";`,
    '#clear APT::Architectures;',
    `APT::Architectures { ${view.architectures.map((a) => `"${a}";`).join(' ')} };`,
    // Hooks of the system clean its caches and feed its desktop: none of our business here.
    '#clear APT::Update;',
    // Only lists of packages: neither translations nor sources nor desktop data.
    'Acquire::Languages "none";',
    '#clear Acquire::IndexTargets::deb-src;',
    ...DESKTOP_TARGETS.map((target) => `#clear Acquire::IndexTargets::deb::${target};`),
  );
  return `${lines.join('\n')}\n`;
}

const DESKTOP_TARGETS = [
  'DEP-11',
  'DEP-11-icons',
  'DEP-11-icons-small',
  'DEP-11-icons-large',
  'DEP-11-icons-hidpi',
  'DEP-11-icons-large-hidpi',
  'Contents-deb',
  'CNF',
];

/** The records in the output of `apt-cache show`; one that cannot be downloaded (installed by hand) has no hash and is left out. */
export function parseRecords(output: string): readonly PackageRecord[] {
  return output.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name: string): string | undefined => new RegExp(`^${name}: *(\\S+)`, 'm').exec(stanza)?.[1];
    const [name, version, architecture] = [field('Package'), field('Version'), field('Architecture')];
    const sha256 = field('SHA256')?.toLowerCase();
    if (!name || !version || !architecture || !sha256 || !field('Filename')) return [];
    return [{ package: name, version, architecture, sha256 }];
  });
}

/** The record that answers to a name; a package for every machine answers to any architecture. */
export function recordOf(name: PackageName, records: readonly PackageRecord[]): PackageRecord | undefined {
  return records.find(
    (r) => r.package === name.package && (r.architecture === 'all' || r.architecture === name.architecture),
  );
}

/** Hashes by path of a package's md5sums file. deb-md5sums(5). */
export function parseMd5sums(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(/^([0-9a-f]{32}) {2}(.+)$/gm)].map(([, md5 = '', path = '']) => [path, md5]));
}

const UNREACHABLE =
  /could not resolve|temporary failure|could(?:n't| not) connect|cannot initiate the connection|connection (?:failed|timed out|refused)|unreachable|proxy/i;

/** Whether apt complains of the network rather than of a package. */
export function isUnreachable(complaint: string): boolean {
  return UNREACHABLE.test(complaint);
}

/** Whether an update left out some of the lists. */
export function isIncomplete(complaint: string): boolean {
  return /^[EW]: Failed to fetch/m.test(complaint);
}

/** The first of apt's complaints, for people. */
export function firstComplaint(stderr: string): string | undefined {
  const line = /^[EW]: *(.+)$/m.exec(stderr)?.[1] ?? stderr.trim().split('\n')[0];
  return line === '' ? undefined : line?.slice(0, 300);
}
