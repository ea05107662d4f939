/** Boot files by name: which there are for a platform, and what starts after each. */
import type { Platform } from './arch.ts';

/** The `boot:` map of the configuration, defaults included: platform, or `ipxe`, to file. */
export type LoaderMap = Readonly<Partial<Record<string, string>>>;

/**
 * What Debian's packages bring, in the order in which a machine tries them. The first is `boot:`'s default; any other file there is
 * the operator's own choice, which nobody goes past. Unsigned ones come where Secure Boot has refused or the network card failed
 * with what stands before them (ventoy/PXE #129: snponly takes the firmware's own driver, ipxe brings drivers).
 */
export const STANDARD_LOADERS: Readonly<Partial<Record<Platform, readonly string[]>>> = {
  // pxelinux.0 below tftp/: its menus there load by TFTP alone, for cards that hang in lpxelinux.0's HTTP.
  bios: ['lpxelinux.0', 'undionly.kpxe', 'ipxe.pxe', 'tftp/pxelinux.0'],
  'x64-uefi': ['shimx64.efi', 'snponly.efi', 'ipxe.efi', 'snponly-shimx64.efi', 'ipxe-shimx64.efi', 'grubx64.efi'],
  'ia32-uefi': ['grubia32.efi', 'shimia32.efi'],
  'arm64-uefi': ['shimaa64.efi', 'ipxe-arm64.efi', 'grubaa64.efi'],
  'x64-http': ['ipxe.efi', 'snponly.efi', 'shimx64.efi'],
  'ia32-http': ['grubia32.efi', 'shimia32.efi'],
  'arm64-http': ['shimaa64.efi', 'ipxe-arm64.efi', 'grubaa64.efi'],
};

/** A whole iPXE for one that is not: with the driver that is running already where there is such a build. */
const OWN_IPXE: Readonly<Partial<Record<Platform, readonly [string, ...string[]]>>> = {
  bios: ['undionly.kpxe', 'ipxe.pxe'],
  'x64-uefi': ['snponly.efi', 'ipxe.efi'],
};

/** Our own iPXE for that platform; `known` are the node's files, undefined where it has not said. */
export function ownIpxe(platform: Platform, known: ReadonlySet<string> | undefined): string | undefined {
  const builds = OWN_IPXE[platform];
  return known ? builds?.find((file) => isKnown(file, known)) : builds?.[0];
}

/** `tftp/NAME` is NAME. */
export function isKnown(file: string, known: ReadonlySet<string>): boolean {
  return known.has(file) || known.has(file.replace(/^tftp\//, ''));
}

/** Whether it is an iPXE, by the names of its builds and of netboot.xyz's. Also as a URL. */
export function isIpxeBinary(file: string): boolean {
  const name = file.toLowerCase().replace(/\?.*$/, '').replace(/^.*\//, '');
  return /^(undionly|snponly|netboot\.xyz|[\w-]*ipxe)[\w.-]*\.(efi|0|pxe)$|\.(k+pxe|lkrn)$/.test(name);
}

/** shim starts GRUB from beside itself. */
export function isGrub(file: string): boolean {
  return /(^|\/)(shim|grub)[\w.-]*\.efi$/i.test(file);
}

export function isIpxeScript(file: string): boolean {
  return /\.ipxe$/i.test(file);
}

/** PXELINUX and its sibling for UEFI, by what they load with. */
export function pxelinuxKind(file: string): 'http' | 'tftp' | undefined {
  if (/(^|\/)pxelinux\.0$/i.test(file)) return 'tftp';
  return /(^|\/)([gl]pxelinux\.0|syslinux\.efi)$/i.test(file) ? 'http' : undefined;
}
