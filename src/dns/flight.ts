/** One question on its way: whom to ask when, and when it is over. Its owner calls `tick` now and then. */
import type { Message } from './message.ts';
import type { Peer } from './peer.ts';
import { type Question, questionOf, type Wanted } from './question.ts';
import { MAX_TRIES, nextToAsk } from './standing.ts';
import type { StreamSent } from './streams.ts';
import { RCODE } from './wire.ts';

export type Outcome =
  /** A packet that answers the question, its name in the letters asked, from an upstream that was asked. */
  | { readonly kind: 'message'; readonly message: Message }
  /** failed: all said so, as `rcode` of the last; silent: nobody answered in time; none: nobody to ask. */
  | { readonly kind: 'failed'; readonly rcode: number }
  | { readonly kind: 'silent' | 'none' };

/** One packet of it to one upstream. */
export interface Attempt extends StreamSent {
  readonly flight: Flight;
  readonly peer: Peer;
  readonly hasEdns: boolean;
  /**
   * Why it is asked by TCP where UDP is usual: the answer was cut or came in other letters, or somebody guesses; asked: none of that.
   * plain: it came in other letters, and TCP cannot be had; so it is asked by UDP again, in the client's letters. mute: nothing came, and
   * perhaps because of EDNS; so it is asked by UDP without.
   */
  readonly cause: Cause;
  /** TCP was asked already, in vain or not. */
  isDoubted: boolean;
  isOver: boolean;
}
export type Cause = 'asked' | 'cut' | 'doubt' | 'siege' | 'plain' | 'mute';

/** In all, in milliseconds: less than the five seconds after which programs give up, and would not hear that there is no answer. */
const TOTAL_MS = 4500;
/** The same where all are known to be down. */
const TOTAL_DOWN_MS = 2000;
/** Once one upstream has said no, the others have so long to know better. */
const SECOND_OPINION_MS = 1000;
/** Whoever was not the first to answer has so long, from the question on, to show how quick it is. */
const LINGER_MS = 2000;
/** The same upstream is asked again after that, for a packet that was lost: twice as late each time. */
const RESEND_MS = 800;

export interface FlightOwner {
  /** `done` was called. */
  onAnswered(): void;
  /** Nothing of it is on its way any more. */
  onOver(flight: Flight): void;
  /** What `done` threw. */
  onBug(error: unknown): void;
}

export class Flight {
  readonly question: Question;
  readonly #peers: readonly Peer[];
  readonly #tries: number[];
  readonly #attempts: Attempt[] = [];
  readonly #owner: FlightOwner;
  #done: ((outcome: Outcome) => void) | undefined;
  #asks = 0;
  #pending = 0;
  #nextAtMs = Number.POSITIVE_INFINITY;
  #startedAtMs = 0;
  #endAtMs = Number.POSITIVE_INFINITY;
  /** Of the last that said no. */
  #rcode: number | undefined;

  constructor(wanted: Wanted, peers: readonly Peer[], owner: FlightOwner, done: (outcome: Outcome) => void) {
    this.question = questionOf(wanted);
    this.#peers = peers;
    this.#tries = new Array<number>(peers.length).fill(0);
    this.#owner = owner;
    this.#done = done;
  }

  /** Somebody waits for the answer. */
  get isOpen(): boolean {
    return this.#done !== undefined;
  }

  start(nowMs: number): void {
    this.#startedAtMs = nowMs;
    const isHopeless = this.#peers.every(({ standing }) => standing.isDown(nowMs));
    this.#endAtMs = nowMs + (isHopeless ? TOTAL_DOWN_MS : TOTAL_MS);
    this.#askNext(nowMs);
    if (this.isOpen) this.#tryAnother(nowMs);
  }

  tick(nowMs: number): void {
    if (nowMs >= this.#endAtMs) this.end();
    else if (nowMs >= this.#nextAtMs && this.isOpen) this.#askNext(nowMs);
  }

  /** Time is up. */
  end(): void {
    for (const attempt of this.#attempts) {
      if (attempt.isOver) continue;
      attempt.peer.unanswered();
      this.settle(attempt);
    }
    this.#finish(this.#rcode === undefined ? { kind: 'silent' } : { kind: 'failed', rcode: this.#rcode });
  }

  /** It is on its way from now on. */
  begin(attempt: Attempt): void {
    this.#attempts.push(attempt);
    this.#pending += 1;
  }

  /** Nothing more is expected of it: it was answered, or is asked in another way. */
  settle(attempt: Attempt): void {
    if (attempt.isOver) return;
    attempt.isOver = true;
    attempt.place?.forget(attempt);
    this.#pending -= 1;
    if (this.#pending === 0 && !this.isOpen) this.#owner.onOver(this);
  }

  answered(attempt: Attempt, message: Message): void {
    this.settle(attempt);
    this.#finish({ kind: 'message', message });
  }

  /** That upstream said no (`rcode`), or cannot be asked: it is not asked again, another is at once. */
  failed(attempt: Attempt, rcode: number | undefined, nowMs: number): void {
    this.settle(attempt);
    if (!this.isOpen) return;
    this.#rcode = rcode ?? this.#rcode;
    if (rcode !== undefined) this.#endAtMs = Math.min(this.#endAtMs, nowMs + SECOND_OPINION_MS);
    this.#tries[this.#peers.indexOf(attempt.peer)] = MAX_TRIES;
    if (this.#tries.includes(0)) this.#askNext(nowMs);
    else if (this.#pending === 0) this.#finish({ kind: 'failed', rcode: this.#rcode ?? RCODE.SERVFAIL });
  }

  #askNext(nowMs: number): void {
    const next = nextToAsk(this.#peers, this.#tries, nowMs);
    const peer = this.#peers[next];
    if (peer) this.#ask(peer, next, nowMs, peer.standing.patienceMs);
    else this.#nextAtMs = Number.POSITIVE_INFINITY;
  }

  /** A copy for one that is to be known better. Its answer is as good as any. */
  #tryAnother(nowMs: number): void {
    const index = this.#peers.findIndex((p, i) => this.#tries[i] === 0 && p.standing.isDueForTrial(nowMs));
    const peer = this.#peers[index];
    if (peer) this.#ask(peer, index, nowMs, this.#nextAtMs - nowMs);
  }

  /** The next is asked after `patienceMs`; where all were, one of them again, later. */
  #ask(peer: Peer, index: number, nowMs: number, patienceMs: number): void {
    this.#tries[index] = (this.#tries[index] ?? 0) + 1;
    this.#asks += 1;
    const round = this.#asks - this.#peers.length;
    this.#nextAtMs = nowMs + (round < 0 ? patienceMs : RESEND_MS * 2 ** round);
    peer.ask(this, nowMs, this.#tries[index] === MAX_TRIES);
  }

  #finish(outcome: Outcome): void {
    const done = this.#done;
    if (!done) return;
    this.#done = undefined;
    this.#endAtMs = Math.min(this.#endAtMs, this.#startedAtMs + LINGER_MS);
    this.#owner.onAnswered();
    if (this.#pending === 0) this.#owner.onOver(this);
    try {
      done(outcome);
    } catch (error) {
      this.#owner.onBug(error);
    }
  }
}
