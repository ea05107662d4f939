/** The decisions put together to a cache without sockets or disk, for tests that tell what an exchange after another comes to. */
import type { Fields } from '../../src/proxy/fields.ts';
import { keepable } from '../../src/proxy/keepable.ts';
import { outdated } from '../../src/proxy/outdated.ts';
import { plan } from '../../src/proxy/plan.ts';
import type { Asked, Entry, Head, Rule } from '../../src/proxy/types.ts';
import { refreshed, validationFields } from '../../src/proxy/validation.ts';

export const T0 = Date.UTC(2026, 10, 23, 12);
export const USUAL: Rule = { kind: 'usual' };
export const BODY_BYTES = 36;

/** A moment as HTTP writes it, so many seconds from T0. */
export function at(sec: number): string {
  return new Date(T0 + sec * 1000).toUTCString();
}

export function request(fields: Fields = [], over: Partial<Asked> = {}): Asked {
  const url = { scheme: 'http', host: 'origin.test', port: 80, path: '/a/b' } as const;
  return { ...{ method: 'GET', url, fields, hasContent: false, version: '1.1', client: '10.0.0.9' }, ...over };
}

export function ok(...fields: readonly string[]): Head {
  return { status: 200, fields };
}

export function kept(head: Head, over: Partial<Entry> = {}): Entry {
  const times = { askedAtMs: T0, answeredAtMs: T0 };
  return {
    ...{ id: 1, key: 'http://origin.test/a/b', varies: [], head, ...times, sizeBytes: BODY_BYTES, sha256: undefined },
    ...over,
  };
}

export interface Step {
  readonly atSec?: number;
  readonly asked?: Asked;
  /** What the origin answers; nothing: it does not. Where it is asked whether something holds, `confirms` comes instead. */
  readonly answer?: Head | undefined;
  readonly confirms?: Head | undefined;
}

/** cached: told. stale: told, and asked about. asked, validated, passed: brought. fallback: told for want of an answer. none: no answer. */
export type Outcome = 'cached' | 'stale' | 'asked' | 'validated' | 'passed' | 'fallback' | 'refused' | 'none';

/** What the first client of each step gets. */
export class OneCache {
  readonly #rule: Rule;
  #entries: readonly Entry[] = [];
  #nextId = 1;
  last: Head | undefined;

  constructor(rule: Rule) {
    this.#rule = rule;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  step({ atSec = 0, asked = request(), answer, confirms }: Step): Outcome {
    const nowMs = T0 + atSec * 1000;
    const decision = plan(asked, this.#entries, this.#rule, nowMs);
    if (decision.kind === 'refused') return 'refused';
    if (decision.kind === 'pass') {
      if (answer && outdated(asked, answer).length > 0) this.#entries = [];
      return answer ? 'passed' : 'none';
    }
    if (decision.kind === 'tell') {
      this.last = decision.entry.head;
      if (decision.isStale) this.#hear(asked, decision.entry, nowMs, { answer, confirms });
      return decision.isStale ? 'stale' : 'cached';
    }
    const { stored, fallback } = decision;
    const heard = this.#hear(asked, stored, nowMs, { answer, confirms });
    if (heard && !(fallback && heard.status >= 500)) {
      this.last = heard;
      return heard.status === 304 || heard === stored?.head ? 'validated' : 'asked';
    }
    this.last = fallback?.head;
    return fallback ? 'fallback' : 'none';
  }

  #hear(asked: Asked, stored: Entry | undefined, nowMs: number, origin: Pick<Step, 'answer' | 'confirms'>) {
    const times = { askedAtMs: nowMs, answeredAtMs: nowMs };
    const isConditional = stored !== undefined && validationFields(stored).length > 0;
    if (stored && isConditional && origin.confirms) {
      const by = refreshed(stored, origin.confirms, times);
      if (by) this.#entries = this.#entries.map((entry) => (entry === stored ? { ...entry, ...by } : entry));
      return by && origin.confirms;
    }
    const { answer } = origin;
    const entry = answer && keepable(asked, answer, this.#rule, times);
    if (entry) {
      const isOther = ({ varies }: Entry): boolean => varies.join('\n') !== entry.varies.join('\n');
      const same = { id: this.#nextId++, key: 'http://origin.test/a/b', sizeBytes: BODY_BYTES, sha256: undefined };
      this.#entries = [{ ...same, ...entry }, ...this.#entries.filter(isOther)];
    }
    return answer;
  }
}

/** What each step comes to. */
export function outcomes(rule: Rule, steps: readonly Step[]): readonly Outcome[] {
  const cache = new OneCache(rule);
  return steps.map((step) => cache.step(step));
}
