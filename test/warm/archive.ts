/** A Debian archive in a folder, with packages that dpkg-deb made. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

export interface PackageSpec {
  readonly name: string;
  readonly version?: string;
  /** Further fields: Depends, Recommends, Provides, Priority. */
  readonly fields?: Readonly<Record<string, string>>;
}

export interface SuiteSpec {
  readonly suite: string;
  readonly components: Readonly<Record<string, readonly PackageSpec[]>>;
  /** As the archive of security updates: no gz. */
  readonly isXzOnly?: boolean;
  readonly isByHash?: boolean;
  /** Of the installer. */
  readonly udebs?: readonly PackageSpec[];
  /** Further files of each component, by path below it: translations, icons. */
  readonly more?: Readonly<Record<string, string>>;
  /** Further fields of Release. */
  readonly release?: Readonly<Record<string, string>>;
}

const sum = (kind: string, octets: Uint8Array): string => createHash(kind).update(octets).digest('hex');

/** As in a real index xz is the smallest form, which debootstrap takes: what comes again further than 32 KiB back is nothing to gzip. */
const FILLER = `X-Filler: ${Array.from({ length: 700 }, (_, i) => sum('sha256', Buffer.from(`${i}`))).join('')}\n`;

/** Signs releases. */
export class Signer {
  readonly folder = mkdtempSync(join(tmpdir(), 'signer-'));

  constructor() {
    const made = ['--quick-generate-key', 'Archive <archive@example.org>', 'ed25519', 'sign', 'never'];
    this.#gpg(made, '');
    writeFileSync(this.keyring, this.#gpg(['--export'], ''));
  }

  get keyring(): string {
    return join(this.folder, 'archive.gpg');
  }

  inline(text: string): Buffer {
    return this.#gpg(['--clear-sign'], text);
  }

  beside(text: string): Buffer {
    return this.#gpg(['--armor', '--detach-sign'], text);
  }

  /** gpg leaves an agent behind. */
  close(): void {
    execFileSync('gpgconf', ['--homedir', this.folder, '--kill', 'all'], { stdio: 'ignore' });
    rmSync(this.folder, { recursive: true, force: true });
  }

  #gpg(args: readonly string[], input: string): Buffer {
    const options = ['--homedir', this.folder, '--batch', '--quiet', '--no-tty', '--pinentry-mode', 'loopback'];
    return execFileSync('gpg', [...options, '--passphrase', '', ...args], { input, stdio: ['pipe', 'pipe', 'ignore'] });
  }
}

export class Archive {
  readonly #signer: Signer;
  readonly #files = new Map<string, Buffer>();
  readonly #work = mkdtempSync(join(tmpdir(), 'archive-'));

  constructor(signer: Signer) {
    this.#signer = signer;
  }

  /** By path from the archive's root. */
  get files(): ReadonlyMap<string, Buffer> {
    return this.#files;
  }

  /** Its packages come into the pool. */
  addSuite(spec: SuiteSpec): void {
    const listed = new Map<string, Buffer>();
    for (const [component, packages] of Object.entries(spec.components)) {
      const rows = packages.map((each) => `${this.#package(each, component, 'deb')}${FILLER}`);
      this.#index(listed, `${component}/binary-amd64/Packages`, rows.join('\n'), spec);
      this.#index(listed, `${component}/source/Sources`, '', spec);
      const udebs = component === 'main' ? (spec.udebs ?? []) : [];
      const installer = udebs.map((each) => this.#package(each, component, 'udeb')).join('\n');
      if (spec.udebs) this.#index(listed, `${component}/debian-installer/binary-amd64/Packages`, installer, spec);
      for (const [path, text] of Object.entries(spec.more ?? {}))
        this.#index(listed, `${component}/${path}`, text, spec);
    }
    this.#release(listed, spec);
  }

  close(): void {
    rmSync(this.#work, { recursive: true, force: true });
  }

  #package({ name, version = '1.0-1', fields = {} }: PackageSpec, component: string, ending: string): string {
    const control = {
      ...{ Package: name, Version: version, Architecture: 'all', Maintainer: 'Nobody <nobody@example.org>' },
      ...{ Priority: 'optional', Section: 'misc', ...fields, Description: `${name}, for a test` },
    };
    const lines = Object.entries(control).map(([field, value]) => `${field}: ${value}`);
    const folder = join(this.#work, `${name}_${this.#files.size}`);
    mkdirSync(join(folder, 'DEBIAN'), { recursive: true, mode: 0o755 });
    writeFileSync(join(folder, 'DEBIAN', 'control'), `${lines.join('\n')}\n`);
    const built = join(this.#work, 'built');
    const options = ['--nocheck', '-Zgzip', '--root-owner-group', '--build', folder, built];
    execFileSync('dpkg-deb', options, { stdio: 'ignore' });
    const octets = readFileSync(built);
    const path = `pool/${component}/${name}_${version.replace(/^\d+:/, '')}_all.${ending}`;
    this.#files.set(path, octets);
    const stanza = [`Filename: ${path}`, `Size: ${octets.length}`, `SHA256: ${sum('sha256', octets)}`];
    return `${[...lines, ...stanza].join('\n')}\n`;
  }

  #index(listed: Map<string, Buffer>, path: string, text: string, spec: SuiteSpec): void {
    const plain = Buffer.from(text);
    // What is listed uncompressed is on no server.
    listed.set(path, plain);
    const forms = new Map([['.xz', execFileSync('xz', ['-c'], { input: plain })]]);
    if (!spec.isXzOnly) forms.set('.gz', gzipSync(plain));
    for (const [ending, octets] of forms) {
      listed.set(path + ending, octets);
      const base = `dists/${spec.suite}/${path}${ending}`;
      this.#files.set(base, octets);
      this.#files.set(`${dirname(base)}/by-hash/SHA256/${sum('sha256', octets)}`, octets);
    }
  }

  #release(listed: ReadonlyMap<string, Buffer>, { suite, components, isByHash = true, release = {} }: SuiteSpec): void {
    const fields = {
      ...{ Origin: 'Debian', Suite: suite, Codename: suite, Date: 'Sat, 11 Jul 2026 10:16:37 UTC' },
      ...(isByHash ? { 'Acquire-By-Hash': 'yes' } : {}),
      ...{ Architectures: 'amd64 i386', Components: Object.keys(components).join(' '), ...release },
    };
    const rows = (kind: string) =>
      [...listed].map(([path, octets]) => ` ${sum(kind, octets)} ${octets.length} ${path}`).join('\n');
    const text = `${Object.entries(fields)
      .map(([name, value]) => `${name}: ${value}`)
      .join('\n')}\nMD5Sum:\n${rows('md5')}\nSHA256:\n${rows('sha256')}\n`;
    const all = [Buffer.from(text), this.#signer.beside(text), this.#signer.inline(text)];
    for (const [i, name] of ['Release', 'Release.gpg', 'InRelease'].entries())
      this.#files.set(`dists/${suite}/${name}`, all[i] ?? Buffer.alloc(0));
  }
}
