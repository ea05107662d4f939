/** The answers whose contents are not whole: those being written, and those that broke off. */
import { blobOf, type Row } from './entryrows.ts';
import { roomOf } from './eviction.ts';
import type { Fields } from './fields.ts';
import type { NewEntry } from './store.ts';
import type { Stored, StoreIndex, Weight } from './storeindex.ts';
import { Sums } from './sums.ts';
import type { Head } from './types.ts';

/** That broke off; the oldest goes. Taste. */
const MAX_LEFT = 64;

const ADD_PARTIAL = 'INSERT INTO partials VALUES (?, ?, ?, ?, ?, ?, ?, ?)';
const SAVE_AGAIN = 'UPDATE contents SET size = ?, room = 0, isLarge = 0, priority = 9e999, sums = ? WHERE id = ?';
const LEAVE = 'UPDATE contents SET room = ?, priority = ?, isLarge = ? WHERE id = ?';
/** At most as many as are left and are being written: looked through. */
const OF = `SELECT p.*, c.size AS written, c.sums FROM partials p JOIN contents c ON c.id = p.content
  WHERE p.key = ? AND p.varies = ? ORDER BY p.content DESC`;

/** Of an answer that broke off. */
export interface PartialEntry extends Stored {
  readonly id: number;
  readonly entry: NewEntry;
}

/** They throw what SQLite throws. */
export class Partials {
  readonly #index: StoreIndex;
  /** Those that somebody writes. */
  readonly #live = new Set<number>();

  constructor(index: StoreIndex) {
    this.#index = index;
  }

  isLive(id: number): boolean {
    return this.#live.has(id);
  }

  enliven(id: number): void {
    this.#live.add(id);
  }

  /** It is whole, or gone. */
  over(id: number): void {
    this.#live.delete(id);
  }

  /** Of one that is being written: what of it is on the disk. Its room is reserved, and nobody pushes it out. */
  save(id: number, entry: NewEntry, { sizeBytes, sums }: Stored): void {
    const { file } = this.#index;
    const { askedAtMs, answeredAtMs, key, varies, head } = entry;
    const known = [entry.sizeBytes ?? null, entry.isSummed ? 1 : 0, askedAtMs, answeredAtMs, key] as const;
    file.write(() => {
      if (this.#index.has(id)) file.run(SAVE_AGAIN, sizeBytes, sums.toBlob(), id);
      else {
        file.run('INSERT INTO contents VALUES (?, ?, 0, 0, 9e999, 1, NULL, ?)', id, sizeBytes, sums.toBlob());
        file.run(ADD_PARTIAL, id, ...known, JSON.stringify(varies), JSON.stringify(head));
      }
    });
  }

  /** It broke off, and takes its room like everything else. */
  leave(id: number, sizeBytes: number, { priority, isLarge }: Weight): void {
    const { file } = this.#index;
    file.write(() => file.run(LEAVE, roomOf(sizeBytes), priority, isLarge ? 1 : 0, id));
    this.#live.delete(id);
  }

  /** Those that broke off long ago, beyond as many as are kept. */
  surplus(): readonly number[] {
    return this.#left('SELECT content FROM partials ORDER BY content DESC').slice(MAX_LEFT);
  }

  /** Those that were being written when the process ended. */
  orphaned(): readonly number[] {
    return this.#left('SELECT p.content FROM partials p JOIN contents c ON c.id = p.content WHERE c.priority = 9e999');
  }

  count(): number {
    const { file } = this.#index;
    return Number(file.read(() => file.sql('SELECT count(*) AS count FROM partials').get())?.count ?? 0);
  }

  /** What broke off under `key`, for that variant; the latest first. */
  of(key: string, varies: Fields): readonly PartialEntry[] {
    const { file } = this.#index;
    const rows = file.read(() => file.sql(OF).all(key, JSON.stringify(varies))) ?? [];
    return rows.map(partialOf).filter(({ id }) => !this.#live.has(id));
  }

  #left(text: string): readonly number[] {
    const { file } = this.#index;
    const rows = file.read(() => file.sql(text).all()) ?? [];
    return rows.map(({ content }) => Number(content)).filter((id) => !this.#live.has(id));
  }
}

function partialOf(row: Row): PartialEntry {
  return {
    id: Number(row.content),
    sizeBytes: Number(row.written),
    sums: Sums.fromBlob(blobOf(row.sums)),
    entry: {
      key: String(row.key),
      varies: JSON.parse(String(row.varies)) as Fields,
      head: JSON.parse(String(row.head)) as Head,
      sizeBytes: row.size === null ? undefined : Number(row.size),
      isSummed: row.isSummed === 1,
      askedAtMs: Number(row.askedAtMs),
      answeredAtMs: Number(row.answeredAtMs),
    },
  };
}
