/** Which services make a flink, which an fnode: the only place where protocols meet. */
import dns from 'node:dns';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import type {
  Explanation,
  Finding,
  FirewallCommands,
  ImagesQuestion,
  ListedImages,
  LoadersQuestion,
  Role,
} from './cli/role.ts';
import { findLan } from './config/lan.ts';
import type { FlinkConfig, FnodeConfig } from './config/types.ts';
import { type Endpoint, type Ipv4, type Mac, parseIpv4 } from './core/addr.ts';
import type { Visit } from './core/content.ts';
import { type ConfigFault, Fault, showConfigFault } from './core/errors.ts';
import type { WarmEars, WarmQuestion, WarmReport } from './core/warming.ts';
import { explain, type Question } from './dhcp/explain.ts';
import { LeaseTable } from './dhcp/leases.ts';
import { NO_MACHINES } from './dhcp/machines.ts';
import { encodeOption, type OptionInput } from './dhcp/options.ts';
import { NOBODY_LOOKS } from './dhcp/presence.ts';
import { runCommand } from './host/exec.ts';
import { readNeighbours } from './host/neighbours.ts';
import { readSecret } from './host/secret.ts';
import { systemClock } from './host/system.ts';
import { version } from './host/version.ts';
import type { Host, LocalInterface } from './host.ts';
import { installLoaders as install } from './loaders/apply.ts';
import { installCompanion } from './loaders/bring.ts';
import { checkLoaders } from './loaders/probe.ts';
import type { MenuFormat } from './menu/routes.ts';
import { bootNode, menuSettings } from './roles/bootnode.ts';
import { companionsFor } from './roles/companion.ts';
import { director } from './roles/director.ts';
import { checkUpstreams } from './roles/dnsdoctor.ts';
import { checkDirector, checkFolder, checkOwnNode, checkTcpPort, checkUdpPort, nodeHealth } from './roles/doctor.ts';
import { type FirewallParts, loadFirewall, printedFirewall, unloadFirewall } from './roles/firewall.ts';
import {
  checkFlink,
  checkNeighbours,
  checkNode,
  checkOtherInterfaces,
  checkResolver,
  checkServers,
} from './roles/flinkdoctor.ts';
import { checkNfs, checkUnservedNfs } from './roles/nfsdoctor.ts';
import { listContent, withContent } from './roles/node.ts';
import { bootNodes, dhcpPolicy, otherResolvers, swarmPolicy } from './roles/policy.ts';
import { asksLoopback } from './roles/resolver.ts';
import { warmCache } from './warm/apply.ts';

/** The director. Throws a `Fault` where the LAN is not there. */
export function flinkRole(initial: FlinkConfig, host: Host): Role<FlinkConfig> {
  let config = initial;
  const lan = lanOf(config, host);
  let policy = dhcpPolicy(config, lan, systemResolvers());
  let swarm = swarmPolicy(config, lan.address, secretOf(config, host));
  const { services, reload, isResolving, isCaching } = director({
    ...{ config: () => config, policy: () => policy, swarm: () => swarm, lan, host, version: version() },
    otherResolvers: () => otherResolvers(config, systemResolvers(), lan.address),
  });
  const isOff = config.dhcp.mode === 'off';
  return {
    services,
    reload: async (wanted) => {
      // Where the file says nothing, it is where it was found to be possible.
      const next = { ...wanted, stateDir: wanted.stateDir ?? config.stateDir };
      const keys = ['lan', 'ports', 'stateDir'] as const;
      const changed = keys.filter((key) => JSON.stringify(next[key]) !== JSON.stringify(config[key]));
      if (next.firewall !== config.firewall) throw needsRestart('firewall');
      if (next.dhcp.mode !== config.dhcp.mode) throw needsRestart('dhcp.mode');
      if (next.proxy.memoryBytes !== config.proxy.memoryBytes) throw needsRestart('proxy.memory');
      if (next.proxy.cacheDir !== config.proxy.cacheDir) throw needsRestart('proxy.cacheDir');
      if (next.dns.cacheEntries !== config.dns.cacheEntries) throw needsRestart('dns.cacheEntries');
      if (next.dns.serveStaleSec !== config.dns.serveStaleSec) throw needsRestart('dns.serveStale');
      if (asksLoopback(next) && !asksLoopback(config)) throw new Fault('config', ASKS_ITSELF);
      if (next.dhcp.probe !== config.dhcp.probe) throw needsRestart('dhcp.probe');
      if (JSON.stringify(next.admin.listen) !== JSON.stringify(config.admin.listen)) throw needsRestart('admin.listen');
      if (changed[0]) throw needsRestart(changed[0]);
      const before = { config, policy, swarm };
      try {
        config = next;
        swarm = swarmPolicy(next, lan.address, secretOf(next, host));
        policy = dhcpPolicy(next, lan, systemResolvers());
        reload();
      } catch (fault) {
        ({ config, policy, swarm } = before);
        throw fault;
      }
    },
    get ready() {
      const { address, port } = config.admin.listen;
      const admin = `admin API on ${address}:${port}`;
      const names = isResolving() ? [`DNS on ${lan.address}:${config.ports.dns}`] : [];
      if (isCaching())
        names.push(`caching proxy on ${lan.address}:${config.ports.proxy} (intercepting: ${config.ports.intercept})`);
      if (isOff) return [`no DHCP (dhcp.mode is off)`, ...names, admin];
      const { range } = policy.networks[0];
      const does =
        config.dhcp.mode === 'proxy'
          ? `boot data beside another DHCP server on ${lan.name} (${lan.address}), no addresses`
          : `DHCP and PXE on ${lan.name} (${lan.address}), addresses ${range.first} to ${range.last}`;
      return [does, ...names, admin];
    },
  };
}

