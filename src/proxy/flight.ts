/** An object on its way: what of it is there, in memory and on disk, and who waits for more. Many read it, each at its own place. */
import type { Soon } from '../core/content.ts';
import { BLOCK_BYTES, type Block, type BlockRoom } from './blockroom.ts';
import type { Fields } from './fields.ts';
import type { Draft } from './store.ts';
import type { Entry, Exchanged, Head } from './types.ts';

/** Where the origin does not say how much comes: room for most pages. */
const FIRST_BYTES = 64 << 10;
/** What may be on its way to the disk for one object. */
const MAX_UNSTORED_BYTES = 8 * BLOCK_BYTES;

export interface FlightFacts {
  readonly key: string;
  readonly varies: Fields;
  readonly head: Head;
  /** For who asked first alone: with fields that are nobody else's. */
  readonly ownHead?: Head | undefined;
  /** Of the whole content, where it is known. */
  readonly totalBytes: number | undefined;
  /** How old it was when it came. */
  readonly arrived?: Exchanged | undefined;
  /** It said so: it came out of another cache. */
  readonly isAged?: boolean | undefined;
}

type State =
  | { readonly kind: 'flying' }
  /** All of it is here; the disk may be behind. */
  | { readonly kind: 'whole' }
  | { readonly kind: 'broken'; readonly fault: unknown };

/** Where somebody reads. */
interface Place {
  position: number;
  /** Its address. */
  readonly client: string;
  hasLeft: boolean;
  readonly release: () => void;
  /** What it was given last, until it asks for more. */
  held: Growing | undefined;
}

interface Growing extends Block {
  bytes: Uint8Array;
  readonly index: number;
  /** `waiting`: for the disk; where that takes no more, for those who read. */
  place: 'filling' | 'waiting' | 'stored';
  /** How many have been given it, and have not asked for more yet. */
  readers: number;
  isGone: boolean;
  /** Its memory is used again. */
  isLent: boolean;
}

/** One who reads. It holds the content's file until it leaves. */
export interface Reader {
  /**
   * Octets from `position` on, as many as lie together, and there until it asks again or leaves; none at the end. Waits where none
   * are there yet. Rejects when none will come, or it has left.
   */
  at(position: number): Soon<Uint8Array>;
  leave(): void;
}

export class Flight {
  readonly facts: FlightFacts;
  readonly #draft: Draft;
  readonly #room: BlockRoom;
  readonly #blocks = new Map<number, Growing>();
  readonly #loading = new Map<number, Promise<Growing>>();
  readonly #readers = new Map<Reader, Place>();
  #waiting: (() => void)[] = [];
  #state: State = { kind: 'flying' };
  #receivedBytes: number;
  #storedBytes: number;
  /** The disk takes it. */
  #isStored = true;
  /** Full, and not yet given to the disk. */
  #unstored: Growing[] = [];
  #storing: Promise<void> = Promise.resolve();
  #entry: Promise<Entry | undefined> | undefined;
  #onRoom: (() => void) | undefined;
  readonly #offerRoomAgain = (): void => this.#offerRoom();

  /** `draft` may have a beginning from before. */
  constructor(facts: FlightFacts, draft: Draft, room: BlockRoom) {
    this.facts = facts;
    this.#draft = draft;
    this.#room = room;
    this.#receivedBytes = draft.writtenBytes;
    this.#storedBytes = draft.writtenBytes;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  get readers(): number {
    return this.#readers.size;
  }

