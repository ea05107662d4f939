/** Every boot loader we know. Places are those of Debian 12 and 13 and of Ubuntu; 13 moved some to packages of other names. */
import type { Loader, PackageArchitecture, PeMachine, Purpose, Source } from './loader.ts';

const plain = { aliases: [], needs: [], isNeeded: false, isInSecureChain: false } as const;

// ---- BIOS: PXELINUX and its modules ----

function pxelinux(name: string, isNeeded: boolean, why: string): Loader {
  const paths = [`usr/lib/PXELINUX/${name}`];
  const sources: Source[] = [{ package: 'pxelinux', architecture: 'all', paths }];
  return { ...plain, name, purpose: 'bios', format: { kind: 'nbp' }, sources, needs: ['ldlinux.c32'], isNeeded, why };
}

function com32(name: string, needs: readonly string[], isNeeded: boolean, why: string): Loader {
  const paths = [`usr/lib/syslinux/modules/bios/${name}`];
  const sources: Source[] = [{ package: 'syslinux-common', architecture: 'all', paths }];
  return { ...plain, name, purpose: 'bios', format: { kind: 'c32' }, sources, needs, isNeeded, why };
}

const CORE = 'ldlinux.c32';
const COM32 = [CORE, 'libcom32.c32'];
const UTIL = [CORE, 'libutil.c32'];
const BOTH = [CORE, 'libcom32.c32', 'libutil.c32'];

const BIOS: readonly Loader[] = [
  pxelinux('lpxelinux.0', true, 'what BIOS machines load: fetches kernels by HTTP'),
  pxelinux(
    'pxelinux.0',
    false,
    'the same by TFTP alone, for network cards that hang in lpxelinux.0: name it tftp/pxelinux.0',
  ),
  com32(CORE, ['lpxelinux.0'], true, 'the core of both'),
  com32('libcom32.c32', [CORE], true, 'library'),
  com32('libutil.c32', [CORE], true, 'library'),
  com32('libgpl.c32', [CORE], false, 'library of ifcpu.c32'),
  com32('vesamenu.c32', BOTH, true, 'the graphical menu'),
  com32('menu.c32', UTIL, true, 'the text menu, for serial consoles'),
  com32('chain.c32', BOTH, true, 'boots the local disk'),
  com32('reboot.c32', COM32, true, 'menu entry'),
  com32('poweroff.c32', [CORE], false, 'menu entry'),
  com32('ifcpu64.c32', COM32, true, 'tells 64-bit processors from 32-bit ones'),
  com32('ifcpu.c32', [...BOTH, 'libgpl.c32'], false, 'tells processors apart'),
  com32('linux.c32', COM32, false, 'loads kernels with several initrds'),
  com32('mboot.c32', COM32, false, 'loads multiboot kernels'),
  com32('pxechn.c32', BOTH, false, 'hands over to another network boot program'),
  {
    ...plain,
    name: 'memdisk',
    purpose: 'bios',
    format: { kind: 'kernel' },
    sources: [{ package: 'syslinux-common', architecture: 'all', paths: ['usr/lib/syslinux/memdisk'] }],
    why: 'boots a whole image out of memory',
  },
];

// ---- UEFI: shim, MokManager and GRUB's net image; firmware loads shim, shim loads GRUB from beside itself ----

interface Uefi {
  readonly machine: PeMachine;
  /** In file names: `shimx64.efi`. */
  readonly suffix: 'x64' | 'ia32' | 'aa64';
  readonly architecture: PackageArchitecture;
  readonly purpose: Purpose;
  /** GRUB's package without `-signed`, and its folder below usr/lib/grub. */
  readonly grub: string;
  readonly grubFolder: string;
}

function uefi(u: Uefi): readonly Loader[] {
  const { suffix, architecture, purpose } = u;
  const [shim, grub, mok] = [`shim${suffix}.efi`, `grub${suffix}.efi`, `mm${suffix}.efi`];
  const secure = { ...plain, purpose, format: { kind: 'pe', machine: u.machine }, isInSecureChain: true } as const;
  // Firmware of the few 32-bit machines knows no Secure Boot as a rule, and from Debian 13 on there is no shim for them.
  const isShimNeeded = suffix !== 'ia32';
  return [
    {
      ...secure,
      name: shim,
      // Ubuntu's shimx64.efi.signed is a link made on installation: .latest is the file.
      sources: [signed('shim-signed', architecture, 'usr/lib/shim', [`${shim}.signed`, `${shim}.signed.latest`])],
      aliases: [`${shim}.signed`, `${shim}.signed.latest`],
      needs: [grub],
      isNeeded: isShimNeeded,
      why: "signed by Microsoft; starts GRUB, and with Secure Boot on only its own distribution's",
    },
    {
      ...secure,
      name: grub,
      sources: [
        signed(`${u.grub}-signed`, architecture, `usr/lib/grub/${u.grubFolder}-signed`, [
          `grubnet${suffix}.efi.signed`,
        ]),
        ...unsignedGrub(u),
      ],
      // Not grubx64.efi.signed: that is the disk's GRUB, which looks for its menu on the disk.
      aliases: [`grubnet${suffix}.efi.signed`, `grubnet${suffix}.efi`],
      needs: isShimNeeded ? [shim] : [],
      isNeeded: true,
      why: 'the menu; reads /grub/grub.cfg over the network',
    },
    {
      ...secure,
      name: mok,
      sources: [
        signed(`shim-helpers-${architecture}-signed`, architecture, 'usr/lib/shim', [`${mok}.signed`]),
        signed('shim-signed', architecture, 'usr/lib/shim', [mok]), // Ubuntu
      ],
      aliases: [`${mok}.signed`],
      needs: [shim],
      why: 'shim asks for it to enrol keys',
    },
  ];
}

