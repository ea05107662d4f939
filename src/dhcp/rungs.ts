/** The variants of an answer: what a client may be told to load, and in which words of DHCP. */
import type { Ipv4 } from '../core/addr.ts';
import type { Platform } from './arch.ts';
import { isGrub, isIpxeBinary, isIpxeScript, isKnown, type LoaderMap, ownIpxe, STANDARD_LOADERS } from './loaders.ts';
import { USUAL } from './machines.ts';
import type { DhcpPolicy, Placement } from './policy.ts';
import type { BootClient } from './pxe.ts';

/**
 * `usual`: 60 and 43.6 = 8, take this file. `bare`: neither, which EDK2 calls DhcpOnly with a boot file. `pxe-port`: 60 alone and no
 * file, so that the firmware asks port 4011 (EDK2's BINL).
 */
export type Wire = 'usual' | 'bare' | 'pxe-port';

/** Why this file. */
export type BootRule =
  | 'client-row'
  | 'architecture'
  | 'other-loader'
  | 'row-needs-http'
  | 'grub-needs-server'
  | 'ipxe-script'
  | 'own-ipxe'
  | 'script-anyway';

export interface Rung {
  /** The same word in `explain`, in JSON and on disk: `usual`, `bare`, `pxe-port`, or the other loader's file. */
  readonly name: string;
  readonly wire: Wire;
  /** A TFTP name, or a URL. */
  readonly file: string;
  readonly rule: BootRule;
  /** For an iPXE: a loader, not a script. */
  readonly isLoader: boolean;
  /** It makes no sense twice in one boot. */
  readonly isOnce: boolean;
}

/** Where a client boots from. */
export interface BootTarget {
  readonly address: Ipv4;
  readonly httpPort: number;
}

type Hall = Pick<DhcpPolicy, 'loaders' | 'role' | 'hasLadder'>;

/** First what is usual; none where there is nothing to boot. */
export function rungsFor(client: BootClient, placement: Placement, hall: Hall): readonly Rung[] {
  if (client.stage === 'system' || !placement.node) return [];
  if (client.stage === 'ipxe') return ipxeRungs(client, placement.node, placement, hall.loaders);
  const platform = platformOf(client);
  const choice = platform && firmwareFile(client, platform, placement, hall);
  if (!platform || !choice) return [];
  const { node, loaders: known } = placement;
  const rung = (name: string, wire: Wire, file: string, rule: BootRule): Rung => ({
    ...{ name, wire, rule, isLoader: true, isOnce: false },
    file: client.stage === 'http' ? onNode(node, file) : file,
  });
  const wires = wiresFor(client, platform, hall.role).map((wire) => rung(wire, wire, choice.file, choice.rule));
  const others = othersFor(platform, choice, known, hall).map((f) => rung(f, USUAL, f, 'other-loader'));
  // Of what is loaded elsewhere no node can tell.
  return hall.hasLadder && !isUrl(choice.file) ? [...wires, ...others] : wires.slice(0, 1);
}

/** A PXE ROM that names no architecture is older than the option: a BIOS. */
export function platformOf({ platform, arch, stage }: BootClient): Platform | undefined {
  return platform ?? (arch === undefined && stage !== 'http' ? 'bios' : undefined);
}

/** An absolute path on the node, an image say: its URL means something to HTTP Boot alone. */
const isPath = (file: string): boolean => file.startsWith('/');
const isUrl = (file: string): boolean => /^[a-z]+:\/\//.test(file);

function firmwareFile(client: BootClient, platform: Platform, { loader: row, loaders: known }: Placement, hall: Hall) {
  if (row !== undefined && (client.stage === 'http' || !isPath(row))) return { file: row, rule: 'client-row' } as const;
  const file = hall.loaders[platform] ?? ROM_FILES[platform];
  if (file === undefined) return undefined;
  const other = hall.role === 'proxy' && isGrub(file) ? standardFor(platform, known, hall)[0] : undefined;
  const rule = other === undefined || other === file ? 'architecture' : 'grub-needs-server';
  return { file: other ?? file, rule: row === undefined ? rule : 'row-needs-http' } as const;
}

