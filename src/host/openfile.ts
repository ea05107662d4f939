/** A file that is open, and what is known of it. */
import fs, { type BigIntStats } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Soon } from '../core/content.ts';
import { presentTurn } from './turn.ts';

const closeFd = promisify(fs.close);
export const statFd = promisify(fs.fstat) as (fd: number, options: { bigint: true }) => Promise<BigIntStats>;

/** Times on disk may be this coarse: a file younger than that can change without showing it. FAT keeps 2 s. */
const COARSE_MS = 2000;

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
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly isAtHand: boolean;
  /** Once it is known for good. */
  etag: string | undefined;
  readonly #fd: number;
  readonly #changedMs: number;
  readonly #onFree: (file: OpenFile) => Soon<void>;
  #holders = 1;
  #confirmedIn = -1;
  #user = process.geteuid?.();

  constructor({ fd, stat, isAtHand }: Opening, onFree: (file: OpenFile) => Soon<void>) {
    this.#fd = fd;
    this.stat = stat;
    this.sizeBytes = Number(stat.size);
    this.modifiedMs = Number(stat.mtimeMs);
    this.#changedMs = Number(stat.ctimeMs);
    this.isAtHand = isAtHand;
    this.identity = identityOf(stat);
    this.#onFree = onFree;
  }

  hold(): this {
    this.#holders += 1;
    return this;
  }

  release(): Soon<void> {
    this.#holders -= 1;
    if (this.#holders === 0) return this.#onFree(this);
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

  /** Whether `stat` says of the same bytes that nothing happened to them: the identity is the same. */
  isAs(stat: BigIntStats): boolean {
    const { dev, ino, size, mtimeNs, ctimeNs } = this.stat;
    return (
      stat.ctimeNs === ctimeNs && stat.mtimeNs === mtimeNs && stat.size === size && stat.ino === ino && stat.dev === dev
    );
  }

  /** It may change without showing it. */
  get isYoung(): boolean {
    return Date.now() - this.#changedMs < COARSE_MS;
  }

  /** Opened as the user that this process is now: root opens more than the one it becomes may read. */
  get isOurs(): boolean {
    return this.#user === process.geteuid?.();
  }

  /** It was opened again, by the present user. */
  renew(): void {
    this.#user = process.geteuid?.();
  }

  /** Its name led to it, and it was as when it was opened, a moment ago. */
  confirm(): void {
    this.#confirmedIn = presentTurn();
  }

  /** Whether it was confirmed in this turn of the event loop. */
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
