/**
 * One image of every kind that the tables know, older and newer: what lies on it, and what it has to be recognised as.
 * Labels, `.disk/info` and places as the distributions have them; kernels are headers, file systems sizes.
 */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: GRUB's own variables
import type { Arch } from '../../src/core/image.ts';
import { type Fill, kernel, type MadeImage, MIB, wim } from './kit.ts';

export interface Sample {
  readonly image: MadeImage;
  readonly family: string;
  readonly name: string;
  readonly version: string;
  readonly codename?: string;
  readonly edition?: string;
  readonly archs?: readonly Arch[];
  readonly group?: string;
  /** Of its entries, in their order. */
  readonly keys: readonly string[];
  readonly problem?: string;
}

type Files = Readonly<Record<string, Fill>>;

const ubuntuKernel = (version: string): Fill =>
  kernel({ version, signer: 'Canonical Ltd. Secure Boot Signing', sizeBytes: 14 * MIB });
const debianKernel = (version: string, arch: Arch = 'x86_64', sizeBytes = 8 * MIB): Fill =>
  kernel({ version, arch, signer: 'Debian Secure Boot CA', sizeBytes });
const plainKernel = (version: string, arch: Arch = 'x86_64'): Fill => kernel({ version, arch, signer: 'none' });
const SHIM: Files = {
  'EFI/boot/bootx64.efi': 900_000,
  'EFI/boot/grubx64.efi': 2_600_000,
  'EFI/boot/mmx64.efi': 800_000,
};

// ---- casper ----

function casper(info: string, label: string, files: Files, sizeMib = 4000): MadeImage {
  return { label, sizeBytes: sizeMib * MIB, files: { '.disk/info': info, ...SHIM, ...files } };
}

const layers: Files = {
  'casper/minimal.squashfs': 2000 * MIB,
  'casper/minimal.standard.squashfs': 900 * MIB,
  'casper/minimal.standard.live.squashfs': 700 * MIB,
};
const noble = { 'casper/vmlinuz': ubuntuKernel('6.8.0-41-generic'), 'casper/initrd': 70 * MIB, ...layers };
const jammy = {
  'casper/vmlinuz': ubuntuKernel('6.5.0-18-generic'),
  'casper/initrd': 70 * MIB,
  'casper/filesystem.squashfs': 2500 * MIB,
};
const lz = (version: string): Files => ({
  'casper/vmlinuz': ubuntuKernel(version),
  'casper/initrd.lz': 60 * MIB,
  'casper/filesystem.squashfs': 2400 * MIB,
});
const NOBLE = '24.04.1 LTS "Noble Numbat" - Release amd64 (20240827.1)';
const JAMMY = '22.04.4 LTS "Jammy Jellyfish" - Release amd64 (20240220)';
const BOTH = ['live-nfs', 'live'];

function flavour(name: string, prefix: string, edition: string): Sample {
  return {
    image: casper(`${prefix} ${NOBLE}`, `${prefix} 24.04.1 LTS amd64`, noble),
    family: 'casper',
    name,
    version: '24.04.1 LTS',
    codename: 'Noble Numbat',
    edition,
    group: 'Ubuntu',
    keys: BOTH,
  };
}

const grubCfg = (kernelPath: string, initrd: string, words: string): string =>
  `set timeout=30\nmenuentry "Try or Install" {\n\tset gfxpayload=keep\n\tlinux\t/${kernelPath} ${words}\n\tinitrd\t/${initrd}\n}\n`;

