/** One connection: who is at its ends, how fast it is drained, and the order of its answers. */
import type { Socket } from 'node:net';
import { type Ipv4, parseIpv4, UNSPECIFIED } from '../core/addr.ts';
import type { Soon } from '../core/content.ts';
import { Pace } from './pool.ts';

/** Requests sent without waiting for answers. No client of ours does that; the rest of them would fill our memory. */
const MAX_PIPELINED = 16;

/** Who is connected, and as what this node was reached. */
export interface Ends {
  readonly localAddress: Ipv4;
  readonly clientAddress: Ipv4;
  readonly httpPort: number;
}

export class Connection {
  readonly ends: Ends;
  readonly #socket: Socket;
  readonly #onMove: (isBusy: boolean) => void;
  readonly #pace = new Pace();
  readonly #waiting: ((isTurn: boolean) => void)[] = [];
  #isBusy = false;

  /** `onMove` is told of each answer that begins, each piece of one that left, and each end. */
  constructor(socket: Socket, onMove: (isBusy: boolean) => void) {
    this.#socket = socket;
    this.#onMove = onMove;
    this.ends = endsOf(socket);
    socket.once('close', () => {
      for (const goOn of this.#waiting.splice(0)) goOn(false);
    });
  }

  /** Whether an answer is under way. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  get isFast(): boolean {
    return this.#pace.isFast;
  }

  /** `bytes` were taken off our hands in `tookMs`. */
  record(bytes: number, tookMs: number): void {
    this.#pace.record(bytes, tookMs);
    this.#onMove(true);
  }

  /** Something of its answer has left. */
  moved(): void {
    this.#onMove(true);
  }

  /** Waits for its turn. True when it came, false when the connection went away, or asks too much at once. */
  begin(): Soon<boolean> {
    if (!this.#isBusy) {
      this.#isBusy = true;
      this.#onMove(true);
      return true;
    }
    if (this.#socket.destroyed) return false;
    if (this.#waiting.length < MAX_PIPELINED) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#socket.destroy();
    return false;
  }

  /** Its answer is done. */
  end(): void {
    const next = this.#waiting.shift();
    this.#isBusy = next !== undefined;
    this.#onMove(this.#isBusy);
    next?.(true);
  }
}

function endsOf({ localAddress, remoteAddress, localPort }: Socket): Ends {
  return {
    localAddress: parseIpv4(localAddress ?? '') ?? UNSPECIFIED,
    clientAddress: parseIpv4(remoteAddress ?? '') ?? UNSPECIFIED,
    httpPort: localPort ?? 80,
  };
}
