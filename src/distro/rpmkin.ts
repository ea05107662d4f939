/** Red Hat, SUSE and what is built on them. */
import type { Product, Tell } from './row.ts';

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

/** Made of Fedora, called by its own name. */
function remix(id: string, name: string): Product {
  return {
    id,
    name,
    group: name,
    families: REDHAT_FAMILIES,
    tells: [
      ...treeinfo(name),
      { in: 'label', like: new RegExp(`^${name}(?:\\D*[-_](?<version>\\d\\d))?(?!\\d)`, 'i') },
    ],
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
  remix('nobara', 'Nobara'),
  remix('bazzite', 'Bazzite'),
  remix('ultramarine', 'Ultramarine'),
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
    { in: 'media.1/products', like: /openSUSE-(?<version>\d{8})/i, isWeak: true },
    { in: 'file', like: /Snapshot(?<version>\d{8})/i, isWeak: true },
  ]),
  suse('sles', 'SUSE Linux Enterprise', [
    {
      in: 'label',
      like: /^(?:Install-)?(?:SLE[SD]?|SUSE)[-_](?<version>\d+(?:[-_.](?:SP)?\d+)?)(?:[-_](?<edition>Online|Full|DVD))?/i,
    },
    { in: 'media.1/media', like: /\bSLE[SD]?-(?<version>\d+(?:-SP\d+)?)(?:-(?<edition>Online|Full|DVD))?/i },
  ]),
];

export const RPM_KIN: readonly Product[] = [...REDHAT, ...SUSE];