const CASPER: Readonly<Record<string, Sample>> = {
  'ubuntu-24.04': {
    image: casper(
      `Ubuntu ${NOBLE}`,
      'Ubuntu 24.04.1 LTS amd64',
      {
        ...noble,
        'boot/grub/grub.cfg': grubCfg('casper/vmlinuz', 'casper/initrd', '--- quiet splash'),
      },
      6000,
    ),
    family: 'casper',
    name: 'Ubuntu',
    version: '24.04.1 LTS',
    codename: 'Noble Numbat',
    keys: BOTH,
  },
  'ubuntu-25.04': {
    image: casper(
      'Ubuntu 25.04 "Plucky Puffin" - Release amd64 (20250415)',
      'Ubuntu 25.04 amd64',
      {
        ...noble,
        'boot/grub/loopback.cfg': grubCfg(
          'casper/vmlinuz',
          'casper/initrd',
          'iso-scan/filename=${iso_path} layerfs-path=minimal.standard.live.squashfs --- quiet splash',
        ),
      },
      6000,
    ),
    family: 'casper',
    name: 'Ubuntu',
    version: '25.04',
    codename: 'Plucky Puffin',
    keys: BOTH,
  },
  'ubuntu-22.04': {
    image: casper(`Ubuntu ${JAMMY}`, 'Ubuntu 22.04.4 LTS amd64', jammy),
    family: 'casper',
    name: 'Ubuntu',
    version: '22.04.4 LTS',
    codename: 'Jammy Jellyfish',
    keys: BOTH,
  },
  'ubuntu-18.04': {
    image: casper(
      'Ubuntu 18.04.6 LTS "Bionic Beaver" - Release amd64 (20210915)',
      'Ubuntu 18.04.6 LTS amd64',
      { ...jammy, 'casper/vmlinuz': ubuntuKernel('5.4.0-84-generic') },
      2400,
    ),
    family: 'casper',
    name: 'Ubuntu',
    version: '18.04.6 LTS',
    codename: 'Bionic Beaver',
    keys: ['live-nfs'],
    problem: 'needs-nfs',
  },
  'ubuntu-16.04-i386': {
    image: casper(
      'Ubuntu 16.04.6 LTS "Xenial Xerus" - Release i386 (20190227.1)',
      'Ubuntu 16.04.6 LTS i386',
      {
        'casper/vmlinuz': kernel({ version: '4.15.0-45-generic', arch: 'i386' }),
        'casper/initrd.lz': 40 * MIB,
        'casper/filesystem.squashfs': 1500 * MIB,
      },
      1600,
    ),
    family: 'casper',
    name: 'Ubuntu',
    version: '16.04.6 LTS',
    codename: 'Xenial Xerus',
    archs: ['i386'],
    keys: ['live-nfs'],
    problem: 'needs-nfs',
  },
  'ubuntu-arm64': {
    image: {
      label: 'Ubuntu 24.04.1 LTS arm64',
      boots: ['uefi'],
      files: {
        '.disk/info': 'Ubuntu 24.04.1 LTS "Noble Numbat" - Release arm64 (20240827.1)',
        'casper/vmlinuz': kernel({ arch: 'arm64', signer: 'Canonical Ltd. Secure Boot Signing' }),
        'casper/initrd': 60 * MIB,
        'EFI/BOOT/BOOTAA64.EFI': 900_000,
        'EFI/BOOT/grubaa64.efi': 2_600_000,
        ...layers,
      },
    },
    family: 'casper',
    name: 'Ubuntu',
    version: '24.04.1 LTS',
    codename: 'Noble Numbat',
    archs: ['arm64'],
    keys: BOTH,
  },
  'ubuntu-server-24.04': {
    image: casper(
      'Ubuntu-Server 24.04.1 LTS "Noble Numbat" - Release amd64 (20240827)',
      'Ubuntu-Server 24.04.1 LTS amd64',
      {
        'casper/vmlinuz': ubuntuKernel('6.8.0-41-generic'),
        'casper/initrd': 70 * MIB,
        'casper/hwe-vmlinuz': kernel({
          version: '6.11.0-17-generic',
          signer: 'Canonical Ltd. Secure Boot Signing',
          sizeBytes: 15 * MIB,
        }),
        'casper/hwe-initrd': 72 * MIB,
        'casper/ubuntu-server-minimal.squashfs': 1000 * MIB,
        'casper/ubuntu-server-minimal.ubuntu-server.installer.squashfs': 300 * MIB,
        'casper/install-sources.yaml': '- default: true\n  id: ubuntu-server\n',
      },
      2700,
    ),
    family: 'casper',
    name: 'Ubuntu Server',
    version: '24.04.1 LTS',
    codename: 'Noble Numbat',
    edition: 'Server',
    group: 'Ubuntu',
    keys: ['install-nfs', 'install', 'install-nfs-2', 'install-2'],
  },
  'ubuntu-server-25.04': {
    image: casper(
      'Ubuntu-Server 25.04 "Plucky Puffin" - Release amd64 (20250415)',
      'Ubuntu-Server 25.04 amd64',
      noble,
      2000,
    ),
    family: 'casper',
    name: 'Ubuntu Server',
    version: '25.04',
    codename: 'Plucky Puffin',
    edition: 'Server',
    group: 'Ubuntu',
    keys: ['install-nfs', 'install'],
  },
  'ubuntu-mate-22.04': {
    image: casper(`Ubuntu-MATE ${JAMMY}`, 'Ubuntu-MATE 22.04.4 LTS amd64', jammy),
    family: 'casper',
    name: 'Ubuntu MATE',
    version: '22.04.4 LTS',
    codename: 'Jammy Jellyfish',
    edition: 'MATE',
    group: 'Ubuntu',
    keys: BOTH,
  },
  'ubuntu-mate': flavour('Ubuntu MATE', 'Ubuntu-MATE', 'MATE'),
  'ubuntu-budgie': flavour('Ubuntu Budgie', 'Ubuntu-Budgie', 'Budgie'),
  'ubuntu-studio': flavour('Ubuntu Studio', 'Ubuntu-Studio', 'Studio'),
  'ubuntu-cinnamon': flavour('Ubuntu Cinnamon', 'Ubuntu-Cinnamon', 'Cinnamon'),
  'ubuntu-unity': flavour('Ubuntu Unity', 'Ubuntu Unity', 'Unity'),
  'ubuntu-kylin': flavour('Ubuntu Kylin', 'Ubuntu-Kylin', 'UKUI'),
  kubuntu: flavour('Kubuntu', 'Kubuntu', 'KDE Plasma'),
  xubuntu: flavour('Xubuntu', 'Xubuntu', 'Xfce'),
  lubuntu: flavour('Lubuntu', 'Lubuntu', 'LXQt'),
  edubuntu: flavour('Edubuntu', 'Edubuntu', 'Education'),
  'mint-22-cinnamon': {
    image: casper(
      'Linux Mint 22.3 "Zena" - Release amd64 20260108',
      'Linux Mint 22.3 Cinnamon 64-bit',
      {
        ...lz('6.14.0-37-generic'),
        'boot/grub/grub.cfg': grubCfg(
          'casper/vmlinuz',
          'casper/initrd.lz',
          'boot=casper uuid=1b2c3d4e-0000-0000-0000-000000000000 username=mint hostname=mint quiet splash --',
        ),
      },
      2900,
    ),
    family: 'casper',
    name: 'Linux Mint',
    version: '22.3',
    codename: 'Zena',
    edition: 'Cinnamon',
    keys: BOTH,
  },
  'mint-21-mate': {
    image: casper(
      'Linux Mint 21.3 "Virginia" - Release amd64 20240110',
      'Linux Mint 21.3 MATE 64-bit',
      lz('5.15.0-91-generic'),
    ),
    family: 'casper',
    name: 'Linux Mint',
    version: '21.3',
    codename: 'Virginia',
    edition: 'MATE',
    keys: BOTH,
  },
  'mint-22-xfce': {
    image: casper(
      'Linux Mint 22 "Wilma" - Release amd64 20240722',
      'Linux Mint 22 Xfce 64-bit',
      lz('6.8.0-38-generic'),
    ),
    family: 'casper',
    name: 'Linux Mint',
    version: '22',
    codename: 'Wilma',
    edition: 'Xfce',
    keys: BOTH,
  },
  'mint-19-i386': {
    image: casper('Linux Mint 19.3 "Tricia" - Release i386 20191213', 'Linux Mint 19.3 Xfce 32-bit', {
      'casper/vmlinuz': kernel({ version: '5.0.0-32-generic', arch: 'i386' }),
      'casper/initrd.lz': 40 * MIB,
      'casper/filesystem.squashfs': 1700 * MIB,
    }),
    family: 'casper',
    name: 'Linux Mint',
    version: '19.3',
    codename: 'Tricia',
    edition: 'Xfce',
    archs: ['i386'],
    keys: ['live-nfs'],
    problem: 'needs-nfs',
  },
  pop: {
    image: {
      label: 'Pop_OS 22.04 amd64 NVIDIA',
      sizeBytes: 3200 * MIB,
      files: {
        '.disk/info': 'Pop_OS 22.04 LTS "Jammy Jellyfish" - Release amd64 (20240927)',
        'casper_pop-os_22.04_amd64_nvidia_debug_7/vmlinuz.efi': plainKernel('6.9.3-76060903-generic'),
        'casper_pop-os_22.04_amd64_nvidia_debug_7/initrd.gz': 90 * MIB,
        'casper_pop-os_22.04_amd64_nvidia_debug_7/filesystem.squashfs': 2900 * MIB,
        'EFI/BOOT/BOOTX64.EFI': 150_000,
      },
    },
    family: 'casper',
    name: 'Pop!_OS',
    version: '22.04 LTS',
    codename: 'Jammy Jellyfish',
    edition: 'NVIDIA',
    keys: BOTH,
  },
  elementary: {
    image: casper('elementary OS 7.1 "Horus" - Stable amd64 (20230926)', 'elementary OS 7.1 stable', jammy),
    family: 'casper',
    name: 'elementary OS',
    version: '7.1',
    codename: 'Horus',
    keys: BOTH,
  },
  zorin: {
    image: casper('Zorin OS 17.1 "Noble Numbat" - Release amd64 (20240318)', 'Zorin OS 17.1 Core 64-bit', jammy),
    family: 'casper',
    name: 'Zorin OS',
    version: '17.1',
    codename: 'Noble Numbat',
    edition: 'Core',
    keys: BOTH,
  },
  rescuezilla: {
    image: {
      ...casper('Rescuezilla 2.5.1 64bit noble - Release amd64', 'Rescuezilla', noble, 1300),
      fileName: 'rescuezilla-2.5.1-64bit.noble.iso',
    },
    family: 'casper',
    name: 'Rescuezilla',
    version: '2.5.1',
    codename: 'noble',
    group: 'Tools',
    keys: ['rescue-nfs', 'rescue'],
  },
};

// ---- live-boot and Debian's installer ----

