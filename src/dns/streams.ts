/**
 * Questions to one upstream by TCP or TLS: over one connection that is kept, many at a time, answered in any order; over a second one
 * where the first is full. RFC 7766 §6.2, RFC 7858 §3.4.
 */
import { setPair } from '../core/bytes.ts';
import type { Clock } from '../host.ts';
import type { Chance } from './chance.ts';
import { Frames, framed } from './frames.ts';
import type { Line, OpenLine } from './lines.ts';
import { judge, type Verdict } from './match.ts';
import { idOf } from './question.ts';
import type { Loss, Place, Sent } from './sent.ts';
import type { Upstream } from './upstream.ts';

const MAX_STREAMS = 2;
/** Questions on the first before there is a second. */
const BUSY = 64;
/** Questions on one connection. */
const MAX_OUTSTANDING = 1024;
const OPENING_MS = 3000;
/** It was asked, and has not said a word since. */
const SILENT_MS = 4000;
/** RFC 7766 §6.2.3 wants seconds; a TLS connection costs more to make anew. */
const IDLE_MS = { udp: 10_000, tcp: 10_000, tls: 30_000 } as const;
/** After failures: twice as long each time, up to the last. */
const BACK_OFF_MS = 250;
const MAX_BACK_OFF_MS = 4000;
/** Messages on one connection that answer nothing, one after another. Some are late: nobody waits for them any more. */
const MAX_FOREIGN = 10;

export interface StreamSent extends Sent {
  /** It was on a connection before that ended: RFC 7766 §6.2.4. */
  isMoved: boolean;
}

export interface OnStreams<S extends Sent> {
  /** letters: its question came in other letters. */
  onAnswer(sent: S, bytes: Uint8Array, verdict: Exclude<Verdict, 'foreign'>): void;
  onForeign(): void;
  onLost(sent: S, why: Loss): void;
  /** A connection failed that had not answered anything. */
  onFailed(error: Error | undefined): void;
}

export interface StreamsDeps<S extends Sent> {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly openLine: OpenLine;
  readonly upstream: Upstream;
  readonly on: OnStreams<S>;
}

export class Streams<S extends StreamSent> {
  readonly #deps: StreamsDeps<S>;
  readonly #streams = new Set<Stream<S>>();
  #failures = 0;
  #retryAtMs = Number.NEGATIVE_INFINITY;

  constructor(deps: StreamsDeps<S>) {
    this.#deps = deps;
  }

  get open(): number {
    return this.#streams.size;
  }

  send(sent: S): void {
    const stream = this.#streamFor(this.#deps.clock.now());
    if (stream) stream.send(sent);
    else this.#deps.on.onLost(sent, 'unreachable');
  }

  /** Cuts what does not open, does not answer, or is idle. */
  sweep(nowMs: number): void {
    for (const stream of this.#streams) {
      if (stream.isStuck(nowMs)) this.#ended(stream, undefined);
      else if (stream.isIdle(nowMs)) this.#remove(stream);
    }
  }

  /** What is on its way is forgotten. */
  close(): void {
    for (const stream of this.#streams) this.#remove(stream);
  }

  /** One that has room, a new one where all are busy and it is not too soon, else the least busy. */
  #streamFor(nowMs: number): Stream<S> | undefined {
    let best: Stream<S> | undefined;
    for (const stream of this.#streams) {
      if (stream.size < BUSY) return stream;
      if (!best || stream.size < best.size) best = stream;
    }
    if (this.#streams.size >= MAX_STREAMS || nowMs < this.#retryAtMs) {
      return best && best.size < MAX_OUTSTANDING ? best : undefined;
    }
    return this.#open() ?? best;
  }

  #open(): Stream<S> | undefined {
    try {
      const stream: Stream<S> = new Stream(this.#deps, (error) => this.#ended(stream, error));
      this.#streams.add(stream);
      return stream;
    } catch (error) {
      this.#failed(error instanceof Error ? error : undefined);
      return undefined;
    }
  }

