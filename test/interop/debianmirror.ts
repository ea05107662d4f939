/** A small Debian archive made of real packages, and machines whose apt has a home of its own. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** None runs a script when it is installed; some need others of them. */
export const PACKAGES = [
  ...['file', 'hello', 'jq', 'libjq1', 'libmagic-mgc', 'libmagic1', 'libonig5'],
  ...['libpopt0', 'libyaml-0-2', 'pv', 'tree', 'xxd', 'zip'],
];
/** What is asked for; the rest comes with it. */
export const WANTED = ['file', 'hello', 'jq', 'libpopt0', 'libyaml-0-2', 'pv', 'tree', 'xxd', 'zip'];
/** What debootstrap wants beside what it is told. */
export const FOR_BOOTSTRAP = 'usr-is-merged';
export const SUITE = 'bookworm';

const run = (command: string, args: readonly string[], cwd: string): string =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 2 ** 26 });

/** Below `site/debian`; the packages come from this machine's own sources. The `.deb` files by their paths. */
export function makeMirror(site: string): ReadonlyMap<string, number> {
  const root = join(site, 'debian');
  const architecture = run('dpkg', ['--print-architecture'], '/').trim();
  const binary = join('dists', SUITE, 'main', `binary-${architecture}`);
  const pool = join(root, 'pool', 'main');
  for (const folder of [pool, join(root, binary, 'by-hash', 'SHA256')]) mkdirSync(folder, { recursive: true });
  run('apt-get', ['-o', 'APT::Sandbox::User=root', 'download', '-q', ...PACKAGES, FOR_BOOTSTRAP], pool);
  // As in an archive: the epoch of a version is no part of the file's name.
  for (const name of readdirSync(pool)) renameSync(join(pool, name), join(pool, name.replace(/_\d+%3a/, '_')));
  const packages = run('apt-ftparchive', ['packages', 'pool'], root).replaceAll(
    /^Priority: .*$/gm,
    'Priority: required',
  );
  writeFileSync(join(root, binary, 'Packages'), packages);
  run('xz', ['-k', 'Packages'], join(root, binary));
  run('gzip', ['-kn', 'Packages'], join(root, binary));
  for (const name of ['Packages', 'Packages.xz', 'Packages.gz']) {
    const [sum = ''] = run('sha256sum', [name], join(root, binary)).split(' ');
    cpSync(join(root, binary, name), join(root, binary, 'by-hash', 'SHA256', sum));
  }
  const words = {
    Origin: 'Debian',
    Label: 'Debian',
    Suite: 'stable',
    Codename: SUITE,
    Architectures: architecture,
    Components: 'main',
  };
  const options = Object.entries({ ...words, 'Acquire-By-Hash': 'yes' }).flatMap(([name, value]) => [
    '-o',
    `APT::FTPArchive::Release::${name}=${value}`,
  ]);
  // Made elsewhere: a Release file does not list itself.
  const release = run('apt-ftparchive', [...options, 'release', join('dists', SUITE)], root);
  writeFileSync(
    join(root, 'dists', SUITE, 'Release'),
    release.includes('Acquire-By-Hash')
      ? release
      : `Acquire-By-Hash: yes
${release}`,
  );
  sign(site, join(root, 'dists', SUITE));
  return new Map(readdirSync(pool).map((name) => [`/debian/pool/main/${name}`, statSync(join(pool, name)).size]));
}

/** By a key that nobody knows: whoever trusts it has been told to. */
function sign(site: string, folder: string): void {
  const home = join(site, '..', 'gpg');
  mkdirSync(home, { mode: 0o700 });
  const options = ['--homedir', home, '--batch', '--quiet', '--passphrase', '', '--pinentry-mode', 'loopback'];
  run('gpg', [...options, '--quick-generate-key', 'mirror@example.org', 'ed25519', 'sign', '1d'], folder);
  run('gpg', [...options, '--clearsign', '--output', 'InRelease', 'Release'], folder);
  run('gpgconf', ['--homedir', home, '--kill', 'gpg-agent'], folder);
}

