/**
 * Questions to one upstream by UDP: each from one of many ports, picked by chance, under an id of chance. Who does not see them must
 * guess both, and has few guesses. RFC 5452 §4.5, §9.
 */
import { setPair } from '../core/bytes.ts';
import type { ConnectedSocket, Host } from '../host.ts';
import type { Chance } from './chance.ts';
import { judge } from './match.ts';
import { idOf } from './question.ts';
import type { Loss, Place, Sent } from './sent.ts';
import { HEADER_OCTETS } from './wire.ts';

/** Ports in use at the same time. */
export const MAX_LANES = 64;
/** A port is given up after so many questions, or so long. */
const MAX_QUESTIONS = 1000;
const MAX_AGE_MS = 60_000;
/** Sooner where no answers come: our own address may have changed under it. */
const MAX_DOUBTED_AGE_MS = 2000;
const IDLE_MS = 15_000;
/** Ports given up whose last answers are yet to come. */
const MAX_LEAVING = 32;
/** So many packets on one port that answer nothing that was asked there: somebody guesses. */
const MAX_FOREIGN = 10;

export interface OnLanes<S extends Sent> {
  /** `bytes` are the receiver's. */
  onAnswer(sent: S, bytes: Uint8Array): void;
  /** It may be the answer, but its letters differ, or it says nothing but no. The very answer may still come. */
  onDoubt(sent: S): void;
  /** It answers nothing that was asked. */
  onForeign(): void;
  /** No answer will come. */
  onLost(sent: S, why: Loss, error?: unknown): void;
}

export interface LanesDeps<S extends Sent> {
  readonly host: Pick<Host, 'udp' | 'clock'>;
  readonly chance: Chance;
  readonly remote: { readonly address: string; readonly port: number };
  readonly on: OnLanes<S>;
}

export class Lanes<S extends Sent> {
  readonly #deps: LanesDeps<S>;
  readonly #slots: (Lane<S> | undefined)[] = Array.from({ length: MAX_LANES });
  readonly #leaving = new Set<Lane<S>>();
  readonly #closing = new Set<Promise<void>>();
  /** How many may be open; at most `MAX_LANES`. */
  width = MAX_LANES;

  constructor(deps: LanesDeps<S>) {
    this.#deps = deps;
  }

  get open(): number {
    return this.#slots.filter(Boolean).length + this.#leaving.size;
  }

  /** `isDoubted`: no answers have come of late. */
  send(sent: S, isDoubted: boolean): void {
    this.#laneFor(this.#deps.host.clock.now(), isDoubted ? MAX_DOUBTED_AGE_MS : MAX_AGE_MS).send(sent);
  }

  /** Closes what is idle or old. */
  sweep(nowMs: number): void {
    for (const lane of this.#leaving) {
      if (lane.isIdle) this.#drop(lane);
    }
    for (const [slot, lane] of this.#slots.entries()) {
      const isOver = lane !== undefined && (lane.isWorn(nowMs, MAX_AGE_MS) || nowMs - lane.usedAtMs > IDLE_MS);
      if (isOver && lane.isIdle) this.#drop(lane, slot);
    }
  }

