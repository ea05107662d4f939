/** Debian's installer, which needs a kernel from elsewhere, and Ubuntu's old one, which brings it along. */
import type { Family, Way, Word } from './row.ts';
import { dhcp } from './words.ts';

const DEBIAN_MENU = 'debian-installer: boot-screens';

/** Debian's netboot kernel of the same release, and what its own menu gives it. */
function debianWay(
  way: Pick<Way, 'use' | 'when' | 'suffix' | 'variant'>,
  before: readonly Word[],
  after: string,
  isSameKernel?: true,
): Way {
  const words: readonly Word[] = [
    ...before,
    { word: 'vga=788', why: 'a console that the graphical installer can draw on', from: DEBIAN_MENU },
    { word: '---', why: 'what follows stays in the installed system', from: DEBIAN_MENU },
    ...(after === '' ? [] : [{ word: after, why: 'as the installer itself has it', from: DEBIAN_MENU }]),
  ];
  return {
    transport: 'http',
    memory: { of: 'nothing', plusMib: 512 },
    companion: {
      id: 'debian-$major-$debarch',
      kernel: 'linux',
      initrds: ['initrd.gz'],
      ...(isSameKernel ? { isSameKernel } : {}),
    },
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
    // modules on the image fit the companion's kernel only if it is the image's own: both are of one point release.
    debianWay(
      {
        use: 'install',
        variant: 'packages from this image',
        suffix: 'image',
        when: { has: '.disk/base_installable' },
      },
      MIRROR,
      'quiet',
      true,
    ),
    debianWay({ use: 'expert-install' }, [{ word: 'priority=low', why: 'asks every question', from: DEBIAN_MENU }], ''),
    debianWay(
      { use: 'rescue' },
      [{ word: 'rescue/enable=true', why: 'a shell in the installed system instead of installing', from: DEBIAN_MENU }],
      'quiet',
    ),
  ],
  takesOwnWords: false,
  unattended: [{ parameter: 'auto=true priority=critical url={url}' }],
  problems: [
    {
      onlyAlone: true,
      when: { product: ['debian'] },
      problem: {
        reason: 'cannot-netboot',
        says: 'The installer on this image reads CDs and disks only, and for this release nobody packages one for the network.',
        cure: "Take a live image of Debian, or unpack the release's netboot archive into the folder.",
      },
    },
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
  unattended: [{ parameter: 'auto=true priority=critical url={url}' }],
};
