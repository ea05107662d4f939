/** Small stand-ins for boot loaders, the packages that hold them, and an apt that has these packages. */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type RunCommand, type RunResult, runCommand } from '../../src/host/exec.ts';
import { debFileName } from '../../src/loaders/apt.ts';
import type { Format, Loader, PackageArchitecture, PeMachine } from '../../src/loaders/loader.ts';
import { LOADERS } from '../../src/loaders/table.ts';

const MACHINE: Readonly<Record<PeMachine, number>> = { x64: 0x8664, ia32: 0x14c, arm64: 0xaa64, riscv64: 0x5064 };

/** Bytes that look right from outside; `mark` makes them differ. */
export function likeness(format: Format, mark: string, isSigned = false): Buffer {
  switch (format.kind) {
    case 'pe':
      return pe(format.machine, mark, isSigned);
    case 'c32': {
      const bytes = filled(64, mark);
      bytes.write('\x7fELF\x01\x01\x01', 0, 'latin1');
      bytes.writeUInt16LE(3, 18);
      return bytes;
    }
    case 'kernel': {
      const bytes = filled(1024, mark);
      bytes.write('\x55\xaa\xeb\x66HdrS', 510, 'latin1');
      return bytes;
    }
    case 'nbp': {
      const bytes = filled(600, mark);
      bytes[0] = 0xea;
      return bytes;
    }
  }
}

function filled(size: number, mark: string): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.write(mark, 32);
  return bytes;
}

function pe(machine: PeMachine, mark: string, isSigned: boolean): Buffer {
  const bytes = Buffer.alloc(512);
  const is64 = machine !== 'ia32';
  const directories = 0x80 + 24 + (is64 ? 112 : 96);
  bytes.write('MZ', 0);
  bytes.writeUInt32LE(0x80, 0x3c);
  bytes.write('PE\0\0', 0x80, 'latin1');
  bytes.writeUInt16LE(MACHINE[machine], 0x84);
  bytes.writeUInt16LE(is64 ? 0x20b : 0x10b, 0x80 + 24);
  bytes.writeUInt32LE(16, directories - 4);
  if (isSigned) {
    bytes.writeUInt32LE(480, directories + 32);
    bytes.writeUInt32LE(32, directories + 36);
  }
  bytes.write(mark, 440);
  return bytes;
}

/** 2021-02-03 04:05:06 UTC: the time of every file in the packages. */
export const PACKED_AT_MS = Date.UTC(2021, 1, 3, 4, 5, 6);

export interface Deb {
  readonly package: string;
  readonly architecture: PackageArchitecture;
  readonly version: string;
  readonly path: string;
  readonly sha256: string;
}

export interface DebOptions {
  readonly version: string;
  /** A file whose bytes are not those of its md5sums. */
  readonly tampered?: string;
  /** Files that are left out, by the loader's name. */
  readonly without?: readonly string[];
  /** Packages of other versions. */
  readonly versions?: Readonly<Record<string, string>>;
}

/** Builds the package of every loader's first source into `folder`. */
export async function buildDebs(folder: string, options: DebOptions): Promise<readonly Deb[]> {
  const bySource = new Map<string, Loader[]>();
  for (const loader of LOADERS) {
    const source = loader.sources[0];
    if (!source || options.without?.includes(loader.name)) continue;
    const key = `${source.package} ${source.architecture}`;
    bySource.set(key, [...(bySource.get(key) ?? []), loader]);
  }
  return Promise.all([...bySource.values()].map((loaders) => buildDeb(folder, loaders, options)));
}

async function buildDeb(folder: string, loaders: readonly Loader[], options: DebOptions): Promise<Deb> {
  const source = loaders[0]?.sources[0];
  if (!source) throw new Error('no source');
  const version = options.versions?.[source.package] ?? options.version;
  const record = { package: source.package, architecture: source.architecture, version, sha256: '' };
  const path = join(folder, debFileName(record));
  const tree = `${path}.tree`;
  await mkdir(join(tree, 'DEBIAN'), { recursive: true });
  const md5sums: string[] = [];
  for (const loader of loaders) {
    const inside = loader.sources[0]?.paths[0] ?? '';
    const bytes = likeness(loader.format, `${loader.name} ${version}`, inside.includes('.signed'));
    await mkdir(dirname(join(tree, inside)), { recursive: true });
    await writeFile(join(tree, inside), bytes);
    await utimes(join(tree, inside), PACKED_AT_MS / 1000, PACKED_AT_MS / 1000);
    const md5 = createHash('md5').update(loader.name === options.tampered ? Buffer.from('other') : bytes);
    md5sums.push(`${md5.digest('hex')}  ${inside}\n`);
  }
  const control = { Package: source.package, Version: version, Architecture: source.architecture };
  const fields = { ...control, Maintainer: 'Nobody <nobody@example.org>', Description: 'a test' };
  const text = Object.entries(fields).map(([name, value]) => `${name}: ${value}\n`);
  await writeFile(join(tree, 'DEBIAN/control'), text.join(''));
  await writeFile(join(tree, 'DEBIAN/md5sums'), md5sums.join(''));
  const built = await runCommand('dpkg-deb', ['--build', '-Znone', tree, path], { timeoutMs: 30_000 });
  if (built.code !== 0) throw new Error(built.stderr);
  return {
    ...record,
    path,
    sha256: createHash('sha256')
      .update(await readFile(path))
      .digest('hex'),
  };
}

export interface FakeApt {
  /** What the system's lists know. */
  readonly system: readonly Deb[];
  /** What fresh lists know. */
  readonly fresh?: readonly Deb[];
  /** What apt complains of when it is to reach a server. */
  readonly network?: string;
  /** Names that the servers have no longer. */
  readonly gone?: readonly string[];
}

/** An apt that knows these packages; everything that is not apt really runs. `calls` collects the command lines. */
export function fakeApt(apt: FakeApt, calls: string[] = []): RunCommand {
  return async (command, args, options) => {
    calls.push([command, ...args].join(' '));
    if (command === 'dpkg') return says('amd64\n');
    if (command !== 'apt-get' && command !== 'apt-cache') return runCommand(command, args, options);
    const isPrivate = args[1]?.includes('/private/') ?? false;
    const verb = args.find((arg) => ['--version', 'update', 'show', 'download'].includes(arg));
    const known = isPrivate ? (apt.network ? [] : (apt.fresh ?? apt.system)) : apt.system;
    if (verb === 'update' && apt.network) return fails(apt.network);
    if (verb === 'show')
      return says(args.flatMap((arg) => known.filter((d) => isNamed(d, arg)).map(stanza)).join('\n'));
    if (verb !== 'download') return says('apt 2.6.1 (amd64)\n');
    if (apt.network) return fails(apt.network);
    for (const deb of args.flatMap((arg) => known.filter((d) => isNamed(d, arg.split('=')[0] ?? '')))) {
      if (isPrivate || !apt.gone?.includes(deb.package))
        await copyFile(deb.path, join(options.cwd ?? '', basename(deb.path)));
    }
    return says('');
  };
}

function isNamed(deb: Deb, name: string): boolean {
  return name === (deb.architecture === 'all' ? deb.package : `${deb.package}:${deb.architecture}`);
}

function stanza(deb: Deb): string {
  const { package: name, version, architecture, sha256, path } = deb;
  return `Package: ${name}\nVersion: ${version}\nArchitecture: ${architecture}\nFilename: pool/${basename(path)}\nSHA256: ${sha256}\n`;
}

const says = (stdout: string): RunResult => ({ code: 0, stdout, stderr: '' });
const fails = (stderr: string): RunResult => ({ code: 100, stdout: '', stderr });
