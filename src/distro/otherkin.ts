/** Distributions of their own stock: Arch and Manjaro, Red Hat, SUSE and the small ones. */
import type { Product, Tell } from './row.ts';

// ---- Arch and Manjaro ----

const ARCH: readonly Product[] = [
  {
    id: 'systemrescue',
    name: 'SystemRescue',
    group: 'Tools',
    families: ['archiso', 'systemrescuecd-old'],
    tells: [
      { in: 'base', like: /^sysresccd$/i },
      { in: 'sysresccd/VERSION', like: /^(?<version>\d[\d.]*)/ },
      { in: 'version', like: /^(?<version>\d[\d.]*)/, isWeak: true },
      { in: 'label', like: /^RESCUE(?<v1>\d{1,2})(?<v2>\d\d)$/ },
      { in: 'label', like: /^sysrcd-(?<version>\d[\d.]*)/ },
    ],
    use: 'rescue',
  },
  {
    id: 'endeavouros',
    name: 'EndeavourOS',
    group: 'EndeavourOS',
    families: ['archiso'],
    tells: [
      { in: 'label', like: /^EOS_(?<v1>\d{4})(?<v2>\d\d)/ },
      { in: 'file', like: /^EndeavourOS[-_](?<codename>[A-Za-z]+)/i, isWeak: true },
    ],
  },
  {
    id: 'blackarch',
    name: 'BlackArch',
    group: 'BlackArch',
    families: ['archiso'],
    tells: [
      { in: 'base', like: /^blackarch$/i },
      { in: 'label', like: /^BLACKARCH(?:_(?:FULL|SLIM|NETINST))?(?:_(?<v1>\d{4})(?<v2>\d\d))?/i },
      { in: 'file', like: /^blackarch-linux-(?<edition>full|slim|netinst)-(?<version>[\d.]+\d)/i, isWeak: true },
    ],
    editions: { full: 'Full', slim: 'Slim', netinst: 'netinst' },
  },
  {
    id: 'cachyos',
    name: 'CachyOS',
    group: 'CachyOS',
    families: ['archiso'],
    tells: [
      { in: 'label', like: /^(?:COS|CACHYOS)_(?<v1>\d{4})(?<v2>\d\d)/i },
      { in: 'kernel', like: /-cachyos/i },
      { in: 'file', like: /^cachyos-(?<edition>desktop|handheld)-linux-(?<version>\d{6})/i, isWeak: true },
    ],
    editions: { desktop: 'Desktop', handheld: 'Handheld' },
  },
  {
    id: 'arch',
    name: 'Arch Linux',
    group: 'Arch Linux',
    families: ['archiso'],
    tells: [
      { in: 'arch/version', like: /^(?<version>\d{4}\.\d\d\.\d\d)/, isWeak: true },
      { in: 'label', like: /^ARCH_(?<v1>\d{4})(?<v2>\d\d)/ },
    ],
  },
  {
    id: 'manjaro',
    name: 'Manjaro',
    group: 'Manjaro',
    families: ['miso'],
    tells: [
      { in: 'base', like: /^manjaro$/i },
      { in: 'label', like: /^MANJARO_(?<edition>[A-Z0-9]+)_(?<v1>\d\d)(?<v2>\d)(?<v3>\d)/i },
      { in: 'file', like: /^manjaro-(?<edition>[a-z0-9]+)-(?<version>\d[\d.]*\d)/i, isWeak: true },
    ],
    editions: {
      kde: 'KDE Plasma',
      xfce: 'Xfce',
      gnome: 'GNOME',
      cinnamon: 'Cinnamon',
      i3: 'i3',
      sway: 'Sway',
      mate: 'MATE',
      budgie: 'Budgie',
    },
  },
  {
    id: 'garuda',
    name: 'Garuda',
    group: 'Garuda',
    families: ['miso', 'archiso'],
    tells: [
      { in: 'base', like: /^garuda$/i },
      { in: 'label', like: /^GARUDA(?:_(?<edition>[A-Z0-9-]+?))?(?:_|$)/i },
      { in: 'file', like: /^garuda-(?<edition>[a-z0-9-]+?)-linux-zen-(?<version>\d{6})/i, isWeak: true },
    ],
    editions: { dr460nized: 'Dr460nized', gnome: 'GNOME', xfce: 'Xfce', cinnamon: 'Cinnamon', sway: 'Sway' },
  },
  {
    id: 'artix',
    name: 'Artix',
    group: 'Artix',
    families: ['miso'],
    tells: [
      { in: 'base', like: /^artix$/i },
      { in: 'label', like: /^ARTIX(?:_(?<edition>[A-Z]+)(?:_[A-Z0-9]+)?)?_(?<version>\d{6,8})/i },
      { in: 'file', like: /^artix-(?<edition>[a-z]+)-(?:openrc|runit|s6|dinit)-(?<version>\d{8})/i, isWeak: true },
    ],
    editions: { plasma: 'KDE Plasma', xfce: 'Xfce', cinnamon: 'Cinnamon', mate: 'MATE', lxqt: 'LXQt', base: 'Base' },
  },
];

