/** Open connections of the admin door: bounded, and a stranger's cannot keep a node's out. */
import type { Socket } from 'node:net';

/** Nodes keep one each, operators a few, listeners 32. */
export const MAX_CONNECTIONS = 256;
/** Of one address: half of all. */
export const MAX_PER_SOURCE = 128;
/** Requests sent without waiting for answers: no client of ours does. */
const MAX_WAITING = 4;

interface Entry {
  readonly source: string;
  /** Requests whose answer has not gone out. */
  waiting: number;
}

/** When there is no room, the one that has been quiet for longest goes; one that is being answered stays. */
export class Connections {
  /** In the order in which they fell quiet. */
  readonly #open = new Map<Socket, Entry>();

  get count(): number {
    return this.#open.size;
  }

  /** False when nobody makes room: the new one has been closed. */
  admit(socket: Socket): boolean {
    const source = socket.remoteAddress ?? '';
    const ofSource = [...this.#open.values()].filter((entry) => entry.source === source).length;
    const isCrowded = ofSource >= MAX_PER_SOURCE;
    const hasRoom = isCrowded ? this.#makeRoom(source) : this.count < MAX_CONNECTIONS || this.#makeRoom();
    if (!hasRoom) {
      socket.destroy();
      return false;
    }
    this.#open.set(socket, { source, waiting: 0 });
    socket.once('close', () => this.#open.delete(socket));
    return true;
  }

  /** A request has come. False when too many wait already: the connection has been cut. */
  begin(socket: Socket): boolean {
    const entry = this.#open.get(socket);
    if (!entry || entry.waiting >= MAX_WAITING) {
      socket.destroy();
      return false;
    }
    entry.waiting += 1;
    return true;
  }

  isBusy(socket: Socket): boolean {
    return (this.#open.get(socket)?.waiting ?? 0) > 0;
  }

  /** An answer has gone out. */
  end(socket: Socket): void {
    const entry = this.#open.get(socket);
    if (!entry) return;
    entry.waiting -= 1;
    this.#open.delete(socket);
    this.#open.set(socket, entry);
  }

  closeAll(): void {
    for (const socket of [...this.#open.keys()]) this.#cut(socket);
  }

  #makeRoom(source?: string): boolean {
    for (const [socket, entry] of this.#open) {
      if (entry.waiting > 0 || (source !== undefined && entry.source !== source)) continue;
      this.#cut(socket);
      return true;
    }
    return false;
  }

  #cut(socket: Socket): void {
    this.#open.delete(socket);
    socket.destroy();
  }
}
