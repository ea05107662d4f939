/** Decisions as they are made, for those who look on: Server-Sent Events, HTML Standard §9.2. */

import { plainJson } from '../core/plain.ts';
import type { Clock } from '../host.ts';
import type { AdminEvents } from './events.ts';
import type { DecisionEvent } from './shape.ts';

/** The end of one listener's connection. */
export interface Listener {
  write(text: string): void;
  /** What was written and has not left. */
  behindBytes(): number;
  close(): void;
}

/** Operators and their tabs: taste. */
export const MAX_LISTENERS = 32;
/** So that proxies and dead peers are noticed: a common proxy gives up after 60 s. */
export const PING_MS = 15_000;
/** Decisions of so long go out together: a storm costs each listener ten writes a second. */
export const PUMP_MS = 100;
/** More than the whole ring; one who is so far behind reads slower than the hall decides. */
export const MAX_BEHIND_BYTES = 512 << 10;
/** After which a browser comes back by itself, with the id that it has seen last. */
const RETRY_MS = 3000;

/** All listeners have been sent the same: each event is written down once, however many they are. */
export class Streams {
  readonly #events: AdminEvents;
  readonly #clock: Clock;
  readonly #listeners = new Set<Listener>();
  #sentId = 0;
  #unsubscribe = (): void => {};
  #cancelPing = (): void => {};
  #cancelPump: (() => void) | undefined;

  constructor(events: AdminEvents, clock: Clock) {
    this.#events = events;
    this.#clock = clock;
  }

  get count(): number {
    return this.#listeners.size;
  }

  get hasRoom(): boolean {
    return this.count < MAX_LISTENERS;
  }

  /** Begins with what came after `afterId`, as far as it is kept; with the next decision where it is absent. */
  add(listener: Listener, afterId: number | undefined): void {
    this.#pump();
    if (this.count === 0) this.#begin();
    this.#listeners.add(listener);
    const missed = afterId === undefined ? '' : this.#since(afterId);
    this.#send(listener, `retry: ${RETRY_MS}\n\n${missed}`);
  }

  /** The listener is gone. */
  remove(listener: Listener): void {
    if (this.#listeners.delete(listener) && this.count === 0) this.#rest();
  }

  closeAll(): void {
    for (const listener of [...this.#listeners]) this.#drop(listener);
  }

  #begin(): void {
    this.#sentId = this.#events.lastId;
    this.#unsubscribe = this.#events.subscribe(() => {
      this.#cancelPump ??= this.#clock.after(PUMP_MS, () => this.#pump());
    });
    this.#cancelPing = this.#clock.after(PING_MS, () => this.#ping());
  }

  #rest(): void {
    this.#unsubscribe();
    this.#cancelPing();
    this.#cancelPump?.();
    this.#cancelPump = undefined;
  }

  #pump(): void {
    this.#cancelPump?.();
    this.#cancelPump = undefined;
    if (this.count === 0) return;
    const text = this.#since(this.#sentId);
    this.#sentId = this.#events.lastId;
    if (text !== '') this.#sendAll(text);
  }

  #ping(): void {
    this.#cancelPing = this.#clock.after(PING_MS, () => this.#ping());
    this.#sendAll(': ping\n\n');
  }

  #sendAll(text: string): void {
    for (const listener of [...this.#listeners]) this.#send(listener, text);
  }

  #send(listener: Listener, text: string): void {
    if (listener.behindBytes() > MAX_BEHIND_BYTES) this.#drop(listener);
    else listener.write(text);
  }

  #drop(listener: Listener): void {
    this.remove(listener);
    listener.close();
  }

  /** What is no longer kept is said, so that nobody takes the rest for all. */
  #since(id: number): string {
    const count = this.#events.lostAfter(id);
    const notice = count > 0 ? `event: skipped\ndata: ${plainJson({ count })}\n\n` : '';
    return notice + this.#events.after(id).map(eventText).join('');
  }
}

const eventText = (event: DecisionEvent): string => `id: ${event.id}\ndata: ${plainJson(event)}\n\n`;