function debianLive(label: string, info: string, files: Files = {}): MadeImage {
  return {
    label,
    sizeBytes: 3100 * MIB,
    files: {
      '.disk/info': info,
      'live/vmlinuz': debianKernel('6.1.0-37-amd64'),
      'live/vmlinuz-6.1.0-37-amd64': debianKernel('6.1.0-37-amd64'),
      'live/initrd.img': 60 * MIB,
      'live/initrd.img-6.1.0-37-amd64': 60 * MIB,
      'live/filesystem.squashfs': 2500 * MIB,
      ...SHIM,
      ...files,
    },
  };
}

const liveFiles = (version: string, squashfsMib: number, initrd = 'initrd.img'): Files => ({
  'live/vmlinuz': debianKernel(version),
  [`live/${initrd}`]: 50 * MIB,
  'live/filesystem.squashfs': squashfsMib * MIB,
});

const installer: Files = {
  'install/vmlinuz': debianKernel('6.1.0-37-amd64'),
  'install/initrd.gz': 20 * MIB,
  'dists/bookworm/Release': 'x',
};
const DEBIAN_ENTRIES = ['install', 'expert-install', 'rescue'];
const NETINST = ['install', 'install-image', 'expert-install', 'rescue'];

function debianCd(label: string, info: string, files: Files): MadeImage {
  const base: Files = { '.disk/info': info, '.disk/base_installable': '', 'dists/bookworm/Release': 'x' };
  return { label, sizeBytes: 670 * MIB, files: { ...base, ...files } };
}

