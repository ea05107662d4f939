/** Families of installers: what each wants on its command line, and where that was read. */
import type { Boot, Family } from './row.ts';
import { dhcp } from './words.ts';

const PXEBOOT: readonly Boot[] = [{ kernel: 'images/pxeboot/vmlinuz', initrds: [['images/pxeboot/initrd.img']] }];
/** Folders of packages, in which a netinst image is poor. */
const PACKAGES = ['repodata/repomd.xml', '*/repodata/repomd.xml', 'Packages', 'ostree/repo'];
const NETROOT = 'anaconda: dracut/anaconda-netroot.sh';

export const ANACONDA: Family = {
  id: 'anaconda',
  marks: [{ has: ['.treeinfo', 'images/pxeboot/vmlinuz'] }, { has: ['images/install.img', 'images/pxeboot/vmlinuz'] }],
  boots: PXEBOOT,
  words: [dhcp('the interface that BOOTIF names', 'dracut-ng: 35network-legacy')],
  ways: [
    {
      use: 'install',
      transport: 'nfs',
      isStreaming: true,
      // Red Hat says 1.5 GiB by NFS, where the second stage stays on the server, and 3 by HTTP. [RHEL 9: system requirements]
      memory: { of: 'nothing', plusMib: 2048 },
      words: [
        {
          // The folder, not the image in /isos: what lies in it is mounted as it is, without a loop device between.
          word: 'inst.repo=nfs:nfsvers=3:{nfs}',
          why: 'installer and packages, of NFSv3: it mounts twice and names no version the second time; no root=, or it would not look there',
          from: NETROOT,
          when: { since: 7, has: PACKAGES },
        },
        {
          word: 'inst.stage2=nfs:nfsvers=3:{nfs}',
          why: 'the installer alone, of NFSv3: there are no packages on the image, people choose a mirror',
          from: NETROOT,
          when: { since: 7, lacks: PACKAGES },
        },
        {
          word: 'repo=nfs:{nfs}',
          why: 'as it was called up to release 6',
          from: NETROOT,
          when: { before: 7 },
        },
      ],
    },
    {
      use: 'install',
      transport: 'http',
      memory: { of: 'nothing', plusMib: 3072 },
      words: [
        {
          word: 'inst.repo={tree}',
          why: 'the installer and its packages; no root=, or it would not be looked for there',
          from: NETROOT,
          when: { since: 7, has: PACKAGES },
        },
        {
          word: 'inst.stage2={tree}',
          why: 'the installer alone: there are no packages on the image, people choose a mirror',
          from: NETROOT,
          when: { since: 7, lacks: PACKAGES },
        },
        {
          word: 'repo={tree}',
          why: 'as it was called up to release 6',
          from: NETROOT,
          when: { before: 7 },
        },
      ],
    },
  ],
  takesOwnWords: true,
  unattended: [{ when: { since: 7 }, parameter: 'inst.ks={url}' }, { parameter: 'ks={url}' }],
};

export const LINUXRC: Family = {
  id: 'linuxrc',
  marks: ['media.1', 'content', 'boot/*/root', 'boot/*/config'].flatMap((beside) => [
    { has: ['boot/*/loader/linux', beside], lacks: ['LiveOS/squashfs.img'] },
    { has: ['boot/aarch64/linux', beside], lacks: ['LiveOS/squashfs.img'] },
  ]),
  boots: [
    { kernel: 'boot/x86_64/loader/linux', initrds: [['boot/x86_64/loader/initrd']], arch: 'x86_64' },
    { kernel: 'boot/i386/loader/linux', initrds: [['boot/i386/loader/initrd']], arch: 'i386' },
    { kernel: 'boot/aarch64/linux', initrds: [['boot/aarch64/initrd']], arch: 'arm64' },
  ],
  words: [
    { word: 'netsetup=dhcp', why: 'asks DHCP instead of people', from: 'linuxrc: linuxrc_yast_mode.md' },
    dhcp('said everywhere; linuxrc goes by netsetup', 'linuxrc: net.c'),
  ],
  ways: [
    {
      use: 'install',
      transport: 'nfs',
      isStreaming: true,
      // openSUSE's own minimum; what of the installer is loaded whole by HTTP comes on top there.
      memory: { of: 'nothing', plusMib: 1024 },
      words: [
        { word: 'install=nfs://{node}{path}', why: 'the packages are mounted, not fetched', from: 'linuxrc: url.c' },
      ],
    },
    {
      use: 'install',
      transport: 'http',
      memory: { of: 'nothing', plusMib: 1536 },
      words: [
        {
          word: 'install={tree}',
          why: 'installer and packages; checked against the signed sums of the image',
          from: 'linuxrc: url.c',
        },
      ],
    },
  ],
  takesOwnWords: true,
  unattended: [{ parameter: 'autoyast={url}' }],
};

