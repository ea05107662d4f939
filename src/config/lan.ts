/** Which interface is the LAN. */
import { type Ipv4Range, subnetHas, subnetOf } from '../core/addr.ts';
import { Fault } from '../core/errors.ts';
import type { Link, LocalInterface } from '../host.ts';
import { nearest } from './nearest.ts';

/** Where flink's LAN is asked for: the name, and the range that tells two addresses of one interface apart. */
export interface LanQuestion {
  readonly lan: string | undefined;
  readonly range: Ipv4Range | undefined;
}

/**
 * The interface called `lan` with the address whose subnet holds the range, or its first one. Throws a `Fault` that lists
 * what there is or says how to get an address; `links` sharpens that sentence and may be empty.
 */
export function findLan(
  { lan, range }: LanQuestion,
  interfaces: readonly LocalInterface[],
  links: readonly Link[] = [],
): LocalInterface {
  if (lan === undefined) {
    throw new Fault('usage', `which interface is the LAN? Give --lan, one of ${known(interfaces, links)}`);
  }
  const addresses = interfaces.filter((i) => i.name === lan);
  const fits = addresses.find((i) => range && subnetHas(subnetOf(i.address, i.prefixBits), range.first));
  const found = fits ?? addresses[0];
  if (found) return found;
  throw new Fault('no-interface', noAddress(lan, interfaces, links));
}

function noAddress(lan: string, interfaces: readonly LocalInterface[], links: readonly Link[]): string {
  const link = links.find((l) => l.name === lan);
  if (!link) {
    const meant = nearest(
      lan,
      [...interfaces, ...links].map((i) => i.name),
    );
    const hint = meant === undefined ? 'there are' : `did you mean ${meant}? There are`;
    return `no interface is called ${JSON.stringify(lan)}: ${hint} ${known(interfaces, links)}`;
  }
  if (!link.isUp) return `interface ${lan} is down: ip link set ${lan} up`;
  if (!link.hasCarrier) return `interface ${lan} has no link: plug in its cable, or switch on what it leads to`;
  return `interface ${lan} has no IPv4 address: ip addr add 172.16.0.1/16 dev ${lan}`;
}

/** Loopback last: it is hardly ever meant. */
function known(interfaces: readonly LocalInterface[], links: readonly Link[]): string {
  const names = [...new Set([...interfaces, ...links].map((i) => i.name))];
  return names.sort((a, b) => Number(a === 'lo') - Number(b === 'lo')).join(', ') || '(none)';
}