/** What nodes sign with, if anything. Throws a `Fault` where the file cannot be used. */
function secretOf({ swarm }: Pick<FlinkConfig | FnodeConfig, 'swarm'>, { log }: Host): Uint8Array | undefined {
  const { secretFile: file } = swarm;
  if (file === undefined) return undefined;
  const { text, isPublic } = readSecret(file, 'swarm.secretFile');
  if (isPublic) log.warn('swarm', 'secret-public', { file, cure: `everybody may read it: chmod 600 ${file}` });
  return Buffer.from(text, 'utf8');
}

const ASKS_ITSELF =
  'dns names a resolver at 127.0.0.1, where flink itself answers until it is restarted; the running configuration stays';

function needsRestart(key: string): Fault {
  return new Fault('config', `${key} has changed: that needs a restart; the running configuration stays`);
}

function lanOf(config: FlinkConfig, host: Host): LocalInterface {
  return findLan({ lan: config.lan, range: config.dhcp.range }, host.interfaces());
}

/** systemd-resolved stands between programs and the servers; its own file has them. */
const BEHIND_RESOLVED = '/run/systemd/resolve/resolv.conf';

/** The system's, as far as other machines can ask them. */
function systemResolvers(): readonly Ipv4[] {
  const usable = (servers: readonly string[]) =>
    servers.flatMap((s) => parseIpv4(s) ?? []).filter((s) => !s.startsWith('127.'));
  const known = usable(dns.getServers());
  return known.length > 0 ? known : usable(resolvConf());
}

function resolvConf(): readonly string[] {
  try {
    return [...readFileSync(BEHIND_RESOLVED, 'utf8').matchAll(/^nameserver\s+(\S+)/gm)].map(
      ([, server = '']) => server,
    );
  } catch {
    return [];
  }
}

/** The decision for a client that asks, made with an empty table of leases; sends nothing. */
export function explainClient(config: FlinkConfig, question: Question, host: Host): Explanation {
  const policy = dhcpPolicy(config, lanOf(config, host), systemResolvers());
  const unknown = { leases: new LeaseTable(), presence: NOBODY_LOOKS, machines: NO_MACHINES };
  return explain(question, { policy, ...unknown, door: 'dhcp', nowMs: 0 });
}

/** The firewall by itself: as if flink ran with this configuration. */
export const firewall: FirewallCommands = {
  print: (config, host) => printedFirewall(firewallOf(config, host)),
  apply: (config, host) => loadFirewall(firewallOf(config, host)),
  remove: unloadFirewall,
};

function firewallOf(config: FlinkConfig, host: Host): FirewallParts {
  return { config, lan: lanOf(config, host), isDnsServed: true, isProxyServed: true, resolvers: systemResolvers() };
}

/** Fills the running flink's cache through its proxy. */
export function warm(question: WarmQuestion, ears: WarmEars, host: Host): Promise<WarmReport> {
  return warmCache(question, { ...ears, clock: host.clock, stdin: process.stdin });
}

/** What is wrong with an extra DHCP option, if anything; for the check of the configuration. */
export function optionProblem(key: string, value: OptionInput): string | undefined {
  const encoded = encodeOption(key, value);
  return encoded.ok ? undefined : encoded.problem;
}

/** A boot node. Throws a `Fault` where the folder of images is not there. */
export function fnodeRole(initial: FnodeConfig, host: Host): Role<FnodeConfig> {
  let config = initial;
  let secret = secretOf(config, host);
  const { services, tftpPorts, httpPorts, shownNfs } = bootNode({ config: () => config, secret: () => secret, host });
  return {
    services,
    reload: async (next) => {
      for (const key of ['isos', 'boot', 'listen', 'ports', 'cache', 'flink', 'nfs'] as const) {
        if (JSON.stringify(next[key]) !== JSON.stringify(config[key])) throw needsRestart(key);
      }
      secret = secretOf(next, host);
      config = next;
    },
    get ready() {
      const doors = [`TFTP on ${shown(tftpPorts())}`, `HTTP on ${shown(httpPorts())}`, shownNfs() ?? []]
        .flat()
        .join(', ');
      return [doors, `images from ${config.isos}`, `boot loaders from ${config.boot}`];
    },
  };
}

