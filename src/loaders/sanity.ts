/** A look inside a loader's bytes: is it for the machine that its name promises? */
import type { Format, PeMachine } from './loader.ts';

/** PE/COFF, "Machine Types". */
const PE_MACHINES: Readonly<Record<number, PeMachine>> = {
  34404: 'x64',
  332: 'ia32',
  43620: 'arm64',
  20580: 'riscv64',
};
const ELF_I386 = 3;
/** BIOS loads it at 0:7C00; EBDA and option ROMs begin at the end of conventional memory. */
const NBP_MAX_BYTES = 0x9_8400;
const NBP_MIN_BYTES = 512;
const FAR_JUMP = 0xea;

/** What is wrong with the bytes, in a few words; nothing when they look right. */
export function faultOf(bytes: Uint8Array, format: Format): string | undefined {
  switch (format.kind) {
    case 'pe':
      return peFault(bytes, format.machine);
    case 'c32':
      return text(bytes, 0, 4) === '\x7fELF' && u16(bytes, 18) === ELF_I386 ? undefined : 'is not a module of syslinux';
    case 'kernel':
      // Linux x86 boot protocol, "The Real-Mode Kernel Header": 55 AA, a jump, HdrS.
      return u16(bytes, 510) === 0xaa55 && text(bytes, 514, 4) === 'HdrS'
        ? undefined
        : 'does not start as a kernel does';
    case 'nbp':
      if (bytes.length < NBP_MIN_BYTES || bytes.length > NBP_MAX_BYTES)
        return 'has not the size of a BIOS boot program';
      return bytes[0] === FAR_JUMP ? undefined : 'is not a BIOS boot program';
  }
}

function peFault(bytes: Uint8Array, want: PeMachine): string | undefined {
  const header = peHeader(bytes);
  if (header === undefined) return 'is not an EFI program';
  const machine = PE_MACHINES[u16(bytes, header + 4) ?? 0];
  return machine === want ? undefined : `is an EFI program for ${machine ?? 'another machine'}, not for ${want}`;
}

/** Whether an EFI program carries an Authenticode signature; whose, and whether it is good, firmware decides. */
export function isSigned(bytes: Uint8Array): boolean {
  const header = peHeader(bytes);
  if (header === undefined) return false;
  const optional = header + 24;
  // PE/COFF, "Optional Header Data Directories": 32-bit programs have them 16 octets earlier.
  const directories = optional + (u16(bytes, optional) === 0x20b ? 112 : 96);
  const count = u32(bytes, directories - 4) ?? 0;
  // The fifth is the certificate table, the only one that holds a place in the file, not an address.
  const [start, size] = [u32(bytes, directories + 32) ?? 0, u32(bytes, directories + 36) ?? 0];
  return count > 4 && start > 0 && size > 8 && start + size <= bytes.length;
}

/** Where `PE\0\0` is. */
function peHeader(bytes: Uint8Array): number | undefined {
  if (text(bytes, 0, 2) !== 'MZ') return undefined;
  const at = u32(bytes, 0x3c);
  return at !== undefined && text(bytes, at, 4) === 'PE\0\0' ? at : undefined;
}

/** Little-endian, as everything in PE and ELF for these machines; nothing beyond the end. */
function u16(bytes: Uint8Array, at: number): number | undefined {
  return at + 2 <= bytes.length ? view(bytes).getUint16(at, true) : undefined;
}

function u32(bytes: Uint8Array, at: number): number | undefined {
  return at + 4 <= bytes.length ? view(bytes).getUint32(at, true) : undefined;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function text(bytes: Uint8Array, at: number, count: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + count));
}
