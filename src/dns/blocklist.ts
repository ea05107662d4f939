/** Names that are not answered: a domain covers what is below it. Some octets a name, and no objects: half a million fit into some 20 MB. */
import { latin1, octetAt, setOctet } from '../core/bytes.ts';
import type { Name } from './query.ts';

export interface Blocklist {
  readonly size: number;
  /** Whether the name or a domain above it is on the list. */
  has(name: Name): boolean;
}

export const NOTHING_BLOCKED: Blocklist = { size: 0, has: () => false };

/** RFC 1035 §2.3.4. */
const MAX_NAME_BYTES = 255;
const MAX_LABEL_BYTES = 63;
const MAX_LABELS = 127;
/** Names sorted in before others have their turn: some milliseconds. */
const NAMES_A_STEP = 5000;

/** Collects domains as people write them. Twice the same is once. */
export class BlocklistBuilder {
  /** Names in wire format, one behind the other. */
  #bytes: Uint8Array;
  #used = 0;
  #names = 0;

  /** Room for so many octets is made at once; it grows where that is not enough. */
  constructor(expectedBytes = 0) {
    this.#bytes = new Uint8Array(expectedBytes + MAX_NAME_BYTES);
  }

  get names(): number {
    return this.#names;
  }

  /** `domain`: ASCII, in any case, perhaps with a dot at the end. False for what is no name, or an address. */
  add(domain: string): boolean {
    this.#makeRoom();
    const length = domain.endsWith('.') ? domain.length - 1 : domain.length;
    if (length === 0 || length > MAX_NAME_BYTES - 2) return false;
    let labelAt = this.#used;
    let isNumber = true;
    for (let i = 0; i <= length; i++) {
      const at = this.#used + i;
      const code = i === length ? DOT : lowerCase(domain.charCodeAt(i));
      if (code !== DOT) {
        if (!isOfNames(code)) return false;
        isNumber &&= code <= NINE && code >= ZERO;
        setOctet(this.#bytes, at + 1, code);
        continue;
      }
      const labelBytes = at - labelAt;
      if (labelBytes === 0 || labelBytes > MAX_LABEL_BYTES) return false;
      setOctet(this.#bytes, labelAt, labelBytes);
      labelAt = at + 1;
      if (i < length) isNumber = true;
    }
    // No top domain is a number: that is how addresses end.
    if (isNumber) return false;
    setOctet(this.#bytes, labelAt, 0);
    this.#used = labelAt + 1;
    this.#names += 1;
    return true;
  }

  /**
   * Gives the list in the end, a step at a time, so that others have their turn in between; afterwards the builder is of no use.
   * `seed`: 32 bits of chance, so that nobody writes names that all come to stand in one place.
   */
  *build(seed: number): Generator<void, Blocklist, void> {
    const [bytes, end] = [this.#bytes, this.#used];
    const table = new NameTable(bytes, this.#names, seed);
    let keptEnd = 0;
    for (let at = 0, names = 1; at < end; names++) {
      const nameEnd = endOfName(bytes, at);
      // What was there before is left out, and the rest moves up.
      if (keptEnd < at) bytes.copyWithin(keptEnd, at, nameEnd);
      const keptNext = keptEnd + nameEnd - at;
      if (table.put(latin1(bytes.subarray(keptEnd, keptNext)), keptEnd)) keptEnd = keptNext;
      at = nameEnd;
      if (names % NAMES_A_STEP === 0) yield;
    }
    this.#bytes = new Uint8Array(0);
    return table.trimmed(keptEnd);
  }

  #makeRoom(): void {
    if (this.#used + MAX_NAME_BYTES <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * this.#bytes.length + MAX_NAME_BYTES);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

/** Where each name's labels begin, while it is looked up. */
const labelsAt = new Uint8Array(MAX_LABELS);

/**
 * Open addressing: each slot has where a name stands in `#bytes`, plus one; 0 is an empty one. Hashes run from a name's end to its
 * beginning, so that one pass over a name meets the hashes of all domains above it.
 */
class NameTable implements Blocklist {
  #bytes: Uint8Array;
  readonly #slots: Uint32Array;
  readonly #seed: number;
  #size = 0;

  /** At most two thirds of the slots are taken. */
  constructor(bytes: Uint8Array, maxNames: number, seed: number) {
    this.#bytes = bytes;
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(1 + maxNames * 1.5)));
    this.#seed = seed;
  }

  get size(): number {
    return this.#size;
  }

  has(name: Name): boolean {
    let labels = 0;
    let end = 0;
    for (let length = name.charCodeAt(0); length > 0 && labels < MAX_LABELS; length = name.charCodeAt(end)) {
      labelsAt[labels++] = end;
      end += 1 + length;
    }
    let hash = this.#seed;
    while (labels > 0) {
      const start = labelsAt[--labels] ?? 0;
      hash = hashOf(name, start, end, hash);
      end = start;
      if (this.#slots[this.#slotOf(name, start, hash)] !== 0) return true;
    }
    return false;
  }

  /** False where it is there already. It stands at `at`. */
  put(name: Name, at: number): boolean {
    const slot = this.#slotOf(name, 0, hashOf(name, 0, name.length - 1, this.#seed));
    if (this.#slots[slot] !== 0) return false;
    this.#slots[slot] = at + 1;
    this.#size += 1;
    return true;
  }

  /** Without the room that was not needed. */
  trimmed(bytes: number): this {
    this.#bytes = this.#bytes.slice(0, bytes);
    return this;
  }

  /** The slot of `name` from `start` on, or the empty one where it would be. */
  #slotOf(name: Name, start: number, hash: number): number {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let entry = this.#slots[slot] ?? 0; entry !== 0; entry = this.#slots[slot] ?? 0) {
      if (this.#isAt(entry - 1, name, start)) return slot;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  /** Names end themselves: none is the beginning of another. */
  #isAt(at: number, name: Name, start: number): boolean {
    for (let i = start; i < name.length; i++) {
      if (octetAt(this.#bytes, at + i - start) !== name.charCodeAt(i)) return false;
    }
    return true;
  }
}

/** Of the octets from `start` to before `end`, last one first, going on from `hash`. By MurmurHash2's factor. */
function hashOf(name: Name, start: number, end: number, hash: number): number {
  let mixed = hash;
  for (let i = end - 1; i >= start; i--) {
    mixed = Math.imul(mixed ^ name.charCodeAt(i), 0x5bd1_e995);
    mixed ^= mixed >>> 15;
  }
  return mixed;
}

function endOfName(bytes: Uint8Array, from: number): number {
  let at = from;
  for (let length = octetAt(bytes, at); length > 0; length = octetAt(bytes, at)) at += 1 + length;
  return at + 1;
}

const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;

const lowerCase = (code: number): number => (code >= 0x41 && code <= 0x5a ? code + 0x20 : code);

/** Letters, digits, `-`, and `_`, which hosts don't have and names of services and advertisers do. */
function isOfNames(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= ZERO && code <= NINE) || code === 0x2d || code === 0x5f;
}