function signed(name: string, architecture: PackageArchitecture, folder: string, files: readonly string[]): Source {
  return { package: name, architecture, paths: files.map((file) => `${folder}/${file}`) };
}

/** For amd64 machines that cannot reach i386 packages: the same GRUB without a signature; -bin had it up to Debian 12. */
function unsignedGrub({ suffix, grub, grubFolder }: Uefi): readonly Source[] {
  if (suffix !== 'ia32') return [];
  const paths = [`usr/lib/grub/${grubFolder}/monolithic/grubnet${suffix}.efi`];
  return [
    { package: `${grub}-unsigned`, architecture: 'amd64', paths },
    { package: `${grub}-bin`, architecture: 'amd64', paths },
  ];
}

const UEFI: readonly Loader[] = [
  ...uefi({
    machine: 'x64',
    suffix: 'x64',
    architecture: 'amd64',
    purpose: 'x64-uefi',
    grub: 'grub-efi-amd64',
    grubFolder: 'x86_64-efi',
  }),
  ...uefi({
    machine: 'ia32',
    suffix: 'ia32',
    architecture: 'i386',
    purpose: 'ia32-uefi',
    grub: 'grub-efi-ia32',
    grubFolder: 'i386-efi',
  }),
  ...uefi({
    machine: 'arm64',
    suffix: 'aa64',
    architecture: 'arm64',
    purpose: 'arm64-uefi',
    grub: 'grub-efi-arm64',
    grubFolder: 'arm64-efi',
  }),
];

// ---- iPXE: for clients that need its drivers or its script ----

function ipxe(name: string, format: Loader['format'], why: string, more: Partial<Loader> = {}): Loader {
  const sources: Source[] = [{ package: 'ipxe', architecture: 'all', paths: [`usr/lib/ipxe/${name}`, `boot/${name}`] }];
  return { ...plain, name, purpose: 'ipxe', format, sources, why, ...more };
}

/** Signed releases of iPXE from 2.0 on: no package has them yet. They start the .efi beside them, ipxe.org/secboot. */
function ipxeShim(name: string, starts: string): Loader {
  return ipxe(name, X64, `signed by Microsoft; starts ${starts} of the same release`, {
    sources: [],
    needs: [starts],
    isInSecureChain: true,
  });
}

const X64 = { kind: 'pe', machine: 'x64' } as const;
const NBP = { kind: 'nbp' } as const;
const KERNEL = { kind: 'kernel' } as const;

const IPXE: readonly Loader[] = [
  ipxe('undionly.kpxe', NBP, "for BIOS, with the network card's own driver", { isNeeded: true }),
  ipxe('ipxe.pxe', NBP, 'for BIOS, with drivers of its own'),
  ipxe('ipxe.lkrn', KERNEL, 'for BIOS, started as if it were a kernel'),
  ipxe('ipxe.efi', X64, 'for x64 UEFI, with drivers of its own', {
    // Debian 13's ipxe.efi is a link to ipxe-amd64.efi.
    sources: [
      {
        package: 'ipxe',
        architecture: 'all',
        paths: ['usr/lib/ipxe/ipxe-amd64.efi', 'boot/ipxe.efi', 'usr/lib/ipxe/ipxe.efi'],
      },
    ],
    aliases: ['ipxe-x86_64.efi', 'ipxe-amd64.efi'],
    isNeeded: true,
  }),
  ipxe('snponly.efi', X64, "for x64 UEFI, with the firmware's driver", {
    aliases: ['ipxe-snponly-x86_64.efi'],
    isNeeded: true,
  }),
  ipxe('ipxe-arm64.efi', { kind: 'pe', machine: 'arm64' }, 'for arm64 UEFI; packages have it from Debian 13 on', {
    aliases: ['ipxe-aarch64.efi'],
  }),
  ipxe('ipxe-riscv64.efi', { kind: 'pe', machine: 'riscv64' }, 'for RISC-V; packages have it from Debian 13 on', {
    purpose: 'riscv64-uefi',
  }),
  ipxeShim('ipxe-shimx64.efi', 'ipxe.efi'),
  ipxeShim('snponly-shimx64.efi', 'snponly.efi'),
];

// ---- memory test ----

function memtest(word: 'x64' | 'ia32', extension: 'bin' | 'efi', alias: string): Loader {
  const name = `memtest86+${word}.${extension}`;
  return {
    ...plain,
    name,
    purpose: 'memory-test',
    format: extension === 'bin' ? KERNEL : { kind: 'pe', machine: word },
    sources: [{ package: 'memtest86+', architecture: 'amd64', paths: [`boot/${name}`] }],
    aliases: [alias],
    isNeeded: word === 'x64',
    why: `memory test for ${extension === 'bin' ? 'BIOS' : 'UEFI'}`,
  };
}

const MEMTEST: readonly Loader[] = [
  memtest('x64', 'bin', 'memtest64.bin'),
  memtest('x64', 'efi', 'memtest64.efi'),
  memtest('ia32', 'bin', 'memtest32.bin'),
  memtest('ia32', 'efi', 'memtest32.efi'),
];

export const LOADERS: readonly Loader[] = [...BIOS, ...UEFI, ...IPXE, ...MEMTEST];

/** These come out of one source and work together only in one version. */
export const ONE_VERSION: ReadonlySet<string> = new Set(['pxelinux', 'syslinux-common']);

/** Purposes without which a node is of little use in a hall of unknown laptops. */
const ESSENTIAL: ReadonlySet<Purpose> = new Set(['bios', 'x64-uefi', 'ipxe']);

/** Without one of these an installation is incomplete. */
export const essentialLoaders: readonly Loader[] = LOADERS.filter((l) => l.isNeeded && ESSENTIAL.has(l.purpose));
