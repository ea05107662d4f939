/** The System Use Sharing Protocol 1.12: entries behind a directory record's name, and areas in which they go on. */
import { ByteReader, latin1, Malformed } from '../core/bytes.ts';
import { readWhole } from './octets.ts';
import type { ReadAt } from './volume.ts';
import type { Work } from './work.ts';

/** An entry's two letters as a number. */
export type Signature = number;

export function signature(letters: string): Signature {
  return letters.charCodeAt(0) * 256 + letters.charCodeAt(1);
}

/** §5.1: where the entries of an area go on. */
export interface Continuation {
  readonly lba: number;
  readonly offset: number;
  readonly lengthBytes: number;
}

const HEADER_BYTES = 4;
const CONTINUATION = signature('CE');
const TERMINATOR = signature('ST');
const SHARING = signature('SP');
/** Eight areas hold the longest name and target that Linux takes; threats are bounded by 32. */
const MAX_CONTINUATIONS = 32;

/** What is done with an entry, whose octets begin behind the header. */
export type Visit = (kind: Signature, data: Uint8Array) => void;

/** Shows each entry of one area to `visit`; an entry that is longer than what is left ends it. §4.1 */
function scan(area: Uint8Array, visit: Visit, work: Work): Continuation | undefined {
  let next: Continuation | undefined;
  const r = new ByteReader(area);
  while (r.left >= HEADER_BYTES) {
    const kind = r.u16('signature');
    const dataBytes = r.u8('entry length') - HEADER_BYTES;
    r.skip(1, 'entry version');
    if (dataBytes < 0 || dataBytes > r.left || kind === TERMINATOR) break;
    work.look(HEADER_BYTES + dataBytes);
    const data = r.take(dataBytes, 'entry');
    if (kind === CONTINUATION && dataBytes >= 24) next = decodeContinuation(new ByteReader(data));
    else visit(kind, data);
  }
  return next;
}

/** Little-endian halves count, as in directory records. */
function decodeContinuation(r: ByteReader): Continuation {
  const lba = r.u32le('block location');
  const offset = r.skip(4, 'block location, big-endian').u32le('offset');
  return { lba, offset, lengthBytes: r.skip(4, 'offset, big-endian').u32le('length of continuation') };
}

/** Finds the octets of continuation areas and of relocated folders, for the length of one folder's reading. */
export interface Areas {
  readonly work: Work;
  read(position: number, lengthBytes: number): Promise<Uint8Array>;
}

/** Makers write areas one after the other behind the folder, so one read brings many. */
const WINDOW_BYTES = 16 * 1024;
/** 4096 reads for one folder: areas that jump about so much are somebody's joke. */
const MAX_WINDOWS = 4096;

/** Keeps what it read last. Throws `Malformed` where it goes too far. */
export function areasOf(read: ReadAt, sizeBytes: number, work: Work): Areas {
  let window: Uint8Array = new Uint8Array(0);
  let from = 0;
  let windows = 0;
  const readArea = async (position: number, lengthBytes: number): Promise<Uint8Array> => {
    if (lengthBytes > WINDOW_BYTES || position + lengthBytes > sizeBytes)
      throw new Malformed('damaged: a continuation area outside the image', position);
    if (position < from || position + lengthBytes > from + window.length) {
      if (++windows > MAX_WINDOWS) throw new Malformed('damaged: continuation areas all over the image', position);
      window = await readWhole(read, position, Math.min(WINDOW_BYTES, sizeBytes - position), 'a continuation area');
      from = position;
    }
    return window.subarray(position - from, position - from + lengthBytes);
  };
  return { work, read: readArea };
}

/** Shows all entries of `area` and of those it goes on in to `visit`. Reads nothing where it does not go on. */
export function visitEntries(
  area: Uint8Array,
  visit: Visit,
  blockBytes: number,
  areas: Areas,
): Promise<void> | undefined {
  const next = scan(area, visit, areas.work);
  return next && visitRest(next, visit, blockBytes, areas);
}

async function visitRest(first: Continuation, visit: Visit, blockBytes: number, areas: Areas): Promise<void> {
  let next: Continuation | undefined = first;
  for (let count = 0; next; count++) {
    const position = next.lba * blockBytes + next.offset;
    if (count === MAX_CONTINUATIONS) throw new Malformed('damaged: continuation areas without end', position);
    next = scan(await areas.read(position, next.lengthBytes), visit, areas.work);
    await areas.work.turn();
  }
}

/** What the root folder's own record tells of all records. */
export interface Sharing {
  /** Where that record's own entries begin. */
  readonly from: number;
  /** Octets in front of every other record's entries. */
  readonly skipped: number;
}

/** By the first entry of the root's own record; undefined where there is none. CD-ROM XA puts 14 octets before it. §5.3 */
export function sharingOf(systemUse: Uint8Array): Sharing | undefined {
  for (const from of [0, 14]) {
    const r = new ByteReader(systemUse.subarray(from));
    if (r.left < 7 || r.u16('signature') !== SHARING) continue;
    if (latin1(r.skip(2, 'header').take(2, 'check')) === '\xbe\xef') return { from, skipped: r.u8('length skipped') };
  }
  return undefined;
}
