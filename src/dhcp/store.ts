/** Where leases outlive the process. */
import type { Lease } from './leases.ts';

export interface LeaseStore {
  /** What was committed, one lease an address. */
  load(): Promise<readonly Lease[]>;
  /** Resolves once the lease survives whatever happens next; only then may the ACK be sent. Rejects with a `Fault`. */
  commit(lease: Lease): Promise<void>;
  close(): Promise<void>;
}

/** For `explain` and tests, and until leases are kept on disk: a restart forgets. A MAC's place in the pool stays the same. */
export function memoryLeaseStore(): LeaseStore {
  const leases = new Map<string, Lease>();
  return {
    load: async () => [...leases.values()],
    commit: async (lease) => {
      leases.set(lease.address, lease);
    },
    close: async () => {},
  };
}
