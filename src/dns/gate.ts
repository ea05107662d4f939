/** What all doors ask before they hand a question on, and what they count. */
import type { Ipv4 } from '../core/addr.ts';
import type { Clock, Log } from '../host.ts';
import type { DoorTerms, OnQuestion } from './doors.ts';

export type DoorKind = 'udp' | 'tcp';

/** One line in the log for all that was refused meanwhile. */
const WARN_EVERY_MS = 60_000;

interface Notice {
  saidAtMs: number;
  questions: number;
}

export class Gate {
  readonly onQuestion: OnQuestion;
  readonly #admit: DoorTerms['admit'];
  readonly #clock: Pick<Clock, 'now'>;
  readonly #log: Pick<Log, 'warn'>;
  readonly #notices: Readonly<Record<DoorKind, Notice>> = { udp: newNotice(), tcp: newNotice() };
  /** Questions handed on by each, and those that were not. */
  readonly counts = { udp: 0, tcp: 0, foreign: 0, limited: 0, refusedConnections: 0 };

  constructor({ clock, log }: { clock: Clock; log: Log }, terms: DoorTerms, onQuestion: OnQuestion) {
    this.#clock = clock;
    this.#log = log;
    this.#admit = terms.admit;
    this.onQuestion = onQuestion;
  }

  /** Whether that question is answered. */
  admits(client: Ipv4, door: DoorKind): boolean {
    if (!this.#isWelcome(client, door)) return false;
    this.counts[door] += 1;
    return true;
  }

  /** Whether that connection is. It counts as a question: it costs more. */
  admitsConnection(client: Ipv4): boolean {
    return this.#isWelcome(client, 'tcp');
  }

  #isWelcome(client: Ipv4, door: DoorKind): boolean {
    const admission = this.#admit(client);
    if (admission === 'served') return true;
    this.counts[admission] += 1;
    if (admission === 'limited') this.#warn(client, door);
    return false;
  }

  /** Which client it was the moment the line is written: who floods is met. */
  #warn(client: Ipv4, door: DoorKind): void {
    const notice = this.#notices[door];
    notice.questions += 1;
    const nowMs = this.#clock.now();
    if (nowMs - notice.saidAtMs < WARN_EVERY_MS) return;
    this.#log.warn('dns', 'limited', { door, ip: client, questions: notice.questions });
    notice.saidAtMs = nowMs;
    notice.questions = 0;
  }
}

function newNotice(): Notice {
  return { saidAtMs: Number.NEGATIVE_INFINITY, questions: 0 };
}