const LIVE: Readonly<Record<string, Sample>> = {
  'debian-live-gnome': {
    image: debianLive(
      'd-live 12.11.0 gn amd64',
      'Debian GNU/Linux 12.11.0 "Bookworm" - Official amd64 LIVE/INSTALL Binary 20250517-09:52',
      {
        ...installer,
        'boot/grub/grub.cfg': grubCfg(
          'live/vmlinuz-6.1.0-37-amd64',
          'live/initrd.img-6.1.0-37-amd64',
          'boot=live components quiet splash findiso=${iso_path}',
        ),
      },
    ),
    family: 'live-boot',
    name: 'Debian',
    version: '12.11.0',
    codename: 'Bookworm',
    edition: 'GNOME',
    keys: [...BOTH, ...DEBIAN_ENTRIES],
  },
  'debian-live-kde-old': {
    image: {
      label: 'd-live nf 11.6.0 kd i386',
      sizeBytes: 3000 * MIB,
      files: {
        '.disk/info': 'Debian GNU/Linux 11.6.0 "Bullseye" - Unofficial i386 LIVE Binary 20221217-11:20',
        'live/vmlinuz-5.10.0-20-686': kernel({ version: '5.10.0-20-686', arch: 'i386', sizeBytes: 5 * MIB }),
        'live/vmlinuz-5.10.0-20-686-pae': kernel({ version: '5.10.0-20-686-pae', arch: 'i386', sizeBytes: 6 * MIB }),
        'live/initrd.img-5.10.0-20-686': 50 * MIB,
        'live/initrd.img-5.10.0-20-686-pae': 51 * MIB,
        'live/filesystem.squashfs': 2500 * MIB,
      },
    },
    family: 'live-boot',
    name: 'Debian',
    version: '11.6.0',
    codename: 'Bullseye',
    edition: 'KDE Plasma',
    archs: ['i386'],
    keys: ['live-nfs', 'live', 'live-nfs-2', 'live-2'],
  },
  'debian-live-xfce': {
    image: debianLive(
      'd-live 13.1.0 xf amd64',
      'Debian GNU/Linux 13.1.0 "Trixie" - Official amd64 LIVE Binary 20250906-10:22',
    ),
    family: 'live-boot',
    name: 'Debian',
    version: '13.1.0',
    codename: 'Trixie',
    edition: 'Xfce',
    keys: BOTH,
  },
  'debian-live-two-processors': {
    image: {
      label: 'Debian Live',
      files: {
        '.disk/info': 'Debian GNU/Linux 9.13.0 "Stretch" - Official amd64/i386 LIVE Binary 20200718',
        'live/vmlinuz1': kernel({ version: '4.9.0-13-686', arch: 'i386', sizeBytes: 4 * MIB }),
        'live/initrd1.img': 30 * MIB,
        'live/vmlinuz2': kernel({ version: '4.9.0-13-amd64', sizeBytes: 4 * MIB }),
        'live/initrd2.img': 30 * MIB,
        'live/filesystem.squashfs': 900 * MIB,
      },
    },
    family: 'live-boot',
    name: 'Debian',
    version: '9.13.0',
    codename: 'Stretch',
    archs: ['i386', 'x86_64'],
    keys: ['live-nfs', 'live', 'live-nfs-x86-64', 'live-x86-64'],
  },
  'lmde-6': {
    image: {
      label: 'LMDE 6 Cinnamon 64-bit',
      sizeBytes: 2600 * MIB,
      files: {
        '.disk/info': 'LMDE 6 "Faye" - Release amd64 20230919',
        ...liveFiles('6.1.0-12-amd64', 2300, 'initrd.lz'),
        ...SHIM,
      },
    },
    family: 'live-boot',
    name: 'LMDE',
    version: '6',
    codename: 'Faye',
    edition: 'Cinnamon',
    group: 'Linux Mint',
    keys: BOTH,
  },
  'kali-live': {
    image: {
      label: 'Kali Live',
      fileName: 'kali-linux-2024.2-live-amd64.iso',
      sizeBytes: 4300 * MIB,
      files: {
        '.disk/info': 'Kali GNU/Linux 2024.2 "Kali-last-snapshot" - Official amd64 LIVE Binary',
        'live/vmlinuz': plainKernel('6.6.15-amd64'),
        'live/initrd.img': 60 * MIB,
        'live/filesystem.squashfs': 3800 * MIB,
      },
    },
    family: 'live-boot',
    name: 'Kali',
    version: '2024.2',
    edition: 'Live',
    keys: BOTH,
  },
  parrot: {
    image: {
      label: 'Parrot-security-6.1_amd64',
      sizeBytes: 5200 * MIB,
      files: { ...liveFiles('6.5.0-13parrot1-amd64', 4800), 'live/vmlinuz': plainKernel('6.5.0-13parrot1-amd64') },
    },
    family: 'live-boot',
    name: 'Parrot',
    version: '6.1',
    edition: 'Security',
    keys: BOTH,
  },
  'devuan-live': {
    image: {
      label: 'devuan_daedalus_5.0.0_amd64_desktop-live',
      sizeBytes: 1400 * MIB,
      files: liveFiles('6.1.0-10-amd64', 1200),
    },
    family: 'live-boot',
    name: 'Devuan',
    version: '5.0.0',
    codename: 'daedalus',
    edition: 'Desktop',
    keys: BOTH,
  },
  grml: {
    image: {
      label: 'grml64-full 2024.02',
      sizeBytes: 900 * MIB,
      files: {
        'boot/grml64full/vmlinuz': debianKernel('6.6.15-1-grml-amd64'),
        'boot/grml64full/initrd.img': 40 * MIB,
        'live/grml64-full/grml64-full.squashfs': 800 * MIB,
      },
    },
    family: 'live-boot',
    name: 'Grml',
    version: '2024.02',
    edition: 'full',
    group: 'Tools',
    keys: ['rescue-nfs', 'rescue'],
  },
  'gparted-live': {
    image: {
      label: 'GParted-live',
      sizeBytes: 550 * MIB,
      files: { 'GParted-Live-Version': 'gparted-live-1.6.0-3-amd64\n', ...liveFiles('6.7.12-amd64', 420) },
    },
    family: 'live-boot',
    name: 'GParted Live',
    version: '1.6.0-3',
    group: 'Tools',
    keys: ['rescue-nfs', 'rescue'],
  },
  clonezilla: {
    image: {
      label: 'Clonezilla-live',
      sizeBytes: 460 * MIB,
      files: {
        'Clonezilla-Live-Version': 'clonezilla-live-3.1.2-22-amd64\n',
        ...liveFiles('6.7.9-amd64', 350),
        'boot/grub/grub.cfg': grubCfg(
          'live/vmlinuz',
          'live/initrd.img',
          'boot=live union=overlay username=user config components quiet loglevel=0 noswap edd=on nomodeset enforcing=0 locales= keyboard-layouts= ocs_live_run="ocs-live-general" ocs_live_extra_param="" ocs_live_batch="no" vga=788 net.ifnames=0 splash i915.blacklist=yes',
        ),
      },
    },
    family: 'live-boot',
    name: 'Clonezilla',
    version: '3.1.2-22',
    group: 'Tools',
    keys: ['rescue-nfs', 'rescue'],
  },
  'clonezilla-ubuntu': {
    image: {
      label: 'Clonezilla-live',
      sizeBytes: 480 * MIB,
      files: {
        'Clonezilla-Live-Version': 'clonezilla-live-20240501-noble-amd64\n',
        'live/vmlinuz': ubuntuKernel('6.8.0-31-generic'),
        'live/initrd.img': 50 * MIB,
        'live/filesystem.squashfs': 370 * MIB,
      },
    },
    family: 'live-boot',
    name: 'Clonezilla',
    version: '20240501',
    codename: 'noble',
    group: 'Tools',
    keys: ['rescue-nfs', 'rescue'],
  },
  'live-several-squashfs': {
    image: {
      label: 'Debian Live',
      sizeBytes: 1000 * MIB,
      files: { ...liveFiles('6.1.0-37-amd64', 800), 'live/extra.squashfs': 100 * MIB },
    },
    family: 'live-boot',
    name: 'Debian Live',
    version: '',
    group: 'Other',
    keys: BOTH,
  },
  tails: {
    image: {
      label: 'TAILS 6.4 - 20240619',
      files: { 'live/Tails.module': 'filesystem.squashfs', ...liveFiles('6.1.0-21-amd64', 1200) },
    },
    family: 'tails',
    name: 'Tails',
    version: '6.4',
    keys: [],
    problem: 'cannot-netboot',
  },
  'debian-netinst': {
    image: debianCd(
      'Debian 12.11.0 amd64 n',
      'Debian GNU/Linux 12.11.0 "Bookworm" - Official amd64 NETINST with firmware 20250517-09:51',
      {
        'install.amd/vmlinuz': debianKernel('6.1.0-37-amd64'),
        'install.amd/initrd.gz': 40 * MIB,
      },
    ),
    family: 'debian-installer',
    name: 'Debian',
    version: '12.11.0',
    codename: 'Bookworm',
    edition: 'netinst',
    keys: NETINST,
    problem: 'needs-companion',
  },
  'debian-dvd-arm64': {
    image: debianCd(
      'Debian 13.1.0 arm64 1',
      'Debian GNU/Linux 13.1.0 "Trixie" - Official arm64 DVD Binary-1 with firmware 20250906',
      {
        'install.a64/vmlinuz': kernel({ arch: 'arm64', signer: 'Debian Secure Boot CA' }),
        'install.a64/initrd.gz': 40 * MIB,
      },
    ),
    family: 'debian-installer',
    name: 'Debian',
    version: '13.1.0',
    codename: 'Trixie',
    edition: 'DVD 1',
    archs: ['arm64'],
    // Its kernel does not say its version.
    keys: NETINST.filter((key) => key !== 'install-image'),
    problem: 'needs-companion',
  },
  'debian-multi-arch': {
    image: debianCd(
      'Debian 11.3.0 M-A 1',
      'Debian GNU/Linux 11.3.0 "Bullseye" - Official Multi-architecture amd64/i386 NETINST 20220326',
      {
        'install.amd/vmlinuz': debianKernel('5.10.0-13-amd64'),
        'install.386/vmlinuz': debianKernel('5.10.0-13-686', 'i386'),
      },
    ),
    family: 'debian-installer',
    name: 'Debian',
    version: '11.3.0',
    codename: 'Bullseye',
    edition: 'netinst',
    archs: ['x86_64', 'i386'],
    keys: [...NETINST, ...NETINST.map((key) => `${key}-i386`)],
    problem: 'needs-companion',
  },
  'debian-testing': {
    image: debianCd(
      'Debian testing amd64 n',
      'Debian GNU/Linux testing "Trixie" - Official Snapshot amd64 NETINST 20250101',
      {
        'install.amd/vmlinuz': debianKernel('6.12.6-amd64'),
      },
    ),
    family: 'debian-installer',
    name: 'Debian',
    version: 'testing',
    codename: 'Trixie',
    edition: 'netinst',
    keys: NETINST,
    problem: 'needs-companion',
  },
  'kali-installer': {
    image: debianCd(
      'Kali Linux amd64 1',
      'Kali GNU/Linux 2024.2rolling "Kali-last-snapshot" - Official amd64 BD Binary-1',
      {
        'install.amd/vmlinuz': plainKernel('6.6.15-amd64'),
      },
    ),
    family: 'debian-installer',
    name: 'Kali',
    version: '2024.2',
    keys: [],
    problem: 'cannot-netboot',
  },
  'ubuntu-server-legacy': {
    image: {
      label: 'Ubuntu-Server 20.04.1 LTS amd64',
      files: {
        '.disk/info': 'Ubuntu-Server 20.04.1 LTS "Focal Fossa" - Release amd64 (20200803)',
        'install/vmlinuz': ubuntuKernel('5.4.0-42-generic'),
        'install/netboot/ubuntu-installer/amd64/linux': ubuntuKernel('5.4.0-42-generic'),
        'install/netboot/ubuntu-installer/amd64/initrd.gz': 50 * MIB,
        'install/filesystem.squashfs': 300 * MIB,
        'dists/focal/Release': 'x',
      },
    },
    family: 'ubuntu-installer',
    name: 'Ubuntu Server',
    version: '20.04.1 LTS',
    codename: 'Focal Fossa',
    edition: 'Server',
    group: 'Ubuntu',
    keys: ['install'],
  },
};

// ---- Arch, Manjaro ----

function archiso(base: string, label: string, kernelName: string, initrd: string, files: Files = {}): MadeImage {
  return {
    label,
    sizeBytes: 1100 * MIB,
    files: {
      [`${base}/boot/x86_64/${kernelName}`]: plainKernel('6.9.3-arch1-1'),
      [`${base}/boot/x86_64/${initrd}`]: 120 * MIB,
      [`${base}/x86_64/airootfs.sfs`]: 800 * MIB,
      'EFI/BOOT/BOOTX64.EFI': 100_000,
      ...files,
    },
  };
}