/** The Pi's ROM asks for its own files, whatever it is told; this is the first of them. */
const ROM_FILES: Readonly<Partial<Record<Platform, string>>> = { rpi: 'bootcode.bin' };

function wiresFor({ stage }: BootClient, platform: Platform, role: Hall['role']): readonly Wire[] {
  if (stage === 'http' || platform === 'rpi') return [USUAL];
  // Beside another DHCP server an offer without 60 would be nobody's. Quirk(proxy-pxe10-lost): EDK2 of before 2017 drops every proxy's
  // offer that has 43 and keeps those that lead to 4011 (edk2 #6944, seen on Dell T130 and T430), so UEFI begins there.
  if (role === 'proxy') return platform === 'bios' ? [USUAL, 'pxe-port'] : ['pxe-port', USUAL];
  return [USUAL, 'bare', 'pxe-port'];
}

/** A row's loader is the operator's word. */
function othersFor(platform: Platform, { file, rule }: Choice, known: Placement['loaders'], hall: Hall) {
  return rule === 'client-row' ? [] : standardFor(platform, known, hall).filter((other) => other !== file);
}

interface Choice {
  readonly file: string;
  readonly rule: BootRule;
}

/**
 * Those that the node has, in the order in which they are tried; none where `boot:` names one of the operator's own. Quirk(grub-no-proxy):
 * GRUB asks for its menu at the server that gave the address, whatever a proxy says (savannah #55636, rhboot/grub2 #56; seen with
 * Debian's 2.06 beside dnsmasq, test/lab/proxy.ts), so in proxy mode it comes last.
 */
function standardFor(platform: Platform, known: Placement['loaders'], { loaders, role }: Hall): readonly string[] {
  const standard = STANDARD_LOADERS[platform] ?? [];
  if (loaders[platform] !== standard[0] || !known) return [];
  const there = standard.filter((file) => isKnown(file, known));
  return role === 'proxy' ? [...there.filter((file) => !isGrub(file)), ...there.filter(isGrub)] : there;
}

function ipxeRungs(client: BootClient, node: BootTarget, { loader: row, loaders: known }: Placement, map: LoaderMap) {
  const rung = (name: string, file: string, rule: BootRule): Rung => ({
    ...({ name, wire: USUAL, file, rule } as const),
    isLoader: rule === 'own-ipxe' || (rule === 'client-row' && !isIpxeScript(file)),
    isOnce: rule === 'own-ipxe',
  });
  const url = onNode(node, scriptOf(map));
  // An iPXE that is told to load iPXE would do so for ever: it gets the script whatever its row says.
  if (row !== undefined && !isIpxeBinary(row) && !isPath(row)) {
    const file = isIpxeScript(row) ? onNode(node, row) : row;
    return [rung('row', file, 'client-row'), rung('script-anyway', url, 'script-anyway')];
  }
  const platform = platformOf(client);
  const own = client.isPoorIpxe && platform ? ownIpxe(platform, known) : undefined;
  if (own !== undefined) return [rung('own-ipxe', own, 'own-ipxe'), rung('script', url, 'ipxe-script')];
  return [rung('script', url, row !== undefined && isPath(row) ? 'row-needs-http' : 'ipxe-script')];
}

function scriptOf(loaders: LoaderMap): string {
  return loaders.ipxe === undefined || isIpxeBinary(loaders.ipxe) ? 'boot.ipxe' : loaders.ipxe;
}

/**
 * The URL of a file of the boot folder, or of an absolute path; an operator's own URL stays as it is. By address, as HTTP Boot looks
 * names up only where an offer has a DNS server.
 */
export function onNode({ address, httpPort }: BootTarget, file: string): string {
  if (isUrl(file)) return file;
  return `http://${address}${httpPort === 80 ? '' : `:${httpPort}`}${isPath(file) ? file : `/boot/${file}`}`;
}
