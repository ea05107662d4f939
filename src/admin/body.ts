/** What a request brings along: whole, bounded for one and for all together. */
import type { IncomingMessage } from 'node:http';
import { MAX_ANNOUNCEMENT_BYTES } from '../core/swarm.ts';

/** Sixteen nodes that send their catalogues at the same moment; others are asked to come again in two seconds. */
const MAX_HELD_BYTES = 16 * MAX_ANNOUNCEMENT_BYTES;

export type Body =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array }
  /** `crowded`: too much is on its way to us at once. `cut`: the peer went away. */
  | { readonly kind: 'too-long' | 'crowded' | 'cut' };

export class BodyReader {
  #heldBytes = 0;

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Never rejects. What is too long is not read to its end: the connection cannot be used again. */
  async read(request: IncomingMessage): Promise<Body> {
    if (Number(request.headers['content-length'] ?? 0) > MAX_ANNOUNCEMENT_BYTES) return { kind: 'too-long' };
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    try {
      // Left early, the request is to stay open: its refusal goes out by the same socket.
      for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
        if (bytes + chunk.length > MAX_ANNOUNCEMENT_BYTES) return { kind: 'too-long' };
        if (this.#heldBytes + chunk.length > MAX_HELD_BYTES) return { kind: 'crowded' };
        bytes += chunk.length;
        this.#heldBytes += chunk.length;
        chunks.push(chunk);
      }
      return { kind: 'whole', bytes: Buffer.concat(chunks, bytes) };
    } catch {
      return { kind: 'cut' };
    } finally {
      this.#heldBytes -= bytes;
    }
  }
}
