/** What a request carries, on its way: gathered before a connection is taken for it, sent when the origin wants it. RFC 9110 §9.3, §10.1.1. */
import type { ClientRequest } from 'node:http';
import type { Readable } from 'node:stream';
import { busy, halfSent, type UpstreamFault } from './faults.ts';
import type { Sharer, Shares } from './shares.ts';

export interface Content {
  /** `complete`: all of it is here, as the runtime's messages say. */
  readonly from: Readable & { readonly complete?: boolean };
  /** Its length, where it is known. */
  readonly bytes: number | undefined;
  /** Who sends it waits to be told that it is wanted (Expect: 100-continue): called once at most, not once there is an answer. */
  readonly onWanted?: (() => void) | undefined;
}

export interface SendingLimits {
  /** What comes slowly gets a connection all the same after so long: an origin may answer to its beginning. */
  readonly gatherMs: number;
  /** An origin that says nothing to Expect for so long is sent the content: it may be older than that (§10.1.1). */
  readonly continueMs: number;
  /** For a turn. */
  readonly waitMs: number;
}

/** Those whose content is all here keep a connection no longer than others do; nobody knows how long the others will. */
export interface Turns {
  readonly quick: Shares;
  readonly slow: Shares;
}

export interface Sender extends Sharer {
  /** It is to be sent: a connection may be taken. Called once. */
  onReady(): void;
  onFault(fault: UpstreamFault): void;
}

type State = 'gathering' | 'waiting' | 'ready' | 'awaited' | 'sending' | 'over';

export class Sending {
  readonly #content: Content;
  readonly #sender: Sender;
  readonly #turns: Turns;
  readonly #limits: SendingLimits;
  #state: State = 'gathering';
  #timer: NodeJS.Timeout | undefined;
  #leaveTurn: (() => void) | undefined;
  #request: ClientRequest | undefined;

  constructor(content: Content, sender: Sender, turns: Turns, limits: SendingLimits) {
    this.#content = content;
    this.#sender = sender;
    this.#turns = turns;
    this.#limits = limits;
  }

  start(): void {
    const { from, onWanted } = this.#content;
    from.on('error', this.#onBroken).on('close', this.#onBroken);
    if (from.destroyed && !from.readableEnded) this.#onBroken();
    else if (this.#isAllHere) this.#wait(this.#turns.quick);
    else {
      from.on('readable', this.#onMore);
      // What waits to be told that it is wanted does not come.
      if (onWanted) this.#wait(this.#turns.slow);
      else this.#timer = setTimeout(() => this.#wait(this.#turns.slow), this.#limits.gatherMs);
    }
  }

  /** Over a connection of its own. */
  send(request: ClientRequest): void {
    if (this.#state !== 'ready') return;
    this.#request = request;
    request.once('close', () => this.leave());
    this.#state = 'awaited';
    if (this.#content.onWanted) {
      request.flushHeaders();
      this.#timer = setTimeout(() => this.wanted(), this.#limits.continueMs);
    } else this.#pour(request);
  }

  /** The origin says so (100), or says nothing. */
  wanted(): void {
    if (this.#state !== 'awaited' || !this.#request) return;
    this.#content.onWanted?.();
    this.#pour(this.#request);
  }

  /** There is an answer: what was not sent yet is not wanted. */
  answered(): void {
    if (this.#state !== 'awaited') return;
    clearTimeout(this.#timer);
    this.#state = 'over';
  }

  /** It is over, or given up. The content is the client's. */
  leave(): void {
    const { from } = this.#content;
    this.#state = 'over';
    clearTimeout(this.#timer);
    from.off('error', this.#onBroken).off('close', this.#onBroken).off('readable', this.#onMore);
    if (this.#request) from.unpipe(this.#request);
    this.#leaveTurn?.();
  }

  get #isOver(): boolean {
    return this.#state === 'over';
  }

  get #isAllHere(): boolean {
    const { from, bytes } = this.#content;
    return from.complete === true || (bytes !== undefined && !from.readableObjectMode && from.readableLength >= bytes);
  }

  readonly #onBroken = (error?: unknown): void => {
    if (!this.#content.from.readableEnded) this.#sender.onFault(halfSent(error));
  };

  /** More is here; it stays with the stream, which takes no more than its own measure. */
  readonly #onMore = (): void => {
    const { from } = this.#content;
    if (this.#isAllHere) {
      from.off('readable', this.#onMore);
      this.#wait(this.#turns.quick);
    } else if (this.#state === 'gathering' && from.readableLength >= from.readableHighWaterMark) {
      this.#wait(this.#turns.slow);
    }
  };

  #wait(turns: Shares): void {
    this.#leaveTurn?.();
    clearTimeout(this.#timer);
    this.#state = 'waiting';
    const refuse = (): void => this.#sender.onFault(busy(this.#sender.origin));
    this.#timer = setTimeout(refuse, this.#limits.waitMs);
    this.#leaveTurn = turns.take(this.#sender, () => this.#onTurn());
    if (!this.#leaveTurn) refuse();
    // It had its turn at once, and no connection was to be had.
    else if (this.#isOver) this.#leaveTurn();
  }

  #onTurn(): void {
    clearTimeout(this.#timer);
    this.#content.from.off('readable', this.#onMore);
    this.#state = 'ready';
    this.#sender.onReady();
  }

  #pour(request: ClientRequest): void {
    clearTimeout(this.#timer);
    this.#state = 'sending';
    this.#content.from.pipe(request);
  }
}
