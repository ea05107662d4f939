/** What may be forgotten, and is better remembered over restarts: a journal that nobody waits for. */
import { messageOf } from '../core/errors.ts';
import { type Journal, openJournal } from '../host/journal.ts';
import { journalFiles } from '../host/journalfiles.ts';
import type { Change, Json } from '../host/journalline.ts';
import type { Host } from '../host.ts';
import type { Service } from '../service.ts';

export interface MemoryOptions {
  /** Of its files: `machines-000001.log` and so on. */
  readonly name: string;
  /** Without one a restart forgets. */
  readonly folder: string | undefined;
  /** Told of each value when it settles. */
  readonly onFound: (key: string, value: unknown) => void;
  /** Of keys: beyond it those that were written first are forgotten. */
  readonly max: number;
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

/** Of the keys that are forgotten at a time, when there are too many. */
const FORGOTTEN_SHARE = 1 / 8;

export function openMemory(options: MemoryOptions, { clock, log }: Host): Memory {
  const { name, folder, onFound, outdated, max } = options;
  let journal: Journal | undefined;
  let forgetting: Promise<void> | undefined;
  /** The note made last, and what had to be forgotten for it. */
  let noting = Promise.resolve();
  let warnedAtMs = Number.NEGATIVE_INFINITY;

  const write = (change: Change): Promise<void> => {
    const writing = journal?.commit(change) ?? Promise.resolve();
    return writing.catch((fault: unknown) => {
      if (clock.now() - warnedAtMs < WARN_EVERY_MS) return;
      warnedAtMs = clock.now();
      log.warn(name, 'not-remembered', { error: messageOf(fault) });
    });
  };
  /** Whoever asks under ever new names must not fill the memory before segments are merged. */
  const forgetOldest = async (values: ReadonlyMap<string, unknown>): Promise<void> => {
    while (values.size > max) {
      const oldest = [...values.keys()].slice(0, values.size - max + Math.ceil(max * FORGOTTEN_SHARE));
      const before = values.size;
      await write(oldest.map((key) => [key, null] as const));
      // A disk that takes nothing: the next note tries again.
      if (values.size >= before) return;
    }
  };
  const trim = async (): Promise<void> => {
    if (!journal || journal.values.size <= max) return;
    forgetting ??= forgetOldest(journal.values).finally(() => {
      forgetting = undefined;
    });
    await forgetting;
  };
  return {
    settle: async () => {
      if (folder === undefined) return;
      const files = journalFiles(folder, clock.bootId);
      journal = await openJournal({ name, files, log, spareLines: SPARE_LINES, outdated });
      await trim();
      for (const [key, value] of journal.values) onFound(key, value);
    },
    stop: async () => {
      const open = journal;
      await noting;
      journal = undefined;
      await open?.close();
    },
    read: (key) => journal?.values.get(key),
    note: (key, value) => {
      noting = write([[key, value]]).then(trim);
    },
  };
}
