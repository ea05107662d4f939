/** Cuts a body into pieces: lent out of the cache where it has them, read into memory of our own where it doesn't. */
import type { Content } from '../core/content.ts';
import { lengthOf, type Segment } from './answer.ts';
import { BIG_BYTES, type BigBuffers, LENT_BYTES, type Pace, SMALL_BYTES } from './pool.ts';
import type { ByteRange } from './range.ts';

export interface Piece {
  /** In order; one at least. */
  readonly views: readonly Uint8Array[];
  readonly bytes: number;
  /** `lent`: others read it, too. `own`: in `buffer`. `made`: between the parts of a multipart answer. */
  readonly kind: 'lent' | 'own' | 'made';
  readonly buffer?: Uint8Array;
  readonly isLast: boolean;
}

/** After it had nothing, the cache is asked again for the next block: asking twice would look like two readers. */
const ASK_AGAIN_BYTES = 1 << 20;
/** Of one piece: a file inside an image may lie there in many short runs. */
const MAX_VIEWS = 16;

export interface PieceMeans {
  readonly pool: BigBuffers;
  readonly pace: Pick<Pace, 'isFast'>;
}

/** Pieces of `segments`, one after another, and the count of the buffers they are in. */
export class Pieces {
  readonly #content: Content;
  readonly #segments: readonly Segment[];
  readonly #pool: BigBuffers;
  readonly #pace: Pick<Pace, 'isFast'>;
  #left: number;
  #index = 0;
  /** Octets of the present segment that are done. */
  #done = 0;
  /** Of those, up to where the cache isn't asked. */
  #askAt = 0;
  #spare: Uint8Array | undefined;

  constructor(content: Content, segments: readonly Segment[], { pool, pace }: PieceMeans) {
    this.#content = content;
    this.#segments = segments;
    this.#pool = pool;
    this.#pace = pace;
    this.#left = lengthOf(segments);
  }

  /** The next piece; nothing when the content has become shorter than it was. Rejects when it cannot be read. */
  async next(): Promise<Piece | undefined> {
    const segment = this.#segments[this.#index];
    if (segment === undefined) return undefined;
    if (segment instanceof Uint8Array) {
      const isLast = this.#take(segment.length, segment.length);
      return { views: [segment], bytes: segment.length, kind: 'made', isLast };
    }
    return (await this.#lent(segment)) ?? this.#read(segment);
  }

  /** The piece was sent, or never was: its buffer may be used again. */
  recycle({ buffer, kind }: Piece): void {
    if (kind === 'lent') this.#pool.drop();
    else if (buffer?.length === BIG_BYTES) this.#pool.give(buffer);
    else this.#spare = buffer ?? this.#spare;
  }

  /** The connection died under the piece. */
  abandon({ buffer, kind }: Piece): void {
    if (kind === 'lent' || buffer?.length === BIG_BYTES) this.#pool.drop();
  }

  async #lent(segment: ByteRange): Promise<Piece | undefined> {
    const { borrow } = this.#content;
    if (!borrow || this.#done < this.#askAt || !this.#pool.lease(this.#pace.isFast)) return undefined;
    const start = segment.start + this.#done;
    const wanted = Math.min(this.#pace.isFast ? LENT_BYTES : BIG_BYTES, segment.end - start);
    const views: Uint8Array[] = [];
    let bytes = 0;
    try {
      while (bytes < wanted && views.length < MAX_VIEWS) {
        const view = await borrow.call(this.#content, start + bytes, wanted - bytes);
        if (view === undefined) this.#askAt = this.#done + bytes + ASK_AGAIN_BYTES;
        if (!view?.length) break;
        views.push(view);
        bytes += view.length;
      }
    } catch (error) {
      this.#pool.drop();
      throw error;
    }
    if (bytes > 0) return { views, bytes, kind: 'lent', isLast: this.#take(bytes, segment.end - segment.start) };
    this.#pool.drop();
    return undefined;
  }

  async #read(segment: ByteRange): Promise<Piece | undefined> {
    const position = segment.start + this.#done;
    const buffer = this.#buffer();
    const bytes = Math.min(buffer.length, segment.end - position);
    const view = buffer.subarray(0, bytes);
    const piece: Piece = {
      views: [view],
      bytes,
      kind: 'own',
      buffer,
      isLast: this.#take(bytes, segment.end - segment.start),
    };
    const count = await this.#content.read(view, position).catch((error) => {
      this.recycle(piece);
      throw error;
    });
    if (count === bytes) return piece;
    this.recycle(piece);
    return undefined;
  }

  #buffer(): Uint8Array {
    const big = this.#pace.isFast && this.#left > SMALL_BYTES ? this.#pool.take() : undefined;
    const buffer = big ?? this.#spare ?? Buffer.allocUnsafeSlow(Math.min(SMALL_BYTES, this.#left));
    if (buffer === this.#spare) this.#spare = undefined;
    return buffer;
  }

  /** `bytes` more of a segment of `segmentBytes` are done; true when that was the last of all. */
  #take(bytes: number, segmentBytes: number): boolean {
    this.#left -= bytes;
    this.#done += bytes;
    if (this.#done === segmentBytes) {
      this.#index += 1;
      this.#done = 0;
      this.#askAt = 0;
    }
    return this.#left === 0;
  }
}
