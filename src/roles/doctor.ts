/** What `doctor` looks at, one line each with the cure. */

import net from 'node:net';
import type { Finding } from '../cli/role.ts';
import { type Ipv4, LIMITED_BROADCAST, UNSPECIFIED } from '../core/addr.ts';
import { errnoOf, Fault } from '../core/errors.ts';
import { probeServers } from '../dhcp/probe.ts';
import { folderContent } from '../host/files.ts';
import type { Host, LocalInterface } from '../host.ts';

/** Another DHCP server gives addresses without our boot data, and both run out of step. */
export async function checkOtherServers(host: Host, lan: LocalInterface): Promise<Finding> {
  try {
    const others = (await probeServers(host, lan.address)).filter((server) => server !== lan.address);
    if (others.length === 0) return { ok: true, what: `no other DHCP server on ${lan.name}` };
    return {
      ok: false,
      what: `another DHCP server on ${lan.name}: ${others.join(', ')}`,
      cure: 'switch it off there, or take its cable out of the switch',
    };
  } catch (error) {
    return { ok: 'warn', what: `other DHCP servers were not looked for: ${sentence(error)}` };
  }
}

/** Broadcasts are heard on every interface: a hall's flink should not hear its uplink's. */
export function checkOtherInterfaces(host: Host, lan: LocalInterface): Finding {
  const others = host.interfaces().filter((i) => i.name !== lan.name && i.name !== 'lo');
  if (others.length === 0) return { ok: true, what: 'the LAN is the only network' };
  const names = [...new Set(others.map((i) => i.name))].join(', ');
  return {
    ok: 'warn',
    what: `DHCP broadcasts from ${names} are heard, too; answers go to ${lan.name} alone`,
    cure: `drop them: nft add rule inet filter input iifname != "${lan.name}" udp dport 67 drop`,
  };
}

export async function checkUdpPort(host: Host, address: Ipv4, port: number, use: string): Promise<Finding> {
  try {
    const socket = await host.udp.bind({ address, port }, () => {}, { broadcast: address === LIMITED_BROADCAST });
    await socket.close();
    return { ok: true, what: `UDP port ${port} is free for ${use}` };
  } catch (error) {
    return { ok: false, what: sentence(error) };
  }
}

export function checkTcpPort(port: number, use: string, address: Ipv4 = UNSPECIFIED): Promise<Finding> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', (error) => resolve({ ok: false, what: `TCP port ${port} for ${use}: ${portTrouble(error)}` }));
    server.listen({ host: address, port }, () =>
      server.close(() => resolve({ ok: true, what: `TCP port ${port} is free for ${use}` })),
    );
  });
}

function portTrouble(error: Error): string {
  if (errnoOf(error) === 'EADDRINUSE')
    return 'in use: stop the other server (ss -ltnp shows it), or choose another under ports:';
  if (errnoOf(error) === 'EACCES') return 'needs privilege: run as root';
  return error.message;
}

export function checkFolder(path: string, use: string): Finding {
  try {
    folderContent(path);
    return { ok: true, what: `${path} can be read (${use})` };
  } catch (error) {
    return { ok: false, what: `${use}: ${sentence(error)}` };
  }
}

function sentence(error: unknown): string {
  if (error instanceof Fault) return error.message;
  throw error;
}
