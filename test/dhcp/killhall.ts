/** The hall of the kill test: an interface that leads nowhere, everybody behind one relay, more machines than addresses. */
import { type Ipv4, parseRange, parseSubnet } from '../../src/core/addr.ts';
import type { DhcpPolicy } from '../../src/dhcp/policy.ts';
import { hall } from '../support/dhcp.ts';

export const SERVER = '172.16.0.1' as Ipv4;
export const RELAYED = '172.16.0.2' as Ipv4;
export const MACHINES = 500;
/** 300 of them. */
const RANGE = '172.16.16.1-172.16.17.44';

export function killHall(leaseTimeSec: number): DhcpPolicy {
  const subnet = parseSubnet('172.16.0.0/16');
  const range = parseRange(RANGE);
  if (!subnet || !range) throw new Error('no hall');
  const nobodys = { fixedAddresses: new Set<Ipv4>(), reservationFor: () => undefined };
  return hall({ ...nobodys, serverAddress: SERVER, networks: [{ subnet, range, router: undefined }], leaseTimeSec });
}

/** Makes it in a network namespace, then becomes the command that follows. */
export const SET_UP = `
ip link set lo up && ip link add lan type veth peer name far && ip link set lan up && ip link set far up &&
ip addr add ${SERVER}/16 dev lan && ip addr add ${RELAYED}/16 dev lan && exec "$@"
`;

/** The same hall for a whole flink. */
export const killConfig = (leaseTimeSec: number): string =>
  `lan: lan\ndhcp: { range: ${RANGE}, leaseTime: ${leaseTimeSec}s, probe: off }\n`;
