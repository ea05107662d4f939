/** What the images of `make-fake-isos.sh` are, and what their initramfs fetches or mounts: by hand, from the sources. */
import type { Arch, ImageProblem } from '../../src/core/image.ts';

/** What a boot shows if it is right. */
export interface Boots {
  /** As `LAB-BOOT-OK` names it. */
  readonly family: string;
  /** On the kernel's command line; `{tree}`, `{iso}`, `{nfs}`, `{node}` and `{path}` as the menus fill them in. */
  readonly words: readonly string[];
  /** What the initramfs reads, all of it: names in the image, `WHOLE` the image itself, `/boot/...` a file of the node. */
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
  /** Over NFS. */
  readonly streams?: Boots;
  /** Why it doesn't. */
  readonly problem?: ImageProblem['reason'];
}

export const WHOLE = '';
/** The kernels from elsewhere that are there. */
export const COMPANIONS: readonly string[] = ['debian-12-amd64', 'alpine-3.20.0-x86_64'];

/** By HTTP, by NFS. */
type Ways = readonly [Boots, Boots?];

const CASPER = ['boot=casper', 'ip=dhcp', 'fsck.mode=skip'];
const casper = (url: readonly string[], squashfs: readonly string[]): Ways => [
  { family: 'casper', words: [...CASPER, 'netboot=url', 'root=/dev/ram0', ...url], gets: [WHOLE] },
  {
    family: 'casper',
    words: [...CASPER, 'netboot=nfs', 'nfsroot={nfs}', 'systemd.mask=tmp.mount'],
    gets: ['.disk/casper-uuid-generic', ...squashfs.map((name) => `casper/${name}.squashfs`)],
  },
];
/** From 22.10 on. */
const isoUrl = (...squashfs: string[]): Ways => casper(['iso-url={iso}'], squashfs);
const url = (...squashfs: string[]): Ways => casper(['url={iso}', 'cloud-config-url=/dev/null'], squashfs);
const ubuntuLayers = ['minimal', 'minimal.standard', 'minimal.standard.live'];
const serverLayers = ['', '.ubuntu-server', '.ubuntu-server.installer', '.ubuntu-server.installer.generic'];
const live = ['boot=live', 'components', 'ip=dhcp'];
const liveBoot: Ways = [
  {
    family: 'live-boot',
    words: [...live, 'fetch={tree}/live/filesystem.squashfs'],
    gets: ['live/filesystem.squashfs'],
  },
  { family: 'live-boot', words: [...live, 'netboot=nfs', 'nfsroot={nfs}'], gets: ['live/filesystem.squashfs'] },
];
/** archiso and miso differ by their names. */
const arch = (name: 'archiso' | 'miso', base: string, files: readonly string[]): Ways => {
  const words = [`${name}basedir=${base}`, 'ip=dhcp'];
  const gets = files.map((file) => `${base}/x86_64/${file}`);
  return [
    { family: name, words: [...words, `${name}_http_srv={tree}/`], gets },
    { family: name, words: [...words, `${name}_nfs_srv={nfs}`, 'copytoram=n'], gets },
  ];
};
const archiso = (base: string, image = 'airootfs.sfs'): Ways => arch('archiso', base, [image]);
const miso = arch('miso', 'manjaro', ['livefs.sfs', 'mhwdfs.sfs', 'desktopfs.sfs', 'rootfs.sfs']);
const dracutLive = ['rd.live.image', 'ip=dhcp', 'rhgb'];
const SQUASHFS = 'LiveOS/squashfs.img';
const dracut: Ways = [
  { family: 'dracut', words: [...dracutLive, `root=live:{tree}/${SQUASHFS}`], gets: [SQUASHFS] },
  { family: 'dracut', words: [...dracutLive, `root=live:nfs://{node}{path}/${SQUASHFS}`], gets: [SQUASHFS] },
];
const anaconda = (word: 'inst.repo' | 'inst.stage2'): Ways => {
  const gets = ['.treeinfo', 'images/install.img'];
  return [
    { family: 'anaconda', words: [`${word}={tree}`, 'ip=dhcp'], gets },
    { family: 'anaconda', words: [`${word}=nfs:nfsvers=3:{nfs}`, 'ip=dhcp'], gets },
  ];
};
const repo = anaconda('inst.repo');
const stage2 = anaconda('inst.stage2');
const linuxrcGets = ['CHECKSUMS', 'boot/x86_64/config', 'boot/x86_64/root'];
const linuxrc: Ways = [
  { family: 'linuxrc', words: ['install={tree}', 'netsetup=dhcp', 'splash=silent'], gets: linuxrcGets },
  { family: 'linuxrc', words: ['install=nfs://{node}{path}', 'netsetup=dhcp', 'splash=silent'], gets: linuxrcGets },
];
const agama: Ways = [{ family: 'agama', words: ['root=live:{iso}', 'ip=dhcp'], gets: [WHOLE] }];
const kiwi: Ways = [{ family: 'kiwi', words: ['root=live:{iso}', 'rd.kiwi.live.pxe', 'ip=dhcp'], gets: [WHOLE] }];
const alpine: Ways = [
  {
    family: 'alpine',
    words: ['alpine_repo={tree}/apks', 'ip=dhcp', 'modules=loop,squashfs'],
    gets: ['apks/x86_64/APKINDEX.tar.gz', '/boot/companions/alpine-3.20.0-x86_64/modloop-lts'],
  },
];
const debianInstaller: Ways = [{ family: 'd-i', words: ['---', 'quiet'], gets: [] }];
const gentoo: Ways = [
  { family: 'sysresccd-gentoo', words: ['netboot={tree}/sysrcd.dat', 'root=/dev/ram0'], gets: ['sysrcd.dat'] },
  { family: 'sysresccd-gentoo', words: ['netboot=nfs://{nfs}'], gets: ['sysrcd.dat'] },
];

