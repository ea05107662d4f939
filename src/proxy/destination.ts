/** Where the proxy goes for its clients: not to this machine, not into the LAN, not to ports that are no web servers'. */
import type { Subnet } from '../core/addr.ts';

export interface Reach {
  /** The LAN, and the networks behind relays. */
  readonly inside: readonly Subnet[];
  /** Every address of this machine, IPv4 and IPv6, as the system writes them. */
  readonly own: readonly string[];
  /** `proxy.allow`: hosts as in a `Url`, that are reached whatever else is said here. */
  readonly allow: readonly { readonly host: string; readonly port: number }[];
}

/** Whether that port may be asked for: 80, 443, 488, 591, 777 and those from 1024 on, tunnels to 443 and 563 alone; what is allowed by name, always. */
export function mayAsk(_host: string, _port: number, _way: 'object' | 'tunnel', _reach: Reach): boolean {
  throw new Error('unwritten');
}

/**
 * Whether a connection to `address` may be made for `host` and `port`: asked of the very address that is connected to. Not to
 * loopback, link-local, unspecified, multicast, reserved and unique local addresses, nor to this machine's or the LAN's, whatever IPv6
 * clothes they wear (mapped, compatible, NAT64, 6to4, Teredo). Never throws.
 */
export function mayConnect(_address: string, _host: string, _port: number, _reach: Reach): boolean {
  throw new Error('unwritten');
}