export const ALPINE: Family = {
  id: 'alpine',
  marks: [{ has: ['boot/modloop-*', 'apks'] }, { has: ['.alpine-release', 'apks'] }],
  boots: [{ kernel: 'boot/vmlinuz-*', initrds: [] }],
  words: [dhcp('the initramfs of the netboot files brings the interface up', 'mkinitfs: initramfs-init.in')],
  ways: [
    {
      use: 'live',
      transport: 'http',
      memory: { of: 'nothing', plusMib: 512 },
      companion: { id: 'alpine-$version-$alpinearch', kernel: 'vmlinuz-lts', initrds: ['initramfs-lts'] },
      words: [
        { word: 'modules=loop,squashfs', why: 'to mount modloop', from: 'mkinitfs: initramfs-init.in' },
        { word: 'alpine_repo={tree}/apks', why: 'the packages on the image', from: 'mkinitfs: initramfs-init.in' },
        {
          word: 'modloop={http}/boot/companions/$companion/modloop-lts',
          why: 'modules of the very same kernel; plain http, since its pattern for https never matches',
          from: 'aports: main/openrc/modloop.initd',
        },
      ],
    },
  ],
  takesOwnWords: false,
  unattended: [{ parameter: 'apkovl={url}' }],
  problems: [
    {
      onlyAlone: true,
      problem: {
        reason: 'cannot-netboot',
        says: 'The initramfs on this image has no network drivers but virtio, and there are no netboot files of this version.',
        cure: 'Take the image of a release.',
      },
    },
    {
      problem: {
        reason: 'needs-companion',
        says: 'The initramfs on this image has no network drivers but virtio, and no DHCP.',
        cure: "Bring Alpine's netboot files of the same release: fnode loaders install --for IMAGE.",
      },
    },
  ],
};

export const SLACKWARE: Family = {
  id: 'slackware',
  marks: [{ has: ['kernels/huge*/bzImage', 'isolinux/initrd.img'] }],
  boots: [{ kernel: 'kernels/huge.s/bzImage', initrds: [['isolinux/initrd.img']] }],
  words: [
    { word: 'load_ramdisk=1', why: 'the installer is the RAM disk', from: 'netboot.xyz: slackware.ipxe' },
    { word: 'prompt_ramdisk=0', why: 'no question for a floppy', from: 'netboot.xyz: slackware.ipxe' },
    { word: 'rw', why: 'the installer writes in its RAM disk', from: 'netboot.xyz: slackware.ipxe' },
    dhcp('said everywhere; the installer asks for source and network itself', 'netboot.xyz: slackware.ipxe'),
  ],
  ways: [
    {
      use: 'install',
      variant: 'asks for its source: HTTP, this node, the path of the image',
      transport: 'http',
      memory: { of: 'nothing', plusMib: 512 },
    },
  ],
  takesOwnWords: false,
};

const PROXMOX_MENU = 'netboot.xyz: proxmox.ipxe';

export const PROXMOX: Family = {
  id: 'proxmox',
  marks: [{ has: ['boot/linux26', 'boot/initrd.img'] }],
  boots: [{ kernel: 'boot/linux26', initrds: [['boot/initrd.img']] }],
  words: [
    { word: 'vga=791', why: 'as its own menu has it', from: PROXMOX_MENU },
    { word: 'video=vesafb:ywrap,mtrr', why: 'as its own menu has it', from: PROXMOX_MENU },
    { word: 'ramdisk_size=16777216', why: 'the installer works in a RAM disk', from: PROXMOX_MENU },
    { word: 'rw', why: 'the installer writes in it', from: PROXMOX_MENU },
    { word: 'quiet', why: 'as its own menu has it', from: PROXMOX_MENU },
    { word: 'splash=silent', why: 'as its own menu has it', from: PROXMOX_MENU },
    dhcp('said everywhere; the installer asks DHCP itself', PROXMOX_MENU),
  ],
  // The image is in memory twice: as it was loaded, and as a file of the initramfs.
  ways: [
    {
      use: 'install',
      transport: 'http',
      memory: { of: 'image', times: 2, plusMib: 1024 },
      imageAs: '/proxmox.iso',
    },
    {
      use: 'text-install',
      transport: 'http',
      memory: { of: 'image', times: 2, plusMib: 1024 },
      imageAs: '/proxmox.iso',
      when: { since: 8 },
      words: [{ word: 'proxtui', why: 'the installer for the text console', from: PROXMOX_MENU }],
    },
  ],
  takesOwnWords: false,
};
