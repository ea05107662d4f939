/** Where leases outlive the process. */
import type { Ipv4 } from '../core/addr.ts';
import { messageOf } from '../core/errors.ts';
import { type Journal, openJournal } from '../host/journal.ts';
import { type JournalFiles, journalFiles } from '../host/journalfiles.ts';
import type { Host } from '../host.ts';
import { BootClocks } from './bootclock.ts';
import type { Lease } from './leases.ts';
import { fromRecord, outdated, toRecord } from './record.ts';

/** Ends are by `Clock.now` of the process that asks. */
export interface LeaseStore {
  /** Opens it: what was committed last, one lease an address. Rejects with a `Fault` where it cannot be had. */
  load(): Promise<readonly Lease[]>;
  /** Resolves once all of them survive whatever happens next; only then may the answer be sent. Rejects with a `Fault`, then none is kept. */
  commit(changes: readonly Lease[]): Promise<void>;
  /** What a restart would know of that address. */
  at(address: Ipv4): Lease | undefined;
  close(): Promise<void>;
}

/** For tests, and for answers without a folder: a restart of the process forgets. */
export function memoryLeaseStore(): LeaseStore {
  const leases = new Map<Ipv4, Lease>();
  return {
    load: async () => [...leases.values()],
    commit: async (changes) => {
      for (const lease of changes) leases.set(lease.address, lease);
    },
    at: (address) => leases.get(address),
    close: async () => {},
  };
}

/** Lines beside those that are needed: a dozen megabyte, half a second at the next start. Taste. */
const SPARE_LINES = 60_000;

/** In `leases-000001.log` and so on in `folder`, for one process at a time. */
export function fileLeaseStore(folder: string, host: Host): LeaseStore {
  return journalLeaseStore(journalFiles(folder, host.clock.bootId), host, SPARE_LINES);
}

interface Opened {
  readonly journal: Journal;
  readonly clocks: BootClocks;
}

export function journalLeaseStore(files: JournalFiles, { clock, log }: Host, spareLines: number): LeaseStore {
  let opened: Opened | undefined;

  const open = async (): Promise<Opened> => {
    const journal = await openJournal({
      ...{ name: 'leases', files, log, spareLines, clock },
      outdated: (values) => (opened ? outdated(values, opened.clocks, clock.now()) : []),
    });
    opened = { journal, clocks: new BootClocks(clock, journal.values) };
    return opened;
  };

  const commit = async (changes: readonly Lease[]): Promise<void> => {
    if (!opened) throw new Error('the store is not open');
    const { journal, clocks } = opened;
    const rows = clocks.news();
    await journal.commit([...rows, ...changes.map((lease) => [lease.address, toRecord(lease, clocks)] as const)]);
    clocks.kept(rows);
  };

  return {
    load: async () => {
      const { journal, clocks } = await open();
      // A disk that is full keeps nobody from starting: who has a lease keeps it, and the clocks go with the next change.
      await commit([]).catch((fault: unknown) => log.error('leases', 'store-failed', { error: messageOf(fault) }));
      return [...journal.values].flatMap(([key, value]) => fromRecord(key, value, clocks) ?? []);
    },
    commit,
    at: (address) => opened && fromRecord(address, opened.journal.values.get(address), opened.clocks),
    close: async () => {
      await opened?.journal.close();
      opened = undefined;
    },
  };
}
