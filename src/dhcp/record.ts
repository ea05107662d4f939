/** Leases as rows of the store on disk: one an address, people can read them. */
import { parseIpv4, parseMac } from '../core/addr.ts';
import type { BootClocks, Moment } from './bootclock.ts';
import type { Lease, LeaseState } from './leases.ts';

/** A lease without its address, which is the row's key, and with its end for the disk. */
export interface LeaseRecord extends Moment {
  readonly [name: string]: string | number | boolean | undefined;
  readonly mac: string;
  readonly clientId: string | undefined;
  readonly isBoot: boolean;
  readonly hostname: string | undefined;
  readonly state: LeaseState;
}

/** A record is kept this long after its end: who comes again within a month gets the same address. Taste. */
const OUTDATED_MS = 30 * 24 * 3_600_000;

export function toRecord({ address: _, expiresAtMs, ...lease }: Lease, clocks: BootClocks): LeaseRecord {
  return { ...lease, ...clocks.moment(expiresAtMs) };
}

/** Nothing where that is no lease: a row of another kind, or one that somebody wrote by hand. */
export function fromRecord(key: string, value: unknown, clocks: BootClocks): Lease | undefined {
  const address = parseIpv4(key);
  if (address === undefined || !isLease(value)) return undefined;
  const mac = parseMac(value.mac);
  if (mac === undefined) return undefined;
  const { clientId, isBoot, hostname, state } = value;
  return { address, mac, clientId, isBoot, hostname, state, expiresAtMs: clocks.atMs(value) };
}

const STATES: ReadonlySet<unknown> = new Set<LeaseState>(['offered', 'bound', 'declined', 'released']);

function isLease(value: unknown): value is LeaseRecord {
  const { mac, clientId, isBoot, hostname, state, endMs, termMs, clock } = { ...(value as Partial<LeaseRecord>) };
  return (
    [mac, clock].every((word) => typeof word === 'string') &&
    [clientId, hostname].every((word) => word === undefined || typeof word === 'string') &&
    [endMs, termMs].every(Number.isFinite) &&
    typeof isBoot === 'boolean' &&
    STATES.has(state)
  );
}

/** Rows that nobody needs: leases long over, and clocks that no lease is by. `nowMs` is by this process's clock. */
export function outdated(values: ReadonlyMap<string, unknown>, clocks: BootClocks, nowMs: number): readonly string[] {
  const needed = new Set<string>([clocks.key]);
  const keys: string[] = [];
  for (const [key, value] of values) {
    if (isLease(value) && clocks.atMs(value) >= nowMs - OUTDATED_MS) needed.add(value.clock);
    else if (!key.startsWith('clock/')) keys.push(key);
  }
  for (const key of values.keys()) if (key.startsWith('clock/') && !needed.has(key)) keys.push(key);
  return keys;
}
