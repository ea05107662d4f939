/** Octets for an answer: lent by the node's cache of hot blocks where it has them, read into buffers of our own where it hasn't. */
import type { Content, Soon } from '../core/content.ts';
import type { Caller, Tail } from './rpc.ts';

/** What is wanted of a content. */
export interface Wanted {
  readonly offset: number;
  /** All inside the content; 1 MiB at most. */
  readonly bytes: number;
  /** The octets in front were the last that were read. */
  readonly isInOrder: boolean;
}

/** A file on UDF may lie in many short runs; what is beyond is the next question's. */
const MAX_VIEWS = 64;
/** How large buffers are that are used again: what clients ask for, each power of four. Smaller ones are made as they are needed. */
const CLASSES = [64 << 10, 256 << 10, 1 << 20] as const;
/** Less than this of a block is copied: a view of a few octets would keep all of the block, for as long as somebody doesn't read. */
const MIN_LENT_BYTES = CLASSES[0];
/** Of free buffers, in all. */
const MAX_FREE_BYTES = 32 << 20;

/** Buffers that are used again: a new one of a megabyte costs the kernel more than reading into it. */
class Buffers {
  readonly #free = new Map<number, Uint8Array[]>(CLASSES.map((bytes) => [bytes, []]));
  #freeBytes = 0;

  take(bytes: number): Uint8Array {
    const size = CLASSES.find((each) => each >= bytes) ?? bytes;
    const known = bytes > CLASSES[0] / 4 ? this.#free.get(size)?.pop() : undefined;
    if (known) this.#freeBytes -= size;
    return known ?? Buffer.allocUnsafeSlow(bytes > CLASSES[0] / 4 ? size : bytes);
  }

  give(buffer: Uint8Array): void {
    if (this.#freeBytes + buffer.length > MAX_FREE_BYTES) return;
    const free = this.#free.get(buffer.length);
    if (!free) return;
    free.push(buffer);
    this.#freeBytes += buffer.length;
  }
}
const buffers = new Buffers();

/** `changed`: the file is not what it was, so nothing that was read of it may go out. `gone`: the caller. `io`: it ends too soon. */
export type NoOctets = 'changed' | 'gone' | 'io';

/**
 * Up to `bytes` octets, one at least: at once where all of them are in the cache. Rejects when they cannot be read. The caller's room is
 * taken before, and given back with the tail.
 */
export function octetsOf(content: Content, wanted: Wanted, caller: Room): Soon<Tail | NoOctets> {
  const room = caller.take(wanted.bytes);
  if (room === true) {
    const lent = content.borrow?.(wanted.offset, wanted.bytes);
    // What the cache has was right when it came in, and stays as it is.
    if (lent instanceof Uint8Array && lent.length === wanted.bytes) {
      readAhead(content, wanted);
      return { views: [lasting(lent)], bytes: lent.length, release: () => caller.give(wanted.bytes) };
    }
    return gather(content, wanted, caller, lent);
  }
  if (room === false) return 'gone';
  return room.then((has) =>
    has ? gather(content, wanted, caller, content.borrow?.(wanted.offset, wanted.bytes)) : 'gone',
  );
}

type Room = Pick<Caller, 'take' | 'give'>;

function lasting(view: Uint8Array): Uint8Array {
  return view.length < MIN_LENT_BYTES ? Buffer.from(view) : view;
}

/** `lent`: what the cache said of the first octets, which is asked once: twice would look like two readers. */
async function gather(
  content: Content,
  wanted: Wanted,
  caller: Room,
  lent: Soon<Uint8Array | undefined>,
): Promise<Tail | NoOctets> {
  const views: Uint8Array[] = [];
  let buffer: Uint8Array | undefined;
  let bytes = 0;
  const release = (): void => {
    caller.give(wanted.bytes);
    if (buffer) buffers.give(buffer);
    buffer = undefined;
  };
  try {
    let view = await lent;
    while (view?.length) {
      views.push(lasting(view));
      bytes += view.length;
      if (bytes === wanted.bytes || views.length === MAX_VIEWS) break;
      view = await content.borrow?.(wanted.offset + bytes, wanted.bytes - bytes);
    }
    if (bytes < wanted.bytes && views.length < MAX_VIEWS) {
      buffer = buffers.take(wanted.bytes - bytes);
      const count = await content.read(buffer.subarray(0, wanted.bytes - bytes), wanted.offset + bytes);
      views.push(buffer.subarray(0, count));
      bytes += count;
    }
    const isSame = await content.isUnchanged();
    if (isSame && bytes > 0) {
      readAhead(content, wanted);
      return { views, bytes, release };
    }
    release();
    return isSame ? 'io' : 'changed';
  } catch (error) {
    release();
    throw error;
  }
}

/** Of a block of the cache. */
const BLOCK_BYTES = 1 << 20;

/** Has the block behind the present one read, once in a block, where somebody reads one after the other. */
function readAhead(content: Content, { offset, bytes, isInOrder }: Wanted): void {
  const end = offset + bytes;
  const next = end + BLOCK_BYTES;
  const isAtBorder = Math.floor(end / BLOCK_BYTES) !== Math.floor(offset / BLOCK_BYTES);
  if (!isInOrder || !isAtBorder || next >= content.sizeBytes) return;
  // The first who asks is told nothing, since most ask once: this one comes again.
  const coming = content.borrow?.(next, 1) ?? content.borrow?.(next, 1);
  if (coming instanceof Promise) coming.catch(() => {});
}
