/** What the kernel knows of the machines on its links: its table of neighbours, which ARP fills. */
import { readFile } from 'node:fs/promises';
import { type Ipv4, type Mac, parseIpv4 } from '../core/addr.ts';

/** By address: who answered there last, or nothing where the kernel asked and nobody has answered. */
export type Neighbours = ReadonlyMap<Ipv4, Mac | undefined>;

/** Rejects where the kernel does not tell. */
export type ReadNeighbours = () => Promise<Neighbours>;

/** ATF_COM of linux/if_arp.h: the entry has a hardware address that was answered or announced. */
const IS_COMPLETE = 0x2;

/** From /proc/net/arp, which shows the network namespace of who reads it and needs no rights. */
export const readNeighbours: ReadNeighbours = async () => parseNeighbours(await readFile('/proc/net/arp', 'latin1'));

/** Columns: IP address, HW type, Flags, HW address, Mask, Device; a line that has others is passed over. proc(5). */
export function parseNeighbours(text: string): Neighbours {
  const found = new Map<Ipv4, Mac | undefined>();
  for (const line of text.split('\n').slice(1)) {
    const [ip = '', , flags = '', mac = ''] = line.split(/\s+/);
    const address = parseIpv4(ip);
    if (address === undefined) continue;
    const isComplete = Math.floor(Number(flags) / IS_COMPLETE) % 2 === 1;
    // The same address may be on two interfaces: one that answered is worth more.
    if (isComplete) found.set(address, mac.toLowerCase() as Mac);
    else if (!found.has(address)) found.set(address, undefined);
  }
  return found;
}

/** How many neighbours the kernel keeps, those that it is told to keep not counted (`gc_thresh3`); nothing where it does not say: in a network namespace. */
export async function readNeighbourRoom(): Promise<number | undefined> {
  const text = await readFile('/proc/sys/net/ipv4/neigh/default/gc_thresh3', 'latin1').catch(() => '');
  return /^\d+\s*$/.test(text) ? Number(text) : undefined;
}
