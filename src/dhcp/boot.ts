/** The boot fields of an answer, as each kind of client needs them. PXE 2.1, RFC 4578, RFC 5071, RFC 5859, the firmware's sources. */
import type { Mac } from '../core/addr.ts';
import type { StepReason } from './ladder.ts';
import { pxelinuxKind } from './loaders.ts';
import { OPTION, ofIpv4, ofText } from './options.ts';
import type { Options } from './packet.ts';
import type { BootClient } from './pxe.ts';
import { type BootRule, type BootTarget, onNode, type Rung } from './rungs.ts';
import { readSubOptions, writeSubOptions } from './suboptions.ts';

/** `siaddr`, `sname`, `file` and 66/67 all name the same node. */
export interface BootAnswer {
  /** A TFTP name, or a URL. */
  readonly bootFile: string;
  readonly rule: BootRule;
  /** What the client gets, whether it asked for it or not. */
  readonly options: Options;
  /** What it gets if it asks for it and the operator says nothing else. */
  readonly offers: Options;
  /** `pxe-port`: this answer names no file; the client asks flink at 4011 for it. */
  readonly next: 'file' | 'pxe-port';
  /** Which variant this is, and why: `explain` shows it. */
  readonly rung: string;
  readonly reason: StepReason;
}

/** Of the request that is answered. */
export interface BootRequest {
  readonly client: BootClient;
  readonly mac: Mac;
  readonly door: 'dhcp' | 'pxe';
  readonly options: Options;
}

const TFTP_SERVER_ADDRESS = 150;
const PXELINUX_CONFIG_FILE = 209;
const PXELINUX_PATH_PREFIX = 210;

export function bootAnswer(asked: BootRequest, node: BootTarget, rung: Rung, reason: StepReason): BootAnswer {
  const { client, door } = asked;
  const next = rung.wire === 'pxe-port' && door === 'dhcp' ? 'pxe-port' : 'file';
  const common = { bootFile: rung.file, rule: rung.rule, next, rung: rung.name, reason } as const;
  if (next === 'pxe-port') return { ...common, offers: NONE, options: new Map([[OPTION.vendorClass, PXE_CLASS]]) };
  const options =
    client.stage === 'http'
      ? httpOptions(rung)
      : client.stage === 'ipxe'
        ? ipxeOptions(rung, node)
        : pxeOptions(asked, rung, node);
  return { ...common, options, offers: pxelinuxOptions(asked, rung, node) };
}

const NONE: Options = new Map();
const PXE_CLASS = ofText('PXEClient');

/** UEFI 2.10 §24.7.3.1: the class must come back, and the URL without a NUL. */
function httpOptions({ file }: Rung): Options {
  return new Map([
    [OPTION.vendorClass, ofText('HTTPClient')],
    [OPTION.bootFileName, ofText(file)],
  ]);
}

/** Encapsulated option 176 (no-pxedhcp) = 1: iPXE need not wait two seconds for a proxy's offer. It comes to no harm beside a proxy. */
const IPXE_OPTIONS = Uint8Array.of(176, 1, 1);

function ipxeOptions({ file }: Rung, { address }: BootTarget): Options {
  return new Map([
    [OPTION.vendorClass, PXE_CLASS],
    [OPTION.vendorSpecific, writeSubOptions([TAKE_THIS_FILE])],
    [OPTION.tftpServerName, ofText(address)],
    [OPTION.bootFileName, ofText(file)],
    [OPTION.ipxe, IPXE_OPTIONS],
  ]);
}

/** PXE_DISCOVERY_CONTROL (6) = 8: take the boot file of this answer, discover nothing. PXE 2.1 table 2-3. */
const TAKE_THIS_FILE: readonly [number, Uint8Array] = [6, Uint8Array.of(8)];
/** PXE_BOOT_ITEM: what somebody chose of a menu; two octets type, two layer. */
const BOOT_ITEM = 71;
/** Quirk(rpi-rom): it looks for exactly these: PXE_BOOT_MENU with one server of type 0, PXE_MENU_PROMPT of no time (tinkerbell's smee). */
const PI_MENU: readonly (readonly [number, Uint8Array])[] = [
  [9, ofText('\0\0\x11Raspberry Pi Boot')],
  [10, ofText('\0PXE')],
];

function pxeOptions({ client, door, options: asked }: BootRequest, rung: Rung, { address }: BootTarget): Options {
  const options = new Map<number, Uint8Array>();
  const items: (readonly [number, Uint8Array])[] = [];
  // Quirk(uefi-binl): EDK2 asks port 4011 again after an offer with 60 but without 43 (PxeBcDhcp4.c); 43.6 = 8 keeps it from that.
  if (rung.wire === 'usual') items.push(TAKE_THIS_FILE, ...(client.platform === 'rpi' ? PI_MENU : []));
  const chosen = door === 'pxe' && readSubOptions(asked.get(OPTION.vendorSpecific)).get(BOOT_ITEM);
  if (chosen) items.push([BOOT_ITEM, chosen]);
  if (rung.wire !== 'bare' || door === 'pxe') options.set(OPTION.vendorClass, PXE_CLASS);
  if (items.length > 0) options.set(OPTION.vendorSpecific, writeSubOptions(items));
  // Quirk(boot-file-not-terminated): old ROMs read on behind 66 and 67 and ask for "file\xff" (netboot.xyz #1198).
  options.set(OPTION.tftpServerName, ofText(`${address}\0`)).set(OPTION.bootFileName, ofText(`${rung.file}\0`));
  // RFC 5859: the same node once more, for firmware that reads 150 only.
  return options.set(TFTP_SERVER_ADDRESS, ofIpv4(address));
}

/** Bit 15 of the chosen item's layer: the client wants to be shown credentials, which nobody here has. PXE 2.1 table 2-4. */
export function wantsCredentials(options: Options): boolean {
  const item = readSubOptions(options.get(OPTION.vendorSpecific)).get(BOOT_ITEM);
  return item !== undefined && item.length >= 4 && item.subarray(2, 3).some((octet) => octet >= 0x80);
}

/**
 * RFC 5071: the menu of this machine, so that PXELINUX need not ask for ten others first, and the folder that its files are in, by
 * HTTP where the loader can. That is next-server's HTTP: syslinux.efi goes there whatever a URL says.
 */
function pxelinuxOptions({ client, mac }: BootRequest, { file }: Rung, node: BootTarget): Options {
  const kind = client.stage === 'http' ? undefined : pxelinuxKind(file);
  if (kind === undefined || /^[a-z]+:\/\//.test(file)) return NONE;
  const folder = file.replace(/^\/+/, '').replace(/[^/]*$/, '');
  // What lies below tftp/ has menus that load by TFTP.
  const prefix = kind === 'http' && !folder.startsWith('tftp/') ? onNode(node, folder) : `/${folder}`;
  return new Map([
    [PXELINUX_CONFIG_FILE, ofText(`pxelinux.cfg/01-${mac.replaceAll(':', '-')}`)],
    [PXELINUX_PATH_PREFIX, ofText(prefix)],
  ]);
}
