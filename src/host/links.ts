/** Interfaces that carry no address, which `os.networkInterfaces` leaves out: down, or without a cable. */
import { readFileSync } from 'node:fs';
import type { Link } from '../host.ts';

/** Every interface of this network namespace; empty where there is no /proc. */
export function readLinks(): readonly Link[] {
  // Two lines of headings, then `  eth0: 1234 ...`.
  const names = read('/proc/self/net/dev').split('\n').slice(2);
  return names.flatMap((line) => {
    const name = line.split(':')[0]?.trim();
    return name ? [linkState(name)] : [];
  });
}

const IFF_UP = 1;

/** sysfs may be another namespace's or absent: then the best is assumed. `carrier` cannot be read while it is down. */
function linkState(name: string): Link {
  const flags = Number(read(`/sys/class/net/${name}/flags`) || IFF_UP);
  return { name, isUp: flags % 2 === IFF_UP, hasCarrier: read(`/sys/class/net/${name}/carrier`).trim() !== '0' };
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
