/** What starts as an image, not by its kernel: DOS, other systems than Linux, and what nobody knows. */
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

const bare = { words: [], takesOwnWords: false, secureBoot: 'no' } as const;

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
