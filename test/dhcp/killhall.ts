/** The hall of the kill test: everybody on loopback, behind one relay, with more machines than addresses. */
import { type Ipv4, parseRange, parseSubnet } from '../../src/core/addr.ts';
import type { DhcpPolicy } from '../../src/dhcp/policy.ts';
import { hall } from '../support/dhcp.ts';

export const SERVER = '127.0.0.1' as Ipv4;
export const RELAYED = '127.0.0.2' as Ipv4;
export const MACHINES = 500;
export const ADDRESSES = 300;

export function killHall(leaseTimeSec: number): DhcpPolicy {
  const subnet = parseSubnet('127.0.0.0/8');
  const range = parseRange('127.16.0.1-127.16.1.44');
  if (!subnet || !range) throw new Error('no hall');
  const nobodys = { fixedAddresses: new Set<Ipv4>(), reservationFor: () => undefined };
  return hall({ ...nobodys, serverAddress: SERVER, networks: [{ subnet, range, router: undefined }], leaseTimeSec });
}
