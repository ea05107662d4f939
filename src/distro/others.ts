/** Small systems, rescue tools and memory tests. */
import { MEMDISK } from './lastresort.ts';
import type { Family } from './row.ts';
import { dhcp, UNLIMITED_ROOT } from './words.ts';

const bare = { words: [], takesOwnWords: false } as const;

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
      // As by HTTP, without the file system.
      memory: { of: 'nothing', plusMib: 512 },
      words: [
        {
          word: 'netboot=nfs://{nfs}',
          why: 'address and folder, with a colon between them',
          from: 'SystemRescueCd: PXE network booting',
        },
      ],
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
        UNLIMITED_ROOT,
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
    UNLIMITED_ROOT,
  ],
  ways: [{ use: 'rescue', transport: 'http', memory: { of: 'image', plusMib: 512 } }],
};
