/** What the images of `make-fake-isos.sh` are, and what their initramfs fetches once they boot: by hand, from the sources. */
import type { Arch, ImageProblem } from '../../src/core/image.ts';

/** What a boot shows if it is right. */
export interface Boots {
  /** As `LAB-BOOT-OK` names it. */
  readonly family: string;
  /** On the kernel's command line; `{tree}`, `{iso}`, `{node}` and `{path}` as the menus fill them in. */
  readonly words: readonly string[];
  /** What the initramfs fetches, all of it: names in the image, `WHOLE` the image itself, `/boot/...` a file of the node. */
  readonly gets: readonly string[];
}

export interface Layout {
  readonly name: string;
  /** Where it isn't called `NAME.iso`. */
  readonly file?: string;
  /** Name, version, edition. */
  readonly is: readonly [string, string, string?];
  /** Empty where it has none that could be told. */
  readonly arch: Arch | '';
  /** Over HTTP. */
  readonly boots?: Boots;
  /** Why it doesn't. */
  readonly problem?: ImageProblem['reason'];
}

export const WHOLE = '';
/** The kernels from elsewhere that are there. */
export const COMPANIONS: readonly string[] = ['debian-12-amd64', 'alpine-3.20.0-x86_64'];

const CASPER = ['boot=casper', 'netboot=url', 'root=/dev/ram0', 'ip=dhcp'];
/** From 22.10 on. */
const isoUrl: Boots = { family: 'casper', words: [...CASPER, 'iso-url={iso}'], gets: [WHOLE] };
const url: Boots = { family: 'casper', words: [...CASPER, 'url={iso}', 'cloud-config-url=/dev/null'], gets: [WHOLE] };
const liveBoot: Boots = {
  family: 'live-boot',
  words: ['boot=live', 'components', 'fetch={tree}/live/filesystem.squashfs', 'ip=dhcp'],
  gets: ['live/filesystem.squashfs'],
};
const archiso = (base: string, image = 'airootfs.sfs'): Boots => ({
  family: 'archiso',
  words: [`archisobasedir=${base}`, 'archiso_http_srv={tree}/', 'ip=dhcp'],
  gets: [`${base}/x86_64/${image}`],
});
const miso: Boots = {
  family: 'miso',
  words: ['misobasedir=manjaro', 'miso_http_srv={tree}/', 'ip=dhcp', 'driver=free'],
  gets: ['livefs', 'mhwdfs', 'desktopfs', 'rootfs'].map((name) => `manjaro/x86_64/${name}.sfs`),
};
const dracut: Boots = {
  family: 'dracut',
  words: ['root=live:{tree}/LiveOS/squashfs.img', 'rd.live.image', 'ip=dhcp', 'rhgb'],
  gets: ['LiveOS/squashfs.img'],
};
const anaconda = (word: 'inst.repo' | 'inst.stage2'): Boots => ({
  family: 'anaconda',
  words: [`${word}={tree}`, 'ip=dhcp'],
  gets: ['.treeinfo', 'images/install.img'],
});
const repo = anaconda('inst.repo');
const stage2 = anaconda('inst.stage2');
const linuxrc: Boots = {
  family: 'linuxrc',
  words: ['install={tree}', 'netsetup=dhcp', 'splash=silent'],
  gets: ['CHECKSUMS', 'boot/x86_64/config', 'boot/x86_64/root'],
};
const agama: Boots = { family: 'agama', words: ['root=live:{iso}', 'ip=dhcp'], gets: [WHOLE] };
const kiwi: Boots = { family: 'kiwi', words: ['root=live:{iso}', 'rd.kiwi.live.pxe', 'ip=dhcp'], gets: [WHOLE] };
const alpine: Boots = {
  family: 'alpine',
  words: ['alpine_repo={tree}/apks', 'ip=dhcp', 'modules=loop,squashfs'],
  gets: ['apks/x86_64/APKINDEX.tar.gz', '/boot/companions/alpine-3.20.0-x86_64/modloop-lts'],
};
const debianInstaller: Boots = { family: 'd-i', words: ['---', 'quiet'], gets: [] };
const gentoo: Boots = {
  family: 'sysresccd-gentoo',
  words: ['netboot={tree}/sysrcd.dat', 'root=/dev/ram0'],
  gets: ['sysrcd.dat'],
};

const works = (name: string, is: Layout['is'], boots: Boots, arch: Arch = 'x86_64'): Layout => ({
  ...{ name, is, boots, arch },
});
const fails = (
  name: string,
  is: Layout['is'],
  problem: ImageProblem['reason'],
  arch: Layout['arch'] = 'x86_64',
): Layout => ({ ...{ name, is, problem, arch } });

const mint22 = ['username=mint', 'hostname=mint'];
const withWords = (boots: Boots, words: readonly string[]): Boots => ({ ...boots, words: [...boots.words, ...words] });

