/** Ubuntu, its flavours, and what is built on it. */
import type { Product, Tell } from './row.ts';

/** `Ubuntu 24.04.1 LTS "Noble Numbat" - Release amd64 (20240827.1)`; the label is the same without codename. */
function tells(name: string): readonly Tell[] {
  const version = '[ -]+v?(?<version>\\d[\\w.]*(?: LTS)?)';
  return [
    { in: 'info', like: new RegExp(`^${name}${version}(?: "(?<codename>[^"]{1,40})")?`, 'i') },
    { in: 'label', like: new RegExp(`^${name}(?:${version})?`, 'i') },
  ];
}

function flavour(id: string, name: string, like: string, edition?: string): Product {
  return {
    id,
    name,
    group: 'Ubuntu',
    tells: tells(like),
    families: ['casper', 'ubuntu-installer', 'debian-installer'],
    base: 'own',
    ...(edition ? { edition } : {}),
  };
}

const server: Product = {
  ...flavour('ubuntu-server', 'Ubuntu Server', 'Ubuntu[- ]Server', 'Server'),
  tells: [
    ...tells('Ubuntu[- ]Server'),
    // Some daily images call themselves Ubuntu alone.
    { in: 'casper/install-sources.yaml', like: /^\s*(?:- )?id: ubuntu-server/m },
    { in: 'info', like: /^Ubuntu (?<version>\d[\w.]*(?: LTS)?)(?: "(?<codename>[^"]{1,40})")?/i, isWeak: true },
  ],
  use: 'install',
};

const FLAVOURS: readonly Product[] = [
  server,
  flavour('ubuntu-mate', 'Ubuntu MATE', 'Ubuntu[- ]MATE', 'MATE'),
  flavour('ubuntu-budgie', 'Ubuntu Budgie', 'Ubuntu[- ]Budgie', 'Budgie'),
  flavour('ubuntu-studio', 'Ubuntu Studio', 'Ubuntu[- ]?Studio', 'Studio'),
  flavour('ubuntu-cinnamon', 'Ubuntu Cinnamon', 'Ubuntu[- ]?Cinnamon', 'Cinnamon'),
  flavour('ubuntu-unity', 'Ubuntu Unity', 'Ubuntu[- ]?Unity', 'Unity'),
  flavour('ubuntu-kylin', 'Ubuntu Kylin', 'Ubuntu[- ]?Kylin', 'UKUI'),
  flavour('ubuntu-gnome', 'Ubuntu GNOME', 'Ubuntu[- ]GNOME', 'GNOME'),
  flavour('kubuntu', 'Kubuntu', 'Kubuntu', 'KDE Plasma'),
  flavour('xubuntu', 'Xubuntu', 'Xubuntu', 'Xfce'),
  flavour('lubuntu', 'Lubuntu', 'Lubuntu', 'LXQt'),
  flavour('edubuntu', 'Edubuntu', 'Edubuntu', 'Education'),
  flavour('ubuntu', 'Ubuntu', 'Ubuntu'),
];

const mint: Product = {
  id: 'mint',
  name: 'Linux Mint',
  group: 'Linux Mint',
  families: ['casper'],
  tells: [
    ...tells('Linux Mint'),
    // The desktop stands nowhere else.
    { in: 'label', like: /^Linux Mint [\d.]+ (?<edition>Cinnamon|MATE|Xfce|KDE)/i },
    { in: 'menu', like: /Linux Mint [\d.]+ (?<edition>Cinnamon|MATE|Xfce|KDE)/i, isWeak: true },
    { in: 'file', like: /linuxmint-[\d.]+-(?<edition>cinnamon|mate|xfce|kde)/i, isWeak: true },
  ],
  editions: { cinnamon: 'Cinnamon', mate: 'MATE', xfce: 'Xfce', kde: 'KDE Plasma' },
  base: [
    ['17', 14.04],
    ['18', 16.04],
    ['19', 18.04],
    ['20', 20.04],
    ['21', 22.04],
    ['22', 24.04],
  ],
};

const KIN: readonly Product[] = [
  mint,
  {
    id: 'pop',
    name: 'Pop!_OS',
    group: 'Pop!_OS',
    families: ['casper'],
    tells: [
      ...tells('Pop[!_ ]*OS'),
      { in: 'label', like: /^Pop_OS .*\b(?<edition>Intel|NVIDIA)\b/i, isWeak: true },
      { in: 'base', like: /_(?<edition>intel|nvidia)_/i, isWeak: true },
    ],
    editions: { intel: 'Intel and AMD', nvidia: 'NVIDIA' },
    base: 'own',
  },
  {
    id: 'elementary',
    name: 'elementary OS',
    group: 'elementary OS',
    families: ['casper'],
    tells: tells('elementary OS'),
    base: [
      ['5', 18.04],
      ['6', 20.04],
      ['7', 22.04],
      ['8', 24.04],
    ],
  },
  {
    id: 'zorin',
    name: 'Zorin OS',
    group: 'Zorin OS',
    families: ['casper'],
    tells: [
      ...tells('Zorin[- ]OS'),
      { in: 'label', like: /^Zorin[- ]OS.* (?<edition>Core|Lite|Education|Pro)\b/i, isWeak: true },
    ],
    base: [
      ['15', 18.04],
      ['16', 20.04],
      ['17', 22.04],
      ['18', 24.04],
    ],
  },
  {
    id: 'rescuezilla',
    name: 'Rescuezilla',
    group: 'Tools',
    families: ['casper'],
    tells: [
      { in: 'info', like: /^Rescuezilla[- ]v?(?<version>[\d.]+)/i },
      { in: 'label', like: /^Rescuezilla/i },
      { in: 'file', like: /^rescuezilla-(?<version>[\d.]+\d)/i, isWeak: true },
      { in: 'info', like: /\b(?<codename>bionic|focal|jammy|noble|oracular|plucky)\b/i, isWeak: true },
      { in: 'file', like: /\b(?<codename>bionic|focal|jammy|noble|oracular|plucky)\b/i, isWeak: true },
    ],
    // Its own version says nothing of the Ubuntu below it.
    baseOfCodename: { bionic: 18.04, focal: 20.04, jammy: 22.04, noble: 24.04, oracular: 24.1, plucky: 25.04 },
    use: 'rescue',
  },
  {
    id: 'neon',
    name: 'KDE neon',
    group: 'KDE neon',
    families: ['casper'],
    tells: [
      { in: 'info', like: /^(?:KDE )?neon (?<edition>user|testing|unstable|developer)\b/i },
      { in: 'label', like: /^neon (?<edition>user|testing|unstable|developer) (?<version>\d{8})/i },
    ],
  },
  {
    id: 'linux-lite',
    name: 'Linux Lite',
    group: 'Linux Lite',
    families: ['casper'],
    tells: tells('Linux Lite'),
    base: [
      ['5', 20.04],
      ['6', 22.04],
      ['7', 24.04],
    ],
  },
];

/** The more special first: every flavour's name but a few begins with Ubuntu. */
export const UBUNTU_KIN: readonly Product[] = [...KIN, ...FLAVOURS];
