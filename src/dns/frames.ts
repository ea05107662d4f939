/** Messages out of a stream of octets, and into one: two octets of length before each. RFC 1035 §4.2.2, RFC 7766 §8. */
import { pairAt, setPair } from '../core/bytes.ts';
import { HEADER_OCTETS } from './wire.ts';

const LENGTH_BYTES = 2;
/** What two octets can say, and they. */
const MAX_FRAME_BYTES = LENGTH_BYTES + 0xffff;
const NOTHING = new Uint8Array(0);

/**
 * Takes a stream as it comes, in pieces of any size. What it holds is what came and was not taken out: a length that promises
 * much costs nothing, and each octet is copied a few times at most, whether they come one by one or all at once.
 */
export class Frames {
  #bytes: Uint8Array = NOTHING;
  /** Where the next frame begins, and where what came ends. */
  #at = 0;
  #end = 0;

  /** Octets that were not taken out. */
  get heldBytes(): number {
    return this.#end - this.#at;
  }

  /** `chunk` is kept, and not written into. */
  put(chunk: Uint8Array): void {
    if (this.heldBytes === 0) {
      this.#bytes = chunk;
      this.#at = 0;
      this.#end = chunk.length;
      return;
    }
    // A chunk has no room behind it, so nothing is ever written into one.
    if (this.#end + chunk.length > this.#bytes.length) this.#grow(chunk.length);
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** The next whole message, of 0 to 65,535 octets; it stays as it is for whoever keeps it. Nothing when more must come. */
  next(): Uint8Array | undefined {
    if (this.heldBytes < LENGTH_BYTES) return undefined;
    const from = this.#at + LENGTH_BYTES;
    const end = from + pairAt(this.#bytes, this.#at);
    if (end > this.#end) return undefined;
    this.#at = end;
    return this.#bytes.subarray(from, end);
  }

  /**
   * Calls `onMessage` for each message that is whole now. False where a length is a lie, shorter than any message: what follows
   * cannot be made sense of.
   */
  push(chunk: Uint8Array, onMessage: (message: Uint8Array) => void): boolean {
    this.put(chunk);
    for (let message = this.next(); message; message = this.next()) {
      if (message.length < HEADER_OCTETS) return false;
      onMessage(message);
    }
    return true;
  }

  /** Room for twice of what there is, up to a whole frame. The old place is left to who keeps a message that lies there. */
  #grow(count: number): void {
    const held = this.heldBytes;
    const grown = new Uint8Array(Math.max(held + count, Math.min(2 * held, MAX_FRAME_BYTES)));
    grown.set(this.#bytes.subarray(this.#at, this.#end));
    this.#bytes = grown;
    this.#at = 0;
    this.#end = held;
  }
}

/** `message`, of 65,535 octets at most, behind its length: to be written at once, or some servers see half a message. RFC 7766 §8. */
export function framed(message: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + message.length);
  setPair(frame, 0, message.length);
  frame.set(message, LENGTH_BYTES);
  return frame;
}
