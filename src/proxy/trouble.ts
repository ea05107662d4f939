/** What keeps the disk from taking more, in words, and when it is tried again. */
import { errnoOf, Fault, messageOf } from '../core/errors.ts';

/** Long enough not to try with every answer, short enough that nobody wonders after having made room. */
const AGAIN_MS = 30_000;

/** SQLite's result codes as the system's. https://sqlite.org/rescode.html */
const SQLITE_CODES: ReadonlyMap<number, string> = new Map([
  [8, 'EROFS'],
  [10, 'EIO'],
  [13, 'ENOSPC'],
  [14, 'EACCES'],
]);

const CURES: Readonly<Record<string, string>> = {
  ENOSPC: 'its disk is full: make room there, or give a smaller proxy.cacheSize',
  EDQUOT: "this user's quota there is used up: raise it, or give a smaller proxy.cacheSize",
  EROFS: 'it may only be read: mount it for writing (a disk that fails is mounted so, too: see dmesg)',
  EIO: 'its disk fails: see dmesg, and name another folder as proxy.cacheDir',
  EACCES: 'this user may not write there: chown it',
  EPERM: 'this user may not write there: chown it',
  EMFILE: 'too many files are open: raise the limit (ulimit -n, LimitNOFILE=)',
};

export class Trouble {
  readonly #folder: string;
  readonly #onSaid: (says: string) => void;
  #says: string | undefined;
  #againAtMs = Number.NEGATIVE_INFINITY;

  /** `onSaid` is told when something begins to go wrong. */
  constructor(folder: string, onSaid: (says: string) => void = () => {}) {
    this.#folder = folder;
    this.#onSaid = onSaid;
  }

  /** One sentence; nothing as long as all is well. */
  get says(): string | undefined {
    return this.#says;
  }

  /** False for half a minute after something went wrong. */
  mayTry(nowMs: number): boolean {
    return nowMs >= this.#againAtMs;
  }

  /** `error` of the system or of SQLite, as what the operator is told. */
  met(error: unknown, nowMs: number): Fault {
    const code = codeOf(error);
    const cure = CURES[code ?? ''] ?? `${messageOf(error)}: see whether it can be written to`;
    const says = `the cache in ${this.#folder} takes nothing more, ${cure}`;
    if (this.#says === undefined) this.#onSaid(says);
    this.#says = says;
    this.#againAtMs = nowMs + AGAIN_MS;
    return new Fault('store-failed', says, error);
  }

  /** The file system is nearly full, whoever it was, and there was no room for something; for another there may be. */
  nearlyFull(): void {
    this.#says = `the cache in ${this.#folder} has less room than it may take, its disk is nearly full: make room there, or give a smaller proxy.cacheSize`;
  }

  /** It went well again. */
  over(): void {
    this.#says = undefined;
    this.#againAtMs = Number.NEGATIVE_INFINITY;
  }
}

function codeOf(error: unknown): string | undefined {
  const primary = sqliteCodeOf(error);
  return primary === undefined ? errnoOf(error) : SQLITE_CODES.get(primary);
}

/** SQLite's primary result code, where it is an error of SQLite. */
export function sqliteCodeOf(error: unknown): number | undefined {
  if (errnoOf(error) !== 'ERR_SQLITE_ERROR' || !(error instanceof Error) || !('errcode' in error)) return undefined;
  return Number(error.errcode) % 256;
}
