/** The portmapper: which port a program is at. Version 2 by RFC 1833 §3, versions 3 and 4 (rpcbind) by §2 as far as mount, showmount and rpcinfo ask. */
import type { Ipv4 } from '../core/addr.ts';
import type { Program } from './rpc.ts';

/** A program that can be reached. */
export interface Registration {
  readonly program: number;
  readonly version: number;
  readonly transport: 'tcp' | 'udp';
  readonly port: number;
}

export const PORTMAP_PROGRAM = 100_000;

/** `registered` is asked at each call: other programs, and the portmapper itself. SET and UNSET answer false: nobody registers here. */
export function portmapProgram(_registered: () => readonly Registration[]): Program {
  throw new Error('unwritten');
}

/** `172.16.0.10.8.1`: address and port as rpcbind writes them. RFC 5665 §5.2.3.3 */
export function universalAddress(_address: Ipv4, _port: number): string {
  throw new Error('unwritten');
}
