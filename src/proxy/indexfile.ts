/** The index's file: SQLite, one connection, each statement prepared once. A broken one is put aside and begun anew. */
import { closeSync, openSync, renameSync, rmSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { Fault, messageOf } from '../core/errors.ts';
import { sqliteCodeOf } from './trouble.ts';

/** SQLITE_CORRUPT, SQLITE_NOTADB. */
const BROKEN: ReadonlySet<number | undefined> = new Set([11, 26]);
/** SQLITE_ERROR: at start, tables that are not ours. */
const STRANGE = 1;
/** Of the tables below. Another one's are begun anew: a cache is no place for migrations. */
const VERSION = 1;

/**
 * `contents`: one row for each file; `priority` is endless while it is written, and `room` is 0, since it is reserved. `entries`: what
 * is found by a key, whole contents only; `mark` is a checksum of the row. `partials`: the answers whose contents are not whole.
 * `totals`: kept by triggers, so that nobody counts a million rows.
 */
const SCHEMA = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE contents (
    id INTEGER PRIMARY KEY, size INTEGER NOT NULL, room INTEGER NOT NULL, isLarge INTEGER NOT NULL,
    priority REAL NOT NULL, uses INTEGER NOT NULL, sha256 TEXT, sums BLOB NOT NULL);
  CREATE INDEX byWorth ON contents (isLarge, priority);
  CREATE INDEX bySha256 ON contents (sha256) WHERE sha256 IS NOT NULL;
  CREATE TABLE entries (
    row INTEGER PRIMARY KEY, hash INTEGER NOT NULL, content INTEGER NOT NULL, askedAtMs INTEGER NOT NULL,
    answeredAtMs INTEGER NOT NULL, mark INTEGER NOT NULL, key TEXT NOT NULL, varies TEXT NOT NULL, head TEXT NOT NULL);
  CREATE INDEX byHash ON entries (hash);
  CREATE INDEX byContent ON entries (content);
  CREATE TABLE partials (
    content INTEGER PRIMARY KEY, size INTEGER, isSummed INTEGER NOT NULL, askedAtMs INTEGER NOT NULL,
    answeredAtMs INTEGER NOT NULL, key TEXT NOT NULL, varies TEXT NOT NULL, head TEXT NOT NULL);
  CREATE TABLE totals (isLarge INTEGER PRIMARY KEY, count INTEGER NOT NULL, room INTEGER NOT NULL);
  INSERT INTO totals VALUES (0, 0, 0), (1, 0, 0);
  CREATE TRIGGER added AFTER INSERT ON contents BEGIN
    UPDATE totals SET count = count + 1, room = room + new.room WHERE isLarge = new.isLarge; END;
  CREATE TRIGGER removed AFTER DELETE ON contents BEGIN
    UPDATE totals SET count = count - 1, room = room - old.room WHERE isLarge = old.isLarge; END;
  CREATE TRIGGER changed AFTER UPDATE OF room, isLarge ON contents BEGIN
    UPDATE totals SET count = count - 1, room = room - old.room WHERE isLarge = old.isLarge;
    UPDATE totals SET count = count + 1, room = room + new.room WHERE isLarge = new.isLarge; END;
  PRAGMA user_version = ${VERSION};
`;

/** Locked for this process: the journal's index stays in its memory then. Measured: 16 MiB of pages find a key among a million in 10 us. */
const SETTINGS = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA cache_size = -16384;
  PRAGMA journal_size_limit = 67108864;
  PRAGMA wal_autocheckpoint = 1000;
`;

export class IndexFile {
  readonly #path: string;
  readonly #onAnew: (why: string) => void;
  readonly #statements = new Map<string, StatementSync>();
  #database: DatabaseSync;
  #isClosed = false;
  #isWriting = false;

  /** `onAnew`: it had to be begun anew, now or later; whatever is remembered of it is wrong. Throws a `Fault` where it cannot be had. */
  constructor(path: string, onAnew: (why: string) => void) {
    this.#path = path;
    this.#onAnew = onAnew;
    this.#database = this.#open();
  }

  /** Of a statement that is one text each time. */
  sql(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      statement = this.#database.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement;
  }

  run(text: string, ...values: SQLInputValue[]): void {
    this.sql(text).run(...values);
  }

  /** Nothing where it cannot be read. */
  read<Value>(what: () => Value): Value | undefined {
    if (this.#isClosed) return undefined;
    try {
      return what();
    } catch (error) {
      if (sqliteCodeOf(error) === undefined) throw error;
      this.#mend(error);
      return undefined;
    }
  }

  /** All of it or nothing, also of what is written within `what`. Throws what SQLite throws. */
  write<Value>(what: () => Value): Value {
    if (this.#isWriting) return what();
    if (this.#isClosed) throw new Fault('store-failed', 'the cache is closed: start flink anew');
    this.#isWriting = true;
    try {
      this.run('BEGIN IMMEDIATE');
      const value = what();
      this.run('COMMIT');
      return value;
    } catch (error) {
      if (this.#database.isOpen && this.#database.isTransaction) this.run('ROLLBACK');
      this.#mend(error);
      throw error;
    } finally {
      this.#isWriting = false;
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#statements.clear();
    this.#database.close();
  }

  #mend(error: unknown): void {
    if (!BROKEN.has(sqliteCodeOf(error))) return;
    this.#statements.clear();
    this.#database.close();
    this.#database = this.#anew(error);
  }

  #open(): DatabaseSync {
    try {
      return opened(this.#path);
    } catch (error) {
      const code = sqliteCodeOf(error);
      // What cannot be written now would be no better for being new.
      if (BROKEN.has(code) || code === STRANGE) return this.#anew(error);
      throw new Fault('store-failed', `${this.#path} cannot be used: ${messageOf(error)}`, error);
    }
  }

  #anew(why: unknown): DatabaseSync {
    for (const end of ['-wal', '-shm', '-journal']) rmSync(this.#path + end, { force: true });
    // One is kept, for who wants to know what happened to it.
    renameSync(this.#path, `${this.#path}.broken`);
    const database = opened(this.#path);
    this.#onAnew(messageOf(why));
    return database;
  }
}

function opened(path: string): DatabaseSync {
  // What all have fetched is nobody's business.
  closeSync(openSync(path, 'a', 0o600));
  const database = new DatabaseSync(path);
  try {
    database.exec(SETTINGS);
    const version = database.prepare('PRAGMA user_version').get()?.user_version;
    if (version === 0) database.exec(`BEGIN; ${SCHEMA} COMMIT;`);
    // Fails with SQLITE_ERROR.
    else if (version !== VERSION) database.exec('SELECT version FROM another');
    database.exec('SELECT room FROM totals');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
