/** Who may ask at all: what is served here was put there for a hall, not for the Internet. */
import { type Ipv4, parseSubnet, type Subnet, subnetHas, subnetOf, UNSPECIFIED } from '../core/addr.ts';
import type { LocalInterface } from '../host.ts';

/**
 * Nobody routes them over the Internet. Not of them: 100.64.0.0/10, which a provider's customers have among themselves (RFC 6598 §4):
 * there, the other end is a stranger.
 */
const PRIVATE: readonly Subnet[] = [
  '10.0.0.0/8', // RFC 1918 §3
  '127.0.0.0/8', // this machine, RFC 1122 §3.2.1.3
  '169.254.0.0/16', // of one link, RFC 3927
  '172.16.0.0/12', // RFC 1918 §3
  '192.168.0.0/16', // RFC 1918 §3
].flatMap((text) => parseSubnet(text) ?? []);

/** Where a caller came in. */
export interface Reached {
  readonly address: Ipv4;
  /** The operator named this address as one to listen on. */
  readonly isNamed: boolean;
  readonly interfaces: () => readonly Pick<LocalInterface, 'address' | 'prefixBits'>[];
}

/** Private callers may, and public ones in the same network as an address that the operator named: some halls have no other. */
export function isOfTheLan(caller: Ipv4, reached: Reached): boolean {
  if (PRIVATE.some((subnet) => subnetHas(subnet, caller))) return true;
  if (!reached.isNamed) return false;
  return reached
    .interfaces()
    .some(({ address, prefixBits }) => address === reached.address && subnetHas(subnetOf(address, prefixBits), caller));
}

/** Our address in the caller's network: where one socket hears for all of them, it doesn't tell which was meant. */
export function addressTowards(caller: Ipv4, reached: Reached): Ipv4 {
  if (reached.address !== UNSPECIFIED) return reached.address;
  const near = reached.interfaces().find(({ address, prefixBits }) => subnetHas(subnetOf(address, prefixBits), caller));
  return near?.address ?? reached.address;
}
