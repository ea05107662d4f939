/** What starts as an image, not by its kernel: DOS, other systems than Linux, and what nobody knows. */
import type { Arch, Firmware } from '../core/image.ts';
import type { Family, Way } from './row.ts';

/** memdisk keeps the image below 4 GiB, and loading takes its time. Taste. */
const MAX_MEMDISK_BYTES = 500 * 1024 * 1024;

export const MEMDISK: Way = {
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

const bare = { words: [], takesOwnWords: false } as const;

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

export const WINDOWS: Family = {
  id: 'windows',
  ...bare,
  // On images of several systems it lies beside live ones: without its boot manager it is somebody's file.
  marks: [{ has: ['sources/boot.wim', 'bootmgr'] }, { has: ['sources/boot.wim', 'efi/microsoft'] }],
  boots: [],
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
  problems: [
    {
      onlyAlone: true,
      problem: { reason: 'cannot-netboot', says: 'There is no boot manager for Windows PE on this image.' },
    },
  ],
};

const PROGRAMS: Readonly<Record<Arch, string>> = {
  x86_64: 'efi/boot/bootx64.efi',
  i386: 'efi/boot/bootia32.efi',
  arm64: 'efi/boot/bootaa64.efi',
};

/** What wimboot wants under which name; nothing where there is no such machine. [ipxe.org/wimboot] */
export function wimbootFiles(firmware: Firmware, arch: Arch): readonly (readonly [string, string])[] {
  if (firmware === 'bios' && arch === 'arm64') return [];
  const loader: readonly (readonly [string, string])[] =
    firmware === 'bios'
      ? [
          ['bootmgr', 'bootmgr'],
          ['bcd', 'boot/bcd'],
        ]
      : [
          ['bootmgfw.efi', PROGRAMS[arch]],
          ['BCD', 'efi/microsoft/boot/bcd'],
        ];
  return [...loader, ['boot.sdi', 'boot/boot.sdi'], ['boot.wim', 'sources/boot.wim']];
}

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
