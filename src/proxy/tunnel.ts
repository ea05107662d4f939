/** CONNECT: octets both ways, until both have ended. RFC 9110 §9.3.6. */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { errnoOf } from '../core/errors.ts';

/** Sees what a tunnel brings: true to go on; false to wait until `goOn` is called. */
export type OnBrought = (bytes: number, goOn: () => void) => boolean;

export interface TunnelEnds {
  readonly client: Duplex;
  /** What the client sent behind its request. */
  readonly head: Uint8Array;
  readonly origin: Socket;
}

/**
 * Resolves with the octets each way, once both sides are closed. Half-closes pass through; a reset of one is a reset of the other.
 * `onBrought` gets the same `goOn` each time, which may be called when all is over. Where neither side has anything to say for
 * `idleMs`, it is over; but not while `onBrought` has it wait.
 */
export function tunnel(
  { client, head, origin }: TunnelEnds,
  idleMs: number,
  onBrought: OnBrought,
): Promise<{ up: number; down: number }> {
  const up = new Flow(client, origin);
  const down = new Flow(origin, client, onBrought);
  // Whatever the client says is written to the origin: its side alone shows whether anything moves.
  origin.setTimeout(idleMs).on('timeout', () => {
    if (down.isHeld) origin.setTimeout(idleMs);
    else origin.destroy();
  });
  const { promise, resolve } = Promise.withResolvers<{ up: number; down: number }>();
  let open = 2;
  const onClosed = (): void => {
    open -= 1;
    if (open === 0) resolve({ up: up.bytes, down: down.bytes });
  };
  tie(client, origin, onClosed);
  tie(origin, client, onClosed);
  if (head.length > 0) up.push(head);
  up.start();
  down.start();
  return promise;
}

/** One of the two ways. Holds no more than the two sockets' own buffers do. */
class Flow {
  bytes = 0;
  isHeld = false;
  readonly #from: Duplex;
  readonly #to: Duplex;
  readonly #onBrought: OnBrought | undefined;

  constructor(from: Duplex, to: Duplex, onBrought?: OnBrought) {
    this.#from = from;
    this.#to = to;
    this.#onBrought = onBrought;
  }

  start(): void {
    const [from, to] = [this.#from, this.#to];
    from.on('data', (chunk: Uint8Array) => this.push(chunk)).on('end', () => to.end());
    to.on('drain', () => this.#goOn());
    // It said all that it had to say before there was a tunnel.
    if (from.readableEnded) to.end();
  }

  push(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    if (this.#to.writable) this.#to.write(chunk);
    if (this.#onBrought?.(chunk.length, this.#release) === false) this.isHeld = true;
    if (this.isHeld || this.#to.writableNeedDrain) this.#from.pause();
  }

  readonly #release = (): void => {
    this.isHeld = false;
    this.#goOn();
  };

  #goOn(): void {
    if (!this.isHeld && !this.#to.writableNeedDrain) this.#from.resume();
  }
}

/** Where `one` is over before its time, `other` is as well. */
function tie(one: Duplex, other: Duplex, onClosed: () => void): void {
  let isReset = false;
  const closed = (): void => {
    onClosed();
    if (other.destroyed) return;
    if (isReset && other instanceof Socket) other.resetAndDestroy();
    else if (!(one.readableEnded && one.writableFinished)) other.destroy();
  };
  one.on('error', (error) => {
    isReset ||= RESETS.has(errnoOf(error) ?? '');
  });
  if (one.closed) closed();
  else one.once('close', closed);
}

/** What a reset of the other side looks like, to who reads and to who writes. */
const RESETS: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);
