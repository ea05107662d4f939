/** Families of live systems: what each wants on its command line, and where that was read. */
import type { Boot, Family, Word } from './row.ts';

/** Rule of all: the initramfs brings no interface up without being told. */
const dhcp = (why: string, from: string): Word => ({ word: 'ip=dhcp', why, from });

const unlimitedRoot = (from = 'linux: init/do_mounts.c'): Word => ({
  word: 'root=/dev/ram0',
  why: 'without root= the initial root is a tmpfs of half the memory, and downloads stop there',
  from,
});

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

export const CASPER: Family = {
  id: 'casper',
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
            when: { before: 18.1, isKnown: true },
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
        unlimitedRoot(),
      ],
    },
  ],
  takesOwnWords: true,
  secureBoot: 'own-shim',
  unattended: [
    { when: { product: ['ubuntu-server'] }, parameter: 'autoinstall ds=nocloud-net;s={url}/' },
    { when: { since: 23.04, product: ['ubuntu'] }, parameter: 'autoinstall ds=nocloud-net;s={url}/' },
    { parameter: 'automatic-ubiquity preseed/url={url}' },
  ],
  problems: [
    {
      when: { before: 19.1, isKnown: true },
      problem: {
        reason: 'needs-nfs',
        says: 'This release can read its medium over NFS only.',
        cure: 'Switch NFS on, or take a release from 20.04 on.',
      },
    },
  ],
};

const liveInitrds = (...names: string[]): readonly (readonly string[])[] => [names.map((name) => `live/${name}`)];
const numbered = (n: number): Boot => ({
  kernel: `live/vmlinuz${n}`,
  initrds: liveInitrds(`initrd${n}.img`, `initrd${n}`, `initrd${n}.xz`, 'initrd.img'),
});

export const LIVE_BOOT: Family = {
  id: 'live-boot',
  marks: [{ has: ['live/*.squashfs'] }, { has: ['live/*/*.squashfs', 'boot/*/vmlinuz'] }],
  besides: ['debian-installer'],
  boots: [
    {
      kernel: 'live/vmlinuz',
      initrds: liveInitrds('initrd.img', 'initrd.lz', 'initrd.gz', 'initrd', 'initrd.xz', 'initrd1.img'),
    },
    {
      kernel: 'live/vmlinuz-*',
      initrds: liveInitrds('initrd.img-$1', 'initrd-$1.img', 'initrd-$1', 'initrd.img'),
    },
    ...[1, 2, 3].map(numbered),
    {
      // grml: a folder for each of its flavours.
      kernel: 'boot/*/vmlinuz',
      initrds: [['boot/$1/initrd.img', 'boot/$1/initrd.gz']],
      medium: 'live/*/*.squashfs',
      words: [
        {
          word: 'live-media-path=/live/$1/',
          why: 'the folder of this flavour; what is fetched lies in /live',
          from: 'grml-live: templates/boot',
          when: { transport: 'nfs' },
        },
      ],
    },
  ],
  medium: 'live/*.squashfs',
  words: [
    { word: 'boot=live', why: 'live-boot takes charge', from: 'live-boot: scripts/live' },
    {
      word: 'components',
      why: 'live-config sets the user up',
      from: 'live-config: frontend/live-config',
      when: { notProduct: ['grml'] },
    },
    dhcp('no question about the interface; live-boot itself would ask DHCP anyway', 'live-boot: 9990-networking.sh'),
  ],
  ways: [
    {
      use: 'live',
      transport: 'nfs',
      isStreaming: true,
      memory: { of: 'nothing', plusMib: 1024 },
      words: [
        { word: 'netboot=nfs', why: 'the medium is a folder on an NFS server', from: 'live-boot: 9990-netboot.sh' },
        {
          word: 'nfsroot={nfs}',
          why: 'a literal address: klibc resolves no names',
          from: 'klibc: usr/kinit/nfsmount',
        },
      ],
    },
    {
      use: 'live',
      transport: 'http',
      memory: { of: 'medium', plusMib: 704 },
      when: { media: 'one' },
      words: [
        {
          word: 'fetch={tree}/$medium',
          why: 'the file system alone; what follows the last dot says what it is',
          from: 'live-boot: 9990-mount-http.sh',
        },
        unlimitedRoot(),
      ],
    },
    {
      use: 'live',
      transport: 'http',
      memory: { of: 'image', plusMib: 1024 },
      when: { media: 'several' },
      words: [
        {
          word: 'fetch={iso}',
          why: 'several file systems belong together, and fetch= takes one file: the whole image',
          from: 'live-boot: 9990-mount-http.sh',
        },
        unlimitedRoot(),
      ],
    },
  ],
  takesOwnWords: true,
  secureBoot: 'unknown',
};

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

export const ARCHISO: Family = {
  id: 'archiso',
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
    {
      use: 'live',
      transport: 'nfs',
      isStreaming: true,
      memory: { of: 'nothing', plusMib: 1024 },
      words: [
        { word: 'archiso_nfs_srv={nfs}', why: 'address and path', from: 'mkinitcpio-archiso: hooks/archiso_pxe_nfs' },
        {
          word: 'copytoram=n',
          why: 'without it the file system is copied into memory all the same',
          from: 'mkinitcpio-archiso: hooks/archiso_pxe_nfs',
        },
      ],
    },
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
  secureBoot: 'no',
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
  secureBoot: 'no',
};

/** Where lorax, livecd-tools and kiwi put kernel and initrd. */
const DRACUT_BOOTS: readonly Boot[] = [
  { kernel: 'images/pxeboot/vmlinuz', initrds: [['images/pxeboot/initrd.img']] },
  { kernel: 'isolinux/vmlinuz', initrds: [['isolinux/initrd.img']] },
  { kernel: 'isolinux/vmlinuz0', initrds: [['isolinux/initrd0.img']] },
  { kernel: 'boot/*/loader/linux', initrds: [['boot/$1/loader/initrd']] },
  { kernel: 'boot/*/linux', initrds: [['boot/$1/initrd']] },
];

/** kiwi builds Fedora's live images as well; they start as Fedora's always did. */
const REDHAT = /^(fedora|centos|rocky|almalinux|alma|rhel|redhat|nobara|ultramarine|bazzite|qubes)/i;

export const DRACUT_LIVE: Family = {
  id: 'dracut-live',
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
      memory: { of: 'nothing', plusMib: 2048 },
      words: [
        {
          word: 'root=live:nfs://{nfs}/$medium',
          why: 'mounted and looped; a colon before the path is allowed',
          from: 'dracut-ng: 74nfs/nfs-lib.sh',
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
  secureBoot: 'own-shim',
  problems: [
    {
      when: { before: 8, isKnown: true },
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
  secureBoot: 'own-shim',
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
  secureBoot: 'own-shim',
};
