/** Unix text as netascii: a line ends in CR LF, a CR of its own is CR NUL. RFC 1350 §2, RFC 764 p. 10. */
import type { Content } from '../core/content.ts';
import type { Source } from './runs.ts';

const LF = 0x0a;
const CR = 0x0d;
const NUL = 0x00;

export interface Conversion {
  /** Octets of the source that are done with. */
  readonly used: number;
  /** Octets put into the output. */
  readonly written: number;
  /** Second octet of a pair whose first was the last that fitted. */
  readonly carry: number | undefined;
}

/** Converts as much of `from` as fits into `into`, after `carry` of the conversion before. */
export function convert(from: Uint8Array, into: Uint8Array, carry: number | undefined): Conversion {
  let written = 0;
  let pending = carry;
  if (pending !== undefined && into.length > 0) {
    into[written++] = pending;
    pending = undefined;
  }
  let used = 0;
  while (used < from.length && written < into.length) {
    const octet = from[used++];
    if (octet === LF || octet === CR) {
      into[written++] = CR;
      pending = octet === LF ? LF : NUL;
      if (written === into.length) break;
      into[written++] = pending;
      pending = undefined;
    } else {
      into[written++] = octet ?? NUL;
    }
  }
  return { used, written, carry: pending };
}

interface Mark {
  readonly sourcePosition: number;
  readonly carry: number | undefined;
}

/** Places to which a reader may go back: more than the runs of a window. */
const MAX_MARKS = 64;
const CHUNK_BYTES = 64 << 10;

/**
 * `content` as netascii, read as it is wanted. Its size is known only at the end (and so not told: tsize is left out of
 * the OACK, as tftpd-hpa and dnsmasq do). Reads begin where one has ended, or where a late one has begun; elsewhere
 * they reject.
 */
export function netasciiSource(content: Content): Source {
  const marks = new Map<number, Mark>([[0, { sourcePosition: 0, carry: undefined }]]);
  const remember = (position: number, mark: Mark): void => {
    marks.set(position, mark);
    for (const oldest of marks.keys()) if (marks.size > MAX_MARKS) marks.delete(oldest);
  };
  return {
    sizeBytes: undefined,
    isUnchanged: () => content.isUnchanged(),
    close: () => content.close(),
    read: async (into, position) => {
      let mark = marks.get(position);
      if (!mark) throw new RangeError(`netascii cannot be read from ${position}`);
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, into.length));
      let filled = 0;
      while (filled < into.length) {
        const got: number = await content.read(chunk, mark.sourcePosition);
        const done: Conversion = convert(chunk.subarray(0, got), into.subarray(filled), mark.carry);
        filled += done.written;
        mark = { sourcePosition: mark.sourcePosition + done.used, carry: done.carry };
        if (got === 0 && done.written === 0) break;
      }
      remember(position + filled, mark);
      return filled;
    },
  };
}
