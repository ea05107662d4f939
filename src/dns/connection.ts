/** One client's connection: questions one behind the other, answers in the order in which they come. RFC 7766 §6, §7. */
import type { Socket } from 'node:net';
import type { Ipv4 } from '../core/addr.ts';
import type { Asker } from './doors.ts';
import { Frames, framed } from './frames.ts';
import { HEADER_OCTETS } from './wire.ts';

/** Questions whose answer has not been given: then it is not read from. Taste: a resolver that pipelines has some tens. */
export const MAX_UNANSWERED = 100;
/** Answers that the client does not take: four of the longest. */
export const MAX_UNSENT_BYTES = 256 << 10;
/** From a message's first octet to its last. */
export const MESSAGE_MS = 10_000;
/** Without any answer or question, when answers are owed: longer than any upstream is waited for. */
export const OWING_MS = 30_000;
const MAX_MESSAGE_BYTES = 0xffff;

export interface ConnectionUse {
  now(): number;
  /** Whether that question is handed on; one that is not gets no answer. */
  admits(client: Ipv4): boolean;
  onQuestion(bytes: Uint8Array, asker: Asker): void;
  /** A question came or was done with; `isBusy`: others, or it, are without an answer. */
  onMove(connection: Connection, isBusy: boolean): void;
}

export class Connection {
  readonly client: Ipv4;
  readonly #socket: Socket;
  readonly #use: ConnectionUse;
  readonly #frames = new Frames();
  #unanswered = 0;
  /** The client has said that it asks no more; it still hears. */
  #hasEnded = false;
  #isTaking = false;
  /** When the last whole question or answer went by. */
  #movedAtMs: number;
  /** Since when a message is on its way. */
  #partSinceMs: number | undefined;

  /** The socket is half open where the client ends its side, and has somebody who listens to its errors. */
  constructor(socket: Socket, client: Ipv4, use: ConnectionUse) {
    this.#socket = socket;
    this.client = client;
    this.#use = use;
    this.#movedAtMs = use.now();
    socket.on('data', (chunk: Buffer) => {
      this.#frames.put(chunk);
      this.#take();
    });
    socket.on('drain', () => this.#take());
    socket.on('end', () => {
      this.#hasEnded = true;
      this.#take();
    });
  }

  /** Whether its time is up, where one that asks nothing may stay for `idleMs`. */
  isOverdue(nowMs: number, idleMs: number): boolean {
    if (this.#partSinceMs !== undefined) return nowMs - this.#partSinceMs >= MESSAGE_MS;
    return nowMs - this.#movedAtMs >= (this.#unanswered > 0 ? OWING_MS : idleMs);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** One of its questions is done with, without an answer where there are no `bytes`. To be called once for each. */
  settle(bytes: Uint8Array | undefined): void {
    this.#unanswered -= 1;
    if (this.#socket.destroyed) return;
    if (bytes && bytes.length <= MAX_MESSAGE_BYTES) this.#socket.write(framed(bytes));
    if (this.#socket.writableLength > MAX_UNSENT_BYTES) this.#socket.resetAndDestroy();
    this.#move();
    this.#take();
  }

  get #mayTake(): boolean {
    const { destroyed, writableNeedDrain } = this.#socket;
    return this.#unanswered < MAX_UNANSWERED && !writableNeedDrain && !destroyed;
  }

  /** Hands on what has come, as much as may be. An answer that comes at once gets here from within. */
  #take(): void {
    if (this.#isTaking) return;
    this.#isTaking = true;
    while (this.#mayTake) {
      const message = this.#frames.next();
      if (!message) break;
      this.#partSinceMs = undefined;
      if (message.length < HEADER_OCTETS) this.#socket.resetAndDestroy();
      else this.#ask(message);
    }
    this.#isTaking = false;
    if (this.#mayTake) this.#wantMore();
    else this.#socket.pause();
  }

  #ask(message: Uint8Array): void {
    if (!this.#use.admits(this.client)) return;
    this.#unanswered += 1;
    this.#move();
    this.#use.onQuestion(message, new TcpAsker(this));
  }

  /** All whole messages are taken. */
  #wantMore(): void {
    if (this.#frames.heldBytes > 0) this.#partSinceMs ??= this.#use.now();
    if (!this.#hasEnded) this.#socket.resume();
    else if (this.#unanswered === 0) this.#socket.end();
  }

  #move(): void {
    this.#movedAtMs = this.#use.now();
    this.#use.onMove(this, this.#unanswered > 0);
  }
}

class TcpAsker implements Asker {
  #connection: Connection | undefined;
  readonly client: Ipv4;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.client = connection.client;
  }

  get isTcp(): boolean {
    return true;
  }

  answer(bytes: Uint8Array): void {
    this.#settle(bytes);
  }

  drop(): void {
    this.#settle(undefined);
  }

  #settle(bytes: Uint8Array | undefined): void {
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.settle(bytes);
  }
}
