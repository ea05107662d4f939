/** Who has mounted what, as far as clients say so: for DUMP alone, and believed by nobody. */
import type { Ipv4 } from '../core/addr.ts';

export interface Mounted {
  readonly client: Ipv4;
  readonly path: string;
}

/** Of all clients. Whoever is told of 1000 knows that the hall is full. */
const MAX_MOUNTS = 1024;

/** The newest mounts; each once, the oldest leave. */
export class MountTable {
  /** In the order in which they were made. */
  readonly #mounts = new Map<string, Mounted>();

  add(mounted: Mounted): void {
    const key = keyOf(mounted);
    this.#mounts.delete(key);
    this.#mounts.set(key, mounted);
    const [oldest] = this.#mounts.keys();
    if (this.#mounts.size > MAX_MOUNTS && oldest !== undefined) this.#mounts.delete(oldest);
  }

  /** Whether it was there. */
  remove(mounted: Mounted): boolean {
    return this.#mounts.delete(keyOf(mounted));
  }

  /** What `client` had mounted. */
  removeAll(client: Ipv4): readonly Mounted[] {
    const its = [...this.#mounts.values()].filter((one) => one.client === client);
    for (const one of its) this.remove(one);
    return its;
  }

  all(): Iterable<Mounted> {
    return this.#mounts.values();
  }
}

function keyOf({ client, path }: Mounted): string {
  return `${client}:${path}`;
}
