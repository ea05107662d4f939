/** What may be forgotten, and is better remembered over restarts: a journal that nobody waits for. */
import { messageOf } from '../core/errors.ts';
import { type Journal, openJournal } from '../host/journal.ts';
import { journalFiles } from '../host/journalfiles.ts';
import type { Json } from '../host/journalline.ts';
import type { Host } from '../host.ts';
import type { Service } from '../service.ts';

export interface MemoryOptions {
  /** Of its files: `machines-000001.log` and so on. */
  readonly name: string;
  /** Without one a restart forgets. */
  readonly folder: string | undefined;
  /** Told of each value when it settles. */
  readonly onFound: (key: string, value: unknown) => void;
  /** Keys that nobody needs any longer. */
  readonly outdated: (values: ReadonlyMap<string, unknown>) => Iterable<string>;
}

export type Memory = Pick<Service, 'stop'> & {
  settle(): Promise<void>;
  /** What was noted last. */
  read(key: string): unknown;
  /** What cannot be written is said, now and then: it will be found out again. */
  note(key: string, value: Json): void;
};

/** Lines beside those that are needed. Taste. */
const SPARE_LINES = 2000;
const WARN_EVERY_MS = 600_000;

export function openMemory({ name, folder, onFound, outdated }: MemoryOptions, { clock, log }: Host): Memory {
  let journal: Journal | undefined;
  let warnedAtMs = Number.NEGATIVE_INFINITY;
  return {
    settle: async () => {
      if (folder === undefined) return;
      const files = journalFiles(folder, clock.bootId);
      journal = await openJournal({ name, files, log, spareLines: SPARE_LINES, outdated });
      for (const [key, value] of journal.values) onFound(key, value);
    },
    stop: async () => {
      await journal?.close();
      journal = undefined;
    },
    read: (key) => journal?.values.get(key),
    note: (key, value) => {
      journal?.commit([[key, value]]).catch((fault: unknown) => {
        if (clock.now() - warnedAtMs < WARN_EVERY_MS) return;
        warnedAtMs = clock.now();
        log.warn(name, 'not-remembered', { error: messageOf(fault) });
      });
    },
  };
}
