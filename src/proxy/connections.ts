/** Connections to origins: kept while they may be of use, shared out where they are few. RFC 9112 §9. */
import type { Socket } from 'node:net';
import type { Connector, Way } from './connect.ts';
import { busy, UpstreamFault } from './faults.ts';

export interface ConnectionLimits {
  readonly maxPerOrigin: number;
  readonly maxInAll: number;
  /** Of them, those that nobody uses. */
  readonly maxIdle: number;
  /** So long they are kept, unless the origin says less. */
  readonly idleMs: number;
  /** Who waits for a place. */
  readonly maxWaiting: number;
  readonly waitMs: number;
}

/** Who uses a connection. */
export interface Holder {
  /** Octets came. False: nothing more was asked for, so they are nobody's. */
  heard(): boolean;
  /** It is closed, or about to be; told before the parser is, which takes a break for an end where no length is known. */
  lost(error?: Error): void;
  /** Nothing came or went for as long as it may. True: that is nobody's fault. */
  isPatient(): boolean;
}

/** Who wants one: called once, at once perhaps, unless it has left. */
export interface Taker {
  readonly way: Way;
  /** It must be a new one. */
  readonly isFresh: boolean;
  onConnection(connection: Connection): void;
  onFault(fault: UpstreamFault): void;
}

/** Why the parser's `data` listener is not the only one: octets behind an answer must close the connection, whenever they come. */
export class Connection {
  readonly socket: Socket;
  readonly place: Place;
  /** How often it was used. */
  uses = 0;
  /** How long it may be idle; 0: not at all. */
  keepMs: number;
  #holder: Holder | undefined;

