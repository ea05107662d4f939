/** What is known of an upstream from how it answered: how long it usually takes, whether it is there, what it cannot do. */

/** RFC 6298 §2: smoothing of the round-trip time and of its variation. */
const SRTT_SHARE = 1 / 8;
const RTTVAR_SHARE = 1 / 4;

/** What took longer says more of the name than of the upstream. */
const MAX_RTT_MS = 1000;

/** How late it may be before the next is asked: a quick one at least so much, any at most so much. */
const MIN_PATIENCE_MS = 20;
const MAX_PATIENCE_MS = 250;

/** Silence that is no longer chance: twice what it usually takes, within these. */
const MIN_SILENCE_MS = 500;
const MAX_SILENCE_MS = 1000;

/** So many refusals one after another are the upstream's fault, not the names'. */
const MAX_USELESS = 3;

/** How often it is asked besides another, to know it: never measured, down, well but not the quickest. */
const TRY_UNKNOWN_MS = 1000;
const TRY_DOWN_MS = 2000;
const TRY_WELL_MS = 30_000;

/** How long it is remembered what it cannot do. */
const LACK_MS = 3_600_000;
/** After so many answers in other letters in a row, where TCP cannot be asked whether they are its own, none are expected any more. */
const MAX_LETTERS_LOST = 3;
/** After so many answers without EDNS to what was not answered with it, by one that never answered with it. */
const MAX_EDNS_LOST = 3;

export class Standing {
  #srttMs: number | undefined;
  #rttvarMs = 0;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  /** When it was asked what it has not answered, nor anything since. */
  #silentSinceMs: number | undefined;
  #isUnreachable = false;
  #useless = 0;
  #lettersLost = 0;
  #noLettersUntilMs = Number.NEGATIVE_INFINITY;
  #noEdnsUntilMs = Number.NEGATIVE_INFINITY;
  #hasHeardEdns = false;
  #ednsLost = 0;

  /** Smoothed; nothing before the first answer. */
  get rttMs(): number | undefined {
    return this.#srttMs;
  }

  asked(nowMs: number): void {
    this.#askedAtMs = nowMs;
    this.#silentSinceMs ??= nowMs;
  }

  /** It said something to what was asked `tookMs` ago. */
  heard(tookMs: number): void {
    const rttMs = Math.min(tookMs, MAX_RTT_MS);
    this.#silentSinceMs = undefined;
    this.#isUnreachable = false;
    if (this.#srttMs === undefined) {
      this.#srttMs = rttMs;
      this.#rttvarMs = rttMs / 2;
      return;
    }
    this.#rttvarMs += RTTVAR_SHARE * (Math.abs(this.#srttMs - rttMs) - this.#rttvarMs);
    this.#srttMs += SRTT_SHARE * (rttMs - this.#srttMs);
  }

  /** What it said helped, or did not. */
  judged(isUseful: boolean): void {
    this.#useless = isUseful ? 0 : this.#useless + 1;
  }

  /** Nobody is there, by the word of its network or of ours. */
  unreachable(): void {
    this.#isUnreachable = true;
  }

  isDown(nowMs: number): boolean {
    if (this.#isUnreachable || this.#useless >= MAX_USELESS) return true;
    if (this.#silentSinceMs === undefined) return false;
    const enoughMs = Math.min(MAX_SILENCE_MS, Math.max(MIN_SILENCE_MS, 2 * this.#usualMs()));
    return nowMs - this.#silentSinceMs > enoughMs;
  }

  /** How long to wait for it before another is asked, in milliseconds. */
  get patienceMs(): number {
    return Math.min(MAX_PATIENCE_MS, Math.max(MIN_PATIENCE_MS, this.#usualMs()));
  }

  /** Whether to ask it besides another: so one that is back, or quicker by now, is found, and nobody waits for it. */
  isDueForTrial(nowMs: number): boolean {
    const everyMs = this.#srttMs === undefined ? TRY_UNKNOWN_MS : this.isDown(nowMs) ? TRY_DOWN_MS : TRY_WELL_MS;
    return nowMs - this.#askedAtMs >= everyMs;
  }

  /** Whether answers repeat the letters of the question. */
  keepsLetters(nowMs: number): boolean {
    return nowMs >= this.#noLettersUntilMs;
  }

  /** Its answers came in other letters, by TCP too. */
  losesLetters(nowMs: number): void {
    this.#noLettersUntilMs = nowMs + LACK_MS;
  }

  lettersKept(): void {
    this.#lettersLost = 0;
  }

  /** An answer came in other letters, and TCP, which would tell whose fault it is, cannot be had. */
  lettersDoubted(nowMs: number): void {
    this.#lettersLost += 1;
    if (this.#lettersLost >= MAX_LETTERS_LOST) this.losesLetters(nowMs);
  }

  speaksEdns(nowMs: number): boolean {
    return nowMs >= this.#noEdnsUntilMs;
  }

  /** It never answered a question with EDNS: something on the way may drop those. */
  get mayLackEdns(): boolean {
    return !this.#hasHeardEdns;
  }

  /** It answered a question with EDNS: what gets lost from now on is not lost for that. */
  heardEdns(): void {
    this.#hasHeardEdns = true;
    this.#noEdnsUntilMs = Number.NEGATIVE_INFINITY;
  }

  /** It answered without EDNS, and had been silent. It may just have come back. */
  ednsDoubted(nowMs: number): void {
    this.#ednsLost += 1;
    if (this.mayLackEdns && this.#ednsLost >= MAX_EDNS_LOST) this.lacksEdns(nowMs);
  }

  /** It answered without EDNS what it would not answer with it. */
  lacksEdns(nowMs: number): void {
    this.#noEdnsUntilMs = nowMs + LACK_MS;
  }

  /** RFC 6298 §2.3. */
  #usualMs(): number {
    return this.#srttMs === undefined ? MAX_SILENCE_MS : this.#srttMs + 4 * this.#rttvarMs;
  }
}

/** So often is one upstream asked the same at most. */
export const MAX_TRIES = 3;

/** Whom to ask next, as an index: who was asked least, of those one that answers, of those the quickest. -1: all had their turns. */
export function nextToAsk(
  standings: readonly { readonly standing: Standing }[],
  tries: readonly number[],
  nowMs: number,
): number {
  let best = -1;
  let bestScore = Number.POSITIVE_INFINITY;
  for (let i = 0; i < standings.length; i++) {
    const standing = standings[i]?.standing;
    const tried = tries[i] ?? MAX_TRIES;
    if (!standing || tried >= MAX_TRIES) continue;
    const score = tried * TURN + (standing.isDown(nowMs) ? DOWN : 0) + (standing.rttMs ?? UNKNOWN);
    if (score < bestScore) {
      best = i;
      bestScore = score;
    }
  }
  return best;
}

/** Weights, each above all that the lesser ones may come to. Equals are asked in the order of the configuration. */
const UNKNOWN = 1e5;
const DOWN = 1e6;
const TURN = 1e7;
