/** The sentences of `explain`: each rule and reason in words for people. */
import type { Mac } from '../core/addr.ts';
import { ARCHITECTURES, type Platform } from './arch.ts';
import type { StepReason } from './ladder.ts';
import type { BootClient, Stage } from './pxe.ts';
import type { BootRule } from './rungs.ts';

const STAGES: Readonly<Record<Stage, string>> = {
  pxe: 'its firmware boots by PXE',
  http: 'its firmware boots by HTTP',
  ipxe: 'it is iPXE already',
  system: 'it does not ask to boot from the network',
};

export const ADDRESS_RULES = {
  reservation: 'its row in the MAC table',
  'current-binding': 'the lease that it has',
  'former-binding': 'the lease that it had',
  requested: 'the address that it asked for',
  pool: 'free in the pool, at the place that its MAC decides',
} as const;

export const NODE_RULES = {
  'client-row': 'its row in the MAC table names it',
  'only-node': 'no other one that is alive may get it',
  kept: 'it was sent there before, and the node is alive',
  rendezvous: 'no row names one that is alive; hashing of its MAC over those that are',
  'no-node-has-it': 'no node has the entry of its row; hashing of its MAC over the nodes that are alive',
  'no-node': 'no fnode is alive: it gets an address, but nothing to boot',
} as const;

export const FILE_RULES: Readonly<Record<BootRule, string>> = {
  'client-row': 'the loader of its row in the MAC table',
  architecture: 'by its architecture',
  'other-loader': 'another loader for its architecture, as the usual one got it nowhere',
  'row-needs-http':
    'as if its row named no loader: that is a path on the node, which HTTP Boot alone can load; name a file below boot/, without the leading /',
  'grub-needs-server':
    'iPXE: beside another DHCP server GRUB asks that one for its menu, unless its next-server is the node; with Secure Boot on, name it so and give the machine a row with loader: shimx64.efi',
  'ipxe-script': 'the script: an iPXE never gets a loader again',
  'own-ipxe': 'our own iPXE: this one says that it lacks HTTP, menus or a way to start a kernel',
  'script-anyway': 'the script, although it lacks something or its row names a loader: loading on would go in a circle',
};

export const STEPS: Readonly<Record<StepReason, string>> = {
  first: 'where every machine begins',
  worked: 'it led this machine on before',
  same: 'what it is trying now',
  climbed: 'it came back without having come beyond its loader',
  around: 'it came back without having come beyond its loader, and there is no further variant: from the start again',
  circle: 'it was given a loader and is here again',
};

export const WIRES: Readonly<Record<string, string>> = {
  bare: ', without options 43 and 60',
  'pxe-port': ', no file: it is to ask port 4011',
};

export function clientLine(mac: Mac, { stage, arch, platform }: BootClient): string {
  const name = arch === undefined ? undefined : (platform ?? ARCHITECTURES[arch]?.name ?? 'unknown');
  return `client   ${mac}: ${STAGES[stage]}${name === undefined ? '' : `, architecture ${arch} (${name})`}`;
}

/** Platforms that `boot:` has keys for. */
const HAS_KEY =
  /^(bios|(x64|ia32|arm64|arm32|riscv64|loongarch64)-uefi|(bios|x64|ia32|arm64|arm32|riscv64|loongarch64)-http)$/;

export function nothingToBoot({ stage, arch, platform }: BootClient, hasNode: boolean): string {
  if (stage === 'system') return 'it did not ask for a boot file';
  if (!hasNode) return 'no fnode';
  if (platform !== undefined) return noFileFor(platform);
  const name = ARCHITECTURES[arch ?? -1]?.name;
  if (name === undefined) return `nobody has told us what architecture ${arch} is: it gets an address`;
  return `no boot loader that we could serve runs on ${name}: it gets an address`;
}

const noFileFor = (platform: Platform): string =>
  HAS_KEY.test(platform)
    ? `no boot file is set for its architecture (boot: { ${platform}: FILE } in the configuration)`
    : `no boot loader that we could serve runs on ${platform}: it gets an address`;

export function silences(reason: string, client: BootClient): string | undefined {
  if (reason === 'not-pxe') return 'beside another DHCP server only machines that boot from the network are answered';
  if (reason === 'no-node') return 'no fnode is alive';
  return reason === 'no-loader' ? nothingToBoot(client, true) : undefined;
}