  /** Who pays for what comes: each of those who read it, once. */
  payers(): ReadonlySet<string> {
    const clients = new Set<string>();
    for (const { client } of this.#readers.values()) clients.add(client);
    return clients;
  }

  /** Whether all of it is here, or no more will come. */
  get isOver(): boolean {
    return this.#state.kind !== 'flying';
  }

  /** Whether somebody new may still read it from the beginning. */
  get isJoinable(): boolean {
    return this.#isStored && this.#state.kind !== 'broken';
  }

  /** `position`: where it begins to read. Nothing of what is before is kept for it. */
  join(position: number, client = ''): Reader {
    const place: Place = { position, client, hasLeft: false, release: this.#draft.hold(), held: undefined };
    const reader: Reader = {
      at: (next) => {
        place.position = next;
        this.#putBack(place);
        return this.#at(place);
      },
      leave: () => {
        if (!this.#readers.delete(reader)) return;
        place.hasLeft = true;
        this.#putBack(place);
        place.release();
        this.#letGo();
        this.tell();
      },
    };
    this.#readers.set(reader, place);
    return reader;
  }

  /**
   * More of it came; those who wait hear of it by `tell`, so that what comes in many small pieces goes out in few large ones. False: no
   * more, please, until `goOn` is called.
   */
  arrived(chunk: Uint8Array, goOn: () => void): boolean {
    for (let done = 0; done < chunk.length; ) done += this.#take(chunk, done);
    if (this.#hasRoom()) return true;
    this.#onRoom = goOn;
    if (this.#room.isFull) this.#room.wait(this.#offerRoomAgain);
    return false;
  }

  /** That was all. Comes back with what is kept now, or nothing where the disk would not have it. */
  ended(): Promise<Entry | undefined> {
    this.#state = { kind: 'whole' };
    this.#entry ??= this.#finish();
    this.tell();
    return this.#entry;
  }

  /** No more will come, unless all of it is here: `fault` is for those who read. `mayResume`: what is stored is true, and somebody may go on with it. */
  async broke(fault: unknown, mayResume: boolean): Promise<void> {
    if (this.#state.kind !== 'flying') {
      await this.#entry;
      return;
    }
    this.#state = { kind: 'broken', fault };
    this.tell();
    if (mayResume && this.#isStored) this.#storeLast();
    await this.#storing;
    if (mayResume && this.#isStored) await this.#draft.leave();
    else await this.#draft.discard();
    this.#forgetAll();
  }

  #take(chunk: Uint8Array, from: number): number {
    const index = Math.floor(this.#receivedBytes / BLOCK_BYTES);
    const offset = this.#receivedBytes - index * BLOCK_BYTES;
    const room = BLOCK_BYTES - offset;
    const piece = chunk.subarray(from, from + room);
    const block = this.#growing(index, offset, offset + piece.length);
    block.bytes.set(piece, offset);
    block.filledBytes = offset + piece.length;
    this.#receivedBytes += piece.length;
    if (block.filledBytes === BLOCK_BYTES) this.#store(block);
    return piece.length;
  }

  /** The block that octets come into, with room up to `untilBytes`; what of it was there stays true for those who hold it. */
  #growing(index: number, offset: number, untilBytes: number): Growing {
    const known = this.#blocks.get(index);
    if (known && untilBytes <= known.bytes.length) return known;
    const bytes = this.#room.take(this.#lengthFor(index, known, untilBytes));
    const block = known ?? this.#blockOf(index, bytes, { filledBytes: offset, place: 'filling', isLent: true });
    if (known) {
      bytes.set(known.bytes.subarray(0, known.filledBytes));
      this.#room.unfill(known.bytes.length);
      known.bytes = bytes;
    } else this.#blocks.set(index, block);
    this.#room.fill(bytes.length);
    return block;
  }

  #blockOf(index: number, bytes: Uint8Array, rest: Pick<Growing, 'filledBytes' | 'place' | 'isLent'>): Growing {
    const block: Growing = { index, bytes, ...rest, readers: 0, isGone: false, drop: () => this.#drop(block) };
    return block;
  }

  /** Out of memory, once all who were given it have done with it. */
  #drop(block: Growing): void {
    this.#blocks.delete(block.index);
    block.isGone = true;
    if (block.isLent && block.readers === 0) this.#room.giveBack(block.bytes);
  }

  #putBack(place: Place): void {
    const block = place.held;
    if (!block) return;
    place.held = undefined;
    block.readers -= 1;
    if (block.isLent && block.isGone && block.readers === 0) this.#room.giveBack(block.bytes);
  }

  #give(place: Place, block: Growing, offset: number): Uint8Array {
    place.held = block;
    block.readers += 1;
    return block.bytes.subarray(offset, block.filledBytes);
  }

  #lengthFor(index: number, known: Growing | undefined, untilBytes: number): number {
    const { totalBytes } = this.facts;
    if (totalBytes !== undefined) {
      const left = totalBytes - index * BLOCK_BYTES;
      if (untilBytes <= left) return Math.min(BLOCK_BYTES, left);
    }
    if (index > 0) return BLOCK_BYTES;
    return Math.min(BLOCK_BYTES, Math.max(2 * (known?.bytes.length ?? 0), untilBytes, FIRST_BYTES));
  }

  #store(block: Growing): void {
    block.place = 'waiting';
    this.#room.unfill(block.bytes.length);
    this.#room.need(block.bytes.length);
    if (!this.#isStored) return;
    this.#unstored.push(block);
    this.#storing = this.#storing.then(() => this.#storeAll());
  }

  /** All that has come while the disk was at what came before, in one go: a disk's answer takes a turn of the loop. */
  async #storeAll(): Promise<void> {
    const blocks = this.#unstored;
    if (!this.#isStored || blocks.length === 0) return;
    this.#unstored = [];
    try {
      await this.#draft.write(...blocks.map(({ bytes, filledBytes }) => bytes.subarray(0, filledBytes)));
      for (const block of blocks) {
        this.#storedBytes += block.filledBytes;
        block.place = 'stored';
        this.#room.unneed(block.bytes.length);
        if (this.#blocks.get(block.index) === block) this.#room.spare(block);
      }
    } catch {
      // The disk is full: those who read get it from memory, as fast as the slowest of them takes it.
      this.#isStored = false;
    }
    this.#letGo();
  }

  /** What does not fill a block. */
  #storeLast(): void {
    const block = this.#blocks.get(Math.floor(this.#receivedBytes / BLOCK_BYTES));
    if (block?.place === 'filling') this.#store(block);
  }

  async #finish(): Promise<Entry | undefined> {
    this.#storeLast();
    await this.#storing;
    if (!this.#isStored) {
      await this.#draft.discard();
      return undefined;
    }
    // A disk that fails now fails for what is kept, not for those who read.
    const entry = await this.#draft.finish().catch(async () => {
      await this.#draft.discard();
      return undefined;
    });
    if (this.#readers.size === 0) this.#forgetAll();
    return entry;
  }

