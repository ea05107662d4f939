/** One request and its answer, over a connection that there is already or that is waited for. RFC 9112. */
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { Answer, Asking, ClientLimits, Outgoing } from './client.ts';
import type { Connection, Connections, Holder, Taker } from './connections.ts';
import { broken, exchangeFault, garbled, late, type UpstreamFault, unsendable } from './faults.ts';
import type { Fields } from './fields.ts';
import { extentOf, framed } from './framing.ts';
import { borrow, giveBack } from './lending.ts';
import { type Sender, Sending, type Turns } from './sending.ts';
import { authorityOf } from './url.ts';

/** A kept connection that an origin has closed in the meantime may be met with a second try: RFC 9112 §9.3.1, RFC 9110 §9.2.2. */
const REPEATABLE: ReadonlySet<string> = new Set(['GET', 'HEAD']);
/** RFC 9110 §15.2 sets no limit. An installer's server sends one or two. */
const MAX_INTERIM = 64;
const MAX_HEAD_BYTES = 64 * 1024;
const MAX_TRAILER_BYTES = 8 * 1024;

/** Hands over a socket that is there already. Whatever has an `addRequest` is an agent to node:http, which is how others replace it. */
class Handing extends http.Agent {
  addRequest(request: ClientRequest, { handed }: { readonly handed: Socket }): void {
    request.onSocket(handed);
  }
}
const AGENT = new Handing({ keepAlive: true });

export class Exchange implements Asking, Taker, Holder, Sender {
  readonly answer: Promise<Answer>;
  readonly way: Taker['way'];
  isFresh: boolean;
  readonly #outgoing: Outgoing;
  readonly #connections: Connections;
  readonly #limits: ClientLimits;
  readonly #settling: PromiseWithResolvers<Answer>;
  readonly #sending: Sending | undefined;
  #leave = (): void => {};
  #connection: Connection | undefined;
  #request: ClientRequest | undefined;
  #response: IncomingMessage | undefined;
  /** Whether the answer, or why there is none, was told. */
  #isSettled = false;
  #hasHeard = false;
  #headSinceMs: number | undefined;
  #interims = 0;

  constructor(outgoing: Outgoing, connections: Connections, turns: Turns, limits: ClientLimits) {
    const { scheme, host, port } = outgoing.url;
    const { content } = outgoing;
    this.#outgoing = outgoing;
    this.#connections = connections;
    this.#limits = limits;
    this.way = { host, port, isTls: scheme === 'https', isHalfOpen: false };
    // What cannot be asked twice is not asked over a connection that may be dead.
    this.isFresh = content !== undefined || !REPEATABLE.has(outgoing.method);
    this.#sending = content && new Sending(content, this, turns, limits);
    this.#settling = Promise.withResolvers();
    this.answer = this.#settling.promise;
    // Who has given up hears no more of it.
    this.answer.catch(() => {});
  }

