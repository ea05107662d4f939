/** Asks a resolver, which is an address and a port and nothing more: many questions at once, each with an id of its own. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket as Stream } from 'node:net';
import { ByteReader, ByteWriter } from '../../src/core/bytes.ts';

export interface Server {
  readonly address: string;
  readonly port: number;
}

/** One socket, or one connection, to a server. */
export interface Lane {
  /** The answer with the id that was sent; the question's own id is replaced by one that is free. Rejects when none comes. */
  ask(question: Uint8Array): Promise<Uint8Array>;
  /** Sends as it is; answers are not waited for. */
  send(bytes: Uint8Array): void;
  /** All packets that came, of whatever id. */
  readonly received: number;
  close(): void;
}

/** Longer than any resolver takes to give up: SERVFAIL is an answer. */
const PATIENCE_MS = 15_000;

class Waiting {
  readonly #byId = new Map<number, { readonly done: (bytes: Uint8Array) => void; readonly fail: (e: Error) => void }>();
  #next = 1;
  received = 0;

  /** Sends the question with a free id. */
  ask(question: Uint8Array, send: (bytes: Uint8Array) => void, patienceMs: number): Promise<Uint8Array> {
    const id = this.#free();
    const bytes = new ByteWriter(question.length).u16(id).put(question.subarray(2)).bytes();
    const answer = new Promise<Uint8Array>((resolve, reject) => {
      const late = setTimeout(() => this.#byId.get(id)?.fail(new Error('no answer')), patienceMs);
      const end = (then: () => void) => {
        clearTimeout(late);
        this.#byId.delete(id);
        then();
      };
      this.#byId.set(id, { done: (packet) => end(() => resolve(packet)), fail: (e) => end(() => reject(e)) });
      send(bytes);
    });
    // Who asks a crowd may look at the answers later, or not at all.
    answer.catch(() => {});
    return answer;
  }

  take(bytes: Uint8Array): void {
    this.received += 1;
    if (bytes.length >= 2) this.#byId.get(new ByteReader(bytes).u16('id'))?.done(bytes);
  }

  fail(error: Error): void {
    for (const { fail } of [...this.#byId.values()]) fail(error);
  }

  #free(): number {
    for (let tries = 0; tries < 65_536; tries++) {
      this.#next = (this.#next + 1) % 65_536;
      if (!this.#byId.has(this.#next)) return this.#next;
    }
    throw new Error('65,536 questions are open');
  }
}

export interface LaneOptions {
  /** Whom the server sees. */
  readonly from?: string;
  readonly patienceMs?: number;
}

export async function udpLane(server: Server, { from, patienceMs = PATIENCE_MS }: LaneOptions = {}): Promise<Lane> {
  const waiting = new Waiting();
  const socket: Socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 2 ** 20 });
  socket.on('message', (bytes) => waiting.take(bytes));
  // Nobody listens there yet: who asks hears it as no answer.
  socket.on('error', () => {});
  socket.bind({ port: 0, ...(from === undefined ? {} : { address: from }) });
  await once(socket, 'listening');
  const send = (bytes: Uint8Array): void => socket.send(bytes, server.port, server.address, () => {});
  return {
    ask: (question) => waiting.ask(question, send, patienceMs),
    send,
    get received() {
      return waiting.received;
    },
    close: () => {
      waiting.fail(new Error('closed'));
      socket.close();
    },
  };
}

/** Questions go out one behind the other, answers come as they like. RFC 7766 §6.2.1.1. A connection that was closed is opened anew. */
export async function tcpLane(server: Server, { from, patienceMs = PATIENCE_MS }: LaneOptions = {}): Promise<Lane> {
  const waiting = new Waiting();
  let stream: Stream | undefined;
  const open = (): Stream => {
    const opened = connect({ host: server.address, port: server.port, ...(from ? { localAddress: from } : {}) });
    opened.setNoDelay(true);
    opened.on(
      'data',
      framed((bytes) => waiting.take(bytes)),
    );
    opened.on('error', (error) => waiting.fail(error));
    opened.on('close', () => {
      if (stream === opened) stream = undefined;
      waiting.fail(new Error('closed'));
    });
    return opened;
  };
  const send = (bytes: Uint8Array): void => {
    stream ??= open();
    stream.write(new ByteWriter(bytes.length + 2).u16(bytes.length).put(bytes).bytes());
  };
  stream = open();
  await once(stream, 'connect');
  return {
    ask: (question) => waiting.ask(question, send, patienceMs),
    send,
    get received() {
      return waiting.received;
    },
    close: () => stream?.destroy(),
  };
}

/** Cuts a stream into messages: two octets of length before each. RFC 1035 §4.2.2. */
export function framed(take: (bytes: Uint8Array) => void): (chunk: Buffer) => void {
  let held: Buffer = Buffer.alloc(0);
  return (chunk) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    for (;;) {
      if (held.length < 2) return;
      const size = held.readUInt16BE(0);
      if (held.length < 2 + size) return;
      take(held.subarray(2, 2 + size));
      held = held.subarray(2 + size);
    }
  };
}

/** `use` for each, so many at once; in the order of the list. */
export async function eachOf<T, R>(
  all: readonly T[],
  atOnce: number,
  use: (one: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(all.length);
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < all.length) {
      const index = next++;
      results[index] = await use(all[index] as T, index);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}
