/** Distributions whose repositories are known by name: where a mirror of ours fetches them, and which hosts serve the same files. */
import { parseUrl, type Url, USUAL_PORTS } from './url.ts';

/** For the page that says what there is. */
export interface Mirror {
  /** `debian`: the path's first segment. */
  readonly name: string;
  /** Ends with a slash. */
  readonly url: string;
}

/**
 * By HTTPS where the distribution's own host has it dependably. archive.ubuntu.com, ports.ubuntu.com and packages.linuxmint.com do not
 * promise it, and have been without it for years at a time: they are fetched as each installation would, and the signatures of their
 * indexes say whether what came is what was published (apt-secure(8)).
 */
export const MIRRORS: readonly Mirror[] = [
  { name: 'debian', url: 'https://deb.debian.org/debian/' },
  { name: 'debian-security', url: 'https://deb.debian.org/debian-security/' },
  { name: 'debian-cd', url: 'https://cdimage.debian.org/debian-cd/' },
  { name: 'ubuntu', url: 'http://archive.ubuntu.com/ubuntu/' },
  { name: 'ubuntu-ports', url: 'http://ports.ubuntu.com/ubuntu-ports/' },
  { name: 'ubuntu-releases', url: 'https://releases.ubuntu.com/' },
  { name: 'ubuntu-cdimage', url: 'https://cdimage.ubuntu.com/' },
  // Mint's and LMDE's: both are suites of one archive.
  { name: 'linuxmint', url: 'http://packages.linuxmint.com/' },
  { name: 'fedora', url: 'https://dl.fedoraproject.org/pub/fedora/linux/' },
  { name: 'epel', url: 'https://dl.fedoraproject.org/pub/epel/' },
  { name: 'rocky', url: 'https://dl.rockylinux.org/pub/rocky/' },
  { name: 'almalinux', url: 'https://repo.almalinux.org/almalinux/' },
  { name: 'centos-stream', url: 'https://mirror.stream.centos.org/' },
  // Not download.opensuse.org, which sends its clients on to mirrors.
  { name: 'opensuse', url: 'https://cdn.opensuse.org/' },
  { name: 'archlinux', url: 'https://geo.mirror.pkgbuild.com/' },
  { name: 'manjaro', url: 'https://mirrors.manjaro.org/repo/' },
  { name: 'alpine', url: 'https://dl-cdn.alpinelinux.org/alpine/' },
  { name: 'flathub', url: 'https://dl.flathub.org/repo/' },
];

/** By name. */
export type MirrorTable = ReadonlyMap<string, Url>;

/** The known ones, and the operator's own, which go before them; a URL that is none is left out. */
export function mirrorTable(own: readonly Mirror[]): MirrorTable {
  const rows = [...MIRRORS, ...own].flatMap(({ name, url }): [string, Url][] => {
    const base = parseUrl(url);
    return base ? [[name, base]] : [];
  });
  return new Map(rows);
}

const KNOWN = mirrorTable([]);

/**
 * What `http://mirror.<domain>/debian/...` stands for. Nothing for a path of none, with a query, or with what two readers may take for
 * two paths: dot segments, empty ones, escaped slashes.
 */
export function mirrorUrl(path: string, table: MirrorTable = KNOWN): Url | undefined {
  const end = path.indexOf('/', 1);
  const base = table.get(path.slice(1, end < 0 ? undefined : end));
  if (!base || path[0] !== '/' || path.includes('?')) return undefined;
  const rest = end < 0 ? '' : path.slice(end + 1);
  return isPlainPath(rest) ? { ...base, path: base.path + rest } : undefined;
}

/** Hosts of one owner that serve the same files: whoever of them is asked, what never changes is one object. */
interface Family {
  /** Of the owner: the last two labels of its hosts. */
  readonly zone: string;
  readonly hosts: RegExp;
  /** Where the files are, there. */
  readonly below: string;
  /** What the path from there belongs to. */
  readonly name: string;
}

