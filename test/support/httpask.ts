/** A client of HTTP that sends the very octets a test says, and tells what came back, whole or not; slow, rude or gone as it is told. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Content, fieldIn, type Message, MessageReader } from './httpread.ts';

export interface Place {
  readonly address: string;
  readonly port: number;
}

export interface Received extends Message, Content {
  readonly status: number;
  /** Its field's lines as one value. */
  field(name: string): string | undefined;
  /** 100, 103 and the like that came before it. */
  readonly interim: readonly Message[];
  /** What is kept of the content. */
  readonly text: string;
}

export interface AskTerms {
  /** The client's own address: 127.0.0.2 and so on. */
  readonly from?: string;
  /** How much of the content is kept; all of a usual one. */
  readonly keepBytes?: number;
  readonly isHashed?: boolean;
  /** Waited longer for than usual. */
  readonly patienceMs?: number;
  /** Content as it comes: the buffer is used again. Throws where it is wrong: the connection is closed then, and `next` rejects. */
  readonly onContent?: (chunk: Uint8Array, position: number) => void;
}

const KEPT_BYTES = 4 * 2 ** 20;
const READ_BYTES = 256 * 1024;
/** A hang is a failure with words instead of a run that never ends. */
const PATIENCE_MS = 20_000;

/** A connection, and what comes over it. */
export class Wire {
  readonly socket: Socket;
  /** Octets that came, heads and framing included. */
  receivedBytes = 0;
  isEnded = false;
  readonly #reader: MessageReader;
  readonly #patienceMs: number;
  readonly #answers: Received[] = [];
  #interim: Message[] = [];
  #methods: string[] = [];
  /** What came is not what was to come. */
  #wrong: Error | undefined;
  #broken: Error | undefined;
  #waiting: (() => void)[] = [];
  /** Behind a CONNECT that was granted: octets as they are. */
  #raw: Buffer[] | undefined;

