/** Who is asking, and what a client of that kind must be told to boot. RFC 4578, PXE 2.1, the firmware's own sources. */
import type { Ipv4 } from '../core/addr.ts';
import { hex, latin1 } from '../core/bytes.ts';
import { OPTION, ofIpv4, ofText, readText } from './options.ts';
import type { Options } from './packet.ts';

/** A machine's architecture and how its firmware boots: the keys of `boot:` in the configuration. */
export type Platform =
  | 'bios'
  | 'ia32-uefi'
  | 'x64-uefi'
  | 'arm32-uefi'
  | 'arm64-uefi'
  | 'riscv32-uefi'
  | 'riscv64-uefi'
  | 'loongarch32-uefi'
  | 'loongarch64-uefi'
  | 'arm32-uboot'
  | 'arm64-uboot'
  | 'rpi'
  | 'bios-http'
  | 'ia32-http'
  | 'x64-http'
  | 'arm32-http'
  | 'arm64-http'
  | 'riscv64-http'
  | 'loongarch64-http';

/** Option 93, IANA "Processor Architecture Types" (RFC 5970 §3.3). */
export const ARCHITECTURES: Readonly<Record<number, Platform>> = {
  0: 'bios',
  // Quirk(itanium-code-from-x86): 2 is Itanium on paper, x86 laptops send it (linuxserver/docker-netbootxyz #8).
  2: 'ia32-uefi',
  6: 'ia32-uefi',
  // RFC 4578 swaps 7 and 9; its errata and all firmware have 7 = x64 and 9 = EBC, which x64 machines send too.
  7: 'x64-uefi',
  8: 'x64-uefi',
  9: 'x64-uefi',
  10: 'arm32-uefi',
  11: 'arm64-uefi',
  15: 'ia32-http',
  16: 'x64-http',
  17: 'x64-http',
  18: 'arm32-http',
  19: 'arm64-http',
  20: 'bios-http',
  21: 'arm32-uboot',
  22: 'arm64-uboot',
  25: 'riscv32-uefi',
  27: 'riscv64-uefi',
  28: 'riscv64-http',
  37: 'loongarch32-uefi',
  39: 'loongarch64-uefi',
  40: 'loongarch64-http',
  41: 'rpi',
};

/** In the order of a boot: firmware, iPXE, then whatever asks without a boot option (loader's IP stack, initramfs, system). */
export type Stage = 'pxe' | 'http' | 'ipxe' | 'system';

export interface BootClient {
  readonly stage: Stage;
  readonly platform: Platform | undefined;
  /** Option 93's first known type, else its first; nothing when the option is absent. */
  readonly arch: number | undefined;
  /** Option 97's sixteen octets in hex; nothing when absent or all zero, which is no identity. */
  readonly machineId: string | undefined;
}

/** Never throws: what is missing in the field (options 93, 94, 97) may be missing. */
export function identify(options: Options): BootClient {
  const vendor = readText(options.get(OPTION.vendorClass)) ?? '';
  const types = architectureTypes(options.get(OPTION.clientArchitecture), vendor);
  const arch = types.find((type) => ARCHITECTURES[type]) ?? types[0];
  const platform = platformOf(arch === undefined ? undefined : ARCHITECTURES[arch], vendor);
  return {
    stage: stageOf(options, vendor, platform),
    platform,
    arch,
    machineId: machineId(options.get(OPTION.clientMachineIdentifier)),
  };
}

/** HTTP Boot firmware that sends PXE's architecture means its sibling. */
function platformOf(platform: Platform | undefined, vendor: string): Platform | undefined {
  if (platform === undefined || !vendor.startsWith('HTTPClient')) return platform;
  return HTTP_SIBLINGS[platform] ?? platform;
}

const HTTP_SIBLINGS: Readonly<Partial<Record<Platform, Platform>>> = {
  bios: 'bios-http',
  'ia32-uefi': 'ia32-http',
  'x64-uefi': 'x64-http',
  'arm32-uefi': 'arm32-http',
  'arm64-uefi': 'arm64-http',
  'riscv64-uefi': 'riscv64-http',
  'loongarch64-uefi': 'loongarch64-http',
};

function stageOf(options: Options, vendor: string, platform: Platform | undefined): Stage {
  if (isIpxe(options)) return 'ipxe';
  if (vendor.startsWith('HTTPClient')) return 'http';
  if (vendor.startsWith('PXEClient')) return platform?.endsWith('-http') ? 'http' : 'pxe';
  return 'system';
}

/** Option 175 first: builds by card makers may lack 77 (warewulf3 #104). iPXE writes 77 without RFC 3004's inner length. */
function isIpxe(options: Options): boolean {
  const userClass = options.get(OPTION.userClass);
  return options.has(OPTION.ipxe) || (userClass !== undefined && /^[\x04]?(iPXE|gPXE)/.test(latin1(userClass)));
}

