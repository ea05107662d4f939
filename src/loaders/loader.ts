/** What there is to know about a boot loader: its name in the boot folder, where packages keep it, which machines need it. */

/** What stops working without a loader. */
export type Purpose = 'bios' | 'x64-uefi' | 'ia32-uefi' | 'arm64-uefi' | 'riscv64-uefi' | 'ipxe' | 'memory-test';

/** Debian's names of architectures; `all` is a package for every machine. */
export type PackageArchitecture = 'all' | 'amd64' | 'i386' | 'arm64';

/** A package that has the file, and where inside; the first path that is a regular file counts. */
export interface Source {
  readonly package: string;
  readonly architecture: PackageArchitecture;
  readonly paths: readonly string[];
}

export type PeMachine = 'x64' | 'ia32' | 'arm64' | 'riscv64';

/** What the file must look like from inside. */
export type Format =
  | { readonly kind: 'pe'; readonly machine: PeMachine }
  /** A module of syslinux: an ELF object for i386. */
  | { readonly kind: 'c32' }
  /** Starts as a Linux kernel does: memdisk, ipxe.lkrn, memtest86+. */
  | { readonly kind: 'kernel' }
  /** A network boot program that BIOS jumps into; must fit below 640 KiB. */
  | { readonly kind: 'nbp' };

export interface Loader {
  /** In the boot folder. */
  readonly name: string;
  readonly purpose: Purpose;
  readonly format: Format;
  /** In order of preference; none: no package has it, a folder may. */
  readonly sources: readonly Source[];
  /** Its names elsewhere, in order of preference, lower case. The own name counts too, after these. */
  readonly aliases: readonly string[];
  /** Loaders that must come along from the same place: one build, or one chain of signatures. */
  readonly needs: readonly string[];
  /** The purpose fails without it. */
  readonly isNeeded: boolean;
  /** Firmware or shim checks its signature when Secure Boot is on. */
  readonly isInSecureChain: boolean;
  /** For people. */
  readonly why: string;
}
