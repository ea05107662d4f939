/** The doors: records over TCP, datagrams over UDP, bounded in all they hold. */
import type { Endpoint, Ipv4 } from '../core/addr.ts';
import type { Traffic } from '../core/swarm.ts';
import type { Host } from '../host.ts';
import type { Service } from '../service.ts';
import type { Program } from './rpc.ts';

/** One port, and who speaks there. */
export interface RpcDoor {
  /** `nfs`, `portmap`: for log and health. */
  readonly name: string;
  /** One socket for each address, or one for all of this machine's. */
  readonly listen: readonly Ipv4[] | 'every-address';
  /** 0 takes a free one. */
  readonly port: number;
  readonly transports: readonly ('tcp' | 'udp')[];
  readonly programs: readonly Program[];
}

/** `ports()`: where it listens, the real ports where 0 was asked for. `start` rejects with a `Fault` where a port is not to be had. */
export type RpcService = Service & { readonly ports: () => readonly Endpoint[]; readonly traffic: () => Traffic };

export function rpcService(_door: () => RpcDoor, _deps: { readonly host: Host }): RpcService {
  throw new Error('unwritten');
}
