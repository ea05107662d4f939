/** Small systems, rescue tools, memory tests, other systems than Linux, and what nobody knows. */
import type { Family, Way, Word } from './row.ts';

const dhcp = (why: string, from: string): Word => ({ word: 'ip=dhcp', why, from });

/** memdisk keeps the image below 4 GiB, and loading takes its time. Taste. */
const MAX_MEMDISK_BYTES = 500 * 1024 * 1024;

const MEMDISK: Way = {
  use: 'last-resort',
  variant: 'the image in memory',
  suffix: 'memdisk',
  transport: 'http',
  memory: { of: 'image', plusMib: 64 },
  when: { boots: 'bios', maxBytes: MAX_MEMDISK_BYTES },
  how: 'memdisk',
};

/** Reads block by block until the system loads drivers of its own, and then finds no medium. */
const SANBOOT: Way = {
  use: 'last-resort',
  variant: 'block by block over HTTP',
  suffix: 'sanboot',
  transport: 'http',
  isStreaming: true,
  memory: { of: 'nothing', plusMib: 256 },
  how: 'sanboot',
};

const SANBOOTS: readonly Way[] = [
  { ...SANBOOT, when: { boots: 'bios' } },
  { ...SANBOOT, suffix: 'sanboot-uefi', when: { boots: 'uefi' } },
];

const bare = { words: [], takesOwnWords: false, secureBoot: 'no' } as const;

/** Versions from 6 on are Linux kernels to boot loaders, for BIOS and UEFI. */
const MEMTEST_KERNELS = ['boot/memtest', 'boot/memtest*.bin', 'boot/mt86+*', 'boot/memtest86+*'];

export const MEMTEST: Family = {
  id: 'memtest',
  ...bare,
  marks: [
    { has: ['boot/memtest*'], lacks: ['casper', 'live', 'dists'] },
    { has: [], label: /^(memtest|mt86)/i },
  ],
  boots: [
    ...MEMTEST_KERNELS.map((kernel) => ({ kernel, initrds: [] })),
    // Alone on the image it is the test itself; beside a kernel it is a boot loader.
    {
      kernel: 'EFI/BOOT/BOOTX64.EFI',
      initrds: [],
      arch: 'x86_64',
      firmware: ['uefi'],
      isElse: true,
    },
    {
      kernel: 'EFI/BOOT/BOOTIA32.EFI',
      initrds: [],
      arch: 'i386',
      firmware: ['uefi'],
      isElse: true,
    },
  ],
  ways: [
    { use: 'memory-test', transport: 'http', memory: { of: 'kernel', plusMib: 64 } },
    { ...MEMDISK, use: 'memory-test', when: { ...MEMDISK.when, lacks: MEMTEST_KERNELS } },
  ],
};

export const FREEDOS: Family = {
  id: 'freedos',
  ...bare,
  marks: [{ has: ['kernel.sys'] }, { has: ['freedos'] }, { has: ['fdos'] }, { has: [], label: /^(freedos|fd1\d)/i }],
  boots: [],
  ways: [{ ...MEMDISK, use: 'start' }],
  problems: [
    {
      onlyAlone: true,
      problem: {
        reason: 'cannot-netboot',
        says: 'DOS starts in BIOS mode only, from an image that fits into memory.',
        cure: 'Take the smaller boot image of the same system.',
      },
    },
  ],
};

const sysrcd = (kernel: string, variant?: string) => ({
  kernel,
  initrds: [['isolinux/initram.igz', 'syslinux/initram.igz', 'initram.igz']],
  arch: kernel.endsWith('64') ? ('x86_64' as const) : ('i386' as const),
  ...(variant ? { variant } : {}),
});

