/** Images as the catalogue hands them over, with verdicts as recognition would give. */
import { parseIpv4 } from '../../src/core/addr.ts';
import type { CompanionFacts } from '../../src/core/companion.ts';
import type { CatalogImage, ImageEntry, Transport, Verdict } from '../../src/core/image.ts';
import type { Peer } from '../../src/core/swarm.ts';
import type { Entry } from '../../src/menu/entries.ts';
import { imageEntries } from '../../src/menu/images.ts';
import { type Language, WORDS } from '../../src/menu/words.ts';

export function imageOf(path: string, verdict: Verdict | undefined, changes: Partial<CatalogImage> = {}): CatalogImage {
  const [, stem = '', suffix = ''] = /([^/]*)(\.\w+)$/.exec(path) ?? [];
  return {
    path,
    alias: stem.replaceAll(/[^A-Za-z0-9._+-]+/g, '-').toLowerCase(),
    suffix: suffix.toLowerCase(),
    sizeBytes: 2_900_000_000,
    modifiedMs: 0,
    state: 'ready',
    ...(verdict === undefined ? {} : { verdict }),
    checksum: { kind: 'none' },
    ...changes,
  };
}

/** Casper over HTTP, of the live system. */
export const CASPER: ImageEntry = {
  key: 'live',
  use: 'live',
  transport: 'http',
  isStreaming: false,
  archs: ['x86_64'],
  firmware: ['bios', 'uefi'],
  how: {
    kind: 'linux',
    kernel: 'casper/vmlinuz',
    initrds: ['casper/initrd.lz'],
    arguments: ['boot=casper', 'netboot=url', 'iso-url={iso}', 'root=/dev/ram0', 'ip=dhcp', 'quiet', 'splash', '---'],
    shim: 'EFI/BOOT/BOOTX64.EFI',
  },
  memoryMib: 4608,
  secureBoot: 'own-shim',
};

export const CASPER_NFS: ImageEntry = {
  ...CASPER,
  key: 'live-nfs',
  transport: 'nfs',
  isStreaming: true,
  memoryMib: 2048,
  how: {
    kind: 'linux',
    kernel: 'casper/vmlinuz',
    initrds: ['casper/initrd.lz'],
    arguments: ['boot=casper', 'netboot=nfs', 'nfsroot={nfs}', 'ip=dhcp'],
    shim: 'EFI/BOOT/BOOTX64.EFI',
  },
};

export const MINT: Verdict = {
  family: 'casper',
  name: 'Linux Mint',
  version: '22',
  edition: 'Cinnamon',
  codename: 'Wilma',
  archs: ['x86_64'],
  group: 'Linux Mint',
  entries: [CASPER, CASPER_NFS],
};

export const UBUNTU_MATE: Verdict = {
  ...MINT,
  name: 'Ubuntu MATE',
  version: '24.04.1 LTS',
  edition: 'MATE',
  group: 'Ubuntu',
};

export const NETINST: Verdict = {
  family: 'debian-installer',
  name: 'Debian',
  version: '12.5.0',
  edition: 'netinst',
  archs: ['x86_64'],
  group: 'Debian',
  entries: [
    {
      key: 'install',
      use: 'install',
      transport: 'http',
      isStreaming: false,
      archs: ['x86_64'],
      firmware: ['bios', 'uefi'],
      how: {
        kind: 'linux',
        kernel: '/boot/companions/debian-12-amd64/linux',
        initrds: ['/boot/companions/debian-12-amd64/initrd.gz'],
        arguments: ['mirror/http/hostname={node}', 'mirror/http/directory={path}', '---', 'quiet'],
      },
      memoryMib: 512,
      secureBoot: 'unknown',
      companion: 'debian-12-amd64',
    },
  ],
};

