/** What is being asked of origins: once for all who want the same, gone on with where it breaks off. */
import { randomInt } from 'node:crypto';
import { messageOf } from '../core/errors.ts';
import type { Clock, Log } from '../host.ts';
import type { Bandwidth } from './bandwidth.ts';
import type { BlockRoom } from './blockroom.ts';
import { type Answer, type Asking, type UpstreamClient, UpstreamFault } from './client.ts';
import { Downs } from './downs.ts';
import { type Fields, hasField, without } from './fields.ts';
import { Flight } from './flight.ts';
import { endToEnd, toOrigin } from './forward.ts';
import { dated, keepable } from './keepable.ts';
import type { NewEntry, Store } from './store.ts';
import type { Tally } from './tally.ts';
import type { Asked, Exchanged } from './types.ts';
import { authorityOf } from './url.ts';
import { refreshed, strongValidator, validationFields } from './validation.ts';
import {
  type Fetched,
  IS_TROUBLE,
  isFor,
  mayShare,
  OWN_CONDITIONS,
  paysOff,
  restOf,
  sharedWith,
  sizeOf,
  unconditional,
  type Want,
} from './want.ts';

export interface Getting {
  readonly fetched: Promise<Fetched>;
  leave(): void;
}

export interface FetchDeps {
  readonly client: UpstreamClient;
  readonly store: Store;
  readonly room: BlockRoom;
  readonly bandwidth: Bandwidth;
  readonly clock: Clock;
  readonly log: Log;
  readonly tally: Pick<Tally, 'brought'>;
  /** Told of octets that came and went. */
  readonly passed?: ((bytes: number) => void) | undefined;
  /** As in Via. */
  readonly pseudonym: string;
}

/** What an origin is asked, and whether anybody still waits for it. */
interface Call {
  asking?: Asking;
  isGivenUp?: boolean;
}

/** Asked, and nothing heard yet. */
interface Attempt {
  readonly key: string;
  readonly call: Call;
  readonly outcome: Promise<Fetched>;
  interested: number;
}

/** A key whose answers are each client's own: for so long those who ask do not wait for each other. Taste. */
const APART_MS = 60_000;
const MAX_APART = 4096;
/** For an origin's answer, where what is kept can be told instead. Less than half of what apt waits. */
const PATIENCE_MS = 8000;
/** Pauses before an origin that broke off is asked to go on; as often without an octet in between, and it is given up. */
const PAUSES_MS = [200, 1000, 2000, 4000, 8000] as const;
/** Who waited for what was for another waits once more, perhaps; then it asks for itself. */
const MAX_WAITS = 2;

export class Fetches {
  readonly #deps: FetchDeps;
  readonly #attempts = new Map<string, Attempt>();
  readonly #flights = new Map<string, Set<Flight>>();
  readonly #apart = new Map<string, number>();
  readonly #downs: Downs;
  /** What ends each flight before its time. */
  readonly #aborts = new Map<Flight, () => void>();
  readonly #outdated = new WeakSet<Flight>();
  readonly #landings = new Map<string, Promise<void>>();
  #waiting = 0;

  constructor(deps: FetchDeps) {
    this.#deps = deps;
    this.#downs = new Downs(() => deps.clock.now());
  }

