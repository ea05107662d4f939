/** What the configuration and the LAN mean for the firewall. */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PrintedFirewall } from '../cli/role.ts';
import type { FlinkConfig } from '../config/types.ts';
import { type Ipv4, parseIpv4, subnetHas, subnetOf } from '../core/addr.ts';
import { SWARM_PORT } from '../core/swarm.ts';
import { applyFirewall, type FirewallPlan, type Machine, planned, removeFirewall } from '../firewall/apply.ts';
import { type FirewallService, firewallService } from '../firewall/keep.ts';
import { render } from '../firewall/render.ts';
import type { Door } from '../firewall/rules.ts';
import { shapeCommands } from '../firewall/shaping.ts';
import { runCommand } from '../host/exec.ts';
import { isForwarding, setForwarding } from '../host/forwarding.ts';
import { readLinks } from '../host/links.ts';
import { defaultInterfaces } from '../host/nettables.ts';
import type { Host, Link, LocalInterface } from '../host.ts';

export interface FirewallParts {
  readonly config: FlinkConfig;
  readonly lan: LocalInterface;
  /** Whether clients' names are resolved here. */
  readonly isDnsServed: boolean;
  /** Whether there is a proxy here. */
  readonly isProxyServed: boolean;
  /** Whom this machine asks for names: one of them on the LAN goes out through flink itself. */
  readonly resolvers: readonly Ipv4[];
}

export function firewallPlan(parts: FirewallParts): FirewallPlan {
  const { config, lan, isDnsServed, isProxyServed } = parts;
  const { wan, uplink, filter, ports } = config;
  const isShaped = (uplink.downBitsPerSec ?? uplink.upBitsPerSec) !== undefined;
  const { macs, addresses } = filter.whitelist;
  return {
    facts: {
      lan: { name: lan.name, address: lan.address, networks: networksOf(config, lan) },
      ...{ wan, trusted: filter.trusted, sshPort: filter.sshPort, doors: doorsOf(parts) },
      dhcpPorts: [ports.dhcp, ports.pxe],
      dnsPort: isDnsServed ? ports.dns : undefined,
      interceptPort: isProxyServed ? ports.intercept : undefined,
      untouched: { macs, addresses: [...new Set([...addresses, ...resolversInside(parts)])] },
    },
    uplink: wan !== undefined && isShaped ? { wan, ...uplink } : undefined,
  };
}

const networksOf = ({ dhcp }: FlinkConfig, { address, prefixBits }: LocalInterface) => [
  subnetOf(address, prefixBits),
  ...dhcp.relays.map(({ subnet }) => subnet),
];

/** Where a node on this machine answers, if there is one; what it has on other ports stands under `filter.open`. */
const NODE_DOORS: readonly Door[] = [
  { what: 'TFTP of a node', protocol: 'udp', ports: [69] },
  { what: 'HTTP of a node', protocol: 'tcp', ports: [80] },
  // MOUNT, and the portmapper, are asked over either; NFS itself is TCP's.
  { what: 'portmapper and NFS of a node', protocol: 'tcp', ports: [111, 2049] },
  { what: 'portmapper and mounts of a node', protocol: 'udp', ports: [111, 2049] },
];

function doorsOf({ config, isDnsServed, isProxyServed }: FirewallParts): readonly Door[] {
  const { dhcp, ports, admin, filter } = config;
  const dns = (protocol: Door['protocol']): Door => ({ what: 'DNS', protocol, ports: [ports.dns] });
  return [
    ...(dhcp.mode === 'off'
      ? []
      : [{ what: 'DHCP and PXE', protocol: 'udp', ports: [ports.dhcp, ports.pxe] } as const]),
    ...(isDnsServed ? [dns('udp'), dns('tcp')] : []),
    ...NODE_DOORS,
    { what: 'nodes look for flink', protocol: 'udp', ports: [SWARM_PORT] },
    { what: 'nodes announce themselves', protocol: 'tcp', ports: [admin.listen.port] },
    ...(isProxyServed ? [{ what: 'proxy', protocol: 'tcp', ports: [ports.proxy, ports.intercept] } as const] : []),
    ...filter.open.map(({ protocol, port }): Door => ({ what: 'filter.open', protocol, ports: [port] })),
  ];
}