  /** A server may end an idle connection while a question is on its way: it is asked once more, on a fresh one if it is not too soon. */
  #ended(stream: Stream<S>, error: Error | undefined): void {
    const left = stream.takeAll();
    this.#remove(stream);
    if (stream.hasAnswered) this.#failures = 0;
    else this.#failed(error);
    for (const sent of left) {
      const wasMoved = sent.isMoved;
      sent.isMoved = true;
      if (wasMoved) this.#deps.on.onLost(sent, 'unreachable');
      else this.send(sent);
    }
  }

  #failed(error: Error | undefined): void {
    const waitMs = Math.min(MAX_BACK_OFF_MS, BACK_OFF_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#retryAtMs = this.#deps.clock.now() + waitMs;
    this.#deps.on.onFailed(error);
  }

  #remove(stream: Stream<S>): void {
    this.#streams.delete(stream);
    stream.cut();
  }
}

/** One connection. */
class Stream<S extends StreamSent> implements Place {
  readonly #deps: StreamsDeps<S>;
  readonly #onEnd: (error: Error | undefined) => void;
  readonly #line: Line;
  readonly #frames = new Frames();
  readonly #outstanding = new Map<number, S>();
  #isOpen = false;
  #isCut = false;
  #foreign = 0;
  /** When it was opened, last asked while nothing was on its way, or last answered. */
  #sinceMs: number;
  hasAnswered = false;

  constructor(deps: StreamsDeps<S>, onEnd: (error: Error | undefined) => void) {
    this.#deps = deps;
    this.#onEnd = onEnd;
    this.#sinceMs = deps.clock.now();
    this.#line = deps.openLine(deps.upstream, {
      onOpen: () => this.#onOpen(),
      onBytes: (bytes) => this.#onBytes(bytes),
      onEnd: (error) => this.#end(error),
    });
  }

  /** Questions on their way. */
  get size(): number {
    return this.#outstanding.size;
  }

  isStuck(nowMs: number): boolean {
    if (!this.#isOpen) return nowMs - this.#sinceMs > OPENING_MS;
    return this.size > 0 && nowMs - this.#sinceMs > SILENT_MS;
  }

  isIdle(nowMs: number): boolean {
    return this.size === 0 && nowMs - this.#sinceMs > IDLE_MS[this.#deps.upstream.transport];
  }

  /** Before it is open, too: it is written then. */
  send(sent: S): void {
    const nowMs = this.#deps.clock.now();
    if (this.#isOpen && this.size === 0) this.#sinceMs = nowMs;
    let id = this.#deps.chance.u16();
    while (this.#outstanding.has(id)) id = this.#deps.chance.u16();
    setPair(sent.packet, 0, id);
    sent.sentAtMs = nowMs;
    sent.place = this;
    this.#outstanding.set(id, sent);
    if (this.#isOpen) this.#line.write(framed(sent.packet));
  }

  forget(sent: Sent): void {
    sent.place = undefined;
    this.#outstanding.delete(idOf(sent.packet));
  }

  takeAll(): readonly S[] {
    const all = [...this.#outstanding.values()];
    this.#outstanding.clear();
    for (const sent of all) sent.place = undefined;
    return all;
  }

  cut(): void {
    this.#isCut = true;
    this.takeAll();
    this.#line.cut();
  }

  #end(error?: Error): void {
    if (!this.#isCut) this.#onEnd(error);
  }

  #onOpen(): void {
    if (this.#isCut) return;
    this.#isOpen = true;
    this.#sinceMs = this.#deps.clock.now();
    for (const sent of [...this.#outstanding.values()]) {
      sent.sentAtMs = this.#sinceMs;
      if (sent.place === this) this.#line.write(framed(sent.packet));
    }
  }

  #onBytes(bytes: Uint8Array): void {
    if (this.#isCut) return;
    const isSound = this.#frames.push(bytes, (message) => this.#onMessage(message));
    if (!isSound || this.#foreign >= MAX_FOREIGN) this.#end();
  }

  #onMessage(bytes: Uint8Array): void {
    if (this.#isCut) return;
    const sent = this.#outstanding.get(idOf(bytes));
    const verdict = sent ? judge(bytes, sent.packet, sent.questionEnd) : 'foreign';
    if (!sent || verdict === 'foreign') {
      this.#foreign += 1;
      this.#deps.on.onForeign();
      return;
    }
    this.forget(sent);
    this.hasAnswered = true;
    this.#foreign = 0;
    this.#sinceMs = this.#deps.clock.now();
    this.#deps.on.onAnswer(sent, bytes, verdict);
  }
}
