/** What the images of `layouts.ts` mount over NFS and read there: by hand, from the sources. */
import type { Boots } from './layouts.ts';

/** `files` below casper/: the layer that is named with those below it, else all. [casper: scripts/casper, setup_overlay] */
const casper = (files: readonly string[] = ['filesystem'], words: readonly string[] = []): Boots => ({
  family: 'casper',
  words: [
    'boot=casper',
    'netboot=nfs',
    'nfsroot={nfs}',
    'ip=dhcp',
    'fsck.mode=skip',
    'systemd.mask=tmp.mount',
    ...words,
  ],
  gets: ['.disk/casper-uuid-generic', ...files.map((name) => `casper/${name}.squashfs`)],
});
const LAYERS = ['minimal', 'minimal.standard', 'minimal.standard.live'];
const SERVER = ['', '.ubuntu-server', '.ubuntu-server.installer', '.ubuntu-server.installer.generic'];
/** What stops 18.04 beside tmp.mount. */
const OLD_UNITS = ['dev-hugepages', 'dev-mqueue', 'sys-fs-fuse-connections', 'sys-kernel-config', 'sys-kernel-debug'];
const old = casper(
  undefined,
  OLD_UNITS.map((unit) => `systemd.mask=${unit}.mount`),
);
const MINT = ['username=mint', 'hostname=mint'];

const liveBoot = (...words: readonly string[]): Boots => ({
  family: 'live-boot',
  words: ['boot=live', 'components', 'netboot=nfs', 'nfsroot={nfs}', 'ip=dhcp', ...words],
  gets: ['live/filesystem.squashfs'],
});
const archiso = (base: string, image = 'airootfs.sfs', ...words: readonly string[]): Boots => ({
  family: 'archiso',
  words: [`archisobasedir=${base}`, 'archiso_nfs_srv={nfs}', 'copytoram=n', 'ip=dhcp', ...words],
  gets: [`${base}/x86_64/${image}`],
});
const miso: Boots = {
  family: 'miso',
  words: ['misobasedir=manjaro', 'miso_nfs_srv={nfs}', 'copytoram=n', 'ip=dhcp', 'driver=free'],
  gets: ['livefs', 'mhwdfs', 'desktopfs', 'rootfs'].map((name) => `manjaro/x86_64/${name}.sfs`),
};
/** It mounts the folder that the file lies in. [dracut-ng: 45url-lib/url-lib.sh] */
const dracut: Boots = {
  family: 'dracut',
  words: ['root=live:nfs://{node}{path}/LiveOS/squashfs.img', 'rd.live.image', 'ip=dhcp'],
  gets: ['LiveOS/squashfs.img'],
};
const anaconda = (word: 'inst.repo' | 'inst.stage2'): Boots => ({
  family: 'anaconda',
  words: [`${word}=nfs:nfsvers=3:{nfs}`, 'ip=dhcp'],
  gets: ['.treeinfo', 'images/install.img'],
});
const linuxrc: Boots = {
  family: 'linuxrc',
  words: ['install=nfs://{node}{path}', 'netsetup=dhcp'],
  gets: ['CHECKSUMS', 'boot/x86_64/config', 'boot/x86_64/root'],
};

/** By the layout's name. `{nfs}` is `ADDRESS:/tree/ALIAS`, `{path}` the same without the address. */
export const STREAMS: Readonly<Record<string, Boots>> = {
  'ubuntu-24.04': casper(LAYERS),
  'ubuntu-25.10': casper(LAYERS, ['cloud-init=disabled']),
  'ubuntu-23.10': casper(LAYERS, ['layerfs-path=minimal.standard.live.squashfs']),
  'kubuntu-24.04': casper(),
  'lubuntu-24.04': casper(),
  'ubuntu-server-24.04': casper(SERVER.map((layer) => `ubuntu-server-minimal${layer}`)),
  'ubuntu-22.04': casper(),
  'ubuntu-mate': casper(),
  xubuntu: casper(),
  'ubuntu-20.04': casper(),
  'ubuntu-18.04': old,
  'xubuntu-16.04-i386': old,
  'mint-cinnamon': casper(undefined, MINT),
  'mint-mate': casper(undefined, MINT),
  'mint-xfce': casper(undefined, MINT),
  'mint-22': casper(undefined, MINT),
  'mint-spaces': casper(undefined, MINT),
  'debian-live': liveBoot(),
  'debian-13-live': liveBoot(),
  'debian-11-live-i386': liveBoot(),
  'lmde-6': liveBoot(...MINT),
  'kali-live': liveBoot('noconfig=sudo', 'username=kali', 'hostname=kali'),
  'gparted-live': liveBoot('union=overlay', 'username=user', 'noswap'),
  clonezilla: liveBoot('ocs_live_run=ocs-live-general', 'noswap'),
  archlinux: archiso('arch'),
  'archlinux-2025': archiso('arch', 'airootfs.erofs'),
  endeavouros: archiso('arch', undefined, 'cow_spacesize=10G'),
  systemrescue: archiso('sysresccd', undefined, 'iomem=relaxed'),
  'systemrescuecd-5': { family: 'sysresccd-gentoo', words: ['netboot=nfs://{nfs}', 'dodhcp'], gets: ['sysrcd.dat'] },
  'manjaro-xfce': miso,
  'manjaro-kde': miso,
  'fedora-live': dracut,
  'fedora-43-live': dracut,
  'fedora-server': anaconda('inst.repo'),
  'fedora-netinst': anaconda('inst.stage2'),
  'centos-stream': anaconda('inst.repo'),
  'rocky-dvd': anaconda('inst.repo'),
  'rocky-boot': anaconda('inst.stage2'),
  'alma-dvd': anaconda('inst.repo'),
  'opensuse-leap': linuxrc,
  'opensuse-tumbleweed': linuxrc,
};
