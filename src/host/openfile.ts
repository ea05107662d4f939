/** Open files, shared: a thousand readers of one image hold one descriptor. */
import fs, { type BigIntStats } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Clock } from '../host.ts';

const closeFd = promisify(fs.close);
export const statFd = promisify(fs.fstat) as (fd: number, options: { bigint: true }) => Promise<BigIntStats>;

/** Letting go of what nobody asks for is no reason to stay alive. */
export function quietly(ms: number, then: () => void): () => void {
  const timer = setTimeout(then, ms).unref();
  return () => clearTimeout(timer);
}

/** Which bytes a descriptor stands for: equal as long as nothing wrote to the file, renamed it or removed a name. */
export function identityOf(stat: BigIntStats): string {
  return `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}`;
}

/** A regular file that was opened, and what was found out about it. */
export interface Opening {
  readonly fd: number;
  readonly stat: BigIntStats;
  /**
   * Whether its status is known without waiting: it is on a disk of this machine, whose file systems keep in memory what
   * is open, and the way to it. That is asked at once then, since a turn through the thread pool costs as much as sending
   * 100 KB. A server elsewhere may be gone, and would stop everybody.
   */
  readonly isAtHand: boolean;
}

/** A descriptor that is let go when its last holder lets go; a read in flight is a holder too. */
export class OpenFile {
  readonly identity: string;
  readonly stat: BigIntStats;
  readonly isAtHand: boolean;
  readonly #fd: number;
  readonly #onFree: (file: OpenFile) => Promise<void>;
  #holders = 1;
  #confirmedIn = -1;

  constructor({ fd, stat, isAtHand }: Opening, onFree: (file: OpenFile) => Promise<void>) {
    this.#fd = fd;
    this.stat = stat;
    this.isAtHand = isAtHand;
    this.identity = identityOf(stat);
    this.#onFree = onFree;
  }

  hold(): this {
    this.#holders += 1;
    return this;
  }