export const LAYOUTS: readonly Layout[] = [
  works('ubuntu-24.04', ['Ubuntu', '24.04.1 LTS'], isoUrl),
  works('ubuntu-25.10', ['Ubuntu', '25.10'], isoUrl),
  works('ubuntu-23.10', ['Ubuntu', '23.10.1'], withWords(isoUrl, ['layerfs-path=minimal.standard.live.squashfs'])),
  works('kubuntu-24.04', ['Kubuntu', '24.04.1 LTS', 'KDE Plasma'], isoUrl),
  works('lubuntu-24.04', ['Lubuntu', '24.04.1 LTS', 'LXQt'], isoUrl),
  works('ubuntu-server-24.04', ['Ubuntu Server', '24.04.1 LTS', 'Server'], isoUrl),
  works('ubuntu-22.04', ['Ubuntu', '22.04.4 LTS'], url),
  works('ubuntu-mate', ['Ubuntu MATE', '22.04.4 LTS', 'MATE'], url),
  works('xubuntu', ['Xubuntu', '22.04.4 LTS', 'Xfce'], url),
  works('ubuntu-20.04', ['Ubuntu', '20.04.6 LTS'], url),
  fails('ubuntu-18.04', ['Ubuntu', '18.04.5 LTS'], 'needs-nfs'),
  fails('xubuntu-16.04-i386', ['Xubuntu', '16.04 LTS', 'Xfce'], 'needs-nfs', 'i386'),
  works('mint-cinnamon', ['Linux Mint', '21.3', 'Cinnamon'], withWords(url, mint22)),
  works('mint-mate', ['Linux Mint', '21.3', 'MATE'], withWords(url, mint22)),
  works('mint-xfce', ['Linux Mint', '21.3', 'Xfce'], withWords(url, mint22)),
  works('mint-22', ['Linux Mint', '22', 'Cinnamon'], withWords(isoUrl, mint22)),
  {
    ...works('mint-spaces', ['Linux Mint', '22', 'Xfce'], withWords(isoUrl, mint22)),
    file: 'Linux Mint 22 (prueba número 2).iso',
  },

  works('debian-live', ['Debian', '12.11.0', 'Xfce'], liveBoot),
  works('debian-13-live', ['Debian', '13.1.0', 'GNOME'], liveBoot),
  works('debian-11-live-i386', ['Debian', '11.11.0', 'Xfce'], liveBoot, 'i386'),
  works('lmde-6', ['LMDE', '6', 'Cinnamon'], withWords(liveBoot, mint22)),
  works('kali-live', ['Kali', '2024.2', 'Live'], liveBoot),
  works('gparted-live', ['GParted Live', '1.6.0-3'], withWords(liveBoot, ['union=overlay', 'username=user', 'noswap'])),
  works('clonezilla', ['Clonezilla', '3.1.2-22'], withWords(liveBoot, ['ocs_live_run=ocs-live-general', 'noswap'])),
  fails('tails', ['Tails', '6.10'], 'cannot-netboot'),

  // with the kernels of `companions/`
  works('debian-netinst', ['Debian', '12.11.0', 'netinst'], debianInstaller),
  works('debian-dvd', ['Debian', '12.11.0', 'DVD 1'], debianInstaller),
  fails('debian-11-netinst-i386', ['Debian', '11.11.0', 'netinst'], 'needs-companion', 'i386'),
  works('alpine', ['Alpine', '3.20.0', 'Standard'], alpine),

  works('archlinux', ['Arch Linux', '2024.05.01'], archiso('arch')),
  works('archlinux-2025', ['Arch Linux', '2025.10.01'], archiso('arch', 'airootfs.erofs')),
  works('endeavouros', ['EndeavourOS', '2024.11'], withWords(archiso('arch'), ['cow_spacesize=10G'])),
  works('systemrescue', ['SystemRescue', '11.01'], withWords(archiso('sysresccd'), ['iomem=relaxed'])),
  works('systemrescuecd-5', ['SystemRescue', '5.2.2'], gentoo),
  works('manjaro-xfce', ['Manjaro', '24.0.1', 'Xfce'], miso),
  works('manjaro-kde', ['Manjaro', '25.0.0', 'KDE Plasma'], miso),

  works('fedora-live', ['Fedora', '40', 'Workstation'], dracut),
  works('fedora-43-live', ['Fedora', '43', 'Workstation'], dracut),
  works('fedora-server', ['Fedora', '40', 'Server'], repo),
  works('fedora-netinst', ['Fedora', '40', 'Everything'], stage2),
  works('centos-stream', ['CentOS Stream', '9'], repo),
  works('rocky-dvd', ['Rocky Linux', '9.5', 'DVD'], repo),
  works('rocky-boot', ['Rocky Linux', '9.5', 'netinst'], stage2),
  works('alma-dvd', ['AlmaLinux', '9.5', 'DVD'], repo),

  works('opensuse-leap', ['openSUSE Leap', '15.6', 'DVD'], linuxrc),
  works('opensuse-tumbleweed', ['openSUSE Tumbleweed', '20241115', 'DVD'], linuxrc),
  works('opensuse-leap-16', ['openSUSE Leap', '16.0'], agama),
  works('opensuse-kde-live', ['openSUSE Leap', '15.6', 'KDE Plasma'], kiwi),

  fails('void', ['Void Linux', ''], 'cannot-netboot'),
  fails('nixos', ['NixOS', '24.05', 'Minimal'], 'cannot-netboot'),
  // By iPXE alone.
  { name: 'proxmox', is: ['Proxmox VE', '8.2'], arch: 'x86_64' },
  { name: 'memtest86plus', is: ['Memtest86+', ''], arch: 'x86_64' },
  { name: 'freedos', is: ['FreeDOS', '1.3', 'Live CD'], arch: '' },
  { name: 'windows-11', is: ['Windows 11', '24H2'], arch: 'x86_64' },
  { name: 'not-an-image', is: ['not-an-image.iso', ''], arch: '', problem: 'not-an-image' },
];

export const fileOf = ({ name, file = `${name}.iso` }: Layout): string => file;
