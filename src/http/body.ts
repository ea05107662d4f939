/** Sends a body: one piece is on its way while the next is read, and never more than two are in memory. */
import type { ServerResponse } from 'node:http';
import type { Content } from '../core/content.ts';
import type { Segment } from './answer.ts';
import { Pieces } from './pieces.ts';
import type { BigBuffers, Pace } from './pool.ts';

/** `changed`: the bytes are no longer those that were opened; the body must not be completed. */
export type BodyOutcome = 'sent' | 'aborted' | 'changed';

export interface BodyMeans {
  readonly pool: BigBuffers;
  readonly pace: Pick<Pace, 'isFast' | 'record'>;
  /** Milliseconds that never go back. */
  readonly now: () => number;
  /** Comes back when everybody else has had a turn. */
  readonly turn: () => Promise<void>;
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
    const flushed = flush(out, piece.views, piece.isLast);
    const ahead = means.pace.isFast && !piece.isLast ? pieces.next() : undefined;
    // Its failure is met below, after this piece has gone.
    ahead?.catch(() => {});
    if (!(await flushed)) {
      pieces.abandon(piece);
      const unsent = await ahead?.catch(() => undefined);
      if (unsent) pieces.recycle(unsent);
      return 'aborted';
    }
    means.pace.record(piece.bytes, means.now() - startMs);
    pieces.recycle(piece);
    if (piece.isLast) return 'sent';
    // What is lent needs no disk, and a peer that takes it at once no network: all others would wait for this one.
    if (piece.kind === 'lent') await means.turn();
    piece = await (ahead ?? pieces.next());
  }
}

/** Who cannot say whether the bytes are the same does not vouch for them. */
function isUnchanged(content: Content): Promise<boolean> {
  return content.isUnchanged().catch(() => false);
}

/** True once the kernel has all of the piece, false when the connection is gone before. */
export function flush(out: ServerResponse, views: readonly Uint8Array[], isLast: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    if (out.destroyed) return resolve(false);
    const onClose = (): void => resolve(false);
    const onFlushed = (error?: Error | null): void => {
      out.off('close', onClose);
      resolve(!error);
    };
    out.once('close', onClose);
    const [first] = views;
    // The last octets go out in one write with the head, where that is still waiting.
    if (isLast && views.length === 1) return out.end(first, onFlushed);
    out.cork();
    for (const view of views.slice(0, -1)) out.write(view);
    if (isLast) out.end(views.at(-1), onFlushed);
    else out.write(views.at(-1), onFlushed);
    out.uncork();
  });
}
