/** The files with the contents: `objects/3f/1234567`, exactly the octets of the body. */
import fs from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errnoOf } from '../core/errors.ts';
import { roomOf } from './eviction.ts';

const openFd = promisify(fs.open) as (path: string, flags: string, mode?: number) => Promise<number>;
const closeFd = promisify(fs.close);
const unlink = promisify(fs.unlink);

const FOLDERS = 256;
/** Open for the next who reads. */
const MAX_IDLE = 64;

interface Open {
  readonly fd: Promise<number>;
  users: number;
}

/** A file that goes is there for as long as somebody holds it. */
export class ObjectFiles {
  readonly #folder: string;
  /** Those for reading; the latest used last. */
  readonly #open = new Map<number, Open>();
  readonly #holders = new Map<number, number>();
  /** Those that go when they are let go, with their room. */
  readonly #doomed = new Map<number, number>();
  #doomedBytes = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Of files that nobody finds any more, and somebody still reads. */
  get doomedBytes(): number {
    return this.#doomedBytes;
  }

  /** Open for reading and writing, empty. Who gets it closes it. */
  async create(id: number): Promise<number> {
    const path = this.#pathOf(id);
    try {
      return await openFd(path, 'w+', 0o600);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      await mkdir(join(this.#folder, folderOf(id)), { recursive: true, mode: 0o700 });
      return openFd(path, 'w+', 0o600);
    }
  }

  /** As it is. */
  goOn(id: number): Promise<number> {
    return openFd(this.#pathOf(id), 'r+');
  }

  hold(id: number): () => void {
    this.#holders.set(id, (this.#holders.get(id) ?? 0) + 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const left = (this.#holders.get(id) ?? 1) - 1;
      if (left > 0) this.#holders.set(id, left);
      else this.#letGo(id);
    };
  }

  /** Resolves once its room is free, or while somebody holds it. */
  async remove(id: number, sizeBytes: number): Promise<void> {
    if (!this.#holders.has(id)) return this.#unlink(id);
    if (this.#doomed.has(id)) return;
    this.#doomed.set(id, roomOf(sizeBytes));
    this.#doomedBytes += roomOf(sizeBytes);
  }

  /** With a descriptor to read from, which `what` does not keep. */
  async use<Value>(id: number, what: (fd: number) => Promise<Value>): Promise<Value> {
    const open = this.#open.get(id) ?? { fd: openFd(this.#pathOf(id), 'r'), users: 0 };
    this.#open.delete(id);
    this.#open.set(id, open);
    open.users += 1;
    let isOpen = false;
    try {
      const fd = await open.fd;
      isOpen = true;
      return await what(fd);
    } finally {
      open.users -= 1;
      if (!isOpen && this.#open.get(id) === open) this.#open.delete(id);
      this.#closeIdle(MAX_IDLE);
    }
  }

  /** Of one of the folders, 0 to 255: whose files there are. */
  async list(folder: number): Promise<readonly number[]> {
    const names = await readdir(join(this.#folder, folderOf(folder))).catch(() => []);
    return names.filter((name) => /^[1-9]\d{0,15}$/.test(name)).map(Number);
  }

  /** Whether it was opened for reading already. */
  isOpen(id: number): boolean {
    return this.#open.has(id);
  }

  isHeld(id: number): boolean {
    return this.#holders.has(id);
  }

  /** What is held still is let go; it goes with the next start, where it has to. */
  async close(): Promise<void> {
    for (const id of [...this.#doomed.keys()]) this.#letGo(id);
    const all = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(all.map(({ fd }) => fd.then(closeFd).catch(() => {})));
  }

  #pathOf(id: number): string {
    return join(this.#folder, folderOf(id), String(id));
  }

  #letGo(id: number): void {
    this.#holders.delete(id);
    const bytes = this.#doomed.get(id);
    if (bytes === undefined) return;
    this.#doomed.delete(id);
    this.#doomedBytes -= bytes;
    this.#unlink(id).catch(() => {});
  }

  /** One that is not there is gone; one that cannot go is tried again after the next start. */
  async #unlink(id: number): Promise<void> {
    const open = this.#open.get(id);
    if (open && open.users === 0) {
      this.#open.delete(id);
      open.fd.then(closeFd).catch(() => {});
    }
    await unlink(this.#pathOf(id)).catch(() => {});
  }

  #closeIdle(max: number): void {
    if (this.#open.size <= max) return;
    for (const [id, { fd, users }] of this.#open) {
      if (users > 0) continue;
      this.#open.delete(id);
      fd.then(closeFd).catch(() => {});
      return;
    }
  }
}

export const OBJECT_FOLDERS = FOLDERS;

function folderOf(id: number): string {
  return (id % FOLDERS).toString(16).padStart(2, '0');
}
