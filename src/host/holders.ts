/** Who has a UDP port on this machine, by the kernel's own table. proc(5), /proc/net/udp */
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import { type Ipv4, ipv4FromNumber } from '../core/addr.ts';

/** The address of each IPv4 socket with `port` in this network namespace, every one once; nothing where there is no such table. */
export async function holdersOf(port: number): Promise<readonly Ipv4[] | undefined> {
  const table = await readFile('/proc/self/net/udp', 'latin1').catch(() => undefined);
  return table === undefined ? undefined : holdersIn(table, port, os.endianness());
}

/** Of rows like `  12: 0100007F:0045 00000000:0000 07 ...`: an address is a number as this machine keeps it in memory. */
export function holdersIn(table: string, port: number, endianness: 'LE' | 'BE'): readonly Ipv4[] {
  const digits = port.toString(16).toUpperCase().padStart(4, '0');
  return [...table.matchAll(new RegExp(`^ *\\d+: ([\\dA-F]{8}):${digits} `, 'gm'))].map(([, hex = '']) => {
    const octets = hex.match(/../g) ?? [];
    if (endianness === 'LE') octets.reverse();
    return ipv4FromNumber(Number.parseInt(octets.join(''), 16));
  });
}
