/** Turns of the event loop: those who are heard in one turn asked at the same moment, as far as anybody can tell. */

let turn = 0;
let isTurning = false;

/** A number that is another one after this turn of the event loop. */
export function presentTurn(): number {
  if (!isTurning) {
    isTurning = true;
    setImmediate(() => {
      isTurning = false;
      turn += 1;
    });
  }
  return turn;
}

/** What was seen in this turn; nothing of it is known in the next. */
export class SeenNow<Key> {
  readonly #keys = new Set<Key>();
  #turn = -1;

  has(key: Key): boolean {
    return this.#turn === presentTurn() && this.#keys.has(key);
  }

  add(key: Key): void {
    const now = presentTurn();
    if (this.#turn !== now) this.#keys.clear();
    this.#turn = now;
    this.#keys.add(key);
  }
}
