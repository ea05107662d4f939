/** What is done for a request, as a value: told from what is kept, asked of the origin, or both. */
import type { Asked, Entry, Refusal, Rule } from './types.ts';

export type Plan =
  /** Told from what is kept; `isStale`, it is asked about behind the client's back. */
  | { readonly kind: 'tell'; readonly entry: Entry; readonly ageSec: number; readonly isStale: boolean }
  /**
   * Asked of the origin, once for all who wait and whose request comes to the same. `stored`: asked whether it still holds.
   * `fallback`: tells that instead where the origin does not answer, or answers with 500, 502, 503 or 504.
   */
  | { readonly kind: 'ask'; readonly stored: Entry | undefined; readonly fallback: Entry | undefined }
  /** Asked for this client alone, and nothing of it kept: unsafe methods, requests with content, no-store. */
  | { readonly kind: 'pass'; readonly reason: 'method' | 'content' | 'no-store' | 'upgrade' | 'condition' | 'private' }
  | ({ readonly kind: 'refused' } & Refusal);

/** `entries`: all that is kept under the request's key. GET and HEAD are cached; a HEAD is told from what a GET kept. */
export function plan(_asked: Asked, _entries: readonly Entry[], _rule: Rule, _nowMs: number): Plan {
  throw new Error('unwritten');
}
