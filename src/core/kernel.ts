/**
 * What a kernel image says of itself: version, processor, who signed it. [linux: Documentation/arch/x86/boot.rst,
 * Documentation/arch/arm64/booting.rst; Microsoft PE format]
 */
import { ByteReader, latin1 } from './bytes.ts';
import type { Arch, SecureBoot } from './image.ts';

export interface Kernel {
  /** `6.8.0-41-generic`, without who built it. */
  readonly version?: string;
  readonly arch?: Arch;
  /** Undefined for what is no PE program. */
  readonly signature?: 'none' | 'debian' | 'other';
  /** It starts in BIOS mode alone: no EFI program. */
  readonly isBiosOnly?: true;
}

/** At most `maxBytes` of the kernel from `position`, less at its end; undefined when it can't be read. */
export type ReadKernel = (maxBytes: number, position: number) => Promise<Uint8Array | undefined>;

const HEADER_BYTES = 4096;
/** Two signatures with their certificates have about 4 KiB. */
const MAX_SIGNATURE_BYTES = 64 * 1024;

const ARCH_OF_MACHINE: Readonly<Record<number, Arch>> = { 34404: 'x86_64', 332: 'i386', 43620: 'arm64' };

/** Never rejects but for read errors; nothing is known of what is no kernel. */
export async function readKernel(read: ReadKernel): Promise<Kernel> {
  const head = (await read(HEADER_BYTES, 0)) ?? new Uint8Array();
  const program = programOf(head);
  const setup = setupOf(head);
  const version = setup ? await versionOf(read, setup.versionAt) : undefined;
  const signature = program ? await signatureOf(read, program) : undefined;
  const arch = program?.arch ?? setup?.arch;
  return {
    ...(version ? { version } : {}),
    ...(arch ? { arch } : {}),
    ...(signature ? { signature } : {}),
    ...(setup && !program ? { isBiosOnly: true } : {}),
  };
}

/**
 * What its signature means to the loaders that there are. With Secure Boot on, a kernel that its own distribution has
 * signed needs that one's shim; for 32-bit firmware nobody has signed a loader that starts from the network, and
 * Debian's 64-bit GRUB starts no 32-bit kernel.
 */
export function secureBootOf({ signature, isBiosOnly }: Kernel, arch: Arch, hasShim: boolean): SecureBoot {
  if (isBiosOnly || arch === 'i386' || signature === 'none') return 'no';
  if (signature === 'debian') return 'debian-signed';
  if (signature === 'other') return hasShim ? 'own-shim' : 'no';
  return 'unknown';
}

/** The real-mode header. `versionAt`: octet of the version's text, 0 for none. boot.rst, offsets 0x1FE to 0x236. */
function setupOf(head: Uint8Array): { readonly versionAt: number; readonly arch: Arch | undefined } | undefined {
  if (head.length < 0x240 || textAt(head, 0x202, 4) !== 'HdrS') return undefined;
  const protocol = u16(head, 0x206);
  const pointer = u16(head, 0x20e);
  // xloadflags, from protocol 2.12: bit 0 says that there is a 64-bit entry point.
  const arch = protocol >= 0x20c ? (u16(head, 0x236) % 2 === 1 ? 'x86_64' : 'i386') : undefined;
  return { versionAt: pointer === 0 ? 0 : pointer + 0x200, arch };
}

async function versionOf(read: ReadKernel, at: number): Promise<string | undefined> {
  const bytes = at > 0 ? await read(128, at) : undefined;
  const [version] = latin1(bytes ?? new Uint8Array()).split(/[\0 ]/, 1);
  return version && /^\d+\.\d+[\w.+~-]{0,50}$/.test(version) ? version : undefined;
}

interface Program {
  readonly arch: Arch | undefined;
  /** The certificate table: file offset and length; 0 without one. */
  readonly signatureAt: number;
  readonly signatureBytes: number;
}

/** The PE header, which makes a kernel an EFI program. */
function programOf(head: Uint8Array): Program | undefined {
  if (textAt(head, 0, 2) !== 'MZ') return undefined;
  const at = u32(head, 0x3c);
  if (at > HEADER_BYTES || textAt(head, at, 4) !== 'PE\0\0') return undefined;
  const isWide = u16(head, at + 24) === 0x20b;
  const directories = at + 24 + (isWide ? 112 : 96);
  const arch = ARCH_OF_MACHINE[u16(head, at + 4)];
  // The fifth directory is the certificate table. PE format, "Optional header data directories".
  return { arch, signatureAt: u32(head, directories + 32), signatureBytes: u32(head, directories + 36) };
}

async function signatureOf(read: ReadKernel, program: Program): Promise<Kernel['signature']> {
  const { signatureAt, signatureBytes } = program;
  if (signatureAt === 0 || signatureBytes === 0) return 'none';
  const bytes = await read(Math.min(signatureBytes, MAX_SIGNATURE_BYTES), signatureAt);
  if (!bytes || bytes.length === 0) return 'none';
  // Issuer and subject stand in the certificate as plain text: "Debian Secure Boot CA".
  return latin1(bytes).includes('Debian Secure Boot') ? 'debian' : 'other';
}

function textAt(bytes: Uint8Array, at: number, count: number): string {
  return latin1(bytes.subarray(at, at + count));
}

/** Little-endian; 0 beyond the end, which no header here has where it matters. */
function u16(bytes: Uint8Array, at: number): number {
  if (at + 2 > bytes.length) return 0;
  const reader = new ByteReader(bytes.subarray(at, at + 2));
  const low = reader.u8('low');
  return low + reader.u8('high') * 0x100;
}

function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) + u16(bytes, at + 2) * 0x10000;
}
