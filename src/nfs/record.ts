/** Record marking: RPC messages in a stream of TCP, each in one or more fragments. RFC 5531 §11. */

/** A client's stream, cut into records. Feed it what comes in; it holds no more than one record that is not whole. */
export class RecordReader {
  constructor(_maxBytes: number) {
    throw new Error('unwritten');
  }
  /** Records that are whole with `bytes`, in order; they may share memory with it. Throws `Malformed` for one longer than the bound, or of more fragments than anybody sends. */
  declare feed: (bytes: Uint8Array) => readonly Uint8Array[];
  /** Octets held of a record that is not whole. */
  declare readonly heldBytes: number;
}

/** The mark in front of a record of one fragment. */
export function recordMark(_bytes: number): Uint8Array {
  throw new Error('unwritten');
}