// ---- Red Hat ----

/** `[general]` of .treeinfo: `family = Rocky Linux`, `version = 9.5`; the variants BaseOS and AppStream say nothing to people. [productmd: treeinfo 1.2] */
function treeinfo(family: string): readonly Tell[] {
  return [
    { in: '.treeinfo', like: new RegExp(`^family[ \\t]*=[ \\t]*${family}[ \\t]*$`, 'im') },
    { in: '.treeinfo', like: /^version[ \t]*=[ \t]*(?<version>[\w.]+)/m, isWeak: true },
    { in: '.treeinfo', like: /^variant[ \t]*=[ \t]*(?!BaseOS|AppStream)(?<edition>\w+)/m, isWeak: true },
  ];
}

const REDHAT_FAMILIES = ['anaconda', 'dracut-live'];
const REDHAT_EDITIONS = {
  dvd: 'DVD',
  boot: 'netinst',
  minimal: 'Minimal',
  workstation: 'Workstation',
};

function enterprise(id: string, name: string, family: string, label: string): Product {
  const live = 'Workstation|GNOME|KDE|XFCE|MATE|Cinnamon';
  return {
    id,
    name,
    group: name,
    families: REDHAT_FAMILIES,
    tells: [
      ...treeinfo(family),
      {
        in: 'label',
        like: new RegExp(`^${label}-(?:(?:${live})-)?(?<v1>\\d+)(?:[-_.](?<v2>\\d{1,2}))?(?:[-_]|$)`, 'i'),
      },
      { in: 'label', like: new RegExp(`\\b(?<edition>${live}|dvd|boot|minimal)\\b`, 'i'), isWeak: true },
    ],
    editions: {
      ...REDHAT_EDITIONS,
      gnome: 'GNOME',
      kde: 'KDE Plasma',
      xfce: 'Xfce',
      mate: 'MATE',
      cinnamon: 'Cinnamon',
    },
    base: 'own',
  };
}

const REDHAT: readonly Product[] = [
  {
    id: 'fedora',
    name: 'Fedora',
    group: 'Fedora',
    families: REDHAT_FAMILIES,
    tells: [
      ...treeinfo('Fedora'),
      {
        in: 'label',
        like: /^Fedora-(?:Live-)?(?<edition>[A-Za-z0-9_]+?)-(?:Live-|dvd-|ostree-|netinst-)?(?:x86_64-|aarch64-|i386-|i686-)?(?<version>\d\d)(?:-|$)/,
      },
      { in: 'label', like: /^Fedora/ },
    ],
    editions: {
      ws: 'Workstation',
      workstation: 'Workstation',
      s: 'Server',
      server: 'Server',
      e: 'Everything',
      everything: 'Everything',
      kde: 'KDE Plasma',
      xfce: 'Xfce',
      lxde: 'LXDE',
      lxqt: 'LXQt',
      cinn: 'Cinnamon',
      cinnamon: 'Cinnamon',
      mate: 'MATE',
      mate_compiz: 'MATE',
      budgie: 'Budgie',
      i3: 'i3',
      sway: 'Sway',
      cosmic: 'COSMIC',
      soas: 'Sugar on a Stick',
      sb: 'Silverblue',
      silverblue: 'Silverblue',
      kinoite: 'Kinoite',
    },
  },
  enterprise('centos-stream', 'CentOS Stream', 'CentOS Stream', 'CentOS-Stream'),
  enterprise('rocky', 'Rocky Linux', 'Rocky Linux', 'Rocky'),
  enterprise('alma', 'AlmaLinux', 'AlmaLinux', 'AlmaLinux'),
  enterprise('rhel', 'Red Hat Enterprise Linux', 'Red Hat Enterprise Linux', 'RHEL'),
  enterprise('oracle', 'Oracle Linux', 'Oracle Linux(?: Server)?', 'OL'),
  {
    ...enterprise('centos', 'CentOS', 'CentOS(?: Linux)?', 'CentOS'),
    tells: [
      ...treeinfo('CentOS(?: Linux)?'),
      { in: 'label', like: /^CentOS[- ](?:\D*?)(?<v1>\d+)(?:[-.](?<v2>\d{1,2}))?(?:[- ]|$)/i },
    ],
  },
];

