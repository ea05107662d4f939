/** A file's ETag from its bytes alone, so that every node gives the same one for copies of the same image. */
import { createHash } from 'node:crypto';
import { Gate } from './gate.ts';

/** Reads up to `into.length` octets from `position`; the count is short only at the end. */
export type ReadAt = (into: Uint8Array, position: number) => Promise<number>;

/** Up to here every octet is hashed: kernels, initrds, loaders, small images. 64 MiB take a tenth of a second. */
const WHOLE_BYTES = 64 << 20;
/** One piece, between which the event loop does other work. */
const PIECE_BYTES = 256 << 10;
const SAMPLE_BYTES = 16 << 10;
const SAMPLES = 32;

/** Reading more than this is long work; who reads less does not queue behind it. */
const LONG_BYTES = 2 << 20;
/** Who waits has opened its file, and of one file only the first waits: no more than files can be open. */
const MAX_WAITING = Number.POSITIVE_INFINITY;
const longWork = new Gate(2, MAX_WAITING);
const shortWork = new Gate(16, MAX_WAITING);

/**
 * A strong validator, quotes included: RFC 9110 §8.8.3. It depends on the size and the bytes, never on inode or time:
 * a client that lost one node resumes at another (If-Range).
 *
 * Files over 64 MiB are sampled, since hashing 4 GB before the first answer would keep a client waiting for many
 * seconds: the first and last 256 KiB and 32 pieces of 16 KiB spread evenly. What this cannot see is a file of the same
 * size that differs between the samples alone, as a disk image edited in place may. Rebuilt images don't come so: they
 * have another date in the volume descriptor (first 256 KiB), another file table, and compressed bytes that differ from
 * the first change on. While a file is being sent, its size and times are watched besides.
 */
export async function fingerprint(read: ReadAt, sizeBytes: number): Promise<string> {
  const isLong = sizeBytes > LONG_BYTES && sizeBytes <= WHOLE_BYTES;
  const gate = isLong ? longWork : shortWork;
  await gate.enter();
  try {
    return await hashed(read, sizeBytes);
  } finally {
    gate.leave();
  }
}

async function hashed(read: ReadAt, sizeBytes: number): Promise<string> {
  const hash = createHash('sha256').update(`${sizeBytes}\n`);
  const buffer = new Uint8Array(Math.min(PIECE_BYTES, Math.max(sizeBytes, 1)));
  for (const { position, length } of sampled(sizeBytes)) {
    hash.update(buffer.subarray(0, await read(buffer.subarray(0, length), position)));
  }
  return `"${sizeBytes.toString(36)}-${hash.digest('base64url').slice(0, 22)}"`;
}

function* sampled(sizeBytes: number): Generator<{ readonly position: number; readonly length: number }> {
  if (sizeBytes <= WHOLE_BYTES) {
    for (let position = 0; position < sizeBytes; position += PIECE_BYTES) {
      yield { position, length: Math.min(PIECE_BYTES, sizeBytes - position) };
    }
    return;
  }
  yield { position: 0, length: PIECE_BYTES };
  for (let i = 0; i < SAMPLES; i++) {
    yield { position: Math.floor(((i + 0.5) * (sizeBytes - SAMPLE_BYTES)) / SAMPLES), length: SAMPLE_BYTES };
  }
  yield { position: sizeBytes - PIECE_BYTES, length: PIECE_BYTES };
}

/** Remembers `max` results by key and makes each of them once, however many ask meanwhile. A failure is forgotten. */
export class Remembered<Value> {
  readonly #byKey = new Map<string, Promise<Value>>();
  readonly #max: number;
  constructor(max: number) {
    this.#max = max;
  }

  get(key: string, make: () => Promise<Value>): Promise<Value> {
    const known = this.#byKey.get(key) ?? this.#made(key, make);
    // Taken out and put back, the key is the youngest; the oldest makes room.
    this.#byKey.delete(key);
    this.#byKey.set(key, known);
    const oldest = this.#byKey.size > this.#max ? this.#byKey.keys().next() : undefined;
    if (oldest && !oldest.done) this.#byKey.delete(oldest.value);
    return known;
  }

  #made(key: string, make: () => Promise<Value>): Promise<Value> {
    const made = make();
    made.catch(() => this.forget(key));
    return made;
  }

  forget(key: string): void {
    this.#byKey.delete(key);
  }
}
