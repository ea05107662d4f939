/** Which door of flink's to knock at: the configured one, or one that is looked for again and again until it is found. */
import type { Host } from '../host.ts';
import type { FindTerms, Found } from './find.ts';
import { pauseMs } from './where.ts';

export type FlinkDoor = { readonly kind: 'auto' | 'none' } | { readonly kind: 'url'; readonly url: string };

export interface Door {
  readonly url: string;
  readonly way: Found['way'] | 'configured';
}

export interface SeekDeps {
  readonly host: Pick<Host, 'clock' | 'interfaces'>;
  /** Looks once, as `findFlink` does. Never rejects. */
  readonly find: (terms: FindTerms) => Promise<Found | undefined>;
}

export class Seeker {
  readonly #host: SeekDeps['host'];
  readonly #find: SeekDeps['find'];
  #door: Door | undefined;
  #rounds = 0;
  #dueAtMs = 0;
  #addresses = '';
  /** Who answered there is no flink of ours. */
  #avoid: string | undefined;

  constructor({ host, find }: SeekDeps) {
    this.#host = host;
    this.#find = find;
  }

  /** As of the last call of `doorTo`. */
  get door(): Door | undefined {
    return this.#door;
  }

  /**
   * The door to knock at now. While flink `isLost` others are looked for, less and less often, at once when this machine
   * has other addresses; the old door stays until there is another. `signal` ends a look.
   */
  async doorTo(flink: FlinkDoor, isLost: boolean, signal?: AbortSignal): Promise<Door | undefined> {
    if (flink.kind === 'none') this.#door = undefined;
    else if (flink.kind === 'url') this.#door = { url: flink.url, way: 'configured' };
    else if ((isLost || !this.#door) && this.#isDue()) {
      const found = await this.#find({ avoid: this.#avoid, signal });
      // Where there is nobody else, it may yet be what it should.
      this.#avoid = undefined;
      this.#door = found ?? this.#door;
    }
    return this.#door;
  }

  /** flink answers there. */
  confirm(): void {
    this.#rounds = 0;
    this.#dueAtMs = 0;
  }

  /** Somebody else does. */
  avoid(): void {
    this.#avoid = this.#door?.url;
  }

  #isDue(): boolean {
    const nowMs = this.#host.clock.now();
    const addresses = this.#addressesNow();
    const isElsewhere = addresses !== this.#addresses;
    if (!isElsewhere && nowMs < this.#dueAtMs) return false;
    this.#addresses = addresses;
    this.#rounds = isElsewhere ? 1 : this.#rounds + 1;
    this.#dueAtMs = nowMs + pauseMs(this.#rounds);
    return true;
  }

  #addressesNow(): string {
    try {
      const all = this.#host.interfaces();
      return all.map(({ name, address, prefixBits }) => `${name} ${address}/${prefixBits}`).join();
    } catch {
      // Without a descriptor the system cannot say.
      return this.#addresses;
    }
  }
}