/** The first that fits. */
const FAMILIES: readonly Family[] = [
  // https://www.debian.org/mirror/list: ftp.<country>.debian.org are Debian's own names; /debian is the same on all.
  {
    ...{ zone: 'debian.org', below: '/debian/', name: 'debian' },
    hosts: /^(?:deb|httpredir|cdn-fastly\.deb|ftp\d?(?:\.[a-z]{2})?)\.debian\.org$/,
  },
  {
    ...{ zone: 'debian.org', below: '/debian-security/', name: 'debian-security' },
    hosts: /^(?:security|security-cdn|deb|cdn-fastly\.deb)\.debian\.org$/,
  },
  // Older sources.list: `deb http://security.debian.org/ buster/updates main`.
  { zone: 'debian.org', hosts: /^security(?:-cdn)?\.debian\.org$/, below: '/', name: 'debian-security' },
  // One pool; country and cloud names are Canonical's. Ports and old releases are archives of their own.
  {
    ...{ zone: 'ubuntu.com', below: '/ubuntu/', name: 'ubuntu' },
    hosts: /^(?:(?:[a-z\d-]+\.){0,3}archive|security)\.ubuntu\.com$/,
  },
  {
    ...{ zone: 'ubuntu.com', below: '/ubuntu-ports/', name: 'ubuntu-ports' },
    hosts: /^(?:[a-z\d-]+\.)?ports\.ubuntu\.com$/,
  },
  { zone: 'linuxmint.com', hosts: /^packages\.linuxmint\.com$/, below: '/', name: 'linuxmint' },
  // Not download.fedoraproject.org: it sends clients on to others' mirrors.
  { zone: 'fedoraproject.org', hosts: /^dl\.fedoraproject\.org$/, below: '/pub/fedora/linux/', name: 'fedora' },
  { zone: 'fedoraproject.org', hosts: /^dl\.fedoraproject\.org$/, below: '/pub/epel/', name: 'epel' },
  { zone: 'rockylinux.org', hosts: /^(?:dl|download)\.rockylinux\.org$/, below: '/pub/rocky/', name: 'rocky' },
  { zone: 'almalinux.org', hosts: /^repo\.almalinux\.org$/, below: '/almalinux/', name: 'almalinux' },
  { zone: 'centos.org', hosts: /^mirror\.stream\.centos\.org$/, below: '/', name: 'centos-stream' },
  {
    ...{ zone: 'opensuse.org', below: '/', name: 'opensuse' },
    hosts: /^(?:cdn|download|downloadcontent)\.opensuse\.org$/,
  },
  // Arch's own, behind geo.mirror.pkgbuild.com: gitlab.archlinux.org/archlinux/infrastructure.
  { zone: 'pkgbuild.com', hosts: /^(?:[a-z\d-]+\.)?mirror\.pkgbuild\.com$/, below: '/', name: 'archlinux' },
  { zone: 'manjaro.org', hosts: /^mirrors\.manjaro\.org$/, below: '/repo/', name: 'manjaro' },
  { zone: 'manjaro.org', hosts: /^mirrors2\.manjaro\.org$/, below: '/', name: 'manjaro' },
  { zone: 'alpinelinux.org', hosts: /^dl-(?:cdn|\d)\.alpinelinux\.org$/, below: '/alpine/', name: 'alpine' },
  { zone: 'flathub.org', hosts: /^dl\.flathub\.org$/, below: '/repo/', name: 'flathub' },
];

const BY_ZONE: ReadonlyMap<string, readonly Family[]> = Map.groupBy(FAMILIES, ({ zone }) => zone);

/**
 * `mirror:debian/pool/...`: one key for a file that never changes, by HTTP and HTTPS and from each of its owner's hosts; nothing for a
 * host that is not known, or a path that may mean something else there. Escapes that are none are undone: apt asks for `%2b`, others
 * for `+`.
 */
export function sharedKey({ scheme, host, port, path }: Url): string | undefined {
  if (port !== USUAL_PORTS[scheme]) return undefined;
  const families = BY_ZONE.get(zoneOf(host));
  const family = families?.find(({ hosts, below }) => path.startsWith(below) && hosts.test(host));
  const rest = family && unescaped(path.slice(family.below.length));
  return rest === undefined ? undefined : `mirror:${family?.name}/${rest}`;
}

function zoneOf(host: string): string {
  return host.slice(host.lastIndexOf('.', host.lastIndexOf('.') - 1) + 1);
}

/** A path without escapes; nothing where it is no plain one. */
function unescaped(path: string): string | undefined {
  if (!isPlainPath(path)) return undefined;
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/** Printable characters of ASCII, escaped or not, but no second meaning: no query, no escaped percent sign, slash or dot segment. */
function isPlainPath(path: string): boolean {
  if (/[^!-~]|[\\?#]|%(?![2-7][\da-f])|%(?:2[035f]|3f|5c|7f)/i.test(path)) return false;
  return !/(?:^|\/)(?:\/|(?:\.|%2e){1,2}(?:\/|$))/i.test(path);
}
