/** The lines over NFS, word for word as the scripts of each initramfs take them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageEntry, Verdict } from '../../src/core/image.ts';
import { recognise } from '../../src/distro/recognise.ts';
import { FAMILIES } from '../../src/distro/table.ts';
import { imageView, kernel, type MadeImage, MIB } from './kit.ts';
import { SAMPLES } from './samples.ts';

const vmlinuz = kernel({ version: '6.8.0-41-generic', signer: 'none' });
const look = (image: MadeImage): Promise<Verdict> => recognise(imageView(image));
const streaming = ({ entries }: Verdict): readonly ImageEntry[] => entries.filter((entry) => entry.transport === 'nfs');
const wordsOf = (entry: ImageEntry | undefined): readonly string[] =>
  entry?.how.kind === 'linux' ? entry.how.arguments : [];

const ubuntu = (info: string, more: MadeImage['files'] = {}): MadeImage => ({
  sizeBytes: 3000 * MIB,
  files: {
    '.disk/info': info,
    'casper/vmlinuz': vmlinuz,
    'casper/initrd': MIB,
    'casper/filesystem.squashfs': MIB,
    ...more,
  },
});
const live = (label: string, more: MadeImage['files'] = {}): MadeImage => ({
  label,
  files: { 'live/vmlinuz': vmlinuz, 'live/initrd.img': MIB, 'live/filesystem.squashfs': 2500 * MIB, ...more },
});
const arch = (label: string, base = 'arch'): MadeImage => ({
  label,
  files: {
    [`${base}/boot/x86_64/vmlinuz-linux`]: vmlinuz,
    [`${base}/boot/x86_64/initramfs-linux.img`]: MIB,
    [`${base}/x86_64/airootfs.sfs`]: 800 * MIB,
  },
});
const manjaro: MadeImage = {
  label: 'MANJARO_KDE_2600',
  files: {
    'boot/vmlinuz-x86_64': vmlinuz,
    'boot/initramfs-x86_64.img': MIB,
    'manjaro/x86_64/rootfs.sfs': 1000 * MIB,
    'manjaro/x86_64/livefs.sfs': 200 * MIB,
  },
};
const pxeboot = { 'images/pxeboot/vmlinuz': vmlinuz, 'images/pxeboot/initrd.img': MIB };
const fedora: MadeImage = {
  label: 'Fedora-WS-Live-44',
  files: { ...pxeboot, 'LiveOS/squashfs.img': 2200 * MIB },
};
const rocky = (more: MadeImage['files'] = {}): MadeImage => ({
  label: 'Rocky-9-5-x86_64-dvd',
  files: { ...pxeboot, '.treeinfo': '[general]\nfamily = Rocky Linux\nversion = 9.5\n', ...more },
});
const suse: MadeImage = {
  label: 'openSUSE-Leap-15.6-DVD-x86_64-Build710.3-Media',
  files: { 'boot/x86_64/loader/linux': vmlinuz, 'boot/x86_64/loader/initrd': MIB, 'media.1/products': 'x' },
};
const gentoo: MadeImage = {
  label: 'sysrcd-5.2.2',
  files: { 'sysrcd.dat': 400 * MIB, 'isolinux/rescue64': vmlinuz, 'isolinux/initram.igz': MIB },
};

const CASPER = ['boot=casper', 'ip=dhcp', 'fsck.mode=skip', 'netboot=nfs', 'nfsroot={nfs}', 'systemd.mask=tmp.mount'];
const OLD_UNITS = [
  'systemd.mask=dev-hugepages.mount',
  'systemd.mask=dev-mqueue.mount',
  'systemd.mask=sys-fs-fuse-connections.mount',
  'systemd.mask=sys-kernel-config.mount',
  'systemd.mask=sys-kernel-debug.mount',
];
const LIVE = ['boot=live', 'components', 'ip=dhcp', 'netboot=nfs', 'nfsroot={nfs}'];
const ubuntus = (version: string, more: MadeImage['files'] = {}) => ubuntu(`Ubuntu ${version} - Release amd64`, more);
const layered = { 'boot/grub/grub.cfg': menu('layerfs-path=minimal.standard.live.squashfs quiet') };
function menu(words: string): string {
  return `menuentry "Try" {\n linux /casper/vmlinuz ${words} ---\n initrd /casper/initrd\n}\n`;
}

const rows: readonly { readonly name: string; readonly image: MadeImage; readonly want: readonly string[] }[] = [
  { name: 'Ubuntu 24.04', image: ubuntus('24.04.1 LTS "Noble Numbat"'), want: CASPER },
  { name: 'Ubuntu 20.04', image: ubuntus('20.04.6 LTS "Focal Fossa"'), want: CASPER },
  { name: 'Ubuntu 18.04', image: ubuntus('18.04.5 LTS "Bionic Beaver"'), want: [...CASPER, ...OLD_UNITS] },
  { name: 'Mint 19', image: ubuntu('Linux Mint 19.3 "Tricia" - Release amd64'), want: [...CASPER, ...OLD_UNITS] },
  { name: 'Mint 22', image: ubuntu('Linux Mint 22.3 "Zena" - Release amd64'), want: CASPER },
  { name: 'Ubuntu 25.04', image: ubuntus('25.04 "Plucky Puffin"'), want: [...CASPER, 'cloud-init=disabled'] },
  {
    name: 'Ubuntu Server 25.04, whose installer needs cloud-init',
    image: ubuntu('Ubuntu-Server 25.04 "Plucky Puffin" - Release amd64'),
    want: CASPER,
  },
  {
    name: 'Ubuntu 23.10, whose menu names the layer',
    image: ubuntus('23.10.1 "Mantic Minotaur"', layered),
    want: [...CASPER, 'layerfs-path=minimal.standard.live.squashfs', 'quiet'],
  },
  {
    name: 'an image whose own menu has words for a disk, the whole image or options that casper never reads',
    image: ubuntus('22.04.4 LTS "Jammy Jellyfish"', {
      'boot/grub/grub.cfg': menu('toram root=/dev/sda1 nfsopts=vers=3 url=x.iso iso-scan/filename=/x.iso splash'),
    }),
    want: [...CASPER, 'splash'],
  },
  { name: 'Debian live', image: live('d-live 13.1.0 gn amd64'), want: LIVE },
  { name: 'LMDE', image: live('LMDE 6 Cinnamon 64-bit'), want: LIVE },
  {
    name: 'several file systems',
    image: live('d-live 13.1.0 gn amd64', { 'live/more.squashfs': MIB }),
    want: LIVE,
  },
  {
    name: 'Kali',
    image: live('Kali Live'),
    want: [...LIVE, 'noconfig=sudo', 'username=kali', 'hostname=kali'],
  },
  {
    name: 'Arch, whose menu looks for a medium',
    image: {
      ...arch('ARCH_202608'),
      files: {
        ...arch('ARCH_202608').files,
        'boot/grub/grub.cfg':
          'menuentry "A" {\n linux /arch/boot/x86_64/vmlinuz-linux archisobasedir=arch archisosearchuuid=2026 copytoram=y x=1\n initrd /arch/boot/x86_64/initramfs-linux.img\n}\n',
      },
    },
    want: ['archisobasedir=arch', 'ip=dhcp', 'archiso_nfs_srv={nfs}', 'copytoram=n', 'x=1'],
  },
  {
    name: 'Manjaro',
    image: manjaro,
    want: ['misobasedir=manjaro', 'ip=dhcp', 'miso_nfs_srv={nfs}', 'copytoram=n'],
  },
  {
    name: 'Fedora Workstation',
    image: fedora,
    want: [
      'rd.live.image',
      'ip=dhcp',
      'rd.luks=0',
      'rd.md=0',
      'rd.dm=0',
      'root=live:nfs://{node}{path}/LiveOS/squashfs.img',
    ],
  },
  {
    name: 'a DVD of Rocky',
    image: rocky({ 'BaseOS/repodata/repomd.xml': 'x', 'images/install.img': MIB }),
    want: ['ip=dhcp', 'inst.repo=nfs:nfsvers=3:{nfs}'],
  },
  {
    name: 'netinst of Rocky',
    image: rocky({ 'images/install.img': MIB }),
    want: ['ip=dhcp', 'inst.stage2=nfs:nfsvers=3:{nfs}'],
  },
  { name: 'Leap', image: suse, want: ['netsetup=dhcp', 'ip=dhcp', 'install=nfs://{node}{path}'] },
  { name: 'SystemRescueCd 5', image: gentoo, want: ['dodhcp', 'ip=dhcp', 'netboot=nfs://{nfs}'] },
];
for (const { name, image, want } of rows) {
  test(`over NFS: ${name}`, async () => {
    assert.deepEqual(streaming(await look(image)).map(wordsOf), [want]);
  });
}

test('what knows NFS alone has that one entry, and the verdict says so', async () => {
  const alone = ['Ubuntu 18.04.5 LTS', 'Ubuntu 16.04.6 LTS', 'Linux Mint 19.3', 'Linux Mint 18.1', 'elementary OS 5.1'];
  for (const name of alone) {
    const { entries, problem } = await look(ubuntu(`${name} "X" - Release amd64`));
    assert.deepEqual([entries.map(({ key }) => key), problem?.reason], [['live-nfs'], 'needs-nfs'], name);
  }
});

test('each family that can stream does, and streams before it loads whole', async () => {
  const can = FAMILIES.filter(({ ways }) => ways.some(({ transport }) => transport === 'nfs')).map(({ id }) => id);
  assert.deepEqual(can.toSorted(), [
    ...['anaconda', 'archiso', 'casper', 'dracut-live', 'linuxrc', 'live-boot', 'miso', 'systemrescuecd-old'],
  ]);
  const seen = new Set<string>();
  for (const [id, { family, image }] of Object.entries(SAMPLES)) {
    const nfs = streaming(await look(image));
    if (nfs.length > 0) seen.add(family);
    for (const entry of nfs) assert.ok(entry.isStreaming, id);
  }
  assert.deepEqual([...seen].toSorted(), can.toSorted());
});

test('every line over NFS names the folder of the image, and loads nothing into memory', async () => {
  for (const [id, { image }] of Object.entries(SAMPLES)) {
    for (const entry of streaming(await look(image))) {
      const words = wordsOf(entry);
      const named = words.filter((word) => word.includes('{'));
      assert.equal(named.length, 1, id);
      // Without a suffix: anaconda takes what ends in .iso for an image. Behind `live:` and `install=` a URL, else `ADDRESS:/path`.
      assert.match(named[0] ?? '', /=(?:nfs:\/\/|nfs:nfsvers=3:|nfs:)?\{nfs\}$|nfs:\/\/\{node\}\{path\}(?:\/|$)/, id);
      for (const word of words)
        assert.doesNotMatch(word, /^(?:toram|root=\/dev|nfsopts|fetch|url|iso-url|archisosearch|copytoram=y)/i, id);
    }
  }
});
