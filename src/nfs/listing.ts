/** READDIR and READDIRPLUS: a folder, page by page. RFC 1813 §3.3.16, §3.3.17. */
import type { Attributes } from './attributes.ts';

export interface DirEntry {
  readonly fileid: number;
  readonly name: string;
  /** Where the client goes on behind this entry: over 0, rising from entry to entry, the same on every node for the same folder. */
  readonly cookie: number;
  /** Of READDIRPLUS only. */
  readonly attributes?: Attributes;
  readonly handle?: Uint8Array;
}

export interface Page {
  readonly folder: Attributes;
  readonly verifier: Uint8Array;
  /** Of all of the results. */
  readonly maxBytes: number;
  /** Of READDIRPLUS: of names, fileids and cookies alone. */
  readonly dirBytes?: number;
}

/** The results with as many of `entries` as there is room for, lazily taken; `too-small` where not even the first has room. */
export function listed(_entries: Iterable<DirEntry>, _page: Page): Uint8Array | 'too-small' {
  throw new Error('unwritten');
}