function manjaro(base: string, label: string, files: Files = {}): MadeImage {
  return {
    label,
    sizeBytes: 3700 * MIB,
    files: {
      '.miso': '',
      'boot/vmlinuz-x86_64': plainKernel('6.9.3-3-MANJARO'),
      'boot/amd_ucode.img': MIB,
      'boot/intel_ucode.img': 8 * MIB,
      'boot/initramfs-x86_64.img': 40 * MIB,
      [`${base}/x86_64/rootfs.sfs`]: 1000 * MIB,
      [`${base}/x86_64/desktopfs.sfs`]: 1800 * MIB,
      [`${base}/x86_64/livefs.sfs`]: 100 * MIB,
      [`${base}/x86_64/mhwdfs.sfs`]: 700 * MIB,
      ...files,
    },
  };
}

const ARCH: Readonly<Record<string, Sample>> = {
  arch: {
    image: archiso('arch', 'ARCH_202608', 'vmlinuz-linux', 'initramfs-linux.img', { 'arch/version': '2026.08.01\n' }),
    family: 'archiso',
    name: 'Arch Linux',
    version: '2026.08.01',
    keys: BOTH,
  },
  'arch-2020': {
    image: archiso('arch', 'ARCH_202004', 'vmlinuz', 'archiso.img', {
      'arch/boot/intel_ucode.img': 3 * MIB,
      'arch/boot/amd_ucode.img': MIB,
    }),
    family: 'archiso',
    name: 'Arch Linux',
    version: '2020.04',
    keys: BOTH,
  },
  endeavouros: {
    image: archiso('arch', 'EOS_202409', 'vmlinuz-linux', 'initramfs-linux.img', {
      'arch/x86_64/airootfs.sfs': 2400 * MIB,
      'loader/entries/01-endeavouros.conf':
        'title EndeavourOS x86_64 UEFI Default\nlinux /arch/boot/x86_64/vmlinuz-linux\ninitrd /arch/boot/x86_64/initramfs-linux.img\noptions archisobasedir=arch archisosearchuuid=2024-09-20-10-00-00-00 cow_spacesize=10G copytoram=n nvme_load=yes\n',
    }),
    family: 'archiso',
    name: 'EndeavourOS',
    version: '2024.09',
    keys: BOTH,
  },
  systemrescue: {
    image: archiso('sysresccd', 'RESCUE1101', 'vmlinuz', 'sysresccd.img', {
      'sysresccd/VERSION': '11.01\n',
      'sysresccd/boot/intel_ucode.img': 8 * MIB,
      'sysresccd/boot/amd_ucode.img': MIB,
    }),
    family: 'archiso',
    name: 'SystemRescue',
    version: '11.01',
    group: 'Tools',
    keys: ['rescue-nfs', 'rescue'],
  },
  'systemrescue-6': {
    image: archiso('sysresccd', 'RESCUE601', 'vmlinuz', 'sysresccd.img', {
      'sysresccd/boot/i686/vmlinuz': plainKernel('4.19.34-1-lts', 'i386'),
      'sysresccd/boot/i686/sysresccd.img': 70 * MIB,
      'sysresccd/i686/airootfs.sfs': 700 * MIB,
    }),
    family: 'archiso',
    name: 'SystemRescue',
    version: '6.01',
    group: 'Tools',
    archs: ['x86_64', 'i386'],
    keys: ['rescue-nfs', 'rescue', 'rescue-nfs-i386', 'rescue-i386'],
  },
  blackarch: {
    image: {
      ...archiso('blackarch', 'BLACKARCH_SLIM_202305', 'vmlinuz-linux', 'initramfs-linux.img'),
      fileName: 'blackarch-linux-slim-2023.05.01-x86_64.iso',
    },
    family: 'archiso',
    name: 'BlackArch',
    version: '2023.05.01',
    edition: 'Slim',
    keys: BOTH,
  },
  cachyos: {
    image: archiso('arch', 'COS_202407', 'vmlinuz-linux-cachyos', 'initramfs-linux-cachyos.img'),
    family: 'archiso',
    name: 'CachyOS',
    version: '2024.07',
    keys: BOTH,
  },
  'manjaro-kde': {
    image: manjaro('manjaro', 'MANJARO_KDE_2600', {
      'boot/grub/grub.cfg': 'source /boot/grub/kernels.cfg\n',
      'boot/grub/kernels.cfg':
        'menuentry "Boot with open source drivers" {\n linux /boot/vmlinuz-x86_64 misobasedir=manjaro misolabel=MANJARO_KDE_2600 quiet systemd.show_status=1 driver=free nouveau.modeset=1 i915.modeset=1 radeon.modeset=1\n initrd /boot/intel_ucode.img /boot/initramfs-x86_64.img\n}\n',
    }),
    family: 'miso',
    name: 'Manjaro',
    version: '26.0.0',
    edition: 'KDE Plasma',
    keys: BOTH,
  },
  'manjaro-xfce': {
    image: manjaro('manjaro', 'MANJARO_XFCE_2401'),
    family: 'miso',
    name: 'Manjaro',
    version: '24.0.1',
    edition: 'Xfce',
    keys: BOTH,
  },
  'manjaro-2017': {
    image: {
      label: 'MJRO1706',
      fileName: 'manjaro-gnome-17.0.2-stable-x86_64.iso',
      files: {
        '.miso': '',
        'manjaro/boot/x86_64/manjaro': plainKernel('4.9.30-1-MANJARO'),
        'manjaro/boot/x86_64/manjaro.img': 40 * MIB,
        'manjaro/boot/intel_ucode.img': MIB,
        'manjaro/x86_64/rootfs.sfs': 900 * MIB,
        'manjaro/x86_64/desktopfs.sfs': 700 * MIB,
      },
    },
    family: 'miso',
    name: 'Manjaro',
    version: '17.0.2',
    edition: 'GNOME',
    keys: BOTH,
  },
  garuda: {
    image: manjaro('garuda', 'GARUDA_DR460NIZED_RAPTOR'),
    family: 'miso',
    name: 'Garuda',
    version: '',
    edition: 'Dr460nized',
    keys: BOTH,
  },
  artix: {
    image: { ...manjaro('artix', 'ARTIX_202403'), fileName: 'artix-plasma-openrc-20240316-x86_64.iso' },
    family: 'miso',
    name: 'Artix',
    version: '202403',
    edition: 'KDE Plasma',
    keys: BOTH,
  },
};

// ---- Red Hat, SUSE ----

const fedoraKernel = (version: string): Fill =>
  kernel({ version, signer: 'Fedora Secure Boot CA', sizeBytes: 16 * MIB });

function lorax(label: string, version: string, files: Files): MadeImage {
  return {
    label,
    sizeBytes: 2300 * MIB,
    files: {
      'images/pxeboot/vmlinuz': fedoraKernel(version),
      'images/pxeboot/initrd.img': 110 * MIB,
      ...SHIM,
      ...files,
    },
  };
}

const treeinfo = (family: string, version: string, variant: string, arch = 'x86_64'): string =>
  `[header]\nversion = 1.2\n\n[general]\narch = ${arch}\nfamily = ${family}\nvariant = ${variant}\nversion = ${version}\n\n[stage2]\nmainimage = images/install.img\n`.replace(
    '[header]\nversion = 1.2\n\n',
    '',
  );

function anaconda(label: string, kernelVersion: string, info: string, packages: string | undefined): MadeImage {
  return lorax(label, kernelVersion, {
    '.treeinfo': info,
    '.discinfo': '1713302461.0\n40\nx86_64\n',
    'images/install.img': 800 * MIB,
    ...(packages ? { [packages]: '<repomd/>' } : {}),
  });
}

