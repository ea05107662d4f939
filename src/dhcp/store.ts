/** Where leases outlive the process. */
import type { Lease } from './leases.ts';

/** A lease with its end by the wall clock: what `Clock.now` counts means nothing after a restart. */
export interface StoredLease extends Omit<Lease, 'expiresAtMs'> {
  /** By `Clock.date`. */
  readonly expiresOnMs: number;
}

export interface LeaseStore {
  /** What was committed last, one lease an address. */
  load(): Promise<readonly StoredLease[]>;
  /** Resolves once all of them survive whatever happens next; only then may the answer be sent. Rejects with a `Fault`, then none is kept. */
  commit(changes: readonly StoredLease[]): Promise<void>;
  close(): Promise<void>;
}

/** For tests, and until leases are kept on disk: a restart forgets. */
export function memoryLeaseStore(): LeaseStore {
  const leases = new Map<string, StoredLease>();
  return {
    load: async () => [...leases.values()],
    commit: async (changes) => {
      for (const lease of changes) leases.set(lease.address, lease);
    },
    close: async () => {},
  };
}
