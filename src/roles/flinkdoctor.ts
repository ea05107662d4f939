/** What flink's `doctor` looks at, one line each with the cure. */

import dns from 'node:dns/promises';
import type { Finding } from '../cli/role.ts';
import type { FlinkConfig } from '../config/types.ts';
import { type Ipv4, LOOPBACK, UNSPECIFIED } from '../core/addr.ts';
import { errnoOf } from '../core/errors.ts';
import { SWARM_PORT } from '../core/swarm.ts';
import { probeServers } from '../dhcp/probe.ts';
import type { RunCommand } from '../host/exec.ts';
import { type ReadNeighbours, readNeighbourRoom } from '../host/neighbours.ts';
import type { Host, LocalInterface } from '../host.ts';
import { checkDnsPort } from './dnsdoctor.ts';
import { checkTcpPort, checkUdpPort, healthAt, illnesses, sentence } from './doctor.ts';

/** A flink that runs here says how it is, and has its ports; without one they have to be free. */
export async function checkFlink(
  { admin, ports, dhcp }: Pick<FlinkConfig, 'admin' | 'ports' | 'dhcp'>,
  lan: LocalInterface,
  host: Host,
  run: RunCommand,
): Promise<readonly Finding[]> {
  const { address, port } = admin.listen;
  const url = `http://${address === UNSPECIFIED ? LOOPBACK : address}:${port}`;
  const health = await healthAt(url);
  if (health && 'admin' in health.services) {
    const ill = illnesses(health.services);
    const ok = ill.length === 0 || (health.isOk ? 'warn' : false);
    const said: Finding = { ok, what: `a flink runs here (${url}): ${ill.join(', ') || 'all is well'}` };
    return ill.some((what) => what.startsWith('dns '))
      ? [said, await checkDnsPort(host, lan.address, ports.dns, run)]
      : [said];
  }
  const key = 'admin.listen';
  const isApart = address !== UNSPECIFIED && address !== lan.address;
  return [
    ...(dhcp.mode === 'off' ? [] : [await checkUdpPort(host, lan.address, ports.dhcp, 'DHCP')]),
    ...(dhcp.mode === 'off' ? [] : [await checkUdpPort(host, lan.address, ports.pxe, 'PXE')]),
    await checkDnsPort(host, lan.address, ports.dns, run),
    await checkTcpPort(ports.proxy, 'the caching proxy', { address: lan.address }),
    await checkTcpPort(ports.intercept, 'the intercepting proxy', { address: lan.address }),
    await checkTcpPort(port, 'the admin API', { address, key }),
    ...(isApart ? [await checkTcpPort(port, 'announcements of fnodes', { address: lan.address, key })] : []),
    await checkUdpPort(host, lan.address, SWARM_PORT, 'fnodes that look for flink'),
  ];
}

/** Who else answers DHCP on the LAN: trouble, unless flink is to stand beside it. */
export async function checkServers(
  host: Host,
  lan: LocalInterface,
  mode: FlinkConfig['dhcp']['mode'],
): Promise<Finding> {
  try {
    const others = (await probeServers(host, lan.address)).filter((server) => server !== lan.address);
    const names = others.join(', ');
    if (mode === 'proxy' && others.length === 0) {
      const cure = 'machines get no address from flink: start that server, or set dhcp.mode: server';
      return { ok: 'warn', what: `no DHCP server on ${lan.name} for flink to stand beside`, cure };
    }
    if (others.length === 0) return { ok: true, what: `no other DHCP server on ${lan.name}` };
    if (mode !== 'server') return { ok: true, what: `flink stands beside the DHCP server ${names} on ${lan.name}` };
    const cure = 'switch it off there, take its cable out of the switch, or run flink beside it: --dhcp proxy';
    return { ok: false, what: `another DHCP server on ${lan.name}: ${names}`, cure };
  } catch (error) {
    return { ok: 'warn', what: `other DHCP servers were not looked for: ${sentence(error)}` };
  }
}

