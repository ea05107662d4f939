/** What `doctor` looks at, one line each with the cure. */

import dns from 'node:dns/promises';
import net from 'node:net';
import type { Finding } from '../cli/role.ts';
import { type Ipv4, LIMITED_BROADCAST, UNSPECIFIED } from '../core/addr.ts';
import { errnoOf, Fault } from '../core/errors.ts';
import { probeServers } from '../dhcp/probe.ts';
import type { RunCommand } from '../host/exec.ts';
import { folderContent } from '../host/files.ts';
import type { Host, LocalInterface } from '../host.ts';

/** Who answers DHCP on the LAN: ourselves, nobody yet, or a server whose answers and ours run out of step. */
export async function checkServers(host: Host, lan: LocalInterface, port: number): Promise<readonly Finding[]> {
  try {
    const found = await probeServers(host, lan.address);
    const others = found.filter((server) => server !== lan.address);
    const cure = 'switch it off there, or take its cable out of the switch';
    return [
      found.includes(lan.address)
        ? { ok: true, what: `a flink answers on ${lan.name} (${lan.address})` }
        : await checkUdpPort(host, lan.address, port, 'DHCP'),
      others.length === 0
        ? { ok: true, what: `no other DHCP server on ${lan.name}` }
        : { ok: false, what: `another DHCP server on ${lan.name}: ${others.join(', ')}`, cure },
    ];
  } catch (error) {
    const own = await checkUdpPort(host, lan.address, port, 'DHCP');
    return [own, { ok: 'warn', what: `other DHCP servers were not looked for: ${sentence(error)}` }];
  }
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
  const chain = "add chain inet hall input '{ type filter hook input priority 0; }'";
  return {
    ok: 'warn',
    what: `DHCP broadcasts from ${names} are heard, too; answers go to ${lan.name} alone`,
    cure: `drop them: nft add table inet hall; nft ${chain}; nft add rule inet hall input iifname != "${lan.name}" udp dport 67 drop`,
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

/** A node that runs here already has its ports, and says itself how it is; nothing where none answers. */
export async function checkOwnNode(url: string): Promise<readonly Finding[] | undefined> {
  const health = await nodeHealth(url);
  if (health === undefined) return undefined;
  const { isOk, services } = health;
  return [{ ok: isOk, what: `an fnode answers at ${url}: ${isOk ? 'all is well' : JSON.stringify(services)}` }];
}

/** What an fnode at `url` says of itself; nothing if none answers. */
export async function nodeHealth(
  url: string,
): Promise<{ readonly isOk: boolean; readonly services: Readonly<Record<string, unknown>> } | undefined> {
  try {
    const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(ASK_MS) });
    const { services } = (await answer.json()) as { readonly services?: Readonly<Record<string, unknown>> };
    return services !== undefined && 'tftp' in services ? { isOk: answer.ok, services } : undefined;
  } catch {
    return undefined;
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
