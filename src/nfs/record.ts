/** Record marking: RPC messages in a stream of TCP, each in one or more fragments. RFC 5531 §11. */
import { Malformed, octetAt, own, part, quadAt, setQuad } from '../core/bytes.ts';

export const MARK_BYTES = 4;
/** The bit that says: this fragment is the record's last. The others are its length. */
const IS_LAST = 0x8000_0000;
/**
 * Of one record. Kernels and libnfs send one, libtirpc one for each buffer of 100 octets or more; whoever sends many short or empty
 * ones keeps a record open for ever.
 */
const MAX_FRAGMENTS = 256;
const NOTHING = new Uint8Array(0);

/** A client's stream, cut into records. Feed it what comes in; it holds no more than one record that is not whole. */
export class RecordReader {
  readonly #maxBytes: number;
  /** Of a mark that came in pieces: what is there, and of how many octets. All four: a fragment is being read. */
  #mark = 0;
  #markBytes = 0;
  /** Octets of the fragment that are still to come. */
  #toCome = 0;
  #fragments = 0;
  /** The record's first octets: room, and how many there are. */
  #room: Uint8Array = NOTHING;
  #held = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Octets held of a record that is not whole; in memory that is twice as large at most, and never larger than the bound. */
  get heldBytes(): number {
    return this.#held;
  }

  /**
   * Records that are whole with `bytes`, in order; they may share memory with it. Throws `Malformed` for one longer than the bound, as soon
   * as its mark says so, or of more fragments than anybody sends: what follows cannot be made sense of.
   */
  feed(bytes: Uint8Array): readonly Uint8Array[] {
    const records: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; ) {
      if (this.#markBytes < MARK_BYTES) {
        at = this.#takeMark(bytes, at);
        if (this.#markBytes < MARK_BYTES) break;
      }
      const count = Math.min(this.#toCome, bytes.length - at);
      this.#toCome -= count;
      const isWhole = this.#toCome === 0 && this.#mark >= IS_LAST;
      // Most come whole, in one piece: nothing is copied.
      if (isWhole && this.#held === 0) records.push(part(bytes, at, count));
      else this.#hold(bytes, at, count);
      at += count;
      if (isWhole && this.#held > 0) records.push(this.#takeHeld());
      if (isWhole) this.#fragments = 0;
      if (this.#toCome === 0) this.#markBytes = 0;
    }
    return records;
  }

  /** Reads what is there of a mark; where the octets behind it begin. */
  #takeMark(bytes: Uint8Array, from: number): number {
    let at = from;
    if (this.#markBytes === 0 && bytes.length - at >= MARK_BYTES) {
      this.#mark = quadAt(bytes, at);
      this.#markBytes = MARK_BYTES;
      at += MARK_BYTES;
    } else {
      if (this.#markBytes === 0) this.#mark = 0;
      for (; this.#markBytes < MARK_BYTES && at < bytes.length; at++, this.#markBytes++)
        this.#mark = this.#mark * 0x100 + octetAt(bytes, at);
    }
    if (this.#markBytes === MARK_BYTES) this.#begin(at);
    return at;
  }

  #begin(offset: number): void {
    this.#toCome = this.#mark % IS_LAST;
    this.#fragments += 1;
    if (this.#held + this.#toCome > this.#maxBytes)
      throw new Malformed(`record mark: over ${this.#maxBytes} octets`, offset);
    if (this.#fragments > MAX_FRAGMENTS) throw new Malformed('record mark: too many fragments', offset);
  }

  /** Copied, as a few octets would hold all of what came with them. A mark that promises much costs nothing. */
  #hold(bytes: Uint8Array, at: number, count: number): void {
    const needed = this.#held + count;
    if (needed > this.#room.length) {
      const grown = own(Math.min(2 * needed, this.#maxBytes));
      grown.set(part(this.#room, 0, this.#held));
      this.#room = grown;
    }
    this.#room.set(part(bytes, at, count), this.#held);
    this.#held = needed;
  }

  #takeHeld(): Uint8Array {
    const record = part(this.#room, 0, this.#held);
    this.#room = NOTHING;
    this.#held = 0;
    return record;
  }
}

/** The mark in front of a record of one fragment. */
export function recordMark(bytes: number): Uint8Array {
  const mark = new Uint8Array(MARK_BYTES);
  setQuad(mark, 0, markOf(bytes));
  return mark;
}

/** The same as a number. */
export function markOf(bytes: number): number {
  return IS_LAST + bytes;
}
