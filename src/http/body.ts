/** Sends a body: one piece is on its way while the next is read, and never more than two are in memory. */
import type { ServerResponse } from 'node:http';
import type { Content } from '../core/content.ts';
import { lengthOf, type Segment } from './answer.ts';
import { BIG_BYTES, type BigBuffers, type Pace, SMALL_BYTES } from './pool.ts';

/** `changed`: the bytes are no longer those that were opened; the body must not be completed. */
export type BodyOutcome = 'sent' | 'aborted' | 'changed';

export interface BodyMeans {
  readonly pool: BigBuffers;
  readonly pace: Pick<Pace, 'isFast' | 'record'>;
  /** Milliseconds that never go back. */
  readonly now: () => number;
}

/**
 * Sends `segments` of `content` and ends `out`, whose head is written. Before the last piece goes out the content is
 * asked whether it is still the same: a client never gets all octets of two mixed files. Rejects when the content
 * cannot be read. Whatever happens, no read is left in flight.
 */
export async function sendBody(
  out: ServerResponse,
  content: Content,
  segments: readonly Segment[],
  means: BodyMeans,
): Promise<BodyOutcome> {
  const pieces = new Pieces(content, segments, means);
  let piece = await pieces.next();
  for (;;) {
    if (piece === undefined || (piece.isLast && !(await isUnchanged(content)))) {
      if (piece) pieces.recycle(piece);
      return 'changed';
    }
    const startMs = means.now();
    const flushed = flush(out, piece);
    const ahead = means.pace.isFast && !piece.isLast ? pieces.next() : undefined;
    // Its failure is met below, after this piece has gone.
    ahead?.catch(() => {});
    if (!(await flushed)) {
      pieces.abandon(piece);
      const unsent = await ahead?.catch(() => undefined);
      if (unsent) pieces.recycle(unsent);
      return 'aborted';
    }
    means.pace.record(piece.bytes.length, means.now() - startMs);
    pieces.recycle(piece);
    if (piece.isLast) return 'sent';
    piece = await (ahead ?? pieces.next());
  }
}

/** Who cannot say whether the bytes are the same does not vouch for them. */
function isUnchanged(content: Content): Promise<boolean> {
  return content.isUnchanged().catch(() => false);
}

interface Piece {
  readonly bytes: Uint8Array;
  /** Where `bytes` live, when they were read from the content. */
  readonly buffer?: Uint8Array;
  readonly isLast: boolean;
}

/** Cuts segments into pieces, reads them one after another, and keeps count of the buffers. */
class Pieces {
  readonly #content: Content;
  readonly #segments: readonly Segment[];
  readonly #means: BodyMeans;
  #left: number;
  #index = 0;
  /** Octets of the present segment that are done. */
  #done = 0;
  #spare: Uint8Array | undefined;

  constructor(content: Content, segments: readonly Segment[], means: BodyMeans) {
    this.#content = content;
    this.#segments = segments;
    this.#means = means;
    this.#left = lengthOf(segments);
  }

  /** The next piece; nothing when the content has become shorter than it was. */
  async next(): Promise<Piece | undefined> {
    const segment = this.#segments[this.#index];
    if (segment === undefined) return undefined;
    if (segment instanceof Uint8Array) {
      this.#index += 1;
      return { bytes: segment, isLast: this.#take(segment.length) };
    }
    const position = segment.start + this.#done;
    const buffer = this.#buffer();
    const length = Math.min(buffer.length, segment.end - position);
    this.#done += length;
    if (position + length === segment.end) {
      this.#index += 1;
      this.#done = 0;
    }
    const piece = { bytes: buffer.subarray(0, length), buffer, isLast: this.#take(length) };
    const count = await this.#content.read(piece.bytes, position).catch((error) => {
      this.recycle(piece);
      throw error;
    });
    if (count === length) return piece;
    this.recycle(piece);
    return undefined;
  }

  /** The piece was sent, or never was: its buffer may be used again. */
  recycle({ buffer }: Piece): void {
    if (buffer?.length === BIG_BYTES) this.#means.pool.give(buffer);
    else this.#spare = buffer ?? this.#spare;
  }

  /** The connection died under the piece. */
  abandon({ buffer }: Piece): void {
    if (buffer?.length === BIG_BYTES) this.#means.pool.drop();
  }

  #buffer(): Uint8Array {
    const big = this.#means.pace.isFast && this.#left > SMALL_BYTES ? this.#means.pool.take() : undefined;
    const buffer = big ?? this.#spare ?? Buffer.allocUnsafeSlow(Math.min(SMALL_BYTES, this.#left));
    if (buffer === this.#spare) this.#spare = undefined;
    return buffer;
  }

  #take(length: number): boolean {
    this.#left -= length;
    return this.#left === 0;
  }
}

/** True once the kernel has all of the piece, false when the connection is gone before. */
function flush(out: ServerResponse, piece: Piece): Promise<boolean> {
  return new Promise((resolve) => {
    if (out.destroyed) return resolve(false);
    const onClose = (): void => resolve(false);
    const onFlushed = (error?: Error | null): void => {
      out.off('close', onClose);
      resolve(!error);
    };
    out.once('close', onClose);
    if (piece.isLast) out.end(piece.bytes, onFlushed);
    else out.write(piece.bytes, onFlushed);
  });
}
