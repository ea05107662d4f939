/** A folder that can lose power between any two things done to it, and fail any of them. */
import type { JournalFile, JournalFiles } from '../../src/host/journalfiles.ts';

type Names = Map<string, FakeFile>;

/** What was done to a file since its last sync: bytes added at the end, or cut off to a length. */
type Write = Uint8Array | number;

class FakeFile {
  synced: Uint8Array;
  writes: Write[] = [];

  constructor(synced: Uint8Array) {
    this.synced = synced;
  }

  get bytes(): Uint8Array {
    return this.writes.reduce<Uint8Array>(written, this.synced);
  }

  sync(): void {
    this.synced = this.bytes;
    this.writes = [];
  }

  /** Some first part of what was not synced, the last write of it torn; and pages of it may never have been written. */
  afterPowerLoss(random: () => number): Uint8Array {
    const [torn, ...whole] = this.writes.slice(0, Math.floor(random() * (this.writes.length + 1))).reverse();
    let bytes = whole.reverse().reduce<Uint8Array>(written, this.synced);
    if (torn instanceof Uint8Array) bytes = written(bytes, torn.subarray(0, Math.ceil(random() * torn.length)));
    else if (torn !== undefined) bytes = written(bytes, torn);
    const unsynced = bytes.length - this.synced.length;
    if (unsynced > 0 && random() < 0.3) {
      const at = this.synced.length + Math.floor(random() * unsynced);
      bytes = bytes.slice();
      bytes.fill(0, at, Math.min(bytes.length, at + Math.ceil(random() * 40)));
    }
    return bytes;
  }
}

function written(bytes: Uint8Array, write: Write): Uint8Array {
  return typeof write === 'number' ? bytes.slice(0, write) : Buffer.concat([bytes, write]);
}

export class FakeDisk implements JournalFiles {
  readonly folder = '/state';
  /** What a process sees. */
  readonly #names: Names = new Map();
  /** What would be there after a loss of power, and what was done to names since. */
  #syncedNames: Names = new Map();
  #nameChanges: ((names: Names) => void)[] = [];
  /** Things done, in order. */
  readonly done: string[] = [];
  /** Fails everything that writes, with this errno, for as long as it is set. */
  failsWith: string | undefined;
  /** Only these, then. */
  failing: readonly string[] | undefined;
  /** Fails just this one, counted from 1, or all from it on. */
  failsAt: { readonly number: number; readonly code: string; readonly isLasting?: boolean } | undefined;
  /** The process ends there: nothing more happens, nothing returns. */
  diesAt = Number.POSITIVE_INFINITY;

  static of(files: Readonly<Record<string, Uint8Array | string>>): FakeDisk {
    const disk = new FakeDisk();
    for (const [name, bytes] of Object.entries(files)) disk.#names.set(name, new FakeFile(Buffer.from(bytes)));
    disk.#syncedNames = new Map(disk.#names);
    return disk;
  }

  /** After kill -9: the system still has all that was written. */
  afterKill(): FakeDisk {
    return FakeDisk.of(this.files());
  }

  afterPowerLoss(random: () => number): FakeDisk {
    const names = new Map(this.#syncedNames);
    // POSIX promises no order among them.
    const share = random();
    for (const change of this.#nameChanges) if (random() < share) change(names);
    return FakeDisk.of(Object.fromEntries([...names].map(([name, file]) => [name, file.afterPowerLoss(random)])));
  }

  files(): Readonly<Record<string, Uint8Array>> {
    return Object.fromEntries([...this.#names].map(([name, { bytes }]) => [name, bytes]));
  }

  text(name: string): string {
    return Buffer.from(this.files()[name] ?? []).toString();
  }

  async lock(): Promise<() => Promise<void>> {
    return async () => {};
  }

  async list(): Promise<readonly string[]> {
    return [...this.#names.keys()];
  }

  async read(name: string): Promise<Uint8Array> {
    return this.#names.get(name)?.bytes ?? fail('ENOENT');
  }

  async create(name: string): Promise<JournalFile> {
    if (this.#names.has(name)) fail('EEXIST');
    await this.#step('create');
    const file = new FakeFile(new Uint8Array(0));
    this.#change((names) => names.set(name, file));
    return {
      append: async (text) => {
        const bytes = Buffer.from(text);
        // A disk that fills up takes the beginning.
        await this.#step('append', () => file.writes.push(bytes.subarray(0, bytes.length / 2)));
        file.writes.push(bytes);
      },
      sync: async () => {
        await this.#step('sync');
        file.sync();
      },
      cutTo: async (bytes) => {
        await this.#step('cut');
        file.writes.push(bytes);
      },
      close: async () => {},
    };
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#step('rename');
    const file = this.#names.get(from) ?? fail('ENOENT');
    this.#change((names) => {
      names.set(to, file);
      names.delete(from);
    });
  }

  async remove(name: string): Promise<void> {
    if (!this.#names.has(name)) return;
    await this.#step('remove');
    this.#change((names) => names.delete(name));
  }

  async syncNames(): Promise<void> {
    await this.#step('sync-names');
    this.#syncedNames = new Map(this.#names);
    this.#nameChanges = [];
  }

  #change(change: (names: Names) => void): void {
    change(this.#names);
    this.#nameChanges.push(change);
  }

  async #step(what: string, partly?: () => void): Promise<void> {
    this.done.push(what);
    const number = this.done.length;
    // Other work gets its turn, as it does while a real disk is busy.
    await new Promise((resolve) => setImmediate(resolve));
    if (number >= this.diesAt) {
      partly?.();
      await new Promise(() => {});
    }
    const { failsAt } = this;
    const isDue = failsAt && (failsAt.isLasting ? number >= failsAt.number : number === failsAt.number);
    const isFailing = this.failing?.includes(what) ?? true;
    const code = isFailing && this.failsWith !== undefined ? this.failsWith : isDue ? failsAt.code : undefined;
    // A full disk lets files shrink and go.
    if (code === undefined || (code === 'ENOSPC' && ['cut', 'remove', 'sync'].includes(what))) return;
    partly?.();
    fail(code);
  }
}

function fail(code: string): never {
  throw Object.assign(new Error(code), { code });
}
