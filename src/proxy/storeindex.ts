/** What is kept, by key: rows in SQLite, and in memory those that were asked for lately. */
import { blobOf, entryOf, hashOf, markOf, type Row, textLengthOf } from './entryrows.ts';
import { type Least, MAX_USES, roomOf, worthOf } from './eviction.ts';
import { IndexFile } from './indexfile.ts';
import { KnownEntries } from './remembered.ts';
import { Sums } from './sums.ts';
import type { Entry, Exchanged } from './types.ts';

/** Of one key; the oldest goes. Taste: answers that depend on what a client says of itself differ without an end. */
const MAX_VARIANTS = 32;
/** Of entries in memory: some ten thousand. */
const KNOWN_BYTES = 16 << 20;
const NONE: readonly Entry[] = [];

const FIND = `SELECT e.*, c.size, c.sha256 FROM entries e JOIN contents c ON c.id = e.content
  WHERE e.hash = ? AND e.key = ? ORDER BY e.answeredAtMs DESC, e.row DESC`;
const FIND_SUMMED = `SELECT e.*, c.size, c.sha256 FROM contents c JOIN entries e ON c.id = e.content
  WHERE c.sha256 = ? ORDER BY e.answeredAtMs DESC LIMIT 1`;
/** There may be a row from when it was written. */
const ADD_CONTENT = `INSERT INTO contents (id, size, room, isLarge, priority, uses, sha256, sums)
  VALUES (?, ?, ?, ?, ?, 1, ?, ?) ON CONFLICT (id) DO UPDATE SET size = excluded.size, room = excluded.room,
  isLarge = excluded.isLarge, priority = excluded.priority, sha256 = excluded.sha256, sums = excluded.sums`;
