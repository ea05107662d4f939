/** The files of a journal, as far as it needs a disk: what tests replace to lose power, space or the disk itself. */
import { type FileHandle, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { takeLock } from './lock.ts';

/** A file that only grows. Everything may reject with what the system says. */
export interface JournalFile {
  append(text: string): Promise<void>;
  /** Resolves when what was appended survives a loss of power. */
  sync(): Promise<void>;
  /** Takes back what was appended beyond `bytes`. */
  cutTo(bytes: number): Promise<void>;
  close(): Promise<void>;
}

export interface JournalFiles {
  /** For sentences. */
  readonly folder: string;
  /** Keeps other processes out; the result gives the lock back. Rejects with a `Fault` when one is in. */
  lock(name: string): Promise<() => Promise<void>>;
  list(): Promise<readonly string[]>;
  read(name: string): Promise<Uint8Array>;
  /** Rejects with EEXIST for a name that is there. */
  create(name: string): Promise<JournalFile>;
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Resolves when creations, renames and removals survive a loss of power. */
  syncNames(): Promise<void>;
}

/** The group may read: leases are no secret to whoever looks after the machine. */
const MODE = 0o640;

export function journalFiles(folder: string, bootId: string | undefined): JournalFiles {
  const at = (name: string): string => join(folder, name);
  return {
    folder,
    lock: (name) => takeLock(at(name), bootId),
    list: () => readdir(folder),
    read: (name) => readFile(at(name)),
    create: async (name) => {
      const handle = await open(at(name), 'ax', MODE);
      await giveAway(handle, folder).catch(() => {});
      return journalFile(handle);
    },
    rename: (from, to) => rename(at(from), at(to)),
    remove: (name) => rm(at(name), { force: true }),
    syncNames: async () => {
      const handle = await open(folder, 'r');
      await handle.sync().finally(() => handle.close());
    },
  };
}

function journalFile(handle: FileHandle): JournalFile {
  return {
    append: (text) => handle.appendFile(text),
    sync: () => handle.datasync(),
    cutTo: (bytes) => handle.truncate(bytes),
    close: () => handle.close(),
  };
}

/** What is made as root belongs to whom the folder belongs to: that is who goes on when root's rights are given up. */
async function giveAway(handle: FileHandle, folder: string): Promise<void> {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = await stat(folder);
  await handle.chown(uid, gid);
}