  #hasRoom(): boolean {
    if (this.#room.isFull) return false;
    return this.#receivedBytes - this.#doneBytes() < MAX_UNSTORED_BYTES;
  }

  /** What need not be in memory any longer. */
  #doneBytes(): number {
    if (this.#isStored) return this.#storedBytes;
    let slowest = this.#receivedBytes;
    for (const { position } of this.#readers.values()) slowest = Math.min(slowest, position);
    return slowest;
  }

  #letGo(): void {
    if (!this.#isStored) {
      const done = this.#doneBytes();
      for (const block of this.#blocks.values()) {
        if (block.place === 'waiting' && (block.index + 1) * BLOCK_BYTES <= done) {
          this.#drop(block);
          this.#room.unneed(block.bytes.length);
        }
      }
    }
    this.#offerRoom();
    if (this.#state.kind !== 'flying' && this.#readers.size === 0) void this.#storing.then(() => this.#forgetAll());
  }

  #offerRoom(): void {
    if (this.#room.isFull) {
      if (this.#onRoom) this.#room.wait(this.#offerRoomAgain);
      return;
    }
    if (!this.#onRoom || !this.#hasRoom()) return;
    const goOn = this.#onRoom;
    this.#onRoom = undefined;
    goOn();
  }

  #forgetAll(): void {
    if (this.#readers.size > 0) return;
    for (const block of this.#blocks.values()) {
      if (block.place === 'stored') this.#room.forget(block);
      else if (block.place === 'waiting') this.#room.unneed(block.bytes.length);
      else this.#room.unfill(block.bytes.length);
      this.#drop(block);
    }
  }

  /** Those who wait for more are told. */
  tell(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (const goOn of waiting) goOn();
  }

  #at(place: Place): Soon<Uint8Array> {
    const { position } = place;
    if (place.hasLeft) return Promise.reject(new Error('it has left'));
    if (!this.#isStored) this.#letGo();
    if (position < this.#receivedBytes) return this.#there(place);
    if (this.#state.kind === 'whole') return NOTHING;
    if (this.#state.kind === 'broken') return Promise.reject(this.#state.fault);
    return new Promise<void>((resolve) => this.#waiting.push(resolve)).then(() => this.#at(place));
  }

  #there(place: Place): Soon<Uint8Array> {
    const { position } = place;
    const index = Math.floor(position / BLOCK_BYTES);
    const offset = position - index * BLOCK_BYTES;
    const block = this.#blocks.get(index);
    if (block && offset < block.filledBytes) {
      this.#room.touch(block);
      return this.#give(place, block, offset);
    }
    return this.#loaded(index).then((loaded) => {
      // None would look like the end; and one that has left has nothing to give back.
      if (loaded.filledBytes <= offset) throw new Error('it is neither in memory nor on disk');
      if (place.hasLeft) throw new Error('it has left');
      return this.#give(place, loaded, offset);
    });
  }

  /** From disk, once for all who want it. */
  #loaded(index: number): Promise<Growing> {
    const known = this.#loading.get(index);
    if (known) return known;
    const start = index * BLOCK_BYTES;
    // Many wait for it, at the same time: nobody knows when the last of them has got it.
    const bytes = Buffer.allocUnsafeSlow(Math.min(BLOCK_BYTES, this.#storedBytes - start));
    const loading = this.#draft
      .read(bytes, start)
      .then((filledBytes) => {
        const block = this.#blockOf(index, bytes, { filledBytes, place: 'stored', isLent: false });
        if (!this.#blocks.has(index)) {
          this.#blocks.set(index, block);
          this.#room.spare(block);
        }
        return block;
      })
      .finally(() => this.#loading.delete(index));
    this.#loading.set(index, loading);
    return loading;
  }
}

const NOTHING = new Uint8Array(0);
