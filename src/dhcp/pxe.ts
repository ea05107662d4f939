/** Who is asking: what a client's options say of its firmware. RFC 4578, PXE 2.1, the firmware's own sources. */
import type { Mac } from '../core/addr.ts';
import { ByteReader, hex, latin1 } from '../core/bytes.ts';
import { ARCHITECTURES, HTTP_SIBLINGS, type Platform } from './arch.ts';
import { OPTION, readText } from './options.ts';
import type { Options } from './packet.ts';
import { readSubOptions } from './suboptions.ts';

/** In the order of a boot: firmware, iPXE, then whatever asks without a boot option (loader's IP stack, initramfs, system). */
export type Stage = 'pxe' | 'http' | 'ipxe' | 'system';

export interface BootClient {
  readonly stage: Stage;
  readonly platform: Platform | undefined;
  /** Option 93's first type that we know a platform of, else its first; nothing when the option is absent. */
  readonly arch: number | undefined;
  /** Option 97's sixteen octets in hex; nothing when absent or all zero, which is no identity. */
  readonly machineId: string | undefined;
  /** An iPXE that says itself that it lacks what our menus need. */
  readonly isPoorIpxe: boolean;
}

/** Never throws: what is missing in the field (options 93, 94, 97) may be missing. */
export function identify(options: Options, mac?: Mac): BootClient {
  const vendor = readText(options.get(OPTION.vendorClass)) ?? '';
  const types = architectureTypes(options.get(OPTION.clientArchitecture), vendor);
  const arch = types.find((type) => ARCHITECTURES[type]?.platform) ?? types[0];
  const isPi = isRaspberryPi(options, vendor, mac);
  const platform = isPi ? 'rpi' : platformOf(arch, vendor);
  return {
    stage: stageOf(options, vendor, platform),
    platform,
    arch,
    machineId: machineId(options.get(OPTION.clientMachineIdentifier)),
    isPoorIpxe: isPoorIpxe(options),
  };
}

function platformOf(arch: number | undefined, vendor: string): Platform | undefined {
  const platform = arch === undefined ? undefined : ARCHITECTURES[arch]?.platform;
  if (platform === undefined || !vendor.startsWith('HTTPClient')) return platform;
  return HTTP_SIBLINGS[platform] ?? platform;
}

function stageOf(options: Options, vendor: string, platform: Platform | undefined): Stage {
  if (isIpxe(options)) return 'ipxe';
  if (vendor.startsWith('HTTPClient')) return 'http';
  if (vendor.startsWith('PXEClient')) return platform?.endsWith('-http') ? 'http' : 'pxe';
  return 'system';
}

/** Quirk(flexboot-without-77): builds by card makers may lack 77 (warewulf3 #104), so 175 counts alone. */
function isIpxe(options: Options): boolean {
  return options.has(OPTION.ipxe) || /^[ig]PXE/.test(userClass(options));
}

/** iPXE writes 77 without RFC 3004's inner length, others with it. */
function userClass(options: Options): string {
  const value = options.get(OPTION.userClass);
  return value ? latin1(value).replace(/^\x04/, '') : '';
}

/** Encapsulated in option 175: one octet each, iPXE `include/ipxe/features.h`. */
const FEATURE = { http: 0x13, bzImage: 0x18, pxe: 0x21, efi: 0x24, menu: 0x27 } as const;
const FIRST_FEATURE = 0x10;
const LAST_FEATURE = 0x2f;
const NO_FEATURES: Options = new Map();

/**
 * By LTSP's rule: HTTP and menus, and a way to start a kernel. One that lists nothing is taken for a whole one. Quirk(gpxe): iPXE's
 * forerunner has no menus.
 */
function isPoorIpxe(options: Options): boolean {
  const own = options.get(OPTION.ipxe);
  const has = own ? readSubOptions(own) : NO_FEATURES;
  const isSaid = [...has.keys()].some((code) => code >= FIRST_FEATURE && code <= LAST_FEATURE);
  if (!isSaid) return userClass(options).startsWith('gPXE');
  const starts = has.has(FEATURE.efi) || (has.has(FEATURE.pxe) && has.has(FEATURE.bzImage));
  return !(has.has(FEATURE.http) && has.has(FEATURE.menu) && starts);
}

/** Raspberry Pi's prefixes of MACs, from LTSP's table. */
const PI_PREFIXES: ReadonlySet<string> = new Set([
  '28:cd:c1',
  '2c:cf:67',
  '88:a2:9e',
  'b8:27:eb',
  'd8:3a:dd',
  'dc:a6:32',
  'e4:5f:01',
]);

/** Quirk(rpi-rom): the Pi's boot ROM says that it is a BIOS and wants a menu in 43 (tinkerbell's smee, rpi-eeprom #182). */
function isRaspberryPi(options: Options, vendor: string, mac: Mac | undefined): boolean {
  if (mac === undefined || !PI_PREFIXES.has(mac.slice(0, 8)) || isIpxe(options)) return false;
  const asked = options.get(OPTION.parameterRequestList);
  return vendor.startsWith('PXEClient:Arch:00000') && asked?.includes(OPTION.vendorSpecific) === true;
}

const NO_BYTES = new Uint8Array(0);

/** Option 93, else the `Arch:00007` that option 60 repeats. */
function architectureTypes(value: Uint8Array | undefined, vendor: string): number[] {
  const types: number[] = [];
  const r = new ByteReader(value ?? NO_BYTES);
  while (r.left >= 2) types.push(r.u16('type'));
  if (types.length > 0) return types;
  const named = /^(?:PXE|HTTP)Client:Arch:(\d{5})/.exec(vendor)?.[1];
  return named === undefined ? [] : [Number(named)];
}

function machineId(value: Uint8Array | undefined): string | undefined {
  const id = value?.length === 17 ? hex(value.subarray(1)) : undefined;
  return id === undefined || /^(0+|f+)$/.test(id) ? undefined : id;
}
