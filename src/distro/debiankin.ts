/** Debian, and what is built on it. */
import type { Product, Word } from './row.ts';

const CLONEZILLA = 'netboot.xyz: clonezilla.ipxe';
const clonezilla = (word: string, why: string): Word => ({ word, why, from: CLONEZILLA });

const debian: Product = {
  id: 'debian',
  name: 'Debian',
  group: 'Debian',
  families: ['live-boot', 'debian-installer'],
  tells: [
    { in: 'info', like: /^Debian GNU\/Linux (?<version>\S+)(?: "(?<codename>[^"]{1,40})")?/i },
    { in: 'label', like: /^d-live (?:nf )?(?<version>\S+) (?<edition>[a-z]{2}) / },
    { in: 'label', like: /^Debian (?<version>\d\S*)/i },
    { in: 'info', like: /\b(?<edition>NETINST|(?:DVD|BD|CD) Binary-\d+|DLBD Binary-\d+)\b/, isWeak: true },
  ],
  editions: {
    gn: 'GNOME',
    kd: 'KDE Plasma',
    xf: 'Xfce',
    ci: 'Cinnamon',
    ma: 'MATE',
    lx: 'LXDE',
    lq: 'LXQt',
    st: 'Standard',
    ju: 'Junior',
    netinst: 'netinst',
    'dvd binary-1': 'DVD 1',
    'bd binary-1': 'Blu-ray 1',
    'cd binary-1': 'CD 1',
  },
  codenames: { bullseye: '11', bookworm: '12', trixie: '13', forky: '14' },
  base: 'own',
};

export const DEBIAN_KIN: readonly Product[] = [
  {
    id: 'lmde',
    name: 'LMDE',
    group: 'Linux Mint',
    families: ['live-boot'],
    tells: [
      { in: 'info', like: /^LMDE (?<version>\d[\w.]*)(?: "(?<codename>[^"]{1,40})")?/i },
      { in: 'label', like: /^LMDE (?<version>\d[\w.]*)(?: (?<edition>Cinnamon|MATE))?/i },
    ],
    edition: 'Cinnamon',
  },
  {
    id: 'kali',
    name: 'Kali',
    group: 'Kali',
    families: ['live-boot', 'debian-installer'],
    tells: [
      { in: 'info', like: /^Kali (?:GNU\/)?Linux (?<version>\d[\d.]*)/i },
      { in: 'label', like: /^Kali\b/i },
      { in: 'file', like: /^kali-linux-(?<version>\d{4}\.\d+)/i, isWeak: true },
      { in: 'label', like: /\b(?<edition>Live)\b/i, isWeak: true },
      { in: 'info', like: /\b(?<edition>NETINST)\b/, isWeak: true },
    ],
    editions: { netinst: 'netinst', live: 'Live' },
    words: [
      {
        word: 'noconfig=sudo',
        why: 'the user already may',
        from: 'RPi-PXE-Server: p2-include-menu',
        when: { transport: 'nfs' },
      },
      { word: 'username=kali', why: 'the user that its desktop expects', from: 'netboot.xyz: live-kali.ipxe' },
      { word: 'hostname=kali', why: 'as its own menu has it', from: 'netboot.xyz: live-kali.ipxe' },
    ],
  },
  {
    id: 'parrot',
    name: 'Parrot',
    group: 'Parrot',
    families: ['live-boot', 'debian-installer'],
    tells: [
      { in: 'label', like: /^Parrot[-_ ]*(?<edition>home|security|htb|architect)?[-_ ]*(?<version>\d[\d.]*)?/i },
      { in: 'info', like: /^Parrot.*?(?<version>\d+\.[\d.]*\d)/i },
      { in: 'file', like: /^parrot-(?<edition>home|security|htb|architect)-(?<version>\d[\d.]*\d)/i, isWeak: true },
    ],
    editions: { home: 'Home', security: 'Security', htb: 'HTB', architect: 'Architect' },
  },
  {
    id: 'devuan',
    name: 'Devuan',
    group: 'Devuan',
    families: ['live-boot', 'debian-installer'],
    tells: [
      { in: 'info', like: /^Devuan GNU\/Linux (?<version>\d[\w.]*)(?:[ "]+(?<codename>[a-z]+))?/i },
      { in: 'label', like: /^Devuan[-_ ]*(?<codename>[a-z]{4,})?[-_ ]*(?<version>\d[\d.]*)?/i },
      { in: 'label', like: /(?<edition>desktop|minimal)-?live/i, isWeak: true },
    ],
    editions: { desktop: 'Desktop', minimal: 'Minimal' },
  },
  {
    id: 'grml',
    name: 'Grml',
    group: 'Tools',
    families: ['live-boot'],
    tells: [
      { in: 'label', like: /^grml(?:32|64|96)?[-_ ]*(?<edition>full|small)?[-_ ]*(?<version>\d{4}\.\d\d)?/i },
      { in: 'file', like: /^grml(?:32|64|96)?[-_](?<edition>full|small)[-_](?<version>\d{4}\.\d\d)/i, isWeak: true },
    ],
    use: 'rescue',
  },
  {
    id: 'gparted',
    name: 'GParted Live',
    group: 'Tools',
    families: ['live-boot'],
    tells: [
      { in: 'GParted-Live-Version', like: /gparted-live-(?<version>\d[\w.]*(?:-\d+)?)/i },
      { in: 'label', like: /^GParted/i },
    ],
    use: 'rescue',
    words: [
      { word: 'union=overlay', why: 'as its own menu has it', from: 'netboot.xyz: gparted.ipxe' },
      { word: 'username=user', why: 'the user that its desktop expects', from: 'netboot.xyz: gparted.ipxe' },
      { word: 'noswap', why: 'leaves the disks alone that it is to partition', from: 'netboot.xyz: gparted.ipxe' },
      { word: 'noeject', why: 'there is no disc to eject', from: 'netboot.xyz: gparted.ipxe' },
    ],
  },
  {
    id: 'clonezilla',
    name: 'Clonezilla',
    group: 'Tools',
    families: ['live-boot'],
    tells: [
      {
        in: 'Clonezilla-Live-Version',
        like: /clonezilla-live-(?<version>\d[\d.]*(?:-\d+)?)(?:-(?<codename>[a-z]+))?-(?:amd64|i[36]86)/i,
      },
      { in: 'label', like: /^Clonezilla/i },
    ],
    use: 'rescue',
    words: [
      clonezilla('username=user', 'the user that its programs expect'),
      clonezilla('union=overlay', 'as its own menu has it'),
      clonezilla('config', 'as its own menu has it'),
      clonezilla('noswap', 'leaves the disks alone that it is to copy'),
      clonezilla('edd=on', 'tells the disks of the BIOS apart'),
      clonezilla('nomodeset', 'text mode on every graphics card'),
      // In quotes on its own menu. There is no space in it, and loaders treat quotes in three ways: GRUB takes them off.
      clonezilla('ocs_live_run=ocs-live-general', 'starts its menu'),
      clonezilla('ocs_live_extra_param=', 'nothing beside'),
      clonezilla('ocs_live_batch=no', 'asks before it writes'),
      clonezilla('net.ifnames=0', 'the names of interfaces that its scripts expect'),
      clonezilla('noprompt', 'no question about a disc at the end'),
    ],
  },
  debian,
];
