/** What the proxy keeps, on disk: an index in SQLite, each content in a file of its own, whole or not there. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Content } from '../core/content.ts';
import { errnoOf, Fault } from '../core/errors.ts';
import { type Memory, systemMemory } from '../host/blocks.ts';
import { takeLock } from '../host/lock.ts';
import { quietly } from '../host/openfiles.ts';
import { systemClock } from '../host/system.ts';
import type { Clock, Log } from '../host.ts';
import type { Fields } from './fields.ts';
import { FolderStore } from './folderstore.ts';
import { type DiskRoom, diskRoomOf } from './room.ts';
import { BLOCK_BYTES } from './sums.ts';
import type { Entry, Exchanged, Head } from './types.ts';
import { strongValidator } from './validation.ts';

export interface StoreLimits {
  /** All contents together. */
  readonly maxBytes: number;
  readonly maxObjectBytes: number;
  /** Of contents in memory, what many read. */
  readonly memoryBytes: number;
}

export interface StoreReport {
  readonly entries: number;
  readonly bytes: number;
  readonly evicted: number;
  /** Contents that were not what had been written, and are gone. */
  readonly damaged: number;
  /** Whether the disk takes nothing more at the moment, and why. */
  readonly trouble: string | undefined;
}

/** An answer that is about to be kept. */
export interface NewEntry extends Exchanged {
  readonly key: string;
  readonly varies: Fields;
  readonly head: Head;
  /** Of the content; nothing where the origin does not say. */
  readonly sizeBytes: number | undefined;
  /** Whether its checksum is wanted. */
  readonly isSummed: boolean;
}

/** A content that is being written, in order; and read meanwhile. Of one that breaks off the beginning stays, for the next to go on with. */
export interface Draft {
  readonly id: number;
  /** What is written already: more than nothing for one that is gone on with. */
  readonly writtenBytes: number;
  /** All but the last are `BLOCK_BYTES` long. Resolves when they can be read. Rejects with a `Fault` where the disk takes no more. */
  write(...blocks: readonly Uint8Array[]): Promise<void>;
  /** As `Content.read`, of what is written. Rejects where it is not what was written. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** It is whole: from now on it is found. In place of what its key and variant had. */
  finish(): Promise<Entry>;
  /** It broke off: what is written stays for `Store.resume` if it is worth it. */
  leave(): Promise<void>;
  discard(): Promise<void>;
  /** Who reads holds it: the file stays until all have let go, whatever becomes of it. */
  hold(): () => void;
}

export { BLOCK_BYTES };

export interface Store {
  /** All variants under a key, the latest first; a few dozen at most. At once. */
  find(key: string): readonly Entry[];
  findBySha256(sha256: string): Entry | undefined;
  /** Nothing where there is no room that it may have: then the answer is passed on and not kept. */
  create(entry: NewEntry): Promise<Draft | undefined>;
  /** What an answer left that broke off, to be gone on with: its head tells by which validator. */
  resume(key: string, varies: Fields): Promise<{ readonly draft: Draft; readonly entry: NewEntry } | undefined>;
  /** The same content with a newer head. */
  refresh(entry: Entry, by: Pick<Entry, 'head' | keyof Exchanged>): Entry;
  /** The same content under another key, too. */
  alias(entry: Entry, key: string): Entry;
  /** Nothing where it is lost or not what was written; it is forgotten then. Its octets are checked as they are read. */
  open(entry: Entry): Promise<Content | undefined>;
  /** All of a small content, where it is in memory: at once. Nobody writes to it. */
  peek(entry: Entry): Uint8Array | undefined;
  /** Somebody had use of it. */
  used(entry: Entry): void;
  /** All variants; how many there were. */
  remove(key: string): number;
  report(): StoreReport;
  close(): Promise<void>;
}

/** What the store has from outside; tests give another. */
export interface StoreWorld {
  readonly clock: Pick<Clock, 'now' | 'after' | 'bootId'>;
  readonly memory: Memory;
  /** Of the file system that the folder is on; nothing where that is not known. */
  readonly look: (folder: string) => Promise<DiskRoom | undefined>;
  readonly mayGoOn: (entry: NewEntry) => boolean;
}

const WORLD: StoreWorld = {
  clock: { now: systemClock.now, after: quietly, bootId: systemClock.bootId },
  memory: systemMemory(),
  look: diskRoomOf,
  mayGoOn: ({ head }) => strongValidator(head) !== undefined,
};

/** Within a second or two whatever is there. Rejects with a `Fault` that has the cure where the folder cannot be used. */
export function openStore(folder: string, limits: () => StoreLimits, log: Log): Promise<Store> {
  return openStoreIn(WORLD, folder, limits, log);
}

/** `memoryBytes` is what the limits say at first. */
export async function openStoreIn(
  world: StoreWorld,
  folder: string,
  limits: () => StoreLimits,
  log: Log,
): Promise<Store> {
  const unlock = await prepared(folder, world.clock.bootId);
  try {
    return new FolderStore(world, { folder, limits, log, unlock });
  } catch (error) {
    await unlock();
    throw error;
  }
}

/** Made where it is not there, and ours alone. */
async function prepared(folder: string, bootId: string | undefined): Promise<() => Promise<void>> {
  try {
    await mkdir(join(folder, 'objects'), { recursive: true, mode: 0o700 });
  } catch (error) {
    const cure = 'make it and chown it to this user, or name another as proxy.cacheDir';
    throw new Fault('store-failed', `the cache's folder ${folder} cannot be used (${errnoOf(error)}): ${cure}`, error);
  }
  return takeLock(join(folder, 'lock'), bootId, 'another proxy.cacheDir');
}
