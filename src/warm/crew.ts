/** Fetches many things, some at the same time, each tried again where that may help; and counts. */
import { errnoOf, Fault, messageOf } from '../core/errors.ts';
import type { WarmFailure, WarmStanding } from '../core/warming.ts';
import type { Clock } from '../host.ts';
import { type Answer, judge, mismatch, NOT_KEPT, type Provenance } from './answer.ts';
import type { ProxyClient } from './client.ts';
import type { Pace } from './pace.ts';

export interface Wanted {
  readonly url: string;
  readonly sizeBytes: number | undefined;
  readonly sha256: string | undefined;
  /** It never changes: whether it is kept can be asked beforehand, and afterwards. */
  readonly isLasting: boolean;
  /** Nobody minds where there is none. */
  readonly mayBeMissing: boolean;
  /** Who reads it; made anew for each try. Rejections are what is wrong with it. */
  readonly reader?: () => Reader;
}

export interface Reader {
  take(chunk: Buffer): Promise<void>;
  /** All has come, and is what was wanted. */
  end(): Promise<void>;
  abort(): void;
}

export interface CrewDeps {
  readonly client: ProxyClient;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly pace: Pace;
  readonly jobs: number;
  readonly signal: AbortSignal;
  readonly onStanding: (standing: WarmStanding) => void;
}

const TRIES = 3;
/** After the first try, and after the second. */
const PAUSES_MS = [2000, 10_000];

/** `isWrong`: it came, and is something else than was wanted; what is kept of it must not be taken again. */
type Outcome =
  | { readonly from: Provenance }
  | { readonly why: string; readonly isFinal: boolean; readonly isWrong?: boolean };

export class Crew {
  readonly failures: WarmFailure[] = [];
  staleObjects = 0;
  readonly #deps: CrewDeps;
  readonly #startedAtMs: number;
  #doing: WarmStanding['doing'] = 'indexes';
  #objects = 0;
  #doneObjects = 0;
  #keptObjects = 0;
  #bytes = 0;
  #doneBytes = 0;
  #broughtBytes = 0;

  constructor(deps: CrewDeps) {
    this.#deps = deps;
    this.#startedAtMs = deps.clock.now();
  }

  get standing(): WarmStanding {
    return {
      doing: this.#doing,
      objects: this.#objects,
      doneObjects: this.#doneObjects,
      bytes: this.#bytes,
      doneBytes: this.#doneBytes,
      keptObjects: this.#keptObjects,
      failedObjects: this.failures.length,
      broughtBytes: this.#broughtBytes,
      elapsedMs: this.#deps.clock.now() - this.#startedAtMs,
    };
  }