  /** What is on its way is forgotten. */
  async close(): Promise<void> {
    for (const lane of this.#leaving) this.#drop(lane);
    for (const [slot, lane] of this.#slots.entries()) {
      if (lane) this.#drop(lane, slot);
    }
    await Promise.all(this.#closing);
  }

  #laneFor(nowMs: number, maxAgeMs: number): Lane<S> {
    const slot = this.#deps.chance.u16() % this.width;
    const lane = this.#slots[slot];
    if (lane && !(lane.isWorn(nowMs, maxAgeMs) && this.#leaving.size < MAX_LEAVING)) return lane;
    if (lane?.isIdle) this.#drop(lane, slot);
    else if (lane) this.#leaving.add(lane);
    const fresh: Lane<S> = new Lane(this.#deps, {
      onEnd: (why, error) => this.#abandon(fresh, slot, why, error),
      onIdle: () => {
        if (this.#leaving.has(fresh)) this.#drop(fresh);
      },
    });
    this.#slots[slot] = fresh;
    return fresh;
  }

  /** What waits there is lost; what has not left yet may leave by another lane. */
  #abandon(lane: Lane<S>, slot: number, why: Loss, error: unknown): void {
    const waiting = lane.takeAll();
    this.#drop(lane, slot);
    const other = why === 'no-socket' ? this.#slots.find((l) => l?.isOpen) : undefined;
    for (const sent of waiting) {
      if (other) other.send(sent);
      else this.#deps.on.onLost(sent, why, error);
    }
  }

  #drop(lane: Lane<S>, slot = -1): void {
    this.#leaving.delete(lane);
    if (this.#slots[slot] === lane) this.#slots[slot] = undefined;
    const closed = lane.close().finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
  }
}

interface OnLane {
  /** It can be used no longer. */
  onEnd(why: Loss, error?: unknown): void;
  /** The last answer came. */
  onIdle(): void;
}

/** One port. Questions wait until it is open. */
class Lane<S extends Sent> implements Place {
  readonly #deps: LanesDeps<S>;
  readonly #on: OnLane;
  readonly #outstanding = new Map<number, S>();
  /** Ids that nobody waits for any more, which are as few as a port has questions: what comes for one is late, once, and no guess. */
  readonly #late = new Set<number>();
  readonly #openedAtMs: number;
  #socket: ConnectedSocket | undefined;
  #isClosed = false;
  #questions = 0;
  #foreign = 0;
  usedAtMs: number;

  constructor(deps: LanesDeps<S>, on: OnLane) {
    this.#deps = deps;
    this.#on = on;
    this.#openedAtMs = deps.host.clock.now();
    this.usedAtMs = this.#openedAtMs;
    void this.#open();
  }

  get isOpen(): boolean {
    return this.#socket !== undefined;
  }

  get isIdle(): boolean {
    return this.#outstanding.size === 0;
  }

  isWorn(nowMs: number, maxAgeMs: number): boolean {
    return this.#questions >= MAX_QUESTIONS || nowMs - this.#openedAtMs > maxAgeMs;
  }

  send(sent: S): void {
    const id = this.#freeId();
    setPair(sent.packet, 0, id);
    sent.place = this;
    this.#outstanding.set(id, sent);
    this.#questions += 1;
    this.#write(sent);
  }

  forget(sent: Sent): void {
    this.#late.add(idOf(sent.packet));
    this.#remove(sent);
  }

  #remove(sent: Sent): void {
    sent.place = undefined;
    this.#outstanding.delete(idOf(sent.packet));
    if (this.#outstanding.size === 0) this.#on.onIdle();
  }

  /** What waits for an answer here, which nobody waits for any more. */
  takeAll(): readonly S[] {
    const all = [...this.#outstanding.values()];
    this.#outstanding.clear();
    for (const sent of all) sent.place = undefined;
    return all;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.takeAll();
    const socket = this.#socket;
    this.#socket = undefined;
    await socket?.close();
  }

  async #open(): Promise<void> {
    const { host, remote } = this.#deps;
    const on = {
      onDatagram: (bytes: Uint8Array) => this.#onDatagram(bytes),
      onUnreachable: () => this.#isClosed || this.#on.onEnd('unreachable'),
    };
    try {
      // What goes wrong at once must go wrong later: the lane is not in its place yet.
      const socket = await Promise.resolve().then(() => host.udp.dial(remote, on));
      if (this.#isClosed) return await socket.close();
      this.#socket = socket;
    } catch (error) {
      if (!this.#isClosed) this.#on.onEnd('no-socket', error);
      return;
    }
    for (const sent of [...this.#outstanding.values()]) this.#write(sent);
  }

  #write(sent: S): void {
    if (!this.#socket || sent.place !== this) return;
    const nowMs = this.#deps.host.clock.now();
    sent.sentAtMs = nowMs;
    this.usedAtMs = nowMs;
    try {
      this.#socket.send(sent.packet);
    } catch (error) {
      this.#remove(sent);
      this.#deps.on.onLost(sent, 'no-socket', error);
    }
  }

  #onDatagram(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    const sent = bytes.length < HEADER_OCTETS ? undefined : this.#outstanding.get(idOf(bytes));
    const verdict = sent ? judge(bytes, sent.packet, sent.questionEnd) : 'foreign';
    if (!sent || verdict === 'foreign') this.#onForeign(bytes);
    else if (verdict === 'answer' || (verdict === 'letters' && sent.isCaseless)) {
      this.#remove(sent);
      this.#deps.on.onAnswer(sent, bytes);
    } else this.#deps.on.onDoubt(sent);
  }

  #onForeign(bytes: Uint8Array): void {
    this.#deps.on.onForeign();
    if (bytes.length >= HEADER_OCTETS && this.#late.delete(idOf(bytes))) return;
    this.#foreign += 1;
    if (this.#foreign === MAX_FOREIGN) this.#on.onEnd('besieged');
  }

  /** Of chance, and of no other question here. */
  #freeId(): number {
    let id = this.#deps.chance.u16();
    // Some thousands of 65,536 are taken at most.
    while (this.#outstanding.has(id)) id = this.#deps.chance.u16();
    return id;
  }
}
