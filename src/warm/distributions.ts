/** Short names: what the installation of a distribution asks for. From the installers' sources and their logs. */
import type { Source } from './indexes.ts';
import { type Choices, languagesOf, type Recipe, type Step } from './recipe.ts';

interface Distribution {
  readonly codename: string;
  readonly make: (codename: string, choices: Choices) => Omit<Recipe, 'name'>;
}

const NOTHING_MORE = { hasSources: false, hasInstaller: false, hasExtras: true, isBase: false } as const;

/** From Debian 12 on firmware has a component of its own, which the installer switches on. */
const FIRMWARE = ['main', 'non-free-firmware'];

/** Processor, kernel and boot loaders: both firmwares, Secure Boot or not, since one hall has all of them. */
const BOOTING: Readonly<Record<string, { readonly kernel: string; readonly loaders: readonly string[] }>> = {
  amd64: {
    kernel: 'linux-image-amd64',
    loaders: ['grub-pc', 'grub-efi-amd64', '?grub-efi-amd64-signed', '?shim-signed', '?grub-efi-ia32', 'efibootmgr'],
  },
  i386: { kernel: 'linux-image-686-pae', loaders: ['grub-pc', 'grub-efi-ia32', 'efibootmgr'] },
  arm64: {
    kernel: 'linux-image-arm64',
    loaders: ['grub-efi-arm64', '?grub-efi-arm64-signed', '?shim-signed', 'efibootmgr'],
  },
};

/** What parts of Debian's installer install by themselves, each where the machine needs it. */
const BY_INSTALLER = [
  ...['initramfs-tools', 'busybox', 'console-setup', 'keyboard-configuration', 'locales', 'tasksel', 'discover'],
  ...[
    'laptop-detect',
    'installation-report',
    'popularity-contest',
    'os-prober',
    'eject',
    'sudo',
    'usbutils',
    'pciutils',
  ],
  ...[
    '?acpi-support-base',
    '?acpid',
    '?util-linux-locales',
    '?zstd',
    '?ca-certificates',
    '?wpasupplicant',
    '?wireless-tools',
  ],
  ...['?isc-dhcp-client', '?dhcpcd-base', '?network-manager', '?ifupdown', '?systemd-timesyncd', '?apt-listchanges'],
  // Partitions, file systems, encryption.
  ...[
    'lvm2',
    'cryptsetup',
    '?cryptsetup-initramfs',
    '?keyutils',
    'mdadm',
    'btrfs-progs',
    'xfsprogs',
    'dosfstools',
    '?ntfs-3g',
  ],
  // What hardware asks for, and virtual machines.
  ...['?intel-microcode', '?amd64-microcode', '?firmware-*', '?open-vm-tools', '?qemu-guest-agent', '?spice-vdagent'],
];

/** debootstrap's: by priority, and what it adds by itself. */
const BASE = ['priority:required', 'priority:important', 'apt', '?usr-is-merged', '?usrmerge', '?ca-certificates'];

function debian(codename: string, choices: Choices): Omit<Recipe, 'name'> {
  const architecture = choices.architecture ?? 'amd64';
  const mirror = choices.mirror ?? 'http://deb.debian.org/debian';
  const common = {
    components: codename === 'bullseye' ? ['main'] : FIRMWARE,
    architectures: [architecture],
    languages: languagesOf(choices.languages),
    hasSources: true,
    hasExtras: true,
  };
  const source = (root: string, suite: string, isBase: boolean): Source => ({
    ...common,
    root,
    suite,
    isBase,
    hasInstaller: isBase,
  });
  const { kernel, loaders } = BOOTING[architecture] ?? { kernel: '?linux-image-generic', loaders: [] };
  return {
    sources: [
      source(mirror, codename, true),
      source(mirror, `${codename}-updates`, false),
      source('http://security.debian.org/debian-security', `${codename}-security`, false),
    ],
    steps: [
      { names: BASE, withRecommends: false, isBase: true },
      { names: [...BASE, kernel, 'initramfs-tools', 'busybox'], withRecommends: true, isBase: true },
      {
        names: [
          ...BASE,
          'priority:standard',
          kernel,
          ...loaders,
          ...BY_INSTALLER,
          ...choices.tasks.flatMap(debianTask),
        ],
        withRecommends: true,
        isBase: false,
      },
    ],
  };
}

const DEBIAN_DESKTOPS: ReadonlySet<string> = new Set(
  'gnome gnome-flashback kde xfce mate cinnamon lxde lxqt'.split(' '),
);

/** As tasksel calls them; with a desktop it selects `desktop`, and `laptop` on a laptop. */
function debianTask(task: string): readonly string[] {
  if (task === 'standard') return ['priority:standard'];
  if (DEBIAN_DESKTOPS.has(task)) return [`task-${task}-desktop`, 'task-desktop', 'task-laptop'];
  return [task.startsWith('task-') ? task : `task-${task}`];
}

const UBUNTU_COMPONENTS = ['main', 'restricted', 'universe', 'multiverse'];

function ubuntuSources(codename: string, choices: Choices): readonly Source[] {
  const architecture = choices.architecture ?? 'amd64';
  const mirror = choices.mirror ?? 'http://archive.ubuntu.com/ubuntu';
  const common = {
    ...NOTHING_MORE,
    components: UBUNTU_COMPONENTS,
    // Installed systems read both.
    architectures: architecture === 'amd64' ? ['amd64', 'i386'] : [architecture],
    languages: languagesOf(choices.languages),
  };
  return [
    { ...common, root: mirror, suite: codename, isBase: true },
    { ...common, root: mirror, suite: `${codename}-updates` },
    { ...common, root: mirror, suite: `${codename}-backports` },
    { ...common, root: 'http://security.ubuntu.com/ubuntu', suite: `${codename}-security` },
  ];
}