function suseDvd(label: string, media: string): MadeImage {
  return {
    label,
    sizeBytes: 4300 * MIB,
    files: {
      'boot/x86_64/loader/linux': fedoraKernel('6.4.0-150600.21-default'),
      'boot/x86_64/loader/initrd': 150 * MIB,
      'boot/x86_64/root': 60 * MIB,
      'media.1/media': media,
      ...SHIM,
    },
  };
}

const REDHAT: Readonly<Record<string, Sample>> = {
  'fedora-workstation': {
    image: lorax('Fedora-WS-Live-40-1-14', '6.8.5-301.fc40.x86_64', {
      'LiveOS/squashfs.img': 2100 * MIB,
      'boot/grub2/grub.cfg': 'x',
      'EFI/BOOT/grub.cfg': grubCfg(
        'images/pxeboot/vmlinuz',
        'images/pxeboot/initrd.img',
        'root=live:CDLABEL=Fedora-WS-Live-40-1-14 rd.live.image quiet rhgb',
      ),
    }),
    family: 'dracut-live',
    name: 'Fedora',
    version: '40',
    edition: 'Workstation',
    keys: BOTH,
  },
  nobara: {
    image: {
      label: 'Nobara-Official-41',
      sizeBytes: 4000 * MIB,
      files: {
        'boot/x86_64/loader/linux': plainKernel('6.12.9-207.nobara.fc41.x86_64'),
        'boot/x86_64/loader/initrd': 70 * MIB,
        'LiveOS/squashfs.img': 3500 * MIB,
        ...SHIM,
      },
    },
    family: 'dracut-live',
    name: 'Nobara',
    version: '41',
    keys: BOTH,
  },
  'fedora-kde-kiwi': {
    image: {
      label: 'Fedora-KDE-Live-43',
      sizeBytes: 2900 * MIB,
      files: {
        'boot/x86_64/loader/linux': fedoraKernel('6.17.1-300.fc43.x86_64'),
        'boot/x86_64/loader/initrd': 120 * MIB,
        'LiveOS/squashfs.img': 2600 * MIB,
        ...SHIM,
      },
    },
    family: 'dracut-live',
    name: 'Fedora',
    version: '43',
    edition: 'KDE Plasma',
    keys: BOTH,
  },
  'fedora-xfce-old': {
    image: {
      label: 'Fedora-Xfce-Live-31-1-9',
      files: {
        'isolinux/vmlinuz': fedoraKernel('5.3.7-301.fc31.x86_64'),
        'isolinux/initrd.img': 70 * MIB,
        'LiveOS/squashfs.img': 1500 * MIB,
      },
    },
    family: 'dracut-live',
    name: 'Fedora',
    version: '31',
    edition: 'Xfce',
    keys: BOTH,
  },
  'centos-7-live': {
    image: {
      label: 'CentOS-7-x86_64-LiveGNOME-2003',
      files: {
        'isolinux/vmlinuz0': fedoraKernel('3.10.0-1127.el7.x86_64'),
        'isolinux/initrd0.img': 50 * MIB,
        'LiveOS/squashfs.img': 1300 * MIB,
      },
    },
    family: 'dracut-live',
    name: 'CentOS',
    version: '7',
    keys: [],
    problem: 'cannot-netboot',
  },
  'rocky-live': {
    image: lorax('Rocky-Workstation-9-5', '5.14.0-503.el9.x86_64', { 'LiveOS/squashfs.img': 1900 * MIB }),
    family: 'dracut-live',
    name: 'Rocky Linux',
    version: '9.5',
    edition: 'Workstation',
    keys: BOTH,
  },
  'fedora-server': {
    image: anaconda(
      'Fedora-S-dvd-x86_64-40',
      '6.8.5-301.fc40.x86_64',
      treeinfo('Fedora', '40', 'Server'),
      'repodata/repomd.xml',
    ),
    family: 'anaconda',
    name: 'Fedora',
    version: '40',
    edition: 'Server',
    keys: ['install-nfs', 'install'],
  },
  'fedora-everything': {
    image: anaconda(
      'Fedora-E-dvd-x86_64-44',
      '6.19.0-1.fc44.x86_64',
      treeinfo('Fedora', '44', 'Everything'),
      undefined,
    ),
    family: 'anaconda',
    name: 'Fedora',
    version: '44',
    edition: 'Everything',
    keys: ['install-nfs', 'install'],
  },
  'centos-stream': {
    image: anaconda(
      'CentOS-Stream-9-BaseOS-x86_64',
      '5.14.0-447.el9.x86_64',
      treeinfo('CentOS Stream', '9', 'BaseOS'),
      'BaseOS/repodata/repomd.xml',
    ),
    family: 'anaconda',
    name: 'CentOS Stream',
    version: '9',
    keys: ['install-nfs', 'install'],
  },
  rocky: {
    image: anaconda(
      'Rocky-9-5-x86_64-dvd',
      '5.14.0-503.el9.x86_64',
      treeinfo('Rocky Linux', '9.5', 'BaseOS'),
      'BaseOS/repodata/repomd.xml',
    ),
    family: 'anaconda',
    name: 'Rocky Linux',
    version: '9.5',
    edition: 'DVD',
    keys: ['install-nfs', 'install'],
  },
  alma: {
    image: anaconda(
      'AlmaLinux-9-4-x86_64-dvd',
      '5.14.0-427.el9.x86_64',
      treeinfo('AlmaLinux', '9.4', 'BaseOS'),
      'BaseOS/repodata/repomd.xml',
    ),
    family: 'anaconda',
    name: 'AlmaLinux',
    version: '9.4',
    edition: 'DVD',
    keys: ['install-nfs', 'install'],
  },
  'rhel-boot': {
    image: anaconda(
      'RHEL-9-4-0-BaseOS-x86_64',
      '5.14.0-427.el9.x86_64',
      treeinfo('Red Hat Enterprise Linux', '9.4', 'BaseOS'),
      undefined,
    ),
    family: 'anaconda',
    name: 'Red Hat Enterprise Linux',
    version: '9.4',
    keys: ['install-nfs', 'install'],
  },
  'centos-7': {
    image: {
      label: 'CentOS 7 x86_64',
      sizeBytes: 4500 * MIB,
      files: {
        '.treeinfo': treeinfo('CentOS', '7', ''),
        'images/pxeboot/vmlinuz': fedoraKernel('3.10.0-1160.el7.x86_64'),
        'images/pxeboot/initrd.img': 50 * MIB,
        'isolinux/vmlinuz': fedoraKernel('3.10.0-1160.el7.x86_64'),
        'isolinux/initrd.img': 50 * MIB,
        'LiveOS/squashfs.img': 480 * MIB,
        'repodata/repomd.xml': '<repomd/>',
      },
    },
    family: 'anaconda',
    name: 'CentOS',
    version: '7',
    keys: ['install-nfs', 'install'],
  },
  'centos-6': {
    image: anaconda(
      'CentOS_6.10_Final',
      '2.6.32-754.el6.x86_64',
      treeinfo('CentOS', '6.10', ''),
      'repodata/repomd.xml',
    ),
    family: 'anaconda',
    name: 'CentOS',
    version: '6.10',
    keys: ['install-nfs', 'install'],
  },
  leap: {
    image: suseDvd(
      'openSUSE-Leap-15.6-DVD-x86_64710',
      'openSUSE - openSUSE-Leap-15.6-DVD-x86_64-Build710.3-Media\nopenSUSE\n1\n',
    ),
    family: 'linuxrc',
    name: 'openSUSE Leap',
    version: '15.6',
    edition: 'DVD',
    group: 'openSUSE',
    keys: ['install-nfs', 'install'],
  },
  tumbleweed: {
    image: suseDvd(
      'openSUSE-Tumbleweed-DVD-x86_6420',
      'openSUSE - openSUSE-Tumbleweed-DVD-x86_64-Snapshot20240612-Media\n',
    ),
    family: 'linuxrc',
    name: 'openSUSE Tumbleweed',
    version: '20240612',
    edition: 'DVD',
    group: 'openSUSE',
    keys: ['install-nfs', 'install'],
  },
  sles: {
    image: suseDvd('SLE-15-SP6-Full-x86_64160.21.10', 'SUSE - SLE-15-SP6-Full-x86_64-Build160.21-Media\n'),
    family: 'linuxrc',
    name: 'SUSE Linux Enterprise',
    version: '15-SP6',
    edition: 'Full',
    group: 'SUSE',
    keys: ['install-nfs', 'install'],
  },
  'sles-16': {
    image: {
      label: 'Install-SLES-16.0-x86_64',
      sizeBytes: 4200 * MIB,
      files: {
        'boot/x86_64/loader/linux': fedoraKernel('6.12.0-160000.5-default'),
        'boot/x86_64/loader/initrd': 150 * MIB,
        'LiveOS/squashfs.img': 800 * MIB,
        'EFI/BOOT/bootx64.efi': 900_000,
        'EFI/BOOT/MokManager.efi': 800_000,
      },
    },
    family: 'agama',
    name: 'SUSE Linux Enterprise',
    version: '16.0',
    group: 'SUSE',
    keys: ['install'],
  },
  agama: {
    image: {
      label: 'Install-Leap-16.0-x86_64',
      sizeBytes: 1000 * MIB,
      files: {
        'boot/x86_64/loader/linux': fedoraKernel('6.12.0-160000.5-default'),
        'boot/x86_64/loader/initrd': 80 * MIB,
        'LiveOS/squashfs.img': 900 * MIB,
      },
    },
    family: 'agama',
    name: 'openSUSE Leap',
    version: '16.0',
    group: 'openSUSE',
    keys: ['install'],
  },
  'leap-live': {
    image: {
      label: 'openSUSE_Leap_15.6_KDE_Live',
      sizeBytes: 1000 * MIB,
      files: {
        'boot/x86_64/loader/linux': fedoraKernel('6.4.0-150600.21-default'),
        'boot/x86_64/loader/initrd': 80 * MIB,
        'LiveOS/squashfs.img': 900 * MIB,
      },
    },
    family: 'kiwi-live',
    name: 'openSUSE Leap',
    version: '15.6',
    edition: 'KDE Plasma',
    group: 'openSUSE',
    keys: ['live'],
  },
  'tumbleweed-live': {
    image: {
      label: 'openSUSE_Tumbleweed_KDE_Live',
      sizeBytes: 1100 * MIB,
      files: {
        'boot/x86_64/loader/linux': fedoraKernel('6.9.3-1-default'),
        'boot/x86_64/loader/initrd': 80 * MIB,
        'LiveOS/squashfs.img': 1000 * MIB,
      },
    },
    family: 'kiwi-live',
    name: 'openSUSE Tumbleweed',
    version: '',
    edition: 'KDE Plasma',
    group: 'openSUSE',
    keys: ['live'],
  },
};

