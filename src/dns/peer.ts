/** One upstream as it is asked: by UDP from lanes, by TCP and TLS over streams, and what is learnt from how it answers. */
import type { Host } from '../host.ts';
import type { Chance } from './chance.ts';
import type { Attempt, Cause, Flight } from './flight.ts';
import { Lanes } from './lanes.ts';
import type { OpenLine } from './lines.ts';
import type { Verdict } from './match.ts';
import { readMessage } from './message.ts';
import { headerRcode, isCut, restoreLetters, restoreOwners, writeQuestion } from './question.ts';
import type { Loss } from './sent.ts';
import { Standing } from './standing.ts';
import { Streams } from './streams.ts';
import type { Upstream } from './upstream.ts';
import { OPT_OCTETS, RCODE } from './wire.ts';

export interface PeerDeps {
  readonly host: Pick<Host, 'udp' | 'clock'>;
  readonly chance: Chance;
  readonly openLine: OpenLine;
  /** Worth a line in the log now and then. */
  readonly onTrouble: (upstream: Upstream, event: 'no-socket' | 'no-connection', error: unknown) => void;
}

export class Peer {
  readonly upstream: Upstream;
  readonly standing = new Standing();
  readonly #deps: PeerDeps;
  readonly #lanes: Lanes<Attempt>;
  readonly #streams: Streams<Attempt>;
  #isClosed = false;
  /** It was down when it was asked last. */
  #isDoubted = false;
  #asked = 0;
  #answered = 0;
  #failed = 0;
  #foreign = 0;

