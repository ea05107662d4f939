/** What is done for a request, as a value: told from what is kept, asked of the origin, or both. */
import { directivesOf } from './cachecontrol.ts';
import { elementsOf, fieldOf, hasField } from './fields.ts';
import { fitnessOf } from './freshness.ts';
import type { Asked, Entry, Refusal, Rule } from './types.ts';
import { selected } from './vary.ts';

export type Plan =
  /** Told from what is kept; `isStale`, it is asked about behind the client's back. */
  | { readonly kind: 'tell'; readonly entry: Entry; readonly ageSec: number; readonly isStale: boolean }
  /**
   * Asked of the origin, once for all who wait and whose request comes to the same. `stored`: asked whether it still holds.
   * `fallback`: tells that instead where the origin does not answer, or answers with 500, 502, 503 or 504.
   */
  | { readonly kind: 'ask'; readonly stored: Entry | undefined; readonly fallback: Entry | undefined }
  /** Asked for this client alone, and nothing of it kept: unsafe methods, requests with content, no-store. */
  | { readonly kind: 'pass'; readonly reason: 'method' | 'content' | 'no-store' | 'upgrade' | 'condition' | 'private' }
  | ({ readonly kind: 'refused' } & Refusal);

type PassReason = Extract<Plan, { kind: 'pass' }>['reason'];

const NOT_CACHED: Plan = {
  ...{ kind: 'refused', status: 504, reason: 'not-cached' },
  says: 'This is not in the cache, or too old, and the request wants nothing else (only-if-cached).',
};
/** Offers of another protocol for the same: Java's client makes the first with every request. Not taken, they change nothing. */
const IDLE_OFFERS: ReadonlySet<string> = new Set(['h2c', 'tls/1.0', 'tls/1.1', 'tls/1.2', 'tls/1.3']);

/** `entries`: all that is kept under the request's key. GET and HEAD are cached; a HEAD is told from what a GET kept. Never throws. */
export function plan(asked: Asked, entries: readonly Entry[], rule: Rule, nowMs: number): Plan {
  const wants = directivesOf(asked.fields);
  const onlyKept = wants.has('only-if-cached');
  const reason = passReason(asked, wants.has('no-store'));
  if (reason !== undefined) return onlyKept && reason === 'no-store' ? NOT_CACHED : { kind: 'pass', reason };
  const entry = selected(asked, entries);
  const fitness = entry && fitnessOf(asked, entry, rule, nowMs);
  if (!entry || (fitness?.kind !== 'fresh' && fitness?.kind !== 'stale')) {
    if (onlyKept) return NOT_CACHED;
    return isConditional(asked)
      ? { kind: 'pass', reason: 'condition' }
      : { kind: 'ask', stored: undefined, fallback: undefined };
  }
  const { ageSec } = fitness;
  if (fitness.kind === 'fresh') return { kind: 'tell', entry, ageSec, isStale: false };
  if (fitness.mayServe) return { kind: 'tell', entry, ageSec, isStale: true };
  if (onlyKept) return NOT_CACHED;
  return { kind: 'ask', stored: entry, fallback: fitness.maySurvive ? entry : undefined };
}

/** Whether others may wait for what comes of a request, and get it: not of one that says who asks. RFC 9111 §3.5. */
export function collapses(asked: Asked): boolean {
  if (passReason(asked, false) !== undefined || hasField(asked.fields, 'authorization')) return false;
  return !directivesOf(asked.fields).has('no-store');
}

function passReason(asked: Asked, isUnstored: boolean): PassReason | undefined {
  if (asked.method !== 'GET' && asked.method !== 'HEAD') return 'method';
  // Content of a GET means nothing, RFC 9110 §9.3.1; to an origin that thinks otherwise the answer is this request's alone.
  if (asked.hasContent) return 'content';
  if (isUpgrade(asked)) return 'upgrade';
  return isUnstored ? 'no-store' : undefined;
}

function isUpgrade({ fields }: Asked): boolean {
  if (!hasField(fields, 'upgrade')) return false;
  return elementsOf(fieldOf(fields, 'upgrade')).some((protocol) => !IDLE_OFFERS.has(protocol.toLowerCase()));
}

/** Conditions that only an origin can judge where nothing is kept: RFC 9110 §13.1.1, §13.1.4. */
function isConditional({ fields }: Asked): boolean {
  return hasField(fields, 'if-match') || hasField(fields, 'if-unmodified-since');
}
