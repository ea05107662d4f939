/** Computes the digest of an image beside the work of serving: a little at a time, and the less the busier the node is. */
import { createHash } from 'node:crypto';
import type { Content } from '../core/content.ts';
import type { Clock } from '../host.ts';
import type { Algorithm } from './sums.ts';

/** Read at once. */
const PIECE_BYTES = 1 << 20;
/** Hashed at once, in a millisecond at most: the event loop serves others in between. */
const SLICE_BYTES = 128 << 10;
/**
 * Rests twice as long as a piece has taken, the waiting for its turn included: a third of a core on an idle machine, which
 * is 150 to 300 MB/s. Where event loop or disk are busy with clients a piece takes longer, so the rest grows by itself.
 */
const REST_FACTOR = 2;
const MAX_REST_MS = 1000;

export interface HashPace {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  /** Whether it rests: nobody is served by a command that only looks. */
  readonly isGentle: boolean;
  /** Ends it between two pieces. */
  readonly signal: AbortSignal;
  readonly onProgress: (doneBytes: number) => void;
}

/** Lower-case hex; nothing when it was ended, or when the content changed meanwhile. Rejects when it cannot be read. */
export async function digestOf(content: Content, algorithm: Algorithm, pace: HashPace): Promise<string | undefined> {
  const { clock, signal, isGentle, onProgress } = pace;
  const hash = createHash(algorithm);
  const piece = new Uint8Array(Math.min(PIECE_BYTES, Math.max(content.sizeBytes, 1)));
  for (let doneBytes = 0; doneBytes < content.sizeBytes; ) {
    const beganMs = clock.now();
    const count = await content.read(piece, doneBytes);
    if (count === 0) return undefined;
    for (let at = 0; at < count; at += SLICE_BYTES) {
      hash.update(piece.subarray(at, Math.min(count, at + SLICE_BYTES)));
      await otherWork();
      if (signal.aborted) return undefined;
    }
    doneBytes += count;
    onProgress(doneBytes);
    if (isGentle) await rest(clock, Math.min(MAX_REST_MS, REST_FACTOR * (clock.now() - beganMs)), signal);
    if (signal.aborted) return undefined;
  }
  return (await content.isUnchanged()) ? hash.digest('hex') : undefined;
}

/** One turn of the event loop. */
function otherWork(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function rest(clock: Pick<Clock, 'after'>, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal.addEventListener('abort', done);
  });
}
