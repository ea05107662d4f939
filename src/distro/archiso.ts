/** archiso, and miso that came of it: Arch, Manjaro and their kin. */
import type { Boot, Family, Way, When } from './row.ts';
import { dhcp } from './words.ts';

/** Microcode lies beside older images; newer ones have it in the initramfs. */
const microcode = (vendor: string): readonly string[] => [
  `$base/boot/${vendor}-ucode.img`,
  `$base/boot/${vendor}_ucode.img`,
  '',
];
const archBoot = (folder: 'x86_64' | 'i686', kernel: string, ...initramfs: string[]): Boot => ({
  kernel: `$base/boot/${folder}/${kernel}`,
  initrds: [microcode('intel'), microcode('amd'), initramfs.map((name) => `$base/boot/${folder}/${name}`)],
  arch: folder === 'x86_64' ? 'x86_64' : 'i386',
  medium: `$base/${folder}/airootfs.*fs`,
});

/** The others start a console. */
const DESKTOPS = ['endeavouros', 'cachyos', 'blackarch', 'garuda'];

/** The system is read as it runs. `memoryMib` is what it takes itself. */
const streams = (memoryMib: number, when: When): Way => ({
  use: 'live',
  transport: 'nfs',
  isStreaming: true,
  memory: { of: 'nothing', plusMib: memoryMib },
  when,
  words: [
    { word: 'archiso_nfs_srv={nfs}', why: 'address and path', from: 'mkinitcpio-archiso: hooks/archiso_pxe_nfs' },
    {
      word: 'copytoram=n',
      why: 'without it the file system is copied into memory all the same',
      from: 'mkinitcpio-archiso: hooks/archiso_pxe_nfs',
    },
  ],
});

export const ARCHISO: Family = {
  id: 'archiso',
  besides: ['windows'],
  marks: ['*/x86_64/airootfs.sfs', '*/x86_64/airootfs.erofs', '*/i686/airootfs.sfs'].map((path) => ({ has: [path] })),
  boots: (['x86_64', 'i686'] as const).flatMap((folder) => [
    archBoot(folder, 'vmlinuz-*', 'initramfs-$1.img', 'archiso.img'),
    archBoot(folder, 'vmlinuz', 'sysresccd.img', 'archiso.img', 'initramfs.img', 'initramfs-linux.img'),
  ]),
  words: [
    {
      word: 'archisobasedir=$base',
      why: 'the folder that holds x86_64/airootfs',
      from: 'mkinitcpio-archiso: hooks/archiso',
    },
    dhcp('the hook does nothing on the network without it', 'mkinitcpio-archiso: hooks/archiso_pxe_common'),
  ],
  ways: [
    // KDE Plasma with an installer, as on EndeavourOS and CachyOS.
    streams(2048, { product: DESKTOPS }),
    // Arch's own minimum of 512 MiB, and as much again for what is changed: 256 MiB of it are set aside at the start.
    streams(1024, { notProduct: DESKTOPS }),
    {
      use: 'live',
      transport: 'http',
      memory: { of: 'medium', times: 2, plusMib: 512 },
      words: [
        {
          word: 'archiso_http_srv={tree}/',
          why: 'paths are put right behind it: the slash has to be there',
          from: 'mkinitcpio-archiso: hooks/archiso_pxe_http',
        },
      ],
    },
  ],
  takesOwnWords: true,
  unattended: [
    { when: { product: ['arch'] }, parameter: 'script={url}' },
    { when: { product: ['systemrescue'] }, parameter: 'ar_source={url}' },
  ],
  problems: [
    {
      when: { isNamed: false },
      problem: {
        reason: 'unknown',
        says: "It starts as Arch Linux does, but its initramfs may lack archiso's hooks for the network: it may not start.",
        cure: 'Try it; where it ends in a shell, start it from a USB stick.',
      },
    },
  ],
};

const misoBoot = (folder: 'x86_64' | 'i686'): readonly Boot[] => {
  const arch = folder === 'x86_64' ? 'x86_64' : 'i386';
  const medium = `$base/${folder}/*.sfs`;
  return [
    {
      kernel: `boot/vmlinuz-${folder}`,
      initrds: [['boot/amd_ucode.img', ''], ['boot/intel_ucode.img', ''], [`boot/initramfs-${folder}.img`]],
      arch,
      medium,
    },
    {
      // Until 2017.
      kernel: `$base/boot/${folder}/manjaro`,
      initrds: [['$base/boot/intel_ucode.img', ''], [`$base/boot/${folder}/manjaro.img`]],
      arch,
      medium,
    },
  ];
};

export const MISO: Family = {
  id: 'miso',
  besides: ['windows'],
  marks: [{ has: ['*/x86_64/rootfs.sfs'] }, { has: ['*/i686/rootfs.sfs'] }, { has: ['*/x86_64/*.sfs', '.miso'] }],
  boots: [...misoBoot('x86_64'), ...misoBoot('i686')],
  words: [
    { word: 'misobasedir=$base', why: 'the folder that holds the file systems', from: 'manjaro-tools: hooks/miso' },
    dhcp('the hook does nothing on the network without it', 'manjaro-tools: hooks/miso_pxe_common'),
  ],
  ways: [
    {
      use: 'live',
      transport: 'nfs',
      isStreaming: true,
      // Manjaro's own minimum for KDE Plasma and GNOME.
      memory: { of: 'nothing', plusMib: 2048 },
      words: [
        { word: 'miso_nfs_srv={nfs}', why: 'address and path', from: 'manjaro-tools: hooks/miso_pxe_nfs' },
        {
          word: 'copytoram=n',
          why: 'without it everything is copied into memory all the same',
          from: 'manjaro-tools: hooks/miso_pxe_nfs',
        },
      ],
    },
    {
      use: 'live',
      transport: 'http',
      memory: { of: 'medium', andLargest: true, plusMib: 512 },
      words: [
        {
          word: 'miso_http_srv={tree}/',
          why: 'paths are put right behind it: the slash has to be there',
          from: 'manjaro-tools: hooks/miso_pxe_http',
        },
      ],
    },
  ],
  takesOwnWords: true,
};
