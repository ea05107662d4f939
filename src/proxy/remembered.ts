/** What is in memory of what is kept: entries that were looked up lately, and small contents, whole. */
import type { Entry } from './types.ts';

/** Of a parsed entry beside its text: objects and arrays. Measured. */
const ENTRY_BYTES = 600;

/** The entries of keys that were asked for lately, by how much memory they take. */
export class KnownEntries {
  readonly #byKey = new Map<string, { readonly entries: readonly Entry[]; readonly costBytes: number }>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(key: string): readonly Entry[] | undefined {
    const known = this.#byKey.get(key);
    if (known === undefined) return undefined;
    // The oldest use first.
    this.#byKey.delete(key);
    this.#byKey.set(key, known);
    return known.entries;
  }

  /** `textLength`: of all that was parsed. */
  add(key: string, entries: readonly Entry[], textLength: number): void {
    this.delete(key);
    const costBytes = (entries.length + 1) * ENTRY_BYTES + 2 * (key.length + textLength);
    this.#byKey.set(key, { entries, costBytes });
    this.#bytes += costBytes;
    for (const oldest of this.#byKey.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const known = this.#byKey.get(key);
    if (known === undefined) return;
    this.#byKey.delete(key);
    this.#bytes -= known.costBytes;
  }

  clear(): void {
    this.#byKey.clear();
    this.#bytes = 0;
  }
}

/** Of one in the map beside its octets. */
const SMALL_OVERHEAD_BYTES = 200;
const MAX_HITS = 3;

interface Small {
  readonly bytes: Uint8Array;
  /** One less for each time that it was spared. */
  hits: number;
}

/** Whole contents by id. The oldest goes, unless it was asked for since: then it goes round again, three times at most. */
export class Smalls {
  readonly #byId = new Map<number, Small>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(id: number): Uint8Array | undefined {
    const small = this.#byId.get(id);
    if (small === undefined) return undefined;
    if (small.hits < MAX_HITS) small.hits += 1;
    return small.bytes;
  }

  /** Nobody writes to `bytes` any more. */
  add(id: number, bytes: Uint8Array): void {
    this.delete(id);
    this.#byId.set(id, { bytes, hits: 0 });
    this.#bytes += bytes.length + SMALL_OVERHEAD_BYTES;
    for (const [oldest, small] of this.#byId) {
      if (this.#bytes <= this.#maxBytes) break;
      if (small.hits === 0) this.delete(oldest);
      else {
        // It comes round again in this loop, with one hit less.
        small.hits -= 1;
        this.#byId.delete(oldest);
        this.#byId.set(oldest, small);
      }
    }
  }

  delete(id: number): void {
    const small = this.#byId.get(id);
    if (small === undefined) return;
    this.#byId.delete(id);
    this.#bytes -= small.bytes.length + SMALL_OVERHEAD_BYTES;
  }

  clear(): void {
    this.#byId.clear();
    this.#bytes = 0;
  }
}
