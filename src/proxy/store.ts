/** What the proxy keeps, on disk: an index in SQLite, each content in a file of its own, whole or not there. */
import type { Content } from '../core/content.ts';
import type { Log } from '../host.ts';
import type { Fields } from './fields.ts';
import type { Entry, Exchanged, Head } from './types.ts';

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
  write(block: Uint8Array): Promise<void>;
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

export const BLOCK_BYTES = 1 << 20;

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
  /** Somebody had use of it. */
  used(entry: Entry): void;
  /** All variants; how many there were. */
  remove(key: string): number;
  report(): StoreReport;
  close(): Promise<void>;
}

/** Within a second or two whatever is there. Rejects with a `Fault` that has the cure where the folder cannot be used. */
export function openStore(_folder: string, _limits: () => StoreLimits, _log: Log): Promise<Store> {
  throw new Error('unwritten');
}
