/** Arch, Manjaro and what is built on them. */
import type { Product } from './row.ts';

export const ARCH_KIN: readonly Product[] = [
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
