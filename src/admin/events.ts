/** The last decisions, for whoever looks later, and whoever looks on. */
import type { DecisionEvent } from './shape.ts';

/** A decision as it is told: its id is given here. */
export type NewDecision = Omit<DecisionEvent, 'id'>;

/** Enough to see what 100 machines have been told; under half a MiB. */
export const MAX_EVENTS = 500;
/** Parts of this program that look on; clients of the API share one. */
const MAX_SUBSCRIBERS = 8;

/** Recording costs the same whoever looks on: it is done for each packet. */
export class AdminEvents {
  readonly #slots: (DecisionEvent | undefined)[];
  readonly #subscribers = new Set<(event: DecisionEvent) => void>();
  readonly #firstId: number;
  #nextId: number;

  /**
   * `firstId`: the wall clock in milliseconds will do, so that ids of this run are above those of the runs before, and whoever
   * asks for what came after an id of then gets all there is.
   */
  constructor(firstId: number, max: number = MAX_EVENTS) {
    this.#slots = new Array<DecisionEvent | undefined>(max).fill(undefined);
    this.#firstId = firstId;
    this.#nextId = firstId;
  }

  record(decision: NewDecision): void {
    const event: DecisionEvent = { id: this.#nextId, ...decision };
    this.#slots[this.#slotOf(event.id)] = event;
    this.#nextId += 1;
    for (const tell of this.#subscribers) tell(event);
  }

  /** Of the newest decision; one less than the first id while there is none. */
  get lastId(): number {
    return this.#nextId - 1;
  }

  /** Those that came later than `id` and are still kept, oldest first. */
  after(id: number): readonly DecisionEvent[] {
    const events: DecisionEvent[] = [];
    for (let next = Math.max(this.#oldestId, id + 1); next < this.#nextId; next++) {
      const event = this.#slots[this.#slotOf(next)];
      if (event) events.push(event);
    }
    return events;
  }

  /** How many of this run came later than `id` and are no longer kept. */
  lostAfter(id: number): number {
    return Math.max(0, this.#oldestId - Math.max(id + 1, this.#firstId));
  }

  /** The result ends it. */
  subscribe(tell: (event: DecisionEvent) => void): () => void {
    if (this.#subscribers.size >= MAX_SUBSCRIBERS) throw new Error('too many parts of this program look on');
    this.#subscribers.add(tell);
    return () => this.#subscribers.delete(tell);
  }

  get #oldestId(): number {
    return Math.max(this.#firstId, this.#nextId - this.#slots.length);
  }

  #slotOf(id: number): number {
    return (id - this.#firstId) % this.#slots.length;
  }
}