export const SYSTEMRESCUECD: Family = {
  id: 'systemrescuecd-old',
  ...bare,
  marks: [{ has: ['sysrcd.dat'] }],
  boots: ['isolinux', 'syslinux'].flatMap((folder) => [
    sysrcd(`${folder}/rescue64`),
    sysrcd(`${folder}/rescue32`),
    sysrcd(`${folder}/altker64`, 'other kernel'),
    sysrcd(`${folder}/altker32`, 'other kernel'),
  ]),
  medium: 'sysrcd.dat',
  words: [
    { word: 'dodhcp', why: 'asks DHCP; its own word for it', from: 'SystemRescueCd: PXE network booting' },
    dhcp('said everywhere', 'SystemRescueCd: PXE network booting'),
  ],
  ways: [
    {
      use: 'rescue',
      transport: 'nfs',
      isStreaming: true,
      memory: { of: 'nothing', plusMib: 512 },
      words: [{ word: 'netboot=nfs://{nfs}', why: 'address and folder', from: 'SystemRescueCd: PXE network booting' }],
    },
    {
      use: 'rescue',
      transport: 'http',
      memory: { of: 'medium', plusMib: 512 },
      words: [
        {
          word: 'netboot={tree}/$medium',
          why: 'the file system alone, into memory',
          from: 'SystemRescueCd: PXE network booting',
        },
        {
          word: 'root=/dev/ram0',
          why: 'without root= the initial root is a tmpfs of half the memory, and downloads stop there',
          from: 'linux: init/do_mounts.c',
        },
      ],
    },
  ],
};

export const TINYCORE: Family = {
  id: 'tinycore',
  ...bare,
  marks: [{ has: ['boot/core*.gz'] }, { has: ['boot/vmlinuz*'], label: /^(tinycore|core)/i }],
  boots: [
    { kernel: 'boot/vmlinuz', initrds: [['boot/core.gz', 'boot/tinycore.gz']], arch: 'i386' },
    { kernel: 'boot/vmlinuz64', initrds: [['boot/corepure64.gz', 'boot/core64.gz']], arch: 'x86_64' },
  ],
  words: [
    { word: 'loglevel=3', why: 'as its own menu has it', from: 'Core: boot/isolinux/isolinux.cfg' },
    dhcp('said everywhere; Core asks DHCP by itself', 'Core: init'),
  ],
  ways: [
    {
      use: 'live',
      transport: 'http',
      memory: { of: 'nothing', plusMib: 128 },
      when: { lacks: 'cde' },
    },
    {
      use: 'live',
      variant: 'text console, without the extensions on the image',
      suffix: 'core',
      transport: 'http',
      memory: { of: 'nothing', plusMib: 128 },
      when: { has: 'cde' },
    },
  ],
};

export const SLAX: Family = {
  id: 'slax',
  ...bare,
  marks: [{ has: ['slax/boot/vmlinuz'] }],
  boots: [{ kernel: 'slax/boot/vmlinuz', initrds: [['slax/boot/initrfs.img', 'slax/boot/initrd.img']] }],
  // No ip=dhcp: any ip= means its own PXE server to it, and it asks DHCP by itself.
  words: [{ word: 'from={iso}', why: 'the image, read over HTTP as it is needed', from: 'linux-live: livekitlib' }],
  ways: [{ use: 'live', transport: 'http', isStreaming: true, memory: { of: 'nothing', plusMib: 1024 } }],
  takesOwnWords: true,
};

export const PORTEUS: Family = {
  id: 'porteus',
  ...bare,
  marks: [{ has: ['porteus/base'] }, { has: ['boot/syslinux/vmlinuz', 'porteus'] }],
  boots: [{ kernel: 'boot/syslinux/vmlinuz', initrds: [] }],
  ways: [],
  problems: [
    {
      problem: {
        reason: 'cannot-netboot',
        says: 'Porteus fetches its modules from its own kind of PXE server only.',
        cure: 'Start it from a USB stick.',
      },
    },
  ],
};