// ---- SUSE ----

const SUSE_FAMILIES = ['linuxrc', 'agama', 'kiwi-live'];
const SUSE_EDITIONS = { dvd: 'DVD', net: 'netinst', kde: 'KDE Plasma', gnome: 'GNOME', xfce: 'Xfce', rescue: 'Rescue' };
const suse = (id: string, name: string, tells: readonly Tell[]): Product => ({
  id,
  name,
  group: name.startsWith('openSUSE') ? 'openSUSE' : 'SUSE',
  families: SUSE_FAMILIES,
  tells,
  editions: { ...SUSE_EDITIONS, online: 'Online', full: 'Full' },
});

const SUSE: readonly Product[] = [
  suse('leap', 'openSUSE Leap', [
    { in: 'label', like: /(?<![a-z])Leap[-_ ](?<version>\d+\.\d+)(?:[-_](?<edition>DVD|NET|KDE|GNOME|XFCE|Rescue))?/i },
    { in: 'media.1/media', like: /(?<![a-z])Leap[-_ ](?<version>\d+\.\d+)(?:[-_](?<edition>DVD|NET))?/i },
    { in: 'menu', like: /(?<![a-z])Leap (?<version>\d+\.\d+)/i, isWeak: true },
  ]),
  suse('tumbleweed', 'openSUSE Tumbleweed', [
    { in: 'label', like: /(?<![a-z])Tumbleweed/i },
    { in: 'label', like: /Tumbleweed[-_](?<edition>DVD|NET|KDE|GNOME|XFCE|Rescue)/i, isWeak: true },
    { in: 'media.1/media', like: /(?<![a-z])Tumbleweed/i },
    { in: 'media.1/media', like: /Snapshot(?<version>\d{8})/i, isWeak: true },
    { in: 'file', like: /Snapshot(?<version>\d{8})/i, isWeak: true },
  ]),
  suse('sles', 'SUSE Linux Enterprise', [
    {
      in: 'label',
      like: /^(?:SLE[SD]?|SUSE)[-_](?<version>\d+(?:[-_.](?:SP)?\d+)?)(?:[-_](?<edition>Online|Full|DVD))?/i,
    },
    { in: 'media.1/media', like: /\bSLE[SD]?-(?<version>\d+(?:-SP\d+)?)(?:-(?<edition>Online|Full|DVD))?/i },
  ]),
];

// ---- the small ones, tools, others ----

const alone = (id: string, name: string, group: string, families: string, tells: readonly Tell[]): Product => ({
  id,
  name,
  group,
  families: families.split(' '),
  tells,
});
/** What the family's mark has decided already. */
const always: Tell = { in: 'label', like: /^/ };
const proxmox = (id: string, name: string): Product =>
  alone(id, name, 'Proxmox', 'proxmox', [
    { in: 'info', like: new RegExp(`^PRODUCTLONG='${name}'`, 'm') },
    { in: 'info', like: /^RELEASE='(?<version>[\d.]+)'/m, isWeak: true },
  ]);