  get counts(): { readonly fetches: number; readonly waiting: number } {
    let readers = 0;
    for (const flight of this.#aborts.keys()) readers += flight.readers;
    return { fetches: this.#attempts.size + this.#aborts.size, waiting: this.#waiting + readers };
  }

  /** `leave`: who asked has gone, or has what it wanted. A flight is to be joined at once, in the same turn. */
  get(want: Want): Getting {
    return this.#get(want, MAX_WAITS);
  }

  #get(want: Want, waits: number): Getting {
    const flight = this.#flightFor(want);
    if (flight) return { fetched: Promise.resolve({ kind: 'flight', flight, isFirst: false }), leave: () => {} };
    if (want.fallback && this.#downs.isDown(authorityOf(want.asked.url))) {
      return { fetched: Promise.resolve({ kind: 'entry', entry: want.fallback, source: 'stale' }), leave: () => {} };
    }
    const known = this.#attempts.get(want.key);
    if (known && waits > 0 && mayShare(want)) return this.#wait(known, want, waits - 1);
    return this.#begin(want);
  }

  /** What is on its way under that key is for nobody new, and not kept: it may be as it was before. RFC 9111 §4.4. */
  outdate(key: string): void {
    for (const flight of this.#flights.get(key) ?? []) this.#outdated.add(flight);
  }

  /** All of it came, and is not among what is kept yet: fulfilled when it is. */
  landing(key: string): Promise<void> | undefined {
    return this.#landings.get(key);
  }

  /** All that is under way ends; what is worth it stays for the next start. */
  async stop(): Promise<void> {
    for (const { call } of this.#attempts.values()) giveUp(call);
    const stopped = new UpstreamFault({ status: 503, reason: 'busy', says: 'The proxy is being stopped.' });
    const flights = [...this.#aborts];
    for (const [, abort] of flights) abort();
    await Promise.all(flights.map(([flight]) => this.#break(flight, stopped, true)));
  }

  /** Nobody reads it any longer, perhaps: goes on only with what pays. */
  left(flight: Flight): void {
    if (flight.readers > 0 || paysOff(flight)) return;
    // Others have heard of it in this very turn, perhaps, and are about to read.
    setImmediate(() => {
      const abort = this.#aborts.get(flight);
      if (!abort || flight.isOver || flight.readers > 0 || paysOff(flight)) return;
      abort();
      void this.#break(flight, new Error('nobody reads it'), strongValidator(flight.facts.head) !== undefined);
    });
  }

  /** Whether it is on its way, for a request that would not start it. */
  isFlying(key: string, asked: Asked): boolean {
    return this.#flightFor({ key, asked }) !== undefined;
  }

  #flightFor({ key, asked }: Pick<Want, 'key' | 'asked'>): Flight | undefined {
    if (asked.method !== 'GET') return undefined;
    for (const flight of this.#flights.get(key) ?? []) {
      if (flight.isJoinable && !this.#outdated.has(flight) && isFor(flight.facts, asked)) return flight;
    }
    return undefined;
  }

  #begin(want: Want): Getting {
    const { key } = want;
    const call: Call = {};
    const outcome = this.#ask(want, call);
    const attempt: Attempt = { key, call, outcome, interested: 1 };
    if (mayShare(want) && !this.#isApart(key)) this.#attempts.set(key, attempt);
    const fetched = outcome.finally(() => this.#forget(attempt));
    fetched.catch(() => {});
    return { fetched, leave: once(() => this.#unwait(attempt)) };
  }

  #wait(attempt: Attempt, want: Want, waits: number): Getting {
    attempt.interested += 1;
    this.#waiting += 1;
    let hasLeft = false;
    let leave = (): void => this.#unwait(attempt);
    const fetched = attempt.outcome
      .finally(() => {
        this.#waiting -= 1;
      })
      .then((outcome): Fetched | Promise<Fetched> => {
        if (hasLeft) return NOBODY_WAITS;
        const shared = sharedWith(want, outcome);
        if (shared) return shared;
        if (outcome.kind === 'answer') this.#keepApart(want.key);
        const own = this.#get(want, waits);
        leave = own.leave;
        return own.fetched;
      });
    const leaveOnce = once(() => {
      hasLeft = true;
      leave();
    });
    return { fetched, leave: leaveOnce };
  }

  #unwait(attempt: Attempt): void {
    attempt.interested -= 1;
    if (attempt.interested > 0) return;
    // Nobody else is to wait for what will not come.
    this.#forget(attempt);
    giveUp(attempt.call);
  }

  #forget(attempt: Attempt): void {
    if (this.#attempts.get(attempt.key) === attempt) this.#attempts.delete(attempt.key);
  }

  async #ask(want: Want, call: Call): Promise<Fetched> {
    const { store } = this.#deps;
    const isShared = mayShare(want);
    const begun = isShared && !want.stored ? await store.resume(want.key, []) : undefined;
    const validator = begun && strongValidator(begun.entry.head);
    const extra: Fields = want.stored
      ? validationFields(want.stored)
      : begun && validator !== undefined
        ? ['Range', `bytes=${begun.draft.writtenBytes}-`, 'If-Range', validator]
        : [];
    const askedAtMs = this.#deps.clock.date();
    const authority = authorityOf(want.asked.url);
    try {
      const answer = await this.#send(want, extra, call);
      this.#downs.answered(authority);
      const exchanged = { askedAtMs, answeredAtMs: this.#deps.clock.date() };
      if (begun) {
        const flight = this.#goneOn(want, begun.draft, begun.entry, answer);
        if (flight) return { kind: 'flight', flight, isFirst: true };
        await begun.draft.discard();
        // A part of something else than what we have, or none: asked for anew.
        if (answer.head.status === 206 || answer.head.status === 416) {
          answer.content.destroy();
          return await this.#ask({ ...want }, call);
        }
      }
      return await this.#judge(want, answer, exchanged, call);
    } catch (error) {
      if (begun) await begun.draft.leave().catch(() => {});
      return this.#failed(want, error, call);
    }
  }

  #send(want: Want, extra: Fields, call: Call): Promise<Answer> {
    const { asked, stored, fallback, onInterim } = want;
    const fields = toOrigin(asked, this.#deps.pseudonym);
    // What is kept may have no validator: then a 304 to what the client has would seem to confirm it.
    const isOwn = stored !== undefined || extra.length > 0 || mayShare(want);
    const sent = isOwn ? [...without(fields, OWN_CONDITIONS), ...extra] : fields;
    call.asking = this.#deps.client.ask({ url: asked.url, method: asked.method, fields: sent, onInterim });
    if (call.isGivenUp) call.asking.abort();
    return fallback ? this.#inTime(call.asking) : call.asking.answer;
  }

  /** Who has something to tell instead does not keep its client waiting: the other side may be gone, and a connection not know it. */
  #inTime(asking: Asking): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const cancel = this.#deps.clock.after(PATIENCE_MS, () => {
        reject(new UpstreamFault({ status: 504, reason: 'timed-out', says: 'The server takes too long.' }));
        asking.abort();
      });
      asking.answer.then(resolve, reject).finally(cancel);
    });
  }

  async #judge(want: Want, answer: Answer, exchanged: Exchanged, call: Call): Promise<Fetched> {
    const { store } = this.#deps;
    const { stored, fallback, asked, key, rule } = want;
    const head = endToEnd(answer.head);
    if (stored && head.status === 304) {
      answer.content.resume();
      const by = refreshed(stored, answer.head, exchanged);
      if (by) return { kind: 'entry', entry: store.refresh(stored, by), source: 'revalidated' };
      // Of something else than what it was asked about: asked for without conditions.
      return this.#ask({ ...want, stored: undefined, asked: unconditional(asked) }, call);
    }
    if (fallback && IS_TROUBLE.has(head.status)) {
      answer.content.destroy();
      return { kind: 'entry', entry: fallback, source: 'stale' };
    }
    if (asked.method === 'HEAD') {
      const by = stored && refreshed(stored, answer.head, exchanged);
      if (stored && by) {
        answer.content.resume();
        // As a GET would be told from now on: RFC 9110 §9.3.2.
        return { kind: 'entry', entry: store.refresh(stored, by), source: 'miss' };
      }
      if (stored && head.status === 200) store.remove(key);
      return { kind: 'answer', answer };
    }
    const kept = head.status === 206 ? undefined : keepable(asked, answer.head, rule, exchanged);
    const draft =
      kept && (await store.create({ key, ...kept, sizeBytes: sizeOf(answer.head), isSummed: want.isSummed }));
    if (!kept || !draft) return { kind: 'answer', answer };
    const facts = {
      ...{ key, varies: kept.varies, head: kept.head, ownHead: dated(head, exchanged.answeredAtMs) },
      ...{ totalBytes: sizeOf(answer.head), arrived: kept, isAged: hasField(answer.head.fields, 'age') },
    };
    const flight = new Flight(facts, draft, this.#deps.room);
    this.#fly(flight, want, answer);
    return { kind: 'flight', flight, isFirst: true };
  }

  /** A content whose beginning is here, if `answer` is the rest of it. */
  #goneOn(want: Want, draft: NonNullable<Awaited<ReturnType<Store['create']>>>, entry: NewEntry, answer: Answer) {
    const total = restOf(answer.head, draft.writtenBytes, entry.head);
    if (total === undefined || (entry.sizeBytes !== undefined && entry.sizeBytes !== total)) return undefined;
    const { key, varies, head } = entry;
    const flight = new Flight({ key, varies, head, totalBytes: total, arrived: entry }, draft, this.#deps.room);
    this.#fly(flight, want, answer);
    return flight;
  }

  #failed({ asked, fallback }: Want, error: unknown, call: Call): Fetched {
    if (!(error instanceof UpstreamFault)) {
      call.asking?.abort();
      throw error;
    }
    const { refusal } = error;
    // That its clients went away says nothing of an origin.
    if (refusal.status >= 502 && !call.isGivenUp) this.#downs.failed(authorityOf(asked.url));
    if (fallback && refusal.status >= 502) return { kind: 'entry', entry: fallback, source: 'stale' };
    return { kind: 'refused', refusal };
  }

  #fly(flight: Flight, want: Want, answer: Answer): void {
    const { key } = flight.facts;
    const flights = this.#flights.get(key) ?? new Set();
    this.#flights.set(key, flights.add(flight));
    this.#carry(flight, want, answer, 0);
  }