  private constructor(socket: Socket, terms: AskTerms) {
    this.socket = socket;
    this.#patienceMs = terms.patienceMs ?? PATIENCE_MS;
    this.#reader = new MessageReader({
      isBare: (message) => this.#isBare(message),
      mayEndByClose: true,
      keepBytes: terms.keepBytes ?? KEPT_BYTES,
      isHashed: terms.isHashed ?? false,
      onHead: () => this.#wake(),
      ...(terms.onContent ? { onContent: terms.onContent } : {}),
      onMessage: (message, content) => this.#message(message, content),
    });
    socket.on('error', (error) => {
      this.#broken ??= error;
    });
    socket.on('end', () => this.#end());
    socket.on('close', () => this.#end());
  }

  static async open(at: Place, terms: AskTerms = {}): Promise<Wire> {
    let wire: Wire | undefined;
    const onread = {
      buffer: Buffer.allocUnsafe(terms.keepBytes === 0 ? READ_BYTES : 16_384),
      callback: (length: number, buffer: Uint8Array): boolean => {
        wire?.take(buffer.subarray(0, length));
        return true;
      },
    };
    const socket = connect({
      ...{ host: at.address, port: at.port, onread, allowHalfOpen: true },
      ...(terms.from === undefined ? {} : { localAddress: terms.from }),
    });
    wire = new Wire(socket, terms);
    await once(socket, 'connect');
    return wire;
  }

  /** Of the answer that is coming: content until now. */
  get contentBytes(): number {
    return this.#reader.bytes;
  }

  /** For who reads on its own account; `open` does it. */
  take(chunk: Uint8Array): void {
    this.receivedBytes += chunk.length;
    try {
      const used = this.#raw ? 0 : this.#reader.push(chunk);
      this.#raw?.push(Buffer.from(chunk.subarray(used)));
    } catch (error) {
      this.#wrong ??= error as Error;
      this.socket.destroy();
    }
    this.#wake();
  }

  /** Octets as they are. `method`s of what they ask, where that is not GET: an answer to HEAD has no content. */
  send(octets: string | Uint8Array, ...methods: readonly string[]): void {
    this.#methods.push(...methods);
    this.socket.write(typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets);
  }

  /** The next answer that is not interim, whole or cut off. Rejects where none comes, or what comes is no HTTP. */
  async next(): Promise<Received> {
    await this.until('an answer', () => this.#answers.length > 0 || this.isEnded || this.#wrong !== undefined);
    if (this.#wrong) throw this.#wrong;
    const answer = this.#answers.shift();
    if (!answer) throw new Error('no answer before the end', { cause: this.#broken });
    return answer;
  }

  /** Resolves once `is`, looked at whenever something came. */
  async until(what: string, is: () => boolean): Promise<void> {
    let isLate = false;
    const late = setTimeout(() => {
      isLate = true;
      this.#wake();
    }, this.#patienceMs);
    while (!is() && !isLate) await new Promise<void>((resume) => this.#waiting.push(resume));
    clearTimeout(late);
    if (!is()) throw new Error(`waited in vain for ${what}`);
  }

  /** From now on what comes is no HTTP; `raw` has it. */
  tunnel(): void {
    this.#raw ??= [];
    this.#reader.stop();
  }

  get raw(): Buffer {
    return Buffer.concat(this.#raw ?? []);
  }

  /** The other side has nothing more to say. */
  ended(): Promise<void> {
    return this.until('the end', () => this.isEnded);
  }

  /** Reads nothing any more, so that the sender has to wait. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Has nothing more to say. */
  end(): void {
    this.socket.end();
  }

  close(): void {
    this.socket.destroy();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  #isBare({ start }: Message): boolean {
    const status = statusOf(start);
    const method = this.#methods[0] ?? 'GET';
    if (status === 101 || (method === 'CONNECT' && status >= 200 && status < 300)) this.tunnel();
    return status < 200 || status === 204 || status === 304 || method === 'HEAD' || this.#raw !== undefined;
  }

  #message(message: Message, content: Content): void {
    const status = statusOf(message.start);
    if (status < 200 && status !== 101) {
      this.#interim.push(message);
      return;
    }
    const interim = this.#interim;
    this.#interim = [];
    this.#methods.shift();
    this.#answers.push({
      ...message,
      ...content,
      ...{ status, interim },
      field: (name) => fieldIn(message.lines, name),
      text: content.body.toString('latin1'),
    });
  }

  #end(): void {
    if (this.isEnded) return;
    this.#reader.end();
    this.isEnded = true;
    this.#wake();
  }

  #wake(): void {
    const all = this.#waiting;
    this.#waiting = [];
    for (const resume of all) resume();
  }
}

function statusOf(start: string): number {
  const status = /^HTTP\/1\.[01] (\d{3})( |$)/.exec(start)?.[1];
  if (status === undefined) throw new Error(`no status line: ${JSON.stringify(start)}`);
  return Number(status);
}

/** One request's octets: absolute form for a proxy, origin form where `url` is a path. Host from the URL unless it is among `fields`. */
export function requestFor(
  method: string,
  url: string,
  fields: Readonly<Record<string, string>> = {},
  body = '',
): string {
  const host = /^[a-z]+:\/\/([^/?#]*)/i.exec(url)?.[1];
  const own = Object.keys(fields).some((name) => name.toLowerCase() === 'host');
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const first = own || host === undefined ? '' : `Host: ${host}\r\n`;
  const length = body === '' ? '' : `Content-Length: ${Buffer.byteLength(body, 'latin1')}\r\n`;
  return `${method} ${url} HTTP/1.1\r\n${first}${lines.join('')}${length}\r\n${body}`;
}

/** What comes of one request over a connection of its own. */
export async function ask(
  at: Place,
  request: {
    readonly method?: string;
    readonly url: string;
    readonly fields?: Readonly<Record<string, string>>;
    readonly body?: string;
  },
  terms: AskTerms = {},
): Promise<Received> {
  const { method = 'GET', url, fields = {}, body } = request;
  const wire = await Wire.open(at, terms);
  try {
    wire.send(requestFor(method, url, fields, body), method);
    return await wire.next();
  } finally {
    wire.close();
  }
}
