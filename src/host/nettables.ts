/** What the kernel's own tables say of this machine's network. proc(5), /proc/net/udp and /proc/net/route */
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import { type Ipv4, ipv4FromNumber } from '../core/addr.ts';

type Endianness = 'LE' | 'BE';

/** The address of each IPv4 socket with UDP `port`, ours too; one that several have stands there as often. Nothing where there is no such table. */
export async function holdersOf(port: number): Promise<readonly Ipv4[] | undefined> {
  const table = await readTable('udp');
  return table === undefined ? undefined : holdersIn(table, port, os.endianness());
}

/** Where the default routes lead to, the preferred one first; none where there is no such table. */
export async function defaultGateways(): Promise<readonly Ipv4[]> {
  return gatewaysIn((await readTable('route')) ?? '', os.endianness());
}

/** Of rows like `  12: 0100007F:0045 00000000:0000 07 ...`. */
export function holdersIn(table: string, port: number, endianness: Endianness): readonly Ipv4[] {
  const digits = port.toString(16).toUpperCase().padStart(4, '0');
  const rows = table.matchAll(new RegExp(`^ *\\d+: ([\\dA-F]{8}):${digits} `, 'gm'));
  return [...rows].map(([, address = '']) => addressOf(address, endianness));
}

/** Through which interfaces the default routes lead, the preferred one first; a line by telephone has no gateway. */
export async function defaultInterfaces(): Promise<readonly string[]> {
  return interfacesIn((await readTable('route')) ?? '');
}

/** Of the same rows. */
export function interfacesIn(table: string): readonly string[] {
  const routes = table.split('\n').flatMap((line) => {
    const [name = '', destination, , , , , metric, mask] = line.trim().split(/\s+/);
    return destination === '00000000' && mask === '00000000' ? [{ name, metric: Number(metric) }] : [];
  });
  return [...new Set(routes.sort((a, b) => a.metric - b.metric).map(({ name }) => name))];
}

/** The route leads to a gateway, not to a neighbour. */
const RTF_GATEWAY = 2;

/** Of rows like `eth0 00000000 010010AC 0003 0 0 100 00000000 ...`: destination, gateway, flags, ..., metric, mask. */
export function gatewaysIn(table: string, endianness: Endianness): readonly Ipv4[] {
  const routes = table.split('\n').flatMap((line) => {
    const [, destination, gateway = '', flags = '', , , metric, mask] = line.trim().split(/\s+/);
    const hasGateway = Math.floor(Number.parseInt(flags, 16) / RTF_GATEWAY) % 2 === 1;
    if (destination !== '00000000' || mask !== '00000000' || !hasGateway) return [];
    return [{ address: addressOf(gateway, endianness), metric: Number(metric) }];
  });
  return [...new Set(routes.sort((a, b) => a.metric - b.metric).map(({ address }) => address))];
}

/** An address as the kernel prints it: a number, as it stands in this machine's memory. */
function addressOf(hex: string, endianness: Endianness): Ipv4 {
  const octets = hex.match(/../g) ?? [];
  if (endianness === 'LE') octets.reverse();
  return ipv4FromNumber(Number.parseInt(octets.join(''), 16));
}

function readTable(name: 'udp' | 'route'): Promise<string | undefined> {
  return readFile(`/proc/self/net/${name}`, 'latin1').catch(() => undefined);
}
