/** A web server that does as a test says: answers, lies, breaks off, is slow, never ends; and remembers every octet that it was asked. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { Place } from './httpask.ts';
import { fieldIn, type Line, type Message, MessageReader } from './httpread.ts';

/** One request as it came. */
export interface OriginRequest extends Message {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  field(name: string): string | undefined;
  readonly body: Buffer;
  readonly bodyBytes: number;
  readonly trailers: readonly Line[];
  /** Which connection it came over, from 1 on; and from where. */
  readonly connection: number;
  readonly from: string;
}

/** What becomes of a request: now, later, or never. An error of it closes the connection and is in `Origin.faults`. */
export type Behave = (request: OriginRequest, reply: Reply) => void | Promise<void>;

export type Fields = Readonly<Record<string, string | readonly string[]>>;

export interface Origin {
  readonly at: Place;
  /** `http://127.0.0.1:8000`, no slash at its end. */
  readonly url: string;
  readonly requests: OriginRequest[];
  readonly faults: unknown[];
  /** What it does from now on, with each request that is there whole. */
  behave: Behave;
  /** Told of each head before its content is there; may answer early, or stop reading. */
  onHead: ((message: Message, reply: Reply) => void) | undefined;
  /** Handed to the system, heads and framing included; what a reader that has gone will never see may be among it. */
  sentBytes: number;
  /** Connections so far. */
  connections: number;
  /** Of them those that the other side has not ended. */
  readonly open: number;
  /** Targets of what was asked, in order: `GET /x`. */
  asked(): readonly string[];
  /** Resolves with the nth request, from 1 on, once its head and content are there. */
  request(nth: number): Promise<OriginRequest>;
  close(): Promise<void>;
}

/** The way back to who asked. */
export class Reply {
  readonly #socket: Socket;
  readonly #method: string;
  readonly #count: (bytes: number) => void;
  readonly #done: () => void;

  constructor(socket: Socket, method: string, count: (bytes: number) => void, done: () => void) {
    this.#socket = socket;
    this.#method = method;
    this.#count = count;
    this.#done = done;
  }

  get isGone(): boolean {
    return this.#socket.destroyed || this.#socket.readableEnded;
  }

  /** Octets as they are; resolves when there is room for more: true, or who asked has gone: false. */
  async send(octets: string | Uint8Array): Promise<boolean> {
    if (this.#socket.destroyed) return false;
    const bytes = typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets;
    this.#count(bytes.length);
    if (this.#socket.write(bytes)) return true;
    await Promise.race([once(this.#socket, 'drain'), once(this.#socket, 'close')]).catch(() => {});
    return !this.#socket.destroyed;
  }

  head(status: number, fields: Fields = {}): Promise<boolean> {
    const lines = Object.entries(fields).flatMap(([name, value]) =>
      [value].flat().map((each) => `${name}: ${each}\r\n`),
    );
    return this.send(`HTTP/1.1 ${status} ${status < 300 ? 'OK' : 'Not So'}\r\n${lines.join('')}\r\n`);
  }

  /** A whole answer, its length said; the connection stays. */
  answer(status: number, fields: Fields = {}, body: string | Uint8Array = ''): void {
    const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
    const isBare = status === 304 || status === 204;
    void this.head(status, {
      Date: new Date().toUTCString(),
      ...(isBare ? {} : { 'Content-Length': `${bytes.length}` }),
      ...fields,
    });
    if (this.#method !== 'HEAD' && !isBare && bytes.length > 0) void this.send(bytes);
    this.end();
  }

  /** One chunk of a chunked content; the last where there is nothing. */
  chunk(octets: string): Promise<boolean> {
    return this.send(`${octets.length.toString(16)}\r\n${octets}\r\n`);
  }

  /** It is said: the next request of this connection is heard. */
  end(): void {
    this.#done();
  }

  /** Behind what was sent. */
  close(): void {
    this.#socket.end();
  }

  /** At once, as a machine does that has lost its mind. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** Reads nothing of what follows. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }
}

/** Served below `/` by what stands for each path; 404 for the rest. */
export function paths(all: Readonly<Record<string, Behave>>): Behave {
  return (request, reply) => {
    const path = request.target.replace(/^[a-z]+:\/\/[^/]*/i, '').replace(/\?.*$/s, '');
    const behave = all[path];
    return behave ? behave(request, reply) : reply.answer(404, {}, 'no such thing');
  };
}

/** Kept of a request's content. */
const BODY_BYTES = 4 * 2 ** 20;

/** On loopback, a port of its own unless `at` says one; gone when the test ends. */
export async function openOrigin(
  t: Pick<TestContext, 'after'>,
  behave: Behave,
  at: Partial<Place> = {},
): Promise<Origin> {
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  const sockets = new Set<Socket>();
  const waiting = new Set<() => void>();
  const { address = '127.0.0.1' } = at;
  const port = await listening(server, address, at.port ?? 0);
  const origin: Origin = {
    ...{ at: { address, port }, url: `http://${address}:${port}`, requests: [], faults: [] },
    ...{ behave, onHead: undefined, sentBytes: 0, connections: 0 },
    get open() {
      return [...sockets].filter((socket) => !socket.readableEnded).length;
    },
    asked: () => origin.requests.map(({ method, target }) => `${method} ${target}`),
    request: async (nth) => {
      for (;;) {
        const request = origin.requests[nth - 1];
        if (request) return request;
        await new Promise<void>((resume) => waiting.add(resume));
      }
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
  };
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    attend(socket, origin, () => {
      for (const resume of waiting) resume();
      waiting.clear();
    });
  });
  t.after(() => origin.close());
  return origin;
}

async function listening(server: Server, host: string, port: number): Promise<number> {
  server.listen({ host, port, backlog: 4096 });
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error(`no port: ${bound}`);
  return bound.port;
}

/** Reads a connection's requests and has them answered, one after the other. */
function attend(socket: Socket, origin: Origin, onRequest: () => void): void {
  const connection = ++origin.connections;
  const queue: OriginRequest[] = [];
  let isBusy = false;
  const count = (bytes: number): void => {
    origin.sentBytes += bytes;
  };
  const fail = (error: unknown): void => {
    origin.faults.push(error);
    socket.destroy();
  };
  const next = (): void => {
    const request = queue.shift();
    isBusy = request !== undefined;
    if (!request) return;
    const reply = new Reply(socket, request.method, count, next);
    void (async () => origin.behave(request, reply))().catch(fail);
  };
  const reader = new MessageReader({
    ...{ isBare: () => false, mayEndByClose: false, keepBytes: BODY_BYTES, isHashed: false },
    onHead: (message) => origin.onHead?.(message, new Reply(socket, '', count, () => {})),
    onMessage: (message, { body, bytes, trailers }) => {
      const [method = '', target = '', version = ''] = message.start.split(' ');
      const request = { ...message, method, target, version, body, bodyBytes: bytes, trailers, connection };
      const field = (name: string): string | undefined => fieldIn(message.lines, name);
      queue.push({ ...request, field, from: socket.remoteAddress ?? '' });
      origin.requests.push(...queue.slice(-1));
      onRequest();
      if (!isBusy) next();
    },
  });
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    try {
      reader.push(chunk);
    } catch (error) {
      fail(error);
    }
  });
  socket.on('end', () => {
    // Who half-closes wants the answer all the same.
    if (!isBusy) socket.end();
  });
}