/** For an address and names; also an authority of its own. */
export function makeCertificate(
  folder: string,
  names: readonly string[],
): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const subject = ['-subj', '/CN=mirror', '-addext', `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  run('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', cert], folder);
  return { cert, key };
}

/** A machine's root as apt and dpkg see it: nothing is installed but what the packages need from outside of the mirror. */
export class AptRoot {
  readonly folder: string;

  constructor(folder: string, url: string) {
    this.folder = folder;
    const lists = ['var/lib/apt/lists/partial', 'var/cache/apt/archives/partial', 'var/log/apt'];
    for (const part of ['etc/apt/preferences.d', ...lists, 'var/lib/dpkg/info', 'var/lib/dpkg/updates', 'tmp'])
      mkdirSync(join(folder, part), { recursive: true });
    writeFileSync(join(folder, 'etc/apt/sources.list'), `deb [trusted=yes] ${url} ${SUITE} main\n`);
    writeFileSync(join(folder, 'var/lib/dpkg/status'), installed());
    const set = {
      Dir: folder,
      'Dir::Etc::parts': '/dev/null',
      'Dir::Etc::main': '/dev/null',
      'Dir::Etc::sourceparts': '/dev/null',
      'Dir::State::status': join(folder, 'var/lib/dpkg/status'),
      'Dir::Bin::dpkg': '/usr/bin/dpkg',
      'Dir::Bin::methods': '/usr/lib/apt/methods',
      'APT::Sandbox::User': 'root',
      'APT::Install-Recommends': 'false',
      'Acquire::http::Proxy': 'false',
      'Acquire::Languages': 'none',
      'Acquire::Retries': '0',
    };
    const lines = Object.entries(set).map(([key, value]) => `${key} "${value}";\n`);
    writeFileSync(this.#config, `${lines.join('')}DPkg::Options { "--root=${folder}"; };\n`);
  }

  /** The machine's own settings do not count: a command and its arguments. */
  aptGet(...words: readonly string[]): readonly [command: string, ...args: string[]] {
    return ['env', `APT_CONFIG=${this.#config}`, 'apt-get', '-y', '-q', ...words];
  }

  get #config(): string {
    return join(this.folder, 'apt.conf');
  }

  /** What is installed of the mirror's packages, by name, and whether its files are there. */
  installed(): readonly string[] {
    const text = readFileSync(join(this.folder, 'var/lib/dpkg/status'), 'utf8');
    const rows = text.split('\n\n').filter((row) => /^Status: install ok installed$/m.test(row));
    return rows
      .map((row) => /^Package: (\S+)$/m.exec(row)?.[1] ?? '')
      .filter((name) => PACKAGES.includes(name))
      .toSorted();
  }
}

/** Rows of this machine's own packages that the mirror's need, and what those need: they count as installed. */
function installed(): string {
  const rows = new Map<string, string>();
  for (const row of readFileSync('/var/lib/dpkg/status', 'utf8').split('\n\n')) {
    const name = /^Package: (\S+)$/m.exec(row)?.[1];
    if (name !== undefined) rows.set(name, row);
  }
  const wanted = new Set(PACKAGES);
  // A set hands out what is added to it while it is gone through.
  for (const name of wanted) for (const other of needsOf(rows.get(name) ?? '')) wanted.add(other);
  const kept = [...rows].filter(([name]) => wanted.has(name) && !PACKAGES.includes(name));
  return `${kept.map(([, row]) => row).join('\n\n')}\n\n`;
}

/** Names that stand in what a package depends on, alternatives among them. */
function needsOf(row: string): readonly string[] {
  const lines = [...row.matchAll(/^(?:Pre-)?Depends: (.*)$/gm)].map(([, line = '']) => line);
  return lines.flatMap((line) => line.split(/[,|]/).map((each) => each.trim().replace(/[ (:].*$/s, '')));
}