  constructor(socket: Socket, place: Place, keepMs: number, pool: Pick<Connections, 'drop' | 'offer'>) {
    this.socket = socket;
    this.place = place;
    this.keepMs = keepMs;
    socket
      .on('data', () => {
        if (this.#holder?.heard() !== true) pool.drop(this);
      })
      .on('error', (error) => this.#holder?.lost(error))
      .on('end', () => {
        if (!this.#holder) pool.drop(this);
      })
      .on('close', () => {
        this.#holder?.lost();
        pool.drop(this);
      })
      .on('timeout', () => {
        if (this.#holder?.isPatient()) socket.setTimeout(socket.timeout ?? 0);
        else pool.drop(this);
      })
      // The runtime's word for an answer that was read to its end.
      .on('free', () => {
        this.#holder = undefined;
        // What has come already is read before: it must find nobody.
        setImmediate(() => pool.offer(this));
      });
  }

  /** `silentMs`: as in `Holder.isPatient`. */
  hold(holder: Holder, silentMs: number): void {
    this.uses += 1;
    this.#holder = holder;
    this.socket.setTimeout(silentMs);
  }

  /** Whether it was that one's until now. */
  letGo(holder: Holder): boolean {
    if (this.#holder !== holder) return false;
    this.#holder = undefined;
    return true;
  }
}

/** What is open to one origin, those that are being opened included. */
interface Place {
  readonly key: string;
  open: number;
  /** The one used last is the last. */
  readonly idle: Connection[];
}

type Leave = () => void;

export class Connections {
  readonly #connect: Connector;
  readonly #limits: ConnectionLimits;
  readonly #places = new Map<string, Place>();
  readonly #connections = new Set<Connection>();
  /** The one that has been idle for longest is the first. */
  readonly #idle = new Set<Connection>();
  /** Who comes first stands first; with what ends its time. */
  readonly #waiting = new Map<Taker, NodeJS.Timeout>();
  readonly #opening = new Map<Taker, Leave>();

  constructor(connect: Connector, limits: ConnectionLimits) {
    this.#connect = connect;
    this.#limits = limits;
  }

  /** The result: it is wanted no more, if it was not had yet. */
  take(taker: Taker): Leave {
    if (this.#isReady(taker)) this.#serve(taker);
    else if (this.#waiting.size < this.#limits.maxWaiting) this.#waiting.set(taker, this.#patienceOf(taker));
    else taker.onFault(busy(taker.way.host));
    return () => this.#leave(taker);
  }

  /** Closes it, and counts it no more. */
  drop(connection: Connection): void {
    connection.socket.destroy();
    if (!this.#connections.delete(connection)) return;
    const { place } = connection;
    if (this.#idle.delete(connection)) place.idle.splice(place.idle.indexOf(connection), 1);
    this.#leavePlace(place);
  }

  /** It is free: for who waits, or for later. */
  offer(connection: Connection): void {
    const { socket, place, keepMs } = connection;
    if (!this.#connections.has(connection)) return;
    if (keepMs === 0 || !socket.writable || socket.readableEnded) {
      this.drop(connection);
      return;
    }
    socket.setTimeout(keepMs);
    place.idle.push(connection);
    this.#idle.add(connection);
    this.#goOn();
    const [oldest] = this.#idle;
    if (oldest && this.#idle.size > this.#limits.maxIdle) this.drop(oldest);
  }

  stop(fault: UpstreamFault): void {
    const takers = [...this.#waiting.keys(), ...this.#opening.keys()];
    for (const taker of takers) this.#leave(taker);
    for (const taker of takers) taker.onFault(fault);
    for (const connection of this.#connections) this.drop(connection);
  }

  #patienceOf(taker: Taker): NodeJS.Timeout {
    return setTimeout(() => {
      this.#waiting.delete(taker);
      taker.onFault(busy(taker.way.host));
    }, this.#limits.waitMs);
  }

  get #open(): number {
    return this.#connections.size + this.#opening.size;
  }

  /** Whether there is one for it, or room for another. */
  #isReady({ way }: Taker): boolean {
    const { maxPerOrigin, maxInAll } = this.#limits;
    const place = this.#places.get(keyOf(way));
    if (place && place.idle.length > 0) return true;
    if (place && place.open >= maxPerOrigin) return false;
    return this.#open < maxInAll || this.#idle.size > 0;
  }

  /** Who is ready. */
  #serve(taker: Taker): void {
    const { way, isFresh } = taker;
    const place = this.#placeOf(keyOf(way));
    const kept = isFresh ? undefined : place.idle.pop();
    if (kept) {
      this.#idle.delete(kept);
      taker.onConnection(kept);
      return;
    }
    place.open += 1;
    this.#opening.set(taker, () => {});
    const [oldest] =
      place.open > this.#limits.maxPerOrigin ? place.idle : this.#open > this.#limits.maxInAll ? this.#idle : [];
    if (oldest) this.drop(oldest);
    this.#opening.set(taker, this.#openFor(taker, place));
  }

  #openFor(taker: Taker, place: Place): Leave {
    const abort = this.#connect(taker.way, (outcome) => {
      this.#opening.delete(taker);
      if (outcome instanceof UpstreamFault) {
        this.#leavePlace(place);
        taker.onFault(outcome);
        return;
      }
      const connection = new Connection(outcome, place, this.#limits.idleMs, this);
      this.#connections.add(connection);
      taker.onConnection(connection);
    });
    return () => {
      abort();
      this.#leavePlace(place);
    };
  }

  #leave(taker: Taker): void {
    clearTimeout(this.#waiting.get(taker));
    this.#waiting.delete(taker);
    const leave = this.#opening.get(taker);
    this.#opening.delete(taker);
    leave?.();
  }

  #placeOf(key: string): Place {
    const known = this.#places.get(key);
    if (known) return known;
    const place: Place = { key, open: 0, idle: [] };
    this.#places.set(key, place);
    return place;
  }

  #leavePlace(place: Place): void {
    place.open -= 1;
    if (place.open === 0) this.#places.delete(place.key);
    this.#goOn();
  }

  /** Something has become free: it is for the first that it does for. */
  #goOn(): void {
    for (const [taker, patience] of this.#waiting) {
      if (!this.#isReady(taker)) continue;
      this.#waiting.delete(taker);
      clearTimeout(patience);
      this.#serve(taker);
      return;
    }
  }
}

function keyOf({ host, port, isTls }: Way): string {
  return `${isTls ? 'https' : 'http'}://${host} ${port}`;
}