  /** Which of them came. Rejects with a `Fault` where what answers is no flink; ends early, without a word, when it is told to stop. */
  async fetchAll(wanted: readonly Wanted[], doing: WarmStanding['doing']): Promise<ReadonlySet<Wanted>> {
    this.#doing = doing;
    this.#objects += wanted.length;
    this.#bytes += wanted.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0);
    const came = new Set<Wanted>();
    const queue = wanted.values();
    const work = async (): Promise<void> => {
      for (const each of queue) {
        if (this.#deps.signal.aborted) return;
        if (await this.#fetch(each)) came.add(each);
      }
    };
    const workers = Array.from({ length: Math.min(this.#deps.jobs, wanted.length) }, work);
    const ends = await Promise.allSettled(workers);
    const broken = ends.find((end) => end.status === 'rejected');
    if (broken && !this.#deps.signal.aborted) throw broken.reason;
    return came;
  }

  /** Whether the proxy has it already, whole. */
  async isKept({ url, sizeBytes }: Wanted): Promise<boolean> {
    const { client, signal } = this.#deps;
    const got = await client
      .ask({ url, method: 'HEAD', cacheControl: 'only-if-cached', signal })
      .catch(() => undefined);
    if (got?.status !== 200 || judge(got).kind !== 'came') return false;
    return sizeBytes === undefined || got.sizeBytes === undefined || got.sizeBytes === sizeBytes;
  }

  /** What a server says of how long it is. */
  async sizeOf(url: string): Promise<number | undefined> {
    const got = await this.#deps.client.ask({ url, method: 'HEAD', signal: this.#deps.signal }).catch(() => undefined);
    return got?.status === 200 ? got.sizeBytes : undefined;
  }

  async #fetch(wanted: Wanted): Promise<boolean> {
    let why = '';
    let isWrong = false;
    for (let attempt = 0; attempt < TRIES; attempt++) {
      if (attempt > 0) await this.#pause(PAUSES_MS[attempt - 1] ?? 0);
      const outcome = await this.#once(wanted, isWrong);
      if (this.#deps.signal.aborted) return false;
      if ('from' in outcome) return this.#came(outcome.from);
      why = outcome.why;
      isWrong ||= outcome.isWrong === true;
      if (outcome.isFinal) break;
    }
    this.#bytes -= wanted.sizeBytes ?? 0;
    if (wanted.mayBeMissing) this.#objects -= 1;
    else this.failures.push({ what: wanted.url, why });
    this.#tell();
    return false;
  }

  #came(from: Provenance): true {
    this.#doneObjects += 1;
    if (from === 'kept') this.#keptObjects += 1;
    if (from === 'stale') this.staleObjects += 1;
    this.#tell();
    return true;
  }

  /** Rejects with a `Fault` where it is not flink that answers; all else is an outcome. */
  async #once(wanted: Wanted, isAnew: boolean): Promise<Outcome> {
    const before = this.#doneBytes;
    const undo = (): void => {
      this.#doneBytes = before;
    };
    if (wanted.isLasting && !wanted.reader && !isAnew && (await this.isKept(wanted))) {
      this.#doneBytes += wanted.sizeBytes ?? 0;
      return { from: 'kept' };
    }
    const reader = wanted.reader?.();
    try {
      const outcome = await this.#get(wanted, reader, isAnew);
      if ('from' in outcome) return outcome;
      undo();
      reader?.abort();
      return outcome;
    } catch (error) {
      undo();
      reader?.abort();
      if (error instanceof Fault) throw error;
      return { why: NET_WORDS[errnoOf(error) ?? ''] ?? messageOf(error), isFinal: false };
    }
  }

  async #get(wanted: Wanted, reader: Reader | undefined, isAnew: boolean): Promise<Outcome> {
    const { client, signal } = this.#deps;
    let answer: Answer | undefined;
    const got = await client.ask({
      ...{ url: wanted.url, method: 'GET', signal, ...(isAnew ? { cacheControl: 'no-cache' } : {}) },
      onHead: (head) => {
        answer = head;
        return judge(head).kind === 'came';
      },
      onContent: async (chunk) => {
        await this.#content(chunk.length, wanted, answer);
        await reader?.take(chunk);
      },
    });
    const judged = judge(got);
    if (judged.kind === 'foreign') throw new Fault('upstream-failed', FOREIGN);
    if (judged.kind === 'failed') return { why: judged.why, isFinal: judged.isFinal };
    const wrong = mismatch(wanted, got);
    if (wrong !== undefined) return { why: wrong, isFinal: false, isWrong: true };
    await reader?.end();
    if (judged.from !== 'unsure' || !wanted.isLasting) return { from: judged.from };
    return (await this.#isKeptSoon(wanted)) ? { from: 'brought' } : { why: NOT_KEPT, isFinal: true };
  }

  async #content(bytes: number, wanted: Wanted, answer: Answer | undefined): Promise<void> {
    const isBrought = answer && !isFromKept(answer);
    if (wanted.sizeBytes === undefined) this.#bytes += bytes;
    this.#doneBytes += bytes;
    this.#tell();
    if (!isBrought) return;
    this.#broughtBytes += bytes;
    const waitMs = this.#deps.pace.came(bytes, this.#deps.clock.now());
    if (waitMs > 0) await this.#pause(waitMs);
  }

  /** Its last octet is here a moment before it is found. */
  async #isKeptSoon(wanted: Wanted): Promise<boolean> {
    for (let look = 0; look < 5; look++) {
      if (await this.isKept(wanted)) return true;
      await this.#pause(200);
    }
    return false;
  }

  #tell(): void {
    this.#deps.onStanding(this.standing);
  }

  #pause(ms: number): Promise<void> {
    const { clock, signal } = this.#deps;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const stop = (): void => {
        cancel();
        resolve();
      };
      const cancel = clock.after(ms, () => {
        signal.removeEventListener('abort', stop);
        resolve();
      });
      signal.addEventListener('abort', stop, { once: true });
    });
  }
}

function isFromKept(answer: Answer): boolean {
  const judged = judge(answer);
  return judged.kind === 'came' && (judged.from === 'kept' || judged.from === 'stale');
}

const FOREIGN =
  'what answers there is not the proxy of a flink: give the configuration that the running flink has with --config, or name it with --proxy';

const NET_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the proxy is gone: is flink still running?',
  ECONNRESET: 'the connection broke',
};