  /** From the origin into the flight, at the pace of the disk and of the shares of the uplink. */
  #carry(flight: Flight, want: Want, { content, borrow }: Answer, tries: number): void {
    const { bandwidth, tally, passed } = this.#deps;
    const { client, url } = want.asked;
    const startBytes = flight.receivedBytes;
    let passedBytes = startBytes;
    let holds = 0;
    let isOver = false;
    const goOn = (): void => {
      holds -= 1;
      if (holds === 0 && !isOver) content.resume();
    };
    const hold = (): void => {
      holds += 1;
      content.pause();
    };
    /** Those who have been billed; some of them may wait for their turn. */
    const billed = new Set<string>();
    const bill = (bytes: number): void => {
      const readers = flight.payers();
      const payers = readers.size > 0 ? readers : [client];
      // What many read costs each of them its part of it.
      const part = Math.ceil(bytes / Math.max(1, readers.size));
      for (const payer of payers) {
        billed.add(payer);
        if (!bandwidth.brought(payer, part, goOn)) hold();
      }
    };
    const over = (): boolean => {
      if (isOver) return false;
      isOver = true;
      tally.brought(url.host, flight.receivedBytes - startBytes);
      for (const payer of billed) bandwidth.leave(payer, goOn);
      return true;
    };
    let isTelling = false;
    const tell = (): void => {
      isTelling = false;
      flight.tell();
      passed?.(flight.receivedBytes - passedBytes);
      passedBytes = flight.receivedBytes;
    };
    content.on('data', (chunk: Uint8Array) => {
      if (!isTelling) {
        // Once for all that the kernel has of it now.
        isTelling = true;
        setImmediate(tell);
      }
      if (!flight.arrived(chunk, goOn)) hold();
      if (bandwidth.isLimited) bill(chunk.length);
      if (flight.readers === 0) this.left(flight);
    });
    borrow?.();
    content.once('end', () => {
      if (over()) this.#arrive(flight);
    });
    const onBroken = (error?: Error): void => {
      if (over())
        this.#resumeLater(flight, want, error ?? new Error('cut off'), flight.receivedBytes > startBytes ? 0 : tries);
    };
    content.once('error', onBroken);
    content.once('close', () => onBroken());
    // It broke off before anybody listened. Who asked for it joins it in this turn.
    if (content.destroyed) setImmediate(() => onBroken(content.errored ?? undefined));
    this.#aborts.set(flight, () => {
      over();
      content.destroy();
    });
  }

  #arrive(flight: Flight): void {
    const { key } = flight.facts;
    const landing = this.#whole(flight).finally(() => {
      if (this.#landings.get(key) === landing) this.#landings.delete(key);
    });
    this.#landings.set(key, landing);
  }

  async #whole(flight: Flight): Promise<void> {
    const { totalBytes } = flight.facts;
    if (totalBytes !== undefined && flight.receivedBytes !== totalBytes) {
      await this.#break(flight, new Error('not as long as it said'), false);
      return;
    }
    await this.#landed(flight, flight.ended());
    if (this.#outdated.has(flight)) this.#deps.store.remove(flight.facts.key);
  }

  #break(flight: Flight, fault: unknown, mayResume: boolean): Promise<void> {
    return this.#landed(flight, flight.broke(fault, mayResume));
  }

  /** Whatever became of it, it is under way no longer. */
  async #landed(flight: Flight, end: Promise<unknown>): Promise<void> {
    try {
      await end;
    } catch (error) {
      this.#deps.log.error('proxy', 'bug', { error: messageOf(error) });
    }
    this.#aborts.delete(flight);
    const flights = this.#flights.get(flight.facts.key);
    flights?.delete(flight);
    if (flights?.size === 0) this.#flights.delete(flight.facts.key);
  }

  /** The origin broke off: asked for the rest, if it is sure to be of the same content. RFC 9110 §13.1.5. */
  #resumeLater(flight: Flight, want: Want, fault: Error, tries: number): void {
    if (flight.isOver) return;
    const validator = strongValidator(flight.facts.head);
    const pauseMs = PAUSES_MS[tries];
    if (validator === undefined || flight.facts.totalBytes === undefined) {
      void this.#break(flight, fault, false);
      return;
    }
    if (pauseMs === undefined || flight.readers === 0) {
      void this.#break(flight, fault, true);
      return;
    }
    const { clock, log } = this.#deps;
    log.debug('proxy', 'broke-off', {
      host: want.asked.url.host,
      bytes: flight.receivedBytes,
      error: messageOf(fault),
    });
    const cancel = clock.after(
      pauseMs + randomInt(pauseMs),
      () => void this.#askForRest(flight, want, validator, tries + 1),
    );
    this.#aborts.set(flight, cancel);
  }

  async #askForRest(flight: Flight, want: Want, validator: string, tries: number): Promise<void> {
    const from = flight.receivedBytes;
    const call: Call = {};
    this.#aborts.set(flight, () => giveUp(call));
    try {
      const extra = ['Range', `bytes=${from}-`, 'If-Range', validator];
      const answer = await this.#send(want, extra, call);
      if (flight.isOver) return;
      if (restOf(answer.head, from, flight.facts.head) === flight.facts.totalBytes) {
        this.#carry(flight, want, answer, tries);
        return;
      }
      answer.content.destroy();
      const isTrouble = answer.head.status >= 500;
      if (isTrouble) this.#resumeLater(flight, want, new Error(`status ${answer.head.status}`), tries);
      else await this.#break(flight, new Error('another content by now'), false);
    } catch (error) {
      this.#resumeLater(flight, want, error instanceof Error ? error : new Error(String(error)), tries);
    }
  }

  #isApart(key: string): boolean {
    const untilMs = this.#apart.get(key);
    if (untilMs === undefined) return false;
    if (this.#deps.clock.now() < untilMs) return true;
    this.#apart.delete(key);
    return false;
  }

  #keepApart(key: string): void {
    this.#apart.delete(key);
    this.#apart.set(key, this.#deps.clock.now() + APART_MS);
    const oldest = this.#apart.size > MAX_APART ? this.#apart.keys().next().value : undefined;
    if (oldest !== undefined) this.#apart.delete(oldest);
  }
}

const NOBODY_WAITS: Fetched = {
  kind: 'refused',
  refusal: { status: 503, reason: 'busy', says: 'Nobody waits for it any longer.' },
};

function giveUp(call: Call): void {
  call.isGivenUp = true;
  call.asking?.abort();
}

function once(act: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    act();
  };
}
