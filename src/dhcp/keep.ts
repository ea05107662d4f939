/** Keeps what was decided before it is answered: an ACK is on disk before it is on the wire. */
import { messageOf } from '../core/errors.ts';
import type { Host } from '../host.ts';
import type { Health } from '../service.ts';
import type { Change, Decision, Reply } from './decision.ts';
import { isOf, type Lease, type LeaseTable } from './leases.ts';
import { OPTION, ofU32, readU32 } from './options.ts';
import type { LeaseStore } from './store.ts';

/** What a restart must remember. */
export type Kept = Extract<Decision, Change> & { readonly kind: 'ack' | 'release' | 'decline' };

export interface Keeper {
  /**
   * What may be answered now: the decision, once the table and the store have its changes; when the store fails, less than was
   * decided, or nothing. The table has them at once, so that the next request sees them, and loses them again with the store.
   */
  keep(decision: Kept): Promise<Kept | undefined>;
  health(): Health;
}

/** The alarm comes once in this time. */
const ALARM_EVERY_MS = 60_000;
/** A lease shorter than this is none: its client would do nothing but renew. */
const SHORTEST_SEC = 60;

export function keeper(store: LeaseStore, leases: LeaseTable, { clock, log }: Host): Keeper {
  let isFailing = false;
  let saidAtMs = Number.NEGATIVE_INFINITY;

  const fails = (error: unknown): void => {
    isFailing = true;
    if (clock.now() - saidAtMs < ALARM_EVERY_MS) return;
    saidAtMs = clock.now();
    const effect = 'clients on disk keep their addresses, others get none';
    log.error('dhcp', 'store-failed', { error: messageOf(error), effect });
  };
  const works = (): void => {
    if (isFailing) log.info('dhcp', 'store-works-again');
    isFailing = false;
  };
  const takeBack = (change: Lease): void => {
    // What has changed once more since then is the later change's own.
    if (leases.at(change.address) !== change) return;
    const onDisk = store.at(change.address);
    if (onDisk) leases.put(onDisk);
    else leases.remove(change.address);
  };

  return {
    keep: async (decision) => {
      const changes = [decision.lease, ...decision.freed];
      for (const lease of changes) leases.put(lease);
      try {
        await store.commit(changes);
      } catch (error) {
        changes.forEach(takeBack);
        fails(error);
        return asOnDisk(decision, store.at(decision.lease.address), clock.now());
      }
      works();
      return decision;
    },
    health: () => (isFailing ? { ok: false, reason: 'store-failed' } : { ok: true }),
  };
}

/** A full disk: who has that address by what is on disk keeps it for as long as stands there, so that a restart knows all that was promised. */
function asOnDisk(decision: Kept, onDisk: Lease | undefined, nowMs: number): Kept | undefined {
  if (decision.kind !== 'ack' || onDisk?.state !== 'bound' || !isOf(onDisk, decision.lease)) return undefined;
  const leftSec = Math.floor((onDisk.expiresAtMs - nowMs) / 1000);
  if (leftSec < SHORTEST_SEC) return undefined;
  return { ...decision, lease: onDisk, freed: [], reply: shorten(decision.reply, leftSec) };
}

/** The same answer with a lease of `maxSec` at most; T1 and T2 keep their share of it. RFC 2131 §4.4.5. */
function shorten({ packet, limits }: Reply, maxSec: number): Reply {
  const leaseSec = readU32(packet.options.get(OPTION.leaseTime)) ?? maxSec;
  const options = new Map(packet.options);
  for (const code of [OPTION.leaseTime, OPTION.renewalTime, OPTION.rebindingTime]) {
    const sec = readU32(options.get(code));
    if (sec !== undefined && leaseSec > maxSec) options.set(code, ofU32(Math.floor((sec * maxSec) / leaseSec)));
  }
  return { packet: { ...packet, options }, limits };
}