// ---- others ----

const OTHERS: Readonly<Record<string, Sample>> = {
  alpine: {
    image: {
      label: 'alpine-std 3.20.0 x86_64',
      sizeBytes: 210 * MIB,
      files: {
        '.alpine-release': 'alpine-std 3.20.0 240522\n',
        'boot/vmlinuz-lts': plainKernel('6.6.31-0-lts'),
        'boot/initramfs-lts': 18 * MIB,
        'boot/modloop-lts': 90 * MIB,
        'apks/.boot_repository': '',
        'apks/x86_64/APKINDEX.tar.gz': 5000,
      },
    },
    family: 'alpine',
    name: 'Alpine',
    version: '3.20.0',
    edition: 'Standard',
    keys: ['live'],
    problem: 'needs-companion',
  },
  'alpine-x86': {
    image: {
      label: 'alpine-ext 3.12.0 x86',
      files: {
        '.alpine-release': 'alpine-ext 3.12.0 200529\n',
        'boot/vmlinuz-lts': plainKernel('5.4.43-0-lts', 'i386'),
        'boot/initramfs-lts': 18 * MIB,
        'boot/modloop-lts': 90 * MIB,
        'apks/.boot_repository': '',
      },
    },
    family: 'alpine',
    name: 'Alpine',
    version: '3.12.0',
    edition: 'Extended',
    archs: ['i386'],
    keys: ['live'],
    problem: 'needs-companion',
  },
  void: {
    image: {
      label: 'VOID_LIVE',
      fileName: 'void-live-x86_64-20240314-xfce.iso',
      files: { 'boot/vmlinuz': plainKernel('6.6.22_1'), 'boot/initrd': 40 * MIB, 'LiveOS/squashfs.img': 900 * MIB },
    },
    family: 'void',
    name: 'Void Linux',
    version: '20240314',
    edition: 'xfce',
    keys: [],
    problem: 'cannot-netboot',
  },
  nixos: {
    image: {
      label: 'nixos-gnome-24.05-x86_64',
      files: {
        'boot/bzImage': plainKernel('6.6.32'),
        'boot/initrd': 40 * MIB,
        'nix-store.squashfs': 2000 * MIB,
        'version.txt': '24.05.1503.752c634c09ce',
      },
    },
    family: 'nixos',
    name: 'NixOS',
    version: '24.05',
    edition: 'GNOME',
    keys: [],
    problem: 'cannot-netboot',
  },
  proxmox: {
    image: {
      label: 'PVE',
      files: {
        '.disk/info': "RELEASE='9.2'\nISORELEASE='1'\nPRODUCT='pve'\nPRODUCTLONG='Proxmox VE'\n",
        'boot/linux26': plainKernel('6.14.8-2-pve'),
        'boot/initrd.img': 60 * MIB,
        'pve-base.squashfs': 700 * MIB,
      },
    },
    family: 'proxmox',
    name: 'Proxmox VE',
    version: '9.2',
    group: 'Proxmox',
    keys: ['install', 'text-install'],
  },
  slackware: {
    image: {
      label: 'Slackware64 15.0',
      files: { 'kernels/huge.s/bzImage': plainKernel('5.15.19'), 'isolinux/initrd.img': 60 * MIB },
    },
    family: 'slackware',
    name: 'Slackware',
    version: '15.0',
    keys: ['install'],
  },
  'systemrescuecd-5': {
    image: {
      label: 'sysrcd-5.3.2',
      files: {
        'sysrcd.dat': 490 * MIB,
        'isolinux/rescue64': plainKernel('4.14.70-std532-amd64'),
        'isolinux/rescue32': plainKernel('4.14.70-std532-i586', 'i386'),
        'isolinux/initram.igz': 25 * MIB,
      },
    },
    family: 'systemrescuecd-old',
    name: 'SystemRescue',
    version: '5.3.2',
    group: 'Tools',
    archs: ['x86_64', 'i386'],
    keys: ['rescue-nfs', 'rescue', 'rescue-nfs-i386', 'rescue-i386'],
  },
  antix: {
    image: {
      label: 'MX-Live',
      fileName: 'MX-23.3_x64.iso',
      files: {
        'antiX/vmlinuz': plainKernel('6.1.0-21-amd64'),
        'antiX/initrd.gz': 10 * MIB,
        'antiX/linuxfs': 2000 * MIB,
      },
    },
    family: 'antix',
    name: 'MX Linux',
    version: '23.3',
    keys: [],
    problem: 'cannot-netboot',
  },
  tinycore: {
    image: {
      label: 'Core',
      fileName: 'Core-15.0.iso',
      sizeBytes: 17 * MIB,
      files: { 'boot/vmlinuz': plainKernel('6.6.8-tinycore', 'i386'), 'boot/core.gz': 12 * MIB },
    },
    family: 'tinycore',
    name: 'Tiny Core Linux',
    version: '15.0',
    archs: ['i386'],
    keys: ['live'],
  },
  coreplus: {
    image: {
      label: 'CorePlus',
      fileName: 'CorePlus-15.0.iso',
      files: { 'boot/vmlinuz': plainKernel('6.6.8-tinycore', 'i386'), 'boot/core.gz': 12 * MIB, 'cde/onboot.lst': 'x' },
    },
    family: 'tinycore',
    name: 'Tiny Core Linux',
    version: '15.0',
    archs: ['i386'],
    keys: ['live-core'],
  },
  slax: {
    image: {
      label: 'SLAX',
      files: {
        'slax/boot/vmlinuz': plainKernel('6.1.0-9-amd64'),
        'slax/boot/initrfs.img': 6 * MIB,
        'slax/01-core.sb': 90 * MIB,
      },
    },
    family: 'slax',
    name: 'Slax',
    version: '',
    keys: ['live'],
  },
  porteus: {
    image: {
      label: 'Porteus',
      files: { 'boot/syslinux/vmlinuz': plainKernel('6.5.5-porteus'), 'porteus/base/000.xzm': 90 * MIB },
    },
    family: 'porteus',
    name: 'Porteus',
    version: '',
    keys: [],
    problem: 'cannot-netboot',
  },
  puppy: {
    image: {
      label: 'Puppy',
      files: { vmlinuz: plainKernel('5.15.64'), 'initrd.gz': 2 * MIB, 'puppy_fossapup_9.5.sfs': 390 * MIB },
    },
    family: 'puppy',
    name: 'Puppy Linux',
    version: '',
    keys: [],
    problem: 'cannot-netboot',
  },
  pmagic: {
    image: {
      label: 'PMAGIC_2024',
      fileName: 'pmagic_2024_05_01.iso',
      files: {
        'pmagic/bzImage64': plainKernel('6.6.30-pmagic64'),
        'pmagic/initrd.img': 8 * MIB,
        'pmagic/fu.img': 9 * MIB,
        'pmagic/m64.img': 10 * MIB,
        'pmagic/pmodules/PMAGIC.SQFS': 1000 * MIB,
      },
    },
    family: 'pmagic',
    name: 'Parted Magic',
    version: '2024_05_01',
    group: 'Tools',
    keys: ['rescue'],
  },
  memtest: {
    image: {
      label: 'MT86PLUS_64',
      fileName: 'mt86plus_7.20_64.grub.iso',
      sizeBytes: 8 * MIB,
      files: {
        'boot/memtest': kernel({ signer: 'none', sizeBytes: 150_000 }),
        'boot/grub/grub.cfg': 'x',
        'EFI/BOOT/bootx64.efi': 300_000,
      },
    },
    family: 'memtest',
    name: 'Memtest86+',
    version: '7.20',
    group: 'Tools',
    keys: ['memory-test'],
  },
  'memtest-floppy': {
    image: {
      label: 'MT501',
      fileName: 'memtest86+-5.01.iso',
      sizeBytes: 2 * MIB,
      boots: ['bios'],
      files: { 'BOOT/MEMTEST.IMG': 1_440 * 1024 },
    },
    family: 'memtest',
    name: 'Memtest86+',
    version: '5.01',
    archs: [],
    group: 'Tools',
    keys: ['memory-test'],
  },
  freedos: {
    image: {
      label: 'FD13-LiveCD',
      sizeBytes: 380 * MIB,
      boots: ['bios'],
      files: { 'freedos/bin/command.com': 80_000, 'autorun.inf': 'x' },
    },
    family: 'freedos',
    name: 'FreeDOS',
    version: '1.3',
    archs: [],
    edition: 'Live CD',
    group: 'Tools',
    keys: ['start'],
  },
  'windows-11': {
    image: {
      format: 'udf',
      label: 'CCCOMA_X64FRE_EN-US_DV9',
      systemId: '',
      sizeBytes: 5600 * MIB,
      files: {
        bootmgr: 400_000,
        'boot/bcd': 16_384,
        'boot/boot.sdi': 3 * MIB,
        'efi/boot/bootx64.efi': MIB,
        'efi/microsoft/boot/bcd': 16_384,
        'sources/boot.wim': wim(
          [
            { name: 'Microsoft Windows PE (x64)', build: 26100 },
            { name: 'Microsoft Windows Setup (x64)', build: 26100 },
          ],
          2,
        ),
        'sources/install.wim': wim([{ name: 'Windows 11 Pro', edition: 'Professional', build: 26100 }], 0),
      },
    },
    family: 'windows',
    name: 'Windows 11',
    version: '24H2',
    group: 'Windows',
    keys: ['start-pe-bios', 'start-pe-uefi'],
  },
  freebsd: {
    image: {
      label: '14_1_RELEASE_AMD64_CD',
      systemId: 'FreeBSD',
      files: { 'boot/kernel/kernel': 30 * MIB, 'boot/loader': 500_000 },
    },
    family: 'freebsd',
    name: 'FreeBSD',
    version: '14.1',
    archs: ['x86_64'],
    keys: ['last-resort-sanboot', 'last-resort-sanboot-uefi'],
    problem: 'cannot-netboot',
  },
  'unknown-linux': {
    image: { label: 'FOO_OS_7', sizeBytes: 300 * MIB, files: { 'foo/kernel': 5 * MIB } },
    family: 'unknown',
    name: 'FOO_OS_7',
    version: '',
    archs: [],
    group: 'Other',
    keys: ['last-resort-memdisk', 'last-resort-sanboot', 'last-resort-sanboot-uefi'],
    problem: 'unknown',
  },
  'unknown-data': {
    image: { label: 'PHOTOS', boots: [], files: { 'a.jpg': MIB } },
    family: 'unknown',
    name: 'PHOTOS',
    version: '',
    archs: [],
    group: 'Other',
    keys: [],
    problem: 'unknown',
  },
  'raw-floppy': {
    image: { format: 'raw', fileName: 'bios-update.img', label: '', boots: [], sizeBytes: 1_474_560 },
    family: 'unknown',
    name: 'bios-update',
    version: '',
    archs: [],
    group: 'Other',
    keys: ['last-resort-memdisk', 'last-resort-sanboot', 'last-resort-sanboot-uefi'],
    problem: 'unknown',
  },
};

/** By a name that golden files have too. */
export const SAMPLES: Readonly<Record<string, Sample>> = { ...CASPER, ...LIVE, ...ARCH, ...REDHAT, ...OTHERS };
