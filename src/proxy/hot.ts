/** Requests that were answered from the cache, by their very octets: what comes again octet by octet the same gets the same answer. */
import type { Fields } from './fields.ts';
import type { Entry } from './types.ts';

/** A request that has been answered from the cache as a whole, by a small content. */
export interface Answered {
  readonly entry: Entry;
  readonly host: string;
  /** What is told now, if that entry still is the answer: decided as for any request. */
  readonly again: () => Fields | undefined;
}

interface Hot extends Answered {
  head: Uint8Array;
  /** Until then it need not be decided again: Age stands in the head, to the second. */
  untilMs: number;
}

/** Longer requests are rare, and not worth the memory. */
export const MAX_REQUEST_BYTES = 2048;
const MAX_REQUESTS = 4096;
/** Larger contents take so long to send that the rest does not matter. */
export const HOT_BYTES = 64 << 10;
/** How old an answer may look: Age and freshness are told by the second. */
const STEP_MS = 1000;

export class HotAnswers {
  readonly #hot = new Map<string, Hot>();
  readonly #now: () => number;
  /** As `Clock.date`. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The head to send before the content of `entry`, if this request is known and its answer has not changed. */
  find(request: string): { readonly head: Uint8Array; readonly entry: Entry; readonly host: string } | undefined {
    const hot = this.#hot.get(request);
    if (!hot) return undefined;
    const nowMs = this.#now();
    // A clock that was set back is no reason to believe in an old answer.
    if (nowMs < hot.untilMs && nowMs >= hot.untilMs - STEP_MS) return hot;
    const fields = hot.again();
    if (!fields) {
      this.#hot.delete(request);
      return undefined;
    }
    hot.head = headOf(fields, hot.entry.sizeBytes);
    hot.untilMs = nowMs + STEP_MS;
    return hot;
  }

  /** What goes first when it is full is what has been there for longest. */
  keep(request: string, answered: Answered): void {
    this.#hot.delete(request);
    this.#hot.set(request, { ...answered, head: new Uint8Array(0), untilMs: Number.NEGATIVE_INFINITY });
    const oldest = this.#hot.size > MAX_REQUESTS ? this.#hot.keys().next().value : undefined;
    if (oldest !== undefined) this.#hot.delete(oldest);
  }

  /** The configuration has changed. */
  clear(): void {
    this.#hot.clear();
  }
}

function headOf(fields: Fields, sizeBytes: number): Uint8Array {
  let head = 'HTTP/1.1 200 OK\r\n';
  for (let i = 0; i + 1 < fields.length; i += 2) head += `${fields[i]}: ${fields[i + 1]}\r\n`;
  return Buffer.from(`${head}Content-Length: ${sizeBytes}\r\nConnection: keep-alive\r\n\r\n`, 'latin1');
}

/** Whether these octets are one request without content, and nothing else, that leaves the connection open. */
export function isPlainRequest(text: string): boolean {
  if (!text.startsWith('GET ') || text.indexOf('\r\n\r\n') !== text.length - 4) return false;
  const lineEnd = text.indexOf('\r\n');
  return text.startsWith(' HTTP/1.1', lineEnd - 9) && !/\r\nconnection:(?!\s*keep-alive\r\n)/i.test(text);
}