const ADD_ENTRY = `INSERT INTO entries (hash, content, askedAtMs, answeredAtMs, mark, key, varies, head)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;
/** More that nobody may push out than that are not looked through. */
const LEAST = `SELECT id, priority FROM contents WHERE isLarge = ? AND priority < 9e999 ORDER BY priority LIMIT 1000`;

/** A content as it was written. */
export interface Stored {
  readonly sizeBytes: number;
  readonly sums: Sums;
}

/** A content that nothing leads to any more. */
export interface Gone {
  readonly id: number;
  readonly sizeBytes: number;
}

/** How a content is weighed. */
export interface Weight {
  readonly priority: number;
  readonly isLarge: boolean;
}

export interface Totals {
  readonly count: number;
  readonly smallBytes: number;
  readonly largeBytes: number;
}

/** Methods that change something return the contents that nothing leads to any more: their files go. They throw what SQLite throws. */
export class StoreIndex {
  readonly file: IndexFile;
  readonly #known = new KnownEntries(KNOWN_BYTES);

  constructor(path: string, onAnew: (why: string) => void) {
    this.file = new IndexFile(path, (why) => {
      this.#known.clear();
      onAnew(why);
    });
  }

  /** The latest first. */
  find(key: string): readonly Entry[] {
    return this.#known.get(key) ?? this.file.read(() => this.#look(key)) ?? NONE;
  }

  findBySha256(sha256: string): Entry | undefined {
    const row = this.file.read(() => this.file.sql(FIND_SUMMED).get(sha256.toLowerCase()));
    return row && entryOf(row);
  }

  content(id: number): Stored | undefined {
    const row = this.file.read(() => this.file.sql('SELECT size, sums FROM contents WHERE id = ?').get(id));
    return row && { sizeBytes: Number(row.size), sums: Sums.fromBlob(blobOf(row.sums)) };
  }

  has(id: number): boolean {
    return this.file.read(() => this.file.sql('SELECT 1 FROM contents WHERE id = ?').get(id)) !== undefined;
  }

  totals(): Totals {
    const rows = this.file.read(() => this.file.sql('SELECT count, room FROM totals ORDER BY isLarge').all()) ?? [];
    const [small, large] = rows;
    return {
      count: Number(small?.count ?? 0) + Number(large?.count ?? 0),
      smallBytes: Number(small?.room ?? 0),
      largeBytes: Number(large?.room ?? 0),
    };
  }

  /** Nothing where none of its kind can go: those that are being written cannot. */
  least(isLarge: boolean, isSpared: (id: number) => boolean): Least | undefined {
    return this.file.read(() => {
      for (const row of this.file.sql(LEAST).iterate(isLarge ? 1 : 0)) {
        const id = Number(row.id);
        if (!isSpared(id)) return { id, priority: Number(row.priority) };
      }
      return undefined;
    });
  }

  /** A whole content, found by its key from now on, in place of what that and its variant had. */
  add(entry: Entry, sums: Sums, { priority, isLarge }: Weight): readonly Gone[] {
    const { id, sizeBytes, sha256 } = entry;
    return this.#change(entry.key, () => {
      const large = isLarge ? 1 : 0;
      this.file.run(ADD_CONTENT, id, sizeBytes, roomOf(sizeBytes), large, priority, sha256 ?? null, sums.toBlob());
      this.file.run('DELETE FROM partials WHERE content = ?', id);
      return this.#put(entry);
    });
  }

  alias(entry: Entry): readonly Gone[] {
    return this.#change(entry.key, () => {
      if (this.file.sql('SELECT 1 FROM contents WHERE id = ?').get(entry.id) === undefined) return [];
      return this.#put(entry);
    });
  }

  refresh({ id, key, varies }: Entry, { head, askedAtMs, answeredAtMs }: Pick<Entry, 'head' | keyof Exchanged>): void {
    const [variesText, headText] = [JSON.stringify(varies), JSON.stringify(head)];
    const text = `UPDATE entries SET head = ?, mark = ?, askedAtMs = ?, answeredAtMs = ?
      WHERE hash = ? AND key = ? AND varies = ? AND content = ?`;
    const mark = markOf(id, key, variesText, headText);
    this.#change(key, () =>
      this.file.run(text, headText, mark, askedAtMs, answeredAtMs, hashOf(key), key, variesText, id),
    );
  }

  /** All variants. */
  remove(key: string): { readonly count: number; readonly gone: readonly Gone[] } {
    return this.#change(key, () => {
      const rows = this.#rowsOf(key);
      return { count: rows.length, gone: this.#drop(rows) };
    });
  }

  /** The contents, with all keys that lead to them. */
  removeContents(ids: readonly number[]): readonly Gone[] {
    const keys: string[] = [];
    const gone = this.file.write(() =>
      ids.flatMap((id) => {
        for (const { key } of this.file.sql('SELECT key FROM entries WHERE content = ?').all(id)) {
          keys.push(String(key));
        }
        this.file.run('DELETE FROM entries WHERE content = ?', id);
        this.file.run('DELETE FROM partials WHERE content = ?', id);
        return this.#delete(id);
      }),
    );
    for (const key of keys) this.#known.delete(key);
    return gone;
  }

  /** How often each content was used since, and what the last one that went was worth. */
  used(uses: ReadonlyMap<number, number>, floor: number): void {
    this.file.write(() => {
      for (const [id, more] of uses) {
        const row = this.file.sql('SELECT size, uses FROM contents WHERE id = ?').get(id);
        if (row === undefined) continue;
        const count = Math.min(MAX_USES, Number(row.uses) + more);
        const priority = floor + worthOf(Number(row.size), count);
        this.file.run('UPDATE contents SET uses = ?, priority = ? WHERE id = ?', count, priority, id);
      }
    });
  }

  /** The first of `count` numbers that nobody else gets. */
  takeIds(count: number): number {
    return this.file.write(() => {
      this.file.run("INSERT OR IGNORE INTO meta VALUES ('nextId', 1)");
      const first = Number(this.file.sql("SELECT value FROM meta WHERE name = 'nextId'").get()?.value);
      this.file.run("UPDATE meta SET value = ? WHERE name = 'nextId'", first + count);
      return first;
    });
  }

  close(): void {
    this.#known.clear();
    this.file.close();
  }

  #look(key: string): readonly Entry[] {
    const rows: readonly Row[] = this.file.sql(FIND).all(hashOf(key), key);
    if (rows.length === 0) return NONE;
    const entries = rows.flatMap((row) => entryOf(row) ?? []);
    let textLength = 0;
    for (const row of rows) textLength += textLengthOf(row);
    this.#known.add(key, entries, textLength);
    return entries;
  }

  #change<Value>(key: string, what: () => Value): Value {
    try {
      return this.file.write(what);
    } finally {
      this.#known.delete(key);
    }
  }

  /** The latest first. */
  #rowsOf(key: string): readonly Row[] {
    return this.file
      .sql('SELECT row, content, varies FROM entries WHERE hash = ? AND key = ? ORDER BY answeredAtMs DESC, row DESC')
      .all(hashOf(key), key);
  }

  #put({ id, key, varies, head, askedAtMs, answeredAtMs }: Entry): readonly Gone[] {
    const [variesText, headText] = [JSON.stringify(varies), JSON.stringify(head)];
    const rows = this.#rowsOf(key);
    const others = rows.filter((row) => row.varies !== variesText);
    const replaced = rows.filter((row) => row.varies === variesText);
    const mark = markOf(id, key, variesText, headText);
    this.file.run(ADD_ENTRY, hashOf(key), id, askedAtMs, answeredAtMs, mark, key, variesText, headText);
    return this.#drop([...replaced, ...others.slice(MAX_VARIANTS - 1)]);
  }

  #drop(rows: readonly Row[]): readonly Gone[] {
    for (const { row } of rows) this.file.run('DELETE FROM entries WHERE row = ?', row ?? null);
    return [...new Set(rows.map(({ content }) => Number(content)))].flatMap((id) => {
      const isLed = this.file.sql('SELECT 1 FROM entries WHERE content = ? LIMIT 1').get(id) !== undefined;
      return isLed ? [] : this.#delete(id);
    });
  }

  #delete(id: number): readonly Gone[] {
    const row = this.file.sql('DELETE FROM contents WHERE id = ? RETURNING size').get(id);
    return row ? [{ id, sizeBytes: Number(row.size) }] : [];
  }
}