export const FEDORA: Verdict = {
  family: 'anaconda',
  name: 'Fedora',
  version: '41',
  edition: 'Server',
  archs: ['x86_64'],
  group: 'Fedora',
  entries: [
    {
      ...CASPER,
      key: 'install',
      use: 'install',
      how: {
        kind: 'linux',
        kernel: 'images/pxeboot/vmlinuz',
        initrds: ['images/pxeboot/initrd.img'],
        arguments: ['inst.repo={tree}', 'ip=dhcp'],
      },
      memoryMib: 3072,
    },
    {
      ...CASPER,
      key: 'rescue',
      use: 'rescue',
      how: {
        kind: 'linux',
        kernel: 'images/pxeboot/vmlinuz',
        initrds: ['images/pxeboot/initrd.img'],
        arguments: ['inst.repo={tree}', 'inst.rescue', 'ip=dhcp'],
      },
    },
  ],
};

export const WINDOWS: Verdict = {
  family: 'windows',
  name: 'Windows 11',
  version: '24H2',
  archs: ['x86_64'],
  group: 'Windows',
  entries: [
    {
      ...CASPER,
      key: 'winpe',
      use: 'start',
      variant: 'WinPE console',
      firmware: ['uefi'],
      how: {
        kind: 'wimboot',
        files: [
          { name: 'bootmgfw.efi', file: 'efi/boot/bootx64.efi' },
          { name: 'BCD', file: 'efi/microsoft/boot/bcd' },
          { name: 'boot.sdi', file: 'boot/boot.sdi' },
          { name: 'boot.wim', file: 'sources/boot.wim' },
        ],
        index: 1,
      },
      secureBoot: 'unknown',
    },
  ],
};

export const UNKNOWN: Verdict = {
  family: 'unknown',
  name: 'FIRMWARE 3',
  version: '',
  archs: ['i386', 'x86_64'],
  group: 'Other',
  entries: [
    {
      ...CASPER,
      key: 'memdisk',
      use: 'last-resort',
      archs: ['i386'],
      firmware: ['bios'],
      how: { kind: 'memdisk' },
      secureBoot: 'unknown',
    },
    {
      ...CASPER,
      key: 'sanboot',
      use: 'last-resort',
      archs: ['i386', 'x86_64'],
      how: { kind: 'sanboot' },
      secureBoot: 'unknown',
    },
  ],
};

/** A companion kernel of Debian's. */
export const SIGNED: CompanionFacts = { version: '6.1.0-37-amd64', secureBoot: 'debian-signed', isBiosOnly: false };

/** What a node gives that lacks nothing, and serves everything if nothing else is said. */
export function entriesFrom(
  images: readonly CatalogImage[],
  language: Language = 'en',
  transports: ReadonlySet<Transport> = new Set(['http', 'tftp', 'nfs']),
): readonly Entry[] {
  return imageEntries(images, {
    transports,
    companions: new Map([['debian-12-amd64', SIGNED]]),
    loaders: new Set(['memdisk', 'wimboot']),
    words: WORDS[language],
    files: new Map(),
    taken: new Set(),
  }).entries;
}

/** One of each kind. */
export const EACH: readonly CatalogImage[] = [
  imageOf('linuxmint-22-cinnamon-64bit.iso', MINT),
  imageOf('ubuntu-mate-24.04.1-desktop-amd64.iso', UBUNTU_MATE),
  imageOf('debian-12.5.0-amd64-netinst.iso', NETINST),
  imageOf('Fedora-Server-41.iso', FEDORA),
  imageOf('win11.iso', WINDOWS),
  imageOf('firmware.iso', UNKNOWN, { sizeBytes: 30_000_000 }),
].map((image) => ({ ...image, etag: `"${image.alias}"` }));

/** A node that has `entries`, too, and calls some of their images otherwise. */
export function peerOf(
  address: string,
  entries: readonly Entry[],
  aliases: Readonly<Record<string, string>> = {},
): Peer {
  const node = parseIpv4(address);
  if (!node) throw new Error(`no address: ${address}`);
  const listed = entries.map(({ id, image }) => ({
    id,
    ...(image === undefined ? {} : { alias: aliases[image.alias] ?? image.alias }),
    ...(image?.etag === undefined ? {} : { etag: image.etag }),
  }));
  return { name: `fnode-${address.replaceAll('.', '-')}`, address: node, httpPort: 80, entries: listed };
}
