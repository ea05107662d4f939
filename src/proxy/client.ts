/** Asks origins: by HTTP and HTTPS, over connections that are kept, to addresses that are allowed. */
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { Fields } from './fields.ts';
import type { Head, Refusal } from './types.ts';
import type { Url } from './url.ts';

export interface Outgoing {
  readonly url: Url;
  readonly method: string;
  /** As they are to be sent; framing (Content-Length, Transfer-Encoding) is the client's own business where there is `content`. */
  readonly fields: Fields;
  /** What the request carries; its length where it is known. */
  readonly content?: { readonly from: Readable; readonly bytes: number | undefined } | undefined;
  /** 100, 103 and the like; 64 at most. */
  readonly onInterim?: ((head: Head) => void) | undefined;
}

export interface Answer {
  readonly head: Head;
  /** Ends where the origin's answer does; fails where it broke off. Whoever does not want it destroys it, which closes the connection. */
  readonly content: Readable;
  /** Behind the content, once it has ended. */
  trailers(): Fields;
}

export interface Asking {
  /** Rejects with an `UpstreamFault`. */
  readonly answer: Promise<Answer>;
  /** Closes the connection, whatever it is in the middle of. */
  abort(): void;
}

export class UpstreamFault extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal, cause?: unknown) {
    super(refusal.says, { cause });
    this.refusal = refusal;
  }
}

export interface ClientTerms {
  /** The addresses of a name, IPv4 first; none where it has none. Rejects where nobody answers. Never more than a dozen. */
  readonly resolve: (name: string) => Promise<readonly string[]>;
  /** Asked of the very address that is connected to. */
  readonly mayConnect: (address: string, host: string, port: number) => boolean;
}

export interface UpstreamClient {
  ask(outgoing: Outgoing): Asking;
  /** A connection for a tunnel. */
  connect(host: string, port: number): { readonly socket: Promise<Socket>; abort(): void };
  /** Closes every connection. */
  stop(): void;
}

export function openClient(_terms: ClientTerms): UpstreamClient {
  throw new Error('unwritten');
}
