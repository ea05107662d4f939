/** casper: Ubuntu, its flavours, and what is built on it. */
import type { Boot, Family, Word } from './row.ts';
import { dhcp, UNLIMITED_ROOT } from './words.ts';

const CASPER_INITRDS = ['initrd', 'initrd.lz', 'initrd.gz', 'initrd.img', 'initrd.xz', 'initrd.zst'];
const casperBoot = (kernel: string, prefix = '', variant?: string): Boot => ({
  kernel: `$base/${kernel}`,
  initrds: [CASPER_INITRDS.map((name) => `$base/${prefix}${name}`)],
  ...(variant ? { variant } : {}),
});

/** Units that fail on an NFS root before systemd 239, and drop the system to maintenance mode. */
const OLD_MOUNTS = [
  'dev-hugepages.mount',
  'dev-mqueue.mount',
  'sys-fs-fuse-connections.mount',
  'sys-kernel-config.mount',
  'sys-kernel-debug.mount',
];

/** Flavours that installed by ubiquity for as long as Ubuntu did; the others went over to Calamares earlier. */
const UBIQUITY = [
  'ubuntu',
  'ubuntu-mate',
  'ubuntu-budgie',
  'ubuntu-cinnamon',
  'ubuntu-kylin',
  'ubuntu-gnome',
  'kubuntu',
  'xubuntu',
  'edubuntu',
];

export const CASPER: Family = {
  id: 'casper',
  besides: ['windows'],
  marks: [{ has: ['casper*/*.squashfs'] }],
  boots: [casperBoot('vmlinuz'), casperBoot('vmlinuz.efi'), casperBoot('hwe-vmlinuz', 'hwe-', 'newer kernel (HWE)')],
  medium: '$base/*.squashfs',
  words: [
    {
      word: 'boot=casper',
      why: 'casper takes charge; only since 19.10 the initrd says so itself',
      from: 'casper: debian/changelog',
    },
    dhcp('casper from 1.409 on brings no interface up without it', 'casper: debian/changelog'),
    {
      word: 'fsck.mode=skip',
      why: 'the check of the medium reads the whole image over the network',
      from: 'casper: bin/casper-md5check',
    },
    {
      word: 'live-media-path=/$base',
      why: 'the folder is not called casper',
      from: 'casper: scripts/casper',
      when: { lacks: 'casper/*.squashfs' },
    },
  ],
  ways: [
    {
      use: 'live',
      transport: 'nfs',
      isStreaming: true,
      // Mint's own minimum, and what Ubuntu's desktops get by with: nothing of the medium lies in memory.
      memory: { of: 'nothing', plusMib: 2048 },
      words: [
        { word: 'netboot=nfs', why: 'the medium is a folder on an NFS server', from: 'casper: scripts/casper' },
        {
          word: 'nfsroot={nfs}',
          why: 'a literal address: klibc resolves no names, and casper splits no options off',
          from: 'klibc: usr/kinit/nfsmount',
        },
        {
          word: 'systemd.mask=tmp.mount',
          why: 'tmp.mount fails on an NFS root and stops the start in maintenance mode',
          from: 'LP #1755863',
        },
        ...OLD_MOUNTS.map(
          (unit): Word => ({
            word: `systemd.mask=${unit}`,
            why: `as tmp.mount, in 18.04 and what is based on it`,
            from: 'RPi-PXE-Server: p2-include-menu',
            when: { before: 18.1 },
          }),
        ),
        {
          word: 'cloud-init=disabled',
          why: 'cloud-init leaves 25.04 on an NFS root without name resolution; the server installer needs it',
          from: 'cloud-init #6183',
          when: { since: 25.04, notProduct: ['ubuntu-server'] },
        },
      ],
    },
    {
      use: 'live',
      transport: 'http',
      memory: { of: 'image', plusMib: 1536 },
      // casper 1.422 was the first to fetch an image; before it, url= was a preseed.
      when: { since: 19.1 },
      words: [
        { word: 'netboot=url', why: 'the medium is an image to fetch', from: 'casper: scripts/casper' },
        {
          word: 'iso-url={iso}',
          why: 'the whole image, from casper 1.472 on; matched by *.iso, so nothing may follow',
          from: 'casper: scripts/casper',
          when: { since: 22.1 },
        },
        {
          word: 'url={iso}',
          why: 'the whole image, before there was iso-url; matched by *.iso, so nothing may follow',
          from: 'casper: scripts/casper',
          when: { before: 22.1 },
        },
        {
          word: 'cloud-config-url=/dev/null',
          why: 'cloud-init takes url= for its own and would fetch the image again',
          from: 'LP #1937319',
          when: { before: 22.1 },
        },
        UNLIMITED_ROOT,
      ],
    },
  ],
  takesOwnWords: true,
  unattended: [
    { when: { since: 20.04, product: ['ubuntu-server'] }, parameter: 'autoinstall ds=nocloud-net;s={url}/' },
    { when: { since: 23.04, product: ['ubuntu'] }, parameter: 'autoinstall ds=nocloud-net;s={url}/' },
    { when: { before: 23.04, product: UBIQUITY }, parameter: 'automatic-ubiquity preseed/url={url}' },
    { when: { product: ['mint'] }, parameter: 'automatic-ubiquity preseed/url={url}' },
  ],
  problems: [
    {
      when: { before: 19.1 },
      problem: {
        reason: 'needs-nfs',
        says: 'This release can read its medium over NFS only.',
        cure: 'Switch NFS on, or take a release from 20.04 on.',
      },
    },
  ],
};
