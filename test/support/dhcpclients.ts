/** DHCP clients that others wrote, each as a machine of a hall runs it. What they would do to this machine goes to no effect. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hall, Started } from './netns.ts';

/** Packages of these, for `needs`. */
export const CLIENT_PROGRAMS = ['busybox', 'dhclient', 'dhcpcd', '/lib/systemd/systemd-networkd', 'unshare'];

/** Where a client keeps its things; made for each host. */
export interface Seat {
  readonly hall: Hall;
  readonly host: string;
  /** Of the test. */
  readonly folder: string;
}

function homeOf({ folder, host }: Seat): string {
  const home = join(folder, host);
  mkdirSync(home, { recursive: true });
  return home;
}

/** Tells what it was given through its environment, and takes the address: who renews speaks from there. */
function hook(seat: Seat): string {
  const file = join(homeOf(seat), 'hook');
  const take = '[ -n "$ip$new_ip_address" ] && ip addr replace "$ip$new_ip_address/16" dev lan';
  writeFileSync(file, `#!/bin/sh\necho "hook $1 $reason"\nenv | sort\n${take}\necho "told $1 $reason"\n`);
  chmodSync(file, 0o755);
  return file;
}

export const UDHCPC_ASKS = ['-O', 'search', '-O', 'staticroutes', '-O', 'ntpsrv', '-O', '0xe0'];

export function udhcpc(seat: Seat, more: readonly string[] = []): Promise<Started> {
  const argv = ['busybox', 'udhcpc', '-i', 'lan', '-f', '-t', '20', '-T', '1', '-s', hook(seat), ...more];
  return seat.hall.start(seat.host, argv, /lease of \S+ obtained/);
}

/** Renews after two seconds and rebinds after four, whatever the server says. */
const HASTY = 'supersede dhcp-renewal-time 2; supersede dhcp-rebinding-time 4; supersede dhcp-lease-time 600;';
const DHCLIENT_CONF = `
option x224 code 224 = string;
option routes code 121 = array of unsigned integer 8;
send host-name = gethostname();
request subnet-mask, routers, domain-name, domain-search, ntp-servers, x224, routes;
initial-interval 1;
retry 2;
reboot 3;
`;

export function dhclient(seat: Seat, pace: 'hasty' | 'calm', ready = /bound to \S+/): Promise<Started> {
  return seat.hall.start(seat.host, ['dhclient', ...dhclientArguments(seat, pace), 'lan'], ready);
}

export function dhclientArguments(seat: Seat, pace: 'hasty' | 'calm' = 'calm'): readonly string[] {
  const home = homeOf(seat);
  writeFileSync(join(home, 'dhclient.conf'), `${DHCLIENT_CONF}${pace === 'hasty' ? HASTY : ''}`);
  const files = ['-cf', join(home, 'dhclient.conf'), '-lf', join(home, 'leases'), '-pf', join(home, 'pid')];
  return ['-4', '-d', '-v', '-sf', hook(seat), ...files];
}

const DHCPCD_CONF = `
ipv4only
nodelay
duid
option domain_name_servers, domain_name, domain_search, classless_static_routes, ntp_servers
`;

/** `acd`: looks itself whether somebody else has the address, which takes seconds. */
export function dhcpcd(seat: Seat, more: readonly string[] = [], acd = false): Promise<Started> {
  const home = homeOf(seat);
  mkdirSync(join(home, 'db'), { recursive: true });
  writeFileSync(join(home, 'dhcpcd.conf'), `${DHCPCD_CONF}${acd ? '' : 'noarp\n'}`);
  const argv = ['dhcpcd', '-B', '-d', '-f', join(home, 'dhcpcd.conf'), '-c', hook(seat), ...more, 'lan'];
  const own = `mount -t tmpfs own /run && mount --bind ${join(home, 'db')} /var/lib/dhcpcd`;
  return seat.hall.start(
    seat.host,
    ['unshare', '-m', 'sh', '-c', `${own} && exec ${argv.join(' ')}`],
    /told.* BOUND|told.* REBOOT/,
  );
}

/** `UseHostname` off: it is this machine's. A DUID of the link layer: all the others of one machine are the same. */
const NETWORK = (more: string) => `[Match]
Name=lan
[Network]
DHCP=ipv4
IPv6AcceptRA=no
LinkLocalAddressing=no
[DHCPv4]
UseHostname=no
UseDomains=yes
DUIDType=link-layer
RequestOptions=224
${more}
`;

/** Without udev, which a read-only /sys tells it, and without a bus. Ends with what it keeps of its lease. */
export function networkd(seat: Seat, more = ''): Promise<Started> {
  const home = homeOf(seat);
  writeFileSync(join(home, 'lan.network'), NETWORK(more));
  const script = [
    'mount -t tmpfs own /run && mount -t tmpfs -o ro own /sys && mkdir -p /run/systemd/network',
    `cp ${join(home, 'lan.network')} /run/systemd/network/ && export SYSTEMD_LOG_LEVEL=debug SYSTEMD_LOG_TARGET=console`,
    "/lib/systemd/systemd-networkd & P=$!; trap 'kill $P; wait $P; exit' TERM",
    'until grep -qs ^ADDRESS /run/systemd/netif/leases/*; do sleep 0.1; kill -0 $P || exit 1; done',
    'cat /run/systemd/netif/leases/*; echo LEASED; wait $P',
  ];
  return seat.hall.start(seat.host, ['unshare', '-m', 'sh', '-c', script.join('\n')], /^LEASED$/m);
}

/** The address that a client says it has: the last one that it named. */
export function addressOf(client: Started): string {
  const found = [...client.said().matchAll(/(?:lease of|leased|bound to|^ADDRESS=) ?(\d+\.\d+\.\d+\.\d+)/gm)].at(
    -1,
  )?.[1];
  if (found === undefined) throw new Error(`no address in: ${client.said()}`);
  return found;
}
