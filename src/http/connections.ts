/** Every open connection: how many there may be, which waits longest, and the order of answers on each. */
import type { Socket } from 'node:net';
import { Pace } from './pool.ts';

/** Requests sent without waiting for answers. No client of ours does that; the rest of them would fill our memory. */
const MAX_PIPELINED = 16;

export interface Connection {
  readonly pace: Pace;
  /** Waits for its turn. True when it came, false when the connection went away, or asks too much at once. */
  begin(): Promise<boolean>;
  /** Its answer is done. */
  end(): void;
}

/** When it is full, the connection that has been without a request for longest makes room for a new one. */
export class Connections {
  readonly #open = new WeakMap<Socket, Connection>();
  /** In the order in which they fell idle; those not asked anything yet are among them. */
  readonly #idle = new Set<Socket>();
  readonly #max: number;
  #count = 0;
  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#count;
  }

  /** False when every connection is busy: the new one has been closed. */
  admit(socket: Socket): boolean {
    if (this.#count >= this.#max) {
      const oldest = this.#idle.values().next();
      if (oldest.done) {
        socket.destroy();
        return false;
      }
      this.#idle.delete(oldest.value);
      oldest.value.destroy();
    }
    this.#count += 1;
    this.#idle.add(socket);
    socket.once('close', () => {
      this.#count -= 1;
      this.#idle.delete(socket);
    });
    this.#open.set(socket, this.#connection(socket));
    return true;
  }

  of(socket: Socket): Connection | undefined {
    return this.#open.get(socket);
  }

  #connection(socket: Socket): Connection {
    const waiting: ((isTurn: boolean) => void)[] = [];
    let isBusy = false;
    socket.once('close', () => {
      for (const goOn of waiting.splice(0)) goOn(false);
    });
    return {
      pace: new Pace(),
      begin: async () => {
        this.#idle.delete(socket);
        if (!isBusy) {
          isBusy = true;
          return true;
        }
        if (socket.destroyed) return false;
        if (waiting.length < MAX_PIPELINED) return new Promise((resolve) => waiting.push(resolve));
        socket.destroy();
        return false;
      },
      end: () => {
        const next = waiting.shift();
        if (next) return next(true);
        isBusy = false;
        if (!socket.destroyed) this.#idle.add(socket);
      },
    };
  }
}