  start(): void {
    if (this.#sending) this.#sending.start();
    else this.onReady();
  }

  /** As `Sender`. */
  get origin(): string {
    return this.#host;
  }

  get client(): string {
    return this.#outgoing.client ?? '';
  }

  onReady(): void {
    this.#leave = this.#connections.take(this);
  }

  abort(): void {
    this.#fail(broken(this.#host, 'is asked no more'));
  }

  onFault(fault: UpstreamFault): void {
    this.#fail(fault);
  }

  onConnection(connection: Connection): void {
    this.#connection = connection;
    connection.hold(this, this.#limits.silentMs);
    const { method, url } = this.#outgoing;
    let request: ClientRequest;
    try {
      request = http.request({
        ...{ agent: AGENT, handed: connection.socket, host: url.host, method, path: url.path },
        ...{ headers: framed(this.#outgoing), setHost: false, setDefaultHeaders: false },
        ...{ maxHeaderSize: MAX_HEAD_BYTES, insecureHTTPParser: false },
      } as http.RequestOptions);
    } catch (error) {
      this.#fail(unsendable(error));
      return;
    }
    this.#request = request;
    request
      .on('error', (error) => request === this.#request && this.#onError(error))
      .on('information', (head) => this.#onInterim(head.statusCode, head.rawHeaders))
      .on('upgrade', () => this.#fail(garbled(this.#host, 'it switched protocols unasked')))
      .on('response', (response) => this.#onResponse(response));
    if (this.#sending) this.#sending.send(request);
    else request.end();
  }

  /** As `Holder`. */
  heard(): boolean {
    if (this.#response?.complete) return false;
    this.#hasHeard = true;
    if (!this.#response) this.#mindHead();
    return true;
  }

  lost(error?: Error): void {
    this.#onError(error);
  }

  isPatient(): boolean {
    // There is something to read: it is the reader who takes his time.
    if (this.#response && (this.#response.complete || this.#response.readableLength > 0)) return true;
    this.#fail(late(this.#host, this.#response ? 'go on' : 'answer'));
    return false;
  }

  get #host(): string {
    return authorityOf(this.#outgoing.url);
  }

  /** Header octets that drip keep the connection from being silent. */
  #mindHead(): void {
    const nowMs = performance.now();
    this.#headSinceMs ??= nowMs;
    if (nowMs - this.#headSinceMs > this.#limits.headMs) this.#fail(late(this.#host, 'answer'));
  }

  #onInterim(status: number, fields: Fields): void {
    this.#interims += 1;
    this.#headSinceMs = undefined;
    if (status === 100) this.#sending?.wanted();
    if (this.#interims > MAX_INTERIM) this.#fail(broken(this.#host, 'says that it will answer, and does not'));
    else this.#outgoing.onInterim?.({ status, fields });
  }

  #onResponse(response: IncomingMessage): void {
    const { statusCode: status = 0, rawHeaders: fields, httpVersion: version } = response;
    this.#response = response;
    this.#sending?.answered();
    const extent = extentOf({ method: this.#outgoing.method, status, version, fields });
    if (typeof extent === 'string') {
      this.#fail(garbled(this.#host, extent));
      return;
    }
    this.#mindConnection(response, extent.keepSec);
    const content = extent.isEmpty ? emptied(response) : response;
    // What came with the head, in one piece, is read before: where it is garbled there is no answer.
    queueMicrotask(() =>
      this.#answer({
        ...{ head: { status, fields }, content, trailers: () => trailersOf(response) },
        borrow: () => lend(response),
      }),
    );
  }

  #answer(answer: Answer): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#settling.resolve(answer);
  }

  #mindConnection(response: IncomingMessage, keepSec: number | undefined): void {
    const connection = this.#connection;
    if (!connection) return;
    if (keepSec !== undefined) connection.keepMs = keptMs(keepSec, this.#limits.idleMs);
    if (!this.#outgoing.content) return;
    connection.keepMs = 0;
    // An origin may answer without having read what it does not want.
    response.once('end', () => this.#connections.drop(connection));
  }

  #onError(error: unknown): void {
    if (this.#isSettled || this.#response?.complete) {
      this.#breakOff(exchangeFault(this.#host, error));
      return;
    }
    const wasKept = !this.isFresh && this.#connection !== undefined && this.#connection.uses > 1;
    if (!wasKept || this.#hasHeard) {
      this.#fail(exchangeFault(this.#host, error));
      return;
    }
    this.#letGo();
    this.isFresh = true;
    this.start();
  }

  #breakOff(fault: UpstreamFault): void {
    if (this.#response && !this.#response.complete) this.#response.destroy(fault);
  }

  #fail(fault: UpstreamFault): void {
    this.#leave();
    this.#response?.destroy(fault);
    this.#letGo();
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#settling.reject(fault);
  }

  /** The connection is closed, unless its answer has come to its end and it is somebody else's. */
  #letGo(): void {
    const connection = this.#connection;
    this.#sending?.leave();
    this.#request = undefined;
    this.#connection = undefined;
    if (connection?.letGo(this)) this.#connections.drop(connection);
  }
}

/** Nothing to read, whoever reads it, so that its connection is free at once. */
function emptied(response: IncomingMessage): Readable {
  response.resume();
  return new Readable({
    read() {
      this.push(null);
    },
  });
}

function trailersOf({ rawTrailers: fields }: IncomingMessage): Fields {
  let bytes = 0;
  for (const text of fields) bytes += text.length;
  return bytes > MAX_TRAILER_BYTES ? [] : fields;
}

/** Left before the origin closes it. */
const MARGIN_MS = 1000;

function keptMs(keepSec: number, idleMs: number): number {
  return Math.max(0, Math.min(idleMs, keepSec * 1000 - MARGIN_MS));
}

/** What the socket brings of this answer may be overwritten by what comes next, as long as none of it waits for its reader. */
function lend(response: IncomingMessage): void {
  // All of it has come: the connection is another's by now, or nobody's.
  if (response.complete) return;
  const { socket } = response;
  const borrower = { hasAll: () => response.readableLength === 0 };
  borrow(socket, borrower);
  response.once('close', () => giveBack(socket, borrower));
}
