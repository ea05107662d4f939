/** A fixed list of entries, and a folder of images in memory. */
import { type MacPattern, parseMacPattern } from '../../src/core/addr.ts';
import type { FolderEntry, Visit } from '../../src/core/content.ts';
import type { Entry } from '../../src/menu/entries.ts';
import type { MenuSettings } from '../../src/menu/plan.ts';
import type { Looked } from '../../src/menu/probe.ts';

export const VISIT: Visit = {
  localAddress: '172.16.0.10',
  clientAddress: '172.16.0.101',
  transport: 'tftp',
  httpPort: 80,
};

export const SETTINGS: MenuSettings = {
  title: 'FLISoL',
  timeoutSec: 30,
  default: 'local',
  serial: false,
  language: 'en',
  clients: [],
  nodeName: 'fnode00',
  colors: {
    background: '#10243e',
    text: '#f2f6fa',
    accent: '#ffd866',
    selected: '#ffd866',
    selectedText: '#10243e',
    frame: '#3d6ea5',
    hint: '#c7d6e6',
  },
};

export function pattern(text: string): MacPattern {
  const made = parseMacPattern(text);
  if (!made) throw new Error(`not a pattern: ${text}`);
  return made;
}

const FILES = '/isos/debian-installer-12-netboot-amd64/amd64/text/debian-installer/amd64';

export const INSTALL: Entry = {
  id: 'debian-12-amd64',
  title: 'Install (64-bit)',
  group: 'Debian 12 (bookworm) installer',
  fullTitle: 'Debian 12 (bookworm): Install (64-bit)',
  archs: ['x86_64'],
  firmware: ['bios', 'uefi'],
  how: {
    kind: 'linux',
    kernel: `${FILES}/linux`,
    initrds: [`${FILES}/initrd.gz`],
    arguments: ['vga=788', '---', 'quiet'],
  },
  memoryMib: 512,
  secureBoot: 'debian-signed',
};

/** One of each kind. */
export const ENTRIES: readonly Entry[] = [
  INSTALL,
  {
    ...INSTALL,
    id: 'debian-12-i386',
    title: 'Install (32-bit)',
    archs: ['i386'],
  },
  {
    ...INSTALL,
    id: 'debian-12-arm64',
    title: 'Install (ARM 64-bit)',
    archs: ['arm64'],
    firmware: ['uefi'],
  },
  {
    id: 'rescue-stick',
    title: "Teacher's rescue system; two initrds",
    archs: ['x86_64'],
    firmware: ['bios', 'uefi'],
    how: {
      kind: 'linux',
      kernel: 'http://172.16.0.99:8000/vmlinuz',
      initrds: ['/isos/rescue/initrd.img', '/isos/rescue/ours.cpio'],
      arguments: ['boot=live', 'ds=nocloud-net;s={http}/isos/seed/', 'note="it\'s"', 'server={node}'],
    },
    memoryMib: 1536,
    secureBoot: 'unknown',
    note: 'Password: on the blackboard',
  },
  {
    id: 'freedos',
    title: 'FreeDOS',
    group: 'Tools',
    archs: ['i386', 'x86_64'],
    firmware: ['bios'],
    how: { kind: 'memdisk', image: '/isos/freedos.iso', isCd: true },
    secureBoot: 'no',
  },
  {
    id: 'memtest-x64',
    title: 'Memory test (memtest86+, 64-bit)',
    group: 'Tools',
    archs: ['x86_64'],
    firmware: ['bios', 'uefi'],
    how: {
      kind: 'linux',
      kernel: '/boot/memtest86+x64.bin',
      uefiKernel: '/boot/memtest86+x64.efi',
      initrds: [],
      arguments: [],
    },
    secureBoot: 'no',
  },
  {
    id: 'ipxe',
    title: 'iPXE',
    group: 'Tools',
    archs: ['x86_64'],
    firmware: ['uefi'],
    how: { kind: 'chain', file: '/boot/ipxe.efi' },
    secureBoot: 'no',
  },
  {
    id: 'desk-7',
    title: 'Only for one room',
    archs: ['x86_64'],
    firmware: ['bios', 'uefi'],
    how: { kind: 'linux', kernel: '/isos/room/vmlinuz', initrds: [], arguments: [] },
    secureBoot: 'unknown',
    macs: [pattern('52:54:00:77:*')],
  },
];

export const LOADERS: ReadonlySet<string> = new Set(['chain.c32', 'memdisk']);

/** Files by name (`/isos/a/b`) with their text, or a size for those whose bytes don't matter. */
export function folderOf(files: Readonly<Record<string, string | number>>) {
  const listImages = async (path: string): Promise<Looked<readonly FolderEntry[]>> => {
    const inside = new Map<string, FolderEntry>();
    for (const [name, content] of Object.entries(files)) {
      if (!name.startsWith(`${path}/`)) continue;
      const [first = '', ...more] = name.slice(path.length + 1).split('/');
      const sizeBytes = typeof content === 'number' ? content : content.length;
      inside.set(first, { name: first, kind: more.length > 0 ? 'folder' : 'file', sizeBytes, modifiedMs: 0 });
    }
    return inside.size > 0 ? { kind: 'there', seen: [...inside.values()] } : { kind: 'gone' };
  };
  const readImage = async (path: string, maxBytes: number): Promise<Looked<Uint8Array>> => {
    const content = files[path];
    if (content === undefined) return { kind: 'gone' };
    if (typeof content === 'number') return { kind: 'unknown', reason: 'damaged' };
    return { kind: 'there', seen: new TextEncoder().encode(content).subarray(0, maxBytes) };
  };
  return { listImages, readImage };
}

/** The layout of package debian-installer-12-netboot-amd64, below `folder`. */
export function installerFiles(folder: string, arch = 'amd64'): Record<string, string | number> {
  const info = 'Debian version:  12 (bookworm)\nInstaller build: 20230607+deb12u15\n';
  const files: Record<string, string | number> = {};
  for (const [flavour, initrdBytes] of [
    ['text', 41_000_000],
    ['gtk', 73_000_000],
  ] as const) {
    files[`${folder}/${flavour}/version.info`] = info;
    files[`${folder}/${flavour}/debian-installer/${arch}/linux`] = 8_000_000;
    files[`${folder}/${flavour}/debian-installer/${arch}/initrd.gz`] = initrdBytes;
    files[`${folder}/${flavour}/debian-installer/${arch}/pxelinux.0`] = 42_000;
  }
  return files;
}
