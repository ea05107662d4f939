/** Families that are known, and known not to start over a network. */
import type { Family } from './row.ts';

/** Linux images of which no way over the network is known: better none than one that ends in a shell. */
function cannot(
  id: string,
  marks: Family['marks'],
  kernels: readonly string[],
  words: { readonly says: string; readonly cure: string },
): Family {
  return {
    id,
    marks,
    boots: kernels.map((kernel) => ({ kernel, initrds: [] })),
    words: [],
    ways: [],
    takesOwnWords: false,
    problems: [{ problem: { reason: 'cannot-netboot', ...words } }],
  };
}

export const CANNOT: readonly Family[] = [
  cannot('tails', [{ has: ['live/Tails.module'] }, { has: ['live'], label: /^tails/i }], ['live/vmlinuz'], {
    says: 'The initramfs of Tails has no network drivers, on purpose.',
    cure: 'Start Tails from a USB stick.',
  }),
  cannot(
    'nixos',
    [{ has: ['nix-store.squashfs'] }, { has: ['boot/bzImage'], label: /^nixos/i }],
    ['boot/bzImage', 'boot/nix/store/*/bzImage'],
    {
      says: 'The initramfs of NixOS looks for the medium by its label on disks, without a network.',
      cure: "Take NixOS's netboot files (kernel, initrd, netboot.ipxe) and name them in a file beside the images.",
    },
  ),
  cannot('void', [{ has: ['boot/vmlinuz'], label: /^void/i }], ['boot/vmlinuz'], {
    says: 'The initramfs of Void cannot fetch its file system over the network.',
    cure: "Take Void's netboot archive and name its files in a file beside the images.",
  }),
  cannot('antix', [{ has: ['antiX/vmlinuz'] }, { has: ['antiX/linuxfs'] }], ['antiX/vmlinuz', 'antiX/vmlinuz1'], {
    says: 'antiX and MX look for their medium on disks with an initramfs of their own.',
    cure: 'Start it from a USB stick, or take a Debian live image.',
  }),
  cannot('puppy', [{ has: ['vmlinuz', 'initrd.*', 'puppy_*.sfs'] }], ['vmlinuz'], {
    says: 'Puppy looks for its file systems on disks.',
    cure: 'Put its .sfs files into the initramfs, or start it from a USB stick.',
  }),
];
