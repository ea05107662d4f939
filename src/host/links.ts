/** Interfaces that carry no address, which `os.networkInterfaces` leaves out: down, or without a cable. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Link } from '../host.ts';

const CLASS = '/sys/class/net';
const IFF_UP = 1;

/** Every interface the kernel has; empty where there is no sysfs. */
export function readLinks(): readonly Link[] {
  try {
    return readdirSync(CLASS).map((name) => ({
      name,
      isUp: Math.floor(Number(read(name, 'flags'))) % 2 === IFF_UP,
      hasCarrier: read(name, 'carrier').trim() === '1',
    }));
  } catch {
    return [];
  }
}

/** `carrier` of an interface that is down cannot be read at all. */
function read(name: string, attribute: string): string {
  try {
    return readFileSync(`${CLASS}/${name}/${attribute}`, 'utf8');
  } catch {
    return '';
  }
}
