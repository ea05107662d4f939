/** Processor architectures that clients name in option 93, and how their firmware boots. */

/** A machine's architecture and how its firmware boots: what `boot:` in the configuration has keys for, where we can serve it. */
export type Platform =
  | 'bios'
  | 'bios-http'
  | 'rpi'
  | `${'ia32' | 'x64' | 'arm32' | 'arm64'}-${'uefi' | 'http'}`
  | `${'riscv32' | 'riscv64' | 'riscv128' | 'loongarch32' | 'loongarch64'}-${'uefi' | 'http'}`
  | `${'mips32' | 'mips64' | 'sunway32' | 'sunway64'}-uefi`
  | `${'arm32' | 'arm64'}-uboot${'' | '-http'}`;

export interface Architecture {
  /** As IANA's table has it. */
  readonly name: string;
  /** Nothing for machines that boot in ways of their own: they get an address. */
  readonly platform: Platform | undefined;
}

const of = (name: string, platform?: Platform): Architecture => ({ name, platform });

/** Option 93, IANA "Processor Architecture Types" (RFC 5970 §3.3). */
export const ARCHITECTURES: Readonly<Record<number, Architecture>> = {
  0: of('x86 BIOS', 'bios'),
  1: of('NEC/PC98'),
  // Quirk(itanium-code-from-x86): 2 is Itanium on paper, x86 laptops send it (linuxserver/docker-netbootxyz #8).
  2: of('Itanium', 'ia32-uefi'),
  3: of('DEC Alpha'),
  4: of('Arc x86'),
  5: of('Intel Lean Client'),
  6: of('x86 UEFI', 'ia32-uefi'),
  // RFC 4578 swaps 7 and 9; its errata and all firmware have 7 = x64 and 9 = EBC, which x64 machines send too.
  7: of('x64 UEFI', 'x64-uefi'),
  // Quirk(xscale-code-from-x64): 8 is EFI Xscale on paper, x64 laptops send it (linuxserver/docker-netbootxyz #8).
  8: of('EFI Xscale', 'x64-uefi'),
  9: of('EBC', 'x64-uefi'),
  10: of('ARM 32-bit UEFI', 'arm32-uefi'),
  11: of('ARM 64-bit UEFI', 'arm64-uefi'),
  12: of('PowerPC Open Firmware'),
  13: of('PowerPC ePAPR'),
  14: of('POWER OPAL v3'),
  15: of('x86 UEFI HTTP', 'ia32-http'),
  16: of('x64 UEFI HTTP', 'x64-http'),
  17: of('EBC HTTP', 'x64-http'),
  18: of('ARM 32-bit UEFI HTTP', 'arm32-http'),
  19: of('ARM 64-bit UEFI HTTP', 'arm64-http'),
  20: of('PC/AT BIOS HTTP', 'bios-http'),
  21: of('ARM 32-bit U-Boot', 'arm32-uboot'),
  22: of('ARM 64-bit U-Boot', 'arm64-uboot'),
  23: of('ARM 32-bit U-Boot HTTP', 'arm32-uboot-http'),
  24: of('ARM 64-bit U-Boot HTTP', 'arm64-uboot-http'),
  25: of('RISC-V 32-bit UEFI', 'riscv32-uefi'),
  26: of('RISC-V 32-bit UEFI HTTP', 'riscv32-http'),
  27: of('RISC-V 64-bit UEFI', 'riscv64-uefi'),
  28: of('RISC-V 64-bit UEFI HTTP', 'riscv64-http'),
  29: of('RISC-V 128-bit UEFI', 'riscv128-uefi'),
  30: of('RISC-V 128-bit UEFI HTTP', 'riscv128-http'),
  31: of('s390 Basic'),
  32: of('s390 Extended'),
  33: of('MIPS 32-bit UEFI', 'mips32-uefi'),
  34: of('MIPS 64-bit UEFI', 'mips64-uefi'),
  35: of('Sunway 32-bit UEFI', 'sunway32-uefi'),
  36: of('Sunway 64-bit UEFI', 'sunway64-uefi'),
  37: of('LoongArch 32-bit UEFI', 'loongarch32-uefi'),
  38: of('LoongArch 32-bit UEFI HTTP', 'loongarch32-http'),
  39: of('LoongArch 64-bit UEFI', 'loongarch64-uefi'),
  40: of('LoongArch 64-bit UEFI HTTP', 'loongarch64-http'),
  41: of('ARM rpiboot', 'rpi'),
};

/** What firmware means that says HTTPClient and PXE's number. */
export const HTTP_SIBLINGS: Readonly<Partial<Record<Platform, Platform>>> = {
  bios: 'bios-http',
  'ia32-uefi': 'ia32-http',
  'x64-uefi': 'x64-http',
  'arm32-uefi': 'arm32-http',
  'arm64-uefi': 'arm64-http',
  'riscv32-uefi': 'riscv32-http',
  'riscv64-uefi': 'riscv64-http',
  'riscv128-uefi': 'riscv128-http',
  'loongarch32-uefi': 'loongarch32-http',
  'loongarch64-uefi': 'loongarch64-http',
  'arm32-uboot': 'arm32-uboot-http',
  'arm64-uboot': 'arm64-uboot-http',
};
