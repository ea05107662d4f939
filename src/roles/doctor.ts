/** What `doctor` looks at on any machine, one line each with the cure. */

import net from 'node:net';
import type { Finding } from '../cli/role.ts';
import type { FnodeConfig } from '../config/types.ts';
import { type Ipv4, LIMITED_BROADCAST, UNSPECIFIED } from '../core/addr.ts';
import { errnoOf, Fault } from '../core/errors.ts';
import { folderContent } from '../host/files.ts';
import { defaultGateways } from '../host/nettables.ts';
import type { Host } from '../host.ts';
import { findFlink } from '../swarm/find.ts';
import { isFlink, lookup } from '../swarm/post.ts';

const ASK_MS = 2000;

/** Whether this machine finds its flink, as a node that starts here would. */
export async function checkDirector(door: FnodeConfig['flink'], host: Host): Promise<readonly Finding[]> {
  if (door.kind === 'none') return [];
  if (door.kind === 'url') {
    if (await isFlink(door.url)) return [{ ok: true, what: `flink answers at ${door.url}` }];
    const cure = 'start it there, or give the right URL: --flink http://172.16.0.1:8067';
    return [{ ok: 'warn', what: `no flink answers at ${door.url}`, cure }];
  }
  const found = await findFlink({ host, isFlink, lookup, gateways: defaultGateways });
  if (found) return [{ ok: true, what: `flink answers at ${found.url} (found by ${found.way})` }];
  const cure = 'start it, or name it: --flink http://172.16.0.1:8067; without one this node serves who asks for it';
  return [{ ok: 'warn', what: 'no flink is found', cure }];
}

/** A node that runs here already has its ports, and says itself how it is: it may be fit to serve, and yet not all of it is well. */
export function checkOwnNode(url: string, { isOk, services }: Health): Finding {
  const ill = illnesses(services);
  const ok = isOk && ill.length > 0 ? 'warn' : isOk;
  return { ok, what: `an fnode answers at ${url}: ${ill.join(', ') || 'all is well'}` };
}

export interface Health {
  readonly isOk: boolean;
  readonly services: Readonly<Record<string, unknown>>;
}

/** `dns not served`, `swarm no-node`: what is not well, and the reason that it gives. */
export function illnesses(services: Health['services']): readonly string[] {
  return Object.entries(services).flatMap(([name, health]) => {
    const { ok, reason } = (health ?? {}) as { readonly ok?: unknown; readonly reason?: unknown };
    return ok === true ? [] : [`${name} ${typeof reason === 'string' ? reason : 'not well'}`];
  });
}

/** What an fnode at `url` says of itself; nothing if none answers. */
export async function nodeHealth(url: string): Promise<Health | undefined> {
  const health = await healthAt(url);
  return health && 'tftp' in health.services ? health : undefined;
}

/** What a program of ours at `url` says of itself; nothing if none answers. */
export async function healthAt(url: string): Promise<Health | undefined> {
  try {
    const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(ASK_MS) });
    const { services } = (await answer.json()) as { readonly services?: Readonly<Record<string, unknown>> };
    return typeof services === 'object' ? { isOk: answer.ok, services } : undefined;
  } catch {
    return undefined;
  }
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

/** `key`: of the configuration, where another can be chosen. */
export function checkTcpPort(
  port: number,
  use: string,
  { address = UNSPECIFIED, key = 'ports' }: { readonly address?: Ipv4 | undefined; readonly key?: string } = {},
): Promise<Finding> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', (error) =>
      resolve({ ok: false, what: `TCP port ${port} for ${use}: ${portTrouble(error, key)}` }),
    );
    server.listen({ host: address, port }, () =>
      server.close(() => resolve({ ok: true, what: `TCP port ${port} is free for ${use}` })),
    );
  });
}

function portTrouble(error: Error, key: string): string {
  if (errnoOf(error) === 'EADDRINUSE')
    return `in use: stop the other server (ss -ltnp shows it), or choose another under ${key}:`;
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

export function sentence(error: unknown): string {
  if (error instanceof Fault) return error.message;
  throw error;
}
