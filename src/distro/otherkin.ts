/** Distributions of their own stock: small ones, tools, other systems. */
import type { Product, Tell } from './row.ts';

const alone = (id: string, name: string, group: string, families: string, tells: readonly Tell[]): Product => ({
  id,
  name,
  group,
  families: families.split(' '),
  tells,
});
/** What the family's mark has decided already. */
const always: Tell = { in: 'label', like: /^/ };
const proxmox = (id: string, name: string): Product => ({
  ...alone(id, name, 'Proxmox', 'proxmox', [
    { in: 'info', like: new RegExp(`^PRODUCTLONG='${name}'`, 'm') },
    { in: 'info', like: /^RELEASE='(?<version>[\d.]+)'/m, isWeak: true },
  ]),
  base: 'own',
});

export const OTHER_KIN: readonly Product[] = [
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
