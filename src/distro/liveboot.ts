/** live-boot: Debian's live images and what is built on them. */
import type { Boot, Family, Way, When } from './row.ts';
import { dhcp, UNLIMITED_ROOT } from './words.ts';

const liveInitrds = (...names: string[]): readonly (readonly string[])[] => [names.map((name) => `live/${name}`)];
const numbered = (n: number): Boot => ({
  kernel: `live/vmlinuz${n}`,
  initrds: liveInitrds(`initrd${n}.img`, `initrd${n}`, `initrd${n}.xz`, 'initrd.img'),
});

/** The others are tools for the most part: a console, or a bare desktop around one program. */
const DESKTOPS = ['debian', 'devuan', 'lmde', 'kali', 'parrot'];

/** The system is read as it runs. `memoryMib` is what it takes itself. */
const streams = (memoryMib: number, when: When): Way => ({
  use: 'live',
  transport: 'nfs',
  isStreaming: true,
  memory: { of: 'nothing', plusMib: memoryMib },
  when,
  words: [
    { word: 'netboot=nfs', why: 'the medium is a folder on an NFS server', from: 'live-boot: 9990-netboot.sh' },
    {
      word: 'nfsroot={nfs}',
      why: "a literal address: klibc resolves no names; no nfsopts=, the port is the portmapper's to tell",
      from: 'klibc: usr/kinit/nfsmount',
    },
  ],
});

export const LIVE_BOOT: Family = {
  id: 'live-boot',
  marks: [{ has: ['live/*.squashfs'] }, { has: ['live/*/*.squashfs', 'boot/*/vmlinuz'] }],
  besides: ['debian-installer', 'windows'],
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
          word: 'live-media-path=/$folder/',
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
    // LMDE's own minimum, and Debian's for a desktop.
    streams(2048, { product: DESKTOPS }),
    // The 0.7 GiB that GParted and Clonezilla take beside a squashfs in memory, and room to work.
    streams(1024, { notProduct: DESKTOPS }),
    {
      use: 'live',
      transport: 'http',
      memory: { of: 'medium', plusMib: 768 },
      when: { media: 'one' },
      words: [
        {
          word: 'fetch={tree}/$medium',
          why: 'the file system alone; what follows the last dot says what it is',
          from: 'live-boot: 9990-mount-http.sh',
        },
        UNLIMITED_ROOT,
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
        UNLIMITED_ROOT,
      ],
    },
  ],
  takesOwnWords: true,
  unattended: [{ when: { product: ['clonezilla'] }, parameter: 'ocs_live_batch=yes ocs_live_run="ocs-sr ..."' }],
};
