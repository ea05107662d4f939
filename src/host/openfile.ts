/** Open files, shared: a thousand readers of one image hold one descriptor. */
import fs, { type BigIntStats } from 'node:fs';
import { promisify } from 'node:util';

const closeFd = promisify(fs.close);
export const statFd = promisify(fs.fstat) as (fd: number, options: { bigint: true }) => Promise<BigIntStats>;

/** Which bytes a descriptor stands for: equal as long as nothing wrote to the file, renamed it or removed a name. */
export function identityOf(stat: BigIntStats): string {
  return `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}`;
}

/** A descriptor that closes when its last holder lets go; a read in flight is a holder too. */
export class OpenFile {
  readonly identity: string;
  readonly stat: BigIntStats;
  readonly #fd: number;
  readonly #onClosed: () => void;
  #holders = 1;

  constructor(fd: number, stat: BigIntStats, onClosed: () => void) {
    this.#fd = fd;
    this.stat = stat;
    this.identity = identityOf(stat);
    this.#onClosed = onClosed;
  }

  hold(): this {
    this.#holders += 1;
    return this;
  }

  async release(): Promise<void> {
    this.#holders -= 1;
    if (this.#holders > 0) return;
    this.#onClosed();
    await closeFd(this.#fd);
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
}

/** At most `max` files open, one for each identity. */
export class OpenFiles {
  readonly #byIdentity = new Map<string, OpenFile>();
  readonly #max: number;
  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#byIdentity.size;
  }

  /** Takes over `fd`, or closes it where the same file is open already. Nothing when there is no room. */
  async adopt(fd: number, stat: BigIntStats): Promise<OpenFile | undefined> {
    const identity = identityOf(stat);
    const known = this.#byIdentity.get(identity)?.hold();
    if (known || this.#byIdentity.size >= this.#max) {
      await closeFd(fd);
      return known;
    }
    const file = new OpenFile(fd, stat, () => this.#byIdentity.delete(identity));
    this.#byIdentity.set(identity, file);
    return file;
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
