/** HTTP/1.1 messages octet by octet, as a test wants them: nothing mended, nothing joined, bodies not kept where they are large. RFC 9112. */
import { createHash } from 'node:crypto';

export type Line = readonly [name: string, value: string];

/** One message as it came. */
export interface Message {
  /** `GET /x HTTP/1.1` or `HTTP/1.1 200 OK`. */
  readonly start: string;
  readonly lines: readonly Line[];
  /** Start line, field lines and the empty one: Latin-1. */
  readonly raw: string;
}

/** Its content, as far as it came. */
export interface Content {
  /** The beginning, `keepBytes` at most. */
  readonly body: Buffer;
  readonly bytes: number;
  /** Of all of it, in hex; empty where nobody wanted it. */
  readonly sha256: string;
  readonly trailers: readonly Line[];
  /** By which it ended; `cut` where that was not to be. */
  readonly ended: 'none' | 'length' | 'chunked' | 'close' | 'cut';
}

/** A field's lines as one value; `name` in any letters. */
export function fieldIn(lines: readonly Line[], name: string): string | undefined {
  const values = lines.filter(([n]) => n.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(', ');
}

export interface ReadTerms {
  /** Whether a message has no content whatever its head says: answers to HEAD. */
  readonly isBare: (message: Message) => boolean;
  /** Whether content without a length goes on to the end of the connection: answers, not requests. */
  readonly mayEndByClose: boolean;
  readonly keepBytes: number;
  readonly isHashed: boolean;
  readonly onHead?: (message: Message) => void;
  /** Content as it comes: the buffer is the reader's, and used again. */
  readonly onContent?: (chunk: Uint8Array, position: number) => void;
  readonly onMessage: (message: Message, content: Content) => void;
}

type State = 'head' | 'length' | 'size' | 'chunk' | 'chunk-end' | 'trailers' | 'close';

/** Reads messages one behind another. Throws where the framing is none. */
export class MessageReader {
  readonly #terms: ReadTerms;
  #state: State = 'head';
  /** Of a head, a chunk's size line or trailers: what came of it. */
  #text = '';
  #left = 0;
  #message: Message | undefined;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #bytes = 0;
  #hash = createHash('sha256');
  #isStopped = false;

  constructor(terms: ReadTerms) {
    this.#terms = terms;
  }

  /** In the middle of a message. */
  get isBusy(): boolean {
    return this.#message !== undefined || this.#text !== '';
  }

  /** Of the present message's content. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What follows is no HTTP any more: it is left where it is. */
  stop(): void {
    this.#isStopped = true;
  }

  /** How much of it was read: all, unless it was stopped. */
  push(chunk: Uint8Array): number {
    let at = 0;
    while (at < chunk.length && !this.#isStopped) {
      if (this.#state === 'length' || this.#state === 'chunk' || this.#state === 'close') {
        at += this.#take(chunk.subarray(at));
        continue;
      }
      const end = chunk.indexOf(10, at);
      const to = end < 0 ? chunk.length : end + 1;
      this.#text += Buffer.from(chunk.buffer, chunk.byteOffset + at, to - at).toString('latin1');
      at = to;
      if (end >= 0) this.#line();
    }
    return at;
  }

  /** The connection has ended. */
  end(): void {
    if (this.#message === undefined) return;
    this.#finish(this.#state === 'close' ? 'close' : 'cut');
  }

  #line(): void {
    if (this.#state === 'head' || this.#state === 'trailers') {
      if (/^\r?\n$/.test(this.#text) && this.#state === 'head') this.#text = '';
      if (!/(^|\n)\r?\n$/.test(this.#text)) return;
      if (this.#state === 'head') this.#head();
      else this.#finish('chunked');
      return;
    }
    const text = this.#text;
    this.#text = '';
    if (this.#state === 'chunk-end') {
      if (!/^\r?\n$/.test(text)) throw new Error(`behind a chunk: ${JSON.stringify(text)}`);
      this.#state = 'size';
      return;
    }
    const size = /^([0-9a-f]+)\s*(;.*)?\r?\n$/i.exec(text)?.[1];
    if (size === undefined) throw new Error(`a chunk's size: ${JSON.stringify(text)}`);
    this.#left = Number.parseInt(size, 16);
    this.#state = this.#left === 0 ? 'trailers' : 'chunk';
  }

  #head(): void {
    const raw = this.#text;
    this.#text = '';
    const [start = '', ...rest] = raw.split(/\r?\n/);
    const message: Message = { start, lines: linesOf(rest), raw };
    this.#message = message;
    this.#terms.onHead?.(message);
    this.#left = 0;
    this.#state = this.#framing(message);
    if (this.#state === 'head') this.#finish('none');
    else if (this.#state === 'length' && this.#left === 0) this.#finish('length');
  }

  /** How its content is told; `head` where it has none. RFC 9112 §6.3. */
  #framing(message: Message): State {
    if (this.#terms.isBare(message)) return 'head';
    const coding = fieldIn(message.lines, 'transfer-encoding');
    if (coding !== undefined && /chunked\s*$/i.test(coding)) return 'size';
    const length = fieldIn(message.lines, 'content-length');
    if (length === undefined) return this.#terms.mayEndByClose ? 'close' : 'head';
    if (!/^\d+$/.test(length)) throw new Error(`Content-Length: ${length}`);
    this.#left = Number(length);
    return 'length';
  }

  #take(chunk: Uint8Array): number {
    const taken = this.#state === 'close' ? chunk : chunk.subarray(0, this.#left);
    this.#terms.onContent?.(taken, this.#bytes);
    if (this.#terms.isHashed) this.#hash.update(taken);
    const room = this.#terms.keepBytes - this.#keptBytes;
    if (room > 0) {
      const kept = Buffer.from(taken.subarray(0, room));
      this.#kept.push(kept);
      this.#keptBytes += kept.length;
    }
    this.#bytes += taken.length;
    if (this.#state === 'close') return taken.length;
    this.#left -= taken.length;
    if (this.#left === 0) {
      if (this.#state === 'length') this.#finish('length');
      else this.#state = 'chunk-end';
    }
    return taken.length;
  }

  #finish(ended: Content['ended']): void {
    const message = this.#message;
    if (!message) return;
    const content: Content = {
      body: Buffer.concat(this.#kept),
      bytes: this.#bytes,
      sha256: this.#terms.isHashed ? this.#hash.digest('hex') : '',
      trailers: linesOf(this.#text.split(/\r?\n/)),
      ended,
    };
    this.#message = undefined;
    this.#state = 'head';
    this.#text = '';
    this.#kept = [];
    this.#keptBytes = 0;
    this.#bytes = 0;
    this.#hash = createHash('sha256');
    this.#terms.onMessage(message, content);
  }
}

function linesOf(texts: readonly string[]): readonly Line[] {
  const lines: Line[] = [];
  for (const text of texts) {
    const colon = text.indexOf(':');
    if (colon > 0) lines.push([text.slice(0, colon), text.slice(colon + 1).trim()]);
  }
  return lines;
}
