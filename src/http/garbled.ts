/** Requests that never become one: the parser gives them up, and the peer is told why in a sentence. */
import type { Duplex } from 'node:stream';
import { errnoOf } from '../core/errors.ts';

export interface Refusal {
  /** With its phrase. */
  readonly status: string;
  readonly says: string;
  /** The methods that would do, with 405. */
  readonly allow?: string;
}

export const NO_PROXY: Refusal = { status: '405 Method Not Allowed', says: 'This is no proxy.', allow: 'GET, HEAD' };
const NO_REQUEST: Refusal = { status: '400 Bad Request', says: 'That is no HTTP request.' };
const REFUSALS: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: { status: '431 Request Header Fields Too Large', says: 'Too many header fields.' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: '413 Payload Too Large', says: 'Nothing here takes content.' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: '408 Request Timeout', says: 'The request did not come to its end.' },
  // Quirk(busybox-sends-names-as-typed): busybox wget escapes nothing, and RFC 3986 §2.1 wants it escaped. Seen with
  // busybox 1.35; test/interop/http.test.ts.
  HPE_INVALID_URL: {
    status: '400 Bad Request',
    says: 'That is no URL: write "ñ" as "%C3%B1" and so on, or give the file a name in plain ASCII.',
  },
};

/** What a peer deserves for what the parser threw. */
export function refusalOf(error: unknown): Refusal {
  return REFUSALS[errnoOf(error) ?? ''] ?? NO_REQUEST;
}

/** Answers past the server's own bookkeeping, and closes when that has gone out. */
export function refuse(socket: Duplex, { status, says, allow }: Refusal): void {
  const head = [
    `HTTP/1.1 ${status}`,
    ...(allow === undefined ? [] : [`Allow: ${allow}`]),
    ...[
      'Content-Type: text/plain; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(says) + 1}`,
      'Connection: close',
    ],
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${says}\n`, () => socket.destroy());
}
