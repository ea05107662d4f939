/** READDIR and READDIRPLUS: a folder, page by page. RFC 1813 §3.3.16, §3.3.17. */
import { type Attributes, NO_ATTRIBUTES_BYTES, POST_ATTRIBUTES_BYTES, writePostAttributes } from './attributes.ts';
import { XdrWriter } from './xdr.ts';

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

/** The most that a page has, whatever the client says: some thousand entries. */
const MAX_PAGE_BYTES = 256 * 1024;
/** Most folders fit; the others' pages grow. */
const USUAL_BYTES = 4096;
/** Of a name on the wire. Linux gives up the whole folder for a longer one, which UDF and Joliet can have in UTF-8. */
const MAX_NAME_BYTES = 255;
/** Status, the folder's attributes, the verifier; the end of the list, and whether it is the folder's. */
const FRAME_BYTES = 4 + POST_ATTRIBUTES_BYTES + 8 + 4 + 4;

/**
 * The results with as many of `entries` as there is room for, lazily taken: one more than is told, to know whether there is one.
 * `too-small` where not even the first has room. `dirBytes` is a hint, which some clients leave at 0: one entry is told in any case.
 * Names over 255 octets are left out.
 */
export function listed(entries: Iterable<DirEntry>, page: Page): Uint8Array | 'too-small' {
  const w = new XdrWriter(USUAL_BYTES);
  let room = Math.min(page.maxBytes, MAX_PAGE_BYTES) - FRAME_BYTES;
  let dirRoom = page.dirBytes ?? room;
  if (room < 0) return 'too-small';
  writeStart(w, page);
  let count = 0;
  let isEnd = true;
  for (const entry of entries) {
    const nameBytes = Buffer.byteLength(entry.name);
    if (nameBytes > MAX_NAME_BYTES) continue;
    const dirBytes = dirBytesOf(nameBytes);
    const bytes = page.dirBytes === undefined ? dirBytes : dirBytes + plusBytesOf(entry);
    isEnd = bytes <= room && (dirBytes <= dirRoom || count === 0);
    if (!isEnd) break;
    writeEntry(w, entry, page.dirBytes !== undefined);
    room -= bytes;
    dirRoom -= dirBytes;
    count += 1;
  }
  if (!isEnd && count === 0) return 'too-small';
  return w.bool(false).bool(isEnd).bytes();
}

/** That there is an entry, its fileid, name and cookie. */
function dirBytesOf(nameBytes: number): number {
  return 4 + 8 + opaqueBytes(nameBytes) + 8;
}

/** What READDIRPLUS tells besides: `name_attributes`, `name_handle`. */
function plusBytesOf({ attributes, handle }: DirEntry): number {
  return (attributes ? POST_ATTRIBUTES_BYTES : NO_ATTRIBUTES_BYTES) + 4 + (handle ? opaqueBytes(handle.length) : 0);
}

function opaqueBytes(count: number): number {
  return 4 + Math.ceil(count / 4) * 4;
}

function writeStart(w: XdrWriter, { folder, verifier }: Page): void {
  w.u32(0);
  writePostAttributes(w, folder);
  w.fixed(verifier);
}

/** `entry3`, `entryplus3` */
function writeEntry(w: XdrWriter, { fileid, name, cookie, attributes, handle }: DirEntry, isPlus: boolean): void {
  w.bool(true).u64(fileid).text(name).u64(cookie);
  if (!isPlus) return;
  writePostAttributes(w, attributes);
  w.bool(handle !== undefined);
  if (handle) w.opaque(handle);
}