export const PMAGIC: Family = {
  id: 'pmagic',
  ...bare,
  marks: [{ has: ['pmagic/bzImage*'] }],
  boots: [
    {
      kernel: 'pmagic/bzImage64',
      initrds: [['pmagic/initrd.img'], ['pmagic/fu.img', ''], ['pmagic/m64.img', '']],
      arch: 'x86_64',
    },
    {
      kernel: 'pmagic/bzImage',
      initrds: [['pmagic/initrd.img'], ['pmagic/fu.img', ''], ['pmagic/m.img', '']],
    },
  ],
  words: [
    dhcp('said everywhere', 'netboot.xyz: partedmagic.ipxe'),
    { word: 'edd=on', why: 'as its own menu has it', from: 'netboot.xyz: partedmagic.ipxe' },
    { word: 'netsrc=wget', why: 'its modules come over HTTP', from: 'netboot.xyz: partedmagic.ipxe' },
    { word: 'neturl={tree}/pmagic/pmodules/', why: 'the folder of its modules', from: 'netboot.xyz: partedmagic.ipxe' },
  ],
  ways: [{ use: 'rescue', transport: 'http', memory: { of: 'image', plusMib: 512 } }],
};

export const WINDOWS: Family = {
  id: 'windows',
  ...bare,
  marks: [{ has: ['sources/boot.wim'] }],
  boots: [],
  medium: 'sources/boot.wim',
  ways: [
    {
      use: 'start',
      variant: 'Windows PE console; Setup needs an SMB share',
      suffix: 'pe',
      transport: 'http',
      memory: { of: 'medium', plusMib: 1024 },
      how: 'wimboot',
    },
  ],
  secureBoot: 'own-shim',
  problems: [
    {
      onlyAlone: true,
      problem: { reason: 'cannot-netboot', says: 'There is no boot manager for Windows PE on this image.' },
    },
  ],
};

/** What wimboot wants under which name. [ipxe.org/wimboot] */
export const WIMBOOT_FILES = {
  bios: [
    ['bootmgr', 'bootmgr'],
    ['bcd', 'boot/bcd'],
    ['boot.sdi', 'boot/boot.sdi'],
    ['boot.wim', 'sources/boot.wim'],
  ],
  uefi: [
    ['bootmgfw.efi', 'efi/boot/bootx64.efi'],
    ['BCD', 'efi/microsoft/boot/bcd'],
    ['boot.sdi', 'boot/boot.sdi'],
    ['boot.wim', 'sources/boot.wim'],
  ],
} as const;

export const FREEBSD: Family = {
  id: 'freebsd',
  ...bare,
  marks: [{ has: [], systemId: /^FreeBSD/i }, { has: ['boot/kernel/kernel', 'boot/loader*'] }],
  boots: [],
  ways: SANBOOTS,
  problems: [
    {
      problem: {
        reason: 'cannot-netboot',
        says: 'The kernel of FreeBSD looks for this medium on disks.',
        cure: 'Take the bootonly image or mfsBSD; the last resort in the menu may not get past the loader.',
      },
    },
  ],
};

export const UNKNOWN: Family = {
  id: 'unknown',
  ...bare,
  marks: [{ has: [] }],
  boots: [],
  ways: [MEMDISK, ...SANBOOTS],
  problems: [
    {
      when: { boots: 'bios' },
      problem: {
        reason: 'unknown',
        says: 'What is on this image was not recognised.',
        cure: 'The last resort in the menu may start it; or say how it starts in a file beside it, NAME.yaml.',
      },
    },
    {
      when: { boots: 'uefi' },
      problem: {
        reason: 'unknown',
        says: 'What is on this image was not recognised.',
        cure: 'The last resort in the menu may start it; or say how it starts in a file beside it, NAME.yaml.',
      },
    },
    {
      problem: {
        reason: 'unknown',
        says: 'What is on this image was not recognised, and nothing on it says how it starts.',
        cure: 'Say how it starts in a file beside it, NAME.yaml.',
      },
    },
  ],
};