const shown = (endpoints: readonly Endpoint[]): string =>
  endpoints.map(({ address, port }) => `${address}:${port}`).join(', ');

/** A configuration that does not change while it is looked at. */
function stillSources(config: FnodeConfig, host: Host) {
  return { config: () => config, settings: () => menuSettings(config), host, verify: 'never' as const };
}

/** Where a node of this configuration answers on this machine. */
function ownUrl({ listen, ports }: FnodeConfig, host: Host): string {
  const address = listen[0] ?? host.interfaces()[0]?.address ?? ('127.0.0.1' as Ipv4);
  return ports.http === 80 ? `http://${address}` : `http://${address}:${ports.http}`;
}

/** What a folder holds and what the menus offer of it, without a node that serves it. */
export function listImages(config: FnodeConfig, question: ImagesQuestion, host: Host): Promise<ListedImages> {
  return listContent(stillSources(config, host), question, ownUrl(config, host));
}

/** The menu as a client would get it; from the address given with `--listen`, or a stand-in. */
export async function renderMenu(
  config: FnodeConfig,
  format: MenuFormat,
  mac: Mac | undefined,
  host: Host,
): Promise<string> {
  const localAddress = config.listen[0] ?? host.interfaces().find((i) => i.name !== 'lo')?.address ?? '127.0.0.1';
  const visit: Visit = { localAddress, clientAddress: localAddress, transport: 'http', httpPort: config.ports.http };
  return withContent(stillSources(config, host), ({ menu }) => menu.render(format, visit, mac));
}

/** Never throws for what it looks at. */
export async function doctorFlink(config: FlinkConfig, host: Host): Promise<readonly Finding[]> {
  let lan: LocalInterface;
  try {
    lan = lanOf(config, host);
  } catch (error) {
    if (error instanceof Fault) return [{ ok: false, what: error.message }];
    throw error;
  }
  const policy = dhcpPolicy(config, lan, systemResolvers());
  const files = [policy.loaders.bios, policy.loaders['x64-uefi']].flatMap((file) => file ?? []);
  const nodes = bootNodes(config, lan.address);
  const { mode, probe } = config.dhcp;
  return [
    { ok: true, what: `LAN ${lan.name} has ${lan.address}/${lan.prefixBits}` },
    ...(await checkFlink(config, lan, host, runCommand)),
    ...(mode === 'off' ? [] : [await checkServers(host, lan, mode)]),
    ...(await checkNeighbours(probe, readNeighbours)),
    await checkOtherInterfaces(host, lan, runCommand),
    ...(await Promise.all(nodes.map(({ name, address }) => checkNode(name, `http://${address}`, files)))),
    ...(await checkUpstreams(config.dns)),
    ...(config.dns.upstreams.length > 0 ? [] : await Promise.all(systemResolvers().map(checkResolver))),
  ];
}

export async function doctorFnode(config: FnodeConfig, host: Host): Promise<readonly Finding[]> {
  const { tftp, http } = config.ports;
  const address = config.listen[0] ?? host.interfaces()[0]?.address ?? ('127.0.0.1' as Ipv4);
  const { present, missing } = await checkLoaders(config.boot);
  const images = checkFolder(config.isos, 'images');
  const faults = images.ok === false ? [] : await menuFaults(config, host);
  const url = `http://${address}:${http}`;
  const running = await nodeHealth(url);
  return [
    images,
    ...faults.map((fault): Finding => ({ ok: 'warn', what: showConfigFault(fault) })),
    ...(running
      ? [checkOwnNode(url, running), ...(await checkUnservedNfs(running.services.nfs, config, host))]
      : [
          await checkUdpPort(host, address, tftp, 'TFTP'),
          await checkTcpPort(http, 'HTTP', { address: config.listen[0] }),
          ...(await checkNfs(config, host)),
        ]),
    ...(await checkDirector(config.flink, host)),
    { ok: present.length > 0, what: `${present.length} boot loaders in ${config.boot}` },
    ...missing.map(({ isEssential, what, cure }): Finding => ({ ok: isEssential ? false : 'warn', what, cure })),
  ];
}

/** They are not logged besides. */
async function menuFaults(config: FnodeConfig, host: Host): Promise<readonly ConfigFault[]> {
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  return withContent(stillSources(config, { ...host, log }), async ({ menu }) => {
    await menu.entries();
    return menu.faults();
  });
}

/** Throws a `Fault` when nothing could be had; `false` when an essential one is missing afterwards. */
export async function installLoaders(question: LoadersQuestion, say: (line: string) => void): Promise<boolean> {
  const { dir, from, force, companion } = question;
  const deps = { run: runCommand, say, clock: systemClock, temporaryFolder: os.tmpdir() };
  if (companion) {
    const { mirror } = companion;
    for (const id of await companionsFor(companion)) await installCompanion({ dir, id, from, force, mirror }, deps);
    return true;
  }
  const request = from === undefined ? { dir, force } : { dir, force, from };
  const report = await install(request, deps);
  return report.files.every((file) => !file.isEssential || file.outcome !== 'missing');
}