/** The kernel's default; each machine of the hall takes a place, and so does each address that is looked at. */
const ENOUGH_NEIGHBOURS = 1024;

/** Whether the kernel tells who is on an address: before one is offered, it is looked at. */
export async function checkNeighbours(
  isProbing: boolean,
  read: ReadNeighbours,
  readRoom = readNeighbourRoom,
): Promise<readonly Finding[]> {
  if (!isProbing) return [{ ok: 'warn', what: 'dhcp.probe is off: addresses are given without a look at them' }];
  const isTold = await read().then(
    () => true,
    () => false,
  );
  if (!isTold) {
    const cure = 'mount /proc; until then addresses are given without a look at them';
    return [{ ok: 'warn', what: '/proc/net/arp cannot be read', cure }];
  }
  const room = await readRoom();
  if (room === undefined || room >= ENOUGH_NEIGHBOURS)
    return [{ ok: true, what: 'the kernel tells who is on an address' }];
  const cure = `sysctl -w net.ipv4.neigh.default.gc_thresh3=${4 * ENOUGH_NEIGHBOURS}`;
  return [{ ok: 'warn', what: `the kernel keeps ${room} neighbours, too few for a hall and its looks`, cure }];
}

/** Broadcasts are heard on every interface: a hall's flink should not hear its uplink's. */
export async function checkOtherInterfaces(host: Host, lan: LocalInterface, run: RunCommand): Promise<Finding> {
  const others = host.interfaces().filter((i) => i.name !== lan.name && i.name !== 'lo');
  if (others.length === 0) return { ok: true, what: 'the LAN is the only network' };
  const names = [...new Set(others.map((i) => i.name))].join(', ');
  const rules = await run('nft', ['list', 'ruleset'], { timeoutMs: 3000 });
  const isDropped = rules.stdout
    .split('\n')
    .some((rule) => /udp dport (67|bootps|\{[^}]*\b67\b[^}]*\}).*\bdrop\b/.test(rule));
  if (isDropped) return { ok: true, what: `a rule of nftables drops DHCP from elsewhere than ${lan.name}` };
  return {
    ok: 'warn',
    what: `DHCP broadcasts from ${names} are heard, too; answers go to ${lan.name} alone`,
    cure: `drop them, with all else that is not for the LAN: firewall: apply in flink's file, or flink firewall apply --lan ${lan.name}`,
  };
}

const ASK_MS = 2000;

/** Whether what clients are told to resolve names with does so. */
export async function checkResolver(server: Ipv4): Promise<Finding> {
  const resolver = new dns.Resolver({ timeout: ASK_MS, tries: 1 });
  resolver.setServers([server]);
  try {
    // The root's own servers: every resolver that works at all knows them.
    await resolver.resolveNs('.');
    return { ok: true, what: `${server} resolves names` };
  } catch (error) {
    const cure = 'connect the uplink, or name another: dns: { upstreams: [9.9.9.9] }';
    return { ok: 'warn', what: `${server} resolves no names (${errnoOf(error) ?? 'no answer'})`, cure };
  }
}

/** Whether a node has the boot files that its clients will be sent for. */
export async function checkNode(name: string, url: string, files: readonly string[]): Promise<Finding> {
  const missing: string[] = [];
  try {
    for (const file of files) {
      const { status } = await fetch(`${url}/boot/${file}`, { method: 'HEAD', signal: AbortSignal.timeout(ASK_MS) });
      if (status !== 200) missing.push(file);
    }
  } catch {
    return {
      ok: false,
      what: `${name} does not answer at ${url}`,
      cure: `start it there: node dist/fnode.js --isos DIR`,
    };
  }
  if (missing.length === 0) return { ok: true, what: `${name} has ${files.join(', ')}` };
  const cure = 'on that machine: node dist/fnode.js loaders install';
  return { ok: false, what: `${name} lacks ${missing.join(', ')}`, cure };
}
