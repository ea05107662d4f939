/** Images that are in memory only: a listing of names with what recognition reads of them. */
import type { FolderEntry } from '../../src/core/content.ts';
import type { Arch, BootImage, ImageView } from '../../src/core/image.ts';

export interface MadeFile {
  readonly sizeBytes: number;
  /** What is at its start; zeros follow. */
  readonly bytes: Uint8Array;
}

/** A text, a size in octets, or both. */
export type Fill = string | number | MadeFile;

export interface MadeImage {
  readonly fileName?: string;
  readonly format?: ImageView['format'];
  readonly label?: string;
  readonly systemId?: string;
  readonly sizeBytes?: number;
  readonly boots?: readonly BootImage['platform'][];
  readonly files?: Readonly<Record<string, Fill>>;
}

export const MIB = 1024 * 1024;

export function madeFile(fill: Fill): MadeFile {
  if (typeof fill === 'number') return { sizeBytes: fill, bytes: new Uint8Array() };
  if (typeof fill !== 'string') return fill;
  const bytes = new TextEncoder().encode(fill);
  return { sizeBytes: bytes.length, bytes };
}

interface Folder {
  readonly name: string;
  readonly children: Map<string, Folder | (MadeFile & { readonly name: string })>;
}

/** Letter case does not matter in look-ups, names come back as they were given. */
export function imageView(made: MadeImage): ImageView {
  const root: Folder = { name: '', children: new Map() };
  for (const [path, fill] of Object.entries(made.files ?? {})) put(root, path.split('/'), madeFile(fill));
  const boots = made.boots ?? ['bios', 'uefi'];
  return {
    fileName: made.fileName ?? 'image.iso',
    format: made.format ?? 'iso9660',
    label: made.label ?? '',
    systemId: made.systemId ?? 'LINUX',
    sizeBytes: made.sizeBytes ?? 1000 * MIB,
    bootImages: boots.map((platform) => ({ platform, emulation: 'none', position: 0x8000, lengthBytes: 2048 })),
    list: async (path) => {
      const folder = find(root, path);
      return folder && 'children' in folder ? [...folder.children.values()].map(entryOf) : undefined;
    },
    read: async (path, maxBytes, position = 0) => {
      const file = find(root, path);
      if (!file || 'children' in file) return undefined;
      const bytes = new Uint8Array(Math.max(0, Math.min(maxBytes, file.sizeBytes - position)));
      bytes.set(file.bytes.subarray(position, position + bytes.length));
      return bytes;
    },
  };
}

function put(folder: Folder, [name = '', ...rest]: readonly string[], file: MadeFile): void {
  const key = name.toLowerCase();
  if (rest.length === 0) {
    // A name with a slash at its end is an empty folder.
    if (name !== '') folder.children.set(key, { ...file, name });
    return;
  }
  const child = folder.children.get(key) ?? { name, children: new Map() };
  folder.children.set(key, child);
  if ('children' in child) put(child, rest, file);
}

function find(root: Folder, path: string): Folder | MadeFile | undefined {
  let at: Folder | MadeFile | undefined = root;
  for (const name of path.split('/').filter((part) => part !== '')) {
    at = at && 'children' in at ? at.children.get(name.toLowerCase()) : undefined;
  }
  return at;
}

function entryOf(child: Folder | (MadeFile & { readonly name: string })): FolderEntry {
  return 'children' in child
    ? { name: child.name, kind: 'folder', sizeBytes: 2048, modifiedMs: 0 }
    : { name: child.name, kind: 'file', sizeBytes: child.sizeBytes, modifiedMs: 0 };
}

export interface MadeKernel {
  readonly version?: string;
  readonly arch?: Arch;
  /** `none`: an EFI program without a signature; left out: no EFI program at all. */
  readonly signer?: 'none' | 'Debian Secure Boot CA' | 'Canonical Ltd. Secure Boot Signing' | 'Fedora Secure Boot CA';
  readonly sizeBytes?: number;
}

const MACHINES: Readonly<Record<Arch, number>> = { x86_64: 0x8664, i386: 0x14c, arm64: 0xaa64 };
const VERSION_AT = 0x3000;
const SIGNATURE_AT = 0x4000;

/** A kernel image as far as its headers go. [linux: Documentation/arch/x86/boot.rst] */
export function kernel(made: MadeKernel = {}): MadeFile {
  const bytes = Buffer.alloc(SIGNATURE_AT + 0x800);
  const arch = made.arch ?? 'x86_64';
  if (arch !== 'arm64') {
    bytes.write('HdrS', 0x202, 'latin1');
    bytes.writeUInt16LE(0x20f, 0x206);
    if (made.version) bytes.writeUInt16LE(VERSION_AT - 0x200, 0x20e);
    bytes.writeUInt16LE(arch === 'x86_64' ? 0x7f : 0x40, 0x236);
    bytes.write(`${made.version} (builder@host) #1 SMP\0`, VERSION_AT, 'latin1');
  }
  if (made.signer !== undefined) putProgram(bytes, MACHINES[arch], made.signer);
  return { sizeBytes: made.sizeBytes ?? 12 * MIB, bytes };
}

function putProgram(bytes: Buffer, machine: number, signer: string): void {
  const at = 0x80;
  bytes.write('MZ', 0, 'latin1');
  bytes.writeUInt32LE(at, 0x3c);
  bytes.write('PE\0\0', at, 'latin1');
  bytes.writeUInt16LE(machine, at + 4);
  const isWide = machine !== 0x14c;
  bytes.writeUInt16LE(isWide ? 0x20b : 0x10b, at + 24);
  if (signer === 'none') return;
  const directory = at + 24 + (isWide ? 112 : 96) + 32;
  bytes.writeUInt32LE(SIGNATURE_AT, directory);
  bytes.writeUInt32LE(0x600, directory + 4);
  bytes.write(signer, SIGNATURE_AT + 0x100, 'latin1');
}

export interface MadeSystem {
  readonly name: string;
  readonly edition?: string;
  readonly build: number;
  readonly arch?: number;
}

/** Header and description of a WIM file. [MS-WIM; the XML stands where octet 80 says] */
export function wim(systems: readonly MadeSystem[], bootIndex: number, sizeBytes = 400 * MIB): MadeFile {
  const images = systems.map(
    ({ name, edition = '', build, arch = 9 }, i) =>
      `<IMAGE INDEX="${i + 1}"><NAME>${name}</NAME><WINDOWS><ARCH>${arch}</ARCH><EDITIONID>${edition}</EDITIONID>` +
      `<VERSION><MAJOR>10</MAJOR><MINOR>0</MINOR><BUILD>${build}</BUILD></VERSION></WINDOWS></IMAGE>`,
  );
  const xml = Buffer.from(`\ufeff<WIM>${images.join('')}</WIM>`, 'utf16le');
  const header = Buffer.alloc(208);
  header.write('MSWIM\0\0\0', 0, 'latin1');
  header.writeUInt32LE(208, 8);
  header.writeUInt32LE(xml.length, 72);
  header.writeUInt32LE(208, 80);
  header.writeUInt32LE(xml.length, 88);
  header.writeUInt32LE(bootIndex, 120);
  return { sizeBytes, bytes: Buffer.concat([header, xml]) };
}
