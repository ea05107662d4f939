/** The store in a folder: index, files, room and memory put together. */
import { join } from 'node:path';
import type { Content } from '../core/content.ts';
import type { Log } from '../host.ts';
import { CheckedReader, type Damaged } from './checked.ts';
import { Contents } from './contents.ts';
import { ContentDraft, type DraftMeans, firstRoomOf, nothingOf } from './draft.ts';
import type { Fields } from './fields.ts';
import { ObjectFiles } from './objects.ts';
import { type PartialEntry, Partials } from './partials.ts';
import { beginningOf } from './resume.ts';
import { type Reserved, Room } from './room.ts';
import type { Draft, NewEntry, Store, StoreLimits, StoreReport, StoreWorld } from './store.ts';
import { type Gone, StoreIndex } from './storeindex.ts';
import { Sweep } from './sweep.ts';
import { Trouble } from './trouble.ts';
import type { Entry, Exchanged } from './types.ts';

/** Being written at a time; each holds a descriptor. */
const MAX_DRAFTS = 512;
/** Numbers for contents, taken at a time. */
const IDS = 1000;
/** Uses are written together, so late. */
const USES_MS = 5000;
/** Contents whose uses are counted in that time; those of others are not, which is no harm. */
const MAX_USED = 2000;
const SERVICE = 'proxy';

export interface StoreSetting {
  readonly folder: string;
  readonly limits: () => StoreLimits;
  readonly log: Log;
  /** Gives the folder back. */
  readonly unlock: () => Promise<void>;
}

export class FolderStore implements Store {
  readonly #world: StoreWorld;
  readonly #limits: () => StoreLimits;
  readonly #log: Log;
  readonly #unlock: () => Promise<void>;
  readonly #index: StoreIndex;
  readonly #partials: Partials;
  readonly #files: ObjectFiles;
  readonly #reader: CheckedReader;
  readonly #room: Room;
  readonly #trouble: Trouble;
  readonly #contents: Contents;
  readonly #sweep: Sweep;
  readonly #drafts = new Set<ContentDraft>();
  readonly #draftMeans: DraftMeans;
  #creating = 0;
  #nextId = 0;
  #endId = 0;
  #damaged = 0;
  #uses = new Map<number, number>();
  #cancelUses: (() => void) | undefined;
  #isClosed = false;

