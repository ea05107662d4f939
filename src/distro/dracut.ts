/** Live images that start by dracut: Red Hat's, and those that kiwi builds for SUSE. */
import type { Boot, Family, Word } from './row.ts';
import { dhcp } from './words.ts';

/** Where lorax, livecd-tools and kiwi put kernel and initrd. */
const DRACUT_BOOTS: readonly Boot[] = [
  { kernel: 'images/pxeboot/vmlinuz', initrds: [['images/pxeboot/initrd.img']] },
  { kernel: 'isolinux/vmlinuz', initrds: [['isolinux/initrd.img']] },
  { kernel: 'isolinux/vmlinuz0', initrds: [['isolinux/initrd0.img']] },
  { kernel: 'boot/*/loader/linux', initrds: [['boot/$1/loader/initrd']] },
  { kernel: 'boot/*/linux', initrds: [['boot/$1/initrd']] },
];

/** kiwi builds Fedora's live images as well; they start as Fedora's always did. */
const REDHAT = /^(fedora|centos|rocky|almalinux|alma|rhel|redhat|nobara|ultramarine|bazzite)/i;

export const DRACUT_LIVE: Family = {
  id: 'dracut-live',
  besides: ['windows'],
  marks: [
    { has: ['LiveOS/squashfs.img'], label: REDHAT },
    { has: ['LiveOS/squashfs.img'], lacks: ['boot/*/loader/linux', 'boot/*/linux'] },
  ],
  boots: DRACUT_BOOTS,
  medium: 'LiveOS/squashfs.img',
  words: [
    { word: 'rd.live.image', why: 'the root is a live image', from: 'dracut-ng: 70dmsquash-live' },
    dhcp('the interface that BOOTIF names', 'dracut-ng: 35network-legacy'),
    { word: 'rd.luks=0', why: 'leaves the disks of the machine alone', from: 'lorax: live/config_files' },
    { word: 'rd.md=0', why: 'leaves the disks of the machine alone', from: 'lorax: live/config_files' },
    { word: 'rd.dm=0', why: 'leaves the disks of the machine alone', from: 'lorax: live/config_files' },
  ],
  ways: [
    {
      use: 'live',
      transport: 'nfs',
      isStreaming: true,
      when: { since: 8 },
      // Fedora's own minimum for its desktops.
      memory: { of: 'nothing', plusMib: 2048 },
      words: [
        {
          word: 'root=live:nfs://{node}{path}/$medium',
          why: 'the folder of the file is mounted, the file looped; no other spelling of NFS is taken behind live:',
          from: 'dracut-ng: 70livenet/livenet-generator.sh',
        },
      ],
    },
    {
      use: 'live',
      transport: 'http',
      when: { since: 8 },
      memory: { of: 'medium', plusMib: 1024 },
      words: [
        {
          word: 'root=live:{tree}/$medium',
          why: 'the file system alone, into memory; being a root=, it lifts the limit of the initial root',
          from: 'dracut-ng: 70livenet/livenetroot.sh',
        },
      ],
    },
  ],
  takesOwnWords: true,
  problems: [
    {
      when: { before: 8 },
      problem: {
        reason: 'cannot-netboot',
        says: 'The initramfs of this live image cannot fetch its file system over the network.',
        cure: 'Take release 8 or later, or the installation image.',
      },
    },
  ],
};

const ramdisk: Word = {
  word: 'ramdisk_size=$isokib',
  why: 'the image lies in a RAM disk, whose usual 2 GiB are too small',
  from: 'kiwi: 55kiwi-live/kiwi-live-net-lib.sh',
};

export const AGAMA: Family = {
  id: 'agama',
  marks: [{ has: ['LiveOS/squashfs.img', 'boot/*/loader/linux'], label: /agama|install/i, notLabel: REDHAT }],
  boots: DRACUT_BOOTS,
  words: [
    {
      word: 'root=live:{iso}',
      why: 'the whole installer image, into memory; being a root=, it lifts the limit of the initial root',
      from: 'netboot.xyz: opensuse.ipxe',
    },
    dhcp('the interface that BOOTIF names', 'netboot.xyz: opensuse.ipxe'),
  ],
  ways: [{ use: 'install', transport: 'http', memory: { of: 'image', plusMib: 1024 } }],
  takesOwnWords: true,
  unattended: [{ parameter: 'inst.auto={url}' }],
};

export const KIWI_LIVE: Family = {
  id: 'kiwi-live',
  marks: ['boot/*/loader/linux', 'boot/*/linux'].map((kernel) => ({ has: ['LiveOS/squashfs.img', kernel] })),
  boots: DRACUT_BOOTS,
  words: [
    {
      word: 'root=live:{iso}',
      why: 'the whole image, into memory; being a root=, it lifts the limit of the initial root',
      from: 'kiwi: 55kiwi-live/parse-kiwi-live.sh',
    },
    {
      word: 'rd.kiwi.live.pxe',
      why: 'the medium comes over the network',
      from: 'kiwi: 55kiwi-live/parse-kiwi-live.sh',
    },
    ramdisk,
    dhcp('the interface that BOOTIF names', 'kiwi: 55kiwi-live/kiwi-live-net-lib.sh'),
  ],
  ways: [{ use: 'live', transport: 'http', memory: { of: 'image', plusMib: 1024 } }],
  takesOwnWords: true,
};