const OTHERS: readonly Product[] = [
  {
    ...alone('alpine', 'Alpine', 'Alpine', 'alpine', [
      { in: 'label', like: /^alpine-(?<edition>\w+) (?:v)?(?<version>[\d.]+(?:_rc\d+)?)/i },
      { in: '.alpine-release', like: /^(?:alpine-(?<edition>\w+) )?v?(?<version>\d[\w.]*)/i },
    ]),
    editions: { std: 'Standard', ext: 'Extended', virt: 'Virtual', xen: 'Xen', standard: 'Standard' },
  },
  alone('void', 'Void Linux', 'Void Linux', 'void', [
    always,
    { in: 'file', like: /void-live-[\w-]*?(?<version>\d{8})(?:-(?<edition>[a-z]+))?/i, isWeak: true },
  ]),
  {
    ...alone('nixos', 'NixOS', 'NixOS', 'nixos', [
      always,
      { in: 'label', like: /^nixos-(?:(?<edition>[a-z][a-z0-9]*)-)?(?<version>\d\d\.\d\d)/i, isWeak: true },
      { in: 'version.txt', like: /^(?<version>\d\d\.\d\d)/, isWeak: true },
    ]),
    editions: {
      gnome: 'GNOME',
      plasma5: 'KDE Plasma',
      plasma6: 'KDE Plasma',
      minimal: 'Minimal',
      graphical: 'Graphical',
    },
  },
  proxmox('pve', 'Proxmox VE'),
  proxmox('pbs', 'Proxmox Backup Server'),
  proxmox('pmg', 'Proxmox Mail Gateway'),
  alone('tails', 'Tails', 'Tails', 'tails', [
    always,
    { in: 'label', like: /^TAILS (?<version>\d[\w.~]*)/i, isWeak: true },
  ]),
  { ...alone('mx', 'MX Linux', 'MX Linux', 'antix', [{ in: 'label', like: /^MX/i }]) },
  alone('antix', 'antiX', 'antiX', 'antix', [always]),
  alone('puppy', 'Puppy Linux', 'Puppy Linux', 'puppy', [always]),
  alone('slackware', 'Slackware', 'Slackware', 'slackware', [
    always,
    { in: 'label', like: /slack(?:ware)?(?:64)?[- ](?<version>\d+\.\d+)/i, isWeak: true },
  ]),
  alone('tinycore', 'Tiny Core Linux', 'Tiny Core Linux', 'tinycore', [
    always,
    { in: 'file', like: /(?:core|coreplus|tinycore)[\w]*-(?<version>\d+\.[\d.]*\d)/i, isWeak: true },
  ]),
  alone('slax', 'Slax', 'Slax', 'slax', [always]),
  alone('porteus', 'Porteus', 'Porteus', 'porteus', [always]),
  alone('pmagic', 'Parted Magic', 'Tools', 'pmagic', [
    always,
    { in: 'file', like: /pmagic_(?<version>\d{4}_\d\d_\d\d)/i, isWeak: true },
  ]),
  alone('memtest', 'Memtest86+', 'Tools', 'memtest', [
    always,
    { in: 'label', like: /(?<version>\d\.\d\d)/, isWeak: true },
    { in: 'file', like: /(?:mt86plus|memtest86\+)[-_](?<version>\d+\.\d+)/i, isWeak: true },
  ]),
  {
    ...alone('freedos', 'FreeDOS', 'Tools', 'freedos', [
      always,
      {
        in: 'label',
        like: /^(?:FREEDOS|FD)[-_ ]?(?<v1>1)\.?(?<v2>\d)(?:[-_ ]?(?<edition>LiveCD|LegacyCD|BONUS))?/i,
        isWeak: true,
      },
    ]),
    editions: { livecd: 'Live CD', legacycd: 'Legacy CD', bonus: 'Bonus CD' },
  },
  alone('freebsd', 'FreeBSD', 'FreeBSD', 'freebsd', [
    always,
    { in: 'label', like: /^(?<v1>\d+)_(?<v2>\d+)_(?:RELEASE|STABLE|BETA|RC)/i, isWeak: true },
  ]),
];

export const OTHER_KIN: readonly Product[] = [...ARCH, ...REDHAT, ...SUSE, ...OTHERS];
