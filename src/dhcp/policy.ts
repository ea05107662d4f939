/** What the decisions may know of the hall, made once from the configuration. */
import type { Ipv4, Ipv4Range, Mac, Subnet } from '../core/addr.ts';
import type { MachineKey } from '../core/swarm.ts';
import type { LoaderMap } from './loaders.ts';
import type { Options } from './packet.ts';
import type { BootTarget } from './rungs.ts';

/** A subnet that addresses are given out in. */
export interface DhcpNetwork {
  readonly subnet: Subnet;
  readonly range: Ipv4Range;
  readonly router: Ipv4 | undefined;
}

/** A fixed row of the MAC table, for one machine. */
export interface Reservation {
  readonly address: Ipv4 | undefined;
  readonly hostname: string | undefined;
}

export interface ChosenNode extends BootTarget {
  readonly name: string;
}

/** `kept`: where this machine was sent before. `no-node-has-it`: none has the entry of its row, so any. `no-node`: none is alive. */
export type PlacementRule = 'client-row' | 'only-node' | 'kept' | 'rendezvous' | 'no-node-has-it' | 'no-node';

/** Where a client boots from and by which rule; `loader` is its row's, which goes over the choice by architecture. */
export interface Placement {
  readonly node: ChosenNode | undefined;
  readonly rule: PlacementRule;
  readonly loader: string | undefined;
  /** Boot files that the node has; undefined where it has not said. */
  readonly loaders?: ReadonlySet<string> | undefined;
  /** Whether the node tells what its clients fetch: without it nobody can know whether a machine came further. */
  readonly isWatched?: boolean;
}

/** `proxy`: boot data beside somebody else's DHCP, no addresses. `off`: nobody is answered. */
export type DhcpRole = 'server' | 'proxy' | 'off';

export interface DhcpPolicy {
  readonly role: DhcpRole;
  readonly serverAddress: Ipv4;
  /** The LAN first, then the subnets behind relays. */
  readonly networks: readonly [DhcpNetwork, ...DhcpNetwork[]];
  readonly leaseTimeSec: number;
  readonly domain: string;
  readonly dnsServers: readonly Ipv4[];
  /** For UEFI HTTP Boot instead of those, where it is given: resolvers outside of the client's own network, or none. */
  readonly httpBootDnsServers?: readonly Ipv4[];
  /** What the operator adds, over everything but the protocol's own options. */
  readonly extraOptions: Options;
  readonly loaders: LoaderMap;
  /** A machine that comes back without progress gets the next variant of the answer. */
  readonly hasLadder: boolean;
  /** Given to their owners only: reservations, fnodes, the router, flink itself. */
  readonly fixedAddresses: ReadonlySet<Ipv4>;
  /** Host names that are somebody's by the configuration: nobody else gets them, whatever it calls itself. */
  readonly fixedNames: ReadonlySet<string>;
  reservationFor(mac: Mac): Reservation | undefined;
  place(machine: MachineKey): Placement;
}