/** Option 93, else the `Arch:00007` that option 60 repeats. */
function architectureTypes(value: Uint8Array | undefined, vendor: string): number[] {
  const types: number[] = [];
  for (let i = 0; value && i + 1 < value.length; i += 2) types.push(Number(`0x${hex(value.subarray(i, i + 2))}`));
  const named = /^(?:PXE|HTTP)Client:Arch:(\d{5})/.exec(vendor)?.[1];
  return types.length > 0 || named === undefined ? types : [Number(named)];
}

function machineId(value: Uint8Array | undefined): string | undefined {
  const id = value?.length === 17 ? hex(value.subarray(1)) : undefined;
  return id === undefined || /^(0+|f+)$/.test(id) ? undefined : id;
}

/** Where a client boots from. */
export interface BootTarget {
  readonly address: Ipv4;
  readonly httpPort: number;
}

/** The boot fields of an answer: `siaddr`, `sname`, `file` and 66/67 all name the same node. */
export interface BootAnswer {
  /** A TFTP name, or a URL. */
  readonly bootFile: string;
  /** Why this file: its row in the MAC table, its architecture, or that it is iPXE already. */
  readonly rule: 'client-row' | 'architecture' | 'ipxe-script';
  readonly options: Options;
}

export type LoaderMap = Readonly<Partial<Record<string, string>>>;

/**
 * What `client` must be told to boot, or nothing. `row` is the `loader:` of its row in the MAC table, `loaders` the `boot:` map of
 * the configuration, defaults included.
 */
export function bootAnswer(
  client: BootClient,
  target: BootTarget,
  row: string | undefined,
  loaders: LoaderMap,
): BootAnswer | undefined {
  if (client.stage === 'system') return undefined;
  if (client.stage === 'ipxe') {
    // An iPXE that is told to load iPXE would do so for ever: it gets the script whatever its row says.
    if (row !== undefined && !isIpxeBinary(row)) return answer(client, target, row, 'client-row');
    return answer(client, target, inBoot(target, scriptOf(loaders)), 'ipxe-script');
  }
  // A PXE ROM that names no architecture is older than the option: a BIOS.
  const platform = client.platform ?? (client.arch === undefined && client.stage === 'pxe' ? 'bios' : undefined);
  const file = row ?? (platform && loaders[platform]);
  if (file === undefined) return undefined;
  return answer(
    client,
    target,
    client.stage === 'http' ? inBoot(target, file) : file,
    row === undefined ? 'architecture' : 'client-row',
  );
}

function scriptOf(loaders: LoaderMap): string {
  return loaders.ipxe === undefined || isIpxeBinary(loaders.ipxe) ? 'boot.ipxe' : loaders.ipxe;
}

const isIpxeBinary = (file: string): boolean =>
  /(^|\/)(undionly|snponly|[\w-]*ipxe[\w-]*)\.(efi|0|k?k?pxe|lkrn)$/i.test(file);

/** The URL of a file of the boot folder; an operator's own URL stays as it is. */
function inBoot(target: BootTarget, file: string): string {
  if (/^[a-z]+:\/\//.test(file)) return file;
  const port = target.httpPort === 80 ? '' : `:${target.httpPort}`;
  return `http://${target.address}${port}/boot/${file.replace(/^\/+/, '')}`;
}

/** PXE_DISCOVERY_CONTROL (6) = 8: take the boot file of this answer, discover nothing. PXE 2.1 table 2-3. */
const PXE_VENDOR_OPTIONS = Uint8Array.of(6, 1, 8, 255);
/** Encapsulated option 176 (no-pxedhcp) = 1: iPXE need not wait two seconds for a proxy's offer. */
const IPXE_OPTIONS = Uint8Array.of(176, 1, 1);

function answer(client: BootClient, target: BootTarget, bootFile: string, rule: BootAnswer['rule']): BootAnswer {
  const options = new Map<number, Uint8Array>();
  if (client.stage === 'http') {
    // UEFI 2.10 §24.7.3.1: the class must come back, and the URL without a NUL.
    options.set(OPTION.vendorClass, ofText('HTTPClient')).set(OPTION.bootFileName, ofText(bootFile));
    return { bootFile, rule, options };
  }
  // Quirk(uefi-binl): EDK2 asks port 4011 again after an offer with 60 but without 43 (PxeBcDhcp4.c); 43.6 = 8 keeps it from that.
  options.set(OPTION.vendorClass, ofText('PXEClient')).set(OPTION.vendorSpecific, PXE_VENDOR_OPTIONS);
  options.set(OPTION.tftpServerName, ofText(target.address));
  // Quirk(boot-file-not-terminated): old ROMs read on behind option 67 and ask for "file\xff" (netboot.xyz #1198).
  options.set(OPTION.bootFileName, ofText(client.stage === 'pxe' ? `${bootFile}\0` : bootFile));
  // RFC 5859: the same node once more, for firmware that reads 150 only.
  if (client.stage === 'ipxe') options.set(OPTION.ipxe, IPXE_OPTIONS);
  else options.set(150, ofIpv4(target.address));
  return { bootFile, rule, options };
}