  constructor(upstream: Upstream, deps: PeerDeps) {
    this.upstream = upstream;
    this.#deps = deps;
    const { host, chance, openLine } = deps;
    const onForeign = (): void => {
      this.#foreign += 1;
    };
    this.#lanes = new Lanes({
      ...{ host, chance, remote: upstream },
      on: {
        onForeign,
        onAnswer: (attempt, bytes) => this.#onDatagram(attempt, bytes),
        onDoubt: (attempt) => this.#onDoubt(attempt),
        onLost: (attempt, why, error) => this.#onLost(attempt, why, error),
      },
    });
    this.#streams = new Streams({
      ...{ clock: host.clock, chance, openLine, upstream },
      on: {
        onForeign,
        onAnswer: (attempt, bytes, verdict) => this.#onMessage(attempt, bytes, verdict),
        onLost: (attempt, why) => this.#onLost(attempt, why),
        onFailed: (error) => deps.onTrouble(upstream, 'no-connection', error),
      },
    });
  }

  get counts() {
    const [asked, answered, failed, foreign] = [this.#asked, this.#answered, this.#failed, this.#foreign];
    return { asked, answered, failed, foreign, sockets: this.#lanes.open + this.#streams.open };
  }

  /** How many ports it may be asked from at the same time. */
  set width(lanes: number) {
    this.#lanes.width = lanes;
  }

  /** `isLast`: of this flight, and nothing has come. */
  ask(flight: Flight, nowMs: number, isLast: boolean): void {
    this.#isDoubted = this.standing.isDown(nowMs);
    this.standing.asked(nowMs);
    const hasEdns = this.standing.speaksEdns(nowMs);
    const isMute = isLast && hasEdns && this.standing.mayLackEdns && this.upstream.transport === 'udp';
    this.#send(flight, isMute ? 'mute' : 'asked', hasEdns && !isMute, nowMs);
  }

  /** Time was up. */
  unanswered(): void {
    this.#failed += 1;
  }

  /** True while something is open. */
  sweep(nowMs: number): boolean {
    this.#lanes.sweep(nowMs);
    this.#streams.sweep(nowMs);
    return this.#lanes.open + this.#streams.open > 0;
  }

  sweepStreams(nowMs: number): void {
    this.#streams.sweep(nowMs);
  }

  /** What is on its way is forgotten. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#streams.close();
    await this.#lanes.close();
  }

  #send(flight: Flight, cause: Cause, hasEdns: boolean, nowMs: number): void {
    const isByUdp = this.upstream.transport === 'udp' && BY_UDP.has(cause);
    const isCaseless = cause === 'plain' || !this.standing.keepsLetters(nowMs);
    const packet = writeQuestion(flight.question, hasEdns, isCaseless ? undefined : this.#deps.chance);
    const attempt: Attempt = {
      flight,
      peer: this,
      packet,
      questionEnd: packet.length - (hasEdns ? OPT_OCTETS : 0),
      hasEdns,
      cause,
      isCaseless,
      isDoubted: cause === 'plain',
      isMoved: false,
      isOver: false,
      sentAtMs: nowMs,
      place: undefined,
    };
    this.#asked += 1;
    flight.begin(attempt);
    if (this.#isClosed) flight.failed(attempt, undefined, nowMs);
    else if (isByUdp) this.#lanes.send(attempt, this.#isDoubted);
    else this.#streams.send(attempt);
  }

  #onDatagram(attempt: Attempt, bytes: Uint8Array): void {
    const nowMs = this.#heard(attempt);
    if (!attempt.isCaseless) this.standing.lettersKept();
    if (isCut(bytes)) this.#again(attempt, 'cut', attempt.hasEdns, nowMs);
    else this.#learn(attempt, bytes, nowMs);
  }

  /** TCP tells whether those are the upstream's own letters: nobody else can answer there. */
  #onDoubt(attempt: Attempt): void {
    this.#foreign += 1;
    if (attempt.isDoubted) return;
    attempt.isDoubted = true;
    if (attempt.flight.isOpen) this.#send(attempt.flight, 'doubt', attempt.hasEdns, this.#now());
  }

  #onMessage(attempt: Attempt, bytes: Uint8Array, verdict: Verdict): void {
    // How long UDP takes is another matter.
    const nowMs = this.upstream.transport === 'udp' ? this.#now() : this.#heard(attempt);
    if (verdict === 'letters' && attempt.cause === 'doubt') this.standing.losesLetters(nowMs);
    if (isCut(bytes)) this.#refused(attempt, RCODE.SERVFAIL, nowMs);
    else if (verdict === 'bare') this.#no(attempt, headerRcode(bytes), nowMs);
    else this.#learn(attempt, bytes, nowMs);
  }

  #onLost(attempt: Attempt, why: Loss, error?: unknown): void {
    const nowMs = this.#now();
    if (why === 'besieged') {
      this.#again(attempt, 'siege', attempt.hasEdns, nowMs);
      return;
    }
    if (attempt.cause === 'doubt') {
      // Who guessed one port and id would have to guess another.
      this.standing.lettersDoubted(nowMs);
      this.#again(attempt, 'plain', attempt.hasEdns, nowMs);
      return;
    }
    this.#failed += 1;
    if (why === 'no-socket') this.#deps.onTrouble(this.upstream, why, error);
    if (attempt.cause === 'asked' || attempt.cause === 'mute') this.standing.unreachable();
    attempt.flight.failed(attempt, undefined, nowMs);
  }

  /** It is the answer to what was asked; whether it is of use? */
  #learn(attempt: Attempt, bytes: Uint8Array, nowMs: number): void {
    const { flight } = attempt;
    if (!flight.isOpen) {
      this.#count(isUseful(headerRcode(bytes)));
      flight.settle(attempt);
      return;
    }
    restoreLetters(bytes, flight.question);
    const message = readMessage(bytes);
    if (!message) this.#refused(attempt, RCODE.SERVFAIL, nowMs);
    else if (!isUseful(message.rcode)) this.#no(attempt, message.rcode, nowMs);
    else {
      this.#count(true);
      restoreOwners(message, flight.question);
      this.#learnEdns(attempt, nowMs);
      flight.answered(attempt, message);
    }
  }

  #learnEdns({ hasEdns, cause }: Attempt, nowMs: number): void {
    if (hasEdns) this.standing.heardEdns();
    else if (cause === 'mute') this.standing.ednsDoubted(nowMs);
    else if (this.standing.speaksEdns(nowMs)) this.standing.lacksEdns(nowMs);
  }

  /** A server that knows no EDNS says so in one of three ways, and is asked without. RFC 6891 §6.2.2, §7. */
  #no(attempt: Attempt, rcode: number, nowMs: number): void {
    const isAboutEdns = rcode === RCODE.FORMERR || rcode === RCODE.NOTIMP || rcode === RCODE.BADVERS;
    if (attempt.hasEdns && isAboutEdns) this.#again(attempt, attempt.cause, false, nowMs);
    else this.#refused(attempt, rcode, nowMs);
  }

  #refused(attempt: Attempt, rcode: number, nowMs: number): void {
    this.#count(false);
    attempt.flight.failed(attempt, rcode, nowMs);
  }

  /** The same question in another way, which may fail at once; for those only who still wait. */
  #again(attempt: Attempt, cause: Cause, hasEdns: boolean, nowMs: number): void {
    attempt.flight.settle(attempt);
    if (attempt.flight.isOpen) this.#send(attempt.flight, cause, hasEdns, nowMs);
  }

  #count(isUseful: boolean): void {
    if (isUseful) this.#answered += 1;
    else this.#failed += 1;
    this.standing.judged(isUseful);
  }

  #heard(attempt: Attempt): number {
    const nowMs = this.#now();
    this.standing.heard(nowMs - attempt.sentAtMs);
    return nowMs;
  }

  #now(): number {
    return this.#deps.host.clock.now();
  }
}

const BY_UDP: ReadonlySet<Cause> = new Set(['asked', 'plain', 'mute']);

/** Others say that the upstream could or would not find out. YXDOMAIN, RFC 6672 §2.2, is an answer too. */
function isUseful(rcode: number): boolean {
  return rcode === RCODE.NOERROR || rcode === RCODE.NXDOMAIN || rcode === RCODE.YXDOMAIN;
}
