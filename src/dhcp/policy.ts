/** What the decisions may know of the hall, made once from the configuration. */
import type { Ipv4, Ipv4Range, Mac, Subnet } from '../core/addr.ts';
import type { Options } from './packet.ts';
import type { BootTarget, LoaderMap } from './pxe.ts';

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

/** Where a client boots from and by which rule; `loader` is its row's, which goes over the choice by architecture. */
export interface Placement {
  readonly node: ChosenNode | undefined;
  readonly rule: 'client-row' | 'only-node' | 'rendezvous' | 'no-node';
  readonly loader: string | undefined;
}

export interface DhcpPolicy {
  /** `dhcp.mode: off`: nobody is answered. */
  readonly isOff: boolean;
  readonly serverAddress: Ipv4;
  /** The LAN first, then the subnets behind relays. */
  readonly networks: readonly [DhcpNetwork, ...DhcpNetwork[]];
  readonly leaseTimeSec: number;
  readonly domain: string;
  readonly dnsServers: readonly Ipv4[];
  /** What the operator adds, over everything but the protocol's own options. */
  readonly extraOptions: Options;
  readonly loaders: LoaderMap;
  /** Given to their owners only: reservations, fnodes, the router, flink itself. */
  readonly fixedAddresses: ReadonlySet<Ipv4>;
  reservationFor(mac: Mac): Reservation | undefined;
  place(mac: Mac): Placement;
}