const works = (name: string, is: Layout['is'], [boots, streams]: Ways, arch: Arch = 'x86_64'): Layout => ({
  ...{ name, is, boots, arch },
  ...(streams ? { streams } : {}),
});
const fails = (
  name: string,
  is: Layout['is'],
  problem: ImageProblem['reason'],
  arch: Layout['arch'] = 'x86_64',
): Layout => ({ ...{ name, is, problem, arch } });
/** Nothing by HTTP. */
const streamsOnly = (name: string, is: Layout['is'], [, streams]: Ways, arch: Arch = 'x86_64'): Layout => ({
  ...fails(name, is, 'needs-nfs', arch),
  ...(streams ? { streams } : {}),
});

const mint22 = ['username=mint', 'hostname=mint'];
const withWords = ([boots, streams]: Ways, more: readonly string[]): Ways => {
  const added = (one: Boots): Boots => ({ ...one, words: [...one.words, ...more] });
  return streams ? [added(boots), added(streams)] : [added(boots)];
};

export const LAYOUTS: readonly Layout[] = [
  works('ubuntu-24.04', ['Ubuntu', '24.04.1 LTS'], isoUrl(...ubuntuLayers)),
  works('ubuntu-25.10', ['Ubuntu', '25.10'], isoUrl(...ubuntuLayers)),
  works(
    'ubuntu-23.10',
    ['Ubuntu', '23.10.1'],
    withWords(isoUrl(...ubuntuLayers), ['layerfs-path=minimal.standard.live.squashfs']),
  ),
  works('kubuntu-24.04', ['Kubuntu', '24.04.1 LTS', 'KDE Plasma'], isoUrl('filesystem')),
  works('lubuntu-24.04', ['Lubuntu', '24.04.1 LTS', 'LXQt'], isoUrl('filesystem')),
  works(
    'ubuntu-server-24.04',
    ['Ubuntu Server', '24.04.1 LTS', 'Server'],
    isoUrl(...serverLayers.map((layer) => `ubuntu-server-minimal${layer}`)),
  ),
  works('ubuntu-22.04', ['Ubuntu', '22.04.4 LTS'], url('filesystem')),
  works('ubuntu-mate', ['Ubuntu MATE', '22.04.4 LTS', 'MATE'], url('filesystem')),
  works('xubuntu', ['Xubuntu', '22.04.4 LTS', 'Xfce'], url('filesystem')),
  works('ubuntu-20.04', ['Ubuntu', '20.04.6 LTS'], url('filesystem')),
  streamsOnly('ubuntu-18.04', ['Ubuntu', '18.04.5 LTS'], url('filesystem')),
  streamsOnly('xubuntu-16.04-i386', ['Xubuntu', '16.04 LTS', 'Xfce'], url('filesystem'), 'i386'),
  works('mint-cinnamon', ['Linux Mint', '21.3', 'Cinnamon'], withWords(url('filesystem'), mint22)),
  works('mint-mate', ['Linux Mint', '21.3', 'MATE'], withWords(url('filesystem'), mint22)),
  works('mint-xfce', ['Linux Mint', '21.3', 'Xfce'], withWords(url('filesystem'), mint22)),
  works('mint-22', ['Linux Mint', '22', 'Cinnamon'], withWords(isoUrl('filesystem'), mint22)),
  {
    ...works('mint-spaces', ['Linux Mint', '22', 'Xfce'], withWords(isoUrl('filesystem'), mint22)),
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