  /** Throws a `Fault` where the index cannot be had. */
  constructor(world: StoreWorld, { folder, limits, log, unlock }: StoreSetting) {
    const { clock } = world;
    this.#world = world;
    this.#limits = limits;
    this.#log = log;
    this.#unlock = unlock;
    this.#trouble = new Trouble(folder, (says) => log.warn('proxy', 'store-failed', { why: says }));
    this.#files = new ObjectFiles(join(folder, 'objects'));
    this.#reader = new CheckedReader(this.#files);
    this.#index = new StoreIndex(join(folder, 'index.sqlite'), (why) => this.#begunAnew(why));
    this.#partials = new Partials(this.#index);
    const onDamaged = (damage: Damaged): void => this.#lose(damage);
    const own = { index: this.#index, files: this.#files, reader: this.#reader };
    this.#contents = new Contents({ ...own, ...world, onDamaged, memoryBytes: limits().memoryBytes });
    this.#room = new Room({
      ...own,
      look: () => world.look(folder),
      maxBytes: () => limits().maxBytes,
      now: () => clock.now(),
      onNearlyFull: () => this.#trouble.nearlyFull(),
      onGone: (id) => this.#contents.forget(id),
    });
    this.#draftMeans = {
      ...{ ...own, onDamaged, room: this.#room, partials: this.#partials, trouble: this.#trouble },
      now: () => clock.now(),
      maxObjectBytes: () => limits().maxObjectBytes,
      mayGoOn: world.mayGoOn,
      onWhole: (entry, small) => {
        if (small !== undefined) this.#contents.remember(entry.id, small);
      },
      onOver: (draft) => this.#drafts.delete(draft),
    };
    const isKept = (id: number): boolean => this.#isKept(id);
    this.#sweep = new Sweep({ files: this.#files, after: (ms, then) => clock.after(ms, then), isKept });
    this.#settle();
    this.#sweep.start();
  }

  find(key: string): readonly Entry[] {
    return this.#index.find(key);
  }

  findBySha256(sha256: string): Entry | undefined {
    return this.#index.findBySha256(sha256);
  }

  async create(entry: NewEntry): Promise<Draft | undefined> {
    const { maxObjectBytes } = this.#limits();
    if (!this.#mayWrite() || (entry.sizeBytes ?? 0) > maxObjectBytes) return undefined;
    this.#creating += 1;
    try {
      // What broke off before is of no use any more, or the caller had gone on with it.
      for (const { id } of this.#partials.of(entry.key, entry.varies)) await this.#drop(id);
      const reserved: Reserved = { bytes: 0, writtenBytes: 0 };
      if (!(await this.#reserve(reserved, firstRoomOf(entry)))) return undefined;
      const id = this.#takeId();
      this.#partials.enliven(id);
      return this.#begin(new ContentDraft(entry, nothingOf(id, entry, reserved), this.#draftMeans));
    } catch (error) {
      this.#trouble.met(error, this.#world.clock.now());
      return undefined;
    } finally {
      this.#creating -= 1;
    }
  }

  async resume(key: string, varies: Fields): Promise<{ readonly draft: Draft; readonly entry: NewEntry } | undefined> {
    if (!this.#mayWrite()) return undefined;
    // Whoever still reads the beginning may be reading what would be cut off.
    const partial = this.#partials.of(key, varies).find(({ id }) => !this.#files.isHeld(id));
    if (partial === undefined) return undefined;
    this.#creating += 1;
    this.#partials.enliven(partial.id);
    try {
      return await this.#goOn(partial);
    } catch (error) {
      this.#partials.over(partial.id);
      this.#trouble.met(error, this.#world.clock.now());
      return undefined;
    } finally {
      this.#creating -= 1;
    }
  }

  refresh(entry: Entry, by: Pick<Entry, 'head' | keyof Exchanged>): Entry {
    this.#attempt(() => this.#index.refresh(entry, by));
    const { head, askedAtMs, answeredAtMs } = by;
    return { ...entry, head, askedAtMs, answeredAtMs };
  }

  alias(entry: Entry, key: string): Entry {
    const other = { ...entry, key };
    this.#removeFiles(this.#attempt(() => this.#index.alias(other)) ?? []);
    return other;
  }

  async open(entry: Entry): Promise<Content | undefined> {
    return this.#isClosed ? undefined : this.#contents.open(entry);
  }

  peek(entry: Entry): Uint8Array | undefined {
    return this.#contents.peek(entry.id);
  }

  used({ id }: Entry): void {
    const count = this.#uses.get(id);
    if (count === undefined && this.#uses.size >= MAX_USED) return;
    this.#uses.set(id, (count ?? 0) + 1);
    if (this.#cancelUses === undefined && !this.#isClosed) {
      this.#cancelUses = this.#world.clock.after(USES_MS, () => this.#writeUses());
    }
  }

  remove(key: string): number {
    const removed = this.#attempt(() => this.#index.remove(key));
    this.#removeFiles(removed?.gone ?? []);
    return removed?.count ?? 0;
  }

  report(): StoreReport {
    return {
      entries: this.#index.totals().count - this.#partials.count(),
      bytes: this.#room.bytes,
      evicted: this.#room.evicted,
      damaged: this.#damaged,
      trouble: this.#trouble.says,
    };
  }

  /** What is being written is left. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelUses?.();
    await this.#sweep.stop();
    await Promise.all([...this.#drafts].map((draft) => draft.leave().catch(() => {})));
    this.#writeUses();
    this.#contents.close();
    await this.#files.close();
    this.#index.close();
    await this.#unlock();
  }

  #mayWrite(): boolean {
    const isFull = this.#drafts.size + this.#creating >= MAX_DRAFTS;
    return !this.#isClosed && !isFull && this.#trouble.mayTry(this.#world.clock.now());
  }

  /** False where there is none. Whoever gets none has nothing to release. */
  async #reserve(reserved: Reserved, bytes: number): Promise<boolean> {
    try {
      if (await this.#room.grow(reserved, bytes)) return true;
    } catch (error) {
      this.#room.release(reserved);
      throw error;
    }
    this.#room.release(reserved);
    return false;
  }

  #begin(draft: ContentDraft): ContentDraft {
    this.#drafts.add(draft);
    return draft;
  }

  async #goOn(partial: PartialEntry): Promise<{ readonly draft: Draft; readonly entry: NewEntry } | undefined> {
    const { id, entry, sizeBytes } = partial;
    const reserved: Reserved = { bytes: 0, writtenBytes: sizeBytes };
    // Its room is reserved from now on.
    this.#partials.save(id, entry, partial);
    if (!(await this.#reserve(reserved, Math.max(firstRoomOf(entry), sizeBytes)))) {
      this.#partials.leave(id, sizeBytes, this.#room.weigh(sizeBytes));
      return undefined;
    }
    const beginning = await beginningOf(partial, reserved, this.#draftMeans);
    if (beginning) return { draft: this.#begin(new ContentDraft(entry, beginning, this.#draftMeans)), entry };
    this.#room.release(reserved);
    this.#partials.over(id);
    await this.#drop(id);
    return undefined;
  }

  #drop(id: number): Promise<void> {
    return this.#room.remove(this.#index.removeContents([id]));
  }

  #takeId(): number {
    if (this.#nextId >= this.#endId) {
      this.#nextId = this.#index.takeIds(IDS);
      this.#endId = this.#nextId + IDS;
    }
    return this.#nextId++;
  }

  #isKept(id: number): boolean {
    return this.#partials.isLive(id) || this.#files.isHeld(id) || this.#index.has(id);
  }

  /** What was being written when the process ended has broken off. */
  #settle(): void {
    this.#attempt(() => {
      for (const id of this.#partials.orphaned()) {
        const sizeBytes = this.#index.content(id)?.sizeBytes ?? 0;
        this.#partials.leave(id, sizeBytes, this.#room.weigh(sizeBytes));
      }
      this.#removeFiles(this.#index.removeContents(this.#partials.surplus()));
    });
  }

  #lose({ id, message }: Damaged): void {
    if (!this.#index.has(id)) return;
    this.#damaged += 1;
    this.#log.warn(SERVICE, 'damaged', { content: id, reason: message });
    this.#removeFiles(this.#attempt(() => this.#index.removeContents([id])) ?? []);
  }

  #begunAnew(why: string): void {
    this.#log.warn(SERVICE, 'index-anew', { reason: why });
    // While it is opened for the first time there is nothing else yet.
    this.#contents?.clear();
    this.#sweep?.start();
    this.#nextId = this.#endId;
  }

  #writeUses(): void {
    this.#cancelUses = undefined;
    const uses = this.#uses;
    this.#uses = new Map();
    if (uses.size > 0) this.#attempt(() => this.#index.used(uses, this.#room.floor));
  }

  /** What need not succeed: it is done, or said what is in the way. */
  #attempt<Value>(what: () => Value): Value | undefined {
    try {
      return what();
    } catch (error) {
      this.#trouble.met(error, this.#world.clock.now());
      return undefined;
    }
  }

  #removeFiles(gone: readonly Gone[]): void {
    this.#room.remove(gone).catch(() => {});
  }
}
