/** Somebody else's DHCP server: dnsmasq in a host of its own, which gives addresses and nothing to boot. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { FNODES } from './hall.ts';
import type { Lab } from './lab.ts';
import { start } from './servers.ts';

/** None of it is in flink's own range. */
export const IS_FOREIGN = /^172\.16\.2\./;
const RANGE = '172.16.2.1,172.16.2.250,255.255.0.0,1h';
const NAME = 'dnsmasq';

const leasesFile = (lab: Lab): string => path.join(lab.state, 'dnsmasq.leases');

/** Its own address is everybody's gateway, as a home router's would be: so flink is not found there. */
export async function startDnsmasq(lab: Lab): Promise<void> {
  const fnodes = FNODES.map(({ mac, ip }) => `--dhcp-host=${mac},${ip}`);
  const files = [
    '--conf-file=/dev/null',
    '--pid-file',
    '--no-hosts',
    '--no-resolv',
    `--dhcp-leasefile=${leasesFile(lab)}`,
  ];
  const runs = ['--keep-in-foreground', '--user=root', '--log-facility=-', '--log-dhcp', '--port=0'];
  const command = ['dnsmasq', ...runs, ...files, '--interface=eth0', `--dhcp-range=${RANGE}`, ...fnodes];
  await start(lab, { host: 'dhcpd', name: NAME, ready: 67, command });
}

export async function stopDnsmasq(lab: Lab): Promise<void> {
  await lab.net('stop', NAME);
}

/** What it has given to that machine. */
export function foreignAddresses(lab: Lab, mac: string): readonly string[] {
  const leases = readFileSync(leasesFile(lab), 'utf8').split('\n');
  return leases.flatMap((line) => {
    const [, owner, address] = line.split(' ');
    return owner === mac && address !== undefined ? [address] : [];
  });
}
