/**
 * Whether a resolver's address lies in the operator's own network. RFC 1918, RFC 4193, RFC 4291, RFC 6598; and what no Internet has,
 * so that it is somebody's laboratory: RFC 2544, RFC 3849, RFC 5737.
 */
import { type Ipv4, parseIpv4, type Subnet, subnetHas, subnetOf } from '../core/addr.ts';

const PRIVATE: readonly Subnet[] = [
  subnetOf('10.0.0.0' as Ipv4, 8),
  subnetOf('100.64.0.0' as Ipv4, 10),
  subnetOf('127.0.0.0' as Ipv4, 8),
  subnetOf('169.254.0.0' as Ipv4, 16),
  subnetOf('172.16.0.0' as Ipv4, 12),
  subnetOf('192.0.2.0' as Ipv4, 24),
  subnetOf('192.168.0.0' as Ipv4, 16),
  subnetOf('198.18.0.0' as Ipv4, 15),
  subnetOf('198.51.100.0' as Ipv4, 24),
  subnetOf('203.0.113.0' as Ipv4, 24),
];
/** ::1, fc00::/7, fe80::/10, 2001:db8::/32 as people and systems write them. */
const PRIVATE_IPV6 = /^(?:::1|f[cd][\da-f]{2}:.*|fe[89ab][\da-f]:.*|2001:0?db8:.*)$/i;

/** `address`: an IPv4 or IPv6 literal. */
export function isPrivateAddress(address: string): boolean {
  const ipv4 = parseIpv4(address);
  return ipv4 ? PRIVATE.some((subnet) => subnetHas(subnet, ipv4)) : PRIVATE_IPV6.test(address);
}