/** Their own questions would come back to flink, which asked them. */
function resolversInside({ config, lan, resolvers }: FirewallParts): readonly Ipv4[] {
  const { upstreams, domains } = config.dns;
  const named = [...upstreams, ...domains.flatMap((row) => row.upstreams)].flatMap((u) => parseIpv4(u.address) ?? []);
  const networks = networksOf(config, lan);
  const isInside = (address: Ipv4): boolean =>
    address !== lan.address && networks.some((network) => subnetHas(network, address));
  return [...named, ...resolvers].filter(isInside);
}

const machine: Machine = { run: runWithTools, isForwarding, setForwarding };

/** Users' paths often leave out where such programs are. */
function runWithTools(...[command, args, options]: Parameters<typeof runCommand>): ReturnType<typeof runCommand> {
  const PATH = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;
  return runCommand(command, args, { ...options, env: { ...options.env, PATH } });
}

/** This very program, told to take the firewall out. */
function removal(): readonly string[] {
  const self = fileURLToPath(import.meta.url);
  return [process.execPath, fileURLToPath(new URL(`../flink${extname(self)}`, import.meta.url)), 'firewall', 'remove'];
}

/** For a flink that has it in place while it runs. */
export function runningFirewall(parts: () => FirewallParts, { log }: Host): FirewallService {
  for (const note of notesOn(parts().config.wan, readLinks())) log.warn('firewall', 'assumed', { note });
  return firewallService(() => firewallPlan(parts()), { machine, log, removal: removal() });
}

/** What would be loaded, and what else would be done; needs no rights, and no program. */
export async function printedFirewall(parts: FirewallParts): Promise<PrintedFirewall> {
  const plan = firewallPlan(parts);
  const { lan, wan } = plan.facts;
  const others = (await defaultInterfaces()).filter((name) => name !== lan.name);
  return {
    ...{ lan: lan.name, wan },
    ruleset: render(await planned(plan, machine)),
    isForwarding: wan !== undefined,
    shaping: plan.uplink ? shapeCommands(plan.uplink, 'cake').map((words) => words.join(' ')) : [],
    notes: wan === undefined ? [noWan(others[0])] : notesOn(wan, readLinks()),
  };
}

/** Rules for an interface that is not there hold as soon as it is: one by telephone comes and goes. */
export function notesOn(wan: string | undefined, links: readonly Link[]): readonly string[] {
  if (wan === undefined || links.length === 0 || links.some(({ name }) => name === wan)) return [];
  const names = links.map(({ name }) => name).filter((name) => name !== 'lo');
  return [`there is no interface ${wan} now, only ${names.join(', ')}: the rules hold once there is`];
}

function noWan(other: string | undefined): string {
  const cure =
    other === undefined ? '--wan enp2s0, say' : `the default route leads through ${other}, so perhaps --wan ${other}`;
  return `no wan is given, so nothing is forwarded for the LAN: ${cure}`;
}

/** Rejects with a `Fault`; the line says what is in place. */
export async function loadFirewall(parts: FirewallParts): Promise<string> {
  const plan = firewallPlan(parts);
  const { queue } = await applyFirewall(plan, machine);
  const { lan, wan } = plan.facts;
  const way = wan === undefined ? `closed but for ${lan.name}, without a way out` : `NAT from ${lan.name} to ${wan}`;
  const shaped = queue === undefined ? '' : `, shaped by ${queue}`;
  return [`in place: ${way}${shaped}`, ...notesOn(wan, readLinks())].join('; ');
}

/** Rejects with a `Fault`. */
export async function unloadFirewall(): Promise<string> {
  return (await removeFirewall(machine)) ? 'removed' : 'there was none';
}
