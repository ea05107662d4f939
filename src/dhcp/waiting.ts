/** Who waits to hear of an address. */
import type { Ipv4 } from '../core/addr.ts';
import type { Clock } from '../host.ts';

export class Waiting {
  readonly #clock: Clock;
  readonly #byAddress = new Map<Ipv4, Set<() => void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(address: Ipv4): boolean {
    return this.#byAddress.has(address);
  }

  /** Resolves when `address` is told of, after `maxMs` at the latest. */
  for(address: Ipv4, maxMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        const others = this.#byAddress.get(address);
        others?.delete(done);
        if (others?.size === 0) this.#byAddress.delete(address);
        resolve();
      };
      const cancel = this.#clock.after(maxMs, done);
      this.#byAddress.set(address, (this.#byAddress.get(address) ?? new Set()).add(done));
    });
  }

  tell(address: Ipv4): void {
    for (const done of this.#byAddress.get(address) ?? []) done();
  }

  tellAll(): void {
    for (const address of [...this.#byAddress.keys()]) this.tell(address);
  }
}