const UBUNTU_MORE = [
  ...['priority:standard', 'linux-generic', '?linux-generic-hwe-*', 'ubuntu-standard', 'ubuntu-minimal'],
  ...['?grub-pc', '?grub-efi-amd64', '?grub-efi-amd64-signed', '?grub-efi-arm64-signed', '?shim-signed', 'efibootmgr'],
  ...['lvm2', 'cryptsetup', 'mdadm', 'btrfs-progs', 'xfsprogs', 'dosfstools', 'os-prober', '?ubuntu-drivers-common'],
  ...['?intel-microcode', '?amd64-microcode', '?linux-firmware', '?open-vm-tools'],
];

const languagePacks = (languages: readonly string[]): readonly string[] =>
  languagesOf(languages).flatMap((language) =>
    language.includes('_')
      ? []
      : ['language-pack-', 'language-pack-gnome-', 'hunspell-', '?firefox-locale-'].map((name) =>
          name.startsWith('?') ? name + language : `?${name}${language}`,
        ),
  );

function ubuntuSteps(more: readonly string[], choices: Choices): readonly Step[] {
  return [
    { names: BASE, withRecommends: false, isBase: true },
    {
      names: [...BASE, ...UBUNTU_MORE, ...languagePacks(choices.languages), ...more],
      withRecommends: true,
      isBase: false,
    },
  ];
}

const UBUNTU_TASKS: Readonly<Record<string, readonly string[]>> = {
  standard: ['priority:standard'],
  gnome: ['ubuntu-desktop'],
  minimal: ['ubuntu-desktop-minimal'],
  kde: ['kubuntu-desktop'],
  xfce: ['xubuntu-desktop'],
  mate: ['ubuntu-mate-desktop'],
  lxqt: ['lubuntu-desktop'],
  budgie: ['ubuntu-budgie-desktop'],
  cinnamon: ['ubuntucinnamon-desktop'],
  unity: ['ubuntu-unity-desktop'],
  server: ['ubuntu-server'],
  'ssh-server': ['openssh-server'],
};

/** By the table, else a package of that name. */
const taskBy =
  (table: Readonly<Record<string, readonly string[]>>) =>
  (task: string): readonly string[] =>
    Object.hasOwn(table, task) ? (table[task] ?? []) : [task];

const ubuntu = (codename: string, choices: Choices): Omit<Recipe, 'name'> => ({
  sources: ubuntuSources(codename, choices),
  steps: ubuntuSteps(choices.tasks.flatMap(taskBy(UBUNTU_TASKS)), choices),
});

const MINT_TASKS: Readonly<Record<string, readonly string[]>> = {
  standard: ['priority:standard'],
  cinnamon: ['mint-meta-cinnamon'],
  mate: ['mint-meta-mate'],
  xfce: ['mint-meta-xfce'],
  codecs: ['mint-meta-codecs'],
  'ssh-server': ['openssh-server'],
};

/** Mint's own repository above Ubuntu's. `--mirror` is Ubuntu's, the bigger one. */
const mint =
  (below: string) =>
  (codename: string, choices: Choices): Omit<Recipe, 'name'> => ({
    sources: [
      ...ubuntuSources(below, choices),
      {
        ...NOTHING_MORE,
        root: 'http://packages.linuxmint.com',
        suite: codename,
        components: ['main', 'upstream', 'import', 'backport'],
        architectures: ['amd64', 'i386'],
        languages: languagesOf(choices.languages),
      },
    ],
    steps: ubuntuSteps(['mint-meta-core', ...choices.tasks.flatMap(taskBy(MINT_TASKS))], choices),
  });

/** `mint-22` is the last of its row. */
const DISTRIBUTIONS: Readonly<Record<string, Distribution>> = {
  'debian-11': { codename: 'bullseye', make: debian },
  'debian-12': { codename: 'bookworm', make: debian },
  'debian-13': { codename: 'trixie', make: debian },
  'ubuntu-20.04': { codename: 'focal', make: ubuntu },
  'ubuntu-22.04': { codename: 'jammy', make: ubuntu },
  'ubuntu-24.04': { codename: 'noble', make: ubuntu },
  'ubuntu-25.04': { codename: 'plucky', make: ubuntu },
  'ubuntu-25.10': { codename: 'questing', make: ubuntu },
  'mint-21': { codename: 'virginia', make: mint('jammy') },
  'mint-21.1': { codename: 'vera', make: mint('jammy') },
  'mint-21.2': { codename: 'victoria', make: mint('jammy') },
  'mint-21.3': { codename: 'virginia', make: mint('jammy') },
  'mint-22': { codename: 'zara', make: mint('noble') },
  'mint-22.1': { codename: 'xia', make: mint('noble') },
  'mint-22.2': { codename: 'zara', make: mint('noble') },
};

export const SHORT_NAMES: readonly string[] = Object.keys(DISTRIBUTIONS);

/** Nothing where there is no such name. */
export function recipeFor(name: string, choices: Choices): Recipe | undefined {
  const row = Object.hasOwn(DISTRIBUTIONS, name) ? DISTRIBUTIONS[name] : undefined;
  return row && { name, ...row.make(row.codename, choices) };
}
