/** Families of installers: what each wants on its command line, and where that was read. */
import type { Boot, Family, Way, Word } from './row.ts';

const dhcp = (why: string, from: string): Word => ({ word: 'ip=dhcp', why, from });

const DEBIAN_MENU = 'debian-installer: boot-screens';

/** Debian's netboot kernel of the same release, and what its own menu gives it. */
function debianWay(way: Pick<Way, 'use' | 'when' | 'suffix' | 'variant'>, before: readonly Word[], after: string): Way {
  const words: readonly Word[] = [
    ...before,
    { word: 'vga=788', why: 'a console that the graphical installer can draw on', from: DEBIAN_MENU },
    { word: '---', why: 'what follows stays in the installed system', from: DEBIAN_MENU },
    ...(after === '' ? [] : [{ word: after, why: 'as the installer itself has it', from: DEBIAN_MENU }]),
  ];
  return {
    transport: 'http',
    memory: { of: 'nothing', plusMib: 512 },
    companion: { id: 'debian-$major-$debarch', kernel: 'linux', initrds: ['initrd.gz'] },
    ...way,
    when: { product: ['debian'], ...way.when },
    words,
  };
}

const MIRROR: readonly Word[] = [
  {
    word: 'mirror/country=manual',
    why: 'the mirror is given, not chosen from a list',
    from: 'debian-installer: choose-mirror',
  },
  { word: 'mirror/protocol=http', why: 'as the node serves it', from: 'debian-installer: choose-mirror' },
  {
    word: 'mirror/http/hostname={node}',
    why: 'a literal address: no name server is needed',
    from: 'debian-installer: choose-mirror',
  },
  {
    word: 'mirror/http/directory={path}',
    why: 'dists/ and pool/ of the image',
    from: 'debian-installer: choose-mirror',
  },
  { word: 'mirror/http/proxy=', why: 'no question about a proxy', from: 'debian-installer: choose-mirror' },
  {
    word: 'debian-installer/allow_unauthenticated=true',
    why: 'the Release file on an image has no signature of its own',
    from: 'debian-installer: net-retriever',
  },
];

export const DEBIAN_INSTALLER: Family = {
  id: 'debian-installer',
  marks: ['install.*/vmlinuz', 'install/vmlinuz', 'd-i/vmlinuz'].map((kernel) => ({ has: [kernel, 'dists'] })),
  // Their initrds read CDs only; that they are there says for which processors the image is.
  boots: [
    { kernel: 'install.amd/vmlinuz', initrds: [], arch: 'x86_64' },
    { kernel: 'install.386/vmlinuz', initrds: [], arch: 'i386' },
    { kernel: 'install.a64/vmlinuz', initrds: [], arch: 'arm64' },
    { kernel: 'install/vmlinuz', initrds: [] },
    { kernel: 'd-i/vmlinuz', initrds: [] },
  ],
  words: [dhcp('said everywhere; the installer itself asks DHCP anyway', 'debian-installer: netcfg')],
  ways: [
    debianWay({ use: 'install' }, [], 'quiet'),
    // netinst has the base system only, DVD-1 desktops too: what isn't there the installed system fetches later. The
    // modules on the image fit the companion's kernel only if both are of one point release.
    debianWay(
      {
        use: 'install',
        variant: 'packages from this image, needs a companion of exactly $version',
        suffix: 'image',
        when: { has: '.disk/base_installable' },
      },
      MIRROR,
      'quiet',
    ),
    debianWay({ use: 'expert-install' }, [{ word: 'priority=low', why: 'asks every question', from: DEBIAN_MENU }], ''),
    debianWay(
      { use: 'rescue' },
      [{ word: 'rescue/enable=true', why: 'a shell in the installed system instead of installing', from: DEBIAN_MENU }],
      'quiet',
    ),
  ],
  takesOwnWords: false,
  secureBoot: 'debian-signed',
  unattended: [{ parameter: 'auto=true priority=critical url={url}' }],
  problems: [
    {
      when: { product: ['debian'] },
      problem: {
        reason: 'needs-companion',
        says: 'The installer on this image reads CDs and disks only; it has no network drivers.',
        cure: "Bring Debian's network installer of the same release: fnode loaders install --for IMAGE.",
      },
    },
    {
      problem: {
        reason: 'cannot-netboot',
        says: 'The installer on this image reads CDs and disks only; it has no network drivers.',
        cure: "Take the distribution's live image, or unpack its netboot archive into the folder.",
      },
    },
  ],
};

/** Ubuntu's server and alternate images up to 20.04 bring the netboot installer along. */
export const UBUNTU_INSTALLER: Family = {
  id: 'ubuntu-installer',
  marks: [{ has: ['install/netboot/ubuntu-installer/*/linux'] }],
  boots: [
    {
      kernel: 'install/netboot/ubuntu-installer/*/linux',
      initrds: [['install/netboot/ubuntu-installer/$1/initrd.gz']],
    },
  ],
  words: [dhcp('said everywhere; the installer itself asks DHCP anyway', 'debian-installer: netcfg')],
  ways: [
    {
      use: 'install',
      transport: 'http',
      memory: { of: 'nothing', plusMib: 512 },
      words: [
        ...MIRROR.filter(({ word }) => !word.startsWith('debian-installer/')),
        {
          word: 'live-installer/net-image={tree}/install/filesystem.squashfs',
          why: 'the base system comes as one file',
          from: 'debian-installer: live-installer',
          when: { has: 'install/filesystem.squashfs' },
        },
        { word: '---', why: 'what follows stays in the installed system', from: DEBIAN_MENU },
        { word: 'quiet', why: 'as the installer itself has it', from: DEBIAN_MENU },
      ],
    },
  ],
  takesOwnWords: false,
  secureBoot: 'own-shim',
  unattended: [{ parameter: 'auto=true priority=critical url={url}' }],
};

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
      memory: { of: 'nothing', plusMib: 2048 },
      words: [
        {
          word: 'inst.repo=nfs:{nfs}',
          why: 'the installer and its packages; no root=, or it would not be looked for there',
          from: NETROOT,
          when: { since: 7, has: PACKAGES },
        },
        {
          word: 'inst.stage2=nfs:{nfs}',
          why: 'the installer alone: there are no packages on the image',
          from: NETROOT,
          when: { since: 7, lacks: PACKAGES },
        },
        {
          word: 'repo=nfs:{nfs}',
          why: 'as it was called up to release 6',
          from: NETROOT,
          when: { before: 7, isKnown: true },
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
          when: { before: 7, isKnown: true },
        },
      ],
    },
  ],
  takesOwnWords: true,
  secureBoot: 'own-shim',
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
  secureBoot: 'own-shim',
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
  secureBoot: 'no',
  unattended: [{ parameter: 'apkovl={url}' }],
  problems: [
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
  secureBoot: 'no',
};

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
    secureBoot: 'no',
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
  cannot('proxmox', [{ has: ['boot/linux26', 'boot/initrd.img'] }], ['boot/linux26'], {
    says: 'The installer of Proxmox wants its whole image inside its initramfs.',
    cure: 'Start it from a USB stick, or prepare an initramfs that holds the image as /proxmox.iso.',
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