  async release(): Promise<void> {
    this.#holders -= 1;
    if (this.#holders === 0) await this.#onFree(this);
  }

  async use<Value>(work: (fd: number) => Promise<Value>): Promise<Value> {
    if (this.#holders <= 0) throw new Error('this file is closed already');
    this.hold();
    try {
      return await work(this.#fd);
    } finally {
      await this.release();
    }
  }

  async statNow(): Promise<BigIntStats> {
    return this.use(async (fd) => {
      return this.isAtHand ? fs.fstatSync(fd, { bigint: true }) : statFd(fd, { bigint: true });
    });
  }

  /** Its name led to it, and it was as when it was opened, a moment ago. */
  confirm(): void {
    this.#confirmedIn = presentTurn();
  }

  /**
   * Whether it was confirmed in this turn of the event loop: those who are heard in one turn asked at the same moment, as
   * far as anybody can tell.
   */
  get isConfirmed(): boolean {
    return this.#confirmedIn === presentTurn();
  }

  /** The path at which the kernel has it now, links resolved; `... (deleted)` once the name is gone or another's. */
  whereIsIt(): string {
    return whereIs(this.#fd);
  }

  /** For `OpenFiles`, when nobody holds it. */
  close(): Promise<void> {
    return closeFd(this.#fd);
  }
}

let turn = 0;
let isTurning = false;

/** A number that is another one after this turn of the event loop. */
function presentTurn(): number {
  if (!isTurning) {
    isTurning = true;
    setImmediate(() => {
      isTurning = false;
      turn += 1;
    });
  }
  return turn;
}

/** The kernel's own name for what a descriptor is; no disk is asked, so this is done at once. */
export function whereIs(fd: number): string {
  try {
    return fs.readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

/** As statfs(2) and linux/magic.h have them: ext2 to ext4, XFS, Btrfs, F2FS, Bcachefs, ZFS, tmpfs, FAT, exFAT, ISO 9660. */
const LOCAL_TYPES: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0xca451a4e, 0x2fc12fc1, 0x01021994, 0x4d44, 0x2011bab0, 0x9660,
]);

/** Whether it is on a disk of this machine: not beyond a network, nor in FUSE, where a program answers. */
export async function isAtHand(fd: number): Promise<boolean> {
  const found = await statfs(`/proc/self/fd/${fd}`).catch(() => undefined);
  return found !== undefined && LOCAL_TYPES.has(found.type);
}

/** Files that nobody holds and that stay open for who comes next: a loader and all its modules and themes, a few times. */
const MAX_IDLE = 512;
/** They close after one to two of these. */
const IDLE_MS = 2000;

/** At most `max` files open, one for each identity; those that were held last stay open for a moment. */
export class OpenFiles {
  readonly #byIdentity = new Map<string, OpenFile>();
  /** The name at which it was opened last. Whoever finds it by that has to look whether it still is there. */
  readonly #byName = new Map<string, OpenFile>();
  readonly #nameOf = new Map<OpenFile, string>();
  /** The longest idle first; true once a round of closing has seen it. */
  readonly #idle = new Map<OpenFile, boolean>();
  readonly #max: number;
  readonly #after: Clock['after'];
  #cancel: (() => void) | undefined;
  constructor(max: number, after: Clock['after']) {
    this.#max = max;
    this.#after = after;
  }

  /** Those that somebody holds. */
  get count(): number {
    return this.#byIdentity.size - this.#idle.size;
  }

  /** What was opened as `name` lately, held for the caller. */
  find(name: string): OpenFile | undefined {
    const file = this.#byName.get(name);
    return file && this.#hold(file);
  }

  /** Nobody finds it by its name any more, and it doesn't stay open without a holder. */
  forget(file: OpenFile): void {
    const name = this.#nameOf.get(file);
    this.#nameOf.delete(file);
    if (name !== undefined && this.#byName.get(name) === file) this.#byName.delete(name);
  }

  /** Takes over `fd`, or closes it where the same file is open already. Nothing when there is no room. */
  async adopt(name: string, opening: Opening): Promise<OpenFile | undefined> {
    const { fd, stat } = opening;
    const known = this.#byIdentity.get(identityOf(stat));
    if (known) {
      this.#call(this.#hold(known), name);
      await closeFd(fd);
      return known;
    }
    // Those have left the tables when the call returns, though they close a moment later.
    const closing = this.#byIdentity.size >= this.#max ? this.#closeIdle(1) : undefined;
    if (this.#byIdentity.size >= this.#max) {
      await closeFd(fd);
      return undefined;
    }
    const file = new OpenFile(opening, (freed) => this.#keep(freed));
    this.#byIdentity.set(file.identity, file);
    this.#call(file, name);
    await closing;
    return file;
  }

  /** Closes what nobody holds. */
  async closeAllIdle(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    await this.#closeIdle(this.#idle.size);
  }

  #hold(file: OpenFile): OpenFile {
    this.#idle.delete(file);
    return file.hold();
  }

  #call(file: OpenFile, name: string): void {
    this.forget(file);
    const other = this.#byName.get(name);
    if (other) this.forget(other);
    this.#byName.set(name, file);
    this.#nameOf.set(file, name);
  }

  async #keep(file: OpenFile): Promise<void> {
    if (!this.#nameOf.has(file)) return this.#close(file);
    this.#idle.set(file, false);
    this.#cancel ??= this.#after(IDLE_MS, () => this.#round());
    if (this.#idle.size > MAX_IDLE) await this.#closeIdle(1);
  }

  #round(): void {
    for (const [file, isSeen] of [...this.#idle]) {
      if (isSeen) this.#close(file).catch(() => {});
      else this.#idle.set(file, true);
    }
    this.#cancel = this.#idle.size > 0 ? this.#after(IDLE_MS, () => this.#round()) : undefined;
  }

  async #closeIdle(count: number): Promise<void> {
    await Promise.all([...this.#idle.keys()].slice(0, count).map((file) => this.#close(file).catch(() => {})));
  }

  #close(file: OpenFile): Promise<void> {
    this.#idle.delete(file);
    this.forget(file);
    this.#byIdentity.delete(file.identity);
    return file.close();
  }
}

/** Fills `into` from `position`; the count is short only at the end of the file. */
export async function readAt(fd: number, into: Uint8Array, position: number): Promise<number> {
  let count = 0;
  while (count < into.length) {
    const got = await readOnce(fd, into, count, position + count);
    if (got === 0) break;
    count += got;
  }
  return count;
}

function readOnce(fd: number, into: Uint8Array, offset: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(fd, into, offset, into.length - offset, position, (error, count) =>
      error ? reject(error) : resolve(count),
    );
  });
}

/** As `readAt`, into one view after the other by one call; the rest of a short count, which is rare, view by view. */
export async function readScatteredAt(fd: number, into: readonly Uint8Array[], position: number): Promise<number> {
  let count = await new Promise<number>((resolve, reject) => {
    fs.readv(fd, into, position, (error, got) => (error ? reject(error) : resolve(got)));
  });
  let viewAt = 0;
  for (const view of into) {
    const missing = viewAt + view.length - count;
    if (count > 0 && missing > 0) {
      const got = await readAt(fd, view.subarray(view.length - missing), position + count);
      count += got;
      if (got < missing) break;
    }
    viewAt += view.length;
  }
  return count;
}

/** Descriptors that are nobody's share: the runtime's own, the doors, what is opened for a moment. */
const RESERVED_DESCRIPTORS = 32;
/** Of the others, so that no service takes what another needs. `files` is for each of the two folders. */
const SHARES = { http: 0.5, tftp: 0.3, files: 0.1 } as const;
/** What works at all, however few there are. */
const MIN_SHARE = 8;

/** How many of this process's descriptors may be used for that at once. */
export function descriptorShare(user: keyof typeof SHARES): number {
  return Math.max(MIN_SHARE, Math.floor((descriptorLimit() - RESERVED_DESCRIPTORS) * SHARES[user]));
}

/** How many descriptors this process may hold. Node has raised the soft limit to the hard one when it started. */
export function descriptorLimit(): number {
  const limits = fs.readFileSync('/proc/self/limits', 'latin1');
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
}
